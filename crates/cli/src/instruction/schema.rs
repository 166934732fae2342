//! The fields of a kind of instruction, read from its description (JSON schema, draft 7, everything written out).

use super::fields::{denomination, name_all};
use super::format::{AMOUNT, CURRENCY, DURATION, Format, HASH};
use super::text::{named, plain};
use serde_json::{Map, Value};

/// A field: what may be given, and what it means when it is not.
#[derive(Debug)]
pub(crate) struct Field {
    /// Its name in the object that it belongs to, for example `debtor_agent`.
    pub(crate) name: String,
    /// A shorter name, for example `from`.
    pub(crate) alias: Option<String>,
    /// Its name in a table where the fields of objects inside stand beside it: the name, with that of the outer field before
    /// it where two would be the same.
    pub(crate) key: String,
    pub(crate) key_alias: Option<String>,
    /// Its option, for example `--debtor-agent`.
    pub(crate) option: String,
    pub(crate) option_alias: Option<String>,
    /// What it is, without a full stop at the end.
    pub(crate) description: String,
    pub(crate) form: Form,
    pub(crate) absent: Absent,
    pub(crate) offer: Offer,
    /// Not a field of the ledger: only says the currency of the amounts beside it.
    pub(crate) denominates_only: bool,
}

/// What stands in a field.
#[derive(Debug)]
pub(crate) enum Form {
    Word(&'static Format),
    /// One of a few words.
    Choice(Vec<Choice>),
    Number,
    Boolean,
    List(Box<Self>),
    /// A short object: its fields may stand beside those around it.
    Object(Vec<Field>),
    /// An object that is given as a whole.
    Document(Vec<Field>),
    Objects(Vec<Field>),
    /// One of several objects, each under a name of its own.
    Tagged(Vec<Variant>),
    /// Anything else: as the ledger writes it in JSON.
    Free,
}

/// One of a few words, in the ledger's spelling.
#[derive(Debug)]
pub(crate) struct Choice {
    pub(crate) name: String,
    /// What it means; empty when the name says it.
    pub(crate) description: String,
}

/// One of several objects; a name alone has no form.
#[derive(Debug)]
pub(crate) struct Variant {
    pub(crate) name: String,
    pub(super) form: Option<Form>,
}

impl Variant {
    /// Its form, when that is one word: then it can be given as `name=word`.
    pub(crate) fn word(&self) -> Option<&Form> {
        let form = self.form.as_ref()?;
        let is_word = form.is_plain() && !matches!(form, Form::List(_));
        is_word.then_some(form)
    }
}

/// What a field means that is not given.
#[derive(Debug, PartialEq)]
pub(crate) enum Absent {
    /// It must be given.
    Refused,
    /// It is left out.
    Nothing,
    /// This, as the ledger writes it in JSON.
    Default(Value),
    /// A new UETR.
    NewReference,
    /// 32 random bytes.
    RandomBytes,
}

/// How the command line offers a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Offer {
    Option,
    /// Without the name of an option.
    Positional,
    /// Not at all: it is read from tables and files only.
    Hidden,
}

/// Whether an amount finds a currency in the objects around its own.
#[derive(Clone, Copy)]
enum Around {
    Currency,
    Nothing,
}

/// The fields of a kind.
pub(super) fn root(node: &Value, command: &str) -> Vec<Field> {
    let mut fields = object(node, Around::Nothing);
    name_all(&mut fields, command);
    fields
}

fn object(node: &Value, around: Around) -> Vec<Field> {
    let no_properties = Map::new();
    let properties = node["properties"].as_object().unwrap_or(&no_properties);
    let required: Vec<&str> = strings(&node["required"]);
    let optional = properties.keys().map(String::as_str);
    let optional = optional.filter(|name| !required.contains(name));
    let order: Vec<&str> = required.iter().copied().chain(optional).collect();
    let is_currency = |property: &Value| property["format"] == CURRENCY;
    let inside = if properties.values().any(is_currency) {
        Around::Currency
    } else {
        around
    };
    let mut fields: Vec<Field> = order
        .into_iter()
        .filter_map(|name| Some((name, properties.get(name)?)))
        .map(|(name, node)| Field::read(name, node, required.contains(&name), inside))
        .collect();
    if let Around::Nothing = around {
        denominate(&mut fields);
    }
    fields
}

