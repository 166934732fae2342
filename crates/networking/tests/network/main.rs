//! Real nodes on loopback, and strangers that try to get in.
//!
//! Nothing here sleeps for luck: every wait is for a condition, with a deadline that fails the test.

#![expect(clippy::unwrap_used, reason = "a failing test should panic")]

mod admission;
mod exchange;
mod harness;
mod limits;
mod raw_peer;
