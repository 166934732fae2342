//! Every place of every short list, and every way to bend a path.

use super::*;

const LENGTH_MAX: usize = 70;

fn leaf(number: usize) -> Hash {
    hash_of(HashDomain::Transaction, &[&number.to_le_bytes()])
}

fn list(length: usize) -> Vec<Hash> {
    (0..length).map(leaf).collect()
}

#[test]
fn every_place_of_every_list_has_a_path_that_verifies() {
    for length in 0..=LENGTH_MAX {
        let leaves = list(length);
        let root = merkle_root(&leaves);
        for (index, &leaf) in leaves.iter().enumerate() {
            let path = merkle_path(&leaves, index).unwrap();
            assert!(path.siblings.len() <= MERKLE_SIBLINGS_MAX);
            assert_eq!(path.verify(leaf, &root), Ok(()), "{index} of {length}");
        }
        assert_eq!(merkle_path(&leaves, length), None);
    }
}

#[test]
fn a_path_proves_no_other_leaf_place_length_or_root() {
    for length in 1..=LENGTH_MAX {
        let leaves = list(length);
        let root = merkle_root(&leaves);
        for index in 0..length {
            let path = merkle_path(&leaves, index).unwrap();
            assert!(path.verify(leaf(length), &root).is_err());
            assert!(path.verify(leaves[index], &Hash::ZERO).is_err());
            for other in 0..=u32::try_from(length).unwrap() + 2 {
                let moved = MerklePath {
                    index: other,
                    ..path.clone()
                };
                assert_eq!(
                    moved.verify(leaves[index], &root).is_ok(),
                    other == path.index,
                    "index {other} for {index} of {length}"
                );
                let resized = MerklePath {
                    leaf_count: other,
                    ..path.clone()
                };
                assert_eq!(
                    resized.verify(leaves[index], &root).is_ok(),
                    other == path.leaf_count,
                    "length {other} for {index} of {length}"
                );
            }
        }
    }
}

#[test]
fn a_path_with_a_changed_missing_or_additional_sibling_is_refused() {
    for length in 1..=LENGTH_MAX {
        let leaves = list(length);
        let root = merkle_root(&leaves);
        for index in 0..length {
            let path = merkle_path(&leaves, index).unwrap();
            for place in 0..path.siblings.len() {
                let mut changed = path.clone();
                let mut bytes = *changed.siblings[place].as_bytes();
                bytes[place] ^= 1;
                changed.siblings[place] = Hash::from_bytes(bytes);
                assert_eq!(
                    changed.verify(leaves[index], &root),
                    Err(MerkleError::OtherRoot)
                );
                let mut shorter = path.clone();
                shorter.siblings.remove(place);
                assert!(matches!(
                    shorter.verify(leaves[index], &root),
                    Err(MerkleError::PathLength { .. })
                ));
            }
            let mut longer = path.clone();
            longer.siblings.push(Hash::ZERO);
            assert!(matches!(
                longer.verify(leaves[index], &root),
                Err(MerkleError::PathLength { .. })
            ));
        }
    }
}

#[test]
fn a_path_beyond_the_end_is_refused_before_anything_is_hashed() {
    let path = MerklePath {
        index: 0,
        leaf_count: 0,
        siblings: vec![],
    };
    let refusal = MerkleError::IndexOutOfRange {
        index: 0,
        leaf_count: 0,
    };
    assert_eq!(path.verify(leaf(0), &merkle_root(&[])), Err(refusal));
    let widest = MerklePath {
        index: u32::MAX - 1,
        leaf_count: u32::MAX,
        siblings: vec![Hash::ZERO; 33],
    };
    assert!(matches!(
        widest.verify(leaf(0), &Hash::ZERO),
        Err(MerkleError::PathLength {
            expected: 1..=MERKLE_SIBLINGS_MAX,
            actual: 33
        })
    ));
}

#[test]
fn lists_that_repeat_their_last_element_have_different_roots() {
    let mut roots = Vec::new();
    for length in 1..=LENGTH_MAX {
        roots.push(merkle_root(&vec![leaf(0); length]));
    }
    roots.push(merkle_root(&[]));
    roots.sort_unstable();
    roots.dedup();
    assert_eq!(roots.len(), LENGTH_MAX + 1);
    assert_ne!(
        merkle_root(&[leaf(0), leaf(1), leaf(2)]),
        merkle_root(&[leaf(0), leaf(1), leaf(2), leaf(2)])
    );
}

#[test]
fn an_inner_node_cannot_be_passed_off_as_a_leaf() {
    let leaves = list(4);
    let root = merkle_root(&leaves);
    let left = inner_node(&leaf_node(&leaves[0]), &leaf_node(&leaves[1]));
    let right = inner_node(&leaf_node(&leaves[2]), &leaf_node(&leaves[3]));
    assert_ne!(merkle_root(&[left, right]), root);
    for leaf_count in [1, 2, 4] {
        let forged = MerklePath {
            index: 0,
            leaf_count,
            siblings: vec![right],
        };
        assert!(forged.verify(left, &root).is_err());
    }
    // The root without its length is a node, not a root.
    let top = inner_node(&left, &right);
    assert_ne!(top, root);
    assert_ne!(merkle_root(&[top]), top);
}

#[test]
fn roots_do_not_change_between_releases() {
    let golden = [
        (
            0,
            "667ace46ffe5ee026f0f4579ce757e093160dac8283fa31304e49b033654cf7d",
        ),
        (
            1,
            "88cda3a80ea90c27ee8556a9f0ca56ab7c005432e4ca2cffd1b3df64eff53728",
        ),
        (
            2,
            "beda41ee0f51b863518dc639f1c7afd2c1c83dc3787576f2d59e1481d7bd0804",
        ),
        (
            3,
            "24cda3056ad475e92d859ed6771546dea95a010e47631c212ac8cca9a2df5e9a",
        ),
        (
            7,
            "3bd0cd80cfef8255ce318a0672713a177ae5f9130b43a0a748ffc3b395ac1694",
        ),
        (
            70,
            "5299790cc80aec2c44a77abcc4a83c33bf516c82d60466a350b17462d30c9c75",
        ),
    ];
    for (length, expected) in golden {
        let leaves: Vec<Hash> = (0..length).map(|n| Hash::from_bytes([n; 32])).collect();
        assert_eq!(merkle_root(&leaves).to_string(), expected, "{length}");
    }
}

#[test]
fn a_path_is_written_as_index_length_and_siblings() {
    let leaves: Vec<Hash> = (0..3).map(|n| Hash::from_bytes([n; 32])).collect();
    let path = merkle_path(&leaves, 2).unwrap();
    let bytes = crate::codec::encode(&path);
    let mut expected = vec![2, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0];
    expected.extend(inner_node(&leaf_node(&leaves[0]), &leaf_node(&leaves[1])).as_bytes());
    assert_eq!(bytes, expected);
    assert_eq!(
        crate::codec::decode::<MerklePath>(&bytes, bytes.len()).unwrap(),
        path
    );
}
