//! Reference rates, which are public, and the quotes that a caller may accept or has given.

use super::AsOfParams;
use crate::method::{Method, Read};
use crate::problem::Problem;
use crate::reading::Reading;
use crate::view::{MoneyView, View};
use karwan_ledger::{InstructionKey, QuoteRecord, QuoteStatus, RateFixKey, RateFixRecord};
use karwan_types::{CurrencyCode, Date, Lei, Rate, Timestamp, Uetr};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `rates.list`
#[derive(Debug)]
pub struct RatesList;

/// The reference rates that the ledger remembers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RatesAnswer {
    /// The height as of which this holds.
    pub as_of_height: u64,
    /// The rates, by pair and date.
    pub rates: Vec<RateView>,
}

/// A reference rate that two issuers signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RateView {
    /// One major unit of this.
    pub base_currency: View<CurrencyCode>,
    /// In major units of this.
    pub counter_currency: View<CurrencyCode>,
    /// The business date.
    pub date: View<Date>,
    /// The rate.
    pub rate: View<Rate>,
}

impl RateView {
    fn new(key: &RateFixKey, row: &RateFixRecord) -> Self {
        Self {
            base_currency: View(key.pair.base),
            counter_currency: View(key.pair.counter),
            date: View(key.date),
            rate: View(row.rate),
        }
    }
}

impl Method for RatesList {
    const NAME: &'static str = "rates.list";
    type Params = AsOfParams;
    type Answer = RatesAnswer;
}

impl Read for RatesList {
    fn at_least(params: &AsOfParams) -> Option<u64> {
        params.at_least_height
    }
    fn read(reading: &Reading, _params: AsOfParams) -> Result<RatesAnswer, Problem> {
        let rows = reading.snapshot.state.rate_fixes();
        Ok(RatesAnswer {
            as_of_height: reading.height(),
            rates: rows.map(|(key, row)| RateView::new(key, row)).collect(),
        })
    }
}

/// `quotes.list`
#[derive(Debug)]
pub struct QuotesList;

/// The quotes that stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct QuotesAnswer {
    /// The height as of which this holds.
    pub as_of_height: u64,
    /// The quotes that the caller has given, may accept or supervises, by provider.
    pub quotes: Vec<QuoteView>,
}

/// A firm quote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct QuoteView {
    /// Who quotes.
    pub provider: View<Lei>,
    /// The reference of the quote.
    pub quote: View<Uetr>,
    /// The least that one acceptance buys, unless it buys all that is left.
    pub minimum: MoneyView,
    /// The most that one acceptance buys.
    pub maximum: MoneyView,
    /// What is left.
    pub remaining: MoneyView,
    /// What the provider is paid in.
    pub counter_currency: View<CurrencyCode>,
    /// Major units of what is sold for one of what it is paid in.
    pub rate: View<Rate>,
    /// The margin that the provider discloses, in basis points.
    pub margin_bps: u32,
    /// From this time on it cannot be accepted.
    pub expires: View<Timestamp>,
    /// The only institution that may accept it; absent for everybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<View<Lei>>,
}

impl QuoteView {
    fn new(key: &InstructionKey, row: &QuoteRecord) -> Self {
        let money = |amount| MoneyView::new(amount, row.currency);
        Self {
            provider: View(key.agent),
            quote: View(key.uetr),
            minimum: money(row.minimum),
            maximum: money(row.maximum),
            remaining: money(row.remaining),
            counter_currency: View(row.counter_currency),
            rate: View(row.rate),
            margin_bps: row.margin_bps,
            expires: View(row.expires),
            to: row.to.map(View),
        }
    }
}

impl Method for QuotesList {
    const NAME: &'static str = "quotes.list";
    type Params = AsOfParams;
    type Answer = QuotesAnswer;
}

impl Read for QuotesList {
    fn at_least(params: &AsOfParams) -> Option<u64> {
        params.at_least_height
    }
    fn read(reading: &Reading, _params: AsOfParams) -> Result<QuotesAnswer, Problem> {
        let (state, sight) = (&reading.snapshot.state, reading.sight());
        let now = state.chain().time;
        let stands = |row: &QuoteRecord| {
            let open = row.status == QuoteStatus::Open && row.expires > now;
            open && !row.remaining.is_zero()
        };
        // A quote for everybody is for every institution; one for another institution is nobody else's business.
        let seen = |key: &InstructionKey, row: &QuoteRecord| {
            let for_all = row.to.is_none() && reading.caller.institution().is_some();
            let named = row.to.is_some_and(|to| sight.institution(&to));
            for_all || named || sight.institution(&key.agent)
        };
        let rows = state
            .quotes()
            .filter(|(key, row)| stands(row) && seen(key, row));
        Ok(QuotesAnswer {
            as_of_height: reading.height(),
            quotes: rows.map(|(key, row)| QuoteView::new(key, row)).collect(),
        })
    }
}
