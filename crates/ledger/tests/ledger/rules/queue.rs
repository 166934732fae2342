//! §6: payments that wait for funds, in which order they settle, and what the liquidity-saving cycle does.

use crate::support::*;
use karwan_ledger::{
    BalancingPay, GenesisDocument, MoveInQueue, OnShortage, Pay, Priority, QueueEnd, Reprioritise,
    ReserveLiquidity, RunCycle, SetBilateralLimit,
};
use karwan_types::{Amount, DurationMs, TransactionStatus};

/// A network in which nobody has money but who is named, each in the currency and so much.
pub(crate) fn poor(funded: &[(&str, &str)]) -> GenesisDocument {
    let mut document = network();
    document.rulebook.common.queue.cycle_blocks = 0;
    for participant in &mut document.participants {
        for row in &mut participant.accounts {
            let named = funded
                .iter()
                .find(|(number, _)| account(number) == row.number);
            row.opening = named.map_or(Amount::ZERO, |(_, sum)| money(sum).1);
        }
    }
    document
}
fn waiting(from: Institution, to: Institution, sum: &str, name: &str) -> Pay {
    with(pay(from, to, sum, name), |terms| {
        terms.on_shortage = OnShortage::Queue;
    })
}
fn urgent(from: Institution, to: Institution, sum: &str, name: &str) -> Pay {
    with(waiting(from, to, sum, name), |terms| {
        terms.priority = Priority::Urgt;
    })
}
/// The status of a payment.
fn status(chain: &Chain, of: Institution, name: &str) -> TransactionStatus {
    let key = karwan_ledger::InstructionKey {
        agent: of.lei(),
        uetr: uetr(name),
    };
    chain.state.record(&key).expect("recorded").status
}
#[track_caller]
fn check_statuses(chain: &Chain, of: Institution, expected: &[(&str, &str)]) {
    for (name, word) in expected {
        assert_eq!(status(chain, of, name).as_str(), *word, "{name}");
    }
}

#[test]
fn a_payment_without_funds_waits_and_settles_in_the_block_that_funds_it() {
    let mut chain = Chain::of(poor(&[("NARYN-PKR", "50.00 PKR")]));
    chain.check(
        waiting(INDUS, NARYN, "40.00 PKR", "rent"),
        &all(INDUS),
        "PDNG",
    );
    let rent = chain.state.queued(&karwan_ledger::InstructionKey {
        agent: INDUS.lei(),
        uetr: uetr("rent"),
    });
    assert!(rent.is_some());
    chain.check(
        pay(NARYN, INDUS, "45.00 PKR", "sale"),
        &all(NARYN),
        "ACSC, ACSC",
    );
    check_statuses(&chain, INDUS, &[("rent", "ACSC")]);
    chain.check_balances(&[("INDUS-PKR", "5.00"), ("NARYN-PKR", "45.00")]);
    assert_eq!(chain.state.queue().count(), 0);
    chain.replay();
}

#[test]
fn a_payment_that_may_not_wait_is_refused() {
    let mut chain = Chain::of(poor(&[]));
    let payment = pay(INDUS, NARYN, "40.00 PKR", "now");
    chain.check(payment, &all(INDUS), "RJCT AM04 INSUFFICIENT_FUNDS");
}

