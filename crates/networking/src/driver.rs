//! The one task that owns the library: listens, dials, admits, and keeps one connection to each peer.
//!
//! What must hold: every listed peer with an address is either connected, being dialled, or has an instant at which it
//! will be dialled; of several connections to a peer all but one are closed; a connection that has ended for whatever
//! reason is closed here. The driver carries no frames, so a flood of them cannot keep it from its work, and it never
//! waits for the caller.

mod failures;
mod listed;
mod swarm;

use std::collections::BTreeMap;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::future::join_all;
use karwan_types::{PublicKey, SecretKey};
use libp2p::core::transport::ListenerId;
use libp2p::swarm::dial_opts::{DialOpts, PeerCondition};
use libp2p::swarm::{ConnectionId, DialError, SwarmEvent};
use libp2p::{PeerId, Swarm, TransportError, ping};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};

use crate::inbox::Inbox;
use crate::outbound::Ending;
use crate::peers::{Dialler, Survivor};
use crate::session::{NEGOTIATIONS_MAX, Negotiation, Session};
use crate::shared::Shared;
use crate::streams::{StreamChange, StreamEvent};
use crate::transport::CLOSE_DEADLINE;
use crate::{DisconnectReason, Limits, NetworkConfig, NetworkError, NetworkEvents, identity};
use listed::{Listed, Live};
use swarm::{Behaviour, BehaviourEvent};

/// How long the system may take to say where it listens.
const LISTEN_DEADLINE: Duration = Duration::from_secs(5);

/// The owner of all connections.
pub(crate) struct Driver {
    swarm: Swarm<Behaviour>,
    listed: BTreeMap<PeerId, Listed>,
    listeners: Vec<ListenerId>,
    unready_listeners: Vec<ListenerId>,
    shared: Arc<Shared>,
    inbox: Inbox,
    limits: Arc<Limits>,
}

impl Driver {
    /// Checks the configuration and prepares everything; nothing runs yet.
    pub(crate) fn new(
        config: &NetworkConfig,
    ) -> Result<(Self, Arc<Shared>, NetworkEvents), NetworkError> {
        let key = SecretKey::from_seed(&config.identity_seed).public_key();
        let listed = listed::check(config, key)?;
        let keys: Vec<PublicKey> = listed.values().map(|peer| peer.pair.peer).collect();
        let shared = Arc::new(Shared::new(key, keys));
        let (inbox, events) = Inbox::new(&config.limits);
        let driver = Self {
            swarm: swarm::build(
                config,
                listed.keys().copied().collect(),
                shared.tasks.clone(),
            )?,
            listed,
            listeners: Vec::new(),
            unready_listeners: Vec::new(),
            shared: Arc::clone(&shared),
            inbox,
            limits: Arc::new(config.limits.clone()),
        };
        Ok((driver, shared, events))
    }

    /// Binds all addresses and waits until they are known.
    pub(crate) async fn listen(&mut self, addresses: &[SocketAddr]) -> Result<(), NetworkError> {
        for address in addresses {
            let failed = |source| NetworkError::Listen {
                address: *address,
                source,
            };
            probe(*address).map_err(failed)?;
            let listener = self
                .swarm
                .listen_on(identity::multiaddr(*address))
                .map_err(|error| match error {
                    TransportError::Other(source) => failed(source),
                    TransportError::MultiaddrNotSupported(_) => {
                        failed(io::ErrorKind::Unsupported.into())
                    }
                })?;
            self.listeners.push(listener);
            self.unready_listeners.push(listener);
        }
        let ready = async {
            while !self.unready_listeners.is_empty() {
                let event = self.swarm.select_next_some().await;
                self.on_event(event);
            }
        };
        timeout(LISTEN_DEADLINE, ready)
            .await
            .map_err(|_elapsed| NetworkError::ListenDeadline)
    }

