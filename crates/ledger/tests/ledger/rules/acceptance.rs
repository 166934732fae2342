//! §7: a firm quote is accepted in whole or in parts; the exchange that follows settles like any other. Amounts are rounded as §0
//! says, by example in rupees and som, yen (no decimals) and dinars (three).

use super::queue::poor;
use crate::support::*;
use karwan_ledger::{
    AcceptQuote, DealtSide, ExchangeStatus, GenesisAccount, GenesisDocument, Operation, Quote,
    QuoteWithdraw, SetBilateralLimit,
};
use karwan_types::{Amount, Timestamp};

/// A chain with a reference rate of 3.2 rupees for a som and this quote of INDUS.
fn quoted(document: GenesisDocument, alter: impl FnOnce(&mut Quote)) -> Chain {
    let mut chain = Chain::of(document);
    let fix = rate_fix("KGS", "PKR", "3.2", "2026-11-23");
    chain.check(fix, &together(&[PK_ISSUER, KG_ISSUER]), "ACSC");
    let mut quote = rupees_for_som(&chain, "quote");
    alter(&mut quote);
    chain.check(quote, &all(INDUS), "ACSC");
    chain
}
fn plain() -> Chain {
    quoted(network(), |_| {})
}
/// NARYN buys or sells this much.
fn deal(chain: &Chain, side: DealtSide, sum: &str, rate: &str, name: &str) -> AcceptQuote {
    let (currency, amount) = money(sum);
    let counter = if currency == code("PKR") {
        "KGS"
    } else {
        "PKR"
    };
    AcceptQuote {
        side,
        currency,
        amount,
        counter_currency: code(counter),
        rate: rate.parse().unwrap(),
        ..accept(chain, NARYN, "quote", name)
    }
}
fn buy(chain: &Chain, sum: &str, name: &str) -> AcceptQuote {
    deal(chain, DealtSide::Buy, sum, "3.2", name)
}
fn left(chain: &Chain) -> String {
    let (_, quote) = chain.state.quotes().next().unwrap();
    quote.remaining.to_decimal(quote.currency)
}
fn a_moment_before(time: Timestamp) -> Timestamp {
    Timestamp::from_millis(time.millis() - 1)
}

#[test]
fn an_acceptance_settles_at_once_and_rounds_against_whoever_fixes_the_amount() {
    let mut chain = quoted(network(), |quote| quote.rate = "3.2051".parse().unwrap());
    // 1,000 rupees cost 312.0027 som.
    let bought = deal(&chain, DealtSide::Buy, "1000.00 PKR", "3.2051", "a");
    chain.check(bought, &all(NARYN), "ACSC, ACSC");
    chain.check_balances(&[
        ("INDUS-PKR", "5999000.00"),
        ("NARYN-PKR", "501000.00"),
        ("NARYN-KGS", "2999687.99"),
        ("INDUS-KGS", "1000312.01"),
    ]);
    // 333.33 som buy 1,068.355983 rupees.
    let sold = deal(&chain, DealtSide::Sell, "333.33 KGS", "3.2051", "b");
    chain.check(sold, &all(NARYN), "ACSC, ACSC");
    chain.check_balances(&[("NARYN-PKR", "502068.35"), ("NARYN-KGS", "2999354.66")]);
    assert_eq!(left(&chain), "97931.65");
    chain.replay();
}

/// The test network with yen instead of tenge and dinars instead of sum; TOBOL has yen, ZARAFSHAN dinars.
fn yen_and_dinars() -> GenesisDocument {
    let mut document = network();
    let renamed = |currency: &mut karwan_types::CurrencyCode| {
        for (old, new) in [("KZT", "JPY"), ("UZS", "KWD")] {
            if *currency == code(old) {
                *currency = code(new);
            }
        }
    };
    document
        .currencies
        .iter_mut()
        .for_each(|row| renamed(&mut row.code));
    for participant in &mut document.participants {
        let accounts = participant.accounts.iter_mut();
        accounts.for_each(|row| renamed(&mut row.currency));
        for tier in &mut participant.policy {
            tier.up_to
                .iter_mut()
                .for_each(|(currency, _)| renamed(currency));
        }
        for (owner, number, currency) in [
            (TOBOL, "TOBOL-KWD", "KWD"),
            (ZARAFSHAN, "ZARAFSHAN-JPY", "JPY"),
        ] {
            if participant.lei == owner.lei() {
                participant.accounts.push(GenesisAccount {
                    number: account(number),
                    currency: code(currency),
                    class: karwan_ledger::AccountClass::Settlement,
                    status: karwan_ledger::AccountStatus::Open,
                    opening: Amount::ZERO,
                });
            }
        }
    }
    document
}

