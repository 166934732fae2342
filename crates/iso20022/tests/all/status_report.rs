//! pacs.002: the bytes that are written, and what any XML reader finds in them.

use crate::support::{CUSTOMER, Node, golden, read_default};
use karwan_iso20022::{
    IsoReason, PartialApproval, PaymentStatus, Profile, Refusal, ReportHeader, StatusReason,
    StatusReport, TransactionReport, write_status_report,
};
use karwan_types::{
    ExternalCode, Hash, InstructionHash, Max35Text, Outcome, Sentence, StableName, Timestamp,
    TransactionStatus,
};

fn time(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn reason() -> StatusReason {
    StatusReason {
        code: ExternalCode::parse("AM04").unwrap(),
        name: Some("INSUFFICIENT_FUNDS".to_owned()),
        sentence: "the account of \"Indus <Demo> & Co\" has less available than the payment moves in this block; fund \
                   it and send the payment again under a new UETR"
            .to_owned(),
    }
}

fn report(header: bool) -> StatusReport {
    let transfer = read_default(CUSTOMER).unwrap().transfers.remove(0);
    let settled_at = time("2026-11-23T04:00:03.250Z");
    let statuses = [
        PaymentStatus::Settled { at: settled_at },
        PaymentStatus::Rejected(reason()),
        PaymentStatus::PartlyApproved,
        PaymentStatus::Pending(None),
        PaymentStatus::Credited {
            at: Some(settled_at),
        },
        PaymentStatus::TechnicallyAccepted,
    ];
    let transactions = statuses.map(|status| TransactionReport {
        accepted: Some(time("2026-11-23T04:00:02Z")),
        ..TransactionReport::of_transfer(&transfer, status)
    });
    StatusReport {
        message_id: Max35Text::parse("KARWAN-42-7").unwrap(),
        created: settled_at,
        header: header.then(|| ReportHeader {
            from: "KARWPKKA".parse().unwrap(),
            to: "KGBIK:109001".parse().unwrap(),
            business_service: Some("karwan.01".to_owned()),
        }),
        transactions: transactions.into(),
    }
}

#[test]
fn status_reports_are_written_as_in_the_golden_files() {
    golden(
        "status_report.xml",
        &write_status_report(&report(false), &Profile::default()),
    );
    golden(
        "status_report_with_header.xml",
        &write_status_report(&report(true), &Profile::default()),
    );
}

#[test]
fn any_xml_reader_finds_the_original_the_status_and_the_reason() {
    let text = write_status_report(&report(true), &Profile::default());
    let envelope = Node::parse(&text);
    assert_eq!(envelope.texts("AppHdr/MsgDefIdr"), ["pacs.002.001.10"]);
    assert_eq!(
        envelope.texts("AppHdr/To/FIId/FinInstnId/ClrSysMmbId/MmbId"),
        ["109001"]
    );
    let document = envelope
        .children
        .iter()
        .find(|child| child.name == "Document")
        .unwrap();
    assert_eq!(
        document.namespace,
        "urn:iso:std:iso:20022:tech:xsd:pacs.002.001.10"
    );
    let found = |path: &str| document.texts(&format!("FIToFIPmtStsRpt/TxInfAndSts/{path}"));
    assert_eq!(found("OrgnlGrpInf/OrgnlMsgNmId"), ["pacs.008.001.08"; 6]);
    assert_eq!(
        found("OrgnlUETR"),
        ["174c245f-2682-4291-ad67-2a41e530cd27"; 6]
    );
    assert_eq!(
        found("TxSts"),
        ["ACSC", "RJCT", "PATC", "PDNG", "ACCC", "ACTC"]
    );
    assert_eq!(found("StsRsnInf/Rsn/Cd"), ["AM04"]);
    let additional = found("StsRsnInf/AddtlInf");
    assert_eq!(additional[0], "INSUFFICIENT_FUNDS");
    assert!(additional.iter().all(|line| line.chars().count() <= 105));
    assert_eq!(additional[1..].join(" "), reason().sentence);
    assert_eq!(
        found("FctvIntrBkSttlmDt/DtTm"),
        ["2026-11-23T04:00:03.250Z"; 2]
    );
}

#[test]
fn a_profile_may_forbid_patc() {
    let profile = Profile {
        partial_approval: PartialApproval::AsPending,
        ..Profile::default()
    };
    let text = write_status_report(&report(false), &profile);
    assert!(!text.contains("PATC"));
    assert_eq!(text.matches("<TxSts>PDNG</TxSts>").count(), 2);
}

#[test]
fn a_file_that_was_refused_gives_its_reason() {
    let refusal = Refusal {
        reason: IsoReason::InvalidAmount,
        sentence: "The amount is wrong.".to_owned(),
        path: "Document".to_owned(),
    };
    let reason = StatusReason::from(&refusal);
    assert_eq!(
        (reason.code.as_str(), reason.sentence.as_str()),
        ("AM12", "The amount is wrong.")
    );
    for reason in IsoReason::ALL {
        ExternalCode::parse(reason.code()).unwrap();
    }
}

#[test]
fn an_outcome_of_the_ledger_becomes_a_status_and_a_cancellation_does_not() {
    let at = time("2026-11-23T04:00:03Z");
    let outcome = |status, refused: bool| Outcome {
        transaction: None,
        instruction: InstructionHash(Hash::ZERO),
        operation: Max35Text::parse("Pay").unwrap(),
        status,
        refusal: refused.then(|| karwan_types::Refusal {
            reason: ExternalCode::parse("AM04").unwrap(),
            code: 1301,
            name: StableName::parse("INSUFFICIENT_FUNDS").unwrap(),
            detail: Sentence::parse("no funds").unwrap(),
        }),
        clause: Max35Text::parse("4.13").unwrap(),
        rulebook: 1,
        emergency: None,
        withheld: None,
        movement: None,
        booked: false,
    };
    let status = |status, refused| PaymentStatus::of_outcome(&outcome(status, refused), at);
    assert_eq!(
        status(TransactionStatus::Acsc, false),
        Some(PaymentStatus::Settled { at })
    );
    assert_eq!(
        status(TransactionStatus::Patc, false),
        Some(PaymentStatus::PartlyApproved)
    );
    assert!(
        matches!(status(TransactionStatus::Rjct, true), Some(PaymentStatus::Rejected(reason)) if reason.code.as_str() == "AM04")
    );
    assert_eq!(status(TransactionStatus::Rjct, false), None);
    assert_eq!(status(TransactionStatus::Canc, false), None);
}
