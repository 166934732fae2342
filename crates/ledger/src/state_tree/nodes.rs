//! The slots of a tree and the nodes above them, kept in pages that clones share until one of them writes.
//!
//! Pages stand in tiers: the leaves of the bottom pages are the tree's leaves, the leaves of a higher page are the top nodes
//! of the pages below it. The tree has the smallest height with room for its leaves; nodes above no leaf are `Hash::ZERO`, so
//! higher levels that a page happens to have do not matter. Which key has which slot is the caller's business.

use super::key::TreeKey;
use super::page::{LeafPage, PAGE_HEIGHT, PAGE_LEAVES, Page};
use imbl::Vector;
use karwan_types::{Hash, state_depth, state_leaf_hash};
use std::sync::Arc;

/// All pages of a tree.
#[derive(Clone)]
pub(super) struct Nodes {
    leaf_count: usize,
    bottom: Vector<Arc<LeafPage>>,
    tiers: Vec<Vector<Arc<Page>>>,
}

/// What a slot shall hold.
pub(super) struct SlotChange<'tree> {
    pub(super) slot: usize,
    /// `None` empties the slot.
    pub(super) leaf: Option<LeafChange<'tree>>,
}

/// A leaf that has become another one.
pub(super) struct LeafChange<'tree> {
    pub(super) key: &'tree TreeKey,
    pub(super) next_key: Option<&'tree TreeKey>,
    /// `None` keeps the value hash that the slot holds.
    pub(super) value_hash: Option<Hash>,
}

impl Nodes {
    /// A tree without leaves.
    pub(super) fn new() -> Self {
        Self {
            leaf_count: 0,
            bottom: Vector::new(),
            tiers: Vec::new(),
        }
    }

    /// The hash of the value in a slot.
    pub(super) fn value_hash(&self, slot: usize) -> Hash {
        self.bottom[slot / PAGE_LEAVES].value_hashes[slot % PAGE_LEAVES]
    }

    /// Puts a value hash into a slot whose leaf the next `update` computes.
    pub(super) fn set_value_hash(&mut self, slot: usize, value_hash: Hash) {
        let page = Arc::make_mut(&mut self.bottom[slot / PAGE_LEAVES]);
        page.value_hashes[slot % PAGE_LEAVES] = value_hash;
    }

    /// Applies changes, one at most for a slot, and computes each node above them once. Slots from `leaf_count` on must be
    /// empty afterwards, those below it must not.
    pub(super) fn update(&mut self, mut changes: Vec<SlotChange<'_>>, leaf_count: usize) {
        changes.sort_unstable_by_key(|change| change.slot);
        self.reserve(leaf_count);
        let mut touched = Vec::new();
        for group in changes.chunk_by(|a, b| a.slot / PAGE_LEAVES == b.slot / PAGE_LEAVES) {
            let index = group[0].slot / PAGE_LEAVES;
            Arc::make_mut(&mut self.bottom[index]).change(group);
            touched.push(index);
        }
        for height in 0..self.tiers.len() {
            touched = self.lift(height, &touched);
        }
        self.truncate(leaf_count);
    }

    /// Brings the pages of a tier up to date with the touched pages below; returns which pages these were.
    fn lift(&mut self, height: usize, touched_below: &[usize]) -> Vec<usize> {
        let (below, tier) = self.tiers.split_at_mut(height);
        let tier = &mut tier[0];
        let mut touched = Vec::new();
        for group in touched_below.chunk_by(|a, b| a / PAGE_LEAVES == b / PAGE_LEAVES) {
            let index = group[0] / PAGE_LEAVES;
            let page = Arc::make_mut(&mut tier[index]);
            let mut leaves = 0;
            for &child in group {
                let top = match below.last() {
                    Some(below) => below[child].top(),
                    None => self.bottom[child].page.top(),
                };
                page.set_leaf(child % PAGE_LEAVES, top);
                leaves |= 1 << (child % PAGE_LEAVES);
            }
            page.update_parents(leaves);
            touched.push(index);
        }
        touched
    }

    /// Makes room for `leaf_count` leaves, if there is not enough.
    fn reserve(&mut self, leaf_count: usize) {
        let mut needed = leaf_count.div_ceil(PAGE_LEAVES);
        while self.bottom.len() < needed {
            self.bottom.push_back(Arc::new(LeafPage::EMPTY));
        }
        let mut height = 0;
        while needed > 1 {
            needed = needed.div_ceil(PAGE_LEAVES);
            if height == self.tiers.len() {
                self.add_tier();
            }
            let tier = &mut self.tiers[height];
            while tier.len() < needed {
                tier.push_back(Arc::new(Page::EMPTY));
            }
            height += 1;
        }
    }

