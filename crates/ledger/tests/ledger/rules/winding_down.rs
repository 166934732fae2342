//! §9: how licences end: winding down, blocked accounts, and what becomes of quotes, holds and redemptions meanwhile.

use super::licences::{
    apply, grant, licensed, licensing, regulators, reinstate, suspend, wind_down,
};
use crate::support::*;
use karwan_ledger::{
    AccountStatus, GenesisLicence, LicenceScope, LicenceSurrender, Money, Permission,
    QueuedPayments, QuoteStatus,
};
use karwan_types::{DurationMs, Timestamp};

const DAY: DurationMs = DurationMs::from_millis(86_400_000);

fn surrender(of: Institution) -> LicenceSurrender {
    LicenceSurrender {
        agent: of.agent(),
        activity: "SETTLEMENT".parse().unwrap(),
    }
}
fn account_status(chain: &Chain, number: &str) -> AccountStatus {
    chain.state.account(&account(number)).unwrap().status
}

#[test]
fn however_a_licence_ends_it_is_wound_down_and_then_the_accounts_are_blocked() {
    for expires in [true, false] {
        let mut chain = Chain::of(licensing());
        chain.check(apply(INDUS, "SETTLEMENT"), &all(INDUS), "ACSC");
        let until = chain.upcoming().after(HOUR);
        chain.check(grant(INDUS, "SETTLEMENT", until), &regulators(), "ACSC");
        chain.check(pay(NARYN, INDUS, "1.00 PKR", "in"), &all(NARYN), "ACSC");
        if expires {
            chain.at(until).check_time("CANC");
        } else {
            chain.check(surrender(INDUS), &all(INDUS), "ACSC");
        }
        let over = chain.now().after(wind_down());
        let refused = "RJCT AG03 NO_LICENCE";
        chain.check(pay(INDUS, NARYN, "1.00 PKR", "out"), &all(INDUS), refused);
        let back = send_back(NARYN, "in", "1.00 PKR", "back");
        chain.check(back, &all(INDUS), "ACSC");
        chain.check(redeem_request(INDUS, "5.00 PKR", "r"), &all(INDUS), "PDNG");
        // Nobody escapes the end of the winding down by applying anew.
        let open = "RJCT NARR LICENCE_STATUS";
        chain.check(apply(INDUS, "SETTLEMENT"), &all(INDUS), open);
        chain.at(Timestamp::from_millis(over.millis() - 1));
        chain.check_time("");
        chain.at(over).check_time("CANC");
        let blocked = AccountStatus::Blocked;
        assert_eq!(account_status(&chain, "INDUS-PKR"), blocked);
        chain.check(apply(INDUS, "SETTLEMENT"), &all(INDUS), "ACSC");
        chain.replay();
    }
}

#[test]
fn an_application_that_is_taken_back_is_not_wound_down() {
    let mut chain = Chain::of(licensing());
    chain.check(apply(INDUS, "SETTLEMENT"), &all(INDUS), "ACSC");
    chain.check(surrender(INDUS), &all(INDUS), "ACSC");
    chain.check(apply(INDUS, "SETTLEMENT"), &all(INDUS), "ACSC");
    chain.after(wind_down()).check_time("");
}

#[test]
fn a_licence_that_has_expired_can_be_granted_again_while_it_is_wound_down() {
    let mut chain = Chain::of(licensing());
    chain.check(apply(INDUS, "SETTLEMENT"), &all(INDUS), "ACSC");
    let until = chain.upcoming().after(HOUR);
    chain.check(grant(INDUS, "SETTLEMENT", until), &regulators(), "ACSC");
    chain.at(until).check_time("CANC");
    let renewed = grant(INDUS, "SETTLEMENT", chain.upcoming().after(DAY));
    chain.check(renewed, &regulators(), "ACSC");
    chain.check(pay(INDUS, NARYN, "1.00 PKR", "on"), &all(INDUS), "ACSC");
    assert_eq!(account_status(&chain, "INDUS-PKR"), AccountStatus::Open);
}

#[test]
fn a_new_licence_reopens_what_the_winding_down_has_blocked_and_nothing_else() {
    let numbers = [
        "INDUS-PKR",
        "INDUS-CLIENTS",
        "INDUS-PKR-X-BLOCKED",
        "INDUS-PKR-X-CLOSED",
        "INDUS-PKR-X-CREDIT-ONLY",
        "INDUS-PKR-X-DEBIT-ONLY",
    ];
    let mut chain = licensed(&["SETTLEMENT"]);
    let before = numbers.map(|number| account_status(&chain, number));
    chain.check(surrender(INDUS), &all(INDUS), "ACSC");
    chain.after(wind_down()).check_time("CANC");
    for number in numbers {
        let blocked = account_status(&chain, number);
        let closed = AccountStatus::Closed;
        assert!(blocked == AccountStatus::Blocked || blocked == closed);
    }
    let in_between = "RJCT AC06 ACCOUNT_BLOCKED";
    chain.check(apply(INDUS, "SETTLEMENT"), &all(INDUS), "ACSC");
    let order = grant(INDUS, "SETTLEMENT", chain.upcoming().after(DAY));
    chain.check(order, &regulators(), "ACSC");
    assert_eq!(numbers.map(|number| account_status(&chain, number)), before);
    chain.check(pay(INDUS, NARYN, "1.00 PKR", "on"), &all(INDUS), "ACSC");
    let blocked = with(pay(INDUS, NARYN, "1.00 PKR", "off"), |terms| {
        terms.debtor_account = Some(account("INDUS-PKR-X-BLOCKED"));
    });
    chain.check(blocked, &all(INDUS), in_between);
    chain.replay();
}

