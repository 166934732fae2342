//! The query index: transaction id, UETR, account history and instruction hash, each to heights and positions.
//!
//! It is a cache. The truth is the block log; losing or damaging the folder loses nothing, because the caller feeds the
//! blocks again. What holds: an answer is complete up to the height it names ([`Answer::indexed_to`]) or is an error, and
//! after an error [`Index::reset`] begins anew. Nothing here is synced and nothing waits for it.
//!
//! Entries are collected in memory and written as *sorted runs* of a few thousand blocks' entries, packed into chunks of
//! 8 KiB; never one database entry for one payment. When a level has more than eight runs they are merged into one of the
//! next level, so that a lookup reads a bounded number of chunks. A manifest, written last, says which runs exist and how
//! far the chain is indexed. Entries that are not in a run yet are found in memory, and are fed again after a restart.

mod chunk;
mod key;
mod manifest;
mod run;
mod state;
mod store;

pub use key::{Hit, INDEX_KEY_BYTES_MAX, IndexEntry, IndexKey, IndexKind, IndexedBlock};
pub use store::{IndexFault, RebuildReason};

use karwan_types::{ChainId, Height};
use manifest::Run;
use run::{RunWriter, merge};
use state::State;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use store::Folder;

/// The most hits of one answer.
pub const PAGE_HITS_MAX: usize = 1_000;
/// Runs of one level before they are merged.
const RUNS_PER_LEVEL: usize = 8;

/// When the entries in memory become a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tuning {
    /// Entries; about 48 bytes each, so that a run is one batch of the database.
    pub(crate) run_entries: usize,
    /// Blocks, so that a restart after long quiet feeds few of them again.
    pub(crate) run_blocks: u64,
}

const TUNING: Tuning = Tuning {
    run_entries: 16_384,
    run_blocks: 4_096,
};

/// Why the index did not answer.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The folder is damaged: reset the index and feed the blocks again.
    #[error("the query index in {} cannot be used and must be rebuilt", directory.display())]
    Damaged {
        /// The directory.
        directory: PathBuf,
        /// What went wrong.
        #[source]
        fault: IndexFault,
    },
    /// The directory cannot be used at all.
    #[error("could not prepare the query index in {}", directory.display())]
    Io {
        /// The directory.
        directory: PathBuf,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
    /// Blocks are indexed one after the other.
    #[error("height {given} was given to the index, height {expected} comes next")]
    OutOfOrder {
        /// The height that was given.
        given: Height,
        /// The height that is next.
        expected: Height,
    },
}

/// What an opened index wants.
#[derive(Debug)]
pub enum IndexState {
    /// Feed the blocks after this height.
    Ready {
        /// The last height in the index.
        indexed_to: Height,
    },
    /// Feed the blocks from height 1.
    Rebuild {
        /// Why.
        why: RebuildReason,
    },
}

/// The answer to a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Where the key was found, newest first.
    pub hits: Vec<Hit>,
    /// Whether there are older hits; ask again with the last one as `before`.
    pub more: bool,
    /// The answer is complete up to this height.
    pub indexed_to: Height,
}

/// The query index. One thread feeds it; any number may ask.
pub struct Index {
    directory: PathBuf,
    chain: ChainId,
    tuning: Tuning,
    /// Held by whoever changes the index. Taken before `state`.
    writer: Mutex<Folder>,
    /// Held for reading during a whole query, so that no run disappears under it.
    state: RwLock<State>,
    failed: AtomicBool,
}

impl Index {
    /// Opens the index in a directory of its own. A missing or damaged one is replaced by an empty one.
    ///
    /// May take long on a large folder: call it off the path of a start.
    ///
    /// # Errors
    /// `Io` or `Damaged` when not even an empty index can be made there.
    pub fn open(directory: &Path, chain: ChainId) -> Result<(Self, IndexState), IndexError> {
        Self::open_tuned(directory, chain, TUNING)
    }

    pub(crate) fn open_tuned(
        directory: &Path,
        chain: ChainId,
        tuning: Tuning,
    ) -> Result<(Self, IndexState), IndexError> {
        let io = |source| IndexError::Io {
            directory: directory.to_path_buf(),
            source,
        };
        let mut folder = Folder::find(directory).map_err(io)?;
        let opened = if folder.opening_unfinished().map_err(io)? {
            Err(RebuildReason::OpeningUnfinished)
        } else if folder.exists().map_err(io)? {
            folder.begin_opening().map_err(io)?;
            State::open(&folder.path(), chain)
        } else {
            Err(RebuildReason::Missing)
        };
        let (state, report) = match opened {
            Ok(state) => {
                let indexed_to = state.indexed_to;
                (state, IndexState::Ready { indexed_to })
            }
            Err(why) => {
                folder.replace().map_err(io)?;
                folder.begin_opening().map_err(io)?;
                let state = State::create(&folder.path(), chain).map_err(|fault| {
                    let directory = directory.to_path_buf();
                    IndexError::Damaged { directory, fault }
                })?;
                (state, IndexState::Rebuild { why })
            }
        };
        folder.finish_opening().map_err(io)?;
        let index = Self {
            directory: directory.to_path_buf(),
            chain,
            tuning,
            writer: Mutex::new(folder),
            state: RwLock::new(state),
            failed: AtomicBool::new(false),
        };
        Ok((index, report))
    }

    /// The last height that answers are complete up to.
    #[must_use]
    pub fn indexed_to(&self) -> Height {
        self.view().indexed_to
    }

