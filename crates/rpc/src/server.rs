//! The server: JSON-RPC over HTTP (`POST /`) and WebSocket (`GET /`) on one port.

use crate::backend::{Backend, Gateway};
use crate::clock::Clock;
use crate::connection::{LimitedListener, Peer};
use crate::context::Context;
use crate::dispatch;
use crate::guard::{Door, Names, guard};
use crate::limits::{BATCH_CALLS_MAX, BLOCKS_ANSWER_BYTES_MAX, BODY_BYTES_MAX, Limits};
use axum::Router;
use axum::error_handling::HandleError;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::routing::get_service;
use jsonrpsee::core::{BoxError, RegisterMethodError};
use jsonrpsee::server::{
    BatchRequestConfig, Methods, PingConfig, RandomStringIdProvider, Server as JsonRpcServer,
    ServerConfig as JsonRpcConfig, ServerConfigBuilder, ServerHandle, StopHandle, stop_channel,
};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// How long a stopping server waits for what is under way.
const STOP_LIMIT: Duration = Duration::from_secs(5);
/// How often a WebSocket is pinged, and how long its answer may take.
const PING_INTERVAL: Duration = Duration::from_secs(20);
/// The longest silence of a WebSocket.
const PING_LIMIT: Duration = Duration::from_secs(60);
/// How many messages may wait for a slow WebSocket before its calls and feeds wait themselves.
const WAITING_MESSAGES_MAX: u32 = 4;
/// The longest answer with its envelope; a batch has one, too.
const MESSAGE_BYTES_MAX: usize = BLOCKS_ANSWER_BYTES_MAX + (64 << 10);

/// Who can reach the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Exposure {
    /// Only this machine.
    #[default]
    Loopback,
    /// Others too, through a proxy that speaks TLS with them: this server does not.
    BehindTls,
}

impl Exposure {
    /// Refuses an address that the exposure does not allow.
    pub(crate) fn check(self, listen: SocketAddr) -> Result<(), ServeError> {
        match self {
            Self::Loopback if !listen.ip().is_loopback() => Err(ServeError::Exposed(listen)),
            Self::Loopback | Self::BehindTls => Ok(()),
        }
    }
}

/// How the server is run.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Who can reach it.
    pub exposure: Exposure,
    /// Host names under which it answers besides loopback names, without ports.
    pub hosts: Vec<String>,
    /// Origins of web pages that may call it, for example `https://console.example`; normally none.
    pub origins: Vec<String>,
    /// Limits.
    pub limits: Limits,
    /// What time it is.
    pub clock: Clock,
}

impl ServerConfig {
    /// The defaults, for an address.
    #[must_use]
    pub fn new(listen: SocketAddr) -> Self {
        Self {
            listen,
            exposure: Exposure::Loopback,
            hosts: Vec::new(),
            origins: Vec::new(),
            limits: Limits::default(),
            clock: Clock::system(),
        }
    }
}

/// Why a server does not run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address could not be taken.
    #[error("could not listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
    /// The address would be reached from other machines without TLS.
    #[error(
        "{0} is not a loopback address: put a TLS proxy before it and say so, or listen on 127.0.0.1"
    )]
    Exposed(SocketAddr),
    /// Two methods share a name.
    #[error("the methods do not form a module")]
    Methods(#[from] RegisterMethodError),
}

/// A running server. It stops when it is dropped; [`Server::stop`] lets it finish what is under way.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    running: Running,
    sessions: ServerHandle,
    feed: JoinHandle<()>,
}

impl Server {
    /// Listens and serves.
    ///
    /// # Errors
    /// `ServeError` when it cannot listen, or may not on this address.
    pub async fn start(
        config: ServerConfig,
        backend: Arc<dyn Backend>,
        gateway: Option<Arc<dyn Gateway>>,
    ) -> Result<Self, ServeError> {
        config.exposure.check(config.listen)?;
        let context = Context::new(Arc::clone(&backend), gateway, config.clock, config.limits);
        let context = Arc::new(context);
        let (stop, sessions) = stop_channel();
        let door = Door {
            context: Arc::clone(&context),
            names: Names {
                hosts: config.hosts,
                origins: config.origins,
            },
        };
        let router = router(&context, stop, door)?;
        let feed = tokio::spawn(Arc::clone(&context.feed).run(backend));
        let running = Running::start(config.listen, config.limits, router).await?;
        tracing::info!(address = %running.address, "JSON-RPC is served");
        Ok(Self {
            address: running.address,
            running,
            sessions,
            feed,
        })
    }

