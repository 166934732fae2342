//! A page: a small subtree whose nodes lie side by side, copied as a whole by the first write after a clone.

use karwan_types::{Hash, state_node_hash};

/// Levels of inner nodes in a page. Higher pages mean more bytes for a write to copy, lower ones more pages to share.
pub(super) const PAGE_HEIGHT: usize = 5;
/// Leaves of a page.
pub(super) const PAGE_LEAVES: usize = 1 << PAGE_HEIGHT;

const _: () = assert!(PAGE_LEAVES <= 32, "a set of leaves is the bits of a u32");

/// A subtree: node 1 is its top, nodes `2n` and `2n + 1` are below node `n`, node 0 is not used.
#[derive(Clone)]
pub(super) struct Page {
    nodes: [Hash; 2 * PAGE_LEAVES],
}

/// A page at the bottom of the tree, with what its leaves are made from.
#[derive(Clone)]
pub(super) struct LeafPage {
    pub(super) value_hashes: [Hash; PAGE_LEAVES],
    pub(super) page: Page,
}

impl Page {
    /// A page without leaves.
    pub(super) const EMPTY: Self = Self {
        nodes: [Hash::ZERO; 2 * PAGE_LEAVES],
    };

    pub(super) fn top(&self) -> Hash {
        self.nodes[1]
    }

    /// The node `levels` below the top, `index` from the left.
    pub(super) fn node(&self, levels: usize, index: usize) -> Hash {
        self.nodes[(1 << levels) + index]
    }

    pub(super) fn set_leaf(&mut self, index: usize, leaf: Hash) {
        self.nodes[PAGE_LEAVES + index] = leaf;
    }

    /// Computes the nodes above the leaves whose bits are set, each once.
    pub(super) fn update_parents(&mut self, leaves: u32) {
        let mut touched = leaves;
        let mut width = PAGE_LEAVES;
        while width > 1 {
            let mut parents = 0;
            for parent in 0..width / 2 {
                if (touched >> (2 * parent)) & 0b11 != 0 {
                    let left = width + 2 * parent;
                    self.nodes[width / 2 + parent] =
                        state_node_hash(&self.nodes[left], &self.nodes[left + 1]);
                    parents |= 1 << parent;
                }
            }
            touched = parents;
            width /= 2;
        }
    }
}

impl LeafPage {
    /// A page without leaves.
    pub(super) const EMPTY: Self = Self {
        value_hashes: [Hash::ZERO; PAGE_LEAVES],
        page: Page::EMPTY,
    };
}
