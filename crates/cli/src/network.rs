//! How a command reaches a node and the keys of whom it acts for: flag, then environment, then the development network in
//! this directory.
//!
//! What is signed names the chain of a genesis file on this side, never what a node says that its chain is.

use crate::commands::genesis::read_genesis;
use crate::exit::{Ends, Exit, Failure};
use crate::manifest::Devnet;
use crate::unlock::UnlockArgs;
use anyhow::Context;
use clap::Args;
use karwan_ledger::Genesis;
use karwan_node::keystore::{KeyPurpose, Keystore, secret_path};
use karwan_rpc::{AccessKey, Client, ClientError, Clock, Scopes};
use karwan_types::SecretKey;
use std::future::Future;
use std::path::PathBuf;

/// Which network.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Network")]
pub(crate) struct NetworkArgs {
    /// The node to talk to; on the development network the one that serves --as NAME when left out
    #[arg(long, value_name = "HOST:PORT", env = "KARWAN_NODE", global = true)]
    pub(crate) node: Option<String>,
    /// The genesis file of the network; that of the development network when left out
    #[arg(long, value_name = "FILE", env = "KARWAN_GENESIS", global = true)]
    genesis: Option<PathBuf>,
    /// The directory of the development network
    #[arg(
        long,
        value_name = "DIR",
        env = "KARWAN_DEVNET",
        default_value = ".devnet",
        global = true
    )]
    pub(crate) devnet: PathBuf,
}

/// Whose keys.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Keys")]
pub(crate) struct WhoArgs {
    /// Who acts: what the names of its key files begin with, for example indus for indus-maker and indus-access
    #[arg(long = "as", value_name = "NAME", env = "KARWAN_AS", global = true)]
    pub(crate) name: Option<String>,
    /// The directory with the key files
    #[arg(long, value_name = "DIR", env = "KARWAN_KEYS", global = true)]
    keys: Option<PathBuf>,
    #[command(flatten)]
    unlock: UnlockArgs,
}

impl NetworkArgs {
    pub(crate) fn devnet(&self) -> anyhow::Result<Option<Devnet>> {
        Devnet::find(&self.devnet)
    }

    pub(crate) fn genesis(&self) -> anyhow::Result<Genesis> {
        if let Some(path) = &self.genesis {
            return read_genesis(path);
        }
        let devnet = self.devnet()?.context(
            "the network's genesis file is needed; give --genesis FILE, or run where a development network is",
        )?;
        read_genesis(&devnet.genesis())
    }

    /// The WebSocket address of the node: on the development network the one that serves whoever acts.
    pub(crate) fn url(&self, who: Option<&str>) -> anyhow::Result<String> {
        if let Some(node) = &self.node {
            let address = node
                .trim_start_matches("ws://")
                .trim_start_matches("http://")
                .trim_end_matches('/');
            return Ok(format!("ws://{address}"));
        }
        let devnet = self.devnet()?.context(
            "a node is needed; give --node HOST:PORT, or run where a development network is",
        )?;
        devnet.url(who)
    }
}

impl WhoArgs {
    pub(crate) fn name(&self) -> anyhow::Result<&str> {
        self.name
            .as_deref()
            .context("whose instruction is it? Give --as NAME, for example --as indus")
    }

    /// The keys of whom the command acts for.
    pub(crate) fn keys(&self, network: &NetworkArgs) -> anyhow::Result<Keys> {
        let devnet = network.devnet()?;
        let directory = match (&self.keys, &devnet) {
            (Some(directory), _) => directory.clone(),
            (None, Some(devnet)) => devnet.keys(),
            (None, None) => PathBuf::from("keys"),
        };
        let identity = devnet.map(|devnet| devnet.identity());
        let keystore = self.unlock.open(identity.as_deref())?;
        Ok(Keys {
            keystore,
            directory,
        })
    }
}

/// A directory of key files and what opens them.
pub(crate) struct Keys {
    keystore: Keystore,
    directory: PathBuf,
}

impl Keys {
    pub(crate) fn new(keystore: Keystore, directory: PathBuf) -> Self {
        Self {
            keystore,
            directory,
        }
    }
    /// The signing key called `name`.
    pub(crate) fn signer(&self, name: &str) -> anyhow::Result<SecretKey> {
        let (_, secret) = self
            .keystore
            .open_signer(&secret_path(&self.directory, name))?;
        Ok(secret)
    }
    /// The access key of an institution.
    pub(crate) fn access(&self, name: &str) -> anyhow::Result<SecretKey> {
        // A supervisor's one key is named as the supervisor is.
        let named = secret_path(&self.directory, &format!("{name}-access"));
        let own = secret_path(&self.directory, name);
        let path = if !named.exists() && own.exists() {
            own
        } else {
            named
        };
        Ok(self.keystore.open_secret(&path, KeyPurpose::Access)?)
    }
    /// The secret from which an institution salts its commitments.
    pub(crate) fn commitment(&self, name: &str) -> anyhow::Result<karwan_types::CommitmentSecret> {
        let path = secret_path(&self.directory, &format!("{name}-commitment"));
        Ok(self.keystore.open_commitment(&path)?)
    }
    /// The identity that opens the messages delivered to an institution.
    pub(crate) fn payload(&self, name: &str) -> anyhow::Result<age::x25519::Identity> {
        let path = secret_path(&self.directory, &format!("{name}-payload"));
        Ok(self.keystore.open_payload(&path)?)
    }
}

/// Connects to a node, with a token of `access` where one is given. The token reads, and does nothing else.
pub(crate) async fn connect(
    url: &str,
    access: Option<SecretKey>,
    genesis: &Genesis,
) -> Result<Client, Failure> {
    connect_with(url, access, Scopes::READ, genesis).await
}

/// Connects to the node that keeps an institution's messages, with a token that reaches them.
pub(crate) async fn connect_gateway(
    url: &str,
    access: SecretKey,
    genesis: &Genesis,
) -> Result<Client, Failure> {
    connect_with(url, Some(access), Scopes::ALL, genesis).await
}

async fn connect_with(
    url: &str,
    access: Option<SecretKey>,
    scopes: Scopes,
    genesis: &Genesis,
) -> Result<Client, Failure> {
    let access = access.map(|key| AccessKey {
        key,
        chain: genesis.chain_id,
        scopes,
        clock: Clock::system(),
    });
    let provider = access
        .as_ref()
        .map(|key| key as &dyn karwan_rpc::TokenProvider);
    Client::connect(url, provider).await.map_err(refused)
}

/// A client's error with its exit code.
pub(crate) fn refused(error: ClientError) -> Failure {
    let exit = match &error {
        ClientError::Problem(problem) if problem.name == "TIMED_OUT" => Exit::Unknown,
        ClientError::Problem(_) | ClientError::Refused { .. } => Exit::Negative,
        ClientError::TimedOut => Exit::Unknown,
        ClientError::Unreachable(_) | ClientError::Malformed(_) => Exit::Unreachable,
    };
    Err::<(), _>(error)
        .ends(exit)
        .expect_err("an error was given")
}

/// Runs a command that talks to a node.
pub(crate) fn run<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the system gives no event queue")?;
    runtime.block_on(work)
}
