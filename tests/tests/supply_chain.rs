//! What the project is built from: licences, banned packages and minimum versions, over everything in `Cargo.lock`.

#![expect(clippy::unwrap_used, reason = "a failing test should panic")]

use cargo_metadata::{Metadata, MetadataCommand};
use std::collections::BTreeSet;
use std::process::Command;

/// Licences that may be in the tree. MPL-2.0 is fine for a package that is used as it is.
const LICENCES: &[&str] = &[
    "Apache-2.0",
    "MIT",
    "MIT-0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MPL-2.0",
    "MPL-2.0+",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
    "0BSD",
    "CDLA-Permissive-2.0",
    "Apache-2.0 WITH LLVM-exception",
];

/// Packages that may not be in the tree, and why.
const BANNED: &[(&str, &str)] = &[
    (
        "libp2p-gossipsub",
        "a full mesh of named peers does not need it",
    ),
    ("libp2p-kad", "peers are named, not discovered"),
    ("libp2p-mdns", "peers are named, not discovered"),
    ("libp2p-relay", "peers are reached directly"),
    ("openssl-sys", "no C cryptography"),
    ("native-tls", "no C cryptography"),
    ("serde_yaml", "unmaintained"),
];

/// Versions below which a known fault lies.
const MINIMUM: &[(&str, &str)] = &[
    ("yamux", "0.13.10"),
    ("quick-xml", "0.38.0"),
    ("h2", "0.4.6"),
    ("curve25519-dalek", "4.1.3"),
    ("tokio", "1.43.1"),
    ("crossbeam-epoch", "0.9.5"),
];

/// Older majors that stay in the tree through a package that uses them safely, and which.
const EXEMPT: &[(&str, &str, &str)] = &[(
    "yamux",
    "0.12.1",
    "linked by libp2p-yamux for its compatibility mode, which this project never selects",
)];

fn metadata() -> Metadata {
    MetadataCommand::new()
        .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"))
        .other_options([
            "--locked".to_owned(),
            "--offline".to_owned(),
            "--filter-platform=x86_64-unknown-linux-gnu".to_owned(),
        ])
        .exec()
        .unwrap()
}

/// The names of all packages that are built. `Cargo.lock`, and the metadata with it, also lists what an optional dependency
/// would bring; `cargo tree` follows the features that are on.
fn built() -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--workspace", "--locked", "--offline"])
        .args(["--edges", "normal,build,dev", "--prefix", "none"])
        .args(["--format", "{p}"])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let name = |line: &str| line.split(' ').next().map(str::to_owned);
    text.lines().filter_map(name).collect()
}

/// `A OR B` needs one allowed part, `A AND B` needs all.
fn is_allowed(expression: &str) -> bool {
    let bare = expression.replace(['(', ')'], " ").replace('/', " OR ");
    let alternative = |part: &str| {
        part.split(" AND ")
            .all(|one| LICENCES.contains(&one.trim()))
    };
    LICENCES.contains(&expression)
        || bare.split(" OR ").any(alternative)
        || bare
            .split(" AND ")
            .all(|all| all.split(" OR ").any(alternative))
}

fn parts(version: &str) -> Vec<u64> {
    version
        .split(['.', '-', '+'])
        .map_while(|part| part.parse().ok())
        .collect()
}

#[test]
fn every_package_has_a_permissive_licence() {
    for package in metadata().packages {
        let licence = package
            .license
            .clone()
            .unwrap_or_else(|| panic!("{} states no licence", package.name));
        assert!(
            is_allowed(&licence),
            "{} has licence {licence}",
            package.name
        );
    }
}

#[test]
fn banned_packages_are_not_in_the_tree() {
    let built = built();
    assert!(built.contains("libp2p"), "the tree was not read: {built:?}");
    for (banned, why) in BANNED {
        assert!(!built.contains(*banned), "{banned}: {why}");
    }
}

#[test]
fn packages_with_known_faults_are_at_least_at_the_mended_version() {
    for package in metadata().packages {
        let (name, version) = (package.name.to_string(), package.version.to_string());
        let exempt = EXEMPT
            .iter()
            .any(|(exempt, at, _)| *exempt == name && *at == version);
        for (_, least) in MINIMUM.iter().filter(|(minimum, _)| *minimum == name) {
            assert!(
                exempt || parts(&version) >= parts(least),
                "{name} {version} is below {least}"
            );
        }
    }
}
