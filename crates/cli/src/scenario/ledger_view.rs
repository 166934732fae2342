//! What the ledger keeps, compared with what a scenario says of it. Rows are compared in their JSON form, so that a new column
//! of a row can be spoken of at once; amounts are said in major units.

use super::expected::Seen;
use super::given::money;
use super::words::Words;
use crate::instruction::{nearest, same, split_money, ungrouped};
use karwan_ledger::{FreezeSubject, LicenceKey, QueueEntry, State};
use karwan_types::{Amount, CurrencyCode, JurisdictionCode, Lei, Max35Text, balance_to_decimal};
use serde::Serialize;
use serde_json::Value as Json;
use toml::{Table, Value};

/// Everything in which the ledger differs from what is expected of its rows.
pub(super) fn differences(seen: &Seen, state: &State, words: &Words) -> Vec<String> {
    let mut different = Vec::new();
    for (number, expected) in &seen.balances {
        let row = Table::from_iter([("posted".to_owned(), Value::from(expected.as_str()))]);
        account(state, number.as_str(), &row, &mut different);
    }
    for (number, expected) in &seen.held {
        let row = Table::from_iter([("held".to_owned(), Value::from(expected.as_str()))]);
        account(state, number.as_str(), &row, &mut different);
    }
    for (number, row) in &seen.accounts {
        account(state, number.as_str(), row, &mut different);
    }
    for (code, row) in &seen.currencies {
        match state.currency(code) {
            Some(currency) => compare(row, currency, Some(*code), code.as_str(), &mut different),
            None => different.push(format!("{code} is no currency of this ledger")),
        }
    }
    for (name, row) in &seen.participants {
        participant(state, words, name, row, &mut different);
    }
    for (holder, activities) in &seen.licences {
        for (activity, expected) in activities {
            licence(state, words, (holder, activity, expected), &mut different);
        }
    }
    for (jurisdiction, expected) in &seen.freezes {
        let came = freezes(state, *jurisdiction);
        if came != *expected {
            let (expected, came) = (list(expected), list(&came));
            different.push(format!("freezes of {jurisdiction} {expected}, not {came}"));
        }
    }
    if let Some(expected) = &seen.queue {
        let came = queue(state, words);
        if came != *expected {
            different.push(format!("queue {}, not {}", list(expected), list(&came)));
        }
    }
    if let Some(expected) = &seen.cycle {
        match state.cycles().last() {
            Some((_, cycle)) => compare(expected, cycle, None, "cycle", &mut different),
            None => different.push("a cycle, but none has run".to_owned()),
        }
    }
    if let Some(expected) = seen.rulebook {
        let came = state.rules().version;
        if came != expected {
            different.push(format!("rulebook {expected} in force, not {came}"));
        }
    }
    for (version, expected) in &seen.rulebooks {
        let mut versions = state.rulebooks();
        let found = versions.find(|(number, _)| number.to_string() == *version);
        let came = found.map(|(_, record)| word(&record.status));
        match came {
            Some(came) if same(&came, expected) => {}
            Some(came) => different.push(format!("rulebook {version} {expected}, not {came}")),
            None => different.push(format!("rulebook {version} {expected}, but there is none")),
        }
    }
    different
}

fn account(state: &State, number: &str, row: &Table, different: &mut Vec<String>) {
    let mut accounts = state.accounts();
    match accounts.find(|(one, _)| one.as_str() == number) {
        Some((_, account)) => compare(row, account, Some(account.currency), number, different),
        None => {
            let names = state.accounts().map(|(one, _)| one.as_str());
            different.push(format!(
                "account {number}, which is not there; {}",
                nearest(number, names)
            ));
        }
    }
}

/// An institution by its name in the scenario, or as instructions name it.
fn participant(state: &State, words: &Words, name: &str, row: &Table, different: &mut Vec<String>) {
    match find(state, words, name).and_then(|lei| state.participant(&lei)) {
        Some(participant) => compare(row, participant, None, name, different),
        None => different.push(stranger(words, name)),
    }
}

fn find(state: &State, words: &Words, name: &str) -> Option<Lei> {
    let cast = words.cast();
    let agent = cast.agent(name).unwrap_or(name);
    state.agent(&agent.parse().ok()?)
}

fn stranger(words: &Words, name: &str) -> String {
    let cast = words.cast();
    let known = nearest(name, cast.handles());
    format!("participant {name}, who takes no part; {known}")
}

/// A licence by its holder and its activity: its status, anything of its row, or that there is none.
fn licence(
    state: &State,
    words: &Words,
    (holder, activity, expected): (&str, &Max35Text, &Value),
    different: &mut Vec<String>,
) {
    let Some(participant) = find(state, words, holder) else {
        return different.push(stranger(words, holder));
    };
    let key = LicenceKey {
        participant,
        activity: activity.clone(),
    };
    let place = format!("licence {holder} {activity}");
    let none = expected.as_str() == Some("none");
    let status = || Table::from_iter([("status".to_owned(), expected.clone())]);
    let row = expected.as_table().cloned().unwrap_or_else(status);
    match state.licence(&key) {
        Some(licence) if none => {
            different.push(format!("{place} none, not {}", word(&licence.status)));
        }
        Some(licence) => compare(&row, licence, None, &place, different),
        None if none => {}
        None => different.push(format!("{place} {expected}, but there is none")),
    }
}

