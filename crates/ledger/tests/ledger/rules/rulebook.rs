//! §10: versions of the rulebook, who agrees to them, when they come into force, and emergency rules.

use crate::support::*;
use karwan_ledger::{
    Clause, EmergencyEnd, EmergencyMeasure, EmergencyRule, Genesis, GenesisError, Money,
    NationalRules, Quorum, Rulebook, RulebookPropose, RulebookStatus,
};
use karwan_types::{Hash, SecretKey, Timestamp};

fn limit(text: &str) -> Money {
    let (currency, amount) = money(text);
    Money { currency, amount }
}
fn national(place: &str) -> NationalRules {
    let supervision = network().rulebook.common.supervision;
    NationalRules::plain(country(place), true, supervision)
}
pub(super) fn own_clause(place: &str, rule: &str) -> Clause {
    Clause {
        id: format!("{place}-{rule}").parse().unwrap(),
        rule: rule.parse().unwrap(),
        jurisdiction: Some(country(place)),
        law: None,
        texts: Vec::new(),
        quorum: Quorum::All,
    }
}
pub(super) fn with_clause(rulebook: &mut Rulebook, clause: Clause) {
    rulebook.clauses.push(clause);
    rulebook
        .clauses
        .sort_by_key(|clause| (clause.rule.clone(), clause.jurisdiction));
}
fn governors() -> Vec<SecretKey> {
    ["PK", "KG", "KZ", "UZ"].map(governor).into()
}

/// The version after the one in force, altered, an hour from now.
pub(super) fn proposal(chain: &Chain, alter: impl FnOnce(&mut Rulebook)) -> RulebookPropose {
    let mut rulebook = chain.state.rules().clone();
    let base = rulebook.version;
    rulebook.version += 1;
    alter(&mut rulebook);
    RulebookPropose {
        rulebook,
        diff_from: base,
        activates: chain.upcoming().after(HOUR),
        document_hash: Hash::from_bytes([1; 32]),
        impact_report_hash: None,
    }
}
fn capped(rulebook: &mut Rulebook) {
    rulebook.common.payment_max = vec![limit("100.00 PKR")];
}

#[test]
fn a_version_that_all_governors_approve_comes_into_force_at_its_time_and_is_cited() {
    let mut chain = Chain::new();
    let propose = proposal(&chain, capped);
    chain.check(propose.clone(), &[governor("PK")], "PATC");
    for (place, expected) in [("KG", "ACSC"), ("KZ", "ACSC"), ("UZ", "ACSC, PDNG")] {
        let approve = chain.approve(propose.clone());
        chain.check(approve, &[governor(place)], expected);
    }
    assert_eq!(chain.state.rules().version, 1);
    chain.check(
        pay(INDUS, NARYN, "101.00 PKR", "before"),
        &all(INDUS),
        "ACSC",
    );
    let before = Timestamp::from_millis(propose.activates.millis() - 1);
    chain.at(before).check_time("");
    chain.at(propose.activates).check_time("ACSC");
    assert_eq!(chain.state.rules().version, 2);
    let transaction = chain.sign(pay(INDUS, NARYN, "101.00 PKR", "after"), &all(INDUS));
    let outcomes = chain.block(&[transaction]);
    assert_eq!(say(&outcomes), "RJCT AM13 ABOVE_RULEBOOK_MAXIMUM");
    assert_eq!(
        (outcomes[0].rulebook, outcomes[0].clause.as_str()),
        (2, "4.10")
    );
    let statuses: Vec<_> = chain.state.rulebooks().map(|(_, one)| one.status).collect();
    assert_eq!(
        statuses,
        [RulebookStatus::Superseded, RulebookStatus::Active]
    );
    chain.replay();
}

#[test]
fn a_version_comes_into_force_in_an_empty_block_too_and_only_once() {
    let mut chain = Chain::new();
    let propose = proposal(&chain, capped);
    chain.check(propose, &governors(), "PDNG");
    assert_eq!(chain.state.next_due(), Some(chain.now().after(HOUR)));
    chain.after(DAY).check_time("ACSC");
    chain.after(DAY).check_time("");
}

