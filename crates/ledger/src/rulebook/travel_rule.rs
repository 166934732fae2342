//! The Travel Rule's figures: from which amount on a customer payment needs the data of its parties and the attestation of the
//! beneficiary's institution, over which time payments between the same two persons count together, and how long a payment
//! waits for the attestation.
//!
//! What must hold: the part of a jurisdiction is at most tighter than the common one, and the strictest of the three parts that
//! concern a payment decides.

use super::{Rulebook, limit_of};
use crate::records::Money;
use crate::window::hours_of;
use karwan_types::{Amount, CurrencyCode, DurationMs, JurisdictionCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The common part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TravelRules {
    /// How long payments between the same two persons count together, in milliseconds: whole hours, at most 31 days.
    pub window_ms: DurationMs,
    /// How long a payment waits for its attestation, in milliseconds, if it may wait for funds as long.
    pub waiting_max_ms: DurationMs,
    /// How far ahead an attestation may expire, in milliseconds.
    pub attestation_max_ms: DurationMs,
    /// From which amount on the rule applies, one for each currency, in order; a currency without one is free of it.
    pub thresholds: Vec<Money>,
}

/// What one jurisdiction asks for beyond it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NationalTravelRules {
    /// Its own window, in milliseconds; no shorter than the common one.
    pub window_ms: DurationMs,
    /// Its own thresholds, one for each currency, in order; none above the common one.
    pub thresholds: Vec<Money>,
}

impl Rulebook {
    /// From which amount on the rule applies between two jurisdictions in a currency, and how many hours count together; none
    /// when it does not apply there.
    pub(crate) fn travel_threshold(
        &self,
        between: [JurisdictionCode; 2],
        currency: CurrencyCode,
    ) -> Option<(Amount, u16)> {
        let common = self.common.travel_rule.as_ref()?;
        let national = between.into_iter().filter_map(|code| {
            let own = self.national(code)?.travel_rule.as_ref()?;
            Some((own.window_ms, &own.thresholds))
        });
        let parts = [(common.window_ms, &common.thresholds)]
            .into_iter()
            .chain(national);
        let mut lowest = None;
        let mut hours = 0;
        for (window, thresholds) in parts {
            hours = hours_of(window).max(hours);
            let own = limit_of(thresholds, currency);
            lowest = own.into_iter().chain(lowest).min();
        }
        Some((lowest?, hours))
    }
}
