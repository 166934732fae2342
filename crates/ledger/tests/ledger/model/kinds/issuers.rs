//! Issuers that halt their currency and let it move again.

use super::super::author::Author;
use super::super::books::{Account, Currency, Model};
use super::super::instructions::{Item, Turn};
use super::super::signing::{Group, institution};
use super::{Authored, Modelled};
use crate::support::*;
use karwan_ledger::{CurrencyHalt, CurrencyResume, Operation};
use karwan_types::CurrencyCode;

impl Authored for CurrencyHalt {
    fn write(author: &mut Author, _chain: &Chain, model: &Model) -> Option<Operation> {
        let halted = model.currencies.iter().any(|one| one.halted);
        if author.chance(5) {
            return Some(halt("USD").into());
        }
        if halted && author.chance(90) {
            return None;
        }
        let (_, currency) = *author.pick(&ISSUERS);
        Some(halt(currency).into())
    }
}
impl Modelled for CurrencyHalt {
    fn groups(&self, model: &Model) -> Result<Vec<Group>, u16> {
        Ok(institution(model.issuer(self.currency)?, None))
    }
    fn perform(&self, model: &mut Model, _turn: &Turn, _open: &[Item]) -> Result<(), u16> {
        set(model, self.currency, true)
    }
}

impl Authored for CurrencyResume {
    fn write(author: &mut Author, _chain: &Chain, model: &Model) -> Option<Operation> {
        let halted = |one: &&Currency| one.halted;
        let halted = model.currencies.iter().find(halted);
        match halted {
            Some(one) => Some(resume(one.rules.code.as_str()).into()),
            None => author.chance(5).then(|| resume("PKR").into()),
        }
    }
}
impl Modelled for CurrencyResume {
    fn groups(&self, model: &Model) -> Result<Vec<Group>, u16> {
        Ok(institution(model.issuer(self.currency)?, None))
    }
    fn perform(&self, model: &mut Model, _turn: &Turn, _open: &[Item]) -> Result<(), u16> {
        set(model, self.currency, false)?;
        let concerned = |account: &Account| account.currency == self.currency;
        model.touch_all(concerned);
        Ok(())
    }
}

fn set(model: &mut Model, currency: CurrencyCode, halted: bool) -> Result<(), u16> {
    let row = model.currency_mut(currency);
    if row.halted == halted {
        return Err(803);
    }
    row.halted = halted;
    Ok(())
}
