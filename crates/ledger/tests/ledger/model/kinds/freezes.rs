//! Freezes: ordered by a regulator, confirmed by a court, lifted by either.

use super::super::author::Author;
use super::super::books::Model;
use super::super::instructions::{Item, Turn};
use super::super::signing::Group;
use super::super::supervision::{Frozen, Past};
use super::{Authored, Modelled};
use crate::support::*;
use karwan_ledger::{
    Freeze, FreezeConfirm, FreezeMode, FreezeSubject, Holder, Operation, Unfreeze,
};
use karwan_types::{Hash, JurisdictionCode};

fn some_order(author: &mut Author, model: &Model) -> (JurisdictionCode, FreezeSubject) {
    let of = author.bank();
    let foreign = author.chance(4);
    let place = if foreign {
        *author.pick(&["PK", "KG", "TJ"])
    } else {
        of.country
    };
    let subject = match author.random.u32(..8) {
        0..4 => FreezeSubject::Account(author.account(model, of.lei())),
        4 | 5 => FreezeSubject::Participant(if author.chance(4) {
            PK_ISSUER.lei()
        } else {
            of.lei()
        }),
        6 => FreezeSubject::Currency(author.currency(model, of)),
        _ => {
            let other: &&str = author.pick(&["PK", "KG", "KZ", "TJ"]);
            FreezeSubject::Corridor(country(other))
        }
    };
    (country(place), subject)
}
/// One that is on the list, now and then another one.
fn earlier(author: &mut Author, model: &Model) -> Option<(JurisdictionCode, FreezeSubject)> {
    if model.freezes.is_empty() || author.chance(5) {
        return author.chance(5).then(|| some_order(author, model));
    }
    let one = author.pick(&model.freezes);
    Some((one.place, one.subject.clone()))
}

/// The hash of every order to freeze.
const ORDER: Hash = Hash::from_bytes([1; 32]);

impl Author {
    /// The order that is meant, now and then another.
    fn named_order(&mut self) -> Hash {
        if self.chance(10) { Hash::ZERO } else { ORDER }
    }
}

impl Authored for Freeze {
    fn write(author: &mut Author, chain: &Chain, model: &Model) -> Option<Operation> {
        let again = author.chance(30);
        let listed = if again { earlier(author, model) } else { None };
        let (jurisdiction, subject) = listed.unwrap_or_else(|| some_order(author, model));
        let block = chain.upcoming();
        let most = DAY.millis() * 30;
        let until = match author.random.u32(..8) {
            0 => block.after(millis(author.random.u64(..2_000))),
            1 => block.after(millis(most + author.random.u64(..2))),
            2 => block.after(millis(most - author.random.u64(..7_200_000))),
            _ => block.after(millis(author.random.u64(1_000..7_200_000))),
        };
        let from = author.chance(15);
        let one = Self {
            jurisdiction,
            subject,
            mode: *author.pick(&[FreezeMode::Debit, FreezeMode::Credit, FreezeMode::Full]),
            from: from.then(|| block.after(millis(author.random.u64(..60_000)))),
            until,
            legal_basis: "an act".parse().expect("a sentence"),
            order_hash: ORDER,
            redemption_allowed: author.chance(50),
            salt: Hash::from_bytes([2; 32]),
        };
        Some(one.into())
    }
}

/// Whether a jurisdiction may stop something: its own institutions' money, never an issuer's.
fn freezable(model: &Model, place: JurisdictionCode, subject: &FreezeSubject) -> Result<(), u16> {
    let own = |lei| model.home(lei) == place && !model.is_issuer(lei);
    let allowed = match subject {
        FreezeSubject::Account(number) => {
            let account = model.account(number).ok_or(817u16)?;
            own(account.owner)
        }
        FreezeSubject::Participant(lei) => {
            model.participant(*lei).ok_or(701u16)?;
            own(*lei)
        }
        FreezeSubject::Currency(currency) => {
            model.currency(*currency).ok_or(1003u16)?;
            true
        }
        FreezeSubject::Corridor(other) => {
            if *other == place || !model.jurisdictions.contains(other) {
                return Err(1503);
            }
            true
        }
    };
    if allowed { Ok(()) } else { Err(817) }
}

