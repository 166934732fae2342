//! The positions, limits and queues while the mechanism works on them. The only file here in which money moves.

use super::flow::{Claim, Total, add};
use super::{Cleared, Entry, Leg, Pool, Position, Posting, Rules, Step, Turnover};
use std::collections::BTreeMap;

/// One limit, numbered in ascending (debtor party, creditor party).
pub(super) struct Limit {
    pub(super) debtor: usize,
    creditor: usize,
    headroom: i128,
}

/// What is known of each entry, and what has become of it.
pub(super) struct Book<'a> {
    pub(super) rules: &'a dyn Rules,
    pub(super) entries: Vec<Entry>,
    /// For each entry.
    pub(super) claims: Vec<Claim>,
    open: Vec<bool>,
    pub(super) positions: Vec<Position>,
    turnovers: Vec<Turnover>,
    /// For each position, the entries that debit it, in the order of the queue; those before `fronts` have settled.
    queues: Vec<Vec<usize>>,
    fronts: Vec<usize>,
    pub(super) limits: Vec<Limit>,
    limit_places: BTreeMap<(usize, usize), usize>,
    /// For each party, its accounts, ascending.
    accounts: BTreeMap<usize, Vec<usize>>,
    postings: Vec<Posting>,
}

impl<'a> Book<'a> {
    pub(super) fn new(pool: Pool, rules: &'a dyn Rules) -> Self {
        assert_sound(&pool);
        let mut accounts: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (account, position) in pool.positions.iter().enumerate() {
            accounts.entry(position.party).or_default().push(account);
        }
        let limit = |(&(debtor, creditor), &headroom)| Limit {
            debtor,
            creditor,
            headroom,
        };
        let mut book = Self {
            rules,
            claims: Vec::with_capacity(pool.entries.len()),
            open: vec![true; pool.entries.len()],
            turnovers: vec![Turnover::default(); pool.positions.len()],
            queues: vec![Vec::new(); pool.positions.len()],
            fronts: vec![0; pool.positions.len()],
            limit_places: pool.limits.keys().copied().zip(0..).collect(),
            limits: pool.limits.iter().map(limit).collect(),
            entries: pool.entries,
            positions: pool.positions,
            accounts,
            postings: Vec::new(),
        };
        for (place, entry) in book.entries.iter().enumerate() {
            let claim = Claim::new(entry, |debit, credit| {
                [book.limit(debit, credit), book.limit(credit, debit)]
            });
            for account in claim.debits() {
                book.queues[account].push(place);
            }
            book.claims.push(claim);
        }
        book
    }

    /// The limit of one account's owner towards another's.
    pub(super) fn limit(&self, debit: usize, credit: usize) -> Option<usize> {
        let parties = (self.positions[debit].party, self.positions[credit].party);
        self.limit_places.get(&parties).copied()
    }

    /// The accounts of a party, ascending; a limit may have been set by one that has none here.
    pub(super) fn accounts_of(&self, party: usize) -> &[usize] {
        self.accounts.get(&party).map_or(&[], Vec::as_slice)
    }

    /// What has not settled.
    pub(super) fn open_entries(&self) -> impl Iterator<Item = usize> {
        (0..self.entries.len()).filter(|entry| self.open[*entry])
    }

    /// What has not settled and debits this account, in the order of the queue.
    pub(super) fn queue(&self, account: usize) -> impl Iterator<Item = usize> {
        let queue = self.queues[account].iter().skip(self.fronts[account]);
        queue.copied().filter(|entry| self.open[*entry])
    }

    pub(super) fn is_open(&self, entry: usize) -> bool {
        self.open[entry]
    }

    pub(super) fn is_strict(&self, entry: usize) -> bool {
        self.rules.is_strict(self.entries[entry].class)
    }

    /// The only leg of an entry that has no other.
    pub(super) fn only_leg(&self, entry: usize) -> Option<&Leg> {
        match self.entries[entry].legs.as_slice() {
            [leg] => Some(leg),
            _ => None,
        }
    }

    /// Strict entries stand first in every queue, so that the first open one tells whether there is any before this one.
    pub(super) fn is_blocked(&self, entry: usize) -> bool {
        self.claims[entry].debits().any(|account| {
            let first = self.queue(account).next();
            first.is_some_and(|first| first < entry && self.is_strict(first))
        })
    }

    /// Whether an entry may settle now, by itself.
    pub(super) fn fits(&self, entry: usize) -> bool {
        let Claim { accounts, limits } = &self.claims[entry];
        let kept = |(account, flow): &(usize, _)| {
            let position = &self.positions[*account];
            self.rules.keeps_floor(position, flow)
        };
        let held = |(limit, flow): &(usize, _)| {
            let headroom = self.limits[*limit].headroom;
            self.rules.keeps_limit(headroom, flow)
        };
        accounts.iter().all(kept) && limits.iter().all(held)
    }

    pub(super) fn keeps_floor(&self, account: usize, total: &Total) -> bool {
        let flow = total.of_account(account);
        self.rules.keeps_floor(&self.positions[account], &flow)
    }

    pub(super) fn keeps_limit(&self, limit: usize, total: &Total) -> bool {
        let flow = total.of_limit(limit);
        self.rules.keeps_limit(self.limits[limit].headroom, &flow)
    }

    /// Settles entries at once.
    pub(super) fn post(&mut self, step: Step, mut entries: Vec<usize>) {
        entries.sort_unstable();
        let mut total = Total::default();
        for entry in &entries {
            assert!(self.open[*entry], "an entry settles once");
            self.open[*entry] = false;
            total.include(&self.claims[*entry]);
        }
        for (account, flow) in &total.accounts {
            let position = &mut self.positions[*account];
            *position = self.rules.position_after(position, flow);
            let turnover = &mut self.turnovers[*account];
            turnover.paid = add(turnover.paid, flow.outgoing());
            turnover.received = add(turnover.received, flow.incoming);
            let settled = self.queues[*account]
                .iter()
                .skip(self.fronts[*account])
                .take_while(|entry| !self.open[**entry])
                .count();
            self.fronts[*account] = self.fronts[*account].saturating_add(settled);
        }
        for (limit, flow) in &total.limits {
            let headroom = &mut self.limits[*limit].headroom;
            *headroom = self.rules.headroom_after(*headroom, flow);
        }
        self.postings.push(Posting { step, entries });
    }

    pub(super) fn close(self, removals: usize) -> Cleared {
        let row = |limit: &Limit| ((limit.debtor, limit.creditor), limit.headroom);
        Cleared {
            postings: self.postings,
            removals,
            positions: self.positions,
            limits: self.limits.iter().map(row).collect(),
            turnovers: self.turnovers,
        }
    }
}

fn assert_sound(pool: &Pool) {
    assert!(
        pool.entries.is_sorted_by_key(|entry| entry.class),
        "a pool is in the order of the queue"
    );
    for entry in &pool.entries {
        assert!(!entry.legs.is_empty(), "an entry moves something");
        for leg in &entry.legs {
            assert!(
                leg.amount > 0 && leg.debit != leg.credit,
                "a leg moves money between two accounts"
            );
        }
    }
}
