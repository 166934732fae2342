//! `BalancingPay`: a liquidity sweep. Pays what there is, at most the amount given.

use super::Execute;
use super::terms::PaymentTerms;
use crate::authority::Authority;
use crate::execution::{Execution, Item};
use crate::records::RecordKind;
use crate::rejection::Rejection;
use crate::state::State;
use karwan_types::Amount;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Pays what is available for the payment's class, at most its amount, signed for the debtor agent. It never waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BalancingPay {
    /// The payment; its amount is the most that is paid.
    pub payment: PaymentTerms,
}

impl Execute for BalancingPay {
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
        let state = &mut *execution.state;
        let amount = self.amount(state)?;
        let payment = PaymentTerms {
            amount,
            ..self.payment.clone()
        };
        payment.settle(state, execution.time)?;
        for item in open {
            let mut paid = item.clone();
            paid.movement.amount = amount;
            execution.settled(&paid);
        }
        Ok(())
    }
    fn example() -> Self {
        Self {
            payment: PaymentTerms::example(),
        }
    }
}

impl BalancingPay {
    /// The smaller of what is asked for and what there is. Without an account to look at, the checks say what is missing.
    fn amount(&self, state: &State) -> Result<Amount, Rejection> {
        let terms = &self.payment;
        let Some(number) = terms.debit_account(state) else {
            return Ok(terms.amount);
        };
        let Some(account) = state.account(&number) else {
            return Ok(terms.amount);
        };
        let available = account.available_for(terms.priority).max(0);
        let available = Amount::from_minor(available.unsigned_abs());
        if available.is_zero() {
            return Err(Rejection::InsufficientFunds { account: number });
        }
        Ok(terms.amount.min(available))
    }
}
