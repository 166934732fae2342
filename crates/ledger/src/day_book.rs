//! Books every movement of a block into the days of the accounts concerned, from the outcomes that tell of it.
//!
//! What must hold, and is asserted for every account that moved: the balance before the block plus the entries is the balance
//! after it. Money that moved without an outcome, or an outcome without money, stops the process here.

use crate::state::State;
use karwan_types::{AccountNumber, Height, InstructionHash, Movement, Outcome, StatementEntry};
use std::collections::BTreeMap;

impl State {
    /// The accounts of a movement: debited, credited. The issuer's contra account stands for whatever a movement does not name.
    fn booked_accounts(&self, movement: &Movement) -> (AccountNumber, AccountNumber) {
        let contra = || {
            let currency = self.currency(&movement.currency);
            currency
                .expect("money moves in known currencies")
                .contra
                .clone()
        };
        let named = |account: &Option<AccountNumber>| account.clone().unwrap_or_else(contra);
        (
            named(&movement.debtor_account),
            named(&movement.creditor_account),
        )
    }
}

/// The entries that outcomes bring to the accounts, in the order of the outcomes. `balances` are those before them.
pub(crate) fn entries<'a>(
    state: &State,
    height: Height,
    outcomes: impl Iterator<Item = &'a Outcome>,
    balances: &mut BTreeMap<AccountNumber, i128>,
) -> Vec<(AccountNumber, StatementEntry)> {
    let mut entries = Vec::new();
    for outcome in outcomes.filter(|outcome| outcome.booked) {
        let movement = outcome.movement.as_ref();
        let movement = movement.expect("what is booked moves money");
        let minor = crate::posting::signed(movement.amount);
        let (debit, credit) = state.booked_accounts(movement);
        let sides = [
            (&debit, &credit, minor.saturating_neg()),
            (&credit, &debit, minor),
        ];
        for (account, counterparty, amount) in sides {
            let balance = balances.get_mut(account);
            let balance = balance.unwrap_or_else(|| tell(account, outcome.instruction));
            *balance = balance.checked_add(amount).expect("balances fit 127 bits");
            let entry = StatementEntry {
                height,
                agent: movement.debtor_agent,
                uetr: movement.uetr,
                counterparty: counterparty.clone(),
                amount,
                balance: *balance,
            };
            entries.push((account.clone(), entry));
        }
    }
    entries
}

fn tell(account: &AccountNumber, instruction: InstructionHash) -> ! {
    panic!("instruction {instruction} tells of money of {account}, but none moved")
}

/// Books a block. Empties the list of what moved.
pub(crate) fn book(state: &mut State, height: Height, outcomes: &[Outcome]) {
    if state.moved.is_empty() {
        assert!(
            outcomes.iter().all(|outcome| !outcome.booked),
            "an outcome tells of money, but none moved"
        );
        return;
    }
    let mut balances = core::mem::take(&mut state.moved);
    let entries = entries(state, height, outcomes.iter(), &mut balances);
    for (number, entry) in entries {
        let row = state.accounts.get_mut(&number);
        let row = row.expect("accounts that moved exist");
        let currency = state.currencies.get(&row.currency);
        let date = currency
            .expect("accounts are in known currencies")
            .business_date;
        row.day.book(date, &entry);
    }
    for (number, balance) in balances {
        let posted = state.account(&number).map(|row| row.posted);
        assert!(
            posted == Some(balance),
            "account {number} has {posted:?}, but its entries lead to {balance}"
        );
    }
}