/// Adds a currency before the first amount that has none beside it.
fn denominate(fields: &mut Vec<Field>) {
    let bare = |field: &Field| {
        let of_list = matches!(&field.form, Form::List(inner) if inner.is_word(AMOUNT));
        let amount = of_list || field.form.is_word(AMOUNT);
        amount && denomination(fields, &field.name).is_none()
    };
    let Some(first) = fields.iter().position(bare) else {
        return;
    };
    let must_be_given = |field: &Field| bare(field) && field.absent == Absent::Refused;
    let absent = if fields.iter().any(must_be_given) {
        Absent::Refused
    } else {
        Absent::Nothing
    };
    let currency = Field {
        description: "The currency of the amount".to_owned(),
        absent,
        denominates_only: true,
        ..Field::new("currency", Form::Word(Format::find(CURRENCY)))
    };
    fields.insert(first, currency);
}

impl Field {
    fn new(name: &str, form: Form) -> Self {
        Self {
            name: name.to_owned(),
            alias: None,
            key: name.to_owned(),
            key_alias: None,
            option: String::new(),
            option_alias: None,
            description: String::new(),
            form,
            absent: Absent::Nothing,
            offer: Offer::Option,
            denominates_only: false,
        }
    }

    fn read(name: &str, node: &Value, is_required: bool, around: Around) -> Self {
        let node = without_null(node);
        let form = Form::read(&node, around);
        let form = if node["x-file"] == true {
            form.whole()
        } else {
            form
        };
        let offer = if node["x-hidden"] == true {
            Offer::Hidden
        } else if node["x-positional"] == true {
            Offer::Positional
        } else {
            Offer::Option
        };
        let absent = if node["x-generated"] == true && form.is_word(HASH) {
            Absent::RandomBytes
        } else if node["x-generated"] == true {
            Absent::NewReference
        } else if let Some(default) = node.get("x-default") {
            Absent::Default(default.clone())
        } else if !is_required {
            Absent::Nothing
        } else {
            form.when_absent(offer)
        };
        let said = node["description"].as_str().unwrap_or_default();
        let mut description = named(name, said);
        if form.is_word(AMOUNT) {
            // The description is of the JSON form; people write major units.
            description = description.replace("minor units", "major units");
        }
        Self {
            alias: node["x-alias"]
                .as_str()
                .map(|alias| alias.replace('-', "_")),
            description,
            absent,
            offer,
            ..Self::new(name, form)
        }
    }
}

impl Form {
    fn read(node: &Value, around: Around) -> Self {
        if let Some(choices) = choices(node) {
            return Self::Choice(choices);
        }
        if let Some(variants) = variants(node, around) {
            return Self::Tagged(variants);
        }
        let format = node["format"].as_str().unwrap_or_default();
        match node["type"].as_str().unwrap_or_default() {
            "string" => Self::Word(Format::find(format)),
            "integer" if format == DURATION => Self::Word(Format::find(format)),
            "integer" => Self::Number,
            "boolean" => Self::Boolean,
            "array" if node["items"].is_object() => Self::list(&node["items"], around),
            "object" if node["properties"].is_object() => {
                let mut fields = object(node, around);
                name_all(&mut fields, "");
                let mut visible = fields.iter().filter(|field| field.offer != Offer::Hidden);
                if visible.all(|field| field.form.is_plain() || field.form.flat().is_some()) {
                    Self::Object(fields)
                } else {
                    // What has lists of objects inside is no matter of a few options.
                    Self::Document(fields)
                }
            }
            _ => Self::Free,
        }
    }

    fn list(items: &Value, around: Around) -> Self {
        let element = Self::read(&without_null(items), around);
        if let Self::Object(fields) | Self::Document(fields) = element {
            return Self::Objects(fields);
        }
        Self::List(Box::new(element))
    }

