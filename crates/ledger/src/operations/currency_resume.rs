//! `CurrencyResume`: the issuer lets its currency move again.

use super::Execute;
use crate::authority::Authority;
use crate::checks;
use crate::execution::{Execution, Item};
use crate::records::CurrencyStatus;
use crate::rejection::Rejection;
use crate::state::State;
use karwan_types::{CurrencyCode, Sentence};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Lets a halted currency move again, signed for its issuer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CurrencyResume {
    /// The currency.
    #[schemars(extend("x-positional" = true))]
    pub currency: CurrencyCode,
    /// The issuer's words.
    pub reason: Sentence,
}

impl Execute for CurrencyResume {
    fn check_alone(&self) -> Result<(), Rejection> {
        Ok(())
    }
    fn authority(&self, state: &State) -> Result<Authority, Rejection> {
        let issuer = checks::currency_known(state, self.currency)?.issuer;
        Ok(Authority::of(issuer, None))
    }
    fn execute(&self, execution: &mut Execution<'_>, _open: &[Item]) -> Result<(), Rejection> {
        let currency = self.currency;
        let row = execution
            .state
            .currencies
            .get_mut(&currency)
            .ok_or(Rejection::CurrencyNotEnabled { currency })?;
        if row.status == CurrencyStatus::Active {
            return Err(Rejection::CurrencyStatus { currency });
        }
        row.status = CurrencyStatus::Active;
        execution
            .state
            .mark_ready_where(|row| row.currency == currency);
        Ok(())
    }
    fn example() -> Self {
        Self {
            currency: "PKR".parse().expect("constant"),
            reason: "RTGS restored".parse().expect("constant"),
        }
    }
}
