//! `ReserveLiquidity`: a participant keeps part of an account's money for its urgent payments, or for its urgent and high ones.

use super::Execute;
use super::terms::Priority;
use crate::authority::Authority;
use crate::checks;
use crate::execution::{Execution, Item};
use crate::records::AccountClass;
use crate::rejection::Rejection;
use crate::state::State;
use karwan_types::{AccountNumber, AgentIdentification, Amount, CurrencyCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Sets the reservation of one class; it depletes as payments of that class use it. Signed for the participant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReserveLiquidity {
    /// The participant.
    pub agent: AgentIdentification,
    /// The currency.
    pub currency: CurrencyCode,
    /// The account; none means the settlement account in the currency.
    pub account: Option<AccountNumber>,
    /// URGT: for URGT payments only. HIGH: for URGT and HIGH payments.
    pub priority: Priority,
    /// How much, in minor units; 0 ends the reservation.
    pub amount: Amount,
}

impl Execute for ReserveLiquidity {
    fn check_alone(&self) -> Result<(), Rejection> {
        if self.priority == Priority::Norm {
            return Err(Rejection::InvalidField {
                field: "priority",
                rule: "must be URGT or HIGH: every payment may use what is not reserved",
            });
        }
        if self.amount.is_zero() {
            return Ok(());
        }
        checks::amount_alone(self.amount)
    }
    fn authority(&self, state: &State) -> Result<Authority, Rejection> {
        let participant = checks::debtor_agent_known(state, &self.agent)?;
        Ok(Authority::of(participant, None))
    }
    fn execute(&self, execution: &mut Execution<'_>, _open: &[Item]) -> Result<(), Rejection> {
        let state = &mut *execution.state;
        let participant = checks::debtor_agent(state, &self.agent)?;
        checks::currency_known(state, self.currency)?;
        let (number, account) = checks::owned(
            state,
            self.currency,
            participant,
            (&self.agent, self.account.as_ref()),
        )?;
        if account.currency != self.currency {
            return Err(Rejection::DebtorAccountCurrency {
                account: number,
                currency: self.currency,
            });
        }
        if account.class == AccountClass::IssuerContra {
            return Err(Rejection::DebtorAccountClass { account: number });
        }
        let row = state.accounts.get_mut(&number).expect("found above");
        match self.priority {
            Priority::Urgt => row.reserved_urgent = self.amount,
            Priority::High | Priority::Norm => row.reserved_high = self.amount,
        }
        state.mark_ready(&number);
        Ok(())
    }
    fn example() -> Self {
        Self {
            agent: "KRVNPKKA".parse().expect("constant"),
            currency: "PKR".parse().expect("constant"),
            account: None,
            priority: Priority::Urgt,
            amount: Amount::from_minor(5_000_000),
        }
    }
}
