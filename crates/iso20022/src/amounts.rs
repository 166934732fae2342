//! Amounts: decimal text to whole minor units, and the sums that a group header promises.

use crate::cursor::Cursor;
use crate::profile::Profile;
use crate::refusal::{IsoReason, Refusal, quoted};
use karwan_types::{Amount, AmountError, CurrencyCode};

/// `DecimalNumber` has at most 17 digits after the point; sums are compared in units of the last.
const SUM_FRACTION_DIGITS: u32 = 17;
/// `DecimalNumber` has at most 18 digits in all.
const SUM_DIGITS_MAX: usize = 18;

/// Reads an amount that is to settle, with its currency: more than zero, in a currency of the profile.
pub(crate) fn read_amount(
    cursor: &Cursor<'_>,
    profile: &Profile,
) -> Result<(Amount, CurrencyCode), Refusal> {
    let currency = read_currency(cursor)?;
    if profile
        .currencies
        .as_ref()
        .is_some_and(|allowed| !allowed.contains(&currency))
    {
        let sentence = format!(
            "The currency {currency} does not settle on this network. Pay in one that does."
        );
        return Err(cursor.refuse(IsoReason::NotAllowedCurrency, sentence));
    }
    let amount = read_decimal(cursor, currency)?;
    if amount.is_zero() {
        let sentence = "The amount is zero. A payment moves more than nothing.";
        return Err(cursor.refuse(IsoReason::ZeroAmount, sentence));
    }
    Ok((amount, currency))
}

/// Reads the sum of all amounts that a group header gives, with its currency.
pub(crate) fn read_total(cursor: &Cursor<'_>) -> Result<(Amount, CurrencyCode), Refusal> {
    let currency = read_currency(cursor)?;
    Ok((read_decimal(cursor, currency)?, currency))
}

fn read_currency(cursor: &Cursor<'_>) -> Result<CurrencyCode, Refusal> {
    let name = cursor.element().name;
    let Some(code) = cursor.attribute("Ccy") else {
        let sentence =
            format!("{name} has no currency. Add the attribute Ccy, for example Ccy=\"PKR\".");
        return Err(cursor.refuse(IsoReason::InvalidTransactionCurrency, sentence));
    };
    CurrencyCode::parse(code).map_err(|_| {
        let sentence = format!(
            "{name} has the currency {}, which ISO 4217 does not list.",
            quoted(code)
        );
        cursor.refuse(IsoReason::InvalidTransactionCurrency, sentence)
    })
}

fn read_decimal(cursor: &Cursor<'_>, currency: CurrencyCode) -> Result<Amount, Refusal> {
    let name = cursor.element().name;
    let text = cursor.text()?;
    Amount::parse(text, currency).map_err(|error| {
        let sentence = match error {
            AmountError::FractionDigits { given, allowed, .. } => format!(
                "{name} is {}: it has {given} digits after the point, {currency} has {allowed}.",
                quoted(text)
            ),
            AmountError::Malformed(_) if text.starts_with('-') => {
                format!("{name} is {}: an amount cannot be negative.", quoted(text))
            }
            AmountError::Malformed(_) => format!(
                "{name} is {}: an amount has digits and at most one point, at most 18 digits in all.",
                quoted(text)
            ),
        };
        cursor.refuse(IsoReason::InvalidAmount, sentence)
    })
}

/// A sum of numbers whatever their currencies (`CtrlSum`), in units of 10⁻¹⁷. None when it is no decimal number.
pub(crate) fn parse_control_sum(text: &str) -> Option<u128> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = whole.len().checked_add(fraction.len())?;
    let all_digits = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.')
        && !fraction.contains('.');
    let fraction_max = usize::try_from(SUM_FRACTION_DIGITS).ok()?;
    if !all_digits || digits == 0 || digits > SUM_DIGITS_MAX || fraction.len() > fraction_max {
        return None;
    }
    let number: u128 = format!("0{whole}{fraction}").parse().ok()?;
    let missing = SUM_FRACTION_DIGITS.checked_sub(u32::try_from(fraction.len()).ok()?)?;
    number.checked_mul(10u128.checked_pow(missing)?)
}

