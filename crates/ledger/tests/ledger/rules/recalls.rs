//! Recalls: a debtor agent asks for a settled payment back, within the window of its reason, and the creditor agent answers.

use crate::support::*;
use karwan_ledger::{GenesisDocument, InstructionKey, RecallStatus, RecallWindow, RulebookPropose};
use karwan_types::{DurationMs, Hash, Timestamp};

/// How long after settlement a payment may be recalled for fraud, and for any other reason.
const FRAUD_WINDOW: DurationMs = millis(6 * 3_600_000);
const WINDOW: DurationMs = millis(2 * 3_600_000);
/// How long the creditor agent has to answer.
const ANSWER: DurationMs = millis(90 * 60_000);

fn recallable() -> GenesisDocument {
    let mut document = network();
    let rules = &mut document.rulebook.common.recall;
    rules.windows = vec![RecallWindow {
        reason: "FRAD".parse().expect("a code"),
        window_ms: FRAUD_WINDOW,
    }];
    rules.window_ms = WINDOW;
    rules.answer_ms = ANSWER;
    document
}

/// INDUS has paid TALAS 100 rupees, which has no others.
fn paid() -> Chain {
    let mut chain = Chain::of(recallable());
    chain.check(pay(INDUS, TALAS, "100 PKR", "a"), &all(INDUS), "ACSC");
    chain
}

/// The same, and INDUS has asked for it back.
fn recalled() -> Chain {
    let mut chain = paid();
    chain.check(recall(INDUS, "a", "DUPL"), &all(INDUS), "PDNG");
    chain
}

/// Where the recall of a payment of INDUS stands: `PDCR`, `PDCR overdue`, `CNCL`, `RJCR CUST`, or nothing.
fn case(chain: &Chain, name: &str) -> String {
    let key = InstructionKey {
        agent: INDUS.lei(),
        uetr: uetr(name),
    };
    let Some(case) = chain.state.recall(&key) else {
        return String::new();
    };
    let code = case.status.code();
    match &case.status {
        RecallStatus::Pending | RecallStatus::Cancelled { .. } => code.to_owned(),
        RecallStatus::Overdue => format!("{code} overdue"),
        RecallStatus::Rejected { reason } => format!("{code} {reason}"),
    }
}

#[track_caller]
fn check_case(chain: &Chain, name: &str, expected: &str) {
    assert_eq!(case(chain, name), expected);
}

fn ms_after(time: Timestamp, window: DurationMs) -> Timestamp {
    time.after(window).after(millis(1))
}

#[test]
fn the_creditor_agent_gives_a_recalled_payment_back() {
    let mut chain = recalled();
    check_case(&chain, "a", "PDCR");
    chain.check(
        give_back(INDUS, "a", "100 PKR", "b"),
        &all(TALAS),
        "ACSC, CANC",
    );
    check_case(&chain, "a", "CNCL");
    chain.check_balances(&[("INDUS-PKR", "6000000.00"), ("TALAS-PKR", "0.00")]);
    let back = "RJCT ARDT RETURNED_ALREADY";
    chain.check(recall(INDUS, "a", "FRAD"), &all(INDUS), back);
    chain.replay();
}

#[test]
fn the_creditor_agent_says_why_it_keeps_the_money() {
    let mut chain = recalled();
    chain.check(
        keep(INDUS, "a", "CUST"),
        &all(TALAS),
        "RJCT CUST RECALL_REJECTED, ACSC",
    );
    check_case(&chain, "a", "RJCR CUST");
    chain.check_balances(&[("TALAS-PKR", "100.00")]);
    // For another reason it may be asked again.
    chain.check(recall(INDUS, "a", "FRAD"), &all(INDUS), "PDNG");
    check_case(&chain, "a", "PDCR");
    chain.replay();
}

