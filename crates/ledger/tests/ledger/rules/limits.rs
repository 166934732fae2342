//! §8: the limits of the rulebook: what institutions may pay and receive at once and in 24 hours, and hold.

use super::poor;
use crate::support::*;
use karwan_ledger::{
    BalancingPay, Direction, GenesisDocument, InstructionKey, LimitRule, NationalRules, OnExceed,
    OnShortage, ParticipantKind, Pay, Priority, Rulebook, RunCycle, UsageKey,
};
use karwan_types::{Amount, TransactionStatus};

const NO_ROOM: &str = "RJCT AM23 CUMULATIVE_LIMIT";

fn limit(direction: Direction, on_exceed: OnExceed) -> LimitRule {
    LimitRule {
        kind: ParticipantKind::Bank,
        currency: code("PKR"),
        direction,
        payment_max: None,
        day_max: None,
        holding_max: None,
        on_exceed,
    }
}
fn most(sum: &str) -> Option<Amount> {
    Some(money(sum).1)
}
/// What a bank may pay in 24 hours.
fn day(sum: &str, on_exceed: OnExceed) -> LimitRule {
    LimitRule {
        day_max: most(sum),
        ..limit(Direction::Debit, on_exceed)
    }
}
fn limited(mut document: GenesisDocument, limits: Vec<LimitRule>) -> GenesisDocument {
    let common = &mut document.rulebook.common;
    common.limits = limits;
    common.queue.waiting_max_ms = millis(40 * 3_600_000);
    common.queue.cycle_blocks = 0;
    document
}
fn with_day(sum: &str, on_exceed: OnExceed) -> Chain {
    Chain::of(limited(network(), vec![day(sum, on_exceed)]))
}
fn waiting(from: Institution, to: Institution, sum: &str, name: &str) -> Pay {
    with(pay(from, to, sum, name), |terms| {
        terms.on_shortage = OnShortage::Queue;
    })
}
fn high(pay: Pay) -> Pay {
    with(pay, |terms| terms.priority = Priority::High)
}
fn key(of: Institution, name: &str) -> InstructionKey {
    InstructionKey {
        agent: of.lei(),
        uetr: uetr(name),
    }
}
#[track_caller]
fn check_status(chain: &Chain, name: &str, expected: TransactionStatus) {
    let record = chain.state.record(&key(INDUS, name)).expect("recorded");
    assert_eq!(record.status, expected, "{name}");
}
/// What INDUS has paid in rupees under its 24-hour limit.
fn used(chain: &Chain) -> String {
    let key = UsageKey {
        participant: INDUS.lei(),
        currency: code("PKR"),
        direction: Direction::Debit,
    };
    let found = chain.state.limit_and_usage(key);
    let (_, usage) = found.expect("a bank is limited");
    usage.used.to_decimal(code("PKR"))
}

#[test]
fn one_payment_above_what_such_an_institution_may_pay_or_receive_at_once_is_refused() {
    for direction in [Direction::Debit, Direction::Credit] {
        let rule = LimitRule {
            payment_max: most("100 PKR"),
            ..limit(direction, OnExceed::Wait)
        };
        let mut chain = Chain::of(limited(network(), vec![rule]));
        let above = waiting(INDUS, NARYN, "100.01 PKR", "above");
        chain.check(above, &all(INDUS), "RJCT AM14 PAYMENT_LIMIT");
        chain.check(pay(INDUS, NARYN, "100 PKR", "at"), &all(INDUS), "ACSC");
        chain.check(pay(INDUS, NARYN, "101 KGS", "other"), &all(INDUS), "ACSC");
        assert_eq!(chain.state.usage().count(), 0, "nothing is counted");
    }
}

