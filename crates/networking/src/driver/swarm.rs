//! How the library is put together: transport, behaviours, and limits on connections.

use std::collections::BTreeSet;

use libp2p::swarm::{self, NetworkBehaviour};
use libp2p::{PeerId, Swarm, connection_limits, ping};
use tokio_util::task::TaskTracker;

use crate::streams::Streams;
use crate::transport::transport;
use crate::{NetworkConfig, NetworkError, identity};

/// Most connections to one peer that may exist at a time, those included that lose a race or are being closed.
const CONNECTIONS_PER_PEER_MAX: u32 = 4;
/// Most streams of a connection whose names are being negotiated at a time.
const NEGOTIATING_STREAMS_MAX: usize = 8;

/// What the swarm does besides connecting. The order matters: a connection that is over a limit gets no streams.
#[derive(NetworkBehaviour)]
pub(super) struct Behaviour {
    limits: connection_limits::Behaviour,
    ping: ping::Behaviour,
    streams: Streams,
}

/// The swarm of a configuration, all of whose tasks run in `tasks`.
pub(super) fn build(
    config: &NetworkConfig,
    listed: BTreeSet<PeerId>,
    tasks: TaskTracker,
) -> Result<Swarm<Behaviour>, NetworkError> {
    let limits = &config.limits;
    let keypair = identity::keypair(&config.identity_seed);
    let transport = transport(&keypair, listed, limits.handshake_deadline).map_err(|source| {
        NetworkError::Identity {
            source: Box::new(source),
        }
    })?;
    let connections = connection_limits::ConnectionLimits::default()
        .with_max_pending_incoming(Some(limits.pending_handshakes_max))
        .with_max_established_per_peer(Some(CONNECTIONS_PER_PEER_MAX));
    let behaviour = Behaviour {
        limits: connection_limits::Behaviour::new(connections),
        ping: ping::Behaviour::new(
            ping::Config::new()
                .with_interval(limits.ping_interval)
                .with_timeout(limits.ping_deadline),
        ),
        streams: Streams::new(&config.chain_id, limits.handshake_deadline),
    };
    let swarm_config = swarm::Config::with_executor(move |task| {
        tasks.spawn(task);
    })
    .with_max_negotiating_inbound_streams(NEGOTIATING_STREAMS_MAX);
    let local = keypair.public().to_peer_id();
    Ok(Swarm::new(transport, behaviour, local, swarm_config))
}