    /// Runs until the network is stopped or nobody listens to it.
    pub(crate) async fn run(mut self) {
        loop {
            let next_dial = self.listed.values().filter_map(|peer| peer.dial_at).min();
            let dial_due = async {
                match next_dial {
                    Some(at) => sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = self.shared.stop.cancelled() => break,
                () = self.inbox.abandoned() => break,
                () = self.shared.connection_ended.notified() => self.close_ended(),
                () = dial_due => self.dial_due(),
                event = self.swarm.select_next_some() => self.on_event(event),
            }
        }
        self.close().await;
    }

    fn on_event(&mut self, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::Behaviour(event) => match event {
                BehaviourEvent::Streams(event) => self.on_streams(event),
                BehaviourEvent::Ping(event) => self.on_ping(&event),
                BehaviourEvent::Limits(never) => match never {},
            },
            SwarmEvent::ConnectionEstablished {
                peer_id,
                connection_id,
                endpoint,
                ..
            } => {
                let dialler = if endpoint.is_dialer() {
                    Dialler::Us
                } else {
                    Dialler::Peer
                };
                self.on_established(peer_id, connection_id, dialler);
            }
            SwarmEvent::ConnectionClosed {
                peer_id,
                connection_id,
                ..
            } => self.end(peer_id, connection_id, DisconnectReason::Lost),
            SwarmEvent::IncomingConnectionError {
                send_back_addr,
                error,
                ..
            } => failures::inbound(&self.inbox, &send_back_addr, &error),
            SwarmEvent::OutgoingConnectionError { peer_id, error, .. } => {
                self.on_dial_failed(peer_id, &error);
            }
            SwarmEvent::NewListenAddr { .. }
            | SwarmEvent::ExpiredListenAddr { .. }
            | SwarmEvent::ListenerClosed { .. }
            | SwarmEvent::ListenerError { .. } => self.on_listener(event),
            // Steps on the way to the events above, and addresses that only other behaviours report.
            SwarmEvent::IncomingConnection { .. }
            | SwarmEvent::Dialing { .. }
            | SwarmEvent::NewExternalAddrCandidate { .. }
            | SwarmEvent::ExternalAddrConfirmed { .. }
            | SwarmEvent::ExternalAddrExpired { .. }
            | SwarmEvent::NewExternalAddrOfPeer { .. } => {}
            _ => {}
        }
    }

    fn on_listener(&mut self, event: SwarmEvent<BehaviourEvent>) {
        if let SwarmEvent::NewListenAddr {
            listener_id,
            address,
        } = event
        {
            self.unready_listeners
                .retain(|unready| *unready != listener_id);
            if let Some(address) = identity::socket_address(&address) {
                self.shared.add_listening(address);
            }
        } else if let SwarmEvent::ExpiredListenAddr { address, .. } = event {
            if let Some(address) = identity::socket_address(&address) {
                self.shared.remove_listening(address);
            }
        } else {
            tracing::warn!(target: crate::LOG, ?event, "trouble with listening");
        }
    }

    /// A listed peer is connected: keep this connection or the one we have.
    fn on_established(&mut self, peer: PeerId, connection: ConnectionId, dialler: Dialler) {
        let Some(listed) = self.listed.get_mut(&peer) else {
            // Cannot happen, because the handshake admits listed peers only; and if it does, out.
            self.swarm.close_connection(connection);
            return;
        };
        if dialler == Dialler::Us {
            listed.dialling = false;
        }
        let handshake_deadline = self.limits.handshake_deadline;
        match listed.survivor(dialler, handshake_deadline) {
            Survivor::Existing => {
                self.swarm.close_connection(connection);
                return;
            }
            Survivor::Newcomer => {}
        }
        let ending = Ending::new(Arc::clone(&self.shared.connection_ended));
        let (negotiations, negotiated) = mpsc::channel(NEGOTIATIONS_MAX);
        let session = Session {
            peer: listed.pair.peer,
            role: listed.role,
            shared: Arc::clone(&self.shared),
            limits: Arc::clone(&self.limits),
            inbox: self.inbox.clone(),
            ending: ending.clone(),
            negotiations: negotiated,
            previous: listed.session.take(),
        };
        let replaced = listed.live.replace(Live {
            connection,
            dialler,
            since: Instant::now(),
            ending,
            negotiations,
        });
        listed.dial_at = None;
        listed.session = Some(self.shared.tasks.spawn(session.run()));
        if let Some(replaced) = replaced {
            replaced.ending.end(DisconnectReason::Replaced);
            self.swarm.close_connection(replaced.connection);
        }
    }

    fn on_streams(&mut self, event: StreamEvent) {
        let StreamEvent {
            peer,
            connection,
            change,
        } = event;
        let Some(live) = self.live(peer, connection) else {
            // A stream of a connection that is being closed.
            return;
        };
        let negotiation = match change {
            StreamChange::Opened {
                class,
                direction,
                stream,
            } => Negotiation::Opened {
                class,
                direction,
                stream,
            },
            StreamChange::OtherProtocol => Negotiation::OtherProtocol,
            StreamChange::Broken => return live.ending.end(DisconnectReason::Lost),
            StreamChange::Deadline => {
                return live.ending.end(DisconnectReason::StreamsDeadline);
            }
            StreamChange::Duplicate(class) => {
                return live.ending.end(DisconnectReason::DuplicateStream { class });
            }
        };
        // There is a place for everything that a connection can report. If the session is over, so is the stream.
        let _ = live.negotiations.try_send(negotiation);
    }

