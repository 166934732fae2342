//! A proof that the state at some height holds an entry, or holds none under a key, checked without a ledger.
//!
//! A proof is one leaf, its path to the top of its table, and the hashes of the other tables: together they give the state
//! root that a certified header carries. The leaf itself proves presence. Absence is proved by the leaf before the key, when
//! the next key it names lies after. For a given root, table and key exactly one proof exists.
//!
//! What a proof discloses: a proof of absence shows the two neighbouring keys and the hash of one neighbour's value. That hash is
//! not salted, so a value that can be guessed can be confirmed: proofs from a table with owners go only to those who may
//! read the leaf. Where the root comes from, and whether it was certified, is not known here.

mod format;
#[cfg(test)]
mod tests;

pub use format::{
    STATE_DEPTH_MAX, STATE_KEY_BYTES_MAX, STATE_TABLE_NAME_BYTES_MAX, STATE_TABLES_MAX, StateKey,
    StateLeaf, state_depth, state_leaf_hash, state_node_hash, state_root, state_table_hash,
    state_value_hash,
};

use crate::hash::Hash;
use serde::{Deserialize, Serialize};

/// The longest encoding of a proof, in bytes: what a decoder should allow.
pub const STATE_PROOF_BYTES_MAX: usize = 4096;

/// Proves one entry of the state, or that a key has none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateProof {
    /// The table's name, at most `STATE_TABLE_NAME_BYTES_MAX` bytes.
    pub table: String,
    /// How many leaves the table has; the sentinel is one of them.
    pub leaf_count: u32,
    /// The place of the leaf in the table's tree, from zero.
    pub slot: u32,
    /// The entry, or for absence the one before the key.
    pub leaf: StateLeaf,
    /// The neighbouring nodes from the leaf upwards, one for each level, at most `STATE_DEPTH_MAX`; zero where there are no leaves.
    pub siblings: Vec<Hash>,
    /// The hashes of the tables before this one. With those after it at most `STATE_TABLES_MAX - 1`.
    pub tables_before: Vec<Hash>,
    /// The hashes of the tables after this one.
    pub tables_after: Vec<Hash>,
}

/// Why a proof does not prove what it is asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StateProofError {
    /// The proof is about another table.
    #[error("the proof is about table \"{found}\", not \"{expected}\"")]
    OtherTable {
        /// The table that was asked for.
        expected: String,
        /// The table in the proof, cut to `STATE_TABLE_NAME_BYTES_MAX` characters.
        found: String,
    },
    /// The proof names more tables than a state can have.
    #[error("the proof names {actual} tables, the limit is {STATE_TABLES_MAX}")]
    TooManyTables {
        /// Tables in the proof.
        actual: usize,
    },
    /// The proof claims a place that its table does not have.
    #[error("the proof is for slot {slot} of a table with {leaf_count} leaves")]
    SlotOutOfRange {
        /// The claimed place.
        slot: u32,
        /// The claimed number of leaves.
        leaf_count: u32,
    },
    /// A path in a table of this size has another number of siblings.
    #[error("the path has {actual} siblings where {expected} are needed")]
    PathLength {
        /// Siblings that the table's size requires.
        expected: usize,
        /// Siblings in the proof.
        actual: usize,
    },
    /// The proof leads to another state root.
    #[error("the proof leads to another state root")]
    OtherRoot,
    /// The empty key belongs to the sentinel; it is neither present nor absent.
    #[error("the empty key is no entry's key")]
    EmptyKey,
    /// The proof shows another entry.
    #[error("the proof shows the entry {found}, not the one asked for")]
    OtherKey {
        /// The key in the proof.
        found: StateKey,
    },
    /// The entry has another value.
    #[error("the entry has another value")]
    OtherValue,
    /// The key was said to be absent, and the proof shows that it is there.
    #[error("the proof shows that the key is present")]
    Present,
    /// The key does not lie between the leaf of the proof and the next one.
    #[error("the proof shows a gap that the key does not lie in")]
    OtherGap,
}

impl StateProof {
    /// Checks that the state under `state_root` holds `value` under `key` in `table`.
    ///
    /// # Errors
    /// `StateProofError` names the first thing that does not fit.
    pub fn verify_presence(
        &self,
        state_root: &Hash,
        table: &str,
        key: &[u8],
        value: &[u8],
    ) -> Result<(), StateProofError> {
        self.verify_leaf(state_root, table, key)?;
        if self.leaf.key.as_bytes() != key {
            return Err(StateProofError::OtherKey {
                found: self.leaf.key.clone(),
            });
        }
        if self.leaf.value_hash != state_value_hash(value) {
            return Err(StateProofError::OtherValue);
        }
        Ok(())
    }

    /// Checks that the state under `state_root` holds nothing under `key` in `table`.
    ///
    /// # Errors
    /// `StateProofError` names the first thing that does not fit.
    pub fn verify_absence(
        &self,
        state_root: &Hash,
        table: &str,
        key: &[u8],
    ) -> Result<(), StateProofError> {
        self.verify_leaf(state_root, table, key)?;
        let next_key = self.leaf.next_key.as_ref().map(StateKey::as_bytes);
        if self.leaf.key.as_bytes() == key || next_key == Some(key) {
            return Err(StateProofError::Present);
        }
        if self.leaf.key.as_bytes() > key || next_key.is_some_and(|next| next < key) {
            return Err(StateProofError::OtherGap);
        }
        Ok(())
    }

    /// Checks that the leaf is in the table that was asked for, under the root.
    fn verify_leaf(&self, root: &Hash, table: &str, key: &[u8]) -> Result<(), StateProofError> {
        if key.is_empty() {
            return Err(StateProofError::EmptyKey);
        }
        if self.table != table {
            return Err(StateProofError::OtherTable {
                expected: table.to_owned(),
                found: self
                    .table
                    .chars()
                    .take(STATE_TABLE_NAME_BYTES_MAX)
                    .collect(),
            });
        }
        let table_count = self.tables_before.len() + 1 + self.tables_after.len();
        if table_count > STATE_TABLES_MAX {
            return Err(StateProofError::TooManyTables {
                actual: table_count,
            });
        }
        if self.slot >= self.leaf_count {
            return Err(StateProofError::SlotOutOfRange {
                slot: self.slot,
                leaf_count: self.leaf_count,
            });
        }
        let expected = state_depth(self.leaf_count);
        if self.siblings.len() != expected {
            return Err(StateProofError::PathLength {
                expected,
                actual: self.siblings.len(),
            });
        }
        if self.computed_root() == *root {
            Ok(())
        } else {
            Err(StateProofError::OtherRoot)
        }
    }

    fn computed_root(&self) -> Hash {
        let mut node = self.leaf.hash();
        let mut position = self.slot;
        for sibling in &self.siblings {
            node = if position.is_multiple_of(2) {
                state_node_hash(&node, sibling)
            } else {
                state_node_hash(sibling, &node)
            };
            position /= 2;
        }
        let mut tables = self.tables_before.clone();
        tables.push(state_table_hash(&self.table, self.leaf_count, &node));
        tables.extend_from_slice(&self.tables_after);
        state_root(&tables)
    }
}
