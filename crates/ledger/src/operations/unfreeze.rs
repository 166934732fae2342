//! `Unfreeze`: the authority that ordered a freeze, or a court, lifts it; once a court has confirmed it, only a court.

use super::Execute;
use crate::authority::Authority;
use crate::execution::{Execution, Item};
use crate::records::Holder;
use crate::rejection::Rejection;
use crate::state::State;
use crate::supervision::{self, FreezeKey, FreezeSubject};
use karwan_types::{Hash, JurisdictionCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The end of a freeze, signed for the regulator or the courts of the jurisdiction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Unfreeze {
    /// Whose institutions are concerned.
    pub jurisdiction: JurisdictionCode,
    /// What is frozen.
    pub subject: FreezeSubject,
    /// The hash of the order that froze: another freeze of the same subject stays.
    pub frozen_by: Hash,
    /// The hash of the order that lifts it.
    pub order_hash: Hash,
}

impl Execute for Unfreeze {
    fn check_alone(&self) -> Result<(), Rejection> {
        Ok(())
    }
    fn authority(&self, state: &State) -> Result<Authority, Rejection> {
        let key = self.key();
        let confirmed = state
            .freeze(&key)
            .is_some_and(|freeze| freeze.court_order_hash.is_some());
        let court = Holder::Court(self.jurisdiction);
        let either = [Holder::Regulator(self.jurisdiction), court];
        let holders: &[Holder] = if confirmed { &[court] } else { &either };
        supervision::orders(state, self.jurisdiction, holders)
    }
    fn execute(&self, execution: &mut Execution<'_>, _open: &[Item]) -> Result<(), Rejection> {
        let key = self.key();
        let freeze = execution.state.freeze(&key);
        if freeze.is_none_or(|freeze| freeze.order_hash != self.frozen_by) {
            return Err(Rejection::NotFrozen {
                jurisdiction: self.jurisdiction,
            });
        }
        supervision::lift(execution.state, execution.time, &key);
        Ok(())
    }
    fn example() -> Self {
        Self {
            jurisdiction: "PK".parse().expect("constant"),
            subject: FreezeSubject::Account("PK-ALFA-PKR".parse().expect("constant")),
            frozen_by: Hash::from_bytes([6; 32]),
            order_hash: Hash::from_bytes([13; 32]),
        }
    }
}

impl Unfreeze {
    fn key(&self) -> FreezeKey {
        FreezeKey {
            jurisdiction: self.jurisdiction,
            subject: self.subject.clone(),
        }
    }
}