    fn on_ping(&mut self, event: &ping::Event) {
        if let (Err(_), Some(live)) = (&event.result, self.live(event.peer, event.connection)) {
            live.ending.end(DisconnectReason::Unresponsive);
        }
    }

    fn on_dial_failed(&mut self, peer: Option<PeerId>, error: &DialError) {
        // Every dial of ours names its peer.
        if let Some(listed) = peer.and_then(|peer| self.listed.get_mut(&peer)) {
            listed.dialling = false;
            listed.schedule_dial(&self.limits);
            failures::outbound(&self.inbox, listed, error);
        }
    }

    fn live(&mut self, peer: PeerId, connection: ConnectionId) -> Option<&Live> {
        let live = self.listed.get(&peer)?.live.as_ref()?;
        (live.connection == connection).then_some(live)
    }

    /// Closes the connections whose sessions have ended them.
    fn close_ended(&mut self) {
        let ended: Vec<_> = self
            .listed
            .iter()
            .filter_map(|(peer, listed)| {
                let live = listed.live.as_ref()?;
                Some((*peer, live.connection, live.ending.reason()?))
            })
            .collect();
        for (peer, connection, reason) in ended {
            self.end(peer, connection, reason);
        }
    }

    /// Ends a connection that is the peer's present one, and sees to the next dial.
    fn end(&mut self, peer: PeerId, connection: ConnectionId, reason: DisconnectReason) {
        let Some(listed) = self.listed.get_mut(&peer) else {
            return;
        };
        let Some(live) = listed.live.take_if(|live| live.connection == connection) else {
            return;
        };
        live.ending.end(reason);
        self.swarm.close_connection(connection);
        listed.backoff.ended(live.since.elapsed(), &self.limits);
        listed.schedule_dial(&self.limits);
    }

    /// Dials everyone whose time has come.
    fn dial_due(&mut self) {
        let now = Instant::now();
        for (peer, listed) in &mut self.listed {
            if listed.dial_at.is_none_or(|at| at > now) {
                continue;
            }
            listed.dial_at = None;
            let Some(address) = listed.address.clone() else {
                continue;
            };
            // A new port for each dial: from our listening port, two nodes that dial each other at once would meet in one
            // TCP connection that both believe to have opened. And a connection that is still being closed is no
            // obstacle.
            let dial = DialOpts::peer_id(*peer)
                .addresses(vec![address])
                .condition(PeerCondition::NotDialing)
                .allocate_new_port()
                .build();
            match self.swarm.dial(dial) {
                Ok(()) => listed.dialling = true,
                Err(error) => {
                    listed.schedule_dial(&self.limits);
                    failures::outbound(&self.inbox, listed, &error);
                }
            }
        }
    }

    /// Lets the sessions finish, then closes the connections in order. Every wait has a deadline.
    async fn close(mut self) {
        for listener in self.listeners.drain(..) {
            self.swarm.remove_listener(listener);
        }
        let mut sessions = Vec::new();
        for listed in self.listed.values_mut() {
            if let Some(live) = &listed.live {
                live.ending.end(DisconnectReason::Shutdown);
            }
            sessions.extend(listed.session.take());
        }
        // The swarm must run on, or the connections could not send what the sessions still write.
        let mut finished = std::pin::pin!(join_all(sessions));
        loop {
            tokio::select! {
                _ = &mut finished => break,
                _ = self.swarm.select_next_some() => {}
            }
        }
        for peer in self.listed.keys() {
            // Not connected is as good as disconnected.
            let _ = self.swarm.disconnect_peer_id(*peer);
        }
        let closed = async {
            while self.swarm.network_info().num_peers() > 0 {
                self.swarm.select_next_some().await;
            }
        };
        // Whatever has not closed by then is dropped with the swarm.
        let _ = timeout(CLOSE_DEADLINE, closed).await;
    }
}

/// Fails when someone else listens on the address. The library asks the system to share ports, so that without this two
/// nodes on one port would each get some of the connections.
fn probe(address: SocketAddr) -> io::Result<()> {
    if address.port() != 0 {
        TcpListener::bind(address)?;
    }
    Ok(())
}
