//! The watermark file: what this key signed last, in two slots that are written in turn.
//!
//! ```text
//! slot, at byte 0 and at byte 4096:
//! magic 8 | version u32 | chain id 32 | public key 32 | count u64 | log sequence u64 | watermark (codec, 48) | crc32
//! ```
//! What holds: a stored watermark is durable before [`WatermarkFile::store`] returns, and one that was found before
//! [`WatermarkFile::open`] does. A crash during a store leaves the one before it, because a store writes the older slot
//! only. A slot that does not check is either that half-written store,
//! which no signature followed, or damage to the newest one; which of the two is decided by the consensus log, whose groups
//! carry the count of the watermark they were written under.

use crate::disk::{Disk, DiskFile, OpenMode};
use crate::error::{Damage, IoContext, StorageError};
use crate::frame::{array_at, as_u64, u32_at, u64_at};
use karwan_consensus::{Step, Watermark};
use karwan_types::{ChainId, Hash, Height, PublicKey, Round, decode, encode};
use std::io;
use std::path::{Path, PathBuf};

/// Slots lie in different pages and sectors, so that writing one never touches the other.
const SLOT_OFFSETS: [u64; 2] = [0, 4096];
const WATERMARK_BYTES: usize = 48;
const SLOT_BYTES: usize = 8 + 4 + 32 + 32 + 8 + 8 + WATERMARK_BYTES + 4;
const MAGIC: [u8; 8] = *b"KARWANWM";
const VERSION: u32 = 1;
const FILE_NAME: &str = "watermark";
const NEW_FILE_NAME: &str = "watermark.new";

/// Whose watermark it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(crate) chain: ChainId,
    pub(crate) key: PublicKey,
}

/// What a slot holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    /// How often a watermark was stored, from 1.
    pub(crate) count: u64,
    /// The last durable group of the consensus log at that time.
    pub(crate) log_sequence: u64,
    pub(crate) watermark: Watermark,
}

/// An open watermark file.
pub(crate) struct WatermarkFile {
    file: Box<dyn DiskFile>,
    path: PathBuf,
    owner: Owner,
    stored: Stored,
    /// The slot that holds `stored`.
    slot: usize,
}

/// The watermark of a key that signs nothing at or below a height.
pub(crate) fn nothing_through(height: Height) -> Watermark {
    Watermark {
        height,
        round: Round::new(u32::MAX),
        step: Step::Precommit,
        hash: Hash::ZERO,
    }
}

impl WatermarkFile {
    /// Whether the directory has a watermark.
    pub(crate) fn exists(disk: &dyn Disk, directory: &Path) -> Result<bool, StorageError> {
        let path = directory.join(FILE_NAME);
        disk.exists(&path).context("look for", &path)
    }

    /// Where the watermark of a signer lies.
    pub(crate) fn path(directory: &Path) -> PathBuf {
        directory.join(FILE_NAME)
    }

    /// Creates the file, durably, under a name that appears only when the content is complete.
    pub(crate) fn create_new(
        disk: &dyn Disk,
        directory: &Path,
        owner: Owner,
        watermark: Watermark,
        log_sequence: u64,
    ) -> Result<(), StorageError> {
        let path = directory.join(FILE_NAME);
        if disk.exists(&path).context("look for", &path)? {
            return Err(StorageError::SignerExists { file: path });
        }
        let new = directory.join(NEW_FILE_NAME);
        if disk.exists(&new).context("look for", &new)? {
            disk.remove(&new).context("remove", &new)?;
        }
        let file = disk
            .open(&new, OpenMode::CreateNew)
            .context("create", &new)?;
        for (count, offset) in [1, 2].into_iter().zip(SLOT_OFFSETS) {
            let stored = Stored {
                count,
                log_sequence,
                watermark,
            };
            file.write_at(offset, &slot_bytes(&owner, &stored))
                .context("write", &new)?;
        }
        file.sync().context("sync", &new)?;
        disk.rename(&new, &path).context("rename", &new)?;
        disk.sync_directory(directory)
            .context("sync directory", directory)
    }

