//! Values that stand in files: TOML, or JSON when the name ends so.

use super::fields::place;
use super::schema::Field;
use anyhow::{Context, bail};
use serde_json::Value as Json;
use std::path::Path;
use toml::{Table, Value};

/// The value that a file holds.
pub(crate) fn read_value(path: &Path, text: &str) -> anyhow::Result<Value> {
    let value = || -> anyhow::Result<Value> {
        if path.extension().is_some_and(|ending| ending == "json") {
            Ok(Value::try_from(without_nulls(serde_json::from_str(text)?))?)
        } else {
            Ok(Value::Table(toml::from_str(text)?))
        }
    };
    value().with_context(|| path.display().to_string())
}

/// The list that a file holds under a field's name, or its alias, and nothing else.
pub(crate) fn read_list(field: &Field, path: &Path, text: &str) -> anyhow::Result<Value> {
    let list = || -> anyhow::Result<Value> {
        let Value::Table(table) = read_value(path, text)? else {
            bail!("must be an object with the list {}", field.name);
        };
        let mut placed: Table = place(std::slice::from_ref(field), &table)?;
        let list = placed.remove(&field.name);
        list.with_context(|| format!("has no table [[{}]]", field.name))
    };
    list().with_context(|| path.display().to_string())
}

/// TOML has no null: what is null is left out.
fn without_nulls(value: Json) -> Json {
    match value {
        Json::Object(members) => {
            let kept = members.into_iter().filter(|(_, member)| !member.is_null());
            Json::Object(
                kept.map(|(key, member)| (key, without_nulls(member)))
                    .collect(),
            )
        }
        Json::Array(elements) => elements.into_iter().map(without_nulls).collect(),
        other @ (Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_)) => other,
    }
}
