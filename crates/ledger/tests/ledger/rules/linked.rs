//! Linked payments: several debtors, several currencies, all or none.

use crate::support::*;
use karwan_ledger::{LINKED_LEGS_MAX, Linked, OnShortage, Operation};

/// Rupees against som.
fn exchange() -> Linked {
    linked(vec![
        pay(INDUS, NARYN, "30000 PKR", "rupees"),
        pay(NARYN, INDUS, "9000 KGS", "som"),
    ])
}

#[test]
fn all_legs_settle_when_every_debtor_has_signed() {
    let mut chain = Chain::new();
    chain.check(exchange(), &together(&[INDUS, NARYN]), "ACSC, ACSC");
    chain.check_balances(&[
        ("INDUS-PKR", "5970000.00"),
        ("INDUS-KGS", "1009000.00"),
        ("NARYN-PKR", "530000.00"),
        ("NARYN-KGS", "2991000.00"),
    ]);
    chain.check(exchange(), &together(&[INDUS, NARYN]), "ACSC, ACSC");
    chain.replay();
}

#[test]
fn a_leg_may_spend_what_an_earlier_leg_brought() {
    let mut chain = Chain::new();
    let chained = || {
        linked(vec![
            pay(INDUS, TALAS, "700 PKR", "a"),
            pay(TALAS, RAVI, "700 PKR", "b"),
        ])
    };
    chain.check(chained(), &together(&[INDUS, TALAS]), "ACSC, ACSC");
    chain.check_balances(&[("TALAS-PKR", "0.00")]);
    let reversed = linked(vec![
        pay(TALAS, RAVI, "700 PKR", "c"),
        pay(INDUS, TALAS, "700 PKR", "d"),
    ]);
    let answers = "RJCT AM04 INSUFFICIENT_FUNDS, RJCT NARR LEG_FAILED";
    chain.check(reversed, &together(&[INDUS, TALAS]), answers);
}

#[test]
fn when_one_leg_fails_nothing_settles_and_the_others_name_it() {
    let mut chain = Chain::new();
    let legs = linked(vec![
        pay(INDUS, RAVI, "10 PKR", "a"),
        pay(INDUS, RAVI, "20 PKR", "b"),
        pay(RAVI, INDUS, "9 KGS", "c"),
        pay(INDUS, RAVI, "30 PKR", "d"),
    ]);
    let signed = chain.sign(legs, &together(&[INDUS, RAVI]));
    let before = chain.state.clone();
    let outcomes = chain.block(&[signed]);
    let failed = "RJCT NARR LEG_FAILED";
    let answers = format!("{failed}, {failed}, RJCT AM04 INSUFFICIENT_FUNDS, {failed}");
    assert_eq!(say(&outcomes), answers);
    let detail = outcomes[0].refusal.as_ref().unwrap().detail.to_string();
    let cause = "nothing settled, because leg 2 (counted from 0) was refused: INSUFFICIENT_FUNDS";
    assert_eq!(detail, cause);
    // No residue: every account is as it was.
    assert!(before.accounts().eq(chain.state.accounts()));
}

#[test]
fn a_leg_whose_reference_is_taken_refuses_the_others_and_uses_their_references_up() {
    let mut chain = Chain::new();
    chain.check(pay(NARYN, INDUS, "1 KGS", "som"), &all(NARYN), "ACSC");
    let answers = "RJCT DU03 UETR_CONFLICT, RJCT NARR LEG_FAILED";
    let signers = together(&[INDUS, NARYN]);
    chain.check(exchange(), &signers, answers);
    let alone = pay(INDUS, NARYN, "1 PKR", "rupees");
    chain.check(alone, &all(INDUS), "RJCT DU03 UETR_CONFLICT");
    // The payment that had the reference first is untouched.
    chain.check(pay(NARYN, INDUS, "1 KGS", "som"), &all(NARYN), "ACSC");
}

