//! The signer of a validator whose key is in this process: consensus log, watermark and key under one lock.
//!
//! What holds, through any crash: no two different bodies are ever signed for one height, round and step. The directory is
//! locked; a watermark is durable before its signature exists; everything appended is durable before the watermark moves;
//! and neither file can be exchanged for an older copy, because the watermark remembers how far the log was and the log
//! remembers how often the watermark was stored. Both files restored from one older copy cannot be told from a crash, which
//! is why an operator never restores a signer's directory while the height it stood at may still be open.
//!
//! How keys are kept is not known here: the key is given by the caller.

use crate::consensus_log::{ConsensusLog, ConsensusLogFloor};
use crate::disk::Disk;
use crate::error::{Damage, FailStop, StorageError, TornTail};
use crate::lock::HomeLock;
use crate::watermark::{Owner, WatermarkFile, nothing_through};
use karwan_consensus::{Admission, LogEntry, SignRequest, Signer, SignerError, Watermark};
use karwan_types::{ChainId, Height, PublicKey, SecretKey, Signature};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A key, its watermark and its consensus log, in one directory.
pub struct FileSigner {
    key: SecretKey,
    chain: ChainId,
    log: ConsensusLog,
    watermark: WatermarkFile,
    path: PathBuf,
    failures: FailStop,
    _lock: HomeLock,
}

/// What was found when a signer was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignerReport {
    /// What was cut off the consensus log, if a crash had left a half-written group.
    pub torn: Option<TornTail>,
    /// What the key signed last.
    pub watermark: Watermark,
}

impl FileSigner {
    /// Creates the watermark and the consensus log of a key. Nothing at or below `signs_above` will ever be signed: genesis
    /// for a new key; for a key that has signed before and lost its disk, a height that the network has already passed.
    ///
    /// # Errors
    /// `SignerExists` when there is a watermark, or a consensus log that holds anything; `Locked`; `Io`.
    pub fn create_new(
        disk: &Arc<dyn Disk>,
        directory: &Path,
        chain: ChainId,
        key: &PublicKey,
        signs_above: Height,
    ) -> Result<(), StorageError> {
        let _lock = HomeLock::acquire(&**disk, directory)?;
        if WatermarkFile::exists(&**disk, directory)? {
            let file = WatermarkFile::path(directory);
            return Err(StorageError::SignerExists { file });
        }
        // A log without a watermark is left by an earlier attempt that was cut short, if it is empty. If it is not, the
        // watermark was lost, and making one up could contradict it.
        ConsensusLog::remove_if_unused(&**disk, directory, chain)?;
        let log = ConsensusLog::create_new(Arc::clone(disk), directory, chain)?;
        let owner = Owner { chain, key: *key };
        let watermark = nothing_through(signs_above);
        WatermarkFile::create_new(&**disk, directory, owner, watermark, log.sequence())
    }

    /// Opens the signer of a directory and holds the directory until it is dropped.
    ///
    /// # Errors
    /// `Locked`, `MissingWatermark`, `MissingConsensusLog`, `OtherKey`, `OtherChain`; `Damaged` when a file does not check
    /// or the two do not belong together; `Io`.
    pub fn open(
        disk: Arc<dyn Disk>,
        directory: &Path,
        chain: ChainId,
        key: SecretKey,
    ) -> Result<(Self, SignerReport), StorageError> {
        let lock = HomeLock::acquire(&*disk, directory)?;
        let owner = Owner {
            chain,
            key: key.public_key(),
        };
        let watermark = WatermarkFile::open(&*disk, directory, owner)?;
        let stored = watermark.stored();
        let floor = ConsensusLogFloor {
            sequence: stored.log_sequence,
        };
        let (mut log, torn) = ConsensusLog::open(disk, directory, chain, floor)?;
        let path = WatermarkFile::path(directory);
        if log.witness() > stored.count {
            let what = Damage::OldWatermark {
                stored: stored.count,
                known: log.witness(),
            };
            return Err(StorageError::damaged(&path, 0, None, what));
        }
        log.set_witness(stored.count);
        let signer = Self {
            key,
            chain,
            log,
            watermark,
            path,
            failures: FailStop::default(),
            _lock: lock,
        };
        let report = SignerReport {
            torn,
            watermark: stored.watermark,
        };
        Ok((signer, report))
    }

    /// The entries of a height, for replay after opening.
    #[must_use]
    pub fn entries_for(&self, height: Height) -> Vec<LogEntry> {
        self.log.entries_for(height)
    }

    /// The last committed height that the consensus log knows of: after opening, what the block log may be told to be
    /// synced.
    #[must_use]
    pub fn base(&self) -> Height {
        self.log.base()
    }

    /// Forgets the entries up to a height whose block frame is synced.
    ///
    /// # Errors
    /// As [`ConsensusLog::committed`].
    pub fn committed(&mut self, height: Height) -> Result<(), StorageError> {
        self.log.committed(height)
    }

    /// What the key signed last.
    #[must_use]
    pub fn watermark(&self) -> Watermark {
        self.watermark.stored().watermark
    }

    /// As [`Signer::append`], for a caller that wants the error.
    ///
    /// # Errors
    /// As [`ConsensusLog::append`].
    pub fn try_append(&mut self, entry: &LogEntry) -> Result<(), StorageError> {
        self.log.append(entry)
    }

    /// As [`Signer::sync`], for a caller that wants the error.
    ///
    /// # Errors
    /// As [`ConsensusLog::sync`].
    pub fn try_sync(&mut self) -> Result<(), StorageError> {
        self.log.sync()
    }

    /// Stores the watermark of a request, durably. The inputs that led to the request are made durable first, whatever the
    /// caller did: a watermark ahead of its log would refuse the replay of that log.
    fn advance(&mut self, next: Watermark) -> Result<(), StorageError> {
        self.failures.check(&self.path)?;
        let advanced = self
            .log
            .sync()
            .and_then(|()| self.watermark.store(next, self.log.sequence()));
        self.failures.watch(advanced)?;
        self.log.set_witness(self.watermark.stored().count);
        Ok(())
    }
}

impl Signer for FileSigner {
    fn public_key(&self) -> PublicKey {
        self.key.public_key()
    }

    fn append(&mut self, entry: &LogEntry) {
        let outcome = self.log.append(entry);
        end_process_on_error(outcome);
    }

    fn sync(&mut self) {
        let outcome = self.log.sync();
        end_process_on_error(outcome);
    }

    fn sign(&mut self, request: &SignRequest) -> Result<Signature, SignerError> {
        let requested = request.watermark();
        let stored = self.watermark();
        match stored.admits(&requested) {
            Admission::Advance => {
                self.advance(requested)
                    .map_err(|error| SignerError::Unavailable {
                        attempted: format!("store the watermark {}", self.path.display()),
                        source: Box::new(error),
                    })?;
            }
            Admission::Repeat => {}
            Admission::Refuse => return Err(SignerError::Watermark { requested, stored }),
        }
        Ok(request.sign_with(&self.key, &self.chain))
    }
}

/// The engine must not go on without its log, and the trait gives it no way to be told: the replica's thread ends the
/// process on a panic.
fn end_process_on_error(outcome: Result<(), StorageError>) {
    if let Err(error) = outcome {
        let cause = std::error::Error::source(&error)
            .map_or_else(String::new, |source| format!(": {source}"));
        panic!(
            "the consensus log cannot be written, so nothing may be signed any more: {error}{cause}. Check the disk, then \
             start the node again; it continues where its log ends"
        );
    }
}

#[cfg(test)]
mod tests;
