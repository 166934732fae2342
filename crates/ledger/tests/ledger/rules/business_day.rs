//! The business day of a currency: how its date rolls, what comes too late for it, and what its end does with money.

use crate::support::*;
use karwan_ledger::{
    BusinessDayRules, EndOfDayAction, GenesisDocument, Money, NationalRules, OnShortage, Pay,
    PaymentKind, RulebookPropose,
};
use karwan_types::{Timestamp, Weekday};

/// PKR ends at 17:00 in Pakistan, which is noon in UTC, and rests on weekends and on Thursday, 24 December.
fn calendar() -> BusinessDayRules {
    BusinessDayRules {
        currency: code("PKR"),
        ends_minute: 17 * 60,
        customer_cut_off_minute: None,
        weekend: vec![Weekday::Sat, Weekday::Sun],
        holidays: vec![date("2026-12-24")],
        end_of_day: EndOfDayAction::Hold,
        foreign_holding_max: None,
    }
}
fn with_calendar(edit: impl FnOnce(&mut BusinessDayRules)) -> GenesisDocument {
    let mut document = network();
    let mut rules = calendar();
    edit(&mut rules);
    let supervision = document.rulebook.common.supervision;
    let mut part = NationalRules::plain(country("PK"), true, supervision);
    part.business_days = vec![rules];
    document.rulebook.national = vec![part];
    document.rulebook.common.queue.days_ahead_max = 5;
    document
}
fn dated(mut pay: Pay, day: &str) -> Pay {
    pay.payment.settlement_date = Some(date(day));
    pay
}
fn today(chain: &Chain) -> String {
    let row = chain.state.currency(&code("PKR")).expect("of this network");
    row.business_date.to_string()
}

#[test]
fn the_date_rolls_at_the_end_of_the_day_and_over_weekends_and_holidays() {
    let mut chain = Chain::of(with_calendar(|_| {}));
    // The network opens on Monday, 23 November.
    for (moment, day) in [
        ("2026-11-23T11:59:59.999Z", "2026-11-23"),
        ("2026-11-23T12:00:00Z", "2026-11-24"),
        ("2026-11-27T12:00:00Z", "2026-11-30"),
        ("2026-11-29T20:00:00Z", "2026-11-30"),
        ("2026-12-23T12:00:00Z", "2026-12-25"),
        // A block may come days late: there is one roll, to the date of its time.
        ("2026-12-30T12:30:00Z", "2026-12-31"),
    ] {
        chain.at(time(moment)).check_time("");
        assert_eq!(today(&chain), day, "at {moment}");
    }
    let days: Vec<String> = chain
        .state
        .business_days()
        .filter(|(key, _)| key.currency == code("PKR"))
        .map(|(key, _)| key.date.to_string())
        .collect();
    let expected = [
        "2026-11-23",
        "2026-11-24",
        "2026-11-30",
        "2026-12-25",
        "2026-12-31",
    ];
    assert_eq!(days, expected);
    chain.replay();
}

#[test]
fn a_payment_for_a_later_business_day_waits_until_the_day_before_it_is_over() {
    let mut chain = Chain::of(with_calendar(|_| {}));
    chain.at(time("2026-11-27T10:00:00Z"));
    // It is Friday in Pakistan; there is no business on Saturday, so its payment goes with Monday's.
    let saturday = dated(pay(NARYN, INDUS, "1 PKR", "sat"), "2026-11-28");
    chain.check(waiting(saturday), &all(NARYN), "PDNG");
    let monday = dated(pay(NARYN, INDUS, "2 PKR", "mon"), "2026-11-30");
    chain.check(waiting(monday), &all(NARYN), "PDNG");
    chain.at(time("2026-11-27T11:59:59.999Z")).check_time("");
    chain
        .at(time("2026-11-27T12:00:00Z"))
        .check_time("RJCT DT01 DATE_IN_PAST, ACSC");
    chain.replay();
}

fn waiting(mut pay: Pay) -> Pay {
    pay.payment.on_shortage = OnShortage::Queue;
    pay
}

#[test]
fn the_issuer_takes_no_requests_on_a_day_without_business() {
    let mut chain = Chain::of(with_calendar(|_| {}));
    let closed = "RJCT TM01 ISSUER_WINDOW_CLOSED";
    chain.at(time("2026-11-28T06:00:00Z"));
    chain.check(issue_request(INDUS, "10 PKR", "sat"), &all(INDUS), closed);
    chain.check(redeem_request(INDUS, "10 PKR", "sat2"), &all(INDUS), closed);
    // Transfers never close.
    chain.check(pay(NARYN, INDUS, "1 PKR", "a"), &all(NARYN), "ACSC");
    chain.at(time("2026-11-30T06:00:00Z"));
    chain.check(issue_request(INDUS, "10 PKR", "mon"), &all(INDUS), "PDNG");
}

