//! The inverse of reading: the ledger's JSON form as people would write it.

use super::fields::denomination;
use super::format::{AMOUNT, DURATION};
use super::schema::{Field, Form};
use anyhow::{Context, bail};
use karwan_types::{Amount, CurrencyCode};
use serde_json::{Map, Value as Json};
use toml::{Table, Value};

/// What people would write for the fields of an object. An amount without a currency beside it is in that `around`.
pub(super) fn friendly(
    fields: &[Field],
    members: &Map<String, Json>,
    around: CurrencyCode,
) -> anyhow::Result<Table> {
    let mut table = Table::new();
    for field in fields {
        let currency = denomination(fields, &field.name)
            .and_then(|field| members.get(&field.name)?.as_str()?.parse().ok())
            .unwrap_or(around);
        if field.denominates_only {
            table.insert(field.name.clone(), around.to_string().into());
            continue;
        }
        let value = members.get(&field.name).filter(|value| !value.is_null());
        if let Some(value) = value {
            let written = written(&field.form, value, currency);
            table.insert(
                field.name.clone(),
                written.with_context(|| field.key.clone())?,
            );
        }
    }
    Ok(table)
}

/// What people would write for a value of a form.
pub(crate) fn written(form: &Form, value: &Json, currency: CurrencyCode) -> anyhow::Result<Value> {
    let table = |fields: &[Field], value: &Json| -> anyhow::Result<Value> {
        let members = value.as_object().context("is no object")?;
        Ok(Value::Table(friendly(fields, members, currency)?))
    };
    let text = || value.as_str().context("is no text");
    Ok(match form {
        Form::Word(format) if format.name == AMOUNT => {
            let amount: Amount = text()?.parse()?;
            amount.to_decimal(currency).into()
        }
        Form::Word(format) if format.name == DURATION => format!("{value}ms").into(),
        Form::Word(_) => text()?.into(),
        Form::Choice(_) => text()?.to_lowercase().into(),
        Form::Number => value.as_i64().context("is no whole number")?.into(),
        Form::Boolean => value.as_bool().context("is neither true nor false")?.into(),
        Form::List(form) => {
            let elements = value.as_array().context("is no list")?.iter();
            let written = elements.map(|one| written(form, one, currency));
            Value::Array(written.collect::<anyhow::Result<_>>()?)
        }
        Form::Object(fields) | Form::Document(fields) => table(fields, value)?,
        Form::Objects(fields) => {
            let elements = value.as_array().context("is no list")?.iter();
            let written = elements.map(|one| table(fields, one));
            Value::Array(written.collect::<anyhow::Result<_>>()?)
        }
        Form::Tagged(variants) => {
            if let Some(name) = value.as_str() {
                return Ok(name.into());
            }
            let member = value.as_object().and_then(|one| one.iter().next());
            let (name, content) = member.context("is neither a name nor an object")?;
            let variant = variants.iter().find(|one| one.name == *name);
            let form = variant.and_then(|one| one.form.as_ref());
            let Some(form) = form else {
                bail!("{name} has no fields");
            };
            let content = written(form, content, currency)?;
            Value::Table(Table::from_iter([(name.clone(), content)]))
        }
        Form::Free => Value::try_from(value)?,
    })
}