    /// The address that it listens on.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more requests, lets those under way finish for a few seconds, and ends.
    pub async fn stop(mut self) {
        // An error means that no WebSocket is open.
        let _ = self.sessions.stop();
        self.running.stop().await;
        let _ = timeout(STOP_LIMIT, self.sessions.clone().stopped()).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.sessions.stop();
        self.feed.abort();
    }
}

/// One path, two verbs. WebSockets take no batches: their calls are concurrent anyway, and the memory of a batch could not be
/// counted until its answer has left.
fn router(context: &Arc<Context>, stop: StopHandle, door: Door) -> Result<Router, ServeError> {
    let methods: Methods = dispatch::module(Arc::clone(context))?.into();
    let limits = context.limits;
    let plain = config(limits)
        .http_only()
        .set_batch_request_config(BatchRequestConfig::Limit(BATCH_CALLS_MAX))
        .build();
    let socket = config(limits)
        .ws_only()
        .set_batch_request_config(BatchRequestConfig::Disabled)
        .build();
    let service = |config: JsonRpcConfig| {
        let builder = JsonRpcServer::builder().set_config(config);
        let service = builder.to_service_builder();
        let service = service.build(methods.clone(), stop.clone());
        HandleError::new(service, failed)
    };
    let route = get_service(service(socket)).post_service(service(plain));
    let router = Router::new().route("/", route);
    Ok(router.layer(from_fn_with_state(Arc::new(door), guard)))
}

async fn failed(error: BoxError) -> StatusCode {
    tracing::error!(%error, "a request could not be served");
    StatusCode::INTERNAL_SERVER_ERROR
}

fn config(limits: Limits) -> ServerConfigBuilder {
    let bytes = |max: usize| u32::try_from(max).expect("message limits are a few megabytes");
    let connections = u32::try_from(limits.connections_max).unwrap_or(u32::MAX);
    let ping = PingConfig::new()
        .ping_interval(PING_INTERVAL)
        .inactive_limit(PING_LIMIT);
    JsonRpcConfig::builder()
        .max_request_body_size(bytes(BODY_BYTES_MAX))
        .max_response_body_size(bytes(MESSAGE_BYTES_MAX))
        .max_connections(connections)
        .max_subscriptions_per_connection(limits.subscriptions_per_connection_max)
        .set_message_buffer_capacity(WAITING_MESSAGES_MAX)
        .enable_ws_ping(ping)
        // All connections share one number inside the library, so that only the id protects a subscription from strangers.
        .set_id_provider(RandomStringIdProvider::new(32))
}

/// A listener that serves a router until it is told to stop.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Running {
    pub(crate) async fn start(
        listen: SocketAddr,
        limits: Limits,
        router: Router,
    ) -> Result<Self, ServeError> {
        let failed = |source| ServeError::Listen {
            address: listen,
            source,
        };
        let listener = TcpListener::bind(listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let (stop, mut stopped) = watch::channel(false);
        let listener = LimitedListener::new(listener, limits);
        let service = router.into_make_service_with_connect_info::<Peer>();
        let until = async move {
            // An error means that the server was dropped, which stops it too.
            let _ = stopped.wait_for(|stopped| *stopped).await;
        };
        let serve = axum::serve(listener, service).with_graceful_shutdown(until);
        let task = tokio::spawn(async move {
            if let Err(error) = serve.await {
                tracing::error!(%error, "the server ended");
            }
        });
        Ok(Self {
            address,
            stop,
            task,
        })
    }

    /// Takes no more requests and waits a while for those under way.
    pub(crate) async fn stop(&mut self) {
        self.stop.send_replace(true);
        if timeout(STOP_LIMIT, &mut self.task).await.is_err() {
            self.task.abort();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}
