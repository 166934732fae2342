//! `Reprioritise`: the debtor agent puts a waiting payment into another class.

use super::Execute;
use super::terms::Priority;
use crate::authority::Authority;
use crate::checks;
use crate::execution::{Execution, Item};
use crate::records::InstructionKey;
use crate::rejection::Rejection;
use crate::state::State;
use karwan_types::{AgentIdentification, Uetr};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Changes the class of a waiting payment, signed for its debtor agent. In the new class it stands by its age.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reprioritise {
    /// The debtor agent of the payment.
    pub agent: AgentIdentification,
    /// The payment.
    pub uetr: Uetr,
    /// Its new class.
    pub priority: Priority,
}

/// The number of the entry by which an agent's payment waits.
pub(super) fn find_queued(
    state: &State,
    agent: &AgentIdentification,
    uetr: Uetr,
) -> Result<u64, Rejection> {
    let agent = checks::debtor_agent_known(state, agent)?;
    let queued = state.queued(&InstructionKey { agent, uetr });
    queued
        .map(|(number, _)| number)
        .ok_or(Rejection::NotQueued { uetr })
}

impl Execute for Reprioritise {
    fn check_alone(&self) -> Result<(), Rejection> {
        Ok(())
    }
    fn authority(&self, state: &State) -> Result<Authority, Rejection> {
        let agent = checks::debtor_agent_known(state, &self.agent)?;
        Ok(Authority::of(agent, None))
    }
    fn execute(&self, execution: &mut Execution<'_>, _open: &[Item]) -> Result<(), Rejection> {
        let state = &mut *execution.state;
        let number = find_queued(state, &self.agent, self.uetr)?;
        let mut entry = state.queue_entry(number).clone();
        if entry.legs.len() > 1 {
            // One debtor would change the class of the other's payment too.
            return Err(Rejection::OriginalKind {
                uetr: self.uetr,
                needed: "a payment that waits by itself",
            });
        }
        entry.priority = self.priority;
        entry.place = number;
        state.put_queue_entry(number, entry);
        Ok(())
    }
    fn example() -> Self {
        Self {
            agent: "KRVNPKKA".parse().expect("constant"),
            uetr: "8a562c67-ca16-48ba-b074-65581be6f001"
                .parse()
                .expect("constant"),
            priority: Priority::Urgt,
        }
    }
}
