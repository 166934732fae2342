//! Holds: money set aside for a creditor, posted in part or whole, voided, or released when its time is over.

use crate::support::*;
use karwan_ledger::{Hold, Priority};

/// NARYN sets 1,000 rupees aside for INDUS; its maker alone may.
fn held(chain: &Chain) -> Hold {
    hold(NARYN, INDUS, "1000 PKR", "deal", chain.now().after(HOUR))
}

fn with_a_hold() -> Chain {
    let mut chain = Chain::new();
    chain.check(held(&chain), &[maker(NARYN)], "PDNG");
    chain
}

#[test]
fn money_on_hold_stays_but_cannot_be_spent() {
    let mut chain = with_a_hold();
    chain.check_balances(&[("NARYN-PKR", "500000.00 of which 1000.00 held")]);
    let too_much = pay(NARYN, RAVI, "499000.01 PKR", "a");
    chain.check(too_much, &all(NARYN), "RJCT AM04 INSUFFICIENT_FUNDS");
    let later = chain.now().after(HOUR);
    let too_much = hold(NARYN, RAVI, "499000.01 PKR", "b", later);
    chain.check(too_much, &all(NARYN), "RJCT AM04 INSUFFICIENT_FUNDS");
    chain.check(pay(NARYN, RAVI, "499000 PKR", "c"), &all(NARYN), "ACSC");
    chain.check_balances(&[("NARYN-PKR", "1000.00 of which 1000.00 held")]);
}

#[test]
fn a_post_pays_and_releases_the_remainder() {
    let mut chain = with_a_hold();
    chain.check(
        post(NARYN, "deal", "600 PKR"),
        &[maker(NARYN)],
        "ACSC, ACSC",
    );
    chain.check_balances(&[("NARYN-PKR", "499400.00"), ("INDUS-PKR", "6000600.00")]);
    let again = "RJCT NARR ORIGINAL_STATUS";
    chain.check(post(NARYN, "deal", "400 PKR"), &[maker(NARYN)], again);
    chain.check(void(NARYN, "deal"), &all(NARYN), again);
    chain.replay();
}

#[test]
fn either_side_may_post_by_its_own_policy_and_nobody_else() {
    with_a_hold().check(
        post(NARYN, "deal", "1000 PKR"),
        &[maker(INDUS)],
        "ACSC, ACSC",
    );
    with_a_hold().check(post(NARYN, "deal", "1000 PKR"), &[checker(INDUS)], "PATC");
    let not_allowed = "RJCT DS0G SIGNER_NOT_ALLOWED";
    with_a_hold().check(post(NARYN, "deal", "1000 PKR"), &all(RAVI), not_allowed);
    with_a_hold().check(void(NARYN, "deal"), &all(RAVI), not_allowed);
    with_a_hold().check(void(NARYN, "deal"), &[maker(NARYN)], "PATC");
    with_a_hold().check(void(NARYN, "deal"), &all(INDUS), "CANC, ACSC");
}

#[test]
fn no_more_is_posted_than_is_held() {
    let mut chain = with_a_hold();
    let too_much = "RJCT AM09 EXCEEDS_PENDING";
    chain.check(post(NARYN, "deal", "1000.01 PKR"), &all(NARYN), too_much);
    chain.check(post(NARYN, "deal", "1000 PKR"), &all(NARYN), "ACSC, ACSC");
    chain.check_balances(&[("NARYN-PKR", "499000.00")]);
}

#[test]
fn a_void_releases_everything() {
    let mut chain = with_a_hold();
    chain.check(void(NARYN, "deal"), &all(NARYN), "CANC, ACSC");
    chain.check_balances(&[("NARYN-PKR", "500000.00"), ("INDUS-PKR", "6000000.00")]);
    let done = "RJCT NARR ORIGINAL_STATUS";
    chain.check(post(NARYN, "deal", "1 PKR"), &all(NARYN), done);
}

#[test]
fn a_hold_is_released_at_the_start_of_the_first_block_at_its_expiry() {
    let mut chain = with_a_hold();
    let expiry = opening().after(HOUR);
    assert_eq!(chain.state.next_due(), Some(expiry));
    chain.at(karwan_types::Timestamp::from_millis(expiry.millis() - 1));
    chain.check_time("");
    let mut other = chain.clone();
    // One millisecond before it can still be posted, at the time it cannot: the release comes first.
    let expired = "CANC, RJCT TM01 HOLD_EXPIRED";
    chain.at(expiry);
    chain.check(post(NARYN, "deal", "1 PKR"), &all(NARYN), expired);
    chain.check_balances(&[("NARYN-PKR", "500000.00")]);
    // Next the business days end: at midnight in Kyrgyzstan first.
    assert_eq!(chain.state.next_due(), Some(time("2026-11-23T18:00:00Z")));
    // The money is there for payments of the same block.
    other.at(expiry);
    other.check(
        pay(NARYN, RAVI, "500000 PKR", "a"),
        &all(NARYN),
        "CANC, ACSC",
    );
    other.replay();
}

#[test]
fn a_hold_can_be_posted_until_just_before_its_expiry() {
    let mut chain = with_a_hold();
    let last = karwan_types::Timestamp::from_millis(opening().after(HOUR).millis() - 1);
    chain.at(last);
    chain.check(post(NARYN, "deal", "1000 PKR"), &all(NARYN), "ACSC, ACSC");
    chain.after(HOUR).check_time("");
}

