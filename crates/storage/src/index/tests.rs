//! The index compared with a map; damage is in a module of its own.

use super::*;
use crate::testing::{Scratch, chain, other_chain};
use std::collections::{BTreeMap, BTreeSet};

mod damage;

/// Small runs, so that a short chain has several levels.
const SMALL: Tuning = Tuning {
    run_entries: 60,
    run_blocks: 12,
};

/// The index as a map: what it must be equal to.
#[derive(Default)]
struct Naive(BTreeMap<IndexKey, BTreeSet<Hit>>);

impl Naive {
    fn add(&mut self, block: &IndexedBlock) {
        for entry in &block.entries {
            let hit = Hit {
                height: block.height,
                position: entry.position,
            };
            self.0.entry(entry.key.clone()).or_default().insert(hit);
        }
    }

    fn page(&self, key: &IndexKey, before: Option<Hit>, limit: usize) -> (Vec<Hit>, bool) {
        let all = self.0.get(key).into_iter().flatten().rev().copied();
        let wanted: Vec<Hit> = all
            .filter(|hit| before.is_none_or(|before| *hit < before))
            .collect();
        let more = wanted.len() > limit;
        (wanted.into_iter().take(limit).collect(), more)
    }
}

fn account(number: u64) -> IndexKey {
    // Lengths differ, and one is the beginning of another.
    let text = "PK".repeat(usize::try_from(number % 7).unwrap() + 1);
    IndexKey::new(IndexKind::Account, format!("{text}{number}").as_bytes()).unwrap()
}

fn transaction(height: u64, number: u64) -> IndexKey {
    let mut bytes = [0; 32];
    fastrand::Rng::with_seed(height * 1_000 + number).fill(&mut bytes);
    IndexKey::new(IndexKind::Transaction, &bytes).unwrap()
}

/// The block of a height: transactions found by id, and accounts of which some are in nearly every block.
fn block(height: u64) -> IndexedBlock {
    let mut random = fastrand::Rng::with_seed(height);
    let mut entries = Vec::new();
    let transactions = if random.u8(..4) == 0 {
        0
    } else {
        random.u32(..9)
    };
    for position in 0..transactions {
        let entry = |key| IndexEntry { key, position };
        entries.push(entry(transaction(height, u64::from(position))));
        entries.push(entry(account(random.u64(..20))));
        entries.push(entry(account(random.u64(..3))));
    }
    IndexedBlock {
        height: Height::new(height),
        entries,
    }
}

fn feed(index: &Index, to: u64) -> Result<(), IndexError> {
    while index.indexed_to().get() < to {
        index.apply(block(index.indexed_to().next().get()))?;
    }
    Ok(())
}

fn naive(to: u64) -> Naive {
    let mut naive = Naive::default();
    for height in 1..=to {
        naive.add(&block(height));
    }
    naive
}

/// Every key, and some that are not there, page by page. An error is for the caller; a wrong answer is a failure.
fn compare(case: &str, index: &Index, naive: &Naive) -> Result<(), IndexError> {
    let absent = [
        IndexKey::new(IndexKind::Uetr, &[1; 16]).unwrap(),
        IndexKey::new(IndexKind::Transaction, &[]).unwrap(),
        IndexKey::new(IndexKind::Instruction, &[0xFF; 64]).unwrap(),
        transaction(1_000_000, 1),
    ];
    for (number, key) in naive.0.keys().chain(&absent).enumerate() {
        let limit = [1, 3, 17, PAGE_HITS_MAX][number % 4];
        let mut before = None;
        loop {
            let answer = index.find(key, before, limit)?;
            let expected = naive.page(key, before, limit);
            assert_eq!(
                (answer.hits.clone(), answer.more),
                expected,
                "{case}: {key:?}"
            );
            assert_eq!(answer.indexed_to, index.indexed_to());
            before = answer.hits.last().copied();
            if !answer.more {
                break;
            }
        }
    }
    Ok(())
}

