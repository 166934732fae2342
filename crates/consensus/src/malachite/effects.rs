//! What happens when the core wants something: the one place where signing, logging and sending are put in order.
//!
//! The order for a vote: its inputs were appended as they came; sync; sign (the watermark is synced inside); append the
//! vote; sync; send. The core asks for these steps one by one, and each handler here does its part of the order without
//! regard to the others, so that no path through the core can skip one: every signature and every send syncs first.
//!
//! The core logs an error of a handler and goes on, so no handler here returns one: what must not be survived panics.

use super::context::{CoreAddress, CoreHeight, CoreValidatorSet, KarwanContext};
use super::convert::{
    commit_from_core, evidence_from_core, key, polka_from_core, proposal_from_core,
    round_certificate_from_core, round_from_core, timeout_from_core, vote_from_core,
};
use super::{log, verify};
use crate::entry::EngineEntry;
use crate::evidence::Evidence;
use crate::interface::{IgnoredReason, Output};
use crate::message::{ConsensusMessage, Proposal};
use crate::signer::{LogEntry, Signer};
use crate::timeout::{Timeout, TimeoutKind, Timeouts};
use arc_malachitebft_core_consensus::{
    ConsensusMsg, Effect, Input, LivenessMsg, MisbehaviorEvidence, Resumable, Resume,
    SignedConsensusMsg,
};
use arc_malachitebft_core_types as core;
use karwan_types::{ChainId, CommitCertificate, Hash, Height, Round, Signature};
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;

/// Whether inputs come from outside or from the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Live,
    /// Nothing is sent or scheduled, only what remains to be done is noted; and nothing is appended but a vote that is
    /// signed now because the crash came between its signature and its entry.
    Replay,
}

/// A decision of the core.
#[derive(Debug)]
pub(crate) struct Decision {
    pub(crate) certificate: CommitCertificate,
    pub(crate) evidence: Vec<Evidence>,
}

/// Everything beside the core's state: what was asked of the replica at this height and not answered yet, and the outputs
/// of the current step.
#[derive(Debug)]
pub(super) struct Effects {
    pub(super) chain: ChainId,
    pub(super) timeouts: Timeouts,
    pub(super) mode: Mode,
    pub(super) set: CoreValidatorSet,
    pub(super) height: Height,
    pub(super) round: Option<Round>,
    /// Timers that were scheduled and neither cancelled nor elapsed.
    pub(super) running: BTreeSet<Timeout>,
    /// The round for which a block of ours was asked.
    pub(super) build: Option<Round>,
    /// The proposals that the core has accepted, by what they propose.
    pub(super) proposals: BTreeMap<(Round, Hash), Proposal>,
    /// Proposed blocks that were not judged yet, with the round of their first proposal.
    pub(super) wanted: BTreeMap<Hash, Round>,
    /// Blocks that were judged, or built here.
    pub(super) judged: BTreeSet<Hash>,
    /// What was signed during this replay, so not found in the log.
    pub(super) signed_in_replay: BTreeSet<Signature>,
    pub(super) outputs: Vec<Output>,
    pub(super) ignored: Option<IgnoredReason>,
    pub(super) decision: Option<Decision>,
}

type Handled = Resume<KarwanContext>;

/// An effect whose answer carries nothing.
fn done(resume: impl Resumable<KarwanContext, Value = ()>) -> Handled {
    resume.resume_with(())
}

