//! From our words to malachite's and back.
//!
//! Positions in certificates become addresses and back through the validator set of the height. What comes out of the core
//! is about a height that was started with that set, so its addresses are in it.

use super::context::{
    CoreAddress, CoreHeight, CoreProposal, CoreValidatorSet, CoreValue, CoreVote, KarwanContext,
};
use crate::certificate::{
    PolkaCertificate, RoundCertificate, RoundCertificateKind, RoundSignature,
};
use crate::evidence::Evidence;
use crate::message::{Proposal, Vote};
use crate::timeout::{Timeout, TimeoutKind};
use arc_malachitebft_core_consensus::MisbehaviorEvidence;
use arc_malachitebft_core_types as core;
use arc_malachitebft_core_types::{NilOrVal, VoteType};
use karwan_types::{
    CertificateError, CommitCertificate, CommitSignature, Hash, Height, PublicKey, Round,
    ValidatorSet, VoteKind,
};

type CoreSignedVote = core::SignedVote<KarwanContext>;
type CoreSignedProposal = core::SignedProposal<KarwanContext>;

pub(super) fn address(local: Option<PublicKey>) -> CoreAddress {
    local.map_or(CoreAddress::Observer, CoreAddress::Validator)
}

/// The key behind an address that came out of the core.
pub(super) fn key(address: &CoreAddress) -> PublicKey {
    match address {
        CoreAddress::Validator(key) => *key,
        CoreAddress::Observer => unreachable!("an observer signs nothing and proposes nothing"),
    }
}

pub(super) fn round_to_core(round: Round) -> core::Round {
    core::Round::new(round.get())
}

/// The round of a message, certificate or timeout; those are never about "no round yet".
pub(super) fn round_from_core(round: core::Round) -> Round {
    optional_round_from_core(round).expect("the core speaks of rounds only after one has begun")
}

pub(super) fn optional_round_from_core(round: core::Round) -> Option<Round> {
    round.as_u32().map(Round::new)
}

fn kind_to_core(kind: VoteKind) -> VoteType {
    match kind {
        VoteKind::Prevote => VoteType::Prevote,
        VoteKind::Precommit => VoteType::Precommit,
    }
}

pub(super) fn kind_from_core(kind: VoteType) -> VoteKind {
    match kind {
        VoteType::Prevote => VoteKind::Prevote,
        VoteType::Precommit => VoteKind::Precommit,
    }
}

fn block_to_core(block: Option<Hash>) -> NilOrVal<Hash> {
    block.map_or(NilOrVal::Nil, NilOrVal::Val)
}

pub(super) fn block_from_core(value: &NilOrVal<Hash>) -> Option<Hash> {
    match value {
        NilOrVal::Nil => None,
        NilOrVal::Val(block) => Some(*block),
    }
}

pub(super) fn vote_to_core(vote: &Vote) -> CoreSignedVote {
    let message = CoreVote {
        kind: kind_to_core(vote.kind),
        height: CoreHeight(vote.height),
        round: round_to_core(vote.round),
        value: block_to_core(vote.block),
        validator: CoreAddress::Validator(vote.validator),
    };
    CoreSignedVote::new(message, vote.signature)
}

pub(super) fn vote_from_core(vote: &CoreSignedVote) -> Vote {
    Vote {
        kind: kind_from_core(vote.message.kind),
        height: vote.message.height.0,
        round: round_from_core(vote.message.round),
        block: block_from_core(&vote.message.value),
        validator: key(&vote.message.validator),
        signature: vote.signature,
    }
}

pub(super) fn proposal_to_core(proposal: &Proposal) -> CoreSignedProposal {
    let message = CoreProposal {
        height: CoreHeight(proposal.height),
        round: round_to_core(proposal.round),
        value: CoreValue(proposal.block),
        valid_round: proposal.valid_round.map_or(core::Round::Nil, round_to_core),
        proposer: CoreAddress::Validator(proposal.proposer),
    };
    CoreSignedProposal::new(message, proposal.signature)
}

pub(super) fn proposal_from_core(proposal: &CoreSignedProposal) -> Proposal {
    Proposal {
        height: proposal.message.height.0,
        round: round_from_core(proposal.message.round),
        valid_round: optional_round_from_core(proposal.message.valid_round),
        block: proposal.message.value.0,
        proposer: key(&proposal.message.proposer),
        signature: proposal.signature,
    }
}

pub(super) fn timeout_to_core(timeout: Timeout) -> core::Timeout {
    let kind = match timeout.kind {
        TimeoutKind::Propose => core::TimeoutKind::Propose,
        TimeoutKind::Prevote => core::TimeoutKind::Prevote,
        TimeoutKind::Precommit => core::TimeoutKind::Precommit,
        TimeoutKind::Rebroadcast => core::TimeoutKind::Rebroadcast,
    };
    core::Timeout::new(round_to_core(timeout.round), kind)
}

pub(super) fn timeout_from_core(timeout: core::Timeout, height: Height) -> Timeout {
    let kind = match timeout.kind {
        core::TimeoutKind::Propose => TimeoutKind::Propose,
        core::TimeoutKind::Prevote => TimeoutKind::Prevote,
        core::TimeoutKind::Precommit => TimeoutKind::Precommit,
        core::TimeoutKind::Rebroadcast => TimeoutKind::Rebroadcast,
        core::TimeoutKind::FinalizeHeight(_) => {
            unreachable!("heights are started without a target time, so nothing waits to finalise")
        }
    };
    Timeout {
        height,
        round: round_from_core(timeout.round),
        kind,
    }
}

