//! `Pay`: one payment between two institutions' accounts, for themselves (pacs.009) or for customers (pacs.008).

use super::Execute;
use super::terms::PaymentTerms;
use crate::authority::Authority;
use crate::execution::{Execution, Item};
use crate::records::RecordKind;
use crate::rejection::Rejection;
use crate::state::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One payment, signed for the debtor agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Pay {
    /// The payment.
    pub payment: PaymentTerms,
}

impl Execute for Pay {
    fn check_alone(&self) -> Result<(), Rejection> {
        self.payment.check_alone()
    }
    fn authority(&self, state: &State) -> Result<Authority, Rejection> {
        self.payment.authority(state)
    }
    fn items(&self, state: &State) -> Vec<Item> {
        self.payment
            .item(state, RecordKind::Payment)
            .into_iter()
            .collect()
    }
    fn execute(&self, execution: &mut Execution<'_>, open: &[Item]) -> Result<(), Rejection> {
        for item in open {
            self.payment.pay(execution, item);
        }
        Ok(())
    }
    fn example() -> Self {
        Self {
            payment: PaymentTerms::example(),
        }
    }
}