/// ZARAFSHAN quotes dinars for yen, TOBOL yen for dinars.
fn quote_yen_and_dinars(chain: &mut Chain) {
    let fix = rate_fix("JPY", "KWD", "0.002", "2026-11-23");
    chain.check(fix, &together(&[KZ_ISSUER, UZ_ISSUER]), "ACSC");
    for (provider, name, rate, sells, buys) in [
        (ZARAFSHAN, "dinars", "0.00199", "KWD", "JPY"),
        (TOBOL, "yen", "487.3", "JPY", "KWD"),
    ] {
        let quote = Quote {
            provider: provider.agent(),
            currency: code(sells),
            counter_currency: code(buys),
            rate: rate.parse().unwrap(),
            minimum: Amount::from_minor(1),
            maximum: Amount::from_minor(5_000_000),
            size: Amount::from_minor(5_000_000),
            ..rupees_for_som(chain, name)
        };
        chain.check(quote, &all(provider), "ACSC");
    }
}

/// What moves when one of the two accepts the other's quote for an amount of one currency and the other currency.
fn moved(chain: &mut Chain, quote: &str, side: DealtSide, [sum, other]: [&str; 2]) -> String {
    let (taker, provider, rate) = match quote {
        "dinars" => (TOBOL, ZARAFSHAN, "0.00199"),
        _ => (ZARAFSHAN, TOBOL, "487.3"),
    };
    let (currency, amount) = money(sum);
    let accepted = AcceptQuote {
        provider: provider.agent(),
        side,
        currency,
        amount,
        counter_currency: code(other),
        rate: rate.parse().unwrap(),
        ..accept(chain, taker, quote, sum)
    };
    let signed = chain.sign(accepted, &all(taker));
    let outcomes = chain.block(&[signed]);
    assert_eq!(say(&outcomes), "ACSC, ACSC");
    let sums = outcomes.iter().map(|outcome| {
        let movement = outcome.movement.as_ref().unwrap();
        let sum = movement.amount.to_decimal(movement.currency);
        format!("{sum} {}", movement.currency)
    });
    sums.collect::<Vec<_>>().join(" for ")
}

#[test]
fn yen_have_no_decimals_and_dinars_three() {
    let mut chain = Chain::of(yen_and_dinars());
    quote_yen_and_dinars(&mut chain);
    let mut check = |quote, side, sums, expected| {
        assert_eq!(moved(&mut chain, quote, side, sums), expected);
    };
    let (sell, buy) = (DealtSide::Sell, DealtSide::Buy);
    // 1,001 yen are worth 1.99199 dinars; 2 dinars cost 1,005.03 yen.
    check(
        "dinars",
        sell,
        ["1001 JPY", "KWD"],
        "1001 JPY for 1.991 KWD",
    );
    check(
        "dinars",
        buy,
        ["2.000 KWD", "JPY"],
        "1006 JPY for 2.000 KWD",
    );
    // 1.001 dinars are worth 487.7873 yen; 488 yen cost 1.001436 dinars.
    check("yen", sell, ["1.001 KWD", "JPY"], "1.001 KWD for 487 JPY");
    check("yen", buy, ["488 JPY", "KWD"], "1.002 KWD for 488 JPY");
    chain.replay();
}

