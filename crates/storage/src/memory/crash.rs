//! What survives when the power is cut.

use super::State;
use super::file::{Change, ChangeKind, put};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A change that was not durable when the power was cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsynced<'a> {
    /// A file was created, renamed or removed; `path` is the name that appeared or disappeared.
    Name {
        /// The name concerned.
        path: &'a Path,
    },
    /// Bytes were written.
    Write {
        /// The file.
        path: &'a Path,
        /// Where, in bytes.
        offset: usize,
        /// How many bytes.
        length: usize,
    },
    /// The file was cut.
    Truncate {
        /// The file.
        path: &'a Path,
        /// Its new size in bytes.
        length: usize,
    },
}

/// What is left of an unsynced change. For names and truncations a part counts as all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// The whole change is on the disk.
    All,
    /// Nothing of it is.
    Nothing,
    /// Only the first bytes of a write.
    First(usize),
    /// Only the last bytes of a write; what comes before them keeps its old content, or reads as zeros.
    Last(usize),
}

/// A change of the names in a directory.
pub(crate) enum NameChange {
    Created {
        path: PathBuf,
        node: u64,
    },
    Renamed {
        from: PathBuf,
        to: PathBuf,
        node: u64,
    },
    Removed {
        path: PathBuf,
    },
}

impl NameChange {
    pub(crate) fn apply(&self, names: &mut BTreeMap<PathBuf, u64>) {
        match self {
            Self::Created { path, node } => {
                names.insert(path.clone(), *node);
            }
            Self::Renamed { from, to, node } => {
                names.remove(from);
                names.insert(to.clone(), *node);
            }
            Self::Removed { path } => {
                names.remove(path);
            }
        }
    }

    pub(crate) fn concerns(&self, name: &Path) -> bool {
        match self {
            Self::Created { path, .. } | Self::Removed { path } => path == name,
            Self::Renamed { from, to, .. } => from == name || to == name,
        }
    }

    fn path(&self) -> &Path {
        match self {
            Self::Created { path, .. } | Self::Removed { path } => path,
            Self::Renamed { to, .. } => to,
        }
    }
}

impl State {
    /// Makes the names in one directory durable.
    pub(super) fn sync_names(&mut self, directory: &Path) {
        let (stored, left) = std::mem::take(&mut self.unsynced_names)
            .into_iter()
            .partition::<Vec<_>, _>(|change| change.path().parent() == Some(directory));
        for change in stored {
            change.apply(&mut self.durable_names);
        }
        self.unsynced_names = left;
    }

    pub(super) fn crash(&mut self, choose: &mut dyn FnMut(&Unsynced<'_>) -> Kept) {
        for change in std::mem::take(&mut self.unsynced_names) {
            let kept = choose(&Unsynced::Name {
                path: change.path(),
            });
            if kept != Kept::Nothing {
                change.apply(&mut self.durable_names);
            }
        }
        for node in self.nodes.values_mut() {
            for change in std::mem::take(&mut node.unsynced) {
                keep(&node.path, &change, &mut node.durable, choose);
            }
            node.seen.clone_from(&node.durable);
        }
        self.names.clone_from(&self.durable_names);
        let named: Vec<u64> = self.names.values().copied().collect();
        self.nodes.retain(|node, _| named.contains(node));
        self.locks.clear();
        self.boots = self.boots.saturating_add(1);
    }
}

fn keep(
    path: &Path,
    change: &Change,
    durable: &mut Vec<u8>,
    choose: &mut dyn FnMut(&Unsynced<'_>) -> Kept,
) {
    match &change.kind {
        ChangeKind::Truncate { length } => {
            let kept = choose(&Unsynced::Truncate {
                path,
                length: *length,
            });
            if kept != Kept::Nothing {
                change.kind.apply(durable);
            }
        }
        ChangeKind::Write { offset, bytes } => {
            let kept = choose(&Unsynced::Write {
                path,
                offset: *offset,
                length: bytes.len(),
            });
            match kept {
                Kept::All => change.kind.apply(durable),
                Kept::Nothing => {}
                Kept::First(count) => put(durable, *offset, &bytes[..count.min(bytes.len())]),
                Kept::Last(count) => {
                    let skipped = bytes.len().saturating_sub(count);
                    put(durable, offset.saturating_add(skipped), &bytes[skipped..]);
                }
            }
        }
    }
}
