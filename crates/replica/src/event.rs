//! What happens to a replica and what it wants done: the words it shares with its owner and its peers.

use crate::body::CheckedBody;
use karwan_consensus::{ConsensusMessage, Evidence, Timeout};
use karwan_ledger::{Rejection, State, VerifiedTransaction};
use karwan_types::{
    Block, BlockFrame, CodecError, DurationMs, EncodedTransaction, Hash, Height, PublicKey, Round,
    TransactionId, decode, encode,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The largest message between peers, in bytes: a batch of block frames.
pub const PEER_MESSAGE_BYTES_MAX: usize = 31 << 20;

/// What nodes say to each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PeerMessage {
    /// A vote, a proposal or a certificate of votes.
    Consensus(ConsensusMessage),
    /// The sender's last stored height.
    Status(Height),
    /// The body of an undecided block.
    Body(Block),
    /// Whoever has the body of this undecided block should send it.
    BodyWanted {
        /// The height of the block.
        height: Height,
        /// Its hash.
        block: Hash,
    },
    /// Transactions taken in by the sender.
    Transactions(Vec<EncodedTransaction>),
    /// The stored blocks from this height on are wanted.
    FramesWanted(Height),
    /// Stored blocks with their certificates, in order of height.
    Frames(Vec<BlockFrame>),
}

/// Bytes from a peer that are no message.
#[derive(Debug, thiserror::Error)]
#[error("not a peer message: {0}")]
pub struct PeerMessageError(#[from] CodecError);

impl PeerMessage {
    /// The canonical bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        encode(self)
    }
    /// Reads a message from a peer.
    ///
    /// # Errors
    /// `PeerMessageError` when the bytes are too long, no message, or not canonical.
    pub fn from_bytes(bytes: &[u8], bytes_max: usize) -> Result<Self, PeerMessageError> {
        Ok(decode(bytes, bytes_max.min(PEER_MESSAGE_BYTES_MAX))?)
    }
}

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// A verified transaction from a client of this node.
    Submitted(VerifiedTransaction),
    /// A verified transaction that a peer took in.
    Forwarded(VerifiedTransaction),
    /// A body from a peer, checked.
    Body {
        /// The peer.
        from: PublicKey,
        /// The body.
        body: CheckedBody,
    },
    /// Any other message from a peer.
    Peer {
        /// The peer.
        from: PublicKey,
        /// What it says.
        message: PeerMessage,
    },
    /// A peer is connected from now on.
    Connected(PublicKey),
    /// A peer is not connected any more.
    Disconnected(PublicKey),
    /// A timer elapsed.
    TimerElapsed(Timer),
    /// The block of the last [`Action::Commit`] is stored and synced.
    Committed(Height),
}

/// What a replica can be woken by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// A wait of the engine.
    Engine(Timeout),
    /// An idle network makes a block.
    Heartbeat,
    /// Something missing should have come by now.
    Patience,
}

/// To whom a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recipient {
    /// Every connected peer.
    All,
    /// One of them.
    Peer(PublicKey),
}

/// What became of a transaction handed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubmitAnswer {
    /// Waiting for a block. Promises no durability.
    Accepted,
    /// Waiting already, or on the ledger.
    Duplicate,
    /// The node has no room for this institution's transaction now.
    RetryLater,
    /// It cannot be included.
    Rejected(Rejection),
}

/// Something to be done, in the order of the list.
#[derive(Clone, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "an action lives from a step to its performance, in lists of a few"
)]
pub enum Action {
    /// Send a message.
    Send {
        /// To whom.
        to: Recipient,
        /// What.
        message: PeerMessage,
    },
    /// Store and sync the frame, release the consensus log up to its height, publish the state, then step with
    /// [`Event::Committed`]. The last action of its list.
    Commit {
        /// The block, its certificate and its outcomes.
        frame: Arc<BlockFrame>,
        /// The state after it.
        state: Box<State>,
    },
    /// Step with [`Event::TimerElapsed`] after this long. Replaces a running timer of the same name.
    Schedule(Timer, DurationMs),
    /// The timer is not needed any more.
    Cancel(Timer),
    /// No timer of the engine is needed any more.
    CancelEngineTimers,
    /// The answer to [`Event::Submitted`].
    Answer(TransactionId, SubmitAnswer),
    /// Something worth a log line or a metric.
    Note(Note),
}

/// What people and metrics want to hear of.
#[derive(Clone, Debug)]
pub enum Note {
    /// A round began.
    RoundStarted {
        /// The height.
        height: Height,
        /// The round.
        round: Round,
        /// Who proposes.
        proposer: PublicKey,
    },
    /// A validator contradicted itself: proof that holds without trust in us.
    Equivocation(Box<Evidence>),
    /// A block was judged and may not be voted for.
    InvalidBlock {
        /// The height.
        height: Height,
        /// The block.
        block: Hash,
        /// Why.
        reason: String,
    },
    /// A block is held back because its time is far from our clock.
    ClockApart {
        /// The height.
        height: Height,
        /// How far, in milliseconds.
        apart: DurationMs,
    },
    /// A peer sent something without effect.
    Ignored {
        /// The peer, if it came from one.
        from: Option<PublicKey>,
        /// Why.
        reason: String,
    },
    /// Following a peer that is ahead.
    Following {
        /// The next height wanted.
        next: Height,
        /// The highest height a peer reported.
        highest: Height,
    },
}
