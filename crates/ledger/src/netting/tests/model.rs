//! The mechanism as it is described, and not as it is written: every question is answered from the legs, from scratch, and what
//! can be enumerated is enumerated.

use super::super::*;
use std::collections::BTreeSet;

/// A pool in the middle of a cycle.
#[derive(Clone)]
pub(super) struct Model<'a> {
    pool: &'a Pool,
    pub(super) open: BTreeSet<usize>,
    pub(super) cleared: Cleared,
}

impl<'a> Model<'a> {
    pub(super) fn new(pool: &'a Pool) -> Self {
        Self {
            pool,
            open: (0..pool.entries.len()).collect(),
            cleared: Cleared {
                postings: Vec::new(),
                removals: 0,
                positions: pool.positions.clone(),
                limits: pool.limits.clone(),
                turnovers: vec![Turnover::default(); pool.positions.len()],
            },
        }
    }

    pub(super) fn run(mut self, steps: &[Step]) -> Cleared {
        for step in steps {
            match step {
                Step::Single => self.settle_singly(),
                Step::Bilateral => self.settle_bilaterally(),
                Step::Multilateral => self.settle_multilaterally(),
            }
        }
        self.cleared
    }

    fn settle_singly(&mut self) {
        let settles = |model: &Self, entry: &usize| {
            let alone = BTreeSet::from([*entry]);
            !model.is_blocked(*entry, &alone) && model.broken(&alone).is_none()
        };
        while let Some(entry) = self.open.iter().copied().find(|entry| settles(self, entry)) {
            self.post(Step::Single, &BTreeSet::from([entry]));
        }
    }

    fn settle_bilaterally(&mut self) {
        let accounts = self.pool.positions.len();
        for low in 0..accounts {
            for high in low + 1..accounts {
                let (forth, back) = (self.walk(low, high), self.walk(high, low));
                let mut fitting = Vec::new();
                for first in 0..=forth.len() {
                    for second in 0..=back.len() {
                        let set = forth[..first].iter().chain(&back[..second]);
                        if self.broken(&set.copied().collect()).is_none() {
                            fitting.push((first, second));
                        }
                    }
                }
                let (first, second) = *fitting.iter().max_by_key(|(a, b)| a + b).unwrap();
                let within = |(a, b): &(usize, usize)| *a <= first && *b <= second;
                assert!(fitting.iter().all(within), "there is one largest pair");
                if first > 0 && second > 0 {
                    let set = forth[..first].iter().chain(&back[..second]);
                    self.post(Step::Bilateral, &set.copied().collect());
                }
            }
        }
    }

    /// One account's payments to another that only payments of the same walk stand before.
    fn walk(&self, from: usize, to: usize) -> Vec<usize> {
        let mut walk = BTreeSet::new();
        for entry in &self.open {
            let [leg] = self.pool.entries[*entry].legs.as_slice() else {
                continue;
            };
            if (leg.debit, leg.credit) == (from, to) && !self.is_blocked(*entry, &walk) {
                walk.insert(*entry);
            }
        }
        walk.into_iter().collect()
    }

    fn settle_multilaterally(&mut self) {
        let mut active = self.open.clone();
        while let Some(leaving) = self.broken(&active) {
            active.remove(&leaving);
            while let Some(behind) = self.behind_an_excluded(&active) {
                active.remove(&behind);
            }
        }
        self.cleared.removals = self.open.len() - active.len();
        if !active.is_empty() {
            self.post(Step::Multilateral, &active);
        }
    }

    fn behind_an_excluded(&self, active: &BTreeSet<usize>) -> Option<usize> {
        let blocked = |entry: &usize| self.is_blocked(*entry, active);
        active.iter().copied().find(blocked)
    }

    /// The entry of a set that has to go first, if it does not fit as a whole.
    pub(super) fn broken(&self, set: &BTreeSet<usize>) -> Option<usize> {
        for account in 0..self.pool.positions.len() {
            if !self.keeps_floor(account, set) {
                let pays = |leg: &Leg| leg.debit == account;
                return self.last(set, pays);
            }
            let party = self.pool.positions[account].party;
            for (debtor, creditor) in self.pool.limits.keys().copied() {
                if debtor == party && !self.keeps_limit((debtor, creditor), set) {
                    return self.last(set, |leg| self.parties(leg) == (debtor, creditor));
                }
            }
        }
        None
    }

