//! Statements of accounts: the report of a running day (camt.052), the statement of a day that is over (camt.053), the
//! notification of single entries (camt.054).
//!
//! [`write_statement`] writes one page, [`Statement::pages`] divides a statement that is too long for one file,
//! [`read_statements`] reads what others write, [`Statement::joined`] puts pages together again.
//!
//! What must hold: the opening booked balance and the booked entries add up to the closing booked balance, to the last minor
//! unit, or the statement is neither written nor taken; every amount of a statement is in the currency of its account; what is
//! written reads back as the same statement.
//!
//! What it refuses to know: the ledger, and whether a balance is right. It knows that the figures agree with each other.

mod entry;
mod entry_reader;
mod pages;
mod reader;
mod sums;
mod writer;

pub use entry::{
    BankTransactionCode, EntryStatus, EntryTransaction, ProprietaryReference, ReportEntry,
};
pub use pages::ENTRIES_PER_PAGE;
pub use reader::{StatementFile, read_statements};
pub use sums::StatementError;
pub use writer::{StatementMessage, write_statement};

use crate::status_report::ReportHeader;
use karwan_types::{AccountNumber, Bic, CurrencyCode, Date, Lei, Max35Text, Timestamp};

/// Which of the three messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub enum StatementKind {
    /// camt.052: the entries of a day that is not over.
    Report,
    /// camt.053: the entries of a day that is over.
    Statement,
    /// camt.054: single entries, without balances.
    Notification,
}

impl StatementKind {
    const ALL: [Self; 3] = [Self::Report, Self::Statement, Self::Notification];

    /// The business area and functionality, for example `camt.053`.
    #[must_use]
    pub const fn family(self) -> &'static str {
        match self {
            Self::Report => "camt.052",
            Self::Statement => "camt.053",
            Self::Notification => "camt.054",
        }
    }
    /// The definition that is written, for example `camt.053.001.08`.
    #[must_use]
    pub const fn definition(self) -> &'static str {
        match self {
            Self::Report => "camt.052.001.08",
            Self::Statement => "camt.053.001.08",
            Self::Notification => "camt.054.001.08",
        }
    }
    /// The element inside `Document`.
    const fn message_element(self) -> &'static str {
        match self {
            Self::Report => "BkToCstmrAcctRpt",
            Self::Statement => "BkToCstmrStmt",
            Self::Notification => "BkToCstmrDbtCdtNtfctn",
        }
    }
    /// The element of one account.
    const fn account_element(self) -> &'static str {
        match self {
            Self::Report => "Rpt",
            Self::Statement => "Stmt",
            Self::Notification => "Ntfctn",
        }
    }
    const fn pagination_element(self) -> &'static str {
        match self {
            Self::Report => "RptPgntn",
            Self::Statement => "StmtPgntn",
            Self::Notification => "NtfctnPgntn",
        }
    }
    const fn note_element(self) -> &'static str {
        match self {
            Self::Report => "AddtlRptInf",
            Self::Statement => "AddtlStmtInf",
            Self::Notification => "AddtlNtfctnInf",
        }
    }
}

/// One account and its movements.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Statement {
    /// Which message it stands in.
    pub kind: StatementKind,
    /// The reference of the statement (`Id`), the same on all its pages.
    pub id: Max35Text,
    /// Which page this is.
    pub page: Page,
    /// `FrToDt`; none when it is not given, or given without its offset from UTC.
    pub period: Option<Period>,
    /// The account.
    pub account: CashAccount,
    /// The balances, those at the opening first. A notification has none.
    pub balances: Vec<CashBalance>,
    /// The entries, in the order in which they were booked.
    pub entries: Vec<ReportEntry>,
    /// A sentence about the whole (`AddtlStmtInf`), at most [`NOTE_CHARS_MAX`] characters.
    pub note: Option<String>,
}

/// Characters of a note on a statement or an entry (`Max500Text`).
pub const NOTE_CHARS_MAX: usize = 500;

/// A page among those of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Page {
    /// Counted from 1 (`PgNb`).
    pub number: u32,
    /// Whether no page follows (`LastPgInd`).
    pub last: bool,
}

impl Page {
    /// The only page of a statement.
    pub const ONLY: Self = Self {
        number: 1,
        last: true,
    };
}

/// From when to when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Period {
    /// `FrDtTm`.
    pub from: Timestamp,
    /// `ToDtTm`.
    pub to: Timestamp,
}

/// The account of a statement.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct CashAccount {
    /// Its number: an IBAN, or another.
    pub number: AccountNumber,
    /// Its currency, in which every amount of the statement is.
    pub currency: CurrencyCode,
    /// Whose it is (`Ownr`), as far as it is told.
    pub owner: AccountOwner,
}

