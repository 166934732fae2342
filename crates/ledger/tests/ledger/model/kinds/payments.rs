//! Payments: single, in bulk, linked, and the sweep.

use super::super::author::Author;
use super::super::books::{Model, What};
use super::super::instructions::{Item, Turn};
use super::super::payment_rules::amount_alone;
use super::super::signing::{Group, institution};
use super::super::together::Examined;
use super::super::usage::NO_ROOM_YET;
use super::{Authored, Modelled};
use crate::support::Chain;
use karwan_ledger::{BalancingPay, Linked, OnShortage, Operation, Pay, PayBulk, PaymentTerms};
use karwan_types::{Amount, CurrencyCode, Lei, TransactionStatus};

impl Authored for Pay {
    fn write(author: &mut Author, _chain: &Chain, model: &Model) -> Option<Operation> {
        let payment = author.terms(model);
        Some(Self { payment }.into())
    }
    fn payments(&self) -> Vec<&PaymentTerms> {
        vec![&self.payment]
    }
}
impl Modelled for Pay {
    fn alone(&self) -> Option<u16> {
        amount_alone(self.payment.amount.minor())
    }
    fn groups(&self, model: &Model) -> Result<Vec<Group>, u16> {
        model.groups_of_payment(&self.payment)
    }
    fn items(&self, model: &Model) -> Vec<Item> {
        let item = model.item(&self.payment, What::Payment);
        item.into_iter().collect()
    }
    fn perform(&self, model: &mut Model, turn: &Turn, open: &[Item]) -> Result<(), u16> {
        model.pay(turn, &self.payment, &open[0]);
        Ok(())
    }
}

impl Authored for PayBulk {
    fn write(author: &mut Author, _chain: &Chain, model: &Model) -> Option<Operation> {
        let mut payments = author.several(model);
        let first = payments[0].clone();
        for one in &mut payments {
            one.debtor_agent = first.debtor_agent.clone();
            one.currency = first.currency;
        }
        Some(Self { payments }.into())
    }
    fn payments(&self) -> Vec<&PaymentTerms> {
        self.payments.iter().collect()
    }
}
impl Modelled for PayBulk {
    fn alone(&self) -> Option<u16> {
        let amounts = self.payments.iter().map(|terms| terms.amount.minor());
        amounts.into_iter().find_map(amount_alone)
    }
    fn groups(&self, model: &Model) -> Result<Vec<Group>, u16> {
        let total = self.payments.iter().map(|terms| terms.amount.minor());
        let first = &self.payments[0];
        let money = Some((first.currency, total.sum()));
        Ok(institution(model.debtor(&first.debtor_agent)?, money))
    }
    fn items(&self, model: &Model) -> Vec<Item> {
        let item = |terms| model.item(terms, What::Payment);
        self.payments.iter().filter_map(item).collect()
    }
    fn perform(&self, model: &mut Model, turn: &Turn, open: &[Item]) -> Result<(), u16> {
        for terms in &self.payments {
            if let Some(item) = open.iter().find(|item| item.sum.uetr == terms.uetr) {
                model.pay(turn, terms, item);
            }
        }
        Ok(())
    }
}

impl Authored for Linked {
    fn write(author: &mut Author, _chain: &Chain, model: &Model) -> Option<Operation> {
        let legs = author.several(model);
        Some(Self { legs }.into())
    }
    fn payments(&self) -> Vec<&PaymentTerms> {
        self.legs.iter().collect()
    }
}
impl Modelled for Linked {
    fn alone(&self) -> Option<u16> {
        let amounts = self.legs.iter().map(|terms| terms.amount.minor());
        amounts.into_iter().find_map(amount_alone)
    }
    /// Every debtor agent, each for the sum of its legs in each currency.
    fn groups(&self, model: &Model) -> Result<Vec<Group>, u16> {
        let mut totals: Vec<(Lei, CurrencyCode, u128)> = Vec::new();
        for terms in &self.legs {
            let debtor = model.debtor(&terms.debtor_agent)?;
            let of =
                |one: &&mut (Lei, CurrencyCode, u128)| one.0 == debtor && one.1 == terms.currency;
            match totals.iter_mut().find(of) {
                Some(total) => total.2 += terms.amount.minor(),
                None => totals.push((debtor, terms.currency, terms.amount.minor())),
            }
        }
        let groups = totals
            .iter()
            .flat_map(|(lei, currency, total)| institution(*lei, Some((*currency, *total))));
        Ok(groups.collect())
    }
    fn items(&self, model: &Model) -> Vec<Item> {
        let item = |terms| model.item(terms, What::Payment);
        self.legs.iter().filter_map(item).collect()
    }
    fn perform(&self, model: &mut Model, turn: &Turn, open: &[Item]) -> Result<(), u16> {
        if open.len() < self.legs.len() {
            return Err(1407);
        }
        let legs: Vec<&PaymentTerms> = self.legs.iter().collect();
        if model.takes_from_clients(&legs) {
            return Err(909);
        }
        let before = model.clone();
        for (index, terms) in self.legs.iter().enumerate() {
            if let Err(code) = model.settle(terms) {
                *model = before;
                let lacking = [606, 1111, 1301, 1302, 1303, NO_ROOM_YET].contains(&code);
                let may_wait = |leg: &PaymentTerms| leg.on_shortage == OnShortage::Queue;
                if lacking && self.legs.iter().all(may_wait) {
                    wait_together(self, model, turn, open);
                } else {
                    model.refuse_all(turn, open, index, code);
                }
                return Ok(());
            }
        }
        for item in open {
            model.book(turn, item, TransactionStatus::Acsc, None);
        }
        Ok(())
    }
}