    fn last(&self, set: &BTreeSet<usize>, pays: impl Fn(&Leg) -> bool) -> Option<usize> {
        let has = |entry: &usize| self.pool.entries[*entry].legs.iter().any(&pays);
        set.iter().copied().rfind(has)
    }

    pub(super) fn keeps_floor(&self, account: usize, set: &BTreeSet<usize>) -> bool {
        let received = self.sum(set, |_, leg| leg.credit == account);
        let paid = |class| self.sum(set, |of, leg| of == class && leg.debit == account);
        let [urgent, high, normal] = [Priority::Urgt, Priority::High, Priority::Norm].map(paid);
        let position = &self.cleared.positions[account];
        let left = position.available + received - urgent - high - normal;
        let urgent_floor = (position.reserved_urgent - urgent).max(0);
        let high_floor = (position.reserved_high - high).max(0);
        if normal > 0 {
            left >= urgent_floor + high_floor
        } else if high > 0 {
            left >= urgent_floor
        } else {
            urgent == 0 || left >= 0
        }
    }

    pub(super) fn keeps_limit(&self, limit: (usize, usize), set: &BTreeSet<usize>) -> bool {
        let (debtor, creditor) = limit;
        let paid = self.sum(set, |_, leg| self.parties(leg) == (debtor, creditor));
        let back = self.sum(set, |_, leg| self.parties(leg) == (creditor, debtor));
        paid <= back || paid - back <= self.cleared.limits[&limit]
    }

    /// Whether an open strict entry that is not in the set stands before an entry in the queue of one of its debit accounts.
    pub(super) fn is_blocked(&self, entry: usize, set: &BTreeSet<usize>) -> bool {
        let debits = |entry: usize| self.pool.entries[entry].legs.iter().map(|leg| leg.debit);
        let stands_before = |other: &usize| {
            let strict = self.pool.entries[*other].class < Priority::Norm;
            let shared = debits(entry).any(|account| debits(*other).any(|debit| debit == account));
            strict && shared && !set.contains(other)
        };
        self.open.range(..entry).any(stands_before)
    }

    pub(super) fn post(&mut self, step: Step, set: &BTreeSet<usize>) {
        for entry in set {
            let entry = &self.pool.entries[*entry];
            for leg in &entry.legs {
                let debtor = &mut self.cleared.positions[leg.debit];
                debtor.available -= leg.amount;
                match entry.class {
                    Priority::Urgt => debtor.reserved_urgent -= leg.amount,
                    Priority::High => debtor.reserved_high -= leg.amount,
                    Priority::Norm => {}
                }
                debtor.reserved_urgent = debtor.reserved_urgent.max(0);
                debtor.reserved_high = debtor.reserved_high.max(0);
                self.cleared.positions[leg.credit].available += leg.amount;
                self.cleared.turnovers[leg.debit].paid += leg.amount;
                self.cleared.turnovers[leg.credit].received += leg.amount;
                let (debtor, creditor) = self.parties(leg);
                if let Some(headroom) = self.cleared.limits.get_mut(&(debtor, creditor)) {
                    *headroom -= leg.amount;
                }
                if let Some(headroom) = self.cleared.limits.get_mut(&(creditor, debtor)) {
                    *headroom += leg.amount;
                }
            }
        }
        self.open.retain(|entry| !set.contains(entry));
        let entries = set.iter().copied().collect();
        self.cleared.postings.push(Posting { step, entries });
    }

    fn parties(&self, leg: &Leg) -> (usize, usize) {
        let party = |account: usize| self.pool.positions[account].party;
        (party(leg.debit), party(leg.credit))
    }

    fn sum(&self, set: &BTreeSet<usize>, counts: impl Fn(Priority, &Leg) -> bool) -> i128 {
        set.iter()
            .map(|entry| &self.pool.entries[*entry])
            .flat_map(|entry| entry.legs.iter().map(|leg| (entry.class, leg)))
            .filter(|(class, leg)| counts(*class, leg))
            .map(|(_, leg)| leg.amount)
            .sum()
    }
}
