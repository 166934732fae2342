//! A currency stops and goes on at its issuer's word.

use crate::support::*;

#[test]
fn nothing_is_debited_or_credited_in_a_halted_currency() {
    let mut chain = Chain::new();
    let expires = chain.now().after(HOUR);
    chain.check(pay(INDUS, NARYN, "10 PKR", "settled"), &all(INDUS), "ACSC");
    chain.check(
        hold(INDUS, NARYN, "10 PKR", "held", expires),
        &all(INDUS),
        "PDNG",
    );
    chain.check(issue_request(INDUS, "10 PKR", "asked"), &all(INDUS), "PDNG");
    chain.check(
        redeem_request(INDUS, "10 PKR", "leaving"),
        &all(INDUS),
        "PDNG",
    );
    chain.check(halt("PKR"), &all(PK_ISSUER), "ACSC");
    let halted = "RJCT AG01 CURRENCY_HALTED";
    chain.check(pay(INDUS, NARYN, "10 PKR", "a"), &all(INDUS), halted);
    chain.check(post(INDUS, "held", "10 PKR"), &all(INDUS), halted);
    chain.check(
        send_back(INDUS, "settled", "1 PKR", "b"),
        &all(NARYN),
        halted,
    );
    chain.check(issue_request(INDUS, "10 PKR", "c"), &all(INDUS), halted);
    chain.check(issue(INDUS, "asked", "CR-1"), &all(PK_ISSUER), halted);
    chain.check(redeem_request(INDUS, "10 PKR", "d"), &all(INDUS), halted);
    chain.check(
        redeem_confirm(INDUS, "leaving", "DR-1"),
        &all(PK_ISSUER),
        halted,
    );
    let legs = linked(vec![
        pay(INDUS, NARYN, "1 KGS", "e"),
        pay(INDUS, NARYN, "1 PKR", "f"),
    ]);
    chain.check(
        legs,
        &all(INDUS),
        "RJCT NARR LEG_FAILED, RJCT AG01 CURRENCY_HALTED",
    );
    // Other currencies move, and what is held can be given back.
    chain.check(pay(INDUS, NARYN, "10 KGS", "g"), &all(INDUS), "ACSC");
    chain.check(
        redeem_cancel(INDUS, "leaving"),
        &all(PK_ISSUER),
        "CANC, ACSC",
    );
    chain.check(void(INDUS, "held"), &all(INDUS), "CANC, ACSC");
    chain.check(resume("PKR"), &all(PK_ISSUER), "ACSC");
    chain.check(pay(INDUS, NARYN, "10 PKR", "h"), &all(INDUS), "ACSC");
    chain.check(issue(INDUS, "asked", "CR-1"), &all(PK_ISSUER), "ACSC, ACSC");
    chain.replay();
}

#[test]
fn a_hold_expires_in_a_halted_currency_too() {
    let mut chain = Chain::new();
    let expires = chain.now().after(HOUR);
    chain.check(
        hold(INDUS, NARYN, "10 PKR", "a", expires),
        &all(INDUS),
        "PDNG",
    );
    chain.check(halt("PKR"), &all(PK_ISSUER), "ACSC");
    chain.at(expires).check_time("CANC");
    chain.check_balances(&[("INDUS-PKR", "6000000.00")]);
}

#[test]
fn only_the_issuers_maker_and_checker_together_halt() {
    let mut chain = Chain::new();
    let not_allowed = "RJCT DS0G SIGNER_NOT_ALLOWED";
    chain.check(halt("PKR"), &all(KG_ISSUER), not_allowed);
    chain.check(halt("PKR"), &[governor("PK")], not_allowed);
    chain.check(halt("PKR"), &[maker(PK_ISSUER)], "PATC");
    chain.check(pay(INDUS, NARYN, "10 PKR", "a"), &all(INDUS), "ACSC");
    chain.check(
        chain.approve(halt("PKR")),
        &[checker(PK_ISSUER)],
        "ACSC, ACSC",
    );
    let halted = "RJCT AG01 CURRENCY_HALTED";
    chain.check(pay(INDUS, NARYN, "10 PKR", "b"), &all(INDUS), halted);
}

#[test]
fn a_currency_is_halted_once_and_resumed_once() {
    let mut chain = Chain::new();
    let already = "RJCT NARR CURRENCY_STATUS";
    chain.check(resume("PKR"), &all(PK_ISSUER), already);
    chain.check(halt("PKR"), &all(PK_ISSUER), "ACSC");
    chain.check(halt("PKR"), &all(PK_ISSUER), already);
    chain.check(resume("PKR"), &all(PK_ISSUER), "ACSC");
    chain.check(halt("PKR"), &all(PK_ISSUER), "ACSC");
}

#[test]
fn an_unknown_currency_has_no_issuer_and_no_payments() {
    let mut chain = Chain::new();
    let unknown = "RJCT AM03 CURRENCY_NOT_ENABLED";
    chain.check(halt("USD"), &all(PK_ISSUER), unknown);
    chain.check(pay(INDUS, NARYN, "10 USD", "a"), &all(INDUS), unknown);
    chain.check(issue_request(INDUS, "10 USD", "b"), &all(INDUS), unknown);
    chain.check(redeem_request(INDUS, "10 USD", "c"), &all(INDUS), unknown);
}