/// All legs as one entry, if nothing but money is wrong with any.
fn wait_together(linked: &Linked, model: &mut Model, turn: &Turn, open: &[Item]) {
    let mut until = model.time + model.rulebook.common.queue.waiting_max_ms.millis();
    for terms in &linked.legs {
        if let Some(reject) = terms.reject_time {
            until = until.min(reject.millis());
        }
    }
    let legs: Vec<&PaymentTerms> = linked.legs.iter().collect();
    match model.examine(&legs, model.time) {
        Err((place, code)) => model.refuse_all(turn, open, place, code),
        Ok(Examined {
            halted: Some((place, code)),
            ..
        }) => model.refuse_all(turn, open, place, code),
        Ok(examined) => match model.too_much(&examined) {
            Some((place, code)) => model.refuse_all(turn, open, place, code),
            None => model.queue_all(turn, open, &legs, (&examined, until)),
        },
    }
}

impl Authored for BalancingPay {
    fn write(author: &mut Author, _chain: &Chain, model: &Model) -> Option<Operation> {
        let payment = author.terms(model);
        Some(Self { payment }.into())
    }
    fn payments(&self) -> Vec<&PaymentTerms> {
        vec![&self.payment]
    }
}
impl Modelled for BalancingPay {
    fn alone(&self) -> Option<u16> {
        amount_alone(self.payment.amount.minor())
    }
    fn groups(&self, model: &Model) -> Result<Vec<Group>, u16> {
        model.groups_of_payment(&self.payment)
    }
    fn items(&self, model: &Model) -> Vec<Item> {
        let item = model.item(&self.payment, What::Payment);
        item.into_iter().collect()
    }
    fn perform(&self, model: &mut Model, turn: &Turn, open: &[Item]) -> Result<(), u16> {
        let mut terms = self.payment.clone();
        let number = open[0].sum.debit.clone();
        let account = number.and_then(|number| model.account(&number));
        // It borrows nothing.
        let there = account.map(|account| {
            let own = account.posted - account.held;
            Model::usable(account, terms.priority).min(own)
        });
        if let Some(there) = there.filter(|there| *there > 0) {
            let there = u128::try_from(there).expect("above zero");
            terms.amount = Amount::from_minor(there.min(terms.amount.minor()));
        }
        let parties = model
            .who(&terms.debtor_agent)
            .zip(model.who(&terms.creditor_agent));
        let room = parties.and_then(|(from, to)| model.room((from, to, terms.currency)));
        if let Some(room) = room.filter(|room| *room > 0) {
            let room = u128::try_from(room).expect("above zero");
            terms.amount = Amount::from_minor(room.min(terms.amount.minor()));
        }
        let (debit, credit, from) = model.payable(&terms)?;
        model.attested_alone(&terms)?;
        if from > model.time {
            return Err(606);
        }
        if room == Some(0) {
            return Err(1202);
        }
        if there.is_some_and(|there| there <= 0) {
            return Err(1301);
        }
        let amount = terms.amount.minor();
        model.pay_now(&debit, &credit, amount, terms.priority)?;
        model.count_travelled(&[&terms]);
        let mut paid = open[0].clone();
        paid.sum.amount = amount;
        model.book(turn, &paid, TransactionStatus::Acsc, None);
        Ok(())
    }
}
