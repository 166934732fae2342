//! The caller's side: starting a network, sending, and stopping.
//!
//! What must hold: nothing here waits except starting and stopping; a handle is cheap to clone and keeps no task alive.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use karwan_types::PublicKey;

use crate::driver::Driver;
use crate::shared::Shared;
use crate::{Class, NetworkConfig, NetworkError, NetworkEvents, SendError};

/// A running mesh of permissioned peers.
#[derive(Debug)]
pub struct Network;

impl Network {
    /// Listens, begins to dial, and returns when the listening addresses are known. The tasks run on the current tokio
    /// runtime until [`NetworkHandle::shutdown`], or until `NetworkEvents::consensus` is dropped.
    ///
    /// # Errors
    /// A faulty list of peers, or an address that cannot be listened on. Peers that cannot be reached are no error: they
    /// are dialled for ever.
    pub async fn start(
        config: NetworkConfig,
    ) -> Result<(NetworkHandle, NetworkEvents), NetworkError> {
        let (mut driver, shared, events) = Driver::new(&config)?;
        driver.listen(&config.listen).await?;
        shared.tasks.spawn(driver.run());
        Ok((NetworkHandle { shared }, events))
    }
}

/// Sends frames and asks about connections. Clones share one network.
#[derive(Clone, Debug)]
pub struct NetworkHandle {
    shared: Arc<Shared>,
}

impl NetworkHandle {
    /// Queues a frame for one peer. Never waits.
    ///
    /// # Errors
    /// The peer is not connected, its queue is full, or the frame is too long; see [`SendError`]. `Ok` means queued: the
    /// frame is lost if the connection ends first.
    pub fn send(&self, to: PublicKey, class: Class, frame: Bytes) -> Result<(), SendError> {
        self.shared.send(to, class, frame)
    }

    /// Queues a frame for every listed peer. Never waits. Returns the peers that it was not queued for, and why.
    pub fn broadcast(&self, class: Class, frame: &Bytes) -> Vec<(PublicKey, SendError)> {
        self.shared.broadcast(class, frame)
    }

    /// The public key of this node's peer identity.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        self.shared.key
    }

    /// The addresses that are listened on, with the ports that were really bound.
    #[must_use]
    pub fn listen_addresses(&self) -> Vec<SocketAddr> {
        self.shared.listening()
    }

    /// The peers that are connected now, by key.
    #[must_use]
    pub fn connected(&self) -> Vec<PublicKey> {
        self.shared.connected()
    }

    /// Stops: takes no more frames, gives queued ones a second to leave, closes every connection, and returns when the
    /// last task has ended. May be called more than once, and without anyone reading the events.
    pub async fn shutdown(&self) {
        self.shared.stop.cancel();
        self.shared.tasks.close();
        self.shared.tasks.wait().await;
    }
}