#[test]
fn a_quote_is_taken_in_parts_until_its_size_is_used() {
    let mut chain = plain();
    let (above, below) = ("RJCT AM13 QUOTE_MAXIMUM", "RJCT AM15 QUOTE_MINIMUM");
    for (sum, answer, rest) in [
        ("60000.01 PKR", above, "100000.00"),
        ("99.99 PKR", below, "100000.00"),
        ("60000.00 PKR", "ACSC, ACSC", "40000.00"),
        ("40000.01 PKR", above, "40000.00"),
        ("39950.00 PKR", "ACSC, ACSC", "50.00"),
        // The rest may be smaller than the minimum.
        ("49.99 PKR", below, "50.00"),
        ("50.00 PKR", "ACSC, ACSC", "0.00"),
        ("1.00 PKR", above, "0.00"),
    ] {
        chain.check(buy(&chain, sum, sum), &all(NARYN), answer);
        assert_eq!(left(&chain), rest, "{sum}");
    }
    chain.replay();
}

#[test]
fn a_quote_is_accepted_until_the_last_moment_before_its_expiry() {
    let mut chain = plain();
    let (_, quote) = chain.state.quotes().next().unwrap();
    let expires = quote.expires;
    let mut late = chain.clone();
    chain.at(a_moment_before(expires));
    chain.check(buy(&chain, "100 PKR", "a"), &all(NARYN), "ACSC, ACSC");
    late.at(expires);
    late.check(
        buy(&late, "100 PKR", "a"),
        &all(NARYN),
        "RJCT TM01 QUOTE_STALE",
    );
}

#[test]
fn an_acceptance_that_waits_for_a_checker_is_judged_when_the_checker_signs() {
    let mut chain = plain();
    let accepted = buy(&chain, "5000 PKR", "a");
    chain.check(accepted.clone(), &[maker(NARYN)], "PATC");
    assert_eq!(left(&chain), "100000.00");
    let mut late = chain.clone();
    let approve = chain.approve(accepted.clone());
    chain.check(approve.clone(), &[checker(NARYN)], "ACSC, ACSC, ACSC");
    assert_eq!(left(&chain), "95000.00");
    chain.check(accepted, &all(NARYN), "ACSC");
    assert_eq!(left(&chain), "95000.00");
    late.after(HOUR);
    late.after(millis(31 * 60_000));
    late.check(approve, &[checker(NARYN)], "ACSC, RJCT TM01 QUOTE_STALE");
}

#[test]
fn only_what_was_quoted_is_accepted_and_only_by_whom_it_was_quoted_to() {
    let mut chain = plain();
    let differs = "RJCT NARR QUOTE_DIFFERS";
    let other_rate = deal(&chain, DealtSide::Buy, "100 PKR", "3.3", "a");
    chain.check(other_rate, &all(NARYN), differs);
    let other_way = deal(&chain, DealtSide::Sell, "320 PKR", "3.2", "b");
    chain.check(other_way, &all(NARYN), differs);
    let unknown = AcceptQuote {
        quote: uetr("none"),
        ..buy(&chain, "100 PKR", "c")
    };
    chain.check(unknown, &all(NARYN), "RJCT NOOR QUOTE_UNKNOWN");
    let other_provider = AcceptQuote {
        provider: RAVI.agent(),
        ..buy(&chain, "100 PKR", "d")
    };
    chain.check(other_provider, &all(NARYN), "RJCT NOOR QUOTE_UNKNOWN");
    let own = accept(&chain, INDUS, "quote", "e");
    chain.check(own, &all(INDUS), "RJCT NARR EXCHANGE_SIDES");
    let mut chain = quoted(network(), |quote| quote.to = Some(TALAS.agent()));
    chain.check(
        buy(&chain, "100 PKR", "a"),
        &all(NARYN),
        "RJCT AG03 QUOTE_ADDRESSEE",
    );
    let addressed = accept(&chain, TALAS, "quote", "b");
    chain.check(addressed, &all(TALAS), "ACSC, ACSC");
    let take_back = QuoteWithdraw {
        provider: INDUS.agent(),
        quote: uetr("quote"),
    };
    chain.check(take_back, &[maker(INDUS)], "ACSC");
    let again = accept(&chain, TALAS, "quote", "c");
    chain.check(again, &all(TALAS), "RJCT TM01 QUOTE_WITHDRAWN");
}

