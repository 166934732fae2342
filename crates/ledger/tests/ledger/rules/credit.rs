//! Intraday credit against collateral, and what becomes of it when it is not repaid.

use super::queue::poor;
use crate::support::*;
use karwan_ledger::{
    BalancingPay, CreditLineSet, InstructionKey, OnShortage, Pay, PledgeCollateral, Priority,
    ReleaseCollateral, RunCycle,
};
use karwan_types::Amount;

fn pledge(of: Institution, sum: &str, reference: &str, haircut_bps: u16) -> PledgeCollateral {
    let (currency, value) = money(sum);
    PledgeCollateral {
        agent: of.agent(),
        currency,
        reference: reference.parse().expect("an identifier"),
        value,
        haircut_bps,
    }
}
fn release(of: Institution, currency: &str, reference: &str) -> ReleaseCollateral {
    ReleaseCollateral {
        agent: of.agent(),
        currency: code(currency),
        reference: reference.parse().expect("an identifier"),
    }
}
fn limit(of: Institution, currency: &str, sum: Option<&str>) -> CreditLineSet {
    CreditLineSet {
        agent: of.agent(),
        currency: code(currency),
        limit: sum.map(|sum| money(&format!("{sum} {currency}")).1),
    }
}
fn waiting(from: Institution, to: Institution, sum: &str, name: &str) -> Pay {
    with(pay(from, to, sum, name), |terms| {
        terms.on_shortage = OnShortage::Queue;
    })
}
fn line(chain: &Chain, number: &str) -> (String, bool) {
    let row = chain
        .state
        .account(&account(number))
        .expect("of this network");
    (row.credit_line.to_decimal(row.currency), row.overdue)
}
/// RAVI has nothing, and a line of 95 rupees: a bond of 100 less five percent.
fn lent() -> Chain {
    let mut chain = Chain::of(poor(&[("NARYN-PKR", "50.00 PKR")]));
    let both = together(&[RAVI, PK_ISSUER]);
    chain.check(pledge(RAVI, "100 PKR", "BOND", 500), &both, "ACSC");
    chain
}
const SHORT: &str = "RJCT AM04 INSUFFICIENT_FUNDS";
/// Midnight in Pakistan.
const MIDNIGHT: &str = "2026-11-23T19:00:00Z";

#[test]
fn an_account_goes_below_zero_as_far_as_its_collateral_covers() {
    let mut chain = lent();
    chain.check(pay(RAVI, NARYN, "95.01 PKR", "a"), &all(RAVI), SHORT);
    chain.check(pay(RAVI, NARYN, "95.00 PKR", "b"), &all(RAVI), "ACSC");
    chain.check(pay(RAVI, NARYN, "1 PKR", "c"), &all(RAVI), SHORT);
    chain.check_balances(&[("RAVI-PKR", "-95.00"), ("NARYN-PKR", "145.00")]);
    // Nothing was issued for it.
    let row = chain.state.currency(&code("PKR")).expect("of this network");
    assert_eq!(row.outstanding(), money("50 PKR").1);
    chain.replay();
}

#[test]
fn issuer_and_institution_both_sign_for_collateral_and_the_issuer_alone_for_the_limit() {
    let mut chain = Chain::new();
    let bond = || pledge(RAVI, "100 PKR", "BOND", 0);
    chain.check(bond(), &all(RAVI), "PATC");
    chain.check(bond(), &all(PK_ISSUER), "ACSC");
    let not_allowed = "RJCT DS0G SIGNER_NOT_ALLOWED";
    chain.check(pledge(RAVI, "1 PKR", "X", 0), &all(KG_ISSUER), not_allowed);
    chain.check(limit(RAVI, "PKR", Some("1")), &all(RAVI), not_allowed);
    chain.check(limit(RAVI, "PKR", Some("40")), &all(PK_ISSUER), "ACSC");
    assert_eq!(line(&chain, "RAVI-PKR").0, "40.00");
    chain.check(limit(RAVI, "PKR", None), &all(PK_ISSUER), "ACSC");
    assert_eq!(line(&chain, "RAVI-PKR").0, "100.00");
}

