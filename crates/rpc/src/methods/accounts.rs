//! Accounts: balances with their proofs, and what moved on them.

use super::chain::before;
use super::page_entries;
use crate::backend::Lookup;
use crate::method::{Method, Read};
use crate::problem::Problem;
use crate::reading::Reading;
use crate::view::{BalanceView, MoneyView, OutcomeView, View};
use karwan_ledger::{Account, AccountClass, AccountStatus};
use karwan_types::{
    AccountNumber, BlockHeader, CommitCertificate, CurrencyCode, Date, Hash, Lei, StateProof,
    Timestamp, encode,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AccountView {
    /// Its number.
    pub account: View<AccountNumber>,
    /// Whose money.
    pub owner: View<Lei>,
    /// What for.
    pub class: View<AccountClass>,
    /// Whether it moves.
    pub status: View<AccountStatus>,
    /// What is booked on it.
    pub posted: BalanceView,
    /// What is set aside for open redemptions and holds.
    pub held: MoneyView,
    /// What only URGT payments may use.
    pub reserved_urgent: MoneyView,
    /// What only URGT and HIGH payments may use besides.
    pub reserved_high: MoneyView,
    /// How far below zero it may go within the business day.
    pub credit_line: MoneyView,
    /// Whether credit was not repaid at the end of the business day: the line is of no use then.
    pub overdue: bool,
    /// Whether its owner held more at the end of the business day than it may overnight.
    pub above_overnight: bool,
    /// The business date of its last entry, the balance before the first entry of that date, and how many entries it has.
    pub day: AccountDayView,
    /// What can be paid out now, credit included; absent for an issuer's contra account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub available: Option<BalanceView>,
}

impl AccountView {
    fn new(number: &AccountNumber, account: &Account) -> Self {
        let currency = account.currency;
        Self {
            account: View(number.clone()),
            owner: View(account.owner),
            class: View(account.class),
            status: View(account.status),
            posted: BalanceView::new(account.posted, currency),
            held: MoneyView::new(account.held, currency),
            reserved_urgent: MoneyView::new(account.reserved_urgent, currency),
            reserved_high: MoneyView::new(account.reserved_high, currency),
            credit_line: MoneyView::new(account.credit_line, currency),
            overdue: account.overdue,
            above_overnight: account.above_overnight,
            day: AccountDayView {
                date: View(account.day.date),
                opening: BalanceView::new(account.day.opening, currency),
                entries: account.day.entries,
                digest: View(account.day.digest),
            },
            available: available(account),
        }
    }
}

/// What can be paid out now; none for an issuer's contra account.
pub(super) fn available(account: &Account) -> Option<BalanceView> {
    match account.class {
        AccountClass::IssuerContra => None,
        AccountClass::Settlement | AccountClass::ClientSegregated => {
            Some(BalanceView::new(account.available(), account.currency))
        }
    }
}

/// An account's books of the business date on which it last moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AccountDayView {
    /// The business date.
    pub date: View<Date>,
    /// The booked balance before its first entry.
    pub opening: BalanceView,
    /// How many entries it has.
    pub entries: u32,
    /// The rolling hash over them.
    pub digest: View<Hash>,
}

/// `account.get`
#[derive(Debug)]
pub struct AccountGet;

/// Which account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountGetParams {
    /// Its number.
    pub account: View<AccountNumber>,
    /// Wait until the node has reached this height, or fail with `BEHIND`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least_height: Option<u64>,
}

/// An account and the proof of its balance: `value` is the entry of the table `accounts` under the account's number, `proof`
/// leads from it to the header's state root, and the certificate makes the header final.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AccountAnswer {
    /// The height as of which this holds.
    pub as_of_height: u64,
    /// Its time.
    pub time: View<Timestamp>,
    /// The account.
    pub account: AccountView,
    /// The entry as it stands in the state: canonical bytes in hexadecimal.
    pub value: String,
    /// The path to the state root.
    pub proof: View<StateProof>,
    /// The header that carries the state root; absent at genesis.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<View<BlockHeader>>,
    /// The proof that it is final; absent at genesis.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<View<CommitCertificate>>,
}

impl Method for AccountGet {
    const NAME: &'static str = "account.get";
    type Params = AccountGetParams;
    type Answer = AccountAnswer;
}

