//! A disk in memory that forgets: what was not synced may be lost, torn or reordered when the power is cut.
//!
//! It is deterministic, single-valued and cheap to clone (clones share the disk), so that a test can enumerate every
//! operation of a history ([`MemoryDisk::operations`]), fail any of them ([`MemoryDisk::inject`]), cut the power at any of
//! them ([`Fault::PowerCut`]) and then choose what survives ([`MemoryDisk::crash`]).
//!
//! What holds: a synced write survives; a name survives after its directory was synced; of everything else any subset may
//! survive, and a single write may survive in part. After a failed sync the unsynced writes are visible, but no later sync
//! makes them durable unless they are written again, which is how Linux behaves. Directories are durable when created.
//!
//! A process that is killed takes nothing with it: [`MemoryDisk::heal`] instead of [`MemoryDisk::crash`], and the next
//! process sees everything that was written, synced or not, and a power cut after that may still take it.

mod crash;
mod file;

pub use crash::{Kept, Unsynced};

use crate::disk::{Disk, DiskFile, LockAttempt, LockGuard, OpenMode};
use crash::NameChange;
use file::{MemoryFile, Node};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A failure to be injected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The operation fails once and does nothing. If it is a sync, its writes are never made durable by a later one.
    InputOutput,
    /// From the operation on, every write, creation and directory change fails; a write puts half of its bytes first.
    NoSpace,
    /// The first sync from the operation on fails, of a file or of a directory.
    FailedSync,
    /// The power is off from the operation on: everything fails until [`MemoryDisk::crash`]. A write that is cut short
    /// counts as unsynced, a sync as not done. With [`MemoryDisk::heal`] in its place, only the process was killed there.
    PowerCut,
}

/// The disk. Clones share its content.
#[derive(Clone, Default)]
pub struct MemoryDisk {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) directories: BTreeSet<PathBuf>,
    /// Names as programs see them.
    pub(crate) names: BTreeMap<PathBuf, u64>,
    pub(crate) durable_names: BTreeMap<PathBuf, u64>,
    pub(crate) unsynced_names: Vec<NameChange>,
    pub(crate) nodes: BTreeMap<u64, Node>,
    nodes_made: u64,
    operations: u64,
    fault: Option<(u64, Fault)>,
    pub(crate) locks: BTreeMap<PathBuf, String>,
    /// Counts the crashes, so that handles from before one are dead after it.
    pub(crate) boots: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Read,
    Write,
    Sync,
    Name,
}

pub(crate) enum Permit {
    Go,
    /// The operation takes half of its effect and then fails with this error.
    Half(io::Error),
    /// The operation is recorded as unsynced and then fails with this error.
    Cut(io::Error),
}

