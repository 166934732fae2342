//! What the server asks of the node. The node implements [`Backend`], and [`Gateway`] when it serves an institution; tests
//! implement both over a ledger in memory.
//!
//! **Order that must hold.** A height appears in [`Backend::heights`] only after its block is synced, its frame can be read
//! and the snapshot after it is published: whoever sees a height may tell others that the block is final.
//! The index may lag behind; every answer of it says how far it goes, and the server reads the blocks after that itself.

use futures::future::BoxFuture;
use karwan_ledger::{Rejection, State};
use karwan_types::{
    AccountNumber, BlockFrame, BlockHeader, CommitCertificate, DurationMs, EncodedTransaction,
    Height, InstructionHash, Lei, Outcome, PublicKey, Round, Sentence, TransactionId, Uetr,
};
use std::error::Error;
use std::sync::Arc;
use tokio::sync::watch;

/// The node, as the server sees it. `frame` and `find` may read the disk: the server calls them on threads that may block. The
/// others must answer at once.
pub trait Backend: Send + Sync + 'static {
    /// The state after the last final block.
    fn snapshot(&self) -> Arc<Snapshot>;
    /// The ledger before the first block.
    fn genesis(&self) -> Arc<State>;
    /// The height of the last final block, and every change of it.
    fn heights(&self) -> watch::Receiver<Height>;
    /// Takes a transaction in and forwards it. Dropping the future does not withdraw it.
    fn submit(&self, transaction: EncodedTransaction) -> BoxFuture<'static, SubmitAnswer>;
    /// The block of a height with its certificate and outcomes; none below 1 and above the last final block.
    ///
    /// # Errors
    /// `BackendError` when the log cannot be read.
    fn frame(&self, height: Height) -> Result<Option<Arc<BlockFrame>>, BackendError>;
    /// Where the index finds a key: newest first, at most `limit` places, only those before `before` if that is given.
    ///
    /// # Errors
    /// `BackendError` when the index cannot be read.
    fn find(
        &self,
        lookup: &Lookup,
        before: Option<Located>,
        limit: usize,
    ) -> Result<Found, BackendError>;
    /// How the node does.
    fn status(&self) -> NodeStatus;
    /// Whether the node does what it should, item by item.
    fn health(&self) -> Health;
    /// The metrics in the Prometheus text format.
    fn metrics(&self) -> String;
}

/// The institution's side of a node: the messages of its payments on their way out, and those delivered to it. The messages
/// are sealed from institution to institution; the node cannot read them. Both methods may use the disk.
pub trait Gateway: Send + Sync + 'static {
    /// Keeps the message of a payment of `debtor_agent` until the payment is final and its creditor's node has the message.
    /// Durable when it says so. A second message for the same payment replaces the first.
    ///
    /// # Errors
    /// `BackendError` when it could not be stored.
    fn deliver(
        &self,
        debtor_agent: Lei,
        message: SealedMessage,
    ) -> Result<DeliverAnswer, BackendError>;
    /// Whether this node keeps the outbox of an institution.
    fn serves(&self, creditor_agent: &Lei) -> bool;
    /// Changes whenever a message has arrived in an outbox.
    fn arrivals(&self) -> watch::Receiver<u64>;
    /// Messages delivered to `creditor_agent` after this place, in the order of their places, at most `limit`.
    ///
    /// # Errors
    /// `BackendError` when the outbox cannot be read.
    fn outbox(
        &self,
        creditor_agent: Lei,
        after: Option<OutboxPlace>,
        limit: usize,
    ) -> Result<Vec<OutboxMessage>, BackendError>;
}

/// The ledger after the last final block, with the proof that the block is final.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The network's name.
    pub network: Sentence,
    /// The ledger, sealed.
    pub state: State,
    /// The last block's header; none at genesis.
    pub header: Option<BlockHeader>,
    /// Its certificate; none at genesis.
    pub certificate: Option<CommitCertificate>,
}

impl Snapshot {
    /// The height of the last final block.
    #[must_use]
    pub fn height(&self) -> Height {
        self.state.chain().height
    }
}

/// What the node says to a transaction. Acceptance promises no durability.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubmitAnswer {
    /// Taken in; it waits for a block.
    Accepted,
    /// It waits for a block already.
    Duplicate,
    /// It is in a block already.
    AlreadyFinal,
    /// Not now: the node is full, or this institution's share of it is, or it catches up.
    RetryLater {
        /// Why, for people.
        reason: Sentence,
        /// When to try again.
        after: DurationMs,
    },
    /// It cannot be included as it is.
    Rejected(Rejection),
}

