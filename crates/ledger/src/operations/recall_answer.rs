//! `RecallAnswer`: the creditor agent gives a recalled payment back or says why not (camt.029).

use super::Execute;
use super::post::find;
use super::send_back::{Part, SendBack};
use crate::authority::Authority;
use crate::execution::{Execution, Item};
use crate::recalls::RecallStatus;
use crate::rejection::Rejection;
use crate::state::State;
use karwan_types::{
    AgentIdentification, Amount, ExternalCode, Hash, RECALL_REJECTION_REASONS, Uetr, is_reason,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The answer to an open recall, signed for the creditor agent of the payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RecallAnswer {
    /// The debtor agent of the payment, which asks.
    pub original_agent: AgentIdentification,
    /// The payment.
    pub original_uetr: Uetr,
    /// What the creditor agent says.
    pub decision: RecallDecision,
}

/// What a creditor agent says to a recall.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum RecallDecision {
    /// CNCL: gives the money back, now or not at all. When it is not there the case stays open.
    Cancel {
        /// The reference of the return.
        #[schemars(extend("x-generated" = true))]
        uetr: Uetr,
        /// How much, in minor units: at most what has not been returned yet.
        amount: Amount,
        /// Why, by the return reason codes; `FOCR` says that a cancellation request is followed.
        reason: ExternalCode,
        /// The salted hash of the message as received; it covers everything in it.
        #[schemars(extend("x-hidden" = true))]
        message_hash: Option<Hash>,
    },
    /// RJCR: does not give it back.
    Reject {
        /// Why: `AC04`, `AGNT`, `AM04`, `ARDT`, `CUST`, `LEGL`, `NOAS`, `PTNA` or `RQDA`.
        reason: ExternalCode,
    },
}

/// An answer, with what goes back by it.
enum Answer<'a> {
    Cancel(SendBack<'a>),
    Reject(&'a ExternalCode),
}

impl RecallAnswer {
    fn answer(&self) -> Answer<'_> {
        match &self.decision {
            RecallDecision::Cancel {
                uetr,
                amount,
                reason,
                message_hash,
            } => Answer::Cancel(SendBack {
                uetr: *uetr,
                original_agent: &self.original_agent,
                original_uetr: self.original_uetr,
                amount: *amount,
                reason,
                message_hash: *message_hash,
            }),
            RecallDecision::Reject { reason } => Answer::Reject(reason),
        }
    }
}

impl Execute for RecallAnswer {
    fn check_alone(&self) -> Result<(), Rejection> {
        match self.answer() {
            Answer::Cancel(back) => back.check_alone(),
            Answer::Reject(reason) if is_reason(RECALL_REJECTION_REASONS, reason) => Ok(()),
            Answer::Reject(_) => Err(Rejection::InvalidField {
                field: "reason",
                rule: "must be AC04, AGNT, AM04, ARDT, CUST, LEGL, NOAS, PTNA or RQDA",
            }),
        }
    }
    fn authority(&self, state: &State) -> Result<Authority, Rejection> {
        match self.answer() {
            Answer::Cancel(back) => back.authority(state),
            // Whoever may release the payment's amount may also keep it.
            Answer::Reject(_) => {
                let (_, original) = find(state, &self.original_agent, self.original_uetr)?;
                let movement = original.movement;
                let unknown = Rejection::OriginalUnknown {
                    uetr: self.original_uetr,
                };
                let money = (movement.currency, movement.amount);
                let creditor = movement.creditor_agent.ok_or(unknown)?;
                Ok(Authority::of(creditor, Some(money)))
            }
        }
    }
    fn items(&self, state: &State) -> Vec<Item> {
        match self.answer() {
            Answer::Cancel(back) => back.items(state),
            Answer::Reject(_) => Vec::new(),
        }
    }
    fn execute(&self, execution: &mut Execution<'_>, open: &[Item]) -> Result<(), Rejection> {
        let uetr = self.original_uetr;
        let (key, _) = find(execution.state, &self.original_agent, uetr)?;
        let case = execution.state.recall(&key);
        if !case.is_some_and(|case| case.status.is_open()) {
            return Err(Rejection::NoRecall { uetr });
        }
        match self.answer() {
            Answer::Cancel(back) => back.settle(execution, open, Part::Answers),
            Answer::Reject(reason) => {
                let reason = reason.clone();
                execution.change_recall(key, RecallStatus::Rejected { reason });
                Ok(())
            }
        }
    }
    fn example() -> Self {
        Self {
            original_agent: "KRVNPKKA".parse().expect("constant"),
            original_uetr: "8a562c67-ca16-48ba-b074-65581be6f001"
                .parse()
                .expect("constant"),
            decision: RecallDecision::Cancel {
                uetr: "8a562c67-ca16-48ba-b074-65581be6f004"
                    .parse()
                    .expect("constant"),
                amount: Amount::from_minor(1_234_500),
                reason: "FOCR".parse().expect("constant"),
                message_hash: Some(Hash::from_bytes([7; 32])),
            },
        }
    }
}
