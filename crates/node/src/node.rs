//! Starting a node, and stopping it: the order in which its parts come up and go down.
//!
//! Up: the directory and the state, then the network, then the owner's thread, then the listeners; the query index opens last,
//! because nothing waits for it. Down: the listeners, the network, the owner after its present step, a last checkpoint.

use crate::backend::NodeBackend;
use crate::config::{Config, NodeRole};
use crate::delivery::{Deliveries, NodeGateway};
use crate::derived::{Indexer, SharedIndex, follow_commits, write_checkpoint};
use crate::keystore::{KeyPurpose, Keystore, KeystoreError};
use crate::metrics::Metrics;
use crate::owner::{EVENTS_MAX, Hand, Message, Owner, OwnerHandle, Standing};
use crate::peers::PeerTasks;
use crate::published::{Published, Publisher};
use crate::queries::Queries;
use crate::recovery::{self, Recovered, RecoveryError};
use crate::verified::VerifiedCache;
use crate::{clock, listeners};
use karwan_networking::{
    Limits, Network, NetworkConfig, NetworkError, NetworkEvents, NetworkHandle, Peer, PeerRole,
};
use karwan_replica::{Action, Replica, ReplicaConfig};
use karwan_storage::{Checkpoints, HomeLock};
use karwan_types::{ChainId, DurationMs, PublicKey};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use tokio::sync::{mpsc, watch};

/// How many committed blocks may wait for checkpoints and deliveries.
const COMMITS_MAX: usize = 64;

