//! What is derived from stored blocks, behind the owner's back: the query index, checkpoints, deliveries.
//!
//! None of it is the truth and none of it is waited for. The index reads the block log from where it stopped, so a lost or
//! damaged folder, or a full queue, costs time and nothing else.

use crate::backend::index_key;
use crate::causes::causes;
use crate::delivery::Deliveries;
use crate::published::Publisher;
use crate::recovery::{RecoveryError, read_frame};
use karwan_ledger::State;
use karwan_rpc::Lookup;
use karwan_storage::{
    BlockReader, Checkpoints, Index, IndexEntry, IndexError, IndexKey, IndexState, IndexedBlock,
};
use karwan_types::{BlockFrame, ChainId, Height};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// How long the index thread waits after a fault before it tries again.
const PAUSE_AFTER_FAULT: Duration = Duration::from_secs(5);
/// How often a pause looks whether the node is being stopped.
const PAUSE_STEP: Duration = Duration::from_millis(100);
/// The least time between two rounds of sending waiting messages again.
const RETRY_EVERY: Duration = Duration::from_secs(5);

/// The index once it is open. Queries before that are answered as by an index that holds no block yet.
pub(crate) type SharedIndex = Arc<OnceLock<Index>>;

/// Why blocks cannot be indexed.
#[derive(Debug, thiserror::Error)]
enum IndexingError {
    /// A stored block cannot be read. The index is as good as before.
    #[error(transparent)]
    Block(#[from] RecoveryError),
    /// The index failed, and begins anew.
    #[error(transparent)]
    Index(#[from] IndexError),
}

/// Keys of one block's outcomes and transactions.
pub(crate) fn index_block(frame: &BlockFrame) -> IndexedBlock {
    let mut entries = Vec::new();
    for (outcome, position) in frame.outcomes.iter().zip(0u32..) {
        for lookup in Lookup::of(outcome) {
            let (kind, bytes) = index_key(&lookup);
            if let Some(key) = IndexKey::new(kind, &bytes) {
                entries.push(IndexEntry { key, position });
            }
        }
    }
    IndexedBlock {
        height: frame.block.header.height,
        entries,
    }
}

/// What the index thread takes along.
pub(crate) struct Indexer {
    pub(crate) directory: PathBuf,
    pub(crate) chain: ChainId,
    pub(crate) reader: BlockReader,
    pub(crate) publisher: Publisher,
    pub(crate) index: SharedIndex,
    pub(crate) stop: Arc<AtomicBool>,
}

impl Indexer {
    /// Opens the index, feeds it what it lacks, then follows. Called on a thread of its own, after RPC is ready.
    pub(crate) fn run(self, runtime: &tokio::runtime::Handle) {
        let mut heights = self.publisher.heights();
        while !self.stopping() {
            let Some(index) = self.opened() else {
                self.pause();
                continue;
            };
            match self.catch_up(index) {
                Ok(()) => {}
                Err(IndexingError::Block(error)) => {
                    tracing::error!(error = %causes(&error), "a stored block cannot be read for the query index, which waits for it");
                    self.pause();
                    continue;
                }
                Err(IndexingError::Index(error)) => {
                    tracing::error!(error = %causes(&error), "the query index is reset and will be rebuilt");
                    if let Err(error) = index.reset() {
                        tracing::error!(error = %causes(&error), "the query index cannot be reset; queries by reference fail");
                    }
                    self.pause();
                    continue;
                }
            }
            let changed =
                async { tokio::time::timeout(Duration::from_millis(500), heights.changed()).await };
            if let Ok(Err(_)) = runtime.block_on(changed) {
                return;
            }
        }
    }

    /// The index, opened if it is not yet; none when it cannot be opened now.
    fn opened(&self) -> Option<&Index> {
        if let Some(index) = self.index.get() {
            return Some(index);
        }
        let opened = match Index::open(&self.directory, self.chain) {
            Ok((opened, IndexState::Ready { indexed_to })) => {
                tracing::info!(%indexed_to, "query index opened");
                opened
            }
            Ok((opened, IndexState::Rebuild { .. })) if self.reader.last() == Height::GENESIS => {
                tracing::info!("query index created");
                opened
            }
            Ok((opened, IndexState::Rebuild { why })) => {
                tracing::warn!(%why, "query index is being rebuilt from the block log");
                opened
            }
            Err(error) => {
                tracing::error!(error = %causes(&error), "the query index cannot be opened; queries by reference see recent blocks only");
                return None;
            }
        };
        Some(self.index.get_or_init(|| opened))
    }

    fn stopping(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Waits after a fault, unless the node is being stopped.
    fn pause(&self) {
        let until = Instant::now() + PAUSE_AFTER_FAULT;
        while !self.stopping() && Instant::now() < until {
            std::thread::sleep(PAUSE_STEP);
        }
    }

    fn catch_up(&self, index: &Index) -> Result<(), IndexingError> {
        let mut told = Instant::now();
        while index.indexed_to() < self.reader.last() && !self.stopping() {
            let next = index.indexed_to().next();
            index.apply(index_block(&read_frame(&self.reader, next)?))?;
            if told.elapsed() > Duration::from_secs(1) {
                told = Instant::now();
                tracing::info!(at = %next, of = %self.reader.last(), bar = %bar(next, self.reader.last()), "indexing");
            }
        }
        Ok(())
    }
}

/// A progress bar of twenty places for a log line.
fn bar(done: Height, total: Height) -> String {
    let places = done
        .get()
        .saturating_mul(20)
        .checked_div(total.get())
        .unwrap_or(20)
        .min(20);
    let filled = usize::try_from(places).unwrap_or(20);
    format!("[{}{}]", "#".repeat(filled), "-".repeat(20 - filled))
}

/// Writes a checkpoint every so many blocks and drives deliveries, until the owner is gone.
pub(crate) fn follow_commits(
    mut commits: mpsc::Receiver<(State, Arc<BlockFrame>)>,
    checkpoints: &Checkpoints,
    every: u64,
    deliveries: &Deliveries,
) {
    let mut last_retry = Instant::now();
    while let Some((state, frame)) = commits.blocking_recv() {
        deliveries.on_block(&frame);
        if last_retry.elapsed() > RETRY_EVERY {
            last_retry = Instant::now();
            deliveries.retry();
        }
        let height = frame.block.header.height;
        if height.get().is_multiple_of(every) {
            write_checkpoint(checkpoints, &state, &frame);
        }
    }
}

pub(crate) fn write_checkpoint(checkpoints: &Checkpoints, state: &State, frame: &BlockFrame) {
    let height = frame.block.header.height;
    match checkpoints.write(height, frame.block.hash(), &state.to_checkpoint()) {
        Ok(()) => tracing::info!(%height, "checkpoint written"),
        // The block log is the truth; without this checkpoint a start takes longer.
        Err(error) => tracing::error!(%height, %error, "a checkpoint cannot be written"),
    }
}
