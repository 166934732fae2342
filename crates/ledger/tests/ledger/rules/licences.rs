//! §9 and checks 7 and 8: licences from the application to their end, and what they gate.

use crate::support::*;
use karwan_ledger::{
    Activity, ChecklistDocument, Genesis, GenesisDocument, GenesisLicence, LicenceApply,
    LicenceGrant, LicenceKey, LicenceNoObjection, LicenceRefuse, LicenceReinstate, LicenceRevoke,
    LicenceScope, LicenceStatus, LicenceSurrender, LicenceSuspend, Money, NationalRules,
    OnShortage, ParticipantKind, PaymentKind, Permission, QueuedPayments,
};
use karwan_types::{DurationMs, Hash, SecretKey, Timestamp};

const DAY: DurationMs = DurationMs::from_millis(86_400_000);

pub(super) fn wind_down() -> DurationMs {
    network().rulebook.common.supervision.wind_down_ms
}

pub(super) fn activity(code: &str, permissions: &[Permission], no_objection: bool) -> Activity {
    Activity {
        code: code.parse().unwrap(),
        name: format!("The activity {code}").parse().unwrap(),
        law: None,
        kinds: vec![ParticipantKind::Bank],
        permissions: permissions.into(),
        checklist: vec!["CAPITAL".parse().unwrap(), "PLAN".parse().unwrap()],
        no_objection,
        term_max_ms: DurationMs::from_millis(365 * DAY.millis()),
    }
}

/// PK licenses settlement to banks, and the keeping of client money apart from it; an order needs two signatures. The others
/// ask for no licence.
pub(super) fn licensing() -> GenesisDocument {
    let mut document = network();
    let mut supervision = document.rulebook.common.supervision;
    supervision.order_signers = 2;
    let mut part = NationalRules::plain(country("PK"), true, supervision);
    part.activities = vec![
        activity("CUSTODY", &[Permission::ClientMoney], true),
        activity(
            "SETTLEMENT",
            &[
                Permission::InstitutionPayment,
                Permission::CustomerPayment,
                Permission::IssueAndRedemption,
            ],
            false,
        ),
    ];
    document.rulebook.national = vec![part];
    document
}

fn key(of: Institution, activity: &str) -> LicenceKey {
    LicenceKey {
        participant: of.lei(),
        activity: activity.parse().unwrap(),
    }
}
fn status(chain: &Chain, of: Institution, activity: &str) -> LicenceStatus {
    chain
        .state
        .licence(&key(of, activity))
        .expect("known")
        .status
}
pub(super) fn regulators() -> [SecretKey; 2] {
    [supervisor("PK", 1), supervisor("PK", 2)]
}
fn document(item: &str) -> ChecklistDocument {
    ChecklistDocument {
        item: item.parse().unwrap(),
        hash: Hash::from_bytes([1; 32]),
    }
}
pub(super) fn apply(of: Institution, activity: &str) -> LicenceApply {
    LicenceApply {
        agent: of.agent(),
        activity: activity.parse().unwrap(),
        documents: vec![document("CAPITAL"), document("PLAN")],
    }
}
pub(super) fn grant(of: Institution, activity: &str, until: Timestamp) -> LicenceGrant {
    LicenceGrant {
        agent: of.agent(),
        activity: activity.parse().unwrap(),
        scope: LicenceScope::default(),
        conditions: Vec::new(),
        from: None,
        until,
    }
}
pub(super) fn suspend(
    of: Institution,
    queued: QueuedPayments,
    client_withdrawals: bool,
) -> LicenceSuspend {
    LicenceSuspend {
        agent: of.agent(),
        activity: "SETTLEMENT".parse().unwrap(),
        until: None,
        queued,
        client_withdrawals,
        legal_basis: "PK VAA 2026 s.70".parse().unwrap(),
        order_hash: Hash::from_bytes([2; 32]),
    }
}
pub(super) fn reinstate(of: Institution) -> LicenceReinstate {
    LicenceReinstate {
        agent: of.agent(),
        activity: "SETTLEMENT".parse().unwrap(),
        legal_basis: "PK VAA 2026 s.70".parse().unwrap(),
        order_hash: Hash::from_bytes([3; 32]),
    }
}
/// A network in which the two banks of PK have these licences for a year.
pub(super) fn licensed(activities: &[&str]) -> Chain {
    Chain::of(licensed_document(activities))
}
pub(super) fn licensed_document(activities: &[&str]) -> GenesisDocument {
    let mut document = licensing();
    let until = document
        .time
        .after(DurationMs::from_millis(360 * DAY.millis()));
    for participant in &mut document.participants {
        let home = participant.jurisdiction == country("PK");
        if home && participant.kind == ParticipantKind::Bank {
            let licence = |activity: &&str| GenesisLicence {
                activity: activity.parse().unwrap(),
                scope: LicenceScope::default(),
                until,
            };
            participant.licences = activities.iter().map(licence).collect();
        }
    }
    document
}
fn waiting(from: Institution, to: Institution, sum: &str, name: &str) -> karwan_ledger::Pay {
    with(pay(from, to, sum, name), |terms| {
        terms.on_shortage = OnShortage::Queue;
    })
}

