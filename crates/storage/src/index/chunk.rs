//! A chunk: a few KiB of sorted entries, the only kind of value the database is given besides the manifest.
//!
//! ```text
//! run u64 | number u32 | next length u16, next | groups u16 | groups | crc32 of place and the foregoing
//! group: key length u8, key | hits u16 | hits: height u64, position u32
//! ```
//! `next` is the place of the first entry of the next chunk, empty in the last one. With it a reader knows, without asking
//! the database, whether the chunk it was given is the one that must hold a key: a chunk that is lost is noticed, never
//! mistaken for "not found". The place where the chunk is stored is part of its checksum, so that a chunk at another place is
//! noticed too.

use super::key::Hit;
use karwan_types::Height;

/// A chunk is closed when it has this many bytes. Small values cost the database far more than they weigh; values of 4 to
/// 16 KiB are written at disk speed.
pub(super) const CHUNK_BYTES: usize = 8 << 10;
const HIT_BYTES: usize = 12;

/// A decoded chunk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Chunk {
    pub(super) run: u64,
    pub(super) number: u32,
    pub(super) next: Vec<u8>,
    pub(super) groups: Vec<Group>,
}

/// The entries of one key, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) key: Vec<u8>,
    pub(super) hits: Vec<Hit>,
}

impl Group {
    /// The size a group adds to a chunk, in bytes, without its hits.
    pub(super) fn bytes(key: &[u8]) -> usize {
        key.len().saturating_add(3)
    }
}

/// The size a hit adds to a chunk, in bytes.
pub(super) const fn hit_bytes() -> usize {
    HIT_BYTES
}

impl Chunk {
    /// The bytes of a chunk that is stored at `place`.
    pub(super) fn encode(&self, place: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(CHUNK_BYTES.saturating_add(256));
        bytes.extend(self.run.to_le_bytes());
        bytes.extend(self.number.to_le_bytes());
        bytes.extend(short(self.next.len()).to_le_bytes());
        bytes.extend_from_slice(&self.next);
        bytes.extend(short(self.groups.len()).to_le_bytes());
        for group in &self.groups {
            bytes.push(u8::try_from(group.key.len()).expect("keys have at most 66 bytes"));
            bytes.extend_from_slice(&group.key);
            bytes.extend(short(group.hits.len()).to_le_bytes());
            for hit in &group.hits {
                bytes.extend(hit.height.get().to_le_bytes());
                bytes.extend(hit.position.to_le_bytes());
            }
        }
        bytes.extend(checksum(place, &bytes).to_le_bytes());
        bytes
    }

    /// Decodes a chunk that was found at `place`; none when its checksum or format is wrong.
    pub(super) fn decode(place: &[u8], bytes: &[u8]) -> Option<Self> {
        let (content, crc) = bytes.split_last_chunk::<4>()?;
        if checksum(place, content) != u32::from_le_bytes(*crc) {
            return None;
        }
        let mut fields = Fields(content);
        let run = fields.u64()?;
        let number = fields.u32()?;
        let next_bytes = usize::from(fields.u16()?);
        let next = fields.take(next_bytes)?.to_vec();
        let count = usize::from(fields.u16()?);
        let mut groups = Vec::with_capacity(count.min(CHUNK_BYTES / HIT_BYTES));
        for _ in 0..count {
            let key_bytes = usize::from(fields.u8()?);
            let key = fields.take(key_bytes)?.to_vec();
            let hit_count = usize::from(fields.u16()?);
            let mut hits = Vec::with_capacity(hit_count.min(CHUNK_BYTES / HIT_BYTES));
            for _ in 0..hit_count {
                hits.push(Hit {
                    height: Height::new(fields.u64()?),
                    position: fields.u32()?,
                });
            }
            groups.push(Group { key, hits });
        }
        fields.0.is_empty().then_some(Self {
            run,
            number,
            next,
            groups,
        })
    }
}

fn checksum(place: &[u8], content: &[u8]) -> u32 {
    let mut checksum = crc32fast::Hasher::new();
    checksum.update(place);
    checksum.update(content);
    checksum.finalize()
}

fn short(count: usize) -> u16 {
    u16::try_from(count).expect("a chunk of a few KiB has fewer than 65,536 parts")
}

/// Reads little-endian fields from the front of a slice.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    pub(super) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }
}
