//! Opening the consensus log: which file is current, what was torn, and what is damage.
//!
//! The newest file is current when its creation was complete (its header and first group check). If it was not, and an
//! older file is there, and nothing follows where the first group should be, its creation was cut short: it is removed and
//! the older file is current. Older files than the current one were to be removed when the power went.
//!
//! Entries are given back, and older files removed, only after the current file is durable, since its last group may have
//! been written and never synced.

use super::{
    ConsensusLog, ConsensusLogFloor, ENTRY_BYTES_MAX, KIND, NEW_FILE_BYTES, RECORD_BASE,
    RECORD_ENTRY, RECORD_HEADER_BYTES, ROTATE_BYTES, empty_group,
};
use crate::disk::{Disk, DiskFile, OpenMode};
use crate::error::{Damage, FailStop, IoContext, StorageError, TornTail};
use crate::frame::{self, FILE_HEADER_BYTES, Found, FrameScan, array_at, as_u64, u32_at};
use crate::settle::{FileAsRead, LastFrame};
use karwan_consensus::LogEntry;
use karwan_types::{ChainId, Height, decode};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What the groups of the current file say.
struct Content {
    end: u64,
    sequence: u64,
    witness: u64,
    base: Height,
    highest: Height,
    height_bytes: u64,
    entries: Vec<LogEntry>,
    last_group: Option<LastFrame>,
    torn: Option<TornTail>,
}

/// The file that is written to, and one whose creation was cut short.
struct Current {
    number: u64,
    path: PathBuf,
    file: Box<dyn DiskFile>,
    unborn: Option<TornTail>,
}

pub(super) fn open(
    disk: Arc<dyn Disk>,
    directory: &Path,
    chain: ChainId,
    floor: ConsensusLogFloor,
) -> Result<(ConsensusLog, Option<TornTail>), StorageError> {
    let mut files = list(&*disk, directory).map_err(|error| missing_directory(error, directory))?;
    let Current {
        number,
        path,
        file,
        unborn,
    } = take_current(&*disk, directory, &chain, &mut files)?;
    let content = read_content(&*file, &path, &chain, floor)?;
    let as_read = FileAsRead {
        path: &path,
        kind: KIND,
        chain: &chain,
        number,
        last: content.last_group.as_ref(),
        end: content.end,
    };
    as_read.settle(&*file)?;
    disk.sync_directory(directory)
        .context("sync directory", directory)?;
    // Only now that the current file is known to be sound, and durable with its name, superseded ones may go.
    let superseded = files.iter().map(|(_, old)| old);
    for old in superseded.chain(unborn.iter().map(|torn| &torn.file)) {
        disk.remove(old).context("remove", old)?;
    }
    if unborn.is_some() || !files.is_empty() {
        disk.sync_directory(directory)
            .context("sync directory", directory)?;
    }
    let torn = content.torn.or(unborn);
    let log = ConsensusLog {
        disk,
        directory: directory.to_path_buf(),
        chain,
        rotate_bytes: ROTATE_BYTES,
        file,
        path,
        number,
        end: content.end,
        sequence: content.sequence,
        witness: content.witness,
        base: content.base,
        highest: content.highest,
        height_bytes: content.height_bytes,
        buffer: empty_group(),
        recovered: content.entries,
        failures: FailStop::default(),
    };
    Ok((log, torn))
}

/// Takes the current file, and one that was cut short, out of the list; what stays in it is superseded.
fn take_current(
    disk: &dyn Disk,
    directory: &Path,
    chain: &ChainId,
    files: &mut Vec<(u64, PathBuf)>,
) -> Result<Current, StorageError> {
    let Some((number, path)) = files.pop() else {
        return Err(StorageError::MissingConsensusLog {
            directory: directory.to_path_buf(),
        });
    };
    let file = open_file(disk, &path)?;
    if creation_complete(&*file, chain, number, &path)? {
        return Ok(Current {
            number,
            path,
            file,
            unborn: None,
        });
    }
    let bytes = file.len().context("measure", &path)?;
    let Some((older_number, older)) = files.pop().filter(|_| bytes <= as_u64(NEW_FILE_BYTES))
    else {
        return Err(StorageError::damaged(&path, 0, None, Damage::FileHeader));
    };
    let unborn = TornTail {
        file: path,
        offset: 0,
        bytes,
        number,
    };
    let file = open_file(disk, &older)?;
    if !creation_complete(&*file, chain, older_number, &older)? {
        return Err(StorageError::damaged(&older, 0, None, Damage::FileHeader));
    }
    Ok(Current {
        number: older_number,
        path: older,
        file,
        unborn: Some(unborn),
    })
}

/// The files of the log, oldest first.
pub(super) fn list(disk: &dyn Disk, directory: &Path) -> Result<Vec<(u64, PathBuf)>, StorageError> {
    let mut files: Vec<(u64, PathBuf)> = disk
        .list(directory)
        .context("list", directory)?
        .into_iter()
        .filter_map(|name| {
            let number = name.strip_prefix("consensus-")?.strip_suffix(".log")?;
            Some((number.parse().ok()?, directory.join(&name)))
        })
        .collect();
    files.sort();
    Ok(files)
}

