//! A disk that lies: it takes a sync of a block file for granted. Only for sabotage.

use karwan_storage::memory::MemoryDisk;
use karwan_storage::{Disk, DiskFile, LockAttempt, OpenMode};
use std::io;
use std::path::Path;

/// A memory disk whose block files are never synced once they exist.
pub(crate) struct LyingDisk(pub(crate) MemoryDisk);

struct LyingFile {
    file: Box<dyn DiskFile>,
    /// The header of a new file is still synced, so that what is lost is blocks and nothing else.
    header_bytes: u64,
}

const HEADER_BYTES: u64 = 56;

impl Disk for LyingDisk {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Box<dyn DiskFile>> {
        let file = self.0.open(path, mode)?;
        let holds_blocks = path.to_string_lossy().contains("blocks-");
        if !holds_blocks {
            return Ok(file);
        }
        Ok(Box::new(LyingFile {
            file,
            header_bytes: HEADER_BYTES,
        }))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.0.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.0.remove(path)
    }
    fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        self.0.list(directory)
    }
    fn create_dir_all(&self, directory: &Path) -> io::Result<()> {
        self.0.create_dir_all(directory)
    }
    fn sync_directory(&self, directory: &Path) -> io::Result<()> {
        self.0.sync_directory(directory)
    }
    fn exists(&self, path: &Path) -> io::Result<bool> {
        self.0.exists(path)
    }
    fn lock(&self, path: &Path, holder: &str) -> io::Result<LockAttempt> {
        self.0.lock(path, holder)
    }
}

impl DiskFile for LyingFile {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.file.read_at(offset, buffer)
    }
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.file.write_at(offset, bytes)
    }
    fn truncate(&self, length: u64) -> io::Result<()> {
        self.file.truncate(length)
    }
    fn sync(&self) -> io::Result<()> {
        if self.file.len()? <= self.header_bytes {
            return self.file.sync();
        }
        Ok(())
    }
}
