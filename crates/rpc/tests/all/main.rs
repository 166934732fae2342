//! The server as callers meet it: over real sockets on loopback, before a ledger in memory that makes real blocks.
//!
//! Nothing here sleeps for luck: every wait is for a condition, with a deadline that fails the test.

#![expect(clippy::unwrap_used, reason = "a failing test should panic")]
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a test names what it wants, and panics with whatever else it is given"
)]

mod admin;
mod client;
mod events;
mod fake;
mod gateway;
mod http;
mod law;
mod limits;
mod openrpc;
mod policy;
mod reads;
mod statements;
mod submit;
mod tokens;
mod world;
