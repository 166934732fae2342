//! Rates as text and bytes, conversion by example, and what must hold of every conversion.

use super::Rate;
use crate::{Amount, CurrencyCode, decode, encode};

fn code(text: &str) -> CurrencyCode {
    CurrencyCode::parse(text).unwrap()
}
fn rate(text: &str) -> Rate {
    Rate::parse(text).unwrap()
}
fn amount(text: &str) -> (CurrencyCode, Amount) {
    let (sum, currency) = text.split_once(' ').unwrap();
    (code(currency), Amount::parse(sum, code(currency)).unwrap())
}

#[test]
fn a_rate_is_a_decimal_number_of_eleven_digits() {
    let check = |text: &str, shortest: Option<&str>| {
        let read = Rate::parse(text).ok().map(|rate| rate.to_string());
        assert_eq!(read.as_deref(), shortest, "{text}");
    };
    check("3.1250000000", Some("3.125"));
    check("0.0000000001", Some("0.0000000001"));
    check("99999999999", Some("99999999999"));
    check("9.9999999999", Some("9.9999999999"));
    check("278.50", Some("278.5"));
    check("100", Some("100"));
    for wrong in [
        "0",
        "0.0",
        "",
        ".",
        "1.",
        ".5",
        "-1",
        "+1",
        "1e3",
        "1,5",
        "01.5",
        "00",
        "1.2.3",
        " 1",
        "100000000000",
        "0.12345678901",
        "12.3456789012",
    ] {
        check(wrong, None);
    }
}

#[test]
fn one_rate_has_one_byte_string() {
    for text in ["3.125", "0.0000000001", "99999999999", "100"] {
        let bytes = encode(&rate(text));
        assert_eq!(decode::<Rate>(&bytes, 64).unwrap(), rate(text));
    }
    for (digits, decimals) in [
        (3_1250u64, 4u8),
        (0, 0),
        (1, 11),
        (100_000_000_000, 0),
        (u64::MAX, 3),
    ] {
        assert!(decode::<Rate>(&encode(&(digits, decimals)), 64).is_err());
    }
}

/// `sold` buys `bought` at a rate, and that much bought costs `back`.
#[track_caller]
fn check(text: &str, sold: &str, bought: &str, back: &str) {
    let ((from, sold), (to, bought)) = (amount(sold), amount(bought));
    assert_eq!(rate(text).bought(sold, from, to), Some(bought));
    assert_eq!(rate(text).sold(bought, from, to), Some(amount(back).1));
}

#[test]
fn conversions_round_against_whoever_fixes_the_amount() {
    // 3.2051 rupees for a som.
    check("3.2051", "1000.00 KGS", "3205.10 PKR", "1000.00 KGS");
    check("3.2051", "0.03 KGS", "0.09 PKR", "0.03 KGS");
    check("0.312", "1.00 PKR", "0.31 KGS", "1.00 PKR");
    check("0.312", "1.02 PKR", "0.31 KGS", "1.00 PKR");
    // No decimals in yen, three in dinars.
    check("1.8", "1.00 PKR", "1 JPY", "0.56 PKR");
    check("0.5555", "1 JPY", "0.55 PKR", "1 JPY");
    check("0.0020", "1000 JPY", "2.000 KWD", "1000 JPY");
    check("0.00199", "1 JPY", "0.001 KWD", "1 JPY");
    check("487.3", "0.001 KWD", "0 JPY", "0.000 KWD");
    check("487.3", "0.003 KWD", "1 JPY", "0.003 KWD");
    check("905.123", "1.001 KWD", "906.02 PKR", "1.001 KWD");
}

