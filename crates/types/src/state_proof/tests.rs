//! Proofs from a table built by hand; the ledger's tests prove from its real trees.

use super::*;
use crate::codec::{decode, encode};

const TABLE: &str = "accounts";

/// A table whose entries stand in the order of their keys, between one table before and two after.
struct Table {
    leaves: Vec<StateLeaf>,
}

impl Table {
    fn new(entries: &[(&[u8], &[u8])]) -> Self {
        let key = |index: usize| {
            entries
                .get(index)
                .map(|(key, _)| StateKey::new(key).unwrap())
        };
        let sentinel = StateLeaf {
            key: StateKey::new(b"").unwrap(),
            value_hash: Hash::ZERO,
            next_key: key(0),
        };
        let rest = entries
            .iter()
            .enumerate()
            .map(|(index, (_, value))| StateLeaf {
                key: key(index).unwrap(),
                value_hash: state_value_hash(value),
                next_key: key(index + 1),
            });
        Self {
            leaves: core::iter::once(sentinel).chain(rest).collect(),
        }
    }

    fn proof(&self, slot: u32) -> StateProof {
        let leaf_count = u32::try_from(self.leaves.len()).unwrap();
        let mut level: Vec<Hash> = self.leaves.iter().map(StateLeaf::hash).collect();
        level.resize(level.len().next_power_of_two(), Hash::ZERO);
        let mut siblings = Vec::new();
        let mut position = slot as usize;
        while level.len() > 1 {
            siblings.push(level[position ^ 1]);
            level = level
                .chunks(2)
                .map(|pair| state_node_hash(&pair[0], &pair[1]))
                .collect();
            position /= 2;
        }
        StateProof {
            table: TABLE.to_owned(),
            leaf_count,
            slot,
            leaf: self.leaves[slot as usize].clone(),
            siblings,
            tables_before: vec![state_table_hash("access", 1, &Hash::from_bytes([1; 32]))],
            tables_after: vec![
                state_table_hash("holds", 2, &Hash::from_bytes([2; 32])),
                state_table_hash("licences", 3, &Hash::from_bytes([3; 32])),
            ],
        }
    }

    fn root(&self) -> Hash {
        self.proof(0).computed_root()
    }
}

fn example() -> Table {
    Table::new(&[(b"b", b"10"), (b"d", b""), (b"d\0", b"30"), (b"f", b"40")])
}

#[test]
fn an_entry_is_present_with_its_value_only() {
    let table = example();
    let root = table.root();
    let proof = table.proof(1);
    assert_eq!(proof.verify_presence(&root, TABLE, b"b", b"10"), Ok(()));
    assert_eq!(
        proof.verify_presence(&root, TABLE, b"b", b"11"),
        Err(StateProofError::OtherValue)
    );
    let found = StateKey::new(b"b").unwrap();
    assert_eq!(
        proof.verify_presence(&root, TABLE, b"d", b""),
        Err(StateProofError::OtherKey { found })
    );
    assert_eq!(
        proof.verify_absence(&root, TABLE, b"b"),
        Err(StateProofError::Present)
    );
    assert_eq!(
        table.proof(2).verify_presence(&root, TABLE, b"d", b""),
        Ok(())
    );
}

#[test]
fn a_key_is_absent_between_two_neighbours_and_at_both_ends() {
    let table = example();
    let root = table.root();
    let cases: [(u32, &[u8]); 7] = [
        (0, b"\0"),
        (0, b"a"),
        (1, b"b\0"),
        (1, b"c"),
        (3, b"d\0\0"),
        (4, b"f\0"),
        (4, b"\xff"),
    ];
    for (slot, key) in cases {
        for other in 0..5 {
            let verdict = table.proof(other).verify_absence(&root, TABLE, key);
            let expected = if other == slot {
                Ok(())
            } else {
                Err(StateProofError::OtherGap)
            };
            assert_eq!(verdict, expected, "slot {other} for {key:?}");
        }
    }
}

#[test]
fn a_present_key_is_absent_by_no_leaf() {
    let table = example();
    let root = table.root();
    for key in [b"b".as_slice(), b"d", b"d\0", b"f"] {
        for slot in 0..5 {
            assert!(table.proof(slot).verify_absence(&root, TABLE, key).is_err());
        }
    }
}

#[test]
fn the_sentinel_is_neither_present_nor_absent() {
    let table = example();
    let root = table.root();
    let proof = table.proof(0);
    assert_eq!(
        proof.verify_presence(&root, TABLE, b"", b""),
        Err(StateProofError::EmptyKey)
    );
    assert_eq!(
        proof.verify_absence(&root, TABLE, b""),
        Err(StateProofError::EmptyKey)
    );
}

#[test]
fn a_proof_for_one_table_says_nothing_about_another() {
    let table = example();
    let root = table.root();
    let mut proof = table.proof(1);
    assert_eq!(
        proof.verify_presence(&root, "holds", b"b", b"10"),
        Err(StateProofError::OtherTable {
            expected: "holds".to_owned(),
            found: TABLE.to_owned()
        })
    );
    proof.table = "holds".to_owned();
    assert_eq!(
        proof.verify_presence(&root, "holds", b"b", b"10"),
        Err(StateProofError::OtherRoot)
    );
    let own = state_table_hash(TABLE, 5, &Hash::ZERO);
    proof = table.proof(1);
    proof.tables_before = vec![own; STATE_TABLES_MAX];
    assert_eq!(
        proof.verify_presence(&root, TABLE, b"b", b"10"),
        Err(StateProofError::TooManyTables {
            actual: STATE_TABLES_MAX + 3
        })
    );
}

