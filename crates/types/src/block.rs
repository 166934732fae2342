//! A block: its header, which the validators sign through its hash, and its transactions as opaque canonical bytes.

use crate::certificate::CommitCertificate;
use crate::codec::encode;
use crate::hash::{Hash, HashDomain, hash_of};
use crate::keys::{ChainId, PublicKey};
use crate::merkle::merkle_root;
use crate::outcome::Outcome;
use crate::time::{Height, Timestamp};
use core::fmt;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The version of the block format.
pub const BLOCK_VERSION: u16 = 1;
/// The most bytes of one transaction: a bulk instruction of 1,000 payments fits.
pub const TRANSACTION_BYTES_MAX: usize = 1 << 20;
/// The most bytes of a block's transactions together.
pub const BLOCK_BYTES_MAX: usize = 4 << 20;

/// The hash of a transaction's signed bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TransactionId(pub Hash);

/// The hash of an instruction without expiry and signatures: what further signers approve.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct InstructionHash(pub Hash);

macro_rules! hash_text {
    ($($name:ident),+) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(formatter)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, "{:?}", self.0)
            }
        }
        impl core::str::FromStr for $name {
            type Err = crate::text::WordError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )+};
}
hash_text!(TransactionId, InstructionHash);

/// The canonical bytes of one signed transaction. What they mean is the ledger's business. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EncodedTransaction(Arc<[u8]>);

impl EncodedTransaction {
    /// Takes encoded bytes.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }
    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
    /// The transaction id: the hash of the bytes.
    #[must_use]
    pub fn id(&self) -> TransactionId {
        TransactionId(hash_of(HashDomain::Transaction, &[&self.0]))
    }
}

impl fmt::Debug for EncodedTransaction {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} bytes, id {:?}", self.0.len(), self.id())
    }
}

/// What the validators sign. It commits to the state *after* the block, so a certificate proves the result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct BlockHeader {
    /// [`BLOCK_VERSION`].
    pub version: u16,
    /// The chain.
    pub chain_id: ChainId,
    /// The height, from 1.
    pub height: Height,
    /// The proposer's clock, later than the parent's time.
    pub time: Timestamp,
    /// The hash of the block before; the chain id for the first block.
    pub parent: Hash,
    /// The Merkle root over the transaction ids in order.
    pub transactions_root: Hash,
    /// The Merkle root over the outcomes in order.
    pub receipts_root: Hash,
    /// The root of the state after the block.
    pub state_root: Hash,
    /// The validators of this height.
    pub validators_hash: Hash,
    /// The validators of the next height.
    pub next_validators_hash: Hash,
    /// The consensus key of the validator that built the block.
    pub proposer: PublicKey,
}

impl BlockHeader {
    /// The block's hash: the value that consensus decides.
    #[must_use]
    pub fn hash(&self) -> Hash {
        hash_of(HashDomain::Header, &[&encode(self)])
    }
}

/// A header and the transactions it commits to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// The header.
    pub header: BlockHeader,
    /// The transactions, in order of execution.
    pub transactions: Vec<EncodedTransaction>,
}

impl Block {
    /// The block's hash.
    #[must_use]
    pub fn hash(&self) -> Hash {
        self.header.hash()
    }
}

/// The root over transaction ids in order.
#[must_use]
pub fn transactions_root(transactions: &[EncodedTransaction]) -> Hash {
    let leaves: Vec<Hash> = transactions
        .iter()
        .map(|transaction| transaction.id().0)
        .collect();
    merkle_root(&leaves)
}

/// The root over outcomes in order.
#[must_use]
pub fn receipts_root(outcomes: &[Outcome]) -> Hash {
    let leaves: Vec<Hash> = outcomes.iter().map(Outcome::hash).collect();
    merkle_root(&leaves)
}

/// What a node stores for each height: the block, the proof that it is final, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockFrame {
    /// The block.
    pub block: Block,
    /// The proof that it is final.
    pub certificate: CommitCertificate,
    /// Every status transition of the block in order, the leaves of its receipts root.
    pub outcomes: Vec<Outcome>,
}
