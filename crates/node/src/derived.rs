//! What is derived from stored blocks, behind the owner's back: the query index, checkpoints, deliveries.
//!
//! None of it is the truth and none of it is waited for. The index reads the block log from where it stopped, so a lost or
//! damaged folder, or a full queue, costs time and nothing else.

use crate::backend::index_key;
use crate::delivery::Deliveries;
use crate::published::Publisher;
use crate::recovery::read_frame;
use karwan_ledger::State;
use karwan_rpc::Lookup;
use karwan_storage::{
    BlockReader, Checkpoints, Index, IndexEntry, IndexKey, IndexState, IndexedBlock,
};
use karwan_types::{BlockFrame, ChainId, Height};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// The index once it is open. Queries before that say that it is being opened.
pub(crate) type SharedIndex = Arc<OnceLock<Index>>;

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
        let opened = match Index::open(&self.directory, self.chain) {
            Ok((opened, IndexState::Ready { indexed_to })) => {
                tracing::info!(%indexed_to, "query index opened");
                opened
            }
            Ok((opened, IndexState::Rebuild { why })) => {
                tracing::warn!(%why, "query index is being rebuilt from the block log");
                opened
            }
            Err(error) => {
                return tracing::error!(%error, "the query index cannot be opened; queries by reference fail");
            }
        };
        let index = self.index.get_or_init(|| opened);
        let mut heights = self.publisher.heights();
        while !self.stop.load(Ordering::Relaxed) {
            if let Err(error) = self.catch_up(index) {
                tracing::error!(%error, "the query index is reset and will be rebuilt");
                if let Err(error) = index.reset() {
                    return tracing::error!(%error, "the query index cannot be reset; queries by reference fail");
                }
                continue;
            }
            let changed =
                async { tokio::time::timeout(Duration::from_millis(500), heights.changed()).await };
            if let Ok(Err(_)) = runtime.block_on(changed) {
                return;
            }
        }
    }

    fn catch_up(&self, index: &Index) -> Result<(), Box<dyn std::error::Error>> {
        let mut told = Instant::now();
        while index.indexed_to() < self.reader.last() && !self.stop.load(Ordering::Relaxed) {
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
        if last_retry.elapsed() > Duration::from_secs(5) {
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
