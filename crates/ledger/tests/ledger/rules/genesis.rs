//! A genesis document is checked as a whole, and its hash is the chain's name.

use crate::support::*;
use karwan_ledger::{AccountClass, Genesis, GenesisDocument, GenesisKey, Role};
use karwan_types::Amount;

#[test]
fn a_document_reads_back_from_its_text_and_names_the_same_chain() {
    let genesis = Genesis::new(network()).unwrap();
    let text = genesis.to_toml().unwrap();
    let again = Genesis::from_toml(&text).unwrap();
    assert_eq!(again.document(), genesis.document());
    assert_eq!(again.chain_id, genesis.chain_id);
    assert_eq!(again.state.root(), genesis.state.root());
    assert_eq!(again.trust_anchor(), genesis.trust_anchor());
    let mut other = network();
    other.network = "another network".parse().unwrap();
    assert_ne!(Genesis::new(other).unwrap().chain_id, genesis.chain_id);
}

#[test]
fn a_text_with_an_unknown_field_or_no_genesis_at_all_is_refused() {
    let text = Genesis::new(network()).unwrap().to_toml().unwrap();
    let misspelt = text.replace("payment_max", "payment_maximum");
    assert!(Genesis::from_toml(&misspelt).is_err());
    assert!(Genesis::from_toml("").is_err());
    assert!(Genesis::from_toml("network = 1").is_err());
}

/// A change of the sound document, and the sentence about it.
type Broken = (fn(&mut GenesisDocument), &'static str);

/// What is refused.
const BROKEN: &[Broken] = &[
    (
        |doc| doc.jurisdictions[1].code = country("PK"),
        "a jurisdiction is listed twice",
    ),
    (
        |doc| doc.jurisdictions[0].governors.clear(),
        "PK needs a governor key",
    ),
    (|doc| doc.validators.clear(), "at least one validator"),
    (
        |doc| doc.validators[0].jurisdiction = country("TJ"),
        "a jurisdiction that is not listed",
    ),
    (
        |doc| doc.validators[0].key = unsound(),
        "no sound validator key",
    ),
    (
        |doc| doc.validators[0].key = maker(INDUS).public_key(),
        "registered for another role",
    ),
    (
        |doc| doc.participants[4].jurisdiction = country("TJ"),
        "a jurisdiction that is not listed",
    ),
    (
        |doc| doc.participants[4].policy.clear(),
        "last tier has no limit",
    ),
    (
        |doc| doc.participants[4].policy[0].makers = 0,
        "at least one maker",
    ),
    (
        |doc| doc.participants[4].keys[0].role = Role::Approver,
        "governor's approver key",
    ),
    (
        |doc| doc.participants[4].keys[0].key = maker(RAVI).public_key(),
        "registered twice",
    ),
    (
        |doc| doc.participants[4].keys[0].key = unsound(),
        "no sound key",
    ),
    (
        |doc| doc.participants[4].keys.push(regulator_as_maker()),
        "registered twice",
    ),
    (
        |doc| doc.participants[4].bic = Some(RAVI.bic()),
        "shares a BIC or clearing member number",
    ),
    (
        |doc| doc.participants[4].members = doc.participants[6].members.clone(),
        "shares a BIC or clearing",
    ),
    (
        |doc| doc.participants[4].lei = RAVI.lei(),
        "is listed twice",
    ),
    (
        |doc| doc.currencies[1].code = code("PKR"),
        "is listed twice",
    ),
    (
        |doc| doc.currencies[1].contra = account("PKR-CONTRA"),
        "PKR-CONTRA is listed twice",
    ),
    (
        |doc| doc.currencies[0].issuer = INDUS.lei(),
        "no central bank",
    ),
    (
        |doc| doc.currencies[0].payment_max = Amount::ZERO,
        "smallest payment above its largest",
    ),
    (
        |doc| doc.currencies[0].issuer_window = (600, 600),
        "issuer window",
    ),
    (
        |doc| doc.currencies[0].issuer_window = (0, 1_441),
        "issuer window",
    ),
    (
        |doc| doc.currencies[0].utc_offset_minutes = 841,
        "more than 14 hours",
    ),
    (
        |doc| doc.currencies[0].supply_cap = Amount::from_minor(u128::MAX),
        "no balance can hold",
    ),
    (
        |doc| doc.currencies[0].supply_cap = Amount::from_minor(1),
        "more than the currency's supply cap",
    ),
    (
        |doc| doc.participants[4].accounts[1].number = account("INDUS-PKR"),
        "INDUS-PKR is listed twice",
    ),
    (
        |doc| doc.participants[4].accounts[0].currency = code("USD"),
        "a currency that is not listed",
    ),
    (
        |doc| doc.participants[4].accounts[0].class = AccountClass::IssuerContra,
        "contra account",
    ),
    (
        |doc| doc.participants[4].accounts[0].number = account("PKR-CONTRA"),
        "listed twice",
    ),
];

fn unsound() -> karwan_types::PublicKey {
    karwan_types::PublicKey::from_bytes([0; 32])
}
fn regulator_as_maker() -> GenesisKey {
    GenesisKey {
        key: regulator("PK").public_key(),
        role: Role::Maker,
    }
}

#[test]
fn every_rule_of_a_document_is_checked_and_named() {
    assert_eq!(network().participants[4].lei, INDUS.lei());
    assert_eq!(network().participants[6].lei, NARYN.lei());
    for (number, (falsify, sentence)) in BROKEN.iter().enumerate() {
        let mut document = network();
        falsify(&mut document);
        let problem = match Genesis::new(document) {
            Ok(_) => panic!("document {number} should be refused: {sentence}"),
            Err(error) => error.to_string(),
        };
        assert!(problem.contains(sentence), "{number}: {problem}");
    }
}

#[test]
fn opening_balances_count_as_issued() {
    let genesis = Genesis::new(network()).unwrap();
    let state = &genesis.state;
    assert_eq!(
        state.currency(&code("PKR")).unwrap().issued,
        money("8703000 PKR").1
    );
    let contra = state.account(&account(&contra("PKR"))).unwrap();
    assert_eq!(contra.posted, -870_300_000);
    state.assert_conserved();
}
