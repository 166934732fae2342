//! A signer in memory, with a log that has a durable and a volatile part, and a point at which the power fails.

use super::chain;
use crate::{
    Admission, ConsensusMessage, EngineEntry, LogEntry, SignRequest, Signer, SignerError, Step,
    Watermark,
};
use karwan_types::{Hash, Height, PublicKey, Round, SecretKey, Signature};
use std::collections::{BTreeMap, BTreeSet};

/// Unwinds a step at the point where the power fails. The cluster catches it.
pub(crate) struct PowerLoss;

/// What remains of the entries that were appended and not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Survives {
    Nothing,
    Half,
    Everything,
}

/// The log, watermark and key of one node, and the memory of everything it ever signed.
pub(crate) struct Journal {
    key: SecretKey,
    pub(crate) durable: Vec<LogEntry>,
    volatile: Vec<LogEntry>,
    watermark: Option<Watermark>,
    signed: BTreeMap<(Height, Round, Step), Hash>,
    /// Entries are thrown away: the control that shows what the log is for.
    pub(crate) is_logless: bool,
    /// How many signatures the watermark refused.
    pub(crate) refusals: usize,
    /// Points passed so far: appends, syncs, signatures (before and after the watermark moves), actions.
    pub(crate) points: u64,
    /// The point at which the power fails.
    pub(crate) fails_at: Option<u64>,
}

impl Journal {
    pub(crate) fn new(key: SecretKey) -> Self {
        Self {
            key,
            durable: Vec::new(),
            volatile: Vec::new(),
            watermark: None,
            signed: BTreeMap::new(),
            is_logless: false,
            refusals: 0,
            points: 0,
            fails_at: None,
        }
    }

    /// Passes a point; true when the power fails here.
    pub(crate) fn pass(&mut self) -> bool {
        let fails = self.fails_at == Some(self.points);
        self.points += 1;
        fails
    }

    fn pass_or_unwind(&mut self) {
        if self.pass() {
            std::panic::resume_unwind(Box::new(PowerLoss));
        }
    }

    /// The power came back.
    pub(crate) fn reopen(&mut self, survives: Survives) {
        let kept = match survives {
            Survives::Nothing => 0,
            Survives::Half => self.volatile.len() / 2,
            Survives::Everything => self.volatile.len(),
        };
        self.durable.extend(self.volatile.drain(..).take(kept));
    }

    /// The block of this height is stored: its entries are no longer needed.
    pub(crate) fn truncate(&mut self, height: Height) {
        self.durable.retain(|entry| entry.height() > height);
        self.volatile.retain(|entry| entry.height() > height);
    }

    pub(crate) fn entries(&self) -> Vec<EngineEntry> {
        let entries = self.durable.iter().filter_map(|entry| match entry {
            LogEntry::Engine(entry) => Some(entry.clone()),
            LogEntry::Body { .. } => None,
        });
        entries.collect()
    }

    /// The bodies that survive a loss of power now.
    pub(crate) fn bodies(&self) -> BTreeSet<Hash> {
        let bodies = self.durable.iter().filter_map(|entry| match entry {
            LogEntry::Body { block_hash, .. } => Some(*block_hash),
            LogEntry::Engine(_) => None,
        });
        bodies.collect()
    }

    /// Whether a loss of power now would lose nothing.
    pub(crate) fn is_synced(&self) -> bool {
        self.volatile.is_empty()
    }

    /// Whether this message, if we signed it, survives a loss of power now.
    pub(crate) fn holds(&self, message: &ConsensusMessage) -> bool {
        let entry = match message {
            ConsensusMessage::Vote(vote) => EngineEntry::Vote(vote.clone()),
            ConsensusMessage::Proposal(proposal) => EngineEntry::Proposal(proposal.clone()),
            ConsensusMessage::PolkaCertificate(_) | ConsensusMessage::RoundCertificate(_) => {
                return true;
            }
        };
        self.durable.contains(&LogEntry::Engine(entry))
    }

    /// Signs without any care, as a traitor does.
    pub(crate) fn sign_anything(&self, request: &SignRequest) -> Signature {
        request.sign_with(&self.key, &chain())
    }
}

impl Signer for Journal {
    fn public_key(&self) -> PublicKey {
        self.key.public_key()
    }

    fn append(&mut self, entry: &LogEntry) {
        self.pass_or_unwind();
        if !self.is_logless {
            self.volatile.push(entry.clone());
        }
    }

    fn sync(&mut self) {
        self.pass_or_unwind();
        self.durable.append(&mut self.volatile);
    }

    fn sign(&mut self, request: &SignRequest) -> Result<Signature, SignerError> {
        self.pass_or_unwind();
        let requested = request.watermark();
        let admission = self
            .watermark
            .map_or(Admission::Advance, |stored| stored.admits(&requested));
        match (admission, self.watermark) {
            (Admission::Refuse, Some(stored)) => {
                self.refusals += 1;
                return Err(SignerError::Watermark { requested, stored });
            }
            (Admission::Advance | Admission::Repeat | Admission::Refuse, _) => {}
        }
        assert!(
            self.volatile.is_empty(),
            "a signature is asked for before its inputs are durable"
        );
        self.watermark = Some(requested);
        self.pass_or_unwind();
        let position = (requested.height, requested.round, requested.step);
        let before = self.signed.insert(position, requested.hash);
        assert!(
            before.is_none_or(|hash| hash == requested.hash),
            "two bodies signed at {position:?}"
        );
        Ok(request.sign_with(&self.key, &chain()))
    }
}
