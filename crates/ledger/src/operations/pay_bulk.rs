//! `PayBulk`: many payments of one debtor agent in one currency under one set of signatures. Not atomic: each payment
//! settles, waits or is refused by itself, in order, with its own answer.

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
use std::collections::BTreeSet;

/// The most payments of one bulk instruction.
pub const BULK_PAYMENTS_MAX: usize = 1_000;

/// Payments of one debtor agent in one currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PayBulk {
    /// From 1 to [`BULK_PAYMENTS_MAX`], each with its own UETR.
    #[schemars(extend("x-positional" = true))]
    pub payments: Vec<PaymentTerms>,
}

impl Execute for PayBulk {
    fn check_alone(&self) -> Result<(), Rejection> {
        let invalid = |rule| {
            Err(Rejection::InvalidField {
                field: "payments",
                rule,
            })
        };
        let Some(first) = self.payments.first() else {
            return invalid("must not be empty");
        };
        if self.payments.len() > BULK_PAYMENTS_MAX {
            return invalid("must be at most 1000");
        }
        let same = |terms: &PaymentTerms| {
            terms.debtor_agent == first.debtor_agent && terms.currency == first.currency
        };
        if !self.payments.iter().all(same) {
            return invalid("must all have one debtor agent and one currency");
        }
        let uetrs: BTreeSet<_> = self.payments.iter().map(|terms| terms.uetr).collect();
        if uetrs.len() != self.payments.len() {
            return invalid("must each have their own UETR");
        }
        self.payments.iter().try_for_each(PaymentTerms::check_alone)
    }
    fn authority(&self, state: &State) -> Result<Authority, Rejection> {
        let first = self.payments.first().ok_or(Rejection::InvalidField {
            field: "payments",
            rule: "must not be empty",
        })?;
        // The policy looks at the sum, so that a large payment cannot pass as many small ones.
        let total = self
            .payments
            .iter()
            .try_fold(Amount::ZERO, |total, terms| total.checked_add(terms.amount))
            .ok_or(Rejection::AmountDigits)?;
        Ok(Authority::of(
            first.debtor(state)?,
            Some((first.currency, total)),
        ))
    }
    fn items(&self, state: &State) -> Vec<Item> {
        self.payments
            .iter()
            .filter_map(|terms| terms.item(state, RecordKind::Payment))
            .collect()
    }
    fn execute(&self, execution: &mut Execution<'_>, open: &[Item]) -> Result<(), Rejection> {
        let mut items = open.iter().peekable();
        for terms in &self.payments {
            let Some(item) = items.next_if(|item| item.key.uetr == terms.uetr) else {
                continue;
            };
            terms.pay(execution, item);
        }
        Ok(())
    }
    fn example() -> Self {
        let mut second = PaymentTerms::example();
        second.uetr = "8a562c67-ca16-48ba-b074-65581be6f002"
            .parse()
            .expect("constant");
        Self {
            payments: vec![PaymentTerms::example(), second],
        }
    }
}
