//! The parties of a customer payment message as IVMS101 data, so that a message with structured names and addresses needs no
//! second file.
//!
//! What is not in the message is left out, never made up; whether the rest is enough the rules say.

use super::bounded::{Listed, Text};
use super::persons::{
    Address, AddressType, Birth, LegalName, LegalNameIdentifier, LegalNameType, LegalPerson,
    NationalIdentification, NationalIdentifierType, NaturalName, NaturalNameIdentifier,
    NaturalNameType, NaturalPerson, Person,
};
use super::{Beneficiary, Ivms101, Originator};
use crate::transfer::{CreditTransfer, Party, TransferKind};
use karwan_types::AccountNumber;

/// The data of a payment's debtor and creditor; none for a payment between institutions, or without both names.
#[must_use]
pub fn of_transfer(transfer: &CreditTransfer) -> Option<Ivms101> {
    match transfer.ledger.kind {
        TransferKind::FinancialInstitution => return None,
        TransferKind::Customer => {}
    }
    let private = &transfer.private;
    Some(Ivms101 {
        originator: Originator {
            originator_persons: Listed::new(vec![person(&private.debtor)?])?,
            account_number: account(private.debtor_account.as_ref()),
        },
        beneficiary: Beneficiary {
            beneficiary_persons: Listed::new(vec![person(&private.creditor)?])?,
            account_number: account(private.creditor_account.as_ref()),
        },
        originating_vasp: None,
        beneficiary_vasp: None,
        transfer_path: None,
        payload_metadata: None,
    })
}

fn account(number: Option<&AccountNumber>) -> Listed<Text<100>> {
    let number = number.and_then(|number| Text::new(number.as_str()));
    Listed::new(number.into_iter().collect()).unwrap_or_default()
}

/// Lines `path=text` as the reader of messages leaves them.
struct Lines<'a>(&'a str);

impl<'a> Lines<'a> {
    fn all(&self, path: &str) -> Vec<&'a str> {
        let value = |line: &'a str| {
            let (found, text) = line.split_once('=')?;
            (found == path).then_some(text)
        };
        self.0.lines().filter_map(value).collect()
    }
    fn text<const MAX: usize>(&self, path: &str) -> Option<Text<MAX>> {
        Text::new(self.all(path).first()?)
    }
}

fn person(party: &Party) -> Option<Person> {
    let name: Text<100> = Text::new(party.name.as_deref()?)?;
    let numbers = Lines(party.identification.as_deref().unwrap_or_default());
    let address = party
        .address
        .as_deref()
        .and_then(|text| address(&Lines(text)));
    let addresses = |kind| {
        let typed = address.map(|address| Address {
            address_type: kind,
            ..address
        });
        Listed::new(typed.into_iter().collect()).unwrap_or_default()
    };
    let company = numbers.0.lines().any(|line| line.starts_with("OrgId/"));
    let country = party.residence.as_deref().and_then(Text::new);
    if company {
        return Some(Person::LegalPerson(LegalPerson {
            name: LegalName {
                name_identifier: Listed::new(vec![LegalNameIdentifier {
                    legal_person_name: name,
                    legal_person_name_identifier_type: LegalNameType::Legl,
                }])?,
                local_name_identifier: Listed::default(),
                phonetic_name_identifier: Listed::default(),
            },
            geographic_address: addresses(AddressType::Bizz),
            customer_identification: numbers.text("OrgId/Othr/Id"),
            national_identification: numbers.text("OrgId/LEI").map(lei),
            country_of_registration: country,
        }));
    }
    Some(Person::NaturalPerson(NaturalPerson {
        name: NaturalName {
            name_identifier: Listed::new(vec![NaturalNameIdentifier {
                primary_identifier: name,
                secondary_identifier: None,
                name_identifier_type: NaturalNameType::Legl,
            }])?,
            local_name_identifier: Listed::default(),
            phonetic_name_identifier: Listed::default(),
        },
        geographic_address: addresses(AddressType::Home),
        national_identification: national(&numbers),
        customer_identification: customer(&numbers),
        date_and_place_of_birth: birth(&numbers),
        country_of_residence: country,
    }))
}

fn lei(number: Text<35>) -> NationalIdentification {
    NationalIdentification {
        national_identifier: number,
        national_identifier_type: NationalIdentifierType::Leix,
        country_of_issue: None,
        registration_authority: None,
    }
}

/// The codes of ISO 20022 for numbers of people (`ExternalPersonIdentification1Code`) that the standard knows as well.
fn national(numbers: &Lines<'_>) -> Option<NationalIdentification> {
    use NationalIdentifierType::{Arnu, Ccpt, Drlc, Idcd, Socs, Txid};
    let kind = match *numbers.all("PrvtId/Othr/SchmeNm/Cd").first()? {
        "ARNU" => Arnu,
        "CCPT" => Ccpt,
        "DRLC" => Drlc,
        "NIDN" => Idcd,
        "SOSE" => Socs,
        "TXID" => Txid,
        _ => return None,
    };
    Some(NationalIdentification {
        national_identifier: numbers.text("PrvtId/Othr/Id")?,
        national_identifier_type: kind,
        country_of_issue: None,
        registration_authority: None,
    })
}

fn customer(numbers: &Lines<'_>) -> Option<Text<50>> {
    let code = numbers.all("PrvtId/Othr/SchmeNm/Cd");
    let known = code.first().is_some_and(|code| *code == "CUST");
    known.then(|| numbers.text("PrvtId/Othr/Id")).flatten()
}

fn birth(numbers: &Lines<'_>) -> Option<Birth> {
    let part = |name: &str| numbers.all(&format!("PrvtId/DtAndPlcOfBirth/{name}"));
    let places = [part("CityOfBirth"), part("CtryOfBirth")].concat();
    Some(Birth {
        date_of_birth: Text::new(part("BirthDt").first()?)?,
        place_of_birth: Text::new(&places.join(", "))?,
    })
}

fn address(lines: &Lines<'_>) -> Option<Address> {
    let free = lines.all("AdrLine");
    let free: Vec<Text<70>> = free.into_iter().filter_map(Text::new).collect();
    Some(Address {
        address_type: AddressType::Geog,
        department: lines.text("Dept"),
        sub_department: lines.text("SubDept"),
        street_name: lines.text("StrtNm"),
        building_number: lines.text("BldgNb"),
        building_name: lines.text("BldgNm"),
        floor: lines.text("Flr"),
        post_box: lines.text("PstBx"),
        room: lines.text("Room"),
        post_code: lines.text("PstCd"),
        town_name: lines.text("TwnNm")?,
        town_location_name: lines.text("TwnLctnNm"),
        district_name: lines.text("DstrctNm"),
        country_sub_division: lines.text("CtrySubDvsn"),
        address_line: Listed::new(free)?,
        country: lines.text("Ctry")?,
    })
}
