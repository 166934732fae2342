//! The liquidity-saving mechanism: which queued entries settle with the liquidity that there is.
//!
//! A pure function of a [`Pool`]: positions, bilateral limits, and the entries in the order of the queue, which is class, then
//! place. It runs up to three steps, each on what the one before left open:
//!
//! 1. [`Step::Single`]: the first entry that is not blocked and fits by itself settles, until there is none.
//! 2. [`Step::Bilateral`]: for each pair of accounts, the largest front parts of both queues that fit against each other.
//! 3. [`Step::Multilateral`]: everything still open at once, after what breaks a floor or a limit was excluded
//!    (Bech and Soramäki, "Gridlock resolution in interbank payment systems", Bank of Finland 9/2001).
//!
//! **What must hold** after every posting: no account that paid is under its floor, no limit of a party that paid more than came back is exceeded,
//! an entry has settled with all of its legs or with none, and no entry has settled before an URGT or HIGH one that stands
//! before it in the queue of one of its debit accounts. NORM entries do pass each other.
//!
//! **Architecture invariant:** nothing here knows the ledger's state, the time, a currency, or why an entry waits. The caller
//! puts only entries into the pool that may settle now, and posts what comes out. The result depends on the pool alone: every
//! collection is iterated in the order of its keys.

mod bilateral;
mod book;
mod flow;
mod multilateral;
mod rules;
mod single;
#[cfg(test)]
mod tests;

use crate::operations::terms::Priority;
use book::Book;
use rules::{QueueRules, Rules};
use std::collections::BTreeMap;

/// What one account may pay out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    /// Posted, less what is held, plus the credit line, in minor units. Negative when a line was cut. An issuer's contra account
    /// has no such number and never stands in a pool.
    pub(crate) available: i128,
    /// The part of it that only URGT entries may use.
    pub(crate) reserved_urgent: i128,
    /// The part of it that only URGT and HIGH entries may use.
    pub(crate) reserved_high: i128,
    /// The account's owner in the account's currency: limits are set between parties, and a party may have several accounts.
    pub(crate) party: usize,
}

/// One movement of money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Leg {
    /// The index of the position that pays.
    pub(crate) debit: usize,
    /// The index of the position that receives; another one of the same currency.
    pub(crate) credit: usize,
    /// Minor units, above zero.
    pub(crate) amount: i128,
}

/// What settles as a whole or not at all: a payment has one leg, a payment versus payment two, a linked set several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Whether it is strict, and which reservations it may use.
    pub(crate) class: Priority,
    /// At least one. The entry stands in the queue of every account that one of them debits.
    pub(crate) legs: Vec<Leg>,
}

/// What the mechanism works on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pool {
    /// In ascending (currency, participant, account number), which is the order in which steps 2 and 3 go through them.
    pub(crate) positions: Vec<Position>,
    /// How much more a party (first) may pay to another (second), net of what it receives from it. A pair without a row is not
    /// limited. Negative when a limit was lowered below what is used.
    pub(crate) limits: BTreeMap<(usize, usize), i128>,
    /// In the order of the queue: ascending class, then place.
    pub(crate) entries: Vec<Entry>,
}

/// Which step settled an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    /// By itself.
    Single,
    /// Against the opposite flow between the same two accounts.
    Bilateral,
    /// Together with everything that could be kept.
    Multilateral,
}

impl Step {
    /// 0, 1 or 2.
    pub(crate) const fn index(self) -> usize {
        match self {
            Self::Single => 0,
            Self::Bilateral => 1,
            Self::Multilateral => 2,
        }
    }
}

/// Entries that settle in one moment: their credits fund their debits, so that in between an account may seem to lack money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Posting {
    /// Which step found them.
    pub(crate) step: Step,
    /// Indices of entries, in the order of the queue. Never empty.
    pub(crate) entries: Vec<usize>,
}

/// What an account moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Turnover {
    /// Minor units, gross.
    pub(crate) paid: i128,
    /// Minor units, gross.
    pub(crate) received: i128,
}

impl Turnover {
    /// What the account gave of its own: what it paid beyond what it received.
    pub(crate) fn liquidity_used(&self) -> i128 {
        flow::subtract(self.paid, self.received).max(0)
    }
}

/// What the mechanism did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cleared {
    /// In the order in which they are to be made.
    pub(crate) postings: Vec<Posting>,
    /// How many entries step 3 excluded: at most as many as were open.
    pub(crate) removals: usize,
    /// The positions of the pool after all postings.
    pub(crate) positions: Vec<Position>,
    /// The limits of the pool after all postings.
    pub(crate) limits: BTreeMap<(usize, usize), i128>,
    /// What each position moved, in the order of the positions. The sums over a currency are its value and its liquidity used.
    pub(crate) turnovers: Vec<Turnover>,
}

/// All three steps.
pub(crate) fn clear(pool: Pool) -> Cleared {
    let steps = [Step::Single, Step::Bilateral, Step::Multilateral];
    run(pool, &QueueRules, &steps)
}

fn run(pool: Pool, rules: &dyn Rules, steps: &[Step]) -> Cleared {
    let mut book = Book::new(pool, rules);
    let mut removals = 0;
    for step in steps {
        match step {
            Step::Single => book.settle_singly(),
            Step::Bilateral => book.settle_bilaterally(),
            Step::Multilateral => removals = book.settle_multilaterally(),
        }
    }
    book.close(removals)
}
