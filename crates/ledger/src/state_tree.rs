//! The flat indexed Merkle tree over one table of the state: what the state root is computed from and proofs are made of.
//!
//! A leaf holds a key, the hash of its value and the next key in byte order; a sentinel with the empty key stands in slot 0
//! from the beginning, so that every absent key has a leaf before it. Leaves fill the slots from 0 without gaps. The
//! preimages are in `karwan_types`, which checks proofs without this crate.
//!
//! **Slots.** A batch removes first; then each new key, in byte order, takes the lowest free slot, or a new one at the end; then
//! slots that are still free are closed, lowest first, each by the leaf that stands last. So the root depends on the history
//! of batches, and the same batches give the same root on every node; it does not depend on the order in which a batch names
//! its keys. The number of leaves is the number of slots: the root covers how many entries a table has, and parts from a
//! stranger cannot make the tree larger than they are themselves.
//!
//! **Cost.** A clone is a few reference counts: drafts, drafts on drafts and snapshots are clones, and whoever writes copies
//! only the pages it touches. A batch computes each touched inner node once.
//!
//! The tree keeps no values, knows no table's meaning and never fails on its caller's data: a key outside the limits, or
//! named twice in a batch, is a mistake in the ledger and stops it.

mod batch;
mod key;
mod nodes;
mod page;
mod parts;
mod places;
mod proof;
#[cfg(test)]
mod tests;

pub use parts::{StateTreeEntry, StateTreeError};
pub use proof::{ProveError, combine, prove};

use batch::Batch;
use karwan_types::{Hash, state_value_hash};
use key::TreeKey;
use nodes::{LeafChange, Nodes, SlotChange};
use places::Places;
use std::fmt;

/// The Merkle tree of one table.
#[derive(Clone)]
pub struct StateTree {
    places: Places,
    nodes: Nodes,
}

impl StateTree {
    /// A table without entries.
    #[must_use]
    pub fn new() -> Self {
        Self::of_slots(vec![(TreeKey::sentinel(), Hash::ZERO)])
    }

    /// The number of entries; the sentinel is none.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len() - 1
    }

    /// Whether the table has no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of leaves, which is the number of entries and the sentinel.
    #[must_use]
    pub fn leaf_count(&self) -> u32 {
        u32::try_from(self.places.len()).expect("insertion refuses a slot beyond u32")
    }

    /// The top node of the tree. The state root covers it together with the table's name and leaf count, see [`combine`].
    #[must_use]
    pub fn root(&self) -> Hash {
        self.nodes.top()
    }

    /// The hash of the value under `key`, if there is one.
    #[must_use]
    pub fn value_hash(&self, key: &[u8]) -> Option<Hash> {
        let slot = self.places.slot(&TreeKey::new(key))?;
        (slot != 0).then(|| self.nodes.value_hash(slot as usize))
    }

    /// Stores the hash of `value` under `key`, or removes the entry. Several changes at once are cheaper by [`Self::apply`].
    ///
    /// # Panics
    /// As `apply`.
    pub fn set(&mut self, key: &[u8], value: Option<&[u8]>) {
        self.apply([(key, value.map(state_value_hash))]);
    }

    /// Applies a batch: each key gets the hash of its new value, or loses its entry; removing an absent key changes nothing.
    ///
    /// # Panics
    /// When a key is empty, is longer than `STATE_KEY_BYTES_MAX`, or is named twice; and at 2^32 leaves.
    pub fn apply<K: AsRef<[u8]>>(&mut self, changes: impl IntoIterator<Item = (K, Option<Hash>)>) {
        Batch::new(changes).apply(self);
    }

    /// The tree whose slots hold exactly these leaves, the sentinel first.
    fn of_slots(leaves: Vec<(TreeKey, Hash)>) -> Self {
        let mut by_key: Vec<(&TreeKey, usize, Hash)> = leaves
            .iter()
            .enumerate()
            .map(|(slot, (key, value_hash))| (key, slot, *value_hash))
            .collect();
        by_key.sort_unstable();
        let changes = by_key
            .iter()
            .enumerate()
            .map(|(index, (key, slot, value_hash))| SlotChange {
                slot: *slot,
                leaf: Some(LeafChange {
                    key,
                    next_key: by_key.get(index + 1).map(|(next, _, _)| *next),
                    value_hash: Some(*value_hash),
                }),
            });
        let mut nodes = Nodes::new();
        nodes.update(changes.collect(), leaves.len());
        let number = |slot: usize| u32::try_from(slot).expect("callers hold leaves below 2^32");
        let slots = by_key
            .iter()
            .map(|(key, slot, _)| ((*key).clone(), number(*slot)))
            .collect();
        let keys = leaves.iter().map(|(key, _)| key.clone()).collect();
        Self {
            places: Places::new(keys, slots),
            nodes,
        }
    }
}

impl Default for StateTree {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for StateTree {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("StateTree")
            .field("entries", &self.len())
            .field("root", &self.root())
            .finish_non_exhaustive()
    }
}