#[test]
fn an_institution_pays_from_the_grant_of_its_licence_to_its_end_and_not_a_moment_longer() {
    let mut chain = Chain::of(licensing());
    let refused = "RJCT AG03 NO_LICENCE";
    chain.check(pay(INDUS, NARYN, "1.00 PKR", "early"), &all(INDUS), refused);
    chain.check(pay(NARYN, INDUS, "1.00 PKR", "in"), &all(NARYN), refused);
    chain.check(
        issue_request(INDUS, "1.00 PKR", "ask"),
        &all(INDUS),
        refused,
    );
    chain.check(apply(INDUS, "SETTLEMENT"), &all(INDUS), "ACSC");
    let until = chain.upcoming().after(HOUR);
    chain.check(grant(INDUS, "SETTLEMENT", until), &regulators(), "ACSC");
    chain.check(pay(INDUS, NARYN, "1.00 PKR", "now"), &all(INDUS), "ACSC");
    let last = Timestamp::from_millis(until.millis() - 1);
    chain.at(last);
    chain.check(pay(INDUS, NARYN, "1.00 PKR", "last"), &all(INDUS), "ACSC");
    chain.at(until);
    chain.check(
        pay(INDUS, NARYN, "1.00 PKR", "late"),
        &all(INDUS),
        "CANC, RJCT AG03 NO_LICENCE",
    );
    let wind_down_until = until.after(wind_down());
    assert_eq!(
        status(&chain, INDUS, "SETTLEMENT"),
        LicenceStatus::Expired { wind_down_until }
    );
    chain.replay();
}

#[test]
fn the_refusal_cites_the_jurisdiction_and_other_jurisdictions_ask_for_nothing() {
    let mut chain = Chain::of(licensing());
    let transaction = chain.sign(pay(INDUS, NARYN, "1.00 PKR", "rent"), &all(INDUS));
    let outcomes = chain.block(&[transaction]);
    let refusal = outcomes[0].refusal.as_ref().unwrap();
    assert!(
        refusal
            .detail
            .as_str()
            .contains("no licence of PK in force for payments between"),
        "{}",
        refusal.detail
    );
    chain.check(pay(NARYN, TALAS, "1.00 PKR", "abroad"), &all(NARYN), "ACSC");
}

#[test]
fn an_order_needs_as_many_keys_of_the_regulator_as_the_rulebook_asks_for() {
    let mut chain = Chain::of(licensing());
    chain.check(apply(INDUS, "SETTLEMENT"), &all(INDUS), "ACSC");
    let order = grant(INDUS, "SETTLEMENT", chain.upcoming().after(DAY));
    chain.check(order.clone(), &[supervisor("PK", 1)], "PATC");
    let approval = chain.approve(order.clone());
    chain.check(
        approval.clone(),
        &[supervisor("KG", 1)],
        "RJCT DS0G SIGNER_NOT_ALLOWED",
    );
    chain.check(approval, &[supervisor("PK", 2)], "ACSC, ACSC");
    let foreign = [supervisor("KG", 1), supervisor("KG", 2)];
    chain.check(order, &foreign, "RJCT DS0G SIGNER_NOT_ALLOWED");
    for stranger in [regulator("PK"), governor("PK"), court("PK"), maker(INDUS)] {
        let order = suspend(INDUS, QueuedPayments::Wait, false);
        chain.check(order, &[stranger], "RJCT DS0G SIGNER_NOT_ALLOWED");
    }
}

