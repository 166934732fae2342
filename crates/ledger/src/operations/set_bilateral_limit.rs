//! `SetBilateralLimit`: a participant limits what it pays one counterparty beyond what it receives from it.

use super::Execute;
use crate::authority::Authority;
use crate::checks;
use crate::execution::{Execution, Item};
use crate::records::{BilateralLimit, LimitKey};
use crate::rejection::Rejection;
use crate::state::State;
use karwan_types::{AgentIdentification, Amount, CurrencyCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Sets or ends a bilateral limit, signed for the participant that limits itself. Payments beyond it wait in the queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SetBilateralLimit {
    /// The participant.
    pub agent: AgentIdentification,
    /// The counterparty.
    pub counterparty: AgentIdentification,
    /// The currency.
    pub currency: CurrencyCode,
    /// The most that is paid net, in minor units; none ends the limit. A new figure keeps what is used.
    pub limit: Option<Amount>,
}

/// The most bilateral limits of one participant.
pub const BILATERAL_LIMITS_MAX: usize = 1_000;

impl Execute for SetBilateralLimit {
    fn check_alone(&self) -> Result<(), Rejection> {
        match self.limit.filter(|limit| !limit.is_zero()) {
            Some(limit) => checks::amount_alone(limit),
            None => Ok(()),
        }
    }
    fn authority(&self, state: &State) -> Result<Authority, Rejection> {
        let participant = checks::debtor_agent_known(state, &self.agent)?;
        Ok(Authority::of(participant, None))
    }
    fn execute(&self, execution: &mut Execution<'_>, _open: &[Item]) -> Result<(), Rejection> {
        let state = &mut *execution.state;
        let debtor = checks::debtor_agent(state, &self.agent)?;
        let creditor = checks::creditor_agent_known(state, &self.counterparty)?;
        checks::currency_known(state, self.currency)?;
        if debtor == creditor {
            return Err(Rejection::InvalidField {
                field: "counterparty",
                rule: "must be another institution",
            });
        }
        let key = LimitKey {
            debtor,
            creditor,
            currency: self.currency,
        };
        let known = state.limits.get(&key).copied();
        let own = state
            .limits()
            .filter(|(key, _)| key.debtor == debtor)
            .count();
        if known.is_none() && own >= BILATERAL_LIMITS_MAX {
            return Err(Rejection::InvalidField {
                field: "limit",
                rule: "must be at most 1000 for one participant; end another one first",
            });
        }
        match self.limit {
            None => {
                state.limits.remove(&key);
            }
            Some(limit) => {
                let position = known.map_or(0, |known| known.position);
                state.limits.insert(key, BilateralLimit { limit, position });
            }
        }
        let currency = self.currency;
        state.mark_ready_where(|row| row.owner == debtor && row.currency == currency);
        Ok(())
    }
    fn example() -> Self {
        Self {
            agent: "KRVNPKKA".parse().expect("constant"),
            counterparty: "KGBIK:109001".parse().expect("constant"),
            currency: "PKR".parse().expect("constant"),
            limit: Some(Amount::from_minor(50_000_000)),
        }
    }
}
