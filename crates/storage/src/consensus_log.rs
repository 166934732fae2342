//! The consensus log: what a validator must remember of the height it is working on, so that it never contradicts itself.
//!
//! Entries are buffered and written as one *group* per sync: one write, one checksum, one `fdatasync`. A group is therefore
//! on the disk as a whole or not at all, and only the last one can be torn. A torn group was never synced, so no signature
//! was asked for on its account, and it is cut off.
//!
//! **Forgetting a height costs no sync.** [`ConsensusLog::committed`] appends a *base* record, which becomes durable with
//! the next group; entries at or below the base no longer count. A crash leaves one of two things:
//! - the base is durable: the block frame was synced before the base was written, so the block log holds that height, and
//!   may be told so ([`ConsensusLog::base`] is what its `synced_through` wants);
//! - the base is lost: the entries of the height come back, and the block log either holds the height (they are then not
//!   asked for) or lost its unsynced frame (they are replayed, and lead to the same votes).
//!
//! Nothing is ever overwritten, so no stale entry can follow a new one. When the file is large, a committed height begins
//! a new file, which is synced with its base before the old one is removed.
//!
//! Two numbers tie the log to the signer's watermark. Each group has a sequence number that never falls, and the watermark
//! remembers the last durable one: a log that ends earlier was damaged or exchanged ([`ConsensusLogFloor`]). Each group
//! carries the *witness*, the number of times the watermark had been stored: a watermark that counts less is an old copy.

mod open;

use crate::disk::{Disk, DiskFile, OpenMode};
use crate::error::{FailStop, IoContext, StorageError, TornTail};
use crate::frame::{self, FILE_HEADER_BYTES, FRAME_HEADER_BYTES, FileKind, as_u64};
use karwan_consensus::LogEntry;
use karwan_types::{ChainId, Height, encode};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The largest encoded entry, in bytes: what the codec reads back.
pub const ENTRY_BYTES_MAX: usize = 64 << 20;
/// The most that one group holds, in bytes. A fuller buffer is synced early.
pub const GROUP_BYTES_MAX: u32 = 128 << 20;
/// The most that is logged for one height, in bytes: hundreds of failed rounds, each with a full block. Beyond it the node
/// stops and gets the height from its peers, rather than filling the disk.
pub const HEIGHT_BYTES_MAX: u64 = 1 << 30;
/// A file with this many bytes is left for a new one when a height is committed.
pub const ROTATE_BYTES: u64 = 64 << 20;

const KIND: FileKind = FileKind {
    magic: *b"KARWANCL",
    body_bytes_max: GROUP_BYTES_MAX,
    numbers_are_heights: false,
};

/// Kind, height and length in front of each record of a group.
const RECORD_HEADER_BYTES: usize = 13;
const RECORD_BASE: u8 = 1;
const RECORD_ENTRY: u8 = 2;

/// A new file is this long when its creation is complete: header, and one group with a base.
const NEW_FILE_BYTES: usize = FILE_HEADER_BYTES + FRAME_HEADER_BYTES + RECORD_HEADER_BYTES;

/// What the watermark knows of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConsensusLogFloor {
    /// The sequence number of the last group that was durable when the watermark was stored. Groups up to it cannot be
    /// torn.
    pub sequence: u64,
}

/// The consensus log of one validator.
pub struct ConsensusLog {
    disk: Arc<dyn Disk>,
    directory: PathBuf,
    chain: ChainId,
    rotate_bytes: u64,
    file: Box<dyn DiskFile>,
    path: PathBuf,
    /// The number of the file, which counts files.
    number: u64,
    /// Where the next group goes, in bytes.
    end: u64,
    /// The number of the last group that is durable.
    sequence: u64,
    witness: u64,
    base: Height,
    /// The highest height of any entry appended; a new file may only begin when it is committed.
    highest: Height,
    height_bytes: u64,
    /// The group being collected, with room for its header in front.
    buffer: Vec<u8>,
    recovered: Vec<LogEntry>,
    failures: FailStop,
}

impl ConsensusLog {
    /// Begins a log whose base is genesis.
    ///
    /// # Errors
    /// `SignerExists` when the directory holds a log already; `Io`.
    pub fn create_new(
        disk: Arc<dyn Disk>,
        directory: &Path,
        chain: ChainId,
    ) -> Result<Self, StorageError> {
        disk.create_dir_all(directory)
            .context("create directory", directory)?;
        if let Some((_, path)) = open::list(&*disk, directory)?.pop() {
            return Err(StorageError::SignerExists { file: path });
        }
        let start = FIRST_FILE;
        let (file, path) = start.create(&*disk, directory, &chain)?;
        Ok(Self {
            disk,
            directory: directory.to_path_buf(),
            chain,
            rotate_bytes: ROTATE_BYTES,
            file,
            path,
            number: start.number,
            end: as_u64(NEW_FILE_BYTES),
            sequence: start.sequence,
            witness: start.witness,
            base: start.base,
            highest: start.base,
            height_bytes: 0,
            buffer: empty_group(),
            recovered: Vec::new(),
            failures: FailStop::default(),
        })
    }