#[test]
fn an_urgent_payment_that_waits_holds_back_all_later_ones_and_normal_ones_pass_each_other() {
    let mut chain = Chain::of(poor(&[("INDUS-PKR", "10.00 PKR")]));
    chain.check(
        waiting(INDUS, NARYN, "20.00 PKR", "large"),
        &all(INDUS),
        "PDNG",
    );
    chain.check(
        waiting(INDUS, NARYN, "1.00 PKR", "small"),
        &all(INDUS),
        "ACSC",
    );
    chain.check(
        urgent(INDUS, NARYN, "30.00 PKR", "first"),
        &all(INDUS),
        "PDNG",
    );
    chain.check(
        waiting(INDUS, NARYN, "1.00 PKR", "behind"),
        &all(INDUS),
        "PDNG",
    );
    chain.check(
        urgent(INDUS, NARYN, "1.00 PKR", "second"),
        &all(INDUS),
        "PDNG",
    );
    let refusing = pay(INDUS, NARYN, "1.00 PKR", "impatient");
    chain.check(refusing, &all(INDUS), "RJCT AM04 BEHIND_QUEUE");
    // The payment cancelled, the cancellation's own answer, then what it had held back.
    chain.check(
        cancel(INDUS, "first"),
        &all(INDUS),
        "CANC, ACSC, ACSC, ACSC",
    );
    check_statuses(
        &chain,
        INDUS,
        &[("second", "ACSC"), ("behind", "ACSC"), ("large", "PDNG")],
    );
}
#[test]
fn a_waiting_payment_is_refused_after_its_reject_time_or_the_rulebooks_longest_wait() {
    let mut document = poor(&[]);
    document.rulebook.common.queue.waiting_max_ms = HOUR;
    let mut chain = Chain::of(document);
    let reject = chain.upcoming().after(MINUTE);
    let soon = with(waiting(INDUS, NARYN, "4.00 PKR", "soon"), |terms| {
        terms.reject_time = Some(reject);
    });
    chain.check(soon, &all(INDUS), "PDNG");
    chain.check(
        waiting(INDUS, NARYN, "4.00 PKR", "patient"),
        &all(INDUS),
        "PDNG",
    );
    let until = chain.now().after(HOUR);
    chain.at(reject).check_time("");
    chain.after(DurationMs::from_millis(1));
    chain.check_time("RJCT AB03 REJECT_TIME_PASSED");
    chain.at(until).check_time("");
    chain.after(DurationMs::from_millis(1));
    chain.check_time("RJCT AB03 WAITED_TOO_LONG");
}

#[test]
fn a_payment_for_a_later_date_is_parked_and_settles_when_the_day_begins() {
    let mut document = network();
    document.rulebook.common.queue.days_ahead_max = 2;
    let mut chain = Chain::of(document);
    let dated = |name: &str, day: &str| {
        with(pay(INDUS, NARYN, "4.00 PKR", name), |terms| {
            terms.settlement_date = Some(date(day));
        })
    };
    chain.check(dated("wednesday", "2026-11-25"), &all(INDUS), "PDNG");
    chain.check(
        dated("thursday", "2026-11-26"),
        &all(INDUS),
        "RJCT DT04 DATE_IN_FUTURE",
    );
    // Midnight in Pakistan is seven in the evening, UTC.
    let midnight = time("2026-11-24T19:00:00Z");
    chain
        .at(karwan_types::Timestamp::from_millis(midnight.millis() - 1))
        .check_time("");
    chain.at(midnight).check_time("ACSC");
}

#[test]
fn what_is_reserved_for_urgent_payments_is_used_by_them_alone_and_depletes() {
    let mut chain = Chain::of(poor(&[("INDUS-PKR", "100.00 PKR")]));
    let reserve = ReserveLiquidity {
        agent: INDUS.agent(),
        currency: code("PKR"),
        account: None,
        priority: Priority::Urgt,
        amount: money("60.00 PKR").1,
    };
    chain.check(reserve, &all(INDUS), "ACSC");
    chain.check(
        waiting(INDUS, NARYN, "41.00 PKR", "normal"),
        &all(INDUS),
        "PDNG",
    );
    // Using the reservation leaves as much for the others as before.
    let first = urgent(INDUS, NARYN, "50.00 PKR", "urgent");
    chain.check(first, &all(INDUS), "ACSC");
    check_statuses(&chain, INDUS, &[("normal", "PDNG")]);
    let row = chain.state.account(&account("INDUS-PKR")).unwrap();
    assert_eq!(row.reserved_urgent, money("10.00 PKR").1);
}

