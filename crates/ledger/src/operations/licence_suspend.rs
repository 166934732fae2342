//! `LicenceSuspend`: the regulator suspends a licence: no new payments but returns and redemptions.

use super::Execute;
use crate::authority::Authority;
use crate::checks;
use crate::execution::{Execution, Item};
use crate::rejection::Rejection;
use crate::state::State;
use crate::supervision::{self, LicenceStatus, QueuedPayments, Suspension};
use karwan_types::{AgentIdentification, Hash, Max35Text, Sentence, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A suspension, signed for the regulator of the institution's jurisdiction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LicenceSuspend {
    /// The institution.
    pub agent: AgentIdentification,
    /// The activity, by its code in the rulebook.
    #[schemars(extend("x-positional" = true))]
    pub activity: Max35Text,
    /// Lifted by itself at this time; none until the regulator lifts it.
    pub until: Option<Timestamp>,
    /// What becomes of payments from and to the institution that wait in the queue.
    pub queued: QueuedPayments,
    /// Whether clients may take their money out.
    pub client_withdrawals: bool,
    /// The law that the order rests on.
    pub legal_basis: Sentence,
    /// The hash of the order.
    pub order_hash: Hash,
}

impl Execute for LicenceSuspend {
    fn check_alone(&self) -> Result<(), Rejection> {
        Ok(())
    }
    fn authority(&self, state: &State) -> Result<Authority, Rejection> {
        supervision::regulator_of(state, checks::debtor_agent_known(state, &self.agent)?)
    }
    fn execute(&self, execution: &mut Execution<'_>, _open: &[Item]) -> Result<(), Rejection> {
        let (key, mut licence) =
            supervision::find_licence(execution.state, &self.agent, &self.activity)?;
        if !matches!(
            licence.status,
            LicenceStatus::Granted | LicenceStatus::Suspended(_)
        ) {
            return Err(Rejection::LicenceState {
                activity: self.activity.clone(),
                needed: "in force",
            });
        }
        let time = execution.time;
        if self.until.is_some_and(|until| until <= time) {
            return Err(Rejection::OrderTime { after: time });
        }
        licence.status = LicenceStatus::Suspended(Suspension {
            until: self.until,
            queued: self.queued,
            client_withdrawals: self.client_withdrawals,
        });
        supervision::record(execution, key, licence);
        Ok(())
    }
    fn example() -> Self {
        Self {
            agent: "KRVNPKKA".parse().expect("constant"),
            activity: "SETTLEMENT".parse().expect("constant"),
            until: None,
            queued: QueuedPayments::Wait,
            client_withdrawals: true,
            legal_basis: "PK VAA 2026 s.70".parse().expect("constant"),
            order_hash: Hash::from_bytes([6; 32]),
        }
    }
}
