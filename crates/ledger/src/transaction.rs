//! A signed instruction on its way in: bytes, then a transaction, then a verified transaction.
//!
//! The instruction hash covers the instruction without expiry and signatures: that is what further signers approve. The
//! transaction id covers the signed bytes. Verification here is the cryptographic fact only, and holds for ever;
//! whether a key is registered, in force and allowed is judged again at every execution.

use crate::operations::Operation;
use crate::rejection::Rejection;
use karwan_types::{
    ChainId, EncodedTransaction, HashDomain, InstructionHash, PublicKey, SecretKey, Signature,
    SigningDomain, TRANSACTION_BYTES_MAX, Timestamp, TransactionId, decode, encode, hash_of,
    verify,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The most signatures of one transaction.
pub const SIGNATURES_MAX: usize = 16;

/// One signer's signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstructionSignature {
    /// Who signs.
    pub key: PublicKey,
    /// Over the chain, the instruction and its expiry.
    pub signature: Signature,
}

/// An operation, the chain it is meant for, its expiry, and the signatures under it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transaction {
    /// The chain it is meant for.
    pub chain_id: ChainId,
    /// What is to be done.
    pub operation: Operation,
    /// The last block time at which it may be included.
    pub valid_until: Timestamp,
    /// From 1 to [`SIGNATURES_MAX`], each by another key.
    pub signatures: Vec<InstructionSignature>,
}

impl Transaction {
    /// An instruction without signatures yet.
    #[must_use]
    pub fn unsigned(chain_id: ChainId, operation: Operation, valid_until: Timestamp) -> Self {
        Self {
            chain_id,
            operation,
            valid_until,
            signatures: Vec::new(),
        }
    }
    /// Adds the signature of one key.
    #[must_use]
    pub fn signed_by(mut self, secret: &SecretKey) -> Self {
        let signature = secret.sign(
            SigningDomain::Instruction,
            &self.chain_id,
            &self.signed_body(),
        );
        self.signatures.push(InstructionSignature {
            key: secret.public_key(),
            signature,
        });
        self
    }
    /// The hash that further signers approve.
    #[must_use]
    pub fn instruction_hash(&self) -> InstructionHash {
        instruction_hash(&self.chain_id, &self.operation)
    }
    /// The canonical bytes.
    #[must_use]
    pub fn to_encoded(&self) -> EncodedTransaction {
        EncodedTransaction::new(encode(self))
    }
    /// Reads a transaction from its canonical bytes.
    ///
    /// # Errors
    /// `Rejection::Malformed` when the bytes are no transaction or not canonical.
    pub fn from_encoded(encoded: &EncodedTransaction) -> Result<Self, Rejection> {
        decode(encoded.as_bytes(), TRANSACTION_BYTES_MAX).map_err(|error| Rejection::Malformed {
            problem: error.to_string(),
        })
    }
    fn signed_body(&self) -> Vec<u8> {
        encode(&(&self.operation, self.valid_until))
    }
}

/// The hash of an instruction without expiry and signatures.
#[must_use]
pub fn instruction_hash(chain_id: &ChainId, operation: &Operation) -> InstructionHash {
    InstructionHash(hash_of(
        HashDomain::Instruction,
        &[chain_id.0.as_bytes(), &encode(operation)],
    ))
}

/// A transaction whose form is right and whose signatures all verify. Cheap to clone.
#[derive(Clone, Debug)]
pub struct VerifiedTransaction(Arc<Verified>);

#[derive(Debug)]
struct Verified {
    transaction: Transaction,
    encoded: EncodedTransaction,
    id: TransactionId,
    instruction: InstructionHash,
}

impl VerifiedTransaction {
    /// Decodes and verifies: checks 1, 2 and the cryptographic half of 4.
    ///
    /// # Errors
    /// The `Rejection` of the first check that fails.
    pub fn from_encoded(
        encoded: EncodedTransaction,
        chain_id: &ChainId,
    ) -> Result<Self, Rejection> {
        let transaction = Transaction::from_encoded(&encoded)?;
        transaction.operation.check_alone()?;
        if transaction.chain_id != *chain_id {
            return Err(Rejection::WrongChain {
                found: transaction.chain_id,
            });
        }
        let keys: BTreeSet<_> = transaction
            .signatures
            .iter()
            .map(|entry| entry.key)
            .collect();
        let count = transaction.signatures.len();
        if count == 0 || count > SIGNATURES_MAX || keys.len() != count {
            return Err(Rejection::SignatureList);
        }
        let body = transaction.signed_body();
        for entry in &transaction.signatures {
            verify(
                &entry.key,
                SigningDomain::Instruction,
                chain_id,
                &body,
                &entry.signature,
            )
            .map_err(|_| Rejection::BadSignature { key: entry.key })?;
        }
        let id = encoded.id();
        let instruction = transaction.instruction_hash();
        Ok(Self(Arc::new(Verified {
            transaction,
            encoded,
            id,
            instruction,
        })))
    }
    /// The transaction.
    #[must_use]
    pub fn transaction(&self) -> &Transaction {
        &self.0.transaction
    }
    /// Its canonical bytes.
    #[must_use]
    pub fn encoded(&self) -> &EncodedTransaction {
        &self.0.encoded
    }
    /// The hash of its signed bytes.
    #[must_use]
    pub fn id(&self) -> TransactionId {
        self.0.id
    }
    /// The hash of its instruction.
    #[must_use]
    pub fn instruction_hash(&self) -> InstructionHash {
        self.0.instruction
    }
}
