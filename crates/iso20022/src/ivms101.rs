//! IVMS101: the data of originator and beneficiary that travel with a customer payment, as the standard's JSON.
//!
//! [`read`] takes the text of one payload and gives a typed value or a [`Ivms101Error`] that names the place. [`Ivms101::check`]
//! applies the rules of the standard, the rule of this network that a principal name is written in Latin letters, and on request
//! what FATF Recommendation 16 of June 2025 asks for from the threshold on. [`Ivms101::canonical`] is the one spelling from which a
//! commitment is made: the same data give the same bytes, whatever the white space and the order of members were.
//!
//! What must hold: nothing is read beyond [`IVMS101_BYTES_MAX`], every list and text has its limit, which is looked at before an
//! entry is kept, and a member that the standard does not know is refused, so that nothing lies in a commitment unread.
//!
//! What it refuses to know: clocks (the day is an argument), the ledger, and whether a person exists. Its refusals never quote
//! what they refuse.

mod bounded;
mod parties;
mod persons;
mod rules;

pub use bounded::{IVMS101_LIST_MAX, Listed, Text};
pub use parties::of_transfer;
pub use persons::{
    Address, AddressType, Birth, LegalName, LegalNameIdentifier, LegalNameType, LegalPerson,
    NationalIdentification, NationalIdentifierType, NaturalName, NaturalNameIdentifier,
    NaturalNameType, NaturalPerson, Person,
};
pub use rules::{Ivms101Problem, Ivms101Rule, Scope};

use crate::refusal::IsoReason;
use bounded::Listed as List;
use serde::{Deserialize, Serialize};

/// The largest payload, in bytes.
pub const IVMS101_BYTES_MAX: usize = 64 << 10;

/// A whole payload. Debug output hides it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Ivms101 {
    /// On whose behalf the money is sent.
    pub originator: Originator,
    /// Who is to have it.
    pub beneficiary: Beneficiary,
    /// The originator's institution.
    #[serde(rename = "originatingVASP", skip_serializing_if = "Option::is_none")]
    pub originating_vasp: Option<OriginatingVasp>,
    /// The beneficiary's institution.
    #[serde(rename = "beneficiaryVASP", skip_serializing_if = "Option::is_none")]
    pub beneficiary_vasp: Option<BeneficiaryVasp>,
    /// The institutions between them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transfer_path: Option<TransferPath>,
    /// How names were written in Latin letters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload_metadata: Option<PayloadMetadata>,
}

/// Originators and their accounts.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Originator {
    /// At least one.
    pub originator_persons: List<Person>,
    /// Their accounts.
    #[serde(default, skip_serializing_if = "Listed::is_empty")]
    pub account_number: List<Text<100>>,
}

/// Beneficiaries and their accounts.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Beneficiary {
    /// At least one.
    pub beneficiary_persons: List<Person>,
    /// Their accounts.
    #[serde(default, skip_serializing_if = "Listed::is_empty")]
    pub account_number: List<Text<100>>,
}

/// The originator's institution.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OriginatingVasp {
    /// As a person of the standard.
    #[serde(rename = "originatingVASP")]
    pub institution: Person,
}

/// The beneficiary's institution.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BeneficiaryVasp {
    /// As a person of the standard.
    #[serde(rename = "beneficiaryVASP")]
    pub institution: Person,
}

/// The institutions between the two, in order.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TransferPath {
    /// In the order of their numbers, which count from 0.
    pub transfer_path: List<Intermediary>,
}

/// One institution between the two.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Intermediary {
    /// As a person of the standard.
    #[serde(rename = "intermediaryVASP")]
    pub institution: Person,
    /// Its number.
    pub sequence: u32,
}

/// About the payload itself.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PayloadMetadata {
    /// The methods by which local names were written in Latin letters, four letters each.
    #[serde(default, skip_serializing_if = "Listed::is_empty")]
    pub transliteration_method: List<Text<4>>,
    /// The version of the standard, for example `101.2023`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload_version: Option<Text<10>>,
}

impl core::fmt::Debug for Ivms101 {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter.write_str("Ivms101(..)")
    }
}

/// Why a text is no payload.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Ivms101Error {
    /// Too large.
    #[error("the IVMS101 file has {0} bytes, more than the limit of {IVMS101_BYTES_MAX}")]
    TooLong(usize),
    /// Not the JSON of the standard.
    #[error("the IVMS101 file cannot be read at line {line}, column {column}: {problem}")]
    Malformed {
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        column: usize,
        /// What is wrong, without what stands there.
        problem: &'static str,
    },
}

/// Reads the text of a payload.
///
/// # Errors
/// `Ivms101Error` says where the text is not the standard's JSON.
pub fn read(text: &[u8]) -> Result<Ivms101, Ivms101Error> {
    if text.len() > IVMS101_BYTES_MAX {
        return Err(Ivms101Error::TooLong(text.len()));
    }
    serde_json::from_slice(text).map_err(|error| Ivms101Error::Malformed {
        line: error.line(),
        column: error.column(),
        problem: match error.classify() {
            serde_json::error::Category::Eof => "it ends too early",
            serde_json::error::Category::Syntax => "it is no JSON",
            serde_json::error::Category::Data | serde_json::error::Category::Io => {
                "a member is missing, unknown, twice there, too long, or of another kind than the standard says"
            }
        },
    })
}

impl Ivms101 {
    /// The one spelling of these data: members in the standard's order, no white space.
    #[must_use]
    pub fn canonical(&self) -> String {
        serde_json::to_string(self).expect("a payload has text keys and plain values only")
    }
    /// Who sends and who is to have the money, for the tag that tells that two payments are between the same two persons: their
    /// legal names in capitals. More than the name would let a leading zero in an address part the payments of one person;
    /// two persons of one name count together, which only asks for more attestations.
    #[must_use]
    pub fn pair(&self) -> (String, String) {
        let names = |persons: &List<Person>| {
            let mut names: Vec<String> = persons.iter().map(Person::identity).collect();
            names.sort();
            names.join("\n")
        };
        (
            names(&self.originator.originator_persons),
            names(&self.beneficiary.beneficiary_persons),
        )
    }
    /// Applies the rules.
    ///
    /// # Errors
    /// The first `Ivms101Problem`: the place and the rule.
    pub fn check(&self, today: karwan_types::Date, scope: Scope) -> Result<(), Ivms101Problem> {
        rules::check(self, today, scope)
    }
}

impl Ivms101Problem {
    /// The ISO reason under which a gateway refuses a payment for it.
    #[must_use]
    pub fn iso_reason(&self) -> IsoReason {
        if self.rule == Ivms101Rule::LatinName {
            IsoReason::InvalidCharacterSet
        } else if self.place.starts_with("originat") {
            IsoReason::MissingDebtorName
        } else {
            IsoReason::MissingCreditorName
        }
    }
}
