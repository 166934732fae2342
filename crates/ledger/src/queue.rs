//! Payments that wait: where they stand, which of them may settle, and what a block does about them.
//!
//! The order is the class (URGT, HIGH, NORM), then the place. Each account that is debited has its queue: single accounts are
//! of one currency, and client money waits apart from the house's. URGT and HIGH are strict: while such a payment could settle
//! but for money, everything behind it in that order waits too, whatever its age. NORM payments pass each other. A payment
//! that waits for something else than money (its date, its currency's resumption, room under a limit of the rulebook) holds
//! nobody back and keeps its place.
//!
//! What must hold: nothing settles before its time or after its reject time, and the rules are applied again at every attempt.

mod cycle;
mod release;

pub use cycle::{CycleRecord, CycleValue};
pub(crate) use cycle::{is_cycle_due, run_cycle};
pub(crate) use release::{examine, is_stopped, refuse, refuse_leg, release};

use crate::due::Due;
use crate::execution::{Execution, Item, Route};
use crate::operations::terms::{OnShortage, PaymentTerms, Priority};
use crate::records::{AccountStatus, CurrencyStatus, InstructionKey};
use crate::rejection::Rejection;
use crate::state::State;
use crate::travel_rule;
use crate::usage;
use karwan_types::{AccountNumber, DurationMs, InstructionHash, Timestamp, TransactionId};
use serde::{Deserialize, Serialize};

/// Something that waits as a whole. Its key in the table is its number, which counts up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueEntry {
    /// The instruction.
    pub instruction: InstructionHash,
    /// The transaction that brought it.
    pub transaction: TransactionId,
    /// What settles together, all or none.
    pub legs: Vec<QueuedLeg>,
    /// Its class.
    pub priority: Priority,
    /// Its place in the class: the number, unless its debtor moved it.
    pub place: u64,
    /// It may settle from this time on.
    pub from: Timestamp,
    /// The last time at which it may settle; after it, it is refused.
    pub until: Timestamp,
    /// Until when it waits for an attestation; none when it did not need one, or has it.
    pub attest_by: Option<Timestamp>,
}

/// One payment of an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueuedLeg {
    /// Its reference.
    pub key: InstructionKey,
    /// The payment.
    pub terms: PaymentTerms,
    /// The account in whose queue it stands.
    pub debit: AccountNumber,
}

/// Where an entry stands in the queue of one account: account, class, place, number of the entry.
pub(crate) type Standing = (AccountNumber, Priority, u64, u64);

impl QueueEntry {
    /// Where the entry stands, once for each account that it debits.
    pub(crate) fn standings(&self, number: u64) -> impl Iterator<Item = Standing> {
        self.legs
            .iter()
            .map(move |leg| (leg.debit.clone(), self.priority, self.place, number))
    }
    /// What block time will bring about for it.
    pub(crate) fn due(&self, number: u64) -> (Timestamp, Due) {
        let over = self.end().after(DurationMs::from_millis(1));
        (over, Due::QueueEntryEnds(number))
    }
    /// The first of the times until which it waits.
    pub(crate) fn end(&self) -> Timestamp {
        self.attest_by.map_or(self.until, |by| by.min(self.until))
    }
    /// Its payments.
    pub(crate) fn terms(&self) -> impl Iterator<Item = &PaymentTerms> {
        self.legs.iter().map(|leg| &leg.terms)
    }
    /// Whether it may wait for money. A payment that may not can still have been sent ahead of its time; what settles together
    /// with other payments waits for them in any case.
    fn may_wait(&self) -> bool {
        match self.legs.as_slice() {
            [leg] => leg.terms.on_shortage == OnShortage::Queue,
            _ => true,
        }
    }
    /// Whether money is all that it waits for.
    pub(crate) fn is_eligible(&self, number: u64, state: &State, time: Timestamp) -> bool {
        if state.stopped.contains(&number) {
            return false;
        }
        let moves = |leg: &QueuedLeg| {
            let currency = state.currency(&leg.terms.currency);
            currency.is_some_and(|currency| currency.status == CurrencyStatus::Active)
        };
        // A single payment over a stopped account is refused; what several have agreed to waits for its turn.
        let stopped = |leg: &QueuedLeg| self.legs.len() > 1 && leg.is_stopped(state);
        let in_time = self.from <= time && time <= self.until;
        let above = |leg: &QueuedLeg| leg.is_above_overnight(state);
        let free =
            self.legs.iter().all(moves) && !self.legs.iter().any(|leg| stopped(leg) || above(leg));
        in_time
            && free
            && !travel_rule::waits(state, time, self.terms())
            // Asked last, because it costs the most. What may not wait is refused instead.
            && !(self.may_wait() && usage::waits_for_room(state, time, self))
    }
}

