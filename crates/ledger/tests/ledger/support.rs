//! A test network that reads like a clearing house's own words: institutions by name, money as `10 PKR`, and one driver
//! that builds every block as a proposer does and executes it again as a validator does.

mod backlog;
mod chain;
mod instructions;
mod network;
mod words;

pub(crate) use backlog::Backlog;
pub(crate) use chain::{Chain, say};
pub(crate) use instructions::*;
pub(crate) use network::*;
pub(crate) use words::*;
