//! Sealed messages in one directory. A file's name says which payment its message belongs to, so that opening reads no
//! message and what is remembered stays small.
//!
//! The set of entries is in memory and changes together with the directory, under one lock. Only threads that may block
//! come here.

use crate::wire::{CIPHERTEXT_BYTES_MAX, Delivery, DeliveryKey};
use karwan_types::{Hash, Lei, PublicKey, Timestamp, decode, encode};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write};
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The largest stored message with its envelope, in bytes.
const DELIVERY_BYTES_MAX: usize = CIPHERTEXT_BYTES_MAX + 1_024;
/// How the name of a stored message ends.
const STORED: &str = ".delivery";
/// How the name of a file ends that is still being written.
const UNFINISHED: &str = ".tmp";

/// Tells the messages for one payment apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Variant(Hash);

impl Variant {
    const FIRST: Self = Self(Hash::ZERO);
    const LAST: Self = Self(Hash::from_bytes([0xff; 32]));

    /// On the way out: by what the message is.
    pub(super) fn of_content(content: Hash) -> Self {
        Self(content)
    }
    /// In an outbox: by the peer that sent it, so that no peer can take another's place.
    pub(super) fn of_sender(peer: &PublicKey) -> Self {
        Self(Hash::from_bytes(*peer.as_bytes()))
    }
}

/// A stored message, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    /// The payment.
    pub(super) key: DeliveryKey,
    /// Which of its messages.
    pub(super) variant: Variant,
}

impl Entry {
    fn file_name(&self) -> String {
        let DeliveryKey { agent, uetr } = self.key;
        format!("{agent}-{uetr}-{}{STORED}", self.variant.0)
    }
    fn from_file_name(name: &str) -> Option<Self> {
        let (agent, rest) = name.strip_suffix(STORED)?.split_once('-')?;
        let (uetr, variant) = rest.rsplit_once('-')?;
        Some(Self {
            key: DeliveryKey {
                agent: agent.parse().ok()?,
                uetr: uetr.parse().ok()?,
            },
            variant: Variant(variant.parse().ok()?),
        })
    }
}

/// What becomes of the other messages for the same payment when one is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Others {
    /// They stay.
    Stay,
    /// They are replaced.
    Go,
}

/// A directory of messages.
pub(super) struct Shelf {
    directory: PathBuf,
    entries: Mutex<BTreeSet<Entry>>,
    /// Numbers the files being written, so that two writers never share one.
    writes: AtomicU64,
}