    /// Opens the file, takes the newer sound slot and makes it durable.
    pub(crate) fn open(
        disk: &dyn Disk,
        directory: &Path,
        owner: Owner,
    ) -> Result<Self, StorageError> {
        let path = directory.join(FILE_NAME);
        let file = match disk.open(&path, OpenMode::Write) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(StorageError::MissingWatermark { file: path });
            }
            outcome => outcome.context("open", &path)?,
        };
        let slots = [
            read_slot(&*file, &path, SLOT_OFFSETS[0], &owner)?,
            read_slot(&*file, &path, SLOT_OFFSETS[1], &owner)?,
        ];
        let (slot, stored) = match slots {
            [Some(first), Some(second)] => {
                let (slot, newer, older) = if second.count > first.count {
                    (1, second, first)
                } else {
                    (0, first, second)
                };
                if older.count.checked_add(1) != Some(newer.count) {
                    return Err(StorageError::damaged(&path, 0, None, Damage::SlotOrder));
                }
                (slot, newer)
            }
            [Some(only), None] => (0, only),
            [None, Some(only)] => (1, only),
            [None, None] => return Err(StorageError::damaged(&path, 0, None, Damage::BothSlots)),
        };
        let opened = Self {
            file,
            path,
            owner,
            stored,
            slot,
        };
        opened.settle(disk, directory)?;
        Ok(opened)
    }

    /// The process before may have ended between writing a slot and syncing it, or because the sync failed; see
    /// [`crate::settle`] for why the slot is written again. The other slot is older, and was durable before this one was
    /// written; it is not touched, so that it stays what a store leaves to fall back on.
    fn settle(&self, disk: &dyn Disk, directory: &Path) -> Result<(), StorageError> {
        self.write(self.slot, &self.stored)?;
        disk.sync_directory(directory)
            .context("sync directory", directory)
    }

    pub(crate) fn stored(&self) -> Stored {
        self.stored
    }

    /// Stores a watermark durably in the older slot. After an error the file must not be used again.
    pub(crate) fn store(
        &mut self,
        watermark: Watermark,
        log_sequence: u64,
    ) -> Result<(), StorageError> {
        let next = Stored {
            count: self.stored.count.saturating_add(1),
            log_sequence,
            watermark,
        };
        let slot = 1 - self.slot;
        self.write(slot, &next)?;
        self.stored = next;
        self.slot = slot;
        Ok(())
    }

    /// Writes a slot, durably.
    fn write(&self, slot: usize, stored: &Stored) -> Result<(), StorageError> {
        self.file
            .write_at(SLOT_OFFSETS[slot], &slot_bytes(&self.owner, stored))
            .context("write", &self.path)?;
        self.file.sync().context("sync", &self.path)
    }
}

fn slot_bytes(owner: &Owner, stored: &Stored) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(SLOT_BYTES);
    bytes.extend(MAGIC);
    bytes.extend(VERSION.to_le_bytes());
    bytes.extend(owner.chain.0.as_bytes());
    bytes.extend(owner.key.as_bytes());
    bytes.extend(stored.count.to_le_bytes());
    bytes.extend(stored.log_sequence.to_le_bytes());
    bytes.extend(encode(&stored.watermark));
    bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
    assert!(
        bytes.len() == SLOT_BYTES,
        "a watermark has {WATERMARK_BYTES} bytes in the codec, as the layout of the slots says"
    );
    bytes
}

/// Reads a slot; none when it does not check.
fn read_slot(
    file: &dyn DiskFile,
    path: &Path,
    offset: u64,
    owner: &Owner,
) -> Result<Option<Stored>, StorageError> {
    let end = offset.saturating_add(as_u64(SLOT_BYTES));
    if file.len().context("measure", path)? < end {
        return Ok(None);
    }
    let mut bytes = [0; SLOT_BYTES];
    file.read_at(offset, &mut bytes).context("read", path)?;
    let (content, crc) = bytes.split_at(SLOT_BYTES - 4);
    if crc32fast::hash(content).to_le_bytes() != crc || content[..8] != MAGIC {
        return Ok(None);
    }
    let version = u32_at(content, 8);
    if version != VERSION {
        return Err(StorageError::OtherVersion {
            file: path.to_path_buf(),
            found: version,
            expected: VERSION,
        });
    }
    let chain = ChainId(Hash::from_bytes(array_at(content, 12)));
    if chain != owner.chain {
        return Err(StorageError::OtherChain {
            file: path.to_path_buf(),
            found: chain,
            expected: owner.chain,
        });
    }
    let key: [u8; 32] = array_at(content, 44);
    if key != *owner.key.as_bytes() {
        let found = PublicKey::parse(key)
            .map_err(|_| StorageError::damaged(path, offset, None, Damage::Content))?;
        return Err(StorageError::OtherKey {
            file: path.to_path_buf(),
            found,
            expected: owner.key,
        });
    }
    let watermark = decode(&content[92..], WATERMARK_BYTES)
        .map_err(|_| StorageError::damaged(path, offset, None, Damage::Content))?;
    Ok(Some(Stored {
        count: u64_at(content, 76),
        log_sequence: u64_at(content, 84),
        watermark,
    }))
}
