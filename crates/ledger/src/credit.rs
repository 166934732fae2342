//! Intraday credit of an issuer against collateral: how much, what is used of it, and what becomes of it when it is not
//! repaid.
//!
//! A line lets a settlement account go below zero: nothing is issued for it, so the accounts of the currency still sum up to
//! zero, and the issuer's contra still shows what is outstanding. The end of the business day asks it back from what the
//! institution has; what stays unpaid is overdue, and then the line is of no use and the institution pays nothing out of its own
//! accounts in the currency until it has repaid. Only its issuer says what follows.
//!
//! What must hold: an account stands below its line only while it is overdue, and what is used is never redeemed: money that was
//! lent has no backing in the RTGS account.

use crate::business_day::{END_OF_DAY, reference};
use crate::due::by_time;
use crate::execution::Item;
use crate::operations::terms::Priority;
use crate::posting::{self, Transfer};
use crate::records::{Account, CurrencyStatus, InstructionKey, RecordKind};
use crate::rejection::Rejection;
use crate::state::State;
use crate::{checks, supervision};
use karwan_types::{
    AccountNumber, Amount, CurrencyCode, Height, Lei, Max35Text, Movement, Outcome, Timestamp,
    TransactionId,
};
use serde::{Deserialize, Serialize};

/// The most pieces of collateral that one institution pledges for one currency.
pub const PLEDGES_MAX: usize = 64;
/// All of a value, in basis points.
pub const WHOLE_BPS: u16 = 10_000;

/// Whose line, in which currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CreditLineKey {
    /// The institution.
    pub participant: Lei,
    /// The currency.
    pub currency: CurrencyCode,
}

/// What an issuer lends an institution within the day, and against what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreditLine {
    /// The account that may go below zero.
    pub account: AccountNumber,
    /// The most that the issuer lends, whatever is pledged; none for as much as the collateral covers.
    pub limit: Option<Amount>,
    /// What is pledged, by reference.
    pub pledges: Vec<Pledge>,
}

/// A piece of collateral that is kept outside the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pledge {
    /// How issuer and institution call it.
    pub reference: Max35Text,
    /// Its value as both have agreed, in minor units of the currency.
    pub value: Amount,
    /// What is taken off, in basis points of the value.
    pub haircut_bps: u16,
}

impl Pledge {
    /// What it covers.
    fn covers(&self) -> u128 {
        let kept = u128::from(WHOLE_BPS.saturating_sub(self.haircut_bps));
        let product = self.value.minor().checked_mul(kept);
        product.expect("amounts have at most 18 digits") / u128::from(WHOLE_BPS)
    }
}

impl CreditLine {
    /// How much may be used: what the collateral covers, up to the limit.
    #[must_use]
    pub fn line(&self) -> Amount {
        let covers = self.pledges.iter().map(Pledge::covers);
        let covered = Amount::from_minor(covers.fold(0u128, u128::saturating_add));
        self.limit.map_or(covered, |limit| limit.min(covered))
    }
}

impl Account {
    /// What is used of the credit line, or would be if everything held were paid, in minor units.
    #[must_use]
    pub fn credit_used(&self) -> i128 {
        posting::signed(self.held)
            .saturating_sub(self.posted)
            .max(0)
    }
}

impl State {
    /// All credit lines.
    pub fn credit_lines(&self) -> impl Iterator<Item = (&CreditLineKey, &CreditLine)> {
        self.credit_lines.iter()
    }
    /// An institution's credit line in a currency.
    #[must_use]
    pub fn credit_line(&self, key: &CreditLineKey) -> Option<&CreditLine> {
        self.credit_lines.get(key)
    }
    /// Records a line and lets its account use it. A line below what is used makes it overdue at once.
    pub(crate) fn put_credit_line(&mut self, key: CreditLineKey, row: CreditLine) {
        let (account, line) = (row.account.clone(), row.line());
        if row.pledges.is_empty() && row.limit.is_none() {
            self.credit_lines.remove(&key);
        } else {
            self.credit_lines.insert(key, row);
        }
        posting::set_line(self, &account, line);
    }
}