#[test]
fn a_24_hour_limit_counts_every_payment_and_lets_the_next_one_wait_until_the_window_has_moved_on() {
    let mut chain = with_day("100 PKR", OnExceed::Wait);
    chain.check(pay(INDUS, NARYN, "60 PKR", "one"), &all(INDUS), "ACSC");
    let impatient = pay(INDUS, NARYN, "40.01 PKR", "impatient");
    chain.check(impatient, &all(INDUS), NO_ROOM);
    chain.check(waiting(INDUS, NARYN, "41 PKR", "two"), &all(INDUS), "PDNG");
    let why = chain.state.why_waiting(&key(INDUS, "two")).unwrap();
    assert_eq!(why.name(), "CUMULATIVE_LIMIT");
    // Smaller ones pass it: it waits for something else than money.
    chain.check(pay(INDUS, NARYN, "40 PKR", "rest"), &all(INDUS), "ACSC");
    assert_eq!(used(&chain), "100.00");
    // Five in the morning: the hour of the first payment stops counting at six on the next day.
    let slides = time("2026-11-24T06:00:00Z");
    assert_eq!(
        chain.state.next_due(),
        Some(time("2026-11-23T06:00:00Z")),
        "a window may slide with every hour"
    );
    chain.at(time("2026-11-24T05:59:59Z")).check_time("");
    assert_eq!(chain.state.next_due(), Some(slides));
    chain.at(slides).check_time("ACSC");
    check_status(&chain, "two", TransactionStatus::Acsc);
    assert_eq!(used(&chain), "41.00");
    chain.replay();
}

#[test]
fn what_has_to_wait_for_room_is_refused_where_the_rulebook_says_so_or_where_it_would_never_fit() {
    let mut chain = with_day("100 PKR", OnExceed::Refuse);
    chain.check(pay(INDUS, NARYN, "60 PKR", "one"), &all(INDUS), "ACSC");
    chain.check(waiting(INDUS, NARYN, "41 PKR", "two"), &all(INDUS), NO_ROOM);
    chain.check(waiting(RAVI, NARYN, "41 PKR", "other"), &all(RAVI), "ACSC");
    let mut chain = with_day("100 PKR", OnExceed::Wait);
    let never = waiting(INDUS, NARYN, "100.01 PKR", "never");
    chain.check(never, &all(INDUS), NO_ROOM);
}

#[test]
fn a_receiver_has_a_limit_of_its_own_and_the_refusal_does_not_say_whose_it_was() {
    let rule = LimitRule {
        day_max: most("50 PKR"),
        ..limit(Direction::Credit, OnExceed::Wait)
    };
    let mut chain = Chain::of(limited(network(), vec![rule]));
    chain.check(pay(INDUS, NARYN, "50 PKR", "one"), &all(INDUS), "ACSC");
    chain.check(waiting(RAVI, NARYN, "1 PKR", "two"), &all(RAVI), "PDNG");
    chain.check(pay(RAVI, INDUS, "1 PKR", "three"), &all(RAVI), "ACSC");
    let why = chain.state.why_waiting(&key(RAVI, "two")).unwrap();
    assert!(!why.to_string().contains("NARYN"), "{why}");
    chain.at(time("2026-11-24T06:00:00Z")).check_time("ACSC");
}

#[test]
fn own_money_moves_freely_and_nobody_who_is_not_limited_has_a_row() {
    let mut chain = with_day("1 PKR", OnExceed::Refuse);
    let own = with(pay(INDUS, INDUS, "500 PKR", "own"), |terms| {
        terms.creditor_account = Some(account("INDUS-CLIENTS"));
    });
    chain.check(own, &all(INDUS), "ACSC");
    chain.check(pay(INDUS, NARYN, "500 KGS", "som"), &all(INDUS), "ACSC");
    assert_eq!(chain.state.usage().count(), 0);
    chain.check(pay(INDUS, NARYN, "1 PKR", "rupee"), &all(INDUS), "ACSC");
    assert_eq!(chain.state.usage().count(), 1);
    // The row is forgotten when nothing of it counts any more.
    chain.after(millis(26 * 3_600_000)).check_time("");
    assert_eq!(chain.state.usage().count(), 0);
}

#[test]
fn a_hold_counts_when_it_is_made_and_what_is_not_paid_comes_back_to_its_hour() {
    let made = || {
        let mut chain = with_day("100 PKR", OnExceed::Wait);
        let until = chain.now().after(HOUR);
        let held = hold(INDUS, NARYN, "70 PKR", "hold", until);
        chain.check(held, &all(INDUS), "PDNG");
        let more = hold(INDUS, NARYN, "31 PKR", "more", until);
        chain.check(more, &all(INDUS), NO_ROOM);
        chain.check(waiting(INDUS, NARYN, "80 PKR", "two"), &all(INDUS), "PDNG");
        assert_eq!(used(&chain), "70.00");
        chain
    };
    let mut chain = made();
    // The void, then what it has given room to.
    chain.check(void(INDUS, "hold"), &all(INDUS), "CANC, ACSC, ACSC");
    assert_eq!(used(&chain), "80.00");
    let mut chain = made();
    chain.check(
        post(INDUS, "hold", "20 PKR"),
        &all(INDUS),
        "ACSC, ACSC, ACSC",
    );
    assert_eq!(used(&chain), "100.00");
    let mut chain = made();
    chain.after(HOUR).check_time("CANC, ACSC");
    assert_eq!(used(&chain), "80.00");
    chain.replay();
}

