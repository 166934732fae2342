//! Pages: a statement that is too long for one file, divided and put together again.
//!
//! What must hold: every page adds up by itself, because interim booked balances (`ITBD`) stand where two pages meet; the pages
//! of a statement put together are that statement.

use super::{BalanceType, CashBalance, Page, Statement, StatementError, StatementKind};

/// Entries on one page: with every field filled in they stay within the largest file that is read.
pub const ENTRIES_PER_PAGE: usize = 400;

impl Statement {
    /// The statement in pages of at most `entries_max` entries; itself when it fits.
    ///
    /// # Errors
    /// [`StatementError::TooLarge`] when a balance between pages cannot be counted.
    ///
    /// # Panics
    /// When `entries_max` is zero.
    pub fn pages(&self, entries_max: usize) -> Result<Vec<Self>, StatementError> {
        if self.entries.len() <= entries_max {
            return Ok(vec![self.clone()]);
        }
        let chunks: Vec<_> = self.entries.chunks(entries_max).collect();
        let mut pages = Vec::with_capacity(chunks.len());
        let mut balance = self.opening();
        for (number, entries) in (1_u32..).zip(&chunks) {
            let (first, last) = (number == 1, pages.len().saturating_add(1) == chunks.len());
            let mut page = Self {
                page: Page { number, last },
                balances: Vec::new(),
                entries: entries.to_vec(),
                note: self.note.clone().filter(|_| last),
                ..self.clone()
            };
            let moved = page.booked()?;
            if first {
                let opening = self.balances.iter().filter(|one| one.kind.is_opening());
                page.balances.extend(opening);
            } else {
                page.balances.extend(balance.map(interim));
            }
            balance = match balance {
                Some(before) => Some(CashBalance {
                    minor: before
                        .minor
                        .checked_add(moved)
                        .ok_or(StatementError::TooLarge)?,
                    ..before
                }),
                None => None,
            };
            if last {
                let closing = self.balances.iter().filter(|one| !one.kind.is_opening());
                page.balances.extend(closing);
            } else {
                page.balances.extend(balance.map(interim));
            }
            pages.push(page);
        }
        Ok(pages)
    }

    /// The statement of which these are the pages, in any order.
    ///
    /// # Errors
    /// [`StatementError`] when a page is missing, belongs to another statement or does not follow the one before.
    pub fn joined(mut pages: Vec<Self>) -> Result<Self, StatementError> {
        let pages_error = |why| StatementError::Pages { why };
        pages.sort_by_key(|page| page.page.number);
        let mut rest = pages.into_iter();
        let mut whole = rest.next().ok_or_else(|| pages_error("there is none"))?;
        if whole.page.number != 1 {
            return Err(pages_error("the first page is missing"));
        }
        for next in rest {
            if Some(next.page.number) != whole.page.number.checked_add(1) {
                return Err(pages_error("a page is missing or stands twice"));
            }
            if whole.page.last {
                return Err(pages_error("a page follows the last one"));
            }
            if (next.kind, &next.id, &next.account) != (whole.kind, &whole.id, &whole.account) {
                return Err(pages_error("they have other references or accounts"));
            }
            whole = whole.followed_by(next)?;
        }
        if !whole.page.last {
            return Err(pages_error("the last page is missing"));
        }
        whole.page = Page::ONLY;
        whole.check()?;
        Ok(whole)
    }

    fn followed_by(mut self, mut next: Self) -> Result<Self, StatementError> {
        let pages_error = |why| StatementError::Pages { why };
        if self.kind != StatementKind::Notification {
            let before = self.closing().map(|balance| balance.minor);
            if before != next.opening().map(|balance| balance.minor) {
                return Err(pages_error(
                    "a page does not begin with the balance with which the one before ends",
                ));
            }
            let is_interim = |one: &CashBalance| one.kind == BalanceType::InterimBooked;
            if let Some(place) = self.balances.iter().rposition(is_interim) {
                self.balances.remove(place);
            }
            if let Some(place) = next.balances.iter().position(is_interim) {
                next.balances.remove(place);
            }
        }
        self.balances.append(&mut next.balances);
        self.entries.append(&mut next.entries);
        self.note = next.note.or(self.note);
        self.page = next.page;
        Ok(self)
    }
}

/// The balance between two pages.
const fn interim(balance: CashBalance) -> CashBalance {
    CashBalance {
        kind: BalanceType::InterimBooked,
        ..balance
    }
}
