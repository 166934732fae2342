//! A sum over a sliding window of time, kept by the hour: what limits and the aggregation of payments count with.
//!
//! What must hold: in any period as long as the window, whatever its beginning, no more was added than the total says. So
//! the hour in which the window begins counts as a whole, and a sum may count for up to an hour longer than it must.
//!
//! Nothing here knows whose sum it is or what it is compared with.

use karwan_types::{Amount, DurationMs, Timestamp};
use serde::{Deserialize, Serialize};

/// One hour in milliseconds.
const HOUR_MS: u64 = 3_600_000;
/// The longest window, in hours: 31 days.
pub(crate) const WINDOW_HOURS_MAX: u16 = 31 * 24;
/// The window of limits, in hours.
pub(crate) const DAY_HOURS: u16 = 24;

/// What was added in each of the last hours, the oldest first. An hour in which nothing was added has no bucket, so there is
/// at most one more than the window has hours.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlidingSum {
    /// The hour, counted from 1970, and what was added in it, in minor units.
    buckets: Vec<(u64, Amount)>,
}

/// The hour of a block time, counted from 1970.
pub(crate) const fn hour_of(time: Timestamp) -> u64 {
    time.millis() / HOUR_MS
}

/// When an hour begins.
pub(crate) const fn start_of_hour(hour: u64) -> Timestamp {
    Timestamp::from_millis(hour.saturating_mul(HOUR_MS))
}

/// A window of the rulebook in hours; it is a whole number of them.
pub(crate) fn hours_of(window: DurationMs) -> u16 {
    u16::try_from(window.millis() / HOUR_MS)
        .map_or(WINDOW_HOURS_MAX, |hours| hours.clamp(1, WINDOW_HOURS_MAX))
}

impl SlidingSum {
    /// What counts at a time: everything added in the window's hours, the one in which it begins included.
    pub(crate) fn total(&self, time: Timestamp, hours: u16) -> Amount {
        let first = hour_of(time).saturating_sub(u64::from(hours));
        let counted = self.buckets.iter().filter(|(hour, _)| *hour >= first);
        counted.fold(Amount::ZERO, |sum, (_, amount)| {
            sum.checked_add(*amount).expect("sums fit 127 bits")
        })
    }
    /// Adds an amount in the hour of a time, and forgets what no window reaches any more.
    pub(crate) fn add(&mut self, time: Timestamp, hours: u16, amount: Amount) {
        let hour = hour_of(time);
        let first = hour.saturating_sub(u64::from(hours));
        self.buckets.retain(|(old, _)| *old >= first);
        match self.buckets.last_mut() {
            Some((last, sum)) if *last == hour => {
                *sum = sum.checked_add(amount).expect("sums fit 127 bits");
            }
            _ => self.buckets.push((hour, amount)),
        }
    }
    /// Takes back what was added in an hour, if the window still knows of it.
    pub(crate) fn take_back(&mut self, hour: u64, amount: Amount) {
        if let Ok(place) = self.buckets.binary_search_by_key(&hour, |(hour, _)| *hour)
            && let Some((_, sum)) = self.buckets.get_mut(place)
        {
            *sum = sum
                .checked_sub(amount)
                .expect("no more is taken back than was added");
        }
        self.buckets.retain(|(_, sum)| !sum.is_zero());
    }
    /// When the oldest bucket that counts stops counting, if there is one: nothing makes room earlier by time alone.
    pub(crate) fn makes_room(&self, time: Timestamp, hours: u16) -> Option<Timestamp> {
        let first = hour_of(time).saturating_sub(u64::from(hours));
        let oldest = self.buckets.iter().find(|(hour, _)| *hour >= first)?;
        let over = oldest.0.saturating_add(u64::from(hours)).saturating_add(1);
        Some(start_of_hour(over))
    }
    /// Whether nothing stands in it any more.
    pub(crate) const fn is_empty(&self) -> bool {
        self.buckets.is_empty()
    }
    /// When it is empty for every window of so many hours, and can be forgotten.
    pub(crate) fn ends(&self, hours: u16) -> Timestamp {
        let last = self.buckets.last().map_or(0, |(hour, _)| *hour);
        start_of_hour(last.saturating_add(u64::from(hours)).saturating_add(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hours: u64, minutes: u64) -> Timestamp {
        Timestamp::from_millis(hours * HOUR_MS + minutes * 60_000)
    }

    #[test]
    fn what_was_added_counts_for_a_whole_day_and_at_most_an_hour_longer() {
        let mut sum = SlidingSum::default();
        sum.add(at(100, 59), DAY_HOURS, Amount::from_minor(7));
        assert_eq!(sum.total(at(124, 59), DAY_HOURS), Amount::from_minor(7));
        assert_eq!(sum.total(at(125, 0), DAY_HOURS), Amount::ZERO);
        assert_eq!(sum.makes_room(at(110, 0), DAY_HOURS), Some(at(125, 0)));
        assert_eq!(sum.ends(DAY_HOURS), at(125, 0));
    }

    #[test]
    fn what_is_taken_back_comes_out_of_its_own_hour() {
        let mut sum = SlidingSum::default();
        sum.add(at(100, 0), DAY_HOURS, Amount::from_minor(7));
        sum.add(at(101, 0), DAY_HOURS, Amount::from_minor(5));
        sum.take_back(100, Amount::from_minor(7));
        assert_eq!(sum.total(at(101, 0), DAY_HOURS), Amount::from_minor(5));
        assert_eq!(sum.makes_room(at(101, 0), DAY_HOURS), Some(at(126, 0)));
        // An hour that the window has left has nothing to give back.
        sum.take_back(50, Amount::from_minor(1));
        assert_eq!(sum.total(at(101, 0), DAY_HOURS), Amount::from_minor(5));
    }

    /// The oldest way to count: every amount with its own time, over every period of a day.
    #[test]
    fn no_period_of_a_day_holds_more_than_the_total_says() {
        const DAY_MS: u64 = 24 * HOUR_MS;
        for seed in 0..200 {
            let mut rng = fastrand::Rng::with_seed(seed);
            let mut sum = SlidingSum::default();
            let mut added: Vec<(Timestamp, u128)> = Vec::new();
            let mut minutes = 1_000u64;
            for _ in 0..rng.usize(1..60) {
                minutes += rng.u64(0..20 * 60);
                let (time, minor) = (at(0, minutes), rng.u128(1..1_000));
                sum.add(time, DAY_HOURS, Amount::from_minor(minor));
                added.push((time, minor));
                let within = |longest: u64| -> u128 {
                    let age = |then: Timestamp| time.millis() - then.millis();
                    let recent = added.iter().filter(|(then, _)| age(*then) <= longest);
                    recent.map(|(_, minor)| minor).sum()
                };
                let total = sum.total(time, DAY_HOURS).minor();
                let bounds = within(DAY_MS)..=within(DAY_MS + HOUR_MS);
                assert!(
                    bounds.contains(&total),
                    "seed {seed}: {total} of {bounds:?}"
                );
                assert!(
                    sum.buckets.len() <= usize::from(DAY_HOURS) + 1,
                    "seed {seed}"
                );
            }
        }
    }
}
