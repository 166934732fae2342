//! Step 1: entries that settle by themselves.
//!
//! **Definition:** the first entry in the order of the queue that is not blocked and fits settles; then again, from the front of
//! the queue, until no entry does. So what an entry brings in is offered first to the most urgent and oldest that waits for it,
//! also where that one was passed over before.
//!
//! Looking at the whole queue after every settlement would be quadratic. Instead each account keeps one candidate: the first entry
//! of its queue that could settle when the account was last looked at. An account is looked at again whenever something
//! about it changes that could let an entry settle, and the first of all candidates is tried.

use super::Step;
use super::book::Book;
use std::collections::BTreeSet;

impl Book<'_> {
    pub(super) fn settle_singly(&mut self) {
        let mut candidates = Candidates::default();
        candidates.look_at(self, 0..self.positions.len());
        while let Some((entry, account)) = candidates.take_first() {
            // Between the look and now another account of the entry may have paid for something else.
            if !self.could_settle(entry) {
                candidates.look_at(self, [account]);
                continue;
            }
            self.post(Step::Single, vec![entry]);
            candidates.look_at(self, self.changed_by(entry));
        }
    }

    fn could_settle(&self, entry: usize) -> bool {
        self.is_open(entry) && self.fits(entry) && !self.is_blocked(entry)
    }

    /// The first entry of an account's queue that could settle; none of those behind a strict one can.
    fn candidate(&self, account: usize) -> Option<usize> {
        for entry in self.queue(account) {
            if self.could_settle(entry) {
                return Some(entry);
            }
            if self.is_strict(entry) {
                return None;
            }
        }
        None
    }

    /// The accounts at which another entry may fit, or be the first, once this one has settled.
    fn changed_by(&self, entry: usize) -> BTreeSet<usize> {
        let claim = &self.claims[entry];
        let own = claim.accounts.iter().map(|(account, _)| *account);
        let given_room = claim
            .limits
            .iter()
            .filter(|(_, flow)| flow.incoming > 0)
            .flat_map(|(limit, _)| self.accounts_of(self.limits[*limit].debtor));
        own.chain(given_room.copied()).collect()
    }
}

/// For every account at most one entry of its queue.
#[derive(Default)]
struct Candidates {
    /// (entry, account), so that the first is the first in the order of the queue.
    ordered: BTreeSet<(usize, usize)>,
    of_account: Vec<Option<usize>>,
}

impl Candidates {
    fn look_at(&mut self, book: &Book, accounts: impl IntoIterator<Item = usize>) {
        self.of_account.resize(book.positions.len(), None);
        for account in accounts {
            if let Some(entry) = self.of_account[account].take() {
                self.ordered.remove(&(entry, account));
            }
            if let Some(entry) = book.candidate(account) {
                self.ordered.insert((entry, account));
                self.of_account[account] = Some(entry);
            }
        }
    }

    fn take_first(&mut self) -> Option<(usize, usize)> {
        let (entry, account) = self.ordered.pop_first()?;
        self.of_account[account] = None;
        Some((entry, account))
    }
}
