//! Reading blocks while the log is being written: every read checks the frame, and sees only what is synced.

use super::{BlockLogOptions, KIND, Progress, open};
use crate::disk::{Disk, DiskFile, OpenMode};
use crate::error::{Damage, FailStop, IoContext, StorageError, TornTail};
use crate::frame::{FRAME_HEADER_BYTES, as_u64, as_usize, read_frame_header};
use karwan_types::{ChainId, Height};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Reads the block log. Clones share one view, which grows with every sync of the writer.
#[derive(Clone)]
pub struct BlockReader {
    shared: Arc<Shared>,
}

struct Shared {
    disk: Arc<dyn Disk>,
    chain: ChainId,
    state: RwLock<State>,
}

struct State {
    segments: Vec<Segment>,
    /// The last height that is synced.
    last: Height,
    failures: FailStop,
}

/// One file of the log.
pub(super) struct Segment {
    /// The height of its first frame.
    pub(super) first: Height,
    pub(super) path: PathBuf,
    /// Where each frame begins. A file is smaller than 4 GiB, because a segment is full at 256 MiB and a frame at 64 MiB.
    pub(super) offsets: Vec<u32>,
    /// Size of the synced part, in bytes.
    pub(super) bytes: u64,
    /// Kept open for the segment that is written to; the others are opened for each read, so that a long chain does not
    /// exhaust the file descriptors.
    pub(super) file: Option<Arc<dyn DiskFile>>,
}

/// Where a frame lies.
struct Place {
    path: PathBuf,
    file: Option<Arc<dyn DiskFile>>,
    offset: u64,
}

impl BlockReader {
    /// Opens a log only for reading: nothing is created, cut or repaired. For offline verification of a stopped node.
    ///
    /// Returns the torn tail that a writer would cut, if there is one; its block is not readable. Nothing is made durable
    /// either: the last block may be one that the node wrote and did not sync before it ended, which a power loss takes back.
    ///
    /// # Errors
    /// As [`super::BlockLog::open`].
    pub fn open(
        disk: Arc<dyn Disk>,
        directory: &Path,
        options: BlockLogOptions,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<(Self, Option<TornTail>), StorageError> {
        let scanned = open::scan(&*disk, directory, &options, progress)?;
        let torn = scanned.torn.clone();
        let reader = Self::new(disk, options.chain, scanned.segments, scanned.last);
        Ok((reader, torn))
    }

    pub(super) fn new(
        disk: Arc<dyn Disk>,
        chain: ChainId,
        segments: Vec<Segment>,
        last: Height,
    ) -> Self {
        let state = RwLock::new(State {
            segments,
            last,
            failures: FailStop::default(),
        });
        Self {
            shared: Arc::new(Shared { disk, chain, state }),
        }
    }

    /// The last height that is stored and synced; genesis when there is none.
    #[must_use]
    pub fn last(&self) -> Height {
        self.view().last
    }

    /// The body of the frame at a height. Its checksum is verified on every read.
    ///
    /// # Errors
    /// `NotStored` above the last synced height and for genesis; `Damaged` when the stored bytes do not check; `Io`;
    /// `Failed` after a failed write or sync.
    pub fn read(&self, height: Height) -> Result<Vec<u8>, StorageError> {
        let Place { path, file, offset } = self.place(height)?;
        let file = match file {
            Some(file) => file,
            None => Arc::from(
                self.shared
                    .disk
                    .open(&path, OpenMode::Read)
                    .context("open", &path)?,
            ),
        };
        let mut header = [0; FRAME_HEADER_BYTES];
        read_synced(&*file, &path, offset, height, &mut header)?;
        let damaged = |what| StorageError::damaged(&path, offset, Some(height), what);
        let header = read_frame_header(&self.shared.chain, offset, &header)
            .ok_or_else(|| damaged(Damage::FrameHeader))?;
        if header.number != height.get() {
            return Err(damaged(Damage::FrameNumber {
                found: header.number,
                expected: height.get(),
            }));
        }
        let bytes = u64::from(header.body_bytes);
        if header.body_bytes > KIND.body_bytes_max {
            return Err(damaged(Damage::FrameLength { bytes }));
        }
        let mut body = vec![0; as_usize(bytes)];
        let start = offset.saturating_add(as_u64(FRAME_HEADER_BYTES));
        read_synced(&*file, &path, start, height, &mut body)?;
        if header.body_matches(&body) {
            Ok(body)
        } else {
            Err(damaged(Damage::FrameBody))
        }
    }

    fn place(&self, height: Height) -> Result<Place, StorageError> {
        let state = self.view();
        let not_stored = StorageError::NotStored {
            height,
            last: state.last,
        };
        let after = state
            .segments
            .partition_point(|segment| segment.first <= height);
        let Some(segment) = after.checked_sub(1).and_then(|at| state.segments.get(at)) else {
            return Err(not_stored);
        };
        state.failures.check(&segment.path)?;
        let index = height.get().saturating_sub(segment.first.get());
        usize::try_from(index)
            .ok()
            .and_then(|index| segment.offsets.get(index))
            .map(|offset| Place {
                path: segment.path.clone(),
                file: segment.file.clone(),
                offset: u64::from(*offset),
            })
            .ok_or(not_stored)
    }

    pub(super) fn disk_and_chain(&self) -> (Arc<dyn Disk>, ChainId) {
        (Arc::clone(&self.shared.disk), self.shared.chain)
    }

    pub(super) fn check(&self, path: &Path) -> Result<(), StorageError> {
        self.view().failures.check(path)
    }

    pub(super) fn watch<T>(&self, result: Result<T, StorageError>) -> Result<T, StorageError> {
        if result.is_ok() {
            return result;
        }
        self.change().failures.watch(result)
    }

    /// Adds a new, empty segment; the one before it is complete.
    pub(super) fn push_segment(&self, segment: Segment) {
        let mut state = self.change();
        if let Some(complete) = state.segments.last_mut() {
            complete.file = None;
        }
        state.segments.push(segment);
    }

    /// Makes a synced frame readable.
    pub(super) fn publish(&self, height: Height, offset: u64, end: u64) {
        let mut state = self.change();
        state.last = height;
        let segment = state
            .segments
            .last_mut()
            .expect("a log that is written to has a segment");
        segment.offsets.push(segment_offset(offset));
        segment.bytes = end;
    }

    fn view(&self) -> RwLockReadGuard<'_, State> {
        self.shared
            .state
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self) -> RwLockWriteGuard<'_, State> {
        self.shared
            .state
            .write()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place in a segment.
pub(super) fn segment_offset(offset: u64) -> u32 {
    u32::try_from(offset).expect("a frame begins below the size at which a segment is full")
}

/// Reads bytes that are known to be synced, so that an early end of the file is damage.
fn read_synced(
    file: &dyn DiskFile,
    path: &Path,
    offset: u64,
    height: Height,
    buffer: &mut [u8],
) -> Result<(), StorageError> {
    match file.read_at(offset, buffer) {
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Err(
            StorageError::damaged(path, offset, Some(height), Damage::CutShort),
        ),
        outcome => outcome.context("read", path),
    }
}
