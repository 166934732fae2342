//! The words that stand in fields: what a value is called in help texts, how it is written, and what checks it.
//!
//! A word that is not listed is called TEXT, and the ledger's own types check it.

use karwan_types::{
    AccountNumber, AgentIdentification, Bic, CurrencyCode, Date, ExternalCode, Hash,
    InstructionHash, JurisdictionCode, Lei, Max35Text, PayloadRecipient, PublicKey, Rate, Sentence,
    Signature, TransactionId, Uetr, WordError,
};
use std::str::FromStr;

/// A kind of word, by the `format` of its description.
#[derive(Debug)]
pub(crate) struct Format {
    /// The `format`.
    pub(crate) name: &'static str,
    /// What stands for a value in help texts.
    pub(crate) value_name: &'static str,
    /// How a value is written; empty when the name says it.
    pub(crate) note: &'static str,
    check: fn(&str) -> Result<(), &'static str>,
}

/// Amounts, times and durations are checked where they are converted.
pub(super) const AMOUNT: &str = "amount";
pub(super) const CURRENCY: &str = "currency";
pub(super) const DURATION: &str = "duration-ms";
pub(super) const TIME: &str = "timestamp";
/// Words that may be names of what was made before.
pub(crate) const UETR: &str = "uetr";
pub(crate) const AGENT: &str = "agent";
pub(crate) const HASH_OF_INSTRUCTION: &str = "instruction-hash";
pub(crate) const HASH: &str = "hash";
pub(crate) const PUBLIC_KEY: &str = "public-key";

const fn row(
    name: &'static str,
    value_name: &'static str,
    note: &'static str,
    check: fn(&str) -> Result<(), &'static str>,
) -> Format {
    Format {
        name,
        value_name,
        note,
        check,
    }
}

const HEX: &str = "64 hexadecimal digits";

const FORMATS: &[Format] = &[
    row(
        AGENT,
        "AGENT",
        "a BIC, an LEI, or SYSTEM:NUMBER of a clearing system",
        word::<AgentIdentification>,
    ),
    row(
        "account",
        "ACCOUNT",
        "an IBAN or another account number",
        word::<AccountNumber>,
    ),
    row(
        CURRENCY,
        "CURRENCY",
        "a code of ISO 4217, for example PKR",
        word::<CurrencyCode>,
    ),
    row(
        AMOUNT,
        "AMOUNT",
        "major units, for example 1250.00",
        anything,
    ),
    row("rate", "RATE", "for example 3.125", word::<Rate>),
    row(UETR, "UETR", "a UUID version 4 in lower case", word::<Uetr>),
    row(
        TIME,
        "TIME",
        "for example 2026-11-23T10:00:00+05:00, or +30m: so long from now",
        anything,
    ),
    row("date", "DATE", "for example 2026-11-23", word::<Date>),
    row(
        DURATION,
        "DURATION",
        "for example 90s, 10m, 24h or 3d",
        anything,
    ),
    row(
        "code",
        "CODE",
        "a code of an ISO 20022 external code list",
        word::<ExternalCode>,
    ),
    row("max35text", "TEXT", "", word::<Max35Text>),
    row("sentence", "TEXT", "", word::<Sentence>),
    row(PUBLIC_KEY, "KEY", HEX, word::<PublicKey>),
    row(
        "payload-recipient",
        "RECIPIENT",
        "an age recipient, age1...",
        word::<PayloadRecipient>,
    ),
    row(HASH, "HASH", HEX, word::<Hash>),
    row(HASH_OF_INSTRUCTION, "HASH", HEX, word::<InstructionHash>),
    row("transaction-id", "HASH", HEX, word::<TransactionId>),
    row("chain-id", "HASH", HEX, word::<Hash>),
    row(
        "signature",
        "SIGNATURE",
        "128 hexadecimal digits",
        word::<Signature>,
    ),
    row(
        "jurisdiction",
        "COUNTRY",
        "a code of ISO 3166, for example PK",
        word::<JurisdictionCode>,
    ),
    row("lei", "LEI", "20 characters, ISO 17442", word::<Lei>),
    row("bic", "BIC", "8 or 11 characters, ISO 9362", word::<Bic>),
];
const TEXT: Format = row("", "TEXT", "", anything);

impl Format {
    /// The format called `name`.
    pub(super) fn find(name: &str) -> &'static Self {
        let found = FORMATS.iter().find(|format| format.name == name);
        found.unwrap_or(&TEXT)
    }
    /// Whether a text is such a word; otherwise the rule that it breaks.
    pub(super) fn check(&self, text: &str) -> Result<(), &'static str> {
        (self.check)(text)
    }
}

fn word<T: FromStr<Err = WordError>>(text: &str) -> Result<(), &'static str> {
    let parsed: Result<T, WordError> = text.parse();
    parsed.map(|_| ()).map_err(|error| error.rule)
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "it stands in a table beside real checks"
)]
fn anything(_: &str) -> Result<(), &'static str> {
    Ok(())
}