impl MemoryDisk {
    /// An empty disk.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many operations were begun. The next one has this index.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.lock_state().operations
    }

    /// Plants a fault at the operation of this index (see [`Self::operations`]); replaces an earlier one.
    pub fn inject(&self, at: u64, fault: Fault) {
        self.lock_state().fault = Some((at, fault));
    }

    /// Removes the planted fault.
    pub fn heal(&self) {
        self.lock_state().fault = None;
    }

    /// Cuts the power and switches it on again. `choose` is asked about every unsynced change in a fixed order (names, then
    /// writes file by file) and says what is left of it. Open files are dead, locks are free, a planted fault is gone.
    pub fn crash(&self, choose: &mut dyn FnMut(&Unsynced<'_>) -> Kept) {
        let mut state = self.lock_state();
        state.crash(choose);
        state.fault = None;
    }

    /// The paths of all files, sorted.
    #[must_use]
    pub fn paths(&self) -> Vec<PathBuf> {
        self.lock_state().names.keys().cloned().collect()
    }

    /// What a program would read from a file now.
    #[must_use]
    pub fn contents(&self, path: &Path) -> Option<Vec<u8>> {
        let state = self.lock_state();
        let node = state.names.get(path)?;
        state.nodes.get(node).map(|node| node.seen.clone())
    }

    /// Replaces what is durably stored in a file, as damage or an operator's copy would; creates it if needed.
    pub fn plant(&self, path: &Path, bytes: &[u8]) {
        let mut state = self.lock_state();
        let id = match state.names.get(path) {
            Some(id) => *id,
            None => state.add_node(path),
        };
        state.nodes.insert(id, Node::durable(path, bytes));
        state.durable_names.insert(path.to_path_buf(), id);
        state.unsynced_names.retain(|change| !change.concerns(path));
    }

    /// Removes a file durably, as an operator would.
    pub fn unlink(&self, path: &Path) {
        let mut state = self.lock_state();
        state.names.remove(path);
        state.durable_names.remove(path);
        state.unsynced_names.retain(|change| !change.concerns(path));
    }

    fn lock_state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Counts an operation and says whether it may happen.
    pub(crate) fn begin(&mut self, operation: Operation) -> io::Result<Permit> {
        let index = self.operations;
        self.operations = self.operations.saturating_add(1);
        let Some((at, fault)) = self.fault else {
            return Ok(Permit::Go);
        };
        match fault {
            Fault::InputOutput if index == at => {
                Err(io::Error::other("input/output error (injected)"))
            }
            Fault::NoSpace if index >= at => match operation {
                Operation::Write => Ok(Permit::Half(no_space())),
                Operation::Name => Err(no_space()),
                Operation::Read | Operation::Sync => Ok(Permit::Go),
            },
            Fault::FailedSync if index >= at && operation == Operation::Sync => {
                self.fault = None;
                Err(io::Error::other("sync failed (injected)"))
            }
            Fault::PowerCut if index == at => Ok(Permit::Cut(power_cut())),
            Fault::PowerCut if index > at => Err(power_cut()),
            Fault::InputOutput | Fault::NoSpace | Fault::FailedSync | Fault::PowerCut => {
                Ok(Permit::Go)
            }
        }
    }

    fn begin_reading(&mut self) -> io::Result<()> {
        whole(self.begin(Operation::Read)?)
    }

    fn add_node(&mut self, path: &Path) -> u64 {
        let id = self.nodes_made;
        self.nodes_made = self.nodes_made.saturating_add(1);
        self.nodes.insert(id, Node::new(path));
        self.names.insert(path.to_path_buf(), id);
        id
    }

    fn parent_exists(&self, path: &Path) -> io::Result<()> {
        match path.parent() {
            Some(parent) if parent.as_os_str().is_empty() || self.directories.contains(parent) => {
                Ok(())
            }
            Some(_) | None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    /// A change of a name: applied to what programs see, durable with the next sync of the directory.
    fn change_name(&mut self, change: NameChange) -> io::Result<()> {
        let permit = self.begin(Operation::Name)?;
        change.apply(&mut self.names);
        self.unsynced_names.push(change);
        whole(permit)
    }
}

/// For operations without halves: anything but a plain permit is its error.
pub(crate) fn whole(permit: Permit) -> io::Result<()> {
    match permit {
        Permit::Go => Ok(()),
        Permit::Half(error) | Permit::Cut(error) => Err(error),
    }
}

fn no_space() -> io::Error {
    io::Error::new(
        io::ErrorKind::StorageFull,
        "no space left on device (injected)",
    )
}

fn power_cut() -> io::Error {
    io::Error::other("the power is off (injected)")
}

impl Disk for MemoryDisk {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Box<dyn DiskFile>> {
        let mut state = self.lock_state();
        let known = state.names.get(path).copied();
        let node = match (mode, known) {
            (OpenMode::Read | OpenMode::Write, Some(node)) => {
                state.begin_reading()?;
                node
            }
            (OpenMode::Read | OpenMode::Write, None) => {
                state.begin_reading()?;
                return Err(io::ErrorKind::NotFound.into());
            }
            (OpenMode::CreateNew, Some(_)) => {
                state.begin_reading()?;
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            (OpenMode::CreateNew, None) => {
                state.parent_exists(path)?;
                let permit = state.begin(Operation::Name)?;
                let node = state.add_node(path);
                state.unsynced_names.push(NameChange::Created {
                    path: path.to_path_buf(),
                    node,
                });
                whole(permit)?;
                node
            }
        };
        Ok(Box::new(MemoryFile {
            state: Arc::clone(&self.state),
            node,
            boot: state.boots,
            writable: mode != OpenMode::Read,
        }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.lock_state();
        if from.parent() != to.parent() {
            return Err(io::Error::other("a rename stays in its directory"));
        }
        let node = *state.names.get(from).ok_or(io::ErrorKind::NotFound)?;
        state.change_name(NameChange::Renamed {
            from: from.to_path_buf(),
            to: to.to_path_buf(),
            node,
        })
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.lock_state();
        if !state.names.contains_key(path) {
            return Err(io::ErrorKind::NotFound.into());
        }
        state.change_name(NameChange::Removed {
            path: path.to_path_buf(),
        })
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        let mut state = self.lock_state();
        state.begin_reading()?;
        if !state.directories.contains(directory) && !directory.as_os_str().is_empty() {
            return Err(io::ErrorKind::NotFound.into());
        }
        Ok(state
            .names
            .keys()
            .filter(|path| path.parent() == Some(directory))
            .filter_map(|path| path.file_name()?.to_str().map(str::to_owned))
            .collect())
    }

    fn create_dir_all(&self, directory: &Path) -> io::Result<()> {
        let mut state = self.lock_state();
        whole(state.begin(Operation::Name)?)?;
        for ancestor in directory.ancestors() {
            state.directories.insert(ancestor.to_path_buf());
        }
        Ok(())
    }

    fn sync_directory(&self, directory: &Path) -> io::Result<()> {
        let mut state = self.lock_state();
        whole(state.begin(Operation::Sync)?)?;
        state.sync_names(directory);
        Ok(())
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        let mut state = self.lock_state();
        state.begin_reading()?;
        Ok(state.names.contains_key(path))
    }

    fn lock(&self, path: &Path, holder: &str) -> io::Result<LockAttempt> {
        let mut state = self.lock_state();
        state.begin_reading()?;
        state.parent_exists(path)?;
        if let Some(by) = state.locks.get(path) {
            return Ok(LockAttempt::Taken { by: by.clone() });
        }
        state.locks.insert(path.to_path_buf(), holder.to_owned());
        Ok(LockAttempt::Held(Box::new(MemoryLock {
            state: Arc::clone(&self.state),
            path: path.to_path_buf(),
            boot: state.boots,
        })))
    }
}

struct MemoryLock {
    state: Arc<Mutex<State>>,
    path: PathBuf,
    boot: u64,
}

impl LockGuard for MemoryLock {}

impl Drop for MemoryLock {
    fn drop(&mut self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        // A lock from before a crash was freed by it, and may be another's by now.
        if state.boots == self.boot {
            state.locks.remove(&self.path);
        }
    }
}

#[cfg(test)]
mod tests;
