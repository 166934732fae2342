//! What an attestation must say, and who may sign it.

use super::*;
use karwan_ledger::{AttestationKey, InstructionKey, RotateKey};

/// One thing said otherwise, and what it is called.
type Lie = (&'static str, fn(&mut Attest));

const LIES: &[Lie] = &[
    ("debtor account", |one| {
        one.debtor_account = Some(account("INDUS-CLIENTS"))
    }),
    ("creditor account", |one| {
        one.creditor_account = Some(account("NARYN-CLIENTS"))
    }),
    ("amount", |one| one.amount = money("5000.01 PKR").1),
    ("IVMS101 commitment", |one| {
        one.ivms_commitment = hash("another")
    }),
    ("pair tag", |one| one.pair_tag = None),
    ("pair tag", |one| one.pair_tag = Some(hash("others"))),
];

#[test]
fn every_field_must_be_that_of_the_payment() {
    for (field, lie) in LIES {
        let mut chain = chain();
        let one = transfer(INDUS, NARYN, "5000 PKR", "one", "a");
        let mut before = attestation(&chain, &one);
        lie(&mut before);
        chain.check(before, &[compliance(NARYN)], "ACSC");
        send(&mut chain, &one, "PDNG");
        let mut after = attestation(&chain, &one);
        lie(&mut after);
        let transaction = chain.sign(after, &[compliance(NARYN)]);
        let outcomes = chain.block(&[transaction]);
        assert_eq!(say(&outcomes), "RJCT NARR ATTESTATION_DIFFERS", "{field}");
        let detail = outcomes[0].refusal.as_ref().unwrap().detail.to_string();
        assert!(detail.contains(field), "{field}: {detail}");
        attest(&mut chain, &one, NARYN, "ACSC, ACSC");
    }
}

#[test]
fn another_institution_or_currency_is_another_payment() {
    let mut chain = chain();
    let one = transfer(INDUS, NARYN, "5000 PKR", "one", "a");
    send(&mut chain, &one, "PDNG");
    let mut foreign = attestation(&chain, &one);
    foreign.creditor_agent = TALAS.agent();
    let differs = "RJCT NARR ATTESTATION_DIFFERS";
    chain.check(foreign, &[compliance(TALAS)], differs);
    let mut soms = attestation(&chain, &one);
    soms.currency = code("KGS");
    chain.check(soms, &[compliance(NARYN)], differs);
    let mut mine = attestation(&chain, &one);
    mine.debtor_agent = RAVI.agent();
    // A payment of RAVI under this reference may still come.
    chain.check(mine, &[compliance(NARYN)], "ACSC");
    attest(&mut chain, &one, NARYN, "ACSC, ACSC");
}

#[test]
fn only_a_compliance_key_attests_and_it_signs_nothing_else() {
    let mut chain = chain();
    let one = transfer(INDUS, NARYN, "5000 PKR", "one", "a");
    let refused = "RJCT DS0G SIGNER_NOT_ALLOWED";
    let attest = attestation(&chain, &one);
    for signer in [
        maker(NARYN),
        checker(NARYN),
        reader(NARYN),
        compliance(INDUS),
    ] {
        chain.check(attest.clone(), &[signer], refused);
    }
    let both = [maker(NARYN), compliance(NARYN)];
    chain.check(attest.clone(), &both, refused);
    send(&mut chain, &one, "PDNG");
    chain.check(
        pay(INDUS, NARYN, "1 PKR", "two"),
        &[compliance(INDUS)],
        refused,
    );
    let third = [maker(INDUS), compliance(INDUS)];
    chain.check(pay(INDUS, NARYN, "1 PKR", "two"), &third, refused);
    chain.check(attest, &[compliance(NARYN)], "ACSC, ACSC");
    chain.replay();
}

#[test]
fn a_forged_signature_is_no_transaction_at_all() {
    let chain = chain();
    let one = transfer(INDUS, NARYN, "5000 PKR", "one", "a");
    let mut forged = chain.sign(attestation(&chain, &one), &[compliance(NARYN)]);
    let other = chain.sign(attestation(&chain, &one), &[compliance(TALAS)]);
    forged.signatures[0].signature = other.signatures[0].signature;
    assert_eq!(chain.verify(&forged).unwrap_err().reason(), "DS0B");
}

#[test]
fn an_institution_replaces_its_compliance_key_by_its_own_policy() {
    let mut chain = chain();
    let new = stranger("new compliance");
    let change = RotateKey {
        old: compliance(NARYN).public_key(),
        new: new.public_key(),
    };
    let refused = "RJCT DS0G SIGNER_NOT_ALLOWED";
    chain.check(change.clone(), &[compliance(NARYN)], refused);
    chain.check(change, &all(NARYN), "ACSC");
    let one = transfer(INDUS, NARYN, "5000 PKR", "one", "a");
    attest(&mut chain, &one, NARYN, "RJCT DS0C REVOKED_KEY");
    chain.check(attestation(&chain, &one), &[new], "ACSC");
}

#[test]
fn without_a_compliance_key_nobody_can_attest_and_the_payment_says_so_at_once() {
    let mut document = travelling();
    for participant in &mut document.participants {
        if participant.lei == NARYN.lei() {
            let other = |one: &karwan_ledger::GenesisKey| one.key != compliance(NARYN).public_key();
            participant.keys.retain(other);
        }
    }
    let mut chain = Chain::of(document);
    let one = transfer(INDUS, NARYN, "5000 PKR", "one", "a");
    send(&mut chain, &one, "RJCT RR03 PAYEE_KEY_NOT_SET");
    let two = transfer(INDUS, NARYN, "5000 PKR", "two", "a");
    chain.check(
        attestation(&chain, &two),
        &[maker(NARYN)],
        "RJCT RR03 PAYEE_KEY_NOT_SET",
    );
}

#[test]
fn it_must_be_in_force_when_the_payment_settles() {
    let mut chain = chain();
    let one = transfer(INDUS, NARYN, "5000 PKR", "one", "a");
    let start = chain.upcoming();
    let mut short = attestation(&chain, &one);
    short.expires = start.after(MINUTE);
    chain.check(short, &[compliance(NARYN)], "ACSC");
    chain.at(start.after(MINUTE));
    send(&mut chain, &one, "PDNG");
    let latest = chain.upcoming().after(millis(48 * 3_600_000));
    for (expires, expected) in [
        (chain.upcoming(), "RJCT TM01 ATTESTATION_EXPIRY"),
        (latest.after(millis(1_001)), "RJCT TM01 ATTESTATION_EXPIRY"),
        (latest, "ACSC, ACSC"),
    ] {
        let mut next = attestation(&chain, &one);
        next.expires = expires;
        chain.check(next, &[compliance(NARYN)], expected);
    }
}

#[test]
fn it_names_a_rulebook_that_has_been_in_force() {
    let mut chain = chain();
    let one = transfer(INDUS, NARYN, "5000 PKR", "one", "a");
    let mut wrong = attestation(&chain, &one);
    wrong.rulebook = 2;
    chain.check(
        wrong,
        &[compliance(NARYN)],
        "RJCT FF02 ATTESTATION_RULEBOOK",
    );
    let mut off = Chain::new();
    let nothing = "RJCT NARR TRAVEL_RULE_OFF";
    off.check(attestation(&off, &one), &[compliance(NARYN)], nothing);
}

#[test]
fn it_is_forgotten_when_it_has_expired_and_its_payment_is_forgotten_too() {
    let mut chain = chain();
    let attested = transfer(INDUS, NARYN, "5000 PKR", "one", "a");
    let never = transfer(INDUS, NARYN, "5000 PKR", "never", "a");
    attest(&mut chain, &attested, NARYN, "ACSC");
    attest(&mut chain, &never, NARYN, "ACSC");
    send(&mut chain, &attested, "ACSC");
    let key = |name: &str| AttestationKey {
        payment: InstructionKey {
            agent: INDUS.lei(),
            uetr: uetr(name),
        },
        creditor_agent: NARYN.lei(),
    };
    chain.after(millis(3 * 3_600_000)).check_time("");
    assert!(chain.state.attestation(&key("never")).is_none());
    assert!(chain.state.attestation(&key("one")).is_some());
    chain.after(millis(60 * 3_600_000)).check_time("");
    chain.after(millis(1)).check_time("");
    assert!(chain.state.attestation(&key("one")).is_none());
    assert_eq!(chain.state.pair_sums().count(), 0);
}