#[test]
fn a_bilateral_limit_makes_payments_wait_until_something_comes_back() {
    let mut chain = Chain::of(poor(&[
        ("INDUS-PKR", "100.00 PKR"),
        ("NARYN-PKR", "5.00 PKR"),
    ]));
    let limit = SetBilateralLimit {
        agent: INDUS.agent(),
        counterparty: NARYN.agent(),
        currency: code("PKR"),
        limit: Some(money("30.00 PKR").1),
    };
    chain.check(limit, &all(INDUS), "ACSC");
    chain.check(
        waiting(INDUS, NARYN, "30.00 PKR", "within"),
        &all(INDUS),
        "ACSC",
    );
    chain.check(
        waiting(INDUS, NARYN, "2.00 PKR", "beyond"),
        &all(INDUS),
        "PDNG",
    );
    let refusing = pay(INDUS, NARYN, "2.00 PKR", "impatient");
    chain.check(refusing, &all(INDUS), "RJCT AM23 BILATERAL_LIMIT");
    chain.check(
        pay(NARYN, INDUS, "2.00 PKR", "back"),
        &all(NARYN),
        "ACSC, ACSC",
    );
    check_statuses(&chain, INDUS, &[("beyond", "ACSC")]);
}

/// A ring of payments that nobody can begin.
fn ring(chain: &mut Chain) {
    for (from, to, name) in [(INDUS, RAVI, "a"), (RAVI, NARYN, "b"), (NARYN, INDUS, "c")] {
        chain.check(waiting(from, to, "70.00 PKR", name), &all(from), "PDNG");
    }
}

#[test]
fn a_cycle_settles_a_ring_that_nobody_could_begin_and_says_what_it_saved() {
    let mut chain = Chain::of(poor(&[]));
    ring(&mut chain);
    let run = RunCycle {
        currency: code("PKR"),
    };
    chain.check(run.clone(), &all(INDUS), "RJCT DS0G SIGNER_NOT_ALLOWED");
    chain.check(run, &all(PK_ISSUER), "ACSC, ACSC, ACSC, ACSC");
    let (_, cycle) = chain.state.cycles().last().unwrap();
    assert_eq!(
        (cycle.entries, cycle.settled, cycle.excluded),
        (3, [0, 0, 3], 0)
    );
    assert_eq!(cycle.values[0].value, money("210.00 PKR").1);
    assert_eq!(cycle.values[0].liquidity, Amount::ZERO);
    chain.replay();
}

#[test]
fn cycles_come_by_their_turn_and_when_the_queue_reaches_its_length() {
    let mut document = poor(&[]);
    document.rulebook.common.queue.cycle_blocks = 5;
    let mut chain = Chain::of(document);
    ring(&mut chain);
    chain.check_time("");
    chain.check_time("ACSC, ACSC, ACSC");
    let mut document = poor(&[]);
    document.rulebook.common.queue.cycle_length = 3;
    let mut chain = Chain::of(document);
    for (from, to, name) in [(INDUS, RAVI, "a"), (RAVI, NARYN, "b")] {
        chain.check(waiting(from, to, "70.00 PKR", name), &all(from), "PDNG");
    }
    let last = waiting(NARYN, INDUS, "70.00 PKR", "c");
    chain.check(last, &all(NARYN), "PDNG, ACSC, ACSC, ACSC");
}

#[test]
fn a_debtor_reorders_its_own_payments_and_nobody_elses() {
    let mut chain = Chain::of(poor(&[("NARYN-PKR", "90.00 PKR")]));
    for name in ["one", "two", "three"] {
        chain.check(
            waiting(INDUS, NARYN, "10.00 PKR", name),
            &all(INDUS),
            "PDNG",
        );
    }
    let front = MoveInQueue {
        agent: INDUS.agent(),
        uetr: uetr("three"),
        to: QueueEnd::Front,
    };
    chain.check(front.clone(), &all(RAVI), "RJCT DS0G SIGNER_NOT_ALLOWED");
    chain.check(front, &all(INDUS), "ACSC");
    chain.check(
        pay(NARYN, INDUS, "10.00 PKR", "x"),
        &all(NARYN),
        "ACSC, ACSC",
    );
    check_statuses(
        &chain,
        INDUS,
        &[("three", "ACSC"), ("one", "PDNG"), ("two", "PDNG")],
    );
    let urgent = Reprioritise {
        agent: INDUS.agent(),
        uetr: uetr("two"),
        priority: Priority::Urgt,
    };
    chain.check(urgent, &all(INDUS), "ACSC");
    chain.check(
        pay(NARYN, INDUS, "10.00 PKR", "y"),
        &all(NARYN),
        "ACSC, ACSC",
    );
    check_statuses(&chain, INDUS, &[("two", "ACSC"), ("one", "PDNG")]);
    let gone = Reprioritise {
        agent: INDUS.agent(),
        uetr: uetr("two"),
        priority: Priority::Norm,
    };
    chain.check(gone, &all(INDUS), "RJCT AG08 NOT_QUEUED");
}

