//! One simulated node: its disk, which outlives it, and what runs on it, which does not.
//!
//! Starting a node is the production recovery: the signer with its consensus log, the block log with what it may call
//! torn, every stored block checked and executed again, then the replica with the log's entries.

use crate::clock::Clock;
use crate::disk::LyingDisk;
use crate::guard::guarded;
use crate::hand::Hand;
use crate::plan::Sabotage;
use karwan_consensus::{LogEntry, TimeoutLength, Timeouts};
use karwan_ledger::{State, VerifiedTransaction};
use karwan_replica::{Action, Event, Replica, ReplicaConfig, Timer, Tip};
use karwan_storage::memory::{Fault, MemoryDisk};
use karwan_storage::{BlockLog, BlockLogOptions, Disk, FileSigner, StorageError};
use karwan_types::{
    BlockFrame, ChainId, DECODE_BYTES_MAX, DurationMs, Hash, Height, PublicKey, Round, SecretKey,
    TransactionId, decode,
};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// Transactions whose signatures were verified, on whichever node: the same fact on all.
pub(crate) type Verified = BTreeMap<TransactionId, VerifiedTransaction>;

/// Whether a node holds a validator's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Validator,
    Observer,
}

/// A node, running or not.
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) key: SecretKey,
    pub(crate) public: PublicKey,
    pub(crate) role: Role,
    pub(crate) honest: bool,
    pub(crate) sabotage: Option<Sabotage>,
    pub(crate) disk: MemoryDisk,
    pub(crate) clock: Clock,
    pub(crate) running: Option<Running>,
    /// What each timer that runs was planned as.
    pub(crate) timers: BTreeMap<Timer, u64>,
    /// The operation of the disk at which a planted fault begins.
    pub(crate) planted: Option<(u64, Fault)>,
    /// It is killed after this many further actions.
    pub(crate) actions_left: Option<u32>,
    /// Nothing up to this height may be missing after a restart.
    pub(crate) told: Height,
}

/// What is in memory while a node runs.
pub(crate) struct Running {
    pub(crate) replica: Replica,
    pub(crate) hand: Hand,
    pub(crate) log: BlockLog,
    /// The state after the last stored block, as queries see it.
    pub(crate) published: State,
    pub(crate) tip: Hash,
    /// A validator that lost its disk follows without voting until this height is stored, then starts again.
    pub(crate) follows_through: Option<Height>,
}

/// What every node of a network is started with.
pub(crate) struct Network<'a> {
    pub(crate) chain: ChainId,
    pub(crate) genesis: &'a State,
    pub(crate) segment_bytes: u64,
    pub(crate) verified: &'a Verified,
}

/// A node that has been brought back.
pub(crate) struct Recovered {
    pub(crate) running: Running,
    pub(crate) actions: Vec<Action>,
    /// Every block found in its log, with the state after it.
    pub(crate) found: Vec<(Arc<BlockFrame>, State)>,
}

/// Where a node keeps its blocks and its signer.
const BLOCKS: &str = "blocks";
const SIGNER: &str = "signer";
/// The round in the watermark of a signer that was created anew.
const NEVER_SIGNED: Round = Round::new(u32::MAX);

impl Node {
    /// The wall clock of the node.
    pub(crate) fn clock_at(&self, now_ms: u64) -> karwan_types::Timestamp {
        self.clock.read(now_ms)
    }

    /// Gives the replica an event; an error is the last words of a node that stopped.
    pub(crate) fn step(&mut self, now_ms: u64, event: Event) -> Result<Vec<Action>, String> {
        let now = self.clock_at(now_ms);
        match &mut self.running {
            None => Ok(Vec::new()),
            Some(running) => guarded(|| running.replica.step(now, event, &mut running.hand)),
        }
    }

    fn seen_disk(&self) -> Arc<dyn Disk> {
        match self.sabotage {
            Some(Sabotage::Flush) => Arc::new(LyingDisk(self.disk.clone())),
            Some(Sabotage::Log | Sabotage::Watermark | Sabotage::Quorum) | None => {
                Arc::new(self.disk.clone())
            }
        }
    }

    /// Creates what a validator needs on an empty disk, as `karwan init` does.
    pub(crate) fn initialise(&self, chain: ChainId, signs_above: Height) -> Result<(), String> {
        if self.role == Role::Observer {
            return Ok(());
        }
        let disk = self.seen_disk();
        FileSigner::create_new(&disk, Path::new(SIGNER), chain, &self.public, signs_above)
            .map_err(|error| told(&error))
    }

    /// Starts the node from what its disk holds.
    pub(crate) fn recover(&self, network: &Network<'_>, now_ms: u64) -> Result<Recovered, String> {
        guarded(|| self.open(network, now_ms)).and_then(|opened| opened)
    }

