//! Whether the figures of a statement agree with each other.

use super::{BalanceType, EntryStatus, NOTE_CHARS_MAX, Page, Statement, StatementKind};
use karwan_types::{CurrencyCode, balance_to_decimal};

/// The largest amount that 18 digits can write.
pub(super) const AMOUNT_MAX: u128 = 10_u128.pow(18) - 1;

/// Why the figures of a statement are not those of a statement. What is written is our own, so for the writer it is our
/// mistake; what is read is refused with the same sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// A balance is missing.
    #[error("The {family} has no {what}, so nobody can tell whether it is whole.")]
    BalanceMissing {
        /// For example `camt.053`.
        family: &'static str,
        /// Which balance.
        what: &'static str,
    },
    /// A balance stands twice.
    #[error("The balance {code} stands more than once where a statement has one. Remove one.")]
    BalanceRepeated {
        /// For example `CLBD`.
        code: &'static str,
    },
    /// A notification has balances.
    #[error("A notification (camt.054) has no balances.")]
    BalancesNotAdmitted,
    /// Opening and previous closing balance differ.
    #[error(
        "The opening booked balance (OPBD) is not the closing booked balance of the statement before (PRCD). Ask for the \
         statement anew."
    )]
    OpeningsDiffer,
    /// Opening and entries are not the closing.
    #[error(
        "The opening booked balance {} {currency} and the booked entries {} {currency} add up to {} {currency}, but the closing \
         booked balance is {} {currency}. Entries are missing or a balance is wrong.",
        balance_to_decimal(*.opening, *.currency),
        balance_to_decimal(*.entries, *.currency),
        balance_to_decimal(opening.saturating_add(*entries), *.currency),
        balance_to_decimal(*.closing, *.currency)
    )]
    NotBalanced {
        /// Opening booked balance in minor units.
        opening: i128,
        /// The sum of the booked entries.
        entries: i128,
        /// Closing booked balance.
        closing: i128,
        /// The account's currency.
        currency: CurrencyCode,
    },
    /// An amount has more digits than ISO 20022 can write.
    #[error("An amount of the statement has more than 18 digits, which ISO 20022 cannot write.")]
    TooLarge,
    /// A note is too long.
    #[error("A note on a statement has at most {NOTE_CHARS_MAX} characters.")]
    NoteTooLong,
    /// Pages do not belong together.
    #[error("The pages do not make one statement: {why}.")]
    Pages {
        /// In what they differ, or which is missing.
        why: &'static str,
    },
}

impl Statement {
    /// The sum of the booked entries, credits less debits.
    ///
    /// # Errors
    /// [`StatementError::TooLarge`].
    pub fn booked(&self) -> Result<i128, StatementError> {
        let booked = self
            .entries
            .iter()
            .filter(|entry| entry.status == EntryStatus::Booked);
        booked
            .map(|entry| entry.minor)
            .try_fold(0_i128, i128::checked_add)
            .ok_or(StatementError::TooLarge)
    }

    /// Opening + entries = closing. A statement of a day has both balances; a report need not, a notification has none.
    pub(super) fn check(&self) -> Result<(), StatementError> {
        self.check_repetition()?;
        let balances = self.balances.iter().map(|balance| balance.minor);
        let mut amounts = balances.chain(self.entries.iter().map(|entry| entry.minor));
        if amounts.any(|minor| minor.unsigned_abs() > AMOUNT_MAX) {
            return Err(StatementError::TooLarge);
        }
        let notes = self.entries.iter().map(|entry| &entry.note);
        let too_long = |note: &Option<String>| {
            note.as_ref()
                .is_some_and(|note| note.chars().count() > NOTE_CHARS_MAX)
        };
        if too_long(&self.note) || notes.into_iter().any(too_long) {
            return Err(StatementError::NoteTooLong);
        }
        let missing = |what| StatementError::BalanceMissing {
            family: self.kind.family(),
            what,
        };
        let (opening, closing) = match (self.kind, self.opening(), self.closing()) {
            (StatementKind::Notification, _, _) if !self.balances.is_empty() => {
                return Err(StatementError::BalancesNotAdmitted);
            }
            (_, Some(opening), Some(closing)) => (opening.minor, closing.minor),
            // Pages of others need not have balances where they meet: the whole is checked once they are together.
            (StatementKind::Statement, _, _) if self.page != Page::ONLY => return Ok(()),
            (StatementKind::Statement, None, _) => {
                return Err(missing("opening booked balance (OPBD)"));
            }
            (StatementKind::Statement, _, None) => {
                return Err(missing("closing booked balance (CLBD)"));
            }
            (StatementKind::Report | StatementKind::Notification, _, _) => return Ok(()),
        };
        let entries = self.booked()?;
        let sum = opening
            .checked_add(entries)
            .ok_or(StatementError::TooLarge)?;
        if sum != closing {
            return Err(StatementError::NotBalanced {
                opening,
                entries,
                closing,
                currency: self.account.currency,
            });
        }
        Ok(())
    }

    fn check_repetition(&self) -> Result<(), StatementError> {
        for kind in BalanceType::ALL {
            if !kind.may_repeat() && self.all(kind).len() > 1 {
                return Err(StatementError::BalanceRepeated { code: kind.code() });
            }
        }
        let opening = self.balance(BalanceType::OpeningBooked);
        let previous = self.balance(BalanceType::PreviouslyClosedBooked);
        match (opening, previous) {
            (Some(opening), Some(previous)) if opening.minor != previous.minor => {
                Err(StatementError::OpeningsDiffer)
            }
            _ => Ok(()),
        }
    }
}
