//! The committed OpenRPC document is the one that the server gives.

use crate::fake::Node;
use karwan_rpc::{AsOfParams, Fault, openrpc_document, policy};
use serde_json::Value;
use std::collections::BTreeSet;

const COMMITTED: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../docs/reference/openrpc.json"
);

#[test]
fn the_committed_document_is_the_generated_one() {
    let mut text = serde_json::to_string_pretty(openrpc_document()).unwrap();
    text.push('\n');
    if std::env::var_os("KARWAN_APPROVE_GOLDEN").is_some_and(|value| value == "1") {
        std::fs::create_dir_all(std::path::Path::new(COMMITTED).parent().unwrap()).unwrap();
        std::fs::write(COMMITTED, &text).unwrap();
    }
    let committed = std::fs::read_to_string(COMMITTED).unwrap_or_default();
    let committed: Value = serde_json::from_str(&committed).unwrap_or_default();
    assert!(
        committed == *openrpc_document(),
        "docs/reference/openrpc.json differs from the methods; look at the change, then run the tests with KARWAN_APPROVE_GOLDEN=1"
    );
}

#[test]
fn the_document_has_every_method_and_error_and_no_dangling_reference() {
    let document = openrpc_document();
    let methods = document["methods"].as_array().unwrap();
    let named: BTreeSet<&str> = methods
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    let served: BTreeSet<&str> = policy().iter().map(|row| row.method).collect();
    assert_eq!(named, served);
    assert_eq!(
        document["components"]["errors"].as_object().unwrap().len(),
        Fault::ALL.len()
    );
    let mut references = BTreeSet::new();
    collect(document, &mut references);
    assert!(references.len() > 20);
    for reference in references {
        assert!(
            document
                .pointer(reference.trim_start_matches('#'))
                .is_some(),
            "{reference}"
        );
    }
}

fn collect(value: &Value, references: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get("$ref") {
                references.insert(reference.clone());
            }
            members
                .values()
                .for_each(|member| collect(member, references));
        }
        Value::Array(entries) => entries.iter().for_each(|entry| collect(entry, references)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[tokio::test]
async fn the_server_serves_its_document() {
    let node = Node::start().await;
    let served = node
        .stranger()
        .await
        .rpc_discover(AsOfParams::default())
        .await
        .unwrap();
    assert_eq!(served, *openrpc_document());
}
