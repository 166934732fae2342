//! Very many things at once: a block does a bounded part of them, the same part on every node, and nothing overdue is used
//! while it waits.

use super::licences::{licensed_document, regulators, suspend};
use crate::support::*;
use karwan_ledger::{
    BLOCK_OUTCOMES_MAX, BULK_PAYMENTS_MAX, InvalidBlock, LINKED_LEGS_MAX, OnShortage, Pay,
    QueuedPayments, Transaction,
};
use karwan_types::{DECODE_BYTES_MAX, encode};

/// Bulk instructions of a thousand payments, all waiting for a checker; as many as `count`.
fn waiting(count: usize) -> (Backlog, Vec<Transaction>) {
    let mut backlog = Backlog::new();
    let entered = enter(&mut backlog, 0..count);
    assert_eq!(backlog.chain.state.approvals().count(), count);
    (backlog, entered)
}

fn enter(backlog: &mut Backlog, numbers: std::ops::Range<usize>) -> Vec<Transaction> {
    let expiry = backlog.chain.upcoming().after(HOUR);
    let sign = |number| {
        let bulk = Backlog::bulk(number);
        backlog.chain.sign_until(bulk, &[maker(INDUS)], expiry)
    };
    let entered: Vec<Transaction> = numbers.map(sign).collect();
    for some in entered.chunks(10) {
        let draft = backlog.block(some);
        assert_eq!(draft.block.transactions.len(), some.len());
    }
    entered
}

fn approvals(backlog: &Backlog, entered: &[Transaction]) -> Vec<Transaction> {
    let chain = &backlog.chain;
    let approve = |one: &Transaction| {
        let approve = chain.approve(one.operation.clone());
        chain.sign(approve, &[checker(INDUS)])
    };
    entered.iter().map(approve).collect()
}

#[test]
fn a_block_releases_a_bounded_number_of_payments_and_the_next_one_goes_on() {
    // Each approval is one outcome, and each payment that it releases another.
    let fit = BLOCK_OUTCOMES_MAX.div_ceil(BULK_PAYMENTS_MAX + 1);
    let (mut backlog, entered) = waiting(fit + 2);
    let approvals = approvals(&backlog, &entered);
    let first = backlog.block(&approvals);
    assert_eq!(first.block.transactions.len(), fit);
    assert_eq!(first.outcomes.len(), fit * (BULK_PAYMENTS_MAX + 1));

    let verified: Vec<_> = approvals
        .iter()
        .map(|one| backlog.chain.verify(one).unwrap())
        .collect();
    let (mut chain, _) = waiting(fit + 2);
    let chain = &mut chain.chain;
    let mut block = first.block.clone();
    block.transactions.push(verified[fit].encoded().clone());
    let verdict = chain
        .state
        .validate(chain.parent, &block, &verified[..=fit]);
    assert_eq!(verdict.unwrap_err(), InvalidBlock::TooManyOutcomes);

    let second = backlog.block(&approvals);
    assert_eq!(second.block.transactions.len(), 2);
    assert_eq!(backlog.chain.state.approvals().count(), 0);
    backlog.chain.state.assert_conserved();
}

#[test]
fn what_times_out_together_is_refused_over_several_blocks_and_cannot_be_approved_meanwhile() {
    let each_block = (BLOCK_OUTCOMES_MAX / 2).div_ceil(BULK_PAYMENTS_MAX);
    let (mut backlog, entered) = waiting(2 * each_block + 1);
    let over = entered[0].valid_until.after(millis(1));
    backlog.chain.at(over);
    let approvals = approvals(&backlog, &entered);
    let first = backlog.block(&approvals);
    let refused = each_block * BULK_PAYMENTS_MAX;
    let timeout = |name: &str| name == "APPROVAL_TIMEOUT";
    let nothing = |name: &str| name == "NOTHING_TO_APPROVE";
    let count = |draft: &karwan_ledger::Draft, wanted: fn(&str) -> bool| {
        let names = draft.outcomes.iter().filter_map(|one| one.refusal.as_ref());
        names.filter(|one| wanted(one.name.as_str())).count()
    };
    assert_eq!(count(&first, timeout), refused);
    assert_eq!(count(&first, nothing), approvals.len());
    assert_eq!(first.outcomes.len(), refused + approvals.len());
    assert_eq!(count(&backlog.block(&[]), timeout), refused);
    assert_eq!(count(&backlog.block(&[]), timeout), BULK_PAYMENTS_MAX);
    assert_eq!(backlog.block(&[]).outcomes.len(), 0);
    let unchanged = backlog.chain.balance("INDUS-PKR");
    assert_eq!(unchanged, "6000000.00");
}