/// Whether a file is a first file that never held an entry: complete with base genesis, or cut short while it was created.
pub(super) fn is_unused(
    disk: &dyn Disk,
    chain: &ChainId,
    path: &Path,
) -> Result<bool, StorageError> {
    let file = disk.open(path, OpenMode::Read).context("open", path)?;
    let bytes = file.len().context("measure", path)?;
    let first = super::FIRST_FILE.bytes(chain);
    if bytes > as_u64(first.len()) {
        return Ok(false);
    }
    let mut found = vec![0; usize::try_from(bytes).unwrap_or(0)];
    file.read_at(0, &mut found).context("read", path)?;
    // A write that was cut short leaves some of the bytes, and zeros for the others.
    Ok(found
        .iter()
        .zip(&first)
        .all(|(found, wanted)| found == wanted || *found == 0))
}

/// A signer's directory that is not there holds no log.
fn missing_directory(error: StorageError, directory: &Path) -> StorageError {
    let is_missing = matches!(
        &error,
        StorageError::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound
    );
    if is_missing {
        StorageError::MissingConsensusLog {
            directory: directory.to_path_buf(),
        }
    } else {
        error
    }
}

fn open_file(disk: &dyn Disk, path: &Path) -> Result<Box<dyn DiskFile>, StorageError> {
    disk.open(path, OpenMode::Write).context("open", path)
}

/// Whether the header and the first group are there.
fn creation_complete(
    file: &dyn DiskFile,
    chain: &ChainId,
    number: u64,
    path: &Path,
) -> Result<bool, StorageError> {
    if file.len().context("measure", path)? < as_u64(NEW_FILE_BYTES) {
        return Ok(false);
    }
    let mut bytes = [0; NEW_FILE_BYTES];
    file.read_at(0, &mut bytes).context("read", path)?;
    let header = array_at(&bytes, 0);
    let group = &bytes[FILE_HEADER_BYTES..];
    let offset = as_u64(FILE_HEADER_BYTES);
    let body = &group[frame::FRAME_HEADER_BYTES..];
    Ok(
        frame::check_file_header(KIND, chain, number, path, &header)?
            && frame::read_frame_header(chain, offset, group).is_some_and(|header| {
                header.frame_bytes() == as_u64(group.len()) && header.body_matches(body)
            }),
    )
}

fn read_content(
    file: &dyn DiskFile,
    path: &Path,
    chain: &ChainId,
    floor: ConsensusLogFloor,
) -> Result<Content, StorageError> {
    let scan = FrameScan {
        file,
        path,
        kind: KIND,
        chain,
        length: file.len().context("measure", path)?,
    };
    let mut content = Content {
        end: as_u64(FILE_HEADER_BYTES),
        sequence: 0,
        witness: 0,
        base: Height::GENESIS,
        highest: Height::GENESIS,
        height_bytes: 0,
        entries: Vec::new(),
        last_group: None,
        torn: None,
    };
    let mut expected = None;
    let mut body = Vec::new();
    loop {
        let offset = content.end;
        match scan.at(offset, expected, &mut body)? {
            Found::End => break,
            Found::Frame(header) => {
                content
                    .take_group(&body)
                    .ok_or_else(|| StorageError::damaged(path, offset, None, Damage::Content))?;
                LastFrame::replace(&mut content.last_group, offset, header, &mut body);
                content.end = offset.saturating_add(header.frame_bytes());
                content.sequence = header.number;
                content.witness = header.witness;
                expected = Some(header.number.saturating_add(1));
            }
            Found::Tail(what) => {
                let number = expected.unwrap_or(0);
                // The watermark was stored when this group was durable: it cannot be torn.
                if number <= floor.sequence {
                    return Err(StorageError::damaged(path, offset, None, what));
                }
                content.torn = Some(TornTail {
                    file: path.to_path_buf(),
                    offset,
                    bytes: scan.length.saturating_sub(offset),
                    number,
                });
                break;
            }
        }
    }
    if content.sequence < floor.sequence {
        let what = Damage::Missing {
            last: content.sequence,
            synced: floor.sequence,
        };
        return Err(StorageError::damaged(path, content.end, None, what));
    }
    Ok(content)
}

impl Content {
    /// Applies the records of a group; none when they are not in the format.
    fn take_group(&mut self, mut group: &[u8]) -> Option<()> {
        while !group.is_empty() {
            let (header, rest) = group.split_at_checked(RECORD_HEADER_BYTES)?;
            let height = Height::new(u64::from_le_bytes(array_at(header, 1)));
            let length = usize::try_from(u32_at(header, 9)).ok()?;
            let (bytes, rest) = rest.split_at_checked(length)?;
            group = rest;
            match header[0] {
                RECORD_BASE => self.take_base(height),
                RECORD_ENTRY => {
                    let entry: LogEntry = decode(bytes, ENTRY_BYTES_MAX).ok()?;
                    if entry.height() != height {
                        return None;
                    }
                    self.take_entry(entry, bytes.len());
                }
                _ => return None,
            }
        }
        Some(())
    }

    fn take_base(&mut self, height: Height) {
        self.base = height;
        self.height_bytes = 0;
        self.entries.retain(|entry| entry.height() > height);
    }

    fn take_entry(&mut self, entry: LogEntry, bytes: usize) {
        let record_bytes = RECORD_HEADER_BYTES.saturating_add(bytes);
        self.height_bytes = self.height_bytes.saturating_add(as_u64(record_bytes));
        self.highest = self.highest.max(entry.height());
        if entry.height() > self.base {
            self.entries.push(entry);
        }
    }
}
