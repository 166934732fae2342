//! Exchange rates: exact decimals between *major* units of two currencies, and the conversion of amounts by them.
//!
//! A rate says how many major units are bought with one that is sold, so the exponents of both currencies enter. Whoever fixes
//! what is sold gets the floor of the exact value; whoever fixes what is bought pays its ceiling: no conversion ever gives more
//! than the exact value. Nothing is a float, and nothing overflows: see the bounds at [`Rate::bought`].

use crate::money::{AMOUNT_DIGITS_MAX, Amount, CurrencyCode};
use crate::text::{WordError, word_serde};
use core::fmt;
use core::str::FromStr;

/// ISO 20022 allows 11 digits in a rate (`BaseOneRate`).
pub const RATE_DIGITS_MAX: usize = 11;
/// Of these at most 10 after the point.
pub const RATE_DECIMALS_MAX: usize = 10;
/// The parts of a rate that a basis point is one of.
const BASIS_POINTS: u128 = 10_000;

/// How many major units of one currency one major unit of another buys: above zero, at most 11 digits, at most 10 of them
/// after the point. Text form: the decimal number without zeros at its end, such as `3.125`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rate {
    /// All digits as one number.
    digits: u64,
    /// How many of them stand after the point; the last of these is not a zero.
    decimals: u8,
}

impl Rate {
    /// Reads a decimal number such as `3.1250000000`.
    ///
    /// # Errors
    /// `WordError` when it is no plain decimal number, has too many digits, or is zero.
    pub fn parse(text: &str) -> Result<Self, WordError> {
        let wrong = |rule| WordError::new("rate", text, rule);
        let (whole, fraction) = match text.split_once('.') {
            Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
            Some(_) => return Err(wrong("must have digits after its point")),
            None => (text, ""),
        };
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) {
            return Err(wrong("must be a decimal number such as 3.125"));
        }
        if whole.len() > 1 && whole.starts_with('0') {
            return Err(wrong("must not begin with a zero that says nothing"));
        }
        let given = whole.len().saturating_add(fraction.len());
        if given > RATE_DIGITS_MAX || fraction.len() > RATE_DECIMALS_MAX {
            return Err(wrong(
                "must have at most 11 digits, at most 10 of them after the point",
            ));
        }
        let fraction = fraction.trim_end_matches('0');
        let digits: u64 = format!("{whole}{fraction}")
            .parse()
            .map_err(|_| wrong("must be a decimal number such as 3.125"))?;
        let decimals = u8::try_from(fraction.len()).map_err(|_| wrong("is too long"))?;
        if digits == 0 {
            return Err(wrong("must be above zero"));
        }
        Ok(Self { digits, decimals })
    }

    /// The exact value as a pair of integers: this over [`Rate::denominator`]. Below 10¹¹.
    #[must_use]
    pub const fn numerator(self) -> u128 {
        self.digits as u128
    }
    /// A power of ten, at most 10¹⁰.
    #[must_use]
    pub const fn denominator(self) -> u128 {
        10u128.pow(self.decimals as u32)
    }

    /// What is bought with a fixed amount sold: the floor of the exact value. None when either has more than 18 digits.
    ///
    /// An amount is below 10¹⁸, the numerator below 10¹¹ and no exponent of ISO 4217 above 4, so that the product is below
    /// 10³³ and fits 128 bits with room to spare.
    #[must_use]
    pub fn bought(self, sold: Amount, from: CurrencyCode, to: CurrencyCode) -> Option<Amount> {
        let (above, below) = self.minor_ratio(from, to)?;
        let product = amount_within(sold)?.checked_mul(above)?;
        amount(product.checked_div(below)?)
    }
    /// What must be sold for a fixed amount bought: the ceiling of the exact value, which is the least amount that buys it.
    /// None when either has more than 18 digits. The bounds are those of [`Rate::bought`].
    #[must_use]
    pub fn sold(self, bought: Amount, from: CurrencyCode, to: CurrencyCode) -> Option<Amount> {
        let (above, below) = self.minor_ratio(from, to)?;
        let product = amount_within(bought)?.checked_mul(below)?;
        amount(product.div_ceil(above))
    }
    /// How many minor units one minor unit buys, as a pair of integers: num·10^e_to over den·10^e_from.
    fn minor_ratio(self, from: CurrencyCode, to: CurrencyCode) -> Option<(u128, u128)> {
        let scale = |currency: CurrencyCode| 10u128.checked_pow(currency.minor_digits());
        let above = self.numerator().checked_mul(scale(to)?)?;
        let below = self.denominator().checked_mul(scale(from)?)?;
        Some((above, below))
    }

    /// Whether it differs from a reference rate of the same direction by at most so many basis points of the reference.
    #[must_use]
    pub fn is_near(self, reference: Self, basis_points: u32) -> bool {
        let own = self.numerator().saturating_mul(reference.denominator());
        let other = reference.numerator().saturating_mul(self.denominator());
        differs_at_most(own, other, basis_points)
    }
    /// The same for a reference rate of the opposite direction, whose inverse need be no decimal number.
    #[must_use]
    pub fn is_near_inverse(self, reference: Self, basis_points: u32) -> bool {
        let own = self.numerator().saturating_mul(reference.numerator());
        let other = reference.denominator().saturating_mul(self.denominator());
        differs_at_most(own, other, basis_points)
    }

    const fn to_wire(self) -> (u64, u8) {
        (self.digits, self.decimals)
    }
    fn from_wire((digits, decimals): (u64, u8)) -> Result<Self, WordError> {
        let error = || WordError::new("rate", "", "must be written in its shortest form");
        let rate = Self { digits, decimals };
        if usize::from(decimals) > RATE_DECIMALS_MAX || digits == 0 {
            return Err(error());
        }
        // What reads back as itself is within the bounds and has no zeros at its end.
        match Self::parse(&rate.to_string()) {
            Ok(read) if read == rate => Ok(rate),
            Ok(_) | Err(_) => Err(error()),
        }
    }
}

/// Products of two rates are below 10²², so nothing saturates before a difference could be seen.
fn differs_at_most(own: u128, reference: u128, basis_points: u32) -> bool {
    let difference = own.abs_diff(reference).saturating_mul(BASIS_POINTS);
    difference <= reference.saturating_mul(u128::from(basis_points))
}

fn amount_within(amount: Amount) -> Option<u128> {
    let minor = amount.minor();
    (minor < 10u128.pow(u32::try_from(AMOUNT_DIGITS_MAX).ok()?)).then_some(minor)
}

fn amount(minor: u128) -> Option<Amount> {
    amount_within(Amount::from_minor(minor)).map(Amount::from_minor)
}

word_serde!(Rate, (u64, u8));

impl fmt::Display for Rate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = usize::from(self.decimals);
        let width = decimals.saturating_add(1);
        let text = format!("{:0>width$}", self.digits);
        let (whole, fraction) = text.split_at(text.len().saturating_sub(decimals));
        let point = if decimals == 0 { "" } else { "." };
        formatter.pad(&format!("{whole}{point}{fraction}"))
    }
}
impl fmt::Debug for Rate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self}")
    }
}
impl FromStr for Rate {
    type Err = WordError;
    fn from_str(text: &str) -> Result<Self, WordError> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests;