#[test]
fn an_application_brings_the_documents_of_the_checklist_in_order() {
    let mut chain = Chain::of(licensing());
    for documents in [
        vec![],
        vec![document("CAPITAL")],
        vec![document("PLAN"), document("CAPITAL")],
        vec![document("CAPITAL"), document("PLAN"), document("PLAN")],
    ] {
        let mut application = apply(INDUS, "SETTLEMENT");
        application.documents = documents;
        chain.check(application, &all(INDUS), "RJCT NARR CHECKLIST");
    }
    let unknown = "RJCT NARR ACTIVITY_UNKNOWN";
    chain.check(apply(INDUS, "MINING"), &all(INDUS), unknown);
    chain.check(apply(NARYN, "SETTLEMENT"), &all(NARYN), unknown);
    let kind = "RJCT AG03 ACTIVITY_KIND";
    chain.check(apply(PK_ISSUER, "SETTLEMENT"), &all(PK_ISSUER), kind);
    chain.check(apply(INDUS, "SETTLEMENT"), &all(INDUS), "ACSC");
    let open = "RJCT NARR LICENCE_STATUS";
    chain.check(apply(INDUS, "SETTLEMENT"), &all(INDUS), open);
}

#[test]
fn where_the_rulebook_asks_for_a_no_objection_the_grant_waits_for_it() {
    let mut chain = Chain::of(licensing());
    let state = "RJCT NARR LICENCE_STATUS";
    let until = chain.upcoming().after(DAY);
    chain.check(grant(INDUS, "CUSTODY", until), &regulators(), state);
    chain.check(apply(INDUS, "CUSTODY"), &all(INDUS), "ACSC");
    chain.after(MINUTE);
    chain.check(grant(INDUS, "CUSTODY", until), &regulators(), state);
    let no_objection = LicenceNoObjection {
        agent: INDUS.agent(),
        activity: "CUSTODY".parse().unwrap(),
        reference: "NOC-7".parse().unwrap(),
    };
    chain.check(no_objection, &regulators(), "ACSC");
    chain.after(MINUTE);
    chain.check(grant(INDUS, "CUSTODY", until), &regulators(), "ACSC");
    let refuse = LicenceRefuse {
        agent: INDUS.agent(),
        activity: "CUSTODY".parse().unwrap(),
        legal_basis: "s.1".parse().unwrap(),
        order_hash: Hash::ZERO,
    };
    chain.check(refuse.clone(), &regulators(), state);
    chain.check(apply(RAVI, "CUSTODY"), &all(RAVI), "ACSC");
    let refuse = LicenceRefuse {
        agent: RAVI.agent(),
        ..refuse
    };
    chain.check(refuse, &regulators(), "ACSC");
    assert_eq!(status(&chain, RAVI, "CUSTODY"), LicenceStatus::Refused);
    // It may try again.
    chain.check(apply(RAVI, "CUSTODY"), &all(RAVI), "ACSC");
}

#[test]
fn the_scope_of_a_licence_bounds_currency_corridor_and_amount() {
    let mut chain = Chain::of(licensing());
    chain.check(apply(INDUS, "SETTLEMENT"), &all(INDUS), "ACSC");
    let mut order = grant(INDUS, "SETTLEMENT", chain.upcoming().after(DAY));
    let (currency, amount) = money("100.00 PKR");
    order.scope = LicenceScope {
        currencies: vec![code("PKR")],
        corridors: vec![country("KG")],
        payment_max: vec![Money { currency, amount }],
    };
    chain.check(order.clone(), &regulators(), "ACSC");
    chain.check(pay(INDUS, NARYN, "100.00 PKR", "a"), &all(INDUS), "ACSC");
    let cap = "RJCT AM14 LICENCE_CAP";
    chain.check(pay(INDUS, NARYN, "100.01 PKR", "b"), &all(INDUS), cap);
    chain.check(pay(NARYN, INDUS, "100.01 PKR", "c"), &all(NARYN), cap);
    let scope = "RJCT AG01 LICENCE_SCOPE";
    chain.check(pay(INDUS, NARYN, "1.00 KGS", "d"), &all(INDUS), scope);
    chain.check(pay(INDUS, TOBOL, "1.00 PKR", "e"), &all(INDUS), scope);
    // The regulator varies what is in force, and the institution is never without it.
    order.scope = LicenceScope::default();
    chain.check(order.clone(), &regulators(), "ACSC");
    chain.check(pay(INDUS, NARYN, "100.01 PKR", "f"), &all(INDUS), "ACSC");
    let mut disordered = order.clone();
    disordered.scope.corridors = vec![country("KZ"), country("KG")];
    let transaction = chain.sign(disordered, &regulators());
    assert_eq!(
        chain.verify(&transaction).unwrap_err().name(),
        "INVALID_FIELD"
    );
    order.until = chain.upcoming();
    chain.check(order.clone(), &regulators(), "RJCT TM01 LICENCE_TERM");
    order.until = chain
        .upcoming()
        .after(DurationMs::from_millis(366 * DAY.millis()));
    chain.check(order, &regulators(), "RJCT TM01 LICENCE_TERM");
}

