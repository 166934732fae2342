//! The engine: which inputs reach the agreement core, and when a height begins and ends.
//!
//! Everything a peer sends is judged here or in the core before it has an effect, and what has none is reported with a
//! reason. Everything the replica says is checked against what was asked of it. A height that is not begun is waited for;
//! its early messages are kept. See the crate's documentation for how to drive it.

use crate::entry::EngineEntry;
use crate::future::{FUTURE_HEIGHTS_MAX, FutureMessages};
use crate::interface::{EngineConfig, IgnoredReason, Input, Output};
use crate::malachite::{Core, CurrentMessages, ROUNDS_AHEAD_MAX};
use crate::message::{ConsensusMessage, Proposal};
use crate::signer::Signer;
use crate::timeout::Timeout;
use karwan_types::{CommitCertificate, Hash, Height, PublicKey, Round, ValidatorSet};

/// One validator's, or observer's, part in agreement, as a value.
pub struct Engine {
    config: EngineConfig,
    core: Core,
    phase: Phase,
    /// Of the height that runs, or of the last one that is known.
    validators: ValidatorSet,
    future: FutureMessages,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Nothing runs. `announced`: the replica knows that others have begun the height.
    Waiting { next: Height, announced: bool },
    /// A height is being decided.
    Running { height: Height },
}

/// The reason for which an input is refused before it reaches the core.
type Checked = Result<(), IgnoredReason>;

impl Engine {
    /// An engine that waits for `height` to be started, or recovered.
    #[must_use]
    pub fn new(config: EngineConfig, height: Height, validators: ValidatorSet) -> Self {
        Self {
            core: Core::new(&config, height, validators.clone()),
            config,
            phase: Phase::Waiting {
                next: height,
                announced: false,
            },
            validators,
            future: FutureMessages::default(),
        }
    }

    /// Takes one input to its end. The outputs are to be performed in order.
    ///
    /// # Panics
    /// When the signer refuses, when the log contradicts the core, or when the replica starts a height that is not above
    /// all earlier ones: a validator that went on then might contradict itself.
    pub fn step(&mut self, input: Input, signer: &mut dyn Signer) -> Vec<Output> {
        let checked = match input {
            Input::StartHeight { height, validators } => {
                self.start(height, validators, signer);
                Ok(())
            }
            Input::Message(message) => self.on_message(message, signer),
            Input::Proposed {
                height,
                round,
                block,
            } => self.on_proposed(height, round, block, signer),
            Input::Validated {
                height,
                block,
                valid,
            } => self.on_validated(height, block, valid, signer),
            Input::TimedOut(timeout) => self.on_timed_out(timeout, signer),
            Input::Synced {
                certificate,
                validators,
            } => return self.on_synced(certificate, &validators),
        };
        self.finish(checked)
    }

    /// Begins a height that was begun before the last stop, from its logged entries; those of other heights are skipped.
    /// The engine comes back to the step it was in, asks again for what it had asked and not got, and says again what it
    /// had said last. Without entries this is the same as [`Input::StartHeight`].
    ///
    /// # Panics
    /// As [`Engine::step`], and when an entry is not one that this engine would have written.
    pub fn recover(
        &mut self,
        height: Height,
        validators: ValidatorSet,
        entries: &[EngineEntry],
        signer: &mut dyn Signer,
    ) -> Vec<Output> {
        self.enter(height, &validators, signer);
        self.core.replay(height, validators, entries, signer);
        self.take_early_messages(height, signer);
        self.finish(Ok(()))
    }

    /// The height that is being decided, or that is to be started next.
    #[must_use]
    pub fn height(&self) -> Height {
        match self.phase {
            Phase::Waiting { next, .. } => next,
            Phase::Running { height } => height,
        }
    }

    /// The round that is running; none while the height waits to be started.
    #[must_use]
    pub fn round(&self) -> Option<Round> {
        match self.phase {
            Phase::Waiting { .. } => None,
            Phase::Running { .. } => Some(self.core.round()),
        }
    }

    /// Who proposes in a round of the running height.
    #[must_use]
    pub fn proposer(&self, round: Round) -> PublicKey {
        self.validators.proposer(self.height(), round).key
    }

