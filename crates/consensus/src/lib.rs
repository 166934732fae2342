//! How validators agree on the next block hash: a sans-IO engine that knows no transactions.
//!
//! What must hold: no two honest validators decide different hashes at a height while less than one third of the power is
//! Byzantine (S1), and a validator never signs two messages for one height, round and step, whatever crashes (G1). The
//! engine is synchronous and deterministic: the same inputs and the same signer give the same outputs. It has no clock, no
//! threads and no disk; it reaches the log and the key through [`Signer`], and everything else by its outputs.
//!
//! # How to drive it
//! - **Begin**: `Engine::new(config, H, validators of H)` after the last stored block H-1. If the log holds engine entries
//!   of H, call [`Engine::recover`] with them, having the logged bodies at hand, since a `Decided` may come out at once;
//!   else feed [`Input::StartHeight`] when there is something to do: a transaction, [`Output::HeightBegun`], or the
//!   heartbeat.
//! - **Propose**: [`Output::BuildBlock`] -> build and execute; append the body to the log ([`LogEntry::Body`]); feed
//!   [`Input::Proposed`]; send the body, in this order.
//! - **Judge**: [`Output::ValidateBlock`] -> when the body is here (it may have come first), execute it; append it to the
//!   log; feed [`Input::Validated`]. A block whose time is too far from our clock is held back, and judged without regard
//!   to the clock once [`Engine::has_quorum`].
//! - **Decide**: [`Output::Decided`] is the last word of a height. Store the frame, sync it, then truncate the log up to
//!   that height; then start the next height when there is a reason to.
//! - **Fall behind**: when a block with a certificate comes from a peer, execute it, feed [`Input::Synced`], and treat the
//!   `Decided` that follows as any other.
//! - **Reconnect**: send [`Engine::messages_for_reconnect`] to the peer, with the body it names.

mod certificate;
mod engine;
mod entry;
mod evidence;
mod future;
mod interface;
mod malachite;
mod message;
mod signer;
mod timeout;

pub use certificate::{
    PolkaCertificate, RoundCertificate, RoundCertificateKind, RoundSignature, VotesError,
};
pub use engine::Engine;
pub use entry::EngineEntry;
pub use evidence::{Evidence, EvidenceError};
pub use future::{
    FUTURE_HEIGHTS_MAX, FUTURE_MESSAGES_PER_VALIDATOR_MAX, FUTURE_STRANGER_MESSAGES_MAX,
};
pub use interface::{EngineConfig, IgnoredReason, Input, Output};
pub use malachite::CurrentMessages;
pub use message::{
    CONSENSUS_MESSAGE_BYTES_MAX, ConsensusMessage, MessageError, Proposal, ROUND_MAX, Vote,
};
pub use signer::{Admission, LogEntry, SignRequest, Signer, SignerError, Step, Watermark};
pub use timeout::{Timeout, TimeoutKind, TimeoutLength, Timeouts};

#[cfg(test)]
mod cluster;
