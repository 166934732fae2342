//! Golden vectors: names and the bytes that stand for them, compared with a committed text file.
//!
//! What must hold: bytes that were hashed, signed, sent or stored once mean the same for ever. So a committed line changes
//! only together with the version of its format, and only by an approval that shows in the diff. The golden tests of
//! several crates include this file; what a line is about is not known here.

use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The most bytes that stand in a file in full; longer ones stand there as their SHA-256 and their length.
const FULL_BYTES_MAX: usize = 512;

/// The lines of one crate, in the order in which they were added.
#[derive(Default)]
pub(crate) struct Book {
    /// A name, and its bytes as the file writes them.
    pub(crate) lines: Vec<(String, String)>,
}

impl Book {
    /// Adds bytes under a name.
    pub(crate) fn bytes(&mut self, name: &str, bytes: &[u8]) {
        assert!(
            !name.contains(char::is_whitespace),
            "\"{name}\" has a space"
        );
        let taken = self.lines.iter().any(|(other, _)| other == name);
        assert!(!taken, "{name} has two lines");
        let written = if bytes.len() <= FULL_BYTES_MAX {
            hex::encode(bytes)
        } else {
            let digest: [u8; 32] = Sha256::digest(bytes).into();
            format!("sha256:{} length:{}", hex::encode(digest), bytes.len())
        };
        self.lines.push((name.to_owned(), written));
    }

    /// Requires that the committed file says the same. With `KARWAN_APPROVE_GOLDEN=1` it is written first.
    pub(crate) fn compare(&self, file: &str) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/golden")
            .join(file);
        if std::env::var_os("KARWAN_APPROVE_GOLDEN").is_some_and(|value| value == "1") {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, self.text()).unwrap();
        }
        let committed = fs::read_to_string(&path).unwrap_or_default();
        if let Some(difference) = self.difference(&committed) {
            panic!("{}: {difference}", path.display());
        }
    }

    /// The file.
    pub(crate) fn text(&self) -> String {
        let line = |(name, written): &(String, String)| format!("{name} {written}\n");
        self.lines.iter().map(line).collect()
    }

    /// The first line that is not as committed, and what to do about it.
    pub(crate) fn difference(&self, committed: &str) -> Option<String> {
        let golden: BTreeMap<&str, &str> = committed
            .lines()
            .filter_map(|line| line.split_once(' '))
            .collect();
        for (name, written) in &self.lines {
            match golden.get(name.as_str()) {
                Some(known) if *known == written.as_str() => {}
                Some(_) => {
                    return Some(format!(
                        "bytes on the wire changed: {name}; if that is meant, it needs a new format version, then run with KARWAN_APPROVE_GOLDEN=1"
                    ));
                }
                None => {
                    return Some(format!(
                        "no golden bytes yet: {name}; if it is new, run with KARWAN_APPROVE_GOLDEN=1 and commit the line"
                    ));
                }
            }
        }
        let made = |name: &str| self.lines.iter().any(|(other, _)| other == name);
        if let Some(name) = golden.keys().find(|name| !made(name)) {
            return Some(format!(
                "golden bytes that nothing makes any more: {name}; nodes may still hold them, so it needs a new format version, then run with KARWAN_APPROVE_GOLDEN=1"
            ));
        }
        (committed != self.text()).then(|| {
            "the lines are in another order or repeated; run with KARWAN_APPROVE_GOLDEN=1"
                .to_owned()
        })
    }
}
