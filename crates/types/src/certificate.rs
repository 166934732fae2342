//! Votes and the certificate that makes a block final: more than two thirds of the voting power signed its hash.

use crate::codec::encode;
use crate::hash::Hash;
use crate::keys::{ChainId, PublicKey, Signature, SigningDomain, verify};
use crate::time::{Height, Round};
use crate::validators::ValidatorSet;
use serde::{Deserialize, Serialize};

/// The two votes of a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum VoteKind {
    /// "I would accept this block."
    Prevote,
    /// "I saw more than two thirds prevote for it."
    Precommit,
}

/// The body that [`SigningDomain::Vote`] signs. It does not name the voter, so that every precommit of a certificate is
/// over the same bytes. No block means a vote for nil.
#[must_use]
pub fn vote_bytes(kind: VoteKind, height: Height, round: Round, block: Option<Hash>) -> Vec<u8> {
    encode(&(kind, height, round, block))
}

/// The body that [`SigningDomain::Proposal`] signs.
#[must_use]
pub fn proposal_bytes(
    height: Height,
    round: Round,
    valid_round: Option<Round>,
    block: Hash,
) -> Vec<u8> {
    encode(&(height, round, valid_round, block))
}

/// One validator's precommit in a certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CommitSignature {
    /// The validator's position in the set of that height.
    pub validator: u16,
    /// Its signature over the precommit.
    pub signature: Signature,
}

/// Proof that a block is final: precommits of more than two thirds of the voting power.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CommitCertificate {
    /// The height decided.
    pub height: Height,
    /// The round in which it was decided.
    pub round: Round,
    /// The hash of the decided block's header.
    pub block_hash: Hash,
    /// The precommits, by ascending position.
    pub signatures: Vec<CommitSignature>,
}

/// Why a certificate proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// A position that the set does not have.
    #[error("the certificate names validator {0}, which the validator set does not have")]
    UnknownValidator(u16),
    /// A position twice or out of order.
    #[error("the certificate lists validator {0} twice or out of order")]
    Order(u16),
    /// A signature that does not verify.
    #[error("the signature of validator {0} in the certificate does not verify")]
    Signature(PublicKey),
    /// Not enough voting power.
    #[error("the certificate carries voting power {signed} of {total}, not more than two thirds")]
    NoQuorum {
        /// Power that signed.
        signed: u64,
        /// Power of the whole set.
        total: u64,
    },
}

impl CommitCertificate {
    /// Checks every signature, and that together they hold more than two thirds of the power.
    ///
    /// # Errors
    /// `CertificateError` names the first thing wrong.
    pub fn verify(&self, chain: &ChainId, set: &ValidatorSet) -> Result<(), CertificateError> {
        let body = vote_bytes(
            VoteKind::Precommit,
            self.height,
            self.round,
            Some(self.block_hash),
        );
        let mut signed = 0u64;
        let mut previous: Option<u16> = None;
        for entry in &self.signatures {
            let position = entry.validator;
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
                &entry.signature,
            )
            .map_err(|_| CertificateError::Signature(validator.key))?;
            signed = signed.saturating_add(validator.power);
        }
        if !set.is_quorum(signed) {
            let total = set.total_power();
            return Err(CertificateError::NoQuorum { signed, total });
        }
        Ok(())
    }
}
