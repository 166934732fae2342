//! Reference rates, quotes, and what becomes of them.

use super::super::author::Author;
use super::super::books::{Model, What, whole};
use super::super::instructions::{Item, Turn};
use super::super::payment_rules::amount_alone;
use super::super::quotes::{Fix, Quoted};
use super::super::signing::{Group, institution, one_of};
use super::super::supervision::Used;
use super::super::together::Exchange;
use super::{Authored, Modelled};
use crate::support::*;
use karwan_ledger::{
    AcceptQuote, DealtSide, ExchangeStatus, Holder, OnShortage, Operation, PaymentTerms,
    Permission, Priority, Quote, QuoteWithdraw, RateFix,
};
use karwan_types::{AgentIdentification, Amount, CurrencyCode, HashDomain, Lei, Uetr, hash_of};

/// The pairs that are quoted, in the order of their codes, each with its usual rate and one that is a little off.
const PAIRS: [(&str, &str, [&str; 2]); 3] = [
    ("KGS", "PKR", ["3.2", "3.25"]),
    ("KGS", "KZT", ["5.5", "5.45"]),
    ("KGS", "UZS", ["140", "139"]),
];
/// The least amount of 19 digits.
const TOO_MUCH: u128 = 1_000_000_000_000_000_000;

impl Authored for RateFix {
    fn write(author: &mut Author, chain: &Chain, _model: &Model) -> Option<Operation> {
        let (base, counter, rates) = *author.pick(&PAIRS);
        let hours = author.random.u64(..8);
        let rate: &&str = author.pick(&rates);
        let mut fix = rate_fix(base, counter, rate, "2026-11-23");
        fix.date = chain.upcoming().after(millis(hours * 3_600_000)).date();
        if author.chance(5) {
            fix.date = chain.upcoming().after(DAY).after(DAY).date();
        }
        if author.chance(2) {
            fix.counter_currency = fix.base_currency;
        }
        Some(fix.into())
    }
}
impl Modelled for RateFix {
    fn alone(&self) -> Option<u16> {
        (self.base_currency >= self.counter_currency).then_some(102)
    }
    fn groups(&self, model: &Model) -> Result<Vec<Group>, u16> {
        let first = institution(model.issuer(self.base_currency)?, None);
        let second = institution(model.issuer(self.counter_currency)?, None);
        Ok([first, second].concat())
    }
    fn perform(&self, model: &mut Model, _turn: &Turn, _open: &[Item]) -> Result<(), u16> {
        let day = self.date.start().millis();
        let today = |currency| model.currency(currency).map_or(0, |one| one.today);
        let date = i128::from(day / 86_400_000);
        if today(self.base_currency) != date && today(self.counter_currency) != date {
            return Err(1701);
        }
        let rules = &model.rulebook.common.exchange;
        let lasts = (u64::from(rules.fix_days_max) + 1) * 86_400_000;
        let kept_until = (day + 86_400_000 + model.retention()).max(day + lasts);
        let pair = (self.base_currency, self.counter_currency);
        model.fixes.retain(|fix| fix.pair != pair || fix.day != day);
        model.fixes.push(Fix {
            pair,
            day,
            rate: self.rate,
            kept_until,
        });
        Ok(())
    }
}