    /// Whether more than two thirds voted for this block in one round of the running height. From then on the clock of a
    /// single validator no longer counts, and a block that was held back for its time must be judged.
    #[must_use]
    pub fn has_quorum(&self, block: &Hash) -> bool {
        match self.phase {
            Phase::Waiting { .. } => false,
            Phase::Running { .. } => self.core.has_quorum(block),
        }
    }

    /// What a peer that reconnects should hear from us, since it may have missed it: to be sent to that peer only.
    #[must_use]
    pub fn messages_for_reconnect(&self) -> CurrentMessages {
        match self.phase {
            Phase::Waiting { .. } => CurrentMessages::default(),
            Phase::Running { .. } => self.core.current_messages(),
        }
    }
}

/// Beginning and ending a height.
impl Engine {
    fn start(&mut self, height: Height, validators: ValidatorSet, signer: &mut dyn Signer) {
        self.enter(height, &validators, signer);
        self.core.start(height, validators, signer);
        self.take_early_messages(height, signer);
    }

    fn enter(&mut self, height: Height, validators: &ValidatorSet, signer: &dyn Signer) {
        let above_all = match self.phase {
            Phase::Waiting { next, .. } => height >= next,
            Phase::Running { height: running } => height > running,
        };
        assert!(
            above_all,
            "height {height} is started after height {}: the replica must start each height once",
            self.height()
        );
        if let Some(local) = self.config.local {
            assert!(
                signer.public_key() == local,
                "the signer holds the key {} and the configuration names {local}",
                signer.public_key()
            );
        }
        self.phase = Phase::Running { height };
        self.validators = validators.clone();
    }

    fn take_early_messages(&mut self, height: Height, signer: &mut dyn Signer) {
        for message in self.future.take(height) {
            // A decision may be reached on the way; the rest is then about a height that is over.
            if self.core.is_decided() {
                return;
            }
            if let Err(reason) = self.apply(message, signer) {
                self.core.ignore(reason);
            }
        }
    }

    /// Collects the outputs of a step, with a decision last.
    fn finish(&mut self, checked: Checked) -> Vec<Output> {
        let decision = self.core.take_decision();
        let mut outputs = self.core.take_outputs();
        if let Err(reason) = checked {
            outputs.push(Output::Ignored { reason });
        }
        if let Some(decision) = decision {
            self.wait_for(decision.certificate.height.next());
            outputs.push(Output::Decided {
                certificate: decision.certificate,
                evidence: decision.evidence,
            });
        }
        self.announce(&mut outputs);
        outputs
    }

    fn wait_for(&mut self, next: Height) {
        self.phase = Phase::Waiting {
            next,
            announced: false,
        };
    }

    fn announce(&mut self, outputs: &mut Vec<Output>) {
        if let Phase::Waiting { next, announced } = &mut self.phase
            && !*announced
            && self.future.is_begun(*next)
        {
            *announced = true;
            outputs.push(Output::HeightBegun { height: *next });
        }
    }

    /// A certified block ends its height without the core: nothing can be signed because of it, so nothing of it is logged.
    fn on_synced(
        &mut self,
        certificate: CommitCertificate,
        validators: &ValidatorSet,
    ) -> Vec<Output> {
        let (height, current) = (certificate.height, self.height());
        if height < current {
            return self.finish(Err(IgnoredReason::OldHeight { height, current }));
        }
        if height > current {
            return self.finish(Err(IgnoredReason::FutureHeight { height, current }));
        }
        if let Err(error) = certificate.verify(&self.config.chain_id, validators) {
            return self.finish(Err(error.into()));
        }
        let evidence = match self.phase {
            Phase::Waiting { .. } => Vec::new(),
            Phase::Running { .. } => self.core.abandon(),
        };
        self.validators = validators.clone();
        self.wait_for(height.next());
        let mut outputs = self.core.take_outputs();
        outputs.push(Output::Decided {
            certificate,
            evidence,
        });
        self.announce(&mut outputs);
        outputs
    }
}

