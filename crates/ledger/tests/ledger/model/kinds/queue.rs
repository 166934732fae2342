//! How participants manage what waits, and how an issuer asks for a cycle.

use super::super::author::Author;
use super::super::books::{Account, Model, whole};
use super::super::broken::Break;
use super::super::instructions::{Item, Turn};
use super::super::payment_rules::amount_alone;
use super::super::queue::{Leg, Limit};
use super::super::signing::{Group, institution};
use super::{Authored, Modelled};
use crate::support::*;
use karwan_ledger::{
    AccountClass, MoveInQueue, Operation, Priority, QueueEnd, Reprioritise, ReserveLiquidity,
    RunCycle, SetBilateralLimit,
};
use karwan_types::{AgentIdentification, Amount, Lei, Uetr};

impl Authored for ReserveLiquidity {
    fn write(author: &mut Author, _chain: &Chain, model: &Model) -> Option<Operation> {
        let of = author.bank();
        let currency = author.currency(model, of);
        let account = author.chance(20).then(|| author.account(model, of.lei()));
        let priority = *author.pick(&[
            Priority::Urgt,
            Priority::Urgt,
            Priority::Urgt,
            Priority::High,
            Priority::High,
            Priority::High,
            Priority::Norm,
        ]);
        let amount = if author.chance(25) {
            Amount::ZERO
        } else {
            author.amount(model, of.lei())
        };
        let one = Self {
            agent: author.called(of, model),
            currency,
            account,
            priority,
            amount,
        };
        Some(one.into())
    }
}
impl Modelled for ReserveLiquidity {
    fn alone(&self) -> Option<u16> {
        if self.priority == Priority::Norm {
            return Some(102);
        }
        let amount = self.amount.minor();
        if amount == 0 {
            return None;
        }
        amount_alone(amount)
    }
    fn groups(&self, model: &Model) -> Result<Vec<Group>, u16> {
        Ok(institution(model.debtor(&self.agent)?, None))
    }
    fn perform(&self, model: &mut Model, _turn: &Turn, _open: &[Item]) -> Result<(), u16> {
        let of = model.debtor(&self.agent)?;
        model.currency(self.currency).ok_or(1003u16)?;
        let account = model
            .of(of, self.account.as_ref(), self.currency)
            .ok_or(901u16)?;
        if account.currency != self.currency {
            return Err(906);
        }
        if account.class == AccountClass::IssuerContra {
            return Err(908);
        }
        let number = account.number.clone();
        let amount = whole(self.amount.minor());
        let account = model.account_mut(&number);
        match self.priority {
            Priority::Urgt => account.for_urgent = amount,
            Priority::High => account.for_high = amount,
            Priority::Norm => panic!("refused before"),
        }
        model.touch(&number);
        Ok(())
    }
}

impl Authored for SetBilateralLimit {
    fn write(author: &mut Author, _chain: &Chain, model: &Model) -> Option<Operation> {
        let (of, other) = (author.bank(), author.bank());
        let currency = author.currency(model, of);
        let limit = match author.random.u32(..5) {
            0 => None,
            1 => Some(Amount::ZERO),
            2 => Some(author.amount(model, of.lei())),
            _ => Some(Amount::from_minor(u128::from(author.random.u64(..50_000)))),
        };
        let one = Self {
            agent: author.called(of, model),
            counterparty: author.called(other, model),
            currency,
            limit,
        };
        Some(one.into())
    }
}
impl Modelled for SetBilateralLimit {
    fn alone(&self) -> Option<u16> {
        let limit = self.limit?.minor();
        if limit == 0 {
            return None;
        }
        amount_alone(limit)
    }
    fn groups(&self, model: &Model) -> Result<Vec<Group>, u16> {
        Ok(institution(model.debtor(&self.agent)?, None))
    }
    fn perform(&self, model: &mut Model, _turn: &Turn, _open: &[Item]) -> Result<(), u16> {
        let debtor = model.debtor(&self.agent)?;
        let creditor = model.who(&self.counterparty).ok_or(702u16)?;
        model.currency(self.currency).ok_or(1003u16)?;
        if debtor == creditor {
            return Err(102);
        }
        let same = |one: &Limit| {
            one.debtor == debtor && one.creditor == creditor && one.currency == self.currency
        };
        let place = model.limits.iter().position(same);
        match (self.limit, place) {
            (None, Some(place)) => drop(model.limits.remove(place)),
            (None, None) => {}
            (Some(limit), Some(place)) => model.limits[place].limit = whole(limit.minor()),
            (Some(limit), None) => model.limits.push(Limit {
                debtor,
                creditor,
                currency: self.currency,
                limit: whole(limit.minor()),
                position: 0,
            }),
        }
        let currency = self.currency;
        let concerned = |account: &Account| account.owner == debtor && account.currency == currency;
        model.touch_all(concerned);
        Ok(())
    }
}

