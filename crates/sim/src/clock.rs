//! A node's idea of the time: virtual time with an offset and a drift.

use karwan_types::Timestamp;

/// When every simulated history begins: 2026-11-23T09:00:00Z, in milliseconds since the epoch.
pub(crate) const EPOCH_MS: u64 = 1_795_424_400_000;

/// A clock that is wrong by an offset, and more so as time passes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Clock {
    pub(crate) offset_ms: i64,
    /// Milliseconds gained in a million.
    pub(crate) drift: i64,
}

impl Clock {
    /// What the clock shows at a virtual time.
    pub(crate) fn read(self, now_ms: u64) -> Timestamp {
        let elapsed = i64::try_from(now_ms).expect("a run is short");
        let wrong = self.offset_ms + elapsed * self.drift / 1_000_000;
        Timestamp::from_millis((EPOCH_MS + now_ms).saturating_add_signed(wrong))
    }
}

/// What a right clock shows at a virtual time.
pub(crate) fn true_time(now_ms: u64) -> Timestamp {
    Timestamp::from_millis(EPOCH_MS + now_ms)
}
