//! Catching up: which peers are ahead, asking one of them for stored blocks, and taking those in one by one.
//!
//! A block from a peer is used only after its certificate was verified against the validators that our own state names,
//! and it is executed like any other. A certified block that fails here stops the node: it cannot be somebody else's fault.

use crate::body::CheckedBody;
use crate::event::{Action, Note, PeerMessage, Recipient, Timer};
use crate::replica::{Phase, Replica};
use karwan_consensus::{Input, Signer};
use karwan_types::{BlockFrame, Height, PublicKey};
use std::collections::{BTreeMap, VecDeque};

/// The most blocks that one request is answered with.
pub const FRAMES_PER_REQUEST_MAX: usize = 64;

/// What is known of the peers' heights, and what was asked of them.
#[derive(Default)]
pub(crate) struct Following {
    /// The last stored height of each connected peer.
    reported: BTreeMap<PublicKey, Height>,
    /// The peer that was asked and has not answered.
    asked: Option<PublicKey>,
    /// Whether the patience timer runs.
    waiting: bool,
    /// Verified one by one as the blocks before them are stored.
    frames: VecDeque<BlockFrame>,
    /// Who sent them.
    sender: Option<PublicKey>,
}

impl Following {
    pub(crate) fn connected(&mut self, peer: PublicKey) {
        self.reported.entry(peer).or_insert(Height::GENESIS);
    }
    pub(crate) fn forget(&mut self, peer: &PublicKey) {
        self.reported.remove(peer);
        if self.asked.as_ref() == Some(peer) {
            self.asked = None;
        }
    }
    pub(crate) fn reported(&mut self, peer: PublicKey, height: Height) {
        self.reported.insert(peer, height);
    }
    /// A peer that talks about a height has stored the one before.
    pub(crate) fn saw(&mut self, peer: PublicKey, height: Height) {
        if let (Some(known), Some(stored)) = (self.reported.get_mut(&peer), height.previous()) {
            *known = stored.max(*known);
        }
    }
    /// The highest height that any peer reported: worth asking for, because what is then sent proves itself.
    pub(crate) fn highest(&self) -> Height {
        self.reported.values().copied().max().unwrap_or_default()
    }
    /// The highest height that is no lie when at most `liars` of the peers lie, because one more has reported it; with too
    /// few peers connected for that, the one that all of them have reported.
    pub(crate) fn highest_believed(&self, liars: usize) -> Height {
        let mut heights: Vec<Height> = self.reported.values().copied().collect();
        heights.sort_unstable();
        let believed = heights.iter().rev().nth(liars).or(heights.first());
        believed.copied().unwrap_or_default()
    }
    /// Patience is over. Whoever was asked and did not answer is believed no more, so that another is asked.
    fn give_up(&mut self) {
        self.waiting = false;
        if let Some(peer) = self.asked.take() {
            self.reported.insert(peer, Height::GENESIS);
        }
    }
}

impl Replica {
    /// Asks a peer that is ahead for blocks: at once when it is far ahead, after some patience when only the next block
    /// is missing, because that one is probably on its way.
    pub(crate) fn seek(&mut self) {
        if !self.is_behind() || self.following.asked.is_some() {
            return;
        }
        if self.following.highest() > self.height().next() {
            self.ask();
        } else if !self.following.waiting {
            self.following.waiting = true;
            let wait = self.config.patience;
            self.actions.push(Action::Schedule(Timer::Patience, wait));
        }
    }

    /// What should have come has not: asks for it, or asks somebody else.
    pub(crate) fn seek_after_patience(&mut self) {
        self.following.give_up();
        if self.is_behind() {
            self.ask();
        }
    }

    /// Whether a peer has stored a block that we neither have nor are about to take in.
    fn is_behind(&self) -> bool {
        let storing = matches!(self.phase, Phase::Storing(..));
        self.following.highest() > self.height() && !storing && self.following.frames.is_empty()
    }

    fn ask(&mut self) {
        let (next, highest) = (self.height().next(), self.following.highest());
        let ahead = self
            .following
            .reported
            .iter()
            .find(|(_, height)| **height == highest);
        let Some(peer) = ahead.map(|(peer, _)| *peer) else {
            return;
        };
        self.following.asked = Some(peer);
        self.following.waiting = true;
        self.note(Note::Following { next, highest });
        self.send(Recipient::Peer(peer), PeerMessage::FramesWanted(next));
        self.actions
            .push(Action::Schedule(Timer::Patience, self.config.patience));
    }

    pub(crate) fn on_frames(
        &mut self,
        from: PublicKey,
        frames: Vec<BlockFrame>,
        signer: &mut dyn Signer,
    ) {
        if self.following.asked != Some(from) {
            return self.ignore(Some(from), "blocks that were not asked for");
        }
        self.following.asked = None;
        if frames.is_empty() || frames.len() > FRAMES_PER_REQUEST_MAX {
            self.following.reported(from, Height::GENESIS);
            return self.ignore(Some(from), "an answer of no blocks or too many");
        }
        self.following.frames = frames.into();
        self.following.sender = Some(from);
        if !matches!(self.phase, Phase::Storing(..)) {
            self.follow_next(signer);
        }
    }

    /// Takes in the next block that a peer sent; true if one is being stored now.
    pub(crate) fn follow_next(&mut self, signer: &mut dyn Signer) -> bool {
        let next = self.height().next();
        while self
            .following
            .frames
            .front()
            .is_some_and(|frame| frame.block.header.height < next)
        {
            self.following.frames.pop_front();
        }
        let Some(frame) = self.following.frames.pop_front() else {
            return false;
        };
        let validators = self.tip.state.chain().validators.clone();
        let (hash, certificate) = (frame.block.hash(), frame.certificate);
        let named = certificate.height == next
            && certificate.block_hash == hash
            && frame.block.header.height == next;
        if !named
            || certificate
                .verify(&self.config.chain_id, &validators)
                .is_err()
        {
            self.following.frames.clear();
            let sender = self.following.sender.take();
            if let Some(liar) = sender {
                self.following.reported(liar, Height::GENESIS);
            }
            self.ignore(sender, "a block whose certificate proves nothing");
            return false;
        }
        let mempool = &self.mempool;
        let known = |id: &karwan_types::TransactionId| mempool.get(id).cloned();
        let body = CheckedBody::check(frame.block, &self.config.chain_id, &known);
        self.bodies.restore_synced(body);
        if let Phase::Missing(waiting) = &self.phase {
            // The engine has decided this height already; only the body was missing.
            let certificate = waiting.clone();
            self.phase = Phase::Deciding;
            self.decided(certificate);
        } else {
            self.actions.push(Action::Cancel(Timer::Heartbeat));
            self.feed(
                Input::Synced {
                    certificate,
                    validators,
                },
                None,
                signer,
            );
        }
        matches!(self.phase, Phase::Storing(..))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(reported: &[u64], liars: usize, believed: u64) {
        let mut following = Following::default();
        for (peer, height) in (0u8..).zip(reported) {
            let peer = PublicKey::from_bytes([peer; 32]);
            following.connected(peer);
            following.reported(peer, Height::new(*height));
        }
        let height = following.highest_believed(liars);
        assert_eq!(height, Height::new(believed), "{reported:?}, {liars} liars");
    }

    #[test]
    fn a_height_is_believed_when_more_peers_report_it_than_may_lie() {
        check(&[], 1, 0);
        check(&[9, 4], 0, 9);
        check(&[4, 900, 5], 1, 5);
        check(&[7, 900, 5, 800, 6, 7], 2, 7);
        check(&[900], 1, 900);
        check(&[900, 5], 2, 5);
    }
}
