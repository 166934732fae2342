//! The replica's side of deciding a height: building and judging bodies for the engine, and adopting what it decides.

use crate::body::CheckedBody;
use crate::event::{Action, Note, PeerMessage, Recipient, Timer};
use crate::replica::{Phase, Replica};
use karwan_consensus::{Input, LogEntry, Output, Signer};
use karwan_ledger::{BlockSeat, Draft};
use karwan_types::{
    Block, CommitCertificate, DurationMs, Hash, Height, PublicKey, Round, Timestamp, encode,
};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The most bodies kept for undecided heights, from all peers and from each.
const BODIES_MAX: usize = 128;
const BODIES_PER_PEER_MAX: usize = 4;

/// Bodies of undecided blocks, what the engine wants to know about them, and what came of executing them.
#[derive(Default)]
pub(crate) struct Bodies {
    bodies: BTreeMap<Hash, CheckedBody>,
    senders: BTreeMap<PublicKey, usize>,
    /// Blocks that the engine asked about and that are not judged yet.
    wanted: BTreeMap<Hash, Height>,
    drafts: BTreeMap<Hash, Draft>,
    /// Bodies that are in the consensus log.
    logged: BTreeSet<Hash>,
    /// The height that the engine said others have begun.
    begun: Option<Height>,
}

impl Bodies {
    pub(crate) fn block(&self, hash: &Hash) -> Option<Block> {
        self.bodies.get(hash).map(|body| body.block.clone())
    }
    pub(crate) fn begun(&self) -> Option<Height> {
        self.begun
    }
    /// A body read from the consensus log.
    pub(crate) fn restore(&mut self, body: CheckedBody) {
        self.logged.insert(body.hash);
        self.bodies.insert(body.hash, body);
    }
    /// The body of a certified block, which needs no log: whoever is asked for it has it stored.
    pub(crate) fn restore_synced(&mut self, body: CheckedBody) {
        self.bodies.insert(body.hash, body);
    }
    pub(crate) fn forget_through(&mut self, height: Height) {
        self.bodies
            .retain(|_, body| body.block.header.height > height);
        self.wanted.retain(|_, wanted| *wanted > height);
        self.drafts.clear();
        self.logged.clear();
        self.senders.clear();
    }
    /// Keeps a peer's body within its share. A body that the engine waits for always has room.
    fn keep(&mut self, from: PublicKey, body: CheckedBody) -> bool {
        let share = self.senders.entry(from).or_insert(0);
        let room = self.bodies.len() < BODIES_MAX && *share < BODIES_PER_PEER_MAX;
        if !room && !self.wanted.contains_key(&body.hash) {
            return false;
        }
        *share = share.saturating_add(1);
        self.bodies.entry(body.hash).or_insert(body);
        true
    }
    fn missing(&self) -> Vec<(Hash, Height)> {
        let missing = self
            .wanted
            .iter()
            .filter(|(hash, _)| !self.bodies.contains_key(hash));
        missing.map(|(hash, height)| (*hash, *height)).collect()
    }
}

impl Replica {
    /// Gives the engine an input and performs what it wants, and what follows from that, until nothing is left.
    pub(crate) fn feed(&mut self, input: Input, from: Option<PublicKey>, signer: &mut dyn Signer) {
        let outputs = self.engine.step(input, signer);
        self.perform(outputs, from, signer);
    }

    pub(crate) fn perform(
        &mut self,
        outputs: Vec<Output>,
        from: Option<PublicKey>,
        signer: &mut dyn Signer,
    ) {
        let mut queue: VecDeque<Output> = outputs.into();
        while let Some(output) = queue.pop_front() {
            let further = self.perform_one(output, from, signer);
            queue.extend(further);
        }
    }

