//! A tree taken apart for a checkpoint, and put together again with every leaf in the slot it had.

use super::StateTree;
use super::key::TreeKey;
use karwan_types::{Hash, StateKey};
use serde::{Deserialize, Serialize};

/// One entry of a table with its place in the tree. The sentinel is implied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateTreeEntry {
    /// The place of the leaf, from 1: slot 0 is the sentinel's.
    pub slot: u32,
    /// The entry's key.
    pub key: StateKey,
    /// The hash of the entry's value.
    pub value_hash: Hash,
}

/// Why entries are not the parts of a tree.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StateTreeError {
    /// There are more entries than a table can hold.
    #[error("{entries} entries, a table holds fewer than 2^32 - 1")]
    TooMany {
        /// Entries given.
        entries: usize,
    },
    /// The empty key belongs to the sentinel.
    #[error("an entry has the empty key")]
    EmptyKey,
    /// A key does not come after the one before it.
    #[error("the key {key} does not come after the one before it")]
    KeyOrder {
        /// The second of the two keys.
        key: StateKey,
    },
    /// A slot is not one of those that this many entries fill.
    #[error("slot {slot} in a table of {entries} entries, which fill slots 1 to {entries}")]
    SlotOutOfRange {
        /// The entry's slot.
        slot: u32,
        /// Entries given.
        entries: usize,
    },
    /// Two entries claim one slot.
    #[error("two entries claim slot {slot}")]
    SlotTaken {
        /// The slot in dispute.
        slot: u32,
    },
}

impl StateTree {
    /// The entries in the order of their keys: the order in which a table itself is read.
    pub fn to_parts(&self) -> impl Iterator<Item = StateTreeEntry> {
        self.places
            .iter()
            .skip(1)
            .map(|(key, slot)| StateTreeEntry {
                slot,
                key: StateKey::new(key.as_bytes())
                    .expect("the tree holds only keys within the limit"),
                value_hash: self.nodes.value_hash(slot as usize),
            })
    }

    /// The tree that gave these parts, with the same root. Whoever received them from a stranger compares the root: any entries
    /// that fit together make a tree.
    ///
    /// # Errors
    /// `StateTreeError` when keys are not in strictly ascending order or the slots are not exactly 1 to the number of entries.
    pub fn from_parts(
        parts: impl IntoIterator<Item = StateTreeEntry>,
    ) -> Result<Self, StateTreeError> {
        let parts: Vec<StateTreeEntry> = parts.into_iter().collect();
        let entries = parts.len();
        if u32::try_from(entries).is_ok_and(|entries| entries < u32::MAX - 1) {
            check_keys(&parts)?;
            Ok(Self::of_slots(in_slots(&parts)?))
        } else {
            Err(StateTreeError::TooMany { entries })
        }
    }
}

fn check_keys(parts: &[StateTreeEntry]) -> Result<(), StateTreeError> {
    if parts.iter().any(|entry| entry.key.as_bytes().is_empty()) {
        return Err(StateTreeError::EmptyKey);
    }
    match parts.windows(2).find(|pair| pair[0].key >= pair[1].key) {
        Some(pair) => Err(StateTreeError::KeyOrder {
            key: pair[1].key.clone(),
        }),
        None => Ok(()),
    }
}

/// The leaves in the order of their slots, the sentinel first.
fn in_slots(parts: &[StateTreeEntry]) -> Result<Vec<(TreeKey, Hash)>, StateTreeError> {
    let entries = parts.len();
    let mut places: Vec<Option<&StateTreeEntry>> = vec![None; entries];
    for entry in parts {
        let slot = entry.slot;
        let place = (slot as usize)
            .checked_sub(1)
            .and_then(|index| places.get_mut(index))
            .ok_or(StateTreeError::SlotOutOfRange { slot, entries })?;
        if place.replace(entry).is_some() {
            return Err(StateTreeError::SlotTaken { slot });
        }
    }
    let mut leaves = Vec::with_capacity(entries + 1);
    leaves.push((TreeKey::sentinel(), Hash::ZERO));
    // As many entries as places, and no place taken twice: every place is taken.
    leaves.extend(
        places
            .into_iter()
            .flatten()
            .map(|entry| (TreeKey::new(entry.key.as_bytes()), entry.value_hash)),
    );
    Ok(leaves)
}
