//! The commands as people type them: the demonstration, receipts offline, messages to their creditor, exit codes.

use crate::devnet::{Devnet, run};
use serde_json::Value;

/// What must come of every demonstration file.
const DEMONSTRATION: &[(&str, &str, &str)] = &[
    ("01-accepted-customer-pkr", "ACSC", ""),
    ("02-accepted-customer-kgs", "ACSC", ""),
    ("03-accepted-institution-kzt", "ACSC", ""),
    ("04-accepted-institution-uzs", "ACSC", ""),
    ("05-accepted-inside-cdata-kgs", "ACSC", ""),
    ("06-bulk-customers-pkr", "ACSC", ""),
    ("07-waiting-for-checker-pkr", "PATC", ""),
    ("08-queued-for-funds-kgs", "PDNG", "AM04"),
    ("09-refused-unknown-agent-pkr", "RJCT", "CNOR"),
    ("10-duplicate-first-pkr", "ACSC", ""),
    ("11-duplicate-again-pkr", "ACSC", ""),
    ("12-conflicting-duplicate-pkr", "RJCT", "DU03"),
    ("13-expired-settlement-date-kzt", "RJCT", "DT01"),
    ("14-expired-reject-time-uzs", "RJCT", "AB03"),
    ("15-malformed-cut-off", "refused", "FF01"),
    ("16-malformed-amount-pkr", "refused", "AM12"),
    ("17-malformed-without-uetr", "refused", "CH21"),
    ("18-malformed-iban-pkr", "refused", "AC02"),
    ("19-other-message-statement", "refused", "FF01"),
    ("waiting one approved", "ACSC", ""),
];

#[test]
fn the_demonstration_ends_as_its_files_say_and_its_receipts_convince_offline() {
    let devnet = Devnet::up(4, &[]);
    let told = devnet.karwan(&["devnet", "demo", "--json"]);
    let rows: Vec<Value> = serde_json::from_str(&told).unwrap();
    for (file, status, reason) in DEMONSTRATION {
        let row = rows
            .iter()
            .find(|row| row["file"] == *file)
            .unwrap_or_else(|| panic!("{file} is missing in {told}"));
        let found = (
            row["status"].as_str().unwrap(),
            row["reason"].as_str().unwrap(),
        );
        assert_eq!(found.0, *status, "{file}: {row}");
        assert!(
            found.1.starts_with(reason) && found.1.is_empty() == reason.is_empty(),
            "{file}: {row}"
        );
    }
    receipts(&devnet);
    messages(&devnet);
}

/// A receipt is verified without a network; a changed one and another chain's genesis are refused with exit code 1.
fn receipts(devnet: &Devnet) {
    let receipts: Vec<_> = std::fs::read_dir(devnet.folder.join("receipts"))
        .unwrap()
        .map(|one| one.unwrap().path())
        .collect();
    assert!(receipts.len() >= 10, "{receipts:?}");
    devnet.karwan(&["devnet", "down"]);
    let genesis = devnet.folder.join("genesis.toml");
    let verify = |receipt: &std::path::Path, genesis: &std::path::Path| {
        let output = run(&[
            "verify",
            "receipt",
            receipt.to_str().unwrap(),
            "--genesis",
            genesis.to_str().unwrap(),
        ]);
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    };
    for receipt in &receipts {
        assert_eq!(verify(receipt, &genesis).0, Some(0));
    }
    let bytes = std::fs::read(&receipts[0]).unwrap();
    let changed = devnet.folder.join("changed.json");
    for place in (0..bytes.len()).step_by(bytes.len() / 40) {
        let mut bytes = bytes.clone();
        bytes[place] ^= 1;
        std::fs::write(&changed, bytes).unwrap();
        let (code, told) = verify(&changed, &genesis);
        assert_eq!(code, Some(1), "a receipt with byte {place} changed: {told}");
    }
    let text = std::fs::read_to_string(&genesis).unwrap();
    let other = devnet.folder.join("other.toml");
    std::fs::write(
        &other,
        text.replace("Karwan development network", "Another network"),
    )
    .unwrap();
    let (code, told) = verify(&receipts[0], &other);
    assert_eq!(
        (code, told.contains("belongs to chain")),
        (Some(1), true),
        "{told}"
    );
    devnet.karwan(&["devnet", "up"]);
}

