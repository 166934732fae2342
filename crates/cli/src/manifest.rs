//! The development network's directory: who runs in it, where, and the files that commands need.
//!
//! `DIR/devnet.json` names validators with their addresses and institutions with the prefix of their key files. Genesis, keys,
//! node directories and receipts have fixed names beside it. Nothing here starts or stops a process.

use crate::files;
use crate::home::Home;
use anyhow::Context;
use karwan_types::Lei;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// The name of the manifest's format.
const FORMAT: &str = "karwan-devnet/1";
/// The largest manifest, in bytes.
const MANIFEST_BYTES_MAX: usize = 1 << 20;

/// What stands in `devnet.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    format: String,
    validators: Vec<DevnetNode>,
    institutions: Vec<Institution>,
}

/// A validator of the development network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DevnetNode {
    /// For example `pk`.
    pub(crate) name: String,
    /// Where peers connect.
    pub(crate) listen: SocketAddr,
    /// Where clients connect.
    pub(crate) rpc: SocketAddr,
    /// Where health and metrics are read.
    pub(crate) admin: SocketAddr,
}

/// An institution of the development network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Institution {
    /// What its key files begin with, for example `indus`.
    pub(crate) prefix: String,
    /// Its name.
    pub(crate) name: String,
    /// Its LEI.
    pub(crate) lei: Lei,
    /// Every way in which messages name it.
    pub(crate) agents: Vec<String>,
    /// The validator that it talks to and that keeps its outbox.
    pub(crate) served_by: String,
}

/// A development network's directory and what its manifest says.
#[derive(Clone, Debug)]
pub(crate) struct Devnet {
    directory: PathBuf,
    pub(crate) validators: Vec<DevnetNode>,
    pub(crate) institutions: Vec<Institution>,
}

impl Devnet {
    /// A new network; nothing is written.
    pub(crate) fn new(
        directory: PathBuf,
        validators: Vec<DevnetNode>,
        institutions: Vec<Institution>,
    ) -> Self {
        Self {
            directory,
            validators,
            institutions,
        }
    }

    /// The network in a directory; none where there is no manifest.
    pub(crate) fn find(directory: &Path) -> anyhow::Result<Option<Self>> {
        let path = directory.join("devnet.json");
        if !path.exists() {
            return Ok(None);
        }
        let text = files::read_text(&path, MANIFEST_BYTES_MAX)?;
        let manifest: Manifest =
            serde_json::from_str(&text).with_context(|| path.display().to_string())?;
        anyhow::ensure!(
            manifest.format == FORMAT,
            "{} has format \"{}\", this program reads {FORMAT}; start again with karwan devnet up --fresh",
            path.display(),
            manifest.format
        );
        Ok(Some(Self::new(
            directory.to_owned(),
            manifest.validators,
            manifest.institutions,
        )))
    }

    /// The network in a directory.
    pub(crate) fn open(directory: &Path) -> anyhow::Result<Self> {
        Self::find(directory)?.with_context(|| {
            format!(
                "there is no development network in {}; start one with karwan devnet up",
                directory.display()
            )
        })
    }

    /// Writes the manifest: from then on the network exists.
    pub(crate) fn save(&self) -> anyhow::Result<()> {
        let manifest = Manifest {
            format: FORMAT.to_owned(),
            validators: self.validators.clone(),
            institutions: self.institutions.clone(),
        };
        let text = crate::output::json_text(&manifest);
        files::replace(&self.directory.join("devnet.json"), text.as_bytes())
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }
    pub(crate) fn genesis(&self) -> PathBuf {
        self.directory.join("genesis.toml")
    }
    /// The age identity that opens every key file of the network, validators' too.
    pub(crate) fn identity(&self) -> PathBuf {
        self.directory.join("identity.txt")
    }
    pub(crate) fn keys(&self) -> PathBuf {
        self.directory.join("keys")
    }
    pub(crate) fn receipts(&self) -> PathBuf {
        self.directory.join("receipts")
    }
    pub(crate) fn home(&self, node: &DevnetNode) -> Home {
        Home::new(self.directory.join("nodes").join(&node.name))
    }
    pub(crate) fn log(&self, node: &DevnetNode) -> PathBuf {
        self.home(node).path().join("log")
    }

    /// The WebSocket address of the validator that serves whoever's keys begin with `name`; the first one for others.
    pub(crate) fn url(&self, name: Option<&str>) -> anyhow::Result<String> {
        let institution = self
            .institutions
            .iter()
            .find(|one| Some(one.prefix.as_str()) == name);
        let node = match institution {
            Some(institution) => self.node(&institution.served_by)?,
            None => self
                .validators
                .first()
                .context("the development network has no validators")?,
        };
        Ok(format!("ws://{}", node.rpc))
    }

    /// The validator called `name`.
    pub(crate) fn node(&self, name: &str) -> anyhow::Result<&DevnetNode> {
        let known = || {
            let names: Vec<&str> = self
                .validators
                .iter()
                .map(|one| one.name.as_str())
                .collect();
            format!(
                "there is no validator called {name}; there are {}",
                names.join(", ")
            )
        };
        self.validators
            .iter()
            .find(|node| node.name.eq_ignore_ascii_case(name))
            .with_context(known)
    }
}
