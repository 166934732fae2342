//! Money: whole minor units of a named currency. Never a float, never rounded, never negative in an instruction.

use crate::text::{WordError, word_serde};
use core::fmt;
use core::str::FromStr;

/// ISO 20022 allows 18 digits in an amount.
pub const AMOUNT_DIGITS_MAX: usize = 18;

/// An ISO 4217 alphabetic code, for example `PKR`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CurrencyCode([u8; 3]);

impl CurrencyCode {
    /// Reads a code that ISO 4217 lists.
    ///
    /// # Errors
    /// `WordError` when the list does not hold it.
    pub fn parse(text: &str) -> Result<Self, WordError> {
        let error = || WordError::new("currency", text, "must be an ISO 4217 code such as PKR");
        if text.bytes().any(|byte| !byte.is_ascii_uppercase()) {
            return Err(error());
        }
        iso_currency::Currency::from_code(text).ok_or_else(error)?;
        let bytes = text.as_bytes().try_into().map_err(|_| error())?;
        Ok(Self(bytes))
    }
    /// The three letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.0).expect("a currency code is ASCII")
    }
    /// Digits after the decimal point, from ISO 4217; 2 for the test code XTS and other codes without a minor unit of
    /// their own in the list.
    #[must_use]
    pub fn minor_digits(&self) -> u32 {
        iso_currency::Currency::from_code(self.as_str())
            .and_then(|currency| currency.exponent())
            .map_or(2, u32::from)
    }
    fn to_wire(self) -> [u8; 3] {
        self.0
    }
    fn from_wire(bytes: [u8; 3]) -> Result<Self, WordError> {
        let text = core::str::from_utf8(&bytes)
            .map_err(|_| WordError::new("currency", "", "must be ASCII letters"))?;
        Self::parse(text)
    }
}

word_serde!(CurrencyCode, [u8; 3]);

impl fmt::Display for CurrencyCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}
impl fmt::Debug for CurrencyCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
impl FromStr for CurrencyCode {
    type Err = WordError;
    fn from_str(text: &str) -> Result<Self, WordError> {
        Self::parse(text)
    }
}

/// A quantity of one currency in its smallest unit. Never negative, never rounded. Text form: the integer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(u128);

/// Why a text is not an amount of a currency.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// More fraction digits than the currency has.
    #[error("{currency} has {allowed} digits after the point, {given} were given (AM12)")]
    FractionDigits {
        /// The currency.
        currency: CurrencyCode,
        /// Digits given after the point.
        given: usize,
        /// Digits allowed after the point.
        allowed: u32,
    },
    /// Not a plain decimal number, or more than 18 digits.
    #[error("\"{0}\" is not an amount: digits, at most one point, at most 18 digits in all (AM12)")]
    Malformed(String),
}

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// From minor units.
    #[must_use]
    pub const fn from_minor(minor: u128) -> Self {
        Self(minor)
    }
    /// Minor units.
    #[must_use]
    pub const fn minor(self) -> u128 {
        self.0
    }
    /// Whether this is nothing.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }
    /// The sum; none on overflow.
    #[must_use]
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Self(sum)),
            None => None,
        }
    }
    /// The difference; none if it would be negative.
    #[must_use]
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(rest) => Some(Self(rest)),
            None => None,
        }
    }
    /// Reads a decimal number of major units, such as `1234.50`. `5000` and `1234.0` are fine in USD.
    ///
    /// # Errors
    /// `AmountError` (AM12) when there are too many fraction or total digits, a sign, or anything but digits.
    pub fn parse(text: &str, currency: CurrencyCode) -> Result<Self, AmountError> {
        let malformed = || AmountError::Malformed(text.chars().take(64).collect());
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let digits = whole.len().saturating_add(fraction.len());
        if whole.is_empty() && fraction.is_empty() || !all_digits(whole) || !all_digits(fraction) {
            return Err(malformed());
        }
        if digits > AMOUNT_DIGITS_MAX {
            return Err(malformed());
        }
        let allowed = currency.minor_digits();
        let width = usize::try_from(allowed).expect("an exponent is small");
        if fraction.len() > width {
            return Err(AmountError::FractionDigits {
                currency,
                given: fraction.len(),
                allowed,
            });
        }
        let minor: u128 = format!("0{whole}{fraction:0<width$}")
            .parse()
            .map_err(|_| malformed())?;
        Ok(Self(minor))
    }
    /// Major units as a decimal number with all the currency's fraction digits, such as `1234.50`.
    #[must_use]
    pub fn to_decimal(self, currency: CurrencyCode) -> String {
        decimal(self.0, currency)
    }
    fn to_wire(self) -> u128 {
        self.0
    }
    #[expect(
        clippy::unnecessary_wraps,
        reason = "the word macro expects a checked constructor"
    )]
    fn from_wire(minor: u128) -> Result<Self, WordError> {
        Ok(Self(minor))
    }
}

