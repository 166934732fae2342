//! Instructions from what people write: agents by their names, amounts in major units, times as `+30m`.
//!
//! The ledger describes the fields of every kind of instruction, and what is here follows from those descriptions: `karwan tx`
//! makes its options from [`kinds`], files and tables are read by [`operation`]. **Invariant**: no kind of instruction and no
//! field is named in this module, so that a new one needs no line here.

mod fields;
mod file;
mod format;
mod kinds;
mod money;
mod names;
mod schema;
#[cfg(test)]
pub(crate) mod tests;
mod text;
mod value;
mod written;

pub(crate) use fields::{Leaf, leaves, nearest};
pub(crate) use file::{read_list, read_value};
pub(crate) use format::{AGENT, Format, HASH, HASH_OF_INSTRUCTION, PUBLIC_KEY, UETR};
pub(crate) use kinds::{Kind, kinds};
pub(crate) use money::{split as split_money, ungrouped};
pub(crate) use names::{Names, NoNames};
pub(crate) use schema::{Absent, Field, Form, Offer, Variant};
pub(crate) use text::same;
pub(crate) use value::Spelling;
pub(crate) use written::written;

use anyhow::Context;
use karwan_ledger::Operation;
use karwan_types::{Timestamp, Uetr};
use serde_json::json;
use toml::Table;
use value::Scope;

/// The operation of a kind (`Pay` or `pay`) that a table of friendly values describes. `now` is what `+30m` counts from.
///
/// A key is a field's name or its alias with underscores. The fields of an object inside may stand beside it or in a table of
/// its own. Amounts are in major units of the currency beside them, or say it themselves (`1 250.00 PKR`). A reference that is
/// left out is a new one.
///
/// # Errors
/// Names the key, what was given and the rule; a key that is not known, with the nearest that are.
pub(crate) fn operation(kind: &str, fields: &Table, now: Timestamp) -> anyhow::Result<Operation> {
    build(kinds::find(kind)?, fields, now, Spelling::Keys)
}

/// As [`operation`], for a kind that is at hand; errors spell names as `spelling` says.
pub(crate) fn build(
    kind: &Kind,
    fields: &Table,
    now: Timestamp,
    spelling: Spelling,
) -> anyhow::Result<Operation> {
    build_in(
        kind,
        fields,
        Scope {
            now,
            currency: None,
            spelling,
            names: &NoNames,
        },
    )
}

/// As [`operation`], for a kind that is at hand, where words may stand for values.
pub(crate) fn build_named(
    kind: &Kind,
    fields: &Table,
    now: Timestamp,
    names: &dyn Names,
) -> anyhow::Result<Operation> {
    let scope = Scope {
        now,
        currency: None,
        spelling: Spelling::Keys,
        names,
    };
    build_in(kind, fields, scope)
}

fn build_in(kind: &Kind, fields: &Table, scope: Scope<'_>) -> anyhow::Result<Operation> {
    let members = value::object(&kind.fields, fields, scope)?;
    serde_json::from_value(json!({ kind.name: members })).with_context(|| kind.command.clone())
}

/// The reference under which an instruction settles once, however often it is given.
pub(crate) fn reference(operation: &Operation) -> Option<Uetr> {
    let kind = kinds().iter().find(|kind| kind.name == operation.name())?;
    let generated = leaves(&kind.fields)
        .into_iter()
        .find(|leaf| leaf.field.absent == Absent::NewReference)?;
    let pointer = format!("/{}/{}", kind.name, generated.path.join("/"));
    let value = serde_json::to_value(operation).ok()?;
    value.pointer(&pointer)?.as_str()?.parse().ok()
}
