//! An instruction of any kind from nothing but the kind's description and example, and the state.
//!
//! The description says which word each field is (its `format`), so a random word of that sort is put in its place: an
//! institution of the town, one of its accounts, an instruction on the ledger. What belongs together is chosen together,
//! see `around`. A kind that is added to the ledger is filled here as it is, and so is a field added to a kind.
//!
//! **Architecture invariant:** no kind is named here. Fields are filled in the order of their names, whatever order the
//! description has them in, so that a seed gives the same instructions in every build.

mod around;
#[cfg(test)]
mod tests;
mod words;

use super::{Origin, Thinker};
use around::Around;
use karwan_ledger::Operation;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// How often an instruction is filled again that no edge would take, for example a list that must not be empty.
const TRIES: usize = 8;
/// Out of a hundred fields this many are spoiled on purpose; at most one of an instruction.
const SPOILED_PERCENT: u8 = 3;
/// The most elements of a list, unless its description asks for more.
const ELEMENTS_MAX: usize = 3;

/// Every kind, made once: it is the same for every seed.
static FORMS: LazyLock<BTreeMap<&'static str, Form>> = LazyLock::new(|| {
    let form = |example: Operation| (example.name(), Form::new(example));
    Operation::examples().into_iter().map(form).collect()
});

/// What is known of a kind.
struct Form {
    description: Value,
    example: Operation,
    /// The example's fields in JSON.
    fields: Value,
}

impl Form {
    fn new(example: Operation) -> Self {
        let name = example.name();
        let description = Operation::schema(name).expect("every kind describes itself");
        let written = serde_json::to_value(&example).expect("every instruction has a JSON form");
        Self {
            description: description.to_value(),
            fields: written[name].clone(),
            example,
        }
    }
}

/// One place to be filled.
#[derive(Clone, Copy)]
struct Field<'a> {
    /// The name of the field; an element has the name of its list.
    name: &'a str,
    description: &'a Value,
    /// What the example has there, if anything.
    example: Option<&'a Value>,
}

impl<'a> Field<'a> {
    /// The same place, described more closely.
    fn described(self, description: &'a Value) -> Self {
        Self {
            description,
            ..self
        }
    }
    fn says(self, key: &str) -> Option<&'a str> {
        self.description.get(key)?.as_str()
    }
    fn format(self) -> &'a str {
        self.says("format").unwrap_or("")
    }
    fn is_generated(self) -> bool {
        self.description.get("x-generated") == Some(&Value::Bool(true))
    }
    /// Whether it is of a type, be it among others.
    fn is_a(self, name: &str) -> bool {
        match self.description.get("type") {
            Some(Value::Array(types)) => types.iter().any(|one| one == name),
            one => one.is_some_and(|one| one == name),
        }
    }
    /// What it may be, one or the other; nothing when it is one thing only.
    fn alternatives(self) -> Vec<&'a Value> {
        ["oneOf", "anyOf"]
            .iter()
            .filter_map(|key| self.description.get(key)?.as_array())
            .flatten()
            .collect()
    }
    fn may_be_null(self) -> bool {
        let null = |one: &&Value| self.described(one).is_a("null");
        self.is_a("null") || self.alternatives().iter().any(null)
    }
}

impl Thinker<'_> {
    /// An instruction of any kind.
    pub(super) fn filled(&mut self, kind: &str) -> (Operation, Origin) {
        let form = FORMS.get(kind).expect("every kind has its example");
        let mut last = None;
        for _ in 0..TRIES {
            let field = Field {
                name: "",
                description: &form.description,
                example: Some(&form.fields),
            };
            let around = Around::new(self);
            let mut filler = Filler {
                thinker: self,
                spoiled: false,
            };
            let fields = filler.value(field, &around);
            let Ok(operation) = serde_json::from_value::<Operation>(json!({ kind: fields })) else {
                continue;
            };
            let taken = operation.check_alone().is_ok() || self.rng.u8(0..20) == 0;
            last = Some(operation);
            if taken {
                break;
            }
        }
        match last {
            Some(operation) => (operation, Origin::Filled),
            None => (form.example.clone(), Origin::Example),
        }
    }
}

/// Somebody who fills one instruction.
struct Filler<'t, 'w> {
    thinker: &'t mut Thinker<'w>,
    /// Whether a field of it was spoiled already.
    spoiled: bool,
}

impl Filler<'_, '_> {
    /// A value that fits a place.
    fn value(&mut self, field: Field<'_>, around: &Around) -> Value {
        if let Some(constant) = field.description.get("const") {
            return constant.clone();
        }
        if let Some(words) = field.description.get("enum").and_then(Value::as_array) {
            return self.one_of(words).cloned().unwrap_or_default();
        }
        let mut alternatives = field.alternatives();
        alternatives.retain(|one| !field.described(one).is_a("null"));
        if let Some(chosen) = self.one_of(&alternatives).copied() {
            return self.value(field.described(chosen), around);
        }
        if field.is_a("object") {
            self.object(field, around)
        } else if field.is_a("array") {
            self.array(field, around)
        } else {
            self.word_or_spoiled(field, around)
        }
    }