#[test]
fn keeping_client_money_needs_its_own_licence() {
    let mut chain = licensed(&["SETTLEMENT"]);
    let customer = |name: &str| {
        with(pay(INDUS, NARYN, "1.00 PKR", name), |terms| {
            terms.kind = PaymentKind::Customer;
            terms.debtor_account = Some(account("INDUS-CLIENTS"));
        })
    };
    chain.check(customer("a"), &all(INDUS), "RJCT AG03 NO_LICENCE");
    let mut chain = licensed(&["SETTLEMENT", "CUSTODY"]);
    chain.check(customer("a"), &all(INDUS), "ACSC");
}

#[test]
fn while_a_licence_is_suspended_only_returns_redemptions_and_allowed_withdrawals_move() {
    let mut chain = licensed(&["SETTLEMENT", "CUSTODY"]);
    chain.check(pay(NARYN, INDUS, "10.00 PKR", "in"), &all(NARYN), "ACSC");
    let withdrawal = |name: &str| {
        with(pay(INDUS, NARYN, "1.00 PKR", name), |terms| {
            terms.kind = PaymentKind::Customer;
            terms.debtor_account = Some(account("INDUS-CLIENTS"));
        })
    };
    let debtor = "RJCT AG10 DEBTOR_LICENCE_SUSPENDED";
    let order = suspend(INDUS, QueuedPayments::Wait, false);
    chain.check(order, &regulators(), "ACSC");
    chain.check(pay(INDUS, NARYN, "1.00 PKR", "out"), &all(INDUS), debtor);
    chain.check(withdrawal("w1"), &all(INDUS), debtor);
    let creditor = "RJCT AG11 CREDITOR_LICENCE_SUSPENDED";
    chain.check(pay(NARYN, INDUS, "1.00 PKR", "in2"), &all(NARYN), creditor);
    chain.check(
        send_back(NARYN, "in", "10.00 PKR", "back"),
        &all(INDUS),
        "ACSC",
    );
    chain.check(redeem_request(INDUS, "5.00 PKR", "r"), &all(INDUS), "PDNG");
    chain.check(issue_request(INDUS, "5.00 PKR", "i"), &all(INDUS), creditor);
    let order = suspend(INDUS, QueuedPayments::Wait, true);
    chain.check(order, &regulators(), "ACSC");
    chain.check(withdrawal("w2"), &all(INDUS), "ACSC");
    chain.check(reinstate(INDUS), &regulators(), "ACSC");
    chain.check(pay(INDUS, NARYN, "1.00 PKR", "on"), &all(INDUS), "ACSC");
    chain.replay();
}

#[test]
fn a_hold_of_a_suspended_institution_cannot_be_posted_and_can_be_voided() {
    let mut chain = licensed(&["SETTLEMENT"]);
    let expires = chain.upcoming().after(HOUR);
    for name in ["a", "b"] {
        let hold = hold(INDUS, NARYN, "10.00 PKR", name, expires);
        chain.check(hold, &all(INDUS), "PDNG");
    }
    let order = suspend(INDUS, QueuedPayments::Refuse, false);
    chain.check(order, &regulators(), "ACSC");
    let debtor = "RJCT AG10 DEBTOR_LICENCE_SUSPENDED";
    chain.check(post(INDUS, "a", "10.00 PKR"), &all(NARYN), debtor);
    chain.check(void(INDUS, "b"), &all(NARYN), "CANC, ACSC");
}