/// A payment that waits in the queue, now and then one that does not.
fn somebody_waiting(author: &mut Author, model: &Model) -> Option<(Lei, Uetr)> {
    if author.chance(10) {
        let sum = author.earlier(model, |_| true)?;
        return Some((sum.agent, sum.uetr));
    }
    let key = |leg: &Leg| (leg.agent, leg.terms.uetr);
    let legs = model.queue.iter().flat_map(|entry| &entry.legs);
    let keys: Vec<(Lei, Uetr)> = legs.map(key).collect();
    (!keys.is_empty()).then(|| *author.pick(&keys))
}

impl Authored for Reprioritise {
    fn write(author: &mut Author, _chain: &Chain, model: &Model) -> Option<Operation> {
        let (agent, uetr) = somebody_waiting(author, model)?;
        let classes = [Priority::Urgt, Priority::High, Priority::Norm];
        let one = Self {
            agent: AgentIdentification::Lei(agent),
            uetr,
            priority: *author.pick(&classes),
        };
        Some(one.into())
    }
}
impl Modelled for Reprioritise {
    fn groups(&self, model: &Model) -> Result<Vec<Group>, u16> {
        Ok(institution(model.debtor(&self.agent)?, None))
    }
    fn perform(&self, model: &mut Model, _turn: &Turn, _open: &[Item]) -> Result<(), u16> {
        let agent = model.debtor(&self.agent)?;
        let number = model.queued(agent, self.uetr).ok_or(1408u16)?;
        let entry = model.entry_mut(number);
        let [leg] = entry.legs.as_slice() else {
            return Err(1402);
        };
        let account = leg.debit.clone();
        entry.class = self.priority;
        entry.place = number;
        model.touch(&account);
        Ok(())
    }
}

impl Authored for MoveInQueue {
    fn write(author: &mut Author, _chain: &Chain, model: &Model) -> Option<Operation> {
        let (agent, uetr) = somebody_waiting(author, model)?;
        let one = Self {
            agent: AgentIdentification::Lei(agent),
            uetr,
            to: *author.pick(&[QueueEnd::Front, QueueEnd::Back]),
        };
        Some(one.into())
    }
}
impl Modelled for MoveInQueue {
    fn groups(&self, model: &Model) -> Result<Vec<Group>, u16> {
        Ok(institution(model.debtor(&self.agent)?, None))
    }
    /// The payments of the class share their places out among themselves in the new order. Where two have the same place, the
    /// one that should stand behind takes the next.
    fn perform(&self, model: &mut Model, _turn: &Turn, _open: &[Item]) -> Result<(), u16> {
        let agent = model.debtor(&self.agent)?;
        let number = model.queued(agent, self.uetr).ok_or(1408u16)?;
        let entry = model.entry(number);
        let [leg] = entry.legs.as_slice() else {
            return Err(1402);
        };
        let (account, class) = (leg.debit.clone(), entry.class);
        let in_order = model.queue_of(&account);
        let peers: Vec<u64> = in_order
            .iter()
            .copied()
            .filter(|other| {
                let other = model.entry(*other);
                other.class == class && other.legs.len() == 1
            })
            .collect();
        let places: Vec<u64> = peers
            .iter()
            .map(|other| model.entry_mut(*other).place)
            .collect();
        let mut wanted: Vec<u64> = peers.iter().copied().filter(|one| *one != number).collect();
        match self.to {
            QueueEnd::Front => wanted.insert(0, number),
            QueueEnd::Back => wanted.push(number),
        }
        if model.breaks(Break::MovesNothing) {
            return Ok(());
        }
        let mut last = (0, 0);
        for (one, place) in wanted.into_iter().zip(places) {
            let mut place = place.max(last.0);
            if (place, one) < last {
                place += 1;
            }
            last = (place, one);
            model.entry_mut(one).place = place;
        }
        // Who waits alone passes nobody.
        if in_order.len() > 1 {
            model.touch(&account);
        }
        Ok(())
    }
}

impl Authored for RunCycle {
    fn write(author: &mut Author, _chain: &Chain, model: &Model) -> Option<Operation> {
        if model.queue.is_empty() && author.chance(90) {
            return None;
        }
        let (_, currency) = *author.pick(&ISSUERS);
        let currency = code(if author.chance(3) { "USD" } else { currency });
        Some(Self { currency }.into())
    }
}
impl Modelled for RunCycle {
    fn groups(&self, model: &Model) -> Result<Vec<Group>, u16> {
        Ok(institution(model.issuer(self.currency)?, None))
    }
    fn perform(&self, model: &mut Model, _turn: &Turn, _open: &[Item]) -> Result<(), u16> {
        model.cycle_wanted = true;
        Ok(())
    }
}