    /// An object, or an alternative that is written as one.
    fn object(&mut self, field: Field<'_>, around: &Around) -> Value {
        let Some(properties) = field
            .description
            .get("properties")
            .and_then(Value::as_object)
        else {
            return field.example.cloned().unwrap_or_else(|| json!({}));
        };
        let inside = self.agree(properties, around);
        let required = field.description.get("required").and_then(Value::as_array);
        let names: BTreeSet<&String> = properties.keys().collect();
        let mut object = Map::new();
        for name in names {
            let property = Field {
                name,
                description: &properties[name],
                example: field.example.and_then(|example| example.get(name)),
            };
            let needed = required.is_some_and(|names| names.iter().any(|one| one == name));
            if (!needed || property.may_be_null()) && !self.wants(property) {
                if needed {
                    object.insert(name.clone(), Value::Null);
                }
                continue;
            }
            object.insert(name.clone(), self.value(property, &inside));
        }
        Value::Object(object)
    }

    /// Whether an optional field is given: more often where the example gives it.
    fn wants(&mut self, field: Field<'_>) -> bool {
        match field.example {
            Some(example) if !example.is_null() => self.thinker.rng.bool(),
            Some(_) | None => self.thinker.rng.u8(0..4) == 0,
        }
    }

    /// A list, or a few values in fixed places.
    fn array(&mut self, field: Field<'_>, around: &Around) -> Value {
        let places = ["prefixItems", "items"]
            .iter()
            .find_map(|key| field.description.get(key)?.as_array());
        if let Some(places) = places {
            let place = |(index, description)| Field {
                name: field.name,
                description,
                example: field.example.and_then(|example| example.get(index)),
            };
            let fields: Vec<Field<'_>> = places.iter().enumerate().map(place).collect();
            return fields
                .into_iter()
                .map(|place| self.value(place, around))
                .collect();
        }
        let Some(description) = field.description.get("items") else {
            return field.example.cloned().unwrap_or_else(|| json!([]));
        };
        if describes_a_validator(description) {
            let validators = self.thinker.likely_validators();
            return serde_json::to_value(validators).expect("validators have a JSON form");
        }
        let element = Field {
            name: field.name,
            description,
            example: field
                .example
                .and_then(Value::as_array)
                .and_then(|examples| self.one_of(examples)),
        };
        let bound = |key: &str| field.description.get(key).and_then(Value::as_u64);
        let least = usize::try_from(bound("minItems").unwrap_or(0)).unwrap_or(0);
        let most = usize::try_from(bound("maxItems").unwrap_or(u64::MAX)).unwrap_or(usize::MAX);
        let many = self.thinker.rng.usize(0..=ELEMENTS_MAX);
        self.elements(element, many.max(least).min(most), around)
    }

    /// Half of the lists are of elements that have all but references and amounts in common.
    fn elements(&mut self, element: Field<'_>, many: usize, around: &Around) -> Value {
        let alike = self.thinker.rng.bool();
        let mut elements: Vec<Value> = Vec::new();
        for _ in 0..many {
            let next = match elements.first() {
                Some(first) if alike && first.is_object() => {
                    let mut next = first.clone();
                    self.renew(&mut next, element.description, around);
                    next
                }
                Some(_) | None => self.value(element, around),
            };
            elements.push(next);
        }
        if elements.iter().all(Value::is_string) {
            // A list of names is mostly a set of names.
            let names: BTreeSet<&str> = elements.iter().filter_map(Value::as_str).collect();
            elements = names.into_iter().map(Value::from).collect();
        }
        elements.into()
    }

    /// Gives an element its own references and amounts.
    fn renew(&mut self, element: &mut Value, description: &Value, around: &Around) {
        let Some(properties) = description.get("properties").and_then(Value::as_object) else {
            return;
        };
        let names: BTreeSet<&String> = properties.keys().collect();
        for name in names {
            let field = Field {
                name,
                description: &properties[name],
                example: None,
            };
            let own = field.is_generated() || field.format() == "amount";
            if own && element.get(name).is_some_and(|value| !value.is_null()) {
                element[name] = self.value(field, around);
            }
        }
    }

    fn word_or_spoiled(&mut self, field: Field<'_>, around: &Around) -> Value {
        if !self.spoiled
            && self.thinker.rng.u8(0..100) < SPOILED_PERCENT
            && let Some(value) = self.spoiled_word(field)
        {
            self.spoiled = true;
            return value;
        }
        self.word(field, around)
    }

    fn one_of<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        self.thinker.rng.choice(all)
    }
}

/// Validators are chosen as a set, because a network with strangers for validators never decides anything again.
fn describes_a_validator(description: &Value) -> bool {
    let properties = description.get("properties").and_then(Value::as_object);
    properties.is_some_and(|properties| {
        let format = |name: &str| properties.get(name)?.get("format")?.as_str();
        format("key") == Some("public-key") && properties.contains_key("power")
    })
}
