//! Friendly values into the ledger's JSON form.

use super::fields::{denomination, place};
use super::format::{AMOUNT, DURATION, Format, TIME};
use super::money;
use super::names::{Names, resolved};
use super::schema::{Absent, Choice, Field, Form, Offer, Variant};
use super::text::same;
use crate::words::duration;
use anyhow::{Context, anyhow, bail};
use karwan_types::{Amount, CurrencyCode, Timestamp};
use serde_json::{Map, Value as Json, json};
use toml::{Table, Value};

/// How errors call a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spelling {
    /// By the option of the command line.
    Options,
    /// By the key of a table.
    Keys,
}

/// What a value may refer to.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    /// What `+30m` counts from.
    pub(super) now: Timestamp,
    /// The currency of the objects around.
    pub(super) currency: Option<CurrencyCode>,
    pub(super) spelling: Spelling,
    /// What words stand for.
    pub(super) names: &'a dyn Names,
}

/// A value that was given, and how errors call its field.
struct Given<'a> {
    value: &'a Value,
    label: &'a str,
    scope: Scope<'a>,
}

/// An object from a table with its own keys.
pub(super) fn object(
    fields: &[Field],
    given: &Table,
    scope: Scope<'_>,
) -> anyhow::Result<Map<String, Json>> {
    members(fields, &place(fields, given)?, scope)
}

/// An object from a table in which everything is where it belongs.
fn members(
    fields: &[Field],
    placed: &Table,
    scope: Scope<'_>,
) -> anyhow::Result<Map<String, Json>> {
    let mut members = Map::new();
    let placed = &money::apart(fields, placed)?;
    for field in fields {
        let currency = currency(fields, placed, &field.name, scope)?.or(scope.currency);
        let inside = Scope { currency, ..scope };
        let value = match (placed.get(&field.name), field.form.flat()) {
            (Some(Value::Table(inner)), Some(fields)) => {
                Some(Json::Object(self::members(fields, inner, inside)?))
            }
            (Some(value), _) => {
                let label = label(field, scope.spelling);
                let value = resolved(field, value, scope.names).with_context(|| label.clone())?;
                let given = Given {
                    value: &value,
                    label: &label,
                    scope: inside,
                };
                Some(given.read(&field.form)?)
            }
            (None, Some(fields)) if field.absent == Absent::Refused => {
                Some(Json::Object(self::members(fields, &Table::new(), inside)?))
            }
            (None, _) => absent(field, scope)?,
        };
        if let (Some(value), false) = (value, field.denominates_only) {
            members.insert(field.name.clone(), value);
        }
    }
    Ok(members)
}

/// The currency that stands beside an amount, or beside an object with amounts inside.
fn currency(
    fields: &[Field],
    placed: &Table,
    amount: &str,
    scope: Scope<'_>,
) -> anyhow::Result<Option<CurrencyCode>> {
    let Some(field) = denomination(fields, amount) else {
        return Ok(None);
    };
    let Some(value) = placed.get(&field.name) else {
        return Ok(None);
    };
    let label = label(field, scope.spelling);
    let given = Given {
        value,
        label: &label,
        scope,
    };
    let text = given.text()?;
    let parsed: Result<CurrencyCode, _> = text.parse();
    parsed.map(Some).map_err(|error| given.wrong(error.rule))
}

/// How an error calls a field.
fn label(field: &Field, spelling: Spelling) -> String {
    match (spelling, field.offer, &field.form) {
        (Spelling::Options, Offer::Positional, Form::Word(format)) => format.value_name.to_owned(),
        (Spelling::Options, Offer::Option, _) => field.option.clone(),
        (Spelling::Options | Spelling::Keys, _, _) => field.key.clone(),
    }
}

fn absent(field: &Field, scope: Scope<'_>) -> anyhow::Result<Option<Json>> {
    Ok(match &field.absent {
        Absent::Refused => {
            let label = label(field, scope.spelling);
            bail!("{label} must be given: {}", field.description)
        }
        Absent::Nothing => None,
        Absent::Default(value) => Some(value.clone()),
        Absent::NewReference => Some(json!(scope.names.new_reference()?)),
        Absent::RandomBytes => Some(json!(scope.names.new_salt()?)),
    })
}

