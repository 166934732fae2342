//! The picture in the documentation cannot rot: every arrow between crates, and who names which fenced package, is
//! compared with what cargo says.

#![expect(clippy::unwrap_used, reason = "a failing test should panic")]

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};
use std::collections::{BTreeMap, BTreeSet};

/// Rows from the lowest to the highest; a crate uses only rows below its own.
const ROWS: &[&[&str]] = &[
    &["karwan-types"],
    &["karwan-ledger", "karwan-consensus", "karwan-iso20022"],
    &["karwan-replica"],
    &["karwan-networking", "karwan-storage", "karwan-rpc"],
    &["karwan-node", "karwan-sim"],
    &["karwan-cli"],
    &["karwan-tests"],
];

/// Packages that only these crates may name.
const FENCED: &[(&str, &[&str])] = &[
    ("bincode", &["karwan-types"]),
    ("ed25519-dalek", &["karwan-types"]),
    ("sled", &["karwan-storage"]),
    ("libp2p", &["karwan-networking"]),
    ("arc-malachitebft-core-consensus", &["karwan-consensus"]),
    ("arc-malachitebft-core-types", &["karwan-consensus"]),
    ("quick-xml", &["karwan-iso20022"]),
    ("jsonrpsee", &["karwan-rpc"]),
    ("age", &["karwan-node", "karwan-cli"]),
    ("anyhow", &["karwan-sim", "karwan-cli"]),
];

/// Crates that may not see a runtime, a socket or a file.
const PURE: &[&str] = &[
    "karwan-types",
    "karwan-ledger",
    "karwan-consensus",
    "karwan-replica",
    "karwan-iso20022",
];
const IMPURE: &[&str] = &[
    "tokio",
    "futures",
    "rand",
    "getrandom",
    "fastrand",
    "tracing",
    "rustix",
];

fn metadata() -> Metadata {
    MetadataCommand::new()
        .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"))
        .other_options(["--locked".to_owned(), "--offline".to_owned()])
        .no_deps()
        .exec()
        .unwrap()
}

/// For each crate of the workspace, the packages it names outside its tests.
fn arrows() -> BTreeMap<String, BTreeSet<String>> {
    let named = metadata().packages.into_iter().map(|package| {
        let normal = package
            .dependencies
            .into_iter()
            .filter(|dependency| dependency.kind != DependencyKind::Development);
        (
            package.name.to_string(),
            normal.map(|dependency| dependency.name).collect(),
        )
    });
    named.collect()
}

fn row(name: &str) -> Option<usize> {
    ROWS.iter().position(|row| row.contains(&name))
}

#[test]
fn a_crate_uses_only_rows_below_its_own() {
    for (name, dependencies) in arrows() {
        let own = row(&name).unwrap_or_else(|| panic!("{name} is in no row of the house"));
        for dependency in dependencies {
            if let Some(below) = row(&dependency) {
                assert!(
                    below < own,
                    "{name} may not use {dependency}: it is not in a lower row"
                );
            }
        }
    }
}

#[test]
fn every_row_names_crates_that_exist() {
    let existing = arrows();
    for name in ROWS.iter().copied().flatten() {
        assert!(
            existing.contains_key(*name),
            "{name} is in the picture but not in the workspace"
        );
    }
}

#[test]
fn fenced_packages_are_named_by_the_crate_that_owns_them() {
    let arrows = arrows();
    for (package, owners) in FENCED {
        for (name, dependencies) in &arrows {
            let names = dependencies.contains(*package);
            assert!(
                !names || owners.contains(&name.as_str()),
                "{name} may not name {package}"
            );
        }
        assert!(
            owners.iter().any(|owner| arrows[*owner].contains(*package)),
            "nobody uses {package}"
        );
    }
}

#[test]
fn pure_crates_name_no_runtime_clock_or_randomness() {
    let arrows = arrows();
    for name in PURE {
        for package in IMPURE {
            assert!(
                !arrows[*name].contains(*package),
                "{name} may not name {package}"
            );
        }
    }
}

#[test]
fn the_packages_that_the_project_is_built_on_are_in_use() {
    let used: BTreeSet<String> = arrows().into_values().flatten().collect();
    for package in [
        "libp2p",
        "tokio",
        "ed25519-dalek",
        "sha2",
        "sled",
        "serde",
        "bincode",
    ] {
        assert!(used.contains(package), "{package} is not in use");
    }
}

#[test]
fn files_and_functions_stay_readable() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let mut stack: Vec<std::path::PathBuf> = ["crates", "tests"]
        .iter()
        .map(|part| format!("{root}/{part}").into())
        .collect();
    while let Some(directory) = stack.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                stack.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let lines = std::fs::read_to_string(&path).unwrap().lines().count();
                assert!(
                    lines <= 600,
                    "{} has {lines} lines, more than 600",
                    path.display()
                );
            }
        }
    }
}
