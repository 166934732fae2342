//! Names: which field a key means when the fields of objects inside stand beside those around them, and which names are near
//! one that nobody knows.

use super::format::CURRENCY;
use super::schema::{Absent, Field, Form, Offer};
use anyhow::bail;
use toml::{Table, Value};

/// The options that every kind of instruction has; a field with such a name gets that of its kind before it.
pub(super) const TAKEN: &[&str] = &[
    "as",
    "devnet",
    "dry-run",
    "genesis",
    "help",
    "identity",
    "ivms",
    "json",
    "keys",
    "node",
    "passphrase-file",
    "sign",
    "valid-for",
    "wait",
];
/// How near a name must be to be proposed, as for options.
const NEAR: f64 = 0.7;
/// How many names are proposed.
const PROPOSED_MAX: usize = 3;

/// A field that is no short object, with the names of the objects that it is in and its own.
#[derive(Clone)]
pub(crate) struct Leaf<'a> {
    pub(crate) path: Vec<&'a str>,
    pub(crate) field: &'a Field,
    /// Whether it must be given.
    pub(crate) is_required: bool,
}

/// All fields, those of short objects inside instead of these; hidden ones too.
pub(crate) fn leaves(fields: &[Field]) -> Vec<Leaf<'_>> {
    let mut found = Vec::new();
    for field in fields {
        let is_required = field.absent == Absent::Refused;
        let Some(inner) = field.form.flat() else {
            found.push(Leaf {
                path: vec![&field.name],
                field,
                is_required,
            });
            continue;
        };
        for leaf in leaves(inner) {
            let mut path = vec![field.name.as_str()];
            path.extend(&leaf.path);
            found.push(Leaf {
                path,
                is_required: is_required && leaf.is_required,
                ..leaf
            });
        }
    }
    found
}

/// Names the keys and options of all fields of a kind, a document or an element of a list.
pub(super) fn name_all(fields: &mut [Field], command: &str) {
    let names = leaves(fields);
    let names = names.iter().flat_map(|leaf| {
        let alias = leaf.field.alias.clone();
        [Some(leaf.field.name.clone()), alias].into_iter().flatten()
    });
    let names: Vec<String> = names.collect();
    name(fields, "", &names, command);
}

fn name(fields: &mut [Field], prefix: &str, names: &[String], command: &str) {
    for field in fields {
        if let Form::Object(inner) = &mut field.form {
            name(inner, &format!("{prefix}{}_", field.name), names, command);
            continue;
        }
        let alone = |name: &str| names.iter().filter(|other| *other == name).count() == 1;
        field.key = if prefix.is_empty() || alone(&field.name) {
            field.name.clone()
        } else {
            format!("{prefix}{}", field.name)
        };
        field.key_alias = field.alias.as_ref().and_then(|alias| {
            if alone(alias) {
                return Some(alias.clone());
            }
            (!prefix.is_empty()).then(|| format!("{prefix}{alias}"))
        });
        let kebab = field.key.replace('_', "-");
        field.option = if TAKEN.contains(&kebab.as_str()) {
            format!("--{command}-{kebab}")
        } else {
            format!("--{kebab}")
        };
        let alias = field
            .key_alias
            .as_ref()
            .map(|alias| alias.replace('_', "-"));
        let alias = alias.filter(|alias| !TAKEN.contains(&alias.as_str()));
        field.option_alias = alias.map(|alias| format!("--{alias}"));
    }
}

/// Which field says the currency of an amount: that of the same name (`fee_currency` for `fee_amount`), else `currency`, else
/// the only one.
pub(super) fn denomination<'a>(fields: &'a [Field], amount: &str) -> Option<&'a Field> {
    let twin = amount.replace("amount", "currency");
    let mut currencies = fields.iter().filter(|field| field.form.is_word(CURRENCY));
    let named = |name: &str| currencies.clone().find(|field| field.name == name);
    named(&twin).or_else(|| named("currency")).or_else(|| {
        let first = currencies.next()?;
        currencies.next().is_none().then_some(first)
    })
}

/// Puts what a table holds where it belongs: objects inside objects, every field under its own name.
pub(super) fn place(fields: &[Field], given: &Table) -> anyhow::Result<Table> {
    let mut placed = Table::new();
    for (key, value) in given {
        let one = find(fields, key, value)?;
        if !merge(&mut placed, one) {
            bail!("{key} is given twice, under two names or in two places");
        }
    }
    Ok(placed)
}

/// One key with its value, where it belongs.
fn find(fields: &[Field], key: &str, value: &Value) -> anyhow::Result<Table> {
    let is = |name: &String| name == key;
    let direct = fields
        .iter()
        .find(|field| is(&field.name) || field.alias.as_ref().is_some_and(is));
    if let Some(field) = direct {
        let value = match (field.form.flat(), value) {
            (Some(inner), Value::Table(table)) => Value::Table(place(inner, table)?),
            _ => value.clone(),
        };
        return Ok(Table::from_iter([(field.name.clone(), value)]));
    }
    let all = leaves(fields);
    let found = all
        .iter()
        .find(|leaf| is(&leaf.field.key) || leaf.field.key_alias.as_ref().is_some_and(is));
    let Some(leaf) = found else {
        let names = all.iter().flat_map(|leaf| {
            let visible = leaf.field.offer != Offer::Hidden;
            let names = [Some(&leaf.field.key), leaf.field.key_alias.as_ref()];
            names.into_iter().flatten().filter(move |_| visible)
        });
        bail!(
            "{key} is not known here; {}",
            nearest(key, names.map(String::as_str))
        );
    };
    let (name, outer) = leaf.path.split_last().expect("a path ends in a name");
    let innermost = Table::from_iter([((*name).to_owned(), value.clone())]);
    Ok(outer.iter().rev().fold(innermost, |inside, name| {
        Table::from_iter([((*name).to_owned(), Value::Table(inside))])
    }))
}

/// Adds what is not there yet; false when something is there twice.
fn merge(into: &mut Table, from: Table) -> bool {
    from.into_iter()
        .all(|(key, value)| match (into.get_mut(&key), value) {
            (None, value) => into.insert(key, value).is_none(),
            (Some(Value::Table(there)), Value::Table(more)) => merge(there, more),
            (Some(_), _) => false,
        })
}

/// The names near one that is not known, as the end of a sentence.
pub(crate) fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> String {
    let mut ranked: Vec<(f64, &str)> = names
        .map(|other| (strsim::jaro(name, other), other))
        .collect();
    ranked.sort_by(|one, other| other.0.total_cmp(&one.0));
    let near: Vec<&str> = ranked
        .iter()
        .take_while(|(likeness, _)| *likeness > NEAR)
        .map(|(_, other)| *other)
        .take(PROPOSED_MAX)
        .collect();
    if near.is_empty() {
        let mut all: Vec<&str> = ranked.iter().map(|(_, other)| *other).collect();
        all.sort_unstable();
        return format!("known are {}", all.join(", "));
    }
    format!("did you mean {}?", near.join(", "))
}