fn open(scratch: &Scratch) -> (Index, IndexState) {
    Index::open_tuned(scratch.path(), chain(), SMALL).unwrap()
}

#[test]
fn a_key_has_a_limit() {
    assert!(IndexKey::new(IndexKind::Uetr, &[0; INDEX_KEY_BYTES_MAX]).is_some());
    assert!(IndexKey::new(IndexKind::Uetr, &[0; INDEX_KEY_BYTES_MAX + 1]).is_none());
}

#[test]
fn answers_equal_those_of_a_map_while_blocks_come_and_after_restarts() {
    let scratch = Scratch::new("index");
    let (index, state) = open(&scratch);
    assert!(matches!(
        state,
        IndexState::Rebuild {
            why: RebuildReason::Missing
        }
    ));
    let mut index = index;
    for to in [1, 5, 40, 90, 200, 700, 1_500] {
        feed(&index, to).unwrap();
        compare(&format!("to {to}"), &index, &naive(to)).unwrap();
        drop(index);
        let (reopened, state) = open(&scratch);
        let IndexState::Ready { indexed_to } = state else {
            panic!("to {to}: {state:?}");
        };
        assert!(indexed_to.get() <= to && indexed_to.get() + SMALL.run_blocks > to);
        feed(&reopened, to).unwrap();
        compare(&format!("to {to}, reopened"), &reopened, &naive(to)).unwrap();
        index = reopened;
    }
    let runs = index.view().manifest.runs.clone();
    assert!(
        runs.iter().any(|run| run.level >= 2),
        "runs were merged twice over"
    );
    assert!(
        runs.len() <= 4 * RUNS_PER_LEVEL,
        "lookups stay bounded: {runs:?}"
    );
}

#[test]
fn blocks_come_in_order() {
    let scratch = Scratch::new("order");
    let (index, _) = open(&scratch);
    feed(&index, 3).unwrap();
    for height in [0, 3, 5] {
        let refused = index.apply(block(height)).unwrap_err();
        assert!(
            matches!(refused, IndexError::OutOfOrder { .. }),
            "{refused}"
        );
    }
    index.apply(block(4)).unwrap();
}

#[test]
fn a_long_history_of_one_account_is_paged_over_many_chunks() {
    let scratch = Scratch::new("history");
    let (index, _) = open(&scratch);
    let key = account(1);
    let entries: Vec<_> = (0..5_000)
        .map(|position| IndexEntry {
            key: key.clone(),
            position,
        })
        .collect();
    for height in 1..=3 {
        let height = Height::new(height);
        let entries = entries.clone();
        index.apply(IndexedBlock { height, entries }).unwrap();
    }
    let mut before = None;
    let mut seen = Vec::new();
    loop {
        let answer = index.find(&key, before, usize::MAX).unwrap();
        assert!(answer.hits.len() <= PAGE_HITS_MAX);
        seen.extend(answer.hits);
        before = seen.last().copied();
        if !answer.more {
            break;
        }
    }
    assert_eq!(seen.len(), 15_000);
    assert!(
        seen.is_sorted_by(|newer, older| newer > older),
        "newest first, each once"
    );
}

#[test]
fn queries_go_on_while_blocks_are_indexed() {
    let scratch = Scratch::new("threads");
    let (index, _) = open(&scratch);
    let all = naive(600);
    std::thread::scope(|scope| {
        scope.spawn(|| feed(&index, 600).unwrap());
        for _ in 0..2 {
            scope.spawn(|| {
                while index.indexed_to().get() < 600 {
                    let answer = index.find(&account(1), None, PAGE_HITS_MAX).unwrap();
                    let expected: Vec<Hit> = all
                        .page(&account(1), None, usize::MAX)
                        .0
                        .into_iter()
                        .filter(|hit| hit.height <= answer.indexed_to)
                        .take(PAGE_HITS_MAX)
                        .collect();
                    assert_eq!(answer.hits, expected);
                }
            });
        }
    });
    compare("at the end", &index, &all).unwrap();
}
