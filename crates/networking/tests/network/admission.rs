//! Strangers. Promise A1: whoever is not listed is closed before multiplexing, and no byte of it reaches a decoder.
//!
//! `KARWAN_ADMISSION_CONNECTIONS` sets how many strangers try; 200 by default.

use std::net::SocketAddr;
use std::time::Duration;

use futures::{StreamExt, stream};
use karwan_networking::{Class, DisconnectReason, Limits, Network, NetworkEvent, Refusal};
use karwan_types::ChainId;
use libp2p::swarm::SwarmEvent;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use crate::harness::{LOOPBACK, Node, at, chain, config, key, listed, pair, quick, start, within};
use crate::raw_peer::{RawPeer, dial, multiaddr, swarm};

/// Handshakes that stall are given up quickly.
fn impatient() -> Limits {
    Limits {
        handshake_deadline: Duration::from_millis(300),
        ..quick()
    }
}

/// Tries to connect to node 1 as identity `n`; true if it got as far as a multiplexed connection.
async fn gets_in(n: u8, address: SocketAddr) -> bool {
    let mut stranger = swarm(n);
    dial(&mut stranger, 1, address);
    within("an answer to the stranger", async {
        loop {
            let event = stranger.select_next_some().await;
            if matches!(event, SwarmEvent::ConnectionEstablished { .. }) {
                return true;
            }
            if matches!(event, SwarmEvent::OutgoingConnectionError { .. }) {
                return false;
            }
        }
    })
    .await
}

/// Sends bytes and waits until the node closes. The node may answer only with its half of the handshake.
async fn closed_after(bytes: &[u8], address: SocketAddr) {
    let mut socket = TcpStream::connect(address).await.unwrap();
    // The node may close before it has read everything.
    let _ = socket.write_all(bytes).await;
    let mut answer = Vec::new();
    let _ = within("the node to close", socket.read_to_end(&mut answer)).await;
    assert!(answer.len() < 1024);
}

#[tokio::test]
async fn an_unlisted_identity_is_closed_before_multiplexing() {
    let mut node = start(1, vec![listed(2)], quick()).await;
    assert!(!gets_in(3, node.address()).await);
    let refusal = node.refusal().await;
    let Refusal::Unlisted {
        key: stranger,
        address: Some(_),
    } = refusal
    else {
        panic!("{refusal}");
    };
    assert_eq!(stranger, Some(key(3)));
    // The same road is open to the listed one, so it is the list that made the difference.
    assert!(gets_in(2, node.address()).await);
}

#[tokio::test]
async fn an_unlisted_identity_at_a_listed_address_is_closed_before_multiplexing() {
    let mut impostor = swarm(3);
    impostor
        .listen_on(multiaddr(LOOPBACK.parse().unwrap()))
        .unwrap();
    let address = within("the impostor's address", async {
        loop {
            if let SwarmEvent::NewListenAddr { address, .. } = impostor.select_next_some().await {
                let port = address.iter().last();
                let Some(libp2p::multiaddr::Protocol::Tcp(port)) = port else {
                    panic!("{address}")
                };
                return SocketAddr::new([127, 0, 0, 1].into(), port);
            }
        }
    })
    .await;
    let mut node = start(1, vec![at(2, address)], quick()).await;
    within("the impostor's failure", async {
        loop {
            let event = impostor.select_next_some().await;
            if matches!(event, SwarmEvent::IncomingConnectionError { .. }) {
                return;
            }
            let got_in = matches!(event, SwarmEvent::ConnectionEstablished { .. });
            assert!(!got_in, "the impostor got in");
        }
    })
    .await;
    let refusal = node.refusal().await;
    assert!(matches!(refusal, Refusal::Unlisted { key: Some(k), .. } if k == key(3)));
}

