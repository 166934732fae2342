//! The replica: its parts, the step, and what happens around a height: beginning it, storing its block, going on.

use crate::body::CheckedBody;
use crate::config::ReplicaConfig;
use crate::event::{Action, Event, Note, PeerMessage, Recipient, SubmitAnswer, Timer};
use crate::following::Following;
use crate::mempool::{Mempool, Offered};
use crate::voting::Bodies;
use karwan_consensus::{Engine, EngineConfig, EngineEntry, Input, LogEntry, Signer};
use karwan_ledger::{Draft, State, VerifiedTransaction};
use karwan_types::{
    Block, BlockFrame, CommitCertificate, DECODE_BYTES_MAX, EncodedTransaction, Hash, Height,
    PublicKey, Timestamp, decode,
};
use std::sync::Arc;

/// The most transactions of one forwarding message.
const FORWARD_MAX: usize = 200;

/// The last stored block, as far as the next one needs it.
#[derive(Clone, Debug)]
pub struct Tip {
    /// Its hash; the chain id before the first block.
    pub hash: Hash,
    /// The state after it.
    pub state: State,
}

/// What the replica is doing about the height after its tip.
#[derive(Clone, Debug)]
pub(crate) enum Phase {
    /// Nothing: there is no reason to begin the height yet.
    Idle,
    /// The engine is deciding it.
    Deciding,
    /// It is decided, but the block is not here.
    Missing(CommitCertificate),
    /// The block is being stored by the owner.
    Storing(Height, Hash, Box<State>),
}

/// One validator or observer.
pub struct Replica {
    pub(crate) config: ReplicaConfig,
    pub(crate) engine: Engine,
    pub(crate) tip: Tip,
    pub(crate) phase: Phase,
    pub(crate) mempool: Mempool,
    pub(crate) bodies: Bodies,
    pub(crate) following: Following,
    /// What the current step wants done.
    pub(crate) actions: Vec<Action>,
    pub(crate) now: Timestamp,
}

impl Replica {
    /// A replica that goes on after `tip`, with the consensus log's entries for the next height.
    ///
    /// # Panics
    /// When the log holds what this replica would not have written; see `Engine::recover`.
    pub fn recover(
        config: ReplicaConfig,
        tip: Tip,
        log: Vec<LogEntry>,
        now: Timestamp,
        signer: &mut dyn Signer,
    ) -> (Self, Vec<Action>) {
        let next = tip.state.chain().height.next();
        let validators = tip.state.chain().validators.clone();
        let engine_config = EngineConfig {
            chain_id: config.chain_id,
            local: config.local,
            timeouts: config.timeouts,
        };
        let mut replica = Self {
            engine: Engine::new(engine_config, next, validators.clone()),
            config,
            tip,
            phase: Phase::Idle,
            mempool: Mempool::default(),
            bodies: Bodies::default(),
            following: Following::default(),
            actions: Vec::new(),
            now,
        };
        let mut entries: Vec<EngineEntry> = Vec::new();
        for entry in log {
            match entry {
                LogEntry::Body { height, bytes, .. } if height == next => {
                    replica.restore_body(&bytes)
                }
                LogEntry::Body { .. } => {}
                LogEntry::Engine(entry) => entries.push(entry),
            }
        }
        entries.retain(|entry| entry.height() == next);
        if entries.is_empty() {
            replica.rest();
        } else {
            replica.phase = Phase::Deciding;
            let outputs = replica.engine.recover(next, validators, &entries, signer);
            replica.perform(outputs, None, signer);
        }
        let actions = core::mem::take(&mut replica.actions);
        (replica, actions)
    }