impl Given<'_> {
    fn read(&self, form: &Form) -> anyhow::Result<Json> {
        match form {
            Form::Word(format) => self.word(format),
            Form::Choice(choices) => self.choice(choices),
            Form::Number => self.number(),
            Form::Boolean => self.boolean(),
            Form::List(form) => self.list(|element| element.read(form)),
            Form::Object(fields) | Form::Document(fields) => self.object(fields),
            Form::Objects(fields) => self.list(|element| element.object(fields)),
            Form::Tagged(variants) => self.tagged(variants),
            Form::Free => Ok(free(self.value)),
        }
    }

    fn word(&self, format: &Format) -> anyhow::Result<Json> {
        // A bare number is what the name of the field says: milliseconds.
        if let (DURATION, Value::Integer(millis)) = (format.name, self.value) {
            return Ok(json!(millis));
        }
        let text = self.text()?;
        match format.name {
            AMOUNT => {
                let currency = self.scope.currency;
                let currency = currency.ok_or_else(|| self.wrong("an amount needs a currency"))?;
                let amount = Amount::parse(&money::ungrouped(&text), currency);
                Ok(json!(amount.map_err(|error| self.wrong(error))?))
            }
            TIME => {
                let time = match text.strip_prefix('+') {
                    Some(length) => {
                        let length = duration(length).map_err(|error| self.wrong(error))?;
                        self.scope.now.after(length)
                    }
                    None => Timestamp::parse(&text).map_err(|error| self.wrong(error.rule))?,
                };
                Ok(json!(time))
            }
            DURATION => Ok(json!(duration(&text).map_err(|error| self.wrong(error))?)),
            _ => {
                format.check(&text).map_err(|error| self.wrong(error))?;
                Ok(Json::String(text))
            }
        }
    }

    fn choice(&self, choices: &[Choice]) -> anyhow::Result<Json> {
        let text = self.text()?;
        let found = choices.iter().find(|choice| same(&choice.name, &text));
        let names: Vec<&str> = choices.iter().map(|choice| choice.name.as_str()).collect();
        let choice =
            found.ok_or_else(|| self.wrong(format!("must be one of {}", names.join(", "))))?;
        Ok(json!(choice.name))
    }

    fn number(&self) -> anyhow::Result<Json> {
        let text = self.text()?;
        if let Ok(number) = text.parse::<u64>() {
            return Ok(json!(number));
        }
        let number: Result<i64, _> = text.parse();
        Ok(json!(
            number.map_err(|_| self.wrong("must be a whole number"))?
        ))
    }

    fn boolean(&self) -> anyhow::Result<Json> {
        match self.value {
            Value::Boolean(answer) => Ok(json!(answer)),
            Value::String(text) if text == "true" || text == "false" => Ok(json!(text == "true")),
            Value::String(_)
            | Value::Integer(_)
            | Value::Float(_)
            | Value::Datetime(_)
            | Value::Array(_)
            | Value::Table(_) => Err(self.wrong("must be true or false")),
        }
    }

    fn list(&self, read: impl Fn(&Given<'_>) -> anyhow::Result<Json>) -> anyhow::Result<Json> {
        let Value::Array(elements) = self.value else {
            return Err(self.wrong("must be a list"));
        };
        let mut list = Vec::new();
        for (index, value) in elements.iter().enumerate() {
            let given = Given { value, ..*self };
            let number = index.saturating_add(1);
            list.push(read(&given).with_context(|| format!("{} {number}", self.label))?);
        }
        Ok(Json::Array(list))
    }

    /// A document or an element of a list: its fields have keys, no options.
    fn object(&self, fields: &[Field]) -> anyhow::Result<Json> {
        let Value::Table(table) = self.value else {
            return Err(self.wrong("must be a table"));
        };
        let scope = Scope {
            spelling: Spelling::Keys,
            ..self.scope
        };
        Ok(Json::Object(object(fields, table, scope)?))
    }

    /// A name, or a table with one key: the name of what stands in it.
    fn tagged(&self, variants: &[Variant]) -> anyhow::Result<Json> {
        let table = self.value.as_table().filter(|table| table.len() == 1);
        let member = table.and_then(|table| table.iter().next());
        let member = member.map(|(name, content)| (name.as_str(), Some(content)));
        let name = self.value.as_str().map(|name| (name, None));
        let (name, content) = name
            .or(member)
            .ok_or_else(|| self.wrong("must be a name, or a table with one key"))?;
        let found = variants.iter().find(|variant| same(&variant.name, name));
        match (found.map(|variant| (&variant.name, &variant.form)), content) {
            (Some((name, None)), None) => Ok(json!(name)),
            (Some((name, Some(form))), Some(value)) => {
                let label = format!("{} {name}", self.label);
                let inner = Given {
                    value,
                    label: &label,
                    ..*self
                };
                Ok(json!({ name: inner.read(form)? }))
            }
            (Some((name, Some(_))), None) => Err(self.wrong(format!("{name} needs fields"))),
            (Some((name, None)), Some(_)) => Err(self.wrong(format!("{name} has no fields"))),
            (None, _) => {
                let names: Vec<&str> = variants.iter().map(|one| one.name.as_str()).collect();
                Err(self.wrong(format!("must be one of {}", names.join(", "))))
            }
        }
    }

    fn text(&self) -> anyhow::Result<String> {
        match self.value {
            Value::String(text) => Ok(text.clone()),
            Value::Integer(number) => Ok(number.to_string()),
            Value::Datetime(time) => Ok(time.to_string()),
            // A fraction of two's powers is no amount of money.
            Value::Float(_) => Err(self.wrong("must stand in quotes")),
            Value::Boolean(_) | Value::Array(_) | Value::Table(_) => {
                Err(self.wrong("must be a text"))
            }
        }
    }

    /// Says which field, what was given and the rule that it breaks.
    fn wrong(&self, rule: impl std::fmt::Display) -> anyhow::Error {
        let text = self.value.as_str().map(ToOwned::to_owned);
        let given = text.unwrap_or_else(|| self.value.to_string());
        let given: String = given.chars().take(GIVEN_CHARS).collect();
        match self.scope.spelling {
            Spelling::Options => anyhow!("{} {given}: {rule}", self.label),
            Spelling::Keys => anyhow!("{} = {given:?}: {rule}", self.label),
        }
    }
}

/// How much of a wrong value an error repeats.
const GIVEN_CHARS: usize = 64;

/// A value in JSON as it stands; times become texts.
fn free(value: &Value) -> Json {
    match value {
        Value::String(text) => json!(text),
        Value::Integer(number) => json!(number),
        Value::Float(number) => json!(number),
        Value::Boolean(answer) => json!(answer),
        Value::Datetime(time) => json!(time.to_string()),
        Value::Array(elements) => elements.iter().map(free).collect(),
        Value::Table(table) => {
            let members = table.iter().map(|(key, value)| (key.clone(), free(value)));
            Json::Object(members.collect())
        }
    }
}
