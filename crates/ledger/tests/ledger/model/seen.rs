//! What the ledger and the model are compared by: what each said of a block, and what each has on its books after it.

use super::books::{Model, Said, Sum, whole};
use super::cycle::Cycle;
use super::orders::Orders;
use super::queue::Entry;
use crate::support::Chain;
use karwan_ledger::{
    CurrencyStatus, CycleRecord, CycleValue, Direction, Operation, Priority, QueueEntry, Rejection,
    Role, State, UsageKey,
};
use karwan_types::{
    AccountNumber, CurrencyCode, Height, InstructionHash, Lei, Outcome, PublicKey, TransactionId,
    TransactionStatus, Uetr,
};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

/// Status, stable number of the refusal, amount, returned, kept until.
type Row = (TransactionStatus, Option<u16>, u128, u128, u64);

/// References, class, place, from when and until when, and until when for an attestation.
type Place = (Vec<Uetr>, Priority, u64, u64, (u64, Option<u64>));

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) included: Vec<TransactionId>,
    pub(crate) said: Vec<Said>,
    /// Posted, held, reserved for urgent payments, reserved for urgent and high ones.
    pub(crate) accounts: BTreeMap<AccountNumber, [i128; 6]>,
    pub(crate) payments: BTreeMap<(Lei, Uetr), Row>,
    pub(crate) waiting: BTreeMap<InstructionHash, BTreeSet<PublicKey>>,
    pub(crate) currencies: BTreeMap<CurrencyCode, (i128, i128, bool)>,
    pub(crate) keys: BTreeMap<PublicKey, (Role, bool)>,
    pub(crate) validators: (Vec<PublicKey>, Vec<PublicKey>),
    pub(crate) queue: BTreeMap<u64, Place>,
    /// Limit and position, by debtor, creditor and currency.
    pub(crate) limits: BTreeMap<(Lei, Lei, CurrencyCode), (i128, i128)>,
    /// What counts towards 24-hour limits.
    pub(crate) used: BTreeMap<(Lei, CurrencyCode, Direction), i128>,
    pub(crate) cycles: Vec<Cycle>,
    pub(crate) rulebook: u32,
    pub(crate) orders: Orders,
}

/// An account on the ledger.
fn row(one: &karwan_ledger::Account) -> [i128; 6] {
    let amounts = [
        one.held,
        one.reserved_urgent,
        one.reserved_high,
        one.credit_line,
    ];
    let [held, urgent, high, line] = amounts.map(|amount| whole(amount.minor()));
    let marks = 2 * i128::from(one.above_overnight) + i128::from(one.overdue);
    [one.posted, held, urgent, high, line, marks]
}

impl Seen {
    pub(crate) fn of_model(model: &Model, included: Vec<TransactionId>) -> Self {
        let accounts = model.accounts.iter();
        let payments = model.payments.iter().map(|one| {
            let row = (
                one.status,
                one.code,
                one.sum.amount,
                one.returned,
                one.kept_until,
            );
            ((one.sum.agent, one.sum.uetr), row)
        });
        let waiting = model.waiting.iter();
        let currencies = model.currencies.iter();
        Self {
            included,
            said: model.said.clone(),
            accounts: accounts
                .map(|one| {
                    let marks = 2 * i128::from(one.above) + i128::from(one.overdue);
                    let row = [
                        one.posted,
                        one.held,
                        one.for_urgent,
                        one.for_high,
                        one.line,
                        marks,
                    ];
                    (one.number.clone(), row)
                })
                .collect(),
            payments: payments.collect(),
            waiting: waiting
                .map(|one| (one.hash, one.signers.iter().copied().collect()))
                .collect(),
            currencies: currencies
                .map(|one| (one.rules.code, (one.issued, one.redeemed, one.halted)))
                .collect(),
            keys: model
                .keys
                .iter()
                .map(|one| (one.key, (one.role, one.revoked)))
                .collect(),
            validators: (
                model.validators.iter().map(|one| one.key).collect(),
                model.next_validators.iter().map(|one| one.key).collect(),
            ),
            queue: model.queue.iter().map(place_in_model).collect(),
            limits: model
                .limits
                .iter()
                .map(|one| {
                    let key = (one.debtor, one.creditor, one.currency);
                    (key, (one.limit, one.position))
                })
                .collect(),
            used: model.sums().into_iter().collect(),
            cycles: model.cycles.clone(),
            rulebook: model.rulebook.version,
            orders: Orders::of_model(model),
        }
    }

    /// After a block that the chain has just adopted.
    pub(crate) fn of_chain(chain: &Chain, outcomes: &[Outcome]) -> Self {
        let state = &chain.state;
        let block = chain.history.last().expect("a block was adopted");
        let accounts = state.accounts();
        let accounts = accounts.map(|(number, one)| (number.clone(), row(one)));
        let payments = state.records().map(|(key, one)| {
            let code = one.refusal.as_ref().map(|refusal| refusal.code);
            let (amount, returned) = (one.movement.amount.minor(), one.returned.minor());
            let row = (
                one.status,
                code,
                amount,
                returned,
                one.retained_until.millis(),
            );
            ((key.agent, key.uetr), row)
        });
        let currencies = state.currencies().map(|(code, one)| {
            let halted = one.status != CurrencyStatus::Active;
            (
                *code,
                (
                    whole(one.issued.minor()),
                    whole(one.redeemed.minor()),
                    halted,
                ),
            )
        });
        let chain = state.chain();
        Self {
            included: block.transactions.iter().map(|one| one.id()).collect(),
            said: outcomes.iter().map(said).collect(),
            accounts: accounts.collect(),
            payments: payments.collect(),
            waiting: state
                .approvals()
                .map(|(hash, one)| (*hash, one.signers.clone()))
                .collect(),
            currencies: currencies.collect(),
            keys: state
                .keys()
                .map(|(key, one)| (*key, (one.role, one.revoked_at.is_some())))
                .collect(),
            validators: (
                chain.validators.iter().map(|one| one.key).collect(),
                chain.next_validators.iter().map(|one| one.key).collect(),
            ),
            queue: state.queue().map(place_in_ledger).collect(),
            limits: state
                .limits()
                .map(|(key, one)| {
                    let key = (key.debtor, key.creditor, key.currency);
                    (key, (whole(one.limit.minor()), one.position))
                })
                .collect(),
            used: used(state),
            cycles: state.cycles().map(cycle).collect(),
            rulebook: chain.rulebook,
            orders: Orders::of_ledger(state),
        }
    }

