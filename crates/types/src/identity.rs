//! Who is meant: institutions, jurisdictions, accounts and payments by the identifiers the field uses.

use crate::text::{WordError, is_fin_x, text_word, word_serde};
use core::fmt;
use core::str::FromStr;
use serde::{Deserialize, Serialize};

/// An ISO 3166 alpha-2 country code that names a jurisdiction, for example `PK`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JurisdictionCode([u8; 2]);

impl JurisdictionCode {
    /// Reads two capital letters.
    ///
    /// # Errors
    /// `WordError` otherwise.
    pub fn parse(text: &str) -> Result<Self, WordError> {
        let error = || {
            WordError::new(
                "jurisdiction",
                text,
                "must be two capital letters (ISO 3166)",
            )
        };
        let bytes: [u8; 2] = text.as_bytes().try_into().map_err(|_| error())?;
        if !bytes.iter().all(u8::is_ascii_uppercase) {
            return Err(error());
        }
        Ok(Self(bytes))
    }
    /// The two letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.0).expect("a jurisdiction code is ASCII")
    }
    fn to_wire(self) -> [u8; 2] {
        self.0
    }
    fn from_wire(bytes: [u8; 2]) -> Result<Self, WordError> {
        Self::parse(&String::from_utf8_lossy(&bytes))
    }
}

/// A legal entity identifier, ISO 17442: 18 letters and digits and two check digits (ISO 7064 mod 97-10). The ledger's
/// name for an institution.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lei([u8; 20]);

impl Lei {
    /// Reads 20 characters with right check digits.
    ///
    /// # Errors
    /// `WordError` names the rule broken.
    pub fn parse(text: &str) -> Result<Self, WordError> {
        let error = |rule| WordError::new("LEI", text, rule);
        let bytes: [u8; 20] = text
            .as_bytes()
            .try_into()
            .map_err(|_| error("must have 20 characters"))?;
        if !bytes
            .iter()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        {
            return Err(error("must be capital letters and digits"));
        }
        if !bytes[18..].iter().all(u8::is_ascii_digit) || mod_97(text) != Some(1) {
            return Err(error("has wrong check digits (ISO 7064 mod 97-10)"));
        }
        Ok(Self(bytes))
    }
    /// The 20 characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.0).expect("an LEI is ASCII")
    }
    fn to_wire(self) -> [u8; 20] {
        self.0
    }
    fn from_wire(bytes: [u8; 20]) -> Result<Self, WordError> {
        Self::parse(&String::from_utf8_lossy(&bytes))
    }
}

/// The number written by `text`, letters standing for 10 to 35, modulo 97 (ISO 7064).
#[must_use]
pub fn mod_97(text: &str) -> Option<u32> {
    text.chars().try_fold(0u32, |rest, character| {
        let digit = character.to_digit(36)?;
        let shift = if digit < 10 { 10 } else { 100 };
        rest.checked_mul(shift)?.checked_add(digit)?.checked_rem(97)
    })
}

/// A business identifier code, ISO 9362, of 8 or 11 characters. Eight mean the head office, as `XXX` does: both are one
/// value and are written with eight.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bic([u8; 11]);

impl Bic {
    /// Reads a BIC by the pattern of ISO 20022.
    ///
    /// # Errors
    /// `WordError` names the rule broken.
    pub fn parse(text: &str) -> Result<Self, WordError> {
        let error = |rule| WordError::new("BIC", text, rule);
        if !text.is_ascii() || !matches!(text.len(), 8 | 11) {
            return Err(error("must have 8 or 11 characters"));
        }
        let mut bytes = *b"XXXXXXXXXXX";
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        let all =
            |range: core::ops::Range<usize>, check: fn(&u8) -> bool| bytes[range].iter().all(check);
        let letter_or_digit = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
        if !all(0..4, letter_or_digit)
            || !all(4..6, u8::is_ascii_uppercase)
            || !all(6..11, letter_or_digit)
        {
            return Err(error(
                "must be 4 letters or digits, 2 letters for the country, 2 or 5 letters or digits",
            ));
        }
        Ok(Self(bytes))
    }
    /// The code, without `XXX` at its end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let text = core::str::from_utf8(&self.0).expect("a BIC is ASCII");
        text.strip_suffix("XXX").unwrap_or(text)
    }
    fn to_wire(self) -> [u8; 11] {
        self.0
    }
    fn from_wire(bytes: [u8; 11]) -> Result<Self, WordError> {
        Self::parse(&String::from_utf8_lossy(&bytes))
    }
}

/// A unique end-to-end transaction reference: a UUID version 4 in lower case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uetr([u8; 16]);