#[tokio::test]
async fn another_listed_peer_at_an_address_is_named() {
    let third = start(3, vec![listed(1)], quick()).await;
    let mut node = start(1, vec![at(2, third.address()), listed(3)], quick()).await;
    let address = Some(third.address());
    let (expected, found) = (key(2), Some(key(3)));
    assert_eq!(
        node.refusal().await,
        Refusal::WrongPeer {
            expected,
            found,
            address
        }
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_of_every_kind_are_closed_while_honest_peers_talk() {
    let strangers: usize =
        std::env::var("KARWAN_ADMISSION_CONNECTIONS").map_or(200, |count| count.parse().unwrap());
    let mut node = start(1, vec![listed(2)], impatient()).await;
    let address = node.address();
    let mut honest = start(2, vec![at(1, address)], quick()).await;
    node.connected(2).await;
    honest.connected(1).await;

    let attack = tokio::spawn(async move {
        let attempts = (0..strangers).map(|i| async move {
            match i % 4 {
                0 => assert!(!gets_in(3, address).await),
                // Silence: a slow-loris.
                1 => closed_after(b"", address).await,
                2 => closed_after(&[0xff; 4096], address).await,
                // A good beginning, then nothing.
                _ => closed_after(b"\x13/multistream/1.0.0\n\x07/noise\n", address).await,
            }
        });
        let at_a_time = stream::iter(attempts).buffer_unordered(16);
        at_a_time.collect::<Vec<()>>().await;
    });
    let mut refused = 0;
    let mut said = 0_usize;
    honest.send(1, Class::Consensus, "0");
    while refused < strangers {
        match node.event("strangers").await {
            NetworkEvent::Refused(Refusal::Unlisted { .. } | Refusal::HandshakeFailed { .. }) => {
                refused += 1;
            }
            NetworkEvent::Frame(frame) => {
                assert_eq!(frame.peer, key(2));
                assert_eq!(frame.bytes, said.to_string());
                said += 1;
                honest.send(1, Class::Consensus, &said.to_string());
            }
            NetworkEvent::Connected { .. }
            | NetworkEvent::Disconnected { .. }
            | NetworkEvent::Refused(_) => panic!("no other event should come"),
        }
    }
    attack.await.unwrap();
    assert!(said > 0);
    assert_eq!(node.handle.connected(), [key(2)]);
}

#[tokio::test]
async fn a_recorded_handshake_of_a_listed_peer_does_not_open_the_door_again() {
    let mut node = start(1, vec![listed(2)], impatient()).await;
    let address = node.address();
    let proxy = TcpListener::bind(LOOPBACK).await.unwrap();
    let through = proxy.local_addr().unwrap();
    // A man in the middle that keeps what the listed peer says.
    let recorder = tokio::spawn(async move {
        let (from_peer, _) = proxy.accept().await.unwrap();
        let mut from_peer = Recorded {
            socket: from_peer,
            heard: Vec::new(),
        };
        let mut to_node = TcpStream::connect(address).await.unwrap();
        let _ = copy_bidirectional(&mut from_peer, &mut to_node).await;
        from_peer.heard
    });
    let mut peer = start(2, vec![at(1, through)], quick()).await;
    node.connected(2).await;
    peer.connected(1).await;
    peer.send(1, Class::Consensus, "pay");
    assert_eq!(node.frame(Class::Consensus).await.bytes, "pay");
    peer.handle.shutdown().await;
    node.disconnected(2).await;

    let heard = within("the recording", recorder).await.unwrap();
    assert!(heard.len() > 200);
    closed_after(&heard, address).await;
    assert!(matches!(
        node.refusal().await,
        Refusal::HandshakeFailed { .. }
    ));
}

#[tokio::test]
async fn a_peer_of_another_chain_is_never_connected() {
    let mut node = start(1, vec![listed(2)], quick()).await;
    let mut other = config(
        2,
        LOOPBACK.parse().unwrap(),
        vec![at(1, node.address())],
        quick(),
    );
    other.chain_id = ChainId::of_genesis(b"another chain");
    let (handle, events) = Network::start(other).await.unwrap();
    let mut other = Node { handle, events };
    for (node, stranger) in [(&mut node, 2), (&mut other, 1)] {
        let (peer, reason) = (key(stranger), DisconnectReason::OtherProtocol);
        assert_eq!(node.refusal().await, Refusal::Unusable { peer, reason });
        assert!(node.handle.connected().is_empty());
    }
}

#[tokio::test]
async fn a_listed_peer_that_opens_no_streams_is_never_connected() {
    let mut node = start(1, vec![listed(2)], impatient()).await;
    let _silent = RawPeer::connect_on(chain(), 2, 1, node.address()).await;
    let (peer, reason) = (key(2), DisconnectReason::StreamsDeadline);
    assert_eq!(node.refusal().await, Refusal::Unusable { peer, reason });
}

#[tokio::test]
async fn handshakes_beyond_the_limit_are_turned_away_and_the_connected_stay() {
    let limits = Limits {
        pending_handshakes_max: 4,
        ..quick()
    };
    let (mut node, _two) = pair(limits).await;
    let mut stalled = Vec::new();
    for _ in 0..6 {
        stalled.push(TcpStream::connect(node.address()).await.unwrap());
    }
    for _ in 0..2 {
        let refusal = node.refusal().await;
        assert!(
            matches!(refusal, Refusal::TooManyHandshakes { .. }),
            "{refusal}"
        );
    }
    assert_eq!(node.handle.connected(), [key(2)]);
}

/// A socket that remembers what it has read.
struct Recorded {
    socket: TcpStream,
    heard: Vec<u8>,
}

mod recorded {
    use std::io;
    use std::pin::Pin;
    use std::task::{Context, Poll, ready};

    use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

    use super::Recorded;

    impl AsyncRead for Recorded {
        fn poll_read(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
            buffer: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            let before = buffer.filled().len();
            ready!(Pin::new(&mut self.socket).poll_read(context, buffer))?;
            self.heard.extend_from_slice(&buffer.filled()[before..]);
            Poll::Ready(Ok(()))
        }
    }

    impl AsyncWrite for Recorded {
        fn poll_write(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            Pin::new(&mut self.socket).poll_write(context, bytes)
        }

        fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.socket).poll_flush(context)
        }

        fn poll_shutdown(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
        ) -> Poll<io::Result<()>> {
            Pin::new(&mut self.socket).poll_shutdown(context)
        }
    }
}
