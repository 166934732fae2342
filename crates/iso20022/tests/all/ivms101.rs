//! IVMS101 payloads: what is read, what is refused, each rule broken once, and one spelling for the same data.

use crate::support::{CUSTOMER, any_method};
use karwan_iso20022::ivms101::{
    IVMS101_BYTES_MAX, IVMS101_LIST_MAX, Ivms101, Ivms101Error, Scope, of_transfer, read,
};
use karwan_types::Date;
use serde_json::{Value, json};

fn today() -> Date {
    Date::parse("2026-11-28").unwrap()
}
/// A person pays a company, with everything that FATF asks for.
fn sound() -> Value {
    json!({
        "originator": {
            "originatorPersons": [{ "naturalPerson": {
                "name": {
                    "nameIdentifier": [{
                        "primaryIdentifier": "Khan",
                        "secondaryIdentifier": "Muhammad Ahmad",
                        "nameIdentifierType": "LEGL"
                    }],
                    "localNameIdentifier": [{
                        "primaryIdentifier": "خان",
                        "nameIdentifierType": "LEGL"
                    }]
                },
                "geographicAddress": [{
                    "addressType": "HOME",
                    "streetName": "Harbour Street",
                    "buildingNumber": "7",
                    "townName": "Karachi",
                    "country": "PK"
                }],
                "nationalIdentification": {
                    "nationalIdentifier": "4210112345671",
                    "nationalIdentifierType": "IDCD",
                    "countryOfIssue": "PK"
                },
                "dateAndPlaceOfBirth": { "dateOfBirth": "1969-02-28", "placeOfBirth": "Karachi" },
                "countryOfResidence": "PK"
            }}],
            "accountNumber": ["PK26KRVN0000001123456702"]
        },
        "beneficiary": {
            "beneficiaryPersons": [{ "legalPerson": {
                "name": { "nameIdentifier": [{
                    "legalPersonName": "Naryn Textile LLC",
                    "legalPersonNameIdentifierType": "LEGL"
                }] },
                "nationalIdentification": {
                    "nationalIdentifier": "5493001KJTIIGC8Y1R12",
                    "nationalIdentifierType": "LEIX"
                }
            }}],
            "accountNumber": ["1090010000000001"]
        },
        "transferPath": { "transferPath": [{
            "intermediaryVASP": { "legalPerson": { "name": { "nameIdentifier": [{
                "legalPersonName": "Bridge",
                "legalPersonNameIdentifierType": "LEGL"
            }] } } },
            "sequence": 0
        }] }
    })
}
fn parsed(value: &Value) -> Ivms101 {
    read(value.to_string().as_bytes()).unwrap()
}
/// The number of the rule that a payload breaks.
fn broken(value: &Value, scope: Scope) -> Option<u16> {
    let problem = parsed(value).check(today(), scope).err()?;
    assert!(!problem.to_string().contains("Khan"), "{problem}");
    Some(problem.rule.number())
}