    /// Adds the next block. Now and then this writes a run, or merges runs, which takes a while; queries go on.
    ///
    /// # Errors
    /// `OutOfOrder`; `Damaged`, after which every call fails until [`Self::reset`].
    pub fn apply(&self, block: IndexedBlock) -> Result<(), IndexError> {
        let _writer = self.writing();
        self.check()?;
        let full = {
            let mut state = self.change();
            let expected = state.indexed_to.next();
            if block.height != expected {
                return Err(IndexError::OutOfOrder {
                    given: block.height,
                    expected,
                });
            }
            state.add(block);
            let blocks = state
                .indexed_to
                .get()
                .saturating_sub(state.manifest.indexed_to.get());
            state.recent_entries >= self.tuning.run_entries || blocks >= self.tuning.run_blocks
        };
        if full {
            self.watch(self.seal())?;
            while let Some(crowded) = self.crowded() {
                self.watch(self.merge(crowded))?;
            }
        }
        Ok(())
    }

    /// The hits of a key, newest first, at most `limit` and at most [`PAGE_HITS_MAX`]; only those before `before`, if it is
    /// given.
    ///
    /// # Errors
    /// `Damaged`, after which every call fails until [`Self::reset`].
    pub fn find(
        &self,
        key: &IndexKey,
        before: Option<Hit>,
        limit: usize,
    ) -> Result<Answer, IndexError> {
        self.check()?;
        let limit = limit.min(PAGE_HITS_MAX);
        let found = {
            let state = self.view();
            state.find(key, before, limit.saturating_add(1))
        };
        let mut answer = self.watch(found)?;
        answer.more = answer.hits.len() > limit;
        answer.hits.truncate(limit);
        Ok(answer)
    }

    /// Throws everything away and begins with an empty index, to be fed from height 1.
    ///
    /// # Errors
    /// `Io` or `Damaged` when not even an empty index can be made.
    pub fn reset(&self) -> Result<(), IndexError> {
        let mut folder = self.writing();
        let mut state = self.change();
        self.failed.store(true, Ordering::Release);
        state.store.leak();
        let io = |source| IndexError::Io {
            directory: self.directory.clone(),
            source,
        };
        folder.replace().map_err(io)?;
        *state = State::create(&folder.path(), self.chain).map_err(|fault| self.damaged(fault))?;
        self.failed.store(false, Ordering::Release);
        Ok(())
    }

    /// Writes the entries in memory as a run. Only the holder of `writer` changes the state, so what is read here is what is
    /// replaced below.
    fn seal(&self) -> Result<(), IndexFault> {
        let manifest = {
            let state = self.view();
            let mut manifest = state.manifest.clone();
            if !state.recent.is_empty() {
                let run = Run {
                    id: manifest.next_run,
                    level: 0,
                    first: manifest.indexed_to.next(),
                    last: state.indexed_to,
                };
                let mut writer = RunWriter::new(&state.store, run.id);
                for (key, hits) in &state.recent {
                    for hit in hits.iter().rev() {
                        writer.push(key, *hit)?;
                    }
                }
                writer.finish()?;
                manifest.next_run = manifest.next_run.saturating_add(1);
                manifest.runs.push(run);
            }
            manifest.indexed_to = state.indexed_to;
            state.store.put_manifest(&manifest.encode())?;
            manifest
        };
        let mut state = self.change();
        state.manifest = manifest;
        state.recent.clear();
        state.recent_entries = 0;
        Ok(())
    }

    fn crowded(&self) -> Option<std::ops::Range<usize>> {
        self.view().manifest.crowded(RUNS_PER_LEVEL)
    }

    fn merge(&self, range: std::ops::Range<usize>) -> Result<(), IndexFault> {
        let (manifest, replaced) = {
            let state = self.view();
            let mut manifest = state.manifest.clone();
            let replaced: Vec<Run> = manifest.runs[range.clone()].to_vec();
            let (Some(oldest), Some(newest)) = (replaced.first(), replaced.last()) else {
                return Ok(());
            };
            let merged = Run {
                id: manifest.next_run,
                level: oldest.level.saturating_add(1),
                first: oldest.first,
                last: newest.last,
            };
            let ids: Vec<u64> = replaced.iter().map(|run| run.id).collect();
            merge(&state.store, &ids, merged.id)?;
            manifest.next_run = manifest.next_run.saturating_add(1);
            manifest.runs.splice(range, [merged]);
            state.store.put_manifest(&manifest.encode())?;
            (manifest, ids)
        };
        self.change().manifest = manifest;
        // Whoever held the state while the old manifest was in it has let go by now, so nobody reads these runs.
        let state = self.view();
        replaced
            .iter()
            .try_for_each(|run| state.store.remove_run(*run))
    }

    fn check(&self) -> Result<(), IndexError> {
        if self.failed.load(Ordering::Acquire) {
            return Err(self.damaged(IndexFault::Closed));
        }
        Ok(())
    }

    fn watch<T>(&self, outcome: Result<T, IndexFault>) -> Result<T, IndexError> {
        outcome.map_err(|fault| {
            self.failed.store(true, Ordering::Release);
            self.damaged(fault)
        })
    }

    fn damaged(&self, fault: IndexFault) -> IndexError {
        IndexError::Damaged {
            directory: self.directory.clone(),
            fault,
        }
    }

    fn writing(&self) -> MutexGuard<'_, Folder> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn view(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Index {
    fn drop(&mut self) {
        // A database that failed must not be closed: closing writes, and may wait for a thread that has died.
        if self.failed.load(Ordering::Acquire) {
            self.change().store.leak();
        }
    }
}

#[cfg(test)]
mod tests;