impl Read for AccountGet {
    fn at_least(params: &AccountGetParams) -> Option<u64> {
        params.at_least_height
    }
    fn read(reading: &Reading, params: AccountGetParams) -> Result<AccountAnswer, Problem> {
        let account = visible(reading, &params.account.0)?;
        let snapshot = &reading.snapshot;
        let proof = snapshot.state.prove_account(&params.account.0);
        let proof = proof.map_err(|error| {
            tracing::error!(%error, "an account on the ledger cannot be proved");
            Problem::internal()
        })?;
        Ok(AccountAnswer {
            as_of_height: reading.height(),
            time: View(snapshot.state.chain().time),
            account: AccountView::new(&params.account.0, account),
            value: hex::encode(encode(account)),
            proof: View(proof),
            header: snapshot.header.clone().map(View),
            certificate: snapshot.certificate.clone().map(View),
        })
    }
}

/// An account, if the caller may see it.
fn visible<'a>(reading: &'a Reading, number: &AccountNumber) -> Result<&'a Account, Problem> {
    let account = reading.snapshot.state.account(number);
    account
        .filter(|account| reading.sight().account(account))
        .ok_or_else(Problem::not_found)
}

/// `accounts.list`
#[derive(Debug)]
pub struct AccountsList;

/// Which accounts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountsListParams {
    /// Only those of this institution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<View<Lei>>,
    /// Only those in this currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<View<CurrencyCode>>,
    /// Only those after this number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<View<AccountNumber>>,
    /// The most accounts to show, at most 1,000; 100 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// Wait until the node has reached this height, or fail with `BEHIND`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least_height: Option<u64>,
}

/// A page of accounts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AccountsAnswer {
    /// The height as of which this holds.
    pub as_of_height: u64,
    /// The accounts, by number.
    pub accounts: Vec<AccountView>,
    /// Whether there are more after the last one.
    pub more: bool,
}

impl Method for AccountsList {
    const NAME: &'static str = "accounts.list";
    type Params = AccountsListParams;
    type Answer = AccountsAnswer;
}

impl Read for AccountsList {
    fn at_least(params: &AccountsListParams) -> Option<u64> {
        params.at_least_height
    }
    fn read(reading: &Reading, params: AccountsListParams) -> Result<AccountsAnswer, Problem> {
        let limit = page_entries(params.limit);
        let sight = reading.sight();
        let wanted = |number: &AccountNumber, account: &Account| {
            params.owner.is_none_or(|owner| owner.0 == account.owner)
                && params
                    .currency
                    .is_none_or(|currency| currency.0 == account.currency)
                && params.after.as_ref().is_none_or(|after| *number > after.0)
                && sight.account(account)
        };
        let mut accounts: Vec<AccountView> = reading
            .snapshot
            .state
            .accounts()
            .filter(|(number, account)| wanted(number, account))
            .take(limit.saturating_add(1))
            .map(|(number, account)| AccountView::new(number, account))
            .collect();
        let more = accounts.len() > limit;
        accounts.truncate(limit);
        Ok(AccountsAnswer {
            as_of_height: reading.height(),
            accounts,
            more,
        })
    }
}

/// `account.history`
#[derive(Debug)]
pub struct AccountHistory;

/// Which account, and from where on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountHistoryParams {
    /// Its number.
    pub account: View<AccountNumber>,
    /// Only what stands before this number of the event feed: `next_before` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
    /// The most outcomes to show, at most 1,000; 100 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// Wait until the node has reached this height, or fail with `BEHIND`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least_height: Option<u64>,
}

/// A page of an account's history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HistoryAnswer {
    /// The height as of which this holds.
    pub as_of_height: u64,
    /// The outcomes that name the account, newest first.
    pub outcomes: Vec<OutcomeView>,
    /// Where the next page begins; absent when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_before: Option<u64>,
}

impl Method for AccountHistory {
    const NAME: &'static str = "account.history";
    type Params = AccountHistoryParams;
    type Answer = HistoryAnswer;
}

impl Read for AccountHistory {
    fn at_least(params: &AccountHistoryParams) -> Option<u64> {
        params.at_least_height
    }
    fn read(reading: &Reading, params: AccountHistoryParams) -> Result<HistoryAnswer, Problem> {
        visible(reading, &params.account.0)?;
        let lookup = Lookup::Account(params.account.0);
        let limit = page_entries(params.limit);
        let page = reading.find(&lookup, before(params.before), limit)?;
        let next_before = page.places.last().filter(|_| page.more);
        let next_before = next_before.map(|place| place.sequence());
        let mut outcomes = Vec::with_capacity(page.places.len());
        for place in page.places {
            let placed = reading.outcome(place)?;
            outcomes.extend(placed.and_then(|placed| placed.view()));
        }
        Ok(HistoryAnswer {
            as_of_height: reading.height(),
            outcomes,
            next_before,
        })
    }
}
