//! Which key stands in which slot, and which key is next to which. Clones share what neither has changed.

use super::key::TreeKey;
use imbl::{OrdMap, Vector};
use std::ops::Bound;

/// The keys of a tree in byte order and in the order of their slots.
#[derive(Clone)]
pub(super) struct Places {
    slots: OrdMap<TreeKey, u32>,
    keys: Vector<TreeKey>,
}

impl Places {
    /// Keys that fill the slots in the given order; `by_key` are the same keys with their slots, in byte order.
    pub(super) fn new(keys: Vector<TreeKey>, by_key: OrdMap<TreeKey, u32>) -> Self {
        Self {
            slots: by_key,
            keys,
        }
    }

    /// How many slots there are.
    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    /// The keys with their slots, in byte order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&TreeKey, u32)> {
        self.slots.iter().map(|(key, &slot)| (key, slot))
    }

    /// The slot of a key.
    pub(super) fn slot(&self, key: &TreeKey) -> Option<u32> {
        self.slots.get(key).copied()
    }

    /// The slot of a key and the key after it.
    pub(super) fn slot_and_next(&self, key: &TreeKey) -> Option<(u32, Option<&TreeKey>)> {
        let from_key = (Bound::Included(key), Bound::Unbounded);
        let mut from_key = self.slots.range::<_, TreeKey>(from_key);
        let (found, &slot) = from_key.next()?;
        (found == key).then(|| (slot, from_key.next().map(|(next, _)| next)))
    }

    /// The last key before `key`. Every key but the sentinel has one.
    pub(super) fn predecessor(&self, key: &TreeKey) -> &TreeKey {
        let before_key = (Bound::Unbounded, Bound::Excluded(key));
        let predecessor = self.slots.range::<_, TreeKey>(before_key).next_back();
        predecessor.expect("the sentinel precedes every key").0
    }

    /// Takes a key out and leaves its slot open, to be filled or closed before the batch ends.
    pub(super) fn remove(&mut self, key: &TreeKey) -> Option<u32> {
        self.slots.remove(key)
    }

    /// Puts a key, new or moved, into an open slot.
    pub(super) fn put(&mut self, key: TreeKey, slot: u32) {
        self.keys.set(slot as usize, key.clone());
        self.slots.insert(key, slot);
    }

    /// Puts a new key into a new slot at the end.
    ///
    /// # Panics
    /// At 2^32 - 1 keys: their number must be a `u32` too.
    pub(super) fn push(&mut self, key: TreeKey) {
        let slot = u32::try_from(self.keys.len())
            .ok()
            .filter(|slot| *slot < u32::MAX)
            .expect("a table has fewer than 2^32 leaves");
        self.keys.push_back(key.clone());
        self.slots.insert(key, slot);
    }

    /// Gives up the last slot: returns it with the key that stands or last stood there.
    pub(super) fn pop(&mut self) -> (usize, TreeKey) {
        let key = self.keys.pop_back().expect("the sentinel is never removed");
        (self.keys.len(), key)
    }
}
