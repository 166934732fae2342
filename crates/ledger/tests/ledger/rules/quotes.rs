//! §7: reference rates that two issuers fix together, and the firm quotes that they bound.

use crate::support::*;
use karwan_ledger::{CurrencyPair, Quote, QuoteWithdraw, RateFix, RateFixKey};
use karwan_types::{Date, Rate, Timestamp};

/// Rupees that INDUS sells for som, 3.2 for one, at most so much in all.
fn quote(chain: &Chain, name: &str, rate: &str) -> Quote {
    Quote {
        rate: rate.parse().expect("a rate"),
        ..rupees_for_som(chain, name)
    }
}
fn withdraw(name: &str) -> QuoteWithdraw {
    QuoteWithdraw {
        provider: INDUS.agent(),
        quote: uetr(name),
    }
}
fn fix(rate: &str, day: &str) -> RateFix {
    rate_fix("KGS", "PKR", rate, day)
}
/// A network whose rulebook allows quotes within half a percent.
fn narrow() -> Chain {
    let mut document = network();
    document.rulebook.common.exchange.band_bps = 50;
    Chain::of(document)
}
fn issuers() -> Vec<karwan_types::SecretKey> {
    together(&[PK_ISSUER, KG_ISSUER])
}
fn latest(chain: &Chain) -> Option<(Date, Rate)> {
    let pair = CurrencyPair::of(code("PKR"), code("KGS"));
    chain.state.latest_rate_fix(pair)
}
fn a_moment_before(time: Timestamp) -> Timestamp {
    Timestamp::from_millis(time.millis() - 1)
}

#[test]
fn a_reference_rate_needs_both_issuers() {
    let mut chain = Chain::new();
    let today = || fix("3.2", "2026-11-23");
    chain.check(today(), &all(PK_ISSUER), "PATC");
    assert_eq!(latest(&chain), None);
    chain.check(chain.approve(today()), &[maker(KG_ISSUER)], "ACSC");
    assert_eq!(latest(&chain), None);
    chain.check(chain.approve(today()), &[checker(KG_ISSUER)], "ACSC, ACSC");
    assert_eq!(
        latest(&chain),
        Some((date("2026-11-23"), "3.2".parse().unwrap()))
    );
    let stranger = "RJCT DS0G SIGNER_NOT_ALLOWED";
    chain.check(
        fix("3.3", "2026-11-23"),
        &together(&[PK_ISSUER, KZ_ISSUER]),
        stranger,
    );
    let unknown = rate_fix("KGS", "USD", "87", "2026-11-23");
    chain.check(unknown, &all(KG_ISSUER), "RJCT AM03 CURRENCY_NOT_ENABLED");
    chain.replay();
}

#[test]
fn a_reference_rate_is_corrected_while_its_date_lasts_and_stands_after_that() {
    let mut chain = Chain::new();
    chain.check(fix("3.2", "2026-11-23"), &issuers(), "ACSC");
    chain.check(fix("3.21", "2026-11-23"), &issuers(), "ACSC");
    assert_eq!(
        latest(&chain),
        Some((date("2026-11-23"), "3.21".parse().unwrap()))
    );
    let not_now = "RJCT DT01 RATE_FIX_DATE";
    chain.check(fix("3.2", "2026-11-24"), &issuers(), not_now);
    chain.check(fix("3.2", "2026-11-22"), &issuers(), not_now);
    // It is midnight in Bishkek an hour before it is in Karachi.
    let bishkek = time("2026-11-23T18:00:00Z");
    chain.at(a_moment_before(bishkek));
    chain.check(fix("3.3", "2026-11-24"), &issuers(), not_now);
    chain.at(bishkek);
    chain.check(fix("3.3", "2026-11-24"), &issuers(), "ACSC");
    let karachi = time("2026-11-23T19:00:00Z");
    chain.at(a_moment_before(karachi));
    chain.check(fix("3.22", "2026-11-23"), &issuers(), "ACSC");
    chain.at(karachi);
    chain.check(fix("3.23", "2026-11-23"), &issuers(), not_now);
    // Reports find the rate of a settlement date, the band the latest one.
    let key = RateFixKey {
        pair: CurrencyPair::of(code("PKR"), code("KGS")),
        date: date("2026-11-23"),
    };
    assert_eq!(
        chain.state.rate_fix(&key).unwrap().rate,
        "3.22".parse().unwrap()
    );
    assert_eq!(
        latest(&chain),
        Some((date("2026-11-24"), "3.3".parse().unwrap()))
    );
}

