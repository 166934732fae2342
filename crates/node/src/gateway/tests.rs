//! The same file gives the same instruction, nothing personal leaves in clear, and only the creditor can open the message.

use super::*;
use karwan_types::{CommitmentSecret, Date};

fn transfer() -> CreditTransfer {
    let template = include_str!("../../../../node-config/demo/01-accepted-customer-pkr.xml");
    let date = Date::parse("2026-11-23").unwrap();
    let uetr: Uetr = "8a562c67-ca16-48ba-b074-65581be6f001".parse().unwrap();
    let xml = karwan_iso20022::fill_template(template, date, &mut |_| uetr).unwrap();
    let document = karwan_iso20022::read(xml.as_bytes(), &Profile::default()).unwrap();
    document.transfers.into_iter().next().unwrap()
}

fn secret(byte: u8) -> CommitmentSecret {
    CommitmentSecret::from_bytes([byte; 32])
}

#[test]
fn importing_the_same_file_twice_gives_the_same_bytes() {
    let encode = |secret: &CommitmentSecret| karwan_types::encode(&to_terms(&transfer(), secret));
    assert_eq!(encode(&secret(1)), encode(&secret(1)));
    assert_ne!(
        encode(&secret(1)),
        encode(&secret(2)),
        "another institution's commitments differ"
    );
}

#[test]
fn no_name_account_or_remittance_text_is_on_the_ledger() {
    let transfer = transfer();
    let bytes = karwan_types::encode(&to_terms(&transfer, &secret(1)));
    let entries = transfer.private.entries();
    assert!(entries.len() >= 4, "the demo payment names its parties");
    for (label, value) in entries.iter().filter(|(_, value)| value.len() >= 6) {
        let found = bytes
            .windows(value.len())
            .any(|window| window == value.as_bytes());
        assert!(!found, "{label} is in clear");
    }
}

#[test]
fn every_datum_of_the_message_is_committed_to_once() {
    let terms = to_terms(&transfer(), &secret(1));
    assert!(
        terms
            .commitments
            .windows(2)
            .all(|pair| pair[0].datum < pair[1].datum)
    );
    assert!(
        ledger::Operation::from(ledger::Pay { payment: terms })
            .check_alone()
            .is_ok()
    );
}

#[test]
fn only_the_creditor_opens_the_message_and_finds_the_salt_in_it() {
    let transfer = transfer();
    let salt = secret(1).salt(&transfer.ledger.uetr);
    let creditor = x25519::Identity::generate();
    let recipient = creditor.to_public().to_string().parse().unwrap();
    let sealed = seal(
        &SealedContent {
            uetr: transfer.ledger.uetr,
            document: &transfer.payload,
            salt: &salt,
            travel: None,
        },
        &recipient,
    )
    .unwrap();
    let opened = open(&sealed, &creditor).unwrap();
    assert_eq!(opened.document.as_bytes(), transfer.payload);
    assert_eq!(opened.uetr, transfer.ledger.uetr);
    assert!(opened.salt.len() == 64);
    assert!(open(&sealed, &x25519::Identity::generate()).is_err());
    let mut damaged = sealed.clone();
    let last = damaged.len() - 1;
    damaged[last] ^= 1;
    assert!(open(&damaged, &creditor).is_err());
}

fn returned() -> karwan_iso20022::PaymentReturn {
    let text = include_str!("../../../iso20022/tests/golden/pacs004.xml");
    let read = karwan_iso20022::read_any(text.as_bytes(), &Profile::default()).unwrap();
    let karwan_iso20022::Message::Return(back) = read else {
        panic!("{read:?}");
    };
    back
}

#[test]
fn a_return_commits_to_its_message_and_the_receiver_can_open_it() {
    let (back, secret) = (returned(), secret(1));
    let instruction = to_return(&back, &secret);
    assert_eq!(
        instruction,
        to_return(&returned(), &secret),
        "every time the same"
    );
    assert_eq!(instruction.uetr, back.uetr());
    let salt = secret.salt(&back.uetr());
    let receiver = x25519::Identity::generate();
    let recipient = receiver.to_public().to_string().parse().unwrap();
    let sealed = seal(
        &SealedContent {
            uetr: back.uetr(),
            document: &back.payload,
            salt: &salt,
            travel: None,
        },
        &recipient,
    )
    .unwrap();
    let opened = open(&sealed, &receiver).unwrap();
    let hash = karwan_types::hash_of(
        karwan_types::HashDomain::Payload,
        &[opened.document.as_bytes()],
    );
    let committed = Some(salt.commit("message", &hash.to_string()));
    assert_eq!(instruction.message_hash, committed);
    let ledger::RecallDecision::Cancel {
        message_hash,
        amount,
        ..
    } = to_returning_answer(&back, &secret).decision
    else {
        panic!("a return gives money back");
    };
    assert_eq!((message_hash, amount), (committed, back.amount));
}