/// Why a node does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A key file.
    #[error(transparent)]
    Keystore(#[from] KeystoreError),
    /// The directory.
    #[error(transparent)]
    Recovery(#[from] RecoveryError),
    /// The network.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// A listener or a thread.
    #[error("{what}")]
    System {
        /// What was tried.
        what: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// A listener.
    #[error(transparent)]
    Listener(#[from] karwan_rpc::ServeError),
}

/// A running node.
pub struct Node {
    owner: OwnerHandle,
    network: NetworkHandle,
    listeners: listeners::Listeners,
    threads: Vec<JoinHandle<()>>,
    stop: Arc<AtomicBool>,
    publisher: Publisher,
    checkpoints: Checkpoints,
    _lock: HomeLock,
}

impl Node {
    /// Starts a node in its home directory, with keys from `HOME/keys`.
    ///
    /// # Errors
    /// `StartError` says which part and why.
    pub async fn start(config: Config, keystore: &Keystore) -> Result<Self, StartError> {
        let keys = config.home.join("keys");
        let identity = keystore.open_secret(&keys.join("peer.key.age"), KeyPurpose::Peer)?;
        let signing = match config.file.role {
            NodeRole::Validator => {
                Some(keystore.open_secret(&keys.join("validator.key.age"), KeyPurpose::Validator)?)
            }
            NodeRole::Observer => None,
        };
        let local = signing.as_ref().map(karwan_types::SecretKey::public_key);
        let mut told = std::time::Instant::now();
        let mut progress = |what: &str, done: u64, total: u64| {
            if told.elapsed().as_secs() >= 1 {
                told = std::time::Instant::now();
                tracing::info!(done, total, "{what}");
            }
        };
        let recovered = recovery::open(&config, signing, &mut progress)?;
        let chain = recovered.genesis.chain_id;
        let (network, events) =
            Network::start(network_config(&config, chain, identity.seed())).await?;
        tracing::info!(
            chain = %chain,
            height = %recovered.tip.state.chain().height,
            peer_key = %network.public_key(),
            listening = ?network.listen_addresses(),
            "node starting"
        );
        Self::assemble(config, local, recovered, network, events).await
    }

    async fn assemble(
        config: Config,
        local: Option<PublicKey>,
        recovered: Recovered,
        network: NetworkHandle,
        events: NetworkEvents,
    ) -> Result<Self, StartError> {
        let Recovered {
            genesis,
            log,
            tip,
            last,
            signer,
            entries,
            checkpoints,
            lock,
        } = recovered;
        let metrics = Arc::new(Metrics::new());
        let publisher = Publisher::new(Published {
            state: tip.state.clone(),
            last,
        });
        let system = |what: &str| {
            let what = what.to_owned();
            move |source| StartError::System { what, source }
        };
        let deliveries = Deliveries::open(
            &config.data(),
            &config.file.institutions,
            publisher.clone(),
            network.clone(),
        )
        .map_err(system("the delivery folders cannot be opened"))?;
        let deliveries = Arc::new(deliveries);
        let (urgent, urgent_events) = mpsc::channel(EVENTS_MAX);
        let (bulk, bulk_events) = mpsc::channel(EVENTS_MAX);
        let (standing, progress) = watch::channel(Standing::default());
        let owner = OwnerHandle {
            urgent,
            bulk,
            progress,
        };
        let (commits, committed) = mpsc::channel(COMMITS_MAX);
        let reader = log.reader();
        let mut hand = match signer {
            Some(signer) => Hand::Validator(Box::new(signer)),
            None => Hand::Observer,
        };
        let settings = replica_config(&config, genesis.chain_id, local);
        let (replica, first) = Replica::recover(settings, tip, entries, clock::now(), &mut hand);
        let thread = Owner {
            replica,
            hand,
            log,
            network: network.clone(),
            publisher: publisher.clone(),
            metrics: Arc::clone(&metrics),
            commits,
            standing,
            timers: BTreeMap::new(),
            answers: BTreeMap::new(),
        };
        let stop = Arc::new(AtomicBool::new(false));
        let mut threads = vec![
            spawn_owner(thread, urgent_events, bulk_events, first)
                .map_err(system("a thread cannot be started"))?,
        ];
        let verified = Arc::new(VerifiedCache::default());
        let tasks = PeerTasks {
            chain: genesis.chain_id,
            owner: owner.clone(),
            network: network.clone(),
            reader: reader.clone(),
            verified: Arc::clone(&verified),
            deliveries: Arc::clone(&deliveries),
            metrics: Arc::clone(&metrics),
        };
        tasks.spawn(events);
        let index: SharedIndex = Arc::new(OnceLock::new());
        let queries = Queries {
            reader: reader.clone(),
            index: Arc::clone(&index),
            publisher: publisher.clone(),
        };
        let backend = NodeBackend {
            config: config.clone(),
            local,
            network_name: genesis.document().network.clone(),
            chain: genesis.chain_id,
            owner: owner.clone(),
            network: network.clone(),
            queries,
            verified,
            metrics,
        };
        let gateway = NodeGateway(Arc::clone(&deliveries));
        let listeners = listeners::start(&config, backend, gateway).await?;
        let indexer = Indexer {
            directory: config.data().join("index"),
            chain: genesis.chain_id,
            reader,
            publisher: publisher.clone(),
            index,
            stop: Arc::clone(&stop),
        };
        let runtime = tokio::runtime::Handle::current();
        let (every, files) = (config.file.checkpoint_blocks, checkpoints.clone());
        threads.push(
            spawn("index", move || indexer.run(&runtime))
                .map_err(system("a thread cannot be started"))?,
        );
        threads.push(
            spawn("commits", move || {
                follow_commits(committed, &files, every, &deliveries)
            })
            .map_err(system("a thread cannot be started"))?,
        );
        Ok(Self {
            owner,
            network,
            listeners,
            threads,
            stop,
            publisher,
            checkpoints,
            _lock: lock,
        })
    }

    /// Where clients connect.
    #[must_use]
    pub fn rpc_address(&self) -> SocketAddr {
        self.listeners.rpc
    }
    /// Where health and metrics are read.
    #[must_use]
    pub fn admin_address(&self) -> SocketAddr {
        self.listeners.admin
    }

    /// Stops in order. What was told "final" stays final whether or not this is called.
    pub async fn stop(self) {
        tracing::info!("node stopping");
        self.listeners.stop().await;
        self.stop.store(true, Ordering::Relaxed);
        // The owner may be gone already if it failed; then the process is ending anyway.
        let _ = self.owner.urgent.send(Message::Stop).await;
        self.network.shutdown().await;
        let threads = self.threads;
        let joined = tokio::task::spawn_blocking(move || {
            for thread in threads {
                if thread.join().is_err() {
                    tracing::error!("a thread ended by a panic");
                }
            }
        });
        if joined.await.is_err() {
            tracing::error!("the threads could not be waited for");
        }
        let published = self.publisher.latest();
        if let Some(frame) = &published.last {
            write_checkpoint(&self.checkpoints, &published.state, frame);
        }
        tracing::info!("node stopped");
    }
}

/// Runs a node until it is asked to stop by SIGINT or SIGTERM.
///
/// # Errors
/// `StartError` when it does not start.
pub async fn run(config: Config, keystore: &Keystore) -> Result<(), StartError> {
    let system = |source| StartError::System {
        what: "signals cannot be waited for".to_owned(),
        source,
    };
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
        .map_err(system)?;
    let node = Node::start(config, keystore).await?;
    tracing::info!(rpc = %node.rpc_address(), admin = %node.admin_address(), "node ready for clients");
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    node.stop().await;
    Ok(())
}

fn network_config(
    config: &Config,
    chain_id: ChainId,
    identity_seed: zeroize::Zeroizing<[u8; 32]>,
) -> NetworkConfig {
    let peer = |entry: &crate::config::PeerEntry| Peer {
        key: entry.key,
        address: entry.address,
        role: match entry.role {
            NodeRole::Validator => PeerRole::Validator,
            NodeRole::Observer => PeerRole::Observer,
        },
    };
    NetworkConfig {
        chain_id,
        identity_seed,
        listen: vec![config.file.listen],
        peers: config.file.peers.iter().map(peer).collect(),
        limits: Limits::default(),
    }
}

fn replica_config(config: &Config, chain_id: ChainId, local: Option<PublicKey>) -> ReplicaConfig {
    ReplicaConfig {
        chain_id,
        local,
        timeouts: config.timeouts(),
        heartbeat: DurationMs::from_millis(config.file.heartbeat_ms),
        clock_tolerance: DurationMs::from_millis(config.file.clock_tolerance_ms),
        patience: DurationMs::from_millis(config.file.patience_ms),
    }
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> std::io::Result<JoinHandle<()>> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(body)
}

/// The owner's thread. Its panic ends the process: whatever failed, a validator must not go on after it.
fn spawn_owner(
    owner: Owner,
    urgent: mpsc::Receiver<Message>,
    bulk: mpsc::Receiver<Message>,
    first: Vec<Action>,
) -> std::io::Result<JoinHandle<()>> {
    let runtime = tokio::runtime::Handle::current();
    spawn("replica", move || {
        let run = std::panic::AssertUnwindSafe(move || owner.run(&runtime, urgent, bulk, first));
        if std::panic::catch_unwind(run).is_err() {
            tracing::error!(
                "the replica has failed; the process ends so that it cannot contradict itself"
            );
            std::process::abort();
        }
    })
}