    /// Takes one event to its end and returns what is to be done, in order.
    ///
    /// # Panics
    /// When this node would contradict itself or a certified block gives another result here: our own mistake, which
    /// must not spread.
    pub fn step(&mut self, now: Timestamp, event: Event, signer: &mut dyn Signer) -> Vec<Action> {
        self.now = self.now.max(now);
        match event {
            Event::Submitted(transaction) => self.on_submitted(transaction, signer),
            Event::Forwarded(transaction) => {
                if self
                    .tip
                    .state
                    .check_admissible(&transaction, self.now)
                    .is_ok()
                    && self.mempool.offer(transaction) == Offered::Taken
                {
                    self.begin_if_needed(signer);
                }
            }
            Event::Body { from, body } => self.on_body(from, body, signer),
            Event::Peer { from, message } => self.on_message(from, message, signer),
            Event::Connected(peer) => self.on_connected(peer),
            Event::Disconnected(peer) => self.following.forget(&peer),
            Event::TimerElapsed(timer) => self.on_timer(timer, signer),
            Event::Committed(height) => self.on_committed(height, signer),
        }
        core::mem::take(&mut self.actions)
    }

    /// The last stored height.
    #[must_use]
    pub fn height(&self) -> Height {
        self.tip.state.chain().height
    }
    /// The round of the height being decided.
    #[must_use]
    pub fn round(&self) -> Option<karwan_types::Round> {
        self.engine.round()
    }
    /// How many transactions wait.
    #[must_use]
    pub fn mempool_len(&self) -> usize {
        self.mempool.len()
    }
    /// The highest height that more connected peers reported than may lie: fewer than a third of the validators, counted by
    /// heads. So no single peer makes a node of a network of four or more look as if it lagged.
    #[must_use]
    pub fn highest_reported(&self) -> Height {
        let others = self.tip.state.chain().validators.len().saturating_sub(1);
        let liars = others.checked_div(3).unwrap_or_default();
        self.following.highest_believed(liars)
    }

    fn on_submitted(&mut self, transaction: VerifiedTransaction, signer: &mut dyn Signer) {
        let id = transaction.id();
        let answer = match self.tip.state.check_admissible(&transaction, self.now) {
            Err(karwan_ledger::Rejection::Duplicate) => SubmitAnswer::Duplicate,
            Err(rejection) => SubmitAnswer::Rejected(rejection),
            Ok(()) => match self.mempool.offer(transaction.clone()) {
                Offered::Taken => SubmitAnswer::Accepted,
                Offered::Known => SubmitAnswer::Duplicate,
                Offered::Full => SubmitAnswer::RetryLater,
            },
        };
        let taken = answer == SubmitAnswer::Accepted;
        self.actions.push(Action::Answer(id, answer));
        if taken {
            let message = PeerMessage::Transactions(vec![transaction.encoded().clone()]);
            self.send(Recipient::All, message);
            self.begin_if_needed(signer);
        }
    }

    fn on_connected(&mut self, peer: PublicKey) {
        self.following.connected(peer);
        let to = Recipient::Peer(peer);
        self.send(to, PeerMessage::Status(self.height()));
        let current = self.engine.messages_for_reconnect();
        for message in current.messages {
            self.send(to, PeerMessage::Consensus(message));
        }
        if let Some(block) = current.body.and_then(|hash| self.bodies.block(&hash)) {
            self.send(to, PeerMessage::Body(block));
        }
        let waiting: Vec<EncodedTransaction> = self
            .mempool
            .all()
            .map(|transaction| transaction.encoded().clone())
            .collect();
        for chunk in waiting.chunks(FORWARD_MAX) {
            self.send(to, PeerMessage::Transactions(chunk.to_vec()));
        }
    }

    fn on_timer(&mut self, timer: Timer, signer: &mut dyn Signer) {
        match timer {
            Timer::Engine(timeout) => self.feed(Input::TimedOut(timeout), None, signer),
            Timer::Heartbeat => self.begin(signer),
            Timer::Patience => self.on_patience(signer),
        }
    }

