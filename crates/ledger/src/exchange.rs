//! Foreign exchange, §7 of the semantics: reference rates of the issuers, firm quotes of institutions, and the register of
//! exchanges.
//!
//! The register says of every exchange what its two payments say: it follows their records, so that the two cannot disagree.
//!
//! What must hold: both payments of an exchange settle at one height or neither does, a quote never gives away more than its size, nothing is accepted at or after its expiry, and at most one
//! reference rate stands for a pair of currencies and a business date. Rates are exact; see [`Rate`].

use crate::checks;
use crate::due::Forgettable;
use crate::records::{InstructionKey, Record};
use crate::rejection::Rejection;
use crate::rulebook::ExchangeRules;
use crate::state::State;
use karwan_types::{
    AgentIdentification, Amount, CurrencyCode, Date, DurationMs, Height, InstructionHash, Lei,
    Rate, Timestamp, TransactionStatus, Uetr,
};
use serde::{Deserialize, Serialize};

/// Two currencies in the order of their codes: the one way in which a pair is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CurrencyPair {
    /// The one that comes first; a reference rate says what one major unit of it is worth.
    pub base: CurrencyCode,
    /// The other one.
    pub counter: CurrencyCode,
}

impl CurrencyPair {
    /// The pair of two currencies, whichever is named first.
    #[must_use]
    pub fn of(one: CurrencyCode, other: CurrencyCode) -> Self {
        Self {
            base: one.min(other),
            counter: one.max(other),
        }
    }
}

/// Which reference rate. Reports look up that of a settlement date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RateFixKey {
    /// The currencies.
    pub pair: CurrencyPair,
    /// The business date.
    pub date: Date,
}

/// A reference rate on the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateFixRecord {
    /// Major units of the counter currency for one of the base currency.
    pub rate: Rate,
    /// The instruction that fixed it.
    pub instruction: InstructionHash,
    /// The earliest time at which the row may be pruned.
    pub retained_until: Timestamp,
}

/// Whether a quote can be accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum QuoteStatus {
    /// Until its expiry, as far as something of it is left.
    Open,
    /// Taken back by its provider.
    Withdrawn,
}

/// A firm quote on the ledger. Its key in the table is the provider with the quote's reference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuoteRecord {
    /// The instruction that posted it.
    pub instruction: InstructionHash,
    /// What the provider sells; the amounts here are in it.
    pub currency: CurrencyCode,
    /// What it is paid in.
    pub counter_currency: CurrencyCode,
    /// Major units of the currency for one of the counter currency.
    pub rate: Rate,
    /// The least that one acceptance buys, unless it buys all that is left.
    pub minimum: Amount,
    /// The most that one acceptance buys.
    pub maximum: Amount,
    /// What is left of it.
    pub remaining: Amount,
    /// From this time on it cannot be accepted.
    pub expires: Timestamp,
    /// How long after its acceptance an exchange may wait to settle, in milliseconds.
    pub settle_within_ms: DurationMs,
    /// The margin that the provider discloses, in basis points.
    pub margin_bps: u32,
    /// The only institution that may accept it; none for everybody.
    pub to: Option<Lei>,
    /// Where it stands.
    pub status: QuoteStatus,
    /// The earliest time at which the row may be pruned.
    pub retained_until: Timestamp,
}

impl QuoteRecord {
    /// Its row in the index of what may be accepted, if it belongs there.
    fn open(&self, key: InstructionKey) -> Option<OpenQuote> {
        let open = self.status == QuoteStatus::Open && !self.remaining.is_zero();
        open.then_some((key.agent, self.expires, key.uetr))
    }
}

/// A quote that nobody has taken back or used up: provider, expiry, reference.
pub(crate) type OpenQuote = (Lei, Timestamp, Uetr);

/// Where an exchange stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExchangeStatus {
    /// One side has signed.
    Proposed,
    /// Both have; it waits for funds or for its time.
    Matched,
    /// Both payments are final.
    Settled,
    /// The other signature or the funds did not come in time.
    Expired,
    /// Withdrawn: by one side before it was matched, by both after that.
    Cancelled,
    /// A rule refuses one of the payments, and so both.
    Refused,
}

