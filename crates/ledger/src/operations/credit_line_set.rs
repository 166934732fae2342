//! `CreditLineSet`: an issuer says how much it lends an institution within the day at most, whatever is pledged.

use super::Execute;
use crate::authority::Authority;
use crate::checks;
use crate::credit::{CreditLine, CreditLineKey};
use crate::execution::{Execution, Item};
use crate::rejection::Rejection;
use crate::state::State;
use karwan_types::{AccountNumber, AgentIdentification, Amount, CurrencyCode, Lei};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Sets the limit of a credit line, signed for the issuer: raising it binds nobody, and lowering it must not wait for the
/// institution. A limit below what is used makes the rest overdue at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CreditLineSet {
    /// The institution.
    pub agent: AgentIdentification,
    /// The issuer's currency.
    pub currency: CurrencyCode,
    /// The most that is lent, in minor units; none for as much as the collateral covers.
    pub limit: Option<Amount>,
}

impl Execute for CreditLineSet {
    fn check_alone(&self) -> Result<(), Rejection> {
        match self.limit {
            Some(limit) if !limit.is_zero() => checks::amount_alone(limit),
            Some(_) | None => Ok(()),
        }
    }
    fn authority(&self, state: &State) -> Result<Authority, Rejection> {
        let issuer = checks::currency_known(state, self.currency)?.issuer;
        Ok(Authority::of(issuer, None))
    }
    fn execute(&self, execution: &mut Execution<'_>, _open: &[Item]) -> Result<(), Rejection> {
        let (key, mut row) = find(execution.state, &self.agent, self.currency)?;
        row.limit = self.limit;
        execution.state.put_credit_line(key, row);
        Ok(())
    }
    fn example() -> Self {
        Self {
            agent: "KRVNPKKA".parse().expect("constant"),
            currency: "PKR".parse().expect("constant"),
            limit: Some(Amount::from_minor(50_000_000)),
        }
    }
}

/// The credit line of an institution in a currency; an empty one on its settlement account when it has none yet.
pub(super) fn find(
    state: &State,
    agent: &AgentIdentification,
    currency: CurrencyCode,
) -> Result<(CreditLineKey, CreditLine), Rejection> {
    let participant = checks::debtor_agent_known(state, agent)?;
    let issuer = checks::currency_known(state, currency)?.issuer;
    let account = account(state, (participant, agent), currency)?;
    if participant == issuer {
        return Err(Rejection::DebtorAccountClass { account });
    }
    let key = CreditLineKey {
        participant,
        currency,
    };
    let row = state.credit_line(&key).cloned().unwrap_or(CreditLine {
        account,
        limit: None,
        pledges: Vec::new(),
    });
    Ok((key, row))
}

fn account(
    state: &State,
    (participant, agent): (Lei, &AgentIdentification),
    currency: CurrencyCode,
) -> Result<AccountNumber, Rejection> {
    let (number, _) = checks::owned(state, currency, participant, (agent, None))?;
    Ok(number)
}