impl Uetr {
    /// Reads the canonical lower-case text of a UUID version 4.
    ///
    /// # Errors
    /// `WordError` otherwise.
    pub fn parse(text: &str) -> Result<Self, WordError> {
        let error = || WordError::new("UETR", text, "must be a UUID version 4 in lower case");
        let uuid = uuid::Uuid::try_parse(text).map_err(|_| error())?;
        if uuid.hyphenated().to_string() != text {
            return Err(error());
        }
        Self::from_wire(uuid.into_bytes()).map_err(|_| error())
    }
    /// Makes a UETR from 16 random bytes by setting the version and variant bits.
    #[must_use]
    pub fn from_random_bytes(bytes: [u8; 16]) -> Self {
        Self(
            uuid::Builder::from_random_bytes(bytes)
                .into_uuid()
                .into_bytes(),
        )
    }
    /// The 16 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
    fn to_wire(self) -> [u8; 16] {
        self.0
    }
    fn from_wire(bytes: [u8; 16]) -> Result<Self, WordError> {
        let uuid = uuid::Uuid::from_bytes(bytes);
        let right = uuid.get_version_num() == 4 && uuid.get_variant() == uuid::Variant::RFC4122;
        if right {
            Ok(Self(bytes))
        } else {
            Err(WordError::new(
                "UETR",
                &uuid.to_string(),
                "must be a UUID version 4",
            ))
        }
    }
}

macro_rules! fixed_word {
    ($name:ident, $inner:ty) => {
        word_serde!($name, $inner);
        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.pad(self.as_str())
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, "{self}")
            }
        }
        impl FromStr for $name {
            type Err = WordError;
            fn from_str(text: &str) -> Result<Self, WordError> {
                Self::parse(text)
            }
        }
    };
}
fixed_word!(JurisdictionCode, [u8; 2]);
fixed_word!(Lei, [u8; 20]);
fixed_word!(Bic, [u8; 11]);

word_serde!(Uetr, [u8; 16]);
impl fmt::Display for Uetr {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        uuid::Uuid::from_bytes(self.0).hyphenated().fmt(formatter)
    }
}
impl fmt::Debug for Uetr {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self}")
    }
}
impl FromStr for Uetr {
    type Err = WordError;
    fn from_str(text: &str) -> Result<Self, WordError> {
        Self::parse(text)
    }
}

text_word! {
    /// An ISO 20022 identifier of 1 to 35 characters of the FIN-X set (`EndToEndId`, `InstrId`, `MsgId`, …).
    Max35Text, "identifier", |text| {
        if text.is_empty() || text.len() > 35 {
            Err("must have 1 to 35 characters")
        } else if !text.chars().all(is_fin_x) {
            Err("may hold letters, digits, space and / - ? : ( ) . , ' + only")
        } else {
            Ok(())
        }
    }
}

text_word! {
    /// A code of an external list, 1 to 4 capital letters or digits, for example the purpose `GDDS`.
    ExternalCode, "code", |text| {
        if text.is_empty() || text.len() > 4 {
            Err("must have 1 to 4 characters")
        } else if !text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()) {
            Err("must be capital letters and digits")
        } else {
            Ok(())
        }
    }
}

text_word! {
    /// An account number: an IBAN (its check digits are verified when the text has the shape of one), or another
    /// identification of 1 to 34 letters, digits and `/ - . :`.
    AccountNumber, "account", |text| {
        if text.is_empty() || text.len() > 34 {
            return Err("must have 1 to 34 characters");
        }
        if !text.chars().all(|c| c.is_ascii_alphanumeric() || "/-.:".contains(c)) {
            return Err("may hold letters, digits and / - . : only");
        }
        if is_iban_shaped(text) && !is_iban(text) {
            return Err("looks like an IBAN but has wrong structure or check digits");
        }
        Ok(())
    }
}

/// Whether `text` is an IBAN: structure of its country and check digits. The library's registry lacks Pakistan, whose
/// structure is four letters and sixteen characters; a country in neither is judged by its check digits alone.
fn is_iban(text: &str) -> bool {
    match text.parse::<iban::Iban>() {
        Ok(_) => true,
        Err(iban::ParseIbanError::UnknownCountry(_)) if text.starts_with("PK") => {
            let mut bank = text.bytes().skip(4).take(4);
            text.len() == 24 && bank.all(|byte| byte.is_ascii_uppercase())
        }
        Err(iban::ParseIbanError::UnknownCountry(_)) => true,
        Err(_) => false,
    }
}

/// Two capital letters, two digits and at least eleven letters or digits: nothing but an IBAN looks like this.
fn is_iban_shaped(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 15
        && bytes[..2].iter().all(u8::is_ascii_uppercase)
        && bytes[2..4].iter().all(u8::is_ascii_digit)
        && bytes[4..].iter().all(u8::is_ascii_alphanumeric)
}

impl AccountNumber {
    /// Whether the number is an IBAN with right check digits.
    #[must_use]
    pub fn is_iban(&self) -> bool {
        is_iban_shaped(self.as_str())
    }
}

text_word! {
    /// An institution's public key for messages delivered off the ledger: an age X25519 recipient, `age1…`.
    PayloadRecipient, "payload recipient", |text| {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        if text.len() != 62 || !text.starts_with("age1") || !text.bytes().all(allowed) {
            Err("must be an age recipient: age1 and 58 lower-case letters and digits")
        } else {
            Ok(())
        }
    }
}

