//! What block time brings about, before a block's transactions: expired holds are released, instructions whose signatures
//! did not come are refused, and what need not be remembered any longer is forgotten.
//!
//! Each block does a bounded part of it, the earliest first, so that no backlog makes a block slow. No rule relies on the rest
//! being done: an expired hold cannot be posted, and an expired instruction not approved, while they wait here.

use crate::block::BLOCK_OUTCOMES_MAX;
use crate::business_day;
use crate::exchange::RateFixKey;
use crate::execution::{Execution, open_items};
use crate::queue::QueueEntry;
use crate::records::{Currency, InstructionKey, PendingApproval, Record, RecordKind};
use crate::rejection::Rejection;
use crate::rulebook::{RulebookRecord, RulebookStatus};
use crate::state::State;
use crate::supervision::{FreezeKey, LicenceKey, advance_licence, end_freeze};
use crate::travel_rule::{self, AttestationKey, PairKey};
use crate::usage::{self, UsageKey};
use crate::{posting, queue, recalls};
use karwan_types::{
    CurrencyCode, DurationMs, Height, InstructionHash, Outcome, Timestamp, TransactionId,
    TransactionStatus,
};

/// The number of outcomes by block time after which a block goes on to its transactions.
const DUE_OUTCOMES_MAX: usize = BLOCK_OUTCOMES_MAX / 2;
/// The most things forgotten in one block: more than one block can add, so that a backlog shrinks.
const FORGOTTEN_PER_BLOCK_MAX: usize = 60_000;

/// Something that ends at a block time, with an outcome. Stands in the index under the first time at which it is over.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Due {
    /// A hold, over at its expiry.
    HoldExpires(InstructionKey),
    /// An instruction that waits for signatures, over after its expiry.
    ApprovalExpires(InstructionHash),
    /// A queued payment has waited until its end.
    QueueEntryEnds(u64),
    /// A recall has not been answered in time.
    RecallOverdue(InstructionKey),
    /// A licence, its suspension or its winding down ends.
    LicenceChanges(LicenceKey),
    /// A freeze ends.
    FreezeEnds(FreezeKey),
    /// The business day of a currency ends.
    BusinessDayEnds(CurrencyCode),
}

/// Something that need not be remembered after a block time, without an outcome.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Forgettable {
    /// A transaction id cannot come again, because it has expired.
    Transaction(TransactionId),
    /// A record has passed its retention.
    Record(InstructionKey),
    /// A reference rate has passed its retention.
    RateFix(RateFixKey),
    /// A quote cannot be accepted any more.
    Quote(InstructionKey),
    /// An exchange that is over has passed its retention.
    Exchange(InstructionHash),
    /// Nothing of a sum counts any more.
    Usage(UsageKey),
    /// A new freeze of the subject would begin the count anew.
    PastFreezes(FreezeKey),
    /// An attestation has expired.
    Attestation(AttestationKey),
    /// Nothing that settled between two persons counts any more.
    PairSum(PairKey),
}

impl Record {
    /// What block time will bring about for this record.
    pub(crate) fn due(&self, key: InstructionKey) -> Option<(Timestamp, Due)> {
        match self.kind {
            RecordKind::Hold { expires, .. } if self.status == TransactionStatus::Pdng => {
                Some((expires, Due::HoldExpires(key)))
            }
            RecordKind::Payment
            | RecordKind::IssueRequest
            | RecordKind::Redemption
            | RecordKind::Hold { .. }
            | RecordKind::Return { .. } => None,
        }
    }
    /// After when this record may be forgotten.
    pub(crate) fn forgettable(&self, key: InstructionKey) -> Option<(Timestamp, Forgettable)> {
        let terminal = self.status.is_terminal();
        terminal.then_some((self.retained_until, Forgettable::Record(key)))
    }
}

impl Currency {
    /// When its business day ends.
    pub(crate) fn due(&self, code: CurrencyCode) -> (Timestamp, Due) {
        (self.day_ends, Due::BusinessDayEnds(code))
    }
}

