//! Payments against each other, and the withdrawal of what several have agreed to.

use super::super::author::Author;
use super::super::books::{Model, What};
use super::super::instructions::{Item, Turn};
use super::super::payment_rules::amount_alone;
use super::super::signing::{Group, institution};
use super::quotes::{may_exchange, may_settle};
use super::recalls::reason;
use super::{Authored, Modelled};
use crate::support::*;
use karwan_ledger::{CancelExchange, ExchangeStatus, Operation, PayVersusPayment, PaymentTerms};
use karwan_types::{AgentIdentification, Lei, TransactionStatus};

impl Authored for PayVersusPayment {
    fn write(author: &mut Author, chain: &Chain, model: &Model) -> Option<Operation> {
        let mut leg_a = author.terms(model);
        let mut leg_b = leg_a.clone();
        leg_b.uetr = uetr(&author.name());
        (leg_b.debtor_agent, leg_b.creditor_agent) =
            (leg_a.creditor_agent.clone(), leg_a.debtor_agent.clone());
        let payer = model.who(&leg_b.debtor_agent)?;
        let own = model.accounts.iter().filter(|one| one.owner == payer);
        let other: Vec<_> = own
            .map(|one| one.currency)
            .filter(|currency| *currency != leg_a.currency)
            .collect();
        if other.is_empty() {
            return None;
        }
        leg_b.currency = *author.pick(&other);
        leg_b.amount = author.amount(model, payer);
        for leg in [&mut leg_a, &mut leg_b] {
            (leg.debtor_account, leg.creditor_account) = (None, None);
            (leg.settlement_date, leg.from_time) = (None, None);
            (leg.till_time, leg.reject_time) = (None, None);
        }
        let later = author.chance(10);
        let block = chain.upcoming();
        if author.chance(3) {
            leg_b.debtor_agent = leg_a.debtor_agent.clone();
        }
        let longest = DAY.millis();
        let till = match author.random.u32(..10) {
            0 => author.random.u64(..1_500),
            1 => longest + author.random.u64(..2),
            _ => author.random.u64(2_000..7_200_000),
        };
        let one = Self {
            leg_a: Box::new(leg_a),
            leg_b: Box::new(leg_b),
            settle_from: later.then(|| block.after(SECOND)),
            settle_till: block.after(millis(till)),
        };
        Some(one.into())
    }
    fn payments(&self) -> Vec<&PaymentTerms> {
        vec![&self.leg_a, &self.leg_b]
    }
}

fn legs(one: &PayVersusPayment) -> [&PaymentTerms; 2] {
    [&one.leg_a, &one.leg_b]
}
/// Who pays leg a and who pays leg b, if what one pays the other receives.
fn sides(model: &Model, one: &PayVersusPayment) -> Result<[Lei; 2], u16> {
    let [a, b] = legs(one);
    let creditor = |leg: &PaymentTerms| model.who(&leg.creditor_agent).ok_or(702u16);
    let (payer, receiver) = (model.debtor(&a.debtor_agent)?, creditor(a)?);
    let facing =
        payer != receiver && model.debtor(&b.debtor_agent)? == receiver && creditor(b)? == payer;
    if facing {
        Ok([payer, receiver])
    } else {
        Err(1720)
    }
}
impl Modelled for PayVersusPayment {
    fn alone(&self) -> Option<u16> {
        let [a, b] = legs(self);
        let starts_late = self
            .settle_from
            .is_some_and(|from| from >= self.settle_till);
        if a.currency == b.currency || a.uetr == b.uetr || starts_late {
            return Some(102);
        }
        let mut amounts = legs(self).into_iter().map(|leg| leg.amount.minor());
        amounts.find_map(amount_alone)
    }
    fn groups(&self, model: &Model) -> Result<Vec<Group>, u16> {
        let sides = sides(model, self)?.into_iter().zip(legs(self));
        let groups = sides.flat_map(|(payer, leg)| {
            let money = Some((leg.currency, leg.amount.minor()));
            institution(payer, money)
        });
        Ok(groups.collect())
    }
    fn items(&self, model: &Model) -> Vec<Item> {
        let item = |terms| model.item(terms, What::Payment);
        legs(self).into_iter().filter_map(item).collect()
    }
    fn perform(&self, model: &mut Model, turn: &Turn, open: &[Item]) -> Result<(), u16> {
        if open.len() < 2 {
            return Err(1407);
        }
        let [first, second] = sides(model, self)?;
        if model.takes_from_clients(&legs(self)) {
            return Err(909);
        }
        let pairs = [(first, second), (second, first)];
        for (leg, pair) in legs(self).into_iter().zip(pairs) {
            may_exchange(model, pair, (leg.currency, leg.amount.minor()))?;
        }
        let till = self.settle_till.millis();
        may_settle(model, till)?;
        let from = self.settle_from.map_or(model.time, |from| from.millis());
        model.settle_or_wait(turn, open, &legs(self), (from, till - 1));
        Ok(())
    }
}

impl Authored for CancelExchange {
    fn write(author: &mut Author, chain: &Chain, model: &Model) -> Option<Operation> {
        let matched = chain.state.exchanges().map(|(_, one)| one);
        let matched = matched.filter(|one| one.status == ExchangeStatus::Matched);
        let mut legs: Vec<(Lei, karwan_types::Uetr)> = matched
            .map(|one| (one.legs[0].agent, one.legs[0].uetr))
            .collect();
        let together = model.queue.iter().filter(|entry| entry.legs.len() > 1);
        legs.extend(together.map(|entry| (entry.legs[0].agent, entry.legs[0].terms.uetr)));
        if legs.is_empty() || author.chance(10) {
            let any = author.chance(10);
            let sum = any.then(|| author.earlier(model, |_| true)).flatten()?;
            legs.push((sum.agent, sum.uetr));
        }
        let (agent, uetr) = *author.pick(&legs);
        let one = Self {
            agent: AgentIdentification::Lei(agent),
            uetr,
            reason: reason(author, &["CUST", "DUPL"]),
        };
        Some(one.into())
    }
}
/// The entry that waits, if it does.
fn entry(model: &Model, one: &CancelExchange) -> Result<u64, u16> {
    let row = model.original(&one.agent, one.uetr)?;
    match row.status {
        TransactionStatus::Acsc | TransactionStatus::Accc => Err(1404),
        _ => model.queued(row.sum.agent, one.uetr).ok_or(1408),
    }
}
impl Modelled for CancelExchange {
    fn alone(&self) -> Option<u16> {
        (self.reason.as_str() == "ZZZZ").then_some(102)
    }
    fn groups(&self, model: &Model) -> Result<Vec<Group>, u16> {
        let entry = model.entry(entry(model, self)?);
        let mut debtors: Vec<Lei> = entry.legs.iter().map(|leg| leg.agent).collect();
        debtors.sort();
        debtors.dedup();
        let groups = debtors.into_iter();
        Ok(groups
            .flat_map(|debtor| institution(debtor, None))
            .collect())
    }
    fn perform(&self, model: &mut Model, _turn: &Turn, _open: &[Item]) -> Result<(), u16> {
        let number = entry(model, self)?;
        model.cancel_waiting(number);
        Ok(())
    }
}
