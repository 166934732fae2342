//! camt.052, camt.053 and camt.054: what is written is read back, what does not add up is neither written nor read.

use crate::support::{Node, golden};
use karwan_iso20022::{
    AccountOwner, BalanceType, BankTransactionCode, CashAccount, CashBalance, DateOrTime,
    ENTRIES_PER_PAGE, EntryStatus, EntryTransaction, FILE_BYTES_MAX, NOTE_CHARS_MAX, Page, Period,
    ProprietaryReference, ReportEntry, ReportHeader, Statement, StatementError, StatementKind,
    StatementMessage, read_statements, write_statement,
};
use karwan_types::{AccountNumber, Amount, CurrencyCode, Date, Max35Text, Timestamp, Uetr};

const ROUNDS: u64 = 300;

pub(crate) fn text(text: &str) -> Max35Text {
    Max35Text::parse(text).unwrap()
}

fn day() -> DateOrTime {
    DateOrTime::Date(Date::parse("2026-11-23").unwrap())
}

const fn balance(kind: BalanceType, minor: i128, at: DateOrTime) -> CashBalance {
    CashBalance { kind, minor, at }
}

/// An entry with every field that is written.
fn full_entry(number: u32, minor: i128) -> ReportEntry {
    let uetr = Uetr::from_random_bytes([u8::try_from(number % 251).unwrap(); 16]);
    ReportEntry {
        reference: Some(text(&format!("42/{number}"))),
        minor,
        status: EntryStatus::Booked,
        booked: Some(DateOrTime::Time(
            Timestamp::parse("2026-11-23T04:00:03.250Z").unwrap(),
        )),
        value_date: Some(Date::parse("2026-11-23").unwrap()),
        servicer_reference: Some(text("SERVICER-REFERENCE-0123456789-01234")),
        code: BankTransactionCode::of("PMNT", "RCDT", "XBCT"),
        transactions: vec![EntryTransaction {
            message_id: Some(text("MESSAGE-REFERENCE-0123456789-012345")),
            servicer_reference: Some(text("SERVICER-REFERENCE-0123456789-01234")),
            instruction_id: Some(text("INSTRUCTION-REFERENCE-0123456789-01")),
            end_to_end_id: Some(text("END-TO-END-REFERENCE-0123456789-012")),
            uetr: Some(uetr),
            transaction_id: Some(text("TRANSACTION-REFERENCE-0123456789-01")),
            clearing_system_reference: Some(text("CLEARING-REFERENCE-0123456789-01234")),
            proprietary: vec![ProprietaryReference {
                kind: text("KARWAN-HEIGHT"),
                reference: text("42"),
            }],
            amount: Some(Amount::from_minor(minor.unsigned_abs())),
            debtor_account: Some(AccountNumber::parse("INDUS-PKR").unwrap()),
            creditor_account: Some(AccountNumber::parse("PK26KRVN0000001123456702").unwrap()),
            debtor_agent: Some("KRVNPKKA".parse().unwrap()),
            creditor_agent: Some("KGBIK:109001".parse().unwrap()),
        }],
        note: Some("A & B <\"escaped\">".to_owned()),
    }
}

/// A statement of two entries: 1,000.00 + 250.00 - 1,300.00 = -50.00.
pub(crate) fn statement(kind: StatementKind) -> Statement {
    let balances = match kind {
        StatementKind::Notification => Vec::new(),
        StatementKind::Report => vec![
            balance(BalanceType::OpeningBooked, 100_000, day()),
            balance(BalanceType::InterimBooked, -5_000, day()),
        ],
        StatementKind::Statement => vec![
            balance(BalanceType::OpeningBooked, 100_000, day()),
            balance(BalanceType::ClosingBooked, -5_000, day()),
            balance(BalanceType::ClosingAvailable, 20_000, day()),
        ],
    };
    Statement {
        kind,
        id: text("INDUS-PKR-2026-11-23"),
        page: Page::ONLY,
        period: Some(Period {
            from: Timestamp::parse("2026-11-22T19:00:00Z").unwrap(),
            to: Timestamp::parse("2026-11-23T19:00:00Z").unwrap(),
        }),
        account: CashAccount {
            number: AccountNumber::parse("INDUS-PKR").unwrap(),
            currency: CurrencyCode::parse("PKR").unwrap(),
            owner: AccountOwner {
                name: Some("Indus Demo Bank".to_owned()),
                bic: Some("KRVNPKKA".parse().unwrap()),
                lei: Some("DEMO00INDUS00000PK44".parse().unwrap()),
            },
        },
        balances,
        entries: vec![full_entry(1, 25_000), full_entry(2, -130_000)],
        note: Some("Sealed by the ledger at height 57.".to_owned()),
    }
}

