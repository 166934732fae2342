//! Recalls: a debtor agent asks for a settled payment back, and the creditor agent answers.
//!
//! A case stands under its payment and is forgotten with it. Nothing moves by itself: only an answer, or a return of
//! everything that is left, ends a case. When the time to answer has passed the case is overdue, which both sides and their
//! supervisors can see; it may still be answered as long as the payment is remembered, because a late answer serves the
//! debtor better than none.
//!
//! What must hold: a payment is remembered until the last day on which it could be recalled and that recall be answered,
//! whatever rulebook is in force by then.

use crate::due::{self, Due};
use crate::execution::Execution;
use crate::records::{InstructionKey, Record, RecordKind};
use crate::rejection::Rejection;
use crate::state::State;
use karwan_types::{
    DurationMs, ExternalCode, Height, InstructionHash, Max35Text, Outcome, Refusal, Timestamp,
    TransactionId, TransactionStatus,
};
use serde::{Deserialize, Serialize};

/// A recall. Its key in the table is that of its payment, whose debtor agent asks and whose creditor agent answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecallCase {
    /// The request.
    pub instruction: InstructionHash,
    /// The transaction that brought it.
    pub transaction: TransactionId,
    /// The debtor agent's reference of the case, if it gave one.
    pub case: Option<Max35Text>,
    /// Why, by the cancellation reason codes.
    pub reason: ExternalCode,
    /// When the money was asked for.
    pub opened: Timestamp,
    /// The last time at which the answer is not late.
    pub answer_until: Timestamp,
    /// Where it stands.
    pub status: RecallStatus,
    /// The height of its last change.
    pub height: Height,
}

/// Where a recall stands, by the codes of camt.029.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RecallStatus {
    /// PDCR: waits for its answer.
    Pending,
    /// PDCR, and the answer is late.
    Overdue,
    /// CNCL: money has come back.
    Cancelled {
        /// The return that closed the case.
        by: InstructionKey,
    },
    /// RJCR: the creditor agent does not give it back.
    Rejected {
        /// Why.
        reason: ExternalCode,
    },
}

impl RecallStatus {
    /// Whether it waits for an answer.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        match self {
            Self::Pending | Self::Overdue => true,
            Self::Cancelled { .. } | Self::Rejected { .. } => false,
        }
    }
    /// The code of camt.029.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Pending | Self::Overdue => "PDCR",
            Self::Cancelled { .. } => "CNCL",
            Self::Rejected { .. } => "RJCR",
        }
    }
    /// The same in the words of outcomes: a recall that ends as asked is a request carried out.
    const fn outcome(&self) -> TransactionStatus {
        match self {
            Self::Pending | Self::Overdue => TransactionStatus::Pdng,
            Self::Cancelled { .. } => TransactionStatus::Canc,
            Self::Rejected { .. } => TransactionStatus::Rjct,
        }
    }
}

impl RecallCase {
    /// What block time will bring about for it.
    pub(crate) fn due(&self, key: InstructionKey) -> Option<(Timestamp, Due)> {
        let late = self.answer_until.after(DurationMs::from_millis(1));
        (self.status == RecallStatus::Pending).then_some((late, Due::RecallOverdue(key)))
    }
}

impl State {
    /// The recall of a payment, the last one if there were several.
    #[must_use]
    pub fn recall(&self, payment: &InstructionKey) -> Option<&RecallCase> {
        self.recalls.get(payment)
    }
    /// All recalls of payments that are remembered, by payment.
    pub fn recalls(&self) -> impl Iterator<Item = (&InstructionKey, &RecallCase)> {
        self.recalls.iter()
    }
    fn put_recall(&mut self, key: InstructionKey, case: RecallCase) {
        self.drop_recall_due(&key);
        self.due.extend(case.due(key));
        self.recalls.insert(key, case);
    }
    fn drop_recall_due(&mut self, key: &InstructionKey) {
        if let Some(due) = self.recalls.get(key).and_then(|case| case.due(*key)) {
            self.due.remove(&due);
        }
    }
}

impl Execution<'_> {
    /// Opens a case. The payment is remembered until its answer is due at least.
    pub(crate) fn open_recall(
        &mut self,
        (key, mut payment): (InstructionKey, Record),
        reason: &ExternalCode,
        case: Option<&Max35Text>,
    ) {
        let answer_until = self.time.after(self.state.rules().common.recall.answer_ms);
        payment.retained_until = payment.retained_until.max(answer_until);
        self.state.put_record(key, payment.clone());
        let opened = RecallCase {
            instruction: self.instruction,
            transaction: self.origin,
            case: case.cloned(),
            reason: reason.clone(),
            opened: self.time,
            answer_until,
            status: RecallStatus::Pending,
            height: self.height,
        };
        self.state.put_recall(key, opened);
        self.done = TransactionStatus::Pdng;
        self.concerns = Some(payment.movement);
    }

    /// Ends the open case of a payment, or marks it overdue.
    pub(crate) fn change_recall(&mut self, key: InstructionKey, status: RecallStatus) {
        let mut case = self
            .state
            .recall(&key)
            .cloned()
            .expect("the case was found before");
        let refusal = match &status {
            RecallStatus::Rejected { reason } => Some(Refusal {
                reason: reason.clone(),
                ..Rejection::RecallRejected { uetr: key.uetr }.to_refusal()
            }),
            RecallStatus::Pending | RecallStatus::Overdue | RecallStatus::Cancelled { .. } => None,
        };
        let word = status.outcome();
        case.status = status;
        case.height = self.height;
        let instruction = case.instruction;
        self.state.put_recall(key, case);
        let payment = self.state.record(&key);
        let movement = payment
            .expect("a case is forgotten with its payment, not before")
            .movement
            .clone();
        self.answer_recall(instruction, (word, refusal), movement);
    }
}

/// The answer is late. Nothing moves: the case stays open, and both sides are told.
pub(crate) fn mark_overdue(
    state: &mut State,
    at: (Height, Timestamp),
    key: InstructionKey,
    outcomes: &mut Vec<Outcome>,
) {
    let case = state.recall(&key).expect("a case that falls due is there");
    let brought = (case.instruction, case.transaction);
    let mut execution = due::by_time(state, at, brought, "RecallRequest", outcomes);
    execution.change_recall(key, RecallStatus::Overdue);
}

/// Forgets a record and its recall, unless a rulebook that came into force since gives it a longer recall window than the
/// retention that it was settled with.
pub(crate) fn forget(state: &mut State, time: Timestamp, key: InstructionKey) {
    let Some(record) = state.record(&key) else {
        return;
    };
    let longest = state.rules().common.recall.longest();
    let until = record.recallable_since().map(|since| since.after(longest));
    if let Some(until) = until.filter(|until| *until >= time) {
        let mut record = record.clone();
        record.retained_until = until;
        return state.put_record(key, record);
    }
    state.drop_recall_due(&key);
    state.recalls.remove(&key);
    state.records.remove(&key);
}

impl Record {
    /// Since when the payment could be recalled; none when it never can.
    fn recallable_since(&self) -> Option<Timestamp> {
        match self.kind {
            RecordKind::Payment | RecordKind::Hold { .. } => self.settled,
            RecordKind::IssueRequest | RecordKind::Redemption | RecordKind::Return { .. } => None,
        }
    }
}
