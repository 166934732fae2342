//! `RunCycle`: an issuer asks for a liquidity-saving cycle at the end of the block.

use super::Execute;
use crate::authority::Authority;
use crate::checks;
use crate::execution::{Execution, Item};
use crate::rejection::Rejection;
use crate::state::State;
use karwan_types::CurrencyCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Asks for a cycle, signed for the issuer of a currency. A cycle concerns every currency, because payments versus payment
/// join them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunCycle {
    /// The currency whose issuer asks.
    #[schemars(extend("x-positional" = true))]
    pub currency: CurrencyCode,
}

impl Execute for RunCycle {
    fn check_alone(&self) -> Result<(), Rejection> {
        Ok(())
    }
    fn authority(&self, state: &State) -> Result<Authority, Rejection> {
        let issuer = checks::currency_known(state, self.currency)?.issuer;
        Ok(Authority::of(issuer, None))
    }
    fn execute(&self, execution: &mut Execution<'_>, _open: &[Item]) -> Result<(), Rejection> {
        execution.state.cycle_asked = true;
        Ok(())
    }
    fn example() -> Self {
        Self {
            currency: "PKR".parse().expect("constant"),
        }
    }
}
