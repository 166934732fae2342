//! What settles at the end of a block because an account got money, room or its turn in it, for the accounts concerned only,
//! so that a block without such an account costs nothing. Before and after a cycle: what a cycle frees is used at once.
//!
//! Floors, limits and strictness are those of the mechanism's step 1. The order is another: by account here, by the whole queue
//! there, so that NORM payments of different debtors may settle in another order than a cycle would choose.
//!
//! Accounts are taken in the order of their numbers, each walked in the order of its queue; a credit puts its account on the
//! list again. What a block has no room for waits for the next cycle.

use super::{QueueEntry, is_blocked};
use crate::execution::Execution;
use crate::operations::terms::Priority;
use crate::posting::{self, Transfer};
use crate::rejection::Rejection;
use crate::state::State;
use crate::{due, limits};
use karwan_types::{AccountNumber, Height, Outcome, Timestamp, TransactionStatus};

/// The most attempts to settle a waiting payment at the end of one block.
pub(super) const ATTEMPTS_MAX: usize = 5_000;

/// What came of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Attempt {
    Settled,
    Refused,
    Waits,
}

/// Settles what can settle singly in the queues of the accounts that changed.
pub(crate) fn release(state: &mut State, at: (Height, Timestamp), outcomes: &mut Vec<Outcome>) {
    let mut attempts = 0usize;
    while let Some(account) = state.ready.get_min().cloned() {
        state.ready.remove(&account);
        walk(state, at, &account, &mut attempts, outcomes);
        if attempts >= ATTEMPTS_MAX {
            break;
        }
    }
    state.ready.clear();
}

fn walk(
    state: &mut State,
    at: (Height, Timestamp),
    account: &AccountNumber,
    attempts: &mut usize,
    outcomes: &mut Vec<Outcome>,
) {
    let queue: Vec<u64> = state
        .standings(account)
        .map(|(.., number)| *number)
        .collect();
    for number in queue {
        let entry = state.queue_entry(number).clone();
        if !entry.is_eligible(state, at.1) {
            continue;
        }
        if *attempts >= ATTEMPTS_MAX {
            return;
        }
        *attempts = attempts.saturating_add(1);
        let blocked = is_blocked(state, number, at.1);
        let attempt = if blocked {
            Attempt::Waits
        } else {
            attempt(state, at, number, &entry, outcomes)
        };
        let strict = entry.priority <= Priority::High;
        if attempt == Attempt::Waits && strict {
            return;
        }
    }
}

/// Applies every rule again and settles the entry, refuses it, or leaves it where it is.
fn attempt(
    state: &mut State,
    at: (Height, Timestamp),
    number: u64,
    entry: &QueueEntry,
    outcomes: &mut Vec<Outcome>,
) -> Attempt {
    let transfers = match examine(state, at.1, entry) {
        Ok(transfers) => transfers,
        Err(rejection) if rejection.waits() => return Attempt::Waits,
        Err(rejection) => {
            refuse(state, at, number, &rejection, outcomes);
            return Attempt::Refused;
        }
    };
    if limits::check(state, &transfers).is_err() || posting::post(state, &transfers).is_err() {
        return Attempt::Waits;
    }
    limits::consume(state, &transfers);
    settle(state, at, number, &transfers, outcomes);
    Attempt::Settled
}

/// What an entry would move now.
pub(super) fn examine(
    state: &State,
    time: Timestamp,
    entry: &QueueEntry,
) -> Result<Vec<Transfer>, Rejection> {
    let transfer = |leg: &super::QueuedLeg| {
        let (route, _) = leg.terms.examine(state, time)?;
        Ok(Transfer {
            debit: route.debit,
            credit: route.credit,
            amount: leg.terms.amount,
            class: entry.priority,
        })
    };
    entry.legs.iter().map(transfer).collect()
}

/// Takes an entry out of the queue and says that it has settled. The money has moved already.
pub(super) fn settle(
    state: &mut State,
    at: (Height, Timestamp),
    number: u64,
    transfers: &[Transfer],
    outcomes: &mut Vec<Outcome>,
) {
    let entry = state.take_queue_entry(number);
    for (leg, transfer) in entry.legs.iter().zip(transfers) {
        let mut execution = execution(state, at, &entry, outcomes);
        execution.advance(leg.key, |record| {
            record.status = TransactionStatus::Acsc;
            record.movement.debtor_account = Some(transfer.debit.clone());
            record.movement.creditor_account = Some(transfer.credit.clone());
        });
    }
}

/// Takes an entry out of the queue and refuses it.
pub(crate) fn refuse(
    state: &mut State,
    at: (Height, Timestamp),
    number: u64,
    rejection: &Rejection,
    outcomes: &mut Vec<Outcome>,
) {
    let entry = state.take_queue_entry(number);
    for leg in &entry.legs {
        let mut execution = execution(state, at, &entry, outcomes);
        execution.advance_refused(leg.key, rejection);
    }
}

fn execution<'a>(
    state: &'a mut State,
    at: (Height, Timestamp),
    entry: &QueueEntry,
    outcomes: &'a mut Vec<Outcome>,
) -> Execution<'a> {
    // Each record says by what kind of instruction it was opened; see `advance`.
    let brought = (entry.instruction, entry.transaction);
    due::by_time(state, at, brought, "Pay", outcomes)
}