#[test]
fn debtors_sign_one_after_the_other() {
    let mut chain = Chain::new();
    let two = [maker(INDUS), checker(INDUS)];
    chain.check(exchange(), &two, "PATC");
    // The first signer of NARYN takes NARYN's reference.
    chain.check(chain.approve(exchange()), &[maker(NARYN)], "ACSC, PATC");
    let settled = "ACSC, ACSC, ACSC";
    chain.check(chain.approve(exchange()), &[checker(NARYN)], settled);
    chain.check_balances(&[("INDUS-KGS", "1009000.00"), ("NARYN-PKR", "530000.00")]);
}

#[test]
fn nobody_uses_up_another_institutions_reference_by_linking_to_it() {
    let mut chain = Chain::new();
    chain.check(exchange(), &all(INDUS), "PATC");
    // NARYN has not signed, so its reference is free for a payment of its own.
    chain.check(pay(NARYN, RAVI, "1 KGS", "som"), &all(NARYN), "ACSC");
    let refused = "ACSC, RJCT DU03 UETR_CONFLICT, RJCT NARR LEG_FAILED";
    chain.check(chain.approve(exchange()), &[maker(NARYN)], refused);
    let nothing = "RJCT NARR NOTHING_TO_APPROVE";
    chain.check(chain.approve(exchange()), &[checker(NARYN)], nothing);
    chain.replay();
}

#[test]
fn a_leg_cancelled_while_the_set_waits_refuses_the_rest() {
    let mut chain = Chain::new();
    let two = [maker(INDUS), checker(INDUS), maker(NARYN)];
    chain.check(exchange(), &two, "PATC, PATC");
    chain.check(cancel(INDUS, "rupees"), &all(INDUS), "CANC, ACSC");
    let refused = "ACSC, RJCT NARR LEG_FAILED";
    chain.check(chain.approve(exchange()), &[checker(NARYN)], refused);
}

#[test]
fn what_only_one_debtor_signed_times_out() {
    let mut chain = Chain::new();
    chain.check(exchange(), &all(INDUS), "PATC");
    chain.after(HOUR).check_time("");
    chain
        .after(millis(1))
        .check_time("RJCT AB03 APPROVAL_TIMEOUT");
    chain.check(pay(NARYN, INDUS, "1 KGS", "som"), &all(NARYN), "ACSC");
}

#[test]
fn the_policy_of_each_debtor_looks_at_the_sum_of_its_legs() {
    let mut chain = Chain::new();
    let legs = |each: &str, name: &str| {
        linked(vec![
            pay(INDUS, RAVI, each, &format!("{name}x")),
            pay(INDUS, RAVI, each, &format!("{name}y")),
        ])
    };
    chain.check(legs("500 PKR", "a"), &[maker(INDUS)], "ACSC, ACSC");
    chain.check(legs("500.01 PKR", "b"), &[maker(INDUS)], "PATC, PATC");
}

#[test]
fn a_set_has_two_to_sixty_four_legs_with_their_own_references() {
    let check = |count: usize, good: bool| {
        let leg = |index: usize| pay(INDUS, RAVI, "1 PKR", &index.to_string());
        let legs = linked((0..count).map(leg).collect());
        assert_eq!(Operation::from(legs).check_alone().is_ok(), good, "{count}");
    };
    check(1, false);
    check(2, true);
    check(LINKED_LEGS_MAX, true);
    check(LINKED_LEGS_MAX + 1, false);
    let twice = linked(vec![pay(INDUS, RAVI, "1 PKR", "a"); 2]);
    assert!(Operation::from(twice).check_alone().is_err());
}

/// The same legs, which may wait.
fn patient(legs: Vec<karwan_ledger::Pay>) -> Linked {
    let wait = |pay: karwan_ledger::Pay| with(pay, |terms| terms.on_shortage = OnShortage::Queue);
    linked(legs.into_iter().map(wait).collect())
}

