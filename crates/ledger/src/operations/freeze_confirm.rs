//! `FreezeConfirm`: a court confirms a freeze, which then lasts as long as the court says.

use super::Execute;
use crate::authority::Authority;
use crate::execution::{Execution, Item};
use crate::records::Holder;
use crate::rejection::Rejection;
use crate::state::State;
use crate::supervision::{self, FreezeKey, FreezeSubject};
use karwan_types::{Hash, JurisdictionCode, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A confirmation, signed for the courts of the jurisdiction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FreezeConfirm {
    /// Whose institutions are concerned.
    pub jurisdiction: JurisdictionCode,
    /// What is frozen.
    pub subject: FreezeSubject,
    /// The hash of the order that froze.
    pub frozen_by: Hash,
    /// Until this time, exclusive; none until the court lifts it.
    pub until: Option<Timestamp>,
    /// The hash of the court's order.
    pub court_order_hash: Hash,
}

impl Execute for FreezeConfirm {
    fn check_alone(&self) -> Result<(), Rejection> {
        Ok(())
    }
    fn authority(&self, state: &State) -> Result<Authority, Rejection> {
        supervision::orders(
            state,
            self.jurisdiction,
            &[Holder::Court(self.jurisdiction)],
        )
    }
    fn execute(&self, execution: &mut Execution<'_>, _open: &[Item]) -> Result<(), Rejection> {
        let key = FreezeKey {
            jurisdiction: self.jurisdiction,
            subject: self.subject.clone(),
        };
        let freeze = execution.state.freeze(&key).cloned();
        let freeze = freeze.filter(|freeze| freeze.order_hash == self.frozen_by);
        let mut freeze = freeze.ok_or(Rejection::NotFrozen {
            jurisdiction: self.jurisdiction,
        })?;
        let time = execution.time;
        // Block time has ended it, although its turn has not come yet.
        if freeze.until.is_some_and(|until| until <= time) {
            return Err(Rejection::NotFrozen {
                jurisdiction: self.jurisdiction,
            });
        }
        if self.until.is_some_and(|until| until <= time) {
            return Err(Rejection::OrderTime { after: time });
        }
        freeze.until = self.until;
        freeze.court_order_hash = Some(self.court_order_hash);
        execution.state.put_freeze(key, freeze);
        Ok(())
    }
    fn example() -> Self {
        Self {
            jurisdiction: "PK".parse().expect("constant"),
            subject: FreezeSubject::Account("PK-ALFA-PKR".parse().expect("constant")),
            frozen_by: Hash::from_bytes([6; 32]),
            until: None,
            court_order_hash: Hash::from_bytes([12; 32]),
        }
    }
}
