//! §10: the past under another rulebook: which payments flip, whether by the candidate itself or by what flipped before, and
//! that everybody who rehearses the same blocks gets the same bytes.

mod timing;

use crate::support::*;
use karwan_ledger::{
    FlipCause, ImpactReport, Money, OnShortage, PaymentAnswer, Quorum, Rehearsal, RehearsalError,
    Rulebook, RulebookPropose, State, VerifiedTransaction,
};
use karwan_types::{Block, Hash};

fn limit(text: &str) -> Money {
    let (currency, amount) = money(text);
    Money { currency, amount }
}

/// The next version of the genesis rulebook, altered.
fn candidate(chain: &Chain, alter: impl FnOnce(&mut Rulebook)) -> Rulebook {
    let mut rulebook = chain.genesis.document().rulebook.clone();
    rulebook.version += 1;
    alter(&mut rulebook);
    rulebook
}
fn capped(amount: &str) -> impl FnOnce(&mut Rulebook) {
    let cap = limit(amount);
    move |rulebook| rulebook.common.payment_max = vec![cap]
}

/// Rehearses blocks that follow on a state.
fn rehearse(
    chain: &Chain,
    state: &State,
    parent: Hash,
    blocks: &[Block],
    rulebook: &Rulebook,
) -> ImpactReport {
    let mut rehearsal = Rehearsal::begin(state, parent, rulebook).unwrap();
    for block in blocks {
        let verify = |encoded: &karwan_types::EncodedTransaction| {
            VerifiedTransaction::from_encoded(encoded.clone(), &chain.genesis.chain_id).unwrap()
        };
        let transactions: Vec<VerifiedTransaction> =
            block.transactions.iter().map(verify).collect();
        rehearsal.block(block, &transactions).unwrap();
    }
    assert_eq!(rehearsal.past().root(), chain.state.root());
    rehearsal.report()
}
/// Rehearses everything since genesis.
fn since_genesis(chain: &Chain, rulebook: &Rulebook) -> ImpactReport {
    let parent = chain.genesis.chain_id.0;
    rehearse(
        chain,
        &chain.genesis.state,
        parent,
        &chain.history,
        rulebook,
    )
}

fn words(answer: &Option<PaymentAnswer>) -> String {
    let Some(answer) = answer else {
        return "nothing".to_owned();
    };
    let name = answer.name.as_ref().map(|name| format!(" {name}"));
    format!("{}{}", answer.status, name.unwrap_or_default())
}

/// Requires these flips, each as `name: before > after by RULE`.
#[track_caller]
fn check(report: &ImpactReport, names: &[&str], expected: &[&str]) {
    let told = report.flips.iter().map(|flip| {
        let name = names.iter().find(|name| uetr(name) == flip.uetr);
        let cause = match flip.cause {
            FlipCause::Rule => "RULE",
            FlipCause::Consequence => "CONSEQUENCE",
        };
        let (before, after) = (words(&flip.before), words(&flip.after));
        format!("{}: {before} > {after} by {cause}", name.unwrap_or(&"?"))
    });
    assert_eq!(told.collect::<Vec<_>>(), expected);
    assert_eq!(report.flipped, expected.len());
}

