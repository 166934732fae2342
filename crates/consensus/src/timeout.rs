//! Timeouts as values: the engine says when it wants to be woken, the owner wakes it.
//!
//! The engine has no clock. A timeout carries its height, so that one which was already on its way when the height ended
//! is recognised and ignored.

use karwan_types::{DurationMs, Height, Round};
use serde::{Deserialize, Serialize};

/// What the engine waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum TimeoutKind {
    /// A proposal, before prevoting for no block.
    Propose,
    /// Agreement among prevotes, before precommitting to no block.
    Prevote,
    /// Agreement among precommits, before the next round begins.
    Precommit,
    /// Progress of any kind, before our votes are sent again.
    Rebroadcast,
}

/// One wait of the engine. At most one of each kind and round is running.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Timeout {
    /// The height it was scheduled in.
    pub height: Height,
    /// The round it was scheduled in.
    pub round: Round,
    /// What is waited for.
    pub kind: TimeoutKind,
}

/// How long one kind of timeout lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeoutLength {
    /// In round 0.
    pub first: DurationMs,
    /// Added for every further round, so that a slow network is waited for in the end.
    pub increase: DurationMs,
}

impl TimeoutLength {
    /// The length in a round, saturating.
    #[must_use]
    pub const fn in_round(&self, round: Round) -> DurationMs {
        let rounds = round.get() as u64;
        let increase = self.increase.millis().saturating_mul(rounds);
        DurationMs::from_millis(self.first.millis().saturating_add(increase))
    }
}

/// The lengths of all timeouts. They may differ between validators: they decide how fast, never what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For [`TimeoutKind::Propose`].
    pub propose: TimeoutLength,
    /// For [`TimeoutKind::Prevote`].
    pub prevote: TimeoutLength,
    /// For [`TimeoutKind::Precommit`].
    pub precommit: TimeoutLength,
    /// For [`TimeoutKind::Rebroadcast`].
    pub rebroadcast: TimeoutLength,
}

impl Timeouts {
    /// How long a timeout of this kind lasts in this round.
    #[must_use]
    pub const fn duration(&self, kind: TimeoutKind, round: Round) -> DurationMs {
        match kind {
            TimeoutKind::Propose => self.propose.in_round(round),
            TimeoutKind::Prevote => self.prevote.in_round(round),
            TimeoutKind::Precommit => self.precommit.in_round(round),
            TimeoutKind::Rebroadcast => self.rebroadcast.in_round(round),
        }
    }
}