#[test]
fn a_hold_expires_after_this_block_and_within_the_validity() {
    let mut chain = Chain::new();
    let block = chain.upcoming();
    let wrong = "RJCT TM01 HOLD_EXPIRY";
    chain.check(hold(NARYN, INDUS, "1 PKR", "a", block), &all(NARYN), wrong);
    let block = chain.upcoming();
    let too_late = block.after(VALIDITY).after(millis(1));
    chain.check(
        hold(NARYN, INDUS, "1 PKR", "b", too_late),
        &all(NARYN),
        wrong,
    );
    let latest = chain.upcoming().after(VALIDITY);
    chain.check(
        hold(NARYN, INDUS, "1 PKR", "c", latest),
        &all(NARYN),
        "PDNG",
    );
}

#[test]
fn a_hold_does_not_outlast_its_payments_reject_time() {
    let mut chain = Chain::new();
    let mut late = held(&chain);
    late.payment.reject_time = Some(chain.now().after(MINUTE));
    chain.check(late, &all(NARYN), "RJCT TM01 HOLD_EXPIRY");
}

#[test]
fn a_hold_is_checked_like_a_payment() {
    let mut chain = Chain::new();
    let mut to_nobody = held(&chain);
    to_nobody.payment.creditor_agent = "NOSUCHPK".parse().unwrap();
    chain.check(to_nobody, &all(NARYN), "RJCT CNOR CREDITOR_AGENT_UNKNOWN");
    let later = chain.now().after(HOUR);
    let too_small = hold(NARYN, INDUS, "0.99 PKR", "small", later);
    chain.check(too_small, &all(NARYN), "RJCT AM15 BELOW_MINIMUM");
}

#[test]
fn only_an_open_hold_can_be_posted() {
    let mut chain = Chain::new();
    let unknown = "RJCT NOOR ORIGINAL_UNKNOWN";
    chain.check(post(NARYN, "deal", "1 PKR"), &all(NARYN), unknown);
    chain.check(pay(NARYN, INDUS, "1 PKR", "deal"), &all(NARYN), "ACSC");
    let no_hold = "RJCT NARR ORIGINAL_KIND";
    chain.check(post(NARYN, "deal", "1 PKR"), &all(NARYN), no_hold);
    chain.check(void(NARYN, "deal"), &all(NARYN), no_hold);
    let nobody = "RJCT DNOR DEBTOR_AGENT_UNKNOWN";
    let mut nobodys = post(NARYN, "deal", "1 PKR");
    nobodys.agent = "NOSUCHPK".parse().unwrap();
    chain.check(nobodys, &all(NARYN), nobody);
}

#[test]
fn a_hold_uses_the_reservation_of_its_class() {
    let reserve = |priority: Priority, amount: &str| karwan_ledger::ReserveLiquidity {
        agent: NARYN.agent(),
        currency: code("PKR"),
        account: None,
        priority,
        amount: money(amount).1,
    };
    let mut chain = Chain::new();
    chain.check(reserve(Priority::Urgt, "499500 PKR"), &all(NARYN), "ACSC");
    let unfunded = "RJCT AM04 INSUFFICIENT_FUNDS";
    chain.check(held(&chain), &all(NARYN), unfunded);
    let mut urgent = held(&chain);
    urgent.payment.uetr = uetr("urgent");
    urgent.payment.priority = Priority::Urgt;
    chain.check(urgent, &all(NARYN), "PDNG");
    // 498,500 of the reservation are left, and 500 beside it.
    let fits = pay(NARYN, INDUS, "500 PKR", "fits");
    chain.check(fits, &all(NARYN), "ACSC");
    chain.check(pay(NARYN, INDUS, "1 PKR", "no"), &all(NARYN), unfunded);
    chain.check(post(NARYN, "urgent", "1000 PKR"), &all(NARYN), "ACSC, ACSC");
    chain.replay();
}

#[test]
fn posted_holds_and_returns_count_towards_what_two_institutions_owe_each_other() {
    let limit = |chain: &Chain| {
        let mut rows = chain.state.limits();
        let (_, row) = rows.next().unwrap();
        row.position
    };
    let mut chain = Chain::new();
    let own = karwan_ledger::SetBilateralLimit {
        agent: NARYN.agent(),
        counterparty: INDUS.agent(),
        currency: code("PKR"),
        limit: Some(money("900 PKR").1),
    };
    chain.check(own, &all(NARYN), "ACSC");
    chain.check(held(&chain), &all(NARYN), "PDNG");
    assert_eq!(limit(&chain), 0, "nothing is paid yet");
    let above = "RJCT AM23 BILATERAL_LIMIT";
    chain.check(post(NARYN, "deal", "900.01 PKR"), &all(INDUS), above);
    chain.check(post(NARYN, "deal", "900 PKR"), &all(INDUS), "ACSC, ACSC");
    assert_eq!(limit(&chain), 90_000);
    // What comes back makes room, and a return pays like anything else.
    let back = send_back(NARYN, "deal", "400 PKR", "back");
    chain.check(back, &all(INDUS), "ACSC");
    assert_eq!(limit(&chain), 50_000);
    chain.check(pay(INDUS, NARYN, "50 PKR", "in"), &all(INDUS), "ACSC");
    assert_eq!(limit(&chain), 45_000);
    chain.check(pay(NARYN, INDUS, "450 PKR", "out"), &all(NARYN), "ACSC");
    let too_much = send_back(INDUS, "in", "50 PKR", "back again");
    chain.check(too_much, &all(NARYN), above);
    chain.replay();
}
