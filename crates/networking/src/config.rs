//! What a network is started with: who we are, where we listen, who may talk to us, and every limit by name.
//!
//! What must hold: the defaults are safe in production; tests tighten them to reach an edge quickly. The frame limits
//! are not here because all nodes must agree on them (see [`crate::Class`]).

use std::net::SocketAddr;
use std::time::Duration;

use karwan_types::{ChainId, PublicKey};
use zeroize::Zeroizing;

use crate::PerClass;

/// Most peers that a node accepts in its list. A full mesh beyond this is the wrong shape.
pub const PEERS_MAX: usize = 128;
/// How long connecting, authenticating and multiplexing may take together.
pub const HANDSHAKE_DEADLINE: Duration = Duration::from_secs(10);
/// Most inbound connections that may be in their handshake at a time.
pub const PENDING_HANDSHAKES_MAX: u32 = 64;

const MEBIBYTE: usize = 1024 * 1024;

/// What a node needs to join the mesh. Has no `Debug`: it holds the identity's secret.
pub struct NetworkConfig {
    /// The chain: peers of another chain are refused when streams are opened.
    pub chain_id: ChainId,
    /// Ed25519 seed of the peer identity. Never the consensus key.
    pub identity_seed: Zeroizing<[u8; 32]>,
    /// Where to listen; port 0 takes any free port. May be empty for a node that only dials.
    pub listen: Vec<SocketAddr>,
    /// Everyone who may connect, and whom to dial. An entry with our own key is skipped, so that all nodes can share one
    /// list.
    pub peers: Vec<Peer>,
    /// All limits; [`Limits::default`] in production.
    pub limits: Limits,
}

/// A listed peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Public key of the peer's identity.
    pub key: PublicKey,
    /// Where to dial it; `None` for a peer that only dials us.
    pub address: Option<SocketAddr>,
    /// What the peer is to us.
    pub role: PeerRole,
}

/// What a listed peer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PeerRole {
    /// Takes part in consensus.
    Validator,
    /// Follows without voting.
    Observer,
}

/// Every limit of the network, by name.
#[derive(Clone, Debug)]
pub struct Limits {
    /// How long a handshake, or the opening of a stream, may take.
    pub handshake_deadline: Duration,
    /// Most inbound connections in their handshake at a time; further ones are closed at once.
    pub pending_handshakes_max: u32,
    /// Wait before the first redial; it doubles with each failure.
    pub redial_min: Duration,
    /// Longest wait between two dials.
    pub redial_max: Duration,
    /// How often a connection is probed. A silent peer is given up after two missed answers, the second of which the
    /// library awaits for ten seconds.
    pub ping_interval: Duration,
    /// How long a probe may take.
    pub ping_deadline: Duration,
    /// How long one frame may take to be handed to a connection before the peer counts as stalled.
    pub write_deadline: Duration,
    /// Limits of each class.
    pub classes: PerClass<ClassLimits>,
}

/// Limits of one class, for each peer unless it says otherwise.
#[derive(Clone, Copy, Debug)]
pub struct ClassLimits {
    /// How long a frame that has begun to arrive may take to be complete.
    pub frame_deadline: Duration,
    /// Most frames waiting to be sent.
    pub outbound_frames_max: usize,
    /// Most bytes waiting to be sent. Below the class's frame limit, frames longer than this can never be sent.
    pub outbound_bytes_max: usize,
    /// Most frames received from all peers together that wait for the caller.
    pub inbound_frames_max: usize,
    /// How fast frames are read from the peer.
    pub inbound_rate: Rate,
}

/// A token bucket: what a peer may send in a second, with bursts of two seconds' worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Frames in a second; at least 1.
    pub frames_per_second: u64,
    /// Bytes in a second; at least 1.
    pub bytes_per_second: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            handshake_deadline: HANDSHAKE_DEADLINE,
            pending_handshakes_max: PENDING_HANDSHAKES_MAX,
            redial_min: Duration::from_millis(100),
            redial_max: Duration::from_secs(5),
            ping_interval: Duration::from_secs(5),
            ping_deadline: Duration::from_secs(10),
            write_deadline: Duration::from_secs(60),
            classes: PerClass {
                consensus: ClassLimits {
                    frame_deadline: Duration::from_secs(10),
                    outbound_frames_max: 1024,
                    outbound_bytes_max: 8 * MEBIBYTE,
                    inbound_frames_max: 512,
                    inbound_rate: Rate {
                        frames_per_second: 5_000,
                        bytes_per_second: 32 * 1024 * 1024,
                    },
                },
                bodies: ClassLimits {
                    frame_deadline: Duration::from_secs(60),
                    outbound_frames_max: 1024,
                    outbound_bytes_max: 32 * MEBIBYTE,
                    inbound_frames_max: 16,
                    inbound_rate: Rate {
                        frames_per_second: 20_000,
                        bytes_per_second: 128 * 1024 * 1024,
                    },
                },
                sync: ClassLimits {
                    frame_deadline: Duration::from_secs(120),
                    outbound_frames_max: 16,
                    outbound_bytes_max: 64 * MEBIBYTE,
                    inbound_frames_max: 4,
                    inbound_rate: Rate {
                        frames_per_second: 1_000,
                        bytes_per_second: 128 * 1024 * 1024,
                    },
                },
            },
        }
    }
}
