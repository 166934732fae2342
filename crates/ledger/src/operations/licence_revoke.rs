//! `LicenceRevoke`: the regulator takes a licence away. What winds the business down stays allowed for a time, then the accounts are blocked.

use super::Execute;
use crate::authority::Authority;
use crate::checks;
use crate::execution::{Execution, Item};
use crate::rejection::Rejection;
use crate::state::State;
use crate::supervision::{self, LicenceStatus};
use karwan_types::{AgentIdentification, Hash, Max35Text, Sentence, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A revocation, signed for the regulator of the institution's jurisdiction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LicenceRevoke {
    /// The institution.
    pub agent: AgentIdentification,
    /// The activity, by its code in the rulebook.
    #[schemars(extend("x-positional" = true))]
    pub activity: Max35Text,
    /// Returns, redemptions and withdrawals of clients stay allowed until this time, exclusive.
    pub wind_down_until: Timestamp,
    /// The law that the order rests on.
    pub legal_basis: Sentence,
    /// The hash of the order.
    pub order_hash: Hash,
}

impl Execute for LicenceRevoke {
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
        if self.wind_down_until <= time {
            return Err(Rejection::OrderTime { after: time });
        }
        licence.status = LicenceStatus::Revoked {
            wind_down_until: self.wind_down_until,
        };
        supervision::record(execution, key, licence);
        Ok(())
    }
    fn example() -> Self {
        Self {
            agent: "KRVNPKKA".parse().expect("constant"),
            activity: "SETTLEMENT".parse().expect("constant"),
            wind_down_until: Timestamp::from_millis(1_790_000_000_000),
            legal_basis: "PK VAA 2026 s.70".parse().expect("constant"),
            order_hash: Hash::from_bytes([6; 32]),
        }
    }
}
