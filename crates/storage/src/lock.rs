//! One process for each directory.
//!
//! Two processes on one directory would write one log twice, and with one key would sign two votes for one round. The lock
//! is the kernel's, on an open file, so it ends with its process, however that ends. The file names its holder for people;
//! it is never removed, because removing it would let two processes lock two files of one name.

use crate::disk::{Disk, LockAttempt, LockGuard};
use crate::error::{IoContext, StorageError};
use std::path::Path;

const LOCK_FILE: &str = "LOCK";

/// Holds a directory for this process, until it is dropped.
pub struct HomeLock {
    _guard: Box<dyn LockGuard>,
}

impl HomeLock {
    /// Takes the directory, creating it if needed.
    ///
    /// # Errors
    /// `Locked`, with the process that holds it if that is known; `Io`.
    pub fn acquire(disk: &dyn Disk, directory: &Path) -> Result<Self, StorageError> {
        disk.create_dir_all(directory)
            .context("create directory", directory)?;
        let path = directory.join(LOCK_FILE);
        let holder = format!("process {}", std::process::id());
        match disk.lock(&path, &holder).context("lock", &path)? {
            LockAttempt::Held(guard) => Ok(Self { _guard: guard }),
            LockAttempt::Taken { by } => Err(StorageError::Locked {
                directory: directory.to_path_buf(),
                holder: if by.is_empty() {
                    "another process".to_owned()
                } else {
                    by
                },
            }),
        }
    }
}