/// The freezes of a jurisdiction in words.
fn freezes(state: &State, jurisdiction: JurisdictionCode) -> Vec<String> {
    let own = state.freezes();
    let own = own.filter(|(key, _)| key.jurisdiction == jurisdiction);
    let said = own.map(|(key, freeze)| {
        let subject = match &key.subject {
            FreezeSubject::Account(number) => format!("account {number}"),
            FreezeSubject::Participant(lei) => format!("participant {lei}"),
            FreezeSubject::Currency(code) => format!("currency {code}"),
            FreezeSubject::Corridor(other) => format!("corridor {other}"),
        };
        format!("{} {subject}", word(&freeze.mode))
    });
    said.collect()
}

/// What waits, by the names of the payments, in the order of the queue.
fn queue(state: &State, words: &Words) -> Vec<String> {
    let mut entries: Vec<(&u64, &QueueEntry)> = state.queue().collect();
    entries.sort_by_key(|(number, entry)| (entry.priority, entry.place, **number));
    let name = |entry: &QueueEntry| {
        let legs = entry.legs.iter().map(|leg| words.name_of(&leg.key.uetr));
        legs.collect::<Vec<_>>().join(" with ")
    };
    entries.into_iter().map(|(_, entry)| name(entry)).collect()
}

fn list(names: &[String]) -> String {
    format!("[{}]", names.join(", "))
}

/// A word as the ledger writes it.
fn word(value: &impl Serialize) -> String {
    let json = serde_json::to_value(value).unwrap_or_default();
    json.as_str()
        .map_or_else(|| json.to_string(), ToOwned::to_owned)
}

fn compare(
    expected: &Table,
    row: &impl Serialize,
    currency: Option<CurrencyCode>,
    place: &str,
    different: &mut Vec<String>,
) {
    match serde_json::to_value(row) {
        Ok(came) => value(
            &Value::Table(expected.clone()),
            &came,
            currency,
            place,
            different,
        ),
        Err(error) => different.push(format!("{place} cannot be shown: {error}")),
    }
}

fn value(
    expected: &Value,
    came: &Json,
    currency: Option<CurrencyCode>,
    place: &str,
    different: &mut Vec<String>,
) {
    match (expected, came) {
        (Value::Table(expected), Json::Object(row)) => {
            let own = row.get("currency").and_then(Json::as_str);
            let currency = own.and_then(|code| code.parse().ok()).or(currency);
            for (key, expected) in expected {
                match row.get(key) {
                    Some(came) => value(
                        expected,
                        came,
                        currency,
                        &format!("{place} {key}"),
                        different,
                    ),
                    None => {
                        let known = row.keys().map(String::as_str);
                        different.push(format!(
                            "{place} {key}, which is not known; {}",
                            nearest(key, known)
                        ));
                    }
                }
            }
        }
        (Value::Array(expected), Json::Array(elements)) if expected.len() == elements.len() => {
            for (index, (expected, came)) in expected.iter().zip(elements).enumerate() {
                value(
                    expected,
                    came,
                    currency,
                    &format!("{place} {}", index + 1),
                    different,
                );
            }
        }
        (expected, came) if is_equal(expected, came, currency) => {}
        (expected, came) => {
            let expected = expected
                .as_str()
                .map_or_else(|| expected.to_string(), ToOwned::to_owned);
            different.push(format!(
                "{place} {expected}, not {}",
                shown(came, expected.as_str(), currency)
            ));
        }
    }
}

/// Whether a value is what was expected: the same word in any spelling, the same number, or the same money.
fn is_equal(expected: &Value, came: &Json, currency: Option<CurrencyCode>) -> bool {
    let text = match expected {
        Value::String(text) => text.clone(),
        Value::Integer(number) => number.to_string(),
        Value::Boolean(answer) => answer.to_string(),
        Value::Datetime(time) => time.to_string(),
        Value::Float(_) | Value::Array(_) | Value::Table(_) => return false,
    };
    let minor = minor(came);
    let is_money = matches!(expected, Value::String(_)) && minor.is_some();
    if let (true, Some(minor), Some(currency)) = (is_money, minor, currency) {
        return signed_money(&text, currency) == Some(minor);
    }
    match came {
        Json::String(came) => same(came, &text),
        Json::Number(came) => came.to_string() == text,
        Json::Bool(came) => came.to_string() == text,
        // A word with something beside it.
        Json::Object(row) => row.len() == 1 && row.keys().all(|key| same(key, &text)),
        Json::Null => text == "none",
        Json::Array(_) => false,
    }
}

/// A number, which may be written as a text.
fn minor(came: &Json) -> Option<i128> {
    match came {
        Json::Number(number) => number.to_string().parse().ok(),
        Json::String(text) => text.parse().ok(),
        Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => None,
    }
}

fn signed_money(text: &str, currency: CurrencyCode) -> Option<i128> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let amount: Amount = money(text, currency).ok()?;
    let minor = i128::try_from(amount.minor()).ok()?;
    Some(if negative { -minor } else { minor })
}

/// What came, in major units where money was expected.
fn shown(came: &Json, expected: &str, currency: Option<CurrencyCode>) -> String {
    let (number, _) = split_money(expected).unwrap_or((expected, ""));
    let is_number = |byte: u8| byte.is_ascii_digit() || byte == b'.' || byte == b'-';
    let is_money = ungrouped(number).bytes().all(is_number);
    match (minor(came), currency, came) {
        (Some(minor), Some(currency), _) if is_money => {
            format!("{} {currency}", balance_to_decimal(minor, currency))
        }
        (_, _, Json::String(text)) => text.clone(),
        (..) => came.to_string(),
    }
}
