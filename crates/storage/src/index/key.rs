//! What can be looked up, and how keys are ordered.
//!
//! A key in its sorted form is `kind | length | bytes`; because the length comes before the bytes, no key is the beginning
//! of another one, and an entry's place is the key followed by the complements of height and position, so that the newest
//! entry of a key comes first.

use karwan_types::Height;

/// The longest key, in bytes.
pub const INDEX_KEY_BYTES_MAX: usize = 64;

/// What a key names. The numbers are stored; they never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum IndexKind {
    /// A transaction id.
    Transaction,
    /// A UETR.
    Uetr,
    /// An account, whose entries are its history.
    Account,
    /// The hash of an instruction.
    Instruction,
}

impl IndexKind {
    const fn number(self) -> u8 {
        match self {
            Self::Transaction => 1,
            Self::Uetr => 2,
            Self::Account => 3,
            Self::Instruction => 4,
        }
    }
}

/// A key of the index.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct IndexKey {
    sorted: Vec<u8>,
}

impl IndexKey {
    /// A key from its kind and bytes; none when there are more than [`INDEX_KEY_BYTES_MAX`].
    #[must_use]
    pub fn new(kind: IndexKind, bytes: &[u8]) -> Option<Self> {
        if bytes.len() > INDEX_KEY_BYTES_MAX {
            return None;
        }
        let length = u8::try_from(bytes.len()).ok()?;
        let mut sorted = Vec::with_capacity(bytes.len().saturating_add(2));
        sorted.push(kind.number());
        sorted.push(length);
        sorted.extend_from_slice(bytes);
        Some(Self { sorted })
    }

    /// The sorted form.
    pub(super) fn sorted(&self) -> &[u8] {
        &self.sorted
    }
}

/// Where something is: the height of its block, and its position there (the caller's count, normally of outcomes).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hit {
    /// The block.
    pub height: Height,
    /// The position in the block.
    pub position: u32,
}

/// One entry of a block.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct IndexEntry {
    /// What it is found by.
    pub key: IndexKey,
    /// Its position in the block.
    pub position: u32,
}

/// What the index takes from a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexedBlock {
    /// The height of the block.
    pub height: Height,
    /// Its entries, in any order; an entry that is given twice counts once.
    pub entries: Vec<IndexEntry>,
}

/// The place of an entry in the order of a run.
pub(super) fn place(sorted_key: &[u8], hit: Hit) -> Vec<u8> {
    let mut place = Vec::with_capacity(sorted_key.len().saturating_add(12));
    place.extend_from_slice(sorted_key);
    place.extend((!hit.height.get()).to_be_bytes());
    place.extend((!hit.position).to_be_bytes());
    place
}
