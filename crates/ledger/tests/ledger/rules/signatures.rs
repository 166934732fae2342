//! Check 4: who signed, whether they may, and whether they are enough.

use crate::support::*;
use karwan_ledger::{InstructionSignature, Rejection, SIGNATURES_MAX, Transaction};
use karwan_types::{ChainId, EncodedTransaction, Hash, SecretKey};

#[test]
fn a_maker_alone_releases_up_to_the_automatic_limit() {
    let mut chain = Chain::new();
    chain.check(pay(INDUS, RAVI, "1000 PKR", "a"), &[maker(INDUS)], "ACSC");
    chain.check(
        pay(INDUS, RAVI, "1000.01 PKR", "b"),
        &[maker(INDUS)],
        "PATC",
    );
    chain.check(
        pay(INDUS, TALAS, "1000 KGS", "c"),
        &[second_maker(INDUS)],
        "ACSC",
    );
}

#[test]
fn larger_payments_need_a_checker_and_the_largest_a_releaser() {
    let mut chain = Chain::new();
    let two = [maker(INDUS), checker(INDUS)];
    chain.check(pay(INDUS, RAVI, "1000000 PKR", "a"), &two, "ACSC");
    chain.check(pay(INDUS, RAVI, "1000000.01 PKR", "b"), &two, "PATC");
    chain.check(pay(INDUS, RAVI, "1000000.01 PKR", "c"), &all(INDUS), "ACSC");
}

#[test]
fn two_signers_of_one_role_do_not_stand_for_another_role() {
    let mut chain = Chain::new();
    let makers = [maker(INDUS), second_maker(INDUS)];
    chain.check(pay(INDUS, RAVI, "5000 PKR", "a"), &makers, "PATC");
    let no_maker = [checker(INDUS), releaser(INDUS)];
    chain.check(pay(INDUS, RAVI, "5000 PKR", "b"), &no_maker, "PATC");
}

#[test]
fn whoever_has_no_power_over_the_debtor_refuses_the_instruction_by_signing_it() {
    let check = |signer: SecretKey, expected: &str| {
        for name in ["alone", "beside"] {
            let mut signers = vec![signer.clone()];
            if name == "beside" {
                signers.extend(all(INDUS));
            }
            Chain::new().check(pay(INDUS, RAVI, "10 PKR", name), &signers, expected);
        }
    };
    check(stranger("anybody"), "RJCT DS0E UNKNOWN_KEY");
    check(maker(RAVI), "RJCT DS0G SIGNER_NOT_ALLOWED");
    check(maker(PK_ISSUER), "RJCT DS0G SIGNER_NOT_ALLOWED");
    check(governor("PK"), "RJCT DS0G SIGNER_NOT_ALLOWED");
    check(regulator("PK"), "RJCT DS0G SIGNER_NOT_ALLOWED");
    check(auditor("PK"), "RJCT DS0G SIGNER_NOT_ALLOWED");
    check(reader(INDUS), "RJCT DS0G SIGNER_NOT_ALLOWED");
    check(validator("PK"), "RJCT DS0E UNKNOWN_KEY");
}

#[test]
fn a_refusal_for_its_signers_leaves_the_reference_unused() {
    let mut chain = Chain::new();
    let payment = pay(INDUS, RAVI, "10 PKR", "a");
    chain.check(
        payment.clone(),
        &[maker(RAVI)],
        "RJCT DS0G SIGNER_NOT_ALLOWED",
    );
    chain.check(payment, &all(INDUS), "ACSC");
}

/// The first thing wrong with the form or the signatures of a transaction.
fn verdict(chain: &Chain, transaction: &Transaction) -> String {
    match chain.verify(transaction) {
        Ok(_) => "good".to_owned(),
        Err(rejection) => format!("{} {}", rejection.reason(), rejection.name()),
    }
}

