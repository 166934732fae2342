//! Pure rules about peers: which of two connections survives, and when to dial again.
//!
//! What must hold: both ends decide alike from what both can know (who dialled, and roughly how old a connection is), so
//! that exactly one connection is left; dialling never stops and never becomes a storm.

use std::time::Duration;

use karwan_types::PublicKey;

use crate::Limits;

/// How long after a connection is made another one to the same peer may still be the other half of a race. A dial lasts
/// at most the handshake deadline, and the two ends see a connection begin at slightly different times.
const RACE_MARGIN: Duration = Duration::from_secs(5);
/// A connection that lasted this long was a good one: the next dial starts without the waits of the past.
const STABLE_AFTER: Duration = Duration::from_secs(10);

/// Who opened a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialler {
    Us,
    Peer,
}

/// Which of two connections to a peer survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Survivor {
    Existing,
    Newcomer,
}

/// A pair of identities, as one end sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pair {
    pub(crate) us: PublicKey,
    pub(crate) peer: PublicKey,
}

impl Pair {
    /// Decides between two connections, when the existing one is `age` old. Nobody dials while connected, so a newcomer
    /// is either the other half of a race, and then the one that the lower key dialled survives; or it is younger than
    /// any race, and then its dialler has lost the existing one and we have not noticed yet.
    pub(crate) fn survivor(
        &self,
        existing: Dialler,
        age: Duration,
        newcomer: Dialler,
        handshake_deadline: Duration,
    ) -> Survivor {
        if age > handshake_deadline + RACE_MARGIN {
            return Survivor::Newcomer;
        }
        let preferred = if self.us < self.peer {
            Dialler::Us
        } else {
            Dialler::Peer
        };
        if existing != preferred && newcomer == preferred {
            Survivor::Newcomer
        } else {
            Survivor::Existing
        }
    }
}

/// The growing wait between dials.
#[derive(Clone, Debug)]
pub(crate) struct Backoff {
    next: Duration,
}

impl Backoff {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            next: limits.redial_min,
        }
    }

    /// The wait before the next dial; each is twice as long as the one before, up to the limit.
    pub(crate) fn wait(&mut self, limits: &Limits) -> Duration {
        let wait = self.next;
        self.next = wait.saturating_mul(2).min(limits.redial_max);
        wait
    }

    /// Learns from a connection that has ended after `lasted`.
    pub(crate) fn ended(&mut self, lasted: Duration, limits: &Limits) {
        if lasted >= STABLE_AFTER {
            self.next = limits.redial_min;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use karwan_types::SecretKey;

    const HANDSHAKE: Duration = Duration::from_secs(10);
    const YOUNG: Duration = Duration::from_millis(3);
    const OLD: Duration = Duration::from_secs(60);

    fn two_ends() -> (Pair, Pair) {
        let a = SecretKey::from_seed(&[1; 32]).public_key();
        let b = SecretKey::from_seed(&[2; 32]).public_key();
        (Pair { us: a, peer: b }, Pair { us: b, peer: a })
    }

    /// The connection that an end keeps, named by whether the end itself dialled it.
    fn kept(end: Pair, first: Dialler, second: Dialler, age: Duration) -> Dialler {
        match end.survivor(first, age, second, HANDSHAKE) {
            Survivor::Existing => first,
            Survivor::Newcomer => second,
        }
    }

    fn other(dialler: Dialler) -> Dialler {
        match dialler {
            Dialler::Us => Dialler::Peer,
            Dialler::Peer => Dialler::Us,
        }
    }

    #[test]
    fn in_a_race_both_ends_keep_the_same_connection_in_whatever_order_they_see_the_two() {
        let (one, two) = two_ends();
        for first_at_one in [Dialler::Us, Dialler::Peer] {
            for first_at_two in [Dialler::Us, Dialler::Peer] {
                let at_one = kept(one, first_at_one, other(first_at_one), YOUNG);
                let at_two = kept(two, first_at_two, other(first_at_two), YOUNG);
                assert_eq!(at_one, other(at_two));
            }
        }
    }

    #[test]
    fn a_second_dial_of_the_same_end_does_not_push_out_a_young_connection() {
        let (one, two) = two_ends();
        for end in [one, two] {
            for dialler in [Dialler::Us, Dialler::Peer] {
                let survivor = end.survivor(dialler, YOUNG, dialler, HANDSHAKE);
                assert_eq!(survivor, Survivor::Existing);
            }
        }
    }

    #[test]
    fn a_peer_that_dials_again_after_a_silent_loss_is_let_in() {
        let (one, two) = two_ends();
        for end in [one, two] {
            for existing in [Dialler::Us, Dialler::Peer] {
                let survivor = end.survivor(existing, OLD, Dialler::Peer, HANDSHAKE);
                assert_eq!(survivor, Survivor::Newcomer);
            }
        }
    }

    #[test]
    fn waits_double_to_the_limit_and_start_again_after_a_good_connection() {
        let limits = Limits {
            redial_min: Duration::from_millis(100),
            redial_max: Duration::from_millis(500),
            ..Limits::default()
        };
        let mut backoff = Backoff::new(&limits);
        let waits: Vec<u128> = (0..5).map(|_| backoff.wait(&limits).as_millis()).collect();
        assert_eq!(waits, [100, 200, 400, 500, 500]);
        backoff.ended(Duration::from_secs(1), &limits);
        assert_eq!(backoff.wait(&limits).as_millis(), 500);
        backoff.ended(OLD, &limits);
        assert_eq!(backoff.wait(&limits).as_millis(), 100);
    }
}
