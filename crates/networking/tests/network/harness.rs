//! Nodes with short names: node `n` has the identity of seed `[n; 32]`.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use bytes::Bytes;
use karwan_networking::{
    Class, DisconnectReason, Frame, Limits, Network, NetworkConfig, NetworkEvent, NetworkEvents,
    NetworkHandle, Peer, PeerRole, Refusal,
};
use karwan_types::{ChainId, PublicKey, SecretKey};
use tokio::time::timeout;
use zeroize::Zeroizing;

/// Far longer than anything here takes on a busy machine.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

pub(crate) const LOOPBACK: &str = "127.0.0.1:0";

pub(crate) struct Node {
    pub(crate) handle: NetworkHandle,
    pub(crate) events: NetworkEvents,
}

pub(crate) fn chain() -> ChainId {
    ChainId::of_genesis(b"the test chain")
}

pub(crate) fn seed(n: u8) -> Zeroizing<[u8; 32]> {
    Zeroizing::new([n; 32])
}

pub(crate) fn key(n: u8) -> PublicKey {
    SecretKey::from_seed(&seed(n)).public_key()
}

/// A listed peer that dials us.
pub(crate) fn listed(n: u8) -> Peer {
    Peer {
        key: key(n),
        address: None,
        role: PeerRole::Validator,
    }
}

/// A listed peer that we dial.
pub(crate) fn at(n: u8, address: SocketAddr) -> Peer {
    Peer {
        address: Some(address),
        ..listed(n)
    }
}

/// An address on which nobody listens now.
pub(crate) fn free_address() -> SocketAddr {
    TcpListener::bind(LOOPBACK).unwrap().local_addr().unwrap()
}

/// The defaults, but impatient in dialling.
pub(crate) fn quick() -> Limits {
    Limits {
        redial_min: Duration::from_millis(20),
        redial_max: Duration::from_millis(200),
        ..Limits::default()
    }
}

pub(crate) fn config(n: u8, listen: SocketAddr, peers: Vec<Peer>, limits: Limits) -> NetworkConfig {
    NetworkConfig {
        chain_id: chain(),
        identity_seed: seed(n),
        listen: vec![listen],
        peers,
        limits,
    }
}

pub(crate) async fn start(n: u8, peers: Vec<Peer>, limits: Limits) -> Node {
    start_at(n, LOOPBACK.parse().unwrap(), peers, limits).await
}

pub(crate) async fn start_at(n: u8, listen: SocketAddr, peers: Vec<Peer>, limits: Limits) -> Node {
    let config = config(n, listen, peers, limits);
    let (handle, events) = Network::start(config).await.unwrap();
    Node { handle, events }
}

/// Nodes 1 and 2, connected; 2 dials 1.
pub(crate) async fn pair(limits: Limits) -> (Node, Node) {
    let mut one = start(1, vec![listed(2)], limits.clone()).await;
    let mut two = start(2, vec![at(1, one.address())], limits).await;
    one.connected(2).await;
    two.connected(1).await;
    (one, two)
}

/// Waits for a condition, or fails the test and says for what it waited.
pub(crate) async fn within<T>(what: &str, condition: impl Future<Output = T>) -> T {
    match timeout(DEADLINE, condition).await {
        Ok(value) => value,
        Err(_elapsed) => panic!("waited in vain for {what}"),
    }
}

impl Node {
    pub(crate) fn address(&self) -> SocketAddr {
        self.handle.listen_addresses()[0]
    }

    pub(crate) async fn event(&mut self, what: &str) -> NetworkEvent {
        within(what, self.events.consensus.recv())
            .await
            .expect("the network runs")
    }

    /// Waits until peer `n` is connected, whatever else happens before.
    pub(crate) async fn connected(&mut self, n: u8) {
        loop {
            let event = self.event("a connection").await;
            if matches!(event, NetworkEvent::Connected { peer, .. } if peer == key(n)) {
                return;
            }
        }
    }

    /// Waits until peer `n` is disconnected, whatever else happens before.
    pub(crate) async fn disconnected(&mut self, n: u8) -> DisconnectReason {
        loop {
            if let NetworkEvent::Disconnected { peer, reason } = self.event("the end").await {
                assert_eq!(peer, key(n));
                return reason;
            }
        }
    }

    /// Waits until somebody is turned away. Nobody may connect meanwhile.
    pub(crate) async fn refusal(&mut self) -> Refusal {
        let event = self.event("a refusal").await;
        let NetworkEvent::Refused(refusal) = event else {
            panic!("a refusal should come, not {event:?}");
        };
        refusal
    }

    /// Waits for the next frame of a class. In the consensus class nothing else may come before.
    pub(crate) async fn frame(&mut self, class: Class) -> Frame {
        let frame = match class {
            Class::Consensus => {
                let event = self.event("a consensus frame").await;
                let NetworkEvent::Frame(frame) = event else {
                    panic!("a frame should come, not {event:?}");
                };
                frame
            }
            Class::Bodies => within("a body", self.events.bodies.recv()).await.unwrap(),
            Class::Sync => within("a sync frame", self.events.sync.recv())
                .await
                .unwrap(),
        };
        assert_eq!(frame.class, class);
        frame
    }

    pub(crate) fn send(&self, to: u8, class: Class, text: &str) {
        let frame = Bytes::copy_from_slice(text.as_bytes());
        self.handle.send(key(to), class, frame).unwrap();
    }
}
