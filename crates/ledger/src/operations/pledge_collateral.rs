//! `PledgeCollateral`: an institution pledges something that is kept outside the ledger, and its issuer lends against it.

use super::Execute;
use super::credit_line_set::find;
use crate::authority::{Authority, Group, Need};
use crate::checks;
use crate::credit::{PLEDGES_MAX, Pledge, WHOLE_BPS};
use crate::execution::{Execution, Item};
use crate::records::Holder;
use crate::rejection::Rejection;
use crate::state::State;
use karwan_types::{AgentIdentification, Amount, CurrencyCode, Max35Text};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Pledges a piece of collateral at an agreed value, signed for the issuer and for the institution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PledgeCollateral {
    /// The institution that pledges.
    pub agent: AgentIdentification,
    /// The currency in which the issuer lends against it.
    pub currency: CurrencyCode,
    /// How both call it, for example the number of the security at its depository.
    pub reference: Max35Text,
    /// Its value in minor units.
    pub value: Amount,
    /// What is taken off, in basis points of the value (100 = one percent).
    pub haircut_bps: u16,
}

/// Issuer and institution, both by their policies.
pub(super) fn both_sign(
    state: &State,
    agent: &AgentIdentification,
    (currency, value): (CurrencyCode, Option<Amount>),
) -> Result<Authority, Rejection> {
    let participant = checks::debtor_agent_known(state, agent)?;
    let issuer = checks::currency_known(state, currency)?.issuer;
    let group = |lei| Group {
        holders: [Holder::Participant(lei)].into(),
        need: Need::Policy(value.map(|value| (currency, value))),
    };
    Ok(Authority::new(vec![group(participant), group(issuer)]))
}

impl Execute for PledgeCollateral {
    fn check_alone(&self) -> Result<(), Rejection> {
        if self.haircut_bps > WHOLE_BPS {
            return Err(Rejection::InvalidField {
                field: "haircut_bps",
                rule: "must be at most 10000, which is all of the value",
            });
        }
        checks::amount_alone(self.value)
    }
    fn authority(&self, state: &State) -> Result<Authority, Rejection> {
        both_sign(state, &self.agent, (self.currency, Some(self.value)))
    }
    fn execute(&self, execution: &mut Execution<'_>, _open: &[Item]) -> Result<(), Rejection> {
        checks::debtor_agent(execution.state, &self.agent)?;
        let (key, mut row) = find(execution.state, &self.agent, self.currency)?;
        let place = row
            .pledges
            .binary_search_by(|pledge| pledge.reference.cmp(&self.reference));
        let Err(place) = place else {
            let reference = self.reference.clone();
            return Err(Rejection::CollateralConflict { reference });
        };
        if row.pledges.len() >= PLEDGES_MAX {
            let agent = self.agent.clone();
            return Err(Rejection::PledgesMax { agent });
        }
        let pledge = Pledge {
            reference: self.reference.clone(),
            value: self.value,
            haircut_bps: self.haircut_bps,
        };
        row.pledges.insert(place, pledge);
        execution.state.put_credit_line(key, row);
        Ok(())
    }
    fn example() -> Self {
        Self {
            agent: "KRVNPKKA".parse().expect("constant"),
            currency: "PKR".parse().expect("constant"),
            reference: "PIB-2031-07".parse().expect("constant"),
            value: Amount::from_minor(100_000_000),
            haircut_bps: 500,
        }
    }
}
