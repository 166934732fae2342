//! The books of accounts, day by day, read back from the blocks.
//!
//! An account's row on the ledger holds its present day and the seal of the days before, one hash. The days themselves are
//! derived here: the outcomes that the index finds for the account, in order, from its balance at genesis on. Days that are over
//! never change, so they are kept in memory and only what came since is read; a node that has just started reads an account's
//! history once, when it is first asked for.
//!
//! What must hold, and is checked at every reading: the derived days lead to the account's row. If they do not, nothing is
//! answered and the derived days are forgotten, so that they are read anew.
//!
//! What it refuses to know: who asks, and how days are shown.

use crate::backend::{Located, Lookup};
use crate::limits::{BOOK_OUTCOMES_PER_CALL, BOOK_PAGE, BOOKED_DAYS_MAX};
use crate::problem::{Fault, Problem};
use crate::reading::Reading;
use karwan_ledger::{Account, BusinessDayKey, BusinessDayRecord, State};
use karwan_types::{
    AccountDay, AccountNumber, CurrencyCode, Date, Hash, Height, Outcome, SealedDay, StatementEntry,
};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A day with entries that is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BookedDay {
    pub(crate) sealed: SealedDay,
    /// The seal of the day with entries before it.
    pub(crate) before: Hash,
}

/// The days of one account, up to a height.
#[derive(Clone, Debug)]
pub(crate) struct AccountBook {
    /// Days with entries that a later entry has sealed, the earliest first.
    days: Vec<BookedDay>,
    /// The last day with entries.
    running: AccountDay,
    balance: i128,
    /// Every block up to this one is in it.
    read_to: Height,
}

/// The books that were read.
#[derive(Debug, Default)]
pub(crate) struct Books {
    shelf: Mutex<BTreeMap<AccountNumber, Arc<AccountBook>>>,
}

impl Books {
    fn take(&self, number: &AccountNumber) -> Option<Arc<AccountBook>> {
        let shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        shelf.get(number).cloned()
    }

    /// Keeps a book unless a longer one is there. The books of other accounts make room.
    fn put(&self, number: &AccountNumber, book: &Arc<AccountBook>) {
        let mut shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        let longer = |kept: &Arc<AccountBook>| kept.read_to >= book.read_to;
        if shelf.get(number).is_some_and(longer) {
            return;
        }
        shelf.insert(number.clone(), Arc::clone(book));
        let mut kept: usize = shelf.values().map(|book| book.days.len()).sum();
        while kept > BOOKED_DAYS_MAX {
            let Some(other) = shelf.keys().find(|other| *other != number).cloned() else {
                return;
            };
            let removed = shelf.remove(&other).map_or(0, |book| book.days.len());
            kept = kept.saturating_sub(removed);
        }
    }

    fn forget(&self, number: &AccountNumber) {
        let mut shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        shelf.remove(number);
    }
}

/// The blocks of a business day: the first one, and the first one of the next day if that has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DayBlocks {
    pub(crate) opened: BusinessDayRecord,
    pub(crate) next: Option<BusinessDayRecord>,
}

/// The business days of a currency, by date.
pub(crate) fn business_days(state: &State, currency: CurrencyCode) -> BTreeMap<Date, DayBlocks> {
    let mut found = BTreeMap::new();
    let mut previous: Option<(Date, BusinessDayRecord)> = None;
    let of_currency = |(key, _): &(&BusinessDayKey, &BusinessDayRecord)| key.currency == currency;
    for (key, record) in state.business_days().filter(of_currency) {
        if let Some((date, opened)) = previous.replace((key.date, *record)) {
            let next = Some(*record);
            found.insert(date, DayBlocks { opened, next });
        }
    }
    if let Some((date, opened)) = previous {
        found.insert(date, DayBlocks { opened, next: None });
    }
    found
}

/// What an outcome books on an account; none when it books nothing there. The balance is that before it.
pub(crate) fn entry_of(
    outcome: &Outcome,
    (account, contra): (&AccountNumber, &AccountNumber),
    height: Height,
    balance: i128,
) -> Option<StatementEntry> {
    let movement = outcome.movement.as_ref().filter(|_| outcome.booked)?;
    let debit = movement.debtor_account.as_ref().unwrap_or(contra);
    let credit = movement.creditor_account.as_ref().unwrap_or(contra);
    let minor = i128::try_from(movement.amount.minor()).ok()?;
    let (counterparty, amount) = if debit == account {
        (credit, minor.saturating_neg())
    } else if credit == account {
        (debit, minor)
    } else {
        return None;
    };
    Some(StatementEntry {
        height,
        agent: movement.debtor_agent,
        uetr: movement.uetr,
        counterparty: counterparty.clone(),
        amount,
        balance: balance.saturating_add(amount),
    })
}

/// The days of an account that are over in a snapshot, checked against its row.
pub(crate) struct Ledgered {
    book: Arc<AccountBook>,
    /// The business date of the account's currency.
    pub(crate) today: Date,
}

