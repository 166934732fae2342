//! A statement about the state: one file that proves, offline, what the ledger held under a key at a block, or that it held
//! nothing there: a balance, a licence, a freeze.
//!
//! It carries the row, the proof that leads from it to the header's state root, and what makes the header final, as a
//! receipt does. The file form has one spelling, so no byte of it is without meaning. What the bytes of key and row say is
//! the ledger's to read; whether they are there is decided here.

use crate::block::BlockHeader;
use crate::certificate::CommitCertificate;
use crate::receipt::{ReceiptError, TrustAnchor, ValidatorChange, verify_final};
use crate::state_proof::{StateKey, StateProof, StateProofError};
use crate::text::{WordError, word_serde};
use core::fmt;
use core::str::FromStr;
use serde::{Deserialize, Serialize};

/// The version of the statement's format.
pub const STATE_STATEMENT_VERSION: u16 = 1;
/// The largest file of a statement, in bytes.
pub const STATE_STATEMENT_BYTES_MAX: usize = 8 << 20;
/// The largest row of a statement, in bytes.
pub const STATE_ROW_BYTES_MAX: usize = 2 << 20;

/// The canonical bytes of a row. Text form: lower-case hexadecimal.
#[derive(Clone, PartialEq, Eq)]
pub struct StateRow(Vec<u8>);

/// What the state held under a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateStatement {
    /// [`STATE_STATEMENT_VERSION`].
    pub version: u16,
    /// The table.
    pub table: String,
    /// The key.
    pub key: StateKey,
    /// The row under it; none when there is none.
    pub row: Option<StateRow>,
    /// From the row, or from the gap where it would be, to the state root.
    pub proof: StateProof,
    /// The header that carries the state root.
    pub header: BlockHeader,
    /// The proof that the header is final.
    pub certificate: CommitCertificate,
    /// Every change of the validator set from genesis to this block.
    pub validator_changes: Vec<ValidatorChange>,
}

/// Which check a statement failed.
#[derive(Debug, thiserror::Error)]
pub enum StateStatementError {
    /// Larger than a statement may be.
    #[error("the file has {0} bytes, more than the limit of {STATE_STATEMENT_BYTES_MAX}")]
    TooLong(usize),
    /// No statement at all.
    #[error("the file is not a statement about the state: {0}")]
    Malformed(String),
    /// A byte was changed that does not change the meaning.
    #[error("the file is not spelled as a statement is: byte {0} differs")]
    NotCanonical(usize),
    /// Another format.
    #[error("the statement has version {0}, this program reads version {STATE_STATEMENT_VERSION}")]
    Version(u16),
    /// The header is not final on this chain.
    #[error("{0}")]
    Header(#[from] ReceiptError),
    /// The proof does not prove it.
    #[error("{0}")]
    Proof(#[from] StateProofError),
}

impl StateRow {
    /// Takes the canonical bytes of a row.
    ///
    /// # Errors
    /// `WordError` when there are more than `STATE_ROW_BYTES_MAX`.
    pub fn new(bytes: Vec<u8>) -> Result<Self, WordError> {
        if bytes.len() > STATE_ROW_BYTES_MAX {
            let start = hex::encode(&bytes[..32]);
            return Err(WordError::new(
                "state row",
                &start,
                "must have at most 2 MiB",
            ));
        }
        Ok(Self(bytes))
    }
    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
    fn to_wire(&self) -> &[u8] {
        &self.0
    }
    fn from_wire(bytes: Vec<u8>) -> Result<Self, WordError> {
        Self::new(bytes)
    }
}

word_serde!(StateRow, Vec<u8>);

impl fmt::Display for StateRow {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&hex::encode(&self.0))
    }
}

impl fmt::Debug for StateRow {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl FromStr for StateRow {
    type Err = WordError;

    fn from_str(text: &str) -> Result<Self, WordError> {
        let start: String = text.chars().take(64).collect();
        let refused = |rule| WordError::new("state row", &start, rule);
        if text.len() > 2 * STATE_ROW_BYTES_MAX {
            return Err(refused("must have at most 2 MiB"));
        }
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(refused("must be lower-case hexadecimal"));
        }
        let bytes = hex::decode(text).map_err(|_| refused("must be lower-case hexadecimal"))?;
        Self::new(bytes)
    }
}

impl StateStatement {
    /// The statement as a file: JSON, one spelling, a line feed at its end.
    #[must_use]
    pub fn to_file(&self) -> Vec<u8> {
        let mut bytes =
            serde_json::to_vec_pretty(self).expect("a statement has only text, numbers and lists");
        bytes.push(b'\n');
        bytes
    }
    /// Reads a file and requires that it is spelled exactly as [`StateStatement::to_file`] spells it.
    ///
    /// # Errors
    /// `StateStatementError` when it is too long, no statement, or spelled otherwise.
    pub fn from_file(bytes: &[u8]) -> Result<Self, StateStatementError> {
        if bytes.len() > STATE_STATEMENT_BYTES_MAX {
            return Err(StateStatementError::TooLong(bytes.len()));
        }
        let statement: Self = serde_json::from_slice(bytes)
            .map_err(|error| StateStatementError::Malformed(error.to_string()))?;
        let spelled = statement.to_file();
        if spelled != bytes {
            let pairs = spelled.iter().zip(bytes);
            let same = pairs.take_while(|(one, other)| one == other).count();
            return Err(StateStatementError::NotCanonical(same));
        }
        Ok(statement)
    }
    /// Checks the statement against the genesis facts: chain, validator changes, certificate, and the proof.
    ///
    /// # Errors
    /// `StateStatementError` says which check failed.
    pub fn verify(&self, anchor: &TrustAnchor) -> Result<(), StateStatementError> {
        if self.version != STATE_STATEMENT_VERSION {
            return Err(StateStatementError::Version(self.version));
        }
        verify_final(
            &self.header,
            &self.certificate,
            &self.validator_changes,
            anchor,
        )?;
        let (root, key) = (&self.header.state_root, self.key.as_bytes());
        match &self.row {
            Some(row) => self
                .proof
                .verify_presence(root, &self.table, key, row.as_bytes())?,
            None => self.proof.verify_absence(root, &self.table, key)?,
        }
        Ok(())
    }
}
