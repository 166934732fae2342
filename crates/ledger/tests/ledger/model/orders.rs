//! What authorities have ordered and agents have asked for, as the ledger and the model are compared by it.

use super::books::Model;
use super::recalls::Stands;
use karwan_ledger::{
    AccountStatus, ExchangeStatus, FreezeKey, LicenceKey, LicenceStatus, QuoteStatus, RecallStatus,
    State,
};
use karwan_types::{AccountNumber, CurrencyCode, InstructionHash, Lei, Uetr};
use std::collections::BTreeMap;

/// From when, until when, and whether a court has confirmed it.
type Freeze = (u64, Option<u64>, bool);

/// Where it stands, its payments, and until when it is kept.
type Exchange = (ExchangeStatus, [(Lei, Uetr); 2], u64);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Orders {
    freezes: BTreeMap<FreezeKey, Freeze>,
    /// With the times from and until.
    licences: BTreeMap<LicenceKey, (LicenceStatus, u64, u64)>,
    /// With the last time for an answer.
    recalls: BTreeMap<(Lei, Uetr), (Stands, u64)>,
    accounts: BTreeMap<AccountNumber, AccountStatus>,
    exchanges: BTreeMap<InstructionHash, Exchange>,
    /// By currencies and the beginning of the date; with the time until which each is kept.
    fixes: BTreeMap<(CurrencyCode, CurrencyCode, u64), (String, u64)>,
    /// What is left of each, and whether it was withdrawn.
    quotes: BTreeMap<(Lei, Uetr), (u128, bool)>,
}

impl Orders {
    pub(super) fn of_model(model: &Model) -> Self {
        let freezes = model.freezes.iter().map(|one| {
            let key = FreezeKey {
                jurisdiction: one.place,
                subject: one.subject.clone(),
            };
            (key, (one.from, one.until, one.confirmed))
        });
        let licences = model.licences.iter().map(|one| {
            let key = LicenceKey {
                participant: one.lei,
                activity: one.activity.clone(),
            };
            (key, (one.status, one.from, one.until))
        });
        let recalls = model.recalls.iter();
        let accounts = model.accounts.iter();
        let exchanges = model.exchanges.iter();
        let fixes = model.fixes.iter().map(|one| {
            let key = (one.pair.0, one.pair.1, one.day);
            (key, (one.rate.to_string(), one.kept_until))
        });
        let quotes = model.quotes.iter();
        let quotes = quotes.map(|one| ((one.provider, one.name), (one.left, one.withdrawn)));
        Self {
            freezes: freezes.collect(),
            licences: licences.collect(),
            recalls: recalls
                .map(|one| ((one.agent, one.uetr), (one.stands, one.answer_until)))
                .collect(),
            accounts: accounts
                .map(|one| (one.number.clone(), one.status))
                .collect(),
            exchanges: exchanges
                .map(|one| (one.hash, (one.status, one.legs, one.kept_until)))
                .collect(),
            fixes: fixes.collect(),
            quotes: quotes.collect(),
        }
    }
    pub(super) fn of_ledger(state: &State) -> Self {
        let freezes = state.freezes().map(|(key, one)| {
            let until = one.until.map(|until| until.millis());
            let confirmed = one.court_order_hash.is_some();
            (key, (one.from.millis(), until, confirmed))
        });
        let licences = state.licences().map(|(key, one)| {
            let times = (one.from.millis(), one.until.millis());
            (key.clone(), (one.status, times.0, times.1))
        });
        let recalls = state.recalls().map(|(key, one)| {
            let stands = match &one.status {
                RecallStatus::Pending => Stands::Waits,
                RecallStatus::Overdue => Stands::Late,
                RecallStatus::Cancelled { .. } => Stands::Followed,
                RecallStatus::Rejected { .. } => Stands::Rejected,
            };
            ((key.agent, key.uetr), (stands, one.answer_until.millis()))
        });
        let accounts = state.accounts();
        let fixes = state.rate_fixes().map(|(key, one)| {
            let day = key.date.start().millis();
            let key = (key.pair.base, key.pair.counter, day);
            (key, (one.rate.to_string(), one.retained_until.millis()))
        });
        let quotes = state.quotes().map(|(key, one)| {
            let withdrawn = one.status == QuoteStatus::Withdrawn;
            ((key.agent, key.uetr), (one.remaining.minor(), withdrawn))
        });
        let exchanges = state.exchanges().map(|(hash, one)| {
            let legs = one.legs.map(|leg| (leg.agent, leg.uetr));
            (*hash, (one.status, legs, one.retained_until.millis()))
        });
        Self {
            freezes: freezes.collect(),
            licences: licences.collect(),
            recalls: recalls.collect(),
            accounts: accounts
                .map(|(number, one)| (number.clone(), one.status))
                .collect(),
            exchanges: exchanges.collect(),
            fixes: fixes.collect(),
            quotes: quotes.collect(),
        }
    }
}
