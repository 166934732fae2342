//! Power cuts and failures at every operation.

use super::*;
use crate::memory::{Fault, Kept, Unsynced};

const BLOCKS: u64 = 30;

/// Runs a history until it is done or fails; returns the last height that was acknowledged (synced), and tried.
fn history(disk: &MemoryDisk, failed: &mut Option<BlockLog>) -> (u64, u64) {
    let Ok((mut log, _)) = open(disk, None) else {
        return (0, 0);
    };
    let mut acknowledged = 0;
    for height in 1..=BLOCKS {
        let appended = log.append(Height::new(height), &block(height));
        if appended.and_then(|()| log.sync()).is_err() {
            *failed = Some(log);
            return (acknowledged, height);
        }
        acknowledged = height;
    }
    (acknowledged, BLOCKS)
}

fn random_choice(random: &mut fastrand::Rng, change: &Unsynced<'_>) -> Kept {
    let length = match change {
        Unsynced::Write { length, .. } => *length,
        Unsynced::Name { .. } | Unsynced::Truncate { .. } => 1,
    };
    match random.u8(..4) {
        0 => Kept::All,
        1 => Kept::Nothing,
        2 => Kept::First(random.usize(..=length)),
        _ => Kept::Last(random.usize(..=length)),
    }
}

#[test]
fn every_acknowledged_block_survives_a_power_cut_at_any_operation() {
    let whole = MemoryDisk::new();
    assert_eq!(history(&whole, &mut None), (BLOCKS, BLOCKS));
    let operations = whole.operations();
    assert!(operations > 80, "the history has rotations: {operations}");
    for at in 0..=operations {
        for seed in 0..24 {
            let mut random = fastrand::Rng::with_seed(at * 1_000 + seed);
            let disk = MemoryDisk::new();
            disk.inject(at, Fault::PowerCut);
            let (acknowledged, tried) = history(&disk, &mut None);
            disk.crash(&mut |change| match seed {
                0 => Kept::All,
                1 => Kept::Nothing,
                _ => random_choice(&mut random, change),
            });
            // Whether the consensus log knows of the last block depends on the moment.
            let synced_through = random.bool().then_some(acknowledged);
            let case = format!("power cut at operation {at}, seed {seed}");
            let (mut log, _) =
                open(&disk, synced_through).unwrap_or_else(|error| panic!("{case}: {error}"));
            let last = log.last().get();
            assert!((acknowledged..=tried).contains(&last), "{case}: {last}");
            assert_holds(&log, last);
            extend(&mut log, BLOCKS + 2);
            drop(log);
            assert_holds(&open(&disk, Some(BLOCKS + 2)).unwrap().0, BLOCKS + 2);
        }
    }
}

#[test]
fn repairing_a_torn_tail_may_itself_be_cut_at_any_operation() {
    let torn = || {
        let disk = log_of(5);
        let (mut log, _) = open(&disk, None).unwrap();
        log.append(Height::new(6), &block(6)).unwrap();
        drop(log);
        disk.crash(&mut |_| Kept::First(20));
        disk
    };
    let whole = torn();
    let before = whole.operations();
    drop(open(&whole, Some(5)).unwrap());
    for at in 0..whole.operations() - before {
        for kept in [Kept::Nothing, Kept::First(10), Kept::Last(10), Kept::All] {
            let disk = torn();
            disk.inject(disk.operations() + at, Fault::PowerCut);
            assert!(open(&disk, Some(5)).is_err(), "power cut at {at}");
            disk.crash(&mut |_| kept);
            let (log, _) = open(&disk, Some(5)).unwrap();
            assert_holds(&log, 5);
        }
    }
}

/// How a process ends that has written and not synced.
const ENDS: [Fault; 3] = [Fault::PowerCut, Fault::FailedSync, Fault::NoSpace];

