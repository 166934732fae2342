//! What does not change while a replica runs.

use karwan_consensus::Timeouts;
use karwan_types::{ChainId, DurationMs, PublicKey};

/// Settings of one replica. They may differ between nodes: they decide how fast, never what.
#[derive(Clone, Debug)]
pub struct ReplicaConfig {
    /// The chain.
    pub chain_id: ChainId,
    /// This validator's consensus key; none for an observer.
    pub local: Option<PublicKey>,
    /// How long consensus waits.
    pub timeouts: Timeouts,
    /// An idle network makes an empty block after this long, which shows that it is alive.
    pub heartbeat: DurationMs,
    /// A proposal whose time is farther than this from our clock is held back until a quorum has prevoted for it.
    pub clock_tolerance: DurationMs,
    /// How long to wait for a missing body or block before asking a peer for it.
    pub patience: DurationMs,
}
