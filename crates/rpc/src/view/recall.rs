//! A recall in JSON: who asks whom for which payment, why, and where the case stands.

use super::{MoneyView, RefusalView, View};
use crate::reading::Reading;
use karwan_ledger::{InstructionKey, RecallCase, RecallStatus, State};
use karwan_types::{Date, InstructionHash, Lei, Timestamp, Uetr};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A recall of a payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RecallView {
    /// The payment's reference.
    pub uetr: View<Uetr>,
    /// Its debtor agent, which asks.
    pub debtor_agent: View<Lei>,
    /// Its creditor agent, which answers.
    pub creditor_agent: View<Lei>,
    /// How much was paid.
    pub paid: MoneyView,
    /// How much of it has been returned.
    pub returned: MoneyView,
    /// The date in UTC on which it settled.
    pub settled: View<Date>,
    /// The hash of the request; its receipt proves the case.
    pub instruction: View<InstructionHash>,
    /// The debtor agent's reference of the case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<String>,
    /// Why, by the cancellation reason codes.
    pub reason: String,
    /// When it was asked for.
    pub opened: View<Timestamp>,
    /// The last time at which the answer is not late.
    pub answer_until: View<Timestamp>,
    /// Whether it waits for an answer that is late.
    pub overdue: bool,
    /// PDCR, CNCL or RJCR, as camt.029 has it.
    pub status: String,
    /// Why the money is not given back; only with RJCR.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejected_for: Option<String>,
    /// The return that closed the case; only with CNCL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_uetr: Option<View<Uetr>>,
    /// How much came back by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_amount: Option<MoneyView>,
    /// The height of its last change.
    pub height: u64,
}

impl RecallView {
    /// The recall of a payment; none when there is none.
    pub(crate) fn of(state: &State, payment: &InstructionKey) -> Option<Self> {
        let (case, record) = (state.recall(payment)?, state.record(payment)?);
        let movement = &record.movement;
        let by = match &case.status {
            RecallStatus::Cancelled { by } => Some(by),
            RecallStatus::Pending | RecallStatus::Overdue | RecallStatus::Rejected { .. } => None,
        };
        let back = by.and_then(|by| state.record(by));
        Some(Self {
            uetr: View(payment.uetr),
            debtor_agent: View(payment.agent),
            creditor_agent: View(movement.creditor_agent?),
            paid: MoneyView::new(movement.amount, movement.currency),
            returned: MoneyView::new(record.returned, movement.currency),
            settled: View(record.settled?.date()),
            instruction: View(case.instruction),
            case: case.case.as_ref().map(ToString::to_string),
            reason: case.reason.to_string(),
            opened: View(case.opened),
            answer_until: View(case.answer_until),
            overdue: case.status == RecallStatus::Overdue,
            status: case.status.code().to_owned(),
            rejected_for: rejected_for(case),
            return_uetr: by.map(|by| View(by.uetr)),
            return_amount: back
                .map(|back| MoneyView::new(back.movement.amount, back.movement.currency)),
            height: case.height.get(),
        })
    }
}

fn rejected_for(case: &RecallCase) -> Option<String> {
    match &case.status {
        RecallStatus::Rejected { reason } => Some(reason.to_string()),
        RecallStatus::Pending | RecallStatus::Overdue | RecallStatus::Cancelled { .. } => None,
    }
}

/// Why a payment waits in the queue, for those who see what the debtor agent owns: its limits and what else waits is nobody
/// else's business. None when it does not wait.
pub(crate) fn waiting(reading: &Reading, payment: &InstructionKey) -> Option<RefusalView> {
    if !reading.sight().institution(&payment.agent) {
        return None;
    }
    let rejection = reading.snapshot.state.why_waiting(payment)?;
    Some(RefusalView::new(&rejection.to_refusal()))
}
