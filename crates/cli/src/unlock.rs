//! How a command opens key files: an identity file, a passphrase file, or a question on the terminal.

use crate::terminal;
use crate::words::random_seed;
use clap::Args;
use karwan_node::keystore::{KeyPurpose, Keystore, NewKey, Unlock};
use std::path::{Path, PathBuf};

/// Options of every command that opens or makes key files.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct UnlockArgs {
    /// Age identity that opens the key files, for commands that run unattended
    #[arg(
        long,
        value_name = "FILE",
        env = "KARWAN_IDENTITY_FILE",
        help_heading = "Keys",
        global = true
    )]
    pub(crate) identity: Option<PathBuf>,
    /// File with the passphrase of the key files; without this and --identity the terminal is asked
    #[arg(
        long,
        value_name = "FILE",
        env = "KARWAN_PASSPHRASE_FILE",
        help_heading = "Keys",
        global = true
    )]
    pub(crate) passphrase_file: Option<PathBuf>,
}

impl UnlockArgs {
    /// A keystore for keys that exist. `fallback` is the identity file to use when none was named.
    pub(crate) fn open(&self, fallback: Option<&Path>) -> anyhow::Result<Keystore> {
        let unlock = match self.named()? {
            Some(unlock) => unlock,
            None => match fallback {
                Some(path) => Unlock::identity_file(path)?,
                None => Unlock::passphrase(&terminal::ask_passphrase()?),
            },
        };
        Ok(Keystore::new(unlock))
    }

    /// A keystore for new keys; a passphrase is asked for twice. An identity file that does not exist is made.
    pub(crate) fn create(&self) -> anyhow::Result<Keystore> {
        if let Some(path) = self.identity.as_deref().filter(|path| !path.exists()) {
            return Ok(Keystore::new(Unlock::create_identity_file(path)?));
        }
        let unlock = match self.named()? {
            Some(unlock) => unlock,
            None => Unlock::passphrase(&terminal::choose_passphrase()?),
        };
        Ok(Keystore::new(unlock))
    }

    fn named(&self) -> anyhow::Result<Option<Unlock>> {
        if let Some(path) = &self.identity {
            return Ok(Some(Unlock::identity_file(path)?));
        }
        if let Some(path) = &self.passphrase_file {
            return Ok(Some(Unlock::passphrase_file(path)?));
        }
        Ok(None)
    }
}

/// A key from the system's randomness.
pub(crate) fn new_key(purpose: KeyPurpose) -> anyhow::Result<NewKey> {
    if purpose == KeyPurpose::Payload {
        return Ok(NewKey::payload());
    }
    Ok(NewKey::from_seed(purpose, &*random_seed()?))
}
