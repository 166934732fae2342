//! The disk of a node: a directory of the file system.
//!
//! Files are created readable by their owner only, because payments are nobody else's business. A sync is `fdatasync`,
//! which stores the size too; after a truncation it is a full `fsync`.

use super::{Disk, DiskFile, LockAttempt, LockGuard, OpenMode};
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// The longest text that is read from a lock file, in bytes.
const LOCK_TEXT_BYTES_MAX: u64 = 256;

/// A directory of the file system, the node's home.
#[derive(Clone, Debug)]
pub struct RealDisk {
    home: PathBuf,
}

impl RealDisk {
    /// A disk whose relative paths begin at `home`. The directory need not exist yet.
    #[must_use]
    pub fn new(home: impl Into<PathBuf>) -> Self {
        Self { home: home.into() }
    }

    fn full(&self, path: &Path) -> PathBuf {
        self.home.join(path)
    }
}

impl Disk for RealDisk {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Box<dyn DiskFile>> {
        let mut options = OpenOptions::new();
        options.read(true).mode(0o600);
        match mode {
            OpenMode::Read => {}
            OpenMode::Write => {
                options.write(true);
            }
            OpenMode::CreateNew => {
                options.write(true).create_new(true);
            }
        }
        let file = options.open(self.full(path))?;
        Ok(Box::new(RealFile {
            file,
            truncated: AtomicBool::new(false),
        }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(self.full(from), self.full(to))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(self.full(path))
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(self.full(directory))? {
            let entry = entry?;
            if entry.file_type()?.is_file()
                && let Ok(name) = entry.file_name().into_string()
            {
                names.push(name);
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    fn create_dir_all(&self, directory: &Path) -> io::Result<()> {
        let full = self.full(directory);
        let missing: Vec<&Path> = full
            .ancestors()
            .take_while(|ancestor| !ancestor.as_os_str().is_empty() && !ancestor.is_dir())
            .collect();
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&full)?;
        // A directory that was there may be from a process that ended before it synced the name. The home is the operator's:
        // what is above it may not be ours to open.
        let found = (missing.is_empty() && !directory.as_os_str().is_empty()).then_some(&*full);
        for named in missing.into_iter().chain(found) {
            if let Some(parent) = named.parent() {
                sync_full(parent)?;
            }
        }
        Ok(())
    }

    fn sync_directory(&self, directory: &Path) -> io::Result<()> {
        sync_full(&self.full(directory))
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        self.full(path).try_exists()
    }

    fn lock(&self, path: &Path, holder: &str) -> io::Result<LockAttempt> {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(self.full(path))?;
        match file.try_lock() {
            Ok(()) => {
                file.set_len(0)?;
                file.write_all(holder.as_bytes())?;
                Ok(LockAttempt::Held(Box::new(RealLock { _file: file })))
            }
            Err(TryLockError::WouldBlock) => {
                let mut text = Vec::new();
                file.take(LOCK_TEXT_BYTES_MAX).read_to_end(&mut text)?;
                Ok(LockAttempt::Taken {
                    by: String::from_utf8_lossy(&text).trim().to_owned(),
                })
            }
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

fn sync_full(directory: &Path) -> io::Result<()> {
    let directory = if directory.as_os_str().is_empty() {
        Path::new(".")
    } else {
        directory
    };
    File::open(directory)?.sync_all()
}

struct RealFile {
    file: File,
    truncated: AtomicBool,
}

impl DiskFile for RealFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.file.read_exact_at(buffer, offset)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all_at(bytes, offset)
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        self.truncated.store(true, Ordering::Release);
        self.file.set_len(length)
    }

    fn sync(&self) -> io::Result<()> {
        if self.truncated.load(Ordering::Acquire) {
            self.file.sync_all()?;
            self.truncated.store(false, Ordering::Release);
            Ok(())
        } else {
            self.file.sync_data()
        }
    }
}

/// The lock is the open file: the kernel releases it when the process ends, however it ends.
struct RealLock {
    _file: File,
}

impl LockGuard for RealLock {}
