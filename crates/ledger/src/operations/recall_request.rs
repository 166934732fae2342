//! `RecallRequest`: the debtor agent asks for a settled payment back (camt.056 after settlement). It opens a case for the creditor agent to answer.

use super::Execute;
use super::post::find;
use super::send_back::check_returnable;
use crate::authority::Authority;
use crate::checks;
use crate::execution::{Execution, Item};
use crate::rejection::Rejection;
use crate::state::State;
use karwan_types::{AgentIdentification, ExternalCode, Max35Text, Uetr};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Asks for a payment back, signed for its debtor agent. What has not settled is cancelled instead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RecallRequest {
    /// The debtor agent of the payment, which asks.
    pub agent: AgentIdentification,
    /// The payment.
    pub uetr: Uetr,
    /// Why, by the cancellation reason codes (`FRAD`, `TECH`, `DUPL`, `CUST`, `AM09`, …). The rulebook gives each its window.
    pub reason: ExternalCode,
    /// The debtor agent's reference of the case.
    pub case: Option<Max35Text>,
}

impl Execute for RecallRequest {
    fn check_alone(&self) -> Result<(), Rejection> {
        checks::cancellation_reason(&self.reason)
    }
    fn authority(&self, state: &State) -> Result<Authority, Rejection> {
        let agent = checks::debtor_agent_known(state, &self.agent)?;
        Ok(Authority::of(agent, None))
    }
    fn execute(&self, execution: &mut Execution<'_>, _open: &[Item]) -> Result<(), Rejection> {
        let uetr = self.uetr;
        let (key, payment) = find(execution.state, &self.agent, uetr)?;
        check_returnable(&payment, uetr)?;
        if let Some(case) = execution.state.recall(&key)
            && case.status.is_open()
        {
            let since = case.opened;
            return Err(Rejection::RecallOpen { uetr, since });
        }
        let settled = payment.settled.expect("a settled payment has its time");
        let window = execution.state.rules().recall_window(&self.reason);
        let latest = settled.after(window);
        if execution.time > latest {
            let reason = self.reason.clone();
            return Err(Rejection::RecallTooLate {
                uetr,
                reason,
                latest,
            });
        }
        execution.open_recall((key, payment), &self.reason, self.case.as_ref());
        Ok(())
    }
    fn example() -> Self {
        Self {
            agent: "KRVNPKKA".parse().expect("constant"),
            uetr: "8a562c67-ca16-48ba-b074-65581be6f001"
                .parse()
                .expect("constant"),
            reason: "DUPL".parse().expect("constant"),
            case: Some("CASE-1".parse().expect("constant")),
        }
    }
}
