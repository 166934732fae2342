//! What can go wrong on a disk, and what to say to the operator about it.
//!
//! Damage is always named by file, offset and height, and is never repaired by guessing. The one thing that is repaired is
//! a torn tail: bytes that were being written when the power went, which nobody was told about.

use karwan_types::{ChainId, Height, PublicKey};
use std::io;
use std::path::{Path, PathBuf};

/// Why the disk could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The operating system refused.
    #[error("could not {attempted} {}", path.display())]
    Io {
        /// What was tried, as a verb: "read", "sync".
        attempted: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What it said.
        #[source]
        source: io::Error,
    },
    /// Stored bytes are not what was written. Nothing of the file is served and nothing is cut off.
    #[error(
        "{} is damaged at byte {offset}{}: {what}. It was left as it is; {}",
        file.display(),
        height.map_or_else(String::new, |height| format!(" (height {height})")),
        mend(file)
    )]
    Damaged {
        /// The file.
        file: PathBuf,
        /// Where in it, in bytes.
        offset: u64,
        /// The height of the block concerned, if it is known.
        height: Option<Height>,
        /// What is wrong.
        what: Damage,
    },
    /// The file belongs to another chain.
    #[error("{} belongs to chain {found}, this node runs chain {expected}", file.display())]
    OtherChain {
        /// The file.
        file: PathBuf,
        /// The chain in its header.
        found: ChainId,
        /// The chain of the node.
        expected: ChainId,
    },
    /// The file was written by another version of the format.
    #[error("{} has format version {found}, this program reads version {expected}", file.display())]
    OtherVersion {
        /// The file.
        file: PathBuf,
        /// The version in its header.
        found: u32,
        /// The version that is read.
        expected: u32,
    },
    /// An earlier write or sync failed, so that it is not known what the disk holds.
    #[error(
        "{} is closed after a failure ({first}). What the disk holds is only known again after a restart",
        file.display()
    )]
    Failed {
        /// The file.
        file: PathBuf,
        /// The first failure.
        first: String,
    },
    /// Blocks come one after the other.
    #[error("height {given} was given, height {expected} comes next")]
    OutOfOrder {
        /// The height that was given.
        given: Height,
        /// The height that is next.
        expected: Height,
    },
    /// More bytes than a named limit allows.
    #[error("{what} of {bytes} bytes is over the limit of {bytes_max}")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// Its size in bytes.
        bytes: u64,
        /// The limit in bytes.
        bytes_max: u64,
    },
    /// The block of this height is not in the log, or not synced yet.
    #[error("the block of height {height} is not stored here; the log ends at height {last}")]
    NotStored {
        /// The height asked for.
        height: Height,
        /// The last height that is stored and synced.
        last: Height,
    },
    /// Another process uses the directory.
    #[error("{} is in use by {holder}; two processes on one directory would contradict each other", directory.display())]
    Locked {
        /// The directory.
        directory: PathBuf,
        /// What is known of the other process.
        holder: String,
    },
    /// The signer's watermark is not there.
    #[error(
        "{} is missing, so it is not known what this key signed before. Restore it together with the key; it is never made \
         up. If the key never signed, or the disk is lost, create a signer that starts above every height it may have \
         voted on",
        file.display()
    )]
    MissingWatermark {
        /// Where it should be.
        file: PathBuf,
    },
    /// The consensus log is not there, but the watermark is.
    #[error(
        "{} holds no consensus log, but its watermark says that this key has signed. Restore both from one copy",
        directory.display()
    )]
    MissingConsensusLog {
        /// The signer's directory.
        directory: PathBuf,
    },
    /// A signer is created once.
    #[error("{} exists already; a signer is created once and never reset", file.display())]
    SignerExists {
        /// The file that is there.
        file: PathBuf,
    },
    /// The watermark is of another key.
    #[error("{} belongs to key {found}, not to {expected}", file.display())]
    OtherKey {
        /// The file.
        file: PathBuf,
        /// The key in it.
        found: PublicKey,
        /// The key that was given.
        expected: PublicKey,
    },
}