#[test]
fn a_recall_without_the_money_is_refused_and_stays_open() {
    let mut chain = recalled();
    chain.check(pay(TALAS, RAVI, "50 PKR", "spent"), &all(TALAS), "ACSC");
    let unfunded = "RJCT AM04 INSUFFICIENT_FUNDS";
    chain.check(give_back(INDUS, "a", "100 PKR", "b"), &all(TALAS), unfunded);
    check_case(&chain, "a", "PDCR");
    // The reference is used up; another one, and what is there.
    chain.check(
        give_back(INDUS, "a", "50 PKR", "c"),
        &all(TALAS),
        "ACSC, CANC",
    );
    check_case(&chain, "a", "CNCL");
    // What is left may be recalled by a case of its own.
    chain.check(recall(INDUS, "a", "DUPL"), &all(INDUS), "PDNG");
    let too_much = "RJCT AM09 EXCEEDS_PENDING";
    chain.check(
        give_back(INDUS, "a", "50.01 PKR", "d"),
        &all(TALAS),
        too_much,
    );
    check_case(&chain, "a", "PDCR");
    chain.replay();
}

#[test]
fn each_reason_has_its_window_to_the_millisecond() {
    for (reason, window) in [("FRAD", FRAUD_WINDOW), ("CUST", WINDOW), ("DUPL", WINDOW)] {
        let settled = paid().now();
        let mut chain = paid();
        chain.at(settled.after(window));
        chain.check(recall(INDUS, "a", reason), &all(INDUS), "PDNG");
        let mut late = paid();
        late.at(ms_after(settled, window));
        let too_late = "RJCT NOOR RECALL_TOO_LATE";
        late.check(recall(INDUS, "a", reason), &all(INDUS), too_late);
        check_case(&late, "a", "");
    }
}

#[test]
fn the_window_begins_when_the_payment_settles_not_when_it_came_or_was_confirmed() {
    let mut chain = Chain::of(recallable());
    let payment = || pay(INDUS, TALAS, "5000 PKR", "a");
    chain.check(payment(), &[maker(INDUS)], "PATC");
    chain.after(millis(30 * 60_000));
    chain.check(chain.approve(payment()), &[checker(INDUS)], "ACSC, ACSC");
    let settled = chain.now();
    chain.after(HOUR);
    chain.check(confirm_credit(INDUS, "a"), &[maker(TALAS)], "ACCC, ACSC");
    let mut late = chain.clone();
    chain.at(settled.after(WINDOW));
    chain.check(recall(INDUS, "a", "CUST"), &all(INDUS), "PDNG");
    late.at(ms_after(settled, WINDOW));
    let too_late = "RJCT NOOR RECALL_TOO_LATE";
    late.check(recall(INDUS, "a", "CUST"), &all(INDUS), too_late);
}

#[test]
fn only_a_settled_payment_is_recalled_and_only_once_at_a_time() {
    let mut chain = recalled();
    let open = "RJCT NARR RECALL_OPEN";
    chain.check(recall(INDUS, "a", "FRAD"), &all(INDUS), open);
    chain.check(
        recall(INDUS, "none", "CUST"),
        &all(INDUS),
        "RJCT NOOR ORIGINAL_UNKNOWN",
    );
    chain.check(
        pay(INDUS, RAVI, "5000 PKR", "waits"),
        &[maker(INDUS)],
        "PATC",
    );
    let not_settled = "RJCT NARR ORIGINAL_STATUS";
    chain.check(recall(INDUS, "waits", "CUST"), &all(INDUS), not_settled);
    chain.check(issue_request(INDUS, "10 PKR", "issue"), &all(INDUS), "PDNG");
    let no_payment = "RJCT NARR ORIGINAL_KIND";
    chain.check(recall(INDUS, "issue", "CUST"), &all(INDUS), no_payment);
    chain.check(send_back(INDUS, "a", "40 PKR", "b"), &all(TALAS), "ACSC");
    let no_return = "RJCT AG13 RETURN_OF_RETURN";
    chain.check(recall(TALAS, "b", "CUST"), &all(TALAS), no_return);
}

