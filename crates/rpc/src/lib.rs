//! JSON-RPC 2.0 over HTTP and WebSocket, the typed client for it, and who may read what.
//!
//! A request goes one way: connection → guard (host, token, size) → policy row → method → what the caller may see. The node
//! is behind two traits, [`Backend`] and [`Gateway`]; this crate knows no disk, no peers and no consensus.
//!
//! **Architecture invariants.** A method exists only as a row of the policy table. A token reads and never moves money. What a
//! caller may not see is answered exactly as what does not exist. Nothing is called final before the node says that it is
//! synced, and reads are complete up to the height they name.

mod admin;
mod backend;
mod books;
mod caller;
mod client;
mod clock;
mod connection;
mod context;
mod depth;
mod dispatch;
mod feed;
mod guard;
mod limits;
mod method;
mod methods;
mod openrpc;
mod policy;
mod problem;
mod reading;
mod server;
mod tally;
mod token;
mod view;

pub use admin::{AdminConfig, AdminServer};
pub use backend::{
    Backend, BackendError, DeliverAnswer, Found, Gateway, Health, HealthItem, Located, Lookup,
    NodeRole, NodeStatus, OutboxMessage, OutboxPlace, SealedMessage, Snapshot, SubmitAnswer,
};
pub use client::{Client, ClientError, Events};
pub use clock::Clock;
pub use limits::*;
pub use method::Method;
pub use methods::*;
pub use openrpc::document as openrpc_document;
pub use policy::{Access, PolicyRow, policy};
pub use problem::{Fault, Problem, ProblemKind};
pub use server::{Exposure, ServeError, Server, ServerConfig};
pub use token::{AccessKey, Bearer, Claims, Scopes, TokenProvider};
pub use view::*;
