//! Returns, recalls, their answers and status requests: what is written is read back, what cannot be taken is refused in
//! words that say how to mend it.

use crate::support::{Node, golden, with};
use core::fmt::Debug;
use core::str::FromStr;
use karwan_iso20022::{
    Assignment, CancellationRequest, Header, Message, MessageDefinition, OriginalMessage,
    OriginalPayment, PaymentReturn, Profile, RequestedStatus, Resolution, ResolutionAnswer,
    ReturnReference, SettlementMethod, StatusRequest, read, read_any, write_cancellation_request,
    write_resolution, write_return, write_status_request,
};
use karwan_types::{Amount, Date, Timestamp};

fn word<T: FromStr>(text: &str) -> T
where
    T::Err: Debug,
{
    text.parse().unwrap()
}

fn time() -> Timestamp {
    Timestamp::parse("2026-11-23T04:00:03.250Z").unwrap()
}

fn header() -> Header {
    Header {
        from: Some(word("KRVNPKKA")),
        to: Some(word("KGBIK:109001")),
        business_message_id: word("BIZ-1"),
        business_service: Some("karwan.01".to_owned()),
        created: time(),
    }
}

/// A payment with every reference, or with none but its UETR.
fn original(full: bool) -> OriginalPayment {
    let least = OriginalPayment::of_uetr(word("174c245f-2682-4291-ad67-2a41e530cd27"));
    if !full {
        return least;
    }
    OriginalPayment {
        message: Some(OriginalMessage {
            id: word("MSG-7"),
            definition: MessageDefinition::parse("pacs.008.001.08").unwrap(),
            created: Some(time()),
        }),
        instruction_id: Some(word("INSTR-7")),
        end_to_end_id: Some(word("E2E-7")),
        transaction_id: Some(word("TX-7")),
        amount: Some((Amount::from_minor(1_234_500), word("PKR"))),
        settlement_date: Some(Date::parse("2026-11-23").unwrap()),
        ..least
    }
}

fn assignment(full: bool) -> Assignment {
    Assignment {
        header: full.then(header),
        id: word("ASSIGN-1"),
        from: word("KRVNPKKA"),
        to: word("KGBIK:109001"),
        created: time(),
        case: full.then(|| word("CASE-1")),
    }
}

fn request(full: bool) -> CancellationRequest {
    CancellationRequest {
        assignment: assignment(full),
        cancellation_id: full.then(|| word("CXL-1")),
        original: original(full),
        reason: word("DUPL"),
    }
}

fn resolution(full: bool, answer: ResolutionAnswer) -> Resolution {
    Resolution {
        assignment: assignment(full),
        status_id: full.then(|| word("STS-1")),
        original: original(full),
        answer,
    }
}

fn money_back() -> ResolutionAnswer {
    ResolutionAnswer::Cancelled(Some(ReturnReference {
        uetr: word("8a562c67-ca16-48ba-b074-65581be6f004"),
        amount: Amount::from_minor(1_234_500),
        currency: word("PKR"),
    }))
}

fn kept() -> ResolutionAnswer {
    ResolutionAnswer::Rejected {
        reason: word("CUST"),
        sentence: None,
    }
}

fn payment_return(full: bool) -> PaymentReturn {
    PaymentReturn {
        header: full.then(header),
        message_id: word("RTR-MSG-1"),
        created: time(),
        settlement_method: SettlementMethod::Clearing,
        return_id: word("RTR-1"),
        original: original(full),
        amount: Amount::from_minor(500_000),
        currency: word("PKR"),
        settlement_date: full.then(|| Date::parse("2026-11-24").unwrap()),
        from: word("KGBIK:109001"),
        to: word("KRVNPKKA"),
        reason: word("AC04"),
        payload: Vec::new(),
    }
}

fn status_request(full: bool) -> StatusRequest {
    let asked = |full| RequestedStatus {
        request_id: if full { Some(word("ASK-1")) } else { None },
        // A status request names references only.
        original: OriginalPayment {
            amount: None,
            settlement_date: None,
            ..original(full)
        },
    };
    StatusRequest {
        header: full.then(header),
        message_id: word("ASK-MSG-1"),
        created: time(),
        payments: vec![asked(full), asked(false)],
    }
}