impl QueuedLeg {
    /// The account that it credits.
    fn credit(&self, state: &State) -> Option<AccountNumber> {
        let creditor = state.agent(&self.terms.creditor_agent)?;
        self.terms.credit_account(state, creditor)
    }
    /// Whether its creditor holds more than it may overnight, and gets nothing until it holds less.
    fn is_above_overnight(&self, state: &State) -> bool {
        let credit = self.credit(state);
        credit.is_some_and(|number| state.is_above_overnight(&number))
    }
    /// Whether one of its two accounts is blocked for it, though not closed.
    fn is_stopped(&self, state: &State) -> bool {
        let status = |number: &AccountNumber| Some(state.account(number)?.status);
        let debit = [AccountStatus::Blocked, AccountStatus::BlockedDebit];
        let credit = [AccountStatus::Blocked, AccountStatus::BlockedCredit];
        status(&self.debit).is_some_and(|status| debit.contains(&status))
            || self
                .credit(state)
                .and_then(|number| status(&number))
                .is_some_and(|status| credit.contains(&status))
    }
}

/// Whether something in an account's queue must settle before a new payment of this class.
pub(crate) fn is_behind(
    state: &State,
    account: &AccountNumber,
    class: Priority,
    time: Timestamp,
) -> bool {
    if state.queue_order.is_empty() {
        return false;
    }
    let strict = class.min(Priority::High);
    let mut ahead = state
        .standings(account)
        .take_while(|(_, of, ..)| *of <= strict);
    ahead.any(|(.., number)| state.queue_entry(*number).is_eligible(*number, state, time))
}

/// Whether an entry is held back by a strict one before it, in any of the queues in which it stands.
pub(crate) fn is_blocked(state: &State, number: u64, time: Timestamp) -> bool {
    let entry = state.queue_entry(number);
    entry.standings(number).any(|standing| {
        let is_ahead = |other: &&Standing| other.1 <= Priority::High && **other < standing;
        let mut ahead = state.standings(&standing.0).take_while(is_ahead);
        ahead.any(|other| state.queue_entry(other.3).is_eligible(other.3, state, time))
    })
}

impl Execution<'_> {
    /// Puts a payment that cannot settle now into the queue.
    pub(crate) fn enqueue(
        &mut self,
        item: &Item,
        terms: &PaymentTerms,
        (route, from): (Route, Timestamp),
    ) {
        let rules = &self.state.rules().common.queue;
        let longest = self.time.max(from).after(rules.waiting_max_ms);
        let until = terms
            .reject_time
            .map_or(longest, |reject| reject.min(longest));
        let leg = QueuedLeg {
            key: item.key,
            terms: terms.clone(),
            debit: route.debit,
        };
        let items = core::slice::from_ref(item);
        let queued = self.enqueue_together(items, vec![leg], (terms.priority, from, until));
        if let Err((_, rejection)) = queued {
            self.refuse(item, &rejection);
        }
    }

    /// Puts payments that settle together into the queue, as one entry with a class, a first and a last time. An error says which
    /// leg has no room, and has changed nothing.
    pub(crate) fn enqueue_together(
        &mut self,
        items: &[Item],
        legs: Vec<QueuedLeg>,
        (priority, from, until): (Priority, Timestamp, Timestamp),
    ) -> Result<(), (usize, Rejection)> {
        let most = self.state.rules().common.queue.account_entries_max;
        let room = usize::try_from(most).unwrap_or(usize::MAX);
        // Every leg of what waits counts, also those of others: the room of an account bounds the work that it brings.
        let full = |leg: &QueuedLeg| {
            let waiting = self.state.standings(&leg.debit).take(room);
            let legs = waiting.map(|(.., number)| self.state.queue_entry(*number).legs.len());
            legs.fold(0usize, usize::saturating_add) >= room
        };
        if let Some((index, leg)) = legs.iter().enumerate().find(|(_, leg)| full(leg)) {
            let account = leg.debit.clone();
            return Err((index, Rejection::QueueFull { account }));
        }
        let terms = legs.iter().map(|leg| &leg.terms);
        let attest_by = travel_rule::attest_by(self.state, (self.time, from), terms);
        let number = self.state.chain().queue_entries.saturating_add(1);
        self.state.chain_mut().queue_entries = number;
        let entry = QueueEntry {
            instruction: self.instruction,
            transaction: self.origin,
            legs,
            priority,
            place: number,
            from,
            until,
            attest_by,
        };
        for item in items {
            self.queued(item);
        }
        self.state.put_queue_entry(number, entry);
        Ok(())
    }
}
