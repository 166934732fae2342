//! The admin listener: whether the process lives, whether it is ready, what fails, and metrics. It tells nothing that has an
//! owner, and is meant for the operator's own machines.

use crate::backend::{Backend, Health};
use crate::guard::Names;
use crate::limits::Limits;
use crate::server::{Exposure, Running, ServeError};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;
use std::net::SocketAddr;
use std::sync::Arc;

/// The text format of Prometheus.
const METRICS_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// How the admin listener is run.
#[derive(Clone, Debug)]
pub struct AdminConfig {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Who can reach it.
    pub exposure: Exposure,
    /// Host names under which it answers besides loopback names, without ports.
    pub hosts: Vec<String>,
    /// Limits on connections.
    pub limits: Limits,
}

impl AdminConfig {
    /// The defaults, for an address.
    #[must_use]
    pub fn new(listen: SocketAddr) -> Self {
        Self {
            listen,
            exposure: Exposure::Loopback,
            hosts: Vec::new(),
            limits: Limits::default(),
        }
    }
}

/// A running admin listener. It stops when it is dropped.
#[derive(Debug)]
pub struct AdminServer {
    running: Running,
}

impl AdminServer {
    /// Listens and serves.
    ///
    /// # Errors
    /// `ServeError` when it cannot listen, or may not on this address.
    pub async fn start(config: AdminConfig, backend: Arc<dyn Backend>) -> Result<Self, ServeError> {
        config.exposure.check(config.listen)?;
        let names = Names {
            hosts: config.hosts,
            origins: Vec::new(),
        };
        let router = Router::new()
            .route("/livez", get(livez))
            .route("/readyz", get(readyz))
            .route("/health", get(health))
            .route("/metrics", get(metrics))
            .with_state(backend)
            .layer(from_fn_with_state(Arc::new(names), known_host));
        let running = Running::start(config.listen, config.limits, router).await?;
        tracing::info!(address = %running.address, "health and metrics are served");
        Ok(Self { running })
    }

    /// The address that it listens on.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.running.address
    }

    /// Takes no more requests and ends.
    pub async fn stop(mut self) {
        self.running.stop().await;
    }
}

async fn known_host(State(names): State<Arc<Names>>, request: Request, next: Next) -> Response {
    match names.check(request.headers()) {
        Ok(()) => next.run(request).await,
        Err(problem) => (StatusCode::FORBIDDEN, problem.sentence).into_response(),
    }
}

/// The process serves, whatever else is wrong: a supervisor restarts it when this fails.
async fn livez() -> &'static str {
    "alive\n"
}

/// Whether to send requests here.
async fn readyz(State(backend): State<Arc<dyn Backend>>) -> (StatusCode, &'static str) {
    if backend.health().ready {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready\n")
    }
}

/// What fails, and nothing else.
async fn health(State(backend): State<Arc<dyn Backend>>) -> Response {
    let Health { ready, items } = backend.health();
    let failing = items.iter().filter_map(|item| {
        let sentence = item.failing.as_ref()?;
        Some(json!({ "item": item.name, "sentence": sentence.as_str() }))
    });
    let failing: Vec<serde_json::Value> = failing.collect();
    let status = if failing.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let body = Json(json!({ "ready": ready, "failing": failing }));
    (status, body).into_response()
}

async fn metrics(State(backend): State<Arc<dyn Backend>>) -> Response {
    ([(CONTENT_TYPE, METRICS_TYPE)], backend.metrics()).into_response()
}
