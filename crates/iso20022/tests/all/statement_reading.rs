//! Statements of others: which are read, which are refused, and in which words.

use crate::statements::{message, statement, written};
use crate::support::{samples, with};
use karwan_iso20022::{
    BalanceType, DateOrTime, IsoReason, Statement, StatementKind, read_statements, write_statement,
};
use karwan_types::Max35Text;
use std::fs;

fn text() -> String {
    written(&statement(StatementKind::Statement))
}

/// Reads the statement with a part replaced and compares the refusal.
fn refused(from: &str, to: &str, reason: IsoReason, sentence: &str) {
    refused_text(&with(&text(), from, to), reason, sentence);
}

fn refused_text(text: &str, reason: IsoReason, sentence: &str) {
    let refusal = read_statements(text.as_bytes()).unwrap_err();
    assert_eq!(refusal.reason, reason, "{refusal}");
    assert!(refusal.sentence.contains(sentence), "{refusal}");
}

#[test]
fn a_statement_that_does_not_add_up_is_refused_with_the_figures() {
    let sentence = "The opening booked balance 1000.01 PKR and the booked entries -1050.00 PKR add up to -49.99 PKR, but the \
                    closing booked balance is -50.00 PKR.";
    refused(
        ">1000.00<",
        ">1000.01<",
        IsoReason::InvalidControlSum,
        sentence,
    );
    let refusal = read_statements(with(&text(), ">1000.00<", ">1000.01<").as_bytes()).unwrap_err();
    assert_eq!(refusal.path, "Document/BkToCstmrStmt/Stmt");
    let wrong_sign = with(&text(), "<CdtDbtInd>DBIT", "<CdtDbtInd>CRDT");
    refused_text(&wrong_sign, IsoReason::InvalidControlSum, "add up to");
    refused(
        "<Cd>OPBD",
        "<Cd>OPAV",
        IsoReason::InvalidControlSum,
        "no opening booked balance (OPBD)",
    );
    refused(
        "<Cd>CLBD",
        "<Cd>ITBD",
        IsoReason::InvalidControlSum,
        "no closing booked balance (CLBD)",
    );
    refused(
        "<Cd>CLBD",
        "<Cd>OPBD",
        IsoReason::InvalidControlSum,
        "OPBD stands more than once",
    );
}

#[test]
fn what_the_file_promises_about_its_entries_must_be_so() {
    refused(
        "<NbOfNtries>2<",
        "<NbOfNtries>3<",
        IsoReason::InvalidNumberOfTransactions,
        "TtlNtries promises \"3\" entries, but the statement holds 2.",
    );
    refused(
        "<Sum>250.00<",
        "<Sum>250.01<",
        IsoReason::InvalidControlSum,
        "The Sum of TtlCdtNtries is \"250.01\"",
    );
}

#[test]
fn amounts_are_exact_and_in_the_currency_of_the_account() {
    let amount = "<Amt Ccy=\"PKR\">1000.00<";
    for (to, reason) in [
        ("<Amt Ccy=\"KGS\">1000.00<", "AM11"),
        ("<Amt Ccy=\"PKR\">1000.001<", "AM12"),
        ("<Amt Ccy=\"PKR\">1e3<", "AM12"),
        ("<Amt Ccy=\"PKR\">-1000.00<", "AM12"),
        ("<Amt>1000.00<", "AM11"),
        ("<Amt Ccy=\"PKR\">9999999999999999999<", "AM12"),
    ] {
        let changed = with(&text(), amount, to);
        let refusal = read_statements(changed.as_bytes()).unwrap_err();
        assert_eq!(refusal.reason.code(), reason, "{to}: {refusal}");
    }
    refused(
        "<CdtDbtInd>CRDT",
        "<CdtDbtInd>PLUS",
        IsoReason::ElementIncorrect,
        "it is CRDT or DBIT",
    );
}

#[test]
fn statuses_balances_and_pages_that_are_not_of_iso_20022_are_refused() {
    refused(
        "<Cd>BOOK</Cd>",
        "<Cd>DONE</Cd>",
        IsoReason::ElementIncorrect,
        "BOOK, PDNG, INFO or FUTR",
    );
    refused(
        "<Cd>BOOK</Cd>",
        "<Prtry>BOOK</Prtry>",
        IsoReason::ElementNotAdmitted,
        "proprietary",
    );
    refused(
        "<Cd>CLAV</Cd>",
        "<Cd>ABCD</Cd>",
        IsoReason::ElementIncorrect,
        "which ISO 20022 does not list",
    );
    refused(
        "<PgNb>1<",
        "<PgNb>0<",
        IsoReason::ElementIncorrect,
        "counted from 1",
    );
    refused(
        "<LastPgInd>true<",
        "<LastPgInd>no<",
        IsoReason::ElementIncorrect,
        "true or false",
    );
}

#[test]
fn a_proprietary_balance_says_nothing_and_is_left_out() {
    let changed = with(&text(), "<Cd>CLAV</Cd>", "<Prtry>RESERVED</Prtry>");
    let read = read_statements(changed.as_bytes()).unwrap().statements;
    assert_eq!(read[0].balances.len(), 2);
    assert_eq!(read[0].balance(BalanceType::ClosingAvailable), None);
}