impl PendingApproval {
    /// When this instruction is over if its signatures do not come: an approval at exactly its expiry still counts.
    pub(crate) fn due(&self, instruction: InstructionHash) -> (Timestamp, Due) {
        let over = self.valid_until.after(DurationMs::from_millis(1));
        (over, Due::ApprovalExpires(instruction))
    }
}

impl RulebookRecord {
    /// When this version is to come into force.
    pub(crate) fn activation(&self, version: u32) -> Option<(Timestamp, u32)> {
        let waits = self.status == RulebookStatus::Scheduled;
        waits.then_some((self.activates, version))
    }
}

/// Brings versions of the rulebook into force, ends what is over at a block's time, and forgets what need not be remembered.
pub(crate) fn execute_due(state: &mut State, at: (Height, Timestamp), outcomes: &mut Vec<Outcome>) {
    // Versions first, whatever else is over earlier: everything at one height is judged by one version. They are few.
    while let Some((_, version)) = state
        .activations
        .get_min()
        .filter(|(from, _)| *from <= at.1)
    {
        activate_rulebook(state, at, *version, outcomes);
    }
    while outcomes.len() < DUE_OUTCOMES_MAX {
        let Some((over, due)) = state.due.get_min().cloned() else {
            break;
        };
        if over > at.1 {
            break;
        }
        state.due.remove(&(over, due.clone()));
        match due {
            Due::RecallOverdue(key) => recalls::mark_overdue(state, at, key, outcomes),
            Due::HoldExpires(key) => expire_hold(state, at, key, outcomes),
            Due::ApprovalExpires(instruction) => expire_approval(state, at, instruction, outcomes),
            Due::QueueEntryEnds(number) => end_waiting(state, at, number, outcomes),
            Due::LicenceChanges(key) => advance_licence(state, at, &key, outcomes),
            Due::FreezeEnds(key) => end_freeze(state, at, &key, outcomes),
            Due::BusinessDayEnds(code) => business_day::end_day(state, at, code, outcomes),
        }
    }
    for _ in 0..FORGOTTEN_PER_BLOCK_MAX {
        let Some((until, forgettable)) = state.forgettable.get_min().cloned() else {
            return;
        };
        // At exactly its time it may still be used.
        if until >= at.1 {
            return;
        }
        state.forgettable.remove(&(until, forgettable.clone()));
        match forgettable {
            Forgettable::Transaction(id) => {
                state.transactions.remove(&id);
            }
            Forgettable::Record(key) => recalls::forget(state, at.1, key),
            Forgettable::RateFix(key) => {
                state.rate_fixes.remove(&key);
            }
            Forgettable::Quote(key) => state.forget_quote(&key),
            Forgettable::Exchange(instruction) => {
                state.exchanges.remove(&instruction);
            }
            Forgettable::Usage(key) => {
                state.usage.remove(&key);
            }
            Forgettable::PastFreezes(key) => state.forget_past_freezes(&key),
            Forgettable::Attestation(key) => state.forget_attestation(at.1, key),
            Forgettable::PairSum(key) => state.forget_pair_sum(&key),
        }
    }
}

/// The time of a payment that waits is over: its own, or that for its attestation, which it may need no longer.
fn end_waiting(
    state: &mut State,
    at: (Height, Timestamp),
    number: u64,
    outcomes: &mut Vec<Outcome>,
) {
    let entry = state.queue_entry(number);
    let unattested = travel_rule::waits(state, at.1, entry.terms());
    if entry.until >= at.1 && !unattested {
        let mut entry = entry.clone();
        entry.attest_by = None;
        return state.put_queue_entry(number, entry);
    }
    let rejection = overdue(state, (entry, at.1), unattested);
    queue::refuse(state, at, number, &rejection, outcomes);
}

