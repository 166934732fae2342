//! What goes into the engine and what comes out: the words the replica and consensus share.
//!
//! The replica performs outputs in order. A `Send` is in the list only after the engine has synced the log through the
//! signer, so performing it needs no further care. Timers, networks and block contents are the replica's business.

use crate::certificate::VotesError;
use crate::evidence::Evidence;
use crate::message::{ConsensusMessage, MessageError};
use crate::timeout::{Timeout, Timeouts};
use karwan_types::{
    CertificateError, ChainId, CommitCertificate, DurationMs, Hash, Height, PublicKey, Round,
    ValidatorSet,
};

/// What does not change while a node runs.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// The chain: every signature is bound to it.
    pub chain_id: ChainId,
    /// The key of this validator. None: an observer, which follows without voting.
    pub local: Option<PublicKey>,
    /// How long to wait.
    pub timeouts: Timeouts,
}

/// What the replica tells the engine.
#[derive(Clone, Debug)]
pub enum Input {
    /// Begin deciding a height. The block before it is stored.
    StartHeight {
        /// The height, above every height that was started or decided.
        height: Height,
        /// Who votes at this height.
        validators: ValidatorSet,
    },
    /// A message from a peer. Nothing about it is trusted.
    Message(ConsensusMessage),
    /// The answer to [`Output::BuildBlock`]. The body was appended to the log before.
    Proposed {
        /// The height it was asked for.
        height: Height,
        /// The round it was asked for.
        round: Round,
        /// The hash of our block.
        block: Hash,
    },
    /// The answer to [`Output::ValidateBlock`]. The body was appended to the log before.
    Validated {
        /// The height it was asked for.
        height: Height,
        /// The hash of the block.
        block: Hash,
        /// Whether the block may be voted for. Paired with the hash for the whole height, so it must not depend on a clock.
        valid: bool,
    },
    /// A scheduled timeout elapsed.
    TimedOut(Timeout),
    /// A block with its certificate came from a peer that is ahead; the replica has executed it. Ends the height, started
    /// or not, without a vote of ours.
    Synced {
        /// Proof that the block is final.
        certificate: CommitCertificate,
        /// Who votes at its height.
        validators: ValidatorSet,
    },
}

/// What the engine wants done, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// A round has begun. For people and metrics.
    RoundStarted {
        /// The height being decided.
        height: Height,
        /// The round.
        round: Round,
        /// Who proposes in it.
        proposer: PublicKey,
    },
    /// Send this message to every validator and observer.
    Send(ConsensusMessage),
    /// Wake the engine with [`Input::TimedOut`] after this long. Replaces a running timer for the same timeout.
    Schedule(Timeout, DurationMs),
    /// This timer is no longer needed.
    Cancel(Timeout),
    /// No timer is needed any more.
    CancelAll,
    /// We are the proposer: build a block, append its body to the log, answer with [`Input::Proposed`] and send the body.
    BuildBlock {
        /// The height of the block.
        height: Height,
        /// The round to propose in.
        round: Round,
        /// The others stop waiting after this long.
        timeout: DurationMs,
    },
    /// A signed proposal names a block that was not judged yet: obtain its body, execute it, append it to the log, and
    /// answer with [`Input::Validated`]. Asked once for each block.
    ValidateBlock {
        /// The height of the block.
        height: Height,
        /// The round it was first proposed in.
        round: Round,
        /// The hash of the block.
        block: Hash,
    },
    /// The others may not have this body: send it again to every validator.
    ResendBody {
        /// The height of the block.
        height: Height,
        /// The hash of the block.
        block: Hash,
    },
    /// A block is final. Store it with its certificate, then start the next height when there is a reason to. Every input
    /// that the decision rests on is synced. Comes after every `Send` of the same step.
    Decided {
        /// Proof that the block is final.
        certificate: CommitCertificate,
        /// Contradictions that were seen at this height.
        evidence: Vec<Evidence>,
    },
    /// Another validator has begun the next height: a reason to start it now. At most once a height.
    HeightBegun {
        /// The height, equal to [`crate::Engine::height`].
        height: Height,
    },
    /// The input had no effect. For metrics, and to hold against the peer it came from.
    Ignored {
        /// Why.
        reason: IgnoredReason,
    },
}

/// Why an input had no effect.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IgnoredReason {
    /// About a height that is decided.
    #[error("height {height} is decided, the current height is {current}")]
    OldHeight {
        /// The height of the input.
        height: Height,
        /// The current height.
        current: Height,
    },
    /// About a height beyond the window that is kept.
    #[error("height {height} is too far ahead of {current}")]
    FutureHeight {
        /// The height of the input.
        height: Height,
        /// The current height.
        current: Height,
    },
    /// A certificate of votes for a height that is not begun here.
    #[error("a certificate of votes for height {0}, which is not begun here")]
    FutureCertificate(Height),
    /// Early messages of this signer, or of all unknown signers, fill their share.
    #[error("too many messages are kept for height {0}")]
    FutureFull(Height),
    /// A round beyond the window that is looked at.
    #[error("round {round} is too far ahead of round {current}")]
    FutureRound {
        /// The round of the message.
        round: Round,
        /// The current round.
        current: Round,
    },
    /// A limit of the encoding.
    #[error("beyond a limit: {0}")]
    Limit(String),
    /// Signed by nobody in the set.
    #[error("{0} is not a validator of this height")]
    UnknownValidator(PublicKey),
    /// Proposed by another than the proposer of the round.
    #[error("{given} proposed in the turn of {expected}")]
    NotProposer {
        /// Who proposed.
        given: PublicKey,
        /// Whose turn it was.
        expected: PublicKey,
    },
    /// A block proposed again must point to an earlier round.
    #[error("a proposal in round {round} points to round {valid_round}")]
    ValidRound {
        /// The round of the proposal.
        round: Round,
        /// The round it points to.
        valid_round: Round,
    },
    /// The same proposal once more.
    #[error("this proposal is known")]
    KnownProposal,
    /// The block of an earlier proposal of the round, but pointing to another round. Kept as evidence, otherwise without effect.
    #[error("{0} contradicts its own proposal")]
    Contradiction(PublicKey),
    /// A signature of another key, chain, kind or content.
    #[error("the signature of {0} does not verify")]
    Signature(PublicKey),
    /// A certificate of votes proves nothing.
    #[error(transparent)]
    Votes(#[from] VotesError),
    /// A commit certificate proves nothing.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// A timer that was cancelled, or of another height.
    #[error("this timeout is not running")]
    StaleTimeout,
    /// A block that was not asked for, or no longer.
    #[error("this block was not asked for")]
    NotAsked,
    /// The prevotes that a repeated proposal rests on are gone; the round passes without a proposal.
    #[error("round {0} passes without our proposal, the prevotes it rests on are no longer held")]
    NoPolka(Round),
}

impl From<MessageError> for IgnoredReason {
    fn from(error: MessageError) -> Self {
        Self::Limit(error.to_string())
    }
}
