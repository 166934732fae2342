//! The block log: an append-only file sequence with one frame for each height, from 1. It is the truth of a node.
//!
//! What holds: a block that [`BlockLog::sync`] covered is given back unchanged or refused by name, through any crash. The
//! log is never rewritten; the only bytes that are ever cut off are those of a last frame that was being written when the
//! process ended, and only where the caller does not know that it was synced ([`BlockLogOptions::synced_through`]).
//!
//! Readers see a block only after it is synced, so that nobody is told about a block that a power loss could take back. That
//! holds for what an opening finds as well: a process may have ended between a write and its sync, so the end of the log is
//! written once more, with the bytes that it has, and synced.

mod open;
mod reader;

pub use reader::BlockReader;

use crate::disk::{Disk, DiskFile, OpenMode};
use crate::error::{IoContext, StorageError, TornTail};
use crate::frame::{self, FILE_HEADER_BYTES, FRAME_HEADER_BYTES, FileKind, as_u64};
use karwan_types::{ChainId, Height};
use reader::Segment;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The largest block frame, in bytes: what the codec reads back.
pub const FRAME_BODY_BYTES_MAX: u32 = 64 << 20;

/// When a segment file has this many bytes, the next block begins a new one.
pub const SEGMENT_BYTES_MAX: u64 = 256 << 20;

const KIND: FileKind = FileKind {
    magic: *b"KARWANBL",
    body_bytes_max: FRAME_BODY_BYTES_MAX,
    numbers_are_heights: true,
};

/// How a block log is opened.
#[derive(Clone, Copy, Debug)]
pub struct BlockLogOptions {
    /// The chain whose blocks these are.
    pub chain: ChainId,
    /// The last height known to have been synced, from the base of the consensus log. At or below it nothing can be torn.
    pub synced_through: Option<Height>,
    /// Bytes after which a segment is full, normally [`SEGMENT_BYTES_MAX`], which is also the most it may be.
    pub segment_bytes: u64,
}

impl BlockLogOptions {
    /// The options of a node.
    #[must_use]
    pub const fn new(chain: ChainId, synced_through: Option<Height>) -> Self {
        Self {
            chain,
            synced_through,
            segment_bytes: SEGMENT_BYTES_MAX,
        }
    }
}

/// How far a scan of the log has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes read.
    pub done_bytes: u64,
    /// Bytes to be read.
    pub total_bytes: u64,
    /// The last height read.
    pub height: Height,
}

/// The one writer of the block log. Readers are [`BlockReader`]s, from [`BlockLog::reader`].
pub struct BlockLog {
    reader: BlockReader,
    directory: PathBuf,
    segment_bytes: u64,
    active: Active,
    last: Height,
    /// The frame that was written and not synced yet; there is at most one, because only the last frame may be torn.
    unsynced: Option<Unsynced>,
}

/// The segment that is written to.
struct Active {
    file: Arc<dyn DiskFile>,
    path: PathBuf,
    /// Where the next frame goes, in bytes.
    end: u64,
}

#[derive(Clone, Copy)]
struct Unsynced {
    height: Height,
    offset: u64,
}

