//! One engine at a desk: its validator never proposes in round 0 of height 1, and the messages of all others can be made.

use super::journal::Journal;
use super::{chain, key, set, timeouts};
use crate::{
    ConsensusMessage, Engine, EngineConfig, IgnoredReason, Input, Output, Proposal, SignRequest,
    Signer, Vote,
};
use karwan_types::{
    ChainId, CommitCertificate, CommitSignature, Hash, Height, Round, ValidatorSet, VoteKind,
};

pub(super) const BLOCK: Hash = Hash::from_bytes([1; 32]);
pub(super) const OTHER: Hash = Hash::from_bytes([2; 32]);

pub(super) fn validators() -> ValidatorSet {
    set(&[1, 1, 1, 1])
}

/// An engine of the validator whose turn to propose at height 1 never comes in round 0, with its journal.
pub(super) struct Desk {
    pub(super) engine: Engine,
    pub(super) journal: Journal,
    /// The numbers of the proposer of height 1 round 0, of this validator, and of the two others.
    pub(super) proposer: usize,
    pub(super) local: usize,
    pub(super) others: [usize; 2],
}

impl Desk {
    pub(super) fn waiting() -> Self {
        let turn = validators().proposer(Height::new(1), Round::ZERO).key;
        let (mut first, mut rest) = (0..4).partition::<Vec<_>, _>(|n| key(*n).public_key() == turn);
        let (proposer, local) = (first.remove(0), rest.remove(0));
        let journal = Journal::new(key(local));
        let config = EngineConfig {
            chain_id: chain(),
            local: Some(journal.public_key()),
            timeouts: timeouts(),
        };
        Self {
            engine: Engine::new(config, Height::new(1), validators()),
            journal,
            proposer,
            local,
            others: [rest[0], rest[1]],
        }
    }

    pub(super) fn running() -> Self {
        let mut desk = Self::waiting();
        desk.start(1);
        desk
    }

    pub(super) fn start(&mut self, height: u64) -> Vec<Output> {
        self.feed(Input::StartHeight {
            height: Height::new(height),
            validators: validators(),
        })
    }

    pub(super) fn feed(&mut self, input: Input) -> Vec<Output> {
        self.engine.step(input, &mut self.journal)
    }

    pub(super) fn hear(&mut self, message: ConsensusMessage) -> Vec<Output> {
        self.feed(Input::Message(message))
    }

    /// Proposes, judges and has everyone vote for a block at height 1.
    pub(super) fn decide(&mut self) -> CommitCertificate {
        self.hear(proposal(self.proposer, 1, 0, BLOCK));
        self.feed(Input::Validated {
            height: Height::new(1),
            block: BLOCK,
            valid: true,
        });
        let mut outputs = Vec::new();
        for kind in [VoteKind::Prevote, VoteKind::Precommit] {
            for voter in [self.proposer, self.others[0]] {
                outputs.extend(self.hear(vote(voter, kind, 1, 0, Some(BLOCK))));
            }
        }
        match outputs.pop() {
            Some(Output::Decided { certificate, .. }) => certificate,
            other => panic!("no decision but {other:?}"),
        }
    }
}

pub(super) fn signed_vote(
    chain: &ChainId,
    voter: usize,
    kind: VoteKind,
    at: (u64, u32),
    block: Option<Hash>,
) -> Vote {
    let (height, round) = (Height::new(at.0), Round::new(at.1));
    let request = SignRequest::Vote {
        kind,
        height,
        round,
        block,
    };
    Vote {
        kind,
        height,
        round,
        block,
        validator: key(voter).public_key(),
        signature: request.sign_with(&key(voter), chain),
    }
}

pub(super) fn vote(
    voter: usize,
    kind: VoteKind,
    height: u64,
    round: u32,
    block: Option<Hash>,
) -> ConsensusMessage {
    ConsensusMessage::Vote(signed_vote(&chain(), voter, kind, (height, round), block))
}

pub(super) fn proposal(proposer: usize, height: u64, round: u32, block: Hash) -> ConsensusMessage {
    repeated_proposal(proposer, height, round, None, block)
}

pub(super) fn repeated_proposal(
    proposer: usize,
    height: u64,
    round: u32,
    valid_round: Option<u32>,
    block: Hash,
) -> ConsensusMessage {
    let (height, round) = (Height::new(height), Round::new(round));
    let valid_round = valid_round.map(Round::new);
    let request = SignRequest::Proposal {
        height,
        round,
        valid_round,
        block,
    };
    ConsensusMessage::Proposal(Proposal {
        height,
        round,
        valid_round,
        block,
        proposer: key(proposer).public_key(),
        signature: request.sign_with(&key(proposer), &chain()),
    })
}

pub(super) fn commit(voters: &[usize], height: u64, block: Hash) -> CommitCertificate {
    let set = validators();
    let mut signatures: Vec<_> = voters
        .iter()
        .map(|voter| {
            let vote = signed_vote(
                &chain(),
                *voter,
                VoteKind::Precommit,
                (height, 0),
                Some(block),
            );
            let (position, _) = set.get(&vote.validator).unwrap();
            CommitSignature {
                validator: u16::try_from(position).unwrap(),
                signature: vote.signature,
            }
        })
        .collect();
    signatures.sort_by_key(|signature| signature.validator);
    CommitCertificate {
        height: Height::new(height),
        round: Round::ZERO,
        block_hash: block,
        signatures,
    }
}

pub(super) fn reason(outputs: &[Output]) -> IgnoredReason {
    match outputs {
        [Output::Ignored { reason }] => reason.clone(),
        other => panic!("not ignored but {other:?}"),
    }
}