#[test]
fn a_hold_from_before_a_limit_counts_when_it_is_posted() {
    let mut document = network();
    document.rulebook.common.notice_min_ms = millis(0);
    let mut chain = Chain::of(document);
    let until = chain.now().after(millis(3 * 3_600_000));
    let held = hold(INDUS, NARYN, "70 PKR", "hold", until);
    chain.check(held, &all(INDUS), "PDNG");
    change(&mut chain, |rulebook| {
        rulebook.common.limits = vec![day("60 PKR", OnExceed::Wait)];
    });
    chain.check(post(INDUS, "hold", "70 PKR"), &all(INDUS), NO_ROOM);
    chain.check(post(INDUS, "hold", "50 PKR"), &all(INDUS), "ACSC, ACSC");
    assert_eq!(used(&chain), "50.00");
}

/// Another version of the rulebook in force.
fn change(chain: &mut Chain, edit: impl FnOnce(&mut Rulebook)) {
    let proposal = super::rulebook::proposal(chain, edit);
    let activates = proposal.activates;
    let governors: Vec<_> = ["PK", "KG", "KZ", "UZ"].map(governor).into();
    chain.check(proposal, &governors, "PDNG");
    let outcomes = chain.at(activates).block(&[]);
    assert!(say(&outcomes).starts_with("ACSC"), "{}", say(&outcomes));
}

#[test]
fn a_lower_limit_binds_at_the_next_attempt_and_a_higher_one_gives_room_at_once() {
    let mut chain = with_day("100 PKR", OnExceed::Wait);
    chain.check(pay(INDUS, NARYN, "90 PKR", "one"), &all(INDUS), "ACSC");
    chain.check(waiting(INDUS, NARYN, "20 PKR", "two"), &all(INDUS), "PDNG");
    change(&mut chain, |rulebook| {
        rulebook.common.limits = vec![day("50 PKR", OnExceed::Wait)];
    });
    let small = pay(INDUS, NARYN, "1 PKR", "small");
    chain.check(small, &all(INDUS), NO_ROOM);
    check_status(&chain, "two", TransactionStatus::Pdng);
    change(&mut chain, |rulebook| {
        rulebook.common.limits = vec![day("110 PKR", OnExceed::Wait)];
    });
    check_status(&chain, "two", TransactionStatus::Acsc);
}

#[test]
fn a_national_limit_is_tighter_and_is_cited_by_its_own_clause() {
    let mut document = limited(network(), vec![day("100 PKR", OnExceed::Wait)]);
    let supervision = document.rulebook.common.supervision;
    let part = |rule| NationalRules {
        limits: vec![rule],
        ..NationalRules::plain(country("PK"), true, supervision)
    };
    for looser in [
        day("100.01 PKR", OnExceed::Wait),
        LimitRule {
            kind: ParticipantKind::CentralBank,
            ..day("1 PKR", OnExceed::Wait)
        },
        LimitRule {
            day_max: None,
            ..day("1 PKR", OnExceed::Wait)
        },
        LimitRule {
            holding_max: most("1 PKR"),
            ..day("1 PKR", OnExceed::Wait)
        },
    ] {
        let mut rulebook = document.rulebook.clone();
        rulebook.national = vec![part(looser)];
        let problem = rulebook.check().unwrap_err().to_string();
        assert!(problem.contains("national PK limits"), "{problem}");
    }
    document.rulebook.national = vec![part(day("50 PKR", OnExceed::Refuse))];
    super::rulebook::with_clause(
        &mut document.rulebook,
        super::rulebook::own_clause("PK", "4.12"),
    );
    let mut chain = Chain::of(document);
    let transaction = chain.sign(waiting(INDUS, RAVI, "51 PKR", "one"), &all(INDUS));
    let outcomes = chain.block(&[transaction]);
    assert_eq!(say(&outcomes), NO_ROOM);
    assert_eq!(outcomes[0].clause.as_str(), "PK-4.12");
    let kyrgyz = waiting(NARYN, INDUS, "51 PKR", "two");
    chain.check(kyrgyz, &all(NARYN), "ACSC");
}

