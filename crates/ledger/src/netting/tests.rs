//! The mechanism by hand; then its properties over random pools, which planted faults show able to fail.

mod cases;
mod model;
mod planted;
mod properties;
mod timing;
mod words;

use super::*;
use words::{Words, tell};

/// Runs all three steps and compares what settled, in the words of [`words`].
fn check(words: Words, expected: &str) {
    let cleared = clear(words.pool());
    assert_eq!(tell(&cleared.postings), expected, "{words:?}");
}

#[test]
fn a_payment_that_fits_settles_by_itself() {
    check(Words::new("a 100, b 0", "NORM a>b 100"), "single 0");
    check(Words::new("a 99, b 0", "NORM a>b 100"), "");
}

#[test]
fn a_ring_without_money_settles_at_once() {
    check(
        Words::new("a 0, b 0, c 0", "NORM a>b 100; NORM b>c 100; NORM c>a 100"),
        "multilateral 0 1 2",
    );
}

#[test]
fn a_ring_that_money_can_start_needs_no_netting() {
    check(
        Words::new(
            "a 0, b 100, c 0",
            "NORM a>b 100; NORM b>c 100; NORM c>a 100",
        ),
        "single 1; single 2; single 0",
    );
}

#[test]
fn what_a_ring_cannot_carry_is_excluded_from_the_end_of_the_queue() {
    let ring = "NORM a>b 100; NORM b>c 100; NORM c>a 100; NORM a>d 20; NORM a>d 30";
    check(Words::new("a 0, b 0, c 0, d 0", ring), "multilateral 0 1 2");
    check(
        Words::new("a 10, b 10, c 10, d 0", ring),
        "multilateral 0 1 2",
    );
}

#[test]
fn a_ring_with_a_payment_versus_payment_in_it_settles_whole_or_not_at_all() {
    let ring = "NORM a>b 100; NORM b>c 100 + c/KGS>b/KGS 50; NORM c>a 100";
    check(
        Words::new("a 0, b 0, c 0, b/KGS 0, c/KGS 50", ring),
        "multilateral 0 1 2",
    );
    check(Words::new("a 0, b 0, c 0, b/KGS 0, c/KGS 49", ring), "");
}

#[test]
fn two_payments_versus_payments_fund_each_other() {
    check(
        Words::new(
            "a 0, b 0, a/KGS 0, b/KGS 0",
            "NORM a>b 5 + b/KGS>a/KGS 7; NORM b>a 5 + a/KGS>b/KGS 7",
        ),
        "multilateral 0 1",
    );
}

#[test]
fn credits_inside_a_linked_set_fund_its_debits() {
    check(
        Words::new("a 100, b 0, c 0", "NORM b>c 100 + a>b 100"),
        "single 0",
    );
}

#[test]
fn a_blocked_urgent_payment_keeps_everything_behind_it_back() {
    for class in ["URGT", "HIGH", "NORM"] {
        check(
            Words::new("a 50, b 0", &format!("URGT a>b 100; {class} a>b 10")),
            "",
        );
    }
    check(Words::new("a 50, b 0", "HIGH a>b 100; NORM a>b 10"), "");
}

#[test]
fn a_blocked_payment_keeps_no_other_account_back() {
    check(
        Words::new("a 50, b 10", "URGT a>b 100; NORM b>a 10"),
        "single 1",
    );
}

#[test]
fn a_normal_payment_bypasses_one_that_does_not_fit() {
    check(
        Words::new("a 50, b 0", "NORM a>b 100; NORM a>b 10"),
        "single 1",
    );
}

#[test]
fn a_strict_payment_versus_payment_holds_back_both_debtors() {
    let queue = "URGT a>b 10 + b/KGS>a/KGS 5; NORM a>c 10; NORM c>a 10";
    check(Words::new("a 100, b 0, c 0, a/KGS 0, b/KGS 0", queue), "");
    check(
        Words::new("a 100, b 0, c 0, a/KGS 0, b/KGS 5", queue),
        "single 0; single 1; single 2",
    );
}

#[test]
fn what_comes_in_is_offered_first_to_the_oldest_that_waits_for_it() {
    check(
        Words::new(
            "a 0, b 0, c 100, d 0",
            "NORM a>b 100; NORM c>a 100; NORM a>d 100",
        ),
        "single 1; single 0",
    );
}

#[test]
fn a_payment_whose_second_debtor_ran_out_does_not_hide_the_next_one() {
    check(
        Words::new(
            "x 10, y 10, z 0",
            "NORM y>z 10; NORM x>z 5 + y>z 5; NORM x>z 3",
        ),
        "single 0; single 2",
    );
}

#[test]
fn the_largest_front_parts_of_two_queues_settle_against_each_other() {
    check(
        Words::new("a 0, b 0", "NORM a>b 100; NORM b>a 100"),
        "bilateral 0 1",
    );
    check(
        Words::new("a 10, b 0", "NORM a>b 100; NORM a>b 50; NORM b>a 90"),
        "bilateral 0 2",
    );
    check(Words::new("a 10, b 0", "NORM a>b 101; NORM b>a 90"), "");
}

