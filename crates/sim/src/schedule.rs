//! Virtual time: what is to happen, by millisecond, and in the order it was planned within one.

use karwan_replica::Timer;
use karwan_types::TransactionId;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Something that is going to happen.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// Bytes arrive over a connection.
    Deliver(Delivery),
    /// A timer elapses, unless it was cancelled or replaced.
    Timer {
        node: usize,
        timer: Timer,
        token: u64,
    },
    /// Two nodes try to connect.
    Dial { pair: (usize, usize), attempt: u64 },
    /// A node notices that a connection is gone.
    Notice {
        node: usize,
        peer: usize,
        epoch: u64,
    },
    /// A cable that was pulled is plugged in again.
    Plug { pair: (usize, usize) },
    /// A node starts.
    Start { node: usize },
    /// Clients think of something to do.
    Clients,
    /// A client asks after a transaction, and hands it in again if it is not final.
    Ask(TransactionId),
    /// A fault of this kind strikes, and its next strike is planned.
    Fault(Fault),
    /// The network is one again.
    Rejoin,
    /// All faults end.
    Heal,
    /// Is everything final?
    Look,
}

/// A message on its way.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    pub(crate) from: usize,
    pub(crate) to: usize,
    /// The connection it travels in.
    pub(crate) epoch: u64,
    pub(crate) bytes: Arc<[u8]>,
}

/// Kinds of fault that strike again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Fault {
    /// The network falls apart in two.
    Partition,
    /// One connection breaks.
    Cable,
    /// One node stops.
    Crash,
    /// All nodes lose power at once.
    Blackout,
    /// This node loses power.
    Outage { node: usize },
    /// A node's disk is replaced by an empty one.
    LostDisk,
    /// Honest nodes are dealt out anew between the two nodes that share a key.
    Regroup,
}

/// The events to come.
#[derive(Default)]
pub(crate) struct Schedule {
    queue: BTreeMap<(u64, u64), Event>,
    planned: u64,
    /// Milliseconds since the beginning.
    pub(crate) now: u64,
}

impl Schedule {
    /// Plans an event `wait_ms` from now.
    pub(crate) fn after(&mut self, wait_ms: u64, event: Event) {
        self.at(self.now + wait_ms, event);
    }

    /// Plans an event at a time, which is not past.
    pub(crate) fn at(&mut self, at_ms: u64, event: Event) {
        self.planned += 1;
        self.queue.insert((at_ms, self.planned), event);
    }

    /// The next event; time moves on to it.
    pub(crate) fn next(&mut self) -> Option<Event> {
        let ((at, _), event) = self.queue.pop_first()?;
        self.now = at;
        Some(event)
    }

    /// Forgets the faults that are still to come.
    pub(crate) fn cancel_faults(&mut self) {
        self.queue
            .retain(|_, event| !matches!(event, Event::Fault(_)));
    }
}
