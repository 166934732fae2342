//! A binary Merkle tree over an ordered list, for the transactions and the outcomes of a block.
//!
//! A list has exactly one root, and an element at an index of a list of a given length has exactly one path to it:
//! leaves, inner nodes and the root are hashed in domains of their own, the root covers the length, and a node without a
//! partner is carried up unchanged instead of being paired with a copy of itself. The tree does not know what its leaves are
//! the hashes of; who calls it names them.

use crate::hash::{Hash, HashDomain, hash_of};
use serde::{Deserialize, Serialize};

/// The most siblings that a path can have: a list has fewer than 2^32 elements.
pub const MERKLE_SIBLINGS_MAX: usize = 32;

/// Proves that a hash stands at one place of a list whose root is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MerklePath {
    /// The place of the element, from zero.
    pub index: u32,
    /// How many elements the list has.
    pub leaf_count: u32,
    /// The partners on the way to the root, from the leaf upwards, at most `MERKLE_SIBLINGS_MAX`. A level on which the
    /// node has no partner contributes none.
    pub siblings: Vec<Hash>,
}

/// Why a path does not prove what it claims.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MerkleError {
    /// The path claims a place beyond the end of its list.
    #[error("the path is for index {index} of a list of {leaf_count}")]
    IndexOutOfRange {
        /// The claimed place.
        index: u32,
        /// The claimed length of the list.
        leaf_count: u32,
    },
    /// A path for this place and length has another number of siblings.
    #[error("the path has {actual} siblings where {expected} are needed")]
    PathLength {
        /// Siblings that the place and the length require.
        expected: usize,
        /// Siblings in the path.
        actual: usize,
    },
    /// The path leads to another root.
    #[error("the path leads to another root")]
    OtherRoot,
}

/// The root of a list of hashes. The empty list has a root of its own.
///
/// # Panics
/// When the list has 2^32 elements or more, which no block can hold.
#[must_use]
pub fn merkle_root(leaves: &[Hash]) -> Hash {
    let mut level: Vec<Hash> = leaves.iter().map(leaf_node).collect();
    while level.len() > 1 {
        level = parents(&level);
    }
    root_of(leaf_count(leaves), level.first())
}

/// The path of the element at `index`, or `None` when the list is not that long.
///
/// # Panics
/// When the list has 2^32 elements or more, which no block can hold.
#[must_use]
pub fn merkle_path(leaves: &[Hash], index: usize) -> Option<MerklePath> {
    leaves.get(index)?;
    let mut siblings = Vec::new();
    let mut level: Vec<Hash> = leaves.iter().map(leaf_node).collect();
    let mut position = index;
    while level.len() > 1 {
        siblings.extend(level.get(position ^ 1));
        level = parents(&level);
        position /= 2;
    }
    Some(MerklePath {
        index: u32::try_from(index).expect("the index is below the leaf count, which fits"),
        leaf_count: leaf_count(leaves),
        siblings,
    })
}

impl MerklePath {
    /// Checks that `leaf` stands at `index` of the list of `leaf_count` hashes whose root is `root`.
    ///
    /// # Errors
    /// `MerkleError` names the first thing that does not fit.
    pub fn verify(&self, leaf: Hash, root: &Hash) -> Result<(), MerkleError> {
        if self.index >= self.leaf_count {
            return Err(MerkleError::IndexOutOfRange {
                index: self.index,
                leaf_count: self.leaf_count,
            });
        }
        let expected = sides(self.index, self.leaf_count).count();
        if self.siblings.len() != expected {
            return Err(MerkleError::PathLength {
                expected,
                actual: self.siblings.len(),
            });
        }
        let mut node = leaf_node(&leaf);
        for (side, sibling) in sides(self.index, self.leaf_count).zip(&self.siblings) {
            node = match side {
                Side::Left => inner_node(sibling, &node),
                Side::Right => inner_node(&node, sibling),
            };
        }
        if root_of(self.leaf_count, Some(&node)) == *root {
            Ok(())
        } else {
            Err(MerkleError::OtherRoot)
        }
    }
}

/// On which side of a node its partner stands.
enum Side {
    Left,
    Right,
}

/// Where the partners stand on the way from a leaf to the top; levels without a partner are left out.
fn sides(index: u32, leaf_count: u32) -> impl Iterator<Item = Side> {
    let levels = core::iter::successors(Some((index, leaf_count)), |&(position, width)| {
        Some((position / 2, width.div_ceil(2)))
    });
    levels
        .take_while(|&(_, width)| width > 1)
        .filter_map(|(position, width)| {
            if position % 2 == 1 {
                Some(Side::Left)
            } else if position < width - 1 {
                Some(Side::Right)
            } else {
                None
            }
        })
}

fn parents(level: &[Hash]) -> Vec<Hash> {
    level
        .chunks(2)
        .map(|pair| match pair.get(1) {
            Some(right) => inner_node(&pair[0], right),
            // Pairing the last node with itself would give two lists one root.
            None => pair[0],
        })
        .collect()
}

fn leaf_count(leaves: &[Hash]) -> u32 {
    u32::try_from(leaves.len()).expect("a block holds fewer than 2^32 elements")
}

// The given hash is hashed again, so that a leaf chosen by a sender cannot be read as an inner node.
fn leaf_node(leaf: &Hash) -> Hash {
    hash_of(HashDomain::MerkleLeaf, &[leaf.as_bytes()])
}

fn inner_node(left: &Hash, right: &Hash) -> Hash {
    hash_of(HashDomain::MerkleNode, &[left.as_bytes(), right.as_bytes()])
}

/// The length as four little-endian bytes, then the top node; nothing follows the length of the empty list.
fn root_of(leaf_count: u32, top: Option<&Hash>) -> Hash {
    let top: &[u8] = top.map_or(&[], |hash| hash.as_bytes());
    hash_of(HashDomain::MerkleRoot, &[&leaf_count.to_le_bytes(), top])
}

#[cfg(test)]
mod tests;
