//! Moving money between accounts. The only module that changes a balance.
//!
//! What must hold, and is asserted: no account but an issuer's contra goes below zero further than its credit line, unless it is
//! overdue; what is held never exceeds what is posted and may be borrowed; and every movement debits exactly what it credits, so that the sum over all accounts of a currency is always zero.

use crate::credit;
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
            AccountClass::Settlement | AccountClass::ClientSegregated => {
                let lent = if self.overdue {
                    Amount::ZERO
                } else {
                    self.credit_line
                };
                self.own().saturating_add(signed(lent))
            }
        }
    }
    /// What is posted and not held, without any credit, in minor units; below zero for what is owed.
    #[must_use]
    pub fn own(&self) -> i128 {
        // A row of a damaged checkpoint is looked at before its root is: it may say anything.
        let held = i128::try_from(self.held.minor()).unwrap_or(i128::MAX);
        self.posted.saturating_sub(held)
    }
    /// Whether it uses intraday credit: it has less than it holds.
    #[must_use]
    pub fn owes(&self) -> bool {
        self.class != AccountClass::IssuerContra && self.own() < 0
    }
    /// Whether what is used of the credit line lies within it.
    fn is_covered(&self) -> bool {
        self.own().saturating_add(signed(self.credit_line)) >= 0
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
        let sound = match self.class {
            AccountClass::IssuerContra => self.posted <= 0,
            AccountClass::Settlement | AccountClass::ClientSegregated => {
                self.is_covered() || self.overdue
            }
        };
        assert!(
            sound,
            "account {number} may not go below what it holds and may borrow"
        );
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
    for transfer in transfers {
        check_repaid(state, &transfer.debit)?;
    }
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

/// To whoever reads the receipt, an institution that has credit to repay lacks money, and no more is said.
pub(crate) fn check_repaid(state: &State, number: &AccountNumber) -> Result<(), Rejection> {
    credit::check_repaid(state, number).map_err(|_| Rejection::InsufficientFunds {
        account: number.clone(),
    })
}

/// Whether nobody pays by transfers who has credit to repay.
pub(crate) fn are_repaid(state: &State, transfers: &[Transfer]) -> bool {
    let mut debits = transfers.iter().map(|transfer| &transfer.debit);
    debits.all(|debit| credit::check_repaid(state, debit).is_ok())
}

/// Repays intraday credit out of another account of the same institution.
pub(crate) fn repay(state: &mut State, transfer: &Transfer) {
    apply(state, core::slice::from_ref(transfer));
}

/// Lets an account go below zero by so much.
pub(crate) fn set_line(state: &mut State, number: &AccountNumber, line: Amount) {
    change(state, number, |account| {
        account.credit_line = line;
        account.overdue |= !account.is_covered();
    });
    state.mark_ready(number);
}

/// Marks an account that has not repaid at the end of its day, if it has not.
pub(crate) fn mark_overdue(state: &mut State, number: &AccountNumber) {
    change(state, number, |account| account.overdue |= account.owes());
}

/// Sets aside an amount that an account was found to have.
pub(crate) fn set_aside(state: &mut State, number: &AccountNumber, amount: Amount) {
    change(state, number, |account| {
        account.held = account
            .held
            .checked_add(amount)
            .expect("held never exceeds posted");
    });
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
    let (from, to) = (row(state, debit).currency, row(state, credit).currency);
    assert!(
        from == to && debit != credit,
        "a transfer has two accounts of one currency"
    );
    let minor = signed(amount);
    change(state, credit, |account| {
        account.posted = account
            .posted
            .checked_add(minor)
            .expect("balances fit 127 bits");
    });
    state.mark_ready(credit);
    // In one step: in between, credit that is overdue would seem repaid.
    change(state, debit, |account| {
        account.held = account
            .held
            .checked_sub(held)
            .expect("a payment follows its hold");
        account.posted = account
            .posted
            .checked_sub(minor)
            .expect("balances fit 127 bits");
    });
    state.mark_ready(debit);
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
        state.note_outflow(&transfer.debit);
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

/// Sets part of an account's balance aside, out of what its class has reserved first.
pub(crate) fn hold(
    state: &mut State,
    number: &AccountNumber,
    amount: Amount,
    class: Priority,
) -> Result<(), Rejection> {
    if row(state, number).available_for(class) < signed(amount) {
        return Err(Rejection::InsufficientFunds {
            account: number.clone(),
        });
    }
    check_repaid(state, number)?;
    set_aside(state, number, amount);
    change(state, number, |account| account.deplete(class, amount));
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
    let (posted, owed, overdue) = (account.posted, account.owes(), account.overdue);
    change(account);
    account.overdue &= account.owes();
    account.assert_sound(number);
    if account.posted != posted {
        state.moved.entry(number.clone()).or_insert(posted);
    }
    if (account.owes(), account.overdue) != (owed, overdue) {
        follow_credit(state, number);
    }
}

/// Keeps the indices of whoever owes, and gives the institution its turn when it has repaid.
fn follow_credit(state: &mut State, number: &AccountNumber) {
    let row = row(state, number);
    let (key, owes) = ((row.currency, number.clone()), row.owes());
    let party = (row.owner, row.currency);
    if owes {
        state.owing.insert(key);
    } else {
        state.owing.remove(&key);
    }
    let accounts = state.own_accounts(party.0, party.1).to_vec();
    let is_overdue = |number: &AccountNumber| state.account(number).is_some_and(|row| row.overdue);
    if accounts.iter().any(is_overdue) {
        state.overdue.insert(party);
    } else if state.overdue.remove(&party).is_some() {
        accounts.iter().for_each(|number| state.mark_ready(number));
    }
}
