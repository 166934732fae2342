//! Counts who holds how many of something, so that nobody holds too many. A place is given back when it is dropped.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// How many places each holder has.
#[derive(Debug)]
pub(crate) struct Tally<K> {
    max: usize,
    held: Mutex<BTreeMap<K, usize>>,
}

/// One place.
#[derive(Debug)]
pub(crate) struct Place<K: Ord> {
    tally: Arc<Tally<K>>,
    key: K,
}

impl<K: Ord + Clone> Tally<K> {
    /// At most `max` places for each holder.
    pub(crate) fn new(max: usize) -> Arc<Self> {
        Arc::new(Self {
            max,
            held: Mutex::new(BTreeMap::new()),
        })
    }
    /// Takes a place, unless the holder has the most already.
    pub(crate) fn enter(self: &Arc<Self>, key: K) -> Option<Place<K>> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let count = held.entry(key.clone()).or_insert(0);
        if *count >= self.max {
            return None;
        }
        *count += 1;
        Some(Place {
            tally: Arc::clone(self),
            key,
        })
    }
}

impl<K: Ord> Drop for Place<K> {
    fn drop(&mut self) {
        let mut held = self
            .tally
            .held
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = held.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                held.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Tally;

    #[test]
    fn a_place_that_is_dropped_can_be_taken_again() {
        let tally = Tally::new(2);
        let first = tally.enter("a");
        let second = tally.enter("a");
        assert!(first.is_some() && second.is_some());
        assert!(tally.enter("a").is_none());
        assert!(tally.enter("b").is_some());
        drop(first);
        assert!(tally.enter("a").is_some());
        drop(second);
        assert!(tally.held.lock().is_ok_and(|held| held.is_empty()));
    }
}