impl Effects {
    /// Does what the core wants and tells it the result.
    #[expect(
        clippy::too_many_lines,
        reason = "one arm for each effect of the core, each a line or a few"
    )]
    pub(super) fn handle(
        &mut self,
        effect: Effect<KarwanContext>,
        signer: &mut dyn Signer,
    ) -> Handled {
        match effect {
            Effect::CancelAllTimeouts(resume) => self.cancel_all(resume),
            Effect::CancelTimeout(timeout, resume) => self.cancel(timeout, resume),
            Effect::ScheduleTimeout(timeout, resume) => self.schedule(timeout, resume),
            Effect::StartRound(_, round, proposer, _, resume) => {
                signer.sync();
                self.start_round(round, &proposer);
                done(resume)
            }
            Effect::GetValue(_, round, _, resume) => self.ask_for_block(round, resume),
            Effect::RestreamProposal(height, _, _, _, block, resume) => {
                self.resend_body(height, block);
                done(resume)
            }
            Effect::PublishConsensusMsg(message, resume) => {
                self.send(signed_message(&message), signer, resume)
            }
            Effect::PublishLivenessMsg(message, resume) => {
                self.send(self.liveness_message(&message), signer, resume)
            }
            Effect::RepublishVote(vote, resume) => self.send(
                ConsensusMessage::Vote(vote_from_core(&vote)),
                signer,
                resume,
            ),
            Effect::RepublishRoundCertificate(votes, resume) => {
                self.send(self.round_message(&votes), signer, resume)
            }
            Effect::SignVote(vote, resume) => {
                let message = ConsensusMsg::Vote(vote.clone());
                let signature = self.sign(&message, signer);
                resume.resume_with(core::SignedMessage::new(vote, signature))
            }
            Effect::SignProposal(proposal, resume) => {
                let message = ConsensusMsg::Proposal(proposal.clone());
                let signature = self.sign(&message, signer);
                resume.resume_with(core::SignedMessage::new(proposal, signature))
            }
            Effect::WalAppend(height, input, resume) => {
                self.append(height, &input, signer);
                done(resume)
            }
            Effect::Decide(_, _, resume) => {
                signer.sync();
                done(resume)
            }
            Effect::Finalize(certificate, _, evidence, resume) => {
                self.decide(&certificate, evidence);
                done(resume)
            }
            Effect::VerifySignature(message, key, resume) => {
                let verdict = verify::message(&message, &key, &self.chain);
                resume.resume_with(self.note(verdict).is_ok())
            }
            Effect::VerifyCommitCertificate(certificate, set, _, resume) => {
                let verdict = verify::commit(&certificate, &set, &self.chain);
                resume.resume_with(self.note(verdict))
            }
            Effect::VerifyPolkaCertificate(certificate, set, _, resume) => {
                let verdict = verify::polka(&certificate, &set, &self.chain);
                resume.resume_with(self.note(verdict))
            }
            Effect::VerifyRoundCertificate(certificate, set, _, resume) => {
                let verdict = verify::votes(&certificate, &set, &self.chain);
                resume.resume_with(self.note(verdict))
            }
            Effect::ExtendVote(..)
            | Effect::VerifyVoteExtension(..)
            | Effect::VerifyExtendedCommitCertificate(..)
            | Effect::CertVerifiedSyncValue(..)
            | Effect::CertRejectedSyncValue(..) => {
                unreachable!("extensions are disabled, and synced blocks bypass the core")
            }
        }
    }

    /// Keeps the reason of a refusal for the output, and gives the core the form of it that it understands.
    #[expect(clippy::result_large_err, reason = "the core asks for its own type")]
    fn note(
        &mut self,
        verdict: Result<(), IgnoredReason>,
    ) -> Result<(), core::CertificateError<KarwanContext>> {
        verdict.map_err(|reason| {
            self.ignored = Some(reason);
            core::CertificateError::VerificationError(None)
        })
    }
}

/// Rounds and timers.
impl Effects {
    fn start_round(&mut self, round: core::Round, proposer: &CoreAddress) {
        let round = round_from_core(round);
        self.round = Some(round);
        self.build = None;
        self.emit(Output::RoundStarted {
            height: self.height,
            round,
            proposer: key(proposer),
        });
    }

    fn ask_for_block(
        &mut self,
        round: core::Round,
        resume: impl Resumable<KarwanContext, Value = ()>,
    ) -> Handled {
        let round = round_from_core(round);
        self.build = Some(round);
        self.emit(self.build_output(round));
        done(resume)
    }

    pub(super) fn build_output(&self, round: Round) -> Output {
        Output::BuildBlock {
            height: self.height,
            round,
            timeout: self.timeouts.duration(TimeoutKind::Propose, round),
        }
    }

    fn schedule(
        &mut self,
        timeout: core::Timeout,
        resume: impl Resumable<KarwanContext, Value = ()>,
    ) -> Handled {
        // After the decision the core still unwinds the calls that led to it, and would rebroadcast for a height that is over.
        if self.decision.is_none() {
            let timeout = timeout_from_core(timeout, self.height);
            self.running.insert(timeout);
            self.emit(self.schedule_output(timeout));
        }
        done(resume)
    }

    pub(super) fn schedule_output(&self, timeout: Timeout) -> Output {
        let length = self.timeouts.duration(timeout.kind, timeout.round);
        Output::Schedule(timeout, length)
    }

    fn cancel(
        &mut self,
        timeout: core::Timeout,
        resume: impl Resumable<KarwanContext, Value = ()>,
    ) -> Handled {
        let timeout = timeout_from_core(timeout, self.height);
        if self.running.remove(&timeout) {
            self.emit(Output::Cancel(timeout));
        }
        done(resume)
    }

