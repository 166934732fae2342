//! Key files: one secret each, sealed by the age file format, with its public part beside it.
//!
//! `NAME.key.age` holds `{"format":"karwan-key/1","purpose":…,"seed":…}`, sealed either to a passphrase or to the X25519
//! identity of an unattended node; `NAME.pub` holds the purpose and the public part in the clear. What must hold: a file is
//! made with mode 0600 and never overwritten; a file that others may read, or that belongs to somebody else, is refused
//! before it is opened; a key made for one purpose is never handed out for another; no secret is printed, and all are wiped
//! when dropped.
//!
//! This module draws no randomness for seeds: whoever makes a key brings it.

mod content;
mod error;
mod private_file;
mod sealing;

pub use content::{KeyPurpose, NewKey, PublicPart, PublicValue};
pub use error::KeystoreError;
pub use sealing::Unlock;

use content::OpenKey;
use karwan_types::{CommitmentSecret, SecretKey};
use private_file::{create_private, read_limited, read_private};
use std::fs;
use std::path::{Path, PathBuf};

/// The largest key, identity, passphrase or public file, in bytes.
pub const KEY_FILE_BYTES_MAX: usize = 16 << 10;

const SECRET_ENDING: &str = ".key.age";
const PUBLIC_ENDING: &str = ".pub";
const NAME_CHARS_MAX: usize = 64;

/// Opens and makes key files with one way to unlock them.
#[derive(Debug)]
pub struct Keystore {
    unlock: Unlock,
}

/// A key of a directory, as far as its public file tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyEntry {
    /// The name that its two files share.
    pub name: String,
    /// Where the sealed secret is.
    pub secret_path: PathBuf,
    /// The public part.
    pub public: PublicPart,
}

impl Keystore {
    /// A keystore whose files are sealed to `unlock`.
    #[must_use]
    pub fn new(unlock: Unlock) -> Self {
        Self { unlock }
    }

    /// Seals a new key into `DIRECTORY/NAME.key.age` and writes its public part to `DIRECTORY/NAME.pub`. The directory is
    /// made with mode 0700 when it is missing.
    ///
    /// # Errors
    /// `KeystoreError::Exists` when one of the files is there already, `Name` for a name that is no plain file name, `Io`
    /// when the system refuses.
    pub fn create(
        &self,
        directory: &Path,
        name: &str,
        key: &NewKey,
    ) -> Result<PublicPart, KeystoreError> {
        check_name(name)?;
        private_file::create_directory(directory)?;
        let (public_path, path) = (public_path(directory, name), secret_path(directory, name));
        for path in [&public_path, &path] {
            if path.exists() {
                return Err(KeystoreError::Exists { path: path.clone() });
            }
        }
        let sealed = self.unlock.seal(&key.to_content(), &path)?;
        // The secret appears last and whole: a key that is there has its public part beside it.
        let public = key.public();
        create_private(&public_path, public.to_text().as_bytes())?;
        if let Err(error) = create_private(&path, &sealed) {
            let _ = fs::remove_file(&public_path);
            return Err(error);
        }
        Ok(public)
    }

    /// Opens a signing key.
    ///
    /// # Errors
    /// `KeystoreError::Purpose` when the file holds a key for something else, or `purpose` signs nothing; the others as
    /// the file deserves.
    pub fn open_secret(
        &self,
        path: &Path,
        purpose: KeyPurpose,
    ) -> Result<SecretKey, KeystoreError> {
        match self.open(path, purpose)? {
            OpenKey::Signing(secret) => Ok(secret),
            OpenKey::Payload(_) | OpenKey::Commitment(_) => Err(not_signing(path, purpose)),
        }
    }

    /// Opens a signing key whatever it signs, and tells which purpose it has.
    ///
    /// # Errors
    /// `KeystoreError::Purpose` when the file holds no signing key; the others as the file deserves.
    pub fn open_signer(&self, path: &Path) -> Result<(KeyPurpose, SecretKey), KeystoreError> {
        let (purpose, key) = self.open_any(path)?;
        match key {
            OpenKey::Signing(secret) => Ok((purpose, secret)),
            OpenKey::Payload(_) | OpenKey::Commitment(_) => Err(not_signing(path, purpose)),
        }
    }

