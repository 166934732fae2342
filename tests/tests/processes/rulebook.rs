//! A rulebook from its rehearsal to its approval, as governments would go about it.

use crate::devnet::{Devnet, height};
use karwan_rpc::Wait;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::Instant;

const PAYMENTS: usize = 10_000;
const BULK: usize = 1_000;
const PROMISED_SECONDS: f64 = 5.0;
const RULEBOOK: &str = include_str!("../../../node-config/rulebook.toml");

/// The next version: no payment above half a rupee.
fn candidate(folder: &Path) -> PathBuf {
    let text = RULEBOOK.replacen("version = 1", "version = 2", 1).replacen(
        "payment_max = []",
        "payment_max = [[\"PKR\", \"0.50\"]]",
        1,
    );
    let path = folder.join("candidate.toml");
    std::fs::write(&path, text).unwrap();
    path
}

async fn pay(devnet: &Devnet) -> u64 {
    let client = devnet.client("pk").await;
    for _ in 0..PAYMENTS / BULK {
        let view = client
            .submit(&devnet.bulk(BULK), Wait::Final)
            .await
            .unwrap();
        let settled = view.finality.unwrap().statuses.get("ACSC").copied();
        assert_eq!(settled, u32::try_from(BULK).ok());
    }
    height(&client).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_is_rehearsed_on_two_nodes_with_the_same_bytes_and_approved_by_all_governors() {
    let devnet = Devnet::up(4, &[]);
    let to = pay(&devnet).await.to_string();
    let file = candidate(&devnet.folder);
    let file = file.to_str().unwrap();
    let simulate = |more: &[&str]| {
        let mut arguments = vec!["rulebook", "simulate", "--candidate", file, "--to", &to];
        arguments.extend(more);
        devnet.try_karwan(&arguments)
    };
    let mut reports = Vec::new();
    for (name, who) in [("pk", "pk-auditor"), ("kg", "kg-regulator")] {
        let node = devnet.address(name, "rpc").to_string();
        let started = Instant::now();
        let answer = simulate(&["--node", &node, "--as", who, "--json"]);
        let seconds = started.elapsed().as_secs_f64();
        let told = String::from_utf8_lossy(&answer.stderr).into_owned();
        assert!(answer.status.success(), "{told}");
        eprintln!(
            "{name} as {who}: {PAYMENTS} payments in {seconds:.2} s; {}",
            told.trim()
        );
        assert!(seconds < PROMISED_SECONDS, "{seconds} s");
        reports.push(answer.stdout);
    }
    assert!(reports[0] == reports[1], "two nodes give different bytes");
    let report: Value = serde_json::from_slice(&reports[0]).unwrap();
    assert_eq!(report["flipped"], PAYMENTS);
    assert_eq!(
        report["flips"][0]["after"]["name"],
        "ABOVE_RULEBOOK_MAXIMUM"
    );

    // The operator reads the directory of the running node.
    let out = devnet.folder.join("impact.json");
    let out = out.to_str().unwrap();
    let home = devnet.home("uz");
    let answer = simulate(&["--home", home.to_str().unwrap(), "--out", out]);
    assert!(answer.status.success(), "{answer:?}");
    assert!(
        std::fs::read(out).unwrap() == reports[0],
        "the directory gives other bytes"
    );
    let told = String::from_utf8_lossy(&answer.stdout);
    assert!(told.contains("10000 of 1000"), "{}", told.len());

    // A bank may not read everybody's instructions, and is told who may.
    let refused = simulate(&["--as", "indus"]);
    let told = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1), "{told}");
    assert!(told.contains("regulators and auditors"), "{told}");

    approve(&devnet, file, out);
}

/// One governor proposes, the others approve what their own program hashed.
fn approve(devnet: &Devnet, file: &str, report: &str) {
    let propose = [
        "rulebook",
        "propose",
        file,
        "--activates",
        "+8d",
        "--impact",
        report,
        "--sign",
        "pk-governor",
        "--json",
    ];
    let proposed: Value = serde_json::from_str(&devnet.karwan(&propose)).unwrap();
    let instruction = proposed["instruction"].as_str().unwrap();
    let listed = devnet.karwan(&["query", "proposals", "--json"]);
    assert!(listed.contains(instruction), "{listed}");
    for governor in ["kg-governor", "kz-governor", "uz-governor"] {
        devnet.karwan(&["tx", "approve", instruction, "--sign", governor]);
    }
    let versions: Value =
        serde_json::from_str(&devnet.karwan(&["rulebook", "list", "--json"])).unwrap();
    assert_eq!(
        versions["rulebooks"][1]["status"], "SCHEDULED",
        "{versions}"
    );
    assert_eq!(versions["rulebooks"][1]["proposal"], instruction);
    let diff = devnet.karwan(&["rulebook", "diff", "2", "--at", "1"]);
    assert!(
        diff.contains("common.payment_max[PKR]") && diff.contains("tightens"),
        "{diff}"
    );
    assert!(diff.contains("every governor of KG, KZ, PK, UZ"), "{diff}");
}
