//! Returns: a settled payment goes back as a new payment, in parts or whole, by whoever received it.

use crate::support::*;

/// INDUS has paid NARYN 100 rupees.
fn paid() -> Chain {
    let mut chain = Chain::new();
    chain.check(pay(INDUS, NARYN, "100 PKR", "a"), &all(INDUS), "ACSC");
    chain
}

#[test]
fn a_payment_goes_back_in_parts_until_nothing_is_left() {
    let mut chain = paid();
    chain.check(
        send_back(INDUS, "a", "40 PKR", "b"),
        &[maker(NARYN)],
        "ACSC",
    );
    let too_much = "RJCT AM09 EXCEEDS_PENDING";
    chain.check(
        send_back(INDUS, "a", "60.01 PKR", "c"),
        &all(NARYN),
        too_much,
    );
    chain.check(send_back(INDUS, "a", "60 PKR", "d"), &all(NARYN), "ACSC");
    let nothing_left = "RJCT ARDT RETURNED_ALREADY";
    chain.check(
        send_back(INDUS, "a", "0.01 PKR", "e"),
        &all(NARYN),
        nothing_left,
    );
    chain.check_balances(&[("INDUS-PKR", "6000000.00"), ("NARYN-PKR", "500000.00")]);
    // The original stays as it is.
    chain.check(pay(INDUS, NARYN, "100 PKR", "a"), &all(INDUS), "ACSC");
    chain.replay();
}

#[test]
fn no_more_than_the_payment_goes_back_at_once() {
    let too_much = "RJCT AM09 EXCEEDS_PENDING";
    paid().check(
        send_back(INDUS, "a", "100.01 PKR", "b"),
        &all(NARYN),
        too_much,
    );
    paid().check(send_back(INDUS, "a", "100 PKR", "b"), &all(NARYN), "ACSC");
}

#[test]
fn only_the_creditor_agent_returns_by_its_own_policy() {
    let mut chain = paid();
    let not_allowed = "RJCT DS0G SIGNER_NOT_ALLOWED";
    chain.check(
        send_back(INDUS, "a", "1 PKR", "b"),
        &all(INDUS),
        not_allowed,
    );
    chain.check(pay(INDUS, NARYN, "5000 PKR", "large"), &all(INDUS), "ACSC");
    let back = || send_back(INDUS, "large", "5000 PKR", "c");
    chain.check(back(), &[maker(NARYN)], "PATC");
    chain.check(chain.approve(back()), &[checker(NARYN)], "ACSC, ACSC");
}

#[test]
fn a_return_is_not_returned() {
    let mut chain = paid();
    chain.check(send_back(INDUS, "a", "40 PKR", "b"), &all(NARYN), "ACSC");
    let no_return = "RJCT AG13 RETURN_OF_RETURN";
    chain.check(send_back(NARYN, "b", "40 PKR", "c"), &all(INDUS), no_return);
}

#[test]
fn only_a_settled_payment_is_returned() {
    let mut chain = Chain::new();
    let back = |name: &str| send_back(INDUS, name, "1 PKR", &format!("back {name}"));
    chain.check(back("none"), &all(NARYN), "RJCT NOOR ORIGINAL_UNKNOWN");
    chain.check(
        pay(INDUS, NARYN, "5000 PKR", "waiting"),
        &[maker(INDUS)],
        "PATC",
    );
    let not_settled = "RJCT NARR ORIGINAL_STATUS";
    chain.check(back("waiting"), &all(NARYN), not_settled);
    let small = pay(INDUS, NARYN, "0.10 PKR", "refused");
    chain.check(small, &all(INDUS), "RJCT AM15 BELOW_MINIMUM");
    chain.check(back("refused"), &all(NARYN), not_settled);
    let expires = chain.now().after(HOUR);
    chain.check(
        hold(INDUS, NARYN, "10 PKR", "held", expires),
        &all(INDUS),
        "PDNG",
    );
    chain.check(back("held"), &all(NARYN), not_settled);
    chain.check(post(INDUS, "held", "7 PKR"), &all(INDUS), "ACSC, ACSC");
    // What was posted can go back, not what was held.
    let too_much = "RJCT AM09 EXCEEDS_PENDING";
    chain.check(
        send_back(INDUS, "held", "7.01 PKR", "b"),
        &all(NARYN),
        too_much,
    );
    chain.check(send_back(INDUS, "held", "7 PKR", "c"), &all(NARYN), "ACSC");
    chain.check(issue_request(INDUS, "10 PKR", "issue"), &all(INDUS), "PDNG");
    chain.check(back("issue"), &all(PK_ISSUER), "RJCT NARR ORIGINAL_KIND");
}

#[test]
fn a_return_needs_the_money() {
    let mut chain = Chain::new();
    chain.check(pay(INDUS, TALAS, "100 PKR", "a"), &all(INDUS), "ACSC");
    chain.check(pay(TALAS, RAVI, "50 PKR", "b"), &all(TALAS), "ACSC");
    let unfunded = "RJCT AM04 INSUFFICIENT_FUNDS";
    chain.check(
        send_back(INDUS, "a", "50.01 PKR", "c"),
        &all(TALAS),
        unfunded,
    );
    chain.check(send_back(INDUS, "a", "50 PKR", "d"), &all(TALAS), "ACSC");
}

#[test]
fn a_return_has_a_reference_of_its_own_and_one_effect() {
    let mut chain = paid();
    chain.check(pay(NARYN, RAVI, "1 PKR", "taken"), &all(NARYN), "ACSC");
    let conflict = "RJCT DU03 UETR_CONFLICT";
    chain.check(
        send_back(INDUS, "a", "1 PKR", "taken"),
        &all(NARYN),
        conflict,
    );
    chain.check(send_back(INDUS, "a", "30 PKR", "b"), &all(NARYN), "ACSC");
    chain.check(send_back(INDUS, "a", "30 PKR", "b"), &all(NARYN), "ACSC");
    chain.check_balances(&[("INDUS-PKR", "5999930.00")]);
}

#[test]
fn a_payment_can_be_returned_to_the_last_millisecond_of_its_retention() {
    let mut chain = Chain::new();
    let payment = chain.sign(pay(INDUS, NARYN, "100 PKR", "a"), &all(INDUS));
    let kept_until = payment.valid_until.after(RETENTION);
    chain.block(&[payment]);
    chain.at(kept_until);
    chain.check(send_back(INDUS, "a", "40 PKR", "b"), &all(NARYN), "ACSC");
    chain.after(millis(1));
    let forgotten = "RJCT NOOR ORIGINAL_UNKNOWN";
    chain.check(send_back(INDUS, "a", "60 PKR", "c"), &all(NARYN), forgotten);
    chain.replay();
}

#[test]
fn a_confirmation_lengthens_the_retention_and_a_confirmed_payment_can_be_returned() {
    let mut chain = paid();
    chain.after(HOUR);
    chain.check(confirm_credit(INDUS, "a"), &[maker(NARYN)], "ACCC, ACSC");
    chain.after(RETENTION);
    chain.check(send_back(INDUS, "a", "40 PKR", "b"), &all(NARYN), "ACSC");
}
