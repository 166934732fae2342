//! Opening the block log: every frame is read and checked, the end is judged, and what was found is made durable before
//! anybody is told about it.
//!
//! A bad frame is a torn tail only if all of this holds: it is in the last file, nothing sound follows it, it fits one
//! frame, and its height is above what the caller knows to be synced. Everything else is damage and is refused. A last file
//! that is no longer than its header, and whose header does not check, is a file whose creation was cut short.

use super::reader::{Segment, segment_offset};
use super::{BlockLogOptions, KIND, Progress, segment_name};
use crate::disk::{Disk, DiskFile, OpenMode};
use crate::error::{Damage, IoContext, StorageError, TornTail};
use crate::frame::{self, FILE_HEADER_BYTES, Found, FrameScan, as_u64};
use crate::settle::{FileAsRead, LastFrame};
use karwan_types::{ChainId, Height};
use std::path::{Path, PathBuf};

/// A log as it was found.
pub(super) struct Scanned {
    pub(super) segments: Vec<Segment>,
    /// The last sound height.
    pub(super) last: Height,
    pub(super) torn: Option<TornTail>,
    /// The last sound frame of the last segment.
    last_frame: Option<LastFrame>,
    /// A file whose creation was cut short.
    unborn: Option<PathBuf>,
}

/// A file of the log before it is read.
struct Listed {
    first: Height,
    path: PathBuf,
    bytes: u64,
}

impl Scanned {
    /// Cuts the torn tail, removes the unborn file, and makes durable everything that is left. The files before the last
    /// one are durable: a block is synced before the next one is appended, and so before a file is begun for it.
    pub(super) fn settle(
        &self,
        disk: &dyn Disk,
        directory: &Path,
        chain: &ChainId,
    ) -> Result<(), StorageError> {
        if let Some(path) = &self.unborn {
            disk.remove(path).context("remove", path)?;
        }
        if let Some(segment) = self.segments.last() {
            let path = &segment.path;
            let file = disk.open(path, OpenMode::Write).context("open", path)?;
            let as_read = FileAsRead {
                path,
                kind: KIND,
                chain,
                number: segment.first.get(),
                last: self.last_frame.as_ref(),
                end: segment.bytes,
            };
            as_read.settle(&*file)?;
        }
        disk.sync_directory(directory)
            .context("sync directory", directory)
    }

    /// The log ends before a height that was synced.
    fn missing(&self, directory: &Path, synced: Height) -> StorageError {
        let first_file = || (directory.join(segment_name(Height::GENESIS.next())), 0);
        let (file, offset) = self
            .segments
            .last()
            .map_or_else(first_file, |segment| (segment.path.clone(), segment.bytes));
        let what = Damage::Missing {
            last: self.last.get(),
            synced: synced.get(),
        };
        StorageError::damaged(&file, offset, Some(self.last.next()), what)
    }
}

/// Reads the whole log and changes nothing.
pub(super) fn scan(
    disk: &dyn Disk,
    directory: &Path,
    options: &BlockLogOptions,
    progress: &mut dyn FnMut(Progress),
) -> Result<Scanned, StorageError> {
    let listed = list(disk, directory)?;
    let mut scanner = Scanner {
        disk,
        options,
        report: Progress {
            done_bytes: 0,
            total_bytes: listed.iter().map(|file| file.bytes).sum(),
            height: Height::GENESIS,
        },
        progress,
        scanned: Scanned {
            segments: Vec::with_capacity(listed.len()),
            last: Height::GENESIS,
            torn: None,
            last_frame: None,
            unborn: None,
        },
    };
    let files = listed.len();
    for (index, file) in listed.into_iter().enumerate() {
        scanner.follows(directory, &file)?;
        let is_last = index.saturating_add(1) == files;
        scanner.scan_file(file, is_last)?;
    }
    let scanned = scanner.scanned;
    match options.synced_through {
        Some(synced) if scanned.last < synced => Err(scanned.missing(directory, synced)),
        Some(_) | None => Ok(scanned),
    }
}