    /// Opens the identity with which an institution reads the messages delivered to it.
    ///
    /// # Errors
    /// As [`Keystore::open_secret`].
    pub fn open_payload(&self, path: &Path) -> Result<age::x25519::Identity, KeystoreError> {
        match self.open(path, KeyPurpose::Payload)? {
            OpenKey::Payload(identity) => Ok(identity),
            OpenKey::Signing(_) | OpenKey::Commitment(_) => {
                unreachable!("the content's shape follows from its purpose, which was checked")
            }
        }
    }

    /// Opens the secret from which an institution salts the commitments of its payments.
    ///
    /// # Errors
    /// As [`Keystore::open_secret`].
    pub fn open_commitment(&self, path: &Path) -> Result<CommitmentSecret, KeystoreError> {
        match self.open(path, KeyPurpose::Commitment)? {
            OpenKey::Commitment(key) => Ok(key.secret()),
            OpenKey::Signing(_) | OpenKey::Payload(_) => {
                unreachable!("the content's shape follows from its purpose, which was checked")
            }
        }
    }

    /// The keys of a directory by their public files, ordered by name. Nothing is unsealed.
    ///
    /// # Errors
    /// `KeystoreError::Io` when the directory cannot be read, `Content` when a public file is malformed.
    pub fn list(directory: &Path) -> Result<Vec<KeyEntry>, KeystoreError> {
        let io = |source| KeystoreError::io("list", directory, source);
        let mut entries = Vec::new();
        for entry in fs::read_dir(directory).map_err(io)? {
            let path = entry.map_err(io)?.path();
            let file_name = path.file_name().and_then(|name| name.to_str());
            if let Some(name) = file_name.and_then(|name| name.strip_suffix(PUBLIC_ENDING)) {
                entries.push(KeyEntry {
                    name: name.to_owned(),
                    secret_path: secret_path(directory, name),
                    public: PublicPart::read(&path)?,
                });
            }
        }
        entries.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(entries)
    }

    fn open(&self, path: &Path, expected: KeyPurpose) -> Result<OpenKey, KeystoreError> {
        let (found, key) = self.open_any(path)?;
        if found == expected {
            Ok(key)
        } else {
            Err(KeystoreError::Purpose {
                path: path.to_owned(),
                found,
                expected: expected.as_str(),
            })
        }
    }

    fn open_any(&self, path: &Path) -> Result<(KeyPurpose, OpenKey), KeystoreError> {
        let sealed = read_private(path)?;
        let content = self.unlock.unseal(&sealed, path)?;
        OpenKey::from_content(&content).map_err(|problem| KeystoreError::Content {
            path: path.to_owned(),
            problem,
        })
    }
}

impl PublicPart {
    /// Reads a public file.
    ///
    /// # Errors
    /// `KeystoreError::Io` when it cannot be read, `Content` when it is malformed.
    pub fn read(path: &Path) -> Result<Self, KeystoreError> {
        let bytes = read_limited(path)?;
        Self::from_text(&bytes).map_err(|problem| KeystoreError::Content {
            path: path.to_owned(),
            problem,
        })
    }
}

/// Where the sealed key called `name` lies.
#[must_use]
pub fn secret_path(directory: &Path, name: &str) -> PathBuf {
    directory.join(format!("{name}{SECRET_ENDING}"))
}

/// Where the public part of the key called `name` lies.
#[must_use]
pub fn public_path(directory: &Path, name: &str) -> PathBuf {
    directory.join(format!("{name}{PUBLIC_ENDING}"))
}

fn not_signing(path: &Path, found: KeyPurpose) -> KeystoreError {
    KeystoreError::Purpose {
        path: path.to_owned(),
        found,
        expected: "signing",
    }
}

fn check_name(name: &str) -> Result<(), KeystoreError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let fits = !name.is_empty() && name.len() <= NAME_CHARS_MAX && !name.starts_with('.');
    if fits && name.bytes().all(plain) {
        Ok(())
    } else {
        Err(KeystoreError::Name {
            name: name.chars().take(NAME_CHARS_MAX).collect(),
        })
    }
}

#[cfg(test)]
mod tests;
