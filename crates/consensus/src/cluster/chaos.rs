//! One honest validator among three that say anything at all, and whose power keeps failing.
//!
//! Two thirds of the power are hostile here, so there is no agreement to speak of. What still holds is the honest one's own
//! promise: it never panics, never signs two messages for one height, round and step, and its log always leads it back.

use super::desk::{Desk, repeated_proposal, signed_vote, validators};
use super::journal::Survives;
use super::{chain, key, seeds, timeouts};
use crate::{
    ConsensusMessage, Engine, EngineConfig, IgnoredReason, Input, LogEntry, Output,
    PolkaCertificate, RoundCertificate, RoundCertificateKind, RoundSignature, Signer, Timeout,
    Vote,
};
use karwan_types::{CommitSignature, Hash, HashDomain, Height, Round, VoteKind, hash_of};
use std::collections::BTreeSet;

struct Chaos {
    desk: Desk,
    rng: fastrand::Rng,
    timers: BTreeSet<Timeout>,
    wanted: Vec<Hash>,
    build: Option<Round>,
    decided: usize,
    restarts: usize,
}

impl Chaos {
    fn new(seed: u64) -> Self {
        let mut chaos = Self {
            desk: Desk::waiting(),
            rng: fastrand::Rng::with_seed(seed),
            timers: BTreeSet::new(),
            wanted: Vec::new(),
            build: None,
            decided: 0,
            restarts: 0,
        };
        let outputs = chaos.desk.start(1);
        chaos.perform(outputs);
        chaos
    }

    fn height(&self) -> u64 {
        self.desk.engine.height().get()
    }

    /// A round near the current one, mostly that one.
    fn round(&mut self) -> u32 {
        let current = self.desk.engine.round().map_or(0, Round::get);
        match self.rng.u8(0..20) {
            0 => current.saturating_sub(1),
            1 => current + 1,
            2 => current + 2,
            _ => current,
        }
    }

    /// One of three blocks, mostly the first; the last of them is invalid.
    fn block(&mut self) -> Hash {
        let number = self.rng.u8(0..12).saturating_sub(9);
        self.block_number(number)
    }

    fn block_number(&self, number: u8) -> Hash {
        let height = self.height().to_le_bytes();
        hash_of(HashDomain::Header, &[&height, &[number]])
    }

    fn hostile(&self) -> [usize; 3] {
        let [one, other] = self.desk.others;
        [self.desk.proposer, one, other]
    }

    fn kind(&mut self) -> VoteKind {
        if self.rng.bool() {
            VoteKind::Prevote
        } else {
            VoteKind::Precommit
        }
    }

    fn vote(&mut self, voter: usize, kind: VoteKind, round: u32) -> Vote {
        let votes_nil = self.rng.u8(0..6) == 0;
        let block = (!votes_nil).then(|| self.block());
        signed_vote(&chain(), voter, kind, (self.height(), round), block)
    }

    fn position(voter: usize) -> u16 {
        let (position, _) = validators().get(&key(voter).public_key()).unwrap();
        u16::try_from(position).unwrap()
    }

    fn message(&mut self) -> ConsensusMessage {
        let (height, round) = (Height::new(self.height()), self.round());
        let hostile = self.hostile();
        match self.rng.u8(0..10) {
            0..6 => {
                let (voter, kind) = (hostile[self.rng.usize(0..3)], self.kind());
                ConsensusMessage::Vote(self.vote(voter, kind, round))
            }
            6..8 => {
                let turn = validators().proposer(height, Round::new(round)).key;
                let proposer = (0..4).find(|n| key(*n).public_key() == turn).unwrap();
                let repeated = self.rng.bool() && round > 0;
                let valid_round = repeated.then(|| self.rng.u32(0..round));
                let block = self.block();
                if proposer == self.desk.local {
                    return self.message();
                }
                repeated_proposal(proposer, height.get(), round, valid_round, block)
            }
            8 => {
                let block = self.block();
                let votes = hostile.map(|voter| {
                    let at = (height.get(), round);
                    signed_vote(&chain(), voter, VoteKind::Prevote, at, Some(block))
                });
                let mut signatures: Vec<_> = hostile
                    .iter()
                    .zip(votes)
                    .map(|(voter, vote)| CommitSignature {
                        validator: Self::position(*voter),
                        signature: vote.signature,
                    })
                    .collect();
                signatures.sort_by_key(|signature| signature.validator);
                ConsensusMessage::PolkaCertificate(PolkaCertificate {
                    height,
                    round: Round::new(round),
                    block,
                    signatures,
                })
            }
            _ => ConsensusMessage::RoundCertificate(self.round_certificate(round)),
        }
    }