#[test]
fn a_posted_hold_is_recalled_for_what_was_posted() {
    let mut chain = Chain::of(recallable());
    let expires = chain.now().after(HOUR);
    let held = hold(INDUS, TALAS, "10 PKR", "a", expires);
    chain.check(held, &all(INDUS), "PDNG");
    let not_settled = "RJCT NARR ORIGINAL_STATUS";
    chain.check(recall(INDUS, "a", "CUST"), &all(INDUS), not_settled);
    chain.check(post(INDUS, "a", "7 PKR"), &all(INDUS), "ACSC, ACSC");
    chain.check(recall(INDUS, "a", "CUST"), &all(INDUS), "PDNG");
    let too_much = "RJCT AM09 EXCEEDS_PENDING";
    chain.check(give_back(INDUS, "a", "8 PKR", "b"), &all(TALAS), too_much);
    chain.check(
        give_back(INDUS, "a", "7 PKR", "c"),
        &all(TALAS),
        "ACSC, CANC",
    );
}

#[test]
fn only_the_debtor_agent_asks_and_only_the_creditor_agent_answers() {
    let mut chain = paid();
    let not_allowed = "RJCT DS0G SIGNER_NOT_ALLOWED";
    chain.check(recall(INDUS, "a", "CUST"), &all(TALAS), not_allowed);
    let unknown = "RJCT NOOR ORIGINAL_UNKNOWN";
    chain.check(recall(TALAS, "a", "CUST"), &all(TALAS), unknown);
    chain.check(recall(INDUS, "a", "CUST"), &[maker(INDUS)], "PATC");
    let rest = [checker(INDUS), releaser(INDUS)];
    let request = chain.approve(recall(INDUS, "a", "CUST"));
    chain.check(request, &rest, "ACSC, PDNG");
    chain.check(keep(INDUS, "a", "LEGL"), &all(INDUS), not_allowed);
    let back = give_back(INDUS, "a", "1 PKR", "b");
    chain.check(back, &all(INDUS), not_allowed);
    check_case(&chain, "a", "PDCR");
}

#[test]
fn an_answer_counts_once() {
    let mut chain = paid();
    let nothing = "RJCT NOOR NO_RECALL";
    chain.check(keep(INDUS, "a", "CUST"), &all(TALAS), nothing);
    let early = give_back(INDUS, "a", "100 PKR", "early");
    chain.check(early, &all(TALAS), nothing);
    chain.check(recall(INDUS, "a", "DUPL"), &all(INDUS), "PDNG");
    let back = || give_back(INDUS, "a", "60 PKR", "b");
    chain.check(back(), &all(TALAS), "ACSC, CANC");
    // The same answer again moves nothing; another one has nothing to answer.
    chain.check(back(), &all(TALAS), "ACSC");
    chain.check_balances(&[("TALAS-PKR", "40.00")]);
    chain.check(keep(INDUS, "a", "CUST"), &all(TALAS), nothing);
    let more = give_back(INDUS, "a", "40 PKR", "c");
    chain.check(more, &all(TALAS), nothing);
}

#[test]
fn a_return_of_all_that_is_left_answers_the_recall() {
    let mut chain = recalled();
    chain.check(send_back(INDUS, "a", "40 PKR", "b"), &all(TALAS), "ACSC");
    check_case(&chain, "a", "PDCR");
    chain.check(
        send_back(INDUS, "a", "60 PKR", "c"),
        &all(TALAS),
        "ACSC, CANC",
    );
    check_case(&chain, "a", "CNCL");
    chain.replay();
}

#[test]
fn a_late_answer_is_an_answer_and_the_case_says_that_it_is_late() {
    let mut chain = recalled();
    let until = chain.now().after(ANSWER);
    chain.at(until).check_time("");
    check_case(&chain, "a", "PDCR");
    chain.after(millis(1)).check_time("PDNG");
    check_case(&chain, "a", "PDCR overdue");
    chain.after(HOUR).check_time("");
    chain.check_balances(&[("TALAS-PKR", "100.00")]);
    let open = "RJCT NARR RECALL_OPEN";
    chain.check(recall(INDUS, "a", "FRAD"), &all(INDUS), open);
    chain.check(
        give_back(INDUS, "a", "100 PKR", "b"),
        &all(TALAS),
        "ACSC, CANC",
    );
    check_case(&chain, "a", "CNCL");
    chain.replay();
}