#[test]
fn what_is_read_after_a_killed_process_survives_a_power_cut_after_that() {
    let whole = MemoryDisk::new();
    let _ = history(&whole, &mut None);
    for fault in ENDS {
        for at in 0..=whole.operations() {
            let disk = MemoryDisk::new();
            disk.inject(at, fault);
            let (acknowledged, tried) = history(&disk, &mut None);
            // The process ends; what it wrote is still in the cache.
            disk.heal();
            let case = format!("{fault:?} at {at}");
            let (log, _) =
                open(&disk, Some(acknowledged)).unwrap_or_else(|error| panic!("{case}: {error}"));
            let told = log.reader().last().get();
            assert!((acknowledged..=tried).contains(&told), "{case}: {told}");
            assert_holds(&log, told);
            drop(log);
            disk.crash(&mut |_| Kept::Nothing);
            let (log, torn) =
                open(&disk, Some(told)).unwrap_or_else(|error| panic!("{case}: {error}"));
            assert_eq!(torn, None, "{case}");
            assert_holds(&log, told);
        }
    }
}

#[test]
fn a_failed_sync_of_an_opening_leaves_it_to_the_next_one() {
    let disk = log_of(5);
    let (mut log, _) = open(&disk, None).unwrap();
    log.append(Height::new(6), &block(6)).unwrap();
    disk.inject(disk.operations(), Fault::FailedSync);
    assert!(log.sync().is_err());
    drop(log);
    disk.inject(disk.operations(), Fault::FailedSync);
    assert!(open(&disk, Some(5)).is_err(), "nothing is told");
    let (log, _) = open(&disk, Some(5)).unwrap();
    assert_eq!(log.last().get(), 6);
    drop(log);
    disk.crash(&mut |_| Kept::Nothing);
    assert_holds(&open(&disk, Some(6)).unwrap().0, 6);
}

#[test]
fn a_reader_of_a_stopped_node_writes_nothing() {
    let disk = log_of(5);
    let (mut log, _) = open(&disk, None).unwrap();
    log.append(Height::new(6), &block(6)).unwrap();
    drop(log);
    let options = BlockLogOptions::new(chain(), None);
    let directory = Path::new(DIRECTORY);
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    let (reader, _) = BlockReader::open(shared, directory, options, &mut |_| {}).unwrap();
    assert_eq!(reader.last().get(), 6);
    let mut unsynced = 0;
    disk.crash(&mut |_| {
        unsynced += 1;
        Kept::Nothing
    });
    assert_eq!(
        unsynced, 1,
        "the node's own write, and it is still unsynced"
    );
    assert_holds(&open(&disk, Some(5)).unwrap().0, 5);
}

#[test]
fn after_any_failure_the_log_is_closed_and_nothing_acknowledged_is_lost() {
    let whole = MemoryDisk::new();
    let _ = history(&whole, &mut None);
    for fault in [Fault::InputOutput, Fault::NoSpace, Fault::FailedSync] {
        for at in 0..=whole.operations() {
            let disk = MemoryDisk::new();
            disk.inject(at, fault);
            let mut failed = None;
            let (acknowledged, tried) = history(&disk, &mut failed);
            disk.heal();
            if let Some(mut log) = failed {
                let next = log.last().next();
                let closed = [
                    log.append(next, b"more").unwrap_err(),
                    log.sync().unwrap_err(),
                ];
                for error in closed {
                    assert!(
                        matches!(error, StorageError::Failed { .. }),
                        "{fault:?} at {at}: {error}"
                    );
                }
                if acknowledged > 0 {
                    assert!(log.read(Height::new(1)).is_err(), "{fault:?} at {at}");
                }
            }
            disk.crash(&mut |_| Kept::Nothing);
            let (log, _) = open(&disk, Some(acknowledged))
                .unwrap_or_else(|error| panic!("{fault:?} at {at}: {error}"));
            let last = log.last().get();
            assert!((acknowledged..=tried).contains(&last), "{fault:?} at {at}");
            assert_holds(&log, last);
        }
    }
}
