//! The wall clock, read in one place. Everything below the node takes time as an argument.

use karwan_types::Timestamp;
use std::time::{SystemTime, UNIX_EPOCH};

/// Now, in UTC. A clock before 1970 reads as 1970.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
