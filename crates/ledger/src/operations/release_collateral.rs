//! `ReleaseCollateral`: a piece of collateral goes back to its institution, and covers nothing any more.

use super::Execute;
use super::credit_line_set::find;
use super::pledge_collateral::both_sign;
use crate::authority::Authority;
use crate::execution::{Execution, Item};
use crate::posting::signed;
use crate::rejection::Rejection;
use crate::state::State;
use karwan_types::{AgentIdentification, CurrencyCode, Max35Text};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Releases collateral, signed for the issuer and for the institution. What is used of the line must stay covered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReleaseCollateral {
    /// The institution that pledged it.
    pub agent: AgentIdentification,
    /// The currency in which the issuer lends against it.
    pub currency: CurrencyCode,
    /// How both call it.
    pub reference: Max35Text,
}

impl Execute for ReleaseCollateral {
    fn check_alone(&self) -> Result<(), Rejection> {
        Ok(())
    }
    fn authority(&self, state: &State) -> Result<Authority, Rejection> {
        both_sign(state, &self.agent, (self.currency, None))
    }
    fn execute(&self, execution: &mut Execution<'_>, _open: &[Item]) -> Result<(), Rejection> {
        let (key, mut row) = find(execution.state, &self.agent, self.currency)?;
        let place = row
            .pledges
            .binary_search_by(|pledge| pledge.reference.cmp(&self.reference));
        let Ok(place) = place else {
            let reference = self.reference.clone();
            return Err(Rejection::CollateralUnknown { reference });
        };
        row.pledges.remove(place);
        let account = execution.state.account(&row.account);
        let used = account.map_or(0, |account| account.credit_used());
        if used > signed(row.line()) {
            let currency = self.currency;
            return Err(Rejection::CreditInUse { currency });
        }
        execution.state.put_credit_line(key, row);
        Ok(())
    }
    fn example() -> Self {
        Self {
            agent: "KRVNPKKA".parse().expect("constant"),
            currency: "PKR".parse().expect("constant"),
            reference: "PIB-2031-07".parse().expect("constant"),
        }
    }
}