#[test]
fn a_customer_payment_for_the_day_comes_before_its_cut_off() {
    // 15:30 in Pakistan is 10:30 in UTC.
    let mut chain = Chain::of(with_calendar(|rules| {
        rules.customer_cut_off_minute = Some(15 * 60 + 30);
    }));
    let customers = |name: &str, day: &str| {
        with(dated(pay(NARYN, INDUS, "1 PKR", name), day), |terms| {
            terms.kind = PaymentKind::Customer;
        })
    };
    let late = "RJCT TM01 CUT_OFF_PASSED";
    chain.at(time("2026-11-23T10:29:59.999Z"));
    chain.check(customers("in-time", "2026-11-23"), &all(NARYN), "ACSC");
    chain.at(time("2026-11-23T10:30:00Z"));
    chain.check(customers("late", "2026-11-23"), &all(NARYN), late);
    chain.check(pay(NARYN, INDUS, "1 PKR", "undated"), &all(NARYN), "ACSC");
    chain.check(customers("tomorrow", "2026-11-24"), &all(NARYN), "PDNG");
    let own = dated(pay(NARYN, INDUS, "1 PKR", "own"), "2026-11-23");
    chain.check(own, &all(NARYN), "ACSC");
    let legs = linked(vec![
        pay(NARYN, INDUS, "1 KGS", "leg"),
        customers("late-leg", "2026-11-23"),
    ]);
    let refused = "RJCT NARR LEG_FAILED, RJCT TM01 CUT_OFF_PASSED";
    chain.check(legs, &all(NARYN), refused);
    let mut dated_hold = hold(NARYN, INDUS, "1 PKR", "held", chain.now().after(HOUR));
    dated_hold.payment.settlement_date = Some(date("2026-11-23"));
    dated_hold.payment.kind = PaymentKind::Customer;
    chain.check(dated_hold, &all(NARYN), late);
}

#[test]
fn what_came_before_the_cut_off_may_settle_after_it() {
    let mut chain = Chain::of(with_calendar(|rules| {
        rules.customer_cut_off_minute = Some(15 * 60 + 30);
    }));
    chain.at(time("2026-11-23T10:00:00Z"));
    let poor = with(pay(TALAS, INDUS, "1 PKR", "poor"), |terms| {
        terms.kind = PaymentKind::Customer;
    });
    chain.check(waiting(dated(poor, "2026-11-23")), &all(TALAS), "PDNG");
    chain.at(time("2026-11-23T11:00:00Z"));
    chain.check(
        pay(NARYN, TALAS, "1 PKR", "fund"),
        &all(NARYN),
        "ACSC, ACSC",
    );
}

#[test]
fn a_sweep_sets_domestic_money_aside_for_redemption() {
    let mut chain = Chain::of(with_calendar(|rules| {
        rules.end_of_day = EndOfDayAction::SweepRedeem;
    }));
    chain.check(redeem_request(INDUS, "10 PKR", "own"), &all(INDUS), "PDNG");
    chain
        .at(time("2026-11-23T12:00:00Z"))
        .check_time("PDNG, PDNG");
    chain.check_balances(&[
        ("INDUS-PKR", "6000000.00 of which 6000000.00 held"),
        ("RAVI-PKR", "2000000.00 of which 2000000.00 held"),
        // Not foreign money, not clients' money, not another account of the same bank.
        ("NARYN-PKR", "500000.00"),
        ("INDUS-CLIENTS", "200000.00"),
        ("INDUS-PKR-X-DEBIT-ONLY", "500.00"),
    ]);
    let swept = chain.state.records().find(|(key, row)| {
        key.agent == RAVI.lei() && row.kind == karwan_ledger::RecordKind::Redemption
    });
    let (key, row) = swept.expect("recorded");
    assert_eq!(row.movement.amount, money("2000000 PKR").1);
    let confirm = karwan_ledger::RedeemConfirm {
        agent: RAVI.agent(),
        uetr: key.uetr,
        rtgs_debit_reference: "DR-EOD".parse().expect("an identifier"),
    };
    chain.check(confirm, &all(PK_ISSUER), "ACSC, ACSC");
    chain.check_balances(&[("RAVI-PKR", "0.00")]);
    chain.replay();
}

#[test]
fn a_sweep_leaves_alone_what_may_not_be_debited() {
    let mut chain = Chain::of(with_calendar(|rules| {
        rules.end_of_day = EndOfDayAction::SweepRedeem;
    }));
    chain.check(halt("PKR"), &all(PK_ISSUER), "ACSC");
    chain.at(time("2026-11-23T12:00:00Z")).check_time("");
    assert_eq!(today(&chain), "2026-11-24");
    chain.check_balances(&[("INDUS-PKR", "6000000.00")]);
}