    /// Adds a tier above what was the whole tree: its first leaf is that tree's top, which the update that needs the tier need not
    /// touch.
    fn add_tier(&mut self) {
        let top = match self.tiers.last() {
            Some(tier) => tier[0].top(),
            None => self.bottom[0].page.top(),
        };
        let mut page = Page::EMPTY;
        page.set_leaf(0, top);
        self.tiers.push(Vector::unit(Arc::new(page)));
    }

    /// Gives up the room beyond `leaf_count` leaves.
    fn truncate(&mut self, leaf_count: usize) {
        self.leaf_count = leaf_count;
        let mut needed = leaf_count.div_ceil(PAGE_LEAVES);
        self.bottom.truncate(needed);
        let mut height = 0;
        while needed > 1 {
            needed = needed.div_ceil(PAGE_LEAVES);
            self.tiers[height].truncate(needed);
            height += 1;
        }
        self.tiers.truncate(height);
    }

    /// The top node.
    pub(super) fn top(&self) -> Hash {
        self.node(self.depth(), 0)
    }

    /// The neighbours of the path from a slot to the top, from the leaf upwards.
    pub(super) fn siblings(&self, slot: usize) -> Vec<Hash> {
        (0..self.depth())
            .map(|height| self.node(height, (slot >> height) ^ 1))
            .collect()
    }

    fn depth(&self) -> usize {
        state_depth(u32::try_from(self.leaf_count).expect("a table has fewer than 2^32 leaves"))
    }

    /// The node at a height above the leaves and an index among the nodes of that height.
    fn node(&self, height: usize, index: usize) -> Hash {
        // The top of a page is a leaf of the page above, which need not exist: it is read from the page below.
        let tier = height.saturating_sub(1) / PAGE_HEIGHT;
        let levels = PAGE_HEIGHT - (height - tier * PAGE_HEIGHT);
        let page_index = index >> levels;
        let page = match tier.checked_sub(1) {
            Some(tier) => self.tiers[tier].get(page_index).map(Arc::as_ref),
            None => self.bottom.get(page_index).map(|leaf_page| &leaf_page.page),
        };
        page.map_or(Hash::ZERO, |page| page.node(levels, index % (1 << levels)))
    }
}

impl LeafPage {
    /// Applies changes that all belong to this page.
    fn change(&mut self, changes: &[SlotChange<'_>]) {
        let mut touched = 0;
        for change in changes {
            let index = change.slot % PAGE_LEAVES;
            let leaf = match &change.leaf {
                Some(leaf) => {
                    let value_hash = leaf.value_hash.unwrap_or(self.value_hashes[index]);
                    self.value_hashes[index] = value_hash;
                    let next_key = leaf.next_key.map(TreeKey::as_bytes);
                    state_leaf_hash(leaf.key.as_bytes(), &value_hash, next_key)
                }
                None => {
                    self.value_hashes[index] = Hash::ZERO;
                    Hash::ZERO
                }
            };
            self.page.set_leaf(index, leaf);
            touched |= 1 << index;
        }
        self.page.update_parents(touched);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(slot: usize, key: &TreeKey) -> SlotChange<'_> {
        let leaf = LeafChange {
            key,
            next_key: None,
            value_hash: Some(Hash::ZERO),
        };
        SlotChange {
            slot,
            leaf: Some(leaf),
        }
    }

    #[test]
    fn a_new_tier_takes_over_what_the_update_does_not_touch() {
        let key = TreeKey::sentinel();
        let fill = |slots: core::ops::Range<usize>| slots.map(|slot| change(slot, &key)).collect();
        let mut at_once = Nodes::new();
        at_once.update(fill(0..1100), 1100);
        let mut grown = Nodes::new();
        for slots in [0..20, 20..32, 32..33, 33..1024, 1024..1100] {
            let end = slots.end;
            grown.update(fill(slots), end);
        }
        assert_eq!(grown.top(), at_once.top());
        assert_eq!(grown.tiers.len(), 2);
    }

    #[test]
    fn a_tree_that_shrinks_gives_its_pages_back() {
        let key = TreeKey::sentinel();
        let mut nodes = Nodes::new();
        nodes.update((0..5).map(|slot| change(slot, &key)).collect(), 5);
        let before = nodes.top();
        nodes.update((5..1100).map(|slot| change(slot, &key)).collect(), 1100);
        let empty = |slot| SlotChange { slot, leaf: None };
        nodes.update((5..1100).map(empty).collect(), 5);
        assert_eq!(nodes.top(), before);
        assert_eq!((nodes.bottom.len(), nodes.tiers.len()), (1, 0));
    }
}