#[test]
fn a_proposal_lapses_when_another_version_came_first() {
    let mut chain = Chain::new();
    let first = proposal(&chain, capped);
    chain.check(first, &governors(), "PDNG");
    let mut second = proposal(&chain, |rulebook| {
        rulebook.common.quorum = Quorum::TwoThirds
    });
    second.rulebook.version = 3;
    chain.check(second.clone(), &governors(), "PDNG");
    chain
        .at(second.activates)
        .check_time("ACSC, RJCT NARR RULEBOOK_LAPSED");
    assert_eq!(chain.state.rules().version, 2);
    assert_eq!(chain.state.rules().common.quorum, Quorum::All);
}

#[test]
fn a_proposal_must_change_the_version_in_force_have_the_next_number_and_give_notice() {
    let mut document = network();
    document.rulebook.common.notice_min_ms = DAY;
    let mut chain = Chain::of(document);
    let check = |chain: &mut Chain, alter: &dyn Fn(&mut RulebookPropose), expected: &str| {
        let mut propose = proposal(chain, capped);
        propose.activates = chain.upcoming().after(DAY);
        alter(&mut propose);
        chain.check(propose, &governors(), expected);
    };
    check(
        &mut chain,
        &|one| one.diff_from = 0,
        "RJCT NARR RULEBOOK_BASE",
    );
    check(
        &mut chain,
        &|one| one.rulebook.version = 3,
        "RJCT NARR RULEBOOK_VERSION",
    );
    check(
        &mut chain,
        &|one| one.rulebook.version = 1,
        "RJCT NARR RULEBOOK_VERSION",
    );
    let early = |one: &mut RulebookPropose| {
        one.activates = Timestamp::from_millis(one.activates.millis() - 1);
    };
    check(&mut chain, &early, "RJCT TM01 RULEBOOK_NOTICE");
    let unchanged = |one: &mut RulebookPropose| one.rulebook.common.payment_max = Vec::new();
    check(&mut chain, &unchanged, "RJCT NARR RULEBOOK_UNCHANGED");
    check(&mut chain, &|_| {}, "PDNG");
}

#[test]
fn governments_have_longer_than_banks_to_approve() {
    let mut chain = Chain::new();
    let propose = proposal(&chain, capped);
    let week = chain.upcoming().after(millis(7 * 86_400_000));
    let slow = chain.sign_until(propose, &[governor("PK")], week);
    assert_eq!(say(&chain.block(&[slow])), "PATC");
    let payment = chain.sign_until(pay(INDUS, NARYN, "1.00 PKR", "slow"), &all(INDUS), week);
    assert_eq!(
        say(&chain.block(&[payment])),
        "",
        "a payment may not wait for a week"
    );
}

#[test]
fn a_national_part_is_changed_by_its_own_governor_alone_and_can_only_tighten() {
    let mut document = network();
    document.rulebook.common.payment_max = vec![limit("5000.00 PKR")];
    let mut chain = Chain::of(document);
    let looser = proposal(&chain, |rulebook| {
        rulebook.national = vec![NationalRules {
            payment_max: vec![limit("5000.01 PKR")],
            ..national("PK")
        }];
    });
    let transaction = chain.sign(looser, &[governor("PK")]);
    let sentence = chain.verify(&transaction).unwrap_err().to_string();
    assert!(
        sentence.contains("larger payment than the common part"),
        "{sentence}"
    );
    let tighter = proposal(&chain, |rulebook| {
        rulebook.national = vec![NationalRules {
            payment_max: vec![limit("50.00 PKR")],
            ..national("PK")
        }];
    });
    chain.check(
        tighter.clone(),
        &[governor("KG")],
        "RJCT DS0G SIGNER_NOT_ALLOWED",
    );
    chain.check(tighter.clone(), &[governor("PK")], "PDNG");
    chain.at(tighter.activates).check_time("ACSC");
    let check = |chain: &mut Chain, amount: &str, name: &str, expected: &str| {
        chain.check(pay(INDUS, NARYN, amount, name), &all(INDUS), expected);
    };
    check(
        &mut chain,
        "50.01 PKR",
        "above",
        "RJCT AM13 ABOVE_RULEBOOK_MAXIMUM",
    );
    check(&mut chain, "50.00 PKR", "at", "ACSC");
}

