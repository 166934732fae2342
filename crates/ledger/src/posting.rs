//! Moving money between accounts. The only module that changes a balance.
//!
//! What must hold, and is asserted: no account but an issuer's contra goes below zero, what is held never exceeds what is
//! posted, and every movement debits exactly what it credits, so that the sum over all accounts of a currency is always zero.

use crate::operations::terms::Priority;
use crate::records::{Account, AccountClass};
use crate::rejection::Rejection;
use crate::state::State;
use karwan_types::{AccountNumber, Amount};
use std::collections::BTreeMap;

/// One movement of money for a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Transfer {
    pub(crate) debit: AccountNumber,
    pub(crate) credit: AccountNumber,
    pub(crate) amount: Amount,
    /// Which reservations it may use.
    pub(crate) class: Priority,
}

impl Account {
    /// What can be paid out now, reservations included, in minor units; for an issuer's contra account whatever it issues.
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
    /// What a payment of a class can use: less what is reserved for more urgent ones.
    #[must_use]
    pub fn available_for(&self, class: Priority) -> i128 {
        self.available().saturating_sub(self.reserved_from(class))
    }
    /// What is reserved for more urgent payments than those of a class.
    fn reserved_from(&self, class: Priority) -> i128 {
        let (urgent, high) = (signed(self.reserved_urgent), signed(self.reserved_high));
        match class {
            Priority::Urgt => 0,
            Priority::High => urgent,
            Priority::Norm => urgent.saturating_add(high),
        }
    }
    /// A reservation depletes as its class uses it.
    fn deplete(&mut self, class: Priority, amount: Amount) {
        let reserved = match class {
            Priority::Urgt => &mut self.reserved_urgent,
            Priority::High => &mut self.reserved_high,
            Priority::Norm => return,
        };
        *reserved = reserved.checked_sub(amount).unwrap_or(Amount::ZERO);
    }
    fn assert_sound(&self, number: &AccountNumber) {
        let sound = self.class == AccountClass::IssuerContra || self.posted >= signed(self.held);
        assert!(sound, "account {number} may not go below what it holds");
    }
}

/// Amounts have at most 18 digits when they enter, so they fit.
pub(crate) fn signed(amount: Amount) -> i128 {
    i128::try_from(amount.minor()).expect("amounts have at most 18 digits")
}

/// Debits one account and credits another, in the lowest class.
pub(crate) fn transfer(
    state: &mut State,
    debit: &AccountNumber,
    credit: &AccountNumber,
    amount: Amount,
) -> Result<(), Rejection> {
    let transfer = Transfer {
        debit: debit.clone(),
        credit: credit.clone(),
        amount,
        class: Priority::Norm,
    };
    post(state, core::slice::from_ref(&transfer))
}

/// Posts transfers in one moment: their credits fund their debits. An error has changed nothing.
pub(crate) fn post(state: &mut State, transfers: &[Transfer]) -> Result<(), Rejection> {
    if let [transfer] = transfers {
        let available = row(state, &transfer.debit).available_for(transfer.class);
        if available < signed(transfer.amount) {
            return Err(Rejection::InsufficientFunds {
                account: transfer.debit.clone(),
            });
        }
    } else {
        check_floors(state, transfers)?;
    }
    apply(state, transfers);
    Ok(())
}

/// Pays out of what was held, the rest of which is free again. What was held was set aside before anything was reserved since,
/// so no reservation stands against it, and none depletes.
pub(crate) fn pay_held(
    state: &mut State,
    (debit, held): (&AccountNumber, Amount),
    credit: &AccountNumber,
    amount: Amount,
) {
    assert!(amount <= held, "no more is paid out than was held");
    release(state, debit, held);
    let transfer = Transfer {
        debit: debit.clone(),
        credit: credit.clone(),
        amount,
        class: Priority::Norm,
    };
    apply(state, core::slice::from_ref(&transfer));
}

/// Moves the money of transfers whose floors were checked.
fn apply(state: &mut State, transfers: &[Transfer]) {
    // Credits first: in between, an account that pays out of what it receives would stand below its floor.
    for transfer in transfers {
        let Transfer { debit, credit, .. } = transfer;
        let (from, to) = (row(state, debit).currency, row(state, credit).currency);
        assert!(
            from == to && debit != credit,
            "a transfer has two accounts of one currency"
        );
        let minor = signed(transfer.amount);
        change(state, credit, |account| {
            account.posted = account
                .posted
                .checked_add(minor)
                .expect("balances fit 127 bits");
        });
        state.mark_ready(credit);
    }
    for transfer in transfers {
        let minor = signed(transfer.amount);
        change(state, &transfer.debit, |account| {
            account.posted = account
                .posted
                .checked_sub(minor)
                .expect("balances fit 127 bits");
            account.deplete(transfer.class, transfer.amount);
        });
    }
}

/// Whether every account may move what several transfers move of it: the lowest class that pays decides how far down it may
/// go, and each class uses its own reservation first.
fn check_floors(state: &State, transfers: &[Transfer]) -> Result<(), Rejection> {
    struct Sum {
        after: Account,
        left: i128,
        lowest: Option<Priority>,
    }
    let mut sums: BTreeMap<&AccountNumber, Sum> = BTreeMap::new();
    let sum = |number| {
        let after = row(state, number).clone();
        Sum {
            left: after.available(),
            after,
            lowest: None,
        }
    };
    for transfer in transfers {
        let minor = signed(transfer.amount);
        let credit = sums
            .entry(&transfer.credit)
            .or_insert_with(|| sum(&transfer.credit));
        credit.left = credit.left.saturating_add(minor);
        let debit = sums
            .entry(&transfer.debit)
            .or_insert_with(|| sum(&transfer.debit));
        debit.left = debit.left.saturating_sub(minor);
        debit.lowest = debit.lowest.max(Some(transfer.class));
        debit.after.deplete(transfer.class, transfer.amount);
    }
    for (number, sum) in sums {
        let floor = sum.lowest.map(|lowest| sum.after.reserved_from(lowest));
        if floor.is_some_and(|floor| sum.left < floor) {
            return Err(Rejection::InsufficientFunds {
                account: number.clone(),
            });
        }
    }
    Ok(())
}

/// Sets part of an account's balance aside.
pub(crate) fn hold(
    state: &mut State,
    number: &AccountNumber,
    amount: Amount,
) -> Result<(), Rejection> {
    if row(state, number).available_for(Priority::Norm) < signed(amount) {
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
    state.mark_ready(number);
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