#[test]
fn an_answered_recall_does_not_become_overdue() {
    let mut chain = recalled();
    chain.check(
        keep(INDUS, "a", "NOAS"),
        &all(TALAS),
        "RJCT NOAS RECALL_REJECTED, ACSC",
    );
    chain.after(ANSWER).check_time("");
    chain.after(ANSWER).check_time("");
    check_case(&chain, "a", "RJCR NOAS");
}

#[test]
fn a_recall_is_forgotten_with_its_payment() {
    let mut chain = recalled();
    chain.after(RETENTION).check_time("PDNG");
    check_case(&chain, "a", "PDCR overdue");
    chain.after(HOUR).after(HOUR).check_time("");
    let unknown = "RJCT NOOR ORIGINAL_UNKNOWN";
    chain.check(keep(INDUS, "a", "CUST"), &all(TALAS), unknown);
    check_case(&chain, "a", "");
    chain.replay();
}

/// The shortest retention that the rulebook's check lets through: the longest window and the time to answer.
#[test]
fn nothing_is_forgotten_before_its_last_recall_can_be_answered() {
    let mut document = recallable();
    let shortest = DurationMs::from_millis(FRAUD_WINDOW.millis() + ANSWER.millis());
    document.rulebook.common.retention_ms = shortest;
    let mut chain = Chain::of(document);
    let payment = pay(INDUS, TALAS, "100 PKR", "a");
    let upcoming = chain.upcoming();
    // The retention of this one begins at its settlement, because it expires there.
    let payment = chain.sign_until(payment, &all(INDUS), upcoming);
    assert_eq!(say(&chain.block(&[payment])), "ACSC");
    let settled = chain.now();
    chain.at(settled.after(FRAUD_WINDOW));
    chain.check(recall(INDUS, "a", "FRAD"), &all(INDUS), "PDNG");
    let last = chain.now().after(ANSWER);
    chain.at(last);
    chain.check(
        give_back(INDUS, "a", "100 PKR", "b"),
        &all(TALAS),
        "ACSC, CANC",
    );
    chain.replay();
}

/// A payment settled under a rulebook that forgets early is remembered as long as the rulebook in force lets it be recalled.
#[test]
fn a_rulebook_with_a_longer_window_keeps_what_an_earlier_one_would_have_forgotten() {
    let mut document = recallable();
    let short = DurationMs::from_millis(FRAUD_WINDOW.millis() + ANSWER.millis());
    document.rulebook.common.retention_ms = short;
    let mut chain = Chain::of(document);
    chain.check(pay(INDUS, TALAS, "100 PKR", "a"), &all(INDUS), "ACSC");
    let settled = chain.now();
    let mut rulebook = chain.state.rules().clone();
    rulebook.version += 1;
    rulebook.common.retention_ms = RETENTION;
    let longer = DurationMs::from_millis(3 * FRAUD_WINDOW.millis());
    rulebook.common.recall.windows[0].window_ms = longer;
    let propose = RulebookPropose {
        rulebook,
        diff_from: 1,
        activates: chain.upcoming().after(HOUR),
        document_hash: Hash::from_bytes([1; 32]),
        impact_report_hash: None,
    };
    let governors = ["PK", "KG", "KZ", "UZ"].map(governor);
    chain.check(propose, &governors, "PDNG");
    chain.after(HOUR).check_time("ACSC");
    // Long after the first rulebook would have let it go, and still to be recalled in the next block.
    chain.at(Timestamp::from_millis(settled.after(longer).millis() - 1));
    chain.check_time("");
    let mut late = chain.clone();
    chain.at(settled.after(longer));
    chain.check(recall(INDUS, "a", "FRAD"), &all(INDUS), "PDNG");
    chain.after(ANSWER);
    let back = give_back(INDUS, "a", "100 PKR", "b");
    chain.check(back, &all(TALAS), "ACSC, CANC");
    chain.replay();
    late.at(ms_after(settled.after(longer), ANSWER))
        .check_time("");
    let unknown = "RJCT NOOR ORIGINAL_UNKNOWN";
    late.check(send_back(INDUS, "a", "1 PKR", "b"), &all(TALAS), unknown);
    late.replay();
}