#[test]
fn a_payment_that_the_candidate_refuses_flips_and_is_cited_both_ways() {
    let mut chain = Chain::new();
    chain.check(
        pay(INDUS, NARYN, "101.00 PKR", "large"),
        &all(INDUS),
        "ACSC",
    );
    chain.check(
        pay(INDUS, NARYN, "100.00 PKR", "small"),
        &all(INDUS),
        "ACSC",
    );
    let report = since_genesis(&chain, &candidate(&chain, capped("100.00 PKR")));
    check(
        &report,
        &["large", "small"],
        &["large: ACSC > RJCT ABOVE_RULEBOOK_MAXIMUM by RULE"],
    );
    let flip = &report.flips[0];
    assert_eq!((flip.height.get(), flip.position), (1, 0));
    assert_eq!(flip.agent, INDUS.lei());
    let cited = |answer: &Option<PaymentAnswer>| {
        let answer = answer.clone().unwrap();
        (answer.clause.unwrap().to_string(), answer.rulebook.unwrap())
    };
    assert_eq!(cited(&flip.before), ("4.14".to_owned(), 1));
    assert_eq!(cited(&flip.after), ("4.10".to_owned(), 2));
    assert_eq!((report.payments, report.flipped_by_rule), (2, 1));
    let clause = &report.by_clause[0];
    assert_eq!((clause.clause.as_str(), clause.flips), ("4.10", 1));
    let value = &report.by_currency[0].no_longer_settled;
    assert_eq!((value.payments, value.amount), (1, money("101.00 PKR").1));
    assert_eq!(report.range.rulebooks, [1]);
}

#[test]
fn money_that_a_refused_payment_did_not_bring_is_missing_for_the_next_one_and_that_is_a_consequence()
 {
    let mut chain = Chain::new();
    chain.check(
        pay(INDUS, TALAS, "500.00 PKR", "there"),
        &all(INDUS),
        "ACSC",
    );
    chain.check(
        pay(TALAS, NARYN, "300.00 PKR", "onward"),
        &all(TALAS),
        "ACSC",
    );
    chain.check(confirm_credit(TALAS, "onward"), &all(NARYN), "ACCC, ACSC");
    let report = since_genesis(&chain, &candidate(&chain, capped("400.00 PKR")));
    check(
        &report,
        &["there", "onward"],
        &[
            "there: ACSC > RJCT ABOVE_RULEBOOK_MAXIMUM by RULE",
            "onward: ACCC > RJCT INSUFFICIENT_FUNDS by CONSEQUENCE",
        ],
    );
    assert_eq!(report.flipped_by_rule, 1);
}

#[test]
fn money_that_a_refused_payment_left_settles_what_was_not_covered() {
    let mut chain = Chain::new();
    let everything = pay(TALAS, NARYN, "50000.00 KGS", "everything");
    chain.check(everything, &all(TALAS), "ACSC");
    let uncovered = pay(TALAS, NARYN, "10.00 KGS", "uncovered");
    chain.check(uncovered, &all(TALAS), "RJCT AM04 INSUFFICIENT_FUNDS");
    let report = since_genesis(&chain, &candidate(&chain, capped("1000.00 KGS")));
    check(
        &report,
        &["everything", "uncovered"],
        &[
            "everything: ACSC > RJCT ABOVE_RULEBOOK_MAXIMUM by RULE",
            "uncovered: RJCT INSUFFICIENT_FUNDS > ACSC by CONSEQUENCE",
        ],
    );
    let total = &report.by_currency[0];
    assert_eq!(total.newly_settled.amount, money("10.00 KGS").1);
}

#[test]
fn a_candidate_that_touches_nothing_that_happened_flips_nothing() {
    let mut chain = Chain::new();
    chain.check(pay(INDUS, NARYN, "101.00 PKR", "one"), &all(INDUS), "ACSC");
    let alter = |rulebook: &mut Rulebook| rulebook.common.quorum = Quorum::TwoThirds;
    let report = since_genesis(&chain, &candidate(&chain, alter));
    check(&report, &[], &[]);
    assert_eq!(report.payments, 1);
    assert!(report.by_clause.is_empty() && report.by_currency.is_empty());
}

#[test]
fn an_instruction_that_could_not_have_been_included_flips_with_that_reason() {
    let mut chain = Chain::new();
    let two = bulk(vec![
        pay(INDUS, NARYN, "1.00 PKR", "one"),
        pay(INDUS, NARYN, "2.00 PKR", "two"),
    ]);
    chain.check(two, &all(INDUS), "ACSC, ACSC");
    let alter = |rulebook: &mut Rulebook| rulebook.common.validity_max_ms = MINUTE;
    let report = since_genesis(&chain, &candidate(&chain, alter));
    check(
        &report,
        &["one", "two"],
        &[
            "one: ACSC > RJCT VALID_TOO_LONG by RULE",
            "two: ACSC > RJCT VALID_TOO_LONG by RULE",
        ],
    );
}

