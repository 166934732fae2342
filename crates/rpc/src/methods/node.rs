//! The node itself: how it does, and what it speaks.

use super::AsOfParams;
use crate::backend::NodeRole;
use crate::method::{Method, Read};
use crate::openrpc;
use crate::problem::Problem;
use crate::reading::Reading;
use crate::view::View;
use karwan_types::PublicKey;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `node.status`
#[derive(Debug)]
pub struct NodeStatusGet;

/// How the node does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NodeAnswer {
    /// `validator` or `observer`.
    pub role: String,
    /// The node's key, which a token may name.
    pub key: View<PublicKey>,
    /// The last final height.
    pub height: u64,
    /// The round in which the next height is being decided.
    pub round: u32,
    /// Peers connected.
    pub peers_connected: u32,
    /// Peers listed.
    pub peers_configured: u32,
    /// Transactions that wait for a block.
    pub mempool_transactions: u64,
    /// Whether the node fetches blocks that others have already.
    pub syncing: bool,
    /// The program's version.
    pub version: String,
}

impl Method for NodeStatusGet {
    const NAME: &'static str = "node.status";
    type Params = AsOfParams;
    type Answer = NodeAnswer;
}

impl Read for NodeStatusGet {
    fn at_least(params: &AsOfParams) -> Option<u64> {
        params.at_least_height
    }
    fn read(reading: &Reading, _params: AsOfParams) -> Result<NodeAnswer, Problem> {
        let status = reading.backend().status();
        let role = match status.role {
            NodeRole::Validator => "validator",
            NodeRole::Observer => "observer",
        };
        Ok(NodeAnswer {
            role: role.to_owned(),
            key: View(status.key),
            height: status.height.get(),
            round: status.round.get(),
            peers_connected: status.peers_connected,
            peers_configured: status.peers_configured,
            mempool_transactions: status.mempool_transactions,
            syncing: status.syncing,
            version: status.version,
        })
    }
}

/// `rpc.discover`
#[derive(Debug)]
pub struct RpcDiscover;

impl Method for RpcDiscover {
    const NAME: &'static str = "rpc.discover";
    type Params = AsOfParams;
    type Answer = serde_json::Value;
}

impl Read for RpcDiscover {
    fn at_least(_params: &AsOfParams) -> Option<u64> {
        None
    }
    fn read(_reading: &Reading, _params: AsOfParams) -> Result<serde_json::Value, Problem> {
        Ok(openrpc::document().clone())
    }
}
