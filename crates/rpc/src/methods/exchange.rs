//! Reference rates, which are public, the quotes that a caller may accept or has given, and the register of exchanges as far as
//! it may see their payments.

use super::{AsOfParams, page_entries};
use crate::method::{Method, Read};
use crate::problem::Problem;
use crate::reading::Reading;
use crate::view::{MoneyView, View};
use karwan_ledger::{
    ExchangeRecord, ExchangeStatus, InstructionKey, QuoteRecord, QuoteStatus, RateFixKey,
    RateFixRecord,
};
use karwan_types::{CurrencyCode, Date, InstructionHash, Lei, Rate, Timestamp, Uetr};
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

/// `exchanges.list`
#[derive(Debug)]
pub struct ExchangesList;

/// Whose exchanges, and from where on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExchangesListParams {
    /// Only exchanges of this institution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<View<Lei>>,
    /// Only exchanges of which something is still to follow: proposed and matched ones.
    #[serde(default)]
    pub open: bool,
    /// Only exchanges after the one with this instruction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<View<InstructionHash>>,
    /// The most exchanges, at most 1,000; 100 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// Wait until the node has reached this height, or fail with `BEHIND`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least_height: Option<u64>,
}

/// Exchanges.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExchangesAnswer {
    /// The height as of which this holds.
    pub as_of_height: u64,
    /// The exchanges of which the caller may see a payment, by instruction.
    pub exchanges: Vec<ExchangeView>,
    /// Where the next page begins: `after` for it; absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_after: Option<View<InstructionHash>>,
}

/// Two payments that become final together or not at all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExchangeView {
    /// The instruction that brought it.
    pub instruction: View<InstructionHash>,
    /// PROPOSED, MATCHED, SETTLED, EXPIRED, CANCELLED or REFUSED.
    pub status: String,
    /// Its two payments.
    pub legs: Vec<ExchangeLegView>,
    /// The provider of the quote that was accepted, and the quote's reference; absent when the two agreed by themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quote: Option<QuoteReferenceView>,
    /// From this time on it is refused.
    pub settle_till: View<Timestamp>,
    /// The height of its last change.
    pub height: u64,
}

/// One payment of an exchange.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExchangeLegView {
    /// Who pays.
    pub agent: View<Lei>,
    /// Its reference.
    pub uetr: View<Uetr>,
    /// How much; absent while this side has not signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub money: Option<MoneyView>,
}

/// Which quote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct QuoteReferenceView {
    /// Who quoted.
    pub provider: View<Lei>,
    /// The reference of the quote.
    pub quote: View<Uetr>,
}

impl ExchangeView {
    fn new(reading: &Reading, instruction: InstructionHash, row: &ExchangeRecord) -> Self {
        let status = match row.status {
            ExchangeStatus::Proposed => "PROPOSED",
            ExchangeStatus::Matched => "MATCHED",
            ExchangeStatus::Settled => "SETTLED",
            ExchangeStatus::Expired => "EXPIRED",
            ExchangeStatus::Cancelled => "CANCELLED",
            ExchangeStatus::Refused => "REFUSED",
        };
        let leg = |key: &InstructionKey| {
            let record = reading.snapshot.state.record(key);
            // Another instruction may have taken the reference of a side that never signed.
            let record = record.filter(|record| record.instruction == instruction);
            let money = record.map(|record| {
                let movement = &record.movement;
                MoneyView::new(movement.amount, movement.currency)
            });
            ExchangeLegView {
                agent: View(key.agent),
                uetr: View(key.uetr),
                money,
            }
        };
        Self {
            instruction: View(instruction),
            status: status.to_owned(),
            legs: row.legs.iter().map(leg).collect(),
            quote: row.quote.map(|quote| QuoteReferenceView {
                provider: View(quote.agent),
                quote: View(quote.uetr),
            }),
            settle_till: View(row.settle_till),
            height: row.height.get(),
        }
    }
}

impl Method for ExchangesList {
    const NAME: &'static str = "exchanges.list";
    type Params = ExchangesListParams;
    type Answer = ExchangesAnswer;
}

impl Read for ExchangesList {
    fn at_least(params: &ExchangesListParams) -> Option<u64> {
        params.at_least_height
    }
    fn read(reading: &Reading, params: ExchangesListParams) -> Result<ExchangesAnswer, Problem> {
        let sight = reading.sight();
        let limit = page_entries(params.limit);
        // Each side sees the whole: it has signed both payments, or has been asked to.
        let seen = |row: &ExchangeRecord| row.legs.iter().any(|leg| sight.institution(&leg.agent));
        let asked = |row: &ExchangeRecord| {
            let agent = params.agent.as_ref();
            let of = agent.is_none_or(|agent| row.legs.iter().any(|leg| leg.agent == agent.0));
            of && !(params.open && row.status.is_final())
        };
        let after = params.after.as_ref().map(|after| after.0);
        let rows = reading.snapshot.state.exchanges();
        let rows = rows.filter(|(hash, _)| after.is_none_or(|after| **hash > after));
        let mut rows = rows.filter(|(_, row)| asked(row) && seen(row));
        let page = rows.by_ref().take(limit);
        let exchanges: Vec<ExchangeView> = page
            .map(|(hash, row)| ExchangeView::new(reading, *hash, row))
            .collect();
        let more = rows.next().is_some();
        let last = exchanges.last().map(|one| one.instruction);
        Ok(ExchangesAnswer {
            as_of_height: reading.height(),
            exchanges,
            next_after: last.filter(|_| more),
        })
    }
}