#[test]
fn queued_payments_wait_or_are_refused_as_the_suspension_says_and_hold_nobody_back() {
    for (queued, expected) in [
        (QueuedPayments::Wait, "ACSC"),
        (
            QueuedPayments::Refuse,
            "RJCT AG11 CREDITOR_LICENCE_SUSPENDED, ACSC",
        ),
    ] {
        let mut chain = licensed(&["SETTLEMENT"]);
        // NARYN has 500,000.00 PKR, and waits to pay INDUS more than that.
        let first = with(waiting(NARYN, INDUS, "600000.00 PKR", "first"), |terms| {
            terms.priority = karwan_ledger::Priority::Urgt;
        });
        chain.check(first, &all(NARYN), "PDNG");
        let behind = with(waiting(NARYN, TALAS, "1.00 PKR", "behind"), |terms| {
            terms.priority = karwan_ledger::Priority::Urgt;
        });
        chain.check(behind, &all(NARYN), "PDNG");
        let transaction = chain.sign(suspend(INDUS, queued, false), &regulators());
        let outcomes = chain.block(&[transaction]);
        let said = say(&outcomes);
        // What stood behind has its turn at once: a stopped payment holds nobody back.
        assert_eq!(said, format!("{expected}, ACSC"), "{queued:?}");
        chain.replay();
        if queued == QueuedPayments::Wait {
            chain.check(reinstate(INDUS), &regulators(), "ACSC");
            let fund = pay(RAVI, NARYN, "200000.00 PKR", "fund");
            chain.check(fund, &all(RAVI), "ACSC, ACSC");
        }
    }
}

#[test]
fn a_suspension_with_an_end_lifts_itself_and_what_waited_goes_on() {
    let mut chain = licensed(&["SETTLEMENT"]);
    chain.check(
        waiting(NARYN, INDUS, "600000.00 PKR", "first"),
        &all(NARYN),
        "PDNG",
    );
    let until = chain.upcoming().after(MINUTE);
    let order = LicenceSuspend {
        until: Some(until),
        ..suspend(INDUS, QueuedPayments::Wait, false)
    };
    chain.check(order.clone(), &regulators(), "ACSC");
    chain.check(
        pay(RAVI, NARYN, "200000.00 PKR", "fund"),
        &all(RAVI),
        "ACSC",
    );
    let before = Timestamp::from_millis(until.millis() - 1);
    chain.at(before).check_time("");
    chain.at(until).check_time("CANC, ACSC");
    assert_eq!(status(&chain, INDUS, "SETTLEMENT"), LicenceStatus::Granted);
    chain.check(order, &regulators(), "RJCT TM01 ORDER_TIME");
}

#[test]
fn a_revoked_licence_is_wound_down_and_then_the_accounts_are_blocked() {
    let mut chain = licensed(&["SETTLEMENT"]);
    let until = chain.upcoming().after(HOUR);
    let order = LicenceRevoke {
        agent: INDUS.agent(),
        activity: "SETTLEMENT".parse().unwrap(),
        wind_down_until: until,
        legal_basis: "s.1".parse().unwrap(),
        order_hash: Hash::ZERO,
    };
    chain.check(
        waiting(NARYN, INDUS, "600000.00 PKR", "first"),
        &all(NARYN),
        "PDNG",
    );
    chain.check(order.clone(), &regulators(), "RJCT AG03 NO_LICENCE, ACSC");
    chain.check(
        pay(INDUS, NARYN, "1.00 PKR", "out"),
        &all(INDUS),
        "RJCT AG03 NO_LICENCE",
    );
    chain.check(redeem_request(INDUS, "5.00 PKR", "r"), &all(INDUS), "PDNG");
    chain.at(until).check_time("CANC");
    let row = chain.state.account(&account("INDUS-PKR")).unwrap();
    assert_eq!(row.status, karwan_ledger::AccountStatus::Blocked);
    let closed = chain.state.account(&account("INDUS-PKR-X-CLOSED")).unwrap();
    assert_eq!(closed.status, karwan_ledger::AccountStatus::Closed);
    chain.check_time("");
    chain.check(order, &regulators(), "RJCT NARR LICENCE_STATUS");
    chain.replay();
}

