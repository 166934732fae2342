//! What is read from a whole message, and where a message is found.

use crate::support::{CUSTOMER, INSTITUTION, any_method, read_default, with};
use karwan_iso20022::{ChargeBearer, Priority, SettlementMethod, TransferKind, read};
use karwan_types::{HashDomain, hash_of};

#[test]
fn a_customer_payment_is_read_in_full() {
    let document = read_default(CUSTOMER).unwrap();
    assert_eq!(
        (document.kind, document.transfers.len()),
        (TransferKind::Customer, 1)
    );
    assert_eq!(document.header, None);
    let transfer = &document.transfers[0];
    let ledger = &transfer.ledger;
    assert_eq!(ledger.message_id.as_str(), "MSG-1");
    assert_eq!(ledger.created.to_string(), "2026-11-23T04:00:00.000Z");
    assert_eq!(ledger.instruction_id.as_ref().unwrap().as_str(), "INSTR-1");
    assert_eq!(ledger.end_to_end_id.as_str(), "E2E-1");
    assert_eq!(ledger.transaction_id.as_ref().unwrap().as_str(), "TX-1");
    assert_eq!(
        ledger.uetr.to_string(),
        "174c245f-2682-4291-ad67-2a41e530cd27"
    );
    assert_eq!(
        (ledger.amount.minor(), ledger.currency.as_str()),
        (150_050, "PKR")
    );
    assert_eq!(ledger.settlement_date.to_string(), "2026-11-23");
    assert_eq!(ledger.settlement_method, SettlementMethod::Clearing);
    assert_eq!(ledger.priority, Priority::High);
    assert_eq!(ledger.from.unwrap().to_string(), "2026-11-23T05:00:00.000Z");
    assert_eq!(ledger.till.unwrap().to_string(), "2026-11-23T11:00:00.000Z");
    assert_eq!(
        ledger.reject.unwrap().to_string(),
        "2026-11-23T12:00:00.000Z"
    );
    assert_eq!(ledger.charge_bearer, Some(ChargeBearer::Shared));
    assert_eq!(ledger.debtor_agent.to_string(), "KRVNPKKA");
    assert_eq!(ledger.creditor_agent.to_string(), "KGBIK:109001");
    assert_eq!(
        ledger.debtor_agent_account.as_ref().unwrap().as_str(),
        "SETTLE-PKR-1"
    );
    assert_eq!(
        ledger.creditor_agent_account.as_ref().unwrap().as_str(),
        "SETTLE-PKR-2"
    );
    assert_eq!(ledger.purpose.as_ref().unwrap().as_str(), "GDDS");
    assert_eq!(ledger.local_purpose.as_ref().unwrap().as_str(), "9101");
    let codes: Vec<_> = transfer
        .regulatory_codes
        .iter()
        .map(|code| (code.country.unwrap().to_string(), code.code.to_string()))
        .collect();
    assert_eq!(
        codes,
        [
            ("PK".into(), "9101".into()),
            ("KG".into(), "55101010".into())
        ]
    );
    assert_eq!(
        transfer.message_hash,
        hash_of(HashDomain::Payload, &[&transfer.payload])
    );
    assert!(CUSTOMER.contains(core::str::from_utf8(&transfer.payload).unwrap()));
}