#[test]
fn a_payment_inside_one_jurisdiction_is_refused_under_its_own_clause_unless_its_part_allows_it() {
    let mut document = network();
    document.rulebook.national = vec![NationalRules {
        domestic_payments: false,
        ..national("PK")
    }];
    with_clause(&mut document.rulebook, own_clause("PK", "4.11"));
    let mut chain = Chain::of(document);
    let transaction = chain.sign(pay(INDUS, RAVI, "1.00 PKR", "home"), &all(INDUS));
    let outcomes = chain.block(&[transaction]);
    assert_eq!(say(&outcomes), "RJCT RR04 DOMESTIC_PAYMENT");
    assert_eq!(outcomes[0].clause.as_str(), "PK-4.11");
    chain.check(pay(NARYN, TALAS, "1.00 KGS", "common"), &all(NARYN), "ACSC");
    chain.check(pay(INDUS, NARYN, "1.00 PKR", "abroad"), &all(INDUS), "ACSC");
}

fn emergency(chain: &Chain, place: &str, number: u32, measure: EmergencyMeasure) -> EmergencyRule {
    EmergencyRule {
        jurisdiction: country(place),
        number,
        measure,
        until: chain.upcoming().after(HOUR),
        legal_basis: "an act".parse().unwrap(),
        order_hash: Hash::from_bytes([2; 32]),
    }
}

#[test]
fn an_emergency_rule_stops_a_corridor_is_cited_and_lapses_by_itself() {
    let mut chain = Chain::new();
    let stop = EmergencyMeasure::CorridorStop {
        other: country("KG"),
    };
    let rule = emergency(&chain, "PK", 1, stop);
    chain.check(
        rule.clone(),
        &[governor("KG")],
        "RJCT DS0G SIGNER_NOT_ALLOWED",
    );
    chain.check(rule.clone(), &[governor("PK")], "ACSC");
    for (from, to, sum, name) in [
        (INDUS, NARYN, "1.00 PKR", "there"),
        (NARYN, INDUS, "1.00 PKR", "back"),
    ] {
        let transaction = chain.sign(pay(from, to, sum, name), &all(from));
        let outcomes = chain.block(&[transaction]);
        assert_eq!(say(&outcomes), "RJCT RR04 EMERGENCY_RULE");
        let cited = outcomes[0].emergency.unwrap();
        assert_eq!((cited.jurisdiction, cited.number), (country("PK"), 1));
        assert_eq!(outcomes[0].rulebook, 1, "the base is cited too");
    }
    chain.check(
        pay(INDUS, RAVI, "1.00 PKR", "elsewhere"),
        &all(INDUS),
        "ACSC",
    );
    let before = Timestamp::from_millis(rule.until.millis() - 1);
    let payment = pay(INDUS, NARYN, "1.00 PKR", "last");
    chain
        .at(before)
        .check(payment, &all(INDUS), "RJCT RR04 EMERGENCY_RULE");
    let payment = pay(INDUS, NARYN, "1.00 PKR", "first");
    chain.at(rule.until).check(payment, &all(INDUS), "ACSC");
}

#[test]
fn an_emergency_rule_lasts_at_most_as_long_as_the_rulebook_says_and_can_be_ended() {
    let mut chain = Chain::new();
    let cap = || EmergencyMeasure::PaymentMax(limit("10.00 PKR"));
    let mut long = emergency(&chain, "PK", 1, cap());
    long.until = chain.upcoming().after(millis(72 * 3_600_000 + 1));
    chain.check(long, &[governor("PK")], "RJCT TM01 EMERGENCY_DURATION");
    let other = emergency(&chain, "PK", 2, cap());
    chain.check(other, &[governor("PK")], "RJCT NARR EMERGENCY_NUMBER");
    let rule = emergency(&chain, "PK", 1, cap());
    chain.check(rule, &[governor("PK")], "ACSC");
    let above = |name: &str| pay(INDUS, NARYN, "10.01 PKR", name);
    chain.check(above("stopped"), &all(INDUS), "RJCT RR04 EMERGENCY_RULE");
    let end = EmergencyEnd {
        jurisdiction: country("PK"),
        number: 1,
    };
    chain.check(end.clone(), &[governor("PK")], "ACSC");
    chain.check(above("free"), &all(INDUS), "ACSC");
    chain.check(end, &[governor("PK")], "RJCT NARR EMERGENCY_OVER");
}

