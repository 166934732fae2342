//! What a monitoring system reads: counters and gauges with base units, by Prometheus conventions.

use karwan_types::{BlockFrame, Round, TransactionStatus};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use std::sync::Mutex;
use std::time::Duration;

/// All metrics of a node.
pub(crate) struct Metrics {
    registry: Mutex<Registry>,
    height: Gauge,
    round: Gauge,
    peers: Gauge,
    mempool: Gauge,
    outcomes: Family<[(&'static str, &'static str); 1], Counter>,
    block_bytes: Counter,
    store_seconds: Histogram,
    equivocations: Counter,
    refused_peers: Counter,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let metrics = Self {
            registry: Mutex::new(Registry::with_prefix("karwan")),
            height: Gauge::default(),
            round: Gauge::default(),
            peers: Gauge::default(),
            mempool: Gauge::default(),
            outcomes: Family::default(),
            block_bytes: Counter::default(),
            store_seconds: Histogram::new(exponential_buckets(0.000_1, 2.0, 16)),
            equivocations: Counter::default(),
            refused_peers: Counter::default(),
        };
        metrics.register();
        metrics
    }
    fn register(&self) {
        let mut registry = self
            .registry
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        registry.register("height", "Last stored height", self.height.clone());
        registry.register(
            "round",
            "Round of the height being decided",
            self.round.clone(),
        );
        registry.register("peers_connected", "Connected peers", self.peers.clone());
        registry.register(
            "mempool_transactions",
            "Transactions waiting for a block",
            self.mempool.clone(),
        );
        registry.register(
            "outcomes",
            "Status transitions by status",
            self.outcomes.clone(),
        );
        registry.register_with_unit(
            "block_log",
            "Written to the block log",
            Unit::Bytes,
            self.block_bytes.clone(),
        );
        registry.register_with_unit(
            "block_store",
            "Time to store and sync a block",
            Unit::Seconds,
            self.store_seconds.clone(),
        );
        registry.register(
            "equivocations",
            "Proofs of validators that contradicted themselves",
            self.equivocations.clone(),
        );
        registry.register(
            "refused_peers",
            "Connections refused before multiplexing",
            self.refused_peers.clone(),
        );
    }
    pub(crate) fn stored(&self, frame: &BlockFrame, bytes: usize, took: Duration) {
        self.height
            .set(i64::try_from(frame.block.header.height.get()).unwrap_or(i64::MAX));
        self.block_bytes
            .inc_by(u64::try_from(bytes).unwrap_or(u64::MAX));
        self.store_seconds.observe(took.as_secs_f64());
        for outcome in &frame.outcomes {
            let status: TransactionStatus = outcome.status;
            self.outcomes
                .get_or_create(&[("status", status.as_str())])
                .inc();
        }
    }
    pub(crate) fn round(&self, round: Round) {
        self.round.set(i64::from(round.get()));
    }
    pub(crate) fn equivocation(&self) {
        self.equivocations.inc();
    }
    pub(crate) fn refused_peer(&self) {
        self.refused_peers.inc();
    }
    pub(crate) fn gauges(&self, height: u64, peers: usize, mempool: usize) {
        self.height.set(i64::try_from(height).unwrap_or(i64::MAX));
        self.peers.set(i64::try_from(peers).unwrap_or(i64::MAX));
        self.mempool.set(i64::try_from(mempool).unwrap_or(i64::MAX));
    }
    /// The text exposition format.
    pub(crate) fn text(&self) -> String {
        let registry = self
            .registry
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut text = String::new();
        match encode(&mut text, &registry) {
            Ok(()) => text,
            Err(error) => format!("# metrics cannot be written: {error}\n"),
        }
    }
}
