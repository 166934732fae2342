//! Every proof that a tree gives, and every way to bend one.

use super::super::*;
use super::TABLE;
use super::model::Model;
use karwan_types::{
    STATE_KEY_BYTES_MAX, STATE_PROOF_BYTES_MAX, StateKey, StateProof, StateProofError, decode,
    encode,
};

fn state(tree: &StateTree) -> [(&'static str, &StateTree); 3] {
    static OTHER: std::sync::LazyLock<StateTree> = std::sync::LazyLock::new(|| {
        let mut other = StateTree::new();
        other.set(b"licence", Some(b"granted"));
        other
    });
    [("access", &OTHER), (TABLE, tree), ("licences", &OTHER)]
}

/// Proves and checks every key of the model, and a key just before and just after each.
pub(super) fn check_proofs(tree: &StateTree, model: &Model, what: &str) {
    let tables = state(tree);
    let root = combine(&tables);
    let mut keys = vec![vec![0], vec![0xff; STATE_KEY_BYTES_MAX]];
    for key in model.values.keys() {
        keys.push(key.clone());
        keys.push([key.as_slice(), &[0]].concat());
        let mut before = key.clone();
        let last = before.pop().unwrap();
        if last > 0 {
            before.extend([last - 1, 0xff]);
        }
        keys.push(before);
    }
    for key in keys.iter().filter(|key| !key.is_empty()) {
        let proof = prove(&tables, TABLE, key).unwrap();
        match model.values.get(key) {
            Some(value) => {
                assert_eq!(
                    proof.verify_presence(&root, TABLE, key, value),
                    Ok(()),
                    "{what}"
                );
                let other = [value.as_slice(), b"0"].concat();
                assert_eq!(
                    proof.verify_presence(&root, TABLE, key, &other),
                    Err(StateProofError::OtherValue)
                );
                assert_eq!(
                    proof.verify_absence(&root, TABLE, key),
                    Err(StateProofError::Present)
                );
            }
            None => {
                assert_eq!(proof.verify_absence(&root, TABLE, key), Ok(()), "{what}");
                assert!(proof.verify_presence(&root, TABLE, key, b"").is_err());
            }
        }
    }
}

#[test]
fn what_cannot_be_proved_is_refused() {
    let tree = StateTree::new();
    let tables = state(&tree);
    let unknown = ProveError::UnknownTable {
        table: "unknown".to_owned(),
    };
    assert_eq!(prove(&tables, "unknown", b"a"), Err(unknown));
    for actual in [0, STATE_KEY_BYTES_MAX + 1] {
        assert_eq!(
            prove(&tables, TABLE, &vec![0; actual]),
            Err(ProveError::KeyLength { actual })
        );
    }
}

#[test]
fn a_proof_with_any_bit_flipped_is_refused() {
    let mut tree = StateTree::new();
    tree.apply((0..40_u8).map(|number| ([b'k', number * 2], Some(state_value_hash(&[number])))));
    let tables = state(&tree);
    let root = combine(&tables);
    for key in [[b'k', 30], [b'k', 31], [b'k', 78], [b'k', 79], [b'a', 0]] {
        let bytes = encode(&prove(&tables, TABLE, &key).unwrap());
        assert!(bytes.len() <= STATE_PROOF_BYTES_MAX);
        let mut refused = 0;
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            if let Ok(proof) = decode::<StateProof>(&flipped, STATE_PROOF_BYTES_MAX) {
                refused += 1;
                assert!(
                    proof
                        .verify_presence(&root, TABLE, &key, &[key[1] / 2])
                        .is_err()
                        && proof.verify_absence(&root, TABLE, &key).is_err(),
                    "bit {bit} for {key:?}"
                );
            }
        }
        assert!(
            refused > bytes.len() * 4,
            "most mutants must reach the check"
        );
    }
}

#[test]
fn a_proof_with_a_part_moved_doubled_or_dropped_is_refused() {
    let mut tree = StateTree::new();
    tree.apply((0..40_u8).map(|number| ([b'k', number], Some(state_value_hash(&[number])))));
    let tables = state(&tree);
    let root = combine(&tables);
    let key = [b'k', 7];
    let good = prove(&tables, TABLE, &key).unwrap();
    let mutations: [fn(&mut StateProof); 13] = [
        |proof| proof.siblings.swap(0, 1),
        |proof| proof.siblings.push(Hash::ZERO),
        |proof| proof.siblings.truncate(3),
        |proof| proof.siblings.rotate_left(1),
        |proof| proof.tables_before.clear(),
        |proof| proof.tables_after.push(Hash::ZERO),
        |proof| core::mem::swap(&mut proof.tables_before, &mut proof.tables_after),
        |proof| proof.tables_before.append(&mut proof.tables_after),
        |proof| proof.leaf_count += 1,
        |proof| proof.leaf_count += 64,
        |proof| proof.slot += 1,
        |proof| proof.leaf.next_key = None,
        |proof| proof.leaf.key = StateKey::new(&[b'k', 6]).unwrap(),
    ];
    assert_eq!(good.verify_presence(&root, TABLE, &key, &[7]), Ok(()));
    for (number, mutate) in mutations.iter().enumerate() {
        let mut proof = good.clone();
        mutate(&mut proof);
        // Swapping one hash before for one after is no change when the tables are equal; here their names differ.
        assert_ne!(proof, good, "mutation {number}");
        assert!(
            proof.verify_presence(&root, TABLE, &key, &[7]).is_err(),
            "mutation {number}"
        );
    }
}

#[test]
fn a_proof_of_an_older_state_is_refused_by_the_newer_root() {
    let mut tree = StateTree::new();
    tree.set(b"a", Some(b"1"));
    let older = prove(&state(&tree), TABLE, b"a").unwrap();
    tree.set(b"b", Some(b"1"));
    assert_eq!(
        older.verify_presence(&combine(&state(&tree)), TABLE, b"a", b"1"),
        Err(StateProofError::OtherRoot)
    );
}