impl Modelled for Freeze {
    fn groups(&self, model: &Model) -> Result<Vec<Group>, u16> {
        let place = self.jurisdiction;
        model.order(place, vec![Holder::Regulator(place)])
    }
    fn perform(&self, model: &mut Model, _turn: &Turn, _open: &[Item]) -> Result<(), u16> {
        let place = self.jurisdiction;
        freezable(model, place, &self.subject)?;
        let old = model
            .freezes
            .iter()
            .find(|one| one.is(place, &self.subject));
        if old.is_some_and(|old| old.confirmed) {
            return Err(820);
        }
        let asked = self.from.map_or(model.time, |from| from.millis());
        let asked = asked.max(model.time);
        let from = old.map_or(asked, |old| old.from.min(asked));
        let is_of = |one: &&Past| one.place == place && one.subject == self.subject;
        let past = model.past.iter().find(is_of);
        let past = past.filter(|past| model.time < past.until);
        let before = match (old, past) {
            (Some(old), _) => old.before,
            (None, Some(past)) => past.lasted,
            (None, None) => 0,
        };
        let longest = model.longest_freeze(place);
        if past.is_some() && before >= longest {
            return Err(821);
        }
        let until = self.until.millis();
        if until <= asked || until > from + longest - before {
            return Err(818);
        }
        let subject = &self.subject;
        model.freezes.retain(|one| !one.is(place, subject));
        model
            .past
            .retain(|one| one.place != place || one.subject != *subject);
        model.touch_all(|_| true);
        model.orders_ever += 1;
        model.freezes.push(Frozen {
            place,
            subject: self.subject.clone(),
            mode: self.mode,
            from,
            until: Some(until),
            confirmed: false,
            redeemable: self.redemption_allowed,
            before,
            order: model.orders_ever,
        });
        Ok(())
    }
}

impl Authored for FreezeConfirm {
    fn write(author: &mut Author, chain: &Chain, model: &Model) -> Option<Operation> {
        let (jurisdiction, subject) = earlier(author, model)?;
        let later = chain
            .upcoming()
            .after(millis(author.random.u64(..7_200_000)));
        let until = match author.random.u32(..6) {
            0 => Some(chain.upcoming()),
            1..4 => Some(later),
            _ => None,
        };
        let one = Self {
            jurisdiction,
            subject,
            frozen_by: author.named_order(),
            until,
            court_order_hash: Hash::from_bytes([4; 32]),
        };
        Some(one.into())
    }
}
impl Modelled for FreezeConfirm {
    fn groups(&self, model: &Model) -> Result<Vec<Group>, u16> {
        let place = self.jurisdiction;
        model.order(place, vec![Holder::Court(place)])
    }
    fn perform(&self, model: &mut Model, _turn: &Turn, _open: &[Item]) -> Result<(), u16> {
        let (time, place) = (model.time, self.jurisdiction);
        let mut rows = model.freezes.iter_mut();
        let one = rows
            .find(|one| one.is(place, &self.subject) && self.frozen_by == ORDER)
            .ok_or(819u16)?;
        if one.until.is_some_and(|until| until <= time) {
            return Err(819);
        }
        let until = self.until.map(|until| until.millis());
        if until.is_some_and(|until| until <= time) {
            return Err(816);
        }
        one.until = until;
        one.confirmed = true;
        Ok(())
    }
}

impl Authored for Unfreeze {
    fn write(author: &mut Author, _chain: &Chain, model: &Model) -> Option<Operation> {
        let (jurisdiction, subject) = earlier(author, model)?;
        let one = Self {
            jurisdiction,
            subject,
            frozen_by: author.named_order(),
            order_hash: Hash::from_bytes([3; 32]),
        };
        Some(one.into())
    }
}
impl Modelled for Unfreeze {
    fn groups(&self, model: &Model) -> Result<Vec<Group>, u16> {
        let place = self.jurisdiction;
        let mut rows = model.freezes.iter();
        let one = rows.find(|one| one.is(place, &self.subject));
        let mut holders = vec![Holder::Court(place)];
        if !one.is_some_and(|one| one.confirmed) {
            holders.push(Holder::Regulator(place));
        }
        model.order(place, holders)
    }
    fn perform(&self, model: &mut Model, _turn: &Turn, _open: &[Item]) -> Result<(), u16> {
        let place = self.jurisdiction;
        let known = self.frozen_by == ORDER;
        if !known || !model.freezes.iter().any(|one| one.is(place, &self.subject)) {
            return Err(819);
        }
        model.end_freeze(place, &self.subject);
        Ok(())
    }
}
