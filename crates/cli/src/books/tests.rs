//! What a node that lies about an account's books is found out by.

use super::*;
use karwan_ledger::{AccountClass, AccountStatus};
use karwan_types::{AccountDay, CurrencyCode, balance_to_decimal};

fn date(day: u8) -> Date {
    Date::parse(&format!("2026-11-{day}")).unwrap()
}

fn currency() -> CurrencyCode {
    "PKR".parse().unwrap()
}

fn balance(minor: i128) -> BalanceView {
    BalanceView {
        currency: View(currency()),
        amount: balance_to_decimal(minor, currency()),
        minor: minor.to_string(),
    }
}

fn entry(height: u64, amount: i128) -> EntryView {
    EntryView {
        sequence: height << 20,
        height,
        time: View(Timestamp::from_millis(height)),
        agent: View("5493001KJTIIGC8Y1R12".parse().unwrap()),
        uetr: View(Uetr::from_random_bytes([7; 16])),
        counterparty: View("RAVI-PKR".parse().unwrap()),
        amount: balance(amount),
        operation: "Pay".to_owned(),
        creditor_agent: None,
    }
}

/// An account with entries on three days, and one day without; its days that are over as a node tells them, each with its entries.
fn books() -> (Account, Vec<(StatementView, Vec<EntryView>)>) {
    let owner = "5493001KJTIIGC8Y1R12".parse().unwrap();
    let mut account = Account::empty(
        date(20),
        owner,
        currency(),
        AccountClass::Settlement,
        AccountStatus::Open,
    );
    account.posted = 1_000;
    account.day = AccountDay::opened(date(20), 1_000);
    let history = [
        (20, vec![entry(1, -300), entry(2, 50)]),
        (22, vec![entry(8, 50)]),
        (23, vec![entry(9, -100), entry(9, -100)]),
    ];
    let mut days = Vec::new();
    for (day, entries) in history {
        let opening = account.posted;
        for one in &entries {
            let booked = day_entry(one.clone(), account.posted).unwrap().entry;
            account.posted = booked.balance;
            account.day.book(date(day), &booked);
        }
        let sealed = account.day.closed(account.posted);
        let view = StatementView {
            date: View(date(day)),
            opening: balance(opening),
            closing: balance(account.posted),
            entries: sealed.entries,
            digest: View(sealed.digest),
            before: View(account.day.before),
            seal: Some(View(sealed.seal(account.day.before))),
            first_height: 1,
            from: View(Timestamp::from_millis(1)),
            sealed_height: Some(10),
            until: Some(View(Timestamp::from_millis(10))),
        };
        days.push((view, entries.into_iter().rev().collect()));
    }
    (account, days)
}

/// Whether the statement of a day is taken.
fn taken(
    account: &Account,
    (view, entries): &(StatementView, Vec<EntryView>),
    later: &[StatementView],
) -> bool {
    standing(view, entries.clone())
        .is_ok_and(|standing| leads_to(account, (view, &standing), later).is_ok())
}

fn later(days: &[(StatementView, Vec<EntryView>)], index: usize) -> Vec<StatementView> {
    days[index + 1..]
        .iter()
        .map(|(view, _)| view.clone())
        .collect()
}

#[test]
fn every_day_of_honest_books_is_taken() {
    let (account, days) = books();
    for (index, day) in days.iter().enumerate() {
        assert!(taken(&account, day, &later(&days, index)), "{}", day.0.date);
    }
}

#[test]
fn a_day_without_entries_is_taken_with_the_balance_that_stood_then_only() {
    let (account, days) = books();
    let quiet = |minor: i128| {
        let mut view = days[0].0.clone();
        view.date = View(date(21));
        view.opening = balance(minor);
        view.closing = balance(minor);
        (view.entries, view.digest) = (0, View(Hash::ZERO));
        (view, Vec::new())
    };
    assert!(taken(&account, &quiet(750), &later(&days, 0)));
    assert!(!taken(&account, &quiet(751), &later(&days, 0)));
    assert!(!taken(&account, &quiet(750), &later(&days, 1)));
}

#[test]
fn what_a_node_leaves_out_adds_or_changes_is_found_out() {
    let (account, days) = books();
    for index in 0..days.len() {
        let later = later(&days, index);
        let lie = |change: &dyn Fn(&mut StatementView, &mut Vec<EntryView>)| {
            let (mut view, mut entries) = days[index].clone();
            change(&mut view, &mut entries);
            assert!(
                !taken(&account, &(view, entries), &later),
                "a lie about {} is taken",
                days[index].0.date
            );
        };
        lie(&|_, entries| drop(entries.pop()));
        lie(&|_, entries| entries.push(entry(3, 0)));
        lie(&|_, entries| entries[0].amount = balance(1));
        lie(&|_, entries| entries[0].height += 1);
        lie(&|_, entries| entries[0].uetr = View(Uetr::from_random_bytes([8; 16])));
        lie(&|_, entries| entries[0].counterparty = View("OTHER-PKR".parse().unwrap()));
        lie(&|view, _| view.digest = View(Hash::ZERO));
        lie(&|view, _| view.entries += 1);
        // A whole other day, consistent in itself.
        lie(&|view, entries| {
            let other = entry(1, -1);
            let opening = minor(&view.opening).unwrap();
            let booked = day_entry(other.clone(), opening).unwrap().entry;
            view.closing = balance(booked.balance);
            view.digest = View(follow_entry(Hash::ZERO, &booked));
            view.entries = 1;
            *entries = vec![other];
        });
        lie(&|view, _| view.before = View(Hash::from_bytes([1; 32])));
    }
    // A later day that is kept back, or told twice.
    assert!(!taken(&account, &days[0], &later(&days, 1)));
    let twice = vec![days[1].0.clone(), days[1].0.clone()];
    assert!(!taken(&account, &days[0], &twice));
}
