//! The figures of a rulebook by their dotted paths, in the units of the published form: `common.queue.waiting_max` is `24h`.
//!
//! They are read from the typed version's own JSON, so a new section of the rulebook needs no line here. What a higher figure
//! does is known for some; of the others nothing is said.

use karwan_ledger::{Clause, Rulebook};
use karwan_types::{Amount, CurrencyCode};
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// A figure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Figure {
    /// As the published form writes it.
    pub(crate) text: String,
    /// For comparison, where it has an order.
    order: Option<i128>,
}

/// What a change does to those who are bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Effect {
    /// Less is allowed.
    Tightens,
    /// More is allowed.
    Loosens,
}

impl Effect {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Tightens => "tightens",
            Self::Loosens => "loosens",
        }
    }
}

/// A figure that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct FigureChange {
    pub(crate) path: String,
    pub(crate) old: Option<String>,
    pub(crate) new: Option<String>,
    /// Absent where it is not known.
    pub(crate) effect: Option<Effect>,
}

/// A clause that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct ClauseChange {
    pub(crate) id: String,
    pub(crate) rule: String,
    pub(crate) jurisdiction: Option<String>,
    /// `added`, `removed` or `changed`.
    pub(crate) change: &'static str,
    /// The languages whose text differs.
    pub(crate) languages: Vec<String>,
    /// Whether the law that it rests on differs.
    pub(crate) law: bool,
}

/// More is allowed when these are higher.
const LOOSER_WHEN_HIGHER: [&str; 7] = [
    "allowed",
    "domestic_payments",
    "validity_max",
    "proposal_validity_max",
    "waiting_max",
    "days_ahead_max",
    "account_entries_max",
];
/// Less is allowed when these are higher.
const TIGHTER_WHEN_HIGHER: [&str; 4] = ["notice_min", "quorum", "on_exceed", "documents"];
/// More is allowed when these are higher, and most when they are not there at all.
const CAPS: [&str; 2] = ["payment_max[", "travel_rule.thresholds["];

/// Every figure by its path.
pub(crate) fn figures(rulebook: &Rulebook) -> BTreeMap<String, Figure> {
    let value =
        serde_json::to_value(rulebook).expect("a rulebook has text keys and whole numbers only");
    let mut found = BTreeMap::new();
    if let Value::Object(members) = value {
        for (name, value) in &members {
            // The number is no rule, and clauses have a table of their own.
            if name != "version" && name != "clauses" {
                walk(name.clone(), value, &mut found);
            }
        }
    }
    found
}

fn walk(path: String, value: &Value, found: &mut BTreeMap<String, Figure>) {
    match value {
        Value::Object(members) => match money(members) {
            Some(figure) => {
                found.insert(path, figure);
            }
            None => {
                for (name, value) in members {
                    walk(format!("{path}.{name}"), value, found);
                }
            }
        },
        Value::Array(entries) if entries.iter().any(Value::is_object) => {
            for (index, entry) in entries.iter().enumerate() {
                let (label, entry) = labelled(index, entry);
                walk(format!("{path}[{label}]"), &entry, found);
            }
        }
        Value::Array(entries) if entries.is_empty() => {}
        Value::Array(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            let (path, figure) = plain(path, value);
            found.insert(path, figure);
        }
    }
}

/// The figures of a limit, each an amount of its currency, and more is allowed when they are higher or not there.
const LIMITS: [&str; 3] = ["payment_max", "day_max", "holding_max"];

/// A limit is told from the others by three things together; its amounts are of its currency.
fn labelled_limit(members: &Map<String, Value>) -> Option<(String, Value)> {
    let name = |name: &str| members.get(name)?.as_str();
    let (kind, currency, direction) = (name("kind")?, name("currency")?, name("direction")?);
    let mut rest = Map::new();
    for (name, value) in members {
        if LIMITS.contains(&name.as_str()) {
            if !value.is_null() {
                let money = serde_json::json!({ "currency": currency, "amount": value });
                rest.insert(name.clone(), money);
            }
        } else if !["kind", "currency", "direction"].contains(&name.as_str()) {
            rest.insert(name.clone(), value.clone());
        }
    }
    Some((
        format!("{kind} {currency} {direction}"),
        Value::Object(rest),
    ))
}

