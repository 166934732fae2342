//! Scenarios: small stories about the ledger in TOML (given, when, then), performed on the ledger alone or on a network.
//!
//! [`document`] reads a file, [`given`] makes the genesis that it begins from, [`performance`] does its steps one by one on a
//! [`chain::Chain`] and compares what comes with what is expected. Keys and references follow from their names, so that a
//! scenario on the ledger alone gives the same bytes every time.
//!
//! **Invariant**: no kind of instruction is named here but the one that approves others, so that a new kind needs no line here.

pub(crate) mod alone;
pub(crate) mod cast;
pub(crate) mod chain;
pub(crate) mod document;
mod expected;
pub(crate) mod given;
mod keys;
mod ledger_view;
mod merge;
pub(crate) mod network;
pub(crate) mod performance;
#[cfg(test)]
mod tests;
mod words;
