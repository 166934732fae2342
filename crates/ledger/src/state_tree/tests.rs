//! The tree compared with a naive one after random batches, taken apart, and put together again.

mod model;
mod proofs;

use super::*;
use karwan_types::{StateKey, decode, encode};
use model::{Model, Random, value};
use proofs::check_proofs;

const SEEDS: u64 = 40;
const TABLE: &str = "accounts";

fn check_same(tree: &StateTree, model: &Model, what: &str) {
    assert_eq!(tree.leaf_count() as usize, model.slots.len(), "{what}");
    assert_eq!(tree.len(), model.values.len(), "{what}");
    assert_eq!(tree.root(), model.root(), "{what}");
}

#[test]
fn random_batches_give_the_root_of_the_naive_model() {
    for seed in 0..SEEDS {
        let what = format!("seed {seed}");
        let mut random = Random::new(seed);
        let (mut tree, mut model) = (StateTree::new(), Model::new());
        for _ in 0..60 {
            let changes = random.batch();
            tree.apply(
                changes
                    .iter()
                    .map(|(key, value)| (key, value.as_deref().map(state_value_hash))),
            );
            model.apply(&changes);
            check_same(&tree, &model, &what);
        }
        check_proofs(&tree, &model, &what);
    }
}

#[test]
fn a_table_that_grows_over_several_tiers_and_shrinks_again_matches_the_model() {
    let (mut tree, mut model) = (StateTree::new(), Model::new());
    let all: Vec<(Vec<u8>, Option<Vec<u8>>)> = (0..2500_u32)
        .map(|number| {
            (
                number.wrapping_mul(2_654_435_761).to_be_bytes().to_vec(),
                Some(value(number)),
            )
        })
        .collect();
    // 32 leaves fill a page and 1,024 fill a tier; the steps go over both edges, one leaf and many at a time.
    for step in [
        0..30,
        30..31,
        31..32,
        32..33,
        33..1022,
        1022..1023,
        1023..1024,
        1024..2500,
    ] {
        let changes = all[step].to_vec();
        tree.apply(
            changes
                .iter()
                .map(|(key, value)| (key, value.as_deref().map(state_value_hash))),
        );
        model.apply(&changes);
        check_same(&tree, &model, "growing");
    }
    for step in [
        1100..2500,
        0..70,
        1024..1100,
        70..75,
        100..1010,
        80..100,
        75..80,
        1010..1024,
    ] {
        let changes: Vec<_> = all[step]
            .iter()
            .map(|(key, _)| (key.clone(), None))
            .collect();
        tree.apply(changes.iter().map(|(key, _)| (key, None)));
        model.apply(&changes);
        check_same(&tree, &model, "shrinking");
        check_proofs(&tree, &model, "shrinking");
    }
    assert!(tree.is_empty());
    assert_eq!(tree.root(), StateTree::new().root());
}

#[test]
fn the_order_in_which_a_batch_names_its_keys_does_not_matter() {
    for seed in 0..SEEDS {
        let mut random = Random::new(seed);
        let mut tree = StateTree::new();
        for _ in 0..20 {
            let mut changes: Vec<(Vec<u8>, Option<Hash>)> = random
                .batch()
                .into_iter()
                .map(|(key, value)| (key, value.as_deref().map(state_value_hash)))
                .collect();
            let mut shuffled = tree.clone();
            tree.apply(changes.clone());
            random.shuffle(&mut changes);
            shuffled.apply(changes);
            assert_eq!(tree.root(), shuffled.root(), "seed {seed}");
            assert!(tree.to_parts().eq(shuffled.to_parts()), "seed {seed}");
        }
    }
}

