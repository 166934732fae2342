//! `EmergencyEnd`: a jurisdiction ends its emergency rule before it lapses.

use super::Execute;
use super::emergency_rule::governor_of;
use crate::authority::Authority;
use crate::execution::{Execution, Item};
use crate::rejection::Rejection;
use crate::state::State;
use karwan_types::{EmergencyRuleId, JurisdictionCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Ends an emergency rule, signed for the governor of its jurisdiction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EmergencyEnd {
    /// Whose rule it is.
    pub jurisdiction: JurisdictionCode,
    /// Its number.
    pub number: u32,
}

impl Execute for EmergencyEnd {
    fn check_alone(&self) -> Result<(), Rejection> {
        Ok(())
    }
    fn authority(&self, state: &State) -> Result<Authority, Rejection> {
        governor_of(state, self.jurisdiction)
    }
    fn execute(&self, execution: &mut Execution<'_>, _open: &[Item]) -> Result<(), Rejection> {
        let rule = EmergencyRuleId {
            jurisdiction: self.jurisdiction,
            number: self.number,
        };
        let record = execution.state.emergencies.get(&rule).cloned();
        let in_force = record.filter(|record| record.until > execution.time);
        let mut record = in_force.ok_or(Rejection::EmergencyOver { rule })?;
        record.until = execution.time;
        execution.state.put_emergency(rule, record);
        Ok(())
    }
    fn example() -> Self {
        Self {
            jurisdiction: "PK".parse().expect("constant"),
            number: 1,
        }
    }
}