#[test]
fn what_need_not_be_remembered_is_forgotten_over_several_blocks() {
    let (mut backlog, entered) = waiting(62);
    let over = entered[0].valid_until.after(millis(1));
    backlog.chain.at(over);
    let mut blocks = 0;
    while backlog.chain.state.approvals().count() > 0 {
        backlog.block(&[]);
        blocks += 1;
    }
    assert_eq!(blocks, 5, "15 bulk instructions a block");
    assert_eq!(backlog.chain.state.records().count(), 62_000);
    let forgettable = backlog.chain.now().after(RETENTION).after(HOUR);
    backlog.chain.at(forgettable);
    backlog.block(&[]);
    assert_eq!(backlog.chain.state.records().count(), 2_000);
    backlog.block(&[]);
    assert_eq!(backlog.chain.state.records().count(), 0);
}

/// How many queued payments the block below refuses by one order: the order stops at the first entry that reaches 5,000, and the
/// last one is a linked set.
const REFUSED_BY_ORDER: usize = 4_990 + LINKED_LEGS_MAX;

/// NARYN waits to pay INDUS, singly and in one linked set, more than it has.
fn fill_queue(backlog: &mut Backlog) {
    let payment = |index: usize| {
        let name = format!("waits {index}");
        with(pay(NARYN, INDUS, "600000.00 PKR", &name), |terms| {
            terms.on_shortage = OnShortage::Queue;
        })
    };
    let singles = REFUSED_BY_ORDER - LINKED_LEGS_MAX;
    let all_of_them: Vec<Pay> = (0..REFUSED_BY_ORDER).map(payment).collect();
    for some in all_of_them[..singles].chunks(BULK_PAYMENTS_MAX) {
        let bulk = backlog.chain.sign(bulk(some.to_vec()), &all(NARYN));
        backlog.block(&[bulk]);
    }
    let set = linked(all_of_them[singles..].to_vec());
    let set = backlog.chain.sign(set, &all(NARYN));
    backlog.block(&[set]);
    assert_eq!(backlog.chain.state.queue().count(), singles + 1);
}

#[test]
fn the_fullest_block_has_a_bounded_number_of_outcomes_and_can_be_read_back() {
    let mut document = licensed_document(&["SETTLEMENT"]);
    document.rulebook.common.queue.account_entries_max = 5_000;
    let mut backlog = Backlog::of(document);
    // Half of the block is what times out in it.
    let overdue = (BLOCK_OUTCOMES_MAX / 2).div_ceil(BULK_PAYMENTS_MAX);
    let late = enter(&mut backlog, 0..overdue);
    fill_queue(&mut backlog);
    // The other half is released by approvals, as many as fit and single refusals up to one below the bound.
    let room = BLOCK_OUTCOMES_MAX - overdue * BULK_PAYMENTS_MAX - 1;
    let released = room / (BULK_PAYMENTS_MAX + 1);
    let entered = enter(&mut backlog, overdue..overdue + released);
    let over = late.iter().map(|one| one.valid_until).max().unwrap();
    backlog.chain.at(over.after(millis(1)));
    let mut transactions = approvals(&backlog, &entered);
    for number in 0..room - released * (BULK_PAYMENTS_MAX + 1) {
        let unknown = pay(INDUS, RAVI, "1.01 PKR", &format!("unknown {number}"));
        let approve = backlog.chain.approve(unknown);
        transactions.push(backlog.chain.sign(approve, &[checker(INDUS)]));
    }
    // Then one order refuses as much of the queue as an order may, and what comes after it waits for the next block.
    let order = suspend(INDUS, QueuedPayments::Refuse, false);
    transactions.push(backlog.chain.sign(order, &regulators()));
    let fit = transactions.len();
    let next = pay(NARYN, TALAS, "1.00 PKR", "next");
    transactions.push(backlog.chain.sign(next, &all(NARYN)));
    let draft = backlog.block(&transactions);
    assert_eq!(draft.block.transactions.len(), fit);
    let most = BLOCK_OUTCOMES_MAX - 1 + REFUSED_BY_ORDER + 1;
    assert_eq!(draft.outcomes.len(), most);
    assert_eq!(backlog.chain.state.queue().count(), 0);
    let bytes = encode(&(&draft.block, &draft.outcomes)).len();
    eprintln!("{most} outcomes, {bytes} bytes with the block");
    assert!(bytes < DECODE_BYTES_MAX, "{bytes} bytes can be read back");
    assert_eq!(backlog.block(&transactions[fit..]).outcomes.len(), 1);
    backlog.chain.state.assert_conserved();
}