#[test]
fn a_rulebook_that_is_not_sound_is_no_genesis() {
    let check = |alter: &dyn Fn(&mut Rulebook), words: &str| {
        let mut document = network();
        alter(&mut document.rulebook);
        let error = Genesis::new(document).unwrap_err();
        let is_rule = matches!(
            error,
            GenesisError::Rulebook(_) | GenesisError::Invalid { .. }
        );
        assert!(is_rule, "{error}");
        assert!(error.to_string().contains(words), "{error}");
    };
    check(&|book| book.version = 0, "counts from 1");
    let short = millis(59_999);
    check(
        &|book| book.common.validity_max_ms = short,
        "nobody could submit",
    );
    check(
        &|book| book.common.proposal_validity_max_ms = short,
        "nobody could propose",
    );
    check(
        &|book| book.common.recall.answer_ms = millis(1),
        "shorter than the longest recall window",
    );
    check(
        &|book| book.common.emergency_max_ms = millis(72 * 3_600_000 + 1),
        "72 hours",
    );
    check(
        &|book| {
            book.clauses.remove(3);
        },
        "has no common clause",
    );
    check(&|book| book.clauses.swap(0, 1), "in order");
    check(
        &|book| book.clauses[1].id = book.clauses[0].id.clone(),
        "their own id",
    );
    check(
        &|book| with_clause(book, own_clause("PK", "99")),
        "does not apply",
    );
    check(
        &|book| book.national = vec![national("XX")],
        "is no jurisdiction",
    );
    check(
        &|book| book.national = vec![national("PK"), national("KG")],
        "in order",
    );
    check(
        &|book| book.common.payment_max = vec![limit("1.00 PKR"); 2],
        "each currency once",
    );
    check(&|book| book.common.queue.cycle_entries_max = 5_001, "5000");
    check(&|book| book.common.exchange.band_bps = 10_001, "10000");
    check(&|book| book.common.exchange.quotes_max = 10_001, "10000");
    let decades = millis(11 * 366 * 86_400_000);
    check(
        &|book| book.common.exchange.settlement_max_ms = decades,
        "ten years",
    );
    check(
        &|book| book.common.exchange.quote_validity_max_ms = decades,
        "ten years",
    );
}

#[test]
fn everything_at_one_height_is_judged_by_one_version() {
    let mut chain = Chain::new();
    let propose = proposal(&chain, capped);
    chain.check(propose.clone(), &governors(), "PDNG");
    // The hold is over before the version comes into force, but no block comes in between.
    let over = Timestamp::from_millis(propose.activates.millis() - 1);
    let deposit = hold(INDUS, NARYN, "50.00 PKR", "deposit", over);
    chain.check(deposit, &all(INDUS), "PDNG");
    let outcomes = chain.at(propose.activates).block(&[]);
    assert_eq!(say(&outcomes), "ACSC, CANC");
    assert!(outcomes.iter().all(|outcome| outcome.rulebook == 2));
}

#[test]
fn a_version_under_which_a_regulator_could_sign_no_order_is_refused() {
    let mut chain = Chain::new();
    let locked = proposal(&chain, |rulebook| {
        rulebook.common.supervision.order_signers = 3
    });
    chain.check(locked, &governors(), "RJCT NARR RULEBOOK_INVALID");
    let fits = proposal(&chain, |rulebook| {
        rulebook.common.supervision.order_signers = 2
    });
    chain.check(fits, &governors(), "PDNG");
}