#[test]
fn the_provider_says_how_long_an_exchange_may_wait() {
    let mut chain = plain();
    let till = |chain: &Chain, ahead: u64, name: &str| AcceptQuote {
        settle_till: chain.upcoming().after(millis(ahead)),
        ..buy(chain, "100 PKR", name)
    };
    let most = 10 * 60_000;
    chain.check(
        till(&chain, most + 1, "a"),
        &all(NARYN),
        "RJCT TM01 SETTLE_TILL",
    );
    chain.check(till(&chain, most, "b"), &all(NARYN), "ACSC, ACSC");
    chain.check(
        till(&chain, 0, "c"),
        &all(NARYN),
        "RJCT AB03 SETTLE_TILL_PASSED",
    );
}

#[test]
fn a_quote_that_the_reference_rate_has_left_behind_is_not_accepted() {
    let mut document = network();
    document.rulebook.common.exchange.band_bps = 50;
    let mut chain = quoted(document, |_| {});
    let fix = rate_fix("KGS", "PKR", "3.3", "2026-11-23");
    chain.check(fix, &together(&[PK_ISSUER, KG_ISSUER]), "ACSC");
    chain.check(
        buy(&chain, "100 PKR", "a"),
        &all(NARYN),
        "RJCT RR04 RATE_BAND",
    );
}

#[test]
fn an_accepted_exchange_waits_for_funds_and_neither_side_leaves_it_alone() {
    let document = poor(&[("INDUS-PKR", "0 PKR"), ("NARYN-KGS", "1000 KGS")]);
    let mut chain = quoted(document, |_| {});
    let accepted = buy(&chain, "3200 PKR", "a");
    let till = accepted.settle_till;
    chain.check(accepted, &all(NARYN), "PDNG, PDNG");
    // Accepted is used, also when it does not settle.
    assert_eq!(left(&chain), "96800.00");
    chain.check(
        cancel(NARYN, "a"),
        &all(NARYN),
        "RJCT AG08 CANCEL_NEEDS_ALL",
    );
    let (_, row) = chain.state.exchanges().next().unwrap();
    assert_eq!(
        (row.status, row.quote.unwrap().uetr),
        (ExchangeStatus::Matched, uetr("quote"))
    );
    let mut other = chain.clone();
    let request = issue_request(INDUS, "3200 PKR", "issue");
    chain.check(request, &all(INDUS), "PDNG");
    let credit = issue(INDUS, "issue", "CR-1");
    chain.check(credit, &all(PK_ISSUER), "ACSC, ACSC, ACSC, ACSC");
    chain.check_balances(&[("INDUS-KGS", "1000.00"), ("NARYN-PKR", "3200.00")]);
    chain.replay();
    other.at(a_moment_before(till)).check_time("");
    other.at(till);
    other.check_time("RJCT AB03 SETTLE_TILL_PASSED, RJCT AB03 SETTLE_TILL_PASSED");
    assert_eq!(left(&other), "96800.00");
}

#[test]
fn a_refused_acceptance_leaves_the_quote_as_it_was() {
    let mut chain = plain();
    let wrong = AcceptQuote {
        creditor_account: Some(account("NARYN-KGS")),
        ..buy(&chain, "100 PKR", "a")
    };
    let refused = "RJCT NARR LEG_FAILED, RJCT AC11 CREDITOR_ACCOUNT_CURRENCY";
    chain.check(wrong, &all(NARYN), refused);
    assert_eq!(left(&chain), "100000.00");
}