fn address_at(position: u16, set: &ValidatorSet) -> Result<CoreAddress, CertificateError> {
    set.by_index(usize::from(position))
        .map(|validator| CoreAddress::Validator(validator.key))
        .ok_or(CertificateError::UnknownValidator(position))
}

fn position_of(address: &CoreAddress, set: &ValidatorSet) -> u16 {
    let (position, _) = set
        .get(&key(address))
        .expect("the core counts only votes of validators in the set");
    u16::try_from(position).expect("a set has at most VALIDATORS_MAX members")
}

pub(super) fn polka_to_core(
    polka: &PolkaCertificate,
    set: &ValidatorSet,
) -> Result<core::PolkaCertificate<KarwanContext>, CertificateError> {
    let signatures = polka.signatures.iter().map(|vote| {
        let address = address_at(vote.validator, set)?;
        Ok(core::PolkaSignature::new(address, vote.signature))
    });
    Ok(core::PolkaCertificate {
        height: CoreHeight(polka.height),
        round: round_to_core(polka.round),
        value_id: polka.block,
        polka_signatures: signatures.collect::<Result<_, CertificateError>>()?,
    })
}

pub(super) fn polka_from_core(
    polka: &core::PolkaCertificate<KarwanContext>,
    set: &CoreValidatorSet,
) -> PolkaCertificate {
    let votes = polka.polka_signatures.iter();
    PolkaCertificate {
        height: polka.height.0,
        round: round_from_core(polka.round),
        block: polka.value_id,
        signatures: signatures_from_core(votes.map(|vote| (vote.address, vote.signature)), set),
    }
}

fn signatures_from_core(
    signatures: impl Iterator<Item = (CoreAddress, karwan_types::Signature)>,
    set: &CoreValidatorSet,
) -> Vec<CommitSignature> {
    let mut signatures: Vec<_> = signatures
        .map(|(address, signature)| CommitSignature {
            validator: position_of(&address, set.words()),
            signature,
        })
        .collect();
    signatures.sort_by_key(|signature| signature.validator);
    signatures
}

pub(super) fn round_certificate_to_core(
    certificate: &RoundCertificate,
    set: &ValidatorSet,
) -> Result<core::RoundCertificate<KarwanContext>, CertificateError> {
    let signatures = certificate.signatures.iter().map(|vote| {
        Ok(core::RoundSignature::new(
            kind_to_core(vote.kind),
            block_to_core(vote.block),
            address_at(vote.validator, set)?,
            vote.signature,
        ))
    });
    Ok(core::RoundCertificate {
        height: CoreHeight(certificate.height),
        round: round_to_core(certificate.round),
        cert_type: match certificate.kind {
            RoundCertificateKind::Precommits => core::RoundCertificateType::Precommit,
            RoundCertificateKind::Skip => core::RoundCertificateType::Skip,
        },
        round_signatures: signatures.collect::<Result<_, CertificateError>>()?,
    })
}

pub(super) fn round_certificate_from_core(
    certificate: &core::RoundCertificate<KarwanContext>,
    set: &CoreValidatorSet,
) -> RoundCertificate {
    let mut signatures: Vec<_> = certificate
        .round_signatures
        .iter()
        .map(|vote| RoundSignature {
            kind: kind_from_core(vote.vote_type),
            block: block_from_core(&vote.value_id),
            validator: position_of(&vote.address, set.words()),
            signature: vote.signature,
        })
        .collect();
    signatures.sort_by_key(|vote| vote.validator);
    RoundCertificate {
        height: certificate.height.0,
        round: round_from_core(certificate.round),
        kind: match certificate.cert_type {
            core::RoundCertificateType::Precommit => RoundCertificateKind::Precommits,
            core::RoundCertificateType::Skip => RoundCertificateKind::Skip,
        },
        signatures,
    }
}

pub(super) fn commit_from_core(
    certificate: &core::CommitCertificate<KarwanContext>,
    set: &CoreValidatorSet,
) -> CommitCertificate {
    let votes = certificate.commit_signatures.iter();
    CommitCertificate {
        height: certificate.height.0,
        round: round_from_core(certificate.round),
        block_hash: certificate.value_id,
        signatures: signatures_from_core(votes.map(|vote| (vote.address, vote.signature)), set),
    }
}

/// Every contradiction, ordered by culprit, each pair in an order that does not depend on which message came first.
pub(super) fn evidence_from_core(evidence: MisbehaviorEvidence<KarwanContext>) -> Vec<Evidence> {
    let mut all = Vec::new();
    for (_, pairs) in evidence.proposals {
        for (one, other) in pairs {
            let mut pair = [proposal_from_core(&one), proposal_from_core(&other)];
            pair.sort_by_key(|proposal| (proposal.block, proposal.valid_round));
            let [first, second] = pair;
            all.push(Evidence::Proposals { first, second });
        }
    }
    for (_, pairs) in evidence.votes {
        for (one, other) in pairs {
            let mut pair = [vote_from_core(&one), vote_from_core(&other)];
            pair.sort_by_key(|vote| vote.block);
            let [first, second] = pair;
            all.push(Evidence::Votes { first, second });
        }
    }
    all
}