#[test]
fn collateral_has_its_own_reference_and_is_released_when_nothing_is_used_of_it() {
    let mut chain = lent();
    let both = together(&[RAVI, PK_ISSUER]);
    let conflict = "RJCT DU03 COLLATERAL_CONFLICT";
    chain.check(pledge(RAVI, "5 PKR", "BOND", 0), &both, conflict);
    chain.check(pledge(RAVI, "10 PKR", "BILL", 1), &both, "ACSC");
    // Half a paisa is not lent.
    assert_eq!(line(&chain, "RAVI-PKR").0, "104.99");
    chain.check(
        release(RAVI, "PKR", "NOTE"),
        &both,
        "RJCT NARR COLLATERAL_UNKNOWN",
    );
    chain.check(pay(RAVI, NARYN, "10 PKR", "a"), &all(RAVI), "ACSC");
    let in_use = "RJCT AM14 CREDIT_IN_USE";
    chain.check(release(RAVI, "PKR", "BOND"), &both, in_use);
    chain.check(release(RAVI, "PKR", "BILL"), &both, "ACSC");
    chain.check(pay(NARYN, RAVI, "10 PKR", "b"), &all(NARYN), "ACSC");
    chain.check(release(RAVI, "PKR", "BOND"), &both, "ACSC");
    assert_eq!(chain.state.credit_lines().count(), 0);
    assert_eq!(line(&chain, "RAVI-PKR"), ("0.00".into(), false));
}

#[test]
fn what_is_not_repaid_at_the_end_of_the_day_is_overdue_and_stops_the_house() {
    let mut chain = lent();
    chain.check(pay(RAVI, NARYN, "20 PKR", "a"), &all(RAVI), "ACSC");
    chain.at(time(MIDNIGHT)).check_time("");
    assert_eq!(line(&chain, "RAVI-PKR"), ("95.00".into(), true));
    // The receipt says no more than that money is missing; its own side learns why.
    chain.check(pay(RAVI, NARYN, "1 PKR", "b"), &all(RAVI), SHORT);
    chain.check(waiting(RAVI, NARYN, "1 PKR", "c"), &all(RAVI), "PDNG");
    let key = InstructionKey {
        agent: RAVI.lei(),
        uetr: uetr("c"),
    };
    let why = chain.state.why_waiting(&key).expect("it waits").to_string();
    assert!(why.contains("intraday credit in PKR is overdue"), "{why}");
    // Other currencies are another issuer's business, and clients' money is not the house's.
    chain.check(pay(RAVI, NARYN, "1 KGS", "d"), &all(RAVI), SHORT);
    // A part is not enough; with the rest the line is of use again, and what waits settles.
    chain.check(pay(NARYN, RAVI, "19.99 PKR", "e"), &all(NARYN), "ACSC");
    chain.check(
        pay(NARYN, RAVI, "0.01 PKR", "f"),
        &all(NARYN),
        "RJCT AM15 BELOW_MINIMUM",
    );
    chain.check(pay(NARYN, RAVI, "1 PKR", "g"), &all(NARYN), "ACSC, ACSC");
    assert_eq!(line(&chain, "RAVI-PKR"), ("95.00".into(), false));
    chain.check_balances(&[("RAVI-PKR", "-0.01")]);
    chain.replay();
}

#[test]
fn the_end_of_the_day_repays_from_what_else_the_institution_has() {
    let mut chain = Chain::of(poor(&[
        ("RAVI-PKR-X-DEBIT-ONLY", "12.00 PKR"),
        ("RAVI-PKR-X-BLOCKED", "500.00 PKR"),
    ]));
    let both = together(&[RAVI, PK_ISSUER]);
    chain.check(pledge(RAVI, "100 PKR", "BOND", 0), &both, "ACSC");
    chain.check(pay(RAVI, NARYN, "20 PKR", "a"), &all(RAVI), "ACSC");
    chain.at(time(MIDNIGHT)).check_time("ACSC");
    chain.check_balances(&[
        ("RAVI-PKR", "-8.00"),
        ("RAVI-PKR-X-DEBIT-ONLY", "0.00"),
        // What is blocked stays where it is.
        ("RAVI-PKR-X-BLOCKED", "500.00"),
    ]);
    assert!(line(&chain, "RAVI-PKR").1);
    // No other account of the house pays either.
    let other = with(pay(RAVI, NARYN, "1 PKR", "b"), |terms| {
        terms.debtor_account = Some(account("RAVI-PKR-X-DEBIT-ONLY"));
    });
    chain.check(other, &all(RAVI), SHORT);
    chain.replay();
}

