//! The rules of the standard, each with a number that stands in refusals, and what this network and FATF ask for beyond.
//!
//! What must hold: the first rule broken is named, by its place in the payload and without quoting what stands there.

use super::Ivms101;
use super::bounded::{Listed, Text};
use super::persons::{
    Address, LegalNameType, LegalPerson, NationalIdentification, NationalIdentifierType,
    NaturalNameType, NaturalPerson, Person,
};
use karwan_types::{Date, Lei};

/// The most free lines of an address.
const ADDRESS_LINES_MAX: usize = 7;

/// How much is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// What the standard asks for.
    Standard,
    /// Also what FATF Recommendation 16 (June 2025) asks for from the threshold on: of a natural originator name, address and
    /// date of birth, of any other person name and address or an official number.
    Fatf,
}

/// A rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Ivms101Rule {
    /// 1
    #[error("needs at least one person")]
    Persons,
    /// 2
    #[error("needs a legal name (LEGL)")]
    LegalName,
    /// 3
    #[error(
        "has a principal name that is not in Latin letters; write it in Latin letters and keep the other in localNameIdentifier"
    )]
    LatinName,
    /// 4
    #[error(
        "needs an addressLine, or a streetName with a buildingName or a buildingNumber; at most seven lines"
    )]
    Address,
    /// 5
    #[error("has a country that is not two capital letters of ISO 3166")]
    Country,
    /// 6
    #[error("has a date of birth that is no date or does not lie in the past")]
    BirthDate,
    /// 7
    #[error(
        "needs an address, a national identification, a customer identification, or a date and place of birth"
    )]
    Originator,
    /// 8
    #[error("is a company, whose national identifier is of type RAID, MISC, LEIX or TXID")]
    LegalIdentifierType,
    /// 9
    #[error("is a company, whose national identification has no countryOfIssue")]
    CountryOfIssue,
    /// 10
    #[error("needs a registrationAuthority, because its national identifier is no LEI")]
    AuthorityMissing,
    /// 11
    #[error("has an LEI, beside which no registrationAuthority stands")]
    AuthorityForbidden,
    /// 12
    #[error("has a registrationAuthority that is not RA and six digits")]
    AuthorityFormat,
    /// 13
    #[error("has an LEI whose check digits are wrong")]
    Lei,
    /// 14
    #[error("has intermediaries that are not numbered 0, 1, 2 and so on")]
    Sequence,
    /// 15
    #[error(
        "needs an address and a date of birth, which FATF Recommendation 16 asks for of an originator from the threshold on"
    )]
    FatfOriginator,
    /// 16
    #[error("needs an account number, which FATF Recommendation 16 asks for from the threshold on")]
    FatfAccount,
}

impl Ivms101Rule {
    /// The stable number.
    #[must_use]
    pub const fn number(self) -> u16 {
        match self {
            Self::Persons => 1,
            Self::LegalName => 2,
            Self::LatinName => 3,
            Self::Address => 4,
            Self::Country => 5,
            Self::BirthDate => 6,
            Self::Originator => 7,
            Self::LegalIdentifierType => 8,
            Self::CountryOfIssue => 9,
            Self::AuthorityMissing => 10,
            Self::AuthorityForbidden => 11,
            Self::AuthorityFormat => 12,
            Self::Lei => 13,
            Self::Sequence => 14,
            Self::FatfOriginator => 15,
            Self::FatfAccount => 16,
        }
    }
}

/// A rule that a payload breaks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place} {rule} (IVMS101 rule {})", .rule.number())]
pub struct Ivms101Problem {
    /// Where, for example `originator.originatorPersons[0]`.
    pub place: String,
    /// Which.
    pub rule: Ivms101Rule,
}

type Checked = Result<(), Ivms101Rule>;

fn require(holds: bool, rule: Ivms101Rule) -> Checked {
    if holds { Ok(()) } else { Err(rule) }
}

/// What a person is in a payload.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Originator,
    Other,
}

pub(super) fn check(payload: &Ivms101, today: Date, scope: Scope) -> Result<(), Ivms101Problem> {
    let at = |place: &str, checked: Checked| {
        let place = place.to_owned();
        checked.map_err(|rule| Ivms101Problem { place, rule })
    };
    let (originator, beneficiary) = (&payload.originator, &payload.beneficiary);
    for (name, persons, part) in [
        (
            "originator.originatorPersons",
            &originator.originator_persons,
            Part::Originator,
        ),
        (
            "beneficiary.beneficiaryPersons",
            &beneficiary.beneficiary_persons,
            Part::Other,
        ),
    ] {
        at(name, require(!persons.is_empty(), Ivms101Rule::Persons))?;
        for (index, person) in persons.iter().enumerate() {
            let place = format!("{name}[{index}]");
            at(&place, check_person(person, today, (part, scope)))?;
        }
    }
    for (name, accounts) in [
        ("originator", &originator.account_number),
        ("beneficiary", &beneficiary.account_number),
    ] {
        let there = scope == Scope::Standard || !accounts.is_empty();
        at(name, require(there, Ivms101Rule::FatfAccount))?;
    }
    let institution = |person| check_person(person, today, (Part::Other, Scope::Standard));
    if let Some(one) = &payload.originating_vasp {
        at("originatingVASP", institution(&one.institution))?;
    }
    if let Some(one) = &payload.beneficiary_vasp {
        at("beneficiaryVASP", institution(&one.institution))?;
    }
    if let Some(path) = &payload.transfer_path {
        for (number, one) in (0u32..).zip(&path.transfer_path) {
            let place = format!("transferPath[{number}]");
            at(
                &place,
                require(one.sequence == number, Ivms101Rule::Sequence),
            )?;
            at(&place, institution(&one.institution))?;
        }
    }
    Ok(())
}