#[test]
fn a_taker_cannot_use_up_a_reference_of_the_provider() {
    let mut chain = plain();
    let twice = |name: &str, chain: &Chain| AcceptQuote {
        uetr: uetr(name),
        ..buy(chain, "100 PKR", "x")
    };
    chain.check(twice("a", &chain), &all(NARYN), "ACSC, ACSC");
    // The provider's own payments keep all their references, whatever the taker named.
    chain.check(pay(INDUS, NARYN, "1 PKR", "a"), &all(INDUS), "ACSC");
    chain.check(twice("b", &chain), &all(NARYN), "ACSC, ACSC");
    let legs: std::collections::BTreeSet<_> = chain
        .state
        .exchanges()
        .map(|(_, row)| row.legs[1].uetr)
        .collect();
    assert_eq!(legs.len(), 2);
}

#[test]
fn a_taker_that_holds_its_own_payment_back_does_not_bind_the_provider() {
    let mut chain = plain();
    let limit = |sum: Option<&str>| SetBilateralLimit {
        agent: NARYN.agent(),
        counterparty: INDUS.agent(),
        currency: code("KGS"),
        limit: sum.map(|sum| money(sum).1),
    };
    chain.check(limit(Some("1 KGS")), &all(NARYN), "ACSC");
    let refused = "RJCT AM23 BILATERAL_LIMIT";
    chain.check(buy(&chain, "100 PKR", "a"), &all(NARYN), refused);
    assert_eq!(left(&chain), "100000.00");
    chain.check(limit(None), &all(NARYN), "ACSC");
    chain.check(buy(&chain, "100 PKR", "b"), &all(NARYN), "ACSC, ACSC");
}

#[test]
fn an_acceptance_that_makes_no_sense_is_refused_by_itself() {
    let chain = plain();
    let check = |alter: &dyn Fn(&mut AcceptQuote)| {
        let mut altered = buy(&chain, "100 PKR", "a");
        alter(&mut altered);
        assert!(Operation::from(altered).check_alone().is_err());
    };
    check(&|one| one.counter_currency = one.currency);
    check(&|one| one.amount = Amount::ZERO);
    check(&|one| one.settle_from = Some(one.settle_till));
    // What follows from the rate has more than 18 digits, or is nothing.
    check(&|one| {
        one.amount = Amount::from_minor(10u128.pow(17));
        one.rate = "0.0000000001".parse().unwrap();
    });
    check(&|one| {
        one.side = DealtSide::Sell;
        one.amount = Amount::from_minor(1);
        one.rate = "0.0000000001".parse().unwrap();
    });
}

#[test]
fn whoever_accepts_a_quote_has_the_money_for_it_and_for_what_it_accepted_before() {
    // TALAS has 50,000.00 som, and the exchange waits for its time.
    let mut chain = quoted(network(), |quote| quote.settle_within_ms = HOUR);
    let take = |chain: &Chain, sum: &str, name: &str| {
        let mut one = accept(chain, TALAS, "quote", name);
        (one.side, one.currency, one.counter_currency) =
            (DealtSide::Sell, code("KGS"), code("PKR"));
        one.amount = money(sum).1;
        one.rate = "3.2".parse().unwrap();
        one.settle_from = Some(chain.upcoming().after(MINUTE));
        one.settle_till = chain.upcoming().after(HOUR);
        one
    };
    let unfunded = "RJCT AM04 INSUFFICIENT_FUNDS";
    chain.check(take(&chain, "10000 KGS", "a"), &all(TALAS), "PDNG, PDNG");
    let spend = pay(TALAS, NARYN, "30000 KGS", "spend");
    chain.check(spend, &all(TALAS), "ACSC");
    chain.check(take(&chain, "10000.01 KGS", "b"), &all(TALAS), unfunded);
    chain.check(take(&chain, "10000 KGS", "c"), &all(TALAS), "PDNG, PDNG");
    chain.check(take(&chain, "100 KGS", "d"), &all(TALAS), unfunded);
    // An account of somebody else tells nothing of itself.
    let mut foreign = take(&chain, "100 KGS", "e");
    foreign.debtor_account = Some(account("NARYN-KGS"));
    let missing = "RJCT AC02 DEBTOR_ACCOUNT_MISSING, RJCT NARR LEG_FAILED";
    chain.check(foreign, &all(TALAS), missing);
    chain.replay();
}
