//! Hashes and what they are made over.
//!
//! Every preimage begins with the tag of its domain and a zero byte, so that bytes hashed as one kind of thing are never
//! the preimage of another kind. The parts are concatenated as they are: callers pass fixed-width parts or one variable part last.

use crate::text::{WordError, word_serde};
use core::fmt;
use core::str::FromStr;
use sha2::{Digest, Sha256};

/// A SHA-256 hash. Text form: 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash([u8; 32]);

/// What a hash is made over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HashDomain {
    /// The genesis document: its hash is the chain id.
    Genesis,
    /// A block header: its hash is the block's hash.
    Header,
    /// The signed bytes of a transaction: the transaction id.
    Transaction,
    /// An instruction without expiry and signatures.
    Instruction,
    /// One status transition, a leaf of the receipts root.
    Outcome,
    /// A leaf of a Merkle tree over a list.
    MerkleLeaf,
    /// An inner node of such a tree.
    MerkleNode,
    /// The root of such a tree with its leaf count.
    MerkleRoot,
    /// A leaf of the state tree.
    StateLeaf,
    /// An inner node of the state tree.
    StateNode,
    /// A table of the state with its size.
    StateTable,
    /// The root over all tables.
    StateRoot,
    /// The value stored under a state key.
    StateValue,
    /// A validator set.
    ValidatorSet,
    /// The bytes of a message delivered outside the ledger.
    Payload,
    /// A salted commitment to a party's datum.
    Commitment,
    /// The text of a rulebook clause in one language.
    ClauseText,
    /// An instruction without references that has executed, with its expiry.
    ExecutedOrder,
    /// A salted commitment to the order behind a refusal.
    WithheldOrder,
    /// What the boundaries of the table of freezes hold after a block.
    FreezeBoundary,
    /// The body of a vote or proposal, for the signer's watermark.
    SignedBody,
    /// The reference of a payment that another instruction brings about.
    DerivedReference,
    /// A version of the rulebook as governors sign it.
    Rulebook,
    /// A rulebook document as governments publish it.
    RulebookDocument,
    /// A report of what a version of the rulebook would have changed in the past.
    ImpactReport,
    /// The rolling hash over an account's entries of a business day.
    StatementEntry,
    /// The seal of an account's business day.
    StatementSeal,
}

impl HashDomain {
    const fn tag(self) -> &'static [u8] {
        match self {
            Self::Genesis => b"karwan/1/genesis",
            Self::Header => b"karwan/1/header",
            Self::Transaction => b"karwan/1/transaction",
            Self::Instruction => b"karwan/1/instruction",
            Self::Outcome => b"karwan/1/outcome",
            Self::MerkleLeaf => b"karwan/1/merkle-leaf",
            Self::MerkleNode => b"karwan/1/merkle-node",
            Self::MerkleRoot => b"karwan/1/merkle-root",
            Self::StateLeaf => b"karwan/1/state-leaf",
            Self::StateNode => b"karwan/1/state-node",
            Self::StateTable => b"karwan/1/state-table",
            Self::StateRoot => b"karwan/1/state-root",
            Self::StateValue => b"karwan/1/state-value",
            Self::ValidatorSet => b"karwan/1/validator-set",
            Self::Payload => b"karwan/1/payload",
            Self::Commitment => b"karwan/1/commitment",
            Self::ClauseText => b"karwan/1/clause-text",
            Self::ExecutedOrder => b"karwan/1/executed-order",
            Self::WithheldOrder => b"karwan/1/withheld-order",
            Self::FreezeBoundary => b"karwan/1/freeze-boundary",
            Self::SignedBody => b"karwan/1/signed-body",
            Self::DerivedReference => b"karwan/1/derived-reference",
            Self::Rulebook => b"karwan/1/rulebook",
            Self::RulebookDocument => b"karwan/1/rulebook-document",
            Self::ImpactReport => b"karwan/1/impact-report",
            Self::StatementEntry => b"karwan/1/statement-entry",
            Self::StatementSeal => b"karwan/1/statement-seal",
        }
    }
}

/// SHA-256 over the domain's tag, a zero byte and the parts in order.
#[must_use]
pub fn hash_of(domain: HashDomain, parts: &[&[u8]]) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update(domain.tag());
    hasher.update([0]);
    for part in parts {
        hasher.update(part);
    }
    Hash(hasher.finalize().into())
}

impl Hash {
    /// All zero bytes: stands for "nothing", never the hash of anything.
    pub const ZERO: Self = Self([0; 32]);

    /// Takes 32 bytes as a hash.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    fn to_wire(self) -> [u8; 32] {
        self.0
    }

    #[expect(
        clippy::unnecessary_wraps,
        reason = "the word macro expects a checked constructor"
    )]
    fn from_wire(bytes: [u8; 32]) -> Result<Self, WordError> {
        Ok(Self(bytes))
    }
}

word_serde!(Hash, [u8; 32]);

impl fmt::Display for Hash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", hex::encode(&self.0[..6]))
    }
}

impl FromStr for Hash {
    type Err = WordError;

    fn from_str(text: &str) -> Result<Self, WordError> {
        parse_hex(text)
            .map(Self)
            .ok_or_else(|| WordError::new("hash", text, "must be 64 lower-case hexadecimal digits"))
    }
}

/// Lower-case hexadecimal of exactly `N` bytes; upper case is refused so that a value has one text.
pub(crate) fn parse_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    let mut bytes = [0; N];
    hex::decode_to_slice(text, &mut bytes).ok()?;
    Some(bytes)
}