#[test]
fn a_licence_can_be_given_back() {
    let mut chain = licensed(&["SETTLEMENT"]);
    let surrender = LicenceSurrender {
        agent: INDUS.agent(),
        activity: "SETTLEMENT".parse().unwrap(),
    };
    let wind_down_until = chain.upcoming().after(wind_down());
    chain.check(surrender, &all(INDUS), "ACSC");
    chain.check(
        pay(INDUS, NARYN, "1.00 PKR", "out"),
        &all(INDUS),
        "RJCT AG03 NO_LICENCE",
    );
    assert_eq!(
        status(&chain, INDUS, "SETTLEMENT"),
        LicenceStatus::Surrendered { wind_down_until }
    );
}

#[test]
fn central_banks_need_no_licence() {
    let mut chain = licensed(&["SETTLEMENT"]);
    chain.check(issue_request(INDUS, "5.00 PKR", "i"), &all(INDUS), "PDNG");
    chain.check(issue(INDUS, "i", "R-1"), &all(PK_ISSUER), "ACSC, ACSC");
}

#[test]
fn a_genesis_licence_is_checked_like_a_grant() {
    let base = licensing();
    let until = base.time.after(DAY);
    let refused = |edit: &dyn Fn(&mut GenesisLicence), rule: &str| {
        let mut document = licensing();
        let mut licence = GenesisLicence {
            activity: "SETTLEMENT".parse().unwrap(),
            scope: LicenceScope::default(),
            until,
        };
        edit(&mut licence);
        for participant in &mut document.participants {
            if participant.lei == INDUS.lei() {
                participant.licences = vec![licence.clone()];
            }
        }
        let sentence = Genesis::new(document).unwrap_err().to_string();
        assert!(sentence.contains(rule), "{sentence}");
    };
    refused(
        &|one| one.activity = "MINING".parse().unwrap(),
        "does not license",
    );
    refused(
        &|one| one.until = base.time,
        "must end after the genesis time",
    );
    refused(
        &|one| one.scope.currencies = vec![code("PKR"), code("KGS")],
        "out of order",
    );
    let mut few = licensing();
    few.jurisdictions[0].supervisors.truncate(1);
    let sentence = Genesis::new(few).unwrap_err().to_string();
    assert!(
        sentence.contains("fewer keys of its regulator"),
        "{sentence}"
    );
}

#[test]
fn the_end_of_a_winding_down_spares_an_institution_with_another_licence_that_is_only_suspended() {
    let mut chain = licensed(&["SETTLEMENT", "CUSTODY"]);
    let order = suspend(INDUS, QueuedPayments::Wait, false);
    chain.check(order, &regulators(), "ACSC");
    let until = chain.upcoming().after(HOUR);
    let order = LicenceRevoke {
        agent: INDUS.agent(),
        activity: "CUSTODY".parse().unwrap(),
        wind_down_until: until,
        legal_basis: "s.1".parse().unwrap(),
        order_hash: Hash::ZERO,
    };
    chain.check(order, &regulators(), "ACSC");
    chain.at(until).check_time("CANC");
    let row = chain.state.account(&account("INDUS-PKR")).unwrap();
    assert_eq!(row.status, karwan_ledger::AccountStatus::Open);
}

#[test]
fn an_exchange_that_waits_settles_only_while_its_sides_are_licensed_for_it() {
    let mut document = licensing();
    document.rulebook.national[0]
        .activities
        .insert(1, activity("EXCHANGE", &[Permission::Exchange], false));
    let until = document.time.after(DAY);
    for participant in &mut document.participants {
        if participant.lei == INDUS.lei() {
            participant.licences = ["EXCHANGE", "SETTLEMENT"]
                .map(|activity| GenesisLicence {
                    activity: activity.parse().unwrap(),
                    scope: LicenceScope::default(),
                    until,
                })
                .into();
        }
    }
    let mut chain = Chain::of(document);
    let terms = exchange(&chain, (INDUS, "7000000 PKR"), (NARYN, "10 KGS"), "swap");
    chain.check(terms, &together(&[INDUS, NARYN]), "PDNG, PDNG");
    let mut order = suspend(INDUS, QueuedPayments::Refuse, false);
    order.activity = "EXCHANGE".parse().unwrap();
    chain.check(
        order,
        &regulators(),
        "RJCT AG10 DEBTOR_LICENCE_SUSPENDED, RJCT NARR LEG_FAILED, ACSC",
    );
}
