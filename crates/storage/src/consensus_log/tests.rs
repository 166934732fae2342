//! What the consensus log promises its callers; crashes are in a module of their own.

use super::*;
use crate::error::Damage;
use crate::memory::{Fault, Kept, MemoryDisk, Unsynced};
use crate::testing::{body, chain, input, other_chain};

mod crashes;

const DIRECTORY: &str = "signer";

fn create(disk: &MemoryDisk) -> ConsensusLog {
    ConsensusLog::create_new(Arc::new(disk.clone()), Path::new(DIRECTORY), chain()).unwrap()
}

fn open(
    disk: &MemoryDisk,
    sequence: u64,
) -> Result<(ConsensusLog, Option<TornTail>), StorageError> {
    let floor = ConsensusLogFloor { sequence };
    ConsensusLog::open(Arc::new(disk.clone()), Path::new(DIRECTORY), chain(), floor)
}

/// Appends entries and syncs them as one group.
fn group(log: &mut ConsensusLog, entries: &[LogEntry]) {
    for entry in entries {
        log.append(entry).unwrap();
    }
    log.sync().unwrap();
}

fn entries(log: &ConsensusLog, height: u64) -> Vec<LogEntry> {
    log.entries_for(Height::new(height))
}

fn file(number: u64) -> PathBuf {
    Path::new(DIRECTORY).join(file_name(number))
}

/// A log with three groups of height 1: its base, a body with an input, an input.
fn three_groups() -> MemoryDisk {
    let disk = MemoryDisk::new();
    let mut log = create(&disk);
    group(&mut log, &[body(1, 1, 20), input(1, 2)]);
    group(&mut log, &[input(1, 3)]);
    disk
}

#[test]
fn synced_entries_come_back_in_order_and_unsynced_ones_do_not() {
    let disk = three_groups();
    let (mut log, torn) = open(&disk, 3).unwrap();
    assert_eq!(torn, None);
    assert_eq!(entries(&log, 1), [body(1, 1, 20), input(1, 2), input(1, 3)]);
    assert_eq!(entries(&log, 2), []);
    log.append(&input(1, 4)).unwrap();
    drop(log);
    let (log, _) = open(&disk, 3).unwrap();
    assert_eq!(entries(&log, 1).len(), 3);
    assert_eq!(log.sequence(), 3);
}

#[test]
fn a_committed_height_is_forgotten_without_a_sync_of_its_own() {
    let disk = three_groups();
    let (mut log, _) = open(&disk, 3).unwrap();
    let operations = disk.operations();
    log.committed(Height::new(1)).unwrap();
    log.committed(Height::new(1)).unwrap();
    assert_eq!(disk.operations(), operations, "nothing is written");
    assert_eq!(entries(&log, 1), []);
    assert_eq!(log.base().get(), 1);
    drop(log);
    // The base was not durable yet: the entries are there again, as after a crash.
    let (mut log, _) = open(&disk, 3).unwrap();
    assert_eq!((log.base().get(), entries(&log, 1).len()), (0, 3));
    log.committed(Height::new(1)).unwrap();
    group(&mut log, &[input(2, 5)]);
    drop(log);
    let (mut log, _) = open(&disk, 4).unwrap();
    assert_eq!((log.base().get(), entries(&log, 1).len()), (1, 0));
    assert_eq!(entries(&log, 2), [input(2, 5)]);
    let refused = log.committed(Height::GENESIS).unwrap_err();
    assert!(
        matches!(refused, StorageError::OutOfOrder { .. }),
        "{refused}"
    );
}

#[test]
fn a_large_file_is_left_for_a_new_one_when_a_height_is_committed() {
    let disk = MemoryDisk::new();
    let mut log = create(&disk).with_rotate_bytes(300);
    for height in 1..=9 {
        group(&mut log, &[body(height, height, 100)]);
        log.append(&input(height, 0)).unwrap();
        log.committed(Height::new(height)).unwrap();
    }
    let sequence = log.sequence();
    group(&mut log, &[input(10, 1)]);
    assert_eq!(disk.list(Path::new(DIRECTORY)).unwrap().len(), 1);
    assert!(disk.contents(&file(1)).is_none(), "the first file is gone");
    drop(log);
    let (log, _) = open(&disk, sequence + 1).unwrap();
    assert_eq!(log.base().get(), 9);
    assert_eq!(entries(&log, 10), [input(10, 1)]);
}

#[test]
fn entries_of_a_later_height_are_not_lost_when_a_file_is_large() {
    let disk = MemoryDisk::new();
    let mut log = create(&disk).with_rotate_bytes(100);
    group(&mut log, &[body(1, 1, 200), input(2, 7)]);
    log.committed(Height::new(1)).unwrap();
    log.append(&input(2, 8)).unwrap();
    log.sync().unwrap();
    drop(log);
    let (mut log, _) = open(&disk, 0).unwrap();
    assert_eq!(entries(&log, 2), [input(2, 7), input(2, 8)]);
    log.committed(Height::new(2)).unwrap();
    log.append(&input(3, 9)).unwrap();
    log.sync().unwrap();
    drop(log);
    assert_eq!(entries(&open(&disk, 0).unwrap().0, 3), [input(3, 9)]);
}

