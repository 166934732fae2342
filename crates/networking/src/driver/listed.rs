//! What the driver knows about one listed peer.

use std::collections::BTreeMap;
use std::time::Duration;

use karwan_types::PublicKey;
use libp2p::swarm::ConnectionId;
use libp2p::{Multiaddr, PeerId};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::outbound::Ending;
use crate::peers::{Backoff, Dialler, Pair, Survivor};
use crate::session::Negotiation;
use crate::{Limits, NetworkConfig, NetworkError, PEERS_MAX, PeerRole, identity};

/// A listed peer and what is going on with it.
pub(super) struct Listed {
    pub(super) pair: Pair,
    pub(super) role: PeerRole,
    pub(super) address: Option<Multiaddr>,
    /// The connection that counts.
    pub(super) live: Option<Live>,
    /// The newest session, which waits for the ones before it.
    pub(super) session: Option<JoinHandle<()>>,
    /// A dial is under way.
    pub(super) dialling: bool,
    /// When to dial next.
    pub(super) dial_at: Option<Instant>,
    pub(super) backoff: Backoff,
}

/// The present connection to a peer.
pub(super) struct Live {
    pub(super) connection: ConnectionId,
    pub(super) dialler: Dialler,
    pub(super) since: Instant,
    pub(super) ending: Ending,
    pub(super) negotiations: mpsc::Sender<Negotiation>,
}

impl Listed {
    /// Plans the next dial, if this peer is to be dialled and nothing is planned, under way or connected.
    pub(super) fn schedule_dial(&mut self, limits: &Limits) {
        let idle = self.live.is_none() && !self.dialling && self.dial_at.is_none();
        if idle && self.address.is_some() {
            self.dial_at = Some(Instant::now() + self.backoff.wait(limits));
        }
    }

    /// Whether a new connection takes the place of the present one.
    pub(super) fn survivor(&self, newcomer: Dialler, handshake_deadline: Duration) -> Survivor {
        match &self.live {
            // A connection that has ended counts for nothing, even if the driver has not closed it yet.
            Some(live) if live.ending.reason().is_none() => {
                let age = live.since.elapsed();
                self.pair
                    .survivor(live.dialler, age, newcomer, handshake_deadline)
            }
            Some(_) | None => Survivor::Newcomer,
        }
    }
}

/// Turns the configured peers into listed ones.
pub(super) fn check(
    config: &NetworkConfig,
    us: PublicKey,
) -> Result<BTreeMap<PeerId, Listed>, NetworkError> {
    let count = config.peers.len();
    if count > PEERS_MAX {
        return Err(NetworkError::TooManyPeers { count });
    }
    let mut listed = BTreeMap::new();
    for peer in config.peers.iter().filter(|peer| peer.key != us) {
        let entry = Listed {
            pair: Pair { us, peer: peer.key },
            role: peer.role,
            address: peer.address.map(identity::multiaddr),
            live: None,
            session: None,
            dialling: false,
            dial_at: peer.address.map(|_| Instant::now()),
            backoff: Backoff::new(&config.limits),
        };
        if listed.insert(identity::peer_id(&peer.key), entry).is_some() {
            return Err(NetworkError::DuplicatePeer { key: peer.key });
        }
    }
    Ok(listed)
}
