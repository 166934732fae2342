//! `Cancel`: the debtor agent withdraws what has not settled: an instruction that waits for signatures or in the queue, or an open request for issue (camt.056 before settlement).

use super::Execute;
use super::post::find;
use crate::authority::Authority;
use crate::checks;
use crate::execution::{Execution, Item};
use crate::records::{InstructionKey, RecordKind};
use crate::rejection::Rejection;
use crate::state::State;
use karwan_types::{AgentIdentification, ExternalCode, TransactionStatus, Uetr};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Withdraws an instruction, signed for the agent that gave it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Cancel {
    /// The agent that gave the instruction.
    pub agent: AgentIdentification,
    /// Its reference.
    pub uetr: Uetr,
    /// Why, by the cancellation reason codes (`CUST`, `DUPL`, …).
    pub reason: ExternalCode,
}

impl Execute for Cancel {
    fn check_alone(&self) -> Result<(), Rejection> {
        checks::cancellation_reason(&self.reason)
    }
    fn authority(&self, state: &State) -> Result<Authority, Rejection> {
        let agent = checks::debtor_agent_known(state, &self.agent)?;
        Ok(Authority::of(agent, None))
    }
    fn execute(&self, execution: &mut Execution<'_>, _open: &[Item]) -> Result<(), Rejection> {
        let (key, record) = find(execution.state, &self.agent, self.uetr)?;
        let open_request =
            record.kind == RecordKind::IssueRequest && record.status == TransactionStatus::Pdng;
        match record.status {
            TransactionStatus::Patc => {}
            TransactionStatus::Pdng if open_request => {}
            TransactionStatus::Pdng if execution.state.queued(&key).is_some() => {
                return cancel_queued(execution, key);
            }
            TransactionStatus::Acsc | TransactionStatus::Accc
                if record.returned == record.movement.amount =>
            {
                return Err(Rejection::ReturnedAlready { uetr: self.uetr });
            }
            TransactionStatus::Acsc | TransactionStatus::Accc => {
                return Err(Rejection::SettledAlready { uetr: self.uetr });
            }
            TransactionStatus::Rcvd
            | TransactionStatus::Actc
            | TransactionStatus::Pdng
            | TransactionStatus::Acsp
            | TransactionStatus::Rjct
            | TransactionStatus::Canc => {
                return Err(Rejection::OriginalStatus {
                    uetr: self.uetr,
                    status: record.status.as_str(),
                });
            }
        }
        if execution.state.exchange(&record.instruction).is_some() {
            // Until both have signed, either side withdraws the whole.
            execution.withdraw_waiting(record.instruction);
            return Ok(());
        }
        execution.advance(key, |record| record.status = TransactionStatus::Canc);
        execution.drop_approval_if_empty(record.instruction);
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

/// Takes a payment out of the queue, with everything that would have settled together with it.
fn cancel_queued(execution: &mut Execution<'_>, key: InstructionKey) -> Result<(), Rejection> {
    let not_queued = Rejection::NotQueued { uetr: key.uetr };
    let (number, entry) = execution.state.queued(&key).ok_or(not_queued)?;
    if entry.legs.iter().any(|leg| leg.key.agent != key.agent) {
        return Err(Rejection::CancelNeedsAll { uetr: key.uetr });
    }
    let entry = execution.state.take_queue_entry(number);
    for leg in entry.legs {
        execution.advance(leg.key, |record| record.status = TransactionStatus::Canc);
    }
    Ok(())
}
