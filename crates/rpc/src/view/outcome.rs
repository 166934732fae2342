//! An outcome in JSON: what came of an instruction, where it stands, and why.

use super::{MoneyView, View};
use crate::backend::Located;
use karwan_types::{
    AccountNumber, BlockHeader, Hash, InstructionHash, Lei, Movement, Outcome, Refusal, Timestamp,
    TransactionId, TransactionStatus, Uetr,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One status transition of one instruction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OutcomeView {
    /// Its number in the event feed: `height << 20 | position`.
    pub sequence: u64,
    /// The height of its block.
    pub height: u64,
    /// Its position among the block's outcomes.
    pub position: u32,
    /// The block's time.
    pub time: View<Timestamp>,
    /// The transaction that caused it; absent when block time did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transaction: Option<View<TransactionId>>,
    /// The instruction whose status it is.
    pub instruction: View<InstructionHash>,
    /// The kind of instruction, for example `Pay`.
    pub operation: String,
    /// The status it now has.
    pub status: View<TransactionStatus>,
    /// Why it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<RefusalView>,
    /// The rulebook clause that decided it.
    pub clause: String,
    /// The version of the rulebook in force.
    pub rulebook: u32,
    /// The emergency rule that decided it on top of the rulebook: jurisdiction and number, as `PK/1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emergency: Option<String>,
    /// The salted commitment to the order behind a refusal whose parties may not learn it; the authority can open it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withheld: Option<View<Hash>>,
    /// The money side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub movement: Option<MovementView>,
    /// Why the payment waits in the queue, as of the answer's height; only in the answers to a submission.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<RefusalView>,
}

/// Why an instruction was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RefusalView {
    /// The ISO 20022 external status reason, for example `AM04`.
    pub iso_reason: String,
    /// The stable number.
    pub code: u16,
    /// The stable name, for example `INSUFFICIENT_FUNDS`.
    pub name: String,
    /// What, whose, which rule and how to mend it.
    pub sentence: String,
}

/// The money side of an outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MovementView {
    /// The payment's reference.
    pub uetr: View<Uetr>,
    /// How much.
    pub money: MoneyView,
    /// The institution debited, or whose request it is.
    pub debtor_agent: View<Lei>,
    /// The institution credited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creditor_agent: Option<View<Lei>>,
    /// The account debited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub debtor_account: Option<View<AccountNumber>>,
    /// The account credited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creditor_account: Option<View<AccountNumber>>,
    /// The hash of the message that the instruction was read from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_hash: Option<View<Hash>>,
}

impl OutcomeView {
    pub(crate) fn new(outcome: &Outcome, header: &BlockHeader, position: u32) -> Self {
        let place = Located {
            height: header.height,
            position,
        };
        Self {
            sequence: place.sequence(),
            height: header.height.get(),
            position,
            time: View(header.time),
            transaction: outcome.transaction.map(View),
            instruction: View(outcome.instruction),
            operation: outcome.operation.to_string(),
            status: View(outcome.status),
            refusal: outcome.refusal.as_ref().map(RefusalView::new),
            clause: outcome.clause.to_string(),
            emergency: outcome
                .emergency
                .map(|rule| format!("{}/{}", rule.jurisdiction, rule.number)),
            withheld: outcome.withheld.map(View),
            rulebook: outcome.rulebook,
            movement: outcome.movement.as_ref().map(MovementView::new),
            waiting: None,
        }
    }
}

impl RefusalView {
    pub(crate) fn new(refusal: &Refusal) -> Self {
        Self {
            iso_reason: refusal.reason.to_string(),
            code: refusal.code,
            name: refusal.name.to_string(),
            sentence: refusal.detail.to_string(),
        }
    }
}

impl MovementView {
    fn new(movement: &Movement) -> Self {
        Self {
            uetr: View(movement.uetr),
            money: MoneyView::new(movement.amount, movement.currency),
            debtor_agent: View(movement.debtor_agent),
            creditor_agent: movement.creditor_agent.map(View),
            debtor_account: movement.debtor_account.clone().map(View),
            creditor_account: movement.creditor_account.clone().map(View),
            message_hash: movement.message_hash.map(View),
        }
    }
}