#[test]
fn a_sweep_pays_what_there_is() {
    let mut chain = Chain::of(poor(&[("INDUS-PKR", "12.50 PKR")]));
    let sweep = |name: &str| BalancingPay {
        payment: terms(INDUS, NARYN, "100.00 PKR", name),
    };
    chain.check(sweep("sweep"), &all(INDUS), "ACSC");
    chain.check_balances(&[("INDUS-PKR", "0.00"), ("NARYN-PKR", "12.50")]);
    chain.check(sweep("again"), &all(INDUS), "RJCT AM04 INSUFFICIENT_FUNDS");
}

#[test]
fn what_waits_is_judged_again_by_the_rules_of_the_moment() {
    let mut chain = Chain::of(poor(&[("NARYN-PKR", "90.00 PKR")]));
    chain.check(
        waiting(INDUS, NARYN, "40.00 PKR", "rent"),
        &all(INDUS),
        "PDNG",
    );
    let stop = karwan_ledger::EmergencyRule {
        jurisdiction: country("KG"),
        number: 1,
        measure: karwan_ledger::EmergencyMeasure::PaymentMax(karwan_ledger::Money {
            currency: code("PKR"),
            amount: money("39.00 PKR").1,
        }),
        until: chain.upcoming().after(HOUR),
        legal_basis: "an act".parse().unwrap(),
        order_hash: karwan_types::Hash::from_bytes([2; 32]),
    };
    chain.check(stop, &[governor("KG")], "ACSC");
    let funds = [
        pay(NARYN, INDUS, "30.00 PKR", "x"),
        pay(NARYN, INDUS, "30.00 PKR", "y"),
    ];
    let funds: Vec<_> = funds
        .into_iter()
        .map(|one| chain.sign(one, &all(NARYN)))
        .collect();
    let outcomes = chain.block(&funds);
    assert_eq!(say(&outcomes), "ACSC, ACSC, RJCT RR04 EMERGENCY_RULE");
}

#[test]
fn what_was_held_is_paid_out_although_everything_was_reserved_meanwhile() {
    let mut chain = Chain::of(poor(&[("INDUS-PKR", "100.00 PKR")]));
    let expires = chain.upcoming().after(HOUR);
    let held = hold(INDUS, NARYN, "50.00 PKR", "deposit", expires);
    chain.check(held, &all(INDUS), "PDNG");
    let redemption = redeem_request(INDUS, "20.00 PKR", "home");
    chain.check(redemption, &all(INDUS), "PDNG");
    let reserve = ReserveLiquidity {
        agent: INDUS.agent(),
        currency: code("PKR"),
        account: None,
        priority: Priority::Urgt,
        amount: money("100.00 PKR").1,
    };
    chain.check(reserve, &all(INDUS), "ACSC");
    chain.check(
        post(INDUS, "deposit", "50.00 PKR"),
        &all(NARYN),
        "ACSC, ACSC",
    );
    let confirm = redeem_confirm(INDUS, "home", "RTGS-1");
    chain.check(confirm, &all(PK_ISSUER), "ACSC, ACSC");
    chain.check_balances(&[("INDUS-PKR", "30.00"), ("NARYN-PKR", "50.00")]);
    let row = chain.state.account(&account("INDUS-PKR")).unwrap();
    assert_eq!(row.reserved_urgent, money("100.00 PKR").1);
}

#[test]
fn what_waited_while_its_currency_was_halted_has_its_turn_when_it_resumes() {
    let mut chain = Chain::of(poor(&[("NARYN-PKR", "50.00 PKR")]));
    chain.check(
        waiting(INDUS, NARYN, "40.00 PKR", "rent"),
        &all(INDUS),
        "PDNG",
    );
    let sale = chain.sign(pay(NARYN, INDUS, "45.00 PKR", "sale"), &all(NARYN));
    let stop = chain.sign(halt("PKR"), &all(PK_ISSUER));
    assert_eq!(say(&chain.block(&[sale, stop])), "ACSC, ACSC");
    check_statuses(&chain, INDUS, &[("rent", "PDNG")]);
    chain.check(resume("PKR"), &all(PK_ISSUER), "ACSC, ACSC");
    check_statuses(&chain, INDUS, &[("rent", "ACSC")]);
}

