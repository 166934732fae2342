//! A word of each sort that a description can name.

use super::around::Around;
use super::{Field, Filler};
use crate::town::{auditor, key_of, lei};
use karwan_ledger::Record;
use karwan_types::{Amount, Date, DurationMs, Timestamp};
use serde::Serialize;
use serde_json::Value;
use std::ops::RangeInclusive;

/// How far ahead times mostly are, in milliseconds.
const AHEAD_MS: (u64, u64) = (200, 20_000);
/// How far past they are otherwise, in milliseconds.
const PAST_MS: u64 = 5_000;
const DAY_MS: u64 = 86_400_000;

const CODES: [&str; 6] = ["AC04", "CUST", "DUPL", "FOCR", "GDDS", "SALA"];
const SENTENCES: [&str; 4] = [
    "RTGS outage",
    "By order of the court",
    "As agreed by telephone",
    "Test of the emergency procedure",
];

impl Filler<'_, '_> {
    /// A likely word for a place.
    pub(super) fn word(&mut self, field: Field<'_>, around: &Around) -> Value {
        match field.format() {
            "agent" => self.agent(field, around),
            "lei" => self.lei(field, around),
            "bic" => text(&around.institution_of(field.name).names[0]),
            "uetr" => self.uetr(field, around),
            "currency" => self.currency(field, around),
            "amount" => self.amount(field, around),
            "account" => self.account(field, around),
            "timestamp" => text(self.timestamp()),
            "date" => text(self.date()),
            "jurisdiction" => self.jurisdiction(field, around),
            "code" => self.example_or(field, &CODES),
            "sentence" => self.example_or(field, &SENTENCES),
            "max35text" => self.reference(field),
            "public-key" => self.public_key(field, around),
            "hash" => self.hash(field),
            "instruction-hash" => self.instruction(),
            "transaction-id" => self.transaction(),
            "chain-id" => text(self.thinker.state.chain().chain_id),
            "payload-recipient" => format!("age1{}", "q".repeat(58)).into(),
            "height" => self.height(),
            _ if field.is_a("boolean") => self.thinker.rng.bool().into(),
            _ if field.is_a("integer") || field.is_a("number") => self.number(field),
            _ => field.example.cloned().unwrap_or_else(|| "text".into()),
        }
    }

    /// A word that is of the right sort and yet wrong; none for sorts that cannot be.
    pub(super) fn spoiled_word(&mut self, field: Field<'_>) -> Option<Value> {
        Some(match field.format() {
            "agent" | "bic" => "NOWHPK22".into(),
            "lei" => text(lei("NOWHERE")),
            "uetr" => text(self.thinker.uetr()),
            "currency" => "USD".into(),
            "amount" if self.thinker.rng.bool() => "0".into(),
            "amount" => "999999999999999999999".into(),
            "account" => "PK:NOWHERE".into(),
            "timestamp" => text(Timestamp::from_millis(self.thinker.rng.u64(0..=DAY_MS))),
            "date" => text(self.day(-400..=400)),
            "jurisdiction" => "US".into(),
            "hash" | "instruction-hash" | "transaction-id" => self.hex().into(),
            "public-key" => text(key_of(&self.hex()).public_key()),
            _ if field.is_a("integer") => {
                let bounds = ["minimum", "maximum"];
                let bound = bounds[self.thinker.rng.usize(0..bounds.len())];
                field.description.get(bound)?.clone()
            }
            _ => return None,
        })
    }

    fn agent(&mut self, field: Field<'_>, around: &Around) -> Value {
        let institution = around.institution_of(field.name);
        text(self.thinker.name(institution))
    }

    /// Mostly that of an institution, sometimes of one that may be about to come.
    fn lei(&mut self, field: Field<'_>, around: &Around) -> Value {
        match self.thinker.rng.u8(0..64) {
            number @ 0..8 => text(lei(&format!("NEW{number}"))),
            _ => text(around.institution_of(field.name).lei),
        }
    }

    /// A new reference, or that of an earlier instruction, which the institution around gave if one is named.
    fn uetr(&mut self, field: Field<'_>, around: &Around) -> Value {
        if field.is_generated() {
            return text(self.thinker.uetr());
        }
        if let Some((key, _)) = around.record_of(field.name) {
            return text(key.uetr);
        }
        let agent = around.institution_of(field.name).lei;
        let earlier = if around.institutions.is_empty() {
            self.earlier()
        } else {
            let given = |record: &Record| record.movement.debtor_agent == agent;
            self.thinker.record(given)
        };
        match earlier {
            Some((key, _)) if self.thinker.rng.bool() => text(key.uetr),
            Some(_) | None => text(self.thinker.uetr()),
        }
    }

    fn currency(&mut self, field: Field<'_>, around: &Around) -> Value {
        if field.name == around.currency_field {
            return text(around.currency);
        }
        text(self.thinker.currency())
    }

    /// Of what is referred to all or a part, otherwise any.
    fn amount(&mut self, field: Field<'_>, around: &Around) -> Value {
        let whole = around
            .record_of(field.name)
            .map(|(_, record)| record.movement.amount.minor())
            .and_then(|minor| u64::try_from(minor).ok())
            .filter(|minor| *minor > 0);
        match (whole, self.thinker.rng.u8(0..10)) {
            (Some(whole), 1..=3) => text(Amount::from_minor(u128::from(whole))),
            (Some(whole), 4..) => {
                let part = self.thinker.rng.u64(1..=whole);
                text(Amount::from_minor(u128::from(part)))
            }
            (Some(_), 0) | (None, _) => text(self.thinker.amount()),
        }
    }

