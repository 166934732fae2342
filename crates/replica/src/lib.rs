//! One validator, or observer, as a value: mempool, proposer, consensus and ledger behind one function.
//!
//! [`Replica::step`] takes the time, one event and the signing hand, and returns what is to be done, in order. The owner
//! performs the actions one after the other before it steps again: store a block, send, set a timer. Because a step is
//! synchronous and the list is ordered, "stored before told" and "synced before sent" are properties of the list.
//!
//! **Architecture invariant:** this is what production runs and what the simulator tests; there is no second path. It has
//! no clock, thread, socket or file; it reaches the consensus log and the key through `Signer` only.
//!
//! # How to drive it
//! - Make it with [`Replica::recover`] from the state after the last stored block and the consensus log's entries.
//! - Perform actions in order. [`Action::Commit`] means: append the frame to the block log and sync it, tell the consensus
//!   log that the height is stored, publish the state, then step with [`Event::Committed`].
//! - Feed what peers send after decoding: [`PeerMessage`] for everything but bodies and transactions, which are checked
//!   in parallel outside ([`CheckedBody::check`], `VerifiedTransaction::from_encoded`).
//! - Answer [`PeerMessage::FramesWanted`] from the block log; the replica does not read it.

mod body;
mod config;
mod event;
mod following;
mod mempool;
mod replica;
mod voting;

pub use body::CheckedBody;
pub use config::ReplicaConfig;
pub use event::{
    Action, Event, Note, PEER_MESSAGE_BYTES_MAX, PeerMessage, PeerMessageError, Recipient,
    SubmitAnswer, Timer,
};
pub use following::FRAMES_PER_REQUEST_MAX;
pub use mempool::{MEMPOOL_BYTES_MAX, MEMPOOL_TRANSACTIONS_MAX};
pub use replica::{Replica, Tip};
