//! Who has a turn when limits give room: what is derived from accounts and the queue, so that no limit needs a walk over either.
//!
//! What must hold: whoever waits for room gets a turn in the block that makes some, and only those concerned are looked at.

use super::{UsageKey, credited, limit_of};
use crate::due::Forgettable;
use crate::queue::{QueueEntry, QueuedLeg, Standing};
use crate::records::AccountClass;
use crate::rulebook::Direction;
use crate::state::State;
use crate::window::{DAY_HOURS, SlidingSum, hour_of, start_of_hour};
use imbl::{OrdMap, OrdSet};
use karwan_types::{AccountNumber, CurrencyCode, Lei, Timestamp};

/// What is derived from the tables so that no limit needs a walk over all accounts or over the whole queue.
#[derive(Clone, Debug, Default)]
pub(crate) struct LimitIndex {
    /// The accounts of each institution in each currency, but for an issuer's contra account.
    accounts: OrdMap<(Lei, CurrencyCode), Vec<AccountNumber>>,
    /// The entries of the queue by whom they would pay.
    creditors: OrdSet<(Lei, CurrencyCode, u64)>,
    /// Who got room in the block under way. Empty between blocks.
    room: OrdSet<UsageKey>,
}

impl LimitIndex {
    /// The accounts of an institution in a currency.
    pub(super) fn owned(
        &self,
        holder: (Lei, CurrencyCode),
    ) -> impl Iterator<Item = &AccountNumber> {
        self.accounts.get(&holder).into_iter().flatten()
    }
    /// Whether something waits to pay an institution in a currency.
    fn is_awaited(&self, holder: (Lei, CurrencyCode)) -> bool {
        self.paying(holder).next().is_some()
    }
    /// The entries that wait to pay an institution in a currency.
    fn paying(&self, (creditor, currency): (Lei, CurrencyCode)) -> impl Iterator<Item = u64> {
        let all = (creditor, currency, 0)..=(creditor, currency, u64::MAX);
        self.creditors.range(all).map(|(.., number)| *number)
    }
}

impl State {
    /// Rebuilds what is derived for limits, but for the queue's part.
    pub(crate) fn derive_limit_index(&mut self) {
        self.limit_index = LimitIndex::default();
        for (number, row) in self.accounts.iter() {
            if row.class != AccountClass::IssuerContra {
                let owned = self.limit_index.accounts.entry((row.owner, row.currency));
                owned.or_default().push(number.clone());
            }
        }
        for (key, sum) in self.usage.iter() {
            let forgettable = (sum.ends(DAY_HOURS), Forgettable::Usage(*key));
            self.forgettable.insert(forgettable);
        }
    }
    /// The rows by which an entry of the queue stands in the index.
    fn creditors_of(&self, number: u64, entry: &QueueEntry) -> Vec<(Lei, CurrencyCode, u64)> {
        let creditor = |leg: &QueuedLeg| {
            let creditor = self.agent(&leg.terms.creditor_agent)?;
            Some((creditor, leg.terms.currency, number))
        };
        entry.legs.iter().filter_map(creditor).collect()
    }
    pub(crate) fn index_creditors(&mut self, number: u64, entry: &QueueEntry) {
        let rows = self.creditors_of(number, entry);
        self.limit_index.creditors.extend(rows);
    }
    pub(crate) fn forget_creditors(&mut self, number: u64, entry: &QueueEntry) {
        for row in self.creditors_of(number, entry) {
            self.limit_index.creditors.remove(&row);
        }
    }
    /// An institution got room under one of its limits: who waits for it has its turn when the block ends.
    pub(super) fn note_room(&mut self, key: UsageKey) {
        if !self.standings.is_empty() {
            self.limit_index.room.insert(key);
        }
    }
    /// An institution has paid something, so that it may hold more again.
    pub(crate) fn note_outflow(&mut self, number: &AccountNumber) {
        // Most of the time nothing waits anywhere, and every payment comes by here.
        if self.limit_index.creditors.is_empty() {
            return;
        }
        let row = self.account(number).expect("it has just paid");
        let holder = (row.owner, row.currency);
        if self.limit_index.is_awaited(holder) {
            let limit = limit_of(self, credited(holder));
            if limit.is_some_and(|limit| limit.holding_max.is_some()) {
                self.limit_index.room.insert(credited(holder));
            }
        }
    }
    /// An hour has begun since the last block: what was paid in the first hour of a window has stopped counting.
    pub(crate) fn slide_windows(&mut self, before: Timestamp, time: Timestamp) {
        if self.standings.is_empty() || hour_of(before) == hour_of(time) {
            return;
        }
        let slid = |(_, sum): &(&UsageKey, &SlidingSum)| {
            sum.total(before, DAY_HOURS) != sum.total(time, DAY_HOURS)
        };
        let keys: Vec<UsageKey> = self
            .usage
            .iter()
            .filter(slid)
            .map(|(key, _)| *key)
            .collect();
        self.limit_index.room.extend(keys);
    }
    /// Gives everything its turn that stands in the queue of an institution with room, or would pay it. Whether there was any room.
    pub(crate) fn give_turns_for_room(&mut self) -> bool {
        let room = core::mem::take(&mut self.limit_index.room);
        for key in &room {
            let holder = (key.participant, key.currency);
            let accounts: Vec<AccountNumber> = match key.direction {
                Direction::Debit => self.limit_index.owned(holder).cloned().collect(),
                Direction::Credit => {
                    let paying = self.limit_index.paying(holder);
                    let standings =
                        paying.flat_map(|number| self.queue_entry(number).standings(number));
                    standings.map(|standing: Standing| standing.0).collect()
                }
            };
            for account in accounts {
                self.mark_ready(&account);
            }
        }
        !room.is_empty()
    }
    pub(crate) fn forget_room(&mut self) {
        self.limit_index.room.clear();
    }
    /// When the next window slides, if anything waits that may wait for it.
    pub(crate) fn next_slide(&self) -> Option<Timestamp> {
        let may = self.usage.len() > 0 && !self.standings.is_empty();
        let next = hour_of(self.chain().time).saturating_add(1);
        may.then(|| start_of_hour(next))
    }
}
