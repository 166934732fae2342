//! Foreign exchange: reference rates, quotes near them, acceptances, and payments versus payment that two banks agreed on.

use super::Thinker;
use karwan_ledger::{
    AcceptQuote, CancelExchange, CurrencyPair, DealtSide, OnShortage, Operation, PayVersusPayment,
    Priority, Quote, QuoteStatus, QuoteWithdraw, RateFix,
};
use karwan_types::{
    AgentIdentification, Amount, CurrencyCode, Date, DurationMs, Lei, Rate, Timestamp,
};

/// Rates that issuers fix; most are near each other, so that quotes often stay within the band.
const RATES: [&str; 4] = ["3.2", "3.1999", "3.25", "0.3125"];

impl Thinker<'_> {
    fn soon(&mut self, from_ms: u64, until_ms: u64) -> Timestamp {
        let ahead = self.rng.u64(from_ms..until_ms);
        self.time.after(DurationMs::from_millis(ahead))
    }
    fn likely_rate(&mut self) -> Rate {
        let chosen = RATES[self.rng.usize(0..RATES.len())];
        chosen.parse().expect("constant")
    }
    fn two_currencies(&mut self) -> (CurrencyCode, CurrencyCode) {
        let (one, other) = (self.currency(), self.currency());
        if one != other {
            return (one, other);
        }
        let all = &self.town.currencies;
        let different = all.iter().copied().find(|currency| *currency != one);
        (one, different.expect("the town has several currencies"))
    }
    /// The date in the currency's home.
    fn business_date(&self, currency: CurrencyCode) -> Date {
        let row = self.state.currency(&currency);
        let minutes = row.map_or(0, |row| row.utc_offset_minutes.max(0).unsigned_abs());
        let offset = DurationMs::from_millis(u64::from(minutes) * 60_000);
        self.time.after(offset).date()
    }
    fn agent_of(&mut self, lei: &Lei) -> AgentIdentification {
        let institution = self.named(lei);
        self.name(&institution)
    }
    fn signers_of_both(&mut self, one: &Lei, other: &Lei) -> Vec<String> {
        let mut names = Vec::new();
        for lei in [one, other] {
            let institution = self.named(lei);
            for name in self.signers(&institution) {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        names
    }

    pub(super) fn rate_fix(&mut self) -> (Operation, Vec<String>) {
        let (one, other) = self.two_currencies();
        let CurrencyPair { base, counter } = CurrencyPair::of(one, other);
        let fix = RateFix {
            base_currency: base,
            counter_currency: counter,
            rate: self.likely_rate(),
            date: self.business_date(base),
        };
        let issuers = [base, counter].map(|currency| self.issuer(currency).lei);
        (fix.into(), self.signers_of_both(&issuers[0], &issuers[1]))
    }

    pub(super) fn quote(&mut self) -> (Operation, Vec<String>) {
        let fixes: Vec<_> = self.state.rate_fixes().collect();
        if fixes.is_empty() {
            return self.rate_fix();
        }
        let (key, fix) = fixes[self.rng.usize(0..fixes.len())];
        let (pair, rate) = (key.pair, fix.rate);
        let provider = self.bank();
        let reversed = self.rng.bool();
        let minimum = self.amount();
        let maximum = Amount::from_minor(minimum.minor() * u128::from(self.rng.u64(1..9)));
        let to = self.rng.bool().then(|| self.bank());
        let quote = Quote {
            provider: self.name(&provider),
            quote: self.uetr(),
            currency: if reversed { pair.base } else { pair.counter },
            counter_currency: if reversed { pair.counter } else { pair.base },
            rate: if self.rng.bool() {
                rate
            } else {
                self.likely_rate()
            },
            minimum,
            maximum,
            size: Amount::from_minor(maximum.minor() * u128::from(self.rng.u64(1..4))),
            expires: self.soon(500, 30_000),
            settle_within_ms: DurationMs::from_millis(self.rng.u64(1_000..40_000)),
            margin_bps: self.rng.u32(0..100),
            to: to.map(|bank| self.name(&bank)),
        };
        (quote.into(), self.signers(&provider))
    }

    pub(super) fn quote_withdraw(&mut self) -> (Operation, Vec<String>) {
        let quotes: Vec<_> = self.state.quotes().map(|(key, _)| *key).collect();
        if quotes.is_empty() {
            return self.quote();
        }
        let key = quotes[self.rng.usize(0..quotes.len())];
        let provider = self.named(&key.agent);
        let withdraw = QuoteWithdraw {
            provider: self.name(&provider),
            quote: key.uetr,
        };
        (withdraw.into(), self.signers(&provider))
    }

    pub(super) fn accept_quote(&mut self) -> (Operation, Vec<String>) {
        let now = self.time;
        let quotes: Vec<_> = self
            .state
            .quotes()
            .filter(|(_, quote)| quote.expires > now && quote.status == QuoteStatus::Open)
            .map(|(key, quote)| (*key, quote.clone()))
            .collect();
        if quotes.is_empty() {
            return self.quote();
        }
        let (key, quote) = quotes[self.rng.usize(0..quotes.len())].clone();
        let taker = match quote.to {
            Some(lei) => self.named(&lei),
            None => self.bank(),
        };
        let least = u64::try_from(quote.minimum.minor()).unwrap_or(1);
        let most = u64::try_from(quote.maximum.min(quote.remaining).minor()).unwrap_or(1);
        let bought = Amount::from_minor(u128::from(self.rng.u64(least..=most.max(least))));
        let (buys, sells) = (quote.currency, quote.counter_currency);
        let sold = quote.rate.sold(bought, sells, buys);
        let (side, currency, amount, counter_currency) = match sold {
            Some(sold) if self.rng.bool() => (DealtSide::Sell, sells, sold, buys),
            Some(_) | None => (DealtSide::Buy, buys, bought, sells),
        };
        let within = quote.settle_within_ms.millis();
        let accept = AcceptQuote {
            taker: self.name(&taker),
            provider: self.agent_of(&key.agent),
            quote: key.uetr,
            uetr: self.uetr(),
            side,
            currency,
            amount,
            counter_currency,
            rate: quote.rate,
            debtor_account: None,
            creditor_account: None,
            settle_from: None,
            settle_till: self.soon(500, within.max(501)),
        };
        (accept.into(), self.signers(&taker))
    }

    /// Two banks agree on an exchange, or the other side signs what one has proposed.
    pub(super) fn pay_versus_payment(&mut self) -> (Operation, Vec<String>) {
        let proposed: Vec<Operation> = self
            .state
            .approvals()
            .map(|(_, pending)| pending.operation.clone())
            .filter(|operation| matches!(operation, Operation::PayVersusPayment(_)))
            .collect();
        if !proposed.is_empty() && self.rng.bool() {
            let operation = proposed[self.rng.usize(0..proposed.len())].clone();
            let signers = self.signers_of(&operation);
            return (operation, signers);
        }
        let (one, other) = (self.bank(), self.bank());
        let (currency, counter_currency) = self.two_currencies();
        let mut leg_a = self.terms(&one, currency);
        let mut leg_b = self.terms(&other, counter_currency);
        for leg in [&mut leg_a, &mut leg_b] {
            leg.creditor_account = None;
            leg.settlement_date = None;
            (leg.from_time, leg.till_time, leg.reject_time) = (None, None, None);
            leg.on_shortage = OnShortage::Queue;
            leg.priority = match self.rng.u8(0..8) {
                0 => Priority::Urgt,
                1 => Priority::High,
                _ => Priority::Norm,
            };
        }
        leg_a.creditor_agent = leg_b.debtor_agent.clone();
        leg_b.creditor_agent = leg_a.debtor_agent.clone();
        let exchange = PayVersusPayment {
            leg_a: Box::new(leg_a),
            leg_b: Box::new(leg_b),
            settle_from: (self.rng.u8(0..8) == 0).then(|| self.soon(0, 400)),
            settle_till: self.soon(500, 60_000),
        };
        let signers = if self.rng.u8(0..3) == 0 {
            self.signers(&one)
        } else {
            self.signers_of_both(&one.lei, &other.lei)
        };
        (exchange.into(), signers)
    }

    /// One that can be withdrawn meanwhile: money alone seldom makes an exchange wait here.
    fn exchange_that_waits(&mut self) -> (Operation, Vec<String>) {
        let (mut operation, signers) = self.pay_versus_payment();
        if let Operation::PayVersusPayment(exchange) = &mut operation {
            exchange.settle_from = Some(self.soon(5_000, 20_000));
            exchange.settle_till = self.soon(30_000, 60_000);
        }
        (operation, signers)
    }

    pub(super) fn cancel_exchange(&mut self) -> (Operation, Vec<String>) {
        let state = self.state;
        let several = state.queue().filter(|(_, entry)| entry.legs.len() > 1);
        let keys: Vec<_> = several.map(|(_, entry)| entry.legs[0].key).collect();
        if keys.is_empty() {
            return self.exchange_that_waits();
        }
        let key = keys[self.rng.usize(0..keys.len())];
        let cancel = CancelExchange {
            agent: self.agent_of(&key.agent),
            uetr: key.uetr,
            reason: "CUST".parse().expect("constant"),
        };
        let operation = Operation::from(cancel);
        let signers = self.signers_of(&operation);
        (operation, signers)
    }
}
