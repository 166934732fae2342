//! The owner of a replica, as `node` is in production: feeds it events, performs its actions in order, stores its blocks.

use crate::chaos::Stop;
use crate::monitor::Violation;
use crate::node::Network;
use crate::schedule::{Delivery, Event};
use crate::world::World;
use karwan_consensus::Evidence;
use karwan_ledger::{State, VerifiedTransaction};
use karwan_replica::{
    Action, CheckedBody, Event as ReplicaEvent, FRAMES_PER_REQUEST_MAX, Note,
    PEER_MESSAGE_BYTES_MAX, PeerMessage, Recipient, Timer,
};
use karwan_types::{BlockFrame, EncodedTransaction, Height, TransactionId};
use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::Arc;

/// Events into the replica.
impl World {
    /// Gives a node an event and does what it wants.
    pub(crate) fn feed(&mut self, node: usize, event: ReplicaEvent) -> Result<(), Violation> {
        let now = self.schedule.now;
        let stepped = self.nodes[node].step(now, event);
        self.watch_signatures(node)?;
        match stepped {
            Ok(actions) => self.perform(node, actions),
            Err(last_words) => self.stopped(node, last_words),
        }
    }

    pub(crate) fn timer_elapsed(
        &mut self,
        node: usize,
        timer: Timer,
        token: u64,
    ) -> Result<(), Violation> {
        if self.nodes[node].timers.get(&timer) != Some(&token) {
            return Ok(());
        }
        self.nodes[node].timers.remove(&timer);
        self.line_of(node, |text| {
            write!(text, "{timer:?} elapses").expect("a string takes everything");
        });
        self.feed(node, ReplicaEvent::TimerElapsed(timer))
    }

    /// Bytes arrive, are decoded and checked, and become an event.
    pub(crate) fn deliver(&mut self, delivery: Delivery) -> Result<(), Violation> {
        if !self.is_connected(&delivery) {
            self.statistics.count("messages lost");
            return Ok(());
        }
        self.digest
            .take((delivery.from, delivery.to, &delivery.bytes));
        self.statistics.count("messages delivered");
        let (node, from) = (delivery.to, self.nodes[delivery.from].public);
        let message =
            PeerMessage::from_bytes(&delivery.bytes, PEER_MESSAGE_BYTES_MAX).map_err(|error| {
                Violation::Simulator {
                    problem: format!("a message that cannot be read: {error}"),
                }
            })?;
        self.line_of(node, |text| {
            write!(text, "<- {} {}", delivery.from, brief(&message))
                .expect("a string takes everything");
        });
        match message {
            PeerMessage::Body(block) => {
                for encoded in &block.transactions {
                    self.verify(encoded);
                }
                let verified = &self.verified;
                let known = |id: &TransactionId| verified.get(id).cloned();
                let body = CheckedBody::check(block, &self.chain, &known);
                self.feed(node, ReplicaEvent::Body { from, body })
            }
            PeerMessage::Transactions(transactions) => {
                for encoded in transactions {
                    if let Some(transaction) = self.verify(&encoded) {
                        self.feed(node, ReplicaEvent::Forwarded(transaction))?;
                    }
                }
                Ok(())
            }
            PeerMessage::FramesWanted(first) => {
                self.answer_frames(node, delivery.from, first);
                Ok(())
            }
            message @ (PeerMessage::Consensus(_)
            | PeerMessage::Status(_)
            | PeerMessage::BodyWanted { .. }
            | PeerMessage::Frames(_)) => self.feed(node, ReplicaEvent::Peer { from, message }),
        }
    }

    /// Verifies a transaction's signatures, once for all nodes.
    pub(crate) fn verify(&mut self, encoded: &EncodedTransaction) -> Option<VerifiedTransaction> {
        let id = encoded.id();
        if let Some(known) = self.verified.get(&id) {
            return Some(known.clone());
        }
        let verified = VerifiedTransaction::from_encoded(encoded.clone(), &self.chain).ok()?;
        self.verified.insert(id, verified.clone());
        Some(verified)
    }

    fn answer_frames(&mut self, node: usize, to: usize, first: Height) {
        let Some(running) = &self.nodes[node].running else {
            return;
        };
        let mut frames = Vec::new();
        let mut height = first;
        while height <= running.log.last() && frames.len() < FRAMES_PER_REQUEST_MAX {
            match running.frame(height) {
                Ok(frame) => frames.push(frame),
                // The power is off: the next write will say so.
                Err(_) => break,
            }
            height = height.next();
        }
        self.statistics
            .add("blocks sent to others", frames.len() as u64);
        let key = self.nodes[to].public;
        self.send(node, Recipient::Peer(key), PeerMessage::Frames(frames));
    }
}

