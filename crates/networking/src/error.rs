//! What can fail when a network starts or a frame is handed over.

use std::io;
use std::net::SocketAddr;

use karwan_types::PublicKey;

/// Why a network could not be started.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// The list of peers is too long.
    #[error("{count} peers are listed, at most {} are supported", crate::PEERS_MAX)]
    TooManyPeers {
        /// How many were listed.
        count: usize,
    },
    /// One identity is listed twice.
    #[error("peer {key} is listed twice")]
    DuplicatePeer {
        /// The identity.
        key: PublicKey,
    },
    /// The identity could not be prepared for the handshake.
    #[error("the peer identity cannot be used")]
    Identity {
        /// What the cryptography said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// An address cannot be listened on, usually because its port is taken.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address from the configuration.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The system never reported the listening addresses as ready.
    #[error("the listening addresses were not ready in time")]
    ListenDeadline,
}

/// Why a frame was not taken. The caller decides whether to try again; nothing was queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// There is no connection to this peer now, or the peer is not listed.
    #[error("not connected")]
    NotConnected,
    /// The peer's queue for this class is full. In [`crate::Class::Consensus`] the peer is being disconnected as too
    /// slow; in the other classes the caller may try later.
    #[error("the queue to the peer is full")]
    Full,
    /// The frame is longer than its class allows.
    #[error("a frame of {bytes} bytes is over the limit of {bytes_max}")]
    FrameTooLarge {
        /// Length of the frame.
        bytes: usize,
        /// The limit of its class.
        bytes_max: usize,
    },
}