#[test]
fn quotes_that_no_licence_covers_any_more_are_withdrawn() {
    let mut document = licensing();
    let permissions = &mut document.rulebook.national[0].activities[1].permissions;
    permissions.push(Permission::Exchange);
    permissions.sort_unstable();
    let until = document.time.after(HOUR);
    for participant in &mut document.participants {
        if participant.lei == INDUS.lei() {
            participant.licences = vec![GenesisLicence {
                activity: "SETTLEMENT".parse().unwrap(),
                scope: LicenceScope::default(),
                until,
            }];
        }
    }
    let quoted = |chain: &mut Chain, name: &str| {
        let mut quote = rupees_for_som(chain, name);
        quote.expires = chain.upcoming().after(HOUR);
        chain.check(quote, &all(INDUS), "ACSC");
    };
    let is_open = |chain: &Chain, name: &str| {
        let (_, quote) = chain
            .state
            .quotes()
            .find(|(key, _)| key.uetr == uetr(name))
            .unwrap();
        quote.status == QuoteStatus::Open
    };
    let mut chain = Chain::of(document);
    let fix = rate_fix("KGS", "PKR", "3.2", "2026-11-23");
    chain.check(fix, &together(&[PK_ISSUER, KG_ISSUER]), "ACSC");
    quoted(&mut chain, "first");
    // A variation that still covers it leaves it; one that does not takes it back.
    let mut order = grant(INDUS, "SETTLEMENT", until);
    order.scope.currencies = vec![code("PKR")];
    chain.check(order.clone(), &regulators(), "ACSC");
    assert!(is_open(&chain, "first"));
    order.scope.currencies = vec![code("KGS")];
    chain.check(order.clone(), &regulators(), "ACSC");
    assert!(!is_open(&chain, "first"), "out of scope");
    order.scope.currencies.clear();
    chain.check(order, &regulators(), "ACSC");
    quoted(&mut chain, "second");
    chain.check(
        suspend(INDUS, QueuedPayments::Wait, false),
        &regulators(),
        "ACSC",
    );
    assert!(!is_open(&chain, "second"), "suspended");
    chain.check(reinstate(INDUS), &regulators(), "ACSC");
    assert!(!is_open(&chain, "second"), "what was withdrawn stays so");
    quoted(&mut chain, "third");
    chain.at(until).check_time("CANC");
    assert!(!is_open(&chain, "third"), "expired");
    chain.replay();
}

#[test]
fn a_hold_is_judged_by_what_is_posted_of_it() {
    let mut chain = licensed(&["SETTLEMENT"]);
    let expires = chain.upcoming().after(HOUR);
    chain.check(
        hold(INDUS, NARYN, "100.00 PKR", "a", expires),
        &all(INDUS),
        "PDNG",
    );
    let mut order = grant(INDUS, "SETTLEMENT", chain.upcoming().after(DAY));
    let (currency, amount) = money("60.00 PKR");
    order.scope.payment_max = vec![Money { currency, amount }];
    chain.check(order, &regulators(), "ACSC");
    let cap = "RJCT AM14 LICENCE_CAP";
    chain.check(post(INDUS, "a", "60.01 PKR"), &all(NARYN), cap);
    chain.check(post(INDUS, "a", "60.00 PKR"), &all(NARYN), "ACSC, ACSC");
}

#[test]
fn a_redemption_from_an_account_that_is_blocked_meanwhile_can_only_be_cancelled() {
    let mut chain = licensed(&["SETTLEMENT"]);
    chain.check(redeem_request(INDUS, "5.00 PKR", "r"), &all(INDUS), "PDNG");
    chain.check(surrender(INDUS), &all(INDUS), "ACSC");
    chain.after(wind_down()).check_time("CANC");
    let blocked = "RJCT AC06 ACCOUNT_BLOCKED";
    let confirm = redeem_confirm(INDUS, "r", "DR-1");
    chain.check(confirm, &all(PK_ISSUER), blocked);
    let cancel = redeem_cancel(INDUS, "r");
    chain.check(cancel, &all(PK_ISSUER), "CANC, ACSC");
}
