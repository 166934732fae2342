//! Words that stand for values where an instruction is read: `rent` for the reference of an earlier payment, `indus` for a bank.
//!
//! Whoever reads instructions says which words it knows. A word that nobody knows is read as what it is.

use super::format::{CURRENCY, UETR};
use super::schema::{Absent, Field, Form};
use crate::words::{random_seed, random_uetr};
use karwan_types::Uetr;
use std::borrow::Cow;
use toml::Value;

/// What words mean, and what is made up for what was left out.
pub(crate) trait Names {
    /// The value that a word stands for in a field of this format; none when it is no name.
    ///
    /// # Errors
    /// When the word can only be a name, and names nothing.
    fn known(&self, format: &str, word: &str) -> anyhow::Result<Option<String>>;
    /// The reference that a word names, made when it names none yet.
    ///
    /// # Errors
    /// When no word may name a reference.
    fn reference(&self, word: &str) -> anyhow::Result<Option<Uetr>>;
    /// A new reference for an instruction that names none.
    ///
    /// # Errors
    /// When none can be made.
    fn new_reference(&self) -> anyhow::Result<Uetr>;
    /// New bytes that nobody can guess, in hexadecimal, for a salt that was left out.
    ///
    /// # Errors
    /// When none can be made.
    fn new_salt(&self) -> anyhow::Result<String> {
        Ok(hex::encode(&random_seed()?[..]))
    }
}

/// No word means anything but itself, and references are random.
pub(crate) struct NoNames;

impl Names for NoNames {
    fn known(&self, _: &str, _: &str) -> anyhow::Result<Option<String>> {
        Ok(None)
    }
    fn reference(&self, _: &str) -> anyhow::Result<Option<Uetr>> {
        Ok(None)
    }
    fn new_reference(&self) -> anyhow::Result<Uetr> {
        random_uetr()
    }
}

/// A field's value with the names in it replaced by what they stand for.
pub(super) fn resolved<'a>(
    field: &Field,
    value: &'a Value,
    names: &dyn Names,
) -> anyhow::Result<Cow<'a, Value>> {
    let one = |word: &str, format: &str| -> anyhow::Result<Option<String>> {
        if format == UETR && field.absent == Absent::NewReference && word.parse::<Uetr>().is_err() {
            return Ok(names.reference(word)?.map(|uetr| uetr.to_string()));
        }
        // A currency is its own name, everywhere.
        if format == CURRENCY {
            return Ok(None);
        }
        names.known(format, word)
    };
    Ok(match (&field.form, value) {
        (Form::Word(format), Value::String(word)) => match one(word, format.name)? {
            Some(known) => Cow::Owned(Value::String(known)),
            None => Cow::Borrowed(value),
        },
        (Form::List(inner), Value::Array(elements)) => {
            let Form::Word(format) = &**inner else {
                return Ok(Cow::Borrowed(value));
            };
            let mut list = Vec::with_capacity(elements.len());
            for element in elements {
                let known = element.as_str().map(|word| one(word, format.name));
                let known = known.transpose()?.flatten();
                list.push(known.map_or_else(|| element.clone(), Value::String));
            }
            Cow::Owned(Value::Array(list))
        }
        (
            Form::Word(_)
            | Form::Choice(_)
            | Form::Number
            | Form::Boolean
            | Form::List(_)
            | Form::Object(_)
            | Form::Document(_)
            | Form::Objects(_)
            | Form::Tagged(_)
            | Form::Free,
            _,
        ) => Cow::Borrowed(value),
    })
}
