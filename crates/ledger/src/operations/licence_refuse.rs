//! `LicenceRefuse`: the regulator refuses an application.

use super::Execute;
use crate::authority::Authority;
use crate::checks;
use crate::execution::{Execution, Item};
use crate::rejection::Rejection;
use crate::state::State;
use crate::supervision::{self, LicenceStatus};
use karwan_types::{AgentIdentification, Hash, Max35Text, Sentence};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A refusal, signed for the regulator of the institution's jurisdiction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LicenceRefuse {
    /// The institution.
    pub agent: AgentIdentification,
    /// The activity, by its code in the rulebook.
    #[schemars(extend("x-positional" = true))]
    pub activity: Max35Text,
    /// The law that the order rests on.
    pub legal_basis: Sentence,
    /// The hash of the order.
    pub order_hash: Hash,
}

impl Execute for LicenceRefuse {
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
            LicenceStatus::Applied | LicenceStatus::NoObjection
        ) {
            return Err(Rejection::LicenceState {
                activity: self.activity.clone(),
                needed: "applied for",
            });
        }
        licence.status = LicenceStatus::Refused;
        supervision::record(execution, key, licence);
        Ok(())
    }
    fn example() -> Self {
        Self {
            agent: "KRVNPKKA".parse().expect("constant"),
            activity: "SETTLEMENT".parse().expect("constant"),
            legal_basis: "PK VAA 2026 s.70".parse().expect("constant"),
            order_hash: Hash::from_bytes([6; 32]),
        }
    }
}