/// Where something is put in, and what; nothing takes the member out.
type Edit = (&'static str, Value);

/// A rule, how much is asked for, and what breaks it: places below the person (`P`), the company (`C`) or the payload, with the JSON
/// that is put there; nothing takes the member out.
type Case = (u16, Scope, &'static [(&'static str, &'static str)]);

const CASES: &[Case] = &[
    (
        1,
        Scope::Standard,
        &[("/beneficiary/beneficiaryPersons", "[]")],
    ),
    (
        2,
        Scope::Standard,
        &[("P/name/nameIdentifier/0/nameIdentifierType", "\"ALIA\"")],
    ),
    (
        2,
        Scope::Standard,
        &[(
            "C/name/nameIdentifier/0/legalPersonNameIdentifierType",
            "\"TRAD\"",
        )],
    ),
    (
        3,
        Scope::Standard,
        &[("P/name/nameIdentifier/0/primaryIdentifier", "\"خان\"")],
    ),
    (
        3,
        Scope::Standard,
        &[("C/name/nameIdentifier/0/legalPersonName", "\"Нарын\"")],
    ),
    (
        4,
        Scope::Standard,
        &[("P/geographicAddress/0/buildingNumber", "")],
    ),
    (
        4,
        Scope::Standard,
        &[(
            "P/geographicAddress/0/addressLine",
            r#"["a","b","c","d","e","f","g","h"]"#,
        )],
    ),
    (
        5,
        Scope::Standard,
        &[("P/geographicAddress/0/country", "\"pk\"")],
    ),
    (5, Scope::Standard, &[("P/countryOfResidence", "\"P1\"")]),
    (
        6,
        Scope::Standard,
        &[("P/dateAndPlaceOfBirth/dateOfBirth", "\"2026-11-28\"")],
    ),
    (
        6,
        Scope::Standard,
        &[("P/dateAndPlaceOfBirth/dateOfBirth", "\"1900-02-29\"")],
    ),
    (
        6,
        Scope::Standard,
        &[("P/dateAndPlaceOfBirth/dateOfBirth", "\"28.02.1969\"")],
    ),
    (
        7,
        Scope::Standard,
        &[
            ("P/geographicAddress", ""),
            ("P/nationalIdentification", ""),
            ("P/dateAndPlaceOfBirth", ""),
        ],
    ),
    (
        8,
        Scope::Standard,
        &[(
            "C/nationalIdentification",
            r#"{"nationalIdentifier":"1","nationalIdentifierType":"CCPT","registrationAuthority":"RA000001"}"#,
        )],
    ),
    (
        9,
        Scope::Standard,
        &[(
            "C/nationalIdentification",
            r#"{"nationalIdentifier":"1","nationalIdentifierType":"TXID","registrationAuthority":"RA000001","countryOfIssue":"KG"}"#,
        )],
    ),
    (
        10,
        Scope::Standard,
        &[(
            "C/nationalIdentification",
            r#"{"nationalIdentifier":"1","nationalIdentifierType":"TXID"}"#,
        )],
    ),
    (
        11,
        Scope::Standard,
        &[(
            "C/nationalIdentification/registrationAuthority",
            "\"RA000001\"",
        )],
    ),
    (
        12,
        Scope::Standard,
        &[(
            "C/nationalIdentification",
            r#"{"nationalIdentifier":"1","nationalIdentifierType":"RAID","registrationAuthority":"RB000001"}"#,
        )],
    ),
    (
        13,
        Scope::Standard,
        &[(
            "C/nationalIdentification/nationalIdentifier",
            "\"5493001KJTIIGC8Y1R13\"",
        )],
    ),
    (
        14,
        Scope::Standard,
        &[("/transferPath/transferPath/0/sequence", "1")],
    ),
    (15, Scope::Fatf, &[("P/dateAndPlaceOfBirth", "")]),
    (16, Scope::Fatf, &[("/beneficiary/accountNumber", "[]")]),
];

#[test]
fn each_rule_is_broken_once_and_named() {
    assert_eq!(broken(&sound(), Scope::Fatf), None);
    for (rule, scope, edits) in CASES {
        let mut value = sound();
        for (place, text) in *edits {
            let place = place
                .replace("P/", "/originator/originatorPersons/0/naturalPerson/")
                .replace("C/", "/beneficiary/beneficiaryPersons/0/legalPerson/");
            let new = if text.is_empty() { "null" } else { text };
            put(&mut value, (&place, serde_json::from_str(new).unwrap()));
        }
        assert_eq!(broken(&value, *scope), Some(*rule), "{edits:?}");
        if *scope == Scope::Fatf {
            assert_eq!(broken(&value, Scope::Standard), None, "{edits:?}");
        }
    }
    let mut value = sound();
    let number = r#"{"nationalIdentifier":"1","nationalIdentifierType":"MISC","registrationAuthority":"RA000585"}"#;
    put(
        &mut value,
        (COMPANY_NUMBER, serde_json::from_str(number).unwrap()),
    );
    assert_eq!(broken(&value, Scope::Fatf), None);
}

const COMPANY_NUMBER: &str = "/beneficiary/beneficiaryPersons/0/legalPerson/nationalIdentification";

fn put(value: &mut Value, (place, new): (&str, Value)) {
    let (parent, name) = place.rsplit_once('/').unwrap();
    let parent = value.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    if new.is_null() {
        parent.remove(name);
    } else {
        parent.insert(name.to_owned(), new);
    }
}

#[test]
fn what_the_standard_does_not_know_is_refused() {
    let edits: &[Edit] = &[
        ("/nickname", json!("x")),
        (
            "/originator/originatorPersons/0/naturalPerson/height",
            json!(180),
        ),
        (
            "/originator/originatorPersons/0/naturalPerson/name/nameIdentifier/0/nameIdentifierType",
            json!("NICK"),
        ),
        (
            "/originator/originatorPersons/0/naturalPerson/countryOfResidence",
            json!("PAK"),
        ),
        ("/originator/originatorPersons/0/legalPerson", json!({})),
        ("/originator/accountNumber", json!(["x".repeat(101)])),
        ("/originator/accountNumber", json!(["a\u{0}b"])),
        ("/originator/accountNumber", json!([" a"])),
        (
            "/originator/accountNumber",
            json!(vec!["1"; IVMS101_LIST_MAX + 1]),
        ),
        ("/beneficiary", Value::Null),
    ];
    for (place, new) in edits {
        let mut value = sound();
        put(&mut value, (place, new.clone()));
        let refused = read(value.to_string().as_bytes());
        assert!(
            matches!(refused, Err(Ivms101Error::Malformed { .. })),
            "{place}"
        );
    }
    let twice = sound()
        .to_string()
        .replacen('{', "{\"originator\":null,", 1);
    assert!(read(twice.as_bytes()).is_err());
}

#[test]
fn hostile_bytes_are_refused_without_a_panic_and_without_room_for_them() {
    let text = sound().to_string();
    for end in 0..text.len() {
        assert!(read(&text.as_bytes()[..end]).is_err(), "cut at {end}");
    }
    let deep = "[".repeat(IVMS101_BYTES_MAX);
    assert!(read(deep.as_bytes()).is_err());
    let deep = format!(
        "{{\"originator\":{}",
        "{\"originatorPersons\":[".repeat(2_000)
    );
    assert!(read(deep.as_bytes()).is_err());
    let long = " ".repeat(IVMS101_BYTES_MAX + 1);
    assert_eq!(
        read(long.as_bytes()),
        Err(Ivms101Error::TooLong(IVMS101_BYTES_MAX + 1))
    );
    let seed = fastrand::u64(..);
    eprintln!("seed {seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    for _ in 0..20_000 {
        let mut bytes = text.clone().into_bytes();
        for _ in 0..random.usize(1..4) {
            let place = random.usize(..bytes.len());
            match random.u8(..3) {
                0 => bytes[place] = random.u8(..),
                1 => {
                    bytes.remove(place);
                }
                _ => bytes.insert(place, random.u8(..)),
            }
        }
        // What can be read has one spelling, which reads back to the same.
        if let Ok(read_once) = read(&bytes) {
            let spelling = read_once.canonical();
            assert_eq!(read(spelling.as_bytes()).unwrap(), read_once, "seed {seed}");
        }
    }
}

/// Writes a value with its members in another order and with white space.
fn write_anew(value: &Value, random: &mut fastrand::Rng) -> String {
    let space = |random: &mut fastrand::Rng| [" ", "", "\n\t", ""][random.usize(..4)].to_owned();
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            random.shuffle(&mut members);
            let mut written = Vec::new();
            for (name, value) in members {
                let value = write_anew(value, random);
                written.push(format!(
                    "{}\"{name}\":{}{value}",
                    space(random),
                    space(random)
                ));
            }
            format!("{{{}{}}}", written.join(","), space(random))
        }
        Value::Array(entries) => {
            let entries: Vec<_> = entries.iter().map(|one| write_anew(one, random)).collect();
            format!("[{}]", entries.join(","))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
    }
}

#[test]
fn the_same_data_have_one_spelling_and_other_data_another() {
    let seed = fastrand::u64(..);
    eprintln!("seed {seed}");
    let expected = parsed(&sound()).canonical();
    assert_eq!(read(expected.as_bytes()).unwrap().canonical(), expected);
    for round in 0..300 {
        let mut random = fastrand::Rng::with_seed(seed.wrapping_add(round));
        let written = write_anew(&sound(), &mut random);
        let found = read(written.as_bytes()).unwrap().canonical();
        assert_eq!(found, expected, "seed {seed} round {round}\n{written}");
    }
    let mut other = sound();
    put(
        &mut other,
        (
            "/originator/accountNumber",
            json!(["PK36SCBL0000001123456702"]),
        ),
    );
    assert_ne!(parsed(&other).canonical(), expected);
}

#[test]
fn a_pair_is_the_two_legal_names_however_they_are_written() {
    let pair = parsed(&sound()).pair();
    assert_eq!(
        pair,
        (
            "KHAN MUHAMMAD AHMAD".to_owned(),
            "NARYN TEXTILE LLC".to_owned()
        )
    );
    let mut again = sound();
    let name = "/originator/originatorPersons/0/naturalPerson/name/nameIdentifier/0";
    put(
        &mut again,
        (
            &format!("{name}/secondaryIdentifier"),
            json!("Muhammad  ahmad"),
        ),
    );
    put(
        &mut again,
        ("/originator/accountNumber", json!(["another account"])),
    );
    assert_eq!(parsed(&again).pair(), pair);
}

#[test]
fn a_customer_message_gives_the_data_that_it_holds() {
    let document = karwan_iso20022::read(CUSTOMER.as_bytes(), &any_method()).unwrap();
    let transfer = &document.transfers[0];
    let ivms = of_transfer(transfer).unwrap();
    assert_eq!(read(ivms.canonical().as_bytes()).unwrap(), ivms);
    let (originator, beneficiary) = ivms.pair();
    let name = transfer.private.debtor.name.clone().unwrap();
    assert_eq!(originator, name.to_uppercase());
    assert!(!beneficiary.is_empty());
}