impl ExchangeStatus {
    /// What one of its payments says; none for statuses that no payment of an exchange has.
    fn of(record: &Record) -> Option<Self> {
        match record.status {
            TransactionStatus::Patc => Some(Self::Proposed),
            TransactionStatus::Pdng => Some(Self::Matched),
            TransactionStatus::Acsc | TransactionStatus::Accc => Some(Self::Settled),
            TransactionStatus::Canc => Some(Self::Cancelled),
            TransactionStatus::Rjct => {
                let till = Timestamp::MAX;
                let late = [
                    Rejection::ApprovalTimeout.code(),
                    Rejection::ExchangeExpired { till }.code(),
                ];
                let refusal = record.refusal.as_ref();
                let expired = refusal.is_some_and(|refusal| late.contains(&refusal.code));
                Some(if expired {
                    Self::Expired
                } else {
                    Self::Refused
                })
            }
            TransactionStatus::Rcvd | TransactionStatus::Actc | TransactionStatus::Acsp => None,
        }
    }
    /// Whether nothing follows.
    #[must_use]
    pub const fn is_final(self) -> bool {
        match self {
            Self::Proposed | Self::Matched => false,
            Self::Settled | Self::Expired | Self::Cancelled | Self::Refused => true,
        }
    }
}

/// An exchange in the register. Its key in the table is the hash of its instruction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExchangeRecord {
    /// Its two payments. While it is proposed, the reference of the side that has not signed is not taken yet.
    pub legs: [InstructionKey; 2],
    /// The quote that was accepted; none when the two agreed by themselves.
    pub quote: Option<InstructionKey>,
    /// From this time on it is refused.
    pub settle_till: Timestamp,
    /// Where it stands.
    pub status: ExchangeStatus,
    /// The height of its last change.
    pub height: Height,
    /// The earliest time at which the row may be pruned, once nothing follows.
    pub retained_until: Timestamp,
}

impl ExchangeRecord {
    /// After when it may be forgotten.
    fn forgettable(&self, instruction: InstructionHash) -> Option<(Timestamp, Forgettable)> {
        let forgettable = Forgettable::Exchange(instruction);
        let over = self.status.is_final();
        over.then_some((self.retained_until, forgettable))
    }
}

impl State {
    /// All exchanges, by instruction.
    pub fn exchanges(&self) -> impl Iterator<Item = (&InstructionHash, &ExchangeRecord)> {
        self.exchanges.iter()
    }
    /// One exchange.
    #[must_use]
    pub fn exchange(&self, instruction: &InstructionHash) -> Option<&ExchangeRecord> {
        self.exchanges.get(instruction)
    }
    /// Writes an exchange into the register, or what has become of it.
    pub(crate) fn put_exchange(&mut self, instruction: InstructionHash, record: ExchangeRecord) {
        let forgettable = record.forgettable(instruction);
        let old = self.exchanges.insert(instruction, record);
        if let Some(old) = old.and_then(|old| old.forgettable(instruction)) {
            self.forgettable.remove(&old);
        }
        self.forgettable.extend(forgettable);
    }
    /// Lets the register follow one of an exchange's payments. Most payments belong to none.
    pub(crate) fn follow_exchange(&mut self, payment: &Record) {
        let Some(old) = self.exchanges.get(&payment.instruction) else {
            return;
        };
        let mut record = old.clone();
        let status = ExchangeStatus::of(payment).unwrap_or(record.status);
        if status != record.status {
            record.status = status;
            record.height = payment.height;
        }
        record.retained_until = record.retained_until.max(payment.retained_until);
        if record != *old {
            self.put_exchange(payment.instruction, record);
        }
    }
    /// All reference rates, by pair and date.
    pub fn rate_fixes(&self) -> impl Iterator<Item = (&RateFixKey, &RateFixRecord)> {
        self.rate_fixes.iter()
    }
    /// The reference rate of a business date.
    #[must_use]
    pub fn rate_fix(&self, key: &RateFixKey) -> Option<&RateFixRecord> {
        self.rate_fixes.get(key)
    }
    /// The last reference rate of a pair.
    #[must_use]
    pub fn latest_rate_fix(&self, pair: CurrencyPair) -> Option<(Date, Rate)> {
        let (key, fix) = self.rate_fixes.get_last_before(&RateFixKey {
            pair,
            date: Timestamp::MAX.date(),
        })?;
        (key.pair == pair).then_some((key.date, fix.rate))
    }
    /// All quotes, by provider and reference, the stale ones too.
    pub fn quotes(&self) -> impl Iterator<Item = (&InstructionKey, &QuoteRecord)> {
        self.quotes.iter()
    }
    /// One quote.
    #[must_use]
    pub fn quote(&self, key: &InstructionKey) -> Option<&QuoteRecord> {
        self.quotes.get(key)
    }
    /// The quotes of a provider that can still be accepted at a time.
    pub(crate) fn open_quotes(
        &self,
        provider: Lei,
        time: Timestamp,
    ) -> impl Iterator<Item = &OpenQuote> {
        let least = Uetr::from_random_bytes([0; 16]);
        let all = self.open_quotes.range((provider, time, least)..);
        all.take_while(move |(of, ..)| *of == provider)
            .filter(move |(_, expires, _)| *expires > time)
    }

