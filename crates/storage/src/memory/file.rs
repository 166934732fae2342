//! The content of one file: what programs see, what the disk holds, and the changes between the two.

use super::{Operation, Permit, State};
use crate::disk::DiskFile;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// A file, named or not.
pub(crate) struct Node {
    /// The last name it was given, for reports.
    pub(crate) path: PathBuf,
    pub(crate) seen: Vec<u8>,
    pub(crate) durable: Vec<u8>,
    pub(crate) unsynced: Vec<Change>,
}

/// A change of a file's content that is not durable yet.
pub(crate) struct Change {
    pub(crate) kind: ChangeKind,
    /// A sync of this change failed: it is seen, but no later sync stores it.
    pub(crate) abandoned: bool,
}

pub(crate) enum ChangeKind {
    Write { offset: usize, bytes: Vec<u8> },
    Truncate { length: usize },
}

impl Node {
    pub(crate) fn new(path: &Path) -> Self {
        Self::durable(path, &[])
    }

    pub(crate) fn durable(path: &Path, bytes: &[u8]) -> Self {
        Self {
            path: path.to_path_buf(),
            seen: bytes.to_vec(),
            durable: bytes.to_vec(),
            unsynced: Vec::new(),
        }
    }

    fn change(&mut self, kind: ChangeKind) {
        kind.apply(&mut self.seen);
        self.unsynced.push(Change {
            kind,
            abandoned: false,
        });
    }

    /// Stores the changes of which no sync failed. Where one of them lies over an abandoned change, that is superseded: an
    /// old write cannot reach the disk after a newer one was stored in its place.
    fn sync(&mut self) {
        let mut abandoned: Vec<ChangeKind> = Vec::new();
        for change in std::mem::take(&mut self.unsynced) {
            if change.abandoned {
                abandoned.push(change.kind);
                continue;
            }
            change.kind.apply(&mut self.durable);
            abandoned = abandoned
                .into_iter()
                .flat_map(|older| older.left_after(&change.kind))
                .collect();
        }
        self.unsynced = abandoned
            .into_iter()
            .map(|kind| Change {
                kind,
                abandoned: true,
            })
            .collect();
    }
}

impl ChangeKind {
    /// What a later change does not supersede.
    fn left_after(self, later: &Self) -> Vec<Self> {
        match (self, later) {
            (
                Self::Write { offset, bytes },
                Self::Write {
                    offset: start,
                    bytes: over,
                },
            ) => {
                let end = start.saturating_add(over.len());
                let before = part(offset, &bytes, 0, *start);
                let after = part(offset, &bytes, end, usize::MAX);
                before.into_iter().chain(after).collect()
            }
            (Self::Write { offset, bytes }, Self::Truncate { length }) => {
                part(offset, &bytes, 0, *length).into_iter().collect()
            }
            // The size was stored: with a later cut, or with bytes beyond the earlier one.
            (Self::Truncate { .. }, Self::Truncate { .. }) => Vec::new(),
            (Self::Truncate { length }, Self::Write { offset, bytes }) => {
                if offset.saturating_add(bytes.len()) > length {
                    Vec::new()
                } else {
                    vec![Self::Truncate { length }]
                }
            }
        }
    }

    pub(crate) fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Self::Write { offset, bytes } => put(content, *offset, bytes),
            Self::Truncate { length } => content.truncate(*length),
        }
    }
}

/// The part of a write that lies between two places of the file; none when it is empty.
fn part(offset: usize, bytes: &[u8], from: usize, to: usize) -> Option<ChangeKind> {
    let first = from.saturating_sub(offset).min(bytes.len());
    let last = to.saturating_sub(offset).min(bytes.len());
    (first < last).then(|| ChangeKind::Write {
        offset: offset.saturating_add(first),
        bytes: bytes[first..last].to_vec(),
    })
}

/// Writes bytes into a file's content; a gap before them reads as zeros.
pub(crate) fn put(content: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    if bytes.is_empty() {
        return;
    }
    let end = offset.saturating_add(bytes.len());
    if content.len() < end {
        content.resize(end, 0);
    }
    content[offset..end].copy_from_slice(bytes);
}

pub(crate) struct MemoryFile {
    pub(crate) state: Arc<Mutex<State>>,
    pub(crate) node: u64,
    pub(crate) boot: u64,
    pub(crate) writable: bool,
}

impl MemoryFile {
    fn with<T>(
        &self,
        operation: Operation,
        act: impl FnOnce(&mut Node, Permit) -> io::Result<T>,
    ) -> io::Result<T> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.boots != self.boot {
            return Err(io::Error::other("the file was open when the power was cut"));
        }
        if operation != Operation::Read && !self.writable {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        let permit = state.begin(operation);
        let node = state
            .nodes
            .get_mut(&self.node)
            .ok_or(io::ErrorKind::NotFound)?;
        match permit {
            Ok(permit) => act(node, permit),
            Err(error) => {
                if operation == Operation::Sync {
                    for change in &mut node.unsynced {
                        change.abandoned = true;
                    }
                }
                Err(error)
            }
        }
    }
}

impl DiskFile for MemoryFile {
    fn len(&self) -> io::Result<u64> {
        self.with(Operation::Read, |node, permit| {
            super::whole(permit)?;
            u64::try_from(node.seen.len()).map_err(io::Error::other)
        })
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.with(Operation::Read, |node, permit| {
            super::whole(permit)?;
            let start = usize::try_from(offset).map_err(io::Error::other)?;
            let stored = node
                .seen
                .get(start..)
                .and_then(|rest| rest.get(..buffer.len()))
                .ok_or(io::ErrorKind::UnexpectedEof)?;
            buffer.copy_from_slice(stored);
            Ok(())
        })
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.with(Operation::Write, |node, permit| {
            let offset = usize::try_from(offset).map_err(io::Error::other)?;
            let (written, outcome) = match permit {
                Permit::Go => (bytes, Ok(())),
                Permit::Half(error) => (&bytes[..bytes.len() / 2], Err(error)),
                Permit::Cut(error) => (bytes, Err(error)),
            };
            if !written.is_empty() {
                node.change(ChangeKind::Write {
                    offset,
                    bytes: written.to_vec(),
                });
            }
            outcome
        })
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        self.with(Operation::Write, |node, permit| {
            let length = usize::try_from(length).map_err(io::Error::other)?;
            match permit {
                Permit::Half(error) => Err(error),
                Permit::Go => {
                    node.change(ChangeKind::Truncate { length });
                    Ok(())
                }
                Permit::Cut(error) => {
                    node.change(ChangeKind::Truncate { length });
                    Err(error)
                }
            }
        })
    }

    fn sync(&self) -> io::Result<()> {
        self.with(Operation::Sync, |node, permit| {
            super::whole(permit)?;
            node.sync();
            Ok(())
        })
    }
}