fn list(disk: &dyn Disk, directory: &Path) -> Result<Vec<Listed>, StorageError> {
    let mut listed = Vec::new();
    for name in disk.list(directory).context("list", directory)? {
        let Some(first) = name
            .strip_prefix("blocks-")
            .and_then(|rest| rest.strip_suffix(".log"))
            .and_then(|number| number.parse().ok())
        else {
            continue;
        };
        let path = directory.join(&name);
        let file = disk.open(&path, OpenMode::Read).context("open", &path)?;
        let bytes = file.len().context("measure", &path)?;
        listed.push(Listed {
            first: Height::new(first),
            path,
            bytes,
        });
    }
    listed.sort_by_key(|file| file.first);
    Ok(listed)
}

struct Scanner<'a> {
    disk: &'a dyn Disk,
    options: &'a BlockLogOptions,
    report: Progress,
    progress: &'a mut dyn FnMut(Progress),
    scanned: Scanned,
}

impl Scanner<'_> {
    /// A file begins where the one before it ended.
    fn follows(&self, directory: &Path, file: &Listed) -> Result<(), StorageError> {
        let expected = self.scanned.last.next();
        if file.first == expected {
            Ok(())
        } else if file.first > expected {
            let before = Height::new(file.first.get().saturating_sub(1));
            Err(self.scanned.missing(directory, before))
        } else {
            let what = Damage::FrameNumber {
                found: file.first.get(),
                expected: expected.get(),
            };
            Err(StorageError::damaged(&file.path, 0, Some(file.first), what))
        }
    }

    fn scan_file(&mut self, listed: Listed, is_last: bool) -> Result<(), StorageError> {
        let Listed { first, path, bytes } = listed;
        let file = self
            .disk
            .open(&path, OpenMode::Read)
            .context("open", &path)?;
        // A frame can be torn only above what is known to be synced, and only in the last file.
        let synced_through = self.options.synced_through;
        let can_be_torn = |height| is_last && synced_through.is_none_or(|synced| synced < height);
        let torn = |offset: u64, height: Height| TornTail {
            file: path.clone(),
            offset,
            bytes: bytes.saturating_sub(offset),
            number: height.get(),
        };
        if !sound_file_header(&*file, self.options, &path, bytes, first)? {
            if bytes > as_u64(FILE_HEADER_BYTES) || !can_be_torn(first) {
                return Err(StorageError::damaged(
                    &path,
                    0,
                    Some(first),
                    Damage::FileHeader,
                ));
            }
            self.scanned.torn = Some(torn(0, first));
            self.scanned.unborn = Some(path);
            return Ok(());
        }
        let scan = FrameScan {
            file: &*file,
            path: &path,
            kind: KIND,
            chain: &self.options.chain,
            length: bytes,
        };
        let mut offset = as_u64(FILE_HEADER_BYTES);
        let mut offsets = Vec::new();
        let mut body = Vec::new();
        let mut last_frame = None;
        loop {
            let height = self.scanned.last.next();
            match scan.at(offset, Some(height.get()), &mut body)? {
                Found::End => break,
                Found::Frame(header) => {
                    offsets.push(segment_offset(offset));
                    LastFrame::replace(&mut last_frame, offset, header, &mut body);
                    offset = offset.saturating_add(header.frame_bytes());
                    self.scanned.last = height;
                    self.report(header.frame_bytes());
                }
                Found::Tail(what) => {
                    if !can_be_torn(height) {
                        return Err(StorageError::damaged(&path, offset, Some(height), what));
                    }
                    self.scanned.torn = Some(torn(offset, height));
                    break;
                }
            }
        }
        self.scanned.last_frame = last_frame;
        self.scanned.segments.push(Segment {
            first,
            path,
            offsets,
            bytes: offset,
            file: None,
        });
        Ok(())
    }

    fn report(&mut self, bytes: u64) {
        self.report.done_bytes = self.report.done_bytes.saturating_add(bytes);
        self.report.height = self.scanned.last;
        (self.progress)(self.report);
    }
}

fn sound_file_header(
    file: &dyn DiskFile,
    options: &BlockLogOptions,
    path: &Path,
    bytes: u64,
    first: Height,
) -> Result<bool, StorageError> {
    if bytes < as_u64(FILE_HEADER_BYTES) {
        return Ok(false);
    }
    let mut header = [0; FILE_HEADER_BYTES];
    file.read_at(0, &mut header).context("read", path)?;
    frame::check_file_header(KIND, &options.chain, first.get(), path, &header)
}
