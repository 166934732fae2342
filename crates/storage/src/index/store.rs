//! The database folder, and the only module that names `sled`.
//!
//! sled answers a damaged folder with an error, with a panic, or with an older state; all three are turned into an
//! [`IndexFault`] or noticed by checksums, so that a cache never takes a node down. After a fault the database is not closed but
//! leaked, because closing it would write, and may wait for a thread that has died; the folder is replaced by one with
//! another name. Writes are batches of at most 100 entries, because larger ones cost memory that does not come back.
//! There is no background thread of the database: it would sync every half second, beside the log that must be fast.

use karwan_types::ChainId;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// What the database may keep in memory, in bytes.
const CACHE_BYTES: u64 = 32 << 20;
/// The most entries of one batch.
pub(super) const BATCH_ENTRIES_MAX: usize = 100;
const MANIFEST_KEY: &[u8] = b"manifest";
const FOLDER_PREFIX: &str = "sled-";
/// Present while a folder is being opened. If it is there at the start, the last opening ended the process, or never ended.
const OPENING_FILE: &str = "opening";

/// What went wrong with the database.
#[derive(Debug, thiserror::Error)]
pub enum IndexFault {
    /// The database reported an error.
    #[error("the database failed")]
    Database(#[source] sled::Error),
    /// The database panicked.
    #[error("the database panicked: {0}")]
    Panicked(String),
    /// The manifest is missing or does not check.
    #[error("the manifest does not match its checksum")]
    Manifest,
    /// A chunk does not check or is not the one that must be there.
    #[error("a chunk of run {run} is missing or does not match its checksum")]
    Chunk {
        /// The run.
        run: u64,
    },
    /// The index failed before.
    #[error("the index failed before and waits to be rebuilt")]
    Closed,
}

/// An open database folder.
pub(super) struct Store {
    database: Option<sled::Db>,
}

/// The place and the bytes of a chunk.
type Found = (Vec<u8>, Vec<u8>);

/// A directory with one database folder in it.
pub(super) struct Folder {
    directory: PathBuf,
    number: u64,
}

impl Folder {
    /// The newest folder in the directory; the others, left by replacements, are removed.
    pub(super) fn find(directory: &Path) -> std::io::Result<Self> {
        std::fs::create_dir_all(directory)?;
        let mut numbers = Vec::new();
        for entry in std::fs::read_dir(directory)? {
            let name = entry?.file_name();
            let number = name
                .to_str()
                .and_then(|name| name.strip_prefix(FOLDER_PREFIX))
                .and_then(|number| number.parse::<u64>().ok());
            numbers.extend(number);
        }
        numbers.sort_unstable();
        let folder = Self {
            directory: directory.to_path_buf(),
            number: numbers.pop().unwrap_or(0),
        };
        for number in numbers {
            remove(&folder.numbered(number))?;
        }
        Ok(folder)
    }

    pub(super) fn path(&self) -> PathBuf {
        self.numbered(self.number)
    }

    pub(super) fn exists(&self) -> std::io::Result<bool> {
        self.path().try_exists()
    }

    /// Whether an earlier opening of this folder did not end.
    pub(super) fn opening_unfinished(&self) -> std::io::Result<bool> {
        self.directory.join(OPENING_FILE).try_exists()
    }

    pub(super) fn begin_opening(&self) -> std::io::Result<()> {
        std::fs::write(self.directory.join(OPENING_FILE), b"")
    }

    pub(super) fn finish_opening(&self) -> std::io::Result<()> {
        std::fs::remove_file(self.directory.join(OPENING_FILE))
    }

    /// Leaves the folder for an empty one with the next number.
    pub(super) fn replace(&mut self) -> std::io::Result<()> {
        remove(&self.path())?;
        self.number = self.number.saturating_add(1);
        Ok(())
    }

    fn numbered(&self, number: u64) -> PathBuf {
        self.directory.join(format!("{FOLDER_PREFIX}{number:04}"))
    }
}

fn remove(path: &Path) -> std::io::Result<()> {
    let outcome = if path.is_dir() {
        std::fs::remove_dir_all(path)
    } else {
        std::fs::remove_file(path)
    };
    match outcome {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        outcome => outcome,
    }
}

impl Store {
    pub(super) fn open(folder: &Path) -> Result<Self, IndexFault> {
        let database = guarded(|| {
            sled::Config::new()
                .path(folder)
                .cache_capacity(CACHE_BYTES)
                .mode(sled::Mode::LowSpace)
                .flush_every_ms(None)
                .open()
        })?;
        Ok(Self {
            database: Some(database),
        })
    }

    /// Gives the database up without closing it.
    pub(super) fn leak(&mut self) {
        if let Some(database) = self.database.take() {
            std::mem::forget(database);
        }
    }

    fn with<T>(
        &self,
        act: impl FnOnce(&sled::Db) -> Result<T, sled::Error>,
    ) -> Result<T, IndexFault> {
        let database = self.database.as_ref().ok_or(IndexFault::Closed)?;
        guarded(|| act(database))
    }