#[track_caller]
fn read_back(text: &str) -> Message {
    read_any(text.as_bytes(), &Profile::default()).unwrap()
}

#[track_caller]
fn check_refused(text: &str, expected: &str) {
    let refusal = read_any(text.as_bytes(), &Profile::default()).unwrap_err();
    let found = format!("{} {} {}", refusal.reason, refusal.path, refusal.sentence);
    assert!(found.starts_with(expected), "{found}");
}

#[test]
fn what_is_written_is_read_back_with_the_same_fields() {
    for full in [false, true] {
        let request = request(full);
        let text = write_cancellation_request(&request);
        assert_eq!(read_back(&text), Message::Cancellation(request));
        for answer in [
            money_back(),
            ResolutionAnswer::Cancelled(None),
            ResolutionAnswer::Pending,
            kept(),
        ] {
            let resolution = resolution(full, answer);
            let text = write_resolution(&resolution);
            assert_eq!(read_back(&text), Message::Resolution(resolution));
        }
        let back = payment_return(full);
        let text = write_return(&back);
        let Message::Return(found) = read_back(&text) else {
            panic!("a pacs.004");
        };
        let payload = String::from_utf8(found.payload.clone()).unwrap();
        assert!(payload.starts_with("<Document") && text.contains(&payload));
        let payload = Vec::new();
        assert_eq!(PaymentReturn { payload, ..found }, back);
        let asked = status_request(full);
        let text = write_status_request(&asked);
        assert_eq!(read_back(&text), Message::StatusRequest(asked));
    }
}

#[test]
fn messages_are_written_as_in_the_golden_files() {
    golden("camt056.xml", &write_cancellation_request(&request(true)));
    golden(
        "camt029_cncl.xml",
        &write_resolution(&resolution(true, money_back())),
    );
    golden(
        "camt029_rjcr.xml",
        &write_resolution(&resolution(false, kept())),
    );
    golden("pacs004.xml", &write_return(&payment_return(true)));
    golden("pacs028.xml", &write_status_request(&status_request(true)));
}

/// What a message says, without how it was written.
fn without_bytes(message: Message) -> Message {
    if let Message::Return(back) = message {
        let payload = Vec::new();
        return Message::Return(PaymentReturn { payload, ..back });
    }
    message
}

/// As another program would write them: other prefixes, other white space, another order of elements.
#[test]
fn the_meaning_does_not_depend_on_how_it_is_written() {
    let seed = fastrand::u64(..);
    let mut random = fastrand::Rng::with_seed(seed);
    let texts = [
        write_cancellation_request(&request(true)),
        write_resolution(&resolution(true, kept())),
        write_return(&payment_return(true)),
        write_status_request(&status_request(true)),
    ];
    for text in texts {
        let envelope = Node::parse(&text);
        let mut parts = envelope.children.iter();
        let document = parts.find(|part| part.name == "Document").unwrap();
        let alone = without_bytes(read_back(&document.write_anew(&mut random)));
        for _ in 0..20 {
            let anew = document.write_anew(&mut random);
            let found = without_bytes(read_back(&anew));
            assert_eq!(found, alone, "seed {seed}: {anew}");
        }
    }
}

#[test]
fn a_sentence_for_people_goes_out_and_does_not_come_in() {
    let told = ResolutionAnswer::Rejected {
        reason: word("NOAS"),
        sentence: Some("the beneficiary has not replied ".repeat(10)),
    };
    let text = write_resolution(&resolution(true, told));
    assert!(text.matches("<AddtlInf>").count() > 1);
    let Message::Resolution(found) = read_back(&text) else {
        panic!("a camt.029");
    };
    let expected = ResolutionAnswer::Rejected {
        reason: word("NOAS"),
        sentence: None,
    };
    assert_eq!(found.answer, expected);
}

#[test]
fn the_same_return_has_the_same_reference_and_another_one_another() {
    let back = payment_return(true);
    assert_eq!(back.uetr(), payment_return(false).uetr());
    let other = PaymentReturn {
        return_id: word("RTR-2"),
        ..back.clone()
    };
    assert_ne!(back.uetr(), other.uetr());
    assert_ne!(back.uetr(), back.original.uetr);
}

