//! One refusal for each rule: a message with one thing changed, the reason and the place that the refusal names.

use crate::support::{CUSTOMER, INSTITUTION, read_default, with};
use karwan_iso20022::{Charset, PartyNames, Priority, Profile, read};

/// Rows of `code | end of the path | what is replaced | by what`.
fn check(message: &str, rows: &str) {
    for row in rows.lines().map(str::trim).filter(|row| !row.is_empty()) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let [code, place, from, to] = cells.as_slice() else {
            panic!("a row has four cells: {row}");
        };
        refused(message, from, to, code, place);
    }
}

fn refused(message: &str, from: &str, to: &str, code: &str, place: &str) {
    let changed = with(message, from, to);
    let refusal = match read_default(&changed) {
        Ok(_) => panic!("{from} -> {to} was read"),
        Err(refusal) => refusal,
    };
    assert_eq!(refusal.reason.code(), code, "{from} -> {to}: {refusal}");
    assert!(refusal.path.ends_with(place), "{from} -> {to}: {refusal}");
    assert!(refusal.sentence.ends_with('.'), "{refusal}");
    assert!(
        refusal.sentence.len() < 400 && !refusal.sentence.contains("  "),
        "{refusal}"
    );
    let again = read_default(&changed).unwrap_err();
    assert_eq!(again, refusal, "a refusal is always the same");
}

#[test]
fn the_group_header_keeps_its_promises() {
    check(
        CUSTOMER,
        r#"
        AM18 | GrpHdr/NbOfTxs                | <NbOfTxs>1<                 | <NbOfTxs>2<
        AM18 | GrpHdr/NbOfTxs                | <NbOfTxs>1<                 | <NbOfTxs>one<
        AM10 | GrpHdr/CtrlSum                | <CtrlSum>1500.50<           | <CtrlSum>1500.51<
        AM10 | GrpHdr/CtrlSum                | <CtrlSum>1500.50<           | <CtrlSum>-1<
        AM10 | GrpHdr/TtlIntrBkSttlmAmt      | "PKR">1500.50</Ttl          | "PKR">1500.49</Ttl
        AM10 | GrpHdr/TtlIntrBkSttlmAmt      | "PKR">1500.50</Ttl          | "KGS">1500.50</Ttl
        CH21 | GrpHdr/MsgId                  | <MsgId>MSG-1</MsgId>        |
        CH16 | GrpHdr/MsgId                  | MSG-1                       | MSG_1
        CH16 | GrpHdr/MsgId                  | MSG-1                       | MSG-1-is-longer-than-thirty-five-chars
        DT02 | GrpHdr/CreDtTm                | 09:00:00+05:00              | 09:00:00
        DT01 | GrpHdr/IntrBkSttlmDt          | <IntrBkSttlmDt>2026-11-23<  | <IntrBkSttlmDt>2026-11-31<
        CH21 | SttlmInf/SttlmMtd             | <SttlmMtd>CLRG</SttlmMtd>   |
        CH17 | SttlmInf/SttlmMtd             | CLRG                        | COVE
        CH17 | SttlmInf/SttlmMtd             | CLRG                        | INDA
        CH16 | SttlmInf/SttlmMtd             | CLRG                        | WHAT
        CH17 | SttlmInf/SttlmAcct            | </SttlmMtd>                 | </SttlmMtd><SttlmAcct/>
        CH17 | SttlmInf/InstgRmbrsmntAgt     | </SttlmMtd>                 | </SttlmMtd><InstgRmbrsmntAgt/>
        FF03 | PmtTpInf/InstrPrty            | <InstrPrty>HIGH<            | <InstrPrty>URGT<
        FF01 | line 121                      | CdtTrfTxInf>                | X>
        "#,
    );
    let none = CUSTOMER.replace("CdtTrfTxInf>", "Other>");
    assert_eq!(read_default(&none).unwrap_err().reason.code(), "CH21");
}