#[test]
fn a_set_that_lacks_only_money_waits_as_a_whole_when_every_leg_may() {
    let mut chain = Chain::new();
    let legs = || {
        vec![
            pay(TALAS, RAVI, "700 PKR", "a"),
            pay(INDUS, NARYN, "30 PKR", "b"),
        ]
    };
    let signers = together(&[INDUS, TALAS]);
    let mut one_refuses = patient(legs());
    one_refuses.legs[1].on_shortage = OnShortage::Refuse;
    let mut other = chain.clone();
    let refused = "RJCT AM04 INSUFFICIENT_FUNDS, RJCT NARR LEG_FAILED";
    other.check(one_refuses, &signers, refused);
    chain.check(patient(legs()), &signers, "PDNG, PDNG");
    assert_eq!(chain.state.queue().count(), 1);
    let needs_all = "RJCT AG08 CANCEL_NEEDS_ALL";
    chain.check(cancel(INDUS, "b"), &all(INDUS), needs_all);
    let mut other = chain.clone();
    let withdraw = karwan_ledger::CancelExchange {
        agent: TALAS.agent(),
        uetr: uetr("a"),
        reason: "CUST".parse().unwrap(),
    };
    other.check(withdraw, &signers, "CANC, CANC, ACSC");
    chain.check(
        pay(RAVI, TALAS, "700 PKR", "funds"),
        &all(RAVI),
        "ACSC, ACSC, ACSC",
    );
    chain.check_balances(&[("TALAS-PKR", "0.00"), ("NARYN-PKR", "500030.00")]);
    chain.replay();
}

#[test]
fn a_set_that_a_rule_refuses_does_not_wait() {
    let mut chain = Chain::new();
    let mut legs = patient(vec![
        pay(TALAS, RAVI, "700 PKR", "a"),
        pay(TALAS, RAVI, "1 PKR", "b"),
    ]);
    legs.legs[1].creditor_account = Some(account("RAVI-KGS"));
    let refused = "RJCT NARR LEG_FAILED, RJCT AC11 CREDITOR_ACCOUNT_CURRENCY";
    chain.check(legs, &all(TALAS), refused);
}

#[test]
fn a_set_of_one_debtor_is_cancelled_by_it_and_refused_at_its_earliest_reject_time() {
    let mut chain = Chain::new();
    let mut legs = patient(vec![
        pay(TALAS, RAVI, "700 PKR", "a"),
        pay(TALAS, NARYN, "1 PKR", "b"),
    ]);
    let reject = chain.upcoming().after(MINUTE);
    legs.legs[1].reject_time = Some(reject);
    chain.check(legs, &all(TALAS), "PDNG, PDNG");
    let mut other = chain.clone();
    other.check(cancel(TALAS, "b"), &all(TALAS), "CANC, CANC, ACSC");
    chain.at(reject).check_time("");
    let passed = "RJCT AB03 REJECT_TIME_PASSED, RJCT AB03 REJECT_TIME_PASSED";
    chain.after(millis(1)).check_time(passed);
}

#[test]
fn in_the_queue_a_leg_is_paid_out_of_what_another_brings_whatever_their_order() {
    let mut chain = Chain::new();
    let legs = patient(vec![
        pay(TALAS, RAVI, "700 PKR", "a"),
        pay(INDUS, TALAS, "700 PKR", "b"),
    ]);
    chain.check(legs, &together(&[INDUS, TALAS]), "PDNG, PDNG");
    let run = karwan_ledger::RunCycle {
        currency: code("PKR"),
    };
    chain.check(run, &all(PK_ISSUER), "ACSC, ACSC, ACSC");
}

#[test]
fn client_money_does_not_reach_the_house_by_way_of_another_institution() {
    let mut chain = Chain::new();
    let out = with(pay(INDUS, NARYN, "10.00 PKR", "out"), |terms| {
        terms.kind = karwan_ledger::PaymentKind::Customer;
        terms.debtor_account = Some(account("INDUS-CLIENTS"));
    });
    let back = pay(NARYN, INDUS, "10.00 PKR", "back");
    let signers = [all(INDUS), all(NARYN)].concat();
    let refused = "RJCT AC14 CREDITOR_ACCOUNT_CLASS, RJCT AC14 CREDITOR_ACCOUNT_CLASS";
    chain.check(linked(vec![out.clone(), back]), &signers, refused);
    let clients = with(pay(NARYN, INDUS, "10.00 PKR", "to clients"), |terms| {
        terms.creditor_account = Some(account("INDUS-CLIENTS"));
    });
    let again = with(out, |terms| terms.uetr = uetr("out again"));
    chain.check(linked(vec![again, clients]), &signers, "ACSC, ACSC");
}
