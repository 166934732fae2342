//! Answers the core's questions about signatures, by the one signature rule of the ledger.
//!
//! Certificates are turned into our form first, so that what is verified here is byte for byte what others will verify.

use super::context::{CoreValidatorSet, KarwanContext};
use super::convert::{
    block_from_core, commit_from_core, kind_from_core, optional_round_from_core, polka_from_core,
    round_certificate_from_core, round_from_core,
};
use crate::interface::IgnoredReason;
use crate::message::verify_request;
use crate::signer::SignRequest;
use arc_malachitebft_core_consensus::ConsensusMsg;
use arc_malachitebft_core_types as core;
use karwan_types::{ChainId, PublicKey};

/// What the core asks to be signed, or to be verified as signed.
pub(super) fn request(message: &ConsensusMsg<KarwanContext>) -> SignRequest {
    match message {
        ConsensusMsg::Vote(vote) => SignRequest::Vote {
            kind: kind_from_core(vote.kind),
            height: vote.height.0,
            round: round_from_core(vote.round),
            block: block_from_core(&vote.value),
        },
        ConsensusMsg::Proposal(proposal) => SignRequest::Proposal {
            height: proposal.height.0,
            round: round_from_core(proposal.round),
            valid_round: optional_round_from_core(proposal.valid_round),
            block: proposal.value.0,
        },
    }
}

/// Checks a vote or proposal against the key of its validator.
pub(super) fn message(
    message: &core::SignedMessage<KarwanContext, ConsensusMsg<KarwanContext>>,
    key: &PublicKey,
    chain: &ChainId,
) -> Result<(), IgnoredReason> {
    let request = request(&message.message);
    verify_request(&request, key, chain, &message.signature)
        .map_err(|_| IgnoredReason::Signature(*key))
}

pub(super) fn commit(
    certificate: &core::CommitCertificate<KarwanContext>,
    set: &CoreValidatorSet,
    chain: &ChainId,
) -> Result<(), IgnoredReason> {
    commit_from_core(certificate, set)
        .verify(chain, set.words())
        .map_err(IgnoredReason::Certificate)
}

pub(super) fn polka(
    certificate: &core::PolkaCertificate<KarwanContext>,
    set: &CoreValidatorSet,
    chain: &ChainId,
) -> Result<(), IgnoredReason> {
    polka_from_core(certificate, set)
        .verify(chain, set.words())
        .map_err(IgnoredReason::Votes)
}

pub(super) fn votes(
    certificate: &core::RoundCertificate<KarwanContext>,
    set: &CoreValidatorSet,
    chain: &ChainId,
) -> Result<(), IgnoredReason> {
    round_certificate_from_core(certificate, set)
        .verify(chain, set.words())
        .map_err(IgnoredReason::Votes)
}
