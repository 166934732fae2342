//! Why a key file cannot be made or used. No sentence holds a secret.

use super::content::KeyPurpose;
use std::path::{Path, PathBuf};

/// Why a key file cannot be made or used.
#[derive(Debug, thiserror::Error)]
pub enum KeystoreError {
    /// The system refused.
    #[error("cannot {action} {path}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A key file is never overwritten.
    #[error("{path} exists already; a key file is never overwritten")]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// Not usable as a part of a file name.
    #[error(
        "\"{name}\" is no name for a key: use 1 to 64 letters, digits and - _ . and begin with no point"
    )]
    Name {
        /// What was given.
        name: String,
    },
    /// Not a regular file.
    #[error("{path} is not a regular file")]
    NotAFile {
        /// The file.
        path: PathBuf,
    },
    /// Others may read it.
    #[error(
        "{path} has mode {mode:04o} and may be read by others; allow only its owner: chmod 600 {path}"
    )]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It belongs to somebody else.
    #[error("{path} belongs to user {owner}, not to user {user} who runs this program")]
    Owner {
        /// The file.
        path: PathBuf,
        /// The owner's number.
        owner: u32,
        /// Our number.
        user: u32,
    },
    /// Larger than any key file.
    #[error("{path} is larger than {limit} bytes and cannot be a key file")]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit in bytes.
        limit: usize,
    },
    /// Not an age file, or bytes of it were changed.
    #[error("{path} is not a sealed key, or it is damaged: {problem}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// The wrong passphrase or identity.
    #[error("{path} does not open with this {means}")]
    Locked {
        /// The file.
        path: PathBuf,
        /// Passphrase or identity.
        means: &'static str,
    },
    /// Sealed in another way.
    #[error("{path} is sealed to {sealed_to}, but {given} was given")]
    OtherMeans {
        /// The file.
        path: PathBuf,
        /// How it is sealed.
        sealed_to: &'static str,
        /// What was given.
        given: &'static str,
    },
    /// The file opens but does not hold what it should.
    #[error("{path}: {problem}")]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: &'static str,
    },
    /// A key for something else.
    #[error("{path} holds a {found} key, where a {expected} key is needed")]
    Purpose {
        /// The file.
        path: PathBuf,
        /// Its purpose.
        found: KeyPurpose,
        /// The purpose needed.
        expected: &'static str,
    },
}

impl KeystoreError {
    pub(super) fn io(action: &'static str, path: &Path, source: std::io::Error) -> Self {
        if source.kind() == std::io::ErrorKind::AlreadyExists {
            return Self::Exists {
                path: path.to_owned(),
            };
        }
        Self::Io {
            action,
            path: path.to_owned(),
            source,
        }
    }
}
