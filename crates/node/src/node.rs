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
use karwan_ledger::{Genesis, State};
use karwan_networking::{
    Limits, Network, NetworkConfig, NetworkError, NetworkEvents, NetworkHandle, Peer, PeerRole,
};
use karwan_replica::{Action, Replica, ReplicaConfig};
use karwan_storage::{BlockReader, Checkpoints, HomeLock};
use karwan_types::{BlockFrame, ChainId, DurationMs, PublicKey};
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
        let (shared, ends) = Shared::open(config, local, &recovered, network)?;
        let Recovered {
            genesis,
            log,
            tip,
            signer,
            entries,
            checkpoints,
            lock,
            ..
        } = recovered;
        let (commits, committed) = mpsc::channel(COMMITS_MAX);
        let mut hand = match signer {
            Some(signer) => Hand::Validator(Box::new(signer)),
            None => Hand::Observer,
        };
        let settings = replica_config(&shared.config, shared.chain, local);
        let (replica, first) = Replica::recover(settings, tip, entries, clock::now(), &mut hand);
        let owner = Owner {
            replica,
            hand,
            log,
            network: shared.network.clone(),
            publisher: shared.publisher.clone(),
            metrics: Arc::clone(&shared.metrics),
            commits,
            standing: ends.standing,
            timers: BTreeMap::new(),
            answers: BTreeMap::new(),
        };
        let mut threads = vec![spawn_owner(owner, ends.urgent, ends.bulk, first)?];
        shared.peer_tasks().spawn(events);
        let backend = shared.backend(&genesis);
        let gateway = NodeGateway(Arc::clone(&shared.deliveries));
        let listeners = listeners::start(&shared.config, backend, gateway).await?;
        threads.push(shared.spawn_indexer()?);
        threads.push(shared.spawn_follower(committed, checkpoints.clone())?);
        Ok(Self {
            owner: shared.owner,
            network: shared.network,
            listeners,
            threads,
            stop: shared.stop,
            publisher: shared.publisher,
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

/// What several parts of a node hold: each takes its own clones of it when it starts.
struct Shared {
    config: Config,
    local: Option<PublicKey>,
    chain: ChainId,
    owner: OwnerHandle,
    network: NetworkHandle,
    reader: BlockReader,
    publisher: Publisher,
    deliveries: Arc<Deliveries>,
    verified: Arc<VerifiedCache>,
    metrics: Arc<Metrics>,
    index: SharedIndex,
    stop: Arc<AtomicBool>,
}

/// The owner's ends of the channels whose other ends are in its handle.
struct OwnerEnds {
    urgent: mpsc::Receiver<Message>,
    bulk: mpsc::Receiver<Message>,
    standing: watch::Sender<Standing>,
}

impl Shared {
    fn open(
        config: Config,
        local: Option<PublicKey>,
        recovered: &Recovered,
        network: NetworkHandle,
    ) -> Result<(Self, OwnerEnds), StartError> {
        let publisher = Publisher::new(Published {
            state: recovered.tip.state.clone(),
            last: recovered.last.clone(),
        });
        let deliveries = Deliveries::open(
            &config.data(),
            &config.file.institutions,
            publisher.clone(),
            network.clone(),
        )
        .map_err(|source| StartError::System {
            what: "the delivery folders cannot be opened".to_owned(),
            source,
        })?;
        let (owner, ends) = owner_channels();
        let shared = Self {
            config,
            local,
            chain: recovered.genesis.chain_id,
            owner,
            network,
            reader: recovered.log.reader(),
            publisher,
            deliveries: Arc::new(deliveries),
            verified: Arc::new(VerifiedCache::default()),
            metrics: Arc::new(Metrics::new()),
            index: Arc::new(OnceLock::new()),
            stop: Arc::new(AtomicBool::new(false)),
        };
        Ok((shared, ends))
    }

    fn peer_tasks(&self) -> PeerTasks {
        PeerTasks {
            chain: self.chain,
            owner: self.owner.clone(),
            network: self.network.clone(),
            reader: self.reader.clone(),
            verified: Arc::clone(&self.verified),
            deliveries: Arc::clone(&self.deliveries),
            metrics: Arc::clone(&self.metrics),
        }
    }

    fn backend(&self, genesis: &Genesis) -> NodeBackend {
        NodeBackend {
            config: self.config.clone(),
            local: self.local,
            network_name: genesis.document().network.clone(),
            chain: self.chain,
            genesis: Arc::new(genesis.state.clone()),
            owner: self.owner.clone(),
            network: self.network.clone(),
            queries: Queries {
                reader: self.reader.clone(),
                index: Arc::clone(&self.index),
                publisher: self.publisher.clone(),
            },
            verified: Arc::clone(&self.verified),
            metrics: Arc::clone(&self.metrics),
        }
    }

    /// Opens the query index and keeps it up with the chain.
    fn spawn_indexer(&self) -> Result<JoinHandle<()>, StartError> {
        let indexer = Indexer {
            directory: self.config.data().join("index"),
            chain: self.chain,
            reader: self.reader.clone(),
            publisher: self.publisher.clone(),
            index: Arc::clone(&self.index),
            stop: Arc::clone(&self.stop),
        };
        let runtime = tokio::runtime::Handle::current();
        spawn("index", move || indexer.run(&runtime))
    }

    /// Writes checkpoints and hands over deliveries as blocks are committed.
    fn spawn_follower(
        &self,
        committed: mpsc::Receiver<(State, Arc<BlockFrame>)>,
        checkpoints: Checkpoints,
    ) -> Result<JoinHandle<()>, StartError> {
        let every = self.config.file.checkpoint_blocks;
        let deliveries = Arc::clone(&self.deliveries);
        spawn("commits", move || {
            follow_commits(committed, &checkpoints, every, &deliveries);
        })
    }
}

fn owner_channels() -> (OwnerHandle, OwnerEnds) {
    let (urgent, urgent_events) = mpsc::channel(EVENTS_MAX);
    let (bulk, bulk_events) = mpsc::channel(EVENTS_MAX);
    let (standing, progress) = watch::channel(Standing::default());
    let handle = OwnerHandle {
        urgent,
        bulk,
        progress,
    };
    let ends = OwnerEnds {
        urgent: urgent_events,
        bulk: bulk_events,
        standing,
    };
    (handle, ends)
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

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, StartError> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(body)
        .map_err(|source| StartError::System {
            what: "a thread cannot be started".to_owned(),
            source,
        })
}

/// The owner's thread. Its panic ends the process: whatever failed, a validator must not go on after it.
fn spawn_owner(
    owner: Owner,
    urgent: mpsc::Receiver<Message>,
    bulk: mpsc::Receiver<Message>,
    first: Vec<Action>,
) -> Result<JoinHandle<()>, StartError> {
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
