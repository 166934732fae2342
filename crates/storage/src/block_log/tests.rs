//! What the block log promises its callers; damage and crashes are in modules of their own.

use super::*;
use crate::disk::RealDisk;
use crate::error::Damage;
use crate::memory::MemoryDisk;
use crate::testing::{Scratch, block, chain, other_chain};

mod crashes;
mod damage;

const DIRECTORY: &str = "blocks";
/// Small segments, so that a short log has several.
const SEGMENT_BYTES: u64 = 300;

type Opened = Result<(BlockLog, Option<TornTail>), StorageError>;

fn open_on(disk: Arc<dyn Disk>, synced_through: Option<u64>) -> Opened {
    let options = BlockLogOptions {
        chain: chain(),
        synced_through: synced_through.map(Height::new),
        segment_bytes: SEGMENT_BYTES,
    };
    BlockLog::open(disk, Path::new(DIRECTORY), options, &mut |_| {})
}

fn open(disk: &MemoryDisk, synced_through: Option<u64>) -> Opened {
    open_on(Arc::new(disk.clone()), synced_through)
}

/// Appends and syncs blocks up to a height.
fn extend(log: &mut BlockLog, to: u64) {
    while log.last().get() < to {
        let height = log.last().next();
        log.append(height, &block(height.get())).unwrap();
        log.sync().unwrap();
    }
}

fn assert_holds(log: &BlockLog, to: u64) {
    assert_eq!(log.last().get(), to);
    assert_eq!(log.reader().last().get(), to);
    for height in 1..=to {
        assert_eq!(
            log.read(Height::new(height)).unwrap(),
            block(height),
            "height {height}"
        );
    }
}

/// A disk with a log of so many synced blocks.
fn log_of(to: u64) -> MemoryDisk {
    let disk = MemoryDisk::new();
    let (mut log, torn) = open(&disk, None).unwrap();
    assert_eq!(torn, None);
    extend(&mut log, to);
    disk
}

#[test]
fn blocks_are_given_back_after_reopening_over_several_segments() {
    let scratch = Scratch::new("blocks");
    let disks: [Arc<dyn Disk>; 2] = [
        Arc::new(MemoryDisk::new()),
        Arc::new(RealDisk::new(scratch.path())),
    ];
    for disk in disks {
        let (mut log, _) = open_on(Arc::clone(&disk), None).unwrap();
        extend(&mut log, 20);
        assert_holds(&log, 20);
        drop(log);
        let mut heights = Vec::new();
        let options = BlockLogOptions::new(chain(), Some(Height::new(20)));
        let directory = Path::new(DIRECTORY);
        let (reader, torn) =
            BlockReader::open(Arc::clone(&disk), directory, options, &mut |seen| {
                assert!(seen.done_bytes <= seen.total_bytes);
                heights.push(seen.height.get());
            })
            .unwrap();
        assert_eq!(torn, None);
        assert_eq!(
            heights,
            (1..=20).collect::<Vec<_>>(),
            "progress names each height"
        );
        for height in 1..=20 {
            reader.read(Height::new(height)).unwrap();
        }
        let (mut log, _) = open_on(Arc::clone(&disk), Some(20)).unwrap();
        extend(&mut log, 25);
        assert_holds(&log, 25);
        assert!(
            disk.list(directory).unwrap().len() > 4,
            "segments are bounded"
        );
    }
}

#[test]
fn a_reader_sees_a_block_only_after_it_is_synced() {
    let disk = log_of(2);
    let (mut log, _) = open(&disk, None).unwrap();
    let reader = log.reader();
    log.append(Height::new(3), &block(3)).unwrap();
    let refused = reader.read(Height::new(3)).unwrap_err();
    assert!(
        matches!(refused, StorageError::NotStored { .. }),
        "{refused}"
    );
    assert_eq!(log.last().get(), 3);
    log.sync().unwrap();
    assert_eq!(reader.read(Height::new(3)).unwrap(), block(3));
    assert_eq!(reader.last().get(), 3);
    let refused = reader.read(Height::GENESIS).unwrap_err();
    assert!(
        matches!(refused, StorageError::NotStored { .. }),
        "{refused}"
    );
}

#[test]
fn blocks_come_in_order_and_within_the_limit() {
    let disk = log_of(2);
    let (mut log, _) = open(&disk, None).unwrap();
    for height in [0, 1, 2, 4] {
        let refused = log.append(Height::new(height), b"").unwrap_err();
        assert!(
            matches!(refused, StorageError::OutOfOrder { .. }),
            "{refused}"
        );
    }
    let over = usize::try_from(FRAME_BODY_BYTES_MAX).unwrap() + 1;
    let refused = log.append(Height::new(3), &vec![0; over]).unwrap_err();
    assert!(
        matches!(refused, StorageError::TooLarge { .. }),
        "{refused}"
    );
    extend(&mut log, 3);
    assert_holds(&log, 3);
}

#[test]
fn a_second_append_syncs_the_first_so_that_only_the_last_frame_can_be_torn() {
    let disk = log_of(1);
    let (mut log, _) = open(&disk, None).unwrap();
    log.append(Height::new(2), &block(2)).unwrap();
    log.append(Height::new(3), &block(3)).unwrap();
    assert_eq!(log.reader().last().get(), 2);
    disk.crash(&mut |_| crate::memory::Kept::Nothing);
    let (log, torn) = open(&disk, Some(2)).unwrap();
    assert_eq!(torn, None);
    assert_holds(&log, 2);
}

#[test]
fn a_log_of_another_chain_is_refused() {
    let disk = log_of(3);
    let options = BlockLogOptions::new(other_chain(), None);
    let opened = BlockLog::open(Arc::new(disk), Path::new(DIRECTORY), options, &mut |_| {});
    assert!(matches!(
        opened.err().unwrap(),
        StorageError::OtherChain { .. }
    ));
}
