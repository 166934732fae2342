//! The folder is lost, exchanged or damaged: the index says so, and is rebuilt.

use super::*;
use crate::testing::seeds;
use std::error::Error;

const TO: u64 = 260;

fn filled(name: &str) -> Scratch {
    let scratch = Scratch::new(name);
    let (index, _) = open(&scratch);
    feed(&index, TO).unwrap();
    scratch
}

/// Every file below a directory.
fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

fn why(state: IndexState) -> Option<RebuildReason> {
    match state {
        IndexState::Ready { .. } => None,
        IndexState::Rebuild { why } => Some(why),
    }
}

#[test]
fn a_deleted_folder_is_rebuilt() {
    let scratch = filled("deleted");
    std::fs::remove_dir_all(scratch.path()).unwrap();
    let (index, state) = open(&scratch);
    assert!(matches!(why(state), Some(RebuildReason::Missing)));
    assert_eq!(index.indexed_to(), Height::GENESIS);
    feed(&index, TO).unwrap();
    compare("rebuilt", &index, &naive(TO)).unwrap();
}

#[test]
fn an_index_of_another_chain_is_rebuilt() {
    let scratch = filled("foreign");
    let (_, state) = Index::open(scratch.path(), other_chain()).unwrap();
    assert!(matches!(why(state), Some(RebuildReason::OtherChain(found)) if found == chain()));
}

#[test]
fn an_opening_that_ended_the_process_is_not_tried_twice() {
    let scratch = filled("opening");
    std::fs::write(scratch.path().join("opening"), b"").unwrap();
    let (index, state) = open(&scratch);
    assert!(matches!(why(state), Some(RebuildReason::OpeningUnfinished)));
    feed(&index, TO).unwrap();
    drop(index);
    let (index, state) = open(&scratch);
    assert!(why(state).is_none());
    feed(&index, TO).unwrap();
    compare("afterwards", &index, &naive(TO)).unwrap();
}

#[test]
fn a_reset_index_begins_anew() {
    let scratch = filled("reset");
    let (index, _) = open(&scratch);
    index.reset().unwrap();
    assert_eq!(index.indexed_to(), Height::GENESIS);
    feed(&index, TO).unwrap();
    compare("after the reset", &index, &naive(TO)).unwrap();
    drop(index);
    let (index, state) = open(&scratch);
    assert!(why(state).is_none());
    feed(&index, TO).unwrap();
    compare("after a restart", &index, &naive(TO)).unwrap();
}

#[test]
fn a_chunk_that_is_lost_or_changed_is_an_error_and_never_an_answer() {
    let scratch = Scratch::new("chunks");
    let (index, _) = open(&scratch);
    let keys: Vec<IndexKey> = (0..2_000).map(|number| transaction(1, number)).collect();
    let entries = keys
        .iter()
        .cloned()
        .map(|key| IndexEntry { key, position: 7 });
    let height = Height::new(1);
    index
        .apply(IndexedBlock {
            height,
            entries: entries.collect(),
        })
        .unwrap();
    let run = index.view().manifest.runs[0].id;
    let mut places = vec![Vec::new()];
    loop {
        let place = places.last().unwrap();
        let bytes = index.view().store.chunk(run, place).unwrap().unwrap();
        let next = chunk::Chunk::decode(place, &bytes).unwrap().next;
        if next.is_empty() {
            break;
        }
        places.push(next);
    }
    assert!(places.len() > 8);
    let victim = &places[4];
    let bytes = index.view().store.chunk(run, victim).unwrap().unwrap();
    let neighbour = index.view().store.chunk(run, &places[5]).unwrap().unwrap();
    let mut flipped = bytes.clone();
    flipped[40] ^= 4;
    for damaged in [Some(flipped), Some(neighbour), None] {
        index.view().store.plant(run, victim, damaged.as_deref());
        let mut errors = 0;
        for key in &keys {
            index.failed.store(false, Ordering::Release);
            match index.find(key, None, 1) {
                Ok(answer) => assert_eq!(
                    answer.hits,
                    [Hit {
                        height,
                        position: 7
                    }]
                ),
                Err(error) => {
                    let fault = error.source().unwrap().to_string();
                    assert!(fault.contains("a chunk of run 1"), "{fault}");
                    errors += 1;
                }
            }
        }
        assert!(
            errors > 100 && errors < 400,
            "the keys of one chunk: {errors}"
        );
    }
    index.reset().unwrap();
    assert!(index.find(&keys[0], None, 1).unwrap().hits.is_empty());
}

