//! The state root over several tables, and proofs of their entries and gaps that lead to it.

use super::StateTree;
use super::key::TreeKey;
use karwan_types::{
    Hash, STATE_KEY_BYTES_MAX, STATE_TABLE_NAME_BYTES_MAX, StateKey, StateLeaf, StateProof,
    state_root, state_table_hash,
};

/// Why there is no proof.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProveError {
    /// The state has no table of this name.
    #[error("the state has no table \"{table}\"")]
    UnknownTable {
        /// The name that was asked for.
        table: String,
    },
    /// No table can have such a key.
    #[error("a state key has 1 to {STATE_KEY_BYTES_MAX} bytes, this one has {actual}")]
    KeyLength {
        /// Length of the key in bytes.
        actual: usize,
    },
}

/// The state root: covers each table's name, size and tree. The order of the tables is part of the root and never changes.
///
/// # Panics
/// When two tables share a name, a name is longer than `STATE_TABLE_NAME_BYTES_MAX` or there are more than
/// `STATE_TABLES_MAX` tables: the list of tables is written in the ledger, not received.
#[must_use]
pub fn combine(tables: &[(&'static str, &StateTree)]) -> Hash {
    state_root(&table_hashes(tables))
}

/// Proves what the state root says about `key` in `table`: the entry when there is one, otherwise the gap it would lie in.
/// The proof's leaf tells which; `verify_presence` or `verify_absence` checks it.
///
/// # Errors
/// `ProveError` when there is no such table or can be no such key.
///
/// # Panics
/// As [`combine`].
pub fn prove(
    tables: &[(&'static str, &StateTree)],
    table: &str,
    key: &[u8],
) -> Result<StateProof, ProveError> {
    if !(1..=STATE_KEY_BYTES_MAX).contains(&key.len()) {
        return Err(ProveError::KeyLength { actual: key.len() });
    }
    let unknown = || ProveError::UnknownTable {
        table: table.chars().take(STATE_TABLE_NAME_BYTES_MAX).collect(),
    };
    let index = tables
        .iter()
        .position(|(name, _)| *name == table)
        .ok_or_else(unknown)?;
    let (name, tree) = tables[index];
    let (slot, leaf) = tree.leaf_at_or_before(key);
    let mut before = table_hashes(tables);
    let after = before.split_off(index + 1);
    before.truncate(index);
    Ok(StateProof {
        table: name.to_owned(),
        leaf_count: tree.leaf_count(),
        slot,
        leaf,
        siblings: tree.nodes.siblings(slot as usize),
        tables_before: before,
        tables_after: after,
    })
}

fn table_hashes(tables: &[(&'static str, &StateTree)]) -> Vec<Hash> {
    for (index, (name, _)) in tables.iter().enumerate() {
        assert!(
            name.len() <= STATE_TABLE_NAME_BYTES_MAX,
            "the table name {name} is too long"
        );
        assert!(
            tables[..index].iter().all(|(other, _)| other != name),
            "two tables are called {name}"
        );
    }
    tables
        .iter()
        .map(|(name, tree)| state_table_hash(name, tree.leaf_count(), &tree.root()))
        .collect()
}

impl StateTree {
    fn leaf_at_or_before(&self, key: &[u8]) -> (u32, StateLeaf) {
        let wire_key = |key: &TreeKey| {
            StateKey::new(key.as_bytes()).expect("the tree holds only keys within the limit")
        };
        let key = TreeKey::new(key);
        let places = &self.places;
        let (found, (slot, next_key)) = match places.slot_and_next(&key) {
            Some(present) => (&key, present),
            None => {
                let before = places.predecessor(&key);
                let present = places.slot_and_next(before);
                (before, present.expect("the predecessor is in the tree"))
            }
        };
        let leaf = StateLeaf {
            key: wire_key(found),
            value_hash: self.nodes.value_hash(slot as usize),
            next_key: next_key.map(wire_key),
        };
        (slot, leaf)
    }
}