    pub(super) fn manifest(&self) -> Result<Option<Vec<u8>>, IndexFault> {
        self.with(|database| Ok(database.get(MANIFEST_KEY)?.map(|value| value.to_vec())))
    }

    /// Stores the manifest after everything written before it.
    pub(super) fn put_manifest(&self, bytes: &[u8]) -> Result<(), IndexFault> {
        self.with(|database| {
            database.flush()?;
            database.insert(MANIFEST_KEY, bytes)?;
            database.flush().map(drop)
        })
    }

    /// Stores chunks of a run, at most [`BATCH_ENTRIES_MAX`].
    pub(super) fn put_chunks(
        &self,
        run: u64,
        chunks: Vec<(Vec<u8>, Vec<u8>)>,
    ) -> Result<(), IndexFault> {
        assert!(
            chunks.len() <= BATCH_ENTRIES_MAX,
            "large batches cost memory that does not come back"
        );
        self.with(|database| {
            let mut batch = sled::Batch::default();
            for (place, bytes) in chunks {
                batch.insert(chunk_key(run, &place), bytes);
            }
            database.apply_batch(batch)
        })
    }

    /// The chunk of a run that begins exactly at a place.
    pub(super) fn chunk(&self, run: u64, place: &[u8]) -> Result<Option<Vec<u8>>, IndexFault> {
        self.with(|database| {
            let value = database.get(chunk_key(run, place))?;
            Ok(value.map(|value| value.to_vec()))
        })
    }

    /// Damages the database from within: replaces a chunk, or removes it.
    #[cfg(test)]
    pub(super) fn plant(&self, run: u64, place: &[u8], bytes: Option<&[u8]>) {
        let key = chunk_key(run, place);
        let planted = self.with(|database| match bytes {
            Some(bytes) => database.insert(key, bytes),
            None => database.remove(key),
        });
        assert!(planted.is_ok(), "the database of the test works");
    }

    /// The last chunk of a run that begins at or before a place, and where it begins.
    pub(super) fn chunk_before(&self, run: u64, place: &[u8]) -> Result<Option<Found>, IndexFault> {
        self.with(|database| {
            let start = chunk_key(run, &[]);
            let found = database
                .range(start.clone()..=chunk_key(run, place))
                .next_back()
                .transpose()?;
            Ok(found.map(|(key, value)| (key[start.len()..].to_vec(), value.to_vec())))
        })
    }

    /// The first run at or after a number that has any chunk.
    pub(super) fn run_from(&self, run: u64) -> Result<Option<u64>, IndexFault> {
        self.with(|database| {
            let found = database.range(chunk_key(run, &[])..).next().transpose()?;
            Ok(found.and_then(|(key, _)| run_of(&key)))
        })
    }

    /// Removes every chunk of a run.
    pub(super) fn remove_run(&self, run: u64) -> Result<(), IndexFault> {
        loop {
            let keys = self.with(|database| {
                database
                    .range(chunk_key(run, &[])..)
                    .keys()
                    .take(BATCH_ENTRIES_MAX)
                    .take_while(|key| key.as_ref().map_or(true, |key| run_of(key) == Some(run)))
                    .collect::<Result<Vec<_>, _>>()
            })?;
            if keys.is_empty() {
                return Ok(());
            }
            self.with(|database| {
                let mut batch = sled::Batch::default();
                for key in keys {
                    batch.remove(key);
                }
                database.apply_batch(batch)
            })?;
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        if let Some(database) = self.database.take()
            && let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(database)))
        {
            // Nothing is lost with a cache, and there is nobody left to tell.
            drop(panic);
        }
    }
}

fn guarded<T>(act: impl FnOnce() -> Result<T, sled::Error>) -> Result<T, IndexFault> {
    match catch_unwind(AssertUnwindSafe(act)) {
        Ok(outcome) => outcome.map_err(IndexFault::Database),
        Err(panic) => Err(IndexFault::Panicked(panic_text(&*panic))),
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .unwrap_or_else(|| "no reason given".to_owned())
}

fn chunk_key(run: u64, place: &[u8]) -> Vec<u8> {
    let mut key = Vec::with_capacity(place.len().saturating_add(9));
    // After "manifest", so that ranges of chunks never meet it.
    key.push(b'r');
    key.extend(run.to_be_bytes());
    key.extend_from_slice(place);
    key
}

fn run_of(key: &[u8]) -> Option<u64> {
    let bytes = key.strip_prefix(b"r")?.first_chunk::<8>()?;
    Some(u64::from_be_bytes(*bytes))
}

/// Why the index must be fed from height 1 again.
#[derive(Debug, thiserror::Error)]
pub enum RebuildReason {
    /// There is no folder: a new node, or somebody removed it.
    #[error("there was no index")]
    Missing,
    /// The folder is damaged.
    #[error("the index was damaged")]
    Damaged(#[source] IndexFault),
    /// The last opening of the folder ended the process or did not end.
    #[error("the index could not be opened the last time")]
    OpeningUnfinished,
    /// The index belongs to another chain.
    #[error("the index was of chain {0}")]
    OtherChain(ChainId),
}
