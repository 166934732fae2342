//! `Freeze`: the regulator stops money of its own institutions for a time. Ordered again before a court has confirmed it, it
//! varies the freeze within the longest time; ordered anew after its end, it goes on with the count of that time.

use super::Execute;
use crate::authority::Authority;
use crate::execution::{Execution, Item};
use crate::rejection::Rejection;
use crate::state::State;
use crate::supervision::{self, FreezeKey, FreezeMode, FreezeRecord, FreezeSubject};
use karwan_types::{DurationMs, Hash, JurisdictionCode, Sentence, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A freeze, signed for the regulator of the jurisdiction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Freeze {
    /// Whose institutions are concerned.
    pub jurisdiction: JurisdictionCode,
    /// What is frozen.
    pub subject: FreezeSubject,
    /// Which way.
    pub mode: FreezeMode,
    /// From this time on; none for at once.
    pub from: Option<Timestamp>,
    /// Until this time, exclusive, unless a court confirms it.
    pub until: Timestamp,
    /// The law that the order rests on.
    pub legal_basis: Sentence,
    /// The hash of the order.
    pub order_hash: Hash,
    /// Whether money may still be redeemed at the issuer.
    #[schemars(extend("x-default" = false))]
    pub redemption_allowed: bool,
    /// Random bytes that hide the order in the receipts of what it stops; kept by the regulator.
    #[schemars(extend("x-generated" = true))]
    pub salt: Hash,
}

impl Execute for Freeze {
    fn check_alone(&self) -> Result<(), Rejection> {
        Ok(())
    }
    fn authority(&self, state: &State) -> Result<Authority, Rejection> {
        supervision::regulator(state, self.jurisdiction)
    }
    fn execute(&self, execution: &mut Execution<'_>, _open: &[Item]) -> Result<(), Rejection> {
        let key = FreezeKey {
            jurisdiction: self.jurisdiction,
            subject: self.subject.clone(),
        };
        supervision::freezable(execution.state, &key)?;
        let state = &*execution.state;
        let old = state.freeze(&key);
        if old.is_some_and(|old| old.court_order_hash.is_some()) {
            return Err(Rejection::FreezeConfirmed {
                jurisdiction: self.jurisdiction,
            });
        }
        let time = execution.time;
        let asked = self.from.unwrap_or(time).max(time);
        // The longest time counts from the first order, so that a chain of orders cannot do without a court.
        let from = old.map_or(asked, |old| old.from.min(asked));
        let longest = state.rules().supervision(self.jurisdiction).freeze_max_ms;
        let past = supervision::lasted(state, time, &key);
        let before = old.map(|old| old.lasted_before_ms);
        let before = before.or(past.map(|past| past.lasted_ms));
        let before = before.unwrap_or(DurationMs::ZERO);
        let left = longest.millis().saturating_sub(before.millis());
        if let Some(past) = past.filter(|_| left == 0) {
            let again = past.counts_until;
            return Err(Rejection::FreezeAgain { again });
        }
        let latest = from.after(DurationMs::from_millis(left));
        if self.until <= asked || self.until > latest {
            return Err(Rejection::FreezeDuration { latest });
        }
        let freeze = FreezeRecord {
            mode: self.mode,
            from,
            until: Some(self.until),
            legal_basis: self.legal_basis.clone(),
            order_hash: self.order_hash,
            court_order_hash: None,
            redemption_allowed: self.redemption_allowed,
            salt: self.salt,
            lasted_before_ms: before,
            instruction: execution.instruction,
            transaction: execution.origin,
        };
        execution.state.put_freeze(key, freeze);
        supervision::resume(execution.state);
        Ok(())
    }
    fn example() -> Self {
        Self {
            jurisdiction: "PK".parse().expect("constant"),
            subject: FreezeSubject::Account("PK-ALFA-PKR".parse().expect("constant")),
            mode: FreezeMode::Debit,
            from: None,
            until: Timestamp::from_millis(1_790_000_000_000),
            legal_basis: "PK VAA 2026 s.70".parse().expect("constant"),
            order_hash: Hash::from_bytes([6; 32]),
            redemption_allowed: false,
            salt: Hash::from_bytes([11; 32]),
        }
    }
}
