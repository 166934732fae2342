//! The development network's plan builds; a plan with a key in the wrong place does not.

use super::*;
use crate::testing::{DEVNET_PLAN, build, public};
use karwan_ledger::Genesis;

#[test]
fn the_development_network_is_a_genesis_that_reads_back() {
    let genesis = build(DEVNET_PLAN).unwrap();
    let text = genesis.to_toml().unwrap();
    let again = Genesis::from_toml(&text).unwrap();
    assert_eq!(again.chain_id, genesis.chain_id);
    assert_eq!(genesis.document().participants.len(), 10);
    let lei = genesis
        .state
        .agent(&"KGBIK:109001".parse().unwrap())
        .unwrap();
    assert_eq!(lei.as_str(), "DEMO00ALATOO0000KG71");
    let pkr = genesis.document().currencies.first().unwrap();
    assert_eq!(pkr.payment_max, Amount::from_minor(100_000_000_000));
    assert_eq!(pkr.issuer_window, (0, 1440));
}

#[test]
fn roles_follow_from_the_purpose_of_each_key() {
    let genesis = build(DEVNET_PLAN).unwrap();
    let key = public("indus-checker").key().unwrap();
    assert_eq!(genesis.state.key(&key).unwrap().role, Role::Checker);
}

#[test]
fn a_plan_that_cannot_be_built_says_where() {
    let check = |from: &str, to: &str, words: &[&str]| {
        assert!(DEVNET_PLAN.contains(from), "{from}");
        let error = build(&DEVNET_PLAN.replace(from, to))
            .map(|_| ())
            .unwrap_err();
        let sentence = format!("{error:#}");
        assert!(
            words.iter().all(|word| sentence.contains(word)),
            "{sentence}"
        );
    };
    check(
        "\"pk-governor\"",
        "\"indus-maker\"",
        &["jurisdiction PK", "maker", "approver"],
    );
    check(
        "[\"indus-maker\", ",
        "[\"PK-validator\", ",
        &["Indus", "validator"],
    );
    check(
        "\"indus-payload\"",
        "\"indus-maker\"",
        &["Indus", "payload key is needed"],
    );
    check(
        "payment_max = \"1000000000.00\"",
        "payment_max = \"1.001\"",
        &["PKR", "AM12"],
    );
    check("\"24:00\"", "\"24:01\"", &["PKR", "24:01", "time of day"]);
    check(
        "\"KGBIK:109001\"",
        "\"ALATKG22\"",
        &["Ala-Too", "SYSTEM:NUMBER"],
    );
    check(
        "policy = \"bank\"",
        "policy = \"none\"",
        &["Indus", "\"none\""],
    );
    check("network =", "netwrok =", &["netwrok"]);
}
