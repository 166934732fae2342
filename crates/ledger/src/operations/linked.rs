//! `Linked`: up to 64 payments, possibly of several debtors and currencies, that settle together or not at all. At first in
//! sequence, so that a leg may spend what an earlier one brought; while they wait in the queue, in one moment.

use super::Execute;
use super::terms::PaymentTerms;
use super::together::{Together, check_all_open, check_client_money, refuse_all};
use crate::authority::{Authority, Group, Need};
use crate::execution::{Execution, Item};
use crate::records::{Holder, RecordKind};
use crate::rejection::Rejection;
use crate::state::State;
use karwan_types::{Amount, Timestamp};
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
    fn is_atomic() -> bool {
        true
    }
    fn execute(&self, execution: &mut Execution<'_>, open: &[Item]) -> Result<(), Rejection> {
        let legs: Vec<&PaymentTerms> = self.legs.iter().collect();
        check_all_open(&legs, open)?;
        check_client_money(execution.state, &legs)?;
        // The legs run on a draft, which is adopted when the last has settled.
        let mut draft = execution.state.clone();
        for (index, terms) in self.legs.iter().enumerate() {
            if let Err(rejection) = terms.settle(&mut draft, execution.time) {
                wait_or_refuse(execution, open, legs, (index, rejection));
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

/// Legs that lack nothing but money or their time wait as one entry when every one of them may.
fn wait_or_refuse(
    execution: &mut Execution<'_>,
    open: &[Item],
    legs: Vec<&PaymentTerms>,
    (failed, rejection): (usize, Rejection),
) {
    let time = execution.time;
    let longest = time.after(execution.state.rules().common.queue.waiting_max_ms);
    let asked = legs.iter().filter_map(|leg| leg.reject_time);
    let together = Together {
        from: time,
        until: asked.fold(longest, Timestamp::min),
        legs,
    };
    if !rejection.may_pass() || !together.may_wait() {
        return refuse_all(execution, open, failed, &rejection);
    }
    match together.examine(execution.state, time) {
        Ok(examined) => {
            let too_much = together.too_much(execution.state, time, &examined);
            match examined.halted.as_ref().or(too_much.as_ref()) {
                Some((leg, rejection)) => refuse_all(execution, open, *leg, rejection),
                None => together.queue(execution, open, &examined),
            }
        }
        Err((leg, rejection)) => refuse_all(execution, open, leg, &rejection),
    }
}
