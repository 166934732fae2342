//! Every real message of the samples folder: what comes of it under Karwan's profile, and under one that takes INDA and
//! INGA. The files stay where they are; without the folder the tests say that they skip.

use crate::support::{any_method, samples};
use karwan_iso20022::{Message, Profile, TransferKind, read, read_any};
use std::collections::BTreeSet;
use std::fs;

/// What comes of a file: a sentence or code that the refusal must hold, or a summary of what was read.
struct Outcome {
    file: &'static str,
    /// Under the default profile.
    clearing_only: &'static str,
    /// Under a profile that takes INDA and INGA; none means the same.
    any_method: Option<&'static str>,
}

const fn same(file: &'static str, outcome: &'static str) -> Outcome {
    Outcome {
        file,
        clearing_only: outcome,
        any_method: None,
    }
}
const fn differs(
    file: &'static str,
    clearing_only: &'static str,
    any_method: &'static str,
) -> Outcome {
    Outcome {
        file,
        clearing_only,
        any_method: Some(any_method),
    }
}

const OUTCOMES: &[Outcome] = &[
    same(
        "cbpr_ur-2025-camt052-usecase-pn1.2.1.a-AtoI.xml",
        "FF01 This file is a camt.052 (bank to customer account report), version 08. Karwan reads pacs.008.001.08",
    ),
    same(
        "cbpr_ur-2025-camt054-usecase-p9.1.2.a-DtoE.xml",
        "FF01 This file is a camt.054 (bank to customer debit and credit notification), version 08.",
    ),
    same(
        "cbpr_ur-2025-pacs002-INVALID-R5.xml",
        "FF01 The header says that the message is \"WRONG.000.00\", but the Document is a pacs.002.001.10",
    ),
    same(
        "cbpr_ur-2025-pacs002.xml",
        "FF01 This file is a pacs.002 (payment status report between institutions), version 10.",
    ),
    differs(
        "cbpr_ur-2025-pacs004.xml",
        "CH17 The settlement method is INDA: the payment settles on the books of the instructed agent. This network settles by CLRG",
        "pacs.004.001.09 c3d4e5f6-a7b8-4012-9def-123456789012 125000.00 GBP AC04 RVNTGB2L to HDQCFR2X on 2026-04-13",
    ),
    differs(
        "cbpr_ur-2025-pacs008-usecase-p8.1.1.a-AtoB.xml",
        "CH17 The settlement method is INDA: the payment settles on the books of the instructed agent. This network settles by CLRG",
        "pacs.008.001.08 174c245f-2682-4291-ad67-2a41e530cd27 12000000.00 RON BRDEROBU to BTRLRO22 on 2022-10-20",
    ),
    differs(
        "cbpr_ur-2025-pacs008-usecase-p8.1.1.a-CtoD.xml",
        "CH17 The settlement method is INGA: the payment settles on the books of the instructing agent.",
        "pacs.008.001.08 8f4f8b1d-2f56-46fd-816c-d41552bc93f7 10000000.00 RON MINDROBU to WBANRO22 on 2022-10-20",
    ),
    differs(
        "cbpr_ur-2025-pacs008.xml",
        "CH17 The settlement method is INDA",
        "pacs.008.001.08 174c245f-2682-4291-ad67-2a41e530cd27 12000000.00 RON BRDEROBU to BTRLRO22 on 2022-10-20",
    ),
    differs(
        "cbpr_ur-2025-pacs009.xml",
        "CH17 The settlement method is INDA",
        "pacs.009.001.08 b2c3d4e5-f6a7-4901-bcde-f12345678901 45000000 JPY KRMTJP2X to PLNFSGSX on 2026-04-13",
    ),
    same(
        "cbpr_ur-2025-pain001.xml",
        "FF01 This file is a pain.001 (customer credit transfer initiation), version 09.",
    ),
    same(
        "fednow-pacs002.xml",
        "FF01 This file is a pacs.002 (payment status report between institutions), version 10.",
    ),
    same(
        "fineract-camt056.xml",
        "FF01 This file is a camt.056 (payment cancellation request between institutions) in version 11 of its definition (camt.056.001.11). Karwan reads camt.056.001.08;",
    ),
    same(
        "fineract-pacs004.xml",
        "FF01 This file is a pacs.004 (payment return) in version 14 of its definition (pacs.004.001.14). Karwan reads pacs.004.001.09;",
    ),
    same(
        "fineract-pacs008.xml",
        "FF01 This file is a pacs.008 (customer credit transfer between institutions) in version 10 of its definition",
    ),
    same(
        "fineract-pacs009.xml",
        "FF01 This file is a pacs.009 (credit transfer of financial institutions) in version 12 of its definition",
    ),
    same(
        "pm4ml-pacs.002.outgoing.valid.accepted.xml",
        "FF01 This file is a pacs.002",
    ),
    same(
        "pm4ml-pacs.002.outgoing.valid.rejected.xml",
        "FF01 This file is a pacs.002",
    ),
    same(
        "pm4ml-pacs.008.001.08.request.xml",
        "CH16 MsgId is \"7e2599df-80a1-4f6e-b381-99536c4d2691\": it must have 1 to 35 characters.",
    ),
    same(
        "prowide-camt.053.001.07.xml",
        "FF01 This file is a camt.053 (bank to customer statement), version 07.",
    ),
    same(
        "prowide-pacs.008.001.07.xml",
        "FF01 This file is a pacs.008 (customer credit transfer between institutions) in version 07 of its definition",
    ),
    same(
        "prowide-pacs.009.001.07.xml",
        "FF01 This file is a pacs.009 (credit transfer of financial institutions) in version 07 of its definition",
    ),
    same(
        "prowide-pacs002-CDATA-with-header.xml",
        "FF01 This file is a pacs.002 (payment status report between institutions), version 03.",
    ),
];

