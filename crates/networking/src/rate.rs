//! A token bucket that slows reading: it never drops and never stores anything but one instant.
//!
//! The bucket is kept as the instant up to which the peer has used its share. Reading pauses while that lies more than
//! the burst ahead of now. Because a charge is made after the fact, one frame may overdraw; the debt is waited off
//! before the next one.

use std::time::Duration;

use tokio::time::Instant;

use crate::Rate;

/// How far a peer may run ahead of its rate.
const BURST: Duration = Duration::from_secs(2);

/// The use that one peer has made of one class.
#[derive(Debug)]
pub(crate) struct Bucket {
    rate: Rate,
    frames_until: Instant,
    bytes_until: Instant,
}

impl Bucket {
    /// A full bucket.
    pub(crate) fn new(rate: Rate, now: Instant) -> Self {
        Self {
            rate,
            frames_until: now,
            bytes_until: now,
        }
    }

    /// Charges one frame of `bytes` bytes.
    pub(crate) fn charge(&mut self, now: Instant, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let frames_until = self.frames_until.max(now);
        let bytes_until = self.bytes_until.max(now);
        self.frames_until = frames_until + cost(1, self.rate.frames_per_second);
        self.bytes_until = bytes_until + cost(bytes, self.rate.bytes_per_second);
    }

    /// When the next frame may be read; not later than `now` if it may be read at once.
    pub(crate) fn ready_at(&self, now: Instant) -> Instant {
        let used_until = self.frames_until.max(self.bytes_until);
        let ahead = used_until.saturating_duration_since(now);
        now + ahead.saturating_sub(BURST)
    }
}

/// How long `units` take at `per_second`. A rate of zero counts as one.
fn cost(units: u64, per_second: u64) -> Duration {
    let per_second = per_second.max(1);
    let rest = units % per_second;
    let nanos = u128::from(rest) * 1_000_000_000 / u128::from(per_second);
    Duration::from_secs(units / per_second)
        + Duration::from_nanos(u64::try_from(nanos).expect("the rest is less than a second"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate {
        frames_per_second: 10,
        bytes_per_second: 1_000,
    };

    fn after(start: Instant, millis: u64) -> Instant {
        start + Duration::from_millis(millis)
    }

    #[test]
    fn a_burst_passes_and_then_reading_follows_the_frame_rate() {
        let start = Instant::now();
        let mut bucket = Bucket::new(RATE, start);
        for _ in 0..20 {
            assert_eq!(bucket.ready_at(start), start);
            bucket.charge(start, 1);
        }
        assert_eq!(bucket.ready_at(start), start);
        bucket.charge(start, 1);
        assert_eq!(bucket.ready_at(start), after(start, 100));
        bucket.charge(start, 1);
        assert_eq!(bucket.ready_at(start), after(start, 200));
        assert_eq!(bucket.ready_at(after(start, 200)), after(start, 200));
    }

    #[test]
    fn one_large_frame_is_paid_for_before_the_next() {
        let start = Instant::now();
        let mut bucket = Bucket::new(RATE, start);
        bucket.charge(start, 5_500);
        assert_eq!(bucket.ready_at(start), after(start, 3_500));
    }

    #[test]
    fn idle_time_is_not_saved_up_beyond_the_burst() {
        let start = Instant::now();
        let mut bucket = Bucket::new(RATE, start);
        let later = after(start, 3_600_000);
        bucket.charge(later, 2_100);
        assert_eq!(bucket.ready_at(later), after(later, 100));
    }

    #[test]
    fn the_longest_frame_at_the_lowest_rate_does_not_overflow() {
        assert_eq!(cost(u64::MAX, 1), Duration::from_secs(u64::MAX));
        assert_eq!(cost(3, 0), Duration::from_secs(3));
    }
}