    /// The same, given as a whole.
    fn whole(self) -> Self {
        if let Self::Object(fields) = self {
            return Self::Document(fields);
        }
        self
    }

    /// What a field that the ledger needs means when it is not given.
    fn when_absent(&self, offer: Offer) -> Absent {
        match self {
            Self::Boolean => Absent::Default(Value::Bool(false)),
            Self::List(_) | Self::Objects(_) if offer != Offer::Positional => {
                Absent::Default(Value::Array(Vec::new()))
            }
            Self::Word(_)
            | Self::Choice(_)
            | Self::Number
            | Self::List(_)
            | Self::Object(_)
            | Self::Document(_)
            | Self::Objects(_)
            | Self::Tagged(_)
            | Self::Free => Absent::Refused,
        }
    }

    pub(super) fn is_word(&self, format: &str) -> bool {
        matches!(self, Self::Word(word) if word.name == format)
    }

    /// Whether it is written as one word, or several.
    pub(crate) fn is_plain(&self) -> bool {
        match self {
            Self::Word(_) | Self::Choice(_) | Self::Number | Self::Boolean => true,
            Self::List(inner) => inner.is_plain(),
            Self::Object(_)
            | Self::Document(_)
            | Self::Objects(_)
            | Self::Tagged(_)
            | Self::Free => false,
        }
    }

    /// The fields that may stand beside those around them.
    pub(super) fn flat(&self) -> Option<&[Field]> {
        if let Self::Object(fields) = self {
            return Some(fields);
        }
        None
    }
}

/// The words of an enumeration without fields.
fn choices(node: &Value) -> Option<Vec<Choice>> {
    if let Some(several) = node["oneOf"].as_array() {
        let choices: Option<Vec<_>> = several.iter().map(choices).collect();
        return Some(choices?.into_iter().flatten().collect());
    }
    let names = match (&node["const"], &node["enum"]) {
        (Value::String(name), _) => vec![name.as_str()],
        (_, names @ Value::Array(_)) => strings(names),
        _ => return None,
    };
    let description = plain(node["description"].as_str().unwrap_or_default());
    let described = |name: &str| {
        let told = description.trim_end_matches('.');
        Choice {
            name: name.to_owned(),
            description: if told == name { "" } else { told }.to_owned(),
        }
    };
    Some(names.into_iter().map(described).collect())
}

/// The variants of an enumeration of which some have fields, each an object with one member: its name.
fn variants(node: &Value, around: Around) -> Option<Vec<Variant>> {
    let mut variants = Vec::new();
    for node in node["oneOf"].as_array()? {
        if let Some(names) = choices(node) {
            let named = |choice: Choice| Variant {
                name: choice.name,
                form: None,
            };
            variants.extend(names.into_iter().map(named));
            continue;
        }
        let mut properties = node["properties"].as_object()?.iter();
        let (Some((name, content)), None) = (properties.next(), properties.next()) else {
            return None;
        };
        let form = Form::read(&without_null(content), around);
        variants.push(Variant {
            name: name.clone(),
            form: Some(form),
        });
    }
    Some(variants)
}

/// A description without the "or null" of what may be left out.
fn without_null(node: &Value) -> Value {
    let mut node = node.clone();
    let Some(object) = node.as_object_mut() else {
        return node;
    };
    if let Some(Value::Array(types)) = object.get("type") {
        let named = types.iter().find(|name| **name != "null").cloned();
        object.extend(named.map(|name| ("type".to_owned(), name)));
    }
    if let Some(Value::Array(alternatives)) = object.remove("anyOf") {
        let mut given = alternatives.into_iter().filter(|one| one["type"] != "null");
        if let (Some(Value::Object(only)), None) = (given.next(), given.next()) {
            for (key, value) in only {
                // What is said of the field goes before what is said of its type.
                object.entry(key).or_insert(value);
            }
        }
    }
    node
}

/// The texts of an array.
fn strings(node: &Value) -> Vec<&str> {
    let values = node.as_array().map(Vec::as_slice).unwrap_or_default();
    values.iter().filter_map(Value::as_str).collect()
}
