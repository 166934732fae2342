//! A traitor that runs the protocol and lies in what it sends.
//!
//! Half of its peers see another chain of events: for each of its proposals another block, and votes for that one. It
//! contradicts itself to the other half too now and then, withholds or spoils bodies, says that it has blocks which it
//! does not have, answers requests with certificates that prove nothing, and says old things again. What it signs is really
//! signed with its key.

use crate::world::World;
use karwan_consensus::{ConsensusMessage, Proposal, SignRequest, Vote};
use karwan_ledger::BlockSeat;
use karwan_replica::PeerMessage;
use karwan_types::{
    Block, ChainId, DurationMs, Hash, HashDomain, Height, SecretKey, Timestamp, hash_of,
};
use std::collections::BTreeMap;

/// How one traitor behaves.
pub(crate) struct Forger {
    key: SecretKey,
    chain: ChainId,
    rng: fastrand::Rng,
    /// Which half of the peers sees the other version.
    half: usize,
    /// In percent: how often a body is withheld, and how often a vote is contradicted to the same peer.
    withholds: u8,
    contradicts: u8,
    /// Whether its other blocks are invalid.
    spoils: bool,
    /// Whether it lies about its height and about blocks.
    boasts: bool,
    /// The other version of each proposed block.
    others: BTreeMap<Hash, Block>,
    /// What it sent once, to be sent again much later.
    sent: Vec<PeerMessage>,
}

/// How many old messages a traitor keeps.
const SENT_KEPT: usize = 64;

/// What a traitor sees when it makes another block.
pub(crate) struct View<'a> {
    tip: Hash,
    state: &'a karwan_ledger::State,
    now: Timestamp,
}

impl Forger {
    pub(crate) fn new(key: SecretKey, chain: ChainId, seed: u64) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed ^ 0x7472_6169_746f_7200);
        Self {
            key,
            chain,
            half: rng.usize(0..2),
            withholds: rng.u8(0..40),
            contradicts: rng.u8(0..40),
            spoils: rng.u8(0..4) == 0,
            boasts: rng.u8(0..3) == 0,
            rng,
            others: BTreeMap::new(),
            sent: Vec::new(),
        }
    }

    fn forge(&mut self, view: &View<'_>, peer: usize, message: &PeerMessage) -> Vec<PeerMessage> {
        let mut forged = self.distort(view, peer, message);
        if !self.sent.is_empty() && self.rng.u8(0..20) == 0 {
            forged.push(self.sent[self.rng.usize(0..self.sent.len())].clone());
        }
        if let PeerMessage::Consensus(_) = message {
            let place = self.rng.usize(0..SENT_KEPT);
            match self.sent.get_mut(place) {
                Some(old) => *old = message.clone(),
                None => self.sent.push(message.clone()),
            }
        }
        forged
    }

    fn distort(&mut self, view: &View<'_>, peer: usize, message: &PeerMessage) -> Vec<PeerMessage> {
        let deceived = peer % 2 == self.half;
        match message {
            PeerMessage::Consensus(ConsensusMessage::Proposal(proposal)) if deceived => {
                self.propose_another(view, proposal)
            }
            PeerMessage::Consensus(ConsensusMessage::Vote(vote)) => self.vote(vote, deceived),
            PeerMessage::Body(_) if self.rng.u8(0..100) < self.withholds => Vec::new(),
            PeerMessage::Status(height) if self.boasts => {
                let more = self.rng.u64(0..5);
                vec![PeerMessage::Status(Height::new(height.get() + more))]
            }
            PeerMessage::Frames(frames) if self.boasts => {
                let mut frames = frames.clone();
                for frame in &mut frames {
                    frame.certificate.signatures.truncate(1);
                }
                vec![PeerMessage::Frames(frames)]
            }
            PeerMessage::Consensus(_)
            | PeerMessage::Status(_)
            | PeerMessage::Body(_)
            | PeerMessage::BodyWanted { .. }
            | PeerMessage::Transactions(_)
            | PeerMessage::FramesWanted(_)
            | PeerMessage::Frames(_) => vec![message.clone()],
        }
    }

    /// An empty block in place of the one that was proposed, with its own proposal.
    fn propose_another(&mut self, view: &View<'_>, proposal: &Proposal) -> Vec<PeerMessage> {
        if proposal.height != view.state.chain().height.next() {
            return Vec::new();
        }
        let (proposer, spoils) = (self.key.public_key(), self.spoils);
        let block = self.others.entry(proposal.block).or_insert_with(|| {
            let parent_time = view.state.chain().time;
            let later = DurationMs::from_millis(2);
            let seat = BlockSeat {
                parent: view.tip,
                time: view.now.max(parent_time).after(later),
                proposer,
            };
            let mut block = view.state.draft(&seat, &[]).block;
            if spoils {
                block.header.state_root = hash_of(HashDomain::Payload, &[b"spoiled"]);
            }
            block
        });
        let block = block.clone();
        let request = SignRequest::Proposal {
            height: proposal.height,
            round: proposal.round,
            valid_round: None,
            block: block.hash(),
        };
        let other = Proposal {
            valid_round: None,
            block: block.hash(),
            signature: request.sign_with(&self.key, &self.chain),
            ..proposal.clone()
        };
        let proposal = PeerMessage::Consensus(ConsensusMessage::Proposal(other));
        vec![proposal, PeerMessage::Body(block)]
    }

    fn vote(&mut self, vote: &Vote, deceived: bool) -> Vec<PeerMessage> {
        let other = vote
            .block
            .and_then(|block| self.others.get(&block))
            .map(Block::hash);
        let mut votes = Vec::new();
        if deceived && other.is_some() {
            votes.push(self.signed(vote, other));
        } else {
            votes.push(vote.clone());
        }
        if self.rng.u8(0..100) < self.contradicts {
            let block = match vote.block {
                Some(_) if self.rng.bool() => None,
                Some(_) | None => self.others.values().next_back().map(Block::hash),
            };
            votes.push(self.signed(vote, block));
            if self.rng.bool() {
                votes.reverse();
            }
        }
        votes
            .into_iter()
            .map(|vote| PeerMessage::Consensus(ConsensusMessage::Vote(vote)))
            .collect()
    }

    fn signed(&self, vote: &Vote, block: Option<Hash>) -> Vote {
        let request = SignRequest::Vote {
            kind: vote.kind,
            height: vote.height,
            round: vote.round,
            block,
        };
        Vote {
            block,
            signature: request.sign_with(&self.key, &self.chain),
            ..vote.clone()
        }
    }
}

impl World {
    /// What a traitor sends to a peer in place of a message.
    pub(crate) fn forge(
        &mut self,
        from: usize,
        peer: usize,
        message: &PeerMessage,
    ) -> Vec<PeerMessage> {
        let now = self.nodes[from].clock_at(self.schedule.now);
        let (Some(forger), Some(running)) =
            (self.forgers.get_mut(&from), &self.nodes[from].running)
        else {
            return vec![message.clone()];
        };
        let view = View {
            tip: running.tip,
            state: &running.published,
            now,
        };
        let forged = forger.forge(&view, peer, message);
        if forged.as_slice() != std::slice::from_ref(message) {
            self.statistics.count("messages forged");
        }
        forged
    }
}
