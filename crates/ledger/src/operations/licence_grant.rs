//! `LicenceGrant`: the regulator grants a licence, or renews or varies one that is in force.

use super::Execute;
use crate::authority::Authority;
use crate::checks;
use crate::execution::{Execution, Item};
use crate::rejection::Rejection;
use crate::state::State;
use crate::supervision::{self, CONDITIONS_MAX, LicenceScope, LicenceStatus};
use karwan_types::{AgentIdentification, Max35Text, Sentence, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A grant, signed for the regulator of the institution's jurisdiction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LicenceGrant {
    /// The institution.
    pub agent: AgentIdentification,
    /// The activity, by its code in the rulebook.
    #[schemars(extend("x-positional" = true))]
    pub activity: Max35Text,
    /// What it covers.
    pub scope: LicenceScope,
    /// The conditions, in words.
    pub conditions: Vec<Sentence>,
    /// In force from this time on; none for at once.
    pub from: Option<Timestamp>,
    /// In force until this time, exclusive.
    pub until: Timestamp,
}

impl Execute for LicenceGrant {
    fn check_alone(&self) -> Result<(), Rejection> {
        if self.conditions.len() > CONDITIONS_MAX {
            return Err(Rejection::InvalidField {
                field: "conditions",
                rule: "must be at most 32",
            });
        }
        self.scope.check()
    }
    fn authority(&self, state: &State) -> Result<Authority, Rejection> {
        supervision::regulator_of(state, checks::debtor_agent_known(state, &self.agent)?)
    }
    fn execute(&self, execution: &mut Execution<'_>, _open: &[Item]) -> Result<(), Rejection> {
        let (key, mut licence) =
            supervision::find_licence(execution.state, &self.agent, &self.activity)?;
        let participant = key.participant;
        let activity = supervision::activity(execution.state, participant, &self.activity)?;
        let ready = match licence.status {
            LicenceStatus::NoObjection | LicenceStatus::Granted => true,
            LicenceStatus::Applied => !activity.no_objection,
            // Its documents are known: while the business is still being wound down it may go on.
            LicenceStatus::Expired { wind_down_until }
            | LicenceStatus::Surrendered { wind_down_until } => execution.time < wind_down_until,
            LicenceStatus::Refused
            | LicenceStatus::Suspended(_)
            | LicenceStatus::Revoked { .. } => false,
        };
        if !ready {
            return Err(Rejection::LicenceState {
                activity: self.activity.clone(),
                needed: "applied for with the regulator's no-objection where the rulebook asks for it, in force, or being wound down after its term or its surrender",
            });
        }
        let from = self.from.unwrap_or(execution.time).max(execution.time);
        let latest = from.after(activity.term_max_ms);
        if self.until <= from || self.until > latest {
            return Err(Rejection::LicenceTerm { latest });
        }
        // A variation never interrupts a licence that is in force.
        let varies = licence.status == LicenceStatus::Granted;
        licence.from = if varies { licence.from.min(from) } else { from };
        licence.status = LicenceStatus::Granted;
        licence.scope = self.scope.clone();
        licence.conditions = self.conditions.clone();
        licence.until = self.until;
        supervision::record(execution, key, licence);
        Ok(())
    }
    fn example() -> Self {
        Self {
            agent: "KRVNPKKA".parse().expect("constant"),
            activity: "SETTLEMENT".parse().expect("constant"),
            scope: LicenceScope {
                currencies: vec!["PKR".parse().expect("constant")],
                corridors: vec!["KG".parse().expect("constant")],
                payment_max: Vec::new(),
            },
            conditions: vec!["Quarterly report".parse().expect("constant")],
            from: None,
            until: Timestamp::from_millis(1_790_000_000_000),
        }
    }
}