/// Whether an institution may pay out of its own accounts: not while credit that it had in the currency is overdue. The answer
/// is for the institution's own side only.
pub(crate) fn check_repaid(state: &State, account: &AccountNumber) -> Result<(), Rejection> {
    if state.overdue.is_empty() {
        return Ok(());
    }
    let Some(row) = state.account(account).filter(|row| row.is_house()) else {
        return Ok(());
    };
    match state.overdue.contains(&(row.owner, row.currency)) {
        true => Err(Rejection::CreditOverdue {
            currency: row.currency,
        }),
        false => Ok(()),
    }
}

/// Asks intraday credit back at the end of a currency's business day.
pub(crate) fn ask_back(
    state: &mut State,
    at: (Height, Timestamp),
    code: CurrencyCode,
    outcomes: &mut Vec<Outcome>,
) {
    let row = state
        .currency(&code)
        .expect("a day ends of a known currency");
    if row.status != CurrencyStatus::Active {
        // Nobody could repay: it is asked back at the end of the next day on which the currency moves.
        return;
    }
    let owing = state.owing.iter().filter(|(currency, _)| *currency == code);
    let owing: Vec<AccountNumber> = owing.map(|(_, number)| number.clone()).collect();
    for number in owing {
        let row = state.account(&number).expect("indexed accounts exist");
        let owner = row.owner;
        let others = state.own_accounts(owner, code).to_vec();
        for other in others.into_iter().filter(|other| *other != number) {
            if !is_free(state, at.1, (&other, &number)) {
                continue;
            }
            repay(state, at, (owner, code), (&other, &number), outcomes);
        }
        posting::mark_overdue(state, &number);
    }
}

/// Whether nothing keeps money from going from one account to another: what is blocked or frozen stays where it is.
fn is_free(state: &State, time: Timestamp, (from, to): (&AccountNumber, &AccountNumber)) -> bool {
    let row = |number| state.account(number).expect("indexed accounts exist");
    let (debit, credit) = (row(from), row(to));
    checks::debit_account(from, debit, debit.currency).is_ok()
        && checks::credit_account(to, credit, debit.currency).is_ok()
        && supervision::check_debit(state, time, (from, debit), None, false).is_ok()
        && supervision::check_credit(state, time, (to, credit), None).is_ok()
}

/// Moves what one account of an institution has to another that owes.
fn repay(
    state: &mut State,
    at: (Height, Timestamp),
    (owner, code): (Lei, CurrencyCode),
    (from, to): (&AccountNumber, &AccountNumber),
    outcomes: &mut Vec<Outcome>,
) {
    let row = |number| state.account(number).expect("indexed accounts exist");
    let owed = row(to).own().saturating_neg();
    let minor = row(from).own().min(owed);
    let Some(minor) = u128::try_from(minor).ok().filter(|minor| *minor > 0) else {
        return;
    };
    let Some((instruction, uetr)) = reference(state, at, (owner, "repay", code)) else {
        return;
    };
    let amount = Amount::from_minor(minor);
    posting::repay(
        state,
        &Transfer {
            debit: from.clone(),
            credit: to.clone(),
            amount,
            class: Priority::Norm,
        },
    );
    let item = Item {
        key: InstructionKey { agent: owner, uetr },
        kind: RecordKind::Payment,
        movement: Movement {
            uetr,
            debtor_agent: owner,
            creditor_agent: Some(owner),
            debtor_account: Some(from.clone()),
            creditor_account: Some(to.clone()),
            currency: code,
            amount,
            message_hash: None,
        },
    };
    let brought = (instruction, TransactionId(instruction.0));
    by_time(state, at, brought, END_OF_DAY, outcomes).settled(&item);
}
