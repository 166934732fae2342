//! The words of Karwan: identifiers, amounts, keys, hashes, heights, block headers, validator sets, certificates,
//! receipts and their verification, and the one byte encoding.
//!
//! What must hold: every word validates itself on the way in, so a decoded value is a valid one; one value has one byte
//! string; nothing here reads a clock, makes randomness or does I/O. This crate knows what things are called, not what
//! they mean: meaning is the ledger's business.

mod block;
mod certificate;
mod codec;
mod commitment;
mod hash;
mod identity;
mod keys;
mod merkle;
mod money;
mod outcome;
mod rate;
mod reasons;
mod receipt;
mod schema;
mod state_proof;
mod state_statement;
mod statement;
mod text;
mod time;
mod validators;

pub use block::*;
pub use certificate::*;
pub use codec::*;
pub use commitment::*;
pub use hash::{Hash, HashDomain, hash_of};
pub use identity::*;
pub use keys::*;
pub use merkle::*;
pub use money::*;
pub use outcome::*;
pub use rate::*;
pub use reasons::*;
pub use receipt::*;
pub use state_proof::*;
pub use state_statement::*;
pub use statement::*;
pub use text::WordError;
pub use time::*;
pub use validators::*;
