//! Holds, and what becomes of them.

use super::super::author::Author;
use super::super::books::{Model, Payment, What, whole};
use super::super::instructions::{Item, Turn};
use super::super::payment_rules::amount_alone;
use super::super::signing::{Group, either_side};
use super::{Authored, Modelled, payments_of};
use crate::support::*;
use karwan_ledger::{Hold, Operation, PaymentTerms, Post, Priority, Void};
use karwan_types::{AgentIdentification, TransactionStatus, Uetr};

impl Authored for Hold {
    fn write(author: &mut Author, chain: &Chain, model: &Model) -> Option<Operation> {
        let block = chain.upcoming();
        let expires = match author.random.u32(..10) {
            0 => block,
            1 => block.after(VALIDITY),
            2 => block.after(VALIDITY).after(millis(1)),
            3 => block.after(millis(1)),
            _ => block.after(millis(author.random.u64(1..7_200_000))),
        };
        let payment = author.terms(model);
        Some(Self { payment, expires }.into())
    }
    fn payments(&self) -> Vec<&PaymentTerms> {
        vec![&self.payment]
    }
}
impl Modelled for Hold {
    fn alone(&self) -> Option<u16> {
        amount_alone(self.payment.amount.minor())
    }
    fn groups(&self, model: &Model) -> Result<Vec<Group>, u16> {
        model.groups_of_payment(&self.payment)
    }
    fn items(&self, model: &Model) -> Vec<Item> {
        let what = What::Hold(self.expires.millis());
        model.item(&self.payment, what).into_iter().collect()
    }
    fn perform(&self, model: &mut Model, turn: &Turn, open: &[Item]) -> Result<(), u16> {
        let terms = &self.payment;
        let longest = model.time + model.rulebook.common.validity_max_ms.millis();
        let reject = terms.reject_time.map(|time| time.millis());
        let until = self.expires.millis();
        if until <= model.time || until > longest.min(reject.unwrap_or(longest)) {
            return Err(609);
        }
        let (debit, _, from) = model.payable(terms)?;
        model.attested_alone(terms)?;
        if from > model.time {
            return Err(606);
        }
        let amount = terms.amount.minor();
        let sum = &open[0].sum;
        let creditor = sum.creditor.expect("it was looked up");
        let flow = (sum.agent, creditor, sum.currency, whole(amount));
        model.has_room(&[], &[flow]).map_err(|(_, code)| code)?;
        if model.stands_behind(&debit, terms.priority) {
            return Err(1302);
        }
        model.has(&debit, amount, terms.priority)?;
        let account = model.account_mut(&debit);
        account.held += whole(amount);
        match terms.priority {
            Priority::Urgt => account.for_urgent = (account.for_urgent - whole(amount)).max(0),
            Priority::High => account.for_high = (account.for_high - whole(amount)).max(0),
            Priority::Norm => {}
        }
        model.count_payment(flow, Some((sum.agent, sum.uetr)), [true, true]);
        model.book(turn, &open[0], TransactionStatus::Pdng, None);
        Ok(())
    }
}

fn is_open_hold(one: &Payment) -> bool {
    matches!(one.what, What::Hold(_)) && one.status == TransactionStatus::Pdng
}

impl Authored for Post {
    fn write(author: &mut Author, _chain: &Chain, model: &Model) -> Option<Operation> {
        let sum = author.earlier(model, is_open_hold)?;
        let amount = author.part_of(sum.amount);
        let (agent, uetr) = (AgentIdentification::Lei(sum.agent), sum.uetr);
        Some(
            Self {
                agent,
                uetr,
                amount,
            }
            .into(),
        )
    }
}
impl Modelled for Post {
    fn alone(&self) -> Option<u16> {
        amount_alone(self.amount.minor())
    }
    fn groups(&self, model: &Model) -> Result<Vec<Group>, u16> {
        let sum = &model.original(&self.agent, self.uetr)?.sum;
        Ok(either_side(sum, Some((sum.currency, self.amount.minor()))))
    }
    fn perform(&self, model: &mut Model, _turn: &Turn, _open: &[Item]) -> Result<(), u16> {
        let row = open_hold(model, &self.agent, self.uetr)?;
        let hold = row.sum.clone();
        let terms = payments_of(&row.operation);
        let kind = terms.first().expect("a hold has its payment").kind;
        let amount = self.amount.minor();
        let creditor = hold.creditor.expect("a hold has its creditor");
        let sides = (
            (hold.agent, hold.debit.as_ref()),
            (creditor, hold.credit.as_ref()),
        );
        let licensed = model.both_licensed(sides.0, sides.1, (kind, hold.currency, amount));
        licensed.map_err(|(code, _)| code)?;
        if amount > hold.amount {
            return Err(1007);
        }
        model.moves(hold.currency)?;
        let debit = hold.debit.expect("a hold has its account");
        let credit = hold.credit.expect("a hold has its account");
        Model::may_debit(model.account(&debit).ok_or(901u16)?, hold.currency)?;
        Model::may_credit(model.account(&credit).ok_or(902u16)?, hold.currency)?;
        model.lawful((hold.agent, creditor), (hold.currency, amount))?;
        model.stopped(&debit, &credit)?;
        if model.holds_too_much(&credit) {
            return Err(1816);
        }
        let key = (hold.agent, hold.uetr);
        let flow = (hold.agent, creditor, hold.currency, whole(amount));
        model.may_post(key, flow)?;
        model.within_limits(&debit, &credit, amount)?;
        let journey = model.journey_of_hold(hold.agent, self.uetr, amount);
        if let Some(journey) = &journey {
            model.hold_attested(journey)?;
        }
        model.owes_nothing(&debit)?;
        if let Some(journey) = &journey {
            model.count_journey(journey);
        }
        model.account_mut(&debit).held -= whole(hold.amount);
        model.move_back(&debit, &credit, whole(amount), Priority::Norm);
        model.recover(&debit);
        model.touch(&debit);
        model.count_post(key, flow, whole(hold.amount - amount));
        model.payment_mut(hold.agent, self.uetr).sum.amount = amount;
        model.change(hold.agent, self.uetr, TransactionStatus::Acsc, None);
        Ok(())
    }
}

impl Authored for Void {
    fn write(author: &mut Author, _chain: &Chain, model: &Model) -> Option<Operation> {
        let sum = author.earlier(model, is_open_hold)?;
        let (agent, uetr) = (AgentIdentification::Lei(sum.agent), sum.uetr);
        Some(Self { agent, uetr }.into())
    }
}
impl Modelled for Void {
    fn groups(&self, model: &Model) -> Result<Vec<Group>, u16> {
        let sum = &model.original(&self.agent, self.uetr)?.sum;
        Ok(either_side(sum, None))
    }
    fn perform(&self, model: &mut Model, _turn: &Turn, _open: &[Item]) -> Result<(), u16> {
        let hold = open_hold(model, &self.agent, self.uetr)?.sum.clone();
        let account = hold.debit.expect("a hold has its account");
        model.let_go(&account, hold.amount);
        model.uncount((hold.agent, hold.uetr), whole(hold.amount));
        model.change(hold.agent, hold.uetr, TransactionStatus::Canc, None);
        Ok(())
    }
}

fn open_hold<'a>(
    model: &'a Model,
    agent: &AgentIdentification,
    uetr: Uetr,
) -> Result<&'a Payment, u16> {
    let row = model.original(agent, uetr)?;
    let What::Hold(until) = row.what else {
        return Err(1402);
    };
    match row.status {
        TransactionStatus::Pdng => Ok(row),
        TransactionStatus::Canc if until <= model.time => Err(608),
        _ => Err(1403),
    }
}
