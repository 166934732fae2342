//! What the fields of one object have in common: the institutions, the currency, the earlier instruction it refers to.
//!
//! Fields belong together by the first part of their names: `debtor_account` is an account of `debtor_agent`.

use super::super::Thinker;
use super::{Field, Filler};
use crate::town::Institution;
use karwan_ledger::{InstructionKey, Record};
use karwan_types::{CurrencyCode, Lei, TransactionStatus};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Out of a hundred references to earlier instructions this many are to one that is on the ledger.
const KNOWN_PERCENT: u8 = 90;

/// What is chosen for an object and for those around it.
#[derive(Clone)]
pub(super) struct Around {
    /// The institution of fields that belong to no other.
    pub(super) institution: Institution,
    /// The institutions named, by the first part of the field's name.
    pub(super) institutions: BTreeMap<String, Institution>,
    pub(super) currency: CurrencyCode,
    /// The field that names this currency.
    pub(super) currency_field: String,
    /// The earlier instructions referred to, by the first part of the field's name.
    pub(super) records: BTreeMap<String, (InstructionKey, Record)>,
}

/// The first part of a field's name, which it shares with those that belong to it; empty when it has one part only.
pub(super) fn side(name: &str) -> &str {
    name.rsplit_once('_').map_or("", |(side, _)| side)
}

impl Around {
    /// Somebody and some currency, for what names none.
    pub(super) fn new(thinker: &mut Thinker<'_>) -> Self {
        Self {
            institution: thinker.bank(),
            institutions: BTreeMap::new(),
            currency: thinker.currency(),
            currency_field: String::new(),
            records: BTreeMap::new(),
        }
    }
    /// The institution that a field belongs to.
    pub(super) fn institution_of(&self, field: &str) -> &Institution {
        self.institutions
            .get(side(field))
            .unwrap_or(&self.institution)
    }
    /// The earlier instruction that a field belongs to.
    pub(super) fn record_of(&self, field: &str) -> Option<&(InstructionKey, Record)> {
        let own = self.records.get(side(field));
        own.or_else(|| self.records.values().next())
    }
}

impl Filler<'_, '_> {
    /// Chooses what the fields of an object have in common.
    pub(super) fn agree(&mut self, properties: &Map<String, Value>, around: &Around) -> Around {
        let named = |wanted: fn(Field<'_>) -> bool| -> Vec<String> {
            let mut names: Vec<String> = properties
                .iter()
                .map(|(name, description)| Field {
                    name,
                    description,
                    example: None,
                })
                .filter(|field| wanted(*field))
                .map(|field| field.name.to_owned())
                .collect();
            names.sort();
            names
        };
        let agents = named(|field| matches!(field.format(), "agent" | "lei"));
        let references = named(|field| field.format() == "uetr" && !field.is_generated());
        let currencies = named(|field| field.format() == "currency");
        let mut inside = around.clone();
        for agent in &agents {
            let institution = self.somebody();
            inside
                .institutions
                .insert(side(agent).to_owned(), institution);
        }
        for reference in &references {
            self.refer(reference, &agents, &mut inside);
        }
        if let Some(agent) = agents.first() {
            inside.institution = inside.institution_of(agent).clone();
        }
        let own = currencies.iter().find(|name| *name == "currency");
        if let Some(field) = own.or(currencies.first()) {
            inside.currency_field.clone_from(field);
            inside.currency = self.likely_currency(&inside);
        }
        inside
    }

    /// Mostly a bank, sometimes an issuer, sometimes anybody on the ledger.
    fn somebody(&mut self) -> Institution {
        match self.thinker.rng.u8(0..16) {
            0 => {
                let state = self.thinker.state;
                let leis: Vec<&Lei> = state.participants().map(|(lei, _)| lei).collect();
                let chosen = self.one_of(&leis).expect("there is a town on the ledger");
                self.thinker.named(chosen)
            }
            1 => {
                let currency = self.thinker.currency();
                self.thinker.issuer(currency)
            }
            _ => self.thinker.bank(),
        }
    }

    /// Chooses the instruction that a reference is to, and with it the institution that gave it.
    fn refer(&mut self, reference: &str, agents: &[String], inside: &mut Around) {
        let same_side = agents.iter().find(|agent| side(agent) == side(reference));
        let Some(agent) = same_side.or(agents.first()) else {
            return;
        };
        if self.thinker.rng.u8(0..100) >= KNOWN_PERCENT {
            return;
        }
        let Some((key, record)) = self.earlier() else {
            return;
        };
        let institution = self.thinker.named(&key.agent);
        inside
            .institutions
            .insert(side(agent).to_owned(), institution);
        inside
            .records
            .insert(side(reference).to_owned(), (key, record));
    }

    /// An instruction on the ledger, half of the time one that is still open.
    pub(super) fn earlier(&mut self) -> Option<(InstructionKey, Record)> {
        let open = |record: &Record| {
            matches!(
                record.status,
                TransactionStatus::Pdng | TransactionStatus::Patc
            )
        };
        let chosen = if self.thinker.rng.bool() {
            self.thinker.record(open)
        } else {
            None
        };
        chosen.or_else(|| self.thinker.record(|_| true))
    }

    /// The currency of what is referred to; otherwise half of the time the institution's own.
    fn likely_currency(&mut self, inside: &Around) -> CurrencyCode {
        if let Some((_, record)) = inside.record_of("") {
            return record.movement.currency;
        }
        let home = inside.institution.jurisdiction;
        let mut issuers = self.thinker.town.issuers.iter();
        let own = issuers.find(|(_, issuer)| issuer.jurisdiction == home);
        match own {
            Some((currency, _)) if self.thinker.rng.bool() => *currency,
            Some(_) | None => self.thinker.currency(),
        }
    }
}
