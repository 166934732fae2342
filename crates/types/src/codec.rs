//! The one byte encoding, and the only module that names `bincode`.
//!
//! Little-endian, fixed-width integers, lengths as `u64`, enum variants as `u32`, options as one byte. One value has one
//! byte string: maps and floats are not used on the wire, all input must be consumed, and `decode` refuses bytes that
//! would not be produced by `encode`. Every decode has a limit, because a short message may claim a huge length.

use bincode::config::{Configuration, Fixint, Limit, LittleEndian};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The largest value that is ever decoded, in bytes: a block frame with its outcomes.
pub const DECODE_BYTES_MAX: usize = 64 << 20;

const SMALL: usize = 4 << 10;
const MEDIUM: usize = 256 << 10;

/// Why bytes are not a value.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    /// The input is longer than this kind of value may be.
    #[error("{actual} bytes, more than the limit of {limit}")]
    TooLong {
        /// Bytes received.
        actual: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// The bytes do not form a value of the type.
    #[error("malformed bytes: {0}")]
    Malformed(String),
    /// A value was read, but bytes follow it.
    #[error("{0} bytes follow the value")]
    Trailing(usize),
    /// A value was read that encodes to other bytes.
    #[error("the bytes are not the canonical encoding of their value")]
    NotCanonical,
}

/// The bytes that are hashed, signed, sent and stored.
#[must_use]
pub fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    bincode::serde::encode_to_vec(value, config::<DECODE_BYTES_MAX>())
        .expect("wire types hold only integers, strings, sequences and enums, which always encode")
}

/// Reads one value from all of `bytes`.
///
/// # Errors
/// `CodecError` when the input is longer than `bytes_max`, is no value of the type, leaves bytes over, or is not the
/// canonical encoding.
pub fn decode<T: Serialize + DeserializeOwned>(
    bytes: &[u8],
    bytes_max: usize,
) -> Result<T, CodecError> {
    let limit = bytes_max.min(DECODE_BYTES_MAX);
    if bytes.len() > limit {
        return Err(CodecError::TooLong {
            actual: bytes.len(),
            limit,
        });
    }
    // The limit of the decoder is a constant of its type: take the smallest that fits, so that a claimed length is
    // compared with something near the input's real one before anything is allocated.
    let decoded = if bytes.len() <= SMALL {
        bincode::serde::decode_from_slice(bytes, config::<SMALL>())
    } else if bytes.len() <= MEDIUM {
        bincode::serde::decode_from_slice(bytes, config::<MEDIUM>())
    } else {
        bincode::serde::decode_from_slice(bytes, config::<DECODE_BYTES_MAX>())
    };
    let (value, used): (T, usize) =
        decoded.map_err(|error| CodecError::Malformed(error.to_string()))?;
    if used != bytes.len() {
        return Err(CodecError::Trailing(bytes.len().saturating_sub(used)));
    }
    if encode(&value) != bytes {
        return Err(CodecError::NotCanonical);
    }
    Ok(value)
}

const fn config<const N: usize>() -> Configuration<LittleEndian, Fixint, Limit<N>> {
    bincode::config::standard()
        .with_little_endian()
        .with_fixed_int_encoding()
        .with_limit::<N>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_message_that_claims_a_huge_length_is_refused_without_allocating() {
        let mut bytes = u64::MAX.to_le_bytes().to_vec();
        bytes.extend([0; 16]);
        assert!(decode::<Vec<u64>>(&bytes, 1 << 20).is_err());
        assert!(decode::<String>(&bytes, 1 << 20).is_err());
    }

    #[test]
    fn trailing_bytes_and_oversize_input_are_refused() {
        let mut bytes = encode(&7u32);
        bytes.push(0);
        assert!(matches!(
            decode::<u32>(&bytes, 64),
            Err(CodecError::Trailing(1))
        ));
        assert!(matches!(
            decode::<u32>(&bytes, 4),
            Err(CodecError::TooLong { .. })
        ));
    }

    #[test]
    fn integers_are_little_endian_and_fixed_width() {
        assert_eq!(encode(&0x0102_u16), [2, 1]);
        assert_eq!(encode(&(1u64, Some(2u8))), [1, 0, 0, 0, 0, 0, 0, 0, 1, 2]);
    }
}