/// Actions out of the replica.
impl World {
    pub(crate) fn perform(&mut self, node: usize, actions: Vec<Action>) -> Result<(), Violation> {
        let mut queue: VecDeque<Action> = actions.into();
        while let Some(action) = queue.pop_front() {
            if self.is_killed_now(node) {
                return Ok(());
            }
            match action {
                Action::Send { to, message } => self.send(node, to, message),
                Action::Commit { frame, state } => {
                    let Some(further) = self.commit(node, &frame, *state)? else {
                        return Ok(());
                    };
                    queue.extend(further);
                }
                Action::Schedule(timer, wait) => {
                    let token = self.token();
                    self.nodes[node].timers.insert(timer, token);
                    let event = Event::Timer { node, timer, token };
                    self.schedule.after(wait.millis(), event);
                }
                Action::Cancel(timer) => {
                    self.nodes[node].timers.remove(&timer);
                }
                Action::CancelEngineTimers => {
                    let timers = &mut self.nodes[node].timers;
                    timers.retain(|timer, _| !matches!(timer, Timer::Engine(_)));
                }
                Action::Answer(id, answer) => self.client_answered(node, id, answer),
                Action::Note(note) => self.note(node, note)?,
            }
        }
        Ok(())
    }

    /// Stores a block, publishes its state, tells the replica and the clients. None when the node stopped over it.
    fn commit(
        &mut self,
        node: usize,
        frame: &Arc<BlockFrame>,
        state: State,
    ) -> Result<Option<Vec<Action>>, Violation> {
        let height = frame.block.header.height;
        let running = self.nodes[node]
            .running
            .as_mut()
            .expect("only a running node has actions");
        if let Err(error) = running.store(frame) {
            self.stopped(node, crate::node::told(&error))?;
            return Ok(None);
        }
        running.published = state.clone();
        running.tip = frame.block.hash();
        self.statistics.blocks_stored += 1;
        self.digest.take((node, height, frame.block.hash()));
        self.line_of(node, |text| {
            let count = frame.block.transactions.len();
            let (hash, round) = (frame.block.hash(), frame.certificate.round);
            write!(
                text,
                "stores block {height} {hash:?} of round {round} with {count} transactions"
            )
            .expect("a string takes everything");
        });
        self.has_stored(node, frame, &state)?;
        self.tell_clients(node, frame)?;
        if self.has_followed_enough(node, height) {
            return Ok(None);
        }
        let now = self.schedule.now;
        let stepped = self.nodes[node].step(now, ReplicaEvent::Committed(height));
        self.watch_signatures(node)?;
        match stepped {
            Ok(actions) => Ok(Some(actions)),
            Err(last_words) => {
                self.stopped(node, last_words)?;
                Ok(None)
            }
        }
    }

    /// A validator that lost its disk has passed every height it may have voted at: it is started again, to vote.
    fn has_followed_enough(&mut self, node: usize, height: Height) -> bool {
        let running = self.nodes[node].running.as_ref();
        let through = running.and_then(|running| running.follows_through);
        let enough = through.is_some_and(|through| height >= through);
        if enough {
            self.statistics.count("validators back after a lost disk");
            self.stop(node, Stop::Killed);
        }
        enough
    }

    /// The monitor compares what a node has stored.
    pub(crate) fn has_stored(
        &mut self,
        node: usize,
        frame: &Arc<BlockFrame>,
        state: &State,
    ) -> Result<(), Violation> {
        let height = frame.block.header.height;
        self.nodes[node].told = self.nodes[node].told.max(height);
        if !self.nodes[node].honest {
            return Ok(());
        }
        let name = self.nodes[node].name.clone();
        if self.monitor.stored(&name, frame, state)? {
            self.count_block(frame);
        }
        Ok(())
    }

    /// The monitor learns what a node has signed since the last look.
    pub(crate) fn watch_signatures(&mut self, node: usize) -> Result<(), Violation> {
        let Self { nodes, monitor, .. } = self;
        let node = &mut nodes[node];
        let Some(running) = &mut node.running else {
            return Ok(());
        };
        for request in std::mem::take(&mut running.hand.made) {
            if node.honest {
                monitor.signature(&node.name, node.public, &request)?;
            }
        }
        Ok(())
    }