#[test]
fn what_waits_for_room_holds_nobody_back_keeps_its_place_and_its_clock_runs() {
    let mut chain = with_day("100 PKR", OnExceed::Wait);
    chain.check(pay(INDUS, NARYN, "90 PKR", "one"), &all(INDUS), "ACSC");
    let reject = chain.upcoming().after(HOUR);
    let first = with(high(waiting(INDUS, NARYN, "20 PKR", "first")), |terms| {
        terms.reject_time = Some(reject);
    });
    chain.check(first, &all(INDUS), "PDNG");
    let second = high(waiting(INDUS, NARYN, "15 PKR", "second"));
    chain.check(second, &all(INDUS), "PDNG");
    let behind = high(pay(INDUS, NARYN, "5 PKR", "behind"));
    chain.check(behind, &all(INDUS), "ACSC");
    chain.at(reject).check_time("");
    chain.after(millis(1));
    chain.check_time("RJCT AB03 REJECT_TIME_PASSED");
    chain.at(time("2026-11-24T06:00:00Z")).check_time("ACSC");
    check_status(&chain, "second", TransactionStatus::Acsc);
}

#[test]
fn a_parked_payment_that_may_not_wait_is_refused_when_its_time_comes() {
    let mut document = limited(network(), vec![day("100 PKR", OnExceed::Wait)]);
    document.rulebook.common.queue.days_ahead_max = 1;
    let mut chain = Chain::of(document);
    chain.check(pay(INDUS, NARYN, "90 PKR", "one"), &all(INDUS), "ACSC");
    let from = chain.upcoming().after(MINUTE);
    let parked = with(pay(INDUS, NARYN, "20 PKR", "parked"), |terms| {
        terms.from_time = Some(from);
    });
    chain.check(parked, &all(INDUS), "PDNG");
    chain.at(from).check_time(NO_ROOM);
}

#[test]
fn a_sweep_pays_no_more_than_there_is_room_for() {
    let mut chain = with_day("100 PKR", OnExceed::Wait);
    chain.check(pay(INDUS, NARYN, "90 PKR", "one"), &all(INDUS), "ACSC");
    let sweep = |name| BalancingPay {
        payment: terms(INDUS, NARYN, "50 PKR", name),
    };
    chain.check(sweep("sweep"), &all(INDUS), "ACSC");
    let record = chain.state.record(&key(INDUS, "sweep")).unwrap();
    assert_eq!(record.movement.amount, money("10 PKR").1);
    chain.check(sweep("again"), &all(INDUS), NO_ROOM);
}

#[test]
fn linked_payments_and_exchanges_count_all_their_legs_and_wait_together() {
    let mut chain = with_day("100 PKR", OnExceed::Wait);
    let legs = |sum: &str, name: &str| {
        let leg = |place| waiting(INDUS, NARYN, sum, &format!("{name} {place}"));
        linked(vec![leg("a"), leg("b")])
    };
    chain.check(legs("40 PKR", "one"), &all(INDUS), "ACSC, ACSC");
    chain.check(legs("15 PKR", "two"), &all(INDUS), "PDNG, PDNG");
    let never = legs("60 PKR", "three");
    let refused = format!("{NO_ROOM}, RJCT NARR LEG_FAILED");
    chain.check(never, &all(INDUS), &refused);
    let swap = exchange(&chain, (INDUS, "25 PKR"), (NARYN, "8 KGS"), "swap");
    chain.check(swap, &together(&[INDUS, NARYN]), "PDNG, PDNG");
    let swap = exchange(&chain, (INDUS, "20 PKR"), (NARYN, "6 KGS"), "small");
    chain.check(swap, &together(&[INDUS, NARYN]), "ACSC, ACSC");
    assert_eq!(used(&chain), "100.00");
    let lapsed = "RJCT AB03 SETTLE_TILL_PASSED, RJCT AB03 SETTLE_TILL_PASSED";
    chain.after(millis(2 * 3_600_000)).check_time(lapsed);
    chain
        .at(time("2026-11-24T06:00:00Z"))
        .check_time("ACSC, ACSC");
    assert_eq!(used(&chain), "30.00");
}

