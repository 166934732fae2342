//! What the state root is a hash of: the one place that knows the preimages, for the ledger that builds them and for
//! whoever checks a proof.
//!
//! ```text
//! value  = H(state-value, value bytes)
//! leaf   = H(state-leaf,  key length u32, key, value, 0)                      for the last key of a table
//!        = H(state-leaf,  key length u32, key, value, 1, next key)            otherwise
//! node   = H(state-node,  left, right); a node above two empty ones is empty, and empty is 32 zero bytes
//! table  = H(state-table, leaf count u32, top node, name)
//! root   = H(state-root,  table count u32, table, table, ...)
//! ```
//! Integers are little-endian. Every part but the last of a preimage has a fixed or a written length, so two different
//! leaves, tables or roots never share a preimage.

use crate::hash::{Hash, HashDomain, hash_of};
use crate::text::{WordError, word_serde};
use core::fmt;
use core::str::FromStr;
use serde::{Deserialize, Serialize};

/// The longest key of a state entry, in bytes.
pub const STATE_KEY_BYTES_MAX: usize = 256;
/// The longest name of a state table, in bytes.
pub const STATE_TABLE_NAME_BYTES_MAX: usize = 32;
/// The most tables that a state can have.
pub const STATE_TABLES_MAX: usize = 64;
/// The most levels between a leaf and the top node of its table.
pub const STATE_DEPTH_MAX: usize = 32;

/// The key of a state entry: 1 to `STATE_KEY_BYTES_MAX` bytes, in byte order. The empty key belongs to the sentinel, the leaf
/// that precedes all others. Text form: lower-case hexadecimal.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct StateKey(Vec<u8>);

/// One leaf of a table. The leaves of a table are linked in the order of their keys, which makes absence provable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateLeaf {
    /// The entry's key; empty for the sentinel.
    pub key: StateKey,
    /// The hash of the entry's value; `Hash::ZERO` for the sentinel.
    pub value_hash: Hash,
    /// The next key of the table in byte order, `None` after the last one.
    pub next_key: Option<StateKey>,
}

impl StateKey {
    /// Takes the bytes of a key.
    ///
    /// # Errors
    /// `WordError` when there are more than `STATE_KEY_BYTES_MAX`.
    pub fn new(bytes: &[u8]) -> Result<Self, WordError> {
        if bytes.len() > STATE_KEY_BYTES_MAX {
            let start = hex::encode(&bytes[..32]);
            return Err(WordError::new(
                "state key",
                &start,
                "must have at most 256 bytes",
            ));
        }
        Ok(Self(bytes.to_vec()))
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
        Self::new(&bytes)
    }
}

word_serde!(StateKey, Vec<u8>);

impl fmt::Display for StateKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&hex::encode(&self.0))
    }
}

impl fmt::Debug for StateKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl FromStr for StateKey {
    type Err = WordError;

    fn from_str(text: &str) -> Result<Self, WordError> {
        let refused = |rule| WordError::new("state key", text, rule);
        if text.len() > 2 * STATE_KEY_BYTES_MAX {
            return Err(refused("must have at most 256 bytes"));
        }
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(refused("must be lower-case hexadecimal"));
        }
        let bytes = hex::decode(text).map_err(|_| refused("must be lower-case hexadecimal"))?;
        Self::new(&bytes)
    }
}

impl StateLeaf {
    /// The leaf's node in the tree.
    #[must_use]
    pub fn hash(&self) -> Hash {
        let next_key = self.next_key.as_ref().map(StateKey::as_bytes);
        state_leaf_hash(self.key.as_bytes(), &self.value_hash, next_key)
    }
}

/// The hash that stands for a value in its leaf.
#[must_use]
pub fn state_value_hash(value: &[u8]) -> Hash {
    hash_of(HashDomain::StateValue, &[value])
}

/// A leaf's node in the tree.
///
/// # Panics
/// When the key is longer than 2^32 bytes; callers hold keys to `STATE_KEY_BYTES_MAX`.
#[must_use]
pub fn state_leaf_hash(key: &[u8], value_hash: &Hash, next_key: Option<&[u8]>) -> Hash {
    let key_bytes = u32::try_from(key.len()).expect("keys have at most STATE_KEY_BYTES_MAX bytes");
    let (tag, next): (&[u8], &[u8]) = match next_key {
        Some(next) => (&[1], next),
        None => (&[0], &[]),
    };
    hash_of(
        HashDomain::StateLeaf,
        &[
            &key_bytes.to_le_bytes(),
            key,
            value_hash.as_bytes(),
            tag,
            next,
        ],
    )
}

/// The node above two nodes. `Hash::ZERO` stands for a subtree without leaves, at every height.
#[must_use]
pub fn state_node_hash(left: &Hash, right: &Hash) -> Hash {
    if *left == Hash::ZERO && *right == Hash::ZERO {
        return Hash::ZERO;
    }
    hash_of(HashDomain::StateNode, &[left.as_bytes(), right.as_bytes()])
}

/// How many levels lie between the leaves of a table and its top node: the smallest tree that has room for them.
#[must_use]
pub const fn state_depth(leaf_count: u32) -> usize {
    if leaf_count < 2 {
        0
    } else {
        (leaf_count - 1).ilog2() as usize + 1
    }
}

/// What the state root covers of one table: its name, how many leaves it has (the sentinel is one) and its top node.
#[must_use]
pub fn state_table_hash(name: &str, leaf_count: u32, top: &Hash) -> Hash {
    hash_of(
        HashDomain::StateTable,
        &[&leaf_count.to_le_bytes(), top.as_bytes(), name.as_bytes()],
    )
}

/// The state root over the hashes of all tables, in the fixed order of the ledger.
///
/// # Panics
/// When there are more than `STATE_TABLES_MAX` tables.
#[must_use]
pub fn state_root(tables: &[Hash]) -> Hash {
    assert!(
        tables.len() <= STATE_TABLES_MAX,
        "a state has at most STATE_TABLES_MAX tables"
    );
    let table_count = u32::try_from(tables.len()).expect("STATE_TABLES_MAX fits");
    let table_count = table_count.to_le_bytes();
    let mut parts: Vec<&[u8]> = vec![&table_count];
    parts.extend(tables.iter().map(|table| table.as_bytes().as_slice()));
    hash_of(HashDomain::StateRoot, &parts)
}
