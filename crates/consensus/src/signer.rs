//! What a vote needs before it may leave: a durable log and a watermark.
//!
//! The rule that holds G1 ("a validator never signs two messages for one height, round and step") is spread over three
//! places, and this module names all of them: the engine appends and syncs the inputs that led to a signature before it
//! asks for it; [`Watermark::admits`] refuses a second body for a position; the engine sends a vote only after the vote
//! itself is synced. Where the files lie and how a key is kept is the business of the implementors (a file, a remote
//! signer, the simulator).

use crate::entry::EngineEntry;
use karwan_types::{
    ChainId, Hash, HashDomain, Height, PublicKey, Round, SecretKey, Signature, SigningDomain,
    VoteKind, hash_of, proposal_bytes, vote_bytes,
};
use serde::{Deserialize, Serialize};
use std::error::Error;

/// What a vote needs before it may leave: a durable log and a watermark. Called synchronously inside a step.
///
/// `append` and `sync` have no error: an implementor that fails must end the process, because a validator that goes on
/// without its log may contradict itself after the next start.
pub trait Signer {
    /// The key that `sign` signs with. Asked only for a validator, never for an observer.
    fn public_key(&self) -> PublicKey;
    /// Adds an entry to the consensus log. May buffer; order is kept.
    fn append(&mut self, entry: &LogEntry);
    /// Returns only when everything appended so far is durable.
    fn sync(&mut self);
    /// Signs, after the watermark of the request was admitted and is durable.
    ///
    /// # Errors
    /// `SignerError` when the watermark refuses or the key cannot be reached. The engine ends the process on any error.
    fn sign(&mut self, request: &SignRequest) -> Result<Signature, SignerError>;
}

/// One entry of the consensus log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LogEntry {
    /// The body of an undecided block. Appended before the vote that depends on it, so that one sync covers both.
    Body {
        /// The height the block is for.
        height: Height,
        /// The hash of its header, which is what is voted on.
        block_hash: Hash,
        /// The encoded block; opaque here.
        bytes: Vec<u8>,
    },
    /// An input of the engine.
    Engine(EngineEntry),
}

impl LogEntry {
    /// The height the entry belongs to: once its block is stored, the entry may be dropped.
    #[must_use]
    pub fn height(&self) -> Height {
        match self {
            Self::Body { height, .. } => *height,
            Self::Engine(entry) => entry.height(),
        }
    }
}

/// What the engine asks a signature for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SignRequest {
    /// A block proposal.
    Proposal {
        /// The height of the block.
        height: Height,
        /// The round it is proposed in.
        round: Round,
        /// The earlier round in which more than two thirds prevoted this block, if it is proposed again.
        valid_round: Option<Round>,
        /// The hash of the block.
        block: Hash,
    },
    /// A prevote or precommit.
    Vote {
        /// Which of the two.
        kind: VoteKind,
        /// The height voted on.
        height: Height,
        /// The round voted in.
        round: Round,
        /// The block voted for; none is a vote for "no block in this round".
        block: Option<Hash>,
    },
}

impl SignRequest {
    /// The position and content that the watermark must admit.
    #[must_use]
    pub fn watermark(&self) -> Watermark {
        let (height, round, step) = match self {
            Self::Proposal { height, round, .. } => (*height, *round, Step::Proposal),
            Self::Vote {
                kind: VoteKind::Prevote,
                height,
                round,
                ..
            } => (*height, *round, Step::Prevote),
            Self::Vote {
                kind: VoteKind::Precommit,
                height,
                round,
                ..
            } => (*height, *round, Step::Precommit),
        };
        Watermark {
            height,
            round,
            step,
            hash: hash_of(HashDomain::SignedBody, &[&self.body()]),
        }
    }

    /// The signing domain of the request.
    #[must_use]
    pub const fn domain(&self) -> SigningDomain {
        match self {
            Self::Proposal { .. } => SigningDomain::Proposal,
            Self::Vote { .. } => SigningDomain::Vote,
        }
    }

    /// The bytes to be signed, before domain and chain are put in front of them.
    #[must_use]
    pub fn body(&self) -> Vec<u8> {
        match self {
            Self::Proposal {
                height,
                round,
                valid_round,
                block,
            } => proposal_bytes(*height, *round, *valid_round, *block),
            Self::Vote {
                kind,
                height,
                round,
                block,
            } => vote_bytes(*kind, *height, *round, *block),
        }
    }

    /// Signs the request. Only for implementors of [`Signer`], after the watermark was admitted and is durable.
    #[must_use]
    pub fn sign_with(&self, key: &SecretKey, chain: &ChainId) -> Signature {
        key.sign(self.domain(), chain, &self.body())
    }
}

/// A step of a round, in the order in which a validator signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Step {
    /// The block proposal.
    Proposal,
    /// The first vote.
    Prevote,
    /// The second vote, which commits.
    Precommit,
}

/// The highest position a validator has signed at, and what it signed there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watermark {
    /// Height of the last signature.
    pub height: Height,
    /// Its round.
    pub round: Round,
    /// Its step.
    pub step: Step,
    /// The hash of the body that was signed.
    pub hash: Hash,
}

/// What a watermark says to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// A later position: store the new watermark durably, then sign.
    Advance,
    /// The same position and body: sign again, nothing to store. Ed25519 gives the same signature.
    Repeat,
    /// An earlier position, or another body for the same one: never sign.
    Refuse,
}

impl Watermark {
    /// The rule, in its one place. Positions are ordered by height, then round, then step.
    #[must_use]
    pub fn admits(&self, next: &Self) -> Admission {
        if next.position() > self.position() {
            Admission::Advance
        } else if next == self {
            Admission::Repeat
        } else {
            Admission::Refuse
        }
    }

    const fn position(&self) -> (Height, Round, Step) {
        (self.height, self.round, self.step)
    }
}

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
pub enum SignerError {
    /// The watermark refuses: this position, or a later one, was signed before.
    #[error(
        "refused to sign height {} round {} {:?}: height {} round {} {:?} was signed before",
        requested.height, requested.round, requested.step, stored.height, stored.round, stored.step
    )]
    Watermark {
        /// What was asked for.
        requested: Watermark,
        /// What was signed before.
        stored: Watermark,
    },
    /// There is no watermark. It is never made up: it is created with the key, and restored with it.
    #[error("there is no watermark beside the key, so it is not known what was signed before")]
    NoWatermark,
    /// This process holds no key.
    #[error("this node follows without a signing key")]
    NoKey,
    /// The key or the watermark could not be reached.
    #[error("could not {attempted}")]
    Unavailable {
        /// What was tried, for example "reach the remote signer at /run/karwan/signer.sock".
        attempted: String,
        /// What failed.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
}

#[cfg(test)]
mod tests;