/// A quote for the second currency of a pair, or now and then for the first.
fn some_quote(author: &mut Author, chain: &Chain, model: &Model) -> Quote {
    let provider = author.bank();
    let (base, counter, rates) = *author.pick(&PAIRS);
    let name = author.name();
    let most = u128::from(author.random.u64(1_000..400_000));
    let mut quote = rupees_for_som(chain, &name);
    quote.provider = author.called(provider, model);
    (quote.currency, quote.counter_currency) = (code(counter), code(base));
    quote.rate = author.pick(&rates).parse().expect("a rate");
    if author.chance(10) {
        (quote.currency, quote.counter_currency) = (code(base), code(counter));
        quote.rate = "0.3125".parse().expect("a rate");
    }
    if author.chance(5) {
        quote.rate = "7.77".parse().expect("a rate");
    }
    quote.minimum = Amount::from_minor(u128::from(author.random.u64(..2_000)));
    quote.maximum = Amount::from_minor(most);
    quote.size = Amount::from_minor(most * 2);
    quote.expires = match author.random.u32(..12) {
        0 => chain.upcoming(),
        1 => chain.upcoming().after(DAY),
        2 => chain.upcoming().after(DAY).after(millis(1)),
        3 => chain.upcoming().after(SECOND),
        _ => chain.upcoming().after(HOUR),
    };
    if author.chance(20) {
        let to = author.bank();
        quote.to = Some(author.called(to, model));
    }
    quote
}
/// Plans an exchange from the beginning: the last one comes first.
pub(crate) fn plan(author: &mut Author, chain: &Chain, model: &Model) -> Vec<Operation> {
    let quote = some_quote(author, chain, model);
    let (base, counter, rate) = (quote.counter_currency, quote.currency, quote.rate);
    let mut fix = rate_fix("KGS", "PKR", "3.2", "2026-11-23");
    (fix.base_currency, fix.counter_currency, fix.rate) = (base, counter, rate);
    if author.chance(30) {
        fix.rate = "3.2".parse().expect("a rate");
    }
    let hours = if author.chance(90) { 5 } else { 8 };
    fix.date = chain.upcoming().after(millis(hours * 3_600_000)).date();
    let one = Quoted {
        operation: quote.clone().into(),
        provider: model.who(&quote.provider).unwrap_or_else(|| INDUS.lei()),
        name: quote.quote,
        sells: quote.currency,
        buys: quote.counter_currency,
        rate: quote.rate,
        minimum: quote.minimum.minor(),
        maximum: quote.maximum.minor(),
        left: quote.size.minor(),
        expires: quote.expires.millis(),
        settle_within: quote.settle_within_ms.millis(),
        to: quote.to.as_ref().and_then(|to| model.who(to)),
        withdrawn: false,
        kept_until: 0,
    };
    let mut plan: Vec<Operation> = Vec::new();
    for _ in 0..author.random.usize(1..4) {
        plan.push(acceptance(author, chain, model, &one).into());
    }
    plan.push(quote.into());
    if fix.base_currency < fix.counter_currency {
        plan.push(fix.into());
    }
    plan
}

impl Authored for Quote {
    fn write(author: &mut Author, chain: &Chain, model: &Model) -> Option<Operation> {
        let mut quote = some_quote(author, chain, model);
        if author.chance(5) {
            quote.maximum = Amount::ZERO;
        }
        if !model.quotes.is_empty() && author.chance(30) {
            let other = author.pick(&model.quotes);
            quote.provider = AgentIdentification::Lei(other.provider);
            if author.chance(50) {
                let other = author.pick(&model.quotes);
                quote.provider = AgentIdentification::Lei(other.provider);
                quote.quote = other.name;
            }
        }
        Some(quote.into())
    }
}
impl Modelled for Quote {
    fn alone(&self) -> Option<u16> {
        let order = self.minimum <= self.maximum && self.maximum <= self.size;
        if self.currency == self.counter_currency || !order || self.margin_bps > 10_000 {
            return Some(102);
        }
        amount_alone(self.minimum.minor()).or_else(|| amount_alone(self.size.minor()))
    }
    fn groups(&self, model: &Model) -> Result<Vec<Group>, u16> {
        let money = Some((self.currency, self.size.minor()));
        Ok(institution(model.debtor(&self.provider)?, money))
    }
    fn perform(&self, model: &mut Model, turn: &Turn, _open: &[Item]) -> Result<(), u16> {
        let provider = model.debtor(&self.provider)?;
        if let Some(earlier) = model.quote(provider, self.quote) {
            let same = earlier.operation == turn.operation;
            return if same { Ok(()) } else { Err(1704) };
        }
        may_exchange(
            model,
            (provider, provider),
            (self.currency, self.maximum.minor()),
        )?;
        let rules = model.rulebook.common.clone();
        let expires = self.expires.millis();
        let latest = model.time + rules.exchange.quote_validity_max_ms.millis();
        if expires <= model.time || expires > latest {
            return Err(1705);
        }
        let to = match &self.to {
            Some(to) => Some(model.who(to).ok_or(702u16)?),
            None => None,
        };
        model.moves(self.currency)?;
        model.moves(self.counter_currency)?;
        model.near((self.currency, self.counter_currency), self.rate)?;
        let stands = |one: &&Quoted| {
            let open = !one.withdrawn && one.left > 0 && one.expires > model.time;
            one.provider == provider && open
        };
        let most = usize::try_from(rules.exchange.quotes_max).expect("small");
        if model.quotes.iter().filter(stands).count() >= most {
            return Err(1706);
        }
        model.quotes.push(Quoted {
            operation: turn.operation.clone(),
            provider,
            name: self.quote,
            sells: self.currency,
            buys: self.counter_currency,
            rate: self.rate,
            minimum: self.minimum.minor(),
            maximum: self.maximum.minor(),
            left: self.size.minor(),
            expires,
            settle_within: self.settle_within_ms.millis(),
            to,
            withdrawn: false,
            kept_until: expires + rules.validity_max_ms.millis(),
        });
        Ok(())
    }
}
/// Whether one side may pay the other in an exchange.
pub(crate) fn may_exchange(
    model: &Model,
    (payer, other): (Lei, Lei),
    (currency, amount): (CurrencyCode, u128),
) -> Result<(), u16> {
    let used = Used {
        lei: payer,
        abroad: model.home(other),
        wanted: vec![Permission::Exchange],
        currency,
        amount,
        pays: true,
        leaves: false,
    };
    model.licensed(&used).map_err(|(code, _)| code)
}