    pub(crate) fn put_rate_fix(&mut self, key: RateFixKey, record: RateFixRecord) {
        if let Some(old) = self.rate_fixes.insert(key, record) {
            let forgettable = (old.retained_until, Forgettable::RateFix(key));
            self.forgettable.remove(&forgettable);
        }
        let forgettable = (record.retained_until, Forgettable::RateFix(key));
        self.forgettable.insert(forgettable);
    }
    /// Records a quote, or what has become of it.
    pub(crate) fn put_quote(&mut self, key: InstructionKey, record: QuoteRecord) {
        self.forget_quote(&key);
        self.index_quote(key, &record);
        self.quotes.insert(key, record);
    }
    pub(crate) fn forget_quote(&mut self, key: &InstructionKey) {
        let Some(old) = self.quotes.remove(key) else {
            return;
        };
        if let Some(open) = old.open(*key) {
            self.open_quotes.remove(&open);
        }
        let forgettable = (old.retained_until, Forgettable::Quote(*key));
        self.forgettable.remove(&forgettable);
    }
    fn index_quote(&mut self, key: InstructionKey, record: &QuoteRecord) {
        self.open_quotes.extend(record.open(key));
        let forgettable = (record.retained_until, Forgettable::Quote(key));
        self.forgettable.insert(forgettable);
    }
    /// Rebuilds what is derived from the tables of this module. Whoever calls has emptied the indices.
    pub(crate) fn derive_exchange_indices(&mut self) {
        self.open_quotes = imbl::OrdSet::new();
        for (key, record) in self.quotes.clone().iter() {
            self.index_quote(*key, record);
        }
        for (instruction, record) in self.exchanges.iter() {
            self.forgettable.extend(record.forgettable(*instruction));
        }
        for (key, record) in self.rate_fixes.iter() {
            let forgettable = (record.retained_until, Forgettable::RateFix(*key));
            self.forgettable.insert(forgettable);
        }
    }
}

/// Takes the quotes of a provider back that its licences do not cover any more: an order that suspends it, or the end of its
/// licence, must not leave it bound to sell.
pub(crate) fn withdraw_unlicensed(state: &mut State, time: Timestamp, provider: Lei) {
    let agent = AgentIdentification::Lei(provider);
    let uncovered = |open: &&OpenQuote| {
        let key = InstructionKey {
            agent: provider,
            uetr: open.2,
        };
        state.quote(&key).is_some_and(|quote| {
            let sells = (quote.currency, quote.maximum.min(quote.remaining));
            checks::exchange_licence((state, time), (provider, &agent), None, sells).is_err()
        })
    };
    let open = state.open_quotes(provider, time).filter(uncovered);
    let references: Vec<Uetr> = open.map(|(.., uetr)| *uetr).collect();
    for uetr in references {
        let key = InstructionKey {
            agent: provider,
            uetr,
        };
        let quote = state.quote(&key).expect("listed above").clone();
        state.put_quote(
            key,
            QuoteRecord {
                status: QuoteStatus::Withdrawn,
                ..quote
            },
        );
    }
}

/// How long a reference rate may serve, from the beginning of its date: the days after that date.
pub(crate) fn fix_lasts(rules: &ExchangeRules) -> DurationMs {
    let days = u64::from(rules.fix_days_max).saturating_add(1);
    DurationMs::from_millis(days.saturating_mul(86_400_000))
}

/// The rulebook's band: a rate lies near enough to the latest reference rate of its two currencies, which is not too old.
pub(crate) fn check_band(
    state: &State,
    time: Timestamp,
    (currency, counter_currency): (CurrencyCode, CurrencyCode),
    rate: Rate,
) -> Result<(), Rejection> {
    let rules = &state.rules().common.exchange;
    let pair = CurrencyPair::of(currency, counter_currency);
    let CurrencyPair { base, counter } = pair;
    let missing = || Rejection::RateFixMissing { base, counter };
    let (date, reference) = state.latest_rate_fix(pair).ok_or_else(missing)?;
    if date.start().after(fix_lasts(rules)) <= time {
        return Err(missing());
    }
    // The quote's rate is for one of what the provider is paid in.
    let near = if counter_currency == base {
        rate.is_near(reference, rules.band_bps)
    } else {
        rate.is_near_inverse(reference, rules.band_bps)
    };
    if near {
        Ok(())
    } else {
        Err(Rejection::RateBand { base, counter })
    }
}
