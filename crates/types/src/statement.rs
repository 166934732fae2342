//! The books of an account by business days: its entries, and the seal of a day that is over.
//!
//! An account's row on the ledger holds its present day: the opening balance, and a rolling hash over the entries booked
//! since. When the first entry of a later day comes, the day is sealed into one hash together with the seal before it. So
//! the row, a few hashes long, commits to every entry that the account ever had, and a statement of any day can be checked
//! against it: the entries give the day's digest, the day gives its seal, and the days after it lead to the row.
//!
//! What must hold: opening plus entries is closing, for every day.
//!
//! Nothing here knows a calendar, a message or where entries come from.

use crate::codec::encode;
use crate::hash::{Hash, HashDomain, hash_of};
use crate::identity::{AccountNumber, Lei, Uetr};
use crate::time::{Date, Height};
use serde::{Deserialize, Serialize};

/// One movement of an account, as its statement tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementEntry {
    /// The block that booked it.
    pub height: Height,
    /// The institution whose reference it is.
    pub agent: Lei,
    /// The reference.
    pub uetr: Uetr,
    /// The other account.
    pub counterparty: AccountNumber,
    /// In minor units: above zero for a credit, below zero for a debit.
    pub amount: i128,
    /// The booked balance after it, in minor units.
    pub balance: i128,
}

/// An account's present business day, as it stands in the account's row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountDay {
    /// The business date of the last entry; while there is none, the one on which the account was opened.
    pub date: Date,
    /// The booked balance before the first entry of the day, in minor units.
    pub opening: i128,
    /// How many entries the day has.
    pub entries: u32,
    /// The rolling hash over them.
    pub digest: Hash,
    /// The seal of the last day before with entries; zero when there is none.
    pub before: Hash,
}

/// A day that is over: what its seal is made of, besides the seal before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedDay {
    /// The business date.
    pub date: Date,
    /// The booked balance before the first entry, in minor units.
    pub opening: i128,
    /// The booked balance after the last, in minor units.
    pub closing: i128,
    /// How many entries there are.
    pub entries: u32,
    /// The rolling hash over them.
    pub digest: Hash,
}

/// The digest of a day with one entry more.
#[must_use]
pub fn follow_entry(digest: Hash, entry: &StatementEntry) -> Hash {
    hash_of(
        HashDomain::StatementEntry,
        &[digest.as_bytes(), &encode(entry)],
    )
}

impl SealedDay {
    /// The seal of this day, after the seal of the day before.
    #[must_use]
    pub fn seal(&self, before: Hash) -> Hash {
        hash_of(
            HashDomain::StatementSeal,
            &[before.as_bytes(), &encode(self)],
        )
    }
}

impl AccountDay {
    /// The day on which an account opens with a balance.
    #[must_use]
    pub const fn opened(date: Date, opening: i128) -> Self {
        Self {
            date,
            opening,
            entries: 0,
            digest: Hash::ZERO,
            before: Hash::ZERO,
        }
    }
    /// This day as it is sealed when it ends with a balance.
    #[must_use]
    pub const fn closed(&self, closing: i128) -> SealedDay {
        SealedDay {
            date: self.date,
            opening: self.opening,
            closing,
            entries: self.entries,
            digest: self.digest,
        }
    }
    /// Adds an entry of a business date. An entry of a later date seals the day first; a day without entries leaves no seal.
    ///
    /// # Panics
    /// When the date lies before the day's, or a day has 2^32 entries: business dates never go back.
    pub fn book(&mut self, date: Date, entry: &StatementEntry) {
        assert!(date >= self.date, "a business date never goes back");
        if date > self.date {
            let opening = entry
                .balance
                .checked_sub(entry.amount)
                .expect("balances fit 127 bits");
            if self.entries > 0 {
                self.before = self.closed(opening).seal(self.before);
            }
            self.date = date;
            self.opening = opening;
            self.entries = 0;
            self.digest = Hash::ZERO;
        }
        self.entries = self
            .entries
            .checked_add(1)
            .expect("a day has fewer than 2^32 entries");
        self.digest = follow_entry(self.digest, entry);
    }
    /// Whether this row follows from a sealed day: `later` are the days with entries between the two, the earliest first, and
    /// `before` the seal before the sealed day.
    #[must_use]
    pub fn follows(&self, before: Hash, sealed: &SealedDay, later: &[SealedDay]) -> bool {
        let mut last = sealed;
        let mut seal = sealed.seal(before);
        for day in later {
            if day.date <= last.date || day.opening != last.closing {
                return false;
            }
            seal = day.seal(seal);
            last = day;
        }
        self.date > last.date && self.opening == last.closing && self.before == seal
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(height: u64, amount: i128, balance: i128) -> StatementEntry {
        StatementEntry {
            height: Height::new(height),
            agent: "5493001KJTIIGC8Y1R12".parse().unwrap(),
            uetr: Uetr::from_random_bytes([7; 16]),
            counterparty: "INDUS-PKR".parse().unwrap(),
            amount,
            balance,
        }
    }

    fn date(text: &str) -> Date {
        Date::parse(text).unwrap()
    }

    /// Three days with entries, and one without in between.
    fn book() -> (AccountDay, [SealedDay; 2], Vec<Hash>) {
        let mut day = AccountDay::opened(date("2026-11-23"), 1_000);
        let mut seals = vec![day.before];
        day.book(date("2026-11-23"), &entry(1, -300, 700));
        day.book(date("2026-11-23"), &entry(2, 50, 750));
        let first = day.closed(750);
        day.book(date("2026-11-25"), &entry(9, 50, 800));
        seals.push(day.before);
        let second = day.closed(800);
        day.book(date("2026-11-26"), &entry(12, -800, 0));
        seals.push(day.before);
        (day, [first, second], seals)
    }

    #[test]
    fn the_row_commits_to_every_day_before() {
        let (day, [first, second], seals) = book();
        assert!(day.follows(seals[0], &first, core::slice::from_ref(&second)));
        assert!(day.follows(seals[1], &second, &[]));
        assert_eq!((day.opening, day.entries), (800, 1));
    }

    #[test]
    fn no_day_and_no_entry_can_be_changed_left_out_or_added() {
        let (day, [first, second], seals) = book();
        let lies = |first: &SealedDay, later: &[SealedDay]| !day.follows(seals[0], first, later);
        assert!(lies(&first, &[]));
        assert!(lies(&first, &[second.clone(), second.clone()]));
        let mut other = first.clone();
        other.opening += 1;
        assert!(lies(&other, core::slice::from_ref(&second)));
        let mut other = first.clone();
        other.entries = 1;
        assert!(lies(&other, core::slice::from_ref(&second)));
        let mut other = first;
        other.digest = follow_entry(Hash::ZERO, &entry(1, -250, 750));
        assert!(lies(&other, &[second]));
    }

    #[test]
    fn a_day_without_entries_leaves_no_seal() {
        let mut day = AccountDay::opened(date("2026-11-23"), 5);
        day.book(date("2026-11-24"), &entry(3, 5, 10));
        assert_eq!(day.before, Hash::ZERO);
        assert_eq!((day.opening, day.date), (5, date("2026-11-24")));
    }
}
