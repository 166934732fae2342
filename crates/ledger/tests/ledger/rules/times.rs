//! Block time alone decides what is early, late, today and over.

use crate::support::*;
use karwan_ledger::Pay;
use karwan_types::Timestamp;

fn dated(sum: &str, day: &str) -> Pay {
    with(pay(NARYN, INDUS, sum, day), |terms| {
        terms.settlement_date = Some(date(day));
    })
}

#[test]
fn the_business_date_is_the_date_in_the_currencys_home() {
    let check = |moment: &str, sum: &str, day: &str, expected: &str| {
        let mut chain = Chain::new();
        chain.at(time(moment));
        chain.check(dated(sum, day), &all(NARYN), expected);
    };
    let past = "RJCT DT01 DATE_IN_PAST";
    let ahead = "RJCT DT04 DATE_IN_FUTURE";
    // Midnight in Pakistan is 19:00 in UTC, midnight in Kyrgyzstan an hour earlier.
    check("2026-11-23T18:59:59.999Z", "1 PKR", "2026-11-23", "ACSC");
    check("2026-11-23T18:59:59.999Z", "1 PKR", "2026-11-24", ahead);
    check("2026-11-23T19:00:00.000Z", "1 PKR", "2026-11-23", past);
    check("2026-11-23T19:00:00.000Z", "1 PKR", "2026-11-24", "ACSC");
    check("2026-11-23T18:00:00.000Z", "1 KGS", "2026-11-24", "ACSC");
    check("2026-11-23T17:59:59.999Z", "1 KGS", "2026-11-24", ahead);
}

#[test]
fn the_home_of_a_currency_may_lie_west_of_greenwich() {
    let mut document = network();
    for currency in &mut document.currencies {
        currency.utc_offset_minutes = -300;
    }
    let mut chain = Chain::of(document);
    chain.at(time("2026-11-24T04:59:59.999Z"));
    chain.check(dated("1 PKR", "2026-11-23"), &all(NARYN), "ACSC");
    chain.at(time("2026-11-24T05:00:00Z"));
    chain.check(dated("1 PKR", "2026-11-24"), &all(NARYN), "ACSC");
}

#[test]
fn a_payment_settles_from_its_from_time_until_its_reject_time_both_included() {
    let check = |offset: u64, expected: &str| {
        let mut chain = Chain::new();
        let (from, reject) = (opening().after(HOUR), opening().after(HOUR).after(MINUTE));
        let timed = with(pay(INDUS, RAVI, "1 PKR", "a"), |terms| {
            terms.from_time = Some(from);
            terms.till_time = Some(from);
            terms.reject_time = Some(reject);
        });
        chain.at(Timestamp::from_millis(opening().millis() + offset));
        chain.check(timed, &all(INDUS), expected);
    };
    check(3_599_999, "RJCT DT04 FROM_TIME_AHEAD");
    check(3_600_000, "ACSC");
    check(3_660_000, "ACSC");
    check(3_660_001, "RJCT AB03 REJECT_TIME_PASSED");
}

#[test]
fn an_instruction_is_included_until_its_expiry_and_never_later() {
    let chain = Chain::new();
    let check = |expiry: Timestamp, expected: Result<(), &str>| {
        let payment = pay(INDUS, RAVI, "1 PKR", "a");
        let transaction = chain.sign_until(payment, &all(INDUS), expiry);
        let verified = chain.verify(&transaction).unwrap();
        let verdict = chain.state.check_includable(&verified, chain.upcoming());
        assert_eq!(verdict.map_err(|rejection| rejection.name()), expected);
        let included = chain.clone().block(&[transaction]).len();
        assert_eq!(included, usize::from(expected.is_ok()));
    };
    let block = chain.upcoming();
    let before = Timestamp::from_millis(block.millis() - 1);
    check(before, Err("EXPIRED"));
    check(block, Ok(()));
    check(block.after(VALIDITY), Ok(()));
    let too_late = block.after(VALIDITY).after(millis(1));
    check(too_late, Err("VALID_TOO_LONG"));
}