    /// Starts a node from what its disk holds.
    pub(crate) fn start(&mut self, node: usize) -> Result<(), Violation> {
        if self.nodes[node].running.is_some() {
            return Ok(());
        }
        let network = Network {
            chain: self.chain,
            genesis: &self.town.genesis.state,
            segment_bytes: self.plan.segment_bytes,
            verified: &self.verified,
        };
        let recovered = self.nodes[node].recover(&network, self.schedule.now);
        let recovered = match recovered {
            Ok(recovered) => recovered,
            Err(last_words) => return self.stopped(node, last_words),
        };
        let found = recovered.running.published.chain().height;
        self.line_of(node, |text| {
            write!(text, "starts at height {found}").expect("a string takes everything");
        });
        self.digest.take((node, found));
        self.nodes[node].running = Some(recovered.running);
        self.watch_signatures(node)?;
        let told = self.nodes[node].told;
        if self.nodes[node].honest && found < told {
            let name = self.nodes[node].name.clone();
            return Err(Violation::Forgotten {
                node: name,
                told,
                found,
            });
        }
        for (frame, state) in &recovered.found {
            self.has_stored(node, frame, state)?;
        }
        self.perform(node, recovered.actions)?;
        self.rewire();
        Ok(())
    }

    fn note(&mut self, node: usize, note: Note) -> Result<(), Violation> {
        match note {
            Note::RoundStarted {
                height,
                round,
                proposer,
            } => {
                if self.nodes[node].honest {
                    let highest = &mut self.statistics.round_max;
                    *highest = (*highest).max(round.get());
                }
                let proposer = self.named(&proposer).to_owned();
                self.line_of(node, |text| {
                    write!(text, "begins height {height} round {round} of {proposer}")
                        .expect("a string takes everything");
                });
            }
            Note::Equivocation(evidence) => self.accused(node, &evidence)?,
            Note::InvalidBlock {
                height,
                block,
                reason,
            } => {
                self.statistics.count("invalid blocks refused");
                self.line_of(node, |text| {
                    write!(text, "refuses block {block:?} of height {height}: {reason}")
                        .expect("a string takes everything");
                });
            }
            Note::ClockApart { height, apart } => {
                self.statistics.count("blocks held back for their time");
                self.line_of(node, |text| {
                    let apart = apart.millis();
                    write!(
                        text,
                        "holds a block of height {height} back, {apart} ms apart"
                    )
                    .expect("a string takes everything");
                });
            }
            Note::Ignored { from, reason } => {
                self.statistics.count("messages without effect");
                let from = from.map(|key| self.named(&key).to_owned());
                self.line_of(node, |text| {
                    write!(text, "ignores {from:?}: {reason}").expect("a string takes everything");
                });
            }
            Note::Following { next, highest } => {
                self.statistics.count("requests for blocks");
                self.line_of(node, |text| {
                    write!(text, "wants blocks {next} to {highest}")
                        .expect("a string takes everything");
                });
            }
        }
        Ok(())
    }

    fn accused(&mut self, node: usize, evidence: &Evidence) -> Result<(), Violation> {
        self.statistics.count("evidence of contradiction");
        let culprit = evidence.culprit();
        let is_honest = self
            .nodes
            .iter()
            .any(|node| node.public == culprit && node.honest);
        let accuser = self.nodes[node].name.clone();
        if !self.nodes[node].honest {
            return Ok(());
        }
        self.monitor.evidence(&accuser, evidence, is_honest)
    }
}

/// A message in a few words, for the trace.
fn brief(message: &PeerMessage) -> String {
    match message {
        PeerMessage::Consensus(message) => {
            let kind = match message {
                karwan_consensus::ConsensusMessage::Vote(vote) => {
                    format!("{:?} for {:?}", vote.kind, vote.block)
                }
                karwan_consensus::ConsensusMessage::Proposal(proposal) => {
                    format!(
                        "proposal of {:?} from {:?}",
                        proposal.block, proposal.valid_round
                    )
                }
                karwan_consensus::ConsensusMessage::PolkaCertificate(_) => "polka".to_owned(),
                karwan_consensus::ConsensusMessage::RoundCertificate(_) => "round".to_owned(),
            };
            format!("{kind} at {}/{}", message.height(), message.round())
        }
        PeerMessage::Status(height) => format!("status {height}"),
        PeerMessage::Body(block) => format!("body {:?}", block.hash()),
        PeerMessage::BodyWanted { block, .. } => format!("body wanted {block:?}"),
        PeerMessage::Transactions(list) => format!("{} transactions", list.len()),
        PeerMessage::FramesWanted(height) => format!("frames wanted from {height}"),
        PeerMessage::Frames(frames) => format!("{} frames", frames.len()),
    }
}
