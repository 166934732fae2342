//! §8: the Travel Rule. Which payments need an attestation of the beneficiary's institution, what becomes of those that wait for
//! it, and what an attestation must say.

mod attestations;
mod figures;
mod splitting;
mod waiting;

use crate::support::*;
use karwan_ledger::{Attest, GenesisDocument, OnShortage, Pay, PaymentKind, TravelRules};
use karwan_types::{Hash, HashDomain, hash_of};

const MISSING: &str = "RJCT RR03 ATTESTATION_MISSING";

/// From 1,000 in rupees and soms on, over a day; a payment waits an hour for its attestation.
fn travelling() -> GenesisDocument {
    let mut document = network();
    let rules = &mut document.rulebook;
    let threshold = |sum: &str| {
        let (currency, amount) = money(sum);
        karwan_ledger::Money { currency, amount }
    };
    rules.common.travel_rule = Some(TravelRules {
        window_ms: millis(24 * 3_600_000),
        waiting_max_ms: HOUR,
        attestation_max_ms: millis(48 * 3_600_000),
        thresholds: vec![threshold("1000 KGS"), threshold("1000 PKR")],
    });
    document
}
fn chain() -> Chain {
    Chain::of(travelling())
}
fn hash(text: &str) -> Hash {
    hash_of(HashDomain::Payload, &[text.as_bytes()])
}
/// A customer payment that may wait, with the data of its parties, between the two persons of this name.
fn transfer(from: Institution, to: Institution, sum: &str, name: &str, pair: &str) -> Pay {
    with(pay(from, to, sum, name), |terms| {
        terms.kind = PaymentKind::Customer;
        terms.on_shortage = OnShortage::Queue;
        terms.ivms_commitment = Some(hash(name));
        terms.pair_tag = Some(hash(pair));
    })
}
/// What the creditor agent attests of a payment, for two hours.
fn attestation(chain: &Chain, pay: &Pay) -> Attest {
    let terms = pay.payment.clone();
    Attest {
        debtor_agent: terms.debtor_agent,
        uetr: terms.uetr,
        debtor_account: terms.debtor_account,
        creditor_agent: terms.creditor_agent,
        creditor_account: terms.creditor_account,
        currency: terms.currency,
        amount: terms.amount,
        ivms_commitment: terms.ivms_commitment.expect("it has the data"),
        pair_tag: terms.pair_tag,
        expires: chain.upcoming().after(millis(2 * 3_600_000)),
        rulebook: 1,
    }
}
/// Sends a payment of INDUS, and says what is answered.
#[track_caller]
fn send(chain: &mut Chain, pay: &Pay, expected: &str) {
    chain.check(pay.clone(), &all(INDUS), expected);
}
#[track_caller]
fn attest(chain: &mut Chain, pay: &Pay, by: Institution, expected: &str) {
    let attest = attestation(chain, pay);
    chain.check(attest, &[compliance(by)], expected);
}