#[test]
fn every_version_with_the_same_structure_is_read_and_others_are_named() {
    let expected = statement(StatementKind::Statement);
    for version in 2..=13 {
        let mut old = text().replace("camt.053.001.08", &format!("camt.053.001.{version:02}"));
        if version < 8 {
            old = old.replace(
                "<Sts>\n          <Cd>BOOK</Cd>\n        </Sts>",
                "<Sts>BOOK</Sts>",
            );
            assert!(old.contains("<Sts>BOOK</Sts>"));
        }
        if version < 4 {
            old = old.replace("AnyBIC", "BICOrBEI").replace("BICFI", "BIC");
        }
        let read = read_statements(old.as_bytes()).unwrap();
        assert_eq!(
            read.statements,
            std::slice::from_ref(&expected),
            "version {version}"
        );
    }
    for other in [
        "camt.053.001.01",
        "camt.053.001.14",
        "camt.053.002.08",
        "pacs.008.001.08",
    ] {
        let changed = text().replace("camt.053.001.08", other);
        refused_text(
            &changed,
            IsoReason::InvalidFileFormat,
            &format!("This file is a {other}. A statement of an account is a camt.053"),
        );
    }
}

#[test]
fn a_time_without_offset_is_read_as_its_date() {
    let local = text()
        .replace("2026-11-23T04:00:03.250Z", "2026-11-23T09:00:03")
        .replace("2026-11-22T19:00:00.000Z", "2026-11-23T00:00:00");
    let read = read_statements(local.as_bytes())
        .unwrap()
        .statements
        .remove(0);
    assert_eq!(read.period, None);
    let booked = read.entries[0].booked.unwrap();
    assert_eq!(booked, DateOrTime::Date(booked.date()));
    assert_eq!(booked.date().to_string(), "2026-11-23");
}

#[test]
fn the_references_of_an_entry_are_all_those_by_which_it_may_be_known() {
    let read = read_statements(text().as_bytes())
        .unwrap()
        .statements
        .remove(0);
    let found: Vec<_> = read.entries[0]
        .references()
        .map(Max35Text::as_str)
        .collect();
    assert_eq!(
        found,
        [
            "42/1",
            "SERVICER-REFERENCE-0123456789-01234",
            "SERVICER-REFERENCE-0123456789-01234",
            "INSTRUCTION-REFERENCE-0123456789-01",
            "END-TO-END-REFERENCE-0123456789-012",
            "TRANSACTION-REFERENCE-0123456789-01",
            "CLEARING-REFERENCE-0123456789-01234",
        ]
    );
}

#[test]
fn the_header_must_name_the_same_message() {
    let text = write_statement(&message(statement(StatementKind::Statement), true)).unwrap();
    let changed = with(
        &text,
        "<MsgDefIdr>camt.053.001.08",
        "<MsgDefIdr>camt.052.001.08",
    );
    refused_text(
        &changed,
        IsoReason::InvalidFileFormat,
        "The header says that the message is",
    );
    let foreign = with(&text, "<PgNb>1</PgNb>", "<PgNb xmlns=\"urn:x\">1</PgNb>");
    refused_text(&foreign, IsoReason::InvalidFileFormat, "another namespace");
}

#[test]
fn real_statements_are_read_or_refused_in_the_words_of_the_table() {
    let Some(folder) = samples() else { return };
    let read = |file: &str| read_statements(&fs::read(folder.join(file)).unwrap());
    let refusal = read("prowide-camt.053.001.07.xml").unwrap_err();
    assert!(
        refusal
            .sentence
            .contains("The camt.053 has no opening booked balance (OPBD)"),
        "{refusal}"
    );
    let whole = |statement: &Statement| statement.closing().map(|closing| closing.minor);
    let report = read("cbpr_ur-2025-camt052-usecase-pn1.2.1.a-AtoI.xml").unwrap();
    assert_eq!(report.definition.as_str(), "camt.052.001.08");
    assert_eq!(whole(&report.statements[0]), Some(987_173_400));
    let notice = read("cbpr_ur-2025-camt054-usecase-p9.1.2.a-DtoE.xml").unwrap();
    let entry = &notice.statements[0].entries[0];
    assert_eq!(entry.minor, 256_597_200);
    assert_eq!(
        entry.transactions[0].uetr.unwrap().to_string(),
        "8a562c67-ca16-48ba-b074-65581be6f001"
    );
    assert_eq!(entry.code.family.as_str(), "RCDT");
    // The real camt.053 with the two balances that it lacks is read too.
    let real = fs::read_to_string(folder.join("prowide-camt.053.001.07.xml")).unwrap();
    let completed = with(
        &with(&real, "<Cd>OPAV</Cd>", "<Cd>OPBD</Cd>"),
        "<Cd>ITBD</Cd>",
        "<Cd>CLBD</Cd>",
    );
    let completed = with(&completed, ">234299<", ">234234.00<");
    let file = read_statements(completed.as_bytes()).unwrap();
    assert_eq!(whole(&file.statements[0]), Some(23_423_400));
    assert!(file.header.is_some());
}

#[test]
fn random_damage_never_panics_and_never_gives_a_statement_that_does_not_add_up() {
    let seed = fastrand::u64(..);
    eprintln!("seed {seed}");
    let whole = text();
    for round in 0..20_000_u64 {
        let mut random = fastrand::Rng::with_seed(seed.wrapping_add(round));
        let mut bytes = whole.clone().into_bytes();
        for _ in 0..random.usize(1..4) {
            let at = random.usize(..bytes.len());
            match random.u8(..3) {
                0 => bytes[at] = random.u8(..),
                1 => drop(bytes.drain(at..(at + random.usize(..40)).min(bytes.len()))),
                _ => {
                    let until = (at + random.usize(..60)).min(bytes.len());
                    let piece = bytes[at..until].to_vec();
                    bytes.splice(at..at, piece);
                }
            }
            if bytes.is_empty() {
                break;
            }
        }
        let Ok(file) = read_statements(&bytes) else {
            continue;
        };
        for statement in file.statements {
            let (Some(opening), Some(closing)) = (statement.opening(), statement.closing()) else {
                continue;
            };
            assert_eq!(
                opening.minor + statement.booked().unwrap(),
                closing.minor,
                "seed {seed} round {round}"
            );
        }
    }
}
