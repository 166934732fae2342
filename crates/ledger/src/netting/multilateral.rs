//! Step 3: everything that is open at once, without what cannot be kept (Bech and Soramäki 2001).
//!
//! All open entries are active. While a floor or a limit is broken, the last active entry that pays out of it is excluded, with all
//! of its legs; if it is strict, what is active behind it in the queues of its debit accounts is excluded too. What is broken
//! is attended to in ascending account: the floor first, then, at the first account of a party, the party's limits
//! in ascending counterparty. Every round excludes at least one entry, so that there are at most as many as entries.
//!
//! Between single payments without limits the result is the largest set that keeps every floor and every account's order, whatever
//! the order of exclusion. With entries of several legs, or limits, the order does decide, which is why it is fixed here.

use super::Step;
use super::book::Book;
use super::flow::Total;
use std::collections::BTreeSet;

/// A floor or a limit that the active entries break, in the order in which they are attended to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Breach {
    /// The account, or the first account of the party whose limit it is.
    account: usize,
    of: Broken,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Broken {
    Floor,
    Limit(usize),
}

impl Book<'_> {
    /// Settles what can be kept, and returns how many entries were excluded.
    pub(super) fn settle_multilaterally(&mut self) -> usize {
        let mut exclusion = Exclusion::new(self);
        while let Some(breach) = exclusion.broken.first().copied() {
            exclusion.exclude_for(breach);
        }
        let Exclusion {
            active, removals, ..
        } = exclusion;
        let kept: Vec<usize> = self.open_entries().filter(|entry| active[*entry]).collect();
        if !kept.is_empty() {
            self.post(Step::Multilateral, kept);
        }
        removals
    }
}

struct Exclusion<'a> {
    book: &'a Book<'a>,
    /// For each entry of the book.
    active: Vec<bool>,
    /// What the active entries move.
    total: Total,
    broken: BTreeSet<Breach>,
    /// For each account, and each limit, the entries that pay out of it in the order of the queue. What is no longer active leaves
    /// a list when it has become its last.
    by_account: Vec<Vec<usize>>,
    by_limit: Vec<Vec<usize>>,
    removals: usize,
}

impl<'a> Exclusion<'a> {
    fn new(book: &'a Book<'a>) -> Self {
        let mut exclusion = Self {
            book,
            active: vec![false; book.entries.len()],
            total: Total::default(),
            broken: BTreeSet::new(),
            by_account: vec![Vec::new(); book.positions.len()],
            by_limit: vec![Vec::new(); book.limits.len()],
            removals: 0,
        };
        for entry in book.open_entries() {
            let claim = &book.claims[entry];
            exclusion.active[entry] = true;
            exclusion.total.include(claim);
            for account in claim.debits() {
                exclusion.by_account[account].push(entry);
            }
            for (limit, flow) in &claim.limits {
                if flow.outgoing() > 0 {
                    exclusion.by_limit[*limit].push(entry);
                }
            }
        }
        for account in 0..book.positions.len() {
            exclusion.look_at_floor(account);
        }
        for limit in 0..book.limits.len() {
            exclusion.look_at_limit(limit);
        }
        exclusion
    }

    fn exclude_for(&mut self, breach: Breach) {
        let payments = match breach.of {
            Broken::Floor => &mut self.by_account[breach.account],
            Broken::Limit(limit) => &mut self.by_limit[limit],
        };
        while payments.pop_if(|entry| !self.active[*entry]).is_some() {}
        let excluded = self.book.rules.excluded(payments, &self.active);
        self.exclude(excluded.expect("who breaks a floor or a limit pays something out"));
    }

    /// Excludes an entry, and what stands behind it if it is strict.
    fn exclude(&mut self, entry: usize) {
        let mut excluded = vec![entry];
        while let Some(entry) = excluded.pop() {
            if !self.active[entry] {
                continue;
            }
            self.active[entry] = false;
            self.removals = self.removals.saturating_add(1);
            let claim = &self.book.claims[entry];
            self.total.exclude(claim);
            let class = self.book.entries[entry].class;
            for account in claim.debits() {
                if self.book.rules.excludes_behind(class) {
                    let queue = &mut self.by_account[account];
                    let behind = queue.partition_point(|other| *other <= entry);
                    excluded.extend(queue.drain(behind..));
                }
            }
            for (account, _) in &claim.accounts {
                self.look_at_floor(*account);
            }
            for (limit, _) in &claim.limits {
                self.look_at_limit(*limit);
            }
        }
    }

    fn look_at_floor(&mut self, account: usize) {
        let breach = Breach {
            account,
            of: Broken::Floor,
        };
        let kept = self.book.keeps_floor(account, &self.total);
        self.record(breach, kept);
    }

    fn look_at_limit(&mut self, limit: usize) {
        let debtor = self.book.limits[limit].debtor;
        let Some(account) = self.book.accounts_of(debtor).first().copied() else {
            return;
        };
        let breach = Breach {
            account,
            of: Broken::Limit(limit),
        };
        let kept = self.book.keeps_limit(limit, &self.total);
        self.record(breach, kept);
    }

    fn record(&mut self, breach: Breach, kept: bool) {
        if kept {
            self.broken.remove(&breach);
        } else {
            self.broken.insert(breach);
        }
    }
}