#[test]
fn a_shorter_wait_in_the_queue_is_the_candidates_doing_although_the_refusal_comes_later() {
    let mut chain = Chain::new();
    let waits = with(pay(TALAS, NARYN, "10.00 PKR", "waits"), |terms| {
        terms.on_shortage = OnShortage::Queue;
    });
    chain.check(waits, &all(TALAS), "PDNG");
    chain.after(HOUR).check_time("");
    let funds = chain.sign(pay(INDUS, TALAS, "10.00 PKR", "funds"), &all(INDUS));
    assert_eq!(say(&chain.block(&[funds])), "ACSC, ACSC");
    let alter = |rulebook: &mut Rulebook| rulebook.common.queue.waiting_max_ms = MINUTE;
    let report = since_genesis(&chain, &candidate(&chain, alter));
    check(
        &report,
        &["waits"],
        &["waits: ACSC > RJCT WAITED_TOO_LONG by RULE"],
    );
}

/// A chain on which version 2 with this cap comes into force, between two payments of 60 rupees.
fn with_a_change(cap: &str) -> Chain {
    let mut chain = Chain::new();
    chain.check(
        pay(INDUS, NARYN, "60.00 PKR", "before"),
        &all(INDUS),
        "ACSC",
    );
    let propose = RulebookPropose {
        rulebook: candidate(&chain, capped(cap)),
        diff_from: 1,
        activates: chain.upcoming().after(HOUR),
        document_hash: Hash::from_bytes([1; 32]),
        impact_report_hash: None,
    };
    let governors = ["PK", "KG", "KZ", "UZ"].map(governor);
    chain.check(propose.clone(), &governors, "PDNG");
    chain.at(propose.activates).check_time("ACSC");
    let transaction = chain.sign(pay(INDUS, NARYN, "60.00 PKR", "after"), &all(INDUS));
    chain.block(&[transaction]);
    chain
}

#[test]
fn the_candidate_stays_in_force_whatever_came_into_force_in_the_range() {
    let chain = with_a_change("100.00 PKR");
    let report = since_genesis(&chain, &candidate(&chain, capped("50.00 PKR")));
    let flips = [
        "before: ACSC > RJCT ABOVE_RULEBOOK_MAXIMUM by RULE",
        "after: ACSC > RJCT ABOVE_RULEBOOK_MAXIMUM by RULE",
    ];
    check(&report, &["before", "after"], &flips);
    assert_eq!(report.range.rulebooks, [1, 2]);

    let chain = with_a_change("50.00 PKR");
    let mild = candidate(&chain, |rulebook| {
        rulebook.version = 9;
        rulebook.common.quorum = Quorum::TwoThirds;
    });
    let report = since_genesis(&chain, &mild);
    let flip = "after: RJCT ABOVE_RULEBOOK_MAXIMUM > ACSC by RULE";
    check(&report, &["before", "after"], &[flip]);
    let decided = report.flips[0].after.as_ref().unwrap();
    assert_eq!(decided.rulebook, Some(9));
    assert_eq!(report.by_clause[0].clause.as_str(), "4.10");
}

