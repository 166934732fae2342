//! `CancelExchange`: everybody who pays by an exchange, or by a linked set of several debtors, withdraws it while it waits in
//! the queue.

use super::Execute;
use super::post::find;
use super::reprioritise::find_queued;
use crate::authority::{Authority, Group, Need};
use crate::checks;
use crate::execution::{Execution, Item};
use crate::records::Holder;
use crate::rejection::Rejection;
use crate::state::State;
use karwan_types::{AgentIdentification, ExternalCode, Lei, TransactionStatus, Uetr};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Withdraws what several debtors have agreed to, signed for each of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CancelExchange {
    /// The debtor agent of one of its payments.
    pub agent: AgentIdentification,
    /// The reference of that payment.
    pub uetr: Uetr,
    /// Why, by the cancellation reason codes (`CUST`, `DUPL`, …).
    pub reason: ExternalCode,
}

impl CancelExchange {
    /// The number of the entry that waits.
    fn entry(&self, state: &State) -> Result<u64, Rejection> {
        let (_, record) = find(state, &self.agent, self.uetr)?;
        match record.status {
            TransactionStatus::Acsc | TransactionStatus::Accc => {
                Err(Rejection::SettledAlready { uetr: self.uetr })
            }
            TransactionStatus::Rcvd
            | TransactionStatus::Patc
            | TransactionStatus::Actc
            | TransactionStatus::Pdng
            | TransactionStatus::Acsp
            | TransactionStatus::Rjct
            | TransactionStatus::Canc => find_queued(state, &self.agent, self.uetr),
        }
    }
}

impl Execute for CancelExchange {
    fn check_alone(&self) -> Result<(), Rejection> {
        checks::cancellation_reason(&self.reason)
    }
    fn authority(&self, state: &State) -> Result<Authority, Rejection> {
        let entry = state.queue_entry(self.entry(state)?);
        let debtors: BTreeSet<Lei> = entry.legs.iter().map(|leg| leg.key.agent).collect();
        let group = |debtor: Lei| Group {
            holders: [Holder::Participant(debtor)].into(),
            need: Need::Policy(None),
        };
        Ok(Authority::new(debtors.into_iter().map(group).collect()))
    }
    fn execute(&self, execution: &mut Execution<'_>, _open: &[Item]) -> Result<(), Rejection> {
        let number = self.entry(execution.state)?;
        let entry = execution.state.take_queue_entry(number);
        for leg in entry.legs {
            execution.advance(leg.key, |record| record.status = TransactionStatus::Canc);
        }
        Ok(())
    }
    fn example() -> Self {
        Self {
            agent: "KRVNPKKA".parse().expect("constant"),
            uetr: "8a562c67-ca16-48ba-b074-65581be6f001"
                .parse()
                .expect("constant"),
            reason: "CUST".parse().expect("constant"),
        }
    }
}
