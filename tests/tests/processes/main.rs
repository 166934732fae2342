//! Real processes, real sockets, real disks: what a network of `karwan` programs keeps through kills, restarts, lost indices
//! and strangers. Each test runs a network of its own on free ports, one test at a time, and leaves nothing behind.

#![expect(clippy::unwrap_used, reason = "a failing test should panic")]

mod commands;
mod devnet;
mod faults;
mod joining;
mod load;
mod recalls;
mod rulebook;
mod scenarios;
mod statements;
