//! The bytes that the block log and the consensus log share: a header for each file, and checksummed frames after it.
//!
//! ```text
//! file header   magic 8 | version u32 | chain id 32 | number u64 | crc32 of the foregoing
//! frame header  magic 4 | body length u32 | number u64 | witness u64 | crc32 of the body
//!               | crc32 of chain id, offset in the file, and the foregoing
//! frame body    opaque
//! ```
//! All integers are little-endian. A frame's header is bound to its chain and to its place in the file, so that a frame
//! copied elsewhere does not check. A frame is written by one write at the end of the file, and is synced before the next
//! one is written: hence **only the last frame of a file can be torn**, and anything sound after a bad frame proves that
//! the bad one was whole once. That is the line between a torn tail, which is cut, and damage, which is refused.

use crate::disk::DiskFile;
use crate::error::{Damage, IoContext, StorageError};
use karwan_types::{ChainId, Hash, Height};
use std::path::Path;

/// Size of a file header, in bytes.
pub(crate) const FILE_HEADER_BYTES: usize = 56;
/// Size of a frame header, in bytes.
pub(crate) const FRAME_HEADER_BYTES: usize = 32;

const FRAME_MAGIC: [u8; 4] = *b"KWF1";
const VERSION: u32 = 1;

/// Which of the two logs a file belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileKind {
    pub(crate) magic: [u8; 8],
    /// The largest body of a frame, in bytes.
    pub(crate) body_bytes_max: u32,
    /// Whether frame numbers are block heights, which damage reports then name.
    pub(crate) numbers_are_heights: bool,
}

impl FileKind {
    pub(crate) fn height(self, number: u64) -> Option<Height> {
        self.numbers_are_heights.then(|| Height::new(number))
    }
}

/// The header of a frame, checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FrameHeader {
    pub(crate) body_bytes: u32,
    pub(crate) number: u64,
    pub(crate) witness: u64,
    body_crc: u32,
}

impl FrameHeader {
    pub(crate) fn body_matches(&self, body: &[u8]) -> bool {
        crc32fast::hash(body) == self.body_crc
    }

    /// Size of header and body, in bytes.
    pub(crate) fn frame_bytes(&self) -> u64 {
        frame_bytes(self.body_bytes)
    }
}

/// Size of a frame with a body of this size, in bytes.
pub(crate) fn frame_bytes(body_bytes: u32) -> u64 {
    u64::from(body_bytes).saturating_add(as_u64(FRAME_HEADER_BYTES))
}

/// A count of bytes in memory as a file offset.
pub(crate) fn as_u64(bytes: usize) -> u64 {
    u64::try_from(bytes).expect("memory is smaller than 2^64 bytes")
}

/// A length that was compared with a limit below 2^32 as an index.
pub(crate) fn as_usize(bytes: u64) -> usize {
    usize::try_from(bytes).expect("lengths are compared with their limits before they are used")
}

/// The header of a new file.
pub(crate) fn file_header(kind: FileKind, chain: &ChainId, number: u64) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(FILE_HEADER_BYTES);
    bytes.extend(kind.magic);
    bytes.extend(VERSION.to_le_bytes());
    bytes.extend(chain.0.as_bytes());
    bytes.extend(number.to_le_bytes());
    bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
    bytes
}

/// Whether the header of a file is sound. `Ok(false)` means that its bytes do not check; a sound header of something else
/// is an error.
pub(crate) fn check_file_header(
    kind: FileKind,
    chain: &ChainId,
    number: u64,
    path: &Path,
    bytes: &[u8; FILE_HEADER_BYTES],
) -> Result<bool, StorageError> {
    let (content, crc) = bytes.split_at(FILE_HEADER_BYTES - 4);
    if crc32fast::hash(content).to_le_bytes() != crc || content[..8] != kind.magic {
        return Ok(false);
    }
    let version = u32_at(content, 8);
    if version != VERSION {
        return Err(StorageError::OtherVersion {
            file: path.to_path_buf(),
            found: version,
            expected: VERSION,
        });
    }
    let found = ChainId(Hash::from_bytes(array_at(content, 12)));
    if found != *chain {
        return Err(StorageError::OtherChain {
            file: path.to_path_buf(),
            found,
            expected: *chain,
        });
    }
    let in_header = u64_at(content, 44);
    if in_header != number {
        let what = Damage::FileNumber { found: in_header };
        return Err(StorageError::damaged(path, 0, None, what));
    }
    Ok(true)
}

/// Fills in the header of a frame: `frame` begins with room for it, the body follows.
pub(crate) fn seal_frame(
    chain: &ChainId,
    offset: u64,
    number: u64,
    witness: u64,
    frame: &mut [u8],
) {
    let (header, body) = frame.split_at_mut(FRAME_HEADER_BYTES);
    let body_bytes = u32::try_from(body.len())
        .expect("bodies are compared with their limit before they are framed");
    header[..4].copy_from_slice(&FRAME_MAGIC);
    header[4..8].copy_from_slice(&body_bytes.to_le_bytes());
    header[8..16].copy_from_slice(&number.to_le_bytes());
    header[16..24].copy_from_slice(&witness.to_le_bytes());
    header[24..28].copy_from_slice(&crc32fast::hash(body).to_le_bytes());
    let crc = header_crc(chain, offset, &header[..28]);
    header[28..32].copy_from_slice(&crc.to_le_bytes());
}

/// A frame of its own: header and body.
pub(crate) fn frame(chain: &ChainId, offset: u64, number: u64, body: &[u8]) -> Vec<u8> {
    frame_with(chain, offset, number, 0, body)
}