#[test]
fn what_concerns_people_is_kept_apart_as_labelled_text() {
    let document = read_default(CUSTOMER).unwrap();
    let transfer = &document.transfers[0];
    let entries = transfer.private.entries();
    let expected = [
        ("debtor/name", "محمد احمد خان"),
        (
            "debtor/address",
            "AdrLine=First line\nAdrLine=Another line\nCtry=PK\nTwnNm=Karachi",
        ),
        ("debtor/identification", "PrvtId/Othr/Id=42101"),
        ("creditor/name", "Айгүл Эсенова"),
        ("ultimate_debtor/name", "Parent Company"),
        ("debtor_account", "PK26KRVN0000001123456702"),
        ("creditor_account", "1092040010021713"),
        ("remittance_line/1", "Invoice 1 & 2"),
        (
            "remittance_document/1",
            "RfrdDocAmt/RmtdAmt=1500.50\nRfrdDocAmt/RmtdAmt@Ccy=PKR\nRfrdDocInf/Nb=7",
        ),
        (
            "regulatory_report/1",
            "Authrty/Ctry=PK\nDtls/Cd=9101\nDtls/Cd=55101010\nDtls/Ctry=KG",
        ),
    ];
    let found: Vec<(&str, &str)> = entries
        .iter()
        .map(|(label, text)| (label.as_str(), *text))
        .collect();
    assert_eq!(found, expected);
    let shown = format!("{:?} {:?}", transfer.private, transfer.ledger);
    for (_, secret) in expected.iter().take(8) {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn an_institution_payment_is_read_with_its_header() {
    let document = read_default(INSTITUTION).unwrap();
    let header = document.header.as_ref().unwrap();
    assert_eq!(header.business_message_id.as_str(), "BIZ-9");
    assert_eq!(header.from.as_ref().unwrap().to_string(), "STEPKZKA");
    assert_eq!(header.to.as_ref().unwrap().to_string(), "SAMRUZ22");
    let transfer = &document.transfers[0];
    assert_eq!(transfer.ledger.kind, TransferKind::FinancialInstitution);
    assert_eq!(transfer.ledger.priority, Priority::Urgent);
    assert_eq!(transfer.ledger.amount.minor(), 25_000_000);
    assert_eq!(transfer.ledger.debtor_agent.to_string(), "STEPKZKA");
    assert_eq!(
        transfer
            .ledger
            .debtor_agent_account
            .as_ref()
            .unwrap()
            .as_str(),
        "STEPPE-KZT"
    );
    assert_eq!(transfer.ledger.creditor_agent.to_string(), "SAMRUZ22");
    // The creditor is named otherwise than the instructed agent, so its account is not taken for the agent's.
    assert_eq!(transfer.ledger.creditor_agent_account, None);
    assert_eq!(
        transfer.agents.creditor_side.to_string(),
        "DEMO00SAMARKAND0UZ49"
    );
    let labels: Vec<_> = transfer
        .private
        .entries()
        .into_iter()
        .map(|(label, _)| label)
        .collect();
    assert_eq!(labels, ["remittance_line/1"]);
}

#[test]
fn what_is_not_read_is_covered_by_the_hash() {
    let hash = |text: &str| read_default(text).unwrap().transfers[0].message_hash;
    let changed = with(INSTITUTION, "Not read", "not read");
    assert_ne!(hash(INSTITUTION), hash(&changed));
    let other_envelope = with(INSTITUTION, "BIZ-9", "BIZ-10");
    assert_eq!(hash(INSTITUTION), hash(&other_envelope));
    let harmless = with(CUSTOMER, "<ChrgBr>", "<NewElement>1</NewElement><ChrgBr>");
    assert_eq!(
        read_default(&harmless).unwrap().transfers[0].ledger,
        read_default(CUSTOMER).unwrap().transfers[0].ledger
    );
}

#[test]
fn a_message_with_several_payments_gives_each_creditor_its_own_alone() {
    let start = CUSTOMER.find("    <CdtTrfTxInf>").unwrap();
    let end = CUSTOMER.find("  </FIToFICstmrCdtTrf>").unwrap();
    let second = with(&CUSTOMER[start..end], "174c245f", "274c245f");
    let second = with(&second, "1500.50", "0.25");
    let bulk = [&CUSTOMER[..end], &second, &CUSTOMER[end..]].concat();
    let bulk = with(
        &with(&bulk, "<NbOfTxs>1<", "<NbOfTxs>2<"),
        "1500.50</Ctrl",
        "1500.75</Ctrl",
    );
    let bulk = with(&bulk, "1500.50</Ttl", "1500.75</Ttl");
    let document = read_default(&bulk).unwrap();
    assert_eq!(document.transfers.len(), 2);
    for (index, transfer) in document.transfers.iter().enumerate() {
        let payload = core::str::from_utf8(&transfer.payload).unwrap();
        let alone = read_default(payload).unwrap();
        assert_eq!(alone.transfers.len(), 1);
        assert_eq!(alone.transfers[0].ledger, transfer.ledger);
        assert_eq!(alone.transfers[0].private, transfer.private);
        let other = &document.transfers[1 - index];
        assert!(!payload.contains(&other.ledger.uetr.to_string()));
    }
    assert_ne!(
        document.transfers[0].message_hash,
        document.transfers[1].message_hash
    );
    let refusal = read_default(&with(&bulk, "274c245f", "Z74c245f")).unwrap_err();
    assert!(
        refusal.path.ends_with("CdtTrfTxInf[2]/PmtId/UETR"),
        "{refusal}"
    );
}

#[test]
fn a_message_is_found_in_any_envelope() {
    let bare = CUSTOMER.split_once("?>").unwrap().1;
    let expected = read_default(CUSTOMER).unwrap().transfers;
    let wrappers = [
        format!(
            "<FpsMsg xmlns='urn:hkicl:fps'><BizData><BizMsg>{bare}</BizMsg></BizData></FpsMsg>"
        ),
        format!("<message>{bare}</message>"),
        format!("<a><b><c><![CDATA[{CUSTOMER}]]></c></b></a>"),
        format!(
            "<a><x><![CDATA[<not xml]]></x><y>&lt;other/&gt;</y><c><![CDATA[ {bare} ]]></c></a>"
        ),
        format!(
            "<a>{}</a>",
            CUSTOMER.replace('&', "&amp;").replace('<', "&lt;")
        ),
        format!("\u{FEFF}{CUSTOMER}"),
        CUSTOMER.replace('\n', "\r\n").replace("\r\n", "\n"),
    ];
    for wrapped in wrappers {
        assert_eq!(
            read_default(&wrapped).unwrap().transfers,
            expected,
            "{wrapped}"
        );
    }
}

#[test]
fn envelopes_that_are_not_clear_are_refused() {
    let bare = CUSTOMER.split_once("?>").unwrap().1;
    let check = |text: &str, part: &str| {
        let refusal = read_default(text).unwrap_err();
        assert_eq!(refusal.reason.code(), "FF01");
        assert!(refusal.sentence.contains(part), "{refusal}");
    };
    check(&format!("<a>{bare}{bare}</a>"), "more than one message");
    check("<a><b/></a>", "holds no ISO 20022 message");
    check("<Document/>", "The Document has no namespace");
    check(
        "<Document xmlns='http://www.six-interbank-clearing.com/de/pacs.009.001.02.ch.02.xsd'/>",
        "not one of ISO 20022",
    );
    check(
        "<Document xmlns='urn:iso:std:iso:20022:tech:xsd:pacs.008'/>",
        "not one of ISO 20022",
    );
    check(
        "<e xmlns:p='urn:iso:std:iso:20022:tech:xsd:pacs.008.001.08'><p:Document><p:FIToFICstmrCdtTrf/></p:Document></e>",
        "Declare the namespace",
    );
    check(
        &with(INSTITUTION, "head.001.001.02", "head.001.001.03"),
        "head.001.001.01, .02 and .04",
    );
    check(
        &with(INSTITUTION, ">pacs.009.001.08<", ">pacs.009.001.09<"),
        "the Document is a pacs.009.001.08",
    );
    let two_headers = with(INSTITUTION, "</AppHdr>", "</AppHdr><AppHdr/>");
    check(&two_headers, "more than one application header");
    let foreign = with(
        CUSTOMER,
        "<ChrgBr>",
        "<x:UETR xmlns:x='urn:x'>1</x:UETR><ChrgBr>",
    );
    check(&foreign, "another namespace");
    let supplementary = with(
        CUSTOMER,
        "</CdtTrfTxInf>",
        "<SplmtryData><Envlp><x:Any xmlns:x='urn:x'>1</x:Any></Envlp></SplmtryData></CdtTrfTxInf>",
    );
    assert!(read_default(&supplementary).is_ok());
    let outer_header = INSTITUTION.split_once("<Document").unwrap();
    let inner = format!("<Document{}", outer_header.1.replace("</Envelope>", ""));
    let embedded = format!("{}<x><![CDATA[{inner}]]></x></Envelope>", outer_header.0);
    assert_eq!(
        read_default(&embedded).unwrap().header,
        read_default(INSTITUTION).unwrap().header
    );
    check(
        &with(&embedded, ">pacs.009.001.08<", ">pacs.008.001.08<"),
        "The header says",
    );
}

#[test]
fn a_settlement_account_belongs_to_the_side_that_holds_it() {
    let account = "</SttlmMtd><SttlmAcct><Id><Othr><Id>NOSTRO-1</Id></Othr></Id></SttlmAcct>";
    let check = |method: &str, debtor: Option<&str>, creditor: Option<&str>| {
        let text = INSTITUTION
            .replace("<DbtrAcct>", "<Unread>")
            .replace("</DbtrAcct>", "</Unread>");
        let text = with(&with(&text, "</SttlmMtd>", account), "CLRG", method);
        let ledger = read(text.as_bytes(), &any_method())
            .unwrap()
            .transfers
            .remove(0)
            .ledger;
        assert_eq!(
            ledger.debtor_agent_account.as_ref().map(|a| a.as_str()),
            debtor,
            "{method}"
        );
        assert_eq!(
            ledger.creditor_agent_account.as_ref().map(|a| a.as_str()),
            creditor,
            "{method}"
        );
    };
    check("INDA", Some("NOSTRO-1"), None);
    check("INGA", None, Some("NOSTRO-1"));
}

#[test]
fn an_institution_that_pays_through_its_agent_may_be_named_by_its_name_alone() {
    let through_agent = INSTITUTION
        .replace("<InstgAgt>", "<Unread>")
        .replace("</InstgAgt>", "</Unread>");
    let through_agent = with(
        &through_agent,
        "<Dbtr>\n          <FinInstnId>\n            <BICFI>STEPKZKA</BICFI>",
        "<DbtrAgt><FinInstnId><BICFI>ALATKG22</BICFI></FinInstnId></DbtrAgt><Dbtr><FinInstnId><Nm>A Broker</Nm>",
    );
    let transfer = read_default(&through_agent).unwrap().transfers.remove(0);
    assert_eq!(transfer.ledger.debtor_agent.to_string(), "ALATKG22");
    // DbtrAcct is the broker's account at its agent, not the agent's account on the ledger.
    assert_eq!(transfer.ledger.debtor_agent_account, None);
}