#[test]
fn a_version_that_was_scheduled_before_the_range_does_not_replace_the_candidate() {
    let mut chain = Chain::new();
    let propose = RulebookPropose {
        rulebook: candidate(&chain, capped("50.00 PKR")),
        diff_from: 1,
        activates: chain.upcoming().after(HOUR),
        document_hash: Hash::from_bytes([1; 32]),
        impact_report_hash: None,
    };
    let governors = ["PK", "KG", "KZ", "UZ"].map(governor);
    chain.check(propose.clone(), &governors, "PDNG");
    let (state, parent, done) = (chain.state.clone(), chain.parent, chain.history.len());
    chain.at(propose.activates).check_time("ACSC");
    let transaction = chain.sign(pay(INDUS, NARYN, "60.00 PKR", "one"), &all(INDUS));
    chain.block(&[transaction]);
    // The same number as its base, so that nothing but the rehearsal itself holds the scheduled version back.
    let mild = candidate(&chain, |rulebook| {
        rulebook.version = 1;
        rulebook.common.quorum = Quorum::TwoThirds;
    });
    let report = rehearse(&chain, &state, parent, &chain.history[done..], &mild);
    let flip = "one: RJCT ABOVE_RULEBOOK_MAXIMUM > ACSC by RULE";
    check(&report, &["one"], &[flip]);
    assert_eq!((report.range.from.get(), report.range.to.get()), (2, 3));
}

#[test]
fn the_report_is_the_same_bytes_for_everybody_and_its_hash_tells_reports_apart() {
    let mut chain = Chain::new();
    let (state, parent) = (chain.state.clone(), chain.parent);
    for (number, name) in ["c", "a", "b"].iter().enumerate() {
        let sum = format!("{}00.00 PKR", number + 2);
        chain.check(pay(INDUS, NARYN, &sum, name), &all(INDUS), "ACSC");
    }
    let rulebook = candidate(&chain, capped("100.00 PKR"));
    let report = rehearse(&chain, &state, parent, &chain.history, &rulebook);
    let restored = State::from_checkpoint(&state.to_checkpoint()).unwrap();
    let again = rehearse(&chain, &restored, parent, &chain.history, &rulebook);
    assert_eq!(report.to_file(), again.to_file());
    assert_eq!(report.hash(), ImpactReport::hash_of_file(&again.to_file()));
    let heights: Vec<u64> = report.flips.iter().map(|flip| flip.height.get()).collect();
    assert_eq!(
        heights,
        [1, 2, 3],
        "in the order of the chain, not of the references"
    );

    let text = String::from_utf8(report.to_file()).unwrap();
    let members = [
        "\"format\"",
        "\"range\"",
        "\"candidate\"",
        "\"payments\"",
        "\"flips\"",
    ];
    let places: Vec<usize> = members.iter().map(|one| text.find(one).unwrap()).collect();
    assert!(places.is_sorted(), "{text}");
    let read: ImpactReport = serde_json::from_str(&text).unwrap();
    assert_eq!(read, report);

    let other = candidate(&chain, capped("100.01 PKR"));
    let other = rehearse(&chain, &state, parent, &chain.history, &other);
    assert_ne!(other.hash(), report.hash());
}

#[test]
fn a_candidate_that_could_not_be_in_force_is_not_rehearsed() {
    let chain = Chain::new();
    let parent = chain.genesis.chain_id.0;
    let begin = |rulebook: &Rulebook| Rehearsal::begin(&chain.state, parent, rulebook);
    let unsound = candidate(&chain, |rulebook| rulebook.clauses.clear());
    assert!(matches!(
        begin(&unsound).unwrap_err(),
        RehearsalError::Rulebook(_)
    ));
    let stranger = candidate(&chain, |rulebook| {
        let supervision = rulebook.common.supervision;
        let plain = karwan_ledger::NationalRules::plain(country("FR"), true, supervision);
        rulebook.national = vec![plain];
    });
    assert_eq!(
        begin(&stranger).unwrap_err(),
        RehearsalError::Jurisdiction(country("FR"))
    );
}

#[test]
fn a_block_that_is_not_the_chains_is_not_rehearsed() {
    let mut chain = Chain::new();
    chain.check(pay(INDUS, NARYN, "1.00 PKR", "one"), &all(INDUS), "ACSC");
    let parent = chain.genesis.chain_id.0;
    let rulebook = candidate(&chain, capped("100.00 PKR"));
    let mut rehearsal = Rehearsal::begin(&chain.genesis.state, parent, &rulebook).unwrap();
    let mut block = chain.history[0].clone();
    block.transactions.clear();
    assert!(rehearsal.block(&block, &[]).is_err());
}