#[test]
fn a_last_group_torn_at_any_byte_is_cut_unless_the_watermark_knows_it() {
    let whole = three_groups();
    let bytes = whole.contents(&file(1)).unwrap();
    let (_, start) = cut_last_group(&bytes);
    for length in start + 1..bytes.len() {
        let disk = three_groups();
        disk.plant(&file(1), &bytes[..length]);
        let refused = open(&disk, 3).err().unwrap();
        let StorageError::Damaged { what, .. } = refused else {
            panic!("{refused}");
        };
        assert_eq!(what, Damage::CutShort);
        assert_eq!(
            disk.contents(&file(1)).unwrap().len(),
            length,
            "left as it was"
        );
        let (mut log, torn) = open(&disk, 2).unwrap();
        assert_eq!(torn.unwrap().number, 3);
        assert_eq!(entries(&log, 1).len(), 2);
        group(&mut log, &[input(1, 9)]);
        drop(log);
        assert_eq!(entries(&open(&disk, 3).unwrap().0, 1).len(), 3);
    }
    let disk = three_groups();
    disk.plant(&file(1), &bytes[..start]);
    let refused = open(&disk, 3).err().unwrap();
    let StorageError::Damaged { what, .. } = refused else {
        panic!("{refused}");
    };
    assert_eq!(what, Damage::Missing { last: 2, synced: 3 });
}

/// Where the last group of the log of three begins.
fn cut_last_group(bytes: &[u8]) -> (&[u8], usize) {
    let mut group = empty_group();
    let entry = encode(&input(1, 3));
    put_record(&mut group, RECORD_ENTRY, Height::new(1), &entry);
    let start = bytes.len() - group.len();
    (&bytes[..start], start)
}

#[test]
fn a_flipped_byte_anywhere_in_a_synced_log_is_named_and_refused() {
    let whole = three_groups();
    let bytes = whole.contents(&file(1)).unwrap();
    let (_, last_group) = cut_last_group(&bytes);
    for at in 0..bytes.len() {
        for mask in [0x01, 0x80, 0xFF] {
            let disk = three_groups();
            let mut flipped = bytes.clone();
            flipped[at] ^= mask;
            disk.plant(&file(1), &flipped);
            let StorageError::Damaged { file: named, .. } = open(&disk, 3).err().unwrap() else {
                panic!("byte {at}: damage is named");
            };
            assert_eq!(named, file(1));
            // Even when nothing is known of the end, only the last group can be torn.
            assert_eq!(open(&disk, 0).is_ok(), at >= last_group, "byte {at}");
        }
    }
}

#[test]
fn a_log_that_is_missing_or_of_another_chain_is_refused() {
    let disk = three_groups();
    let floor = ConsensusLogFloor::default();
    let disk_of = |disk: &MemoryDisk| Arc::new(disk.clone());
    let opened = ConsensusLog::open(disk_of(&disk), Path::new(DIRECTORY), other_chain(), floor);
    assert!(matches!(
        opened.err().unwrap(),
        StorageError::OtherChain { .. }
    ));
    let again = ConsensusLog::create_new(disk_of(&disk), Path::new(DIRECTORY), chain());
    assert!(matches!(
        again.err().unwrap(),
        StorageError::SignerExists { .. }
    ));
    disk.unlink(&file(1));
    let missing = open(&disk, 0).err().unwrap();
    assert!(
        matches!(missing, StorageError::MissingConsensusLog { .. }),
        "{missing}"
    );
    let missing = open(&MemoryDisk::new(), 0).err().unwrap();
    assert!(
        matches!(missing, StorageError::MissingConsensusLog { .. }),
        "{missing}"
    );
}

#[test]
fn an_entry_a_group_and_a_height_have_limits() {
    let disk = MemoryDisk::new();
    let mut log = create(&disk);
    let refused = log.append(&body(1, 1, ENTRY_BYTES_MAX)).unwrap_err();
    assert!(
        matches!(refused, StorageError::TooLarge { .. }),
        "{refused}"
    );
    // Three entries of 60 MiB do not fit one group: the first two are synced early.
    for number in 0..3 {
        log.append(&body(1, number, 60 << 20)).unwrap();
    }
    assert_eq!(log.sequence(), 2);
    log.sync().unwrap();
    assert_eq!(log.sequence(), 3);
    log.height_bytes = HEIGHT_BYTES_MAX;
    let refused = log.append(&input(1, 9)).unwrap_err();
    assert!(
        matches!(refused, StorageError::TooLarge { .. }),
        "{refused}"
    );
    drop(log);
    let (log, _) = open(&disk, 3).unwrap();
    assert_eq!(entries(&log, 1).len(), 3);
    assert!(
        log.height_bytes > 180 << 20,
        "what was logged before counts after a restart"
    );
}
