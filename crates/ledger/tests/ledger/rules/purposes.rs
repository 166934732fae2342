//! §8 and check 11: what payments for customers may be made for, by corridor.

use crate::model::worlds::{corridor, purpose, purposes};
use crate::support::*;
use karwan_ledger::{
    CorridorRule, GenesisDocument, OnShortage, PartyCommitment, PartyDatum, Pay, PaymentKind,
};
use karwan_types::Hash;

fn with_table() -> GenesisDocument {
    let mut document = network();
    document.rulebook.common.purposes = purposes();
    document
}
/// A customer's payment for a purpose, perhaps with a national code.
fn for_purpose(from: Institution, to: Institution, sum: &str, name: &str, purpose: &str) -> Pay {
    let mut codes = purpose.split('/');
    with(pay(from, to, sum, name), |terms| {
        terms.kind = PaymentKind::Customer;
        let code = codes.next().filter(|code| !code.is_empty());
        terms.purpose = code.map(|code| code.parse().expect("a code"));
        terms.local_purpose = codes.next().map(|code| code.parse().expect("a code"));
    })
}
fn reported(pay: Pay) -> Pay {
    with(pay, |terms| {
        terms.commitments = vec![PartyCommitment {
            datum: PartyDatum::RegulatoryReporting,
            commitment: Hash::from_bytes([4; 32]),
        }];
    })
}

#[test]
fn a_customers_payment_in_a_corridor_with_a_table_is_judged_by_its_purpose() {
    let cases = [
        ("", "RJCT FF07 PURPOSE_MISSING"),
        ("CASH", "RJCT FF07 PURPOSE_UNKNOWN"),
        ("SALA", "RJCT RR04 PURPOSE_FORBIDDEN"),
        ("LOAN", "RJCT RR05 REPORTING_MISSING"),
        ("GDDS", "ACSC"),
        ("GDDS/9101", "ACSC"),
        ("GDDS/55101010", "ACSC"),
        // Of another purpose, of no list, of another country's form.
        ("GDDS/9202", "RJCT FF07 LOCAL_PURPOSE"),
        ("GDDS/1234", "RJCT FF07 LOCAL_PURPOSE"),
        ("GDDS/551010101", "RJCT FF07 LOCAL_PURPOSE"),
    ];
    let mut chain = Chain::of(with_table());
    for (index, (purpose, expected)) in cases.into_iter().enumerate() {
        let name = format!("payment {index}");
        let payment = for_purpose(INDUS, NARYN, "10 PKR", &name, purpose);
        chain.check(payment, &all(INDUS), expected);
    }
    let above = for_purpose(INDUS, NARYN, "2000.01 PKR", "above", "GDDS");
    chain.check(above, &all(INDUS), "RJCT AM14 PURPOSE_CAP");
    let other = for_purpose(INDUS, NARYN, "2001 KGS", "som", "GDDS");
    chain.check(other, &all(INDUS), "ACSC");
    let loan = reported(for_purpose(INDUS, NARYN, "10 PKR", "loan", "LOAN"));
    chain.check(loan, &all(INDUS), "ACSC");
}

#[test]
fn institutions_own_payments_and_corridors_without_a_table_need_no_purpose() {
    let mut chain = Chain::of(with_table());
    chain.check(pay(INDUS, NARYN, "10 PKR", "own"), &all(INDUS), "ACSC");
    let domestic = for_purpose(INDUS, RAVI, "10 PKR", "home", "");
    chain.check(domestic, &all(INDUS), "ACSC");
    // From anywhere to Kazakhstan.
    let abroad = for_purpose(INDUS, TOBOL, "10 KGS", "abroad", "");
    chain.check(abroad, &all(INDUS), "RJCT FF07 PURPOSE_MISSING");
}

#[test]
fn the_rule_that_names_more_of_the_corridor_decides() {
    let mut chain = Chain::of(with_table());
    // To Pakistan the particular rule asks for documents; elsewhere the general one does not.
    let to_pakistan = for_purpose(NARYN, INDUS, "10 KGS", "one", "GDDS");
    chain.check(to_pakistan, &all(NARYN), "RJCT RR05 REPORTING_MISSING");
    let elsewhere = for_purpose(NARYN, ZARAFSHAN, "10 KGS", "two", "GDDS");
    chain.check(elsewhere, &all(NARYN), "ACSC");
}

#[test]
fn a_payment_that_waits_is_judged_again_and_a_hold_when_it_is_made() {
    let mut document = with_table();
    document.rulebook.common.queue.days_ahead_max = 1;
    document.rulebook.common.queue.waiting_max_ms = millis(3 * 3_600_000);
    let mut chain = Chain::of(document);
    let from = chain.upcoming().after(millis(2 * 3_600_000));
    let parked = with(
        for_purpose(INDUS, NARYN, "10 PKR", "parked", "GDDS"),
        |terms| {
            terms.from_time = Some(from);
            terms.on_shortage = OnShortage::Queue;
        },
    );
    chain.check(parked, &all(INDUS), "PDNG");
    let mut held = hold(INDUS, NARYN, "10 PKR", "hold", chain.now().after(HOUR));
    held.payment = for_purpose(INDUS, NARYN, "10 PKR", "hold", "SALA").payment;
    chain.check(held, &all(INDUS), "RJCT RR04 PURPOSE_FORBIDDEN");
    let proposal = super::rulebook::proposal(&chain, |rulebook| {
        let corridors = &mut rulebook.common.purposes.corridors;
        for rule in corridors
            .iter_mut()
            .filter(|rule| rule.purpose.as_str() == "GDDS")
        {
            rule.allowed = false;
        }
    });
    let activates = proposal.activates;
    let governors: Vec<_> = ["PK", "KG", "KZ", "UZ"].map(governor).into();
    chain.check(proposal, &governors, "PDNG");
    chain.at(activates).check_time("ACSC");
    chain.at(from).check_time("RJCT RR04 PURPOSE_FORBIDDEN");
}

#[test]
fn a_table_is_sound_only_if_its_lists_are_in_order_and_its_codes_are_of_their_form() {
    let sound = with_table().rulebook;
    assert!(sound.check().is_ok());
    let table = &sound.common.purposes;
    let check = |edit: &dyn Fn(&mut karwan_ledger::PurposeRules), expected: &str| {
        let mut rulebook = sound.clone();
        edit(&mut rulebook.common.purposes);
        let problem = rulebook.check().unwrap_err().to_string();
        assert!(problem.contains(expected), "{problem}");
    };
    check(&|table| table.codes.reverse(), "in order");
    check(
        &|table| table.forms[0].digits = 7,
        "of the form of its country",
    );
    check(&|table| table.forms[0].digits = 0, "digits");
    check(
        &|table| table.codes[1] = purpose("LOAN", &[("KZ", "9202")]),
        "of the form of its country",
    );
    check(
        &|table| table.corridors[0] = corridor(None, Some("KZ"), "TRAD"),
        "not in the list",
    );
    let twice = |table: &mut karwan_ledger::PurposeRules| {
        let first: CorridorRule = table.corridors[0].clone();
        table.corridors.insert(0, first);
    };
    check(&twice, "each once and in order");
    // A national code says what a message is for that gives nothing else.
    let local = |code: &str| {
        table
            .of_local(&code.parse().unwrap())
            .map(ToString::to_string)
    };
    assert_eq!(local("9202").as_deref(), Some("LOAN"));
    assert_eq!(local("55101010").as_deref(), Some("GDDS"));
    assert_eq!(local("0000"), None);
}
