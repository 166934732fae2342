//! A tree that recomputes everything from its slots, written from the description and not from the code; and the random batches.

use karwan_types::{Hash, HashDomain, hash_of};
use std::collections::BTreeMap;

/// The slots as a plain list, the values as a plain map.
#[derive(Clone)]
pub(super) struct Model {
    pub(super) slots: Vec<Option<Vec<u8>>>,
    pub(super) values: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl Model {
    pub(super) fn new() -> Self {
        Self {
            slots: vec![Some(vec![])],
            values: BTreeMap::new(),
        }
    }

    pub(super) fn apply(&mut self, changes: &[(Vec<u8>, Option<Vec<u8>>)]) {
        for (key, _) in changes.iter().filter(|(_, value)| value.is_none()) {
            if self.values.remove(key).is_some() {
                for slot in &mut self.slots {
                    if slot.as_ref() == Some(key) {
                        *slot = None;
                    }
                }
            }
        }
        let mut stored: Vec<_> = changes
            .iter()
            .filter(|(_, value)| value.is_some())
            .collect();
        stored.sort();
        for (key, value) in stored {
            if self
                .values
                .insert(key.clone(), value.clone().unwrap())
                .is_none()
            {
                match self.slots.iter().position(Option::is_none) {
                    Some(free) => self.slots[free] = Some(key.clone()),
                    None => self.slots.push(Some(key.clone())),
                }
            }
        }
        while let Some(free) = self.slots.iter().position(Option::is_none) {
            let last = self.slots.pop().unwrap();
            if free < self.slots.len() {
                self.slots[free] = self.slots[free].take().or(last);
            }
        }
    }

    pub(super) fn root(&self) -> Hash {
        let mut level: Vec<Hash> = self
            .slots
            .iter()
            .map(|slot| self.leaf(slot.as_ref().unwrap()))
            .collect();
        level.resize(level.len().next_power_of_two(), Hash::ZERO);
        while level.len() > 1 {
            level = level.chunks(2).map(|pair| node(pair[0], pair[1])).collect();
        }
        level[0]
    }

    fn leaf(&self, key: &Vec<u8>) -> Hash {
        let mut preimage = u32::try_from(key.len()).unwrap().to_le_bytes().to_vec();
        preimage.extend(key);
        match self.values.get(key) {
            Some(value) => preimage.extend(hash_of(HashDomain::StateValue, &[value]).as_bytes()),
            None => preimage.extend([0; 32]),
        }
        match self.values.keys().find(|next| *next > key) {
            Some(next) => {
                preimage.push(1);
                preimage.extend(next);
            }
            None => preimage.push(0),
        }
        hash_of(HashDomain::StateLeaf, &[&preimage])
    }
}

fn node(left: Hash, right: Hash) -> Hash {
    if left == Hash::ZERO && right == Hash::ZERO {
        return Hash::ZERO;
    }
    hash_of(HashDomain::StateNode, &[left.as_bytes(), right.as_bytes()])
}

pub(super) fn value(number: u32) -> Vec<u8> {
    number.to_le_bytes().to_vec()
}

/// A seeded sequence of numbers: splitmix64.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    /// Changes to a small set of keys, so that batches meet each other: mostly insertions or mostly removals. Keys share their
    /// beginnings and differ in length, around the length up to which the tree keeps a key in place.
    pub(super) fn batch(&mut self) -> Vec<(Vec<u8>, Option<Vec<u8>>)> {
        let removals_in_ten = self.below(10);
        let mut changes = BTreeMap::new();
        for _ in 0..self.below(24) {
            let lengths = [0, 1, 2, 7, 8, 36, 37, 38, 60];
            let length = lengths[usize::try_from(self.below(9)).unwrap()];
            let mut key = vec![b'K'; length];
            let last = u8::try_from(self.below(12)).unwrap();
            key.push(last);
            let number = u32::try_from(self.below(1000)).unwrap();
            let value = (self.below(10) >= removals_in_ten).then(|| value(number));
            changes.insert(key, value);
        }
        changes.into_iter().collect()
    }

    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        for index in 1..items.len() {
            let other = self.below(index as u64 + 1);
            items.swap(index, usize::try_from(other).unwrap());
        }
    }
}
