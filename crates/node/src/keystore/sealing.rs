//! How key files are sealed and opened: to a passphrase that a person types, or to the identity of an unattended node.

use super::error::KeystoreError;
use super::private_file::{create_private, read_private};
use super::{KEY_FILE_BYTES_MAX, content::text_of};
use age::secrecy::{ExposeSecret, SecretString};
use age::{DecryptError, Decryptor, Encryptor, x25519};
use core::fmt;
use std::io::{Read, Write};
use std::path::Path;
use zeroize::Zeroizing;

/// What opens key files.
pub enum Unlock {
    /// A passphrase, stretched by scrypt: about a second for each file.
    Passphrase(SecretString),
    /// An age X25519 identity: at once, for nodes that start without a person.
    Identity(Box<x25519::Identity>),
}

impl Unlock {
    /// A passphrase that a person typed.
    #[must_use]
    pub fn passphrase(text: &str) -> Self {
        Self::Passphrase(SecretString::from(text.to_owned()))
    }

    /// The passphrase in a private file, without the line feed at its end.
    ///
    /// # Errors
    /// `KeystoreError` when the file cannot be read, may be read by others, or holds no text.
    pub fn passphrase_file(path: &Path) -> Result<Self, KeystoreError> {
        let bytes = read_private(path)?;
        let text = text_of(&bytes).map_err(|problem| KeystoreError::Content {
            path: path.to_owned(),
            problem,
        })?;
        let line = text.trim_end_matches(['\n', '\r']);
        if line.is_empty() {
            return Err(KeystoreError::Content {
                path: path.to_owned(),
                problem: "holds no passphrase",
            });
        }
        Ok(Self::passphrase(line))
    }

    /// The identity in a private file as `age-keygen` writes it: comments and one `AGE-SECRET-KEY-1…`.
    ///
    /// # Errors
    /// `KeystoreError` when the file cannot be read, may be read by others, or holds no single identity.
    pub fn identity_file(path: &Path) -> Result<Self, KeystoreError> {
        let bytes = read_private(path)?;
        let content = |problem| KeystoreError::Content {
            path: path.to_owned(),
            problem,
        };
        let text = text_of(&bytes).map_err(content)?;
        let mut lines = text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with('#'));
        let (Some(line), None) = (lines.next(), lines.next()) else {
            return Err(content("must hold exactly one age identity"));
        };
        let identity = line
            .parse()
            .map_err(|_| content("holds no age identity (AGE-SECRET-KEY-1…)"))?;
        Ok(Self::Identity(Box::new(identity)))
    }

    /// Makes a new identity file, for the credential of an unattended node.
    ///
    /// # Errors
    /// `KeystoreError::Exists` when the file is there already, `Io` when the system refuses.
    pub fn create_identity_file(path: &Path) -> Result<Self, KeystoreError> {
        let identity = x25519::Identity::generate();
        let secret = identity.to_string();
        let text = Zeroizing::new(format!(
            "# Opens the key files of a Karwan node. Whoever has it can sign as the node: keep it in a credential store.\n\
             # public: {}\n{}\n",
            identity.to_public(),
            secret.expose_secret()
        ));
        create_private(path, text.as_bytes())?;
        Ok(Self::Identity(Box::new(identity)))
    }

    pub(super) fn seal(&self, content: &str, path: &Path) -> Result<Vec<u8>, KeystoreError> {
        let encryptor = match self {
            Self::Passphrase(passphrase) => Encryptor::with_user_passphrase(passphrase.clone()),
            Self::Identity(identity) => {
                let recipient = identity.to_public();
                Encryptor::with_recipients(core::iter::once(&recipient as &dyn age::Recipient))
                    .expect("one recipient is given, and X25519 recipients have no labels")
            }
        };
        let io = |source| KeystoreError::io("seal", path, source);
        let mut sealed = Vec::new();
        let mut writer = encryptor.wrap_output(&mut sealed).map_err(io)?;
        writer.write_all(content.as_bytes()).map_err(io)?;
        writer.finish().map_err(io)?;
        Ok(sealed)
    }

    pub(super) fn unseal(
        &self,
        sealed: &[u8],
        path: &Path,
    ) -> Result<Zeroizing<Vec<u8>>, KeystoreError> {
        let damaged = |problem: String| KeystoreError::Damaged {
            path: path.to_owned(),
            problem,
        };
        let decryptor =
            Decryptor::new_buffered(sealed).map_err(|error| damaged(error.to_string()))?;
        let sealed_to = if decryptor.is_scrypt() {
            PASSPHRASE
        } else {
            IDENTITY
        };
        if sealed_to != self.means() {
            return Err(KeystoreError::OtherMeans {
                path: path.to_owned(),
                sealed_to,
                given: self.means(),
            });
        }
        let opened = match self {
            Self::Passphrase(passphrase) => {
                let identity = age::scrypt::Identity::new(passphrase.clone());
                decryptor.decrypt(core::iter::once(&identity as &dyn age::Identity))
            }
            Self::Identity(identity) => {
                decryptor.decrypt(core::iter::once(identity.as_ref() as &dyn age::Identity))
            }
        };
        let reader = opened.map_err(|error| {
            let locked = matches!(
                error,
                DecryptError::NoMatchingKeys
                    | DecryptError::DecryptionFailed
                    | DecryptError::KeyDecryptionFailed
            );
            if locked {
                KeystoreError::Locked {
                    path: path.to_owned(),
                    means: self.means(),
                }
            } else {
                damaged(error.to_string())
            }
        })?;
        let mut content = Zeroizing::new(Vec::with_capacity(KEY_FILE_BYTES_MAX));
        let limit = u64::try_from(KEY_FILE_BYTES_MAX).unwrap_or(u64::MAX);
        reader
            .take(limit)
            .read_to_end(&mut content)
            .map_err(|error| damaged(error.to_string()))?;
        Ok(content)
    }

    const fn means(&self) -> &'static str {
        match self {
            Self::Passphrase(_) => PASSPHRASE,
            Self::Identity(_) => IDENTITY,
        }
    }
}

const PASSPHRASE: &str = "passphrase";
const IDENTITY: &str = "identity";

impl fmt::Debug for Unlock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Unlock({})", self.means())
    }
}
