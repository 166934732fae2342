//! Blocks: what a proposer leaves out, and what a validator does not vote for.

use crate::support::*;
use karwan_ledger::{BlockSeat, Draft, InvalidBlock, Rejection, Transaction, VerifiedTransaction};
use karwan_types::{Block, BlockHeader, Hash, Height, Timestamp, transactions_root};

fn verified(chain: &Chain, transactions: &[Transaction]) -> Vec<VerifiedTransaction> {
    let verify = |one: &Transaction| chain.verify(one).unwrap();
    transactions.iter().map(verify).collect()
}

#[test]
fn the_same_transaction_is_in_the_chain_once() {
    let mut chain = Chain::new();
    let payment = chain.sign(pay(INDUS, RAVI, "1 PKR", "a"), &all(INDUS));
    let twice = [payment.clone(), payment.clone()];
    assert_eq!(say(&chain.block(&twice)), "ACSC");
    assert_eq!(say(&chain.block(std::slice::from_ref(&payment))), "");
    let again = chain.verify(&payment).unwrap();
    let verdict = chain.state.check_includable(&again, chain.upcoming());
    assert_eq!(verdict, Err(Rejection::Duplicate));
    // Its id is remembered as long as it could be included.
    chain.at(payment.valid_until);
    assert_eq!(say(&chain.block(std::slice::from_ref(&payment))), "");
    chain.after(millis(1)).check_time("");
    assert!(!chain.state.holds_transaction(&again.id()));
}

#[test]
fn a_block_with_a_transaction_that_may_not_be_in_it_is_not_voted_for() {
    let mut chain = Chain::new();
    let known = chain.sign(pay(INDUS, RAVI, "1 PKR", "a"), &all(INDUS));
    chain.block(std::slice::from_ref(&known));
    let new = chain.sign(pay(INDUS, RAVI, "1 PKR", "b"), &all(INDUS));
    let expired = chain.sign_until(
        pay(INDUS, RAVI, "1 PKR", "c"),
        &all(INDUS),
        Timestamp::from_millis(chain.upcoming().millis() - 1),
    );
    for (bad, name) in [
        (vec![known], "DUPLICATE"),
        (vec![new.clone(), new], "DUPLICATE"),
        (vec![expired], "EXPIRED"),
    ] {
        let transactions = verified(&chain, &bad);
        let mut block = chain.state.draft(&chain.seat(), &[]).block;
        block.transactions = transactions
            .iter()
            .map(|one| one.encoded().clone())
            .collect();
        block.header.transactions_root = transactions_root(&block.transactions);
        let verdict = chain.state.validate(chain.parent, &block, &transactions);
        let Err(InvalidBlock::Instruction { rejection, .. }) = verdict else {
            panic!("{verdict:?}");
        };
        assert_eq!(rejection.name(), name);
    }
}

/// A sound block with one payment, and the transactions in it.
fn sound() -> (Chain, Draft, Vec<VerifiedTransaction>) {
    let chain = Chain::new();
    let payment = chain.sign(pay(INDUS, RAVI, "1 PKR", "a"), &all(INDUS));
    let transactions = verified(&chain, &[payment]);
    let draft = chain.state.draft(&chain.seat(), &transactions);
    (chain, draft, transactions)
}

#[test]
fn a_header_that_does_not_follow_or_states_another_result_is_not_voted_for() {
    let (chain, draft, transactions) = sound();
    let check = |falsify: fn(&mut BlockHeader), expected: &str| {
        let mut block: Block = draft.block.clone();
        falsify(&mut block.header);
        let verdict = chain.state.validate(chain.parent, &block, &transactions);
        assert_eq!(verdict.unwrap_err().to_string(), expected);
    };
    let follow = |part: &str| format!("the block's {part} does not follow from the block before");
    let result =
        |part: &str| format!("executing the block gives another {part} than its header states");
    check(|header| header.version = 2, "the block has version 2");
    check(|header| header.chain_id.0 = Hash::ZERO, &follow("chain id"));
    check(|header| header.height = Height::new(2), &follow("height"));
    check(|header| header.parent = Hash::ZERO, &follow("parent"));
    check(|header| header.time = opening(), &follow("time"));
    check(
        |header| header.proposer = maker(INDUS).public_key(),
        &follow("proposer"),
    );
    check(
        |header| header.validators_hash = Hash::ZERO,
        &follow("validator set"),
    );
    check(
        |header| header.next_validators_hash = Hash::ZERO,
        &follow("next validator set"),
    );
    check(
        |header| header.transactions_root = Hash::ZERO,
        &result("transactions root"),
    );
    check(
        |header| header.receipts_root = Hash::ZERO,
        &result("receipts root"),
    );
    check(
        |header| header.state_root = Hash::ZERO,
        &result("state root"),
    );
}

#[test]
fn the_transactions_executed_are_those_of_the_block() {
    let (chain, draft, transactions) = sound();
    let other = chain.sign(pay(INDUS, RAVI, "1 PKR", "b"), &all(INDUS));
    for given in [vec![], verified(&chain, &[other])] {
        let verdict = chain.state.validate(chain.parent, &draft.block, &given);
        assert_eq!(verdict.unwrap_err(), InvalidBlock::Transactions);
    }
    let verdict = chain
        .state
        .validate(chain.parent, &draft.block, &transactions);
    assert_eq!(verdict.unwrap().block, draft.block);
}

#[test]
fn a_draft_is_a_clone_and_changes_nothing_until_it_is_adopted() {
    let (chain, draft, transactions) = sound();
    let root = chain.state.root();
    assert_ne!(draft.state.root(), root);
    assert_eq!(chain.state.root(), root);
    let later = BlockSeat {
        time: chain.upcoming().after(SECOND),
        ..chain.seat()
    };
    let other = chain.state.draft(&later, &transactions);
    assert_ne!(other.block.hash(), draft.block.hash());
    assert_eq!(
        chain.state.draft(&chain.seat(), &transactions).block,
        draft.block
    );
}

#[test]
fn a_block_has_at_most_four_mebibytes_of_transactions() {
    let chain = Chain::new();
    let large = |number| {
        let mut bulk = Backlog::bulk(number);
        for terms in &mut bulk.payments {
            terms.local_purpose = Some("X".repeat(35).parse().unwrap());
            terms.message_hash = Some(Hash::ZERO);
        }
        chain.sign(bulk, &[maker(INDUS)])
    };
    let payments: Vec<Transaction> = (0..24).map(large).collect();
    let transactions = verified(&chain, &payments);
    let mut draft = chain.state.draft(&chain.seat(), &transactions);
    let size = |block: &Block| -> usize {
        let sizes = block.transactions.iter().map(|one| one.as_bytes().len());
        sizes.sum()
    };
    let count = draft.block.transactions.len();
    assert!(count > 10 && count < 24, "{count} transactions fit");
    assert!(size(&draft.block) <= karwan_types::BLOCK_BYTES_MAX);
    let next = transactions[count].encoded().clone();
    draft.block.transactions.push(next);
    let given = &transactions[..=count];
    let verdict = chain.state.validate(chain.parent, &draft.block, given);
    assert!(
        matches!(verdict, Err(InvalidBlock::TooLarge(_))),
        "{verdict:?}"
    );
}
