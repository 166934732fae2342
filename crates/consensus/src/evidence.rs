//! Proof that a validator signed two messages for one height, round and step.
//!
//! It stands on its own: anyone with the chain id and the validator set of the height can check it, years later. What
//! follows from it (a fine, a vote to remove the validator) is for the participants, not for consensus.

use crate::message::{Proposal, Vote, verify_request};
use karwan_types::{ChainId, Height, PublicKey, ValidatorSet};
use serde::{Deserialize, Serialize};

/// Two messages of one validator that contradict each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Evidence {
    /// Two votes of one kind in one round, for different blocks.
    Votes {
        /// One vote.
        first: Vote,
        /// The other.
        second: Vote,
    },
    /// Two proposals in one round.
    Proposals {
        /// One proposal.
        first: Proposal,
        /// The other.
        second: Proposal,
    },
}

/// Why evidence proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceError {
    /// The messages are of different validators, heights, rounds or kinds.
    #[error("the two messages are not of one validator, height, round and kind")]
    Unrelated,
    /// The messages say the same.
    #[error("the two messages say the same")]
    NoConflict,
    /// The accused is not in the set.
    #[error("{0} is not a validator of that height")]
    UnknownValidator(PublicKey),
    /// A signature does not verify.
    #[error("a signature of {0} does not verify")]
    Signature(PublicKey),
}

impl Evidence {
    /// The validator that contradicted itself.
    #[must_use]
    pub const fn culprit(&self) -> PublicKey {
        match self {
            Self::Votes { first, .. } => first.validator,
            Self::Proposals { first, .. } => first.proposer,
        }
    }

    /// The height at which it did.
    #[must_use]
    pub const fn height(&self) -> Height {
        match self {
            Self::Votes { first, .. } => first.height,
            Self::Proposals { first, .. } => first.height,
        }
    }

    /// Checks that this is proof, against the chain and the validator set of [`Evidence::height`].
    ///
    /// # Errors
    /// `EvidenceError` names the first thing missing.
    pub fn verify(&self, chain: &ChainId, set: &ValidatorSet) -> Result<(), EvidenceError> {
        let (requests, signatures, related) = match self {
            Self::Votes { first, second } => (
                [first.request(), second.request()],
                [first.signature, second.signature],
                first.validator == second.validator
                    && first.kind == second.kind
                    && (first.height, first.round) == (second.height, second.round),
            ),
            Self::Proposals { first, second } => (
                [first.request(), second.request()],
                [first.signature, second.signature],
                first.proposer == second.proposer
                    && (first.height, first.round) == (second.height, second.round),
            ),
        };
        let culprit = self.culprit();
        if !related {
            return Err(EvidenceError::Unrelated);
        }
        if requests[0] == requests[1] {
            return Err(EvidenceError::NoConflict);
        }
        if set.get(&culprit).is_none() {
            return Err(EvidenceError::UnknownValidator(culprit));
        }
        for (request, signature) in requests.iter().zip(&signatures) {
            verify_request(request, &culprit, chain, signature)
                .map_err(|_| EvidenceError::Signature(culprit))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