    fn round_certificate(&mut self, round: u32) -> RoundCertificate {
        let ends = self.rng.bool();
        let mut signatures = Vec::new();
        for voter in self.hostile() {
            let kind = if ends {
                VoteKind::Precommit
            } else {
                self.kind()
            };
            let vote = self.vote(voter, kind, round);
            signatures.push(RoundSignature {
                kind,
                block: vote.block,
                validator: Self::position(voter),
                signature: vote.signature,
            });
        }
        signatures.sort_by_key(|signature| signature.validator);
        RoundCertificate {
            height: Height::new(self.height()),
            round: Round::new(round),
            kind: if ends {
                RoundCertificateKind::Precommits
            } else {
                RoundCertificateKind::Skip
            },
            signatures,
        }
    }

    fn happen(&mut self) {
        let outputs = match self.rng.u8(0..100) {
            0..75 => {
                let message = self.message();
                self.desk.hear(message)
            }
            75..85 => match self.rng.choice(&self.timers).copied() {
                Some(timeout) => {
                    self.timers.remove(&timeout);
                    self.desk.feed(Input::TimedOut(timeout))
                }
                None => return,
            },
            85..97 => self.answer(),
            _ => self.restart(),
        };
        self.perform(outputs);
    }

    /// Answers what the engine asked first.
    fn answer(&mut self) -> Vec<Output> {
        let height = Height::new(self.height());
        if let Some(round) = self.build.take() {
            let block = self.block_number(100 + u8::try_from(round.get() % 100).unwrap());
            self.append_body(height, block);
            return self.desk.feed(Input::Proposed {
                height,
                round,
                block,
            });
        }
        let Some(block) = self.wanted.pop() else {
            return Vec::new();
        };
        self.append_body(height, block);
        let valid = block != self.block_number(2);
        self.desk.feed(Input::Validated {
            height,
            block,
            valid,
        })
    }

    fn append_body(&mut self, height: Height, block_hash: Hash) {
        self.desk.journal.append(&LogEntry::Body {
            height,
            block_hash,
            bytes: Vec::new(),
        });
    }

    fn restart(&mut self) -> Vec<Output> {
        self.restarts += 1;
        let survives = [Survives::Nothing, Survives::Half, Survives::Everything];
        self.desk.journal.reopen(survives[self.rng.usize(0..3)]);
        self.timers.clear();
        self.wanted.clear();
        self.build = None;
        let config = EngineConfig {
            chain_id: chain(),
            local: Some(key(self.desk.local).public_key()),
            timeouts: timeouts(),
        };
        let height = Height::new(self.height());
        let entries = self.desk.journal.entries();
        self.desk.engine = Engine::new(config, height, validators());
        let journal = &mut self.desk.journal;
        self.desk
            .engine
            .recover(height, validators(), &entries, journal)
    }

    fn perform(&mut self, outputs: Vec<Output>) {
        for output in outputs {
            match output {
                Output::Schedule(timeout, _) => {
                    self.timers.insert(timeout);
                }
                Output::Cancel(timeout) => {
                    self.timers.remove(&timeout);
                }
                Output::CancelAll => self.timers.clear(),
                Output::BuildBlock { round, .. } => self.build = Some(round),
                Output::ValidateBlock { block, .. } => self.wanted.push(block),
                Output::Send(message) => assert!(self.desk.journal.holds(&message)),
                Output::Decided {
                    certificate,
                    evidence,
                } => {
                    let verdict = certificate.verify(&chain(), &validators());
                    assert_eq!(verdict, Ok(()));
                    for proof in evidence {
                        assert_eq!(proof.verify(&chain(), &validators()), Ok(()));
                        assert_ne!(proof.culprit(), key(self.desk.local).public_key());
                    }
                    self.decided += 1;
                    self.desk.journal.truncate(certificate.height);
                    self.wanted.clear();
                    self.build = None;
                    let outputs = self.desk.start(certificate.height.next().get());
                    self.perform(outputs);
                }
                Output::Ignored { reason } => {
                    let lost = matches!(reason, IgnoredReason::NoPolka(_));
                    assert!(
                        !lost,
                        "the core lost the prevotes behind its own valid block"
                    );
                }
                Output::RoundStarted { .. }
                | Output::ResendBody { .. }
                | Output::HeightBegun { .. } => {}
            }
        }
    }
}

#[test]
fn among_liars_and_losses_of_power_an_honest_validator_keeps_its_word() {
    let (mut decided, mut restarts) = (0, 0);
    for seed in seeds(60) {
        let run = std::panic::catch_unwind(|| {
            let mut chaos = Chaos::new(seed);
            for _ in 0..300 {
                chaos.happen();
            }
            (chaos.decided, chaos.restarts)
        });
        let Ok((blocks, starts)) = run else {
            panic!("seed {seed}");
        };
        decided += blocks;
        restarts += starts;
    }
    assert!(decided > 20, "only {decided} decisions");
    assert!(restarts > 200, "only {restarts} restarts");
}
