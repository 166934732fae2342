//! The model's reference rates and quotes: two lists, and rates as plain fractions.

use super::books::Model;
use karwan_ledger::Operation;
use karwan_types::{CurrencyCode, Lei, Rate, Uetr};

/// Milliseconds of a day.
const DAY: u64 = 86_400_000;

/// A rate that two issuers have fixed.
#[derive(Clone, Debug)]
pub(crate) struct Fix {
    pub(crate) pair: (CurrencyCode, CurrencyCode),
    /// When its date begins.
    pub(crate) day: u64,
    pub(crate) rate: Rate,
    pub(crate) kept_until: u64,
}

/// A quote, withdrawn or not.
#[derive(Clone, Debug)]
pub(crate) struct Quoted {
    pub(crate) operation: Operation,
    pub(crate) provider: Lei,
    pub(crate) name: Uetr,
    pub(crate) sells: CurrencyCode,
    pub(crate) buys: CurrencyCode,
    pub(crate) rate: Rate,
    pub(crate) minimum: u128,
    pub(crate) maximum: u128,
    pub(crate) left: u128,
    pub(crate) expires: u64,
    pub(crate) settle_within: u64,
    pub(crate) to: Option<Lei>,
    pub(crate) withdrawn: bool,
    pub(crate) kept_until: u64,
}

impl Model {
    pub(crate) fn quote(&self, provider: Lei, name: Uetr) -> Option<&Quoted> {
        let mut all = self.quotes.iter();
        all.find(|one| one.provider == provider && one.name == name)
    }
    pub(crate) fn quote_mut(&mut self, provider: Lei, name: Uetr) -> Option<&mut Quoted> {
        let mut all = self.quotes.iter_mut();
        all.find(|one| one.provider == provider && one.name == name)
    }
    /// Whether so much of one currency for one of the other is near enough to the last rate that was fixed for them.
    pub(crate) fn near(
        &self,
        (sells, buys): (CurrencyCode, CurrencyCode),
        rate: Rate,
    ) -> Result<(), u16> {
        let rules = &self.rulebook.common.exchange;
        let pair = (sells.min(buys), sells.max(buys));
        let fixes = self.fixes.iter().filter(|fix| fix.pair == pair);
        let last = fixes.max_by_key(|fix| fix.day).ok_or(1702u16)?;
        if last.day + (u64::from(rules.fix_days_max) + 1) * DAY <= self.time {
            return Err(1702);
        }
        let (own, reference) = (
            (rate.numerator(), rate.denominator()),
            (last.rate.numerator(), last.rate.denominator()),
        );
        // The fix says what one of the first currency is worth; the quote, what one of the currency that it buys is.
        let reference = if buys == pair.0 {
            reference
        } else {
            (reference.1, reference.0)
        };
        let (own, reference) = (own.0 * reference.1, reference.0 * own.1);
        let band = reference * u128::from(rules.band_bps);
        if own.abs_diff(reference) * 10_000 > band {
            return Err(1703);
        }
        Ok(())
    }
}