#[test]
fn a_payment_is_identified() {
    check(
        CUSTOMER,
        "
        CH16 | PmtId/UETR       | 174c245f                       | 174C245F
        CH16 | PmtId/UETR       | -4291-                         | -1291-
        CH16 | PmtId/UETR       | <UETR>174c245f-2682            | <UETR>174c245f2682
        FF01 | PmtId/UETR[2]    | </UETR>                        | </UETR><UETR>1</UETR>
        CH21 | PmtId/UETR       | UETR>174c245f-2682-4291-ad67-2a41e530cd27</UETR | Other/
        CH21 | PmtId/EndToEndId | <EndToEndId>E2E-1</EndToEndId> |
        FF08 | PmtId/EndToEndId | E2E-1                          | E2E#1
        CH16 | PmtId/InstrId    | INSTR-1                        | ИН-1
        CH16 | PmtId/TxId       | <TxId>TX-1</TxId>              | <TxId/>
        CH16 | PmtId/TxId       | TX-1                           | <a>TX-1</a>
        ",
    );
    let sentence = read_default(&with(CUSTOMER, "<UETR>", "<x>").replace("</UETR>", "</x>"));
    let sentence = sentence.unwrap_err().sentence;
    assert!(
        sentence.starts_with("The payment has no UETR."),
        "{sentence}"
    );
}

#[test]
fn a_payment_has_an_amount_a_date_and_times() {
    check(
        CUSTOMER,
        r#"
        AM12 | CdtTrfTxInf/IntrBkSttlmAmt | <IntrBkSttlmAmt Ccy="PKR">1500.50< | <IntrBkSttlmAmt Ccy="PKR">1500.505<
        AM01 | CdtTrfTxInf/IntrBkSttlmAmt | <IntrBkSttlmAmt Ccy="PKR">1500.50< | <IntrBkSttlmAmt Ccy="PKR">0.00<
        AM12 | CdtTrfTxInf/IntrBkSttlmAmt | <IntrBkSttlmAmt Ccy="PKR">1500.50< | <IntrBkSttlmAmt Ccy="PKR">-5<
        AM11 | CdtTrfTxInf/IntrBkSttlmAmt | <IntrBkSttlmAmt Ccy="PKR">1500.50< | <IntrBkSttlmAmt Ccy="ABC">1500.50<
        AM11 | CdtTrfTxInf/IntrBkSttlmAmt | <IntrBkSttlmAmt Ccy="PKR">1500.50< | <IntrBkSttlmAmt>1500.50<
        AM12 | CdtTrfTxInf/IntrBkSttlmAmt | <IntrBkSttlmAmt Ccy="PKR">1500.50< | <IntrBkSttlmAmt Ccy="JPY">1500.50<
        CH21 | CdtTrfTxInf/IntrBkSttlmDt  | <IntrBkSttlmDt>2026-11-23</IntrBkSttlmDt> |
        DT01 | CdtTrfTxInf/IntrBkSttlmDt  | <SttlmTmReq> | <IntrBkSttlmDt>2026-11-24</IntrBkSttlmDt><SttlmTmReq>
        CH16 | CdtTrfTxInf/SttlmPrty      | <SttlmTmReq> | <SttlmPrty>FAST</SttlmPrty><SttlmTmReq>
        CH16 | SttlmTmReq/RjctTm          | 17:00:00+05:00 | 17:00:00
        CH16 | SttlmTmReq                 | 17:00:00+05:00 | 10:00:00+05:00
        "#,
    );
    let ledger = |from: &str, to: &str| {
        let document = read_default(&with(CUSTOMER, from, to)).unwrap();
        document.transfers[0].ledger.clone()
    };
    let cls = ledger(
        "<TillTm>16:00:00+05:00</TillTm>",
        "<CLSTm>15:00:00+05:00</CLSTm>",
    );
    assert_eq!(cls.till.unwrap().to_string(), "2026-11-23T10:00:00.000Z");
    let urgent = ledger("<SttlmTmReq>", "<SttlmPrty>URGT</SttlmPrty><SttlmTmReq>");
    assert_eq!(urgent.priority, Priority::Urgent);
}

#[test]
fn institutions_are_named_so_that_a_ledger_knows_them() {
    check(
        CUSTOMER,
        "
        RC06 | DbtrAgt/FinInstnId/BICFI       | KRVNPKKA                | KRVNPKK
        RC03 | DbtrAgt/FinInstnId/LEI         | <BICFI>KRVNPKKA</BICFI> | <LEI>DEMO00INDUS00000PK45</LEI>
        RC03 | DbtrAgt/FinInstnId             | <BICFI>KRVNPKKA</BICFI> | <Othr><Id>1</Id></Othr>
        RC10 | ClrSysMmbId/MmbId              | 109001                  | 10900
        RC10 | CdtrAgt/FinInstnId/ClrSysMmbId | <Cd>KGBIK</Cd>          |
        FF01 | line 59                        | <FinInstnId>            | <Institution>
        ",
    );
    check(
        INSTITUTION,
        "
        RC04 | Cdtr/FinInstnId          | <LEI>DEMO00SAMARKAND0UZ49</LEI> |
        RC05 | Fr/FIId/FinInstnId/BICFI | <BICFI>STEPKZKA</BICFI>         | <BICFI>stepkzka</BICFI>
        CH17 | CdtTrfTxInf/InstgAgt     | <Dbtr> | <InstgAgt><FinInstnId><BICFI>KRVNPKKA</BICFI></FinInstnId></InstgAgt><Dbtr>
        ",
    );
    let ledger = |text: &str| read_default(text).unwrap().transfers[0].ledger.clone();
    let proprietary = with(CUSTOMER, "<Cd>KGBIK</Cd>", "<Prtry>KGBIK</Prtry>");
    assert_eq!(ledger(&proprietary), ledger(CUSTOMER));
}

