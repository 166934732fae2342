//! What the core wants logged, in our own form.

use super::context::{CoreAddress, CoreValidatorSet, KarwanContext};
use super::convert::{
    polka_from_core, proposal_from_core, round_from_core, timeout_from_core, vote_from_core,
};
use crate::entry::EngineEntry;
use arc_malachitebft_core_consensus::Input;
use karwan_types::{Height, Signature};

/// The entry for an input that the core has accepted.
pub(super) fn entry(
    height: Height,
    input: &Input<KarwanContext>,
    set: &CoreValidatorSet,
) -> EngineEntry {
    match input {
        Input::Vote(vote) => EngineEntry::Vote(vote_from_core(vote)),
        Input::Proposal(proposal) => EngineEntry::Proposal(proposal_from_core(proposal)),
        Input::PolkaCertificate(polka) => {
            EngineEntry::PolkaCertificate(polka_from_core(polka, set))
        }
        Input::TimeoutElapsed(timeout) => {
            EngineEntry::TimedOut(timeout_from_core(*timeout, height))
        }
        Input::ProposedValue(value, _) => {
            let (round, block) = (round_from_core(value.round), value.value.0);
            // `Core` names nobody as the proposer of a block that it only validates.
            match value.proposer {
                CoreAddress::Validator(_) => EngineEntry::Proposed {
                    height,
                    round,
                    block,
                },
                CoreAddress::Observer => EngineEntry::Validated {
                    height,
                    round,
                    block,
                    valid: value.validity.is_valid(),
                },
            }
        }
        Input::StartHeight(..)
        | Input::Propose(_)
        | Input::SyncValueResponse(_)
        | Input::RoundCertificate(_) => {
            unreachable!("the core logs a round certificate vote by vote, and these never")
        }
    }
}

/// The signature of a logged message.
pub(super) fn signature(entry: &EngineEntry) -> Option<Signature> {
    match entry {
        EngineEntry::Vote(vote) => Some(vote.signature),
        EngineEntry::Proposal(proposal) => Some(proposal.signature),
        EngineEntry::Proposed { .. }
        | EngineEntry::Validated { .. }
        | EngineEntry::PolkaCertificate(_)
        | EngineEntry::TimedOut(_) => None,
    }
}