    /// Opens the log and reads the entries above its base, which are durable when this returns, however the process before
    /// ended. Returns what was cut off, if a crash had left a half-written group or file.
    ///
    /// # Errors
    /// `MissingConsensusLog`; `Damaged` when a group that was synced does not check or is missing; `OtherChain`,
    /// `OtherVersion`, `Io`.
    pub fn open(
        disk: Arc<dyn Disk>,
        directory: &Path,
        chain: ChainId,
        floor: ConsensusLogFloor,
    ) -> Result<(Self, Option<TornTail>), StorageError> {
        open::open(disk, directory, chain, floor)
    }

    /// Removes a log that never held anything: what is left of a creation that was cut short.
    pub(crate) fn remove_if_unused(
        disk: &dyn Disk,
        directory: &Path,
        chain: ChainId,
    ) -> Result<(), StorageError> {
        let files = open::list(disk, directory)?;
        if files.is_empty() {
            return Ok(());
        }
        for (_, path) in files {
            if !open::is_unused(disk, &chain, &path)? {
                return Err(StorageError::SignerExists { file: path });
            }
            disk.remove(&path).context("remove", &path)?;
        }
        disk.sync_directory(directory)
            .context("sync directory", directory)
    }

    /// Sets the size at which a committed height begins a new file; normally [`ROTATE_BYTES`].
    #[must_use]
    pub fn with_rotate_bytes(mut self, bytes: u64) -> Self {
        self.rotate_bytes = bytes;
        self
    }

    /// Adds an entry to the group. Not durable before [`Self::sync`].
    ///
    /// # Errors
    /// `TooLarge` for an entry over [`ENTRY_BYTES_MAX`] or a height over [`HEIGHT_BYTES_MAX`]; `Io` and `Failed`.
    pub fn append(&mut self, entry: &LogEntry) -> Result<(), StorageError> {
        self.failures.check(&self.path)?;
        let bytes = encode(entry);
        check_limit(
            "an entry of the consensus log",
            bytes.len(),
            as_u64(ENTRY_BYTES_MAX),
        )?;
        let record_bytes = RECORD_HEADER_BYTES.saturating_add(bytes.len());
        let height_bytes = self.height_bytes.saturating_add(as_u64(record_bytes));
        if height_bytes > HEIGHT_BYTES_MAX {
            return Err(StorageError::TooLarge {
                what: "the consensus log of one height",
                bytes: height_bytes,
                bytes_max: HEIGHT_BYTES_MAX,
            });
        }
        let group_bytes = self.buffer.len().saturating_add(record_bytes);
        if as_u64(group_bytes) > u64::from(GROUP_BYTES_MAX) {
            self.sync()?;
        }
        put_record(&mut self.buffer, RECORD_ENTRY, entry.height(), &bytes);
        self.height_bytes = height_bytes;
        self.highest = self.highest.max(entry.height());
        Ok(())
    }

    /// Makes everything appended so far durable. Costs nothing when there is nothing new.
    ///
    /// # Errors
    /// `Io`: it is not known what the disk holds; every later call fails.
    pub fn sync(&mut self) -> Result<(), StorageError> {
        self.failures.check(&self.path)?;
        if self.buffer.len() == FRAME_HEADER_BYTES {
            return Ok(());
        }
        let sequence = self.sequence.saturating_add(1);
        frame::seal_frame(
            &self.chain,
            self.end,
            sequence,
            self.witness,
            &mut self.buffer,
        );
        let written = self
            .file
            .write_at(self.end, &self.buffer)
            .context("write", &self.path)
            .and_then(|()| self.file.sync().context("sync", &self.path));
        self.failures.watch(written)?;
        self.end = self.end.saturating_add(as_u64(self.buffer.len()));
        self.sequence = sequence;
        self.buffer = empty_group();
        Ok(())
    }

