//! What settles at the end of a block because an account got money, room or its turn in it, for the accounts concerned only,
//! so that a block without such an account costs nothing. Before and after a cycle: what a cycle frees is used at once.
//!
//! Floors, limits and strictness are those of the mechanism's step 1. The order is another: by account here, by the whole queue
//! there, so that NORM payments of different debtors may settle in another order than a cycle would choose.
//!
//! Accounts are taken in the order of their numbers, each walked in the order of its queue; a credit puts its account on the
//! list again. What a block has no room for waits for the next cycle.

use super::{QueueEntry, QueuedLeg, is_blocked};
use crate::execution::Execution;
use crate::operations::terms::Priority;
use crate::posting::{self, Transfer};
use crate::records::InstructionKey;
use crate::rejection::Rejection;
use crate::state::State;
use crate::travel_rule::{self, Counted};
use crate::{checks, credit, due, limits, usage};
use karwan_types::{AccountNumber, Height, Outcome, Timestamp, TransactionStatus};

/// The most attempts to settle a waiting payment at the end of one block; every leg of what settles together counts.
pub(super) const ATTEMPTS_MAX: usize = 5_000;

/// Settles what can settle singly in the queues of the accounts that changed.
pub(crate) fn release(state: &mut State, at: (Height, Timestamp), outcomes: &mut Vec<Outcome>) {
    let mut attempts = 0usize;
    loop {
        let Some(account) = state.ready.get_min().cloned() else {
            // Only then, so that one look serves all that made room meanwhile.
            if state.give_turns_for_room() {
                continue;
            }
            break;
        };
        state.ready.remove(&account);
        walk(state, at, &account, &mut attempts, outcomes);
        if attempts >= ATTEMPTS_MAX {
            break;
        }
    }
    state.ready.clear();
    state.forget_room();
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
    let mut held_back = false;
    for number in queue {
        let entry = state.queue_entry(number);
        let concerned = entry.is_eligible(number, state, at.1) && !(held_back && entry.may_wait());
        if *attempts >= ATTEMPTS_MAX {
            return;
        }
        if !concerned {
            // What is only looked at counts as well: two accounts that fund each other would have it looked at without end.
            *attempts = attempts.saturating_add(1);
            continue;
        }
        *attempts = attempts.saturating_add(entry.legs.len());
        let entry = entry.clone();
        let transfers = if held_back || is_blocked(state, number, at.1) {
            let account = account.clone();
            Err((0, Rejection::BehindQueue { account }))
        } else {
            attempt(state, at.1, &entry)
        };
        match transfers {
            Ok(transfers) => settle(state, at, number, &transfers, outcomes),
            Err((_, rejection)) if rejection.waits() && entry.may_wait() => {
                held_back |= entry.priority <= Priority::High;
            }
            Err(failed) => refuse_leg(state, at, number, &failed, outcomes),
        }
    }
}

/// Applies every rule again and moves the money, or says why that cannot be.
fn attempt(
    state: &mut State,
    time: Timestamp,
    entry: &QueueEntry,
) -> Result<Vec<Transfer>, (usize, Rejection)> {
    let transfers = examine(state, time, entry)?;
    usage::check(state, time, &usage::flows(state, &transfers))?;
    // What lacks money lacks it as a whole.
    limits::settle(state, time, &transfers).map_err(|rejection| (0, rejection))?;
    travel_rule::consume(state, time, entry.terms());
    Ok(transfers)
}