#[test]
fn accounts_of_customers_are_checked_and_never_quoted() {
    let rows = [
        ("PK26KRVN", "PK27KRVN", "AC02", "DbtrAcct/Id/IBAN"),
        ("PK26KRVN", "", "AC02", "DbtrAcct/Id/IBAN"),
        (
            "1092040010021713",
            "10920400 ?",
            "AC03",
            "CdtrAcct/Id/Othr/Id",
        ),
        (
            "<IBAN>PK26KRVN0000001123456702</IBAN>",
            "",
            "AC02",
            "DbtrAcct/Id",
        ),
    ];
    for (from, to, code, place) in rows {
        refused(CUSTOMER, from, to, code, place);
        let refusal = read_default(&with(CUSTOMER, from, to)).unwrap_err();
        let text = refusal.to_string();
        assert!(
            !text.contains("1123456702") && !text.contains("10920400"),
            "{text}"
        );
    }
}

#[test]
fn the_parties_of_a_customer_payment_have_names_in_the_scripts_of_the_network() {
    check(
        CUSTOMER,
        "
        RR02 | CdtTrfTxInf/Dbtr | <Nm>محمد احمد خان</Nm> |
        RR03 | CdtTrfTxInf/Cdtr | <Nm>Айгүл Эсенова</Nm> |
        RR10 | Cdtr/Nm          | Айгүл                  | 艾古丽
        RR10 | RmtInf/Ustrd     | Invoice 1              | 发票
        RR10 | Dbtr/PstlAdr     | First line             | 地址
        ",
    );
    refused(CUSTOMER, "Айгүл", "\u{202E}лүгйА", "RR10", "Cdtr/Nm");
    refused(CUSTOMER, "Айгүл", &"Ай".repeat(80), "CH16", "Cdtr/Nm");
    let latin = Profile {
        charset: Charset::Latin,
        ..Profile::default()
    };
    let refusal = read(CUSTOMER.as_bytes(), &latin).unwrap_err();
    assert_eq!(refusal.reason.code(), "RR10");
    assert!(!refusal.sentence.contains("محمد"), "{refusal}");
    let nameless = with(CUSTOMER, "<Nm>محمد احمد خان</Nm>", "");
    let optional = Profile {
        party_names: PartyNames::Optional,
        ..Profile::default()
    };
    assert!(read(nameless.as_bytes(), &optional).is_ok());
}

#[test]
fn codes_are_codes() {
    check(
        CUSTOMER,
        "
        FF07 | Purp/Cd            | <Cd>GDDS</Cd>         | <Cd>goods</Cd>
        FF07 | Purp/Prtry         | <Cd>GDDS</Cd>         | <Prtry>цель</Prtry>
        CH16 | CdtTrfTxInf/ChrgBr | <ChrgBr>SHAR<         | <ChrgBr>OUR<
        CH21 | CdtTrfTxInf/ChrgBr | <ChrgBr>SHAR</ChrgBr> |
        CH16 | Dtls[1]/Cd         | <Cd>9101<             | <Cd>91019101910<
        CH16 | Dtls[2]/Ctry       | <Ctry>KG<             | <Ctry>KGZ<
        ",
    );
    let local = with(CUSTOMER, "<Cd>GDDS</Cd>", "<Prtry>1234</Prtry>");
    let ledger = read_default(&local).unwrap().transfers.remove(0).ledger;
    assert_eq!(ledger.local_purpose.unwrap().as_str(), "1234");
    assert_eq!(ledger.purpose, None);
}

#[test]
fn an_advice_is_not_settled() {
    check(
        INSTITUTION,
        "CH17 | AppHdr/BizSvc | karwan.01 | swift.cbprplus.adv.02",
    );
}
