//! Attestations of the beneficiary's institution.

use super::super::author::{Author, data};
use super::super::books::{Model, Payment, What};
use super::super::instructions::{Item, Turn};
use super::super::payment_rules::amount_alone;
use super::super::signing::{Group, Need};
use super::super::travel_rule::Attested;
use super::{Authored, Modelled, payments_of};
use crate::support::*;
use karwan_ledger::{Attest, Holder, Operation, Pay, PaymentKind, PaymentTerms};
use karwan_types::{Lei, TransactionStatus};

fn is_open(one: &Payment) -> bool {
    let kind = matches!(one.what, What::Payment | What::Hold(_));
    kind && matches!(
        one.status,
        TransactionStatus::Pdng | TransactionStatus::Patc
    )
}

impl Authored for Attest {
    fn write(author: &mut Author, chain: &Chain, model: &Model) -> Option<Operation> {
        model.rulebook.common.travel_rule.as_ref()?;
        let terms = attested_terms(author, model)?;
        let block = chain.upcoming();
        let expires = match author.random.u32(..10) {
            0 => block,
            1 => block.after(millis(author.random.u64(1..7_200_000))),
            2 => block.after(millis(6 * 3_600_000)),
            3 => block.after(millis(6 * 3_600_000 + 1)),
            _ => block.after(HOUR),
        };
        let mut one = Self {
            debtor_agent: terms.debtor_agent,
            uetr: terms.uetr,
            debtor_account: terms.debtor_account,
            creditor_agent: terms.creditor_agent,
            creditor_account: terms.creditor_account,
            currency: terms.currency,
            amount: terms.amount,
            ivms_commitment: terms.ivms_commitment.unwrap_or(data(1)),
            pair_tag: terms.pair_tag,
            expires,
            rulebook: model.rulebook.version,
        };
        match author.random.u32(..40) {
            0 => one.amount = author.part_of(one.amount.minor()),
            1 => one.creditor_agent = author.bank().agent(),
            2 => one.ivms_commitment = data(9),
            3 => one.pair_tag = Some(data(9)),
            4 => one.creditor_account = Some(account("NARYN-CLIENTS")),
            5 => one.debtor_account = Some(account("INDUS-CLIENTS")),
            6 => one.currency = code("KGS"),
            7 => one.rulebook += author.random.u32(..2),
            8 => one.debtor_agent = author.bank().agent(),
            _ => {}
        }
        Some(one.into())
    }
}

/// The terms of a payment that is on the books, or of one that follows.
fn attested_terms(author: &mut Author, model: &Model) -> Option<PaymentTerms> {
    if author.chance(25) {
        let mut terms = author.terms(model);
        terms.kind = PaymentKind::Customer;
        author.travel(&mut terms);
        author.plan(Pay {
            payment: terms.clone(),
        });
        return Some(terms);
    }
    let waits = |one: &Payment| is_open(one) && !payments_of(&one.operation).is_empty();
    let sum = author.earlier(model, waits)?;
    let row = model.payment(sum.agent, sum.uetr)?;
    let terms = payments_of(&row.operation);
    let found = terms.into_iter().find(|terms| terms.uetr == sum.uetr);
    found.cloned()
}

fn parties(one: &Attest, model: &Model) -> Result<(Lei, Lei), u16> {
    let debtor = model.who(&one.debtor_agent).ok_or(701u16)?;
    Ok((debtor, model.who(&one.creditor_agent).ok_or(702u16)?))
}

impl Modelled for Attest {
    fn alone(&self) -> Option<u16> {
        amount_alone(self.amount.minor())
    }
    fn groups(&self, model: &Model) -> Result<Vec<Group>, u16> {
        let (_, creditor) = parties(self, model)?;
        if !model.can_attest(creditor) {
            return Err(1113);
        }
        let holders = vec![Holder::Participant(creditor)];
        let need = Need::Compliance;
        Ok(vec![Group { holders, need }])
    }
    fn perform(&self, model: &mut Model, _turn: &Turn, _open: &[Item]) -> Result<(), u16> {
        let (agent, creditor) = parties(self, model)?;
        let of = |owner, given, code| {
            let found = model.of(owner, given, self.currency);
            found.map(|one| one.number.clone()).ok_or(code)
        };
        let debit = of(agent, self.debtor_account.as_ref(), 901u16)?;
        let credit = of(creditor, self.creditor_account.as_ref(), 902u16)?;
        let rules = model.rulebook.common.travel_rule.as_ref().ok_or(1117u16)?;
        if !model.ever_in_force.contains(&self.rulebook) {
            return Err(1116);
        }
        let expires = self.expires.millis();
        let longest = model.time + rules.attestation_max_ms.millis();
        if expires <= model.time || expires > longest {
            return Err(1115);
        }
        let row = Attested {
            agent,
            uetr: self.uetr,
            creditor,
            debit,
            credit,
            currency: self.currency,
            amount: self.amount.minor(),
            ivms: self.ivms_commitment,
            tag: self.pair_tag,
            expires,
        };
        fits_the_books(model, &row)?;
        let same = |one: &Attested| {
            (one.agent, one.uetr, one.creditor) == (row.agent, row.uetr, row.creditor)
        };
        model.attested.retain(|one| !same(one));
        model.attested.push(row);
        if let Some(number) = model.queued(agent, self.uetr) {
            let entry = model.entry(number).clone();
            let legs: Vec<&PaymentTerms> = entry.legs.iter().map(|leg| &leg.terms).collect();
            if !model.waits_for_attestation(&legs) {
                model.entry_mut(number).attest_by = None;
                for leg in &entry.legs {
                    model.touch(&leg.debit);
                }
            }
        }
        Ok(())
    }
}

fn fits_the_books(model: &Model, row: &Attested) -> Result<(), u16> {
    let Some(payment) = model.payment(row.agent, row.uetr) else {
        return Ok(());
    };
    if !matches!(payment.what, What::Payment | What::Hold(_)) {
        return Err(1402);
    }
    if !is_open(payment) {
        return Err(1403);
    }
    let sum = &payment.sum;
    let data = model.data_on_the_books(row.agent, row.uetr);
    let data_fits = data.is_none_or(|data| data == [Some(row.ivms), row.tag]);
    let fits = sum.creditor == Some(row.creditor)
        && sum.debit.as_ref() == Some(&row.debit)
        && sum.credit.as_ref() == Some(&row.credit)
        && (sum.currency, sum.amount) == (row.currency, row.amount);
    (fits && data_fits).then_some(()).ok_or(1114)
}
