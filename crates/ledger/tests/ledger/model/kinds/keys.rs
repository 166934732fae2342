//! Keys and validators.

use super::super::author::Author;
use super::super::books::{Key, Model};
use super::super::instructions::{Item, Turn};
use super::super::signing::{Group, Need, institution, one_of};
use super::{Authored, Modelled};
use crate::support::*;
use karwan_ledger::{Holder, Operation, Role, RotateKey, ValidatorSetChange};
use karwan_types::{PublicKey, Validator};

/// Who replaces a key that signs orders: the governor with a colleague, or all governors.
fn replaced(model: &Model, holder: Holder, colleague: bool) -> Vec<Group> {
    let (Holder::Regulator(place) | Holder::Court(place)) = holder else {
        return Vec::new();
    };
    if colleague {
        let one = |holder| one_of(vec![holder]);
        return [one(Holder::Governor(place)), one(holder)].concat();
    }
    let holders = model.jurisdictions.iter();
    let holders = holders.map(|place| Holder::Governor(*place)).collect();
    let need = Need::Every;
    vec![Group { holders, need }]
}

impl Authored for RotateKey {
    fn write(author: &mut Author, _chain: &Chain, model: &Model) -> Option<Operation> {
        let keys: Vec<PublicKey> = model.keys.iter().map(|one| one.key).collect();
        let old = *author.pick(&keys);
        let new = match author.random.u32(..10) {
            0 => *author.pick(&keys),
            1 => validator("KZ").public_key(),
            _ => author.new_key(),
        };
        Some(Self { old, new }.into())
    }
}
impl Modelled for RotateKey {
    fn groups(&self, model: &Model) -> Result<Vec<Group>, u16> {
        let old = model.keys.iter().find(|one| one.key == self.old);
        let old = old.ok_or(402u16)?;
        let signs_orders = |one: &Key| {
            let authority = matches!(one.holder, Holder::Regulator(_) | Holder::Court(_));
            authority && one.holder == old.holder && one.role == Role::Approver && !one.revoked
        };
        let orders = matches!(old.holder, Holder::Regulator(_) | Holder::Court(_));
        if orders && old.role == Role::Approver {
            let mut keys = model.keys.iter();
            let colleague = keys.any(|one| one.key != self.old && signs_orders(one));
            return Ok(replaced(model, old.holder, colleague));
        }
        Ok(match old.holder {
            Holder::Participant(lei) => institution(lei, None),
            Holder::Governor(place)
            | Holder::Regulator(place)
            | Holder::Auditor(place)
            | Holder::Court(place) => one_of(vec![Holder::Governor(place)]),
        })
    }
    fn perform(&self, model: &mut Model, _turn: &Turn, _open: &[Item]) -> Result<(), u16> {
        let row = model.keys.iter().find(|one| one.key == self.old);
        let row = row.ok_or(402u16)?.clone();
        if row.revoked {
            return Err(403);
        }
        let validates = |list: &[Validator]| list.iter().any(|one| one.key == self.new);
        let registered = model.keys.iter().any(|one| one.key == self.new);
        if registered || validates(&model.validators) || validates(&model.next_validators) {
            return Err(409);
        }
        for key in &mut model.keys {
            key.revoked |= key.key == self.old;
        }
        let key = self.new;
        model.keys.push(Key { key, ..row });
        Ok(())
    }
}

impl Authored for ValidatorSetChange {
    fn write(author: &mut Author, _chain: &Chain, _model: &Model) -> Option<Operation> {
        let mut list: Vec<Validator> = ["PK", "KG", "KZ", "UZ"].map(home_validator).into();
        let place = author.random.usize(..4);
        match author.random.u32(..5) {
            0 => drop(list.remove(place)),
            1 => list[place].power = 2,
            2 => list[place].jurisdiction = country("TJ"),
            3 => list[place].key = maker(TOBOL).public_key(),
            _ => list[place].key = stranger("validator").public_key(),
        }
        Some(validators(list).into())
    }
}
impl Modelled for ValidatorSetChange {
    fn groups(&self, model: &Model) -> Result<Vec<Group>, u16> {
        let governor = |place: &_| Holder::Governor(*place);
        let governors = model.jurisdictions.iter().map(governor);
        let mut groups = vec![Group {
            holders: governors.collect(),
            need: Need::TwoThirds,
        }];
        for place in &model.jurisdictions {
            let at_home = |one: &Validator| one.jurisdiction == *place;
            let had = model.next_validators.iter().any(at_home);
            if !had || self.validators.iter().any(at_home) {
                continue;
            }
            for currency in &model.currencies {
                let issuer = currency.rules.issuer;
                let home = model.participant(issuer).map(|one| one.jurisdiction);
                if home == Some(*place) {
                    groups.extend(institution(issuer, None));
                }
            }
        }
        Ok(groups)
    }
    fn perform(&self, model: &mut Model, _turn: &Turn, _open: &[Item]) -> Result<(), u16> {
        let known = |one: &Validator| model.jurisdictions.contains(&one.jurisdiction);
        if !self.validators.iter().all(known) {
            return Err(1503);
        }
        let signs = |one: &Validator| model.keys.iter().any(|key| key.key == one.key);
        if self.validators.iter().any(signs) {
            return Err(409);
        }
        if model.validators != model.next_validators {
            return Err(1502);
        }
        model.next_validators = self.validators.clone();
        model.next_validators.sort_by_key(|one| one.key);
        Ok(())
    }
}