/// A frame of its own with a witness. Of what was read from a frame it makes the same bytes again.
pub(crate) fn frame_with(
    chain: &ChainId,
    offset: u64,
    number: u64,
    witness: u64,
    body: &[u8],
) -> Vec<u8> {
    let mut frame = Vec::with_capacity(FRAME_HEADER_BYTES.saturating_add(body.len()));
    frame.resize(FRAME_HEADER_BYTES, 0);
    frame.extend_from_slice(body);
    seal_frame(chain, offset, number, witness, &mut frame);
    frame
}

/// Reads a frame header that lies at `offset`; none when it does not check.
pub(crate) fn read_frame_header(chain: &ChainId, offset: u64, bytes: &[u8]) -> Option<FrameHeader> {
    let bytes = bytes.get(..FRAME_HEADER_BYTES)?;
    let sound = bytes[..4] == FRAME_MAGIC
        && header_crc(chain, offset, &bytes[..28]).to_le_bytes() == bytes[28..32];
    sound.then(|| FrameHeader {
        body_bytes: u32_at(bytes, 4),
        number: u64_at(bytes, 8),
        witness: u64_at(bytes, 16),
        body_crc: u32_at(bytes, 24),
    })
}

fn header_crc(chain: &ChainId, offset: u64, header: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(chain.0.as_bytes());
    crc.update(&offset.to_le_bytes());
    crc.update(header);
    crc.finalize()
}

pub(crate) fn array_at<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes
        .get(at..)
        .and_then(|rest| rest.first_chunk::<N>())
        .copied()
        .expect("fixed layouts are read from buffers of their fixed size")
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(array_at(bytes, at))
}

pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(array_at(bytes, at))
}

/// A file being read frame by frame.
pub(crate) struct FrameScan<'a> {
    pub(crate) file: &'a dyn DiskFile,
    pub(crate) path: &'a Path,
    pub(crate) kind: FileKind,
    pub(crate) chain: &'a ChainId,
    /// Size of the file in bytes.
    pub(crate) length: u64,
}

/// What lies at an offset.
pub(crate) enum Found {
    /// A sound frame; its body is in the buffer.
    Frame(FrameHeader),
    /// The end of the file.
    End,
    /// Bytes to the end of the file which may be a frame that was being written. Whether they can be is for the caller to
    /// say, who may know that a frame was synced here.
    Tail(Damage),
}

impl FrameScan<'_> {
    /// Looks at `offset`, where the frame with number `expected` should be (any number when there is no expectation).
    ///
    /// Errors are damage that cannot be a torn write.
    pub(crate) fn at(
        &self,
        offset: u64,
        expected: Option<u64>,
        body: &mut Vec<u8>,
    ) -> Result<Found, StorageError> {
        let left = self.length.saturating_sub(offset);
        if left == 0 {
            return Ok(Found::End);
        }
        if left < as_u64(FRAME_HEADER_BYTES) {
            return Ok(Found::Tail(Damage::CutShort));
        }
        let mut header = [0; FRAME_HEADER_BYTES];
        self.read(offset, &mut header)?;
        let Some(header) = read_frame_header(self.chain, offset, &header) else {
            return self.unsound_header(offset, left, expected);
        };
        let damaged = |what| {
            Err(StorageError::damaged(
                self.path,
                offset,
                self.expected_height(expected),
                what,
            ))
        };
        if let Some(expected) = expected
            && header.number != expected
        {
            let found = header.number;
            return damaged(Damage::FrameNumber { found, expected });
        }
        if header.body_bytes > self.kind.body_bytes_max {
            let bytes = u64::from(header.body_bytes);
            return damaged(Damage::FrameLength { bytes });
        }
        if left < header.frame_bytes() {
            return Ok(Found::Tail(Damage::CutShort));
        }
        body.resize(as_usize(u64::from(header.body_bytes)), 0);
        self.read(offset.saturating_add(as_u64(FRAME_HEADER_BYTES)), body)?;
        if header.body_matches(body) {
            Ok(Found::Frame(header))
        } else if left > header.frame_bytes() {
            damaged(Damage::FrameBody)
        } else {
            Ok(Found::Tail(Damage::FrameBody))
        }
    }

    /// A bad header may be the beginning of a torn frame, unless more follows than one frame, or a sound frame.
    fn unsound_header(
        &self,
        offset: u64,
        left: u64,
        expected: Option<u64>,
    ) -> Result<Found, StorageError> {
        let damaged = Err(StorageError::damaged(
            self.path,
            offset,
            self.expected_height(expected),
            Damage::FrameHeader,
        ));
        if left > frame_bytes(self.kind.body_bytes_max) {
            return damaged;
        }
        let mut rest = vec![0; as_usize(left)];
        self.read(offset, &mut rest)?;
        for at in 1..rest.len().saturating_sub(FRAME_HEADER_BYTES - 1) {
            if rest[at..].starts_with(&FRAME_MAGIC)
                && self.sound_frame(offset.saturating_add(as_u64(at)), &rest[at..])
            {
                return damaged;
            }
        }
        Ok(Found::Tail(Damage::FrameHeader))
    }

    fn sound_frame(&self, offset: u64, bytes: &[u8]) -> bool {
        read_frame_header(self.chain, offset, bytes).is_some_and(|header| {
            bytes
                .get(FRAME_HEADER_BYTES..)
                .and_then(|rest| rest.get(..as_usize(u64::from(header.body_bytes))))
                .is_some_and(|body| header.body_matches(body))
        })
    }

    fn expected_height(&self, expected: Option<u64>) -> Option<Height> {
        expected.and_then(|number| self.kind.height(number))
    }

    fn read(&self, offset: u64, buffer: &mut [u8]) -> Result<(), StorageError> {
        self.file.read_at(offset, buffer).context("read", self.path)
    }
}
