//! The receipt: one file that proves, offline and years later, what came of an instruction.
//!
//! It carries the outcome, its path to the header's receipts root, the header, the commit certificate, and one header
//! and certificate for each change of the validator set since genesis. [`verify_receipt`] needs the genesis facts and
//! nothing else: no network, no data directory, no ledger. The file form is JSON with one spelling: reading re-encodes
//! it and requires equality, so no byte of a receipt is without meaning.

use crate::block::BlockHeader;
use crate::certificate::{CertificateError, CommitCertificate};
use crate::hash::Hash;
use crate::keys::ChainId;
use crate::merkle::{MerkleError, MerklePath};
use crate::outcome::Outcome;
use crate::time::Height;
use crate::validators::ValidatorSet;
use serde::{Deserialize, Serialize};

/// The version of the receipt format.
pub const RECEIPT_VERSION: u16 = 1;
/// The largest receipt file, in bytes.
pub const RECEIPT_BYTES_MAX: usize = 4 << 20;
/// The most changes of the validator set that a receipt walks through.
pub const VALIDATOR_CHANGES_MAX: usize = 1_000;

/// A change of the validator set: the last header of the old set names the new one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValidatorChange {
    /// The header whose next validators differ from its own.
    pub header: BlockHeader,
    /// The old set's certificate of it.
    pub certificate: CommitCertificate,
    /// The new set.
    pub next: ValidatorSet,
}

/// Proof of one outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// [`RECEIPT_VERSION`].
    pub version: u16,
    /// What came of the instruction.
    pub outcome: Outcome,
    /// From the outcome to the header's receipts root.
    pub path: MerklePath,
    /// The header of the block.
    pub header: BlockHeader,
    /// The proof that the block is final.
    pub certificate: CommitCertificate,
    /// Every change of the validator set from genesis to this block.
    pub validator_changes: Vec<ValidatorChange>,
}

/// What a verifier knows beforehand: the genesis document's hash and its validators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustAnchor {
    /// The chain.
    pub chain_id: ChainId,
    /// The validators of height 1.
    pub validators: ValidatorSet,
}

/// Which check a receipt failed.
#[derive(Debug, thiserror::Error)]
pub enum ReceiptError {
    /// Larger than a receipt may be.
    #[error("the file has {0} bytes, more than the limit of {RECEIPT_BYTES_MAX}")]
    TooLong(usize),
    /// No receipt at all.
    #[error("the file is not a receipt: {0}")]
    Malformed(String),
    /// A byte was changed that does not change the meaning.
    #[error("the file is not spelled as a receipt is: byte {0} differs")]
    NotCanonical(usize),
    /// Another format.
    #[error("the receipt has version {0}, this program reads version {RECEIPT_VERSION}")]
    Version(u16),
    /// Another chain.
    #[error("{part} belongs to chain {found}, not to the chain {expected} of the genesis file")]
    WrongChain {
        /// Which part of the receipt.
        part: &'static str,
        /// The chain it names.
        found: ChainId,
        /// The chain of the genesis file.
        expected: ChainId,
    },
    /// Too many validator changes.
    #[error("{0} validator changes, more than the limit of {VALIDATOR_CHANGES_MAX}")]
    TooManyChanges(usize),
    /// Changes out of order.
    #[error("the validator change at height {0} is out of order")]
    ChangeOrder(Height),
    /// A header does not commit to the validators that the chain of changes leads to.
    #[error(
        "the header of height {0} does not commit to the validator set that the changes since genesis lead to"
    )]
    Validators(Height),
    /// A new set that its header does not name.
    #[error("the header of height {0} does not name the next validator set in the receipt")]
    NextValidators(Height),
    /// A certificate for another block.
    #[error("the certificate for height {0} is for another block than the header in the receipt")]
    WrongBlock(Height),
    /// A bad certificate.
    #[error("at height {height}: {source}")]
    Certificate {
        /// The height of the certificate.
        height: Height,
        /// What is wrong with it.
        source: CertificateError,
    },
    /// The outcome is not in the block.
    #[error("the outcome is not under the receipts root of the header")]
    Outcome(#[from] MerkleError),
}