/// Messages of peers.
impl Engine {
    fn on_message(&mut self, message: ConsensusMessage, signer: &mut dyn Signer) -> Checked {
        message.check_limits()?;
        let (height, current) = (message.height(), self.height());
        if height < current {
            return Err(IgnoredReason::OldHeight { height, current });
        }
        match self.phase {
            Phase::Running { height: running } if height == running => self.apply(message, signer),
            Phase::Running { .. } | Phase::Waiting { .. } => {
                if height.get().saturating_sub(current.get()) > FUTURE_HEIGHTS_MAX {
                    return Err(IgnoredReason::FutureHeight { height, current });
                }
                self.future
                    .keep(message, &self.config.chain_id, &self.validators)
            }
        }
    }

    /// Hands a message about the running height to the core, unless it is plainly nothing.
    fn apply(&mut self, message: ConsensusMessage, signer: &mut dyn Signer) -> Checked {
        let entry = match message {
            ConsensusMessage::Vote(vote) => {
                self.check_round(vote.round)?;
                if self.validators.get(&vote.validator).is_none() {
                    return Err(IgnoredReason::UnknownValidator(vote.validator));
                }
                EngineEntry::Vote(vote)
            }
            ConsensusMessage::Proposal(proposal) => {
                self.check_proposal(&proposal)?;
                self.core.check_first(&proposal)?;
                EngineEntry::Proposal(proposal)
            }
            ConsensusMessage::PolkaCertificate(polka) => EngineEntry::PolkaCertificate(polka),
            ConsensusMessage::RoundCertificate(certificate) => {
                let applied = self.core.apply_round_certificate(&certificate, signer);
                return Ok(applied?);
            }
        };
        Ok(self.core.apply(&entry, signer)?)
    }

    fn check_round(&self, round: Round) -> Checked {
        let current = self.core.round();
        if round.get() > current.get().saturating_add(ROUNDS_AHEAD_MAX) {
            return Err(IgnoredReason::FutureRound { round, current });
        }
        Ok(())
    }

    fn check_proposal(&self, proposal: &Proposal) -> Checked {
        self.check_round(proposal.round)?;
        if let Some(valid_round) = proposal.valid_round
            && valid_round >= proposal.round
        {
            let round = proposal.round;
            return Err(IgnoredReason::ValidRound { round, valid_round });
        }
        let (given, expected) = (proposal.proposer, self.proposer(proposal.round));
        if self.validators.get(&given).is_none() {
            return Err(IgnoredReason::UnknownValidator(given));
        }
        if given != expected {
            return Err(IgnoredReason::NotProposer { given, expected });
        }
        Ok(())
    }
}

/// Answers of the replica.
impl Engine {
    fn on_proposed(
        &mut self,
        height: Height,
        round: Round,
        block: Hash,
        signer: &mut dyn Signer,
    ) -> Checked {
        // A second block for a round must never reach the core, which would have the signer stop the process.
        if self.phase != (Phase::Running { height }) || !self.core.awaits_block(round) {
            return Err(IgnoredReason::NotAsked);
        }
        let entry = EngineEntry::Proposed {
            height,
            round,
            block,
        };
        Ok(self.core.apply(&entry, signer)?)
    }

    fn on_validated(
        &mut self,
        height: Height,
        block: Hash,
        valid: bool,
        signer: &mut dyn Signer,
    ) -> Checked {
        let wanted = self.core.wanted(&block);
        let (Phase::Running { height: running }, Some(round)) = (self.phase, wanted) else {
            return Err(IgnoredReason::NotAsked);
        };
        if running != height {
            return Err(IgnoredReason::NotAsked);
        }
        let entry = EngineEntry::Validated {
            height,
            round,
            block,
            valid,
        };
        Ok(self.core.apply(&entry, signer)?)
    }

    fn on_timed_out(&mut self, timeout: Timeout, signer: &mut dyn Signer) -> Checked {
        let height = timeout.height;
        if self.phase != (Phase::Running { height }) || !self.core.is_running(&timeout) {
            return Err(IgnoredReason::StaleTimeout);
        }
        Ok(self.core.apply(&EngineEntry::TimedOut(timeout), signer)?)
    }
}
