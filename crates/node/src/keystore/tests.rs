//! Key files open only for whom they were sealed, whole, private and for their purpose.

use super::*;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicU32, Ordering};

struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("karwan-keystore-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).unwrap();
        Self(path)
    }
    fn identity(&self, name: &str) -> Keystore {
        Keystore::new(Unlock::create_identity_file(&self.0.join(name)).unwrap())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn maker() -> NewKey {
    NewKey::from_seed(KeyPurpose::Maker, &[7; 32])
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn every_purpose_comes_back_as_it_was_sealed() {
    let folder = Folder::new();
    let store = folder.identity("id");
    for purpose in KeyPurpose::ALL {
        let key = if purpose == KeyPurpose::Payload {
            NewKey::payload()
        } else {
            NewKey::from_seed(purpose, &[9; 32])
        };
        let public = store.create(&folder.0, purpose.as_str(), &key).unwrap();
        let path = secret_path(&folder.0, purpose.as_str());
        assert_eq!(
            PublicPart::read(&public_path(&folder.0, purpose.as_str())).unwrap(),
            public
        );
        match &public.value {
            PublicValue::Key(key) => {
                assert_eq!(
                    store.open_secret(&path, purpose).unwrap().public_key(),
                    *key
                );
                assert_eq!(store.open_signer(&path).unwrap().0, purpose);
            }
            PublicValue::Recipient(recipient) => {
                let identity = store.open_payload(&path).unwrap();
                assert_eq!(identity.to_public().to_string(), recipient.as_str());
            }
            PublicValue::Fingerprint(_) => {
                let uetr = "8a562c67-ca16-48ba-b074-65581be6f001".parse().unwrap();
                let secret = store.open_commitment(&path).unwrap();
                assert_eq!(
                    secret.salt(&uetr),
                    CommitmentSecret::from_bytes([9; 32]).salt(&uetr)
                );
            }
        }
    }
    let names: Vec<String> = Keystore::list(&folder.0)
        .unwrap()
        .into_iter()
        .map(|entry| entry.name)
        .collect();
    assert!(names.is_sorted());
    assert_eq!(names.len(), KeyPurpose::ALL.len());
}

#[test]
fn a_passphrase_opens_its_file_and_another_does_not() {
    let folder = Folder::new();
    let store = Keystore::new(Unlock::passphrase("correct horse"));
    store.create(&folder.0, "maker", &maker()).unwrap();
    let path = secret_path(&folder.0, "maker");
    assert!(store.open_secret(&path, KeyPurpose::Maker).is_ok());
    let wrong = Keystore::new(Unlock::passphrase("correct horsf"));
    let error = wrong.open_secret(&path, KeyPurpose::Maker).unwrap_err();
    assert!(
        matches!(
            error,
            KeystoreError::Locked {
                means: "passphrase",
                ..
            }
        ),
        "{error}"
    );
    let error = folder
        .identity("id")
        .open_secret(&path, KeyPurpose::Maker)
        .unwrap_err();
    assert!(
        matches!(
            error,
            KeystoreError::OtherMeans {
                sealed_to: "passphrase",
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn another_identity_does_not_open_the_file() {
    let folder = Folder::new();
    folder
        .identity("id")
        .create(&folder.0, "maker", &maker())
        .unwrap();
    let path = secret_path(&folder.0, "maker");
    let error = folder
        .identity("other")
        .open_secret(&path, KeyPurpose::Maker)
        .unwrap_err();
    assert!(
        matches!(
            error,
            KeystoreError::Locked {
                means: "identity",
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn a_key_is_handed_out_for_its_own_purpose_only() {
    let folder = Folder::new();
    let store = folder.identity("id");
    store.create(&folder.0, "maker", &maker()).unwrap();
    let path = secret_path(&folder.0, "maker");
    for purpose in KeyPurpose::ALL {
        let opened = store.open_secret(&path, purpose);
        assert_eq!(opened.is_ok(), purpose == KeyPurpose::Maker, "{purpose}");
    }
    assert!(matches!(
        store.open_payload(&path),
        Err(KeystoreError::Purpose { .. })
    ));
    assert!(matches!(
        store.open_commitment(&path),
        Err(KeystoreError::Purpose { .. })
    ));
}

#[test]
fn a_file_with_any_single_byte_changed_does_not_open() {
    let folder = Folder::new();
    let store = folder.identity("id");
    store.create(&folder.0, "maker", &maker()).unwrap();
    let path = secret_path(&folder.0, "maker");
    let sound = fs::read(&path).unwrap();
    for index in 0..sound.len() {
        let mut changed = sound.clone();
        changed[index] ^= 1;
        fs::write(&path, &changed).unwrap();
        assert!(
            store.open_secret(&path, KeyPurpose::Maker).is_err(),
            "byte {index}"
        );
    }
    for length in [0, 1, sound.len() / 2, sound.len() - 1] {
        fs::write(&path, &sound[..length]).unwrap();
        assert!(
            store.open_secret(&path, KeyPurpose::Maker).is_err(),
            "cut to {length} bytes"
        );
    }
}

#[test]
fn a_file_that_others_may_read_is_refused() {
    let folder = Folder::new();
    let store = folder.identity("id");
    store.create(&folder.0, "maker", &maker()).unwrap();
    let path = secret_path(&folder.0, "maker");
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o7777,
        0o600
    );
    for mode in [0o640, 0o604, 0o620, 0o602, 0o610, 0o644] {
        chmod(&path, mode);
        let error = store.open_secret(&path, KeyPurpose::Maker).unwrap_err();
        assert!(
            matches!(error, KeystoreError::Exposed { .. }),
            "{mode:o}: {error}"
        );
    }
    for mode in [0o600, 0o400] {
        chmod(&path, mode);
        assert!(
            store.open_secret(&path, KeyPurpose::Maker).is_ok(),
            "{mode:o}"
        );
    }
    chmod(&folder.0.join("id"), 0o644);
    let error = Unlock::identity_file(&folder.0.join("id")).unwrap_err();
    assert!(matches!(error, KeystoreError::Exposed { .. }), "{error}");
}

#[test]
fn a_key_file_is_never_overwritten() {
    let folder = Folder::new();
    let store = folder.identity("id");
    store.create(&folder.0, "maker", &maker()).unwrap();
    let before = fs::read(secret_path(&folder.0, "maker")).unwrap();
    let again = store.create(&folder.0, "maker", &maker()).unwrap_err();
    assert!(matches!(again, KeystoreError::Exists { .. }), "{again}");
    fs::remove_file(public_path(&folder.0, "maker")).unwrap();
    let again = store.create(&folder.0, "maker", &maker()).unwrap_err();
    assert!(matches!(again, KeystoreError::Exists { .. }), "{again}");
    assert_eq!(fs::read(secret_path(&folder.0, "maker")).unwrap(), before);
    let again = Unlock::create_identity_file(&folder.0.join("id")).unwrap_err();
    assert!(matches!(again, KeystoreError::Exists { .. }), "{again}");
}

#[test]
fn a_name_stays_in_its_directory() {
    let folder = Folder::new();
    let store = folder.identity("id");
    for name in [
        "",
        ".",
        "..",
        "a/b",
        "../a",
        ".hidden",
        "a b",
        "ключ",
        &"x".repeat(65),
    ] {
        let error = store.create(&folder.0, name, &maker()).unwrap_err();
        assert!(
            matches!(error, KeystoreError::Name { .. }),
            "{name}: {error}"
        );
    }
}

#[test]
fn nothing_that_is_printed_holds_a_secret() {
    let folder = Folder::new();
    let store = Keystore::new(Unlock::passphrase("correct horse"));
    let key = NewKey::from_seed(KeyPurpose::Maker, &[0xab; 32]);
    let printed = format!("{store:?} {key:?} {:?}", folder.identity("id"));
    assert!(!printed.contains("horse"));
    assert!(!printed.contains("abab"));
    assert!(!printed.to_uppercase().contains("AGE-SECRET-KEY"));
}

#[test]
fn a_passphrase_file_is_read_without_its_line_feed_and_an_oversized_one_is_refused() {
    let folder = Folder::new();
    let path = folder.0.join("pass");
    create_private(&path, b"correct horse\n").unwrap();
    let Unlock::Passphrase(passphrase) = Unlock::passphrase_file(&path).unwrap() else {
        panic!("a passphrase file gives a passphrase");
    };
    assert_eq!(
        age::secrecy::ExposeSecret::expose_secret(&passphrase),
        "correct horse"
    );
    let large = folder.0.join("large");
    create_private(&large, &vec![b'x'; KEY_FILE_BYTES_MAX + 1]).unwrap();
    let error = Unlock::passphrase_file(&large).unwrap_err();
    assert!(matches!(error, KeystoreError::TooLarge { .. }), "{error}");
    let error = Unlock::identity_file(&folder.0).unwrap_err();
    assert!(matches!(error, KeystoreError::NotAFile { .. }), "{error}");
}