/// A place in the chain: the height of a block and the position of an outcome in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Located {
    /// The block.
    pub height: Height,
    /// The position among the block's outcomes, from 0.
    pub position: u32,
}

/// How many bits of an event's number are the position in its block.
const POSITION_BITS: u32 = 20;
/// The position that stands for the end of a block.
const END_OF_BLOCK: u32 = (1 << POSITION_BITS) - 1;

impl Located {
    /// The place after all outcomes of a block.
    #[must_use]
    pub const fn end_of(height: Height) -> Self {
        Self {
            height,
            position: END_OF_BLOCK,
        }
    }
    /// The number of the event at this place: `height << 20 | position`. It grows along the chain, is the same on every node
    /// and survives restarts. Below height 2^33 it is exact in a JSON number.
    #[must_use]
    pub const fn sequence(self) -> u64 {
        self.height.get() << POSITION_BITS | self.position as u64
    }
    /// The place of an event's number.
    #[must_use]
    pub fn from_sequence(sequence: u64) -> Self {
        let position = u32::try_from(sequence & u64::from(END_OF_BLOCK));
        Self {
            height: Height::new(sequence >> POSITION_BITS),
            position: position.expect("twenty bits fit"),
        }
    }
}

/// What an outcome can be found by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lookup {
    /// The transaction that caused it.
    Transaction(TransactionId),
    /// The instruction whose status it is.
    Instruction(InstructionHash),
    /// The payment's reference. Institutions choose these by themselves, so several may have used the same.
    Uetr(Uetr),
    /// An account that it debits or credits.
    Account(AccountNumber),
}

impl Lookup {
    /// Everything that an outcome is found by, each once. The index is fed with exactly these.
    #[must_use]
    pub fn of(outcome: &Outcome) -> Vec<Self> {
        let mut keys = vec![Self::Instruction(outcome.instruction)];
        keys.extend(outcome.transaction.map(Self::Transaction));
        if let Some(movement) = &outcome.movement {
            keys.push(Self::Uetr(movement.uetr));
            let accounts = [&movement.debtor_account, &movement.creditor_account];
            keys.extend(accounts.into_iter().flatten().cloned().map(Self::Account));
        }
        keys.dedup();
        keys
    }
}

/// What the index found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The places, newest first.
    pub places: Vec<Located>,
    /// Whether there are older ones.
    pub more: bool,
    /// The answer is complete up to this height.
    pub indexed_to: Height,
}

/// What kind of node this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeRole {
    /// It votes.
    Validator,
    /// It follows.
    Observer,
}

/// How the node does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeStatus {
    /// What kind of node.
    pub role: NodeRole,
    /// Its key.
    pub key: PublicKey,
    /// The last final height.
    pub height: Height,
    /// The round in which the next height is being decided.
    pub round: Round,
    /// Peers connected.
    pub peers_connected: u32,
    /// Peers listed.
    pub peers_configured: u32,
    /// Transactions that wait for a block.
    pub mempool_transactions: u64,
    /// Whether the node fetches blocks that others have already.
    pub syncing: bool,
    /// The program's version.
    pub version: String,
}

/// Whether the node does what it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// Whether it should be sent requests.
    pub ready: bool,
    /// What was looked at.
    pub items: Vec<HealthItem>,
}

/// One thing that can fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthItem {
    /// Its name, for example `disk`.
    pub name: &'static str,
    /// What is wrong and how to mend it; none when nothing is.
    pub failing: Option<Sentence>,
}

/// A payment's message, encrypted to the creditor agent's registered payload key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedMessage {
    /// The payment's reference.
    pub uetr: Uetr,
    /// The institution that can open it.
    pub creditor_agent: Lei,
    /// An age file.
    pub sealed: Vec<u8>,
}

/// What the node says to a message that it should deliver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliverAnswer {
    /// It is on disk and leaves when the payment is final.
    Kept,
    /// Not now: too many wait.
    RetryLater {
        /// Why, for people.
        reason: Sentence,
    },
}

/// The place of a message in an outbox; places are in the order of their fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OutboxPlace {
    /// The payment's debtor agent.
    pub debtor_agent: Lei,
    /// The payment's reference.
    pub uetr: Uetr,
}

/// A message that waits for its institution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxMessage {
    /// Where it stands, and which payment it belongs to.
    pub place: OutboxPlace,
    /// An age file for the creditor agent's payload key.
    pub sealed: Vec<u8>,
}

/// The node could not answer. The caller learns only that; the source is for the node's own log.
#[derive(Debug, thiserror::Error)]
#[error("could not {what}")]
pub struct BackendError {
    /// What was tried, for example `read block 7`.
    pub what: String,
    /// What went wrong.
    #[source]
    pub source: Box<dyn Error + Send + Sync>,
}