impl Receipt {
    /// The receipt as a file: JSON, one spelling, a line feed at its end.
    #[must_use]
    pub fn to_file(&self) -> Vec<u8> {
        let mut bytes =
            serde_json::to_vec_pretty(self).expect("a receipt has only text, numbers and lists");
        bytes.push(b'\n');
        bytes
    }
    /// Reads a receipt file and requires that it is spelled exactly as [`Receipt::to_file`] spells it.
    ///
    /// # Errors
    /// `ReceiptError` when it is too long, no receipt, or spelled otherwise.
    pub fn from_file(bytes: &[u8]) -> Result<Self, ReceiptError> {
        if bytes.len() > RECEIPT_BYTES_MAX {
            return Err(ReceiptError::TooLong(bytes.len()));
        }
        let receipt: Self = serde_json::from_slice(bytes)
            .map_err(|error| ReceiptError::Malformed(error.to_string()))?;
        let spelled = receipt.to_file();
        if spelled != bytes {
            let same = spelled
                .iter()
                .zip(bytes)
                .take_while(|(a, b)| a == b)
                .count();
            return Err(ReceiptError::NotCanonical(same));
        }
        Ok(receipt)
    }
}

/// Checks a receipt against the genesis facts: chain, validator changes, certificate, and the outcome's path.
///
/// # Errors
/// `ReceiptError` says which check failed.
pub fn verify_receipt(receipt: &Receipt, anchor: &TrustAnchor) -> Result<(), ReceiptError> {
    if receipt.version != RECEIPT_VERSION {
        return Err(ReceiptError::Version(receipt.version));
    }
    verify_final(
        &receipt.header,
        &receipt.certificate,
        &receipt.validator_changes,
        anchor,
    )?;
    receipt
        .path
        .verify(receipt.outcome.hash(), &receipt.header.receipts_root)?;
    Ok(())
}

/// Checks that a header is final: the validators that the changes since genesis lead to have certified it.
pub(crate) fn verify_final(
    header: &BlockHeader,
    certificate: &CommitCertificate,
    changes: &[ValidatorChange],
    anchor: &TrustAnchor,
) -> Result<(), ReceiptError> {
    let validators = walk_validator_changes(changes, header.height, anchor)?;
    verify_header("the block header", header, certificate, &validators, anchor)
}

/// Follows the changes from genesis and returns the set that signs the header at a height.
fn walk_validator_changes(
    changes: &[ValidatorChange],
    last: Height,
    anchor: &TrustAnchor,
) -> Result<ValidatorSet, ReceiptError> {
    if changes.len() > VALIDATOR_CHANGES_MAX {
        return Err(ReceiptError::TooManyChanges(changes.len()));
    }
    let mut validators = anchor.validators.clone();
    let mut previous = Height::GENESIS;
    for change in changes {
        let height = change.header.height;
        if height <= previous || height >= last {
            return Err(ReceiptError::ChangeOrder(height));
        }
        verify_header(
            "a validator change",
            &change.header,
            &change.certificate,
            &validators,
            anchor,
        )?;
        let named = change.header.next_validators_hash;
        // A header that changes nothing has no place in the receipt: it would be a byte string without meaning.
        if change.next.hash() != named || named == change.header.validators_hash {
            return Err(ReceiptError::NextValidators(height));
        }
        validators = change.next.clone();
        previous = height;
    }
    Ok(validators)
}

fn verify_header(
    part: &'static str,
    header: &BlockHeader,
    certificate: &CommitCertificate,
    validators: &ValidatorSet,
    anchor: &TrustAnchor,
) -> Result<(), ReceiptError> {
    if header.chain_id != anchor.chain_id {
        return Err(ReceiptError::WrongChain {
            part,
            found: header.chain_id,
            expected: anchor.chain_id,
        });
    }
    if header.validators_hash != validators.hash() {
        return Err(ReceiptError::Validators(header.height));
    }
    let hash: Hash = header.hash();
    if certificate.block_hash != hash || certificate.height != header.height {
        return Err(ReceiptError::WrongBlock(header.height));
    }
    certificate
        .verify(&anchor.chain_id, validators)
        .map_err(|source| ReceiptError::Certificate {
            height: header.height,
            source,
        })
}

#[cfg(test)]
mod tests;