#[test]
fn a_signature_covers_the_instruction_its_expiry_and_the_chain() {
    let chain = Chain::new();
    let signed = chain.sign(pay(INDUS, RAVI, "10 PKR", "a"), &all(INDUS));
    assert_eq!(verdict(&chain, &signed), "good");
    let other_amount = Transaction {
        operation: pay(INDUS, RAVI, "11 PKR", "a").into(),
        ..signed.clone()
    };
    assert_eq!(verdict(&chain, &other_amount), "DS0B BAD_SIGNATURE");
    let other_expiry = Transaction {
        valid_until: signed.valid_until.after(SECOND),
        ..signed.clone()
    };
    assert_eq!(verdict(&chain, &other_expiry), "DS0B BAD_SIGNATURE");
    let other_chain = Transaction {
        chain_id: ChainId(Hash::ZERO),
        ..signed.clone()
    };
    assert_eq!(verdict(&chain, &other_chain), "FF02 WRONG_CHAIN");
    let mut other_key = signed;
    other_key.signatures[0].key = second_maker(INDUS).public_key();
    assert_eq!(verdict(&chain, &other_key), "DS0B BAD_SIGNATURE");
}

#[test]
fn an_instruction_has_one_to_sixteen_signatures_each_by_another_key() {
    let chain = Chain::new();
    let unsigned = chain.sign(pay(INDUS, RAVI, "10 PKR", "a"), &[]);
    assert_eq!(verdict(&chain, &unsigned), "DS0B SIGNATURE_LIST");
    let twice = unsigned
        .clone()
        .signed_by(&maker(INDUS))
        .signed_by(&maker(INDUS));
    assert_eq!(verdict(&chain, &twice), "DS0B SIGNATURE_LIST");
    let mut many = unsigned;
    for index in 0..SIGNATURES_MAX {
        many = many.signed_by(&stranger(&index.to_string()));
    }
    assert_eq!(verdict(&chain, &many), "good");
    let too_many = many.signed_by(&maker(INDUS));
    assert_eq!(verdict(&chain, &too_many), "DS0B SIGNATURE_LIST");
}

#[test]
fn the_form_is_judged_before_the_chain_and_the_chain_before_the_signatures() {
    let chain = Chain::new();
    let mut all_wrong = chain.sign(pay(INDUS, RAVI, "0 PKR", "a"), &[maker(INDUS)]);
    all_wrong.chain_id = ChainId(Hash::ZERO);
    all_wrong.signatures.push(InstructionSignature {
        key: stranger("x").public_key(),
        ..all_wrong.signatures[0].clone()
    });
    assert_eq!(verdict(&chain, &all_wrong), "AM01 ZERO_AMOUNT");
    all_wrong.operation = pay(INDUS, RAVI, "1 PKR", "a").into();
    assert_eq!(verdict(&chain, &all_wrong), "FF02 WRONG_CHAIN");
    all_wrong.chain_id = chain.genesis.chain_id;
    assert_eq!(verdict(&chain, &all_wrong), "DS0B BAD_SIGNATURE");
    let garbage = EncodedTransaction::new(vec![7; 100]);
    let refused =
        karwan_ledger::VerifiedTransaction::from_encoded(garbage, &chain.genesis.chain_id);
    assert!(matches!(refused, Err(Rejection::Malformed { .. })));
}

#[test]
fn what_a_node_takes_in_is_what_a_block_would_not_refuse_for_its_signers() {
    let chain = Chain::new();
    let check = |signers: &[SecretKey], expected: Result<(), &str>| {
        let transaction = chain.sign(pay(INDUS, RAVI, "10 PKR", "a"), signers);
        let verified = chain.verify(&transaction).unwrap();
        let verdict = chain.state.check_admissible(&verified, chain.upcoming());
        assert_eq!(verdict.map_err(|rejection| rejection.name()), expected);
    };
    check(&[maker(INDUS)], Ok(()));
    check(&[stranger("x")], Err("UNKNOWN_KEY"));
    check(&[maker(RAVI)], Err("SIGNER_NOT_ALLOWED"));
}