/// A rule of a corridor is told by where it goes and what for: `PK>KG GDDS`, with `any` for an open end.
fn labelled_corridor(members: &Map<String, Value>) -> Option<(String, Value)> {
    let purpose = members.get("purpose")?.as_str()?;
    let end = |name: &str| match members.get(name).and_then(Value::as_str) {
        Some(place) => place.to_owned(),
        None => "any".to_owned(),
    };
    let label = format!("{}>{} {purpose}", end("from"), end("to"));
    let mut rest = members.clone();
    for name in ["from", "to", "purpose"] {
        rest.remove(name);
    }
    rest.retain(|_, value| !value.is_null());
    Some((label, Value::Object(rest)))
}

/// The national codes of a purpose by their jurisdictions.
fn by_jurisdiction(local: &Value) -> Value {
    let mut lists: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for one in local.as_array().into_iter().flatten() {
        let place = one.get("jurisdiction").and_then(Value::as_str);
        if let (Some(place), Some(code)) = (place, one.get("code")) {
            lists
                .entry(place.to_owned())
                .or_default()
                .push(code.clone());
        }
    }
    serde_json::json!(lists)
}

/// What tells an entry of a list from the others, and the rest of the entry.
fn labelled(index: usize, entry: &Value) -> (String, Value) {
    let names = ["jurisdiction", "id", "code", "reason", "currency"];
    let Some(members) = entry.as_object() else {
        return (index.to_string(), entry.clone());
    };
    if let Some(limit) = labelled_limit(members) {
        return limit;
    }
    if let Some(corridor) = labelled_corridor(members) {
        return corridor;
    }
    let found = names
        .iter()
        .find_map(|name| Some((*name, members.get(*name)?.as_str()?)));
    let Some((name, label)) = found else {
        return (index.to_string(), entry.clone());
    };
    let mut rest = members.clone();
    if money(members).is_none() {
        rest.remove(name);
    }
    if let Some(local) = rest.get_mut("local") {
        *local = by_jurisdiction(local);
    }
    (label.to_owned(), Value::Object(rest))
}

fn money(members: &Map<String, Value>) -> Option<Figure> {
    let currency: CurrencyCode = members.get("currency")?.as_str()?.parse().ok()?;
    let amount: Amount = members.get("amount")?.as_str()?.parse().ok()?;
    (members.len() == 2).then(|| Figure {
        text: format!("{} {currency}", amount.to_decimal(currency)),
        order: i128::try_from(amount.minor()).ok(),
    })
}

fn plain(path: String, value: &Value) -> (String, Figure) {
    let number = value.as_i64().map(i128::from);
    if let (Some(name), Some(millis)) = (path.strip_suffix("_ms"), value.as_u64()) {
        let figure = Figure {
            text: span(millis),
            order: number,
        };
        return (name.to_owned(), figure);
    }
    let figure = match value {
        Value::Bool(yes) => Figure {
            text: if *yes { "yes" } else { "no" }.to_owned(),
            order: Some(i128::from(*yes)),
        },
        Value::String(text) => Figure {
            order: [["TWO_THIRDS", "ALL"], ["WAIT", "REFUSE"]]
                .iter()
                .find_map(|words| words.iter().position(|word| word == text))
                .and_then(|place| i128::try_from(place).ok()),
            text: text.clone(),
        },
        Value::Array(entries) => {
            let words = entries.iter().map(|one| plain(String::new(), one).1.text);
            Figure {
                text: words.collect::<Vec<_>>().join(" "),
                order: None,
            }
        }
        Value::Null | Value::Number(_) | Value::Object(_) => Figure {
            text: value.to_string(),
            order: number,
        },
    };
    (path, figure)
}

