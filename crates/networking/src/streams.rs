//! One stream for each class in each direction of a connection.
//!
//! What must hold: every stream is known by its *connection*, not only by its peer, because for a moment there may be two
//! connections to one peer and a frame must not cross from one to the other. A connection opens its three streams once,
//! and accepts three; it says so when the peer asks for more. Streams are negotiated by name, and the name carries the
//! version and the chain, so that strangers of another chain part here.
//!
//! This replaces `libp2p-stream`, which drops an accepted stream when two peers open theirs at the same moment, hands
//! streams out without their connection, and keeps a channel for every connection that ever was.

mod handler;

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use karwan_types::ChainId;
use libp2p::core::Endpoint;
use libp2p::core::transport::PortUse;
use libp2p::swarm::{
    ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent,
    THandlerOutEvent, ToSwarm,
};
use libp2p::{Multiaddr, PeerId, Stream, StreamProtocol};

use crate::{Class, PerClass};

pub(crate) use handler::Handler;

/// Version of the framing and of everything in the frames. Nodes with different versions do not talk.
const PROTOCOL_VERSION: u32 = 1;
/// Hexadecimal digits of the chain id in a protocol name.
const CHAIN_DIGITS: usize = 16;

/// Which way a stream carries frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// From the peer to us.
    Inbound,
    /// From us to the peer.
    Outbound,
}

/// What happened to the streams of a connection.
#[derive(Debug)]
pub(crate) enum StreamChange {
    /// A stream is negotiated with the peer and ready.
    Opened {
        class: Class,
        direction: Direction,
        stream: Stream,
    },
    /// The peer does not know our protocol name.
    OtherProtocol,
    /// A stream was not opened in time.
    Deadline,
    /// The connection broke while a stream was opened.
    Broken,
    /// The peer opened a second stream of a class.
    Duplicate(Class),
}

/// A change, and the connection it is about.
#[derive(Debug)]
pub(crate) struct StreamEvent {
    pub(crate) peer: PeerId,
    pub(crate) connection: ConnectionId,
    pub(crate) change: StreamChange,
}

/// Opens and accepts the streams of every connection.
pub(crate) struct Streams {
    names: Arc<PerClass<StreamProtocol>>,
    deadline: Duration,
    // Drained by the swarm before it looks at any connection again, so it stays as short as one connection's changes.
    events: VecDeque<StreamEvent>,
}

impl Streams {
    pub(crate) fn new(chain_id: &ChainId, deadline: Duration) -> Self {
        Self {
            names: Arc::new(PerClass::from_fn(|class| protocol_name(chain_id, class))),
            deadline,
            events: VecDeque::new(),
        }
    }

    fn handler(&self) -> Handler {
        Handler::new(Arc::clone(&self.names), self.deadline)
    }
}

/// For example `/karwan/1/0123456789abcdef/consensus`.
fn protocol_name(chain_id: &ChainId, class: Class) -> StreamProtocol {
    let chain: String = chain_id.to_string().chars().take(CHAIN_DIGITS).collect();
    StreamProtocol::try_from_owned(format!("/karwan/{PROTOCOL_VERSION}/{chain}/{class}"))
        .expect("the name starts with a slash")
}

impl NetworkBehaviour for Streams {
    type ConnectionHandler = Handler;
    type ToSwarm = StreamEvent;

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(self.handler())
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(self.handler())
    }

    fn on_swarm_event(&mut self, _: FromSwarm<'_>) {}

    fn on_connection_handler_event(
        &mut self,
        peer: PeerId,
        connection: ConnectionId,
        change: THandlerOutEvent<Self>,
    ) {
        self.events.push_back(StreamEvent {
            peer,
            connection,
            change,
        });
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        // No waker: events are pushed by the swarm itself, which polls again afterwards.
        match self.events.pop_front() {
            Some(event) => Poll::Ready(ToSwarm::GenerateEvent(event)),
            None => Poll::Pending,
        }
    }
}
