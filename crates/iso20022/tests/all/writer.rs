//! What is written is read back with the same fields.

use crate::support::read_default;
use karwan_iso20022::{
    OutgoingMessage, OutgoingParty, OutgoingTransfer, Priority, ReportHeader, SettlementMethod,
    TransferKind, write_credit_transfers,
};
use karwan_types::{
    AccountNumber, Amount, CurrencyCode, Date, ExternalCode, Max35Text, Timestamp, Uetr,
};

fn message(kind: TransferKind, header: bool) -> OutgoingMessage {
    let transfer = |number: u8, debtor: &str, creditor: &str| OutgoingTransfer {
        instruction_id: Some(Max35Text::parse(&format!("I-{number}")).unwrap()),
        end_to_end_id: Max35Text::parse(&format!("E-{number}")).unwrap(),
        uetr: Uetr::from_random_bytes([number; 16]),
        amount: Amount::from_minor(u128::from(number) * 1_005),
        currency: CurrencyCode::parse("KGS").unwrap(),
        priority: Priority::High,
        debtor_agent: debtor.parse().unwrap(),
        creditor_agent: creditor.parse().unwrap(),
        debtor: OutgoingParty {
            name: Some("A & B <Traders> \"Ош\"".to_owned()),
            account: Some(AccountNumber::parse("1092040010021713").unwrap()),
        },
        creditor: OutgoingParty {
            name: Some("محمد".to_owned()),
            account: Some(AccountNumber::parse("PK26KRVN0000001123456702").unwrap()),
        },
        purpose: Some(ExternalCode::parse("GDDS").unwrap()),
        remittance: Some("Invoice 7".to_owned()),
    };
    OutgoingMessage {
        kind,
        message_id: Max35Text::parse("OUT-1").unwrap(),
        created: Timestamp::parse("2026-11-23T04:00:00Z").unwrap(),
        settlement_date: Date::parse("2026-11-23").unwrap(),
        settlement_method: SettlementMethod::Clearing,
        header: header.then(|| ReportHeader {
            from: "KGBIK:109001".parse().unwrap(),
            to: "KRVNPKKA".parse().unwrap(),
            business_service: Some("karwan.01".to_owned()),
        }),
        transfers: vec![
            transfer(1, "KGBIK:109001", "KRVNPKKA"),
            transfer(2, "DEMO00NARYN00000KG39", "KRVNPKKA001"),
        ],
    }
}

#[test]
fn written_messages_are_read_back_with_the_same_fields() {
    for kind in [TransferKind::Customer, TransferKind::FinancialInstitution] {
        for header in [false, true] {
            let message = message(kind, header);
            let text = write_credit_transfers(&message);
            assert_eq!(text, write_credit_transfers(&message));
            let document = read_default(&text).unwrap();
            assert_eq!((document.kind, document.header.is_some()), (kind, header));
            assert_eq!(document.created, message.created);
            for (read, written) in document.transfers.iter().zip(&message.transfers) {
                assert_eq!(read.ledger.instruction_id, written.instruction_id);
                assert_eq!(read.ledger.end_to_end_id, written.end_to_end_id);
                assert_eq!(read.ledger.uetr, written.uetr);
                assert_eq!(
                    (read.ledger.amount, read.ledger.currency),
                    (written.amount, written.currency)
                );
                assert_eq!(read.ledger.settlement_date, message.settlement_date);
                assert_eq!(read.ledger.priority, written.priority);
                assert_eq!(read.ledger.debtor_agent, written.debtor_agent);
                assert_eq!(read.ledger.creditor_agent, written.creditor_agent);
                assert_eq!(read.ledger.purpose, written.purpose);
                assert_eq!(
                    read.private.remittance_lines.first(),
                    written.remittance.as_ref()
                );
                if kind == TransferKind::Customer {
                    assert_eq!(read.private.debtor.name, written.debtor.name);
                    assert_eq!(read.private.debtor_account, written.debtor.account);
                    assert_eq!(read.private.creditor_account, written.creditor.account);
                }
            }
        }
    }
}