#[test]
fn whoever_repays_in_time_is_not_overdue() {
    let mut chain = lent();
    chain.check(pay(RAVI, NARYN, "20 PKR", "a"), &all(RAVI), "ACSC");
    chain.check(pay(NARYN, RAVI, "20 PKR", "b"), &all(NARYN), "ACSC");
    chain.at(time(MIDNIGHT)).check_time("");
    assert_eq!(line(&chain, "RAVI-PKR"), ("95.00".into(), false));
    chain.check(pay(RAVI, NARYN, "20 PKR", "c"), &all(RAVI), "ACSC");
}

#[test]
fn a_line_cut_below_what_is_used_is_overdue_at_once() {
    let mut chain = lent();
    chain.check(pay(RAVI, NARYN, "20 PKR", "a"), &all(RAVI), "ACSC");
    chain.check(limit(RAVI, "PKR", Some("20")), &all(PK_ISSUER), "ACSC");
    assert_eq!(line(&chain, "RAVI-PKR"), ("20.00".into(), false));
    chain.check(limit(RAVI, "PKR", Some("19")), &all(PK_ISSUER), "ACSC");
    assert_eq!(line(&chain, "RAVI-PKR"), ("19.00".into(), true));
    chain.check(pay(NARYN, RAVI, "20 PKR", "b"), &all(NARYN), "ACSC");
    assert_eq!(line(&chain, "RAVI-PKR"), ("19.00".into(), false));
    chain.replay();
}

#[test]
fn borrowed_money_is_not_redeemed_by_whoever_borrowed_it_nor_beyond_what_is_outstanding() {
    let mut chain = lent();
    chain.check(redeem_request(RAVI, "10 PKR", "a"), &all(RAVI), SHORT);
    // RAVI pays 95 that were never issued; 50 are outstanding.
    chain.check(pay(RAVI, INDUS, "95 PKR", "b"), &all(RAVI), "ACSC");
    let above = "RJCT AM04 ABOVE_OUTSTANDING";
    chain.check(redeem_request(INDUS, "50.01 PKR", "c"), &all(INDUS), above);
    chain.check(redeem_request(INDUS, "30 PKR", "d"), &all(INDUS), "PDNG");
    chain.check(redeem_request(INDUS, "30 PKR", "e"), &all(INDUS), "PDNG");
    chain.check(
        redeem_confirm(INDUS, "d", "DR-1"),
        &all(PK_ISSUER),
        "ACSC, ACSC",
    );
    chain.check(redeem_confirm(INDUS, "e", "DR-2"), &all(PK_ISSUER), above);
    chain.replay();
}

#[test]
fn a_sweep_of_liquidity_borrows_nothing() {
    let mut chain = lent();
    let sweep = |name: &str| BalancingPay {
        payment: pay(RAVI, NARYN, "500 PKR", name).payment,
    };
    chain.check(sweep("a"), &all(RAVI), SHORT);
    chain.check(pay(NARYN, RAVI, "7 PKR", "b"), &all(NARYN), "ACSC");
    chain.check(sweep("c"), &all(RAVI), "ACSC");
    chain.check_balances(&[("RAVI-PKR", "0.00")]);
}

#[test]
fn a_cycle_uses_the_line_and_leaves_out_whoever_is_overdue() {
    let mut chain = lent();
    let urgent = |from, to, sum: &str, name: &str| {
        with(waiting(from, to, sum, name), |terms| {
            terms.priority = Priority::Urgt
        })
    };
    // Nobody has enough alone; with RAVI's line the ring closes.
    chain.check(urgent(RAVI, TALAS, "200 PKR", "a"), &all(RAVI), "PDNG");
    chain.check(urgent(TALAS, RAVI, "120 PKR", "b"), &all(TALAS), "PDNG");
    let cycle = || RunCycle {
        currency: code("PKR"),
    };
    let mut late = chain.clone();
    chain.check(cycle(), &all(PK_ISSUER), "ACSC, ACSC, ACSC");
    chain.check_balances(&[("RAVI-PKR", "-80.00")]);
    late.check(
        pay(RAVI, NARYN, "1 PKR", "c"),
        &all(RAVI),
        "RJCT AM04 BEHIND_QUEUE",
    );
    late.check(limit(RAVI, "PKR", Some("0")), &all(PK_ISSUER), "ACSC");
    late.check(cycle(), &all(PK_ISSUER), "ACSC");
    assert_eq!(
        Amount::ZERO,
        late.state
            .account(&account("RAVI-PKR"))
            .unwrap()
            .credit_line
    );
}