/// Signed minor units as a decimal number of major units: what a balance shows.
#[must_use]
pub fn balance_to_decimal(minor: i128, currency: CurrencyCode) -> String {
    let sign = if minor < 0 { "-" } else { "" };
    format!("{sign}{}", decimal(minor.unsigned_abs(), currency))
}

fn decimal(minor: u128, currency: CurrencyCode) -> String {
    let digits = usize::try_from(currency.minor_digits()).expect("an exponent is small");
    let text = format!("{minor:0>width$}", width = digits.saturating_add(1));
    if digits == 0 {
        return text;
    }
    let (whole, fraction) = text.split_at(text.len().saturating_sub(digits));
    format!("{whole}.{fraction}")
}

word_serde!(Amount, u128);

impl fmt::Display for Amount {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}
impl FromStr for Amount {
    type Err = WordError;
    fn from_str(text: &str) -> Result<Self, WordError> {
        let error = || WordError::new("amount", text, "must be minor units without leading zero");
        let minor: u128 = text.parse().map_err(|_| error())?;
        if minor.to_string() != text {
            return Err(error());
        }
        Ok(Self(minor))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> CurrencyCode {
        CurrencyCode::parse(text).unwrap()
    }

    #[test]
    fn exponents_follow_iso_4217() {
        for (text, digits) in [
            ("PKR", 2),
            ("KGS", 2),
            ("KZT", 2),
            ("UZS", 2),
            ("USD", 2),
            ("CNY", 2),
            ("AED", 2),
            ("JPY", 0),
            ("KWD", 3),
            ("XTS", 2),
        ] {
            assert_eq!(code(text).minor_digits(), digits, "{text}");
        }
    }

    #[test]
    fn an_amount_has_at_most_the_fraction_digits_of_its_currency() {
        let check = |text: &str, currency: &str, minor: Option<u128>| {
            let read = Amount::parse(text, code(currency)).ok().map(Amount::minor);
            assert_eq!(read, minor, "{text} {currency}");
        };
        check("5000", "USD", Some(500_000));
        check("1234.0", "USD", Some(123_400));
        check("1234.05", "USD", Some(123_405));
        check("0.001", "USD", None);
        check("1.5", "JPY", None);
        check("15", "JPY", Some(15));
        check("1.005", "KWD", Some(1_005));
        check(".5", "USD", Some(50));
        check("5.", "USD", Some(500));
        check(".", "USD", None);
        check("", "USD", None);
        check("-1", "USD", None);
        check("+1", "USD", None);
        check("1e3", "USD", None);
        check("1,5", "USD", None);
        check("1234567890123456.78", "USD", Some(123_456_789_012_345_678));
        check("12345678901234567.89", "USD", None);
    }

    #[test]
    fn amounts_are_written_with_all_their_fraction_digits() {
        assert_eq!(Amount::from_minor(5).to_decimal(code("PKR")), "0.05");
        assert_eq!(
            Amount::from_minor(123_450).to_decimal(code("KGS")),
            "1234.50"
        );
        assert_eq!(Amount::from_minor(7).to_decimal(code("JPY")), "7");
        assert_eq!(balance_to_decimal(-1_005, code("KWD")), "-1.005");
    }
}
