//! Drives malachite: one input at a time, to the end, with [`Effects`] doing what it wants.
//!
//! The state of malachite and the effects are two fields, so that a running step can borrow both. Effects never feed an
//! input back: what they ask of the replica is answered by an input of a later step.

use super::context::{CoreHeight, CoreValidatorSet, CoreValue, KarwanContext};
use super::convert::{
    address, evidence_from_core, polka_from_core, polka_to_core, proposal_from_core,
    proposal_to_core, round_certificate_from_core, round_certificate_to_core, round_to_core,
    timeout_to_core, vote_from_core, vote_to_core,
};
use super::effects::{Decision, Effects, Mode};
use crate::certificate::RoundCertificate;
use crate::entry::EngineEntry;
use crate::evidence::Evidence;
use crate::interface::{EngineConfig, IgnoredReason, Output};
use crate::message::{ConsensusMessage, Proposal, verify_request};
use crate::signer::Signer;
use crate::timeout::Timeout;
use arc_malachitebft_core_consensus::{
    Error, Input, LocallyProposedValue, MAX_FUTURE_ROUND_LOOKAHEAD, MisbehaviorEvidence, Params,
    ProposedValue, State, process,
};
use arc_malachitebft_core_types as core;
use arc_malachitebft_core_types::{Threshold, VoteType};
use karwan_types::{CertificateError, Hash, Height, Round, ValidatorSet};
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

/// How many rounds ahead of its own the core looks at votes and proposals.
pub(crate) const ROUNDS_AHEAD_MAX: u32 = MAX_FUTURE_ROUND_LOOKAHEAD;

/// The core buffers nothing for us: the engine hands it only what is about the height it is deciding.
const CORE_QUEUE_HEIGHTS: usize = 1;
const CORE_QUEUE_MESSAGES: usize = 1;

/// What of a height is ours to tell a peer that was away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CurrentMessages {
    /// The certificate of the round, our proposal and our votes in it, as far as they exist.
    pub messages: Vec<ConsensusMessage>,
    /// The hash of the block we propose in this round: its body belongs with the messages.
    pub body: Option<Hash>,
}

/// One height of agreement at a time.
pub(crate) struct Core {
    pub(super) state: State<KarwanContext>,
    pub(super) effects: Effects,
}

impl Core {
    /// A core that has not begun any height.
    pub(crate) fn new(config: &EngineConfig, height: Height, validators: ValidatorSet) -> Self {
        let set = CoreValidatorSet::new(validators);
        let params = Params {
            address: address(config.local),
            threshold_params: core::ThresholdParams::default(),
            value_payload: core::ValuePayload::ProposalAndParts,
            enabled: config.local.is_some(),
        };
        Self {
            state: State::new(
                KarwanContext,
                CoreHeight(height),
                set.clone(),
                params,
                CORE_QUEUE_HEIGHTS,
                CORE_QUEUE_MESSAGES,
            ),
            effects: Effects {
                chain: config.chain_id,
                timeouts: config.timeouts,
                mode: Mode::Live,
                set,
                height,
                round: None,
                running: BTreeSet::new(),
                build: None,
                proposals: BTreeMap::new(),
                wanted: BTreeMap::new(),
                judged: BTreeSet::new(),
                signed_in_replay: BTreeSet::new(),
                outputs: Vec::new(),
                ignored: None,
                decision: None,
            },
        }
    }

    /// Begins a height.
    pub(crate) fn start(
        &mut self,
        height: Height,
        validators: ValidatorSet,
        signer: &mut dyn Signer,
    ) {
        let set = CoreValidatorSet::new(validators);
        let effects = &mut self.effects;
        effects.stop_timers();
        effects.set = set.clone();
        effects.height = height;
        effects.round = None;
        effects.build = None;
        effects.proposals.clear();
        effects.wanted.clear();
        effects.judged.clear();
        effects.decision = None;
        // A target time would make the core read a clock; a height is paced by when it is started.
        let (restart, target_time) = (false, None);
        let extensions = core::VoteExtensionPolicy::Disabled;
        let input = Input::StartHeight(CoreHeight(height), set, restart, target_time, extensions);
        self.process(input, signer);
    }

