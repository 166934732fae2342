//! Files that only their owner may read: how they are made, and what is checked before one is believed.

use super::KEY_FILE_BYTES_MAX;
use super::error::KeystoreError;
use rustix::process::geteuid;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use zeroize::Zeroizing;

const READ_BY_OTHERS: u32 = 0o077;
const PERMISSION_BITS: u32 = 0o7777;

/// Makes a directory that only its owner may enter; an existing one stays as it is.
pub(super) fn create_directory(directory: &Path) -> Result<(), KeystoreError> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .map_err(|source| KeystoreError::io("make the directory", directory, source))
}

/// Writes a new file with mode 0600 and syncs it and its directory. An existing file is refused.
pub(super) fn create_private(path: &Path, bytes: &[u8]) -> Result<(), KeystoreError> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(|source| KeystoreError::io("make", path, source))?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    let synced = written.and_then(|()| match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => File::open(parent)?.sync_all(),
        Some(_) | None => File::open(".")?.sync_all(),
    });
    synced.map_err(|source| {
        // Half a key file would be in the way of the next try; it holds nothing that was ever used.
        let _ = fs::remove_file(path);
        KeystoreError::io("write", path, source)
    })
}

/// Reads a file whose content is secret: a regular file of ours that nobody else may read.
pub(super) fn read_private(path: &Path) -> Result<Zeroizing<Vec<u8>>, KeystoreError> {
    let (file, metadata) = open_regular(path)?;
    let (mode, owner, user) = (
        metadata.mode() & PERMISSION_BITS,
        metadata.uid(),
        geteuid().as_raw(),
    );
    let credential = owner == 0 && is_service_credential(path);
    // The service manager hands a credential over as a file of root's that an access list opens for us: its group bits
    // show the list's mask, and the directory is ours alone.
    let allowed = if credential { 0o040 } else { 0 };
    if mode & READ_BY_OTHERS & !allowed != 0 {
        return Err(KeystoreError::Exposed {
            path: path.to_owned(),
            mode,
        });
    }
    if owner != user && !credential {
        return Err(KeystoreError::Owner {
            path: path.to_owned(),
            owner,
            user,
        });
    }
    read_all(file, path)
}

/// Reads a small file that is not secret.
pub(super) fn read_limited(path: &Path) -> Result<Zeroizing<Vec<u8>>, KeystoreError> {
    let (file, _) = open_regular(path)?;
    read_all(file, path)
}

/// The checks are made on the opened file, so that it cannot be swapped between check and use.
fn open_regular(path: &Path) -> Result<(File, fs::Metadata), KeystoreError> {
    let io = |source| KeystoreError::io("read", path, source);
    // A named pipe without a writer would otherwise block the open for ever.
    let nonblocking = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits())
        .expect("the flag is a small number on every system");
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(nonblocking)
        .open(path)
        .map_err(io)?;
    let metadata = file.metadata().map_err(io)?;
    if metadata.is_file() {
        Ok((file, metadata))
    } else {
        Err(KeystoreError::NotAFile {
            path: path.to_owned(),
        })
    }
}

fn read_all(file: File, path: &Path) -> Result<Zeroizing<Vec<u8>>, KeystoreError> {
    let limit = KEY_FILE_BYTES_MAX;
    // The whole capacity at once: a vector that grows would leave copies of the secret behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(limit.saturating_add(1)));
    let one_more = u64::try_from(limit).map_or(u64::MAX, |limit| limit.saturating_add(1));
    file.take(one_more)
        .read_to_end(&mut bytes)
        .map_err(|source| KeystoreError::io("read", path, source))?;
    if bytes.len() > limit {
        return Err(KeystoreError::TooLarge {
            path: path.to_owned(),
            limit,
        });
    }
    Ok(bytes)
}

/// Whether the service manager put the file there (`LoadCredential=`).
fn is_service_credential(path: &Path) -> bool {
    std::env::var_os("CREDENTIALS_DIRECTORY").is_some_and(|directory| {
        !directory.is_empty() && path.parent() == Some(Path::new(&directory))
    })
}
