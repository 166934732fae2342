//! Stories of a central bank that compares its two books.

use super::*;
use karwan_iso20022::{
    AccountOwner, BalanceType, BankTransactionCode, CashAccount, CashBalance, EntryTransaction,
    Page, StatementKind,
};
use karwan_types::Date;

fn time(text: &str) -> Timestamp {
    Timestamp::parse(&format!("2026-11-{text}:00Z")).unwrap()
}

fn reference(text: &str) -> Max35Text {
    Max35Text::parse(text).unwrap()
}

/// An RTGS account with an opening balance and entries by reference.
fn statement(opening: i128, entries: &[(&str, i128)]) -> Statement {
    let day = DateOrTime::Date(Date::parse("2026-11-23").unwrap());
    let entries: Vec<_> = entries
        .iter()
        .map(|(name, minor)| ReportEntry {
            reference: Some(reference(&format!("N-{name}"))),
            minor: *minor,
            status: EntryStatus::Booked,
            booked: Some(day),
            value_date: None,
            servicer_reference: None,
            code: BankTransactionCode::not_available(),
            transactions: vec![EntryTransaction {
                end_to_end_id: Some(reference(name)),
                ..EntryTransaction::default()
            }],
            note: None,
        })
        .collect();
    let closing = opening + entries.iter().map(|entry| entry.minor).sum::<i128>();
    let balance = |kind, minor| CashBalance {
        kind,
        minor,
        at: day,
    };
    Statement {
        kind: StatementKind::Statement,
        id: reference("S-1"),
        page: Page::ONLY,
        period: None,
        account: CashAccount {
            number: "RTGS-PK-KARWAN".parse().unwrap(),
            currency: "PKR".parse().unwrap(),
            owner: AccountOwner::default(),
        },
        balances: vec![
            balance(BalanceType::OpeningBooked, opening),
            balance(BalanceType::ClosingBooked, closing),
        ],
        entries,
        note: None,
    }
}

/// A ledger with what is outstanding at `24T12:00` and its references: what each added, and when.
fn ledger(outstanding: i128, references: &[(&str, i128, &str)]) -> Issuance {
    let backed = references.iter().map(|(name, minor, at)| Backed {
        reference: reference(name),
        movement: (!at.is_empty()).then(|| (*minor, time(at))),
    });
    Issuance {
        currency: "PKR".parse().unwrap(),
        outstanding,
        time: time("24T12:00"),
        references: backed.collect(),
    }
}

/// `outstanding / backing, matched, unexplained; findings`.
fn check(statement: &Statement, ledger: &Issuance, expected: &str) {
    let span = (time("23T00:00"), time("23T19:00"));
    let found = Reconciliation::of(statement, span, ledger).unwrap();
    let findings: Vec<_> = found
        .findings
        .iter()
        .map(|one| format!("{} {}", one.reference, one.kind.words()))
        .collect();
    let text = format!(
        "{}/{}, {}, {}; {}",
        found.outstanding,
        found.backing,
        found.matched,
        found.unexplained,
        findings.join(", ")
    );
    assert_eq!(text, expected);
    assert_eq!(found.is_equal(), found.outstanding == found.backing);
}

#[test]
fn books_that_agree_are_equal_and_have_nothing_to_tell() {
    let rtgs = statement(1_000, &[("CR-1", 500), ("DR-1", -200)]);
    let issued = [("CR-1", 500, "23T08:00"), ("DR-1", -200, "23T09:00")];
    check(&rtgs, &ledger(1_300, &issued), "1300/1300, 2, 0; ");
}

#[test]
fn what_was_issued_before_the_statement_is_in_earlier_ones() {
    let rtgs = statement(1_500, &[]);
    let issued = [("CR-0", 500, "22T08:00"), ("OLD", 0, "")];
    check(&rtgs, &ledger(1_500, &issued), "1500/1500, 0, 0; ");
}

