//! The demonstration files read as their names say, once their placeholders are filled in.

use crate::support::{read_default, repository};
use karwan_iso20022::{TransferKind, fill_template};
use karwan_types::{Date, HashDomain, Uetr, hash_of};
use std::fs;

/// What a file gives: the payments as `amount currency debtor>creditor`, or the code of the refusal.
const FILES: &[(&str, &str)] = &[
    (
        "01-accepted-customer-pkr.xml",
        "pacs.008.001.08 header: 185000.00 PKR KRVNPKKA>ALATKG22",
    ),
    (
        "02-accepted-customer-kgs.xml",
        "pacs.008.001.08 bare: 64250.50 KGS KGBIK:109001>RAVIPKKA",
    ),
    (
        "03-accepted-institution-kzt.xml",
        "pacs.009.001.08 header: 900000.00 KZT STEPKZKA>KRVNPKKA",
    ),
    (
        "04-accepted-institution-uzs.xml",
        "pacs.009.001.08 bare: 985000.00 UZS SAMRUZ22>STEPKZKA",
    ),
    (
        "05-accepted-inside-cdata-kgs.xml",
        "pacs.009.001.08 header: 120000.75 KGS DEMO00NARYN00000KG39>KRVNPKKA",
    ),
    (
        "06-bulk-customers-pkr.xml",
        "pacs.008.001.08 bare: 15000.00 PKR RAVIPKKA>ALATKG22, 27350.50 PKR RAVIPKKA>NARYKG22, 99999.99 PKR \
         RAVIPKKA>STEPKZKA, 4000.00 PKR RAVIPKKA>SAMRUZ22",
    ),
    (
        "07-waiting-for-checker-pkr.xml",
        "pacs.009.001.08 bare: 75000000.00 PKR KRVNPKKA>NARYKG22",
    ),
    (
        "08-queued-for-funds-kgs.xml",
        "pacs.009.001.08 bare: 480000.00 KGS RAVIPKKA>ALATKG22",
    ),
    (
        "09-refused-unknown-agent-pkr.xml",
        "pacs.008.001.08 bare: 52000.00 PKR KRVNPKKA>OZGNKG22",
    ),
    (
        "10-duplicate-first-pkr.xml",
        "pacs.008.001.08 bare: 31000.00 PKR KRVNPKKA>NARYKG22",
    ),
    (
        "11-duplicate-again-pkr.xml",
        "pacs.008.001.08 bare: 31000.00 PKR KRVNPKKA>NARYKG22",
    ),
    (
        "12-conflicting-duplicate-pkr.xml",
        "pacs.008.001.08 bare: 13000.00 PKR KRVNPKKA>NARYKG22",
    ),
    (
        "13-expired-settlement-date-kzt.xml",
        "pacs.009.001.08 bare: 10000.00 KZT STEPKZKA>SAMRUZ22",
    ),
    (
        "14-expired-reject-time-uzs.xml",
        "pacs.009.001.08 bare: 20000.00 UZS SAMRUZ22>STEPKZKA",
    ),
    ("15-malformed-cut-off.xml", "FF01"),
    ("16-malformed-amount-pkr.xml", "AM12"),
    ("17-malformed-without-uetr.xml", "CH21"),
    ("18-malformed-iban-pkr.xml", "AC02"),
    ("19-other-message-statement.xml", "FF01"),
];

fn uetr_of(name: &str) -> Uetr {
    let hash = hash_of(HashDomain::Payload, &[name.as_bytes()]);
    Uetr::from_random_bytes(hash.as_bytes()[..16].try_into().unwrap())
}

fn filled(file: &str) -> String {
    let template = fs::read_to_string(repository().join("node-config/demo").join(file)).unwrap();
    fill_template(&template, Date::parse("2026-11-23").unwrap(), &mut uetr_of).unwrap()
}

fn outcome(text: &str) -> String {
    let document = match read_default(text) {
        Ok(document) => document,
        Err(refusal) => return refusal.reason.code().to_owned(),
    };
    let form = if document.header.is_some() {
        "header"
    } else {
        "bare"
    };
    let payments: Vec<String> = document
        .transfers
        .iter()
        .map(|transfer| {
            let ledger = &transfer.ledger;
            let amount = ledger.amount.to_decimal(ledger.currency);
            format!(
                "{amount} {} {}>{}",
                ledger.currency, ledger.debtor_agent, ledger.creditor_agent
            )
        })
        .collect();
    format!("{} {form}: {}", document.kind, payments.join(", "))
}

#[test]
fn every_demonstration_file_reads_as_its_name_says() {
    let mut present: Vec<String> = fs::read_dir(repository().join("node-config/demo"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".xml"))
        .collect();
    present.sort();
    let listed: Vec<&str> = FILES.iter().map(|(file, _)| *file).collect();
    assert_eq!(present, listed);
    for (file, expected) in FILES {
        assert_eq!(outcome(&filled(file)), *expected, "{file}");
    }
}

#[test]
fn the_duplicate_is_the_same_message_and_the_conflict_is_not() {
    let transfer = |file: &str| read_default(&filled(file)).unwrap().transfers.remove(0);
    let (first, again) = (
        transfer("10-duplicate-first-pkr.xml"),
        transfer("11-duplicate-again-pkr.xml"),
    );
    let conflict = transfer("12-conflicting-duplicate-pkr.xml");
    assert_eq!(first, again);
    assert_eq!(first.ledger.uetr, conflict.ledger.uetr);
    assert_ne!(first.message_hash, conflict.message_hash);
}

#[test]
fn names_in_urdu_and_cyrillic_and_codes_of_both_countries_are_read() {
    let document = read_default(&filled("01-accepted-customer-pkr.xml")).unwrap();
    assert_eq!(document.kind, TransferKind::Customer);
    let transfer = &document.transfers[0];
    assert_eq!(
        transfer.private.debtor.name.as_deref(),
        Some("محمد احمد خان")
    );
    assert_eq!(
        transfer.private.creditor.name.as_deref(),
        Some("Эсенова Айгүл Токтосуновна")
    );
    assert_eq!(transfer.regulatory_codes.len(), 2);
}

#[test]
fn uetrs_differ_unless_the_file_means_the_same_payment() {
    let mut uetrs = Vec::new();
    for (file, _) in FILES {
        if let Ok(document) = read_default(&filled(file)) {
            uetrs.extend(
                document
                    .transfers
                    .iter()
                    .map(|transfer| transfer.ledger.uetr),
            );
        }
    }
    let all = uetrs.len();
    uetrs.sort_unstable();
    uetrs.dedup();
    assert_eq!(uetrs.len(), all - 2, "files 10, 11 and 12 share one");
}