#[test]
fn a_draft_that_is_dropped_leaves_its_base_as_it_was() {
    for seed in 0..SEEDS {
        let what = format!("seed {seed}");
        let mut random = Random::new(seed);
        let (mut base, mut model) = (StateTree::new(), Model::new());
        for _ in 0..20 {
            let apply = |tree: &mut StateTree, model: &mut Model, changes: &[_]| {
                model.apply(changes);
                tree.apply(
                    changes
                        .iter()
                        .map(|(key, value): &(Vec<u8>, Option<Vec<u8>>)| {
                            (key, value.as_deref().map(state_value_hash))
                        }),
                );
            };
            let (mut draft, mut draft_model) = (base.clone(), model.clone());
            apply(&mut draft, &mut draft_model, &random.batch());
            let (mut second, mut second_model) = (draft.clone(), draft_model.clone());
            apply(&mut second, &mut second_model, &random.batch());
            apply(&mut base, &mut model, &random.batch());
            check_same(&draft, &draft_model, &what);
            check_same(&second, &second_model, &what);
            drop((draft, second));
            check_same(&base, &model, &what);
            check_proofs(&base, &model, &what);
        }
    }
}

#[test]
fn the_lowest_free_slot_is_taken_first_and_no_gap_remains() {
    let slots = |tree: &StateTree| -> Vec<(String, u32)> {
        tree.to_parts()
            .map(|entry| {
                let key = String::from_utf8(entry.key.as_bytes().to_vec()).unwrap();
                (key, entry.slot)
            })
            .collect()
    };
    let expected = |pairs: &[(&str, u32)]| -> Vec<(String, u32)> {
        pairs
            .iter()
            .map(|(key, slot)| ((*key).to_owned(), *slot))
            .collect()
    };
    let one = Some(state_value_hash(b"1"));
    let mut tree = StateTree::new();
    tree.apply(["c", "a", "e", "b", "d"].map(|key| (key, one)));
    assert_eq!(
        slots(&tree),
        expected(&[("a", 1), ("b", 2), ("c", 3), ("d", 4), ("e", 5)])
    );
    tree.apply([("x", one), ("a", None), ("d", None), ("f", one), ("y", one)]);
    assert_eq!(
        slots(&tree),
        expected(&[("b", 2), ("c", 3), ("e", 5), ("f", 1), ("x", 4), ("y", 6)])
    );
    // "g" takes the lowest of three free slots; "y" and then "x" would close the others, but "x" itself has gone.
    tree.apply([("c", None), ("x", None), ("f", None), ("g", one)]);
    assert_eq!(
        slots(&tree),
        expected(&[("b", 2), ("e", 4), ("g", 1), ("y", 3)])
    );
}

#[test]
fn a_batch_that_changes_nothing_keeps_the_root() {
    let mut tree = StateTree::new();
    tree.set(b"a", Some(b"1"));
    let root = tree.root();
    tree.apply([("a", Some(state_value_hash(b"1"))), ("b", None)]);
    tree.apply(Vec::<(&[u8], Option<Hash>)>::new());
    assert_eq!(tree.root(), root);
    assert_eq!(tree.value_hash(b"a"), Some(state_value_hash(b"1")));
    assert_eq!(tree.value_hash(b"b"), None);
    assert_eq!(tree.value_hash(b""), None);
}

#[test]
#[should_panic(expected = "a batch names each key once")]
fn a_key_named_twice_stops_the_ledger() {
    StateTree::new().apply([("a", None), ("b", None), ("a", Some(Hash::ZERO))]);
}

#[test]
#[should_panic(expected = "a state key has 1 to 256 bytes, this one has 0")]
fn the_empty_key_stops_the_ledger() {
    StateTree::new().set(b"", Some(b"1"));
}

#[test]
#[should_panic(expected = "two tables are called accounts")]
fn two_tables_of_one_name_stop_the_ledger() {
    let tree = StateTree::new();
    let _ = combine(&[(TABLE, &tree), (TABLE, &tree)]);
}

