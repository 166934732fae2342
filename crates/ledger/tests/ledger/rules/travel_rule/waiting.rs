//! Payments that wait for their attestation.

use super::*;
use karwan_ledger::{Hold, InstructionKey, Priority};

fn key(name: &str) -> InstructionKey {
    InstructionKey {
        agent: INDUS.lei(),
        uetr: uetr(name),
    }
}

#[test]
fn a_payment_at_the_threshold_waits_and_settles_in_the_block_of_its_attestation() {
    let mut chain = chain();
    let below = transfer(INDUS, NARYN, "999.99 PKR", "below", "b");
    send(&mut chain, &below, "ACSC");
    let one = transfer(INDUS, NARYN, "1000 PKR", "one", "a");
    send(&mut chain, &one, "PDNG");
    let why = chain.state.why_waiting(&key("one"));
    assert_eq!(why.unwrap().name(), "ATTESTATION_MISSING");
    let (_, entry) = chain.state.queued(&key("one")).unwrap();
    assert_eq!(chain.state.unattested(entry), [key("one")]);
    chain.check_time("");
    attest(&mut chain, &one, NARYN, "ACSC, ACSC");
    chain.check_balances(&[("NARYN-PKR", "501999.99")]);
    chain.replay();
}

#[test]
fn an_attestation_may_come_before_its_payment() {
    let mut chain = chain();
    let one = transfer(INDUS, NARYN, "5000 PKR", "one", "a");
    attest(&mut chain, &one, NARYN, "ACSC");
    send(&mut chain, &one, "ACSC");
    chain.replay();
}

#[test]
fn one_that_is_not_attested_in_time_is_refused_in_its_own_words() {
    for (reject, minutes) in [(None, 60), (Some(30), 30)] {
        let mut chain = chain();
        let mut one = transfer(INDUS, NARYN, "5000 PKR", "one", "a");
        let start = chain.upcoming();
        one.payment.reject_time = reject.map(|minutes| start.after(millis(minutes * 60_000)));
        send(&mut chain, &one, "PDNG");
        chain
            .at(start.after(millis(minutes * 60_000)))
            .check_time("");
        chain
            .after(millis(1))
            .check_time("RJCT RR03 ATTESTATION_TIMEOUT");
        attest(&mut chain, &one, NARYN, "RJCT NARR ORIGINAL_STATUS");
        chain.replay();
    }
}

#[test]
fn one_that_was_attested_waits_for_funds_as_long_as_any_other() {
    let mut chain = chain();
    let one = transfer(TALAS, NARYN, "5000 PKR", "one", "a");
    let cross = transfer(RAVI, TALAS, "5000 KGS", "two", "b");
    chain.check(cross.clone(), &all(RAVI), "PDNG");
    attest(&mut chain, &cross, TALAS, "ACSC");
    chain.after(millis(90 * 60_000)).check_time("");
    chain.check(
        pay(NARYN, RAVI, "5000 KGS", "funds"),
        &all(NARYN),
        "ACSC, ACSC",
    );
    // Two banks of one jurisdiction are no concern of this rule.
    chain.check(one, &all(TALAS), "PDNG");
    chain.replay();
}

#[test]
fn it_holds_nobody_back_and_keeps_its_place() {
    let mut chain = chain();
    let mut one = transfer(INDUS, NARYN, "5000 PKR", "one", "a");
    one.payment.priority = Priority::Urgt;
    send(&mut chain, &one, "PDNG");
    send(&mut chain, &pay(INDUS, NARYN, "1 PKR", "two"), "ACSC");
    let place = |chain: &Chain| chain.state.queued(&key("one")).unwrap().1.place;
    assert_eq!(place(&chain), 1);
    chain.check_time("");
    attest(&mut chain, &one, NARYN, "ACSC, ACSC");
}

#[test]
fn whoever_cannot_wait_is_refused() {
    let mut chain = chain();
    let one = with(transfer(INDUS, NARYN, "5000 PKR", "one", "a"), |terms| {
        terms.on_shortage = OnShortage::Refuse;
    });
    send(&mut chain, &one, MISSING);
    let payment = transfer(INDUS, NARYN, "5000 PKR", "two", "a").payment;
    let expires = chain.upcoming().after(HOUR);
    let hold = Hold { payment, expires };
    chain.check(hold.clone(), &all(INDUS), MISSING);
    let three = transfer(INDUS, NARYN, "5000 PKR", "three", "a");
    attest(&mut chain, &three, NARYN, "ACSC");
    let payment = three.payment;
    chain.check(Hold { payment, expires }, &all(INDUS), "PDNG");
    chain.check(post(INDUS, "three", "4000 PKR"), &all(NARYN), "ACSC, ACSC");
    chain.replay();
}

#[test]
fn a_hold_that_was_below_the_threshold_is_judged_again_when_it_is_paid() {
    let mut chain = chain();
    let expires = chain.upcoming().after(HOUR);
    for name in ["one", "two"] {
        let payment = transfer(INDUS, NARYN, "600 PKR", name, "a").payment;
        chain.check(Hold { payment, expires }, &all(INDUS), "PDNG");
    }
    chain.check(post(INDUS, "one", "600 PKR"), &all(INDUS), "ACSC, ACSC");
    chain.check(post(INDUS, "two", "600 PKR"), &all(INDUS), MISSING);
    chain.check(post(INDUS, "two", "399.99 PKR"), &all(INDUS), "ACSC, ACSC");
    let payment = transfer(INDUS, NARYN, "600 PKR", "three", "b").payment;
    let three = Pay { payment };
    let payment = three.payment.clone();
    chain.check(Hold { payment, expires }, &all(INDUS), "PDNG");
    attest(&mut chain, &three, NARYN, "ACSC");
    chain.replay();
}

#[test]
fn legs_that_settle_together_wait_together() {
    let mut chain = chain();
    let one = transfer(INDUS, NARYN, "5000 PKR", "one", "a");
    let own = with(pay(INDUS, TOBOL, "1 KGS", "own"), |terms| {
        terms.on_shortage = OnShortage::Queue;
    });
    chain.check(linked(vec![own, one.clone()]), &all(INDUS), "PDNG, PDNG");
    let (_, entry) = chain.state.queued(&key("own")).unwrap();
    assert_eq!(chain.state.unattested(entry), [key("one")]);
    attest(&mut chain, &one, NARYN, "ACSC, ACSC, ACSC");
    chain.replay();
}

#[test]
fn an_exchange_waits_for_the_attestation_of_a_leg_and_settles_as_a_whole() {
    let mut chain = chain();
    let mut exchange = exchange(&chain, (INDUS, "5000 PKR"), (NARYN, "1500 KGS"), "fx");
    let leg = transfer(INDUS, NARYN, "5000 PKR", "fx a", "a");
    exchange.leg_a = Box::new(leg.payment.clone());
    chain.check(exchange.clone(), &all(INDUS), "PATC");
    chain.check(exchange, &all(NARYN), "PATC, PDNG, PDNG");
    attest(&mut chain, &leg, NARYN, "ACSC, ACSC, ACSC");
    chain.replay();
}