#[test]
fn a_pair_is_written_in_one_way() {
    let reversed = rate_fix("PKR", "KGS", "0.3", "2026-11-23");
    assert!(
        karwan_ledger::Operation::from(reversed)
            .check_alone()
            .is_err()
    );
    let same = rate_fix("PKR", "PKR", "1", "2026-11-23");
    assert!(karwan_ledger::Operation::from(same).check_alone().is_err());
}

#[test]
fn a_quote_lies_within_the_band_around_the_reference_rate_in_both_directions() {
    let mut chain = narrow();
    chain.check(
        quote(&chain, "early", "3.2"),
        &all(INDUS),
        "RJCT RR04 RATE_FIX_MISSING",
    );
    chain.check(fix("3.2", "2026-11-23"), &issuers(), "ACSC");
    for (rate, answer) in [
        ("3.216", "ACSC"),
        ("3.2160000001", "RJCT RR04 RATE_BAND"),
        ("3.184", "ACSC"),
        ("3.1839999999", "RJCT RR04 RATE_BAND"),
    ] {
        chain.check(quote(&chain, rate, rate), &all(INDUS), answer);
    }
    // Som for rupees: one rupee is worth 0.3125 som, give or take 0.0015625.
    for (rate, answer) in [
        ("0.3140625", "ACSC"),
        ("0.3140625001", "RJCT RR04 RATE_BAND"),
        ("0.3109375", "ACSC"),
        ("0.3109374999", "RJCT RR04 RATE_BAND"),
    ] {
        let reversed = Quote {
            currency: code("KGS"),
            counter_currency: code("PKR"),
            ..quote(&chain, rate, rate)
        };
        chain.check(reversed, &all(INDUS), answer);
    }
}

#[test]
fn a_reference_rate_serves_as_long_as_the_rulebook_says() {
    let mut document = network();
    document.rulebook.common.exchange.fix_days_max = 3;
    let mut chain = Chain::of(document);
    chain.check(fix("3.2", "2026-11-23"), &issuers(), "ACSC");
    let over = time("2026-11-27T00:00:00Z");
    chain.at(a_moment_before(over));
    chain.check(quote(&chain, "last", "3.2"), &all(INDUS), "ACSC");
    chain.at(over);
    chain.check(
        quote(&chain, "late", "3.2"),
        &all(INDUS),
        "RJCT RR04 RATE_FIX_MISSING",
    );
}

#[test]
fn a_quote_expires_within_the_rulebooks_time() {
    let mut document = network();
    document.rulebook.common.exchange.quote_validity_max_ms = MINUTE;
    let mut chain = Chain::of(document);
    chain.check(fix("3.2", "2026-11-23"), &issuers(), "ACSC");
    let expiring = |chain: &Chain, name: &str, expires| Quote {
        expires,
        ..quote(chain, name, "3.2")
    };
    let now = chain.upcoming();
    let wrong = "RJCT TM01 QUOTE_EXPIRY";
    chain.check(expiring(&chain, "a", now), &all(INDUS), wrong);
    let next = chain.upcoming().after(millis(1));
    chain.check(expiring(&chain, "b", next), &all(INDUS), "ACSC");
    let latest = chain.upcoming().after(MINUTE);
    chain.check(expiring(&chain, "c", latest), &all(INDUS), "ACSC");
    let later = chain.upcoming().after(millis(60_001));
    chain.check(expiring(&chain, "d", later), &all(INDUS), wrong);
}