/// A duration in the largest unit that leaves nothing over, days from a week on.
fn span(millis: u64) -> String {
    let units = [
        (86_400_000, "d", 7),
        (3_600_000, "h", 1),
        (60_000, "m", 1),
        (1_000, "s", 1),
    ];
    let fits = |(unit, _, least): &&(u64, &str, u64)| {
        millis.is_multiple_of(*unit) && millis / unit >= *least
    };
    match units.iter().find(fits) {
        Some((unit, word, _)) => format!("{}{word}", millis / unit),
        None => format!("{millis}ms"),
    }
}

/// The figures that differ, by path.
pub(crate) fn figure_changes(base: &Rulebook, candidate: &Rulebook) -> Vec<FigureChange> {
    let (old, new) = (figures(base), figures(candidate));
    let paths: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let change = |path: &String| {
        let (before, after) = (old.get(path), new.get(path));
        (before != after).then(|| FigureChange {
            path: path.clone(),
            old: before.map(|figure| figure.text.clone()),
            new: after.map(|figure| figure.text.clone()),
            effect: effect(path, before, after),
        })
    };
    paths.into_iter().filter_map(change).collect()
}

fn effect(path: &str, old: Option<&Figure>, new: Option<&Figure>) -> Option<Effect> {
    let name = path.rsplit('.').next().unwrap_or(path);
    let is_limit = path.contains(".limits[") && LIMITS.contains(&name);
    let is_cap = is_limit || CAPS.iter().any(|cap| path.contains(cap));
    let order = |figure: Option<&Figure>| match figure {
        Some(figure) => figure.order,
        None => is_cap.then_some(i128::MAX),
    };
    let higher = order(new)?.cmp(&order(old)?);
    let looser = if is_cap || LOOSER_WHEN_HIGHER.contains(&name) {
        higher
    } else if TIGHTER_WHEN_HIGHER.contains(&name) || path.ends_with("travel_rule.window") {
        higher.reverse()
    } else {
        return None;
    };
    match looser {
        std::cmp::Ordering::Greater => Some(Effect::Loosens),
        std::cmp::Ordering::Less => Some(Effect::Tightens),
        std::cmp::Ordering::Equal => None,
    }
}

/// The clauses that differ, by rule and jurisdiction.
pub(crate) fn clause_changes(base: &Rulebook, candidate: &Rulebook) -> Vec<ClauseChange> {
    let by_key = |rulebook: &Rulebook| -> BTreeMap<(String, Option<String>), Clause> {
        let clauses = rulebook.clauses.iter();
        let key = |clause: &Clause| {
            let jurisdiction = clause.jurisdiction.map(|code| code.to_string());
            (clause.rule.to_string(), jurisdiction)
        };
        clauses
            .map(|clause| (key(clause), clause.clone()))
            .collect()
    };
    let (old, new) = (by_key(base), by_key(candidate));
    let keys: BTreeSet<_> = old.keys().chain(new.keys()).collect();
    let change = |key: &(String, Option<String>)| {
        let (before, after) = (old.get(key), new.get(key));
        if before == after {
            return None;
        }
        let shown = after.or(before)?;
        Some(ClauseChange {
            id: shown.id.to_string(),
            rule: key.0.clone(),
            jurisdiction: key.1.clone(),
            change: match (before, after) {
                (None, _) => "added",
                (_, None) => "removed",
                (Some(_), Some(_)) => "changed",
            },
            languages: languages(before, after),
            law: before.and_then(|one| one.law.as_ref()) != after.and_then(|one| one.law.as_ref()),
        })
    };
    keys.into_iter().filter_map(change).collect()
}

fn languages(before: Option<&Clause>, after: Option<&Clause>) -> Vec<String> {
    let texts = |clause: Option<&Clause>| -> BTreeMap<String, karwan_types::Hash> {
        let texts = clause.into_iter().flat_map(|clause| &clause.texts);
        texts
            .map(|text| (text.language.to_string(), text.hash))
            .collect()
    };
    let (old, new) = (texts(before), texts(after));
    let all: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let differ = all.into_iter().filter(|one| old.get(*one) != new.get(*one));
    differ.cloned().collect()
}