    /// An account of the institution in the currency, if it has one, sometimes one that may be about to be opened.
    fn account(&mut self, field: Field<'_>, around: &Around) -> Value {
        let institution = around.institution_of(field.name);
        if let number @ 0..4 = self.thinker.rng.u8(0..48) {
            return format!("{}:{}:{number}", institution.name, around.currency).into();
        }
        let owner = institution.lei;
        let state = self.thinker.state;
        let owned: Vec<_> = state
            .accounts()
            .filter(|(_, account)| account.owner == owner && account.currency == around.currency)
            .map(|(number, _)| number)
            .collect();
        match self.one_of(&owned) {
            Some(number) => text(number),
            None => field
                .example
                .filter(|example| example.is_string())
                .cloned()
                .unwrap_or_else(|| "PK:NOWHERE".into()),
        }
    }

    /// Mostly a little ahead.
    fn timestamp(&mut self) -> Timestamp {
        let now = self.thinker.time;
        if self.thinker.rng.u8(0..8) == 0 {
            let past = self.thinker.rng.u64(0..PAST_MS);
            return Timestamp::from_millis(now.millis().saturating_sub(past));
        }
        let ahead = self.thinker.rng.u64(AHEAD_MS.0..AHEAD_MS.1);
        now.after(DurationMs::from_millis(ahead))
    }

    /// Mostly today.
    fn date(&mut self) -> Date {
        match self.thinker.rng.u8(0..8) {
            0 => self.day(-3..=3),
            _ => self.day(0..=0),
        }
    }

    /// A day so many days away from today.
    fn day(&mut self, away: RangeInclusive<i64>) -> Date {
        let days = self.thinker.rng.i64(away);
        let now = self.thinker.time.millis();
        let away = days.unsigned_abs() * DAY_MS;
        let time = if days < 0 { now - away } else { now + away };
        Timestamp::from_millis(time).date()
    }

    fn jurisdiction(&mut self, field: Field<'_>, around: &Around) -> Value {
        if self.thinker.rng.bool() {
            return text(around.institution_of(field.name).jurisdiction);
        }
        let state = self.thinker.state;
        text(self.one_of(&state.chain().jurisdictions))
    }

    /// What the example has, or one of a handful.
    fn example_or(&mut self, field: Field<'_>, handful: &[&str]) -> Value {
        match field.example {
            Some(example) if example.is_string() && self.thinker.rng.bool() => example.clone(),
            Some(_) | None => text(self.one_of(handful)),
        }
    }

    fn reference(&mut self, field: Field<'_>) -> Value {
        match field.example {
            Some(example) if example.is_string() && self.thinker.rng.u8(0..4) == 0 => {
                example.clone()
            }
            Some(_) | None => text(self.thinker.reference()),
        }
    }

    /// The institution's spare key or the one after it, so that the keys everybody signs with stay in force; sometimes an
    /// auditor's or the example's.
    fn public_key(&mut self, field: Field<'_>, around: &Around) -> Value {
        let institution = around.institution_of(field.name);
        let thinker = &mut *self.thinker;
        let (spare, next) = thinker.town.spare(thinker.state, &institution.name);
        let name = match thinker.rng.u8(0..8) {
            0 => auditor(institution.jurisdiction),
            1 if field.example.is_some_and(Value::is_string) => {
                return field.example.cloned().unwrap_or_default();
            }
            2..=4 => spare,
            _ => next,
        };
        text(thinker.town.key(name).public_key())
    }

    fn hash(&mut self, field: Field<'_>) -> Value {
        match field.example {
            Some(example) if example.is_string() && self.thinker.rng.bool() => example.clone(),
            Some(_) | None => self.hex().into(),
        }
    }

    /// 32 random bytes.
    fn hex(&mut self) -> String {
        let mut digits = || format!("{:016x}", self.thinker.rng.u64(..));
        [digits(), digits(), digits(), digits()].concat()
    }

    /// One that waits for signatures, if any does.
    fn instruction(&mut self) -> Value {
        let waiting: Vec<_> = self
            .thinker
            .state
            .approvals()
            .map(|(instruction, _)| *instruction)
            .collect();
        match self.one_of(&waiting) {
            Some(instruction) => text(instruction),
            None => self.hex().into(),
        }
    }

    fn transaction(&mut self) -> Value {
        match self.earlier() {
            Some((_, record)) => text(record.transaction),
            None => self.hex().into(),
        }
    }

    fn height(&mut self) -> Value {
        let now = self.thinker.state.chain().height.get();
        let near = self.thinker.rng.u64(0..20);
        (now + near).saturating_sub(5).into()
    }

    /// Near the example, within the bounds.
    fn number(&mut self, field: Field<'_>) -> Value {
        let given = |value: Option<&Value>| value.and_then(Value::as_i64);
        let near = given(field.example).unwrap_or(3);
        let least = given(field.description.get("minimum")).unwrap_or(i64::MIN);
        let most = given(field.description.get("maximum")).unwrap_or(i64::MAX);
        let spread = (near.abs() / 2).max(2);
        let from = near.saturating_sub(spread).clamp(least, most);
        let until = near.saturating_add(spread).clamp(from, most);
        self.thinker.rng.i64(from..=until).into()
    }
}

/// The JSON form of a word.
fn text(word: impl Serialize) -> Value {
    serde_json::to_value(word).expect("words have a JSON form")
}
