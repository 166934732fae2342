//! The directory of a node, as `karwan init` and `karwan devnet` prepare it and `karwan node start` finds it.

use crate::files;
use crate::unlock::new_key;
use anyhow::bail;
use karwan_ledger::Genesis;
use karwan_node::keystore::{KeyPurpose, Keystore, PublicPart, public_path, secret_path};
use karwan_node::{Config, NodeRole, create_signer};
use karwan_storage::StorageError;
use karwan_types::PublicKey;
use std::path::{Path, PathBuf};

/// The commented settings, equal to the defaults.
pub(crate) const NODE_TOML: &str = include_str!("../../../node-config/node.toml");

const KEYS: &str = "keys";
const VALIDATOR: &str = "validator";
const PEER: &str = "peer";

/// A node's directory.
#[derive(Clone, Debug)]
pub(crate) struct Home(PathBuf);

/// The public keys of a node.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HomeKeys {
    /// Signs votes; an observer has one too, for the day when it becomes a validator.
    pub(crate) validator: PublicKey,
    /// Names the node to its peers.
    pub(crate) peer: PublicKey,
}

impl Home {
    pub(crate) fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
    pub(crate) fn settings(&self) -> PathBuf {
        self.0.join("node.toml")
    }
    pub(crate) fn genesis(&self) -> PathBuf {
        self.0.join("genesis.toml")
    }
    fn keys(&self) -> PathBuf {
        self.0.join(KEYS)
    }

    /// Makes the keys that are missing.
    pub(crate) fn make_keys(&self, keystore: &Keystore) -> anyhow::Result<HomeKeys> {
        let key = |name, purpose| -> anyhow::Result<PublicKey> {
            let public = if secret_path(&self.keys(), name).exists() {
                PublicPart::read(&public_path(&self.keys(), name))?
            } else {
                keystore.create(&self.keys(), name, &new_key(purpose)?)?
            };
            public
                .key()
                .filter(|_| public.purpose == purpose)
                .ok_or_else(|| anyhow::anyhow!("{name}.pub is not of a {purpose} key"))
        };
        Ok(HomeKeys {
            validator: key(VALIDATOR, KeyPurpose::Validator)?,
            peer: key(PEER, KeyPurpose::Peer)?,
        })
    }

    /// Joins the chain of a genesis file: makes the signer's watermark, then puts the file there. Another genesis that is
    /// there already is refused, and a watermark is made at this moment only, so that one that was lost is never made up.
    pub(crate) fn join(&self, genesis: &Genesis, keys: &HomeKeys) -> anyhow::Result<()> {
        let toml = genesis.to_toml()?;
        let path = self.genesis();
        match std::fs::read(&path) {
            Ok(present) if present == toml.as_bytes() => return Ok(()),
            Ok(_) => bail!(
                "{} holds another genesis; a node never changes its chain",
                path.display()
            ),
            Err(_) => {}
        }
        let config = Config::read(&self.0)?;
        match config.file.role {
            NodeRole::Validator => {
                match create_signer(&config, genesis.chain_id, &keys.validator) {
                    // An earlier attempt was cut short before it wrote the genesis file, without which no node starts.
                    Ok(()) | Err(StorageError::SignerExists { .. }) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            NodeRole::Observer => {}
        }
        files::write_new(&path, toml.as_bytes())
    }
}
