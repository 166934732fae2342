//! What the ledger and the model are compared by: what each said of a block, and what each has on its books after it.

use super::books::{Model, Said, Sum};
use crate::support::Chain;
use karwan_ledger::{CurrencyStatus, Operation, Rejection, Role};
use karwan_types::{
    AccountNumber, CurrencyCode, InstructionHash, Lei, Outcome, PublicKey, TransactionId,
    TransactionStatus, Uetr,
};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

/// Status, stable number of the refusal, amount, returned, kept until.
type Row = (TransactionStatus, Option<u16>, u128, u128, u64);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) included: Vec<TransactionId>,
    pub(crate) said: Vec<Said>,
    pub(crate) accounts: BTreeMap<AccountNumber, (i128, i128)>,
    pub(crate) payments: BTreeMap<(Lei, Uetr), Row>,
    pub(crate) waiting: BTreeMap<InstructionHash, BTreeSet<PublicKey>>,
    pub(crate) currencies: BTreeMap<CurrencyCode, (i128, i128, bool)>,
    pub(crate) keys: BTreeMap<PublicKey, (Role, bool)>,
    pub(crate) validators: (Vec<PublicKey>, Vec<PublicKey>),
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
                .map(|one| (one.number.clone(), (one.posted, one.held)))
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
        }
    }

    /// After a block that the chain has just adopted.
    pub(crate) fn of_chain(chain: &Chain, outcomes: &[Outcome]) -> Self {
        let state = &chain.state;
        let block = chain.history.last().expect("a block was adopted");
        let whole = |minor: u128| i128::try_from(minor).expect("a test's amounts are small");
        let accounts = state
            .accounts()
            .map(|(number, one)| (number.clone(), (one.posted, whole(one.held.minor()))));
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
    }
}

fn differ<T: PartialEq + Debug>(what: &str, ledger: &T, model: &T) -> Option<String> {
    (ledger != model)
        .then(|| format!("{what}\nof the ledger: {ledger:#?}\nof the model: {model:#?}"))
}

fn said(outcome: &Outcome) -> Said {
    let name = outcome.operation.as_str();
    let operation = Operation::NAMES.iter().find(|known| **known == name);
    let sum = outcome.movement.as_ref().map(|movement| Sum {
        agent: movement.debtor_agent,
        uetr: movement.uetr,
        creditor: movement.creditor_agent,
        debit: movement.debtor_account.clone(),
        credit: movement.creditor_account.clone(),
        currency: movement.currency,
        amount: movement.amount.minor(),
    });
    if let Some(refusal) = &outcome.refusal {
        let listed = Rejection::CATALOGUE
            .iter()
            .any(|(number, reason, clause, name)| {
                let given = outcome.clause.as_str();
                *number == refusal.code
                && *reason == refusal.reason.as_str()
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
    }
}