#[test]
fn eighteen_digits_convert_and_more_do_not() {
    let most = Amount::from_minor(10u128.pow(18) - 1);
    let (pkr, kgs, jpy, kwd) = (code("PKR"), code("KGS"), code("JPY"), code("KWD"));
    assert_eq!(rate("1").bought(most, pkr, kgs), Some(most));
    assert_eq!(rate("1").sold(most, pkr, kgs), Some(most));
    assert_eq!(rate("1.0000000001").bought(most, pkr, kgs), None);
    assert_eq!(rate("99999999999").bought(most, jpy, kwd), None);
    assert_eq!(rate("0.0000000001").sold(most, kwd, jpy), None);
    let few = rate("0.0000000001").bought(most, pkr, kgs);
    assert_eq!(few, Some(Amount::from_minor(99_999_999)));
    let costs = rate("99999999999").sold(most, pkr, kgs);
    assert_eq!(costs, Some(Amount::from_minor(10_000_001)));
    let beyond = Amount::from_minor(10u128.pow(18));
    assert_eq!(rate("0.1").bought(beyond, pkr, kgs), None);
    assert_eq!(rate("9").sold(beyond, pkr, kgs), None);
    assert_eq!(
        rate("9").sold(Amount::from_minor(u128::MAX), pkr, kgs),
        None
    );
}

#[test]
fn a_conversion_never_gives_more_than_the_exact_value() {
    let currencies = ["PKR", "KGS", "JPY", "KWD", "CLF"].map(code);
    for seed in 0..20_000u64 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let width = rng.u32(1..=11);
        let digits = rng.u64(1..10u64.pow(width));
        let decimals = rng.u32(0..=10);
        let text = format!("{digits:0>width$}", width = decimals as usize + 1);
        let (whole, fraction) = text.split_at(text.len() - decimals as usize);
        let Ok(rate) = Rate::parse(&format!("{whole}.{fraction}")) else {
            continue;
        };
        let (from, to) = (
            *rng.choice(&currencies).unwrap(),
            *rng.choice(&currencies).unwrap(),
        );
        let width = rng.u32(1..=18);
        let sum = Amount::from_minor(rng.u128(0..10u128.pow(width)));
        // The exact value is above/below minor units bought for each one sold.
        let above = rate.numerator() * 10u128.pow(to.minor_digits());
        let below = rate.denominator() * 10u128.pow(from.minor_digits());
        if let Some(bought) = rate.bought(sum, from, to) {
            assert!(bought.minor() * below <= sum.minor() * above, "seed {seed}");
            assert!(
                (bought.minor() + 1) * below > sum.minor() * above,
                "seed {seed}"
            );
            let back = rate.sold(bought, from, to).expect("no more than was sold");
            assert!(
                back <= sum,
                "seed {seed}: {bought} cost {back}, more than {sum}"
            );
        }
        if let Some(sold) = rate.sold(sum, from, to) {
            assert!(sold.minor() * above >= sum.minor() * below, "seed {seed}");
            let one_less = sold.minor().saturating_sub(1);
            let enough = sold.is_zero() || one_less * above < sum.minor() * below;
            assert!(
                enough,
                "seed {seed}: {one_less} would have been enough for {sum}"
            );
        }
    }
}

#[test]
fn a_band_is_measured_in_basis_points_of_the_reference() {
    let check =
        |own: &str, reference: &str, points: u32| rate(own).is_near(rate(reference), points);
    assert!(check("3.2", "3.2", 0));
    assert!(check("3.216", "3.2", 50) && check("3.184", "3.2", 50));
    assert!(!check("3.2160000001", "3.2", 50) && !check("3.1839999999", "3.2", 50));
    assert!(!check("6.5", "3.2", 10_000) && check("0.0000000001", "3.2", 10_000));
    let inverse = |own: &str, reference: &str, points: u32| {
        rate(own).is_near_inverse(rate(reference), points)
    };
    // 1/3.2 is 0.3125, and half a percent of it 0.0015625.
    assert!(inverse("0.3125", "3.2", 0) && !inverse("0.3125000001", "3.2", 0));
    assert!(inverse("0.3140625", "3.2", 50) && !inverse("0.3140625001", "3.2", 50));
    assert!(inverse("0.3109375", "3.2", 50) && !inverse("0.3109374999", "3.2", 50));
    // The inverse of 3 is no decimal number.
    assert!(!inverse("0.3333333333", "3", 0) && inverse("0.3333333333", "3", 1));
}
