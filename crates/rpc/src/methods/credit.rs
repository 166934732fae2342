//! Credit lines and the collateral behind them: shown to the institution, its supervisors, and those who oversee the currency.

use super::AsOfParams;
use crate::method::{Method, Read};
use crate::problem::Problem;
use crate::reading::Reading;
use crate::view::{MoneyView, View};
use karwan_ledger::{CreditLine, CreditLineKey};
use karwan_types::{AccountNumber, Amount, CurrencyCode, Lei};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `credit.list`
#[derive(Debug)]
pub struct CreditList;

/// Credit lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CreditAnswer {
    /// The height as of which this holds.
    pub as_of_height: u64,
    /// The lines that the caller may see, by institution and currency.
    pub lines: Vec<CreditLineView>,
}

/// What an issuer lends an institution within the business day, and against what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CreditLineView {
    /// The institution.
    pub agent: View<Lei>,
    /// The currency.
    pub currency: View<CurrencyCode>,
    /// The account that may go below zero.
    pub account: View<AccountNumber>,
    /// How far.
    pub line: MoneyView,
    /// The most that the issuer lends, whatever is pledged; absent for as much as the collateral covers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<MoneyView>,
    /// What is used of it, holds included.
    pub used: MoneyView,
    /// Whether it was not repaid in time.
    pub overdue: bool,
    /// What is pledged, by reference.
    pub pledges: Vec<PledgeView>,
}

/// A piece of collateral.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PledgeView {
    /// How issuer and institution call it.
    pub reference: String,
    /// Its agreed value.
    pub value: MoneyView,
    /// What is taken off, in basis points.
    pub haircut_bps: u16,
}

impl CreditLineView {
    fn new(reading: &Reading, key: &CreditLineKey, row: &CreditLine) -> Self {
        let account = reading.snapshot.state.account(&row.account);
        let used = account.map_or(0, |account| account.credit_used());
        let used = Amount::from_minor(used.unsigned_abs());
        let money = |amount| MoneyView::new(amount, key.currency);
        let pledges = row.pledges.iter().map(|pledge| PledgeView {
            reference: pledge.reference.to_string(),
            value: money(pledge.value),
            haircut_bps: pledge.haircut_bps,
        });
        Self {
            agent: View(key.participant),
            currency: View(key.currency),
            account: View(row.account.clone()),
            line: money(row.line()),
            limit: row.limit.map(money),
            used: money(used),
            overdue: account.is_some_and(|account| account.overdue),
            pledges: pledges.collect(),
        }
    }
}

impl Method for CreditList {
    const NAME: &'static str = "credit.list";
    type Params = AsOfParams;
    type Answer = CreditAnswer;
}

impl Read for CreditList {
    fn at_least(params: &AsOfParams) -> Option<u64> {
        params.at_least_height
    }
    fn read(reading: &Reading, _params: AsOfParams) -> Result<CreditAnswer, Problem> {
        let sight = reading.sight();
        let lines = reading.snapshot.state.credit_lines();
        let seen = lines.filter(|(key, _)| {
            sight.institution(&key.participant) || sight.currency(&key.currency)
        });
        Ok(CreditAnswer {
            as_of_height: reading.height(),
            lines: seen
                .map(|(key, row)| CreditLineView::new(reading, key, row))
                .collect(),
        })
    }
}