    /// Takes an input of the kind that is logged. The caller has checked that it is about the height being decided.
    pub(crate) fn apply(
        &mut self,
        entry: &EngineEntry,
        signer: &mut dyn Signer,
    ) -> Result<(), CertificateError> {
        let input = self.input(entry)?;
        match entry {
            EngineEntry::Proposed { block, .. } => {
                self.effects.build = None;
                self.effects.judged.insert(*block);
            }
            EngineEntry::Validated { block, .. } => {
                self.effects.wanted.remove(block);
                self.effects.judged.insert(*block);
            }
            EngineEntry::TimedOut(timeout) => {
                self.effects.running.remove(timeout);
            }
            EngineEntry::Vote(_) | EngineEntry::Proposal(_) | EngineEntry::PolkaCertificate(_) => {}
        }
        self.process(input, signer);
        Ok(())
    }

    /// Refuses a proposal of a block that was proposed in the same round before.
    ///
    /// The core would not log it, having stored one like it, and yet consider the stored one again, maybe with a vote that
    /// a replay of the log would not lead to. So each block enters the core once a round. A proposal that differs only in
    /// the round it points to is kept as evidence here, which the core would do as well.
    pub(crate) fn check_first(&mut self, proposal: &Proposal) -> Result<(), IgnoredReason> {
        let proposed = (proposal.round, proposal.block);
        let Some(known) = self.effects.proposals.get(&proposed) else {
            return Ok(());
        };
        if known.request() == proposal.request() {
            return Err(IgnoredReason::KnownProposal);
        }
        let (culprit, chain) = (proposal.proposer, &self.effects.chain);
        verify_request(&proposal.request(), &culprit, chain, &proposal.signature)
            .map_err(|_| IgnoredReason::Signature(culprit))?;
        let pair = (proposal_to_core(known), proposal_to_core(proposal));
        self.state.driver.record_proposal_evidence(pair.0, pair.1);
        Err(IgnoredReason::Contradiction(culprit))
    }

    /// Takes a round certificate. The core logs its votes one by one.
    pub(crate) fn apply_round_certificate(
        &mut self,
        certificate: &RoundCertificate,
        signer: &mut dyn Signer,
    ) -> Result<(), CertificateError> {
        let certificate = round_certificate_to_core(certificate, self.effects.set.words())?;
        self.process(Input::RoundCertificate(certificate), signer);
        Ok(())
    }

    pub(super) fn input(
        &self,
        entry: &EngineEntry,
    ) -> Result<Input<KarwanContext>, CertificateError> {
        Ok(match entry {
            EngineEntry::Proposed {
                height,
                round,
                block,
            } => Input::Propose(LocallyProposedValue::new(
                CoreHeight(*height),
                round_to_core(*round),
                CoreValue(*block),
            )),
            EngineEntry::Validated {
                height,
                round,
                block,
                valid,
            } => {
                let value = ProposedValue {
                    height: CoreHeight(*height),
                    round: round_to_core(*round),
                    valid_round: core::Round::Nil,
                    // The core uses it only on its own sync path. It tells our blocks from others' in the log.
                    proposer: address(None),
                    value: CoreValue(*block),
                    validity: core::Validity::from_bool(*valid),
                };
                Input::ProposedValue(value, core::ValueOrigin::Consensus)
            }
            EngineEntry::Vote(vote) => Input::Vote(vote_to_core(vote)),
            EngineEntry::Proposal(proposal) => Input::Proposal(proposal_to_core(proposal)),
            EngineEntry::PolkaCertificate(polka) => {
                Input::PolkaCertificate(polka_to_core(polka, self.effects.set.words())?)
            }
            EngineEntry::TimedOut(timeout) => Input::TimeoutElapsed(timeout_to_core(*timeout)),
        })
    }

    fn process(&mut self, input: Input<KarwanContext>, signer: &mut dyn Signer) {
        let Self { state, effects } = self;
        let result: Result<(), Error<KarwanContext>> = process!(
            input: input,
            state: state,
            metrics: &(),
            with: effect => Ok::<_, Infallible>(effects.handle(effect, signer))
        );
        if let Err(error) = result {
            effects.ignored = Some(survivable(error));
        }
    }
}

/// The one error of the core that timing alone can cause. All others mean that this crate drove it wrongly, or that the
/// log and the core disagree about our own votes: then the process must end before it signs anything else.
fn survivable(error: Error<KarwanContext>) -> IgnoredReason {
    match error {
        Error::MissingPolkaCertificate(_, round, _, _) => {
            IgnoredReason::NoPolka(super::convert::round_from_core(round))
        }
        Error::ReplayDivergence(kind, height, round) => panic!(
            "the consensus log leads to another {kind} at height {height} round {round} than the one it holds: the log \
             was altered, or this program differs from the one that wrote it. Start the version that wrote the log, or \
             let this node follow as an observer until the chain has passed height {height}"
        ),
        error @ (Error::UnexpectedResume(..)
        | Error::DecisionNotFound(..)
        | Error::DriverProcess(..)
        | Error::InvalidCommitCertificate(..)
        | Error::VoteExtensionRequired(..)
        | Error::WalCorrupted(..)) => {
            panic!("the agreement core was driven in a way it does not allow: {error}")
        }
    }
}