/// An amount as a plain number, in units of 10⁻¹⁷. None when it does not fit.
pub(crate) fn as_control_sum(amount: Amount, currency: CurrencyCode) -> Option<u128> {
    let missing = SUM_FRACTION_DIGITS.checked_sub(currency.minor_digits())?;
    amount.minor().checked_mul(10u128.checked_pow(missing)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::parse;

    fn check(text: &str, currency: &str, expected: Result<u128, &str>) {
        let xml = format!("<Amt Ccy='{currency}'>{text}</Amt>");
        let root = parse(&xml).unwrap();
        let read = read_amount(&Cursor::root(&root), &Profile::default());
        let read = read
            .map(|(amount, _)| amount.minor())
            .map_err(|refusal| refusal.reason.code());
        assert_eq!(read, expected, "{text} {currency}");
    }

    #[test]
    fn an_amount_is_read_in_minor_units_of_its_currency() {
        check("5000", "PKR", Ok(500_000));
        check("1234.0", "KGS", Ok(123_400));
        check(" 1234.56\n", "KZT", Ok(123_456));
        check("0.01", "UZS", Ok(1));
        check("45000000", "JPY", Ok(45_000_000));
        check("1.005", "KWD", Ok(1_005));
        check("007.50", "USD", Ok(750));
        check("1234567890123456.78", "PKR", Ok(123_456_789_012_345_678));
        check("999999999999999999", "JPY", Ok(999_999_999_999_999_999));
    }

    #[test]
    fn an_amount_with_too_many_digits_a_sign_or_anything_else_is_refused() {
        check("1.5", "JPY", Err("AM12"));
        check("1.0", "JPY", Err("AM12"));
        check("1.0055", "KWD", Err("AM12"));
        check("0.001", "PKR", Err("AM12"));
        check("12345678901234567.89", "PKR", Err("AM12"));
        check("1000000000000000000", "JPY", Err("AM12"));
        check("-1", "PKR", Err("AM12"));
        check("+1", "PKR", Err("AM12"));
        check("1e3", "PKR", Err("AM12"));
        check("1,000.00", "PKR", Err("AM12"));
        check("1 000", "PKR", Err("AM12"));
        check("NaN", "PKR", Err("AM12"));
        check("٣", "PKR", Err("AM12"));
        check("", "PKR", Err("CH16"));
    }

    #[test]
    fn zero_and_unknown_currencies_have_their_own_reasons() {
        check("0", "PKR", Err("AM01"));
        check("0.00", "KGS", Err("AM01"));
        check("1", "XYZ", Err("AM11"));
        check("1", "pkr", Err("AM11"));
        check("1", "", Err("AM11"));
    }

    #[test]
    fn a_currency_outside_the_profile_is_not_allowed() {
        let profile = Profile {
            currencies: Some([CurrencyCode::parse("KGS").unwrap()].into()),
            ..Profile::default()
        };
        let root = parse("<Amt Ccy='PKR'>1</Amt>").unwrap();
        let refusal = read_amount(&Cursor::root(&root), &profile).unwrap_err();
        assert_eq!(refusal.reason.code(), "AM03");
    }

    #[test]
    fn control_sums_are_exact_decimals() {
        let pkr = CurrencyCode::parse("PKR").unwrap();
        assert_eq!(
            parse_control_sum("12.5"),
            as_control_sum(Amount::from_minor(1_250), pkr)
        );
        assert_eq!(parse_control_sum("12.50"), parse_control_sum("12.5"));
        assert_eq!(parse_control_sum("0.00000000000000001"), Some(1));
        for wrong in [
            "",
            ".",
            "1.2.3",
            "-1",
            "1e2",
            "1234567890123456789",
            "0.000000000000000001",
        ] {
            assert_eq!(parse_control_sum(wrong), None, "{wrong}");
        }
    }
}
