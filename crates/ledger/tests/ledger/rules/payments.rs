//! Payments: between institutions for themselves, for customers, between accounts of several classes.

use crate::support::*;
use karwan_ledger::{Pay, PaymentKind};
use karwan_types::AgentIdentification;

/// For a customer of `from`, out of the account with its clients' money.
fn for_a_client(from: Institution, to: Institution, sum: &str, name: &str) -> Pay {
    with(pay(from, to, sum, name), |terms| {
        terms.kind = PaymentKind::Customer;
        terms.debtor_account = Some(account(&format!("{}-CLIENTS", from.name)));
    })
}

#[test]
fn a_signed_payment_settles_and_moves_the_money() {
    let mut chain = Chain::new();
    chain.check(pay(INDUS, NARYN, "10.50 PKR", "rent"), &all(INDUS), "ACSC");
    chain.check_balances(&[("INDUS-PKR", "5999989.50"), ("NARYN-PKR", "500010.50")]);
    chain.replay();
}

#[test]
fn an_institution_is_named_by_bic_member_number_or_lei_and_each_names_the_same() {
    let names: [AgentIdentification; 3] = [
        NARYN.agent(),
        "KGBIK:109001".parse().unwrap(),
        AgentIdentification::Lei(NARYN.lei()),
    ];
    let mut chain = Chain::new();
    for (index, name) in names.into_iter().enumerate() {
        let named = with(pay(NARYN, INDUS, "1 PKR", &format!("{index}")), |terms| {
            terms.debtor_agent = name;
        });
        chain.check(named, &all(NARYN), "ACSC");
    }
    chain.check_balances(&[("NARYN-PKR", "499997.00")]);
}

#[test]
fn accounts_are_the_institutions_settlement_accounts_unless_the_instruction_names_others() {
    let mut chain = Chain::new();
    let named = with(pay(INDUS, NARYN, "20 PKR", "a"), |terms| {
        terms.debtor_account = Some(account("INDUS-PKR-X-DEBIT-ONLY"));
        terms.creditor_account = Some(account("NARYN-CLIENTS"));
    });
    chain.check(named, &all(INDUS), "ACSC");
    chain.check_balances(&[
        ("INDUS-PKR-X-DEBIT-ONLY", "480.00"),
        ("NARYN-CLIENTS", "20.00"),
    ]);
}

#[test]
fn a_blocked_direction_leaves_the_other_open() {
    let mut chain = Chain::new();
    let to = |number: &str, name: &str| {
        with(pay(INDUS, RAVI, "1 PKR", name), |terms| {
            terms.creditor_account = Some(account(number));
        })
    };
    let from = |number: &str, name: &str| {
        with(pay(RAVI, INDUS, "1 PKR", name), |terms| {
            terms.debtor_account = Some(account(number));
        })
    };
    let blocked = "RJCT AC06 ACCOUNT_BLOCKED";
    chain.check(to("RAVI-PKR-X-CREDIT-ONLY", "a"), &all(INDUS), "ACSC");
    chain.check(from("RAVI-PKR-X-CREDIT-ONLY", "b"), &all(RAVI), blocked);
    chain.check(to("RAVI-PKR-X-DEBIT-ONLY", "c"), &all(INDUS), blocked);
    chain.check(from("RAVI-PKR-X-DEBIT-ONLY", "d"), &all(RAVI), "ACSC");
}

#[test]
fn the_whole_balance_can_be_paid_and_not_one_paisa_more() {
    let mut chain = Chain::new();
    let too_much = pay(NARYN, INDUS, "500000.01 PKR", "too much");
    chain.check(too_much, &all(NARYN), "RJCT AM04 INSUFFICIENT_FUNDS");
    chain.check(pay(NARYN, INDUS, "500000 PKR", "all"), &all(NARYN), "ACSC");
    chain.check_balances(&[("NARYN-PKR", "0.00")]);
    let one_more = pay(NARYN, INDUS, "1 PKR", "one more");
    chain.check(one_more, &all(NARYN), "RJCT AM04 INSUFFICIENT_FUNDS");
}

#[test]
fn client_money_pays_for_clients() {
    let mut chain = Chain::new();
    chain.check(
        for_a_client(INDUS, NARYN, "50 PKR", "a"),
        &all(INDUS),
        "ACSC",
    );
    chain.check_balances(&[("INDUS-CLIENTS", "199950.00"), ("NARYN-PKR", "500050.00")]);
}

#[test]
fn client_money_never_pays_for_the_house() {
    let mut chain = Chain::new();
    let for_itself = with(for_a_client(INDUS, NARYN, "50 PKR", "a"), |terms| {
        terms.kind = PaymentKind::FinancialInstitution;
    });
    chain.check(for_itself, &all(INDUS), "RJCT AC13 DEBTOR_ACCOUNT_CLASS");
    let to_itself = for_a_client(INDUS, INDUS, "50 PKR", "b");
    chain.check(to_itself, &all(INDUS), "RJCT AC14 CREDITOR_ACCOUNT_CLASS");
    let held = hold(INDUS, INDUS, "50 PKR", "c", chain.now().after(HOUR));
    let mut held = held;
    held.payment.kind = PaymentKind::Customer;
    held.payment.debtor_account = Some(account("INDUS-CLIENTS"));
    chain.check(held, &all(INDUS), "RJCT AC14 CREDITOR_ACCOUNT_CLASS");
    // The other way round, the house may put money in.
    let in_favour = with(pay(INDUS, INDUS, "50 PKR", "d"), |terms| {
        terms.creditor_account = Some(account("INDUS-CLIENTS"));
    });
    chain.check(in_favour, &all(INDUS), "ACSC");
    // What the clients were given cannot be taken back as a return.
    let back = send_back(INDUS, "d", "50 PKR", "e");
    chain.check(back, &all(INDUS), "RJCT AC14 CREDITOR_ACCOUNT_CLASS");
}

#[test]
fn nobody_pays_from_or_to_a_central_banks_contra_account() {
    let mut chain = Chain::new();
    let from = with(pay(PK_ISSUER, INDUS, "1 PKR", "a"), |terms| {
        terms.debtor_account = Some(account(&contra("PKR")));
    });
    chain.check(from, &all(PK_ISSUER), "RJCT AC13 DEBTOR_ACCOUNT_CLASS");
    let to = with(pay(INDUS, PK_ISSUER, "1 PKR", "b"), |terms| {
        terms.creditor_account = Some(account(&contra("PKR")));
    });
    chain.check(to, &all(INDUS), "RJCT AC14 CREDITOR_ACCOUNT_CLASS");
}

#[test]
fn nobody_pays_from_another_institutions_account() {
    let mut chain = Chain::new();
    let theft = with(pay(INDUS, NARYN, "1 PKR", "a"), |terms| {
        terms.debtor_account = Some(account("RAVI-PKR"));
    });
    chain.check(theft, &all(INDUS), "RJCT AC02 DEBTOR_ACCOUNT_MISSING");
    let misdirected = with(pay(INDUS, NARYN, "1 PKR", "b"), |terms| {
        terms.creditor_account = Some(account("RAVI-PKR"));
    });
    chain.check(
        misdirected,
        &all(INDUS),
        "RJCT AC03 CREDITOR_ACCOUNT_MISSING",
    );
}
