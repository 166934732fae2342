//! One table of the state: an ordered persistent map, and the tree that commits to it.
//!
//! Reads see every change at once; the tree learns of them when the block is sealed, all changed keys together. A clone
//! shares everything until one of the two is changed, so a draft is a clone and a refused draft is dropped.

use crate::checkpoint::{CheckpointError, ROW_BYTES_MAX};
use crate::state_tree::{StateTree, StateTreeEntry};
use imbl::{OrdMap, OrdSet};
use karwan_types::{STATE_KEY_BYTES_MAX, StateKey, decode, encode, state_value_hash};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A table with keys `K` and values `V`.
#[derive(Clone)]
pub(crate) struct Table<K, V> {
    rows: OrdMap<K, V>,
    changed: OrdSet<K>,
    tree: StateTree,
}

impl<K, V> core::fmt::Debug for Table<K, V> {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(formatter, "{} rows", self.rows.len())
    }
}

impl<K, V> Table<K, V>
where
    K: Ord + Clone + Serialize + DeserializeOwned,
    V: Clone + Serialize + DeserializeOwned,
{
    pub(crate) fn new() -> Self {
        Self {
            rows: OrdMap::new(),
            changed: OrdSet::new(),
            tree: StateTree::new(),
        }
    }
    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.rows.get(key)
    }
    /// The last row whose key is at most this one.
    pub(crate) fn get_last_before(&self, key: &K) -> Option<(&K, &V)> {
        self.rows.get_prev(key)
    }
    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let row = self.rows.get_mut(key)?;
        self.changed.insert(key.clone());
        Some(row)
    }
    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        self.changed.insert(key.clone());
        self.rows.insert(key, value)
    }
    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        let removed = self.rows.remove(key);
        if removed.is_some() {
            self.changed.insert(key.clone());
        }
        removed
    }
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.rows.iter()
    }
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }
    pub(crate) fn tree(&self) -> &StateTree {
        assert!(
            self.changed.is_empty(),
            "a table is proved and rooted only after it is sealed"
        );
        &self.tree
    }
    /// Brings the tree up to date with the rows.
    pub(crate) fn seal(&mut self) {
        let changed = core::mem::take(&mut self.changed);
        let changes = changed.iter().map(|key| {
            let value = self.rows.get(key).map(|row| state_value_hash(&encode(row)));
            (encode(key), value)
        });
        self.tree.apply(changes);
    }
    /// Every row with its slot in the tree, as bytes, in the order of the tree.
    pub(crate) fn parts(&self) -> impl Iterator<Item = (u32, Vec<u8>, Vec<u8>)> {
        self.tree().to_parts().map(|entry| {
            let key: K = decode(entry.key.as_bytes(), STATE_KEY_BYTES_MAX)
                .expect("the tree holds encoded keys only");
            let row = self
                .rows
                .get(&key)
                .expect("a sealed table and its tree hold the same keys");
            (entry.slot, entry.key.as_bytes().to_vec(), encode(row))
        })
    }
    /// Restores a table from what [`Table::parts`] gave.
    pub(crate) fn from_parts(parts: Vec<(u32, Vec<u8>, Vec<u8>)>) -> Result<Self, CheckpointError> {
        let mut rows = OrdMap::new();
        let mut entries = Vec::with_capacity(parts.len());
        for (slot, key, row) in parts {
            rows.insert(
                decode::<K>(&key, STATE_KEY_BYTES_MAX)?,
                decode::<V>(&row, ROW_BYTES_MAX)?,
            );
            let key = StateKey::new(&key).map_err(|_| CheckpointError::Section)?;
            entries.push(StateTreeEntry {
                slot,
                key,
                value_hash: state_value_hash(&row),
            });
        }
        let tree = StateTree::from_parts(entries)?;
        Ok(Self {
            rows,
            changed: OrdSet::new(),
            tree,
        })
    }
}
