//! The listeners: JSON-RPC for clients, health and metrics for the operator.
//!
//! They see the node only through [`NodeBackend`] and [`NodeGateway`]; when one of them cannot start, the node does not.

use crate::backend::NodeBackend;
use crate::config::Config;
use crate::delivery::NodeGateway;
use crate::node::StartError;
use karwan_rpc::{AdminConfig, AdminServer, Gateway, Limits, Server, ServerConfig};
use std::net::SocketAddr;
use std::sync::Arc;

/// The running listeners.
pub(crate) struct Listeners {
    /// Where clients connect.
    pub(crate) rpc: SocketAddr,
    /// Where health and metrics are read.
    pub(crate) admin: SocketAddr,
    server: Server,
    admin_server: AdminServer,
}

/// Listens on both addresses of the configuration.
///
/// # Errors
/// `StartError::Listener` when an address cannot be used.
pub(crate) async fn start(
    config: &Config,
    backend: NodeBackend,
    gateway: NodeGateway,
) -> Result<Listeners, StartError> {
    let connections_max = usize::try_from(config.file.rpc_connections_max).unwrap_or(usize::MAX);
    let limits = Limits {
        connections_max,
        // On loopback everybody comes from one address: clients of this machine, or the TLS terminator in front.
        connections_per_address_max: connections_max,
        ..Limits::default()
    };
    let mut rpc = ServerConfig::new(config.file.rpc_listen);
    rpc.hosts.clone_from(&config.file.rpc_hosts);
    rpc.limits = limits;
    let backend = Arc::new(backend);
    let gateway: Arc<dyn Gateway> = Arc::new(gateway);
    let server = Server::start(rpc, backend.clone(), Some(gateway)).await?;
    let admin = AdminConfig::new(config.file.admin_listen);
    let admin_server = AdminServer::start(admin, backend).await?;
    Ok(Listeners {
        rpc: server.address(),
        admin: admin_server.address(),
        server,
        admin_server,
    })
}

impl Listeners {
    /// Takes no more requests, and lets those under way finish for a few seconds.
    pub(crate) async fn stop(self) {
        self.server.stop().await;
        self.admin_server.stop().await;
    }
}