/// Who owns an account.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct AccountOwner {
    /// `Nm`.
    pub name: Option<String>,
    /// `AnyBIC`.
    pub bic: Option<Bic>,
    /// `LEI`.
    pub lei: Option<Lei>,
}

/// Which balance it is (`Bal/Tp/CdOrPrtry/Cd`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub enum BalanceType {
    /// `OPBD`: booked, at the opening.
    OpeningBooked,
    /// `PRCD`: booked, at the closing of the statement before.
    PreviouslyClosedBooked,
    /// `OPAV`: available, at the opening.
    OpeningAvailable,
    /// `ITBD`: booked, within the period or between two pages.
    InterimBooked,
    /// `ITAV`: available, within the period.
    InterimAvailable,
    /// `CLBD`: booked, at the closing.
    ClosingBooked,
    /// `CLAV`: available, at the closing.
    ClosingAvailable,
    /// `FWAV`: available at a later date.
    ForwardAvailable,
    /// `XPCD`: booked and expected.
    Expected,
    /// `INFO`: for information.
    Information,
}

impl BalanceType {
    const ALL: [Self; 10] = [
        Self::OpeningBooked,
        Self::PreviouslyClosedBooked,
        Self::OpeningAvailable,
        Self::InterimBooked,
        Self::InterimAvailable,
        Self::ClosingBooked,
        Self::ClosingAvailable,
        Self::ForwardAvailable,
        Self::Expected,
        Self::Information,
    ];

    /// The code of the external code set.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::OpeningBooked => "OPBD",
            Self::PreviouslyClosedBooked => "PRCD",
            Self::OpeningAvailable => "OPAV",
            Self::InterimBooked => "ITBD",
            Self::InterimAvailable => "ITAV",
            Self::ClosingBooked => "CLBD",
            Self::ClosingAvailable => "CLAV",
            Self::ForwardAvailable => "FWAV",
            Self::Expected => "XPCD",
            Self::Information => "INFO",
        }
    }
    /// The type with this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
    /// Whether a statement can have several of it: at other times, or between pages.
    const fn may_repeat(self) -> bool {
        matches!(
            self,
            Self::InterimBooked
                | Self::InterimAvailable
                | Self::ForwardAvailable
                | Self::Expected
                | Self::Information
        )
    }
    /// Whether it is of the time before the first entry.
    const fn is_opening(self) -> bool {
        matches!(
            self,
            Self::OpeningBooked | Self::PreviouslyClosedBooked | Self::OpeningAvailable
        )
    }
}

/// A balance at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct CashBalance {
    /// Which balance.
    pub kind: BalanceType,
    /// In minor units of the account's currency, above zero in the owner's favour (`CRDT`).
    pub minor: i128,
    /// When.
    pub at: DateOrTime,
}

/// A date, or a time with its offset. A time without offset is read as its date, since what it is worth to the minute depends
/// on where it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub enum DateOrTime {
    /// `Dt`.
    Date(Date),
    /// `DtTm`.
    Time(Timestamp),
}

impl DateOrTime {
    /// The date; that of a time in UTC.
    #[must_use]
    pub fn date(self) -> Date {
        match self {
            Self::Date(date) => date,
            Self::Time(time) => time.date(),
        }
    }
}

impl Statement {
    /// The booked balance before the first entry: `OPBD`, else `PRCD`; on a later page its first `ITBD`.
    #[must_use]
    pub fn opening(&self) -> Option<CashBalance> {
        let opening = self
            .balance(BalanceType::OpeningBooked)
            .or_else(|| self.balance(BalanceType::PreviouslyClosedBooked));
        if opening.is_some() || self.page.number == 1 {
            return opening;
        }
        // One interim balance alone may be that of the end.
        let interim = self.all(BalanceType::InterimBooked);
        let closed = self.balance(BalanceType::ClosingBooked).is_some();
        match interim.as_slice() {
            [first] if closed => Some(*first),
            [first, _, ..] => Some(*first),
            [] | [_] => None,
        }
    }

    /// The booked balance after the last entry: `CLBD`; in a report, and on a page that another follows, the last `ITBD`.
    #[must_use]
    pub fn closing(&self) -> Option<CashBalance> {
        let closing = self.balance(BalanceType::ClosingBooked);
        if closing.is_some() || (self.kind == StatementKind::Statement && self.page.last) {
            return closing;
        }
        self.all(BalanceType::InterimBooked).last().copied()
    }

    /// The balance of a type; the first if there are several.
    #[must_use]
    pub fn balance(&self, kind: BalanceType) -> Option<CashBalance> {
        self.all(kind).first().copied()
    }

    fn all(&self, kind: BalanceType) -> Vec<CashBalance> {
        let of_kind = self.balances.iter().filter(|balance| balance.kind == kind);
        of_kind.copied().collect()
    }
}
