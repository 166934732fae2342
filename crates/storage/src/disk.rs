//! The one seam between this crate and a disk.
//!
//! Everything that must survive a power loss goes through [`Disk`]: synchronous, object safe, with nothing implied. A write
//! is durable after [`DiskFile::sync`] returned; a new, renamed or removed name is durable after [`Disk::sync_directory`]
//! returned; until then an implementation may lose, tear or reorder it. Paths are relative to the node's home.

mod real;

pub use real::RealDisk;

use std::io;
use std::path::Path;

/// How a file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenMode {
    /// An existing file, for reading.
    Read,
    /// An existing file, for reading and writing.
    Write,
    /// A new file; an existing one is an error of kind `AlreadyExists`.
    CreateNew,
}

/// A place where files are kept.
pub trait Disk: Send + Sync {
    /// Opens a file.
    ///
    /// # Errors
    /// As the file system says; kind `NotFound` or `AlreadyExists` according to the mode.
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Box<dyn DiskFile>>;

    /// Gives a file another name in the same directory, replacing what was there.
    ///
    /// # Errors
    /// As the file system says.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// As the file system says.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// The names of the files in a directory, sorted. Names that are not UTF-8 are not ours and are left out.
    ///
    /// # Errors
    /// As the file system says.
    fn list(&self, directory: &Path) -> io::Result<Vec<String>>;

    /// Creates a directory and its parents, and makes their names durable before it returns.
    ///
    /// # Errors
    /// As the file system says.
    fn create_dir_all(&self, directory: &Path) -> io::Result<()>;

    /// Makes the names in a directory durable.
    ///
    /// # Errors
    /// As the file system says; then it is not known which names are durable.
    fn sync_directory(&self, directory: &Path) -> io::Result<()>;

    /// Whether there is a file of this name.
    ///
    /// # Errors
    /// As the file system says.
    fn exists(&self, path: &Path) -> io::Result<bool>;

    /// Tries to become the only holder of a lock file, which is created if needed and never removed. The text, which says
    /// who holds it, is for people.
    ///
    /// # Errors
    /// As the file system says. A lock that is held by another is not an error here.
    fn lock(&self, path: &Path, holder: &str) -> io::Result<LockAttempt>;
}

/// An open file. Reads and writes say where, so that a reader and a writer can share it.
pub trait DiskFile: Send + Sync {
    /// The size in bytes.
    ///
    /// # Errors
    /// As the file system says.
    fn len(&self) -> io::Result<u64>;

    /// Whether the file has no bytes.
    ///
    /// # Errors
    /// As the file system says.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Fills `buffer` from `offset`.
    ///
    /// # Errors
    /// Kind `UnexpectedEof` when the file ends before the buffer is full; else as the file system says.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;

    /// Writes all of `bytes` at `offset`; the file grows as needed.
    ///
    /// # Errors
    /// As the file system says; part of the bytes may have been written.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Cuts the file to `length` bytes.
    ///
    /// # Errors
    /// As the file system says.
    fn truncate(&self, length: u64) -> io::Result<()>;

    /// Makes everything written so far, and the size, durable.
    ///
    /// # Errors
    /// As the file system says. What was written before is then lost or not, and no later call makes it durable unless it is
    /// written again: a failed sync is fatal to the process, and the next one settles what it finds.
    fn sync(&self) -> io::Result<()>;
}

/// Keeps a lock; dropping it releases the lock.
pub trait LockGuard: Send + Sync {}

/// The outcome of trying to take a lock.
pub enum LockAttempt {
    /// It is ours until the guard is dropped.
    Held(Box<dyn LockGuard>),
    /// Somebody else holds it.
    Taken {
        /// What the holder wrote about itself; may be empty.
        by: String,
    },
}

#[cfg(test)]
mod tests;