/// Damages one file of the folder.
fn damage(random: &mut fastrand::Rng, path: &Path) {
    let mut bytes = std::fs::read(path).unwrap();
    let length = bytes.len();
    match random.u8(..4) {
        _ if bytes.is_empty() => return std::fs::remove_file(path).unwrap(),
        0 => bytes.truncate(random.usize(..length)),
        1 => {
            let from = random.usize(..length);
            let to = length.min(from + random.usize(1..5_000));
            bytes[from..to].fill(0);
        }
        2 => {
            for _ in 0..random.usize(1..200) {
                let at = random.usize(..length);
                bytes[at] = random.u8(..);
            }
        }
        _ => {
            let at = random.usize(..length);
            bytes[at] ^= 1 << random.u8(..8);
        }
    }
    std::fs::write(path, bytes).unwrap();
}

/// Damages a few files of an index.
fn damage_some(random: &mut fastrand::Rng, scratch: &Scratch) {
    let found = files(scratch.path());
    for _ in 0..random.usize(1..4) {
        let path = &found[random.usize(..found.len())];
        if path.exists() {
            damage(random, path);
        }
    }
}

#[test]
fn whatever_happens_to_the_files_of_the_database_answers_are_right_or_the_index_is_rebuilt() {
    // Opened again, so that the database has snapshots of its own.
    let original = filled("original");
    for _ in 0..2 {
        let (index, _) = open(&original);
        feed(&index, TO).unwrap();
    }
    let all = naive(TO);
    let mut rebuilt = 0;
    for seed in seeds(100) {
        let case = format!("seed {seed}");
        let mut random = fastrand::Rng::with_seed(seed);
        let scratch = Scratch::new("damage");
        copy(original.path(), scratch.path());
        damage_some(&mut random, &scratch);
        let (index, state) = open(&scratch);
        rebuilt += u64::from(why(state).is_some());
        if let Err(fault) = feed(&index, TO).and_then(|()| compare(&case, &index, &all)) {
            assert!(
                matches!(fault, IndexError::Damaged { .. }),
                "{case}: {fault}"
            );
            index.reset().unwrap();
            feed(&index, TO).unwrap();
            compare(&case, &index, &all).unwrap();
        }
    }
    assert!(rebuilt > 0, "the damage matters");
}

/// One key in every block, and many that are found once: more than the database reads when it is opened.
fn large_block(height: u64) -> IndexedBlock {
    let entries = (0..1_000).map(|position| IndexEntry {
        key: transaction(height, u64::from(position)),
        position,
    });
    IndexedBlock {
        height: Height::new(height),
        entries: entries.collect(),
    }
}

#[test]
fn damage_under_an_open_index_is_an_error_and_a_reset_mends_it() {
    const LARGE_TO: u64 = 100;
    let original = Scratch::new("large");
    let fill = |index: &Index| {
        while index.indexed_to().get() < LARGE_TO {
            index
                .apply(large_block(index.indexed_to().next().get()))
                .unwrap();
        }
    };
    fill(&Index::open(original.path(), chain()).unwrap().0);
    let mut faults = BTreeMap::new();
    for seed in seeds(25) {
        let mut random = fastrand::Rng::with_seed(seed);
        let scratch = Scratch::new("damage");
        copy(original.path(), scratch.path());
        let (index, state) = Index::open(scratch.path(), chain()).unwrap();
        assert!(why(state).is_none(), "seed {seed}: the copy is sound");
        damage_some(&mut random, &scratch);
        let indexed_to = index.indexed_to().get();
        for _ in 0..400 {
            let (height, number) = (random.u64(1..=indexed_to), random.u32(..1_000));
            let hit = Hit {
                height: Height::new(height),
                position: number,
            };
            match index.find(&transaction(height, u64::from(number)), None, 2) {
                Ok(answer) => assert_eq!(answer.hits, [hit], "seed {seed}"),
                Err(IndexError::Damaged { fault, .. }) => {
                    *faults.entry(fault.to_string()).or_insert(0) += 1;
                }
                Err(other) => panic!("seed {seed}: {other}"),
            }
        }
        if index.find(&account(1), None, 1).is_err() {
            index.reset().unwrap();
            fill(&index);
            assert_eq!(
                index.find(&transaction(1, 2), None, 2).unwrap().hits.len(),
                1
            );
        }
    }
    assert!(faults.len() > 1, "the damage matters: {faults:?}");
    eprintln!("{faults:#?}");
}
