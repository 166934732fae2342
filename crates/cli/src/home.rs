//! The directory of a node, as `karwan init` and `karwan devnet` prepare it and `karwan node start` finds it.

use crate::files;
use crate::unlock::new_key;
use anyhow::{Context, bail};
use karwan_ledger::Genesis;
use karwan_node::keystore::{KeyPurpose, Keystore, PublicPart, public_path, secret_path};
use karwan_node::{Config, NodeRole, create_signer};
use karwan_storage::StorageError;
use karwan_types::{Height, PublicKey};
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

    /// Says that the validator key has never signed: made with the key, gone before the key is first used. Not among the
    /// keys, so that no copy of those brings it back.
    fn never_signed(&self) -> PathBuf {
        self.0.join("validator.never-signed")
    }

    /// Makes the keys that are missing.
    pub(crate) fn make_keys(&self, keystore: &Keystore) -> anyhow::Result<HomeKeys> {
        if !secret_path(&self.keys(), VALIDATOR).exists() {
            std::fs::create_dir_all(&self.0)
                .with_context(|| format!("cannot make {}", self.0.display()))?;
            files::replace(&self.never_signed(), b"")?;
        }
        let key = |name, purpose| -> anyhow::Result<PublicKey> {
            let (secret, public) = (
                secret_path(&self.keys(), name),
                public_path(&self.keys(), name),
            );
            let public = if secret.exists() {
                PublicPart::read(&public)?
            } else {
                // Without its secret it is what an attempt that was cut short left behind.
                if public.exists() {
                    std::fs::remove_file(&public)
                        .with_context(|| format!("cannot remove {}", public.display()))?;
                }
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
    /// there already is refused. A watermark is made for a key that has never signed, and for another one only above the
    /// height that the operator vouches for: a lost watermark is never made up.
    pub(crate) fn join(
        &self,
        genesis: &Genesis,
        keys: &HomeKeys,
        signs_above: Option<Height>,
    ) -> anyhow::Result<()> {
        let toml = genesis.to_toml()?;
        let path = self.genesis();
        let present = std::fs::read(&path).ok();
        if present
            .as_ref()
            .is_some_and(|present| present != toml.as_bytes())
        {
            bail!(
                "{} holds another genesis; a node never changes its chain",
                path.display()
            );
        }
        let config = Config::read(&self.0)?;
        if config.file.role == NodeRole::Validator {
            self.make_signer(&config, genesis, keys, signs_above)?;
        }
        if present.is_none() {
            files::replace(&path, toml.as_bytes())?;
        }
        Ok(())
    }

    fn make_signer(
        &self,
        config: &Config,
        genesis: &Genesis,
        keys: &HomeKeys,
        signs_above: Option<Height>,
    ) -> anyhow::Result<()> {
        let fresh = self.never_signed().exists();
        let above = match (fresh, signs_above) {
            (true, _) => Height::GENESIS,
            (false, Some(height)) => height,
            (false, None) if config.data().join("signer").exists() => return Ok(()),
            (false, None) => bail!(
                "this validator key may have signed before and its watermark is missing, so it could contradict itself; \
                 restore HOME/data/signer, make a new key, or give --signs-above HEIGHT with a height above everything \
                 that the key has signed (the other validators' last height and two more)"
            ),
        };
        if fresh {
            // Gone first: an attempt that is cut short after this asks for --signs-above and guesses nothing.
            std::fs::remove_file(self.never_signed())
                .context("cannot remove the mark of a new key")?;
        }
        match create_signer(config, genesis.chain_id, &keys.validator, above) {
            Ok(()) | Err(StorageError::SignerExists { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