    /// Performs one output; the answers to the engine's questions give further outputs.
    fn perform_one(
        &mut self,
        output: Output,
        from: Option<PublicKey>,
        signer: &mut dyn Signer,
    ) -> Vec<Output> {
        match output {
            Output::RoundStarted {
                height,
                round,
                proposer,
            } => {
                self.note(Note::RoundStarted {
                    height,
                    round,
                    proposer,
                });
            }
            Output::Send(message) => self.send(Recipient::All, PeerMessage::Consensus(message)),
            Output::Schedule(timeout, wait) => self
                .actions
                .push(Action::Schedule(Timer::Engine(timeout), wait)),
            Output::Cancel(timeout) => self.actions.push(Action::Cancel(Timer::Engine(timeout))),
            Output::CancelAll => self.actions.push(Action::CancelEngineTimers),
            Output::BuildBlock { height, round, .. } => return self.build(height, round, signer),
            Output::ValidateBlock { height, block, .. } => {
                self.bodies.wanted.insert(block, height);
                if !self.bodies.bodies.contains_key(&block) {
                    self.actions
                        .push(Action::Schedule(Timer::Patience, self.config.patience));
                }
                return self.judge(block, signer);
            }
            Output::ResendBody { block, .. } => {
                if let Some(block) = self.bodies.block(&block) {
                    self.send(Recipient::All, PeerMessage::Body(block));
                }
            }
            Output::Decided {
                certificate,
                evidence,
            } => {
                for proof in evidence {
                    self.note(Note::Equivocation(Box::new(proof)));
                }
                self.decided(certificate);
            }
            Output::HeightBegun { height } => {
                self.bodies.begun = Some(height);
                self.begin(signer);
            }
            Output::Ignored { reason } => self.ignore(from, reason),
        }
        Vec::new()
    }

    /// Builds our block, logs its body, answers the engine, then sends the body after the proposal.
    fn build(&mut self, height: Height, round: Round, signer: &mut dyn Signer) -> Vec<Output> {
        let proposer = self
            .config
            .local
            .expect("only a validator is asked to build");
        let parent_time = self.tip.state.chain().time;
        let after_parent = parent_time.after(DurationMs::from_millis(1));
        let seat = BlockSeat {
            parent: self.tip.hash,
            time: self.now.max(after_parent),
            proposer,
        };
        let candidates = self.mempool.candidates();
        let draft = self.tip.state.draft(&seat, &candidates);
        let block = draft.block.clone();
        let hash = block.hash();
        let taken = block
            .transactions
            .iter()
            .filter_map(|one| self.mempool.get(&one.id()).cloned())
            .collect();
        let body = CheckedBody {
            block: block.clone(),
            hash,
            transactions: Ok(taken),
        };
        self.log_body(&block, hash, signer);
        self.bodies.bodies.insert(hash, body);
        self.bodies.drafts.insert(hash, draft);
        let mut outputs = self.engine.step(
            Input::Proposed {
                height,
                round,
                block: hash,
            },
            signer,
        );
        outputs.push(Output::ResendBody {
            height,
            block: hash,
        });
        outputs
    }

    pub(crate) fn on_body(&mut self, from: PublicKey, body: CheckedBody, signer: &mut dyn Signer) {
        let (height, hash) = (body.block.header.height, body.hash);
        let current = self.height().next();
        if height < current || height > current.next() {
            return self.ignore(Some(from), "a body of another height");
        }
        if !self.bodies.keep(from, body) {
            return self.ignore(Some(from), "more bodies than a peer may have kept");
        }
        if let Phase::Missing(certificate) = &self.phase
            && certificate.block_hash == hash
        {
            let certificate = certificate.clone();
            self.phase = Phase::Deciding;
            return self.decided(certificate);
        }
        let outputs = self.judge(hash, signer);
        self.perform(outputs, Some(from), signer);
    }

