//! Certificates that are exchanged while a height is being decided: votes of many validators in one message.
//!
//! They name their signers by position in the set of the height, as the commit certificate does. They help the others
//! to catch up; what makes a block final is only [`karwan_types::CommitCertificate`].

use karwan_types::{
    CertificateError, ChainId, CommitSignature, Hash, Height, Round, Signature, SigningDomain,
    ValidatorSet, VoteKind, verify, vote_bytes,
};
use serde::{Deserialize, Serialize};

/// Proof that more than two thirds of the power prevoted for one block in one round.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolkaCertificate {
    /// The height voted on.
    pub height: Height,
    /// The round voted in.
    pub round: Round,
    /// The block they prevoted for.
    pub block: Hash,
    /// The prevotes, by ascending position.
    pub signatures: Vec<CommitSignature>,
}

/// What a round certificate proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum RoundCertificateKind {
    /// More than two thirds precommitted something in the round: the round after it may be entered.
    Precommits,
    /// More than one third voted in the round, so an honest validator is there: it may be entered.
    Skip,
}

/// One vote inside a round certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoundSignature {
    /// Prevote or precommit.
    pub kind: VoteKind,
    /// The block voted for, if any.
    pub block: Option<Hash>,
    /// The validator's position in the set of the height.
    pub validator: u16,
    /// Its signature over the vote.
    pub signature: Signature,
}

/// Proof that a round may be entered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoundCertificate {
    /// The height voted on.
    pub height: Height,
    /// The round voted in.
    pub round: Round,
    /// What the votes amount to.
    pub kind: RoundCertificateKind,
    /// One vote of each validator, by ascending position.
    pub signatures: Vec<RoundSignature>,
}

/// Why a certificate of votes proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VotesError {
    /// A signer or a signature is wrong, or there is no quorum.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// A prevote among precommits.
    #[error("the certificate of precommits holds a prevote of validator {0}")]
    NotPrecommit(u16),
    /// Not enough power to be sure that an honest validator voted.
    #[error("the certificate carries voting power {signed} of {total}, not more than one third")]
    NoHonestVote {
        /// Power that signed.
        signed: u64,
        /// Power of the whole set.
        total: u64,
    },
}

impl PolkaCertificate {
    /// Checks every signature, and that together they hold more than two thirds of the power.
    ///
    /// # Errors
    /// `VotesError` names the first thing wrong.
    pub fn verify(&self, chain: &ChainId, set: &ValidatorSet) -> Result<(), VotesError> {
        let body = vote_bytes(VoteKind::Prevote, self.height, self.round, Some(self.block));
        let votes = self.signatures.iter();
        let votes = votes.map(|vote| (vote.validator, body.clone(), vote.signature));
        let signed = signed_power(votes, chain, set)?;
        require_quorum(signed, set)
    }
}

impl RoundCertificate {
    /// Checks every signature, and that together they hold the power that the kind asks for.
    ///
    /// # Errors
    /// `VotesError` names the first thing wrong.
    pub fn verify(&self, chain: &ChainId, set: &ValidatorSet) -> Result<(), VotesError> {
        let only_precommits = self.kind == RoundCertificateKind::Precommits;
        for vote in &self.signatures {
            if only_precommits && vote.kind != VoteKind::Precommit {
                return Err(VotesError::NotPrecommit(vote.validator));
            }
        }
        let votes = self.signatures.iter().map(|vote| {
            let body = vote_bytes(vote.kind, self.height, self.round, vote.block);
            (vote.validator, body, vote.signature)
        });
        let signed = signed_power(votes, chain, set)?;
        match self.kind {
            RoundCertificateKind::Precommits => require_quorum(signed, set),
            RoundCertificateKind::Skip => require_honest_vote(signed, set),
        }
    }
}

/// The power of all signers, each at most once and each with a signature that verifies.
fn signed_power(
    votes: impl Iterator<Item = (u16, Vec<u8>, Signature)>,
    chain: &ChainId,
    set: &ValidatorSet,
) -> Result<u64, CertificateError> {
    let mut signed = 0u64;
    let mut previous = None;
    for (position, body, signature) in votes {
        if previous.is_some_and(|previous| previous >= position) {
            return Err(CertificateError::Order(position));
        }
        previous = Some(position);
        let validator = set
            .by_index(usize::from(position))
            .ok_or(CertificateError::UnknownValidator(position))?;
        verify(
            &validator.key,
            SigningDomain::Vote,
            chain,
            &body,
            &signature,
        )
        .map_err(|_| CertificateError::Signature(validator.key))?;
        signed = signed.saturating_add(validator.power);
    }
    Ok(signed)
}

fn require_quorum(signed: u64, set: &ValidatorSet) -> Result<(), VotesError> {
    if set.is_quorum(signed) {
        return Ok(());
    }
    let total = set.total_power();
    Err(CertificateError::NoQuorum { signed, total }.into())
}

fn require_honest_vote(signed: u64, set: &ValidatorSet) -> Result<(), VotesError> {
    let total = set.total_power();
    if u128::from(signed).saturating_mul(3) > u128::from(total) {
        return Ok(());
    }
    Err(VotesError::NoHonestVote { signed, total })
}

#[cfg(test)]
mod tests;
