//! Step 2: two accounts that owe each other.
//!
//! For each pair of accounts, ascending, the payments of either to the other are walked in the order of the queue: those that
//! no strict entry outside of the walk stands before. The largest front parts of both walks that fit against each other settle.
//!
//! There is one largest: shortening one side never helps that side's counterparty, so an entry that is dropped because its
//! debtor is short is in no pair of front parts that fits. A pair that takes nothing from one side is left to the other steps.

use super::Step;
use super::book::Book;
use super::flow::Total;
use std::collections::BTreeMap;

/// The open payments between two accounts, by direction, in the order of the queue.
#[derive(Default)]
struct Facing {
    /// From the account with the lower index.
    forth: Vec<usize>,
    /// From the account with the higher index.
    back: Vec<usize>,
}

impl Book<'_> {
    pub(super) fn settle_bilaterally(&mut self) {
        for ((low, high), facing) in self.facing() {
            let walks = Facing {
                forth: self.walk(low, facing.forth),
                back: self.walk(high, facing.back),
            };
            let largest = self.largest_fitting(low, high, walks);
            if !largest.is_empty() {
                self.post(Step::Bilateral, largest);
            }
        }
    }

    /// Entries of several legs have no single counterparty: they are in no pair.
    fn facing(&self) -> BTreeMap<(usize, usize), Facing> {
        let mut pairs: BTreeMap<(usize, usize), Facing> = BTreeMap::new();
        for entry in self.open_entries() {
            let Some(leg) = self.only_leg(entry) else {
                continue;
            };
            let pair = (leg.debit.min(leg.credit), leg.debit.max(leg.credit));
            let facing = pairs.entry(pair).or_default();
            if leg.debit == pair.0 {
                facing.forth.push(entry);
            } else {
                facing.back.push(entry);
            }
        }
        pairs.retain(|_, facing| !facing.forth.is_empty() && !facing.back.is_empty());
        pairs
    }

    /// The payments as far as no strict entry of the account's queue that is not one of them stands before.
    fn walk(&self, account: usize, mut payments: Vec<usize>) -> Vec<usize> {
        let obstacle = self
            .queue(account)
            .take_while(|entry| self.is_strict(*entry))
            .find(|entry| payments.binary_search(entry).is_err());
        if let Some(obstacle) = obstacle {
            payments.retain(|entry| *entry < obstacle);
        }
        payments
    }

    /// The largest front parts of two walks that fit against each other, together; empty if one of them would be.
    fn largest_fitting(&self, low: usize, high: usize, mut walks: Facing) -> Vec<usize> {
        let mut total = Total::default();
        for entry in walks.forth.iter().chain(&walks.back) {
            total.include(&self.claims[*entry]);
        }
        loop {
            if walks.forth.is_empty() || walks.back.is_empty() {
                return Vec::new();
            }
            let dropped = if self.is_short(low, high, &total) {
                walks.forth.pop()
            } else if self.is_short(high, low, &total) {
                walks.back.pop()
            } else {
                walks.forth.append(&mut walks.back);
                return walks.forth;
            };
            if let Some(entry) = dropped {
                total.exclude(&self.claims[entry]);
            }
        }
    }

    fn is_short(&self, account: usize, counterparty: usize, total: &Total) -> bool {
        let limit = self.limit(account, counterparty);
        !self.keeps_floor(account, total)
            || limit.is_some_and(|limit| !self.keeps_limit(limit, total))
    }
}
