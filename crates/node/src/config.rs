//! A node's own settings: `node.toml`. What all validators must agree on is in the genesis file, not here.
//!
//! [`ConfigFile`] is what stands in the file, every key optional but the role; [`Config`] is what was checked once and is
//! used. Unknown keys are refused, so that a misspelt one is never silently ignored.

use karwan_consensus::{TimeoutLength, Timeouts};
use karwan_types::{DurationMs, Lei, PublicKey};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Whether a node votes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NodeRole {
    /// Proposes and votes.
    Validator,
    /// Follows, answers queries and takes in transactions, without voting.
    Observer,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines, one object a line.
    Json,
}

/// A node that this one talks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PeerEntry {
    /// The public key of its peer identity.
    pub key: PublicKey,
    /// Where to dial it; none for a node that only dials us.
    pub address: Option<SocketAddr>,
    /// Whether it votes.
    pub role: NodeRole,
}

/// What stands in `node.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConfigFile {
    /// Whether this node votes.
    pub role: NodeRole,
    /// Where peers connect.
    pub listen: SocketAddr,
    /// Where clients connect. Loopback: off loopback there must be a TLS terminator in front.
    pub rpc_listen: SocketAddr,
    /// Where health and metrics are read.
    pub admin_listen: SocketAddr,
    /// Further host names under which clients reach the RPC listener.
    pub rpc_hosts: Vec<String>,
    /// The most RPC connections at a time.
    pub rpc_connections_max: u32,
    /// The other nodes.
    pub peers: Vec<PeerEntry>,
    /// The institutions whose message outbox this node keeps, by LEI.
    pub institutions: Vec<Lei>,
    /// How log lines look.
    pub log_format: LogFormat,
    /// Which log lines are written, for example `info` or `info,karwan_networking=debug`.
    pub log_level: String,
    /// An idle network makes an empty block after this long.
    pub heartbeat_ms: u64,
    /// How long to wait for a proposal in the first round.
    pub propose_timeout_ms: u64,
    /// How long to wait for agreement among votes in the first round.
    pub vote_timeout_ms: u64,
    /// A proposal whose time is farther than this from our clock is held back.
    pub clock_tolerance_ms: u64,
    /// How long to wait for something missing before asking for it.
    pub patience_ms: u64,
    /// A checkpoint of the state is written after this many blocks.
    pub checkpoint_blocks: u64,
}

impl Default for ConfigFile {
    fn default() -> Self {
        Self {
            role: NodeRole::Validator,
            listen: SocketAddr::from(([0, 0, 0, 0], 7400)),
            rpc_listen: SocketAddr::from(([127, 0, 0, 1], 7401)),
            admin_listen: SocketAddr::from(([127, 0, 0, 1], 7402)),
            rpc_hosts: Vec::new(),
            rpc_connections_max: 200,
            peers: Vec::new(),
            institutions: Vec::new(),
            log_format: LogFormat::Text,
            log_level: "info".to_owned(),
            heartbeat_ms: 10_000,
            propose_timeout_ms: 1_000,
            vote_timeout_ms: 500,
            clock_tolerance_ms: 5_000,
            patience_ms: 250,
            checkpoint_blocks: 1_000,
        }
    }
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file is not what it should be.
    #[error("{path}: {problem}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong, with its line.
        problem: String,
    },
    /// A value that cannot be used.
    #[error("{key} {rule}")]
    Value {
        /// The key.
        key: &'static str,
        /// The rule it breaks.
        rule: &'static str,
    },
}

/// A checked configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// The node's directory.
    pub home: PathBuf,
    /// What the file says.
    pub file: ConfigFile,
}

impl Config {
    /// Reads and checks `HOME/node.toml`.
    ///
    /// # Errors
    /// `ConfigError` names the file or key and what is wrong with it.
    pub fn read(home: &Path) -> Result<Self, ConfigError> {
        let path = home.join("node.toml");
        let text = std::fs::read_to_string(&path).map_err(|source| ConfigError::Read {
            path: path.clone(),
            source,
        })?;
        let file = toml::from_str(&text).map_err(|error| ConfigError::Malformed {
            path,
            problem: error.to_string(),
        })?;
        Self::new(home, file)
    }
    /// Checks settings.
    ///
    /// # Errors
    /// `ConfigError::Value` names the key and the rule it breaks.
    pub fn new(home: &Path, file: ConfigFile) -> Result<Self, ConfigError> {
        let value = |key, rule| Err(ConfigError::Value { key, rule });
        if !file.rpc_listen.ip().is_loopback() {
            return value(
                "rpc_listen",
                "must be a loopback address; put a TLS terminator in front for others",
            );
        }
        if !file.admin_listen.ip().is_loopback() {
            return value(
                "admin_listen",
                "must be a loopback address; let a collector on this machine pass metrics on",
            );
        }
        if file.heartbeat_ms < 100
            || file.propose_timeout_ms < 10
            || file.vote_timeout_ms < 10
            || file.patience_ms < 10
        {
            return value(
                "heartbeat_ms, propose_timeout_ms, vote_timeout_ms or patience_ms",
                "is too short",
            );
        }
        if file.checkpoint_blocks == 0 {
            return value("checkpoint_blocks", "must be at least 1");
        }
        Ok(Self {
            home: home.to_owned(),
            file,
        })
    }
    /// Where blocks, log, checkpoints and indices are.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.home.join("data")
    }
    /// How long consensus waits; every further round waits half as long again.
    #[must_use]
    pub fn timeouts(&self) -> Timeouts {
        let length = |millis: u64| TimeoutLength {
            first: DurationMs::from_millis(millis),
            increase: DurationMs::from_millis(millis / 2),
        };
        Timeouts {
            propose: length(self.file.propose_timeout_ms),
            prevote: length(self.file.vote_timeout_ms),
            precommit: length(self.file.vote_timeout_ms),
            rebroadcast: length(self.file.propose_timeout_ms.saturating_mul(2)),
        }
    }
}
