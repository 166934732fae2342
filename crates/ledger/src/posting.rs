//! Moving money between accounts. The only module that changes a balance.
//!
//! What must hold, and is asserted: no account but an issuer's contra goes below zero, what is held never exceeds what is
//! posted, and every movement debits exactly what it credits, so that the sum over all accounts of a currency is always zero.

use crate::records::{Account, AccountClass};
use crate::rejection::Rejection;
use crate::state::State;
use karwan_types::{AccountNumber, Amount};

impl Account {
    /// What can be paid out now, in minor units; for an issuer's contra account whatever it issues.
    #[must_use]
    pub fn available(&self) -> i128 {
        match self.class {
            AccountClass::IssuerContra => i128::MAX,
            AccountClass::Settlement | AccountClass::ClientSegregated => self
                .posted
                .checked_sub(signed(self.held))
                .expect("held never exceeds posted"),
        }
    }
    fn assert_sound(&self, number: &AccountNumber) {
        let sound = self.class == AccountClass::IssuerContra || self.posted >= signed(self.held);
        assert!(sound, "account {number} may not go below what it holds");
    }
}

/// Amounts have at most 18 digits when they enter, so they fit.
fn signed(amount: Amount) -> i128 {
    i128::try_from(amount.minor()).expect("amounts have at most 18 digits")
}

/// Debits one account and credits another.
pub(crate) fn transfer(
    state: &mut State,
    debit: &AccountNumber,
    credit: &AccountNumber,
    amount: Amount,
) -> Result<(), Rejection> {
    let minor = signed(amount);
    if row(state, debit).available() < minor {
        return Err(Rejection::InsufficientFunds {
            account: debit.clone(),
        });
    }
    let (from, to) = (row(state, debit).currency, row(state, credit).currency);
    assert!(
        from == to && debit != credit,
        "a transfer has two accounts of one currency"
    );
    change(state, debit, |account| {
        account.posted = account
            .posted
            .checked_sub(minor)
            .expect("balances fit 127 bits");
    });
    change(state, credit, |account| {
        account.posted = account
            .posted
            .checked_add(minor)
            .expect("balances fit 127 bits");
    });
    Ok(())
}

/// Sets part of an account's balance aside.
pub(crate) fn hold(
    state: &mut State,
    number: &AccountNumber,
    amount: Amount,
) -> Result<(), Rejection> {
    if row(state, number).available() < signed(amount) {
        return Err(Rejection::InsufficientFunds {
            account: number.clone(),
        });
    }
    change(state, number, |account| {
        account.held = account
            .held
            .checked_add(amount)
            .expect("held never exceeds posted");
    });
    Ok(())
}

/// Gives back what was set aside.
pub(crate) fn release(state: &mut State, number: &AccountNumber, amount: Amount) {
    change(state, number, |account| {
        account.held = account
            .held
            .checked_sub(amount)
            .expect("a release follows its hold");
    });
}

fn row<'a>(state: &'a State, number: &AccountNumber) -> &'a Account {
    state
        .account(number)
        .expect("accounts were checked before money moves")
}

fn change(state: &mut State, number: &AccountNumber, change: impl FnOnce(&mut Account)) {
    let account = state
        .accounts
        .get_mut(number)
        .expect("accounts were checked before money moves");
    change(account);
    account.assert_sound(number);
}