    fn cancel_all(&mut self, resume: impl Resumable<KarwanContext, Value = ()>) -> Handled {
        self.stop_timers();
        done(resume)
    }

    pub(super) fn stop_timers(&mut self) {
        if !self.running.is_empty() {
            self.running.clear();
            self.emit(Output::CancelAll);
        }
    }

    fn decide(
        &mut self,
        certificate: &core::CommitCertificate<KarwanContext>,
        evidence: MisbehaviorEvidence<KarwanContext>,
    ) {
        self.decision = Some(Decision {
            certificate: commit_from_core(certificate, &self.set),
            evidence: evidence_from_core(evidence),
        });
    }
}

/// Signing, logging, sending.
impl Effects {
    fn sign(
        &mut self,
        message: &ConsensusMsg<KarwanContext>,
        signer: &mut dyn Signer,
    ) -> Signature {
        // The inputs that led here must be durable before the watermark moves: then a replay asks for the same body.
        signer.sync();
        let request = verify::request(message);
        let signature = signer.sign(&request).unwrap_or_else(|error| {
            panic!(
                "this validator cannot sign {request:?}: {}. It stops, because voting without its watermark could \
                 contradict an earlier vote. If the data directory or the key was restored from a backup or is used \
                 by another process, stop the other process and let this node follow as an observer until the chain \
                 has passed the height of the watermark",
                with_sources(&error)
            )
        });
        if self.mode == Mode::Replay {
            self.signed_in_replay.insert(signature);
        }
        signature
    }

    fn append(
        &mut self,
        height: CoreHeight,
        input: &Input<KarwanContext>,
        signer: &mut dyn Signer,
    ) {
        let entry = log::entry(height.0, input, &self.set);
        if let EngineEntry::Proposal(proposal) = &entry {
            let proposed = (proposal.round, proposal.block);
            self.proposals.insert(proposed, proposal.clone());
            self.want(proposal.block, proposal.round);
        }
        // An input that is replayed is in the log already. A vote signed during replay is not, and must be: once a later
        // vote has moved the watermark on, the next replay could not have it signed again.
        let is_new = match self.mode {
            Mode::Live => true,
            Mode::Replay => log::signature(&entry)
                .is_some_and(|signature| self.signed_in_replay.contains(&signature)),
        };
        if is_new {
            signer.append(&LogEntry::Engine(entry));
        }
    }

    /// Asks the replica to judge a block, once.
    fn want(&mut self, block: Hash, round: Round) {
        if self.judged.contains(&block) || self.wanted.contains_key(&block) {
            return;
        }
        self.wanted.insert(block, round);
        self.emit(Output::ValidateBlock {
            height: self.height,
            round,
            block,
        });
    }

    fn send(
        &mut self,
        message: ConsensusMessage,
        signer: &mut dyn Signer,
        resume: impl Resumable<KarwanContext, Value = ()>,
    ) -> Handled {
        if self.mode == Mode::Live {
            // Certificates carry our votes too, so every message waits for the log, not only our own votes.
            signer.sync();
        }
        self.emit(Output::Send(message));
        done(resume)
    }

    fn resend_body(&mut self, height: CoreHeight, block: Hash) {
        let height = height.0;
        self.emit(Output::ResendBody { height, block });
    }

    fn emit(&mut self, output: Output) {
        match self.mode {
            Mode::Live => self.outputs.push(output),
            Mode::Replay => {}
        }
    }

    fn liveness_message(&self, message: &LivenessMsg<KarwanContext>) -> ConsensusMessage {
        match message {
            LivenessMsg::Vote(vote) => ConsensusMessage::Vote(vote_from_core(vote)),
            LivenessMsg::PolkaCertificate(polka) => {
                ConsensusMessage::PolkaCertificate(polka_from_core(polka, &self.set))
            }
            LivenessMsg::SkipRoundCertificate(votes) => self.round_message(votes),
        }
    }

    fn round_message(&self, votes: &core::RoundCertificate<KarwanContext>) -> ConsensusMessage {
        ConsensusMessage::RoundCertificate(round_certificate_from_core(votes, &self.set))
    }
}

fn signed_message(message: &SignedConsensusMsg<KarwanContext>) -> ConsensusMessage {
    match message {
        SignedConsensusMsg::Vote(vote) => ConsensusMessage::Vote(vote_from_core(vote)),
        SignedConsensusMsg::Proposal(proposal) => {
            ConsensusMessage::Proposal(proposal_from_core(proposal))
        }
    }
}

/// An error with everything that caused it, on one line.
fn with_sources(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
