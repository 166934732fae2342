//! Persons of the standard: natural and legal ones, their names, addresses and identifications.
//!
//! Plain values with the standard's member names; the rules about them are in `rules`.

use super::bounded::{Listed, Text};
use serde::{Deserialize, Serialize};

/// A person: exactly one of the two kinds.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Person {
    /// A human being.
    NaturalPerson(NaturalPerson),
    /// A company or an institution.
    LegalPerson(LegalPerson),
}

/// A human being.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NaturalPerson {
    /// Its names.
    pub name: NaturalName,
    /// Its addresses.
    #[serde(default, skip_serializing_if = "Listed::is_empty")]
    pub geographic_address: Listed<Address>,
    /// A number that a state gave it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub national_identification: Option<NationalIdentification>,
    /// A number that its institution gave it.
    #[serde(alias = "customerNumber", skip_serializing_if = "Option::is_none")]
    pub customer_identification: Option<Text<50>>,
    /// When and where it was born.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_and_place_of_birth: Option<Birth>,
    /// Where it lives, two letters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country_of_residence: Option<Text<2>>,
}

/// The names of a human being.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NaturalName {
    /// In Latin letters; one of them is the legal name.
    pub name_identifier: Listed<NaturalNameIdentifier>,
    /// In the letters of the country.
    #[serde(default, skip_serializing_if = "Listed::is_empty")]
    pub local_name_identifier: Listed<NaturalNameIdentifier>,
    /// As they are spoken.
    #[serde(default, skip_serializing_if = "Listed::is_empty")]
    pub phonetic_name_identifier: Listed<NaturalNameIdentifier>,
}

/// One name of a human being.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NaturalNameIdentifier {
    /// The family name, or the whole name where it has no parts.
    pub primary_identifier: Text<100>,
    /// The other names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secondary_identifier: Option<Text<100>>,
    /// What sort of name it is.
    pub name_identifier_type: NaturalNameType,
}

/// Sorts of names of human beings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum NaturalNameType {
    /// An alias.
    Alia,
    /// The name at birth.
    Birt,
    /// The maiden name.
    Maid,
    /// The legal name.
    Legl,
    /// Any other.
    Misc,
}

/// A company or an institution.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LegalPerson {
    /// Its names.
    pub name: LegalName,
    /// Its addresses.
    #[serde(default, skip_serializing_if = "Listed::is_empty")]
    pub geographic_address: Listed<Address>,
    /// A number that its institution gave it.
    #[serde(alias = "customerNumber", skip_serializing_if = "Option::is_none")]
    pub customer_identification: Option<Text<50>>,
    /// A number that an authority gave it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub national_identification: Option<NationalIdentification>,
    /// Where it is registered, two letters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country_of_registration: Option<Text<2>>,
}

/// The names of a company.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LegalName {
    /// In Latin letters; one of them is the legal name.
    pub name_identifier: Listed<LegalNameIdentifier>,
    /// In the letters of the country.
    #[serde(default, skip_serializing_if = "Listed::is_empty")]
    pub local_name_identifier: Listed<LegalNameIdentifier>,
    /// As they are spoken.
    #[serde(default, skip_serializing_if = "Listed::is_empty")]
    pub phonetic_name_identifier: Listed<LegalNameIdentifier>,
}

/// One name of a company.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LegalNameIdentifier {
    /// The name.
    pub legal_person_name: Text<100>,
    /// What sort of name it is.
    pub legal_person_name_identifier_type: LegalNameType,
}

/// Sorts of names of companies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum LegalNameType {
    /// The legal name.
    Legl,
    /// A short form.
    Shrt,
    /// The name in trade.
    Trad,
}

/// An address.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Address {
    /// What it is the address of.
    pub address_type: AddressType,
    /// The department.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub department: Option<Text<50>>,
    /// The part of the department.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub_department: Option<Text<70>>,
    /// The street.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub street_name: Option<Text<70>>,
    /// The number of the house.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub building_number: Option<Text<16>>,
    /// The name of the house.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub building_name: Option<Text<35>>,
    /// The floor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub floor: Option<Text<70>>,
    /// The post box.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub post_box: Option<Text<16>>,
    /// The room.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub room: Option<Text<70>>,
    /// The post code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub post_code: Option<Text<16>>,
    /// The town.
    pub town_name: Text<35>,
    /// The part of the town.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub town_location_name: Option<Text<35>>,
    /// The district.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub district_name: Option<Text<35>>,
    /// The part of the country.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country_sub_division: Option<Text<35>>,
    /// Free lines, at most seven.
    #[serde(default, skip_serializing_if = "Listed::is_empty")]
    pub address_line: Listed<Text<70>>,
    /// The country, two letters.
    pub country: Text<2>,
}

/// What an address is the address of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum AddressType {
    /// Where somebody lives.
    Home,
    /// Where somebody works.
    Bizz,
    /// Any other.
    Geog,
}

/// A number that a state or an authority gave.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NationalIdentification {
    /// The number.
    pub national_identifier: Text<35>,
    /// What sort of number it is.
    pub national_identifier_type: NationalIdentifierType,
    /// The state that gave it to a human being, two letters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country_of_issue: Option<Text<2>>,
    /// The authority that gave it to a company, `RA` and six digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registration_authority: Option<Text<8>>,
}

/// Sorts of such numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum NationalIdentifierType {
    /// Of aliens.
    Arnu,
    /// Of passports.
    Ccpt,
    /// Of a registration authority.
    Raid,
    /// Of driving licences.
    Drlc,
    /// Of foreign investors.
    Fiin,
    /// Of taxpayers.
    Txid,
    /// Of social security.
    Socs,
    /// Of identity cards.
    Idcd,
    /// An LEI.
    Leix,
    /// Any other.
    Misc,
}

/// When and where somebody was born.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Birth {
    /// `YYYY-MM-DD`.
    pub date_of_birth: Text<10>,
    /// Town, part of the country, country.
    pub place_of_birth: Text<70>,
}

impl Person {
    /// The legal names in capitals, sorted; any name of a person that has no legal one.
    pub(super) fn identity(&self) -> String {
        let mut names: Vec<String> = match self {
            Self::NaturalPerson(person) => {
                let all = person.name.name_identifier.iter();
                let legal = all.filter(|one| one.name_identifier_type == NaturalNameType::Legl);
                legal.map(NaturalNameIdentifier::whole).collect()
            }
            Self::LegalPerson(person) => {
                let all = person.name.name_identifier.iter();
                let legal =
                    all.filter(|one| one.legal_person_name_identifier_type == LegalNameType::Legl);
                legal
                    .map(|one| one.legal_person_name.as_str().to_owned())
                    .collect()
            }
        };
        for name in &mut names {
            *name = name
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" ")
                .to_uppercase();
        }
        names.sort();
        names.join("/")
    }
}

impl NaturalNameIdentifier {
    fn whole(&self) -> String {
        match &self.secondary_identifier {
            Some(others) => format!("{} {}", self.primary_identifier.as_str(), others.as_str()),
            None => self.primary_identifier.as_str().to_owned(),
        }
    }
}
