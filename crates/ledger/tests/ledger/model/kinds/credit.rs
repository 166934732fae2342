//! Intraday credit against collateral.

use super::super::author::Author;
use super::super::books::{Model, whole};
use super::super::business_day::Credit;
use super::super::instructions::{Item, Turn};
use super::super::payment_rules::amount_alone;
use super::super::signing::{Group, institution};
use super::{Authored, Modelled};
use crate::support::*;
use karwan_ledger::{CreditLineSet, Operation, PledgeCollateral, ReleaseCollateral};
use karwan_types::{AccountNumber, AgentIdentification, Amount, CurrencyCode, Max35Text};

/// The line of an institution, or an empty one, and its account.
fn line(
    model: &Model,
    agent: &AgentIdentification,
    currency: CurrencyCode,
) -> Result<(Credit, AccountNumber), u16> {
    let lei = model.debtor(agent)?;
    let issuer = model.issuer(currency)?;
    let account = model.usual_account(lei, currency).ok_or(901u16)?;
    if lei == issuer {
        return Err(908);
    }
    let known = model.credit.iter();
    let mut known = known.filter(|one| one.lei == lei && one.currency == currency);
    let empty = Credit {
        lei,
        currency,
        limit: None,
        pledges: Vec::new(),
    };
    let found = known.next().cloned().unwrap_or(empty);
    Ok((found, account.number.clone()))
}

fn put(model: &mut Model, one: Credit, account: &AccountNumber) {
    let line = whole(one.line());
    let (lei, currency) = (one.lei, one.currency);
    model
        .credit
        .retain(|other| other.lei != lei || other.currency != currency);
    if one.limit.is_some() || !one.pledges.is_empty() {
        model.credit.push(one);
    }
    model.lend(account, line);
}

fn both(
    model: &Model,
    agent: &AgentIdentification,
    (currency, value): (CurrencyCode, Option<u128>),
) -> Result<Vec<Group>, u16> {
    let lei = model.debtor(agent)?;
    let issuer = model.issuer(currency)?;
    let money = value.map(|value| (currency, value));
    let mut groups = institution(lei, money);
    groups.extend(institution(issuer, money));
    Ok(groups)
}

fn piece(author: &mut Author) -> Max35Text {
    author
        .pick(&["BOND-1", "BOND-2", "BOND-3"])
        .parse()
        .expect("an identifier")
}

impl Authored for CreditLineSet {
    fn write(author: &mut Author, _chain: &Chain, model: &Model) -> Option<Operation> {
        let of = author.bank();
        let limit = match author.chance(60) {
            true => Some(author.amount(model, of.lei())),
            false if author.chance(50) => Some(Amount::ZERO),
            false => None,
        };
        let one = Self {
            agent: author.called(of, model),
            currency: author.currency(model, of),
            limit,
        };
        Some(one.into())
    }
}
impl Modelled for CreditLineSet {
    fn alone(&self) -> Option<u16> {
        self.limit
            .filter(|limit| !limit.is_zero())
            .and_then(|limit| amount_alone(limit.minor()))
    }
    fn groups(&self, model: &Model) -> Result<Vec<Group>, u16> {
        Ok(institution(model.issuer(self.currency)?, None))
    }
    fn perform(&self, model: &mut Model, _turn: &Turn, _open: &[Item]) -> Result<(), u16> {
        let (mut one, account) = line(model, &self.agent, self.currency)?;
        one.limit = self.limit.map(Amount::minor);
        put(model, one, &account);
        Ok(())
    }
}

impl Authored for PledgeCollateral {
    fn write(author: &mut Author, _chain: &Chain, model: &Model) -> Option<Operation> {
        let of = author.bank();
        let one = Self {
            agent: author.called(of, model),
            currency: author.currency(model, of),
            reference: piece(author),
            value: author.amount(model, of.lei()),
            haircut_bps: *author.pick(&[0, 250, 1_000, 9_999, 10_000, 10_001]),
        };
        Some(one.into())
    }
}
impl Modelled for PledgeCollateral {
    fn alone(&self) -> Option<u16> {
        if self.haircut_bps > 10_000 {
            return Some(102);
        }
        amount_alone(self.value.minor())
    }
    fn groups(&self, model: &Model) -> Result<Vec<Group>, u16> {
        both(
            model,
            &self.agent,
            (self.currency, Some(self.value.minor())),
        )
    }
    fn perform(&self, model: &mut Model, _turn: &Turn, _open: &[Item]) -> Result<(), u16> {
        let (mut one, account) = line(model, &self.agent, self.currency)?;
        if one.pledges.iter().any(|(name, ..)| *name == self.reference) {
            return Err(1813);
        }
        let pledge = (self.reference.clone(), self.value.minor(), self.haircut_bps);
        one.pledges.push(pledge);
        put(model, one, &account);
        Ok(())
    }
}

impl Authored for ReleaseCollateral {
    fn write(author: &mut Author, _chain: &Chain, model: &Model) -> Option<Operation> {
        let pledged = model.credit.iter().filter(|one| !one.pledges.is_empty());
        let pledged: Vec<&Credit> = pledged.collect();
        if pledged.is_empty() && author.chance(90) {
            return None;
        }
        let known = (!pledged.is_empty()).then(|| (*author.pick(&pledged)).clone());
        let of = author.bank();
        let one = Self {
            agent: known
                .as_ref()
                .map_or(of.agent(), |one| AgentIdentification::Lei(one.lei)),
            currency: known.map_or(code("PKR"), |one| one.currency),
            reference: piece(author),
        };
        Some(one.into())
    }
}
impl Modelled for ReleaseCollateral {
    fn groups(&self, model: &Model) -> Result<Vec<Group>, u16> {
        both(model, &self.agent, (self.currency, None))
    }
    fn perform(&self, model: &mut Model, _turn: &Turn, _open: &[Item]) -> Result<(), u16> {
        let (mut one, account) = line(model, &self.agent, self.currency)?;
        let before = one.pledges.len();
        one.pledges.retain(|(name, ..)| *name != self.reference);
        if one.pledges.len() == before {
            return Err(1814);
        }
        let row = model.account(&account).expect("found above");
        if (row.held - row.posted).max(0) > whole(one.line()) {
            return Err(1812);
        }
        put(model, one, &account);
        Ok(())
    }
}