impl Ledgered {
    /// Every day with entries that is over, the earliest first.
    pub(crate) fn days(&self) -> impl Iterator<Item = BookedDay> + '_ {
        let running = (self.book.running.entries > 0).then(|| BookedDay {
            sealed: self.book.running.closed(self.book.balance),
            before: self.book.running.before,
        });
        let over = |day: &BookedDay| day.sealed.date < self.today;
        self.book.days.iter().cloned().chain(running).filter(over)
    }

    /// The balance at the end of a date without entries, and the seal before it.
    pub(crate) fn standing_at(&self, date: Date, genesis: i128) -> (i128, Hash) {
        let earlier = self.days().take_while(|day| day.sealed.date < date).last();
        earlier.map_or((genesis, Hash::ZERO), |day| {
            (day.sealed.closing, day.sealed.seal(day.before))
        })
    }
}

impl Reading {
    /// The account's balance before the first block.
    pub(crate) fn genesis_balance(&self, number: &AccountNumber) -> i128 {
        let genesis = self.backend().genesis();
        genesis.account(number).map_or(0, |account| account.posted)
    }

    /// The days of an account that are over, read from the blocks as far as they are not known yet.
    pub(crate) fn book(
        &self,
        number: &AccountNumber,
        account: &Account,
    ) -> Result<Ledgered, Problem> {
        let state = &self.snapshot.state;
        let days = business_days(state, account.currency);
        let currency = state.currency(&account.currency);
        let (Some(currency), Some((today, _))) = (currency, days.last_key_value()) else {
            return Err(Problem::internal());
        };
        let kept = self.books.take(number);
        let mut book = kept.map_or_else(|| self.empty_book(number), |kept| (*kept).clone());
        let mut left = BOOK_OUTCOMES_PER_CALL;
        for (date, blocks) in &days {
            let Some(next) = blocks.next.filter(|next| next.first > book.read_to.next()) else {
                continue;
            };
            let from = blocks.opened.first.max(book.read_to.next());
            let places = self.places(&Lookup::Account(number.clone()), from, next.first)?;
            left = left.saturating_sub(places.len());
            for place in places.into_iter().rev() {
                book.follow(self, (number, &currency.contra), (*date, place))?;
            }
            book.read_to = next.first.previous().unwrap_or(Height::GENESIS);
            if left == 0 {
                self.books.put(number, &Arc::new(book));
                return Err(Problem::new(
                    Fault::Busy,
                    "the history of this account is being read for the first time since the node started; ask again",
                ));
            }
        }
        let book = Arc::new(book);
        if book.read_to <= self.snapshot.height() && !book.leads_to(account, *today) {
            self.books.forget(number);
            tracing::error!(%number, "the blocks that the index finds do not lead to the account's row");
            return Err(Problem::internal());
        }
        self.books.put(number, &book);
        Ok(Ledgered {
            book,
            today: *today,
        })
    }

    fn empty_book(&self, number: &AccountNumber) -> AccountBook {
        let genesis = self.backend().genesis();
        let account = genesis.account(number);
        let opened = account.map(|account| account.day.clone());
        AccountBook {
            days: Vec::new(),
            // Every account was opened at genesis.
            running: opened.unwrap_or_else(|| AccountDay::opened(genesis.chain().time.date(), 0)),
            balance: account.map_or(0, |account| account.posted),
            read_to: Height::GENESIS,
        }
    }

    /// Where outcomes stand that name an account, newest first, in the blocks from one on and before another.
    fn places(
        &self,
        lookup: &Lookup,
        from: Height,
        until: Height,
    ) -> Result<Vec<Located>, Problem> {
        let (mut places, mut before) = (Vec::new(), start_of(until));
        loop {
            let page = self.find(lookup, Some(before), BOOK_PAGE)?;
            let inside = page.places.iter().filter(|place| place.height >= from);
            let inside: Vec<Located> = inside.copied().collect();
            let whole = inside.len() == page.places.len();
            places.extend(inside);
            match page.places.last() {
                Some(last) if page.more && whole => before = *last,
                Some(_) | None => return Ok(places),
            }
        }
    }
}

/// The place before all outcomes of a block.
pub(crate) const fn start_of(height: Height) -> Located {
    Located {
        height,
        position: 0,
    }
}

impl AccountBook {
    /// Books the outcome at a place.
    fn follow(
        &mut self,
        reading: &Reading,
        accounts: (&AccountNumber, &AccountNumber),
        (date, place): (Date, Located),
    ) -> Result<(), Problem> {
        let block = reading.block(place.height)?;
        let position = usize::try_from(place.position).map_err(|_| Problem::internal())?;
        let outcome = block.frame.outcomes.get(position);
        let entry =
            outcome.and_then(|outcome| entry_of(outcome, accounts, place.height, self.balance));
        let Some(entry) = entry else {
            return Ok(());
        };
        if date > self.running.date && self.running.entries > 0 {
            self.days.push(BookedDay {
                sealed: self.running.closed(self.balance),
                before: self.running.before,
            });
        }
        self.balance = entry.balance;
        self.running.book(date, &entry);
        Ok(())
    }

    /// Whether the account's row is where these days lead to.
    fn leads_to(&self, account: &Account, today: Date) -> bool {
        let row = &account.day;
        if row.date < today {
            return *row == self.running && account.posted == self.balance;
        }
        let sealed = if self.running.entries > 0 && self.running.date < today {
            self.running.closed(self.balance).seal(self.running.before)
        } else {
            self.running.before
        };
        row.before == sealed && row.opening == self.balance
    }
}