    /// Judges a block that the engine wants to know about, once its body is here and its time is near, or a quorum vouches
    /// for it: its clock alone must never set this validator against all others.
    fn judge(&mut self, hash: Hash, signer: &mut dyn Signer) -> Vec<Output> {
        let (Some(height), Some(body)) = (
            self.bodies.wanted.get(&hash).copied(),
            self.bodies.bodies.get(&hash),
        ) else {
            return Vec::new();
        };
        let apart = apart(body.block.header.time, self.now);
        if apart > self.config.clock_tolerance && !self.engine.has_quorum(&hash) {
            self.note(Note::ClockApart { height, apart });
            self.actions
                .push(Action::Schedule(Timer::Patience, self.config.patience));
            return Vec::new();
        }
        let valid = self.execute(hash);
        self.bodies.wanted.remove(&hash);
        if valid && let Some(block) = self.bodies.block(&hash) {
            self.log_body(&block, hash, signer);
        }
        self.engine.step(
            Input::Validated {
                height,
                block: hash,
                valid,
            },
            signer,
        )
    }

    /// Looks again at blocks that were held back for their time.
    pub(crate) fn judge_held(&mut self, signer: &mut dyn Signer) {
        if matches!(self.phase, Phase::Storing(..)) {
            return;
        }
        let held: Vec<Hash> = self
            .bodies
            .wanted
            .keys()
            .filter(|hash| self.bodies.bodies.contains_key(hash))
            .copied()
            .collect();
        for hash in held {
            let outputs = self.judge(hash, signer);
            self.perform(outputs, None, signer);
        }
    }

    /// Asks again for what should have come, and looks again at what was held back.
    pub(crate) fn on_patience(&mut self, signer: &mut dyn Signer) {
        for (block, height) in self.bodies.missing() {
            self.send(Recipient::All, PeerMessage::BodyWanted { height, block });
        }
        if let Phase::Missing(certificate) = &self.phase {
            let (height, block) = (certificate.height, certificate.block_hash);
            self.send(Recipient::All, PeerMessage::BodyWanted { height, block });
        }
        self.judge_held(signer);
        self.seek_after_patience();
    }

    /// Executes a body on a clone of the state, unless that was done; true if it may be voted for.
    fn execute(&mut self, hash: Hash) -> bool {
        if self.bodies.drafts.contains_key(&hash) {
            return true;
        }
        let Some(body) = self.bodies.bodies.get(&hash) else {
            return false;
        };
        let judged = match &body.transactions {
            Err(rejection) => Err(rejection.to_string()),
            Ok(transactions) => self
                .tip
                .state
                .validate(self.tip.hash, &body.block, transactions)
                .map_err(|invalid| invalid.to_string()),
        };
        match judged {
            Ok(draft) => {
                self.bodies.drafts.insert(hash, draft);
                true
            }
            Err(reason) => {
                let height = body.block.header.height;
                self.note(Note::InvalidBlock {
                    height,
                    block: hash,
                    reason,
                });
                false
            }
        }
    }

    /// Adopts the decided draft, or waits for the body when it is not here.
    pub(crate) fn decided(&mut self, certificate: CommitCertificate) {
        let hash = certificate.block_hash;
        if !self.bodies.bodies.contains_key(&hash) {
            self.phase = Phase::Missing(certificate);
            self.actions
                .push(Action::Schedule(Timer::Patience, self.config.patience));
            return;
        }
        let sound = self.execute(hash);
        assert!(
            sound,
            "block {hash} of height {} is certified by more than two thirds, but executing it here fails: this node has \
             diverged or a third of the voting power is malicious; keep its data and compare it with another node's",
            certificate.height
        );
        let draft = self
            .bodies
            .drafts
            .remove(&hash)
            .expect("executing a sound body leaves its draft");
        self.store(certificate, draft);
    }

    fn log_body(&mut self, block: &Block, hash: Hash, signer: &mut dyn Signer) {
        if self.bodies.logged.insert(hash) {
            let height = block.header.height;
            signer.append(&LogEntry::Body {
                height,
                block_hash: hash,
                bytes: encode(block),
            });
        }
    }
}

fn apart(one: Timestamp, other: Timestamp) -> DurationMs {
    DurationMs::from_millis(one.millis().abs_diff(other.millis()))
}
