//! Changes to a document: tables are merged key by key, everything else is replaced.
//!
//! An element of a list of tables is found by any of its names, so that `national.PK` is the part of that jurisdiction and
//! `participants.indus` the bank whose keys are called so.

use crate::instruction::nearest;
use anyhow::bail;
use toml::{Table, Value};

/// Changes `base` where `changes` says something else.
pub(super) fn merge(base: &mut Table, changes: &Table, place: &str) -> anyhow::Result<()> {
    for (key, change) in changes {
        let place = format!("{place}.{key}");
        match base.get_mut(key) {
            Some(there) => merge_value(there, change, &place)?,
            // Whether the document has such a key is for the document to say.
            None => {
                base.insert(key.clone(), change.clone());
            }
        }
    }
    Ok(())
}

fn merge_value(base: &mut Value, change: &Value, place: &str) -> anyhow::Result<()> {
    match (base, change) {
        (Value::Table(base), Value::Table(changes)) => merge(base, changes, place),
        (Value::Array(elements), Value::Table(changes)) => {
            for (name, change) in changes {
                element(elements, name, change, place)?;
            }
            Ok(())
        }
        (base, change) => {
            *base = change.clone();
            Ok(())
        }
    }
}

fn element(elements: &mut [Value], name: &str, change: &Value, place: &str) -> anyhow::Result<()> {
    let names: Vec<String> = elements.iter().flat_map(names).collect();
    let found = elements
        .iter_mut()
        .find(|element| self::names(element).any(|one| one == name));
    match found {
        Some(element) => merge_value(element, change, &format!("{place}.{name}")),
        None => bail!(
            "{place} has no {name}; {}",
            nearest(name, names.iter().map(String::as_str))
        ),
    }
}

/// Every word by which an element may be called: its short texts, and what the names of its keys begin with.
fn names(element: &Value) -> impl Iterator<Item = String> {
    let table = element.as_table().cloned().unwrap_or_default();
    table.into_iter().flat_map(|(key, value)| match value {
        Value::String(text) => vec![text],
        Value::Array(elements) if key == "keys" => {
            let first = elements.first().and_then(Value::as_str);
            let handle = first.and_then(|name| name.rsplit_once('-'));
            handle
                .map(|(handle, _)| handle.to_owned())
                .into_iter()
                .collect()
        }
        Value::Integer(_)
        | Value::Float(_)
        | Value::Boolean(_)
        | Value::Datetime(_)
        | Value::Array(_)
        | Value::Table(_) => Vec::new(),
    })
}
