//! Answers of a node for people: scalars as lines, lists of objects as tables. With `--json` the answer itself is printed.

use crate::output::Output;
use serde::Serialize;
use serde_json::{Map, Value};

/// Columns that would only widen a table: proofs and long hashes have their place in JSON.
const TOO_WIDE: usize = 68;

/// Prints an answer.
pub(crate) fn answer(output: Output, answer: &impl Serialize) {
    output.json(answer);
    if output.is_json() {
        return;
    }
    let value =
        serde_json::to_value(answer).expect("answers have text keys and finite numbers only");
    match &value {
        Value::Object(members) => object(output, members, ""),
        Value::Array(entries) => list(output, entries),
        scalar @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
            output.line(text(scalar));
        }
    }
}

fn object(output: Output, members: &Map<String, Value>, indent: &str) {
    let width = members.keys().map(String::len).max().unwrap_or(0);
    for (name, value) in members {
        match value {
            Value::Array(entries) if entries.iter().any(Value::is_object) => {
                output.line("");
                output.heading(&format!("{indent}{}", words(name)));
                list(output, entries);
            }
            Value::Object(inner) if flat(inner).is_none() => {
                output.heading(&format!("{indent}{}", words(name)));
                object(output, inner, &format!("{indent}  "));
            }
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_) => {
                output.line(format!("{indent}{:width$}  {}", words(name), text(value)));
            }
        }
    }
}

/// A list of objects: one row each, one column for each member that fits.
fn list(output: Output, entries: &[Value]) {
    let mut columns: Vec<&String> = Vec::new();
    for entry in entries.iter().filter_map(Value::as_object) {
        for name in entry.keys() {
            if !columns.contains(&name) {
                columns.push(name);
            }
        }
    }
    let cell = |entry: &Value, name: &str| entry.get(name).map(text).unwrap_or_default();
    let mut widths = Vec::new();
    columns.retain(|name| {
        let widest = entries
            .iter()
            .map(|entry| cell(entry, name).chars().count())
            .max()
            .unwrap_or(0);
        let fits = widest <= TOO_WIDE;
        if fits {
            widths.push(widest.max(name.chars().count()));
        }
        fits
    });
    let line = |cells: Vec<String>| {
        let padded: Vec<String> = cells
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        padded.join("  ").trim_end().to_owned()
    };
    output.heading(&line(
        columns
            .iter()
            .map(|name| words(name).to_uppercase())
            .collect(),
    ));
    for entry in entries {
        output.line(line(columns.iter().map(|name| cell(entry, name)).collect()));
    }
}

/// Money in one cell; none for other objects.
fn flat(members: &Map<String, Value>) -> Option<String> {
    let amount = members.get("amount")?.as_str()?;
    let currency = members.get("currency")?.as_str()?;
    Some(format!("{amount} {currency}"))
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Array(entries) => entries.iter().map(text).collect::<Vec<_>>().join(" "),
        Value::Object(members) => flat(members).unwrap_or_else(|| value.to_string()),
    }
}

fn words(name: &str) -> String {
    name.replace('_', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_one_cell_and_lists_are_joined() {
        let money = serde_json::json!({ "amount": "1.50", "currency": "KGS", "minor": "150" });
        assert_eq!(text(&money), "1.50 KGS");
        assert_eq!(text(&serde_json::json!(["a", 2])), "a 2");
        assert_eq!(words("as_of_height"), "as of height");
    }
}