/// The creditor institution finds the messages of the payments that it received, and confirms the credit.
fn messages(devnet: &Devnet) {
    let out = devnet.folder.join("received");
    let export = [
        "iso",
        "export",
        "--as",
        "alatoo",
        "--confirm",
        "--out",
        out.to_str().unwrap(),
    ];
    devnet.karwan(&export);
    let written: Vec<_> = std::fs::read_dir(&out)
        .unwrap()
        .map(|one| one.unwrap().path())
        .collect();
    // With each message its parties' data for the Travel Rule, which its parties' names became.
    let (data, files): (Vec<_>, Vec<_>) = written
        .into_iter()
        .partition(|file| file.to_string_lossy().ends_with(".ivms.json"));
    assert_eq!(
        (files.len(), data.len()),
        (2, 2),
        "one single payment and one out of the bulk: {files:?} {data:?}"
    );
    for file in &files {
        let uetr = reference(file);
        assert!(std::fs::read_to_string(file).unwrap().contains(&uetr));
        let told = devnet.karwan(&["query", "payment", &uetr, "--as", "alatoo", "--json"]);
        assert!(told.contains("ACCC"), "{told}");
    }
    // Who is neither debtor nor creditor sees nothing.
    let uetr = reference(&files[0]);
    let stranger = devnet.try_karwan(&["query", "payment", &uetr, "--as", "steppe"]);
    assert_eq!(stranger.status.code(), Some(1));
}

/// The UETR in the name of an exported file, which is LEI-UETR.xml.
fn reference(file: &std::path::Path) -> String {
    let stem = file.file_stem().unwrap().to_str().unwrap();
    stem.split_once('-').unwrap().1.to_owned()
}

#[test]
fn exit_codes_tell_refused_usage_and_unreachable_apart() {
    let devnet = Devnet::up(2, &[]);
    let pay = |amount: &str, node: Option<&str>| {
        let mut arguments = vec![
            "tx",
            "pay",
            "--as",
            "indus",
            "--from",
            "KRVNPKKA",
            "--to",
            "ALATKG22",
            "--currency",
            "PKR",
            "--amount",
            amount,
        ];
        if let Some(node) = node {
            arguments.extend(["--node", node]);
        }
        devnet.try_karwan(&arguments).status.code()
    };
    assert_eq!(pay("1.00", None), Some(0));
    assert_eq!(pay("999999999.00", None), Some(0), "it waits for a checker");
    assert_eq!(pay("1.005", None), Some(2));
    assert_eq!(pay("1.00", Some("127.0.0.1:1")), Some(3));
    let refused = devnet.try_karwan(&[
        "tx",
        "pay",
        "--as",
        "indus",
        "--from",
        "KRVNPKKA",
        "--to",
        "OZGNKG22",
        "--currency",
        "PKR",
        "--amount",
        "1.00",
    ]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("CNOR"));
}

#[test]
fn a_port_that_is_taken_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let folder = crate::devnet::folder();
    let output = run(&[
        "devnet",
        "up",
        "--devnet",
        folder.to_str().unwrap(),
        "--base-port",
        &port,
    ]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success());
    assert!(told.contains(&port) && told.contains("taken"), "{told}");
    let _ = std::fs::remove_dir_all(folder);
}

#[test]
fn a_network_whose_start_is_ended_leaves_no_validator_behind() {
    let _turn = crate::devnet::Turn::take();
    for signal in ["TERM", "INT"] {
        let folder = crate::devnet::folder();
        let directory = folder.to_str().unwrap();
        // Two of four make no block, so that it never becomes ready by itself.
        let mut up = std::process::Command::new(crate::devnet::program())
            .args(["devnet", "up", "--devnet", directory])
            .args(["--without", "kz", "--without", "uz"])
            .spawn()
            .unwrap();
        let states = || -> Vec<String> {
            let told = run(&["devnet", "status", "--devnet", directory, "--json"]);
            let told: serde_json::Value = serde_json::from_slice(&told.stdout).unwrap_or_default();
            let all = told.as_array().cloned().unwrap_or_default();
            let state = |one: &serde_json::Value| one["process"].to_string();
            all.iter().map(state).filter(|one| one != "null").collect()
        };
        let deadline = std::time::Instant::now() + crate::devnet::DEADLINE;
        while states().len() < 2 {
            assert!(std::time::Instant::now() < deadline, "nothing starts");
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        let number = up.id().to_string();
        let ended = std::process::Command::new("kill")
            .args(["-s", signal, &number])
            .status()
            .unwrap();
        assert!(ended.success());
        assert!(!up.wait().unwrap().success());
        assert_eq!(states(), Vec::<String>::new(), "after {signal}");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
