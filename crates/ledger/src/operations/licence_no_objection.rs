//! `LicenceNoObjection`: the regulator states that it has no objection to an application; the institution may prepare.

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

/// A no-objection, signed for the regulator of the institution's jurisdiction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LicenceNoObjection {
    /// The institution.
    pub agent: AgentIdentification,
    /// The activity, by its code in the rulebook.
    #[schemars(extend("x-positional" = true))]
    pub activity: Max35Text,
    /// The regulator's reference.
    pub reference: Max35Text,
}

impl Execute for LicenceNoObjection {
    fn check_alone(&self) -> Result<(), Rejection> {
        Ok(())
    }
    fn authority(&self, state: &State) -> Result<Authority, Rejection> {
        supervision::regulator_of(state, checks::debtor_agent_known(state, &self.agent)?)
    }
    fn execute(&self, execution: &mut Execution<'_>, _open: &[Item]) -> Result<(), Rejection> {
        let (key, mut licence) =
            supervision::find_licence(execution.state, &self.agent, &self.activity)?;
        if !matches!(licence.status, LicenceStatus::Applied) {
            return Err(Rejection::LicenceState {
                activity: self.activity.clone(),
                needed: "applied for",
            });
        }
        licence.status = LicenceStatus::NoObjection;
        licence.no_objection = Some(self.reference.clone());
        supervision::record(execution, key, licence);
        Ok(())
    }
    fn example() -> Self {
        Self {
            agent: "KRVNPKKA".parse().expect("constant"),
            activity: "SETTLEMENT".parse().expect("constant"),
            reference: "NOC-2026-17".parse().expect("constant"),
        }
    }
}
