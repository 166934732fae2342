//! Power cuts and failures at every operation of a history with commits and new files.

use super::*;

const HEIGHTS: u64 = 6;

/// What the history knows when it ends.
#[derive(Default)]
struct Known {
    created: bool,
    /// Appended entries, in order, each with whether its sync returned.
    entries: Vec<(LogEntry, bool)>,
    /// The last height whose commit was called. Its block frame was synced before that.
    committed: u64,
    /// The last base whose sync returned.
    durable_base: u64,
    sequence: u64,
}

impl Known {
    fn append(&mut self, log: &mut ConsensusLog, entry: LogEntry) -> Result<(), StorageError> {
        self.entries.push((entry.clone(), false));
        log.append(&entry)
    }

    fn sync(&mut self, log: &mut ConsensusLog) -> Result<(), StorageError> {
        log.sync()?;
        for (_, synced) in &mut self.entries {
            *synced = true;
        }
        self.durable_base = self.committed;
        self.sequence = log.sequence();
        Ok(())
    }
}

/// A few heights, each with two syncs; files are large at 250 bytes. Ends at the first failure.
fn history(disk: &MemoryDisk, known: &mut Known) -> Result<(), StorageError> {
    let directory = Path::new(DIRECTORY);
    let log = ConsensusLog::create_new(Arc::new(disk.clone()), directory, chain())?;
    let mut log = log.with_rotate_bytes(250);
    known.created = true;
    known.sequence = log.sequence();
    for height in 1..=HEIGHTS {
        known.append(&mut log, body(height, 1, 30))?;
        known.append(&mut log, input(height, 2))?;
        known.sync(&mut log)?;
        known.append(&mut log, input(height, 3))?;
        known.sync(&mut log)?;
        known.append(&mut log, input(height, 4))?;
        known.committed = height;
        log.committed(Height::new(height))?;
    }
    known.append(&mut log, input(HEIGHTS + 1, 5))?;
    known.sync(&mut log)
}

/// After a crash: the base is between what was durable and what was committed, and of every height above it the entries are
/// a beginning of what was appended, with everything that was synced.
fn check(case: &str, log: &ConsensusLog, known: &Known) {
    let base = log.base().get();
    assert!(
        (known.durable_base..=known.committed).contains(&base),
        "{case}: base {base}"
    );
    assert!(log.sequence() >= known.sequence, "{case}");
    for height in base + 1..=HEIGHTS + 1 {
        let appended: Vec<_> = known
            .entries
            .iter()
            .filter(|(entry, _)| entry.height().get() == height)
            .collect();
        let synced = appended.iter().filter(|(_, synced)| *synced).count();
        let found = entries(log, height);
        assert!(
            found.len() >= synced && found.len() <= appended.len(),
            "{case}: height {height}"
        );
        for (found, (entry, _)) in found.iter().zip(appended) {
            assert_eq!(found, entry, "{case}: height {height}");
        }
    }
}

