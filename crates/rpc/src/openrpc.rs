//! The OpenRPC document: generated from the policy table and the types of parameters and answers, so that it says what the
//! server does. It is committed, served by `rpc.discover`, and a test fails when the two differ.

use crate::methods::{EVENT_NOTIFICATION, EVENT_UNSUBSCRIBE};
use crate::policy::{Row, Run, TABLE};
use crate::problem::{Fault, Problem};
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};
use std::sync::OnceLock;

const DESCRIPTION: &str = "JSON-RPC 2.0 over HTTP (POST /) and WebSocket (GET /). Parameters are given by name. \
    A caller proves who it is with an access token in the header `Authorization: Bearer TOKEN`: a compact JSON web token, \
    algorithm EdDSA, claims iss (the access key in hexadecimal), chain (the chain id), node (optional: the node's key), \
    scope (`read`, `gateway` or both), iat and exp (seconds, at most 15 minutes apart). Errors of the server carry a Problem \
    in their data; its code and name are stable. Errors of the transport carry none: -32700 no JSON, -32600 no request, \
    -32601 no such method, -32005 batches are for HTTP, -32006 too many subscriptions, -32007 request too large, \
    -32008 answer too large, -32010 more than 20 calls in a batch, -32011 batch answer too large.";

/// The document.
#[must_use]
pub fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(generate)
}

fn generate() -> Value {
    let settings = SchemaSettings::draft07().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut generator = settings.into_generator();
    let methods: Vec<Value> = TABLE
        .iter()
        .map(|row| method(row, &mut generator))
        .collect();
    let problem = generator.subschema_for::<Problem>();
    let errors: Map<String, Value> = Fault::ALL.iter().map(|fault| error(*fault)).collect();
    json!({
        "openrpc": "1.3.2",
        "info": {
            "title": "Karwan",
            "description": DESCRIPTION,
            "license": { "name": "Apache-2.0" },
            "version": env!("CARGO_PKG_VERSION"),
        },
        "methods": methods,
        "components": {
            "errors": errors,
            "schemas": generator.take_definitions(true),
            "x-error-data": problem,
        },
    })
}

fn method(row: &Row, generator: &mut SchemaGenerator) -> Value {
    let schemas = (row.describe)(generator);
    let properties = schemas.params.get("properties").and_then(Value::as_object);
    let required = schemas.params.get("required").and_then(Value::as_array);
    let is_required =
        |name: &str| required.is_some_and(|names| names.iter().any(|one| one == name));
    let params: Vec<Value> = properties
        .into_iter()
        .flatten()
        .map(|(name, schema)| {
            json!({ "name": name, "required": is_required(name), "schema": schema })
        })
        .collect();
    let mut method = json!({
        "name": row.name,
        "summary": row.summary,
        "description": format!("For {}.", row.access.meaning()),
        "paramStructure": "by-name",
        "params": params,
        "result": { "name": "answer", "schema": schemas.answer },
        "x-params-bytes-max": row.params_bytes_max,
    });
    if let Run::Events = row.run {
        method["x-notification"] = EVENT_NOTIFICATION.into();
        method["x-unsubscribe"] = EVENT_UNSUBSCRIBE.into();
    }
    method
}

fn error(fault: Fault) -> (String, Value) {
    let error = json!({
        "code": fault.code(),
        "message": fault.meaning().trim(),
        "x-kind": fault.kind(),
        "x-retryable": fault.retryable(),
    });
    (fault.name().to_owned(), error)
}
