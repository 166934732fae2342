//! What a node of the cluster does for its engine: the replica's part, with blocks that hold nothing.

use super::chain;
use super::world::{Event, STATUS_MS, World};
use crate::{ConsensusMessage, Engine, Evidence, Input, LogEntry, Output, SignRequest, Signer};
use karwan_types::{CommitCertificate, Hash, HashDomain, Height, Round, encode, hash_of};

impl World {
    pub(super) fn act(&mut self, number: usize, output: Output) {
        match output {
            Output::Send(message) => self.send(number, message),
            Output::Schedule(timeout, length) => {
                self.sequence += 1;
                let token = self.sequence;
                self.nodes[number].timers.insert(timeout, token);
                self.later(length.millis(), Event::Timer(number, timeout, token));
            }
            Output::Cancel(timeout) => {
                self.nodes[number].timers.remove(&timeout);
            }
            Output::CancelAll => self.nodes[number].timers.clear(),
            Output::BuildBlock { height, round, .. } => {
                self.later(1, Event::Build(number, height, round));
            }
            Output::ValidateBlock { height, block, .. } => {
                self.nodes[number].wanted.insert(block, height);
                self.judge(number, block);
            }
            Output::ResendBody { block, .. } => self.send_body(number, block),
            Output::Decided {
                certificate,
                evidence,
            } => self.commit(number, certificate, evidence),
            Output::RoundStarted { .. } | Output::HeightBegun { .. } | Output::Ignored { .. } => {}
        }
    }

    pub(super) fn delay(&mut self) -> u64 {
        self.rng.u64(1..20)
    }

    fn broadcast(&mut self, from: usize, message: &ConsensusMessage) {
        for to in (0..self.nodes.len()).filter(|to| *to != from) {
            let delay = self.delay();
            self.later(delay, Event::Deliver(to, message.clone()));
        }
    }

    fn send(&mut self, number: usize, message: ConsensusMessage) {
        let node = &mut self.nodes[number];
        node.sent += 1;
        assert!(
            node.journal.holds(&message) || self.plan.logless,
            "{number} says what a loss of power would make it forget"
        );
        if let ConsensusMessage::Vote(vote) = &message
            && let Some(block) = vote.block
            && !self.plan.logless
        {
            let held = node.journal.bodies().contains(&block);
            assert!(held, "a vote left before the body it is for was durable");
        }
        if self.plan.traitor && number == 0 {
            self.betray(number, &message);
        }
        self.broadcast(number, &message);
    }

    /// Sends the opposite of a message, before or after it.
    fn betray(&mut self, number: usize, message: &ConsensusMessage) {
        let mut other = message.clone();
        let request = match &mut other {
            ConsensusMessage::Vote(vote) => {
                let alternatives = &self.alternatives;
                vote.block = vote
                    .block
                    .and_then(|block| alternatives.get(&block).copied());
                vote.request()
            }
            ConsensusMessage::Proposal(proposal) => {
                let first = proposal.block;
                proposal.block = hash_of(HashDomain::Header, &[first.as_bytes()]);
                self.alternatives.insert(first, proposal.block);
                self.send_body(number, self.alternatives[&first]);
                proposal.request()
            }
            ConsensusMessage::PolkaCertificate(_) | ConsensusMessage::RoundCertificate(_) => return,
        };
        let forged = self.nodes[number].journal.sign_anything(&request);
        match (&mut other, request) {
            (ConsensusMessage::Vote(vote), SignRequest::Vote { .. }) => vote.signature = forged,
            (ConsensusMessage::Proposal(proposal), SignRequest::Proposal { .. }) => {
                proposal.signature = forged;
            }
            _ => unreachable!("the request was made from the message"),
        }
        self.broadcast(number, &other);
    }

    pub(super) fn send_body(&mut self, from: usize, block: Hash) {
        for to in (0..self.nodes.len()).filter(|to| *to != from) {
            let delay = self.delay();
            self.later(delay, Event::Body(to, block));
        }
    }

    pub(super) fn build(&mut self, number: usize, height: Height, round: Round) {
        let content = encode(&(height, round, number as u64, self.now));
        let block = hash_of(HashDomain::Header, &[&content]);
        if self.plan.bad_proposer == Some(number) {
            self.invalid.insert(block);
        }
        let input = Input::Proposed {
            height,
            round,
            block,
        };
        self.nodes[number].bodies.insert(block);
        self.step(number, |engine, journal| {
            journal.append(&LogEntry::Body {
                height,
                block_hash: block,
                bytes: content,
            });
            engine.step(input, journal)
        });
        self.send_body(number, block);
    }

    /// Judges a proposed block once its body is here.
    pub(super) fn judge(&mut self, number: usize, block: Hash) {
        let node = &mut self.nodes[number];
        if !node.bodies.contains(&block) {
            return;
        }
        let Some(height) = node.wanted.remove(&block) else {
            return;
        };
        let valid = !self.invalid.contains(&block);
        let input = Input::Validated {
            height,
            block,
            valid,
        };
        self.step(number, |engine, journal| {
            journal.append(&LogEntry::Body {
                height,
                block_hash: block,
                bytes: Vec::new(),
            });
            engine.step(input, journal)
        });
    }

    fn commit(&mut self, number: usize, certificate: CommitCertificate, evidence: Vec<Evidence>) {
        let height = certificate.height;
        let validators = self.plan.validators(height);
        let verdict = certificate.verify(&chain(), &validators);
        assert_eq!(verdict, Ok(()), "{:?}", self.plan);
        for (other, node) in self.nodes.iter().enumerate() {
            if let Some(theirs) = node.chain.get(&height) {
                assert_eq!(
                    theirs.block_hash, certificate.block_hash,
                    "{number} and {other} disagree at {height}, {:?}",
                    self.plan
                );
            }
        }
        let node = &mut self.nodes[number];
        node.chain.insert(height, certificate);
        node.evidence.extend(evidence);
        node.journal.truncate(height);
        node.wanted.clear();
        let next = height.next();
        if next.get() <= self.plan.heights {
            let validators = self.plan.validators(next);
            let input = Input::StartHeight {
                height: next,
                validators,
            };
            self.feed(number, input);
        }
    }

    /// Brings blocks and bodies to those who lack them.
    pub(super) fn status(&mut self) {
        for number in 0..self.nodes.len() {
            self.fetch(number);
            let Some(height) = self.nodes[number].engine.as_ref().map(Engine::height) else {
                continue;
            };
            let ahead = self.nodes.iter().find_map(|node| node.chain.get(&height));
            if let Some(certificate) = ahead.cloned() {
                let validators = self.plan.validators(height);
                let input = Input::Synced {
                    certificate,
                    validators,
                };
                self.feed(number, input);
            }
        }
        self.later(STATUS_MS, Event::Status);
    }

    fn fetch(&mut self, number: usize) {
        let wanted: Vec<Hash> = self.nodes[number].wanted.keys().copied().collect();
        for block in wanted {
            let held = self.nodes.iter().any(|node| node.bodies.contains(&block));
            if held {
                let delay = self.delay();
                self.later(delay, Event::Body(number, block));
            }
        }
    }
}
