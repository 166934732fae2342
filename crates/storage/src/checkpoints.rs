//! Checkpoints: the whole state at a height, so that a start replays only the tail of the block log.
//!
//! ```text
//! magic 8 | version u32 | chain id 32 | height u64 | block hash 32 | state length u64 | crc32 of the state
//! | crc32 of the foregoing | state
//! ```
//! A checkpoint is written under a temporary name, synced, renamed, and its directory synced; so a file with a final name
//! is complete, or damaged, but never half-written. The last two are kept: a damaged one is skipped and reported, and the
//! one before it, or the log alone, serves. The state is opaque here; whether it has the root that its certified header
//! names is checked by the caller.

use crate::disk::{Disk, OpenMode};
use crate::error::{Damage, IoContext, StorageError};
use crate::frame::{array_at, as_u64, u32_at, u64_at};
use karwan_types::{ChainId, Hash, Height};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How many checkpoints are kept.
pub const CHECKPOINTS_KEPT: usize = 2;
/// The largest state that is stored or read, in bytes.
pub const CHECKPOINT_BYTES_MAX: u64 = 16 << 30;

const MAGIC: [u8; 8] = *b"KARWANCP";
const VERSION: u32 = 1;
const HEADER_BYTES: usize = 8 + 4 + 32 + 8 + 32 + 8 + 4 + 4;
/// A state is written in parts of this size.
const PART_BYTES: usize = 8 << 20;
const TEMPORARY_SUFFIX: &str = ".new";

/// A checkpoint that was read and checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The last block that the state includes.
    pub height: Height,
    /// The hash of that block.
    pub block_hash: Hash,
    /// The encoded state.
    pub state: Vec<u8>,
}

/// The checkpoint files of one node. One thread writes; reading is free.
#[derive(Clone)]
pub struct Checkpoints {
    disk: Arc<dyn Disk>,
    directory: PathBuf,
    chain: ChainId,
}

impl Checkpoints {
    /// The checkpoints in a directory, which is created if needed. What an interrupted write left is removed.
    ///
    /// # Errors
    /// `Io`.
    pub fn open(
        disk: Arc<dyn Disk>,
        directory: &Path,
        chain: ChainId,
    ) -> Result<Self, StorageError> {
        disk.create_dir_all(directory)
            .context("create directory", directory)?;
        for name in disk.list(directory).context("list", directory)? {
            if name.starts_with("checkpoint-") && name.ends_with(TEMPORARY_SUFFIX) {
                let path = directory.join(name);
                disk.remove(&path).context("remove", &path)?;
            }
        }
        Ok(Self {
            disk,
            directory: directory.to_path_buf(),
            chain,
        })
    }

    /// Stores the state after a block, durably, then removes all but the newest [`CHECKPOINTS_KEPT`].
    ///
    /// # Errors
    /// `TooLarge`; `Io`: the earlier checkpoints are as they were.
    pub fn write(
        &self,
        height: Height,
        block_hash: Hash,
        state: &[u8],
    ) -> Result<(), StorageError> {
        let bytes = as_u64(state.len());
        if bytes > CHECKPOINT_BYTES_MAX {
            return Err(StorageError::TooLarge {
                what: "a checkpoint",
                bytes,
                bytes_max: CHECKPOINT_BYTES_MAX,
            });
        }
        let path = self.path(height);
        let new = self
            .directory
            .join(format!("{}{TEMPORARY_SUFFIX}", file_name(height)));
        if self.disk.exists(&new).context("look for", &new)? {
            self.disk.remove(&new).context("remove", &new)?;
        }
        let file = self
            .disk
            .open(&new, OpenMode::CreateNew)
            .context("create", &new)?;
        let header = self.header(height, block_hash, state);
        file.write_at(0, &header).context("write", &new)?;
        let mut offset = as_u64(HEADER_BYTES);
        for part in state.chunks(PART_BYTES) {
            file.write_at(offset, part).context("write", &new)?;
            offset = offset.saturating_add(as_u64(part.len()));
        }
        file.sync().context("sync", &new)?;
        self.disk.rename(&new, &path).context("rename", &new)?;
        // The new name is durable before an old file is removed, so that there is always a complete checkpoint.
        self.disk
            .sync_directory(&self.directory)
            .context("sync directory", &self.directory)?;
        self.prune(height)
    }

    /// Keeps the checkpoint just written and the newest of the others.
    fn prune(&self, written: Height) -> Result<(), StorageError> {
        let mut others = self.heights()?;
        others.retain(|height| *height != written);
        for height in others.into_iter().skip(CHECKPOINTS_KEPT - 1) {
            let path = self.path(height);
            self.disk.remove(&path).context("remove", &path)?;
        }
        Ok(())
    }

    /// The heights of the stored checkpoints, newest first. Says nothing about their soundness.
    ///
    /// # Errors
    /// `Io`.
    pub fn heights(&self) -> Result<Vec<Height>, StorageError> {
        let names = self
            .disk
            .list(&self.directory)
            .context("list", &self.directory)?;
        let mut heights: Vec<Height> = names
            .iter()
            .filter_map(|name| {
                let number = name.strip_prefix("checkpoint-")?.strip_suffix(".state")?;
                number.parse().ok().map(Height::new)
            })
            .filter(|height| names.contains(&file_name(*height)))
            .collect();
        heights.sort_unstable_by(|left, right| right.cmp(left));
        Ok(heights)
    }