/// Reserves so much of an account's money for payments of a class.
fn reserve(of: Institution, priority: Priority, sum: &str) -> ReserveLiquidity {
    let (currency, amount) = money(sum);
    ReserveLiquidity {
        agent: of.agent(),
        currency,
        account: None,
        priority,
        amount,
    }
}
fn reprioritise(of: Institution, name: &str, priority: Priority) -> Reprioritise {
    Reprioritise {
        agent: of.agent(),
        uetr: uetr(name),
        priority,
    }
}

#[test]
fn the_only_waiting_payment_settles_in_the_block_that_makes_it_urgent() {
    let mut chain = Chain::of(poor(&[("INDUS-PKR", "100.00 PKR")]));
    let reserved = reserve(INDUS, Priority::Urgt, "60.00 PKR");
    chain.check(reserved, &all(INDUS), "ACSC");
    let rent = waiting(INDUS, NARYN, "50.00 PKR", "rent");
    chain.check(rent, &all(INDUS), "PDNG");
    let sooner = reprioritise(INDUS, "rent", Priority::Urgt);
    chain.check(sooner, &all(INDUS), "ACSC, ACSC");
    check_statuses(&chain, INDUS, &[("rent", "ACSC")]);
}

#[test]
fn a_payment_that_came_back_to_its_class_is_moved_before_the_others_all_the_same() {
    let mut chain = Chain::of(poor(&[("NARYN-PKR", "90.00 PKR")]));
    for name in ["one", "two", "three"] {
        let payment = waiting(INDUS, NARYN, "10.00 PKR", name);
        chain.check(payment, &all(INDUS), "PDNG");
    }
    let front = |name: &str| MoveInQueue {
        agent: INDUS.agent(),
        uetr: uetr(name),
        to: QueueEnd::Front,
    };
    chain.check(front("three"), &all(INDUS), "ACSC");
    // Now "one" stands where "two" stood; by its age, "two" comes back to the same place.
    for class in [Priority::Urgt, Priority::Norm] {
        let change = reprioritise(INDUS, "two", class);
        chain.check(change, &all(INDUS), "ACSC");
    }
    chain.check(front("two"), &all(INDUS), "ACSC");
    for expected in ["two", "three", "one"] {
        let funds = pay(NARYN, INDUS, "10.00 PKR", &format!("for {expected}"));
        chain.check(funds, &all(NARYN), "ACSC, ACSC");
        check_statuses(&chain, INDUS, &[(expected, "ACSC")]);
    }
}

#[test]
fn a_sweep_that_may_not_be_made_is_refused_for_that_and_not_for_its_funds() {
    let mut chain = Chain::of(poor(&[("NARYN-PKR", "90.00 PKR")]));
    let sweep = |name: &str, edit: fn(&mut karwan_ledger::PaymentTerms)| BalancingPay {
        payment: with(pay(INDUS, NARYN, "100.00 PKR", name), edit).payment,
    };
    let foreign = sweep("foreign", |terms| {
        terms.debtor_account = Some(account("RAVI-PKR"));
    });
    chain.check(foreign, &all(INDUS), "RJCT AC02 DEBTOR_ACCOUNT_MISSING");
    let late = sweep("late", |terms| {
        terms.settlement_date = Some(date("2026-11-22"));
    });
    chain.check(late, &all(INDUS), "RJCT DT01 DATE_IN_PAST");
}

#[test]
fn a_parked_payment_that_may_not_wait_for_funds_is_refused_when_its_day_begins() {
    let mut document = poor(&[]);
    document.rulebook.common.queue.days_ahead_max = 2;
    let mut chain = Chain::of(document);
    let tomorrow = with(pay(INDUS, NARYN, "4.00 PKR", "tomorrow"), |terms| {
        terms.settlement_date = Some(date("2026-11-24"));
    });
    chain.check(tomorrow, &all(INDUS), "PDNG");
    chain
        .at(time("2026-11-23T19:00:00Z"))
        .check_time("RJCT AM04 INSUFFICIENT_FUNDS");
}