/// An institution's number in a national clearing system, for example a Kyrgyz BIK.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ClearingMember {
    /// The clearing system's code (`ClrSysId`).
    pub system: Max35Text,
    /// The member's number in it (`MmbId`).
    pub member: Max35Text,
}

/// How a message names an institution. Text form: the BIC, the LEI, or `SYSTEM:NUMBER`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AgentIdentification {
    /// By its BIC.
    Bic(Bic),
    /// By its clearing-system member number.
    ClearingMember(ClearingMember),
    /// By its LEI.
    Lei(Lei),
}

/// The alternatives on the wire.
#[derive(Clone, Serialize, Deserialize)]
enum AgentWire {
    Bic(Bic),
    ClearingMember(ClearingMember),
    Lei(Lei),
}

impl AgentIdentification {
    fn to_wire(&self) -> AgentWire {
        match self.clone() {
            Self::Bic(bic) => AgentWire::Bic(bic),
            Self::ClearingMember(member) => AgentWire::ClearingMember(member),
            Self::Lei(lei) => AgentWire::Lei(lei),
        }
    }
    /// Every alternative has checked itself.
    fn from_wire(wire: AgentWire) -> Result<Self, WordError> {
        Ok(match wire {
            AgentWire::Bic(bic) => Self::Bic(bic),
            AgentWire::ClearingMember(member) => Self::ClearingMember(member),
            AgentWire::Lei(lei) => Self::Lei(lei),
        })
    }
}
word_serde!(AgentIdentification, AgentWire);

impl fmt::Display for AgentIdentification {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bic(bic) => bic.fmt(formatter),
            Self::ClearingMember(member) => {
                write!(formatter, "{}:{}", member.system, member.member)
            }
            Self::Lei(lei) => lei.fmt(formatter),
        }
    }
}

impl FromStr for AgentIdentification {
    type Err = WordError;
    /// Reads `SYSTEM:NUMBER`, an LEI of 20 characters, or a BIC.
    fn from_str(text: &str) -> Result<Self, WordError> {
        if let Some((system, member)) = text.split_once(':') {
            return Ok(Self::ClearingMember(ClearingMember {
                system: system.parse()?,
                member: member.parse()?,
            }));
        }
        if text.len() == 20 {
            return text.parse().map(Self::Lei);
        }
        text.parse().map(Self::Bic)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bic_of_eight_is_the_head_office() {
        let check = |text: &str| Bic::parse(text).map(|bic| bic.to_string()).ok();
        assert_eq!(check("HABBPKKA").as_deref(), Some("HABBPKKA"));
        assert_eq!(check("HABBPKKAXXX").as_deref(), Some("HABBPKKA"));
        assert_eq!(check("HABBPKKA001").as_deref(), Some("HABBPKKA001"));
        for wrong in ["HABBPKK", "habbpkka", "HABB1KKA", "HABBPKKA01", "HÄBBPKA"] {
            assert_eq!(check(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_lei_has_check_digits() {
        assert!(Lei::parse("529900T8BM49AURSDO55").is_ok());
        assert!(Lei::parse("529900T8BM49AURSDO56").is_err());
        assert!(Lei::parse("529900T8BM49AURSDO5").is_err());
    }

    #[test]
    fn a_uetr_is_a_lower_case_uuid_of_version_4() {
        assert!(Uetr::parse("8a562c67-ca16-48ba-b074-65581be6f001").is_ok());
        for wrong in [
            "8A562C67-CA16-48BA-B074-65581BE6F001",
            "8a562c67-ca16-18ba-b074-65581be6f001",
            "8a562c67-ca16-48ba-7074-65581be6f001",
            "8a562c67ca1648bab07465581be6f001",
            "{8a562c67-ca16-48ba-b074-65581be6f001}",
        ] {
            assert!(Uetr::parse(wrong).is_err(), "{wrong}");
        }
        let made = Uetr::from_random_bytes([0xff; 16]);
        assert_eq!(Uetr::parse(&made.to_string()), Ok(made));
    }

    #[test]
    fn an_account_is_an_iban_with_right_check_digits_or_another_number() {
        assert!(AccountNumber::parse("PK36SCBL0000001123456702").is_ok_and(|a| a.is_iban()));
        assert!(AccountNumber::parse("PK37SCBL0000001123456702").is_err());
        assert!(AccountNumber::parse("1091234567890123").is_ok_and(|a| !a.is_iban()));
        assert!(AccountNumber::parse("").is_err());
        assert!(AccountNumber::parse(&"1".repeat(35)).is_err());
        assert!(AccountNumber::parse("12 34").is_err());
    }

    #[test]
    fn an_agent_is_named_by_bic_member_number_or_lei() {
        for text in ["HABBPKKA", "KGBIK:109001", "529900T8BM49AURSDO55"] {
            assert_eq!(
                text.parse::<AgentIdentification>().unwrap().to_string(),
                text
            );
        }
    }
}