/// What the engine asks.
impl Core {
    /// The round that is running. Round 0 before a height has begun.
    pub(crate) fn round(&self) -> Round {
        self.effects.round.unwrap_or(Round::ZERO)
    }

    pub(crate) fn is_running(&self, timeout: &Timeout) -> bool {
        self.effects.running.contains(timeout)
    }

    /// Whether a block of ours was asked for in this round and not given.
    pub(crate) fn awaits_block(&self, round: Round) -> bool {
        self.effects.build == Some(round)
    }

    /// The round of the first proposal of a block that is to be judged.
    pub(crate) fn wanted(&self, block: &Hash) -> Option<Round> {
        self.effects.wanted.get(block).copied()
    }

    pub(crate) fn is_decided(&self) -> bool {
        self.effects.decision.is_some()
    }

    /// Reports that an input had no effect.
    pub(crate) fn ignore(&mut self, reason: IgnoredReason) {
        self.effects.outputs.push(Output::Ignored { reason });
    }

    pub(crate) fn take_outputs(&mut self) -> Vec<Output> {
        if let Some(reason) = self.effects.ignored.take() {
            self.effects.outputs.push(Output::Ignored { reason });
        }
        std::mem::take(&mut self.effects.outputs)
    }

    /// The decision of this height, once.
    pub(crate) fn take_decision(&mut self) -> Option<Decision> {
        let decision = self.effects.decision.take()?;
        self.effects.stop_timers();
        Some(decision)
    }

    /// Ends a height that is decided elsewhere; what was seen of contradictions comes out.
    pub(crate) fn abandon(&mut self) -> Vec<Evidence> {
        self.effects.stop_timers();
        self.effects.build = None;
        self.effects.wanted.clear();
        evidence_from_core(MisbehaviorEvidence {
            proposals: self.state.driver.take_proposal_evidence(),
            votes: self.state.driver.take_vote_evidence(),
        })
    }

    /// Whether more than two thirds voted for the block in one round of this height.
    pub(crate) fn has_quorum(&self, block: &Hash) -> bool {
        let driver = &self.state.driver;
        let certified = driver.polka_certificates().iter();
        if certified
            .map(|polka| polka.value_id)
            .any(|voted| voted == *block)
        {
            return true;
        }
        let votes = driver.votes();
        let mut rounds = votes.all_rounds().keys();
        rounds.any(|round| {
            [VoteType::Prevote, VoteType::Precommit]
                .into_iter()
                .any(|kind| votes.is_threshold_met(round, kind, Threshold::Value(*block)))
        })
    }

    pub(crate) fn current_messages(&self) -> CurrentMessages {
        let mut current = CurrentMessages::default();
        if !self.state.is_active_validator() {
            return current;
        }
        let (height, round) = (CoreHeight(self.effects.height), self.state.round());
        let set = &self.effects.set;
        if let Some(entered) = self.state.round_certificate()
            && entered.enter_round == round
        {
            let votes = round_certificate_from_core(&entered.certificate, set);
            current
                .messages
                .push(ConsensusMessage::RoundCertificate(votes));
        }
        let ours = self.state.address();
        let proposed = self
            .state
            .full_proposal_at_round_and_proposer(&height, round, ours);
        if let Some(full) = proposed {
            let proposal = proposal_from_core(&full.proposal);
            let polka = self
                .state
                .polka_certificate(full.proposal.message.valid_round, &proposal.block);
            if let Some(polka) = polka {
                let polka = ConsensusMessage::PolkaCertificate(polka_from_core(polka, set));
                current.messages.push(polka);
            }
            current.body = Some(proposal.block);
            current.messages.push(ConsensusMessage::Proposal(proposal));
        }
        let prevote = self.state.last_signed_prevote.iter();
        let votes = prevote.chain(self.state.last_signed_precommit.iter());
        // The core may note a vote of the round before after it has begun the next one.
        let votes = votes.filter(|vote| vote.message.round == round);
        let votes = votes.map(|vote| ConsensusMessage::Vote(vote_from_core(vote)));
        current.messages.extend(votes);
        current
    }
}