#[test]
fn a_place_or_a_path_that_the_table_cannot_have_is_refused() {
    let table = example();
    let root = table.root();
    let good = table.proof(1);
    let outside = StateProof {
        slot: 5,
        ..good.clone()
    };
    assert_eq!(
        outside.verify_absence(&root, TABLE, b"c"),
        Err(StateProofError::SlotOutOfRange {
            slot: 5,
            leaf_count: 5
        })
    );
    let mut longer = good.clone();
    longer.siblings.push(Hash::ZERO);
    let mut shorter = good;
    shorter.siblings.pop();
    for (proof, actual) in [(longer, 4), (shorter, 2)] {
        assert_eq!(
            proof.verify_absence(&root, TABLE, b"c"),
            Err(StateProofError::PathLength {
                expected: 3,
                actual
            })
        );
    }
}

#[test]
fn a_proof_with_any_bit_flipped_proves_nothing() {
    let table = example();
    let root = table.root();
    let bytes = encode(&table.proof(3));
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let Ok(proof) = decode::<StateProof>(&flipped, STATE_PROOF_BYTES_MAX) else {
            continue;
        };
        let presence = proof.verify_presence(&root, TABLE, b"d\0", b"30");
        let absence = proof.verify_absence(&root, TABLE, b"e");
        assert!(presence.is_err() && absence.is_err(), "bit {bit}");
    }
}

#[test]
fn the_depth_is_the_smallest_tree_with_room() {
    let cases = [
        (0, 0),
        (1, 0),
        (2, 1),
        (3, 2),
        (4, 2),
        (5, 3),
        (1 << 20, 20),
        ((1 << 20) + 1, 21),
        (u32::MAX, STATE_DEPTH_MAX),
    ];
    for (leaf_count, depth) in cases {
        assert_eq!(state_depth(leaf_count), depth, "{leaf_count}");
    }
}

#[test]
fn the_largest_proof_fits_its_limit() {
    let key = StateKey::new(&[0xff; STATE_KEY_BYTES_MAX]).unwrap();
    let proof = StateProof {
        table: "t".repeat(STATE_TABLE_NAME_BYTES_MAX),
        leaf_count: u32::MAX,
        slot: 0,
        leaf: StateLeaf {
            key: key.clone(),
            value_hash: Hash::ZERO,
            next_key: Some(key),
        },
        siblings: vec![Hash::ZERO; STATE_DEPTH_MAX],
        tables_before: vec![Hash::ZERO; STATE_TABLES_MAX - 1],
        tables_after: vec![],
    };
    let bytes = encode(&proof);
    assert!(bytes.len() <= STATE_PROOF_BYTES_MAX, "{}", bytes.len());
    assert_eq!(
        decode::<StateProof>(&bytes, STATE_PROOF_BYTES_MAX).unwrap(),
        proof
    );
}

#[test]
fn a_key_is_hexadecimal_for_people_and_bounded_everywhere() {
    let key = StateKey::new(&[0x00, 0xab]).unwrap();
    assert_eq!(key.to_string(), "00ab");
    assert_eq!("00ab".parse::<StateKey>().unwrap(), key);
    assert_eq!(serde_json::to_string(&key).unwrap(), "\"00ab\"");
    assert!("00AB".parse::<StateKey>().is_err());
    assert!("00a".parse::<StateKey>().is_err());
    let long = [0; STATE_KEY_BYTES_MAX + 1];
    assert!(StateKey::new(&long).is_err());
    assert!(hex::encode(long).parse::<StateKey>().is_err());
    assert!(decode::<StateKey>(&encode(&long.to_vec()), 4096).is_err());
}

#[test]
fn the_preimages_do_not_change_between_releases() {
    let table = example();
    let leaf = table.leaves[1].hash();
    let last = table.leaves[4].hash();
    let node = state_node_hash(&leaf, &Hash::ZERO);
    let golden = [
        (
            state_value_hash(b"10"),
            "9f425ce4d553ff36d53fea3c53f28f0ba79077f4a3f8e4357ae18d69ee036b06",
        ),
        (
            leaf,
            "961d0e6bf3ba8b42a54bb2e4d5f3f4a1ef271aa20c8c90f3ee6a2a8000353eb1",
        ),
        (
            last,
            "af6ca2fa1cfcdcc6b987bd1b9c6dd517a708965d9ad60a97d86199856a5329af",
        ),
        (
            node,
            "7c90fb78b7b7eaeb7fba52664295737a59dae60c51a70e71310835e478811c2d",
        ),
        (
            state_node_hash(&Hash::ZERO, &Hash::ZERO),
            "0000000000000000000000000000000000000000000000000000000000000000",
        ),
        (
            state_table_hash(TABLE, 5, &node),
            "a9daace35c26c05ecd2ed6608bcfca2ee9a22b12baf0cedb751f04a65655f334",
        ),
        (
            state_root(&[]),
            "572c39af06d8380799f024692fd978bd8e8319335b600a2653fc0fde7f6ebc2b",
        ),
        (
            table.root(),
            "1784a329b6ce652c422a9fe47ff76d415ad450a85a79878db9eebe4c93e2b379",
        ),
    ];
    for (hash, expected) in golden {
        assert_eq!(hash.to_string(), expected);
    }
}
