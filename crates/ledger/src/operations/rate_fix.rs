//! `RateFix`: two issuers fix the reference rate of their currencies for a business date.

use super::Execute;
use crate::authority::{Authority, Group, Need};
use crate::checks;
use crate::exchange::{self, CurrencyPair, RateFixKey, RateFixRecord};
use crate::execution::{Execution, Item};
use crate::records::Holder;
use crate::rejection::Rejection;
use crate::state::State;
use karwan_types::{CurrencyCode, Date, DurationMs, Rate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A reference rate, signed for both issuers. While the date lasts, a later one of the same date corrects it; after that it
/// stands for ever, because reports rest on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RateFix {
    /// The currency whose code comes first.
    pub base_currency: CurrencyCode,
    /// The other one.
    pub counter_currency: CurrencyCode,
    /// How many major units of the counter currency one of the base currency is worth.
    pub rate: Rate,
    /// The business date that has begun in at least one of the two currencies and has not ended in both.
    pub date: Date,
}

impl Execute for RateFix {
    fn check_alone(&self) -> Result<(), Rejection> {
        if self.base_currency < self.counter_currency {
            return Ok(());
        }
        Err(Rejection::InvalidField {
            field: "base_currency",
            rule: "must come before counter_currency, so that a pair is written in one way",
        })
    }
    fn authority(&self, state: &State) -> Result<Authority, Rejection> {
        let issuer = |currency| -> Result<Group, Rejection> {
            let issuer = checks::currency_known(state, currency)?.issuer;
            Ok(Group {
                holders: [Holder::Participant(issuer)].into(),
                need: Need::Policy(None),
            })
        };
        let groups = [self.base_currency, self.counter_currency].map(issuer);
        let groups: Result<Vec<Group>, Rejection> = groups.into_iter().collect();
        Ok(Authority::new(groups?))
    }
    fn execute(&self, execution: &mut Execution<'_>, _open: &[Item]) -> Result<(), Rejection> {
        let state = &*execution.state;
        let mut today = Vec::with_capacity(2);
        for currency in [self.base_currency, self.counter_currency] {
            let row = checks::currency_known(state, currency)?;
            today.push(row.business_date);
        }
        if !today.contains(&self.date) {
            return Err(Rejection::RateFixDate { date: self.date });
        }
        let key = RateFixKey {
            pair: CurrencyPair::of(self.base_currency, self.counter_currency),
            date: self.date,
        };
        let rules = &state.rules().common;
        let day = DurationMs::from_millis(86_400_000);
        let begins = self.date.start();
        let retained = begins.after(day).after(rules.retention_ms);
        let record = RateFixRecord {
            rate: self.rate,
            instruction: execution.instruction,
            // Never forgotten while it can still be the latest one.
            retained_until: retained.max(begins.after(exchange::fix_lasts(&rules.exchange))),
        };
        execution.state.put_rate_fix(key, record);
        Ok(())
    }
    fn example() -> Self {
        Self {
            base_currency: "KGS".parse().expect("constant"),
            counter_currency: "PKR".parse().expect("constant"),
            rate: "3.2".parse().expect("constant"),
            date: "2026-11-23".parse().expect("constant"),
        }
    }
}
