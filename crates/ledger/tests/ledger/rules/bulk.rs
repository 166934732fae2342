//! Bulk payments: one set of signatures, each payment with its own answer, in order.

use crate::support::*;
use karwan_ledger::{BULK_PAYMENTS_MAX, Operation, PayBulk};

#[test]
fn each_payment_of_a_bulk_has_its_own_answer() {
    let mut chain = Chain::new();
    chain.check(pay(NARYN, INDUS, "1 PKR", "taken"), &all(NARYN), "ACSC");
    let payments = bulk(vec![
        pay(NARYN, INDUS, "300000 PKR", "a"),
        pay(NARYN, RAVI, "300000 PKR", "b"),
        pay(NARYN, RAVI, "100000 PKR", "c"),
        pay(NARYN, RAVI, "5 PKR", "taken"),
        with(pay(NARYN, RAVI, "5 PKR", "d"), |terms| {
            terms.creditor_agent = "NOSUCHPK".parse().unwrap();
        }),
        pay(NARYN, RAVI, "99999 PKR", "e"),
    ]);
    // Check 5 comes before the others, so the conflicting one is answered first.
    let answers = "RJCT DU03 UETR_CONFLICT, ACSC, RJCT AM04 INSUFFICIENT_FUNDS, ACSC, \
                   RJCT CNOR CREDITOR_AGENT_UNKNOWN, ACSC";
    chain.check(payments, &all(NARYN), answers);
    chain.check_balances(&[("NARYN-PKR", "0.00"), ("RAVI-PKR", "2199999.00")]);
    chain.replay();
}

#[test]
fn a_bulk_is_released_by_its_sum_so_that_a_large_payment_cannot_pass_as_many_small_ones() {
    let mut chain = Chain::new();
    let of = |each: &str, name: &str| {
        let payments = ["x", "y"].map(|part| pay(INDUS, RAVI, each, &format!("{name}{part}")));
        bulk(payments.into())
    };
    chain.check(of("500 PKR", "a"), &[maker(INDUS)], "ACSC, ACSC");
    chain.check(of("500.01 PKR", "b"), &[maker(INDUS)], "PATC, PATC");
    let approve = chain.approve(of("500.01 PKR", "b"));
    chain.check(approve, &[checker(INDUS)], "ACSC, ACSC, ACSC");
}

#[test]
fn a_payment_cancelled_while_the_bulk_waits_does_not_settle_with_it() {
    let mut chain = Chain::new();
    let payments = || {
        bulk(vec![
            pay(INDUS, RAVI, "5000 PKR", "a"),
            pay(INDUS, RAVI, "6000 PKR", "b"),
        ])
    };
    chain.check(payments(), &[maker(INDUS)], "PATC, PATC");
    chain.check(cancel(INDUS, "a"), &all(INDUS), "CANC, ACSC");
    chain.check(chain.approve(payments()), &[checker(INDUS)], "ACSC, ACSC");
    chain.check_balances(&[("RAVI-PKR", "2006000.00")]);
    chain.check(payments(), &all(INDUS), "CANC, ACSC");
}

#[test]
fn a_bulk_has_one_debtor_one_currency_and_its_own_references() {
    let check = |payments: PayBulk, rule: &str| {
        let rejection = Operation::from(payments).check_alone().unwrap_err();
        assert_eq!(rejection.to_string(), format!("payments {rule}"));
    };
    let one = || pay(INDUS, RAVI, "1 PKR", "a");
    check(bulk(vec![]), "must not be empty");
    let same_debtor = "must all have one debtor agent and one currency";
    check(
        bulk(vec![one(), pay(RAVI, INDUS, "1 PKR", "b")]),
        same_debtor,
    );
    check(
        bulk(vec![one(), pay(INDUS, RAVI, "1 KGS", "b")]),
        same_debtor,
    );
    check(bulk(vec![one(), one()]), "must each have their own UETR");
    let many: Vec<_> = (0..=BULK_PAYMENTS_MAX)
        .map(|index| pay(INDUS, RAVI, "1 PKR", &index.to_string()))
        .collect();
    check(bulk(many.clone()), "must be at most 1000");
    let most = bulk(many[1..].to_vec());
    assert!(Operation::from(most).check_alone().is_ok());
}