#[test]
fn a_tree_put_together_from_its_parts_has_the_same_root_and_the_same_future() {
    for seed in 0..SEEDS {
        let mut random = Random::new(seed);
        let mut tree = StateTree::new();
        for _ in 0..15 {
            let batch = |changes: &[(Vec<u8>, Option<Vec<u8>>)]| -> Vec<(Vec<u8>, Option<Hash>)> {
                let hashed = |value: &Option<Vec<u8>>| value.as_deref().map(state_value_hash);
                changes
                    .iter()
                    .map(|(key, value)| (key.clone(), hashed(value)))
                    .collect()
            };
            tree.apply(batch(&random.batch()));
            let parts: Vec<StateTreeEntry> = tree.to_parts().collect();
            let bytes = encode(&parts);
            let parts: Vec<StateTreeEntry> = decode(&bytes, bytes.len()).unwrap();
            let mut restored = StateTree::from_parts(parts).unwrap();
            assert_eq!(restored.root(), tree.root(), "seed {seed}");
            let future = batch(&random.batch());
            restored.apply(future.clone());
            tree.apply(future);
            assert_eq!(restored.root(), tree.root(), "seed {seed}");
        }
    }
}

#[test]
fn parts_that_do_not_fit_together_are_refused() {
    let entry = |key: &[u8], slot| StateTreeEntry {
        slot,
        key: StateKey::new(key).unwrap(),
        value_hash: Hash::ZERO,
    };
    let key = |key: &[u8]| StateKey::new(key).unwrap();
    let check = |parts: &[StateTreeEntry], refusal: StateTreeError| {
        assert_eq!(StateTree::from_parts(parts.to_vec()).unwrap_err(), refusal);
    };
    check(&[entry(b"", 1)], StateTreeError::EmptyKey);
    check(
        &[entry(b"b", 1), entry(b"a", 2)],
        StateTreeError::KeyOrder { key: key(b"a") },
    );
    check(
        &[entry(b"a", 1), entry(b"a", 2)],
        StateTreeError::KeyOrder { key: key(b"a") },
    );
    for slot in [0, 3, u32::MAX] {
        check(
            &[entry(b"a", 1), entry(b"b", slot)],
            StateTreeError::SlotOutOfRange { slot, entries: 2 },
        );
    }
    check(
        &[entry(b"a", 2), entry(b"b", 2)],
        StateTreeError::SlotTaken { slot: 2 },
    );
    assert_eq!(
        StateTree::from_parts([]).unwrap().root(),
        StateTree::new().root()
    );
}

#[test]
fn roots_do_not_change_between_releases() {
    let mut tree = StateTree::new();
    assert_eq!(
        tree.root().to_string(),
        "8258ddb07901237659e683103683ba32f9efffbc0334ba0762eac3023039aee1"
    );
    tree.apply((0..100_u8).map(|number| ([number, 1], Some(state_value_hash(&[number])))));
    assert_eq!(
        tree.root().to_string(),
        "57079b51f4a43f30f806dc22781ad0f9862f1ed5edd4a48823afe0097f53bdb0"
    );
    tree.apply(
        (0..100_u8)
            .filter(|number| number % 3 == 0)
            .map(|number| ([number, 1], None)),
    );
    assert_eq!(
        tree.root().to_string(),
        "f94709790618408ec94de0c158079436f03cf334fb542489a9862534c517259a"
    );
    tree.apply((0..9_u8).map(|number| ([number, 2], Some(state_value_hash(b"")))));
    assert_eq!(
        tree.root().to_string(),
        "060c6e967a9d339da3568c17f116275c8ca6f31af11ed73df48f5259498a87bf"
    );
    assert_eq!(
        combine(&[]).to_string(),
        "572c39af06d8380799f024692fd978bd8e8319335b600a2653fc0fde7f6ebc2b"
    );
    let other = StateTree::new();
    let tables = [("accounts", &tree), ("licences", &other)];
    assert_eq!(
        combine(&tables).to_string(),
        "519c3c5b92315eb93b5208a341b511be614ea926c265b1359051454bd69da19f"
    );
}