    /// Reads and checks one checkpoint.
    ///
    /// # Errors
    /// `Damaged`, `OtherChain`, `OtherVersion`, `Io`.
    pub fn read(&self, height: Height) -> Result<Checkpoint, StorageError> {
        let path = self.path(height);
        let damaged = |offset, what| StorageError::damaged(&path, offset, Some(height), what);
        let file = self
            .disk
            .open(&path, OpenMode::Read)
            .context("open", &path)?;
        let length = file.len().context("measure", &path)?;
        if length < as_u64(HEADER_BYTES) {
            return Err(damaged(0, Damage::CutShort));
        }
        let mut header = [0; HEADER_BYTES];
        file.read_at(0, &mut header).context("read", &path)?;
        let header = Header::check(&header).ok_or_else(|| damaged(0, Damage::FileHeader))?;
        header.belongs(&path, &self.chain, height)?;
        // The claimed length is compared with the real one before anything is allocated.
        if length.checked_sub(as_u64(HEADER_BYTES)) != Some(header.state_bytes) {
            return Err(damaged(length, Damage::CutShort));
        }
        let bytes = usize::try_from(header.state_bytes)
            .ok()
            .filter(|_| header.state_bytes <= CHECKPOINT_BYTES_MAX)
            .ok_or_else(|| {
                damaged(
                    0,
                    Damage::FrameLength {
                        bytes: header.state_bytes,
                    },
                )
            })?;
        let mut state = vec![0; bytes];
        file.read_at(as_u64(HEADER_BYTES), &mut state)
            .context("read", &path)?;
        if crc32fast::hash(&state) != header.state_crc {
            return Err(damaged(as_u64(HEADER_BYTES), Damage::FrameBody));
        }
        Ok(Checkpoint {
            height,
            block_hash: header.block_hash,
            state,
        })
    }

    /// Every checkpoint from the newest to the oldest, read when it is asked for: a damaged one is an `Err`, and the next
    /// one may still serve. For a caller that judges the state too.
    ///
    /// # Errors
    /// `Io` when the directory cannot be listed.
    pub fn newest_first(&self) -> Result<NewestFirst<'_>, StorageError> {
        Ok(NewestFirst {
            checkpoints: self,
            heights: self.heights()?.into_iter(),
        })
    }

    fn path(&self, height: Height) -> PathBuf {
        self.directory.join(file_name(height))
    }

    fn header(&self, height: Height, block_hash: Hash, state: &[u8]) -> Vec<u8> {
        let mut header = Vec::with_capacity(HEADER_BYTES);
        header.extend(MAGIC);
        header.extend(VERSION.to_le_bytes());
        header.extend(self.chain.0.as_bytes());
        header.extend(height.get().to_le_bytes());
        header.extend(block_hash.as_bytes());
        header.extend(as_u64(state.len()).to_le_bytes());
        header.extend(crc32fast::hash(state).to_le_bytes());
        header.extend(crc32fast::hash(&header).to_le_bytes());
        header
    }
}

/// Checkpoints from the newest to the oldest; see [`Checkpoints::newest_first`].
pub struct NewestFirst<'a> {
    checkpoints: &'a Checkpoints,
    heights: std::vec::IntoIter<Height>,
}

impl Iterator for NewestFirst<'_> {
    type Item = Result<Checkpoint, StorageError>;

    fn next(&mut self) -> Option<Self::Item> {
        let height = self.heights.next()?;
        Some(self.checkpoints.read(height))
    }
}

struct Header {
    version: u32,
    chain: ChainId,
    height: u64,
    block_hash: Hash,
    state_bytes: u64,
    state_crc: u32,
}

impl Header {
    fn check(bytes: &[u8; HEADER_BYTES]) -> Option<Self> {
        let (content, crc) = bytes.split_at(HEADER_BYTES - 4);
        let sound = content[..8] == MAGIC && crc32fast::hash(content).to_le_bytes() == crc;
        sound.then(|| Self {
            version: u32_at(content, 8),
            chain: ChainId(Hash::from_bytes(array_at(content, 12))),
            height: u64_at(content, 44),
            block_hash: Hash::from_bytes(array_at(content, 52)),
            state_bytes: u64_at(content, 84),
            state_crc: u32_at(content, 92),
        })
    }

    fn belongs(&self, path: &Path, chain: &ChainId, height: Height) -> Result<(), StorageError> {
        if self.version != VERSION {
            return Err(StorageError::OtherVersion {
                file: path.to_path_buf(),
                found: self.version,
                expected: VERSION,
            });
        }
        if self.chain != *chain {
            return Err(StorageError::OtherChain {
                file: path.to_path_buf(),
                found: self.chain,
                expected: *chain,
            });
        }
        if self.height != height.get() {
            let what = Damage::FileNumber { found: self.height };
            return Err(StorageError::damaged(path, 0, Some(height), what));
        }
        Ok(())
    }
}

fn file_name(height: Height) -> String {
    format!("checkpoint-{:012}.state", height.get())
}

#[cfg(test)]
mod tests;