/// Foreign banks keep at most 500,000 rupees overnight, as much as NARYN has.
fn overnight() -> Chain {
    let mut document = with_calendar(|rules| {
        rules.end_of_day = EndOfDayAction::BlockNew;
        rules.foreign_holding_max = Some(Money {
            currency: code("PKR"),
            amount: money("500000 PKR").1,
        });
    });
    document.rulebook.common.queue.cycle_blocks = 1;
    Chain::of(document)
}

#[test]
fn whoever_holds_too_much_overnight_is_credited_no_more_until_it_holds_less() {
    let mut chain = overnight();
    // At the maximum nothing happens, whatever comes during the day.
    chain.at(time("2026-11-23T12:00:00Z")).check_time("");
    chain.check(pay(INDUS, NARYN, "1 PKR", "a"), &all(INDUS), "ACSC");
    chain.check(pay(INDUS, NARYN, "1 PKR", "b"), &all(INDUS), "ACSC");
    chain.at(time("2026-11-24T12:00:00Z")).check_time("");
    let above = "RJCT AM14 ABOVE_OVERNIGHT";
    chain.check(pay(INDUS, NARYN, "1 PKR", "c"), &all(INDUS), above);
    // It pays out of it, is credited in other currencies, and others are credited.
    chain.check(pay(INDUS, NARYN, "1 KGS", "d"), &all(INDUS), "ACSC");
    chain.check(pay(NARYN, TALAS, "1 PKR", "e"), &all(NARYN), "ACSC");
    chain.check(pay(INDUS, NARYN, "1 PKR", "f"), &all(INDUS), above);
    chain.check(pay(NARYN, TALAS, "1 PKR", "g"), &all(NARYN), "ACSC");
    chain.check(pay(INDUS, NARYN, "1 PKR", "h"), &all(INDUS), "ACSC");
    // A return is no new payment.
    chain.at(time("2026-11-25T12:00:00Z")).check_time("");
    chain.check(pay(INDUS, NARYN, "1 PKR", "i"), &all(INDUS), above);
    chain.check(send_back(NARYN, "e", "1 PKR", "back"), &all(TALAS), "ACSC");
    chain.replay();
}

#[test]
fn what_waits_for_a_creditor_above_its_maximum_waits_on_and_an_exchange_is_not_refused() {
    let mut chain = overnight();
    chain.check(pay(INDUS, NARYN, "1 PKR", "a"), &all(INDUS), "ACSC");
    let later = dated(pay(INDUS, NARYN, "1 PKR", "later"), "2026-11-24");
    chain.check(waiting(later), &all(INDUS), "PDNG");
    chain.at(time("2026-11-23T12:00:00Z")).check_time("");
    let deal = exchange(&chain, (INDUS, "5 PKR"), (NARYN, "1 KGS"), "deal");
    chain.check(deal, &together(&[INDUS, NARYN]), "PDNG, PDNG");
    chain.check(
        pay(NARYN, TALAS, "1 PKR", "less"),
        &all(NARYN),
        "ACSC, ACSC, ACSC, ACSC",
    );
    chain.replay();
}

#[test]
fn a_new_calendar_counts_for_the_day_under_way() {
    let mut chain = Chain::of(with_calendar(|_| {}));
    let mut rulebook = chain.state.rules().clone();
    rulebook.version = 2;
    rulebook.national[0].business_days[0].ends_minute = 15 * 60;
    let activates: Timestamp = time("2026-11-23T09:00:00Z");
    let proposal = RulebookPropose {
        rulebook,
        diff_from: 1,
        activates,
        document_hash: karwan_types::Hash::ZERO,
        impact_report_hash: None,
    };
    chain.check(proposal, &[governor("PK")], "PDNG");
    chain.at(activates).check_time("ACSC");
    assert_eq!(today(&chain), "2026-11-23");
    // 15:00 in Pakistan.
    chain.at(time("2026-11-23T10:00:00Z")).check_time("");
    assert_eq!(today(&chain), "2026-11-24");
    chain.replay();
}

#[test]
fn a_calendar_that_cannot_be_kept_is_refused() {
    let check = |edit: fn(&mut BusinessDayRules), sentence: &str| {
        let mut rulebook = with_calendar(|_| {}).rulebook;
        edit(&mut rulebook.national[0].business_days[0]);
        let error = rulebook.check().expect_err(sentence).to_string();
        assert!(error.contains(sentence), "{error}");
    };
    check(
        |rules| rules.ends_minute = 0,
        "between the first and the last minute",
    );
    check(
        |rules| rules.ends_minute = 1_441,
        "between the first and the last minute",
    );
    check(
        |rules| rules.customer_cut_off_minute = Some(1_021),
        "cut-off after the end",
    );
    check(
        |rules| rules.weekend = Weekday::ALL.to_vec(),
        "leave a day of the week",
    );
    check(|rules| rules.weekend.reverse(), "once and in order");
    check(
        |rules| rules.end_of_day = EndOfDayAction::BlockNew,
        "needs foreign_holding_max",
    );
}