#[test]
fn a_reason_is_one_code_of_its_list() {
    let text = write_cancellation_request(&request(true));
    let place = "CH16 Document/FIToFIPmtCxlReq/Undrlyg/TxInf/CxlRsnInf/Rsn/Cd The reason is ";
    for unknown in ["XXXX", "FOCR", "dupl"] {
        check_refused(
            &with(&text, "<Cd>DUPL</Cd>", &format!("<Cd>{unknown}</Cd>")),
            &format!(
                "{place}\"{unknown}\", which is none of the ISO 20022 cancellation reasons, for example CUST"
            ),
        );
    }
    check_refused(
        &with(&text, "<Cd>DUPL</Cd>", "<Prtry>MINE</Prtry>"),
        "CH17 Document/FIToFIPmtCxlReq/Undrlyg/TxInf/CxlRsnInf/Rsn/Prtry The reason is proprietary",
    );
    let twice = "<CxlRsnInf><Rsn><Cd>CUST</Cd></Rsn></CxlRsnInf><CxlRsnInf>";
    check_refused(
        &with(&text, "<CxlRsnInf>", twice),
        "CH17 Document/FIToFIPmtCxlReq/Undrlyg/TxInf/CxlRsnInf[2] The message gives several reasons",
    );
    let text = write_return(&payment_return(true));
    check_refused(
        &with(&text, "<Cd>AC04</Cd>", "<Cd>FRAD</Cd>"),
        "CH16 Document/PmtRtr/TxInf/RtrRsnInf/Rsn/Cd The reason is \"FRAD\", which is none of the ISO 20022 return reasons, for example AC04",
    );
    let text = write_resolution(&resolution(true, kept()));
    check_refused(
        &with(&text, "<Cd>CUST</Cd>", "<Cd>NOOR</Cd>"),
        "CH16 Document/RsltnOfInvstgtn/CxlDtls/TxInfAndSts/CxlStsRsnInf/Rsn/Cd The reason is \"NOOR\"",
    );
}

#[test]
fn the_payment_is_named_by_its_uetr() {
    let uetr = "<OrgnlUETR>174c245f-2682-4291-ad67-2a41e530cd27</OrgnlUETR>";
    let texts = [
        write_cancellation_request(&request(true)),
        write_resolution(&resolution(true, kept())),
        write_return(&payment_return(true)),
        write_status_request(&status_request(true)),
    ];
    for text in texts {
        let without = read_any(with(&text, uetr, "").as_bytes(), &Profile::default()).unwrap_err();
        assert_eq!(without.reason.code(), "CH21");
        assert!(without.path.ends_with("/OrgnlUETR"), "{}", without.path);
        assert!(
            without
                .sentence
                .contains("add OrgnlUETR, the UETR of the original")
        );
        let wrong = with(&text, uetr, "<OrgnlUETR>7</OrgnlUETR>");
        let wrong = read_any(wrong.as_bytes(), &Profile::default()).unwrap_err();
        assert!(
            wrong
                .sentence
                .starts_with("OrgnlUETR is \"7\": it must be a UUID")
        );
    }
}

#[test]
fn a_return_settles_here_between_two_institutions_for_more_than_nothing() {
    let text = write_return(&payment_return(true));
    for method in ["INDA", "INGA"] {
        check_refused(
            &with(&text, "CLRG", method),
            &format!(
                "CH17 Document/PmtRtr/GrpHdr/SttlmInf/SttlmMtd The settlement method is {method}: the payment settles on the books of the inst"
            ),
        );
    }
    check_refused(
        &with(&text, ">5000.00<", ">0.00<"),
        "AM01 Document/PmtRtr/TxInf/RtrdIntrBkSttlmAmt The amount is zero.",
    );
    check_refused(
        &with(&text, ">5000.00<", ">5000.001<"),
        "AM12 Document/PmtRtr/TxInf/RtrdIntrBkSttlmAmt",
    );
    check_refused(
        &with(&text, "<NbOfTxs>1<", "<NbOfTxs>2<"),
        "AM18 Document/PmtRtr/GrpHdr/NbOfTxs NbOfTxs is \"2\"",
    );
    let agent = text.find("<InstgAgt>").unwrap()..text.find("</InstgAgt>").unwrap();
    let without = text
        .replacen(&text[agent], "<InstgAgt>", 1)
        .replace("<InstgAgt></InstgAgt>", "");
    check_refused(
        &without,
        "CH21 Document/PmtRtr/TxInf/InstgAgt The element InstgAgt is missing.",
    );
}

