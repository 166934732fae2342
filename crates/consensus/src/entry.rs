//! The inputs of the engine that are logged, in our own bytes.
//!
//! Replaying the entries of a height, in order, brings an engine back to the step it was in and to the votes it had cast.
//! So every input that can lead to a signature is here, and is durable before that signature is asked for. What is
//! certified cannot lead to one (a synced block ends the height), and is not here.

use crate::certificate::PolkaCertificate;
use crate::message::{Proposal, Vote};
use crate::timeout::Timeout;
use karwan_types::{Hash, Height, Round};
use serde::{Deserialize, Serialize};

/// One logged input of the engine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EngineEntry {
    /// We offered our own block as the proposer of a round.
    Proposed {
        /// Height of the block.
        height: Height,
        /// The round we propose in.
        round: Round,
        /// Its hash.
        block: Hash,
    },
    /// We executed a block that somebody proposed.
    Validated {
        /// Height of the block.
        height: Height,
        /// The round in which it was first proposed to us.
        round: Round,
        /// Its hash.
        block: Hash,
        /// Whether it may be voted for.
        valid: bool,
    },
    /// A vote, from a peer or our own.
    Vote(Vote),
    /// A proposal, from a peer or our own.
    Proposal(Proposal),
    /// More than two thirds of the prevotes of a round, for one block.
    PolkaCertificate(PolkaCertificate),
    /// A timeout elapsed.
    TimedOut(Timeout),
}

impl EngineEntry {
    /// The height the entry belongs to.
    #[must_use]
    pub const fn height(&self) -> Height {
        match self {
            Self::Proposed { height, .. } | Self::Validated { height, .. } => *height,
            Self::Vote(vote) => vote.height,
            Self::Proposal(proposal) => proposal.height,
            Self::PolkaCertificate(certificate) => certificate.height,
            Self::TimedOut(timeout) => timeout.height,
        }
    }
}

#[cfg(test)]
mod tests;
