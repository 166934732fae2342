//! `Void`: releases a hold.

use super::Execute;
use super::post::{accounts, either_side, find, open_hold};
use crate::authority::Authority;
use crate::execution::{Execution, Item};
use crate::rejection::Rejection;
use crate::state::State;
use crate::{posting, usage};
use karwan_types::{AgentIdentification, TransactionStatus, Uetr};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Releases a hold. Signed for the creditor agent or the debtor agent of the hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Void {
    /// The debtor agent of the hold.
    pub agent: AgentIdentification,
    /// The hold.
    pub uetr: Uetr,
}

impl Execute for Void {
    fn check_alone(&self) -> Result<(), Rejection> {
        Ok(())
    }
    fn authority(&self, state: &State) -> Result<Authority, Rejection> {
        let (_, record) = find(state, &self.agent, self.uetr)?;
        Ok(either_side(&record, None))
    }
    fn execute(&self, execution: &mut Execution<'_>, _open: &[Item]) -> Result<(), Rejection> {
        let (key, record) = open_hold(execution, &self.agent, self.uetr)?;
        let (debit, _) = accounts(&record);
        posting::release(execution.state, &debit, record.movement.amount);
        usage::give_back(execution.state, &record, record.movement.amount);
        execution.advance(key, |record| record.status = TransactionStatus::Canc);
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
