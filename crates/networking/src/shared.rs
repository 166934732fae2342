//! What the handle and the tasks of one network share: who is connected, where we listen, and the wish to stop.
//!
//! What must hold: locks are held for a look-up only, never across a wait. A connection's own task puts its queues in
//! and takes them out, so a peer is connected here exactly while that task carries frames.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use bytes::Bytes;
use karwan_types::PublicKey;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::outbound::{Outbound, check_length};
use crate::{Class, SendError};

/// The common state of one network.
#[derive(Debug)]
pub(crate) struct Shared {
    /// Our own identity.
    pub(crate) key: PublicKey,
    /// Cancelled when the network is to stop.
    pub(crate) stop: CancellationToken,
    /// Every task of this network, those of the library included.
    pub(crate) tasks: TaskTracker,
    /// Wakes the driver when a connection is to be closed.
    pub(crate) connection_ended: Arc<Notify>,
    listed: Vec<PublicKey>,
    connected: RwLock<BTreeMap<PublicKey, Arc<Outbound>>>,
    listening: RwLock<Vec<SocketAddr>>,
}

impl Shared {
    pub(crate) fn new(key: PublicKey, listed: Vec<PublicKey>) -> Self {
        Self {
            key,
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            connection_ended: Arc::new(Notify::new()),
            listed,
            connected: RwLock::default(),
            listening: RwLock::default(),
        }
    }

    pub(crate) fn send(&self, to: PublicKey, class: Class, frame: Bytes) -> Result<(), SendError> {
        match read(&self.connected).get(&to) {
            Some(outbound) => outbound.push(class, frame),
            None => check_length(class, &frame).and(Err(SendError::NotConnected)),
        }
    }

    pub(crate) fn broadcast(&self, class: Class, frame: &Bytes) -> Vec<(PublicKey, SendError)> {
        let connected = read(&self.connected);
        let missed = self.listed.iter().filter_map(|peer| {
            let sent = match connected.get(peer) {
                Some(outbound) => outbound.push(class, frame.clone()),
                None => Err(SendError::NotConnected),
            };
            sent.err().map(|error| (*peer, error))
        });
        missed.collect()
    }

    pub(crate) fn connected(&self) -> Vec<PublicKey> {
        read(&self.connected).keys().copied().collect()
    }

    pub(crate) fn connect(&self, peer: PublicKey, outbound: Outbound) {
        write(&self.connected).insert(peer, Arc::new(outbound));
    }

    pub(crate) fn disconnect(&self, peer: &PublicKey) {
        write(&self.connected).remove(peer);
    }

    pub(crate) fn listening(&self) -> Vec<SocketAddr> {
        read(&self.listening).clone()
    }

    pub(crate) fn add_listening(&self, address: SocketAddr) {
        write(&self.listening).push(address);
    }

    pub(crate) fn remove_listening(&self, address: SocketAddr) {
        write(&self.listening).retain(|listening| *listening != address);
    }
}

// Every write is one insertion or removal, so a panic elsewhere cannot have left the value half changed.
fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