impl Shelf {
    /// Opens a directory, makes it if it is missing, and removes what a crash left half written.
    pub(super) fn open(directory: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&directory)?;
        let mut entries = BTreeSet::new();
        for found in fs::read_dir(&directory)? {
            let path = found?.path();
            let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
            if let Some(entry) = Entry::from_file_name(name) {
                entries.insert(entry);
            } else if name.ends_with(UNFINISHED) {
                fs::remove_file(&path)?;
            } else {
                tracing::warn!(path = %path.display(), "a file among the messages is none and is left alone");
            }
        }
        Ok(Self {
            directory,
            entries: Mutex::new(entries),
            writes: AtomicU64::new(0),
        })
    }

    /// Keeps only the newest message of each payment: a crash may leave the one that it replaced.
    pub(super) fn forget_replaced(&self) {
        let entries = self.entries();
        for group in entries.chunk_by(|one, other| one.key == other.key) {
            let newest = group.iter().max_by_key(|entry| self.modified(entry));
            for replaced in group.iter().filter(|entry| Some(*entry) != newest) {
                self.remove(replaced);
            }
        }
    }

    /// Stores a message; durable when this returns.
    pub(super) fn put(
        &self,
        variant: Variant,
        delivery: &Delivery,
        others: Others,
    ) -> io::Result<()> {
        let entry = Entry {
            key: delivery.key,
            variant,
        };
        let number = self.writes.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}.{number}{UNFINISHED}", entry.file_name());
        let temporary = self.directory.join(name);
        let stored = write_synced(&temporary, &encode(delivery))
            .and_then(|()| self.place(entry, &temporary, others));
        if stored.is_err() {
            forget(&temporary);
        }
        stored
    }

    /// Gives a finished file its name. After a crash the message is whole or not there.
    fn place(&self, entry: Entry, temporary: &Path, others: Others) -> io::Result<()> {
        let replaced = {
            let mut entries = self.lock();
            fs::rename(temporary, self.path(&entry))?;
            entries.insert(entry);
            let mut replaced = match others {
                Others::Stay => Vec::new(),
                Others::Go => of_payment(&entries, &entry.key),
            };
            replaced.retain(|other| *other != entry);
            for other in &replaced {
                entries.remove(other);
            }
            replaced
        };
        fs::File::open(&self.directory)?.sync_all()?;
        // Only now: until the new name is durable, a crash must find the old message.
        let entries = self.lock();
        for other in replaced.iter().filter(|other| !entries.contains(*other)) {
            forget(&self.path(other));
        }
        Ok(())
    }

    /// Reads a message. `InvalidData` when it is damaged, `NotFound` when it has been removed meanwhile.
    pub(super) fn read(&self, entry: &Entry) -> io::Result<Delivery> {
        let bytes = fs::read(self.path(entry)).inspect_err(|error| {
            if error.kind() == io::ErrorKind::NotFound {
                self.forget_missing(entry);
            }
        })?;
        let invalid = |problem: String| io::Error::new(io::ErrorKind::InvalidData, problem);
        let delivery: Delivery =
            decode(&bytes, DELIVERY_BYTES_MAX).map_err(|error| invalid(error.to_string()))?;
        if delivery.key != entry.key {
            return Err(invalid(
                "it belongs to another payment than its name says".to_owned(),
            ));
        }
        Ok(delivery)
    }

    /// Forgets a message, if it is there.
    pub(super) fn remove(&self, entry: &Entry) {
        let mut entries = self.lock();
        if entries.remove(entry) {
            forget(&self.path(entry));
        }
    }
    /// Forgets every message of a payment.
    pub(super) fn remove_payment(&self, key: &DeliveryKey) {
        for entry in self.of_payment(key) {
            self.remove(&entry);
        }
    }

    /// Everything, by payment.
    pub(super) fn entries(&self) -> Vec<Entry> {
        self.lock().iter().copied().collect()
    }
    /// Everything after a payment, by payment.
    pub(super) fn after(&self, key: DeliveryKey) -> Vec<Entry> {
        let last = Entry {
            key,
            variant: Variant::LAST,
        };
        let range = (Bound::Excluded(last), Bound::Unbounded);
        self.lock().range(range).copied().collect()
    }
    /// The messages of one payment.
    pub(super) fn of_payment(&self, key: &DeliveryKey) -> Vec<Entry> {
        of_payment(&self.lock(), key)
    }
    /// How many messages.
    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }
    /// How many messages of payments of one debtor agent.
    pub(super) fn len_of(&self, agent: &Lei) -> usize {
        let entries = self.lock();
        let of_agent = entries.iter().filter(|entry| entry.key.agent == *agent);
        of_agent.count()
    }
    /// When a message was stored.
    pub(super) fn modified(&self, entry: &Entry) -> Option<Timestamp> {
        let modified = fs::metadata(self.path(entry)).ok()?.modified().ok()?;
        let since = modified.duration_since(std::time::UNIX_EPOCH).ok()?;
        let millis = u64::try_from(since.as_millis()).ok()?;
        Some(Timestamp::from_millis(millis))
    }

    /// Somebody has removed the file by hand, or this node has just now.
    fn forget_missing(&self, entry: &Entry) {
        let mut entries = self.lock();
        if matches!(self.path(entry).try_exists(), Ok(false)) {
            entries.remove(entry);
        }
    }
    fn path(&self, entry: &Entry) -> PathBuf {
        self.directory.join(entry.file_name())
    }
    fn lock(&self) -> MutexGuard<'_, BTreeSet<Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn of_payment(entries: &BTreeSet<Entry>, key: &DeliveryKey) -> Vec<Entry> {
    let entry = |variant| Entry { key: *key, variant };
    let range = entry(Variant::FIRST)..=entry(Variant::LAST);
    entries.range(range).copied().collect()
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = fs::File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn forget(path: &Path) {
    match fs::remove_file(path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => {
            tracing::warn!(%error, path = %path.display(), "a message's file cannot be removed");
        }
    }
}

#[cfg(test)]
mod tests;