    /// The first thing in which the two differ.
    pub(crate) fn difference(&self, other: &Self) -> Option<String> {
        differ("the transactions included", &self.included, &other.included)
            .or_else(|| differ("the answers", &self.said, &other.said))
            .or_else(|| differ("the balances", &self.accounts, &other.accounts))
            .or_else(|| differ("the records", &self.payments, &other.payments))
            .or_else(|| differ("what waits", &self.waiting, &other.waiting))
            .or_else(|| differ("the currencies", &self.currencies, &other.currencies))
            .or_else(|| differ("the keys", &self.keys, &other.keys))
            .or_else(|| differ("the validators", &self.validators, &other.validators))
            .or_else(|| differ("the queue", &self.queue, &other.queue))
            .or_else(|| differ("the limits", &self.limits, &other.limits))
            .or_else(|| differ("what is used of limits", &self.used, &other.used))
            .or_else(|| differ("the cycles", &self.cycles, &other.cycles))
            .or_else(|| differ("the rulebook", &self.rulebook, &other.rulebook))
            .or_else(|| differ("the orders", &self.orders, &other.orders))
    }
}

fn place_in_model(entry: &Entry) -> (u64, Place) {
    let times = (entry.from, (entry.until, entry.attest_by));
    let names = entry.legs.iter().map(|leg| leg.terms.uetr).collect();
    let place = (names, entry.class, entry.place, times.0, times.1);
    (entry.number, place)
}
fn place_in_ledger((number, entry): (&u64, &QueueEntry)) -> (u64, Place) {
    let place = (
        entry.legs.iter().map(|leg| leg.key.uetr).collect(),
        entry.priority,
        entry.place,
        entry.from.millis(),
        (entry.until.millis(), entry.attest_by.map(|by| by.millis())),
    );
    (*number, place)
}
fn used(state: &State) -> BTreeMap<(Lei, CurrencyCode, Direction), i128> {
    let used = |key: UsageKey| {
        let (limit, usage) = state.limit_and_usage(key)?;
        let counts = limit.day_max.is_some() && !usage.used.is_zero();
        let of = (key.participant, key.currency, key.direction);
        counts.then(|| (of, whole(usage.used.minor())))
    };
    let keys = state.usage().map(|(key, _)| *key);
    keys.filter_map(used).collect()
}
fn cycle((height, record): (&Height, &CycleRecord)) -> Cycle {
    let value = |one: &CycleValue| {
        let (value, liquidity) = (one.value.minor(), one.liquidity.minor());
        (one.currency, whole(value), whole(liquidity))
    };
    Cycle {
        height: height.get(),
        looked_at: record.entries,
        settled: record.settled,
        excluded: record.excluded,
        values: record.values.iter().map(value).collect(),
    }
}

fn differ<T: PartialEq + Debug>(what: &str, ledger: &T, model: &T) -> Option<String> {
    (ledger != model)
        .then(|| format!("{what}\nof the ledger: {ledger:#?}\nof the model: {model:#?}"))
}

fn said(outcome: &Outcome) -> Said {
    let name = outcome.operation.as_str();
    let operation = Operation::NAMES
        .iter()
        .chain(&["EndOfDay"])
        .find(|known| **known == name);
    let sum = outcome.movement.as_ref().map(|movement| Sum {
        agent: movement.debtor_agent,
        uetr: movement.uetr,
        creditor: movement.creditor_agent,
        debit: movement.debtor_account.clone(),
        credit: movement.creditor_account.clone(),
        currency: movement.currency,
        amount: movement.amount.minor(),
    });
    // A reference that another instruction has taken is refused under the same clause.
    let conflict = outcome.refusal.as_ref();
    let conflict = conflict.is_some_and(|refusal| refusal.code == 501);
    if let Some(refusal) = &outcome.refusal {
        let listed = Rejection::CATALOGUE
            .iter()
            .any(|(number, reason, clause, name)| {
                let given = outcome.clause.as_str();
                // A creditor agent that keeps the money gives a reason of its own.
                *number == refusal.code
                && (*reason == refusal.reason.as_str() || *number == 1412)
                // An answer that is only repeated cites the clause that has it repeated.
                && (*clause == given || given == "4.5")
                && *name == refusal.name.as_str()
            });
        assert!(listed, "{refusal:?} under clause {:?}", outcome.clause);
    }
    Said {
        operation: operation.expect("an outcome names a kind of instruction"),
        status: outcome.status,
        code: outcome.refusal.as_ref().map(|refusal| refusal.code),
        sum,
        repeated: outcome.clause.as_str() == "4.5" && outcome.movement.is_some() && !conflict,
    }
}