#[test]
fn what_was_held_on_credit_is_not_paid_after_the_line_was_cut() {
    for (held, posted, left) in [("95 PKR", "95 PKR", "0"), ("95 PKR", "60.01 PKR", "10")] {
        let mut chain = lent();
        let expires = chain.now().after(HOUR);
        chain.check(hold(RAVI, NARYN, held, "deal", expires), &all(RAVI), "PDNG");
        chain.check(limit(RAVI, "PKR", Some(left)), &all(PK_ISSUER), "ACSC");
        assert!(line(&chain, "RAVI-PKR").1);
        chain.check(post(RAVI, "deal", posted), &all(NARYN), SHORT);
        // Once it has the money, or the hold is gone, it is repaid.
        let mut other = chain.clone();
        other.check(void(RAVI, "deal"), &all(NARYN), "CANC, ACSC");
        assert!(!line(&other, "RAVI-PKR").1);
        chain.check(pay(NARYN, RAVI, "50 PKR", "a"), &all(NARYN), "ACSC");
        chain.check(limit(RAVI, "PKR", Some("95")), &all(PK_ISSUER), "ACSC");
        assert!(line(&chain, "RAVI-PKR").1, "a new line repays nothing");
        chain.replay();
    }
}

#[test]
fn money_that_was_set_aside_for_redemption_and_paid_out_on_credit_is_not_redeemed() {
    let mut chain = Chain::of(poor(&[
        ("RAVI-PKR", "100.00 PKR"),
        ("INDUS-PKR", "500.00 PKR"),
    ]));
    let both = together(&[RAVI, PK_ISSUER]);
    chain.check(pledge(RAVI, "100 PKR", "BOND", 0), &both, "ACSC");
    chain.check(redeem_request(RAVI, "100 PKR", "out"), &all(RAVI), "PDNG");
    chain.check(pay(RAVI, NARYN, "60 PKR", "a"), &all(RAVI), "ACSC");
    chain.check(redeem_confirm(RAVI, "out", "DR-1"), &all(PK_ISSUER), SHORT);
    // What is held on credit is credit at the end of the day too.
    let mut late = chain.clone();
    late.at(time(MIDNIGHT)).check_time("");
    assert!(line(&late, "RAVI-PKR").1);
    late.check(redeem_confirm(RAVI, "out", "DR-1"), &all(PK_ISSUER), SHORT);
    late.check(limit(RAVI, "PKR", Some("0")), &all(PK_ISSUER), "ACSC");
    late.check(redeem_confirm(RAVI, "out", "DR-1"), &all(PK_ISSUER), SHORT);
    chain.check(pay(INDUS, RAVI, "60 PKR", "b"), &all(INDUS), "ACSC");
    chain.check(
        redeem_confirm(RAVI, "out", "DR-1"),
        &all(PK_ISSUER),
        "ACSC, ACSC",
    );
    chain.check_balances(&[("RAVI-PKR", "0.00")]);
    late.replay();
}

#[test]
fn credit_in_a_halted_currency_is_asked_back_when_it_moves_again() {
    let mut chain = lent();
    chain.check(pay(RAVI, NARYN, "20 PKR", "a"), &all(RAVI), "ACSC");
    chain.check(halt("PKR"), &all(PK_ISSUER), "ACSC");
    chain.at(time(MIDNIGHT)).check_time("");
    assert!(!line(&chain, "RAVI-PKR").1, "nobody could repay");
    chain.check(resume("PKR"), &all(PK_ISSUER), "ACSC");
    chain.at(time("2026-11-24T19:00:00Z")).check_time("");
    assert!(line(&chain, "RAVI-PKR").1);
}