#[test]
fn an_answer_decides_or_is_no_instruction() {
    let read = |text: &str| match karwan_iso20022::read_any(text.as_bytes(), &Profile::default()) {
        Ok(karwan_iso20022::Message::Resolution(resolution)) => resolution,
        other => panic!("{other:?}"),
    };
    let cncl = include_str!("../../../iso20022/tests/golden/camt029_cncl.xml");
    let rjcr = include_str!("../../../iso20022/tests/golden/camt029_rjcr.xml");
    let answer = to_answer(&read(cncl)).unwrap();
    assert_eq!(answer.original_agent.to_string(), "KGBIK:109001");
    assert!(matches!(
        answer.decision,
        ledger::RecallDecision::Cancel { .. }
    ));
    let answer = to_answer(&read(rjcr)).unwrap();
    assert!(matches!(
        answer.decision,
        ledger::RecallDecision::Reject { .. }
    ));
    let pending = rjcr.replace("<Conf>RJCR", "<Conf>PDCR");
    assert_eq!(to_answer(&read(&pending)), Err(NoAnswer::Pending));
    let bare = rjcr.replace("<Conf>RJCR", "<Conf>CNCL");
    assert_eq!(to_answer(&read(&bare)), Err(NoAnswer::NoReturn));
}

fn travelling(uetr: &str) -> (OpenedMessage, karwan_ledger::TravelData) {
    let text = r#"{"originator":{"originatorPersons":[{"naturalPerson":{"name":{"nameIdentifier":[{"primaryIdentifier":"Khan","nameIdentifierType":"LEGL"}]},"customerIdentification":"7"}}]},"beneficiary":{"beneficiaryPersons":[{"naturalPerson":{"name":{"nameIdentifier":[{"primaryIdentifier":"Asanov","nameIdentifierType":"LEGL"}]}}}]}}"#;
    let ivms = karwan_iso20022::ivms101::read(text.as_bytes()).unwrap();
    let payload = TravelPayload::new(ivms, &secret(1));
    let uetr: Uetr = uetr.parse().unwrap();
    let salt = secret(1).salt(&uetr);
    let identity = age::x25519::Identity::generate();
    let recipient = identity.to_public().to_string().parse().unwrap();
    let content = SealedContent {
        uetr,
        document: b"",
        salt: &salt,
        travel: Some(&payload),
    };
    let sealed = seal(&content, &recipient).unwrap();
    (open(&sealed, &identity).unwrap(), payload.data(&salt))
}

#[test]
fn sealed_data_are_those_of_their_payment_and_no_others() {
    let (opened, data) = travelling("8a562c67-ca16-48ba-b074-65581be6f001");
    let (other, other_data) = travelling("8a562c67-ca16-48ba-b074-65581be6f002");
    assert!(TravelPayload::opened(&opened, data).is_ok());
    // Another payment commits to the same data differently, and has the same tag.
    assert_ne!(data.ivms_commitment, other_data.ivms_commitment);
    assert_eq!(data.pair_tag, other_data.pair_tag);
    let problem = TravelPayload::opened(&other, data).unwrap_err();
    assert_eq!(problem, TravelPayloadError::Commitment);
    let mut lied = data;
    lied.pair_tag = data.ivms_commitment;
    let problem = TravelPayload::opened(&opened, lied).unwrap_err();
    assert_eq!(problem, TravelPayloadError::PairTag);
    lied.pair_tag = None;
    assert!(TravelPayload::opened(&opened, lied).is_ok());
    let mut changed = opened.clone();
    changed.ivms101 = opened.ivms101.map(|text| text.replace("Khan", "Kham"));
    let problem = TravelPayload::opened(&changed, data).unwrap_err();
    assert_eq!(problem, TravelPayloadError::Commitment);
    changed.ivms101 = None;
    let problem = TravelPayload::opened(&changed, data).unwrap_err();
    assert_eq!(problem, TravelPayloadError::Missing);
}

#[test]
fn a_national_code_alone_gives_the_purpose_that_the_rulebook_knows_for_it() {
    let mut rulebook = ledger::Rulebook::plain(
        karwan_types::DurationMs::from_millis(60_000),
        karwan_types::DurationMs::from_millis(0),
    );
    let pakistan = "PK".parse().unwrap();
    let one = |code: &str| ledger::PurposeCode {
        code: code.parse().unwrap(),
        name: "A purpose".parse().unwrap(),
        local: vec![ledger::LocalPurpose {
            jurisdiction: pakistan,
            code: "9101".parse().unwrap(),
        }],
    };
    let purpose = |rulebook: &ledger::Rulebook, given: Option<&str>| {
        let mut terms = to_terms(&transfer(), &secret(1));
        assert_eq!(terms.local_purpose.as_ref().unwrap().as_str(), "9101");
        terms.purpose = given.map(|code| code.parse().unwrap());
        let purpose = with_purpose(terms, rulebook).purpose;
        purpose.map(|code| code.to_string())
    };
    assert_eq!(purpose(&rulebook, None), None);
    rulebook.common.purposes.codes = vec![one("GDDS")];
    assert_eq!(purpose(&rulebook, None).as_deref(), Some("GDDS"));
    assert_eq!(purpose(&rulebook, Some("SALA")).as_deref(), Some("SALA"));
    rulebook.common.purposes.codes = vec![one("GDDS"), one("TRAD")];
    assert_eq!(purpose(&rulebook, None), None, "it may be either");
}
