//! What validators say to each other about a height: votes, proposals and the certificates that carry votes on.
//!
//! A vote and a proposal name their signer by key, because they may arrive before the set of their height is known.
//! Every list has a limit. What the block behind a hash contains is not known here.

use crate::certificate::{PolkaCertificate, RoundCertificate};
use crate::signer::SignRequest;
use karwan_types::{
    ChainId, CodecError, Hash, Height, PublicKey, Round, Signature, SignatureError, VALIDATORS_MAX,
    VoteKind, decode, encode, verify,
};
use serde::{Deserialize, Serialize};

/// The most bytes of one encoded message: a round certificate of [`VALIDATORS_MAX`] votes.
pub const CONSENSUS_MESSAGE_BYTES_MAX: usize = 16 << 10;
/// The highest round that is looked at. Rounds grow longer, so honest validators never come near it.
pub const ROUND_MAX: Round = Round::new(100_000);

/// A signed prevote or precommit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vote {
    /// Prevote or precommit.
    pub kind: VoteKind,
    /// The height voted on.
    pub height: Height,
    /// The round voted in.
    pub round: Round,
    /// The block voted for; none is a vote for "no block in this round".
    pub block: Option<Hash>,
    /// Who votes.
    pub validator: PublicKey,
    /// Over [`karwan_types::vote_bytes`].
    pub signature: Signature,
}

impl Vote {
    /// What was signed.
    #[must_use]
    pub const fn request(&self) -> SignRequest {
        SignRequest::Vote {
            kind: self.kind,
            height: self.height,
            round: self.round,
            block: self.block,
        }
    }
}

/// A signed proposal: the proposer of a round names the block it wants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// The height of the block.
    pub height: Height,
    /// The round it is proposed in.
    pub round: Round,
    /// The earlier round in which more than two thirds prevoted this block, if it is proposed again.
    pub valid_round: Option<Round>,
    /// The hash of the block.
    pub block: Hash,
    /// Who proposes.
    pub proposer: PublicKey,
    /// Over [`karwan_types::proposal_bytes`].
    pub signature: Signature,
}

impl Proposal {
    /// What was signed.
    #[must_use]
    pub const fn request(&self) -> SignRequest {
        SignRequest::Proposal {
            height: self.height,
            round: self.round,
            valid_round: self.valid_round,
            block: self.block,
        }
    }
}

/// Anything one validator sends to the others about consensus.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ConsensusMessage {
    /// A prevote or precommit.
    Vote(Vote),
    /// A block proposal.
    Proposal(Proposal),
    /// The prevotes behind a block that is proposed again.
    PolkaCertificate(PolkaCertificate),
    /// The votes that let a round be entered.
    RoundCertificate(RoundCertificate),
}

/// Why bytes are not a consensus message.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    /// The bytes do not decode.
    #[error("not a consensus message")]
    Codec(#[from] CodecError),
    /// More signatures than any validator set has members.
    #[error("a certificate of {0} signatures, more than the limit of {VALIDATORS_MAX}")]
    TooManySignatures(usize),
    /// A round far beyond any that honest validators reach.
    #[error("round {0} is beyond the limit of {ROUND_MAX}")]
    RoundTooHigh(Round),
}

impl ConsensusMessage {
    /// The bytes for the wire.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        encode(self)
    }

    /// Reads a message from the wire and checks its limits. Says nothing about signatures.
    ///
    /// # Errors
    /// `MessageError` for bytes that are no message or a message beyond a limit.
    pub fn decode(bytes: &[u8]) -> Result<Self, MessageError> {
        let message: Self = decode(bytes, CONSENSUS_MESSAGE_BYTES_MAX)?;
        message.check_limits()?;
        Ok(message)
    }

    /// Checks the limits that the encoding itself does not hold.
    ///
    /// # Errors
    /// `MessageError` names the limit.
    pub fn check_limits(&self) -> Result<(), MessageError> {
        let signatures = match self {
            Self::Vote(_) | Self::Proposal(_) => 0,
            Self::PolkaCertificate(polka) => polka.signatures.len(),
            Self::RoundCertificate(votes) => votes.signatures.len(),
        };
        if self.round() > ROUND_MAX {
            return Err(MessageError::RoundTooHigh(self.round()));
        }
        if signatures > VALIDATORS_MAX {
            return Err(MessageError::TooManySignatures(signatures));
        }
        Ok(())
    }

    /// The height the message is about.
    #[must_use]
    pub const fn height(&self) -> Height {
        match self {
            Self::Vote(vote) => vote.height,
            Self::Proposal(proposal) => proposal.height,
            Self::PolkaCertificate(polka) => polka.height,
            Self::RoundCertificate(votes) => votes.height,
        }
    }

    /// The round the message is about.
    #[must_use]
    pub const fn round(&self) -> Round {
        match self {
            Self::Vote(vote) => vote.round,
            Self::Proposal(proposal) => proposal.round,
            Self::PolkaCertificate(polka) => polka.round,
            Self::RoundCertificate(votes) => votes.round,
        }
    }

    /// Who signed the message, what and how; none for a certificate, which others signed.
    pub(crate) fn signed(&self) -> Option<(PublicKey, SignRequest, Signature)> {
        match self {
            Self::Vote(vote) => Some((vote.validator, vote.request(), vote.signature)),
            Self::Proposal(proposal) => {
                Some((proposal.proposer, proposal.request(), proposal.signature))
            }
            Self::PolkaCertificate(_) | Self::RoundCertificate(_) => None,
        }
    }
}

/// Verifies that `key` signed what was requested, on this chain.
///
/// # Errors
/// `SignatureError` when it did not.
pub(crate) fn verify_request(
    request: &SignRequest,
    key: &PublicKey,
    chain: &ChainId,
    signature: &Signature,
) -> Result<(), SignatureError> {
    verify(key, request.domain(), chain, &request.body(), signature)
}

#[cfg(test)]
mod tests;
