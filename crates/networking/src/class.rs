//! The three kinds of traffic, and one value for each of them.
//!
//! What must hold: the frame limits are part of the protocol, the same on every node, so they are constants and not
//! configuration. A class knows its limit and its name; what its frames mean is the caller's business.

use std::fmt;

/// Longest consensus frame, in bytes: a proposal or a vote is far below.
pub const CONSENSUS_FRAME_BYTES_MAX: usize = 64 * 1024;
/// Longest frame of block bodies and transactions, in bytes.
pub const BODIES_FRAME_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Longest frame of block and state sync, in bytes.
pub const SYNC_FRAME_BYTES_MAX: usize = 32 * 1024 * 1024;

/// A kind of traffic. Each has its own stream, queues, limits and channel, so that none waits behind another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Proposals and votes: small, urgent.
    Consensus,
    /// Block bodies and transactions.
    Bodies,
    /// Blocks and snapshots for a node that lags.
    Sync,
}

impl Class {
    /// Every class.
    pub const ALL: [Self; 3] = [Self::Consensus, Self::Bodies, Self::Sync];

    /// Longest frame of this class, in bytes.
    #[must_use]
    pub const fn frame_bytes_max(self) -> usize {
        match self {
            Self::Consensus => CONSENSUS_FRAME_BYTES_MAX,
            Self::Bodies => BODIES_FRAME_BYTES_MAX,
            Self::Sync => SYNC_FRAME_BYTES_MAX,
        }
    }

    /// The word for this class in protocol names, logs and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Consensus => "consensus",
            Self::Bodies => "bodies",
            Self::Sync => "sync",
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// One value for each class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PerClass<T> {
    /// The value of [`Class::Consensus`].
    pub consensus: T,
    /// The value of [`Class::Bodies`].
    pub bodies: T,
    /// The value of [`Class::Sync`].
    pub sync: T,
}

impl<T> PerClass<T> {
    /// Makes the value of each class in turn.
    pub fn from_fn(mut make: impl FnMut(Class) -> T) -> Self {
        Self {
            consensus: make(Class::Consensus),
            bodies: make(Class::Bodies),
            sync: make(Class::Sync),
        }
    }

    /// The value of `class`.
    pub const fn get(&self, class: Class) -> &T {
        match class {
            Class::Consensus => &self.consensus,
            Class::Bodies => &self.bodies,
            Class::Sync => &self.sync,
        }
    }

    /// The value of `class`, to change it.
    pub const fn get_mut(&mut self, class: Class) -> &mut T {
        match class {
            Class::Consensus => &mut self.consensus,
            Class::Bodies => &mut self.bodies,
            Class::Sync => &mut self.sync,
        }
    }
}
