//! How long ten thousand payments take to rehearse. The printed times are the result; what is asserted is what was promised.

#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "it measures"
)]

use super::candidate;
use crate::support::*;
use karwan_ledger::{NationalRules, Rehearsal, Rulebook, Transaction, VerifiedTransaction};
use karwan_types::Block;
use std::time::Instant;

const PAYMENTS: usize = 10_000;
const PROMISED_SECONDS: f64 = 5.0;

/// Payments inside one country are forbidden: everything flips.
fn no_payments_at_home(rulebook: &mut Rulebook) {
    let supervision = rulebook.common.supervision;
    rulebook.national = vec![NationalRules::plain(country("PK"), false, supervision)];
}

/// Signatures, certificates apart, are verified too: it is what a command does with blocks that a node sent.
fn rehearse(backlog: &Backlog, blocks: &[Block], what: &str) {
    let chain = &backlog.chain;
    let rulebook = candidate(chain, no_payments_at_home);
    let started = Instant::now();
    let parent = chain.genesis.chain_id.0;
    let mut rehearsal = Rehearsal::begin(&chain.genesis.state, parent, &rulebook).unwrap();
    for block in blocks {
        let verify = |one: &karwan_types::EncodedTransaction| {
            VerifiedTransaction::from_encoded(one.clone(), &chain.genesis.chain_id).unwrap()
        };
        let verified: Vec<_> = block.transactions.iter().map(verify).collect();
        rehearsal.block(block, &verified).unwrap();
    }
    let report = rehearsal.report();
    let bytes = report.to_file();
    let seconds = started.elapsed().as_secs_f64();
    assert_eq!(report.flipped, PAYMENTS);
    eprintln!(
        "{PAYMENTS} payments {what} in {} blocks: {} flips, {} bytes, {seconds:.2} s",
        blocks.len(),
        report.flipped,
        bytes.len()
    );
    assert!(seconds < PROMISED_SECONDS, "{seconds} s");
}

#[test]
fn ten_thousand_payments_are_rehearsed_in_less_time_than_promised() {
    let mut backlog = Backlog::new();
    let mut blocks = Vec::new();
    for number in 0..PAYMENTS / 1_000 {
        let transaction = backlog.chain.sign(Backlog::bulk(number), &all(INDUS));
        blocks.push(backlog.block(&[transaction]).block);
    }
    rehearse(&backlog, &blocks, "in bulk");

    let mut backlog = Backlog::new();
    let mut blocks = Vec::new();
    for block in 0..PAYMENTS / 100 {
        let single = |number: usize| -> Transaction {
            let name = format!("{block}/{number}");
            let chain = &backlog.chain;
            chain.sign(pay(INDUS, RAVI, "1.01 PKR", &name), &[maker(INDUS)])
        };
        let transactions: Vec<Transaction> = (0..100).map(single).collect();
        blocks.push(backlog.block(&transactions).block);
    }
    rehearse(&backlog, &blocks, "one by one");
}
