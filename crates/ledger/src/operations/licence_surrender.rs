//! `LicenceSurrender`: an institution gives its licence, which it then winds down, or its application back.

use super::Execute;
use crate::authority::Authority;
use crate::checks;
use crate::execution::{Execution, Item};
use crate::rejection::Rejection;
use crate::state::State;
use crate::supervision::{self, LicenceStatus};
use karwan_types::{AgentIdentification, Max35Text};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A surrender, signed for the institution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LicenceSurrender {
    /// The institution.
    pub agent: AgentIdentification,
    /// The activity, by its code in the rulebook.
    #[schemars(extend("x-positional" = true))]
    pub activity: Max35Text,
}

impl Execute for LicenceSurrender {
    fn check_alone(&self) -> Result<(), Rejection> {
        Ok(())
    }
    fn authority(&self, state: &State) -> Result<Authority, Rejection> {
        let participant = checks::debtor_agent_known(state, &self.agent)?;
        Ok(Authority::of(participant, None))
    }
    fn execute(&self, execution: &mut Execution<'_>, _open: &[Item]) -> Result<(), Rejection> {
        let (key, mut licence) =
            supervision::find_licence(execution.state, &self.agent, &self.activity)?;
        if !matches!(
            licence.status,
            LicenceStatus::Applied | LicenceStatus::NoObjection | LicenceStatus::Granted
        ) {
            return Err(Rejection::LicenceState {
                activity: self.activity.clone(),
                needed: "applied for or in force",
            });
        }
        let time = execution.time;
        let wind_down_until = if licence.status == LicenceStatus::Granted {
            supervision::wind_down_until(execution.state, time, key.participant)
        } else {
            time
        };
        licence.status = LicenceStatus::Surrendered { wind_down_until };
        supervision::record(execution, key, licence);
        Ok(())
    }
    fn example() -> Self {
        Self {
            agent: "KRVNPKKA".parse().expect("constant"),
            activity: "SETTLEMENT".parse().expect("constant"),
        }
    }
}