    fn open(&self, network: &Network<'_>, now_ms: u64) -> Result<Recovered, String> {
        let disk = self.seen_disk();
        let signer = match self.role {
            Role::Observer => None,
            Role::Validator => {
                let (signer, _) = FileSigner::open(
                    Arc::clone(&disk),
                    Path::new(SIGNER),
                    network.chain,
                    self.key.clone(),
                )
                .map_err(|error| told(&error))?;
                Some(signer)
            }
        };
        let options = BlockLogOptions {
            chain: network.chain,
            synced_through: signer.as_ref().map(FileSigner::base),
            segment_bytes: network.segment_bytes,
        };
        let (log, _) = BlockLog::open(disk, Path::new(BLOCKS), options, &mut |_| {})
            .map_err(|error| told(&error))?;
        let (tip, found) = replay(network, &log)?;
        let next = tip.state.chain().height.next();
        let entries: Vec<LogEntry> = signer
            .as_ref()
            .map(|signer| signer.entries_for(next))
            .unwrap_or_default();
        let follows_through = signer
            .as_ref()
            .map(FileSigner::watermark)
            .filter(|mark| mark.round == NEVER_SIGNED && mark.height >= next)
            .map(|mark| mark.height);
        let (role, signer) = match follows_through {
            Some(_) => (Role::Observer, None),
            None => (self.role, signer),
        };
        let config = config(network.chain, role, self.public);
        let mut hand = Hand::new(self.key.clone(), network.chain, signer, self.sabotage);
        let (published, hash) = (tip.state.clone(), tip.hash);
        let now = self.clock_at(now_ms);
        let (replica, actions) = Replica::recover(config, tip, entries, now, &mut hand);
        let running = Running {
            replica,
            hand,
            log,
            published,
            tip: hash,
            follows_through,
        };
        Ok(Recovered {
            running,
            actions,
            found,
        })
    }
}

impl Running {
    /// Stores a decided block durably and lets the consensus log forget its height.
    pub(crate) fn store(&mut self, frame: &BlockFrame) -> Result<(), StorageError> {
        let height = frame.block.header.height;
        self.log.append(height, &karwan_types::encode(frame))?;
        self.log.sync()?;
        self.hand.committed(height)
    }

    /// A stored block.
    pub(crate) fn frame(&self, height: Height) -> Result<BlockFrame, String> {
        let bytes = self.log.read(height).map_err(|error| told(&error))?;
        decode(&bytes, DECODE_BYTES_MAX).map_err(|error| error.to_string())
    }
}

/// A stored block and the state after it.
type Replayed = (Arc<BlockFrame>, State);

/// Executes every stored block again, with every check.
fn replay(network: &Network<'_>, log: &BlockLog) -> Result<(Tip, Vec<Replayed>), String> {
    let mut tip = Tip {
        hash: network.chain.0,
        state: network.genesis.clone(),
    };
    let mut found = Vec::new();
    let mut height = Height::GENESIS;
    while height < log.last() {
        height = height.next();
        let bytes = log.read(height).map_err(|error| told(&error))?;
        let frame: BlockFrame =
            decode(&bytes, DECODE_BYTES_MAX).map_err(|error| error.to_string())?;
        let hash = frame.block.hash();
        let validators = &tip.state.chain().validators;
        if frame.certificate.block_hash != hash || frame.certificate.height != height {
            return Err(format!("block {height} has another block's certificate"));
        }
        frame
            .certificate
            .verify(&network.chain, validators)
            .map_err(|error| format!("block {height}: {error}"))?;
        let verified = |encoded: &karwan_types::EncodedTransaction| match network
            .verified
            .get(&encoded.id())
        {
            Some(known) => Ok(known.clone()),
            None => VerifiedTransaction::from_encoded(encoded.clone(), &network.chain),
        };
        let transactions: Result<Vec<_>, _> =
            frame.block.transactions.iter().map(verified).collect();
        let transactions = transactions.map_err(|error| format!("block {height}: {error}"))?;
        let draft = tip
            .state
            .validate(tip.hash, &frame.block, &transactions)
            .map_err(|error| format!("block {height}: {error}"))?;
        if draft.outcomes != frame.outcomes {
            return Err(format!(
                "block {height} has other outcomes when executed again"
            ));
        }
        found.push((Arc::new(frame), draft.state.clone()));
        tip = Tip {
            hash,
            state: draft.state,
        };
    }
    Ok((tip, found))
}

/// The settings of every node: those of production, but for a heartbeat that fits a short life.
fn config(chain_id: ChainId, role: Role, public: PublicKey) -> ReplicaConfig {
    let length = |first: u64| TimeoutLength {
        first: DurationMs::from_millis(first),
        increase: DurationMs::from_millis(first / 2),
    };
    ReplicaConfig {
        chain_id,
        local: match role {
            Role::Validator => Some(public),
            Role::Observer => None,
        },
        timeouts: Timeouts {
            propose: length(1_000),
            prevote: length(500),
            precommit: length(500),
            rebroadcast: length(2_000),
        },
        heartbeat: DurationMs::from_millis(5_000),
        clock_tolerance: DurationMs::from_millis(2_000),
        patience: DurationMs::from_millis(250),
    }
}

/// An error with what caused it.
pub(crate) fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