fn outcome(bytes: &[u8], profile: &Profile) -> String {
    match read_any(bytes, profile) {
        Err(refusal) => format!("{} {}", refusal.reason, refusal.sentence),
        Ok(Message::Return(back)) => format!(
            "pacs.004.001.09 {} {} {} {} {} to {} on {}",
            back.original.uetr,
            back.amount.to_decimal(back.currency),
            back.currency,
            back.reason,
            back.from,
            back.to,
            back.settlement_date.unwrap()
        ),
        Ok(
            message @ (Message::Cancellation(_)
            | Message::Resolution(_)
            | Message::StatusRequest(_)),
        ) => format!("{message:?}"),
        Ok(Message::Transfers(document)) => {
            let ledger = &document.transfers.first().unwrap().ledger;
            format!(
                "{} {} {} {} {} to {} on {}",
                ledger.kind,
                ledger.uetr,
                ledger.amount.to_decimal(ledger.currency),
                ledger.currency,
                ledger.debtor_agent,
                ledger.creditor_agent,
                ledger.settlement_date
            )
        }
    }
}

#[test]
fn every_real_message_is_read_or_refused_in_the_words_of_the_table() {
    let Some(folder) = samples() else { return };
    let mut listed = BTreeSet::new();
    for row in OUTCOMES {
        listed.insert(row.file.to_owned());
        let bytes = fs::read(folder.join(row.file)).unwrap();
        let found = outcome(&bytes, &Profile::default());
        assert!(
            found.starts_with(row.clearing_only),
            "{}: {found}",
            row.file
        );
        let found = outcome(&bytes, &any_method());
        let expected = row.any_method.unwrap_or(row.clearing_only);
        assert!(found.starts_with(expected), "{}: {found}", row.file);
    }
    let present: BTreeSet<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".xml"))
        .collect();
    assert_eq!(listed, present, "every sample has a row");
}

#[test]
fn the_four_real_messages_with_a_uetr_carry_what_a_ledger_needs_to_settle_them() {
    let Some(folder) = samples() else { return };
    let readable = OUTCOMES.iter().filter(|row| {
        row.any_method.is_some_and(|outcome| {
            outcome.starts_with("pacs.008") || outcome.starts_with("pacs.009")
        })
    });
    let mut count = 0;
    for row in readable {
        count += 1;
        let bytes = fs::read(folder.join(row.file)).unwrap();
        let document = read(&bytes, &any_method()).unwrap();
        let header = document.header.as_ref().unwrap();
        let transfer = &document.transfers[0];
        // The sender of the message is the institution debited, its receiver the one credited.
        assert_eq!(
            header.from.as_ref(),
            Some(&transfer.ledger.debtor_agent),
            "{}",
            row.file
        );
        assert_eq!(
            header.to.as_ref(),
            Some(&transfer.ledger.creditor_agent),
            "{}",
            row.file
        );
        assert_eq!(transfer.ledger.debtor_agent_account, None);
        let customer = document.kind == TransferKind::Customer;
        assert_eq!(transfer.private.debtor.name.is_some(), customer);
        assert_eq!(transfer.private.creditor_account.is_some(), customer);
        assert_eq!(transfer.ledger.charge_bearer.is_some(), customer);
        // What the creditor receives reads again, without header, as the same payment.
        let again = read(&transfer.payload, &any_method()).unwrap();
        assert_eq!(again.header, None);
        assert_eq!(again.transfers, document.transfers);
    }
    assert_eq!(count, 4);
}

#[test]
fn a_chain_settles_between_the_instructing_and_the_instructed_agent_and_keeps_all_names() {
    let Some(folder) = samples() else { return };
    let bytes = fs::read(folder.join("cbpr_ur-2025-pacs008-usecase-p8.1.1.a-CtoD.xml")).unwrap();
    let transfer = read(&bytes, &any_method()).unwrap().transfers.remove(0);
    assert_eq!(transfer.ledger.debtor_agent.to_string(), "MINDROBU");
    assert_eq!(transfer.ledger.creditor_agent.to_string(), "WBANRO22");
    assert_eq!(transfer.agents.debtor_side.to_string(), "BRDEROBU");
    assert_eq!(transfer.agents.creditor_side.to_string(), "WBANRO22");
}
