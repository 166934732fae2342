//! `EmergencyRule`: one jurisdiction tightens the rules for its own institutions at once, for at most 72 hours.

use super::Execute;
use crate::authority::{Authority, Group, Need};
use crate::execution::{Execution, Item};
use crate::records::{EmergencyMeasure, EmergencyRecord, Holder, Money};
use crate::rejection::Rejection;
use crate::state::State;
use karwan_types::{Amount, EmergencyRuleId, Hash, JurisdictionCode, Sentence, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An emergency rule, signed for the governor of its jurisdiction alone. It binds payments from and to the jurisdiction's
/// institutions, can only refuse what would have been allowed, and lapses by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EmergencyRule {
    /// Whose rule it is.
    pub jurisdiction: JurisdictionCode,
    /// The jurisdiction's next number.
    pub number: u32,
    /// What it does.
    pub measure: EmergencyMeasure,
    /// Until when, exclusive.
    pub until: Timestamp,
    /// The law that it rests on.
    pub legal_basis: Sentence,
    /// The hash of the order.
    pub order_hash: Hash,
}

/// The governor of one jurisdiction.
pub(super) fn governor_of(
    state: &State,
    jurisdiction: JurisdictionCode,
) -> Result<Authority, Rejection> {
    if !state.chain().jurisdictions.contains(&jurisdiction) {
        return Err(Rejection::JurisdictionUnknown { jurisdiction });
    }
    Ok(Authority::new(vec![Group {
        holders: [Holder::Governor(jurisdiction)].into(),
        need: Need::AnySigner,
    }]))
}

impl Execute for EmergencyRule {
    fn check_alone(&self) -> Result<(), Rejection> {
        Ok(())
    }
    fn authority(&self, state: &State) -> Result<Authority, Rejection> {
        governor_of(state, self.jurisdiction)
    }
    fn execute(&self, execution: &mut Execution<'_>, _open: &[Item]) -> Result<(), Rejection> {
        let state = &*execution.state;
        let jurisdiction = self.jurisdiction;
        let own = state
            .emergencies()
            .filter(|(id, _)| id.jurisdiction == jurisdiction);
        let next = own.last().map_or(0, |(id, _)| id.number).saturating_add(1);
        if self.number != next {
            return Err(Rejection::EmergencyNumber { next });
        }
        let latest = execution.time.after(state.rules().common.emergency_max_ms);
        if self.until <= execution.time || self.until > latest {
            return Err(Rejection::EmergencyDuration { latest });
        }
        let id = EmergencyRuleId {
            jurisdiction,
            number: next,
        };
        let record = EmergencyRecord {
            measure: self.measure.clone(),
            until: self.until,
            legal_basis: self.legal_basis.clone(),
            order_hash: self.order_hash,
        };
        execution.state.put_emergency(id, record);
        Ok(())
    }
    fn example() -> Self {
        Self {
            jurisdiction: "PK".parse().expect("constant"),
            number: 1,
            measure: EmergencyMeasure::PaymentMax(Money {
                currency: "PKR".parse().expect("constant"),
                amount: Amount::from_minor(100_000_000),
            }),
            until: Timestamp::from_millis(1_790_000_000_000),
            legal_basis: "PK SBP Act 1956 s.17G".parse().expect("constant"),
            order_hash: Hash::from_bytes([6; 32]),
        }
    }
}
