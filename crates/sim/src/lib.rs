//! Many replicas, one thread, one seed: virtual time, faulty network, faulty disks, traitors.
//!
//! A seed chooses everything: how many validators and with how much power, the delays, the faults and their moments, the
//! traitor, the clients and what they ask for. The nodes run the production code: `Replica`, the block log, the consensus
//! log and the signer with its watermark over [`karwan_storage::memory::MemoryDisk`], the ledger, and real signatures. What
//! stands in for production here is the owner of the replica (threads, sockets and clocks): see `node` and `network`.
//!
//! After every event the monitor compares what happened with what is promised: agreement, conservation, no double
//! signature, nothing acknowledged is lost. At the end everything heals, and everything must become final.
//!
//! Two short cuts, both documented where they are: the fact that the signatures of a transaction verify is shared by all
//! nodes (it is the same fact on each), and the conservation of money is checked once for each different state.
//!
//! **Architecture invariant:** the same seed gives the same history. Nothing here reads a clock, and no map iterates in an
//! order that is not its keys'.

mod chaos;
mod clients;
mod clock;
mod digest;
mod disk;
mod forger;
mod guard;
mod hand;
mod liveness;
mod monitor;
mod network;
mod node;
mod perform;
mod plan;
mod run;
mod schedule;
mod statistics;
mod town;
mod workload;
mod world;

pub use monitor::Violation;
pub use plan::{Choices, Plan, Sabotage};
pub use run::{Failure, Finished, replay, run_many, run_seed};
pub use statistics::Statistics;
