//! A running validator or observer: the replica's owner, the network, the disk, the query index and the listeners, wired
//! together.
//!
//! What must hold: nobody is told "final" before the block is synced here; nothing waits for the index, a checkpoint or a
//! delivery; a failure that could make the node contradict itself ends the process.
//!
//! **Architecture invariant:** no rule of the ledger and no step of consensus is here. What a node adds to a replica is
//! sockets, files, threads and the clock.

mod backend;
mod causes;
mod clock;
mod config;
mod delivery;
mod derived;
pub mod gateway;
pub mod keystore;
mod listeners;
pub mod logging;
mod metrics;
mod node;
mod owner;
mod peers;
mod published;
mod queries;
mod recovery;
mod verified;
mod wire;

pub use config::{Config, ConfigError, ConfigFile, LogFormat, NodeRole, PeerEntry};
pub use node::{Node, StartError, run};
pub use recovery::{
    RecoveryError, create_signer, follow, open_block_log, read_frame, read_genesis, verify_block,
};