pub(crate) fn message(statement: Statement, header: bool) -> StatementMessage {
    StatementMessage {
        message_id: text("STMT-1"),
        created: Timestamp::parse("2026-11-23T19:00:01Z").unwrap(),
        header: header.then(|| ReportHeader {
            from: "SBPPPKKA".parse().unwrap(),
            to: "KRVNPKKA".parse().unwrap(),
            business_service: Some("karwan.01".to_owned()),
        }),
        statement,
    }
}

pub(crate) fn written(statement: &Statement) -> String {
    write_statement(&message(statement.clone(), false)).unwrap()
}

#[test]
fn statements_are_written_as_in_the_golden_files() {
    for (kind, file) in [
        (StatementKind::Report, "account_report.xml"),
        (StatementKind::Statement, "account_statement.xml"),
        (StatementKind::Notification, "account_notification.xml"),
    ] {
        golden(file, &written(&statement(kind)));
    }
}

#[test]
fn any_xml_reader_finds_the_account_the_balances_and_the_references() {
    let text = write_statement(&message(statement(StatementKind::Statement), true)).unwrap();
    let envelope = Node::parse(&text);
    assert_eq!(envelope.texts("AppHdr/MsgDefIdr"), ["camt.053.001.08"]);
    let found = |path: &str| envelope.texts(&format!("Document/BkToCstmrStmt/Stmt/{path}"));
    assert_eq!(found("Acct/Id/Othr/Id"), ["INDUS-PKR"]);
    assert_eq!(found("Acct/Ownr/Id/OrgId/LEI"), ["DEMO00INDUS00000PK44"]);
    assert_eq!(found("Bal/Tp/CdOrPrtry/Cd"), ["OPBD", "CLBD", "CLAV"]);
    assert_eq!(found("Bal/Amt"), ["1000.00", "50.00", "200.00"]);
    assert_eq!(found("Bal/CdtDbtInd"), ["CRDT", "DBIT", "CRDT"]);
    assert_eq!(found("TxsSummry/TtlNtries/TtlNetNtry/Amt"), ["1050.00"]);
    assert_eq!(found("TxsSummry/TtlDbtNtries/Sum"), ["1300.00"]);
    assert_eq!(found("Ntry/Sts/Cd"), ["BOOK", "BOOK"]);
    assert_eq!(found("Ntry/NtryDtls/TxDtls/Refs/Prtry/Ref"), ["42", "42"]);
}

#[test]
fn an_unbalanced_statement_is_not_written() {
    let balanced = statement(StatementKind::Statement);
    let refused = |change: &dyn Fn(&mut Statement)| {
        let mut changed = balanced.clone();
        change(&mut changed);
        write_statement(&message(changed, false)).unwrap_err()
    };
    let error = refused(&|statement| statement.entries[0].minor += 1);
    assert_eq!(
        error.to_string(),
        "The opening booked balance 1000.00 PKR and the booked entries -1049.99 PKR add up to -49.99 PKR, but the closing \
         booked balance is -50.00 PKR. Entries are missing or a balance is wrong."
    );
    let error = refused(&|statement| statement.entries[0].status = EntryStatus::Pending);
    assert!(matches!(error, StatementError::NotBalanced { .. }));
    let error = refused(&|statement| statement.balances.truncate(0));
    assert!(matches!(error, StatementError::BalanceMissing { .. }));
    let error = refused(&|statement| statement.balances.truncate(1));
    assert!(matches!(error, StatementError::BalanceMissing { .. }));
    let error = refused(&|statement| statement.balances.push(statement.balances[0]));
    assert_eq!(error, StatementError::BalanceRepeated { code: "OPBD" });
    let previous = balance(BalanceType::PreviouslyClosedBooked, 99_999, day());
    let error = refused(&|statement| statement.balances.push(previous));
    assert_eq!(error, StatementError::OpeningsDiffer);
    let error = refused(&|statement| statement.note = Some("x".repeat(NOTE_CHARS_MAX + 1)));
    assert_eq!(error, StatementError::NoteTooLong);
    let error = refused(&|statement| statement.entries[0].minor = i128::MAX);
    assert_eq!(error, StatementError::TooLarge);
    let error = refused(&|statement| statement.kind = StatementKind::Notification);
    assert_eq!(error, StatementError::BalancesNotAdmitted);
}

