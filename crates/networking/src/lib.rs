//! Framed bytes between permissioned peers, over TCP, Noise and Yamux.
//!
//! A node names its peers by the public key of their *peer identity*, keeps one connection to each, and carries opaque
//! frames of three classes over it. What must hold: a peer that is not listed is closed inside the authentication
//! upgrade, before multiplexing, and none of its bytes reaches a caller; every length, queue and wait has a named limit
//! that is checked before anything is allocated; consensus frames have a stream, a queue and a channel of their own, so
//! that they never wait behind bodies. Nobody is buffered without end: a peer too slow for consensus is disconnected, a
//! full bulk queue is the caller's answer, and a peer that sends too much is read more slowly.
//!
//! This crate refuses to know what a frame means: it has no block, no vote and no transaction. It promises order within
//! a class while a connection lasts, and nothing across connections: after [`NetworkEvent::Connected`] the caller sends
//! again whatever the peer may have missed.
//!
//! ```text
//! NetworkHandle -> queue per peer and class -> writer ~~~ stream ~~~ reader -> channel per class -> NetworkEvents
//!                         driver: listens, dials, admits, keeps one connection a peer
//! ```

mod admission;
mod class;
mod config;
mod driver;
mod error;
mod event;
mod framing;
mod handle;
mod identity;
mod inbox;
mod outbound;
mod peers;
mod rate;
mod session;
mod shared;
mod streams;
mod transport;

pub use class::{
    BODIES_FRAME_BYTES_MAX, CONSENSUS_FRAME_BYTES_MAX, Class, PerClass, SYNC_FRAME_BYTES_MAX,
};
pub use config::{
    ClassLimits, HANDSHAKE_DEADLINE, Limits, NetworkConfig, PEERS_MAX, PENDING_HANDSHAKES_MAX,
    Peer, PeerRole, Rate,
};
pub use error::{NetworkError, SendError};
pub use event::{DisconnectReason, Frame, NetworkEvent, NetworkEvents, Refusal};
pub use handle::{Network, NetworkHandle};

/// The target of this crate's log lines, so that an operator can filter them by one word.
const LOG: &str = "karwan::network";
