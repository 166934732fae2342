//! New validators: agreed by the governors of more than two thirds of the jurisdictions, in force two heights later.

use crate::support::*;
use karwan_types::{Validator, ValidatorSet};

/// The four of genesis, with KZ's replaced.
fn replaced() -> Vec<Validator> {
    let mut new = home_validator("KZ");
    new.key = stranger("new KZ validator").public_key();
    let [pk, kg, uz] = ["PK", "KG", "UZ"].map(home_validator);
    vec![uz, new, kg, pk]
}

fn without_uz() -> Vec<Validator> {
    ["PK", "KG", "KZ"].map(home_validator).into()
}

fn set(validators: Vec<Validator>) -> ValidatorSet {
    ValidatorSet::new(validators).unwrap()
}

#[test]
fn new_validators_vote_two_heights_later() {
    let mut chain = Chain::new();
    let old = chain.state.chain().validators.hash();
    let new = set(replaced()).hash();
    assert_ne!(old, new);
    let governors = ["PK", "KG", "UZ"].map(governor);
    chain.check(validators(replaced()), &governors, "ACSC");
    chain.check_time("");
    chain.check_time("");
    chain.check_time("");
    let hashes = chain.history.iter().map(|block| {
        let header = &block.header;
        (header.validators_hash, header.next_validators_hash)
    });
    let expected = [(old, old), (old, new), (new, new), (new, new)];
    assert!(hashes.eq(expected), "the header before names the new set");
    chain.replay();
}

#[test]
fn the_governors_of_three_of_four_jurisdictions_are_enough_and_two_are_not() {
    let mut chain = Chain::new();
    let two = [governor("PK"), governor("KG")];
    chain.check(validators(replaced()), &two, "PATC");
    let approve = chain.approve(validators(replaced()));
    let not_allowed = "RJCT DS0G SIGNER_NOT_ALLOWED";
    chain.check(approve.clone(), &[maker(INDUS)], not_allowed);
    chain.check(approve.clone(), &[regulator("KZ")], not_allowed);
    chain.check(approve, &[governor("KZ")], "ACSC, ACSC");
}

#[test]
fn a_jurisdiction_loses_its_last_validator_only_with_its_issuers_consent() {
    let mut chain = Chain::new();
    let governors = ["PK", "KG", "KZ", "UZ"].map(governor);
    chain.check(validators(without_uz()), &governors, "PATC");
    let approve = chain.approve(validators(without_uz()));
    let not_allowed = "RJCT DS0G SIGNER_NOT_ALLOWED";
    chain.check(approve.clone(), &all(PK_ISSUER), not_allowed);
    chain.check(approve.clone(), &[maker(UZ_ISSUER)], "ACSC");
    chain.check(approve, &[checker(UZ_ISSUER)], "ACSC, ACSC");
    assert_eq!(chain.state.chain().next_validators.len(), 3);
}

#[test]
fn one_change_is_under_way_at_a_time() {
    let mut chain = Chain::new();
    let governors = ["PK", "KG", "UZ"].map(governor);
    let back: Vec<Validator> = ["PK", "KG", "KZ", "UZ"].map(home_validator).into();
    let first = chain.sign(validators(replaced()), &governors);
    let second = chain.sign(validators(back.clone()), &governors);
    let outcomes = chain.block(&[first, second]);
    assert_eq!(say(&outcomes), "ACSC, RJCT NARR VALIDATOR_CHANGE_PENDING");
    chain.check(validators(back), &governors, "ACSC");
}

#[test]
fn validators_are_of_known_jurisdictions_and_their_keys_have_no_other_role() {
    let mut chain = Chain::new();
    let governors = ["PK", "KG", "UZ"].map(governor);
    let mut abroad = replaced();
    abroad[0].jurisdiction = country("TJ");
    let signers = [&governors[..], &all(UZ_ISSUER)].concat();
    let unknown = "RJCT NARR JURISDICTION_UNKNOWN";
    chain.check(validators(abroad), &signers, unknown);
    let mut banker = replaced();
    banker[1].key = maker(TOBOL).public_key();
    chain.check(validators(banker), &governors, "RJCT DS0H ROLE_CONFLICT");
}

#[test]
fn what_is_no_set_of_validators_is_no_instruction() {
    let check = |list: Vec<Validator>, problem: &str| {
        let operation = karwan_ledger::Operation::from(validators(list));
        let found = operation.check_alone().unwrap_err().to_string();
        assert!(found.contains(problem), "{found}");
    };
    check(vec![], "at least one validator");
    check(vec![home_validator("PK"); 2], "listed twice");
    check(vec![home_validator("PK"); 129], "at most 128");
    let mut powerless = replaced();
    powerless[0].power = 0;
    check(powerless, "voting power");
    let mut unsound = replaced();
    unsound[0].key = karwan_types::PublicKey::from_bytes([0; 32]);
    check(unsound, "small order");
}