impl BlockLog {
    /// Opens the log in `directory`, or begins it, reading and checking every frame. What was found is durable when this
    /// returns, however the process before ended.
    ///
    /// Returns what was cut off the end, if a crash had left a half-written frame.
    ///
    /// # Errors
    /// `Damaged` when anything but a torn last frame is wrong, or when the log ends below `synced_through`; `OtherChain`,
    /// `OtherVersion`, `Io`.
    pub fn open(
        disk: Arc<dyn Disk>,
        directory: &Path,
        options: BlockLogOptions,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<(Self, Option<TornTail>), StorageError> {
        disk.create_dir_all(directory)
            .context("create directory", directory)?;
        let scanned = open::scan(&*disk, directory, &options, progress)?;
        let torn = scanned.torn.clone();
        scanned.settle(&*disk, directory, &options.chain)?;
        let last = scanned.last;
        let mut segments = scanned.segments;
        let active = match segments.last_mut() {
            Some(segment) => {
                let file: Arc<dyn DiskFile> = Arc::from(
                    disk.open(&segment.path, OpenMode::Write)
                        .context("open", &segment.path)?,
                );
                segment.file = Some(Arc::clone(&file));
                Active {
                    file,
                    path: segment.path.clone(),
                    end: segment.bytes,
                }
            }
            None => {
                let (active, segment) =
                    begin_segment(&*disk, directory, &options.chain, last.next())?;
                segments.push(segment);
                active
            }
        };
        let reader = BlockReader::new(disk, options.chain, segments, last);
        let log = Self {
            reader,
            directory: directory.to_path_buf(),
            segment_bytes: options.segment_bytes.min(SEGMENT_BYTES_MAX),
            active,
            last,
            unsynced: None,
        };
        Ok((log, torn))
    }

    /// Writes the frame of the next height. It is not durable, and not readable, before [`Self::sync`].
    ///
    /// # Errors
    /// `OutOfOrder`, `TooLarge`: nothing happened. `Io`: the log is closed. `Failed`: it was closed before.
    pub fn append(&mut self, height: Height, body: &[u8]) -> Result<(), StorageError> {
        let expected = self.last.next();
        if height != expected {
            return Err(StorageError::OutOfOrder {
                given: height,
                expected,
            });
        }
        if as_u64(body.len()) > u64::from(FRAME_BODY_BYTES_MAX) {
            return Err(StorageError::TooLarge {
                what: "a block frame",
                bytes: as_u64(body.len()),
                bytes_max: u64::from(FRAME_BODY_BYTES_MAX),
            });
        }
        // Also for a segment that this block begins: all before it are complete and durable.
        self.sync()?;
        let written = self.write(height, body);
        self.reader.watch(written)?;
        self.last = height;
        Ok(())
    }

    fn write(&mut self, height: Height, body: &[u8]) -> Result<(), StorageError> {
        let bytes = as_u64(body.len()).saturating_add(as_u64(FRAME_HEADER_BYTES));
        let holds_frames = self.active.end > as_u64(FILE_HEADER_BYTES);
        let (disk, chain) = self.reader.disk_and_chain();
        if holds_frames && self.active.end.saturating_add(bytes) > self.segment_bytes {
            let (active, segment) = begin_segment(&*disk, &self.directory, &chain, height)?;
            self.reader.push_segment(segment);
            self.active = active;
        }
        let offset = self.active.end;
        let frame = frame::frame(&chain, offset, height.get(), body);
        self.active
            .file
            .write_at(offset, &frame)
            .context("write", &self.active.path)?;
        self.active.end = offset.saturating_add(bytes);
        self.unsynced = Some(Unsynced { height, offset });
        Ok(())
    }

    /// Makes the last frame durable, and readable. Costs nothing when it is already.
    ///
    /// # Errors
    /// `Io`: the sync failed, which is fatal: it is not known what the disk holds, and every later call fails.
    pub fn sync(&mut self) -> Result<(), StorageError> {
        self.reader.check(&self.active.path)?;
        let Some(unsynced) = self.unsynced else {
            return Ok(());
        };
        let synced = self.active.file.sync().context("sync", &self.active.path);
        self.reader.watch(synced)?;
        self.unsynced = None;
        self.reader
            .publish(unsynced.height, unsynced.offset, self.active.end);
        Ok(())
    }

    /// The last height that was appended, synced or not; genesis when the log is empty.
    #[must_use]
    pub fn last(&self) -> Height {
        self.last
    }

    /// The body of the frame at a height, checked.
    ///
    /// # Errors
    /// As [`BlockReader::read`].
    pub fn read(&self, height: Height) -> Result<Vec<u8>, StorageError> {
        self.reader.read(height)
    }

    /// A reader that follows this log; cheap, and may be cloned and sent to other threads.
    #[must_use]
    pub fn reader(&self) -> BlockReader {
        self.reader.clone()
    }
}

/// Creates a segment whose first frame will have this height, durably, so that a frame in it is never lost with its file.
fn begin_segment(
    disk: &dyn Disk,
    directory: &Path,
    chain: &ChainId,
    first: Height,
) -> Result<(Active, Segment), StorageError> {
    let path = directory.join(segment_name(first));
    let file: Arc<dyn DiskFile> = Arc::from(
        disk.open(&path, OpenMode::CreateNew)
            .context("create", &path)?,
    );
    file.write_at(0, &frame::file_header(KIND, chain, first.get()))
        .context("write", &path)?;
    file.sync().context("sync", &path)?;
    disk.sync_directory(directory)
        .context("sync directory", directory)?;
    let segment = Segment {
        first,
        path: path.clone(),
        offsets: Vec::new(),
        bytes: as_u64(FILE_HEADER_BYTES),
        file: Some(Arc::clone(&file)),
    };
    let active = Active {
        file,
        path,
        end: as_u64(FILE_HEADER_BYTES),
    };
    Ok((active, segment))
}

/// The name of the segment that begins with a height.
fn segment_name(first: Height) -> String {
    format!("blocks-{:08}.log", first.get())
}

#[cfg(test)]
mod tests;
