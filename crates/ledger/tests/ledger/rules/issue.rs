//! Issue and redemption: only a currency's central bank makes and takes its money, each time for one movement of the RTGS
//! account.

use crate::support::*;
use karwan_ledger::{Genesis, State};

fn outstanding(state: &State) -> String {
    let row = state.account(&account(&contra("PKR"))).unwrap();
    karwan_types::balance_to_decimal(-row.posted, row.currency)
}

#[test]
fn a_request_waits_for_the_central_bank_and_is_then_credited() {
    let mut chain = Chain::new();
    assert_eq!(outstanding(&chain.state), "8703000.00");
    chain.check(
        issue_request(INDUS, "1000 PKR", "a"),
        &[maker(INDUS)],
        "PDNG",
    );
    chain.check_balances(&[("INDUS-PKR", "6000000.00")]);
    chain.check(issue(INDUS, "a", "CR-1"), &[maker(PK_ISSUER)], "PATC");
    let approve = chain.approve(issue(INDUS, "a", "CR-1"));
    chain.check(approve, &[checker(PK_ISSUER)], "ACSC, ACSC, ACSC");
    chain.check_balances(&[("INDUS-PKR", "6001000.00")]);
    assert_eq!(outstanding(&chain.state), "8704000.00");
    let done = "RJCT NARR ORIGINAL_STATUS";
    chain.check(issue(INDUS, "a", "CR-2"), &all(PK_ISSUER), done);
    chain.replay();
}

#[test]
fn a_redemption_holds_the_money_until_the_central_bank_has_paid_it_out() {
    let mut chain = Chain::new();
    let request = redeem_request(NARYN, "2000000 KGS", "a");
    chain.check(request, &all(NARYN), "PDNG");
    chain.check_balances(&[("NARYN-KGS", "3000000.00 of which 2000000.00 held")]);
    let confirm = redeem_confirm(NARYN, "a", "DR-1");
    chain.check(confirm, &all(KG_ISSUER), "ACSC, ACSC");
    chain.check_balances(&[("NARYN-KGS", "1000000.00"), ("KGS-CONTRA", "-2080000.00")]);
    let som = chain.state.currency(&code("KGS")).unwrap();
    assert_eq!(som.redeemed, money("2000000 KGS").1);
    chain.replay();
}

#[test]
fn a_declined_redemption_releases_the_money() {
    let mut chain = Chain::new();
    chain.check(redeem_request(NARYN, "500 KGS", "a"), &all(NARYN), "PDNG");
    chain.check(redeem_cancel(NARYN, "a"), &all(KG_ISSUER), "CANC, ACSC");
    chain.check_balances(&[("NARYN-KGS", "3000000.00")]);
    let done = "RJCT NARR ORIGINAL_STATUS";
    chain.check(redeem_confirm(NARYN, "a", "DR-1"), &all(KG_ISSUER), done);
}

#[test]
fn only_the_issuer_answers_and_only_for_its_own_currency() {
    let mut chain = Chain::new();
    chain.check(issue_request(INDUS, "10 PKR", "a"), &all(INDUS), "PDNG");
    chain.check(redeem_request(INDUS, "10 PKR", "b"), &all(INDUS), "PDNG");
    let not_allowed = "RJCT DS0G SIGNER_NOT_ALLOWED";
    for other in [INDUS, KG_ISSUER] {
        chain.check(issue(INDUS, "a", "CR-1"), &all(other), not_allowed);
        chain.check(redeem_confirm(INDUS, "b", "DR-1"), &all(other), not_allowed);
        chain.check(redeem_cancel(INDUS, "b"), &all(other), not_allowed);
    }
    let wrong_kind = "RJCT NARR ORIGINAL_KIND";
    chain.check(issue(INDUS, "b", "CR-1"), &all(PK_ISSUER), wrong_kind);
    chain.check(
        redeem_confirm(INDUS, "a", "DR-1"),
        &all(PK_ISSUER),
        wrong_kind,
    );
    chain.check(redeem_cancel(INDUS, "a"), &all(PK_ISSUER), wrong_kind);
}

#[test]
fn each_movement_of_the_rtgs_account_backs_one_issue_or_redemption() {
    let mut chain = Chain::new();
    for name in ["a", "b"] {
        chain.check(issue_request(INDUS, "10 PKR", name), &all(INDUS), "PDNG");
    }
    chain.check(redeem_request(INDUS, "10 PKR", "c"), &all(INDUS), "PDNG");
    chain.check(issue_request(NARYN, "10 KGS", "d"), &all(NARYN), "PDNG");
    chain.check(issue(INDUS, "a", "REF-1"), &all(PK_ISSUER), "ACSC, ACSC");
    let used = "RJCT DU03 REFERENCE_CONFLICT";
    chain.check(issue(INDUS, "b", "REF-1"), &all(PK_ISSUER), used);
    chain.check(redeem_confirm(INDUS, "c", "REF-1"), &all(PK_ISSUER), used);
    // The refusals left the requests open, and another RTGS system has references of its own.
    chain.check(issue(NARYN, "d", "REF-1"), &all(KG_ISSUER), "ACSC, ACSC");
    chain.check(issue(INDUS, "b", "REF-2"), &all(PK_ISSUER), "ACSC, ACSC");
    chain.check(
        redeem_confirm(INDUS, "c", "REF-3"),
        &all(PK_ISSUER),
        "ACSC, ACSC",
    );
}

