//! What the network tells its caller.
//!
//! What must hold: every channel is bounded; each class has its own, so a caller that is slow with bodies still receives
//! consensus frames; for each peer `Connected` and `Disconnected` alternate, and the consensus frames of a connection lie
//! between them. Frames of the other classes come through other channels and may be seen a little before or after.

use std::net::SocketAddr;

use bytes::Bytes;
use karwan_types::PublicKey;
use tokio::sync::mpsc;

use crate::{Class, PeerRole};

/// The receiving ends of the network. Dropping `consensus` stops the network.
#[derive(Debug)]
pub struct NetworkEvents {
    /// Connections, refusals, and the frames of [`Class::Consensus`].
    pub consensus: mpsc::Receiver<NetworkEvent>,
    /// The frames of [`Class::Bodies`].
    pub bodies: mpsc::Receiver<Frame>,
    /// The frames of [`Class::Sync`].
    pub sync: mpsc::Receiver<Frame>,
}

/// Something that happened on the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NetworkEvent {
    /// A peer is connected and speaks our protocol. Frames sent before on an earlier connection may be lost.
    Connected {
        /// Who.
        peer: PublicKey,
        /// What the peer is, from the configuration.
        role: PeerRole,
    },
    /// The connection to a peer is gone; what was queued for it is dropped.
    Disconnected {
        /// Who.
        peer: PublicKey,
        /// Why.
        reason: DisconnectReason,
    },
    /// A consensus frame.
    Frame(Frame),
    /// Someone was turned away. For a counter and a log line; under a flood some are left out.
    Refused(Refusal),
}

/// Opaque bytes from a listed and authenticated peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Who sent it.
    pub peer: PublicKey,
    /// Its class.
    pub class: Class,
    /// At most [`Class::frame_bytes_max`] bytes.
    pub bytes: Bytes,
}

/// Why a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DisconnectReason {
    /// Our consensus queue to the peer was full.
    #[error("the peer is too slow: its consensus queue is full")]
    TooSlow,
    /// The peer announced a frame over the limit; nothing was allocated for it.
    #[error("the peer announced a {class} frame of {bytes} bytes, which is over the limit")]
    FrameTooLarge {
        /// The class of the stream.
        class: Class,
        /// The announced length.
        bytes: u32,
    },
    /// A frame began and was not complete in time.
    #[error("a {class} frame of the peer was not complete in time")]
    FrameDeadline {
        /// The class of the stream.
        class: Class,
    },
    /// The peer did not take a frame from us in time.
    #[error("the peer did not take a {class} frame in time")]
    WriteDeadline {
        /// The class of the stream.
        class: Class,
    },
    /// The peer opened a second stream of one class.
    #[error("the peer opened a second {class} stream")]
    DuplicateStream {
        /// The class of the stream.
        class: Class,
    },
    /// The peer does not speak our version of the protocol, or is of another chain.
    #[error("the peer speaks another version or is of another chain")]
    OtherProtocol,
    /// The streams were not opened in time.
    #[error("the streams to the peer were not opened in time")]
    StreamsDeadline,
    /// The peer no longer answers probes.
    #[error("the peer does not answer")]
    Unresponsive,
    /// A newer connection to the same peer took its place.
    #[error("a newer connection took its place")]
    Replaced,
    /// The peer closed its streams in order.
    #[error("the peer closed the connection")]
    ClosedByPeer,
    /// The connection broke or was closed by the peer.
    #[error("the connection is lost")]
    Lost,
    /// We are stopping.
    #[error("this node is stopping")]
    Shutdown,
}

/// Why someone was turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// An authenticated identity that is not listed. Closed before multiplexing.
    #[error("peer {} at {} is not listed", shown(key.as_ref()), shown(address.as_ref()))]
    Unlisted {
        /// The identity, when it is a key that we accept anywhere.
        key: Option<PublicKey>,
        /// Where it connected from, or where we dialled.
        address: Option<SocketAddr>,
    },
    /// A listed address is answered by another listed peer than configured.
    #[error("{} is answered by {}, not by {expected}", shown(address.as_ref()), shown(found.as_ref()))]
    WrongPeer {
        /// Who should be there.
        expected: PublicKey,
        /// Who is there.
        found: Option<PublicKey>,
        /// The address.
        address: Option<SocketAddr>,
    },
    /// An inbound handshake that was garbage, broke off or took too long.
    #[error("the handshake with {} failed", shown(address.as_ref()))]
    HandshakeFailed {
        /// Where it came from.
        address: Option<SocketAddr>,
    },
    /// More inbound handshakes at a time than allowed.
    #[error("too many handshakes at a time, {} is turned away", shown(address.as_ref()))]
    TooManyHandshakes {
        /// Where it came from.
        address: Option<SocketAddr>,
    },
    /// A listed peer whose connection never became usable.
    #[error("listed peer {peer} is connected in vain: {reason}")]
    Unusable {
        /// Who.
        peer: PublicKey,
        /// What was wrong.
        reason: DisconnectReason,
    },
}

fn shown<T: std::fmt::Display>(value: Option<&T>) -> String {
    value.map_or_else(|| "(unknown)".to_owned(), ToString::to_string)
}