fn check_person(person: &Person, today: Date, asked: (Part, Scope)) -> Checked {
    match person {
        Person::NaturalPerson(person) => check_natural(person, today, asked),
        Person::LegalPerson(person) => check_legal(person, asked.0),
    }
}

fn check_natural(person: &NaturalPerson, today: Date, (part, scope): (Part, Scope)) -> Checked {
    let names = &person.name.name_identifier;
    let legal = |kind| kind == NaturalNameType::Legl;
    let has_legal = names.iter().any(|one| legal(one.name_identifier_type));
    require(has_legal, Ivms101Rule::LegalName)?;
    for one in names {
        let second = one.secondary_identifier.as_ref();
        let latin = is_latin(one.primary_identifier.as_str())
            && second.is_none_or(|second| is_latin(second.as_str()));
        require(latin, Ivms101Rule::LatinName)?;
    }
    check_addresses(&person.geographic_address)?;
    check_country(person.country_of_residence.as_ref())?;
    if let Some(number) = &person.national_identification {
        check_country(number.country_of_issue.as_ref())?;
        check_lei(number)?;
    }
    let birth = person.date_and_place_of_birth.as_ref();
    if let Some(birth) = birth {
        require(
            is_past(birth.date_of_birth.as_str(), today),
            Ivms101Rule::BirthDate,
        )?;
    }
    let address = !person.geographic_address.is_empty();
    let known = address
        || birth.is_some()
        || person.national_identification.is_some()
        || person.customer_identification.is_some();
    if part == Part::Originator {
        require(known, Ivms101Rule::Originator)?;
        let whole = scope == Scope::Standard || (address && birth.is_some());
        require(whole, Ivms101Rule::FatfOriginator)?;
    }
    Ok(())
}

fn check_legal(person: &LegalPerson, part: Part) -> Checked {
    let names = &person.name.name_identifier;
    let legal = |kind| kind == LegalNameType::Legl;
    let has_legal = names
        .iter()
        .any(|one| legal(one.legal_person_name_identifier_type));
    require(has_legal, Ivms101Rule::LegalName)?;
    let latin = names
        .iter()
        .all(|one| is_latin(one.legal_person_name.as_str()));
    require(latin, Ivms101Rule::LatinName)?;
    check_addresses(&person.geographic_address)?;
    check_country(person.country_of_registration.as_ref())?;
    if let Some(number) = &person.national_identification {
        check_legal_number(number)?;
    }
    let known = !person.geographic_address.is_empty()
        || person.national_identification.is_some()
        || person.customer_identification.is_some();
    require(known || part == Part::Other, Ivms101Rule::Originator)
}

fn check_legal_number(number: &NationalIdentification) -> Checked {
    use NationalIdentifierType::{Leix, Misc, Raid, Txid};
    let kind = number.national_identifier_type;
    require(
        [Raid, Misc, Leix, Txid].contains(&kind),
        Ivms101Rule::LegalIdentifierType,
    )?;
    require(
        number.country_of_issue.is_none(),
        Ivms101Rule::CountryOfIssue,
    )?;
    match (&number.registration_authority, kind == Leix) {
        (None, true) => {}
        (Some(_), true) => return Err(Ivms101Rule::AuthorityForbidden),
        (None, false) => return Err(Ivms101Rule::AuthorityMissing),
        (Some(authority), false) => {
            let digits = authority.as_str().strip_prefix("RA").unwrap_or_default();
            let right = digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_digit());
            require(right, Ivms101Rule::AuthorityFormat)?;
        }
    }
    check_lei(number)
}

fn check_lei(number: &NationalIdentification) -> Checked {
    let right = number.national_identifier_type != NationalIdentifierType::Leix
        || Lei::parse(number.national_identifier.as_str()).is_ok();
    require(right, Ivms101Rule::Lei)
}

fn check_addresses(addresses: &Listed<Address>) -> Checked {
    for address in addresses {
        let house = address.building_name.is_some() || address.building_number.is_some();
        let parts = address.street_name.is_some() && house;
        let lines = address.address_line.iter().count();
        let written = (lines > 0 || parts) && lines <= ADDRESS_LINES_MAX;
        require(written, Ivms101Rule::Address)?;
        check_country(Some(&address.country))?;
    }
    Ok(())
}

fn check_country(country: Option<&Text<2>>) -> Checked {
    let letters = |country: &Text<2>| {
        let text = country.as_str();
        text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase())
    };
    require(country.is_none_or(letters), Ivms101Rule::Country)
}

fn is_past(text: &str, today: Date) -> bool {
    // People who live were born after 1870; the network's own dates begin in 1970.
    let year: Option<u16> = text.get(..4).and_then(|year| year.parse().ok());
    let Some(year) = year.filter(|year| *year >= 1870) else {
        return false;
    };
    if year >= 1970 {
        return Date::parse(text).is_ok_and(|date| date < today);
    }
    // 1972 to 2072 have the same leap years as 1872 to 1972, but for 1900.
    let later = year.saturating_add(100);
    let shifted = text.get(4..).map(|rest| format!("{later}{rest}"));
    let no_day = year == 1900 && text.ends_with("-02-29");
    !no_day && shifted.is_some_and(|text| Date::parse(&text).is_ok())
}

/// Letters of the Latin script with their accents, digits, and what stands in names.
fn is_latin(text: &str) -> bool {
    text.chars().all(|character| {
        let latin = matches!(u32::from(character), 0xC0..=0x24F | 0x1E00..=0x1EFF);
        character.is_ascii_graphic() || character == ' ' || latin || character == '\u{2019}'
    })
}