#[test]
fn a_reference_stands_for_one_quote_and_the_same_quote_again_changes_nothing() {
    let mut chain = Chain::new();
    chain.check(fix("3.2", "2026-11-23"), &issuers(), "ACSC");
    let first = quote(&chain, "a", "3.2");
    chain.check(first.clone(), &all(INDUS), "ACSC");
    let root = |chain: &Chain| {
        chain
            .state
            .quotes()
            .map(|(_, row)| row.clone())
            .collect::<Vec<_>>()
    };
    let before = root(&chain);
    chain.check(first.clone(), &all(INDUS), "ACSC");
    assert_eq!(root(&chain), before);
    chain.check(
        quote(&chain, "a", "3.3"),
        &all(INDUS),
        "RJCT DU03 QUOTE_CONFLICT",
    );
    chain.check(withdraw("a"), &[maker(INDUS)], "ACSC");
    chain.check(withdraw("a"), &[maker(INDUS)], "RJCT TM01 QUOTE_WITHDRAWN");
    // A repeated quote does not come back to life.
    chain.check(first, &all(INDUS), "ACSC");
    chain.check(withdraw("a"), &[maker(INDUS)], "RJCT TM01 QUOTE_WITHDRAWN");
    chain.check(withdraw("b"), &[maker(INDUS)], "RJCT NOOR QUOTE_UNKNOWN");
    chain.check(withdraw("a"), &all(RAVI), "RJCT DS0G SIGNER_NOT_ALLOWED");
    chain.replay();
}

#[test]
fn so_many_quotes_stand_as_the_rulebook_allows() {
    let mut document = network();
    document.rulebook.common.exchange.quotes_max = 2;
    let mut chain = Chain::of(document);
    chain.check(fix("3.2", "2026-11-23"), &issuers(), "ACSC");
    chain.check(quote(&chain, "a", "3.2"), &all(INDUS), "ACSC");
    chain.check(quote(&chain, "b", "3.2"), &all(INDUS), "ACSC");
    chain.check(
        quote(&chain, "c", "3.2"),
        &all(INDUS),
        "RJCT NARR QUOTES_MAX",
    );
    let of_ravi = Quote {
        provider: RAVI.agent(),
        ..quote(&chain, "d", "3.2")
    };
    chain.check(of_ravi, &all(RAVI), "ACSC");
    chain.check(withdraw("a"), &[maker(INDUS)], "ACSC");
    chain.check(quote(&chain, "e", "3.2"), &all(INDUS), "ACSC");
    // Those that expire make room, and are forgotten when no acceptance can come any more.
    chain.after(HOUR);
    chain.check(quote(&chain, "f", "3.2"), &all(INDUS), "ACSC");
    assert_eq!(chain.state.quotes().count(), 5);
    chain.after(VALIDITY);
    chain.check_time("");
    chain.after(HOUR);
    chain.check_time("");
    assert_eq!(chain.state.quotes().count(), 0);
}

#[test]
fn reference_rates_are_forgotten_after_their_retention() {
    let mut document = network();
    document.rulebook.common.exchange.fix_days_max = 1;
    let mut chain = Chain::of(document);
    chain.check(fix("3.2", "2026-11-23"), &issuers(), "ACSC");
    chain.at(time("2026-11-25T00:00:00Z")).check_time("");
    assert_eq!(chain.state.rate_fixes().count(), 1);
    chain.after(millis(1)).check_time("");
    assert_eq!(chain.state.rate_fixes().count(), 0);
}

#[test]
fn a_quote_that_makes_no_sense_is_refused_by_itself() {
    let chain = Chain::new();
    let check = |alter: &dyn Fn(&mut Quote)| {
        let mut altered = quote(&chain, "a", "3.2");
        alter(&mut altered);
        assert!(
            karwan_ledger::Operation::from(altered)
                .check_alone()
                .is_err()
        );
    };
    check(&|quote| quote.counter_currency = quote.currency);
    check(&|quote| quote.minimum = money("0 PKR").1);
    check(&|quote| quote.maximum = money("0.01 PKR").1);
    check(&|quote| quote.size = money("1 PKR").1);
    check(&|quote| quote.margin_bps = 10_001);
}

#[test]
fn quotes_are_given_for_currencies_that_move_and_to_institutions_in_good_standing() {
    let mut chain = Chain::new();
    chain.check(fix("3.2", "2026-11-23"), &issuers(), "ACSC");
    let to_nobody = Quote {
        to: Some("NOWHPK22".parse().unwrap()),
        ..quote(&chain, "a", "3.2")
    };
    chain.check(to_nobody, &all(INDUS), "RJCT CNOR CREDITOR_AGENT_UNKNOWN");
    chain.check(halt("KGS"), &all(KG_ISSUER), "ACSC");
    chain.check(
        quote(&chain, "b", "3.2"),
        &all(INDUS),
        "RJCT AG01 CURRENCY_HALTED",
    );
}
