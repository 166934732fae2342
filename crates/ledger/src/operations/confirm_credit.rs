//! `ConfirmCredit`: the creditor agent has credited its customer and has the payment's message.

use super::Execute;
use super::post::find;
use crate::authority::{Authority, Group, Need};
use crate::execution::{Execution, Item};
use crate::records::{Holder, RecordKind};
use crate::rejection::Rejection;
use crate::state::State;
use karwan_types::{AgentIdentification, TransactionStatus, Uetr};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Confirms the end customer's credit, signed by one key of the creditor agent: it moves no money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConfirmCredit {
    /// The debtor agent of the payment.
    pub agent: AgentIdentification,
    /// The payment.
    pub uetr: Uetr,
}

impl Execute for ConfirmCredit {
    fn check_alone(&self) -> Result<(), Rejection> {
        Ok(())
    }
    fn authority(&self, state: &State) -> Result<Authority, Rejection> {
        let (_, record) = find(state, &self.agent, self.uetr)?;
        let unknown = Rejection::OriginalUnknown { uetr: self.uetr };
        let creditor = Holder::Participant(record.movement.creditor_agent.ok_or(unknown)?);
        Ok(Authority::new(vec![Group {
            holders: [creditor].into(),
            need: Need::AnySigner,
        }]))
    }
    fn execute(&self, execution: &mut Execution<'_>, _open: &[Item]) -> Result<(), Rejection> {
        let (key, record) = find(execution.state, &self.agent, self.uetr)?;
        match record.kind {
            RecordKind::Payment | RecordKind::Hold { .. } | RecordKind::Return { .. } => {}
            RecordKind::IssueRequest | RecordKind::Redemption => {
                return Err(Rejection::OriginalKind {
                    uetr: self.uetr,
                    needed: "a payment",
                });
            }
        }
        if record.status != TransactionStatus::Acsc {
            return Err(Rejection::OriginalStatus {
                uetr: self.uetr,
                status: record.status.as_str(),
            });
        }
        execution.advance(key, |record| record.status = TransactionStatus::Accc);
        Ok(())
    }
    fn example() -> Self {
        Self {
            agent: "KRVNPKKA".parse().expect("constant"),
            uetr: "8a562c67-ca16-48ba-b074-65581be6f001"
                .parse()
                .expect("constant"),
        }
    }
}
