//! A key as the tree keeps it: copied with the pages that hold it, without following a pointer where it can be avoided.

use std::cmp::Ordering;
use std::sync::Arc;

/// Keys up to this length are kept in place, so that comparing and copying them touches no other memory. It leaves room for a
/// transaction id, a UETR or a hash with a prefix; a longer one costs a pointer.
const INLINE_BYTES_MAX: usize = 38;

/// A key in byte order.
#[derive(Clone)]
pub(super) enum TreeKey {
    Inline {
        length: u8,
        bytes: [u8; INLINE_BYTES_MAX],
    },
    Shared(Arc<[u8]>),
}

impl TreeKey {
    pub(super) fn new(key: &[u8]) -> Self {
        let mut bytes = [0; INLINE_BYTES_MAX];
        match (bytes.get_mut(..key.len()), u8::try_from(key.len())) {
            (Some(place), Ok(length)) => {
                place.copy_from_slice(key);
                Self::Inline { length, bytes }
            }
            (None | Some(_), _) => Self::Shared(key.into()),
        }
    }

    /// The empty key, which precedes all others.
    pub(super) fn sentinel() -> Self {
        Self::new(&[])
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Inline { length, bytes } => &bytes[..usize::from(*length)],
            Self::Shared(bytes) => bytes,
        }
    }
}

impl PartialEq for TreeKey {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for TreeKey {}

impl PartialOrd for TreeKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for TreeKey {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}