    /// Forgets the entries up to a height whose block frame **is synced**. Durable with the next sync, at no cost of its
    /// own, except that a large file is left for a new one.
    ///
    /// # Errors
    /// `OutOfOrder` when the height is below the base; `Io` and `Failed`.
    pub fn committed(&mut self, height: Height) -> Result<(), StorageError> {
        self.failures.check(&self.path)?;
        if height < self.base {
            return Err(StorageError::OutOfOrder {
                given: height,
                expected: self.base.next(),
            });
        }
        if height == self.base {
            return Ok(());
        }
        self.base = height;
        self.height_bytes = 0;
        self.recovered.retain(|entry| entry.height() > height);
        let full = self.end.saturating_add(as_u64(self.buffer.len())) > self.rotate_bytes;
        // Entries of a later height must not be lost with the old file, so that such a height waits for the next commit.
        if full && self.highest <= height {
            let rotated = self.rotate();
            return self.failures.watch(rotated);
        }
        put_record(&mut self.buffer, RECORD_BASE, height, &[]);
        Ok(())
    }

    /// Leaves the file for a new one. The entries of the buffer are at or below the base and are not needed.
    fn rotate(&mut self) -> Result<(), StorageError> {
        let start = NewFile {
            number: self.number.saturating_add(1),
            sequence: self.sequence.saturating_add(1),
            witness: self.witness,
            base: self.base,
        };
        let (file, path) = start.create(&*self.disk, &self.directory, &self.chain)?;
        let old = std::mem::replace(&mut self.path, path);
        self.file = file;
        self.number = start.number;
        self.sequence = start.sequence;
        self.end = as_u64(NEW_FILE_BYTES);
        self.buffer = empty_group();
        // Not synced: if the old file comes back, the next opening removes it again.
        self.disk.remove(&old).context("remove", &old)
    }

    /// The entries of a height, in the order they were appended, as they were found when the log was opened.
    #[must_use]
    pub fn entries_for(&self, height: Height) -> Vec<LogEntry> {
        self.recovered
            .iter()
            .filter(|entry| entry.height() == height)
            .cloned()
            .collect()
    }

    /// The last committed height that the log knows of. After opening: a height whose block frame was synced.
    #[must_use]
    pub fn base(&self) -> Height {
        self.base
    }

    /// The number of the last durable group.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// How often the watermark had been stored, as far as the durable groups know.
    #[must_use]
    pub fn witness(&self) -> u64 {
        self.witness
    }

    /// Tells the log how often the watermark has been stored; written into every later group.
    pub fn set_witness(&mut self, witness: u64) {
        self.witness = witness;
    }
}

/// The content of a new file.
#[derive(Clone, Copy)]
struct NewFile {
    number: u64,
    sequence: u64,
    witness: u64,
    base: Height,
}

const FIRST_FILE: NewFile = NewFile {
    number: 1,
    sequence: 1,
    witness: 0,
    base: Height::GENESIS,
};

impl NewFile {
    fn bytes(self, chain: &ChainId) -> Vec<u8> {
        let mut group = empty_group();
        put_record(&mut group, RECORD_BASE, self.base, &[]);
        let offset = as_u64(FILE_HEADER_BYTES);
        frame::seal_frame(chain, offset, self.sequence, self.witness, &mut group);
        let mut bytes = frame::file_header(KIND, chain, self.number);
        bytes.append(&mut group);
        bytes
    }

    /// Creates the file durably: content first, then its name.
    fn create(
        self,
        disk: &dyn Disk,
        directory: &Path,
        chain: &ChainId,
    ) -> Result<(Box<dyn DiskFile>, PathBuf), StorageError> {
        let path = directory.join(file_name(self.number));
        let file = disk
            .open(&path, OpenMode::CreateNew)
            .context("create", &path)?;
        file.write_at(0, &self.bytes(chain))
            .context("write", &path)?;
        file.sync().context("sync", &path)?;
        disk.sync_directory(directory)
            .context("sync directory", directory)?;
        Ok((file, path))
    }
}

fn file_name(number: u64) -> String {
    format!("consensus-{number:08}.log")
}

fn empty_group() -> Vec<u8> {
    vec![0; FRAME_HEADER_BYTES]
}

fn put_record(group: &mut Vec<u8>, kind: u8, height: Height, bytes: &[u8]) {
    let length = u32::try_from(bytes.len())
        .expect("entries are compared with their limit before they are put");
    group.push(kind);
    group.extend(height.get().to_le_bytes());
    group.extend(length.to_le_bytes());
    group.extend_from_slice(bytes);
}

fn check_limit(what: &'static str, bytes: usize, bytes_max: u64) -> Result<(), StorageError> {
    if as_u64(bytes) > bytes_max {
        return Err(StorageError::TooLarge {
            what,
            bytes: as_u64(bytes),
            bytes_max,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
