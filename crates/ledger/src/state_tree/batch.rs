//! One batch of changes: which slots they take, free and close, and which leaves become other leaves.

use super::StateTree;
use super::key::TreeKey;
use super::nodes::{LeafChange, SlotChange};
use super::places::Places;
use karwan_types::{Hash, STATE_KEY_BYTES_MAX};

/// A batch on its way through the tree.
#[derive(Default)]
pub(super) struct Batch {
    /// Keys to remove, in byte order.
    removed: Vec<TreeKey>,
    /// Keys to store, in byte order.
    stored: Vec<Stored>,
    /// Slots that a removal has emptied and no insertion has taken, highest first.
    free: Vec<u32>,
    /// Keys whose place or whose next key has changed.
    relinked: Vec<TreeKey>,
    /// Slots at the end that no longer exist.
    closed: Vec<usize>,
}

struct Stored {
    key: TreeKey,
    value_hash: Hash,
    /// Where the key was found, and its next key; right as long as the key is not relinked. `None` for a new key.
    found: Option<(u32, Option<TreeKey>)>,
}

impl Batch {
    /// # Panics
    /// When a key is outside its limits or named twice.
    pub(super) fn new<K: AsRef<[u8]>>(
        changes: impl IntoIterator<Item = (K, Option<Hash>)>,
    ) -> Self {
        let mut changes: Vec<(TreeKey, Option<Hash>)> = changes
            .into_iter()
            .map(|(key, value_hash)| (checked_key(key.as_ref()), value_hash))
            .collect();
        changes.sort_unstable_by(|left, right| left.0.cmp(&right.0));
        assert!(
            changes.windows(2).all(|pair| pair[0].0 != pair[1].0),
            "a batch names each key once"
        );
        let mut batch = Self::default();
        for (key, value_hash) in changes {
            match value_hash {
                Some(value_hash) => batch.stored.push(Stored {
                    key,
                    value_hash,
                    found: None,
                }),
                None => batch.removed.push(key),
            }
        }
        batch
    }

    pub(super) fn apply(mut self, tree: &mut StateTree) {
        self.remove(&mut tree.places);
        self.store(&mut tree.places);
        self.close_slots(tree);
        self.relinked.sort_unstable();
        self.relinked.dedup();
        let changes = self.slot_changes(&tree.places);
        tree.nodes.update(changes, tree.places.len());
    }

    fn remove(&mut self, places: &mut Places) {
        for key in &self.removed {
            if let Some(slot) = places.remove(key) {
                self.free.push(slot);
                // Keys go in byte order, so a predecessor is never removed after it was noted.
                self.relinked.push(places.predecessor(key).clone());
            }
        }
        self.free.sort_unstable_by(|left, right| right.cmp(left));
    }

    fn store(&mut self, places: &mut Places) {
        for stored in &mut self.stored {
            let key = &stored.key;
            stored.found = places
                .slot_and_next(key)
                .map(|(slot, next_key)| (slot, next_key.cloned()));
            if stored.found.is_none() {
                self.relinked.push(places.predecessor(key).clone());
                self.relinked.push(key.clone());
                match self.free.pop() {
                    Some(slot) => places.put(key.clone(), slot),
                    None => places.push(key.clone()),
                }
            }
        }
    }

    /// Moves the last leaves into the slots that are still free, so that between batches there are none.
    fn close_slots(&mut self, tree: &mut StateTree) {
        // `free` is in descending order: its first is the highest, its last the lowest.
        let mut highest = 0;
        while highest < self.free.len() {
            let (last_slot, key) = tree.places.pop();
            self.closed.push(last_slot);
            if self.free[highest] as usize == last_slot {
                highest += 1;
                continue;
            }
            let lowest = self.free.pop().expect("the loop ends when none is left");
            let value_hash = tree.nodes.value_hash(last_slot);
            tree.nodes.set_value_hash(lowest as usize, value_hash);
            tree.places.put(key.clone(), lowest);
            self.relinked.push(key);
        }
    }

    /// What the slots shall hold after the batch: one change for each slot that differs.
    fn slot_changes<'tree>(&'tree self, places: &'tree Places) -> Vec<SlotChange<'tree>> {
        let mut changes = Vec::new();
        changes.extend(
            self.closed
                .iter()
                .map(|&slot| SlotChange { slot, leaf: None }),
        );
        for key in &self.relinked {
            let (slot, next_key) = places
                .slot_and_next(key)
                .expect("a relinked key is in the tree");
            let stored = self.stored.binary_search_by(|stored| stored.key.cmp(key));
            changes.push(SlotChange {
                slot: slot as usize,
                leaf: Some(LeafChange {
                    key,
                    next_key,
                    value_hash: stored.ok().map(|index| self.stored[index].value_hash),
                }),
            });
        }
        for stored in &self.stored {
            if let Some((slot, next_key)) = &stored.found
                && self.relinked.binary_search(&stored.key).is_err()
            {
                changes.push(SlotChange {
                    slot: *slot as usize,
                    leaf: Some(LeafChange {
                        key: &stored.key,
                        next_key: next_key.as_ref(),
                        value_hash: Some(stored.value_hash),
                    }),
                });
            }
        }
        changes
    }
}

fn checked_key(key: &[u8]) -> TreeKey {
    assert!(
        (1..=STATE_KEY_BYTES_MAX).contains(&key.len()),
        "a state key has 1 to {STATE_KEY_BYTES_MAX} bytes, this one has {}",
        key.len()
    );
    TreeKey::new(key)
}
