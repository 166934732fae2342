//! What the tests of this crate share: a chain, seeds, log entries, a directory that is removed.

use karwan_consensus::{EngineEntry, LogEntry};
use karwan_types::{ChainId, Hash, Height, Round};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// The seeds of a randomised test: so many, or as many as `KARWAN_TEST_SEEDS` says, from `KARWAN_TEST_FIRST_SEED` on.
pub(crate) fn seeds(count: u64) -> std::ops::Range<u64> {
    let number = |name| {
        std::env::var(name)
            .ok()
            .and_then(|text| text.parse::<u64>().ok())
    };
    let first = number("KARWAN_TEST_FIRST_SEED").unwrap_or(0);
    first..first + number("KARWAN_TEST_SEEDS").unwrap_or(count)
}

pub(crate) fn chain() -> ChainId {
    ChainId::of_genesis(b"the chain of the tests")
}

pub(crate) fn other_chain() -> ChainId {
    ChainId::of_genesis(b"another chain")
}

pub(crate) fn hash(number: u64) -> Hash {
    let mut bytes = [7; 32];
    bytes[..8].copy_from_slice(&number.to_le_bytes());
    Hash::from_bytes(bytes)
}

/// A body entry, as large as wanted.
pub(crate) fn body(height: u64, number: u64, bytes: usize) -> LogEntry {
    LogEntry::Body {
        height: Height::new(height),
        block_hash: hash(number),
        bytes: vec![0xB0; bytes],
    }
}

/// A small entry.
pub(crate) fn input(height: u64, number: u64) -> LogEntry {
    LogEntry::Engine(EngineEntry::Validated {
        height: Height::new(height),
        round: Round::ZERO,
        block: hash(number),
        valid: true,
    })
}

/// The bytes of the block at a height, different for each.
pub(crate) fn block(height: u64) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(height);
    let length = random.usize(0..60);
    std::iter::repeat_with(|| random.u8(..))
        .take(length)
        .collect()
}

/// A directory that is removed at the end.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new(name: &str) -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!(
            "karwan-storage-{name}-{}-{count}",
            std::process::id()
        ));
        std::fs::create_dir_all(&path).expect("tests may write temporary files");
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Left-overs in the directory for temporary files are no failure of a test.
        drop(std::fs::remove_dir_all(&self.0));
    }
}
