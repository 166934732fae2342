//! What a network asks of a message beyond the ISO 20022 schema. The default is Karwan's own profile; the accepted
//! settlement methods and currencies are genesis parameters, so that they arrive here from outside.

use karwan_types::CurrencyCode;
use std::collections::BTreeSet;

/// The rules of a network for the messages it takes and gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// How a message may say that it settles (`SttlmInf/SttlmMtd`).
    pub settlement_methods: BTreeSet<SettlementMethod>,
    /// The currencies taken; none means any currency of ISO 4217, and the ledger decides.
    pub currencies: Option<BTreeSet<CurrencyCode>>,
    /// The characters that names, addresses and remittance text may have.
    pub charset: Charset,
    /// Whether a customer payment must name its debtor and creditor.
    pub party_names: PartyNames,
    /// How a payment that waits for further signatures is reported.
    pub partial_approval: PartialApproval,
}

impl Default for Profile {
    /// Karwan's profile: clearing only, any currency, the scripts of the corridor, both names (FATF Recommendation 16).
    fn default() -> Self {
        Self {
            settlement_methods: BTreeSet::from([SettlementMethod::Clearing]),
            currencies: None,
            charset: Charset::CorridorScripts,
            party_names: PartyNames::Required,
            partial_approval: PartialApproval::Reported,
        }
    }
}

/// How the interbank claim is settled. Cover (`COVE`) is not among them: its settlement is another message, a pacs.009,
/// and taking both would pay twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub enum SettlementMethod {
    /// `CLRG`: through the clearing system, which is this ledger.
    #[serde(rename = "CLRG")]
    Clearing,
    /// `INDA`: on the books of the instructed agent.
    #[serde(rename = "INDA")]
    InstructedAgent,
    /// `INGA`: on the books of the instructing agent.
    #[serde(rename = "INGA")]
    InstructingAgent,
}

impl SettlementMethod {
    /// The code of ISO 20022.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Clearing => "CLRG",
            Self::InstructedAgent => "INDA",
            Self::InstructingAgent => "INGA",
        }
    }
    /// The method with this code; none for another code, `COVE` too.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        [
            Self::Clearing,
            Self::InstructedAgent,
            Self::InstructingAgent,
        ]
        .into_iter()
        .find(|method| method.code() == code)
    }
}

/// Whether party names must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartyNames {
    /// A customer payment without debtor name is refused with RR02, without creditor name with RR03.
    Required,
    /// Names may be missing.
    Optional,
}

/// How pacs.002 tells that signatures are missing. `PATC` is worded for payment initiation and some profiles forbid it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartialApproval {
    /// As `PATC`.
    Reported,
    /// As `PDNG`.
    AsPending,
}

/// The characters that text for people may have. Identifiers always keep to the FIN-X set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charset {
    /// The printable characters of ASCII.
    Latin,
    /// Those, Latin letters with marks, Cyrillic and Arabic script (Urdu), and their punctuation. Characters that
    /// change the direction of other text are not among them: they can make a name look like another.
    CorridorScripts,
}

/// Ranges of Unicode that [`Charset::CorridorScripts`] adds to ASCII.
const CORRIDOR_RANGES: &[(char, char)] = &[
    ('\u{00A1}', '\u{00AC}'), // Latin-1 punctuation and signs
    ('\u{00AE}', '\u{024F}'), // Latin letters with marks; without the soft hyphen
    ('\u{0400}', '\u{052F}'), // Cyrillic, with the letters of Kyrgyz, Kazakh and Uzbek
    ('\u{0600}', '\u{061B}'), // Arabic; U+061C is a direction mark
    ('\u{061D}', '\u{06FF}'), // Arabic, with the letters of Urdu
    ('\u{0750}', '\u{077F}'), // Arabic supplement
    ('\u{200C}', '\u{200D}'), // joiners, which Urdu spelling needs
    ('\u{2010}', '\u{2027}'), // dashes, quotation marks, the ellipsis
    ('\u{2116}', '\u{2116}'), // the numero sign
    ('\u{FB50}', '\u{FDFF}'), // Arabic presentation forms
    ('\u{FE70}', '\u{FEFC}'), // Arabic presentation forms; without the byte order mark
];

impl Charset {
    /// The first character of `text` that is outside the set.
    #[must_use]
    pub fn offending(self, text: &str) -> Option<char> {
        text.chars().find(|&character| !self.allows(character))
    }
    fn allows(self, character: char) -> bool {
        let ascii = matches!(character, ' '..='~');
        match self {
            Self::Latin => ascii,
            Self::CorridorScripts => {
                ascii
                    || CORRIDOR_RANGES
                        .iter()
                        .any(|&(first, last)| (first..=last).contains(&character))
            }
        }
    }
    /// What the set holds, for a sentence.
    pub(crate) const fn description(self) -> &'static str {
        match self {
            Self::Latin => "Latin letters without marks, digits and common punctuation",
            Self::CorridorScripts => {
                "Latin, Cyrillic and Arabic-script letters, digits and common punctuation"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_corridor_are_allowed_and_direction_marks_are_not() {
        let check = |charset: Charset, text: &str, offending: Option<char>| {
            assert_eq!(charset.offending(text), offending, "{text}");
        };
        check(Charset::Latin, "Debtor Co. & Sons", None);
        check(Charset::Latin, "Айгүл", Some('А'));
        check(Charset::CorridorScripts, "Айгүл Эсенова, ҚОРЖЫН №7", None);
        check(Charset::CorridorScripts, "محمد احمد خان", None);
        check(Charset::CorridorScripts, "Gülşat O‘zbek", None);
        check(Charset::CorridorScripts, "Ali\u{202E}ilA", Some('\u{202E}'));
        check(Charset::CorridorScripts, "Ali\u{061C}", Some('\u{061C}'));
        check(Charset::CorridorScripts, "汉字", Some('汉'));
        check(Charset::CorridorScripts, "tab\there", Some('\t'));
    }

    #[test]
    fn settlement_methods_have_the_codes_of_iso_20022() {
        assert_eq!(
            SettlementMethod::from_code("CLRG"),
            Some(SettlementMethod::Clearing)
        );
        assert_eq!(SettlementMethod::from_code("COVE"), None);
        assert_eq!(SettlementMethod::from_code("clrg"), None);
    }
}