#[test]
fn no_more_is_outstanding_than_the_supply_cap() {
    let mut chain = Chain::new();
    // 20,000,000 less what is outstanding already.
    chain.check(
        issue_request(INDUS, "11297000 PKR", "most"),
        &all(INDUS),
        "PDNG",
    );
    chain.check(
        issue_request(INDUS, "0.01 PKR", "more"),
        &all(INDUS),
        "PDNG",
    );
    chain.check(issue(INDUS, "most", "CR-1"), &all(PK_ISSUER), "ACSC, ACSC");
    let capped = "RJCT AM13 SUPPLY_CAP";
    chain.check(issue(INDUS, "more", "CR-2"), &all(PK_ISSUER), capped);
    // A redemption makes room.
    chain.check(redeem_request(INDUS, "5 PKR", "back"), &all(INDUS), "PDNG");
    chain.check(issue(INDUS, "more", "CR-2"), &all(PK_ISSUER), capped);
    chain.check(
        redeem_confirm(INDUS, "back", "DR-1"),
        &all(PK_ISSUER),
        "ACSC, ACSC",
    );
    chain.check(issue(INDUS, "more", "CR-2"), &all(PK_ISSUER), "ACSC, ACSC");
}

#[test]
fn only_domestic_banks_ask() {
    let mut chain = Chain::new();
    let not_permitted = "RJCT AG03 NOT_PERMITTED";
    chain.check(
        issue_request(NARYN, "10 PKR", "a"),
        &all(NARYN),
        not_permitted,
    );
    chain.check(
        redeem_request(NARYN, "10 PKR", "b"),
        &all(NARYN),
        not_permitted,
    );
    chain.check(
        issue_request(PK_ISSUER, "10 PKR", "c"),
        &all(PK_ISSUER),
        not_permitted,
    );
    let mut document = network();
    for participant in &mut document.participants {
        if participant.lei == INDUS.lei() {
            participant.kind = karwan_ledger::ParticipantKind::Vasp;
        }
    }
    let mut chain = Chain::from_genesis(&Genesis::new(document).unwrap());
    chain.check(
        issue_request(INDUS, "10 PKR", "a"),
        &all(INDUS),
        not_permitted,
    );
    chain.check(
        redeem_request(INDUS, "10 PKR", "b"),
        &all(INDUS),
        not_permitted,
    );
}

#[test]
fn requests_are_taken_in_the_issuers_hours_and_transfers_always() {
    let check = |moment: &str, request: &str| {
        let mut chain = Chain::new();
        chain.at(time(moment));
        chain.check(issue_request(INDUS, "10 PKR", "a"), &all(INDUS), request);
        chain.check(redeem_request(INDUS, "10 PKR", "b"), &all(INDUS), request);
        chain.check(pay(INDUS, RAVI, "10 PKR", "c"), &all(INDUS), "ACSC");
    };
    let closed = "RJCT TM01 ISSUER_WINDOW_CLOSED";
    // From 8 to 18 o'clock in Pakistan is from 3 to 13 in UTC.
    check("2026-11-23T12:59:58.000Z", "PDNG");
    check("2026-11-23T13:00:00.000Z", closed);
    check("2026-11-24T02:59:57.000Z", closed);
    check("2026-11-24T03:00:00.000Z", "PDNG");
}

#[test]
fn no_more_is_redeemed_than_is_available() {
    let mut chain = Chain::new();
    let unfunded = "RJCT AM04 INSUFFICIENT_FUNDS";
    let all_of_it = redeem_request(TALAS, "50000.01 KGS", "a");
    chain.check(all_of_it, &all(TALAS), unfunded);
    chain.check(redeem_request(TALAS, "50000 KGS", "b"), &all(TALAS), "PDNG");
    chain.check(pay(TALAS, NARYN, "1 KGS", "c"), &all(TALAS), unfunded);
}

#[test]
fn an_answer_needs_its_request() {
    let mut chain = Chain::new();
    let unknown = "RJCT NOOR ORIGINAL_UNKNOWN";
    chain.check(issue(INDUS, "a", "CR-1"), &all(PK_ISSUER), unknown);
    chain.check(redeem_confirm(INDUS, "a", "CR-1"), &all(PK_ISSUER), unknown);
    chain.check(
        issue_request(INDUS, "5000 PKR", "a"),
        &[maker(INDUS)],
        "PATC",
    );
    let waiting = "RJCT NARR ORIGINAL_STATUS";
    chain.check(issue(INDUS, "a", "CR-1"), &all(PK_ISSUER), waiting);
}
