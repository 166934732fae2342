//! `Linked`: up to 64 payments, possibly of several debtors and currencies, that settle together or not at all.

use super::Execute;
use super::terms::PaymentTerms;
use crate::authority::{Authority, Group, Need};
use crate::execution::{Execution, Item};
use crate::records::{Holder, RecordKind};
use crate::rejection::Rejection;
use crate::state::State;
use karwan_types::Amount;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The most legs of one linked instruction.
pub const LINKED_LEGS_MAX: usize = 64;

/// Payments that settle in sequence, all or none. Signed for every debtor agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Linked {
    /// From 2 to [`LINKED_LEGS_MAX`].
    #[schemars(extend("x-positional" = true, "x-alias" = "payments"))]
    pub legs: Vec<PaymentTerms>,
}

impl Execute for Linked {
    fn check_alone(&self) -> Result<(), Rejection> {
        let invalid = |rule| {
            Err(Rejection::InvalidField {
                field: "legs",
                rule,
            })
        };
        if self.legs.len() < 2 || self.legs.len() > LINKED_LEGS_MAX {
            return invalid("must be from 2 to 64");
        }
        let uetrs: BTreeSet<_> = self.legs.iter().map(|terms| terms.uetr).collect();
        if uetrs.len() != self.legs.len() {
            return invalid("must each have their own UETR");
        }
        self.legs.iter().try_for_each(PaymentTerms::check_alone)
    }
    fn authority(&self, state: &State) -> Result<Authority, Rejection> {
        let mut totals = BTreeMap::new();
        for terms in &self.legs {
            let total = totals
                .entry((terms.debtor(state)?, terms.currency))
                .or_insert(Amount::ZERO);
            *total = total
                .checked_add(terms.amount)
                .ok_or(Rejection::AmountDigits)?;
        }
        let groups = totals.into_iter().map(|((lei, currency), total)| Group {
            holders: [Holder::Participant(lei)].into(),
            need: Need::Policy(Some((currency, total))),
        });
        Ok(Authority::new(groups.collect()))
    }
    fn items(&self, state: &State) -> Vec<Item> {
        self.legs
            .iter()
            .filter_map(|terms| terms.item(state, RecordKind::Payment))
            .collect()
    }
    fn execute(&self, execution: &mut Execution<'_>, open: &[Item]) -> Result<(), Rejection> {
        if open.len() != self.legs.len() {
            let is_open =
                |terms: &PaymentTerms| open.iter().any(|item| item.key.uetr == terms.uetr);
            let gone = self
                .legs
                .iter()
                .position(|terms| !is_open(terms))
                .unwrap_or(0);
            return Err(Rejection::LegFailed {
                leg: gone,
                cause: "CANCELLED",
            });
        }
        // The legs run on a draft, which is adopted when the last has settled.
        let mut draft = execution.state.clone();
        for (index, terms) in self.legs.iter().enumerate() {
            if let Err(rejection) = terms.settle(&mut draft, execution.time) {
                refuse_all(execution, open, index, &rejection);
                return Ok(());
            }
        }
        *execution.state = draft;
        for item in open {
            execution.settled(item);
        }
        Ok(())
    }
    fn example() -> Self {
        let mut second = PaymentTerms::example();
        second.uetr = "8a562c67-ca16-48ba-b074-65581be6f002"
            .parse()
            .expect("constant");
        Self {
            legs: vec![PaymentTerms::example(), second],
        }
    }
}

/// The failing leg gets its own reason, the others name it.
fn refuse_all(execution: &mut Execution<'_>, open: &[Item], failed: usize, rejection: &Rejection) {
    let sibling = Rejection::LegFailed {
        leg: failed,
        cause: rejection.name(),
    };
    for (index, item) in open.iter().enumerate() {
        let reason = if index == failed { rejection } else { &sibling };
        execution.refuse(item, reason);
    }
}