/// What is wrong with stored bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// The header of a file does not check.
    #[error("the header of the file does not match its checksum")]
    FileHeader,
    /// The name of a file and its header disagree.
    #[error("the header of the file says number {found}, its name says otherwise")]
    FileNumber {
        /// The number in the header.
        found: u64,
    },
    /// A frame's header does not check.
    #[error("the header of a frame does not match its checksum")]
    FrameHeader,
    /// A frame's body does not check.
    #[error("the body of a frame does not match its checksum")]
    FrameBody,
    /// A frame carries a number that is not next.
    #[error("a frame has number {found}, number {expected} comes here")]
    FrameNumber {
        /// The number found.
        found: u64,
        /// The number expected.
        expected: u64,
    },
    /// A frame claims more than the limit.
    #[error("a frame claims {bytes} bytes, more than the limit")]
    FrameLength {
        /// The claimed size in bytes.
        bytes: u64,
    },
    /// The file ends inside something that was synced.
    #[error("the file ends inside a frame that was synced before")]
    CutShort,
    /// Whole frames that were synced are not there.
    #[error("it ends at number {last}, but number {synced} was synced before")]
    Missing {
        /// The last number found.
        last: u64,
        /// The number that was synced.
        synced: u64,
    },
    /// The body of a sound frame cannot be read.
    #[error("the content of a frame is not in the format")]
    Content,
    /// Both slots of a watermark, or the one that was in use.
    #[error("both slots of the watermark do not match their checksums")]
    BothSlots,
    /// The two slots do not follow each other.
    #[error("the two slots of the watermark do not follow each other")]
    SlotOrder,
    /// The watermark is older than the consensus log beside it.
    #[error(
        "the watermark was stored {stored} times, but the consensus log knows of {known}: it is an old copy, or its newest \
         slot is lost, and signing from it could contradict an earlier signature"
    )]
    OldWatermark {
        /// The count in the watermark.
        stored: u64,
        /// The count the consensus log has seen.
        known: u64,
    },
}

/// Bytes that were being written when the process ended, found at the end of a file and cut off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TornTail {
    /// The file.
    pub file: PathBuf,
    /// Where the sound part ends, in bytes.
    pub offset: u64,
    /// How many bytes followed it.
    pub bytes: u64,
    /// The height or sequence number of the frame that was lost.
    pub number: u64,
}

impl std::fmt::Display for TornTail {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "cut {} bytes of a half-written frame (number {}) off {} at byte {}",
            self.bytes,
            self.number,
            self.file.display(),
            self.offset
        )
    }
}

/// What an operator can do about a damaged file, by its kind.
fn mend(file: &Path) -> &'static str {
    let name = file
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or("");
    if name.starts_with("blocks-") {
        "move the block log and the checkpoints away and let the node fetch the blocks from its peers"
    } else if name.starts_with("checkpoint-") {
        "it may be removed, an older checkpoint or the block log takes its place"
    } else {
        "restore the signer's directory from one copy, or create a signer that starts above every height this key may have \
         voted on"
    }
}

impl StorageError {
    pub(crate) fn damaged(file: &Path, offset: u64, height: Option<Height>, what: Damage) -> Self {
        Self::Damaged {
            file: file.to_path_buf(),
            offset,
            height,
            what,
        }
    }
}

/// Adds what was tried, and on which file, to an I/O error.
pub(crate) trait IoContext<T> {
    fn context(self, attempted: &'static str, path: &Path) -> Result<T, StorageError>;
}

impl<T> IoContext<T> for io::Result<T> {
    fn context(self, attempted: &'static str, path: &Path) -> Result<T, StorageError> {
        self.map_err(|source| StorageError::Io {
            attempted,
            path: path.to_path_buf(),
            source,
        })
    }
}

/// Remembers the first failure of a file and refuses everything after it.
///
/// After a failed write or sync the kernel may drop the dirty pages and report success to the next sync, so the only safe
/// thing to do with the file is nothing.
#[derive(Debug, Default)]
pub(crate) struct FailStop {
    first: Option<String>,
}

impl FailStop {
    /// Refuses when something failed before.
    pub(crate) fn check(&self, file: &Path) -> Result<(), StorageError> {
        self.first.as_ref().map_or(Ok(()), |first| {
            Err(StorageError::Failed {
                file: file.to_path_buf(),
                first: first.clone(),
            })
        })
    }

    /// Passes a result on, and remembers it when it is an error.
    pub(crate) fn watch<T>(&mut self, result: Result<T, StorageError>) -> Result<T, StorageError> {
        if let Err(error) = &result
            && self.first.is_none()
        {
            let cause = std::error::Error::source(error)
                .map_or_else(String::new, |source| format!(": {source}"));
            self.first = Some(format!("{error}{cause}"));
        }
        result
    }
}