impl State {
    /// Why a payment waits in the queue, by the rules and balances after the last block; none when it does not wait there, or
    /// when its parties may not be told. The sentence tells no balance: both sides of the payment may read it.
    #[must_use]
    pub fn why_waiting(&self, payment: &InstructionKey) -> Option<Rejection> {
        let (number, entry) = self.queued(payment)?;
        let time = self.chain().time;
        let from = entry.from;
        if from > time {
            return Some(Rejection::FromTimeAhead { from });
        }
        let transfers = match examine(self, time, entry) {
            Ok(transfers) => transfers,
            // As if there were no order: whoever asks may not learn of it, nor of the moment when it came.
            Err((_, rejection)) if rejection.order().is_some() => self.standing(entry)?,
            Err((_, rejection)) => return Some(rejection),
        };
        let attested = travel_rule::check_attested(self, time, entry.terms(), &Counted::default());
        if let Err((_, missing)) = attested {
            return Some(missing);
        }
        let flows = usage::flows(self, &transfers);
        if let Err((_, rejection)) = usage::check(self, time, &flows) {
            return Some(rejection);
        }
        if is_blocked(self, number, time) {
            let account = entry.legs.first()?.debit.clone();
            return Some(Rejection::BehindQueue { account });
        }
        let limited = limits::check(self, &transfers).err();
        let mut debits = transfers.iter().map(|transfer| &transfer.debit);
        let overdue = debits.find_map(|debit| credit::check_repaid(self, debit).err());
        limited
            .or(overdue)
            .or_else(|| posting::post(&mut self.clone(), &transfers).err())
    }
}

impl State {
    /// What an entry would move if nothing stopped it.
    fn standing(&self, entry: &QueueEntry) -> Option<Vec<Transfer>> {
        let transfer = |leg: &QueuedLeg| {
            let route = leg.terms.stand(self).ok()?;
            Some(Transfer {
                debit: route.debit,
                credit: route.credit,
                amount: leg.terms.amount,
                class: entry.priority,
            })
        };
        entry.legs.iter().map(transfer).collect()
    }
}

/// What an entry would move now; otherwise which leg may not, and why.
pub(crate) fn examine(
    state: &State,
    time: Timestamp,
    entry: &QueueEntry,
) -> Result<Vec<Transfer>, (usize, Rejection)> {
    let legs = entry.legs.iter().enumerate();
    let transfers: Result<Vec<Transfer>, _> = legs
        .map(|(index, leg)| {
            let examined = examine_leg(state, time, (entry, leg));
            examined.map_err(|rejection| (index, rejection))
        })
        .collect();
    let transfers = transfers?;
    travel_rule::check_attested(state, time, entry.terms(), &Counted::default())?;
    Ok(transfers)
}

/// Whether an order stops one of an entry's legs, whatever is wrong with the others.
pub(crate) fn is_stopped(state: &State, time: Timestamp, entry: &QueueEntry) -> bool {
    let mut legs = entry.legs.iter();
    legs.any(|leg| {
        let stops = |rejection: &Rejection| rejection.is_stop();
        match examine_leg(state, time, (entry, leg)) {
            // The rule comes before the orders, but follows from sums that change within a block.
            Err(rejection) if rejection.is_of_travel_rule() => {
                let route = leg.terms.stand(state);
                let stopped = route.and_then(|route| checks::stops(state, time, &route));
                stopped.as_ref().is_err_and(stops)
            }
            examined => examined.as_ref().is_err_and(stops),
        }
    })
}

fn examine_leg(
    state: &State,
    time: Timestamp,
    (entry, leg): (&QueueEntry, &QueuedLeg),
) -> Result<Transfer, Rejection> {
    let (route, _) = leg.terms.examine_but_attestation(state, time)?;
    if state.exchange(&entry.instruction).is_some() {
        checks::leg_licence(state, time, &leg.terms)?;
    }
    Ok(Transfer {
        debit: route.debit,
        credit: route.credit,
        amount: leg.terms.amount,
        class: entry.priority,
    })
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

/// Takes an entry out of the queue and refuses it for one of its legs. The others name that leg.
pub(crate) fn refuse_leg(
    state: &mut State,
    at: (Height, Timestamp),
    number: u64,
    (failed, rejection): &(usize, Rejection),
    outcomes: &mut Vec<Outcome>,
) {
    let sibling = Rejection::LegFailed {
        leg: *failed,
        cause: rejection.told(),
    };
    let entry = state.take_queue_entry(number);
    for (index, leg) in entry.legs.iter().enumerate() {
        let reason = if index == *failed {
            rejection
        } else {
            &sibling
        };
        let mut execution = execution(state, at, &entry, outcomes);
        execution.advance_refused(leg.key, reason);
    }
}

/// Takes an entry out of the queue and refuses it as a whole.
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