impl Authored for QuoteWithdraw {
    fn write(author: &mut Author, _chain: &Chain, model: &Model) -> Option<Operation> {
        if model.quotes.is_empty() {
            return None;
        }
        let one = author.pick(&model.quotes).clone();
        let name = author.name();
        let withdraw = Self {
            provider: AgentIdentification::Lei(one.provider),
            quote: if author.chance(5) {
                uetr(&name)
            } else {
                one.name
            },
        };
        Some(withdraw.into())
    }
}
impl Modelled for QuoteWithdraw {
    fn groups(&self, model: &Model) -> Result<Vec<Group>, u16> {
        let provider = model.debtor(&self.provider)?;
        Ok(one_of(vec![Holder::Participant(provider)]))
    }
    fn perform(&self, model: &mut Model, _turn: &Turn, _open: &[Item]) -> Result<(), u16> {
        let provider = model.debtor(&self.provider)?;
        let one = model.quote_mut(provider, self.quote).ok_or(1707u16)?;
        if one.withdrawn {
            return Err(1708);
        }
        one.withdrawn = true;
        Ok(())
    }
}

fn acceptance(author: &mut Author, chain: &Chain, model: &Model, quote: &Quoted) -> AcceptQuote {
    let mut taker = author.bank();
    for _ in 0..3 {
        if taker.lei() == quote.provider || model.usual_account(taker.lei(), quote.buys).is_none() {
            taker = author.bank();
        }
    }
    let named = quote.to.filter(|_| author.chance(85));
    let taker = named.map_or_else(|| author.called(taker, model), AgentIdentification::Lei);
    let name = author.name();
    let amount = author.part_of(quote.maximum.min(quote.left));
    let sells = author.chance(30);
    let within = quote.settle_within + author.random.u64(..20_000);
    let mut one = AcceptQuote {
        taker,
        provider: AgentIdentification::Lei(quote.provider),
        quote: quote.name,
        uetr: uetr(&name),
        side: DealtSide::Buy,
        currency: quote.sells,
        amount,
        counter_currency: quote.buys,
        rate: quote.rate,
        debtor_account: None,
        creditor_account: None,
        settle_from: None,
        settle_till: chain
            .upcoming()
            .after(millis(within.saturating_sub(18_000))),
    };
    if sells {
        one.side = DealtSide::Sell;
        (one.currency, one.counter_currency) = (quote.buys, quote.sells);
    }
    match author.random.u32(..30) {
        0 => one.rate = "3.3".parse().expect("a rate"),
        1 => one.quote = uetr(&name),
        2 => one.settle_till = chain.upcoming(),
        3 => one.settle_from = Some(chain.upcoming().after(SECOND)),
        _ => {}
    }
    one
}

