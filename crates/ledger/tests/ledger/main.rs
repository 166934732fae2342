//! The ledger's contract, from outside: its rules in the reader's words, the invariants of the semantics after every block, random
//! sequences against a naive model, and the bytes that may not change unnoticed.

#![expect(clippy::unwrap_used, reason = "a failing test should panic")]
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a test names what it wants, and panics with whatever else it is given"
)]

mod crashes;
mod cycle_time;
mod golden;
mod invariants;
mod model;
mod queue_properties;
mod rules;
mod support;