#[test]
fn what_was_issued_after_the_statement_is_taken_off_and_listed() {
    let rtgs = statement(1_000, &[]);
    let issued = [("CR-9", 700, "24T08:00"), ("DR-9", -100, "24T09:00")];
    check(
        &rtgs,
        &ledger(1_600, &issued),
        "1000/1000, 0, 0; CR-9 after the statement, DR-9 after the statement",
    );
}

#[test]
fn a_credit_that_was_booked_but_issued_the_day_after_explains_the_difference() {
    let rtgs = statement(1_000, &[("CR-1", 500)]);
    let issued = [("CR-1", 500, "24T08:00")];
    check(
        &rtgs,
        &ledger(1_500, &issued),
        "1000/1500, 0, 0; CR-1 after the statement",
    );
}

#[test]
fn money_issued_without_a_credit_and_a_credit_without_issue_are_found_and_explained() {
    let rtgs = statement(1_000, &[("CR-2", 40)]);
    let issued = [("FORGED", 500, "23T08:00")];
    check(
        &rtgs,
        &ledger(1_500, &issued),
        "1500/1040, 0, 0; N-CR-2 / CR-2 only in the statement, FORGED only on the ledger",
    );
}

#[test]
fn another_amount_under_the_same_reference_is_found() {
    let rtgs = statement(1_000, &[("CR-1", 50)]);
    let issued = [("CR-1", 500, "23T08:00")];
    check(
        &rtgs,
        &ledger(1_500, &issued),
        "1500/1050, 0, 0; CR-1 other amount",
    );
}

#[test]
fn errors_that_cancel_out_are_equal_and_still_listed() {
    let rtgs = statement(1_000, &[("A", 500)]);
    let issued = [("B", 500, "23T08:00")];
    check(
        &rtgs,
        &ledger(1_500, &issued),
        "1500/1500, 0, 0; N-A / A only in the statement, B only on the ledger",
    );
}

#[test]
fn a_difference_from_before_the_statement_is_told_as_unexplained() {
    let rtgs = statement(900, &[("CR-1", 500)]);
    let issued = [("CR-1", 500, "23T08:00")];
    check(&rtgs, &ledger(1_500, &issued), "1500/1400, 1, -100; ");
}

#[test]
fn an_entry_that_is_not_booked_counts_for_nothing() {
    let mut rtgs = statement(1_000, &[("CR-1", 500)]);
    rtgs.entries[0].status = EntryStatus::Pending;
    rtgs.balances[1].minor = 1_000;
    let issued = [("CR-1", 500, "23T08:00")];
    check(
        &rtgs,
        &ledger(1_500, &issued),
        "1500/1000, 0, 0; CR-1 only on the ledger",
    );
}

#[test]
fn a_reference_counts_once_although_two_entries_have_it() {
    let rtgs = statement(1_000, &[("CR-1", 500), ("CR-1", 500)]);
    let issued = [("CR-1", 500, "23T08:00")];
    check(
        &rtgs,
        &ledger(1_500, &issued),
        "1500/2000, 1, 0; N-CR-1 / CR-1 only in the statement",
    );
}

#[test]
fn a_batch_is_one_entry_for_several_movements() {
    let mut rtgs = statement(1_000, &[("DR-1", -300)]);
    let second = EntryTransaction {
        end_to_end_id: Some(reference("DR-2")),
        ..EntryTransaction::default()
    };
    rtgs.entries[0].transactions.push(second);
    let issued = [("DR-1", -100, "23T08:00"), ("DR-2", -200, "23T09:00")];
    check(&rtgs, &ledger(700, &issued), "700/700, 2, 0; ");
    let later = [("DR-1", -100, "23T08:00"), ("DR-2", -200, "24T09:00")];
    check(
        &rtgs,
        &ledger(700, &later),
        "900/700, 0, 0; DR-1 + DR-2 after the statement",
    );
    let other = [("DR-1", -100, "23T08:00"), ("DR-2", -250, "23T09:00")];
    check(
        &rtgs,
        &ledger(650, &other),
        "650/700, 0, 0; DR-1 + DR-2 other amount",
    );
}