#[test]
fn two_accounts_are_offset_only_as_far_as_no_other_strict_payment_stands_before() {
    let offset = "HIGH a>b 30; HIGH b>a 30; HIGH a>c 500; HIGH a>b 20; HIGH b>a 20";
    check(Words::new("a 0, b 0, c 0", offset), "bilateral 0 1");
}

#[test]
fn reservations_are_kept_from_lower_classes_and_deplete_as_their_own_uses_them() {
    let reserved = "a 100 urgent 60 high 30, b 0";
    check(Words::new(reserved, "NORM a>b 11"), "");
    check(Words::new(reserved, "NORM a>b 10"), "single 0");
    check(Words::new(reserved, "HIGH a>b 41"), "");
    check(Words::new(reserved, "HIGH a>b 40"), "single 0");
    check(Words::new(reserved, "URGT a>b 100"), "single 0");
    check(
        Words::new(reserved, "URGT a>b 60; HIGH a>b 30; NORM a>b 10"),
        "single 0; single 1; single 2",
    );
}

#[test]
fn an_account_below_zero_receives_but_does_not_pay() {
    check(
        Words::new("a -50, b 10", "NORM a>b 1; NORM b>a 10"),
        "single 1",
    );
}

#[test]
fn a_limit_holds_net_and_what_comes_back_makes_room() {
    let limited = |queue| Words::new("a 100, b 10", queue).limits("a>b 30");
    check(limited("NORM a>b 31"), "");
    check(limited("NORM a>b 30"), "single 0");
    check(limited("NORM a>b 40; NORM b>a 10"), "single 1; single 0");
    check(limited("NORM a>b 60; NORM b>a 30"), "bilateral 0 1");
}

#[test]
fn a_limit_lowered_below_its_use_stops_only_who_pays_more_than_comes_back() {
    let lowered = |queue| Words::new("a 9, b 0", queue).limits("a>b -5");
    check(lowered("NORM a>b 10; NORM b>a 10"), "bilateral 0 1");
    check(lowered("NORM a>b 10; NORM b>a 9"), "");
}

#[test]
fn a_limit_counts_all_accounts_of_a_party() {
    let limited = |queue| Words::new("a 100, a:client 100, b 0", queue).limits("a>b 30");
    check(limited("NORM a>b 20; NORM a:client>b 20"), "single 0");
    check(
        limited("NORM a>b 20; NORM a:client>b 10"),
        "single 0; single 1",
    );
}

#[test]
fn what_comes_back_to_one_account_of_a_party_makes_room_for_the_other() {
    check(
        Words::new("a 0, a:client 100, b 10", "NORM a:client>b 40; NORM b>a 10").limits("a>b 30"),
        "single 1; single 0",
    );
}

#[test]
fn a_limit_excludes_the_last_payment_to_that_counterparty() {
    let queue = "NORM a>b 100; NORM a>b 20; NORM b>c 100; NORM c>a 130; NORM a>c 10";
    let ring = |limits| Words::new("a 0, b 0, c 30", queue).limits(limits);
    check(ring("a>b 120"), "multilateral 0 1 2 3 4");
    check(ring("a>b 119"), "multilateral 0 2 3 4");
}

#[test]
fn a_broken_floor_is_attended_to_before_a_limit_of_the_same_account() {
    let queue = "NORM a>b 100; NORM a>b 20; NORM b>c 100; NORM c>a 120; NORM a>c 10";
    check(
        Words::new("a 0, b 0, c 30", queue).limits("a>b 119"),
        "multilateral 0 2 3",
    );
}

#[test]
fn value_and_liquidity_used_are_told_for_each_account() {
    let words = Words::new("a 30, b 0, c 0", "NORM a>b 30; NORM b>c 20; NORM c>a 5");
    let cleared = clear(words.pool());
    let used: Vec<i128> = cleared
        .turnovers
        .iter()
        .map(Turnover::liquidity_used)
        .collect();
    let paid: Vec<i128> = cleared.turnovers.iter().map(|of| of.paid).collect();
    assert_eq!((used, paid), (vec![25, 0, 0], vec![30, 20, 5]));
}

#[test]
fn a_single_pass_nets_nothing() {
    let words = Words::new("a 0, b 0", "NORM a>b 1; NORM b>a 1");
    let cleared = run(words.pool(), &QueueRules, &[Step::Single]);
    assert_eq!(tell(&cleared.postings), "");
}

#[test]
#[should_panic(expected = "a pool is in the order of the queue")]
fn a_pool_out_of_order_is_a_mistake_of_the_caller() {
    clear(Words::new("a 0, b 0", "NORM a>b 1; URGT a>b 1").pool());
}