    fn on_message(&mut self, from: PublicKey, message: PeerMessage, signer: &mut dyn Signer) {
        match message {
            PeerMessage::Consensus(message) => {
                self.following.saw(from, message.height());
                self.feed(Input::Message(message), Some(from), signer);
                self.judge_held(signer);
                self.seek();
            }
            PeerMessage::Status(height) => {
                self.following.reported(from, height);
                self.seek();
            }
            PeerMessage::BodyWanted { block, .. } => {
                if let Some(block) = self.bodies.block(&block) {
                    self.send(Recipient::Peer(from), PeerMessage::Body(block));
                }
            }
            PeerMessage::Frames(frames) => self.on_frames(from, frames, signer),
            // The owner checks bodies and transactions in parallel and answers requests for frames from its block log.
            PeerMessage::Body(_) | PeerMessage::Transactions(_) | PeerMessage::FramesWanted(_) => {
                self.ignore(Some(from), "a message that the owner should have handled");
            }
        }
    }

    /// Begins the next height, if it is not under way.
    pub(crate) fn begin(&mut self, signer: &mut dyn Signer) {
        if !matches!(self.phase, Phase::Idle) {
            return;
        }
        self.phase = Phase::Deciding;
        self.actions.push(Action::Cancel(Timer::Heartbeat));
        let height = self.height().next();
        let validators = self.tip.state.chain().validators.clone();
        self.feed(Input::StartHeight { height, validators }, None, signer);
    }

    fn begin_if_needed(&mut self, signer: &mut dyn Signer) {
        if matches!(self.phase, Phase::Idle) && !self.mempool.is_empty() {
            self.begin(signer);
        }
    }

    /// Nothing to do until the heartbeat, or until something falls due by block time.
    fn rest(&mut self) {
        self.phase = Phase::Idle;
        let due = self.tip.state.next_due().map(|due| due.since(self.now));
        let wait = due.map_or(self.config.heartbeat, |due| due.min(self.config.heartbeat));
        self.actions.push(Action::Schedule(Timer::Heartbeat, wait));
    }

    /// Hands a decided block to the owner for storing.
    pub(crate) fn store(&mut self, certificate: CommitCertificate, draft: Draft) {
        let height = certificate.height;
        let state = draft.state.clone();
        self.phase = Phase::Storing(height, certificate.block_hash, Box::new(draft.state));
        let frame = BlockFrame {
            block: draft.block,
            certificate,
            outcomes: draft.outcomes,
        };
        self.actions.push(Action::CancelEngineTimers);
        self.actions.push(Action::Commit {
            frame: Arc::new(frame),
            state: Box::new(state),
        });
    }

    fn on_committed(&mut self, height: Height, signer: &mut dyn Signer) {
        let Phase::Storing(storing, hash, state) = core::mem::replace(&mut self.phase, Phase::Idle)
        else {
            panic!(
                "height {height} was stored without being decided: the owner must only store what it was handed"
            );
        };
        assert!(
            storing == height,
            "height {storing} was handed over for storing, not {height}"
        );
        self.tip = Tip {
            hash,
            state: *state,
        };
        let time = self.tip.state.chain().time;
        self.mempool.settle(&self.tip.state, self.now.max(time));
        self.bodies.forget_through(height);
        self.send(Recipient::All, PeerMessage::Status(height));
        if self.follow_next(signer) {
            return;
        }
        self.rest();
        // The engine may have heard of the next height while the block was stored; it says so once.
        if self.bodies.begun() == Some(height.next()) || !self.mempool.is_empty() {
            self.begin(signer);
        }
        self.seek();
    }

    fn restore_body(&mut self, bytes: &[u8]) {
        let block: Block = decode(bytes, DECODE_BYTES_MAX)
            .expect("the consensus log holds bodies that this node has encoded");
        let body = CheckedBody::check(block, &self.config.chain_id, &|_| None);
        self.bodies.restore(body);
    }

    pub(crate) fn send(&mut self, to: Recipient, message: PeerMessage) {
        self.actions.push(Action::Send { to, message });
    }
    pub(crate) fn note(&mut self, note: Note) {
        self.actions.push(Action::Note(note));
    }
    pub(crate) fn ignore(&mut self, from: Option<PublicKey>, reason: impl ToString) {
        self.note(Note::Ignored {
            from,
            reason: reason.to_string(),
        });
    }
}
