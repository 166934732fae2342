//! Keys are replaced; an old one stops counting at once and never comes back.

use crate::support::*;

#[test]
fn a_new_key_takes_the_role_of_the_old_one_at_once() {
    let mut chain = Chain::new();
    let new = stranger("new maker");
    chain.check(rotate(&maker(INDUS), &new), &all(INDUS), "ACSC");
    let revoked = "RJCT DS0C REVOKED_KEY";
    chain.check(pay(INDUS, RAVI, "1 PKR", "a"), &[maker(INDUS)], revoked);
    chain.check(pay(INDUS, RAVI, "1 PKR", "a"), &[new], "ACSC");
    chain.replay();
}

#[test]
fn a_key_is_replaced_by_everyone_whom_the_institutions_policy_asks_for() {
    let mut chain = Chain::new();
    let change = || rotate(&maker(INDUS), &stranger("new maker"));
    chain.check(change(), &[maker(INDUS)], "PATC");
    chain.check(change(), &all(RAVI), "RJCT DS0G SIGNER_NOT_ALLOWED");
    let rest = [checker(INDUS), releaser(INDUS)];
    chain.check(chain.approve(change()), &rest, "ACSC, ACSC");
}

#[test]
fn one_key_holds_one_role() {
    let mut chain = Chain::new();
    let conflict = "RJCT DS0H ROLE_CONFLICT";
    for taken in [
        checker(INDUS),
        maker(RAVI),
        maker(INDUS),
        governor("PK"),
        reader(INDUS),
        validator("KZ"),
    ] {
        chain.check(rotate(&maker(INDUS), &taken), &all(INDUS), conflict);
    }
}

#[test]
fn a_revoked_key_cannot_come_back() {
    let mut chain = Chain::new();
    let new = stranger("new maker");
    chain.check(rotate(&maker(INDUS), &new), &all(INDUS), "ACSC");
    let signers = [second_maker(INDUS), checker(INDUS), releaser(INDUS)];
    let back = rotate(&new, &maker(INDUS));
    chain.check(back, &signers, "RJCT DS0H ROLE_CONFLICT");
    let again = rotate(&maker(INDUS), &stranger("newer maker"));
    chain.check(again, &signers, "RJCT DS0C REVOKED_KEY");
    let unknown = rotate(&stranger("nobody"), &stranger("somebody"));
    chain.check(unknown, &signers, "RJCT DS0E UNKNOWN_KEY");
}

#[test]
fn an_unsound_key_cannot_be_registered() {
    let chain = Chain::new();
    let mut change = rotate(&maker(INDUS), &stranger("x"));
    change.new = karwan_types::PublicKey::from_bytes([0; 32]);
    let transaction = chain.sign(change, &all(INDUS));
    let rejection = chain.verify(&transaction).unwrap_err();
    assert_eq!(rejection.name(), "INVALID_FIELD");
}

#[test]
fn a_governor_replaces_its_own_key_and_those_of_its_jurisdictions_readers() {
    let mut chain = Chain::new();
    let new = stranger("new governor");
    let not_allowed = "RJCT DS0G SIGNER_NOT_ALLOWED";
    chain.check(
        rotate(&governor("PK"), &new),
        &[governor("KG")],
        not_allowed,
    );
    chain.check(rotate(&governor("PK"), &new), &[governor("PK")], "ACSC");
    for reader in [regulator("PK"), auditor("PK")] {
        let change = || rotate(&reader, &stranger(&reader.public_key().to_string()));
        chain.check(change(), &[governor("KG")], not_allowed);
        chain.check(change(), std::slice::from_ref(&reader), not_allowed);
        chain.check(change(), std::slice::from_ref(&new), "ACSC");
    }
}
