//! One effect for each reference of an institution, whatever is sent again, by whom and how signed.

use crate::support::*;

#[test]
fn the_same_instruction_again_gets_the_stored_answer_and_has_no_second_effect() {
    let mut chain = Chain::new();
    let payment = || pay(INDUS, RAVI, "10 PKR", "a");
    chain.check(payment(), &[maker(INDUS)], "ACSC");
    // Other signatures, another expiry, the same instruction.
    chain.check(payment(), &[second_maker(INDUS)], "ACSC");
    chain.check(payment(), &all(INDUS), "ACSC");
    chain.check(payment(), &[checker(INDUS)], "ACSC");
    chain.check_balances(&[("INDUS-PKR", "5999990.00")]);
    chain.check(confirm_credit(INDUS, "a"), &[maker(RAVI)], "ACCC, ACSC");
    chain.check(payment(), &all(INDUS), "ACCC");
    chain.replay();
}

#[test]
fn both_in_one_block_have_one_effect() {
    let mut chain = Chain::new();
    let payment = pay(INDUS, RAVI, "10 PKR", "a");
    let first = chain.sign(payment.clone(), &[maker(INDUS)]);
    let second = chain.sign(payment, &[second_maker(INDUS)]);
    assert_eq!(say(&chain.block(&[first, second])), "ACSC, ACSC");
    chain.check_balances(&[("INDUS-PKR", "5999990.00")]);
}

#[test]
fn another_instruction_under_the_same_reference_is_refused() {
    let mut chain = Chain::new();
    let conflict = "RJCT DU03 UETR_CONFLICT";
    chain.check(pay(INDUS, RAVI, "10 PKR", "a"), &all(INDUS), "ACSC");
    chain.check(pay(INDUS, RAVI, "10.01 PKR", "a"), &all(INDUS), conflict);
    chain.check(pay(INDUS, NARYN, "10 PKR", "a"), &all(INDUS), conflict);
    let later = chain.now().after(HOUR);
    chain.check(
        hold(INDUS, RAVI, "10 PKR", "a", later),
        &all(INDUS),
        conflict,
    );
    chain.check(issue_request(INDUS, "10 PKR", "a"), &all(INDUS), conflict);
    chain.check(redeem_request(INDUS, "10 PKR", "a"), &all(INDUS), conflict);
    // The stored answer of the first is still what it was.
    chain.check(pay(INDUS, RAVI, "10 PKR", "a"), &all(INDUS), "ACSC");
}

#[test]
fn the_reference_is_taken_as_soon_as_one_signer_of_the_agent_is_there() {
    let mut chain = Chain::new();
    chain.check(pay(INDUS, RAVI, "5000 PKR", "a"), &[maker(INDUS)], "PATC");
    let other = pay(INDUS, RAVI, "6000 PKR", "a");
    chain.check(other, &all(INDUS), "RJCT DU03 UETR_CONFLICT");
}

#[test]
fn the_same_reference_of_another_institution_is_another_payment() {
    let mut chain = Chain::new();
    chain.check(pay(INDUS, RAVI, "10 PKR", "a"), &all(INDUS), "ACSC");
    chain.check(pay(RAVI, INDUS, "20 PKR", "a"), &all(RAVI), "ACSC");
    chain.check(
        pay(RAVI, INDUS, "21 PKR", "a"),
        &all(RAVI),
        "RJCT DU03 UETR_CONFLICT",
    );
    chain.check_balances(&[("INDUS-PKR", "6000010.00")]);
}

#[test]
fn a_refusal_uses_the_reference_up() {
    let mut chain = Chain::new();
    let unfunded = "RJCT AM04 INSUFFICIENT_FUNDS";
    let payment = || pay(TALAS, INDUS, "500 PKR", "a");
    chain.check(payment(), &all(TALAS), unfunded);
    chain.check(pay(INDUS, TALAS, "900 PKR", "funding"), &all(INDUS), "ACSC");
    chain.check(payment(), &all(TALAS), unfunded);
    let smaller = pay(TALAS, INDUS, "400 PKR", "a");
    chain.check(smaller, &all(TALAS), "RJCT DU03 UETR_CONFLICT");
    chain.check(pay(TALAS, INDUS, "500 PKR", "b"), &all(TALAS), "ACSC");
}

#[test]
fn a_reference_of_a_bulk_or_linked_payment_is_taken_like_any_other() {
    let mut chain = Chain::new();
    let conflict = "RJCT DU03 UETR_CONFLICT";
    let two = bulk(vec![
        pay(INDUS, RAVI, "1 PKR", "a"),
        pay(INDUS, RAVI, "2 PKR", "b"),
    ]);
    chain.check(two.clone(), &all(INDUS), "ACSC, ACSC");
    chain.check(two, &all(INDUS), "ACSC, ACSC");
    // The same terms, but another instruction.
    chain.check(pay(INDUS, RAVI, "1 PKR", "a"), &all(INDUS), conflict);
    chain.check_balances(&[("INDUS-PKR", "5999997.00")]);
}

#[test]
fn the_memory_of_a_reference_ends_with_its_retention() {
    let mut chain = Chain::new();
    let payment = chain.sign(pay(INDUS, RAVI, "10 PKR", "a"), &all(INDUS));
    let kept_until = payment.valid_until.after(RETENTION);
    chain.block(&[payment]);
    chain.at(kept_until);
    let other = || pay(INDUS, RAVI, "11 PKR", "a");
    chain.check(other(), &all(INDUS), "RJCT DU03 UETR_CONFLICT");
    chain.after(millis(1));
    chain.check(other(), &all(INDUS), "ACSC");
}
