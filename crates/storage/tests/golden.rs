//! The files of a node, as `tests/golden/storage.txt` has them: block log, consensus log, watermark and checkpoint. The
//! query index is not among them, because it is a cache that is rebuilt.
//!
//! What must hold: a node of a later release opens the disk of an earlier one.

#![expect(clippy::unwrap_used, reason = "a failing test should panic")]

#[path = "../../types/tests/golden/book.rs"]
mod book;

use book::Book;
use karwan_consensus::{EngineEntry, LogEntry, SignRequest, Signer};
use karwan_storage::memory::MemoryDisk;
use karwan_storage::{BlockLog, BlockLogOptions, Checkpoints, Disk, FileSigner};
use karwan_types::{ChainId, Hash, Height, Round, SecretKey, VoteKind};
use std::path::Path;
use std::sync::Arc;

const BLOCK: Hash = Hash::from_bytes([0xaa; 32]);

#[test]
fn the_bytes_of_the_files_are_the_committed_ones() {
    let disk = MemoryDisk::new();
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    write_signer(&shared);
    write_blocks(&shared);
    write_checkpoint(&shared);
    let mut book = Book::default();
    for path in disk.paths() {
        let name = path.to_str().unwrap();
        book.bytes(name, &disk.contents(&path).unwrap());
    }
    book.compare("storage.txt");
}

fn chain() -> ChainId {
    ChainId::of_genesis(b"golden genesis")
}

fn key() -> SecretKey {
    SecretKey::from_seed(&[1; 32])
}

/// A body and an input, synced; a precommit for them; the height committed, and an entry of the next one.
fn write_signer(disk: &Arc<dyn Disk>) {
    let directory = Path::new("signer");
    let open = || FileSigner::open(Arc::clone(disk), directory, chain(), key()).unwrap();
    FileSigner::create_new(
        disk,
        directory,
        chain(),
        &key().public_key(),
        Height::GENESIS,
    )
    .unwrap();
    let (height, round) = (Height::new(1), Round::new(2));
    let validated = |height| {
        LogEntry::Engine(EngineEntry::Validated {
            height,
            round,
            block: BLOCK,
            valid: true,
        })
    };
    let body = LogEntry::Body {
        height,
        block_hash: BLOCK,
        bytes: b"first block".to_vec(),
    };
    let (mut signer, _) = open();
    signer.try_append(&body).unwrap();
    signer.try_append(&validated(height)).unwrap();
    signer.try_sync().unwrap();
    let request = SignRequest::Vote {
        kind: VoteKind::Precommit,
        height,
        round,
        block: Some(BLOCK),
    };
    signer.sign(&request).unwrap();
    drop(signer);
    let (mut signer, report) = open();
    assert_eq!(report.watermark, request.watermark());
    assert_eq!(signer.entries_for(height), [body, validated(height)]);
    signer.committed(height).unwrap();
    signer.try_append(&validated(height.next())).unwrap();
    signer.try_sync().unwrap();
    drop(signer);
    let (signer, _) = open();
    assert_eq!(signer.base(), height);
    assert_eq!(
        signer.entries_for(height.next()),
        [validated(height.next())]
    );
}

/// Two blocks, of which the second begins a segment.
fn write_blocks(disk: &Arc<dyn Disk>) {
    let options = BlockLogOptions {
        chain: chain(),
        synced_through: None,
        segment_bytes: 100,
    };
    let open = || {
        let directory = Path::new("blocks");
        let (log, _) = BlockLog::open(Arc::clone(disk), directory, options, &mut |_| {}).unwrap();
        log
    };
    let blocks = [
        (Height::new(1), b"first block".as_slice()),
        (Height::new(2), b"second block".as_slice()),
    ];
    let mut log = open();
    for (height, body) in blocks {
        log.append(height, body).unwrap();
    }
    log.sync().unwrap();
    drop(log);
    let log = open();
    for (height, body) in blocks {
        assert_eq!(log.read(height).unwrap(), body);
    }
}

fn write_checkpoint(disk: &Arc<dyn Disk>) {
    let directory = Path::new("checkpoints");
    let checkpoints = Checkpoints::open(Arc::clone(disk), directory, chain()).unwrap();
    let height = Height::new(1);
    checkpoints
        .write(height, BLOCK, b"state after the first block")
        .unwrap();
    let read = checkpoints.read(height).unwrap();
    assert_eq!(read.block_hash, BLOCK);
    assert_eq!(read.state, b"state after the first block");
}