#[test]
fn an_answer_says_one_thing() {
    let text = write_resolution(&resolution(true, kept()));
    check_refused(
        &with(&text, "<Conf>RJCR<", "<Conf>MODI<"),
        "CH16 Document/RsltnOfInvstgtn/Sts/Conf Conf is \"MODI\"; the answer to a recall is CNCL, PDCR or RJCR.",
    );
    check_refused(
        &with(
            &text,
            "<CxlStsRsnInf>",
            "<TxCxlSts>ACCR</TxCxlSts><CxlStsRsnInf>",
        ),
        "CH17 Document/RsltnOfInvstgtn/CxlDtls/TxInfAndSts/TxCxlSts TxCxlSts says something else than Sts/Conf.",
    );
    let agreed = with(
        &text,
        "<CxlStsRsnInf>",
        "<TxCxlSts>RJCR</TxCxlSts><CxlStsRsnInf>",
    );
    assert_eq!(read_back(&agreed), read_back(&text));
    let other_case = "<CxlDtls><TxInfAndSts><RslvdCase><Id>CASE-2</Id></RslvdCase>";
    check_refused(
        &text.replacen("<CxlDtls>\n", "<CxlDtls>", 1).replacen(
            &format!("<CxlDtls>{}<TxInfAndSts>", " ".repeat(8)),
            other_case,
            1,
        ),
        "CH17 Document/RsltnOfInvstgtn/CxlDtls/TxInfAndSts RslvdCase differs from RslvdCase of the message.",
    );
}

#[test]
fn a_message_about_several_payments_is_divided_by_its_sender() {
    let text = write_cancellation_request(&request(false));
    let entry = &text[text.find("<TxInf>").unwrap()..text.find("</Undrlyg>").unwrap()];
    check_refused(
        &with(&text, "</Undrlyg>", &format!("{entry}</Undrlyg>")),
        "AM18 Document/FIToFIPmtCxlReq/Undrlyg/TxInf[2] The message has more than one TxInf.",
    );
}

#[test]
fn other_versions_are_refused_by_name() {
    let text = write_cancellation_request(&request(false));
    check_refused(
        &with(&text, "camt.056.001.08", "camt.056.001.11"),
        "FF01 Document This file is a camt.056 (payment cancellation request between institutions) in version 11 of its \
         definition (camt.056.001.11). Karwan reads camt.056.001.08; export the message in that version.",
    );
}

#[test]
fn where_payments_are_expected_another_message_is_refused_by_name() {
    let text = write_return(&payment_return(true));
    let refusal = read(text.as_bytes(), &Profile::default()).unwrap_err();
    assert!(
        refusal
            .sentence
            .starts_with("The file is a pacs.004.001.09, where a credit transfer")
    );
}

#[test]
fn damaged_messages_are_read_or_refused_and_never_stop_the_reader() {
    let seed = fastrand::u64(..);
    let mut random = fastrand::Rng::with_seed(seed);
    let texts = [
        write_cancellation_request(&request(true)),
        write_resolution(&resolution(true, money_back())),
        write_return(&payment_return(true)),
        write_status_request(&status_request(true)),
    ];
    for text in texts {
        for _ in 0..2_000 {
            let mut bytes = text.clone().into_bytes();
            for _ in 0..random.usize(1..4) {
                let place = random.usize(..bytes.len());
                match random.u8(0..3) {
                    0 => bytes[place] = random.u8(..),
                    1 => bytes.truncate(place.max(1)),
                    _ => {
                        let end = bytes.len().min(place + 40);
                        let piece = bytes[place..end].to_vec();
                        let other = random.usize(..bytes.len());
                        bytes.splice(other..other, piece);
                    }
                }
            }
            let first = read_any(&bytes, &Profile::default());
            assert_eq!(first, read_any(&bytes, &Profile::default()), "seed {seed}");
        }
    }
}
