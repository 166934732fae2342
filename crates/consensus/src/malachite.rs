//! The only part of the crate that names malachite, the agreement core we drive as a synchronous library.
//!
//! Architecture Invariant: nothing outside this folder imports a malachite type, and nothing inside it is public. The rest
//! of the crate sees [`Core`]: our inputs in, our outputs out. So a change of the core's version, or of the core, is a
//! change of this folder, and neither the wire nor the log nor a stored certificate moves with it.

mod context;
mod convert;
mod core;
mod effects;
mod log;
mod replay;
mod verify;

pub use self::core::CurrentMessages;
pub(crate) use self::core::{Core, ROUNDS_AHEAD_MAX};