/// A random statement whose figures agree.
fn random_statement(random: &mut fastrand::Rng) -> Statement {
    let kind = [
        StatementKind::Report,
        StatementKind::Statement,
        StatementKind::Notification,
    ][random.usize(..3)];
    let mut made = statement(kind);
    let currency = ["PKR", "KGS", "JPY", "KWD"][random.usize(..4)];
    made.account.currency = CurrencyCode::parse(currency).unwrap();
    let sign = |random: &mut fastrand::Rng| if random.bool() { 1 } else { -1 };
    made.entries = (0..random.u32(..25))
        .map(|number| {
            let minor = i128::from(random.u64(..1_000_000_000)) * sign(random);
            let mut entry = full_entry(number, minor);
            let own = &mut entry.transactions[0];
            if random.bool() {
                own.uetr = None;
                own.debtor_agent = None;
                own.proprietary.clear();
            }
            if random.bool() {
                own.amount = None;
                own.debtor_account = None;
                own.creditor_account = None;
                entry.booked = Some(day());
                entry.note = None;
            }
            match random.u8(..10) {
                0 => entry.transactions.clear(),
                1 => entry.status = EntryStatus::Pending,
                2 => entry.code = BankTransactionCode::not_available(),
                3 => entry.transactions.push(EntryTransaction::default()),
                _ => {}
            }
            entry
        })
        .collect();
    if random.bool() {
        made.account.owner = AccountOwner::default();
        made.period = None;
        made.note = None;
    }
    let opening = i128::from(random.u64(..1_000_000_000_000)) * sign(random);
    let closing = opening + made.booked().unwrap();
    for balance in &mut made.balances {
        match balance.kind {
            BalanceType::OpeningBooked => balance.minor = opening,
            BalanceType::ClosingBooked | BalanceType::InterimBooked => balance.minor = closing,
            BalanceType::PreviouslyClosedBooked
            | BalanceType::OpeningAvailable
            | BalanceType::InterimAvailable
            | BalanceType::ClosingAvailable
            | BalanceType::ForwardAvailable
            | BalanceType::Expected
            | BalanceType::Information => {}
        }
    }
    made
}

#[test]
fn what_is_written_is_read_back_in_pages_or_whole_whatever_its_form() {
    let seed = fastrand::u64(..);
    eprintln!("seed {seed}");
    for round in 0..ROUNDS {
        let mut random = fastrand::Rng::with_seed(seed.wrapping_add(round));
        let made = random_statement(&mut random);
        let header = random.bool();
        let whole = write_statement(&message(made.clone(), header)).unwrap();
        // An envelope of no namespace cannot be written with prefixes.
        let bare = written(&made);
        let anew = Node::parse(&bare).write_anew(&mut random);
        for form in [&whole, &bare, &anew] {
            let file = read_statements(form.as_bytes());
            let file = file.unwrap_or_else(|refusal| {
                panic!("seed {seed} round {round}: {refusal}\n{form}");
            });
            assert_eq!(file.header.is_some(), header && *form == whole);
            assert_eq!(
                file.statements,
                std::slice::from_ref(&made),
                "seed {seed} round {round}"
            );
        }
        let pages = made.pages(random.usize(1..30)).unwrap();
        let mut read: Vec<Statement> = pages
            .iter()
            .flat_map(|page| {
                read_statements(written(page).as_bytes())
                    .unwrap()
                    .statements
            })
            .collect();
        random.shuffle(&mut read);
        let joined = Statement::joined(read).unwrap();
        assert_eq!(joined, made, "seed {seed} round {round}");
    }
}

#[test]
fn one_page_less_one_twice_or_one_changed_makes_no_statement() {
    let mut long = statement(StatementKind::Statement);
    long.entries = (0..30).map(|number| full_entry(number, 7)).collect();
    long.balances[1].minor = 100_000 + 210;
    let pages = long.pages(10).unwrap();
    assert_eq!(pages.len(), 3);
    assert_eq!(Statement::joined(pages.clone()).unwrap(), long);
    for missing in 0..3 {
        let mut rest = pages.clone();
        rest.remove(missing);
        assert!(Statement::joined(rest).is_err(), "without page {missing}");
        let mut twice = pages.clone();
        twice.push(pages[missing].clone());
        assert!(Statement::joined(twice).is_err(), "page {missing} twice");
        let mut changed = pages.clone();
        changed[missing].entries[3].minor += 1;
        assert!(
            Statement::joined(changed).is_err(),
            "page {missing} changed"
        );
        let mut other = pages.clone();
        other[missing].account.number = AccountNumber::parse("RAVI-PKR").unwrap();
        assert!(
            Statement::joined(other).is_err(),
            "page {missing} of another"
        );
    }
}

#[test]
fn a_page_with_every_field_filled_in_fits_in_a_file_that_is_read() {
    let mut long = statement(StatementKind::Statement);
    let count = u32::try_from(ENTRIES_PER_PAGE).unwrap();
    let minor = -999_999_999_999_999_999;
    long.entries = (0..count).map(|number| full_entry(number, minor)).collect();
    for entry in &mut long.entries {
        entry.note = None;
    }
    long.balances.truncate(1);
    let page = Page {
        number: 1,
        last: false,
    };
    let first = Statement { page, ..long };
    let text = write_statement(&message(first, true)).unwrap();
    assert!(text.len() <= FILE_BYTES_MAX, "{} bytes", text.len());
    read_statements(text.as_bytes()).unwrap();
}
