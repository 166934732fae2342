//! Why a file is not taken: an ISO reason, a sentence, and where.
//!
//! Sentences are for the clerk who sent the file: what is wrong, which rule it breaks, how to mend it. They never
//! quote a name, a customer account or free text, because they are logged and sent on; identifiers and codes are
//! quoted, cut short.

use core::fmt;

macro_rules! reasons {
    ($( $variant:ident $code:literal $title:literal; )*) => {
        /// The reasons that reading a message gives, from the ISO 20022 external status reason code set.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
        pub enum IsoReason {
            $(
                #[doc = concat!("`", $code, "`: ", $title, ".")]
                #[serde(rename = $code)]
                $variant,
            )*
        }

        impl IsoReason {
            /// Every reason, in the order of its code.
            pub const ALL: &'static [Self] = &[ $( Self::$variant, )* ];

            /// The four characters of the code set, for example `AM12`.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $( Self::$variant => $code, )* }
            }
            /// What the code set calls it, for example `invalid amount`.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $( Self::$variant => $title, )* }
            }
        }
    };
}

reasons! {
    InvalidDebtorAccount "AC02" "invalid debtor account number";
    InvalidCreditorAccount "AC03" "invalid creditor account number";
    ZeroAmount "AM01" "zero amount";
    NotAllowedCurrency "AM03" "not allowed currency";
    InvalidControlSum "AM10" "invalid control sum";
    InvalidTransactionCurrency "AM11" "invalid transaction currency";
    InvalidAmount "AM12" "invalid amount";
    InvalidNumberOfTransactions "AM18" "invalid number of transactions";
    ElementIncorrect "CH16" "element content formally incorrect";
    ElementNotAdmitted "CH17" "element not admitted";
    ElementMissing "CH21" "required compulsory element missing";
    InvalidDate "DT01" "invalid date";
    InvalidCreationDate "DT02" "invalid creation date";
    InvalidFileFormat "FF01" "invalid file format";
    InvalidPaymentType "FF03" "invalid payment type information";
    InvalidPurpose "FF07" "invalid purpose";
    InvalidEndToEndId "FF08" "invalid end-to-end id";
    InvalidBank "RC01" "bank identifier incorrect";
    InvalidDebtorBank "RC03" "invalid debtor bank identifier";
    InvalidCreditorBank "RC04" "invalid creditor bank identifier";
    InvalidBic "RC05" "invalid BIC identifier";
    InvalidDebtorBic "RC06" "invalid debtor BIC identifier";
    InvalidCreditorBic "RC07" "invalid creditor BIC identifier";
    InvalidMember "RC08" "invalid clearing system member identifier";
    InvalidDebtorMember "RC09" "invalid debtor clearing system member identifier";
    InvalidCreditorMember "RC10" "invalid creditor clearing system member identifier";
    MissingDebtorName "RR02" "missing debtor name or address";
    MissingCreditorName "RR03" "missing creditor name or address";
    InvalidCharacterSet "RR10" "invalid character set";
}

impl fmt::Display for IsoReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.code())
    }
}

/// A file that is not taken. The same file is always refused in the same words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, serde::Serialize)]
#[error("{sentence} [{} {}; {path}]", reason.code(), reason.title())]
pub struct Refusal {
    /// The ISO 20022 status reason.
    pub reason: IsoReason,
    /// What is wrong and how to mend it, in one or two sentences for a payments clerk.
    pub sentence: String,
    /// Where: the elements from the outermost inwards, `Document/FICdtTrf/CdtTrfTxInf[2]/PmtId/UETR`, or a line of
    /// the file.
    pub path: String,
}

impl Refusal {
    /// A refusal of the file as a whole, before its elements are known.
    pub(crate) fn of_file(sentence: impl Into<String>) -> Self {
        Self {
            reason: IsoReason::InvalidFileFormat,
            sentence: sentence.into(),
            path: "the file".to_owned(),
        }
    }
}

/// Characters of foreign text that a sentence quotes.
const QUOTE_CHARS_MAX: usize = 40;

/// Foreign text in quotation marks, cut short, without control characters. Only for identifiers and codes.
pub(crate) fn quoted(text: &str) -> String {
    let mut quote = String::from("\"");
    for character in text.chars().take(QUOTE_CHARS_MAX) {
        quote.push(if character.is_control() {
            ' '
        } else {
            character
        });
    }
    if text.chars().nth(QUOTE_CHARS_MAX).is_some() {
        quote.push('…');
    }
    quote.push('"');
    quote
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_four_characters_and_they_are_in_order() {
        let codes: Vec<_> = IsoReason::ALL.iter().map(|reason| reason.code()).collect();
        assert!(codes.iter().all(|code| code.len() == 4));
        assert!(codes.is_sorted());
    }

    #[test]
    fn a_refusal_reads_as_sentence_code_and_place() {
        let refusal = Refusal {
            reason: IsoReason::ZeroAmount,
            sentence: "The amount is zero.".to_owned(),
            path: "Document/X".to_owned(),
        };
        assert_eq!(
            refusal.to_string(),
            "The amount is zero. [AM01 zero amount; Document/X]"
        );
    }

    #[test]
    fn quotes_are_short_and_have_no_control_characters() {
        assert_eq!(quoted("a\nb"), "\"a b\"");
        assert_eq!(quoted(&"x".repeat(1_000)).chars().count(), 43);
    }
}
