//! Cancelling what has not settled, and confirming what has.

use crate::support::*;

#[test]
fn an_instruction_that_waits_for_signatures_can_be_cancelled() {
    let mut chain = Chain::new();
    let payment = || pay(INDUS, RAVI, "5000 PKR", "a");
    chain.check(payment(), &[maker(INDUS)], "PATC");
    chain.check(cancel(INDUS, "a"), &all(INDUS), "CANC, ACSC");
    let nothing = "RJCT NARR NOTHING_TO_APPROVE";
    chain.check(chain.approve(payment()), &[checker(INDUS)], nothing);
    chain.check(payment(), &all(INDUS), "CANC");
    chain.check(cancel(INDUS, "a"), &all(INDUS), "RJCT NARR ORIGINAL_STATUS");
    chain.after(HOUR).check_time("");
    chain.after(HOUR).check_time("");
    chain.replay();
}

#[test]
fn an_open_request_for_issue_can_be_cancelled() {
    let mut chain = Chain::new();
    chain.check(issue_request(INDUS, "10 PKR", "a"), &all(INDUS), "PDNG");
    chain.check(cancel(INDUS, "a"), &all(INDUS), "CANC, ACSC");
    let cancelled = "RJCT NARR ORIGINAL_STATUS";
    chain.check(issue(INDUS, "a", "CR-1"), &all(PK_ISSUER), cancelled);
}

#[test]
fn a_settled_payment_cannot_be_cancelled() {
    let mut chain = Chain::new();
    chain.check(pay(INDUS, RAVI, "10 PKR", "a"), &all(INDUS), "ACSC");
    let settled = "RJCT PTNA SETTLED_ALREADY";
    chain.check(cancel(INDUS, "a"), &all(INDUS), settled);
    chain.check(confirm_credit(INDUS, "a"), &[maker(RAVI)], "ACCC, ACSC");
    chain.check(cancel(INDUS, "a"), &all(INDUS), settled);
    chain.check(send_back(INDUS, "a", "4 PKR", "b"), &all(RAVI), "ACSC");
    chain.check(cancel(INDUS, "a"), &all(INDUS), settled);
    chain.check(send_back(INDUS, "a", "6 PKR", "c"), &all(RAVI), "ACSC");
    chain.check(
        cancel(INDUS, "a"),
        &all(INDUS),
        "RJCT ARDT RETURNED_ALREADY",
    );
}

#[test]
fn a_hold_is_voided_and_a_redemption_declined_but_neither_is_cancelled() {
    let mut chain = Chain::new();
    let expires = chain.now().after(HOUR);
    chain.check(
        hold(INDUS, RAVI, "10 PKR", "a", expires),
        &all(INDUS),
        "PDNG",
    );
    chain.check(redeem_request(INDUS, "10 PKR", "b"), &all(INDUS), "PDNG");
    let not_so = "RJCT NARR ORIGINAL_STATUS";
    chain.check(cancel(INDUS, "a"), &all(INDUS), not_so);
    chain.check(cancel(INDUS, "b"), &all(INDUS), not_so);
}

#[test]
fn only_who_instructed_cancels_with_everyone_that_its_policy_asks_for() {
    let mut chain = Chain::new();
    chain.check(pay(INDUS, RAVI, "5000 PKR", "a"), &[maker(INDUS)], "PATC");
    let not_allowed = "RJCT DS0G SIGNER_NOT_ALLOWED";
    chain.check(cancel(INDUS, "a"), &all(RAVI), not_allowed);
    chain.check(cancel(RAVI, "a"), &all(RAVI), "RJCT NOOR ORIGINAL_UNKNOWN");
    chain.check(cancel(INDUS, "a"), &[maker(INDUS)], "PATC");
    let rest = [checker(INDUS), releaser(INDUS)];
    chain.check(chain.approve(cancel(INDUS, "a")), &rest, "ACSC, CANC, ACSC");
}

#[test]
fn the_creditor_agent_confirms_the_credit_with_one_signature() {
    let mut chain = Chain::new();
    chain.check(pay(INDUS, RAVI, "10 PKR", "a"), &all(INDUS), "ACSC");
    let not_allowed = "RJCT DS0G SIGNER_NOT_ALLOWED";
    chain.check(confirm_credit(INDUS, "a"), &all(INDUS), not_allowed);
    chain.check(confirm_credit(INDUS, "a"), &[checker(RAVI)], "ACCC, ACSC");
    let done = "RJCT NARR ORIGINAL_STATUS";
    chain.check(confirm_credit(INDUS, "a"), &[maker(RAVI)], done);
    chain.check_balances(&[("RAVI-PKR", "2000010.00")]);
}

#[test]
fn only_a_settled_payment_is_confirmed() {
    let mut chain = Chain::new();
    let unknown = "RJCT NOOR ORIGINAL_UNKNOWN";
    chain.check(confirm_credit(INDUS, "a"), &[maker(RAVI)], unknown);
    chain.check(pay(INDUS, RAVI, "5000 PKR", "a"), &[maker(INDUS)], "PATC");
    let not_yet = "RJCT NARR ORIGINAL_STATUS";
    chain.check(confirm_credit(INDUS, "a"), &[maker(RAVI)], not_yet);
    chain.check(issue_request(INDUS, "10 PKR", "b"), &all(INDUS), "PDNG");
    let no_payment = "RJCT NARR ORIGINAL_KIND";
    chain.check(confirm_credit(INDUS, "b"), &[maker(PK_ISSUER)], no_payment);
    // A posted hold and a return are payments.
    let expires = chain.now().after(HOUR);
    chain.check(
        hold(INDUS, RAVI, "10 PKR", "c", expires),
        &all(INDUS),
        "PDNG",
    );
    chain.check(confirm_credit(INDUS, "c"), &[maker(RAVI)], not_yet);
    chain.check(post(INDUS, "c", "10 PKR"), &all(INDUS), "ACSC, ACSC");
    chain.check(confirm_credit(INDUS, "c"), &[maker(RAVI)], "ACCC, ACSC");
    chain.check(send_back(INDUS, "c", "10 PKR", "d"), &all(RAVI), "ACSC");
    chain.check(confirm_credit(RAVI, "d"), &[maker(INDUS)], "ACCC, ACSC");
}