impl Authored for AcceptQuote {
    fn write(author: &mut Author, chain: &Chain, model: &Model) -> Option<Operation> {
        if model.quotes.is_empty() {
            return None;
        }
        let quote = author.pick(&model.quotes).clone();
        Some(acceptance(author, chain, model, &quote).into())
    }
}
/// What the taker sells and what it buys: what it fixes exactly, the other rounded against it. Nothing when there are too many
/// digits.
fn deal(one: &AcceptQuote) -> Option<[(CurrencyCode, u128); 2]> {
    let scale = |currency: CurrencyCode| 10u128.pow(currency.minor_digits());
    let fixed = one.amount.minor();
    let (sells, buys) = match one.side {
        DealtSide::Buy => (one.counter_currency, one.currency),
        DealtSide::Sell => (one.currency, one.counter_currency),
    };
    // So many minor units are bought for so many sold.
    let bought = one.rate.numerator() * scale(buys);
    let sold = one.rate.denominator() * scale(sells);
    let [gives, gets] = match one.side {
        DealtSide::Buy => {
            let exact = fixed * sold;
            let less = exact / bought;
            let rounded = if exact.is_multiple_of(bought) {
                less
            } else {
                less + 1
            };
            [rounded, fixed]
        }
        DealtSide::Sell => [fixed, fixed * bought / sold],
    };
    let fits = gives < TOO_MUCH && gets < TOO_MUCH;
    fits.then_some([(sells, gives), (buys, gets)])
}
/// What the taker pays, and what the provider pays under another name.
fn legs(one: &AcceptQuote, name: Uetr) -> Option<[PaymentTerms; 2]> {
    let [gives, gets] = deal(one)?;
    let mut own = terms(INDUS, NARYN, "1 PKR", "any");
    own.on_shortage = OnShortage::Queue;
    let mut other = own.clone();
    own.uetr = one.uetr;
    (own.currency, own.amount) = (gives.0, Amount::from_minor(gives.1));
    own.debtor_agent = one.taker.clone();
    own.debtor_account = one.debtor_account.clone();
    own.creditor_agent = one.provider.clone();
    other.uetr = name;
    (other.currency, other.amount) = (gets.0, Amount::from_minor(gets.1));
    other.debtor_agent = one.provider.clone();
    other.creditor_agent = one.taker.clone();
    other.creditor_account = one.creditor_account.clone();
    Some([own, other])
}
impl Modelled for AcceptQuote {
    fn alone(&self) -> Option<u16> {
        let late = self
            .settle_from
            .is_some_and(|from| from >= self.settle_till);
        if self.currency == self.counter_currency || late {
            return Some(102);
        }
        if let Some(code) = amount_alone(self.amount.minor()) {
            return Some(code);
        }
        match deal(self) {
            None => Some(1002),
            Some(both) => both
                .into_iter()
                .find_map(|(_, amount)| amount_alone(amount)),
        }
    }
    fn groups(&self, model: &Model) -> Result<Vec<Group>, u16> {
        let taker = model.debtor(&self.taker)?;
        let [gives, _] = deal(self).ok_or(1002u16)?;
        Ok(institution(taker, Some(gives)))
    }
    fn items(&self, model: &Model) -> Vec<Item> {
        let legs = legs(self, self.uetr);
        let own = legs.and_then(|[own, _]| model.item(&own, What::Payment));
        own.into_iter().collect()
    }
    fn perform(&self, model: &mut Model, turn: &Turn, open: &[Item]) -> Result<(), u16> {
        let [own] = open else {
            return Ok(());
        };
        let taker = model.debtor(&self.taker)?;
        let provider = model.who(&self.provider).ok_or(702u16)?;
        if taker == provider {
            return Err(1720);
        }
        let [gives, gets] = deal(self).ok_or(1002u16)?;
        may_exchange(model, (taker, provider), gives)?;
        may_exchange(model, (provider, taker), gets)?;
        offered(model, self, (taker, provider))?;
        let till = self.settle_till.millis();
        may_settle(model, till)?;
        let hash = hash_of(HashDomain::DerivedReference, &[turn.hash.0.as_bytes()]);
        let half = hash.as_bytes().first_chunk().expect("it has 32 bytes");
        let name = Uetr::from_random_bytes(*half);
        let legs = legs(self, name).ok_or(1002u16)?;
        can_afford(model, taker, &legs[0])?;
        let other = model.item(&legs[1], What::Payment).ok_or(1707u16)?;
        if model.payment(provider, name).is_some() {
            return Err(501);
        }
        model.exchanges.push(Exchange {
            hash: turn.hash,
            operation: turn.operation.clone(),
            legs: [(taker, self.uetr), (provider, name)],
            status: ExchangeStatus::Proposed,
            kept_until: turn.until,
        });
        let from = self.settle_from.map_or(model.time, |from| from.millis());
        let items = [own.clone(), other];
        let terms = [&legs[0], &legs[1]];
        model.settle_or_wait(turn, &items, &terms, (from, till - 1));
        let status = model.exchange_of(&turn.operation).map(|one| one.status);
        let taken = [Some(ExchangeStatus::Matched), Some(ExchangeStatus::Settled)];
        if taken.contains(&status) {
            let quote = model.quote_mut(provider, self.quote).expect("found above");
            quote.left -= gets.1;
        }
        Ok(())
    }
}
/// Whether the taker has the money for this and for all that waits on the same account.
fn can_afford(model: &Model, taker: Lei, own: &PaymentTerms) -> Result<(), u16> {
    let Some(account) = model.of(taker, own.debtor_account.as_ref(), own.currency) else {
        return Ok(());
    };
    let mut asked = whole(own.amount.minor());
    for entry in &model.queue {
        let legs = entry.legs.iter().filter(|leg| leg.debit == account.number);
        asked += legs
            .map(|leg| whole(leg.terms.amount.minor()))
            .sum::<i128>();
    }
    if Model::usable(account, Priority::Norm) < asked {
        return Err(1301);
    }
    model.owes_nothing(&account.number)?;
    let creditor = model.who(&own.creditor_agent).ok_or(702u16)?;
    let flow = (taker, creditor, own.currency, whole(own.amount.minor()));
    model.has_room(&[], &[flow]).map_err(|(_, code)| code)?;
    match model.of(creditor, own.creditor_account.as_ref(), own.currency) {
        Some(credit) if credit.number != account.number => {
            model.within_limits(&account.number, &credit.number, own.amount.minor())
        }
        Some(_) | None => Ok(()),
    }
}
/// Whether the quote offers what is accepted.
fn offered(model: &Model, one: &AcceptQuote, (taker, provider): (Lei, Lei)) -> Result<(), u16> {
    let quote = model.quote(provider, one.quote).ok_or(1707u16)?;
    let [(sells, _), (buys, amount)] = deal(one).ok_or(1002u16)?;
    if quote.to.is_some_and(|to| to != taker) {
        return Err(1711);
    }
    if quote.withdrawn {
        return Err(1708);
    }
    if quote.expires <= model.time {
        return Err(1709);
    }
    if (quote.sells, quote.buys, quote.rate) != (buys, sells, one.rate) {
        return Err(1710);
    }
    if amount > quote.maximum || amount > quote.left {
        return Err(1712);
    }
    if amount < quote.minimum && amount != quote.left {
        return Err(1713);
    }
    if one.settle_till.millis() > model.time + quote.settle_within {
        return Err(1721);
    }
    model.near((buys, sells), one.rate)
}
/// Whether an exchange that is agreed now may settle until then.
pub(super) fn may_settle(model: &Model, till: u64) -> Result<(), u16> {
    let longest = model.rulebook.common.exchange.settlement_max_ms.millis();
    if till <= model.time {
        return Err(1722);
    }
    if till > model.time + longest {
        return Err(1721);
    }
    Ok(())
}
