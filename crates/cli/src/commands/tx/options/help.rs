//! What the help texts of an instruction say.

use super::{Shape, offered, shape};
use crate::instruction::{Absent, Field, Form, Format, Kind, Variant};

/// What stands for a value.
pub(super) fn value_name(form: &Form) -> &'static str {
    match form {
        Form::Word(format) => format.value_name,
        Form::Choice(_) => "WORD",
        Form::Number => "NUMBER",
        Form::Boolean => "true|false",
        Form::List(inner) if inner.is_plain() => value_name(inner),
        Form::List(_) | Form::Object(_) | Form::Document(_) | Form::Objects(_) => "FILE",
        Form::Tagged(variants) if variants.iter().any(|one| one.word().is_some()) => {
            "NAME=VALUE|@FILE"
        }
        Form::Tagged(_) | Form::Free => "@FILE",
    }
}

/// What a field is, and what it means when it is left out.
pub(super) fn sentence(field: &Field) -> String {
    let said = &field.description;
    let shaped = match shape(&field.form) {
        Shape::Word => String::new(),
        Shape::Words => "; may be given several times".to_owned(),
        Shape::ListFile => format!("; a TOML or JSON file with [[{}]]", field.name),
        Shape::ObjectFile => "; a TOML or JSON file".to_owned(),
        Shape::WordOrFile => {
            let names = names(&field.form);
            let how = ways(&field.form);
            format!("{names}; {how} a TOML or JSON file after @ with fields under their name")
        }
    };
    let absent = match &field.absent {
        Absent::NewReference | Absent::RandomBytes => "; a new one when left out".to_owned(),
        Absent::Default(serde_json::Value::String(word)) => format!("; {word} when left out"),
        Absent::Default(serde_json::Value::Number(number)) => {
            let is_duration = matches!(field.form, Form::Word(_));
            let unit = if is_duration { "ms" } else { "" };
            format!("; {number}{unit} when left out")
        }
        Absent::Default(_) | Absent::Nothing | Absent::Refused => String::new(),
    };
    format!("{said}{shaped}{absent}")
}

/// The keys of the tables in a file, and how values are written.
pub(super) fn after(kind: &Kind) -> String {
    let mut text = String::new();
    let mut formats: Vec<&Format> = Vec::new();
    for leaf in offered(&kind.fields) {
        note(&leaf.field.form, &mut formats);
        if let Form::Objects(elements) = &leaf.field.form {
            text.push_str(&keys(&leaf.field.name, elements, &mut formats));
        }
    }
    let width = formats.iter().map(|format| format.value_name.len()).max();
    let width = width.unwrap_or_default();
    if !formats.is_empty() {
        text.push_str("Values:\n");
    }
    for format in formats {
        text.push_str(&format!(
            "  {:width$}  {}\n",
            format.value_name, format.note
        ));
    }
    text.trim_end().to_owned()
}

/// The keys of an element of a list.
fn keys(name: &str, elements: &[Field], formats: &mut Vec<&'static Format>) -> String {
    let named = |field: &Field| match &field.key_alias {
        Some(alias) => format!("{} or {alias}", field.key),
        None => field.key.clone(),
    };
    let mut text = format!("Keys of [[{name}]]:\n");
    for leaf in offered(elements) {
        note(&leaf.field.form, formats);
        let key = named(leaf.field);
        let (value, said) = (value_name(&leaf.field.form), sentence(leaf.field));
        let is_choice = matches!(leaf.field.form, Form::Choice(_));
        let choices = if is_choice {
            names(&leaf.field.form)
        } else {
            String::new()
        };
        text.push_str(&format!("  {key} <{value}>\n      {said}{choices}\n"));
    }
    text.push('\n');
    text
}

/// The names to choose from.
fn names(form: &Form) -> String {
    let names: Vec<&str> = match form {
        Form::Choice(choices) => choices.iter().map(|one| one.name.as_str()).collect(),
        Form::Tagged(variants) => {
            let named = variants.iter().map(named);
            return format!(" [{}]", named.collect::<Vec<_>>().join(", "));
        }
        Form::Word(_)
        | Form::Number
        | Form::Boolean
        | Form::List(_)
        | Form::Object(_)
        | Form::Document(_)
        | Form::Objects(_)
        | Form::Free => return String::new(),
    };
    format!(" [{}]", names.join(", "))
}

/// A variant as it is given: its name, with the word that belongs to it.
fn named(variant: &Variant) -> String {
    let name = variant.name.to_lowercase();
    match variant.word() {
        Some(form) => format!("{name}={}", value_name(form)),
        None => variant.name.clone(),
    }
}

/// How one of several things is given, before the file.
fn ways(form: &Form) -> &'static str {
    let Form::Tagged(variants) = form else {
        return "a name alone, or";
    };
    let all_words = variants.iter().all(|one| one.word().is_some());
    let any_word = variants.iter().any(|one| one.word().is_some());
    match (all_words, any_word) {
        (true, _) => "a name with its value, or",
        (false, true) => "a name alone or with its value, or",
        (false, false) => "a name alone, or",
    }
}

/// Remembers a format that needs a word of explanation.
fn note(form: &Form, formats: &mut Vec<&'static Format>) {
    match form {
        Form::Word(format) => {
            let is_known = formats
                .iter()
                .any(|other| other.value_name == format.value_name);
            if !format.note.is_empty() && !is_known {
                formats.push(format);
            }
        }
        Form::List(inner) => note(inner, formats),
        Form::Tagged(variants) => {
            let words = variants.iter().filter_map(Variant::word);
            words.for_each(|form| note(form, formats));
        }
        Form::Choice(_)
        | Form::Number
        | Form::Boolean
        | Form::Object(_)
        | Form::Document(_)
        | Form::Objects(_)
        | Form::Free => {}
    }
}
