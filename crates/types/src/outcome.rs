//! What came of an instruction: one status transition, in ISO 20022 words, as it stands under the receipts root.
//!
//! An outcome is complete in itself, so that a receipt needs no ledger to be read. It holds institutions, accounts of
//! institutions, codes and amounts; never a person's datum.

use crate::block::{InstructionHash, TransactionId};
use crate::codec::encode;
use crate::hash::{Hash, HashDomain, hash_of};
use crate::identity::{AccountNumber, ExternalCode, JurisdictionCode, Lei, Max35Text, Uetr};
use crate::money::{Amount, CurrencyCode};
use crate::text::text_word;
use serde::{Deserialize, Serialize};

/// The status of an instruction, by the external code set of pacs.002. The order is the order of a payment's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum TransactionStatus {
    /// Received by a node; not yet in a block. Promises nothing.
    Rcvd,
    /// Recorded with too few signatures; further signers may approve.
    Patc,
    /// Authenticated and unique.
    Actc,
    /// Pending: an open request or hold, waiting for its next step.
    Pdng,
    /// Settling in this block.
    Acsp,
    /// Settled; final and irrevocable.
    Acsc,
    /// Settled, and the creditor agent confirms its customer's credit.
    Accc,
    /// Refused, with a reason.
    Rjct,
    /// Cancelled before settlement.
    Canc,
}

impl TransactionStatus {
    /// Every status, in the order of a payment's life.
    pub const ALL: [Self; 9] = [
        Self::Rcvd,
        Self::Patc,
        Self::Actc,
        Self::Pdng,
        Self::Acsp,
        Self::Acsc,
        Self::Accc,
        Self::Rjct,
        Self::Canc,
    ];

    /// The four letters of the code set.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rcvd => "RCVD",
            Self::Patc => "PATC",
            Self::Actc => "ACTC",
            Self::Pdng => "PDNG",
            Self::Acsp => "ACSP",
            Self::Acsc => "ACSC",
            Self::Accc => "ACCC",
            Self::Rjct => "RJCT",
            Self::Canc => "CANC",
        }
    }
    /// Whether nothing can follow for this instruction but a confirmation of credit.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Acsc | Self::Accc | Self::Rjct | Self::Canc)
    }
}

impl core::fmt::Display for TransactionStatus {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter.pad(self.as_str())
    }
}

text_word! {
    /// A stable name of ours, 1 to 35 capital letters, digits and `_`, for example `INSUFFICIENT_FUNDS`.
    StableName, "name", |text| {
        let allowed = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
        if text.is_empty() || text.len() > 35 || !text.bytes().all(allowed) {
            Err("must have 1 to 35 capital letters, digits and _")
        } else {
            Ok(())
        }
    }
}

text_word! {
    /// One sentence for people, 1 to 200 characters without control characters.
    Sentence, "sentence", |text| {
        if text.is_empty() || text.chars().count() > 200 {
            Err("must have 1 to 200 characters")
        } else if text.chars().any(char::is_control) {
            Err("may not hold control characters")
        } else {
            Ok(())
        }
    }
}

impl Sentence {
    /// Makes a sentence from any text: control characters become spaces, what is too long is cut.
    #[must_use]
    pub fn fitted(text: &str) -> Self {
        let spaced = text.chars().map(|c| if c.is_control() { ' ' } else { c });
        let cut: String = spaced.take(200).collect();
        Self::parse(&cut).unwrap_or_else(|_| {
            Self::parse("no detail").expect("a constant sentence is well-formed")
        })
    }
}

/// Why an instruction was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The ISO 20022 external status reason, for example `AM04`.
    pub reason: ExternalCode,
    /// Our stable number for the same and finer reason.
    pub code: u16,
    /// Our stable name, for example `INSUFFICIENT_FUNDS`.
    pub name: StableName,
    /// What, whose, which rule and how to mend it, in one sentence.
    pub detail: Sentence,
}

/// The money side of an outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Movement {
    /// The payment's reference.
    pub uetr: Uetr,
    /// The institution debited, or whose request it is.
    pub debtor_agent: Lei,
    /// The institution credited.
    pub creditor_agent: Option<Lei>,
    /// The account debited.
    pub debtor_account: Option<AccountNumber>,
    /// The account credited.
    pub creditor_account: Option<AccountNumber>,
    /// The currency.
    pub currency: CurrencyCode,
    /// The amount in minor units.
    pub amount: Amount,
    /// The hash of the message that the instruction was read from.
    pub message_hash: Option<Hash>,
}

/// An emergency rule of one jurisdiction, by its number there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EmergencyRuleId {
    /// Whose rule it is.
    pub jurisdiction: JurisdictionCode,
    /// Its number, counted from 1.
    pub number: u32,
}

/// One status transition of one instruction in one block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The transaction that caused it; none when block time did (an expiry).
    pub transaction: Option<TransactionId>,
    /// The instruction whose status it is.
    pub instruction: InstructionHash,
    /// The kind of instruction, for example `Pay`.
    pub operation: Max35Text,
    /// The status it now has.
    pub status: TransactionStatus,
    /// Why it was refused; only with status RJCT.
    pub refusal: Option<Refusal>,
    /// The rulebook clause that decided it.
    pub clause: Max35Text,
    /// The version of the rulebook in force.
    pub rulebook: u32,
    /// The emergency rule that decided it on top of the rulebook, if one did.
    pub emergency: Option<EmergencyRuleId>,
    /// The salted commitment to the clause and the order behind a refusal whose parties may not learn them.
    pub withheld: Option<Hash>,
    /// The money side; none for instructions that concern no amount.
    pub movement: Option<Movement>,
    /// Whether this transition moved that money: true once in the life of an instruction, never in a repeated answer.
    pub booked: bool,
}

impl Outcome {
    /// The leaf under the receipts root.
    #[must_use]
    pub fn hash(&self) -> Hash {
        hash_of(HashDomain::Outcome, &[&encode(self)])
    }
}