/// Why a payment that waited until its end is refused.
fn overdue(state: &State, (entry, time): (&QueueEntry, Timestamp), unattested: bool) -> Rejection {
    let exchange = state.exchange(&entry.instruction);
    if let Some(exchange) = exchange.filter(|exchange| exchange.settle_till <= time) {
        let till = exchange.settle_till;
        return Rejection::ExchangeExpired { till };
    }
    if unattested {
        return Rejection::AttestationTimeout { until: entry.end() };
    }
    let asked = entry
        .legs
        .iter()
        .filter_map(|leg| leg.terms.reject_time)
        .min();
    match asked.filter(|reject| *reject == entry.until) {
        Some(reject) => Rejection::RejectTimePassed { reject },
        None => Rejection::WaitedTooLong { until: entry.until },
    }
}

/// What block time does to an instruction of a kind that an earlier transaction brought.
pub(crate) fn by_time<'a>(
    state: &'a mut State,
    (height, time): (Height, Timestamp),
    (instruction, origin): (InstructionHash, TransactionId),
    operation: &'static str,
    outcomes: &'a mut Vec<Outcome>,
) -> Execution<'a> {
    Execution {
        state,
        height,
        time,
        cause: None,
        origin,
        instruction,
        operation,
        valid_until: time,
        outcomes,
        done: TransactionStatus::Acsc,
        concerns: None,
    }
}

fn expire_hold(
    state: &mut State,
    at: (Height, Timestamp),
    key: InstructionKey,
    outcomes: &mut Vec<Outcome>,
) {
    let record = state
        .record(&key)
        .cloned()
        .expect("a hold that falls due has its record");
    let account = record
        .movement
        .debtor_account
        .clone()
        .expect("a hold has its account");
    posting::release(state, &account, record.movement.amount);
    usage::give_back(state, &record, record.movement.amount);
    let brought = (record.instruction, record.transaction);
    let mut execution = by_time(state, at, brought, record.kind.name(), outcomes);
    execution.advance(key, |record| record.status = TransactionStatus::Canc);
}

fn expire_approval(
    state: &mut State,
    at: (Height, Timestamp),
    instruction: InstructionHash,
    outcomes: &mut Vec<Outcome>,
) {
    let pending = state
        .take_approval(&instruction)
        .expect("an instruction that falls due waits");
    let open = open_items(state, instruction, &pending);
    let brought = (instruction, pending.transaction);
    let mut execution = by_time(state, at, brought, pending.operation.name(), outcomes);
    for item in &open {
        execution.refuse(item, &Rejection::ApprovalTimeout);
    }
    if pending.references.is_empty() {
        execution.answer(TransactionStatus::Rjct, Some(&Rejection::ApprovalTimeout));
    }
}

/// Puts a version in force, unless the version that it changes is not in force any more.
fn activate_rulebook(
    state: &mut State,
    at: (Height, Timestamp),
    version: u32,
    outcomes: &mut Vec<Outcome>,
) {
    let find = |state: &State, version| -> RulebookRecord {
        let record = state.rulebooks.get(&version).cloned();
        record.expect("a version that falls due is recorded")
    };
    let active = state.chain().rulebook;
    let mut record = find(state, version);
    let lapses = record.diff_from != active;
    if lapses {
        record.status = RulebookStatus::Lapsed;
    } else {
        let mut old = find(state, active);
        old.status = RulebookStatus::Superseded;
        state.put_rulebook(active, old);
        record.status = RulebookStatus::Active;
    }
    let base = record.diff_from;
    let proposal = record
        .proposal
        .expect("a version that was scheduled was proposed");
    state.put_rulebook(version, record);
    if !lapses {
        let limited = state.rules().has_limits();
        state.activate_rulebook(version);
        // What an order stops depends on the rules that come before it in the order of checks.
        state.orders_changed = true;
        if limited || state.rules().has_limits() {
            // It may give room to what waits for some.
            state.mark_ready_where(|_| true);
        }
    }
    let brought = (proposal, TransactionId(proposal.0));
    let mut execution = by_time(state, at, brought, "RulebookPropose", outcomes);
    if lapses {
        let lapsed = Rejection::RulebookLapsed { base, active };
        execution.answer(TransactionStatus::Rjct, Some(&lapsed));
    } else {
        execution.answer(TransactionStatus::Acsc, None);
    }
}