fn choice(random: &mut fastrand::Rng, change: &Unsynced<'_>) -> Kept {
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
fn everything_synced_survives_a_power_cut_at_any_operation() {
    let whole = MemoryDisk::new();
    let mut known = Known::default();
    history(&whole, &mut known).unwrap();
    assert!(
        whole.contents(&file(1)).is_none(),
        "the history has new files"
    );
    for at in 0..=whole.operations() {
        for seed in 0..40 {
            let case = format!("power cut at operation {at}, seed {seed}");
            let mut random = fastrand::Rng::with_seed(at * 1_000 + seed);
            let disk = MemoryDisk::new();
            let mut known = Known::default();
            disk.inject(at, Fault::PowerCut);
            let finished = history(&disk, &mut known).is_ok();
            assert_eq!(finished, at == whole.operations(), "{case}");
            disk.crash(&mut |change| match seed {
                0 => Kept::All,
                1 => Kept::Nothing,
                _ => choice(&mut random, change),
            });
            if !known.created {
                continue;
            }
            let (mut log, _) =
                open(&disk, known.sequence).unwrap_or_else(|error| panic!("{case}: {error}"));
            check(&case, &log, &known);
            // Opening again, and going on, works as well.
            let next = log.base().get().max(known.committed) + 1;
            group(&mut log, &[input(next, 77)]);
            let sequence = log.sequence();
            drop(log);
            let (log, torn) = open(&disk, sequence).unwrap();
            assert_eq!(torn, None, "{case}");
            assert_eq!(entries(&log, next).last(), Some(&input(next, 77)), "{case}");
        }
    }
}

#[test]
fn opening_may_itself_be_cut_at_any_operation() {
    let whole = MemoryDisk::new();
    history(&whole, &mut Known::default()).unwrap();
    for first in 0..whole.operations() {
        for second in 0..40 {
            let case = format!("power cuts at operation {first} and {second} of the opening");
            let mut random = fastrand::Rng::with_seed(first * 100 + second);
            let disk = MemoryDisk::new();
            let mut known = Known::default();
            disk.inject(first, Fault::PowerCut);
            assert!(history(&disk, &mut known).is_err());
            disk.crash(&mut |change| choice(&mut random, change));
            if !known.created {
                continue;
            }
            disk.inject(disk.operations() + second, Fault::PowerCut);
            drop(open(&disk, known.sequence));
            disk.crash(&mut |change| choice(&mut random, change));
            let (log, _) =
                open(&disk, known.sequence).unwrap_or_else(|error| panic!("{case}: {error}"));
            check(&case, &log, &known);
        }
    }
}

#[test]
fn after_any_failure_the_log_is_closed_and_nothing_synced_is_lost() {
    let whole = MemoryDisk::new();
    history(&whole, &mut Known::default()).unwrap();
    for fault in [Fault::InputOutput, Fault::NoSpace, Fault::FailedSync] {
        for at in 0..whole.operations() {
            let case = format!("{fault:?} at operation {at}");
            let disk = MemoryDisk::new();
            let mut known = Known::default();
            disk.inject(at, fault);
            let _ = history(&disk, &mut known);
            disk.crash(&mut |_| Kept::Nothing);
            if known.created {
                let (log, _) =
                    open(&disk, known.sequence).unwrap_or_else(|error| panic!("{case}: {error}"));
                check(&case, &log, &known);
            }
        }
    }
}

#[test]
fn what_is_read_after_a_killed_process_survives_a_power_cut_after_that() {
    let whole = MemoryDisk::new();
    history(&whole, &mut Known::default()).unwrap();
    for fault in [Fault::PowerCut, Fault::FailedSync, Fault::NoSpace] {
        for at in 0..whole.operations() {
            let case = format!("{fault:?} at operation {at}");
            let disk = MemoryDisk::new();
            let mut known = Known::default();
            disk.inject(at, fault);
            let _ = history(&disk, &mut known);
            // The process ends; what it wrote is still in the cache.
            disk.heal();
            if !known.created {
                continue;
            }
            let seen = |log: &ConsensusLog| {
                let all = 0..=HEIGHTS + 1;
                let entries: Vec<_> = all.map(|height| entries(log, height)).collect();
                (log.base(), log.sequence(), entries)
            };
            let (log, _) =
                open(&disk, known.sequence).unwrap_or_else(|error| panic!("{case}: {error}"));
            check(&case, &log, &known);
            let told = seen(&log);
            drop(log);
            disk.crash(&mut |_| Kept::Nothing);
            let (log, torn) = open(&disk, told.1).unwrap_or_else(|error| panic!("{case}: {error}"));
            assert_eq!(torn, None, "{case}");
            assert_eq!(seen(&log), told, "{case}");
        }
    }
}

#[test]
fn a_failed_sync_closes_the_log() {
    let disk = three_groups();
    let (mut log, _) = open(&disk, 3).unwrap();
    log.append(&input(1, 4)).unwrap();
    disk.inject(disk.operations(), Fault::FailedSync);
    let failed = log.sync().unwrap_err();
    assert!(matches!(failed, StorageError::Io { .. }), "{failed}");
    let later = [
        log.sync().unwrap_err(),
        log.append(&input(1, 5)).unwrap_err(),
        log.committed(Height::new(1)).unwrap_err(),
    ];
    for error in later {
        assert!(matches!(error, StorageError::Failed { .. }), "{error}");
        assert!(
            error.to_string().contains("sync failed"),
            "the first failure is named: {error}"
        );
    }
}
