//! A peer made of the library alone: authentic, but free to break our rules.

use std::net::SocketAddr;

use futures::{AsyncReadExt, AsyncWriteExt, StreamExt};
use karwan_networking::Class;
use karwan_types::ChainId;
use libp2p::core::upgrade::Version;
use libp2p::identity::Keypair;
use libp2p::swarm::dial_opts::DialOpts;
use libp2p::swarm::{self, NetworkBehaviour, SwarmEvent};
use libp2p::{
    Multiaddr, PeerId, Stream, StreamProtocol, Swarm, Transport, noise, ping, tcp, yamux,
};
use libp2p_stream::OpenStreamError;
use tokio::task::JoinHandle;

use crate::harness::{chain, seed, within};

#[derive(NetworkBehaviour)]
pub(crate) struct Behaviour {
    streams: libp2p_stream::Behaviour,
    ping: ping::Behaviour,
}

pub(crate) struct RawPeer {
    control: libp2p_stream::Control,
    to: PeerId,
    chain: ChainId,
    swarm: Option<JoinHandle<Swarm<Behaviour>>>,
    freeze: tokio::sync::watch::Sender<bool>,
    _accepted: Vec<libp2p_stream::IncomingStreams>,
}

pub(crate) fn keypair(n: u8) -> Keypair {
    Keypair::ed25519_from_bytes(&mut seed(n)[..]).unwrap()
}

pub(crate) fn peer_id(n: u8) -> PeerId {
    keypair(n).public().to_peer_id()
}

pub(crate) fn multiaddr(address: SocketAddr) -> Multiaddr {
    format!("/ip4/{}/tcp/{}", address.ip(), address.port())
        .parse()
        .unwrap()
}

/// A swarm that waits for the other side's answer at every step of its handshake, so that what it believes is true.
pub(crate) fn swarm(n: u8) -> Swarm<Behaviour> {
    let transport = tcp::tokio::Transport::new(tcp::Config::default())
        .upgrade(Version::V1)
        .authenticate(noise::Config::new(&keypair(n)).unwrap())
        .multiplex(yamux::Config::default())
        .boxed();
    let behaviour = Behaviour {
        streams: libp2p_stream::Behaviour::new(),
        ping: ping::Behaviour::default(),
    };
    // Runs its connections inside its own poll, so that it stands still when it is not polled.
    let config = swarm::Config::without_executor();
    Swarm::new(transport, behaviour, peer_id(n), config)
}

pub(crate) fn dial(swarm: &mut Swarm<Behaviour>, n: u8, address: SocketAddr) {
    let dial = DialOpts::peer_id(peer_id(n))
        .addresses(vec![multiaddr(address)])
        .allocate_new_port()
        .build();
    swarm.dial(dial).unwrap();
}

impl RawPeer {
    /// Connects as identity `n` to node `to`, and takes the streams that it opens.
    pub(crate) async fn connect(n: u8, to: u8, address: SocketAddr) -> Self {
        Self::connect_on(chain(), n, to, address).await
    }

    pub(crate) async fn connect_on(chain: ChainId, n: u8, to: u8, address: SocketAddr) -> Self {
        let mut swarm = swarm(n);
        let mut control = swarm.behaviour().streams.new_control();
        let accepted = Class::ALL
            .map(|class| control.accept(protocol(&chain, class)).unwrap())
            .into();
        dial(&mut swarm, to, address);
        within("the raw peer's connection", async {
            loop {
                let event = swarm.select_next_some().await;
                if let SwarmEvent::OutgoingConnectionError { error, .. } = &event {
                    panic!("{error}");
                }
                if matches!(event, SwarmEvent::ConnectionEstablished { .. }) {
                    return;
                }
            }
        })
        .await;
        let (freeze, mut frozen) = tokio::sync::watch::channel(false);
        let swarm = tokio::spawn(async move {
            let run = async { while swarm.next().await.is_some() {} };
            tokio::select! {
                () = run => {}
                _ = frozen.wait_for(|frozen| *frozen) => {}
            }
            swarm
        });
        Self {
            control,
            to: peer_id(to),
            chain,
            swarm: Some(swarm),
            freeze,
            _accepted: accepted,
        }
    }

    pub(crate) async fn open(&mut self, class: Class) -> Result<Stream, OpenStreamError> {
        let protocol = protocol(&self.chain, class);
        let opened = self.control.open_stream(self.to, protocol);
        within("a raw stream", opened).await
    }

    /// Opens all streams, as a good peer does.
    pub(crate) async fn open_all(&mut self) -> Vec<(Class, Stream)> {
        let mut streams = Vec::new();
        for class in Class::ALL {
            streams.push((class, self.open(class).await.unwrap()));
        }
        streams
    }

    /// Neither reads nor writes any more, but keeps its connection open.
    pub(crate) async fn freeze(&mut self) -> Swarm<Behaviour> {
        self.freeze.send(true).unwrap();
        self.swarm.take().unwrap().await.unwrap()
    }
}

/// Writes raw bytes to one of the streams.
pub(crate) async fn write(streams: &mut [(Class, Stream)], to: Class, bytes: &[u8]) {
    let (_, stream) = streams.iter_mut().find(|(class, _)| *class == to).unwrap();
    within("a raw write", async {
        stream.write_all(bytes).await.unwrap();
        stream.flush().await.unwrap();
    })
    .await;
}

/// Waits until the node has closed or reset a stream.
pub(crate) async fn closed(stream: &mut Stream) {
    let read = async { while !matches!(stream.read(&mut [0; 64]).await, Ok(0) | Err(_)) {} };
    within("the stream's end", read).await;
}

fn protocol(chain: &ChainId, class: Class) -> StreamProtocol {
    let digits = &chain.to_string()[..16];
    StreamProtocol::try_from_owned(format!("/karwan/1/{digits}/{class}")).unwrap()
}
