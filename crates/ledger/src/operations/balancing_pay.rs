//! `BalancingPay`: a liquidity sweep. Pays what there is and what limits leave room for, at most the amount given.

use super::Execute;
use super::terms::PaymentTerms;
use crate::authority::Authority;
use crate::execution::{Execution, Item};
use crate::records::RecordKind;
use crate::rejection::Rejection;
use crate::state::State;
use crate::usage;
use karwan_types::{AccountNumber, Amount, Timestamp};
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
        let available = self.available(state);
        // Without any money the checks before the funds still come first, for the amount given.
        let mut amount = match available {
            Some((_, available)) if !available.is_zero() => self.payment.amount.min(available),
            Some(_) | None => self.payment.amount,
        };
        let room = self.room(state, execution.time);
        amount = amount.min(room.filter(|room| !room.is_zero()).unwrap_or(amount));
        let payment = PaymentTerms {
            amount,
            ..self.payment.clone()
        };
        payment.check(state, execution.time)?;
        if room.is_some_and(Amount::is_zero) {
            let flow = payment.flow(state)?;
            usage::check(state, execution.time, &[flow]).map_err(|(_, why)| why)?;
        }
        if let Some((account, Amount::ZERO)) = available {
            return Err(Rejection::InsufficientFunds { account });
        }
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
    /// How much more its two institutions' limits allow now. None without a limit, or when an institution is unknown.
    fn room(&self, state: &State, time: Timestamp) -> Option<Amount> {
        let flow = self.payment.flow(state).ok()?;
        usage::room(state, time, (flow.debtor, flow.creditor), flow.currency)
    }
    /// The account that it debits, and what there is for its class. None without such an account: the checks say what is missing.
    fn available(&self, state: &State) -> Option<(AccountNumber, Amount)> {
        let terms = &self.payment;
        let number = terms.debit_account(state)?;
        let account = state.account(&number)?;
        // It sweeps what there is, and borrows nothing.
        let available = account
            .available_for(terms.priority)
            .min(account.own())
            .max(0);
        Some((number, Amount::from_minor(available.unsigned_abs())))
    }
}
