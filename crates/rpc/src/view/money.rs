//! Money in JSON: decimal text for people, minor units as text for programs, never a JSON number.

use super::View;
use karwan_types::{Amount, CurrencyCode, balance_to_decimal};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An amount.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MoneyView {
    /// The currency.
    pub currency: View<CurrencyCode>,
    /// Major units with all the currency's fraction digits, for example `1234.50`.
    pub amount: String,
    /// The same in minor units.
    pub minor: View<Amount>,
}

impl MoneyView {
    pub(crate) fn new(amount: Amount, currency: CurrencyCode) -> Self {
        Self {
            currency: View(currency),
            amount: amount.to_decimal(currency),
            minor: View(amount),
        }
    }
}

/// A balance, which may be negative for an issuer's contra account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BalanceView {
    /// The currency.
    pub currency: View<CurrencyCode>,
    /// Major units with all the currency's fraction digits, for example `-1234.50`.
    pub amount: String,
    /// The same in minor units, for example `-123450`.
    pub minor: String,
}

impl BalanceView {
    pub(crate) fn new(minor: i128, currency: CurrencyCode) -> Self {
        Self {
            currency: View(currency),
            amount: balance_to_decimal(minor, currency),
            minor: minor.to_string(),
        }
    }
}
