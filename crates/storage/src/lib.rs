//! What a node keeps on disk: the block log (the truth), the consensus log, the signer's watermark, checkpoints, and the
//! query indices (a cache).
//!
//! A block is durable when its frame is in the [`BlockLog`] and synced; nobody is told "final" before. Everything that must
//! survive a power loss is read and written through one [`Disk`] trait, so that faults can be injected at every operation:
//! [`RealDisk`] for a node, [`memory::MemoryDisk`] for tests and the simulator. The [`Index`] alone bypasses it, because it
//! may be lost at any time and is rebuilt from the log.
//!
//! **Architecture Invariant:** this crate knows no transactions, no ledger and no engine. Blocks, states and log entries are
//! bytes to it; what it promises is that the bytes it gives back are the bytes it was given, or a named refusal.

mod block_log;
mod checkpoints;
mod consensus_log;
mod disk;
mod error;
mod frame;
mod index;
mod lock;
pub mod memory;
mod settle;
mod signer;
#[cfg(test)]
mod testing;
mod watermark;

pub use block_log::{
    BlockLog, BlockLogOptions, BlockReader, FRAME_BODY_BYTES_MAX, Progress, SEGMENT_BYTES_MAX,
};
pub use checkpoints::{
    CHECKPOINT_BYTES_MAX, CHECKPOINTS_KEPT, Checkpoint, Checkpoints, NewestFirst,
};
pub use consensus_log::{
    ConsensusLog, ConsensusLogFloor, ENTRY_BYTES_MAX, GROUP_BYTES_MAX, HEIGHT_BYTES_MAX,
    ROTATE_BYTES,
};
pub use disk::{Disk, DiskFile, LockAttempt, LockGuard, OpenMode, RealDisk};
pub use error::{Damage, StorageError, TornTail};
pub use index::{
    Answer, Hit, INDEX_KEY_BYTES_MAX, Index, IndexEntry, IndexError, IndexFault, IndexKey,
    IndexKind, IndexState, IndexedBlock, PAGE_HITS_MAX, RebuildReason,
};
pub use lock::HomeLock;
pub use signer::{FileSigner, SignerReport};