#[test]
fn returns_and_issues_are_never_stopped_and_do_not_count() {
    let both = [Direction::Debit, Direction::Credit].map(|direction| LimitRule {
        day_max: most("10 PKR"),
        ..limit(direction, OnExceed::Refuse)
    });
    let mut chain = Chain::of(limited(network(), both.into()));
    chain.check(pay(INDUS, NARYN, "10 PKR", "one"), &all(INDUS), "ACSC");
    chain.check(pay(NARYN, INDUS, "10 PKR", "two"), &all(NARYN), "ACSC");
    let back = send_back(INDUS, "one", "10 PKR", "back");
    chain.check(back, &all(NARYN), "ACSC");
    assert_eq!(used(&chain), "10.00", "a return gives no room either");
    let again = pay(INDUS, NARYN, "1 PKR", "three");
    chain.check(again, &all(INDUS), NO_ROOM);
}

#[test]
fn what_may_be_held_is_judged_over_all_accounts_and_waits_until_the_holder_has_paid() {
    let rule = LimitRule {
        holding_max: most("100 PKR"),
        ..limit(Direction::Credit, OnExceed::Wait)
    };
    let funds = [
        ("INDUS-PKR", "500 PKR"),
        ("NARYN-PKR", "40 PKR"),
        ("NARYN-CLIENTS", "50 PKR"),
    ];
    let mut chain = Chain::of(limited(poor(&funds), vec![rule]));
    let impatient = pay(INDUS, NARYN, "10.01 PKR", "impatient");
    chain.check(impatient, &all(INDUS), NO_ROOM);
    chain.check(waiting(INDUS, NARYN, "30 PKR", "one"), &all(INDUS), "PDNG");
    let never = waiting(INDUS, NARYN, "101 PKR", "never");
    chain.check(never, &all(INDUS), NO_ROOM);
    // What it pays out lets in what waits, in the same block.
    chain.check(
        pay(NARYN, TALAS, "20 PKR", "out"),
        &all(NARYN),
        "ACSC, ACSC",
    );
    chain.check_balances(&[("NARYN-PKR", "50.00"), ("NARYN-CLIENTS", "50.00")]);
    let until = chain.now().after(HOUR);
    let held = hold(INDUS, NARYN, "1 PKR", "hold", until);
    chain.check(held, &all(INDUS), NO_ROOM);
}

#[test]
fn a_cycle_nets_money_but_never_limits() {
    let mut chain = Chain::of(limited(poor(&[]), vec![day("100 PKR", OnExceed::Wait)]));
    let payments = [
        (INDUS, NARYN, "60 PKR", "a"),
        (INDUS, NARYN, "50 PKR", "b"),
        (INDUS, NARYN, "40 PKR", "c"),
        (NARYN, INDUS, "100 PKR", "back"),
    ];
    for (from, to, sum, name) in payments {
        chain.check(waiting(from, to, sum, name), &all(from), "PDNG");
    }
    let cycle = RunCycle {
        currency: code("PKR"),
    };
    let signers = [maker(PK_ISSUER), checker(PK_ISSUER)];
    // Its own answer, then a, c and what pays for them: b would have passed the limit with a.
    chain.check(cycle, &signers, "ACSC, ACSC, ACSC, ACSC");
    check_status(&chain, "a", TransactionStatus::Acsc);
    check_status(&chain, "b", TransactionStatus::Pdng);
    check_status(&chain, "c", TransactionStatus::Acsc);
    assert_eq!(used(&chain), "100.00");
}

#[test]
fn nothing_passes_a_strict_payment_that_a_cycle_leaves_out_for_its_limit() {
    let mut chain = Chain::of(limited(poor(&[]), vec![day("100 PKR", OnExceed::Wait)]));
    let payments = [
        high(waiting(INDUS, RAVI, "90 PKR", "first")),
        high(waiting(INDUS, NARYN, "50 PKR", "left out")),
        waiting(INDUS, NARYN, "10 PKR", "behind"),
    ];
    for one in payments {
        chain.check(one, &all(INDUS), "PDNG");
    }
    chain.check(waiting(NARYN, INDUS, "10 PKR", "back"), &all(NARYN), "PDNG");
    let cycle = RunCycle {
        currency: code("PKR"),
    };
    chain.check(cycle, &[maker(PK_ISSUER), checker(PK_ISSUER)], "ACSC");
    check_status(&chain, "behind", TransactionStatus::Pdng);
}
