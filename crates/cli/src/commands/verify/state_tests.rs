//! A statement about the state convinces only if it is true: presence and absence of an account, a licence and a freeze.

use super::*;
use crate::testing::{DEVNET_PLAN, build, certificate, first_block};
use karwan_ledger::FreezeKey;
use karwan_types::{STATE_STATEMENT_VERSION, StateKey, StateProof, StateRow, encode};
use serde::Serialize;

/// A statement about block 1 of `genesis`.
fn statement<K: Serialize>(
    genesis: &Genesis,
    table: &str,
    key: &K,
    of: impl Fn(&karwan_ledger::State) -> (Option<Vec<u8>>, StateProof),
) -> StateStatement {
    let draft = first_block(genesis);
    let header = draft.block.header.clone();
    let (row, proof) = of(&draft.state);
    StateStatement {
        version: STATE_STATEMENT_VERSION,
        table: table.to_owned(),
        key: StateKey::new(&encode(key)).unwrap(),
        row: row.map(|bytes| StateRow::new(bytes).unwrap()),
        proof,
        certificate: certificate(genesis, &header),
        header,
        validator_changes: Vec::new(),
    }
}

fn of_account(genesis: &Genesis, number: &str) -> StateStatement {
    let number: AccountNumber = number.parse().unwrap();
    statement(genesis, "accounts", &number, |state| {
        let row = state.account(&number).map(encode);
        (row, state.prove_account(&number).unwrap())
    })
}

fn of_licence(genesis: &Genesis, activity: &str) -> StateStatement {
    let key = LicenceKey {
        participant: "DEMO00INDUS00000PK44".parse().unwrap(),
        activity: activity.parse().unwrap(),
    };
    statement(genesis, "licences", &key, |state| {
        let row = state.licence(&key).map(encode);
        (row, state.prove_licence(&key).unwrap())
    })
}

fn of_freeze(genesis: &Genesis) -> StateStatement {
    let key = FreezeKey {
        jurisdiction: "PK".parse().unwrap(),
        subject: FreezeSubject::Account("INDUS-PKR".parse().unwrap()),
    };
    statement(genesis, "freezes", &key.place(), |state| {
        let row = state
            .freeze(&key)
            .map(|row| encode(&FreezeRow::Freeze(row.clone())));
        (row, state.prove_freeze(&key.place()).unwrap())
    })
}

fn all(genesis: &Genesis) -> [(StateStatement, &'static str); 5] {
    [
        (
            of_account(genesis, "INDUS-PKR"),
            "account INDUS-PKR of DEMO00INDUS00000PK44 holds 1000000.00 PKR, of which 0.00 are held",
        ),
        (
            of_account(genesis, "NOBODY-PKR"),
            "there is no account NOBODY-PKR",
        ),
        (
            of_licence(genesis, "SETTLEMENT"),
            "the licence of DEMO00INDUS00000PK44 for SETTLEMENT is in force from",
        ),
        (
            of_licence(genesis, "MINING"),
            "there is no licence of DEMO00INDUS00000PK44 for MINING, and no application",
        ),
        (
            of_freeze(genesis),
            "there is no freeze of account INDUS-PKR by PK",
        ),
    ]
}

fn refusal(bytes: &[u8], genesis: &Genesis) -> String {
    let failure = check(bytes, genesis).unwrap_err();
    assert_eq!(failure.exit, Exit::Negative, "{failure}");
    failure.to_string()
}

#[test]
fn true_statements_are_told_in_words() {
    let genesis = build(DEVNET_PLAN).unwrap();
    for (statement, expected) in all(&genesis) {
        let (_, said) = check(&statement.to_file(), &genesis).unwrap();
        assert!(said.starts_with(expected), "{said}");
    }
}

#[test]
fn a_statement_with_any_single_byte_changed_is_refused() {
    let genesis = build(DEVNET_PLAN).unwrap();
    for (statement, _) in all(&genesis) {
        let bytes = statement.to_file();
        for index in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[index] ^= 1;
            // In the gap that proves an absence other keys are absent too: that is another statement, and a true one.
            let told = check(&changed, &genesis);
            let told =
                told.map(|(told, _)| (told.row.is_none() && told.key != statement.key, told));
            if told.as_ref().is_ok_and(|(another, _)| *another) {
                continue;
            }
            let place = &bytes[index.saturating_sub(40)..bytes.len().min(index + 10)];
            let place = String::from_utf8_lossy(place);
            assert!(told.is_err(), "byte {index} after {place}");
        }
    }
}

#[test]
fn the_check_that_fails_is_named() {
    let genesis = build(DEVNET_PLAN).unwrap();
    let other = build(&DEVNET_PLAN.replace("Karwan development network", "Another")).unwrap();
    let there = of_licence(&genesis, "SETTLEMENT");
    let absent = of_licence(&genesis, "MINING");
    assert!(refusal(&there.to_file(), &other).contains("belongs to chain"));
    assert!(refusal(b"{}", &genesis).contains("not a statement"));

    let mut denied = there.clone();
    denied.row = None;
    assert!(refusal(&denied.to_file(), &genesis).contains("key is present"));
    let mut invented = absent.clone();
    invented.row.clone_from(&there.row);
    assert!(refusal(&invented.to_file(), &genesis).contains("not the one asked for"));
    let mut moved = absent.clone();
    moved.key = there.key.clone();
    refusal(&moved.to_file(), &genesis);
    let mut table = there.clone();
    table.table = "accounts".to_owned();
    assert!(refusal(&table.to_file(), &genesis).contains("about table"));
    let mut short = there;
    short.certificate.signatures.pop();
    assert!(refusal(&short.to_file(), &genesis).contains("voting power 2 of 4"));
}