#[test]
fn a_sweep_sent_again_says_what_it_paid() {
    let mut chain = Chain::of(poor(&[("INDUS-PKR", "12.50 PKR")]));
    let sweep = BalancingPay {
        payment: terms(INDUS, NARYN, "100.00 PKR", "sweep"),
    };
    chain.check(sweep.clone(), &all(INDUS), "ACSC");
    let later = chain.upcoming().after(MINUTE);
    let again = chain.sign_until(sweep, &all(INDUS), later);
    let outcomes = chain.block(&[again]);
    assert_eq!(say(&outcomes), "ACSC");
    let movement = outcomes[0].movement.as_ref().unwrap();
    assert_eq!(movement.amount, money("12.50 PKR").1);
}

/// Why a payment of an institution waits, by name; nothing when it does not.
fn reason(chain: &Chain, of: Institution, name: &str) -> &'static str {
    let key = karwan_ledger::InstructionKey {
        agent: of.lei(),
        uetr: uetr(name),
    };
    let rejection = chain.state.why_waiting(&key);
    rejection.map_or("", |rejection| rejection.name())
}

#[test]
fn a_payment_that_waits_can_say_why() {
    let mut document = poor(&[("INDUS-PKR", "100.00 PKR")]);
    document.rulebook.common.queue.days_ahead_max = 2;
    let mut chain = Chain::of(document);
    let tomorrow = with(waiting(INDUS, NARYN, "4.00 PKR", "dated"), |terms| {
        terms.settlement_date = Some(date("2026-11-24"));
    });
    chain.check(tomorrow, &all(INDUS), "PDNG");
    let limit = SetBilateralLimit {
        agent: INDUS.agent(),
        counterparty: TALAS.agent(),
        currency: code("PKR"),
        limit: Some(money("1.00 PKR").1),
    };
    chain.check(limit, &all(INDUS), "ACSC");
    chain.check(
        waiting(INDUS, TALAS, "2.00 PKR", "limited"),
        &all(INDUS),
        "PDNG",
    );
    chain.check(
        urgent(INDUS, NARYN, "200.00 PKR", "large"),
        &all(INDUS),
        "PDNG",
    );
    chain.check(
        waiting(INDUS, NARYN, "3.00 PKR", "behind"),
        &all(INDUS),
        "PDNG",
    );
    assert_eq!(reason(&chain, INDUS, "dated"), "FROM_TIME_AHEAD");
    assert_eq!(reason(&chain, INDUS, "large"), "INSUFFICIENT_FUNDS");
    assert_eq!(reason(&chain, INDUS, "behind"), "BEHIND_QUEUE");
    assert_eq!(reason(&chain, INDUS, "none"), "");
    chain.check(cancel(INDUS, "large"), &all(INDUS), "CANC, ACSC, ACSC");
    assert_eq!(reason(&chain, INDUS, "limited"), "BILATERAL_LIMIT");
    assert_eq!(reason(&chain, INDUS, "behind"), "", "it has settled");
    chain.check(halt("PKR"), &all(PK_ISSUER), "ACSC");
    assert_eq!(reason(&chain, INDUS, "limited"), "CURRENCY_HALTED");
}

#[test]
fn every_leg_of_what_waits_counts_towards_the_room_of_an_account() {
    let mut document = poor(&[]);
    document.rulebook.common.queue.account_entries_max = 4;
    let mut chain = Chain::of(document);
    let legs = |name: &str| {
        let leg = |number: u32| waiting(INDUS, NARYN, "1.00 PKR", &format!("{name} {number}"));
        linked((1..=3).map(leg).collect())
    };
    chain.check(legs("first"), &all(INDUS), "PDNG, PDNG, PDNG");
    // Three of four places are taken: the second set is the last that finds room.
    chain.check(legs("second"), &all(INDUS), "PDNG, PDNG, PDNG");
    let full = "RJCT AM04 QUEUE_FULL, RJCT NARR LEG_FAILED, RJCT NARR LEG_FAILED";
    chain.check(legs("third"), &all(INDUS), full);
}
