//! §7: payment versus payment. Both legs become final in one moment or neither does, whoever signs first, whatever waits.

use super::queue::poor;
use crate::support::*;
use karwan_ledger::{
    CancelExchange, ExchangeStatus, MoveInQueue, OnShortage, Operation, PayVersusPayment, Priority,
    QueueEnd, Reprioritise, RunCycle, instruction_hash,
};
use karwan_types::{Outcome, Timestamp, TransactionStatus};

/// INDUS pays 32,000 rupees to NARYN for 10,000 som.
fn swap(chain: &Chain) -> PayVersusPayment {
    exchange(chain, (INDUS, "32000 PKR"), (NARYN, "10000 KGS"), "swap")
}
fn both() -> Vec<karwan_types::SecretKey> {
    together(&[INDUS, NARYN])
}
/// Nobody has money but INDUS the rupees and NARYN the som that a test gives.
fn with_funds(rupees: &str, som: &str) -> Chain {
    Chain::of(poor(&[("INDUS-PKR", rupees), ("NARYN-KGS", som)]))
}
fn status(chain: &Chain, of: &PayVersusPayment) -> Option<ExchangeStatus> {
    let hash = instruction_hash(&chain.genesis.chain_id, &of.clone().into());
    chain.state.exchange(&hash).map(|row| row.status)
}
fn withdraw(agent: Institution, name: &str) -> CancelExchange {
    CancelExchange {
        agent: agent.agent(),
        uetr: uetr(name),
        reason: "CUST".parse().unwrap(),
    }
}
fn before(time: Timestamp) -> Timestamp {
    Timestamp::from_millis(time.millis() - 1)
}
/// Sends money from an account that has it.
fn fund(chain: &mut Chain, from: Institution, to: Institution, sum: &str, answer: &str) {
    let name = format!("funds {sum}");
    chain.check(pay(from, to, sum, &name), &all(from), answer);
}

#[test]
fn the_exchange_settles_at_once_when_both_have_signed_and_have_the_money() {
    let settled = |chain: &Chain| {
        chain.check_balances(&[
            ("INDUS-PKR", "5968000.00"),
            ("INDUS-KGS", "1010000.00"),
            ("NARYN-PKR", "532000.00"),
            ("NARYN-KGS", "2990000.00"),
        ]);
    };
    // In one transaction.
    let mut chain = Chain::new();
    let terms = swap(&chain);
    chain.check(terms.clone(), &both(), "ACSC, ACSC");
    settled(&chain);
    assert_eq!(status(&chain, &terms), Some(ExchangeStatus::Settled));
    chain.check(terms.clone(), &both(), "ACSC, ACSC");
    settled(&chain);
    // By an approval.
    let mut chain = Chain::new();
    chain.check(terms.clone(), &all(INDUS), "PATC");
    assert_eq!(status(&chain, &terms), Some(ExchangeStatus::Proposed));
    // Nothing is held for a proposal, nor for what is matched.
    chain.check_balances(&[("INDUS-PKR", "6000000.00"), ("NARYN-KGS", "3000000.00")]);
    chain.check(chain.approve(terms.clone()), &[maker(NARYN)], "ACSC, PATC");
    let answers = "ACSC, ACSC, ACSC";
    chain.check(chain.approve(terms.clone()), &[checker(NARYN)], answers);
    settled(&chain);
    // By the same instruction from the other side.
    let mut chain = Chain::new();
    chain.check(terms.clone(), &all(NARYN), "PATC");
    chain.check(terms.clone(), &all(INDUS), "PATC, ACSC, ACSC");
    settled(&chain);
    assert_eq!(status(&chain, &terms), Some(ExchangeStatus::Settled));
    chain.replay();
}

#[test]
fn matched_legs_wait_together_and_settle_together_when_the_last_money_comes() {
    let mut chain = with_funds("40000 PKR", "0 KGS");
    chain.check(pay(INDUS, RAVI, "1 PKR", "before"), &all(INDUS), "ACSC");
    let terms = swap(&chain);
    chain.check(terms.clone(), &both(), "PDNG, PDNG");
    assert_eq!(status(&chain, &terms), Some(ExchangeStatus::Matched));
    chain.check_time("");
    // The rupees are not held: their owner may still spend them.
    chain.check(pay(INDUS, RAVI, "8000 PKR", "other"), &all(INDUS), "ACSC");
    let issued = issue_request(NARYN, "10000 KGS", "issue");
    chain.check(issued, &all(NARYN), "PDNG");
    let credit = issue(NARYN, "issue", "CR-1");
    chain.check(credit, &all(KG_ISSUER), "ACSC, ACSC");
    // Now the rupees are missing.
    assert_eq!(status(&chain, &terms), Some(ExchangeStatus::Matched));
    fund(&mut chain, RAVI, INDUS, "8000 PKR", "ACSC, ACSC, ACSC");
    chain.check_balances(&[("INDUS-KGS", "10000.00"), ("NARYN-PKR", "32000.00")]);
    let hash = instruction_hash(&chain.genesis.chain_id, &terms.into());
    let row = chain.state.exchange(&hash).unwrap();
    assert_eq!(row.status, ExchangeStatus::Settled);
    assert_eq!(row.height, chain.state.chain().height);
    for leg in &row.legs {
        let record = chain.state.record(leg).unwrap();
        assert_eq!(record.status, TransactionStatus::Acsc);
        assert_eq!(record.height, row.height);
    }
    chain.replay();
}

#[test]
fn it_settles_until_the_last_moment_before_settle_till_and_is_refused_at_it() {
    let matched = || {
        let mut chain = with_funds("0 PKR", "10000 KGS");
        let mut terms = swap(&chain);
        terms.settle_till = chain.upcoming().after(HOUR);
        let request = issue_request(INDUS, "32000 PKR", "issue");
        chain.check(request, &all(INDUS), "PDNG");
        chain.check(terms.clone(), &both(), "PDNG, PDNG");
        (chain, terms)
    };
    let (mut chain, terms) = matched();
    chain.at(before(terms.settle_till));
    let credit = || issue(INDUS, "issue", "CR-1");
    chain.check(credit(), &all(PK_ISSUER), "ACSC, ACSC, ACSC, ACSC");
    assert_eq!(status(&chain, &terms), Some(ExchangeStatus::Settled));
    let (mut chain, terms) = matched();
    assert_eq!(chain.state.next_due(), Some(terms.settle_till));
    chain.at(terms.settle_till);
    // What was due comes before what the block brings.
    let late = "RJCT AB03 SETTLE_TILL_PASSED, RJCT AB03 SETTLE_TILL_PASSED, ACSC, ACSC";
    chain.check(credit(), &all(PK_ISSUER), late);
    assert_eq!(status(&chain, &terms), Some(ExchangeStatus::Expired));
    chain.replay();
}

#[test]
fn it_does_not_settle_before_settle_from() {
    let mut chain = Chain::new();
    let mut terms = swap(&chain);
    let from = chain.upcoming().after(MINUTE);
    terms.settle_from = Some(from);
    chain.check(terms, &both(), "PDNG, PDNG");
    chain.at(before(from)).check_time("");
    chain.at(from).check_time("ACSC, ACSC");
}

#[test]
fn settle_till_lies_ahead_and_within_the_rulebooks_time_when_the_exchange_is_matched() {
    let mut document = network();
    document.rulebook.common.exchange.settlement_max_ms = HOUR;
    let mut chain = Chain::of(document);
    let till = |chain: &Chain, ahead| {
        let mut terms = swap(chain);
        terms.settle_till = chain.upcoming().after(ahead);
        terms
    };
    let late = "RJCT TM01 SETTLE_TILL, RJCT TM01 SETTLE_TILL";
    let mut other = chain.clone();
    chain.check(till(&chain, millis(3_600_001)), &both(), late);
    chain = other.clone();
    chain.check(till(&chain, HOUR), &both(), "ACSC, ACSC");
    chain = other.clone();
    chain.check(till(&chain, millis(1)), &both(), "ACSC, ACSC");
    let over = "RJCT AB03 SETTLE_TILL_PASSED, RJCT AB03 SETTLE_TILL_PASSED";
    other.check(till(&other, millis(0)), &both(), over);
    assert_eq!(
        other.state.exchanges().last().unwrap().1.status,
        ExchangeStatus::Expired
    );
}

#[test]
fn a_rule_that_refuses_one_leg_refuses_both_and_the_other_names_it() {
    let mut chain = Chain::new();
    let mut terms = swap(&chain);
    terms.leg_b.creditor_account = Some(account("INDUS-PKR"));
    let refused = "RJCT NARR LEG_FAILED, RJCT AC11 CREDITOR_ACCOUNT_CURRENCY";
    chain.check(terms.clone(), &both(), refused);
    assert_eq!(status(&chain, &terms), Some(ExchangeStatus::Refused));
    // The same while it waits.
    let mut chain = with_funds("0 PKR", "10000 KGS");
    let terms = swap(&chain);
    chain.check(terms.clone(), &both(), "PDNG, PDNG");
    let stop = karwan_ledger::EmergencyRule {
        jurisdiction: country("KG"),
        number: 1,
        measure: karwan_ledger::EmergencyMeasure::PaymentMax(karwan_ledger::Money {
            currency: code("KGS"),
            amount: money("9999.99 KGS").1,
        }),
        until: chain.upcoming().after(HOUR),
        legal_basis: "an act".parse().unwrap(),
        order_hash: karwan_types::Hash::from_bytes([2; 32]),
    };
    chain.check(stop, &[governor("KG")], "ACSC");
    let run = RunCycle {
        currency: code("PKR"),
    };
    let both_refused = "ACSC, RJCT NARR LEG_FAILED, RJCT RR04 EMERGENCY_RULE";
    chain.check(run, &all(PK_ISSUER), both_refused);
    assert_eq!(status(&chain, &terms), Some(ExchangeStatus::Refused));
}

#[test]
fn a_leg_that_may_not_wait_refuses_both_when_money_is_missing() {
    let mut chain = with_funds("32000 PKR", "9999 KGS");
    let mut terms = swap(&chain);
    terms.leg_a.on_shortage = OnShortage::Refuse;
    let refused = "RJCT NARR LEG_FAILED, RJCT AM04 INSUFFICIENT_FUNDS";
    chain.check(terms, &both(), refused);
}

#[test]
fn until_it_is_matched_one_side_withdraws_it_alone() {
    let mut chain = Chain::new();
    let terms = swap(&chain);
    chain.check(terms.clone(), &all(INDUS), "PATC");
    chain.check(cancel(INDUS, "swap a"), &all(INDUS), "CANC, ACSC");
    assert_eq!(status(&chain, &terms), Some(ExchangeStatus::Cancelled));
    // Who comes later is told so, and its reference stays free.
    chain.check(terms, &all(NARYN), "CANC");
    chain.check(pay(NARYN, INDUS, "1 KGS", "swap b"), &all(NARYN), "ACSC");
    // The other side has signed in part, and the first withdraws.
    let mut chain = Chain::new();
    let terms = swap(&chain);
    let three = [all(INDUS), vec![maker(NARYN)]].concat();
    chain.check(terms.clone(), &three, "PATC, PATC");
    chain.check(cancel(INDUS, "swap a"), &all(INDUS), "CANC, CANC, ACSC");
    let nothing = "RJCT NARR NOTHING_TO_APPROVE";
    chain.check(chain.approve(terms.clone()), &[checker(NARYN)], nothing);
    chain.check(terms, &all(NARYN), "CANC, CANC");
    chain.replay();
}

#[test]
fn once_it_is_matched_it_takes_both_to_withdraw_it() {
    let mut chain = with_funds("32000 PKR", "0 KGS");
    let terms = swap(&chain);
    chain.check(terms.clone(), &both(), "PDNG, PDNG");
    let needs_all = "RJCT AG08 CANCEL_NEEDS_ALL";
    chain.check(cancel(INDUS, "swap a"), &all(INDUS), needs_all);
    chain.check(cancel(NARYN, "swap b"), &all(NARYN), needs_all);
    let urgent = Reprioritise {
        agent: INDUS.agent(),
        uetr: uetr("swap a"),
        priority: Priority::Urgt,
    };
    let front = MoveInQueue {
        agent: NARYN.agent(),
        uetr: uetr("swap b"),
        to: QueueEnd::Front,
    };
    chain.check(urgent, &all(INDUS), "RJCT NARR ORIGINAL_KIND");
    chain.check(front, &all(NARYN), "RJCT NARR ORIGINAL_KIND");
    let not_allowed = "RJCT DS0G SIGNER_NOT_ALLOWED";
    chain.check(withdraw(INDUS, "swap a"), &all(RAVI), not_allowed);
    chain.check(withdraw(INDUS, "swap a"), &all(INDUS), "PATC");
    assert_eq!(status(&chain, &terms), Some(ExchangeStatus::Matched));
    chain.check(withdraw(INDUS, "swap a"), &all(NARYN), "CANC, CANC, ACSC");
    assert_eq!(status(&chain, &terms), Some(ExchangeStatus::Cancelled));
    let gone = "RJCT AG08 NOT_QUEUED";
    chain.check(withdraw(NARYN, "swap b"), &both(), gone);
    assert_eq!(chain.state.queue().count(), 0);
    let mut chain = Chain::new();
    chain.check(swap(&chain), &both(), "ACSC, ACSC");
    chain.check(
        withdraw(INDUS, "swap a"),
        &both(),
        "RJCT PTNA SETTLED_ALREADY",
    );
}

#[test]
fn a_withdrawal_that_waits_for_the_other_side_does_not_stop_the_exchange() {
    let mut chain = with_funds("31999 PKR", "10001 KGS");
    let terms = swap(&chain);
    chain.check(terms, &both(), "PDNG, PDNG");
    let agreed = withdraw(INDUS, "swap a");
    chain.check(agreed.clone(), &all(INDUS), "PATC");
    let request = issue_request(INDUS, "1 PKR", "issue");
    chain.check(request, &all(INDUS), "PDNG");
    let credit = issue(INDUS, "issue", "CR-1");
    chain.check(credit, &all(PK_ISSUER), "ACSC, ACSC, ACSC, ACSC");
    let final_now = "RJCT PTNA SETTLED_ALREADY";
    chain.check(chain.approve(agreed), &[maker(NARYN)], final_now);
    chain
        .after(VALIDITY)
        .check_time("RJCT AB03 APPROVAL_TIMEOUT");
}

#[test]
fn a_halted_currency_on_one_leg_suspends_both_and_the_clock_runs() {
    let mut chain = Chain::new();
    chain.check(halt("KGS"), &all(KG_ISSUER), "ACSC");
    let terms = swap(&chain);
    chain.check(terms.clone(), &both(), "PDNG, PDNG");
    chain.check_time("");
    let mut late = chain.clone();
    chain.check(resume("KGS"), &all(KG_ISSUER), "ACSC, ACSC, ACSC");
    late.at(terms.settle_till);
    late.check_time("RJCT AB03 SETTLE_TILL_PASSED, RJCT AB03 SETTLE_TILL_PASSED");
    // What waits for a currency holds nobody back, however urgent it is.
    let mut chain = Chain::new();
    chain.check(halt("KGS"), &all(KG_ISSUER), "ACSC");
    let mut urgent = swap(&chain);
    urgent.leg_a.priority = Priority::Urgt;
    urgent.leg_b.priority = Priority::Urgt;
    chain.check(urgent, &both(), "PDNG, PDNG");
    chain.check(pay(INDUS, NARYN, "1 PKR", "later"), &all(INDUS), "ACSC");
}

#[test]
fn a_blocked_account_on_one_leg_suspends_both() {
    let mut chain = with_funds("32000 PKR", "0 KGS");
    let mut urgent = swap(&chain);
    urgent.leg_a.priority = Priority::Urgt;
    urgent.leg_b.priority = Priority::Urgt;
    chain.check(urgent.clone(), &both(), "PDNG, PDNG");
    let row = chain.state.account(&account("INDUS-KGS")).unwrap().clone();
    let mut blocked = row.clone();
    blocked.status = karwan_ledger::AccountStatus::Blocked;
    let bytes = |row: &karwan_ledger::Account| {
        [
            karwan_types::encode(&account("INDUS-KGS")),
            karwan_types::encode(row),
        ]
    };
    let place = |row: &karwan_ledger::Account| {
        let [key, row] = bytes(row);
        let length = u32::try_from(row.len()).unwrap().to_le_bytes();
        [key, length.to_vec(), row].concat()
    };
    chain.tamper(&place(&row), &place(&blocked));
    let request = issue_request(NARYN, "10000 KGS", "issue");
    chain.check(request, &all(NARYN), "PDNG");
    let credit = issue(NARYN, "issue", "CR-1");
    chain.check(credit, &all(KG_ISSUER), "ACSC, ACSC");
    // It holds nobody back meanwhile.
    chain.check(pay(INDUS, RAVI, "1 PKR", "out"), &all(INDUS), "ACSC");
    chain.check(pay(RAVI, INDUS, "1 PKR", "in"), &all(RAVI), "ACSC");
    chain.tamper(&place(&blocked), &place(&row));
    let run = RunCycle {
        currency: code("PKR"),
    };
    chain.check(run, &all(PK_ISSUER), "ACSC, ACSC, ACSC");
    assert_eq!(status(&chain, &urgent), Some(ExchangeStatus::Settled));
}

#[test]
fn an_exchange_has_two_sides_two_currencies_and_no_times_of_its_legs() {
    let mut chain = Chain::new();
    let check_alone = |alter: &dyn Fn(&mut PayVersusPayment)| {
        let mut terms = swap(&Chain::new());
        alter(&mut terms);
        assert!(Operation::from(terms).check_alone().is_err());
    };
    check_alone(&|terms| terms.leg_b.currency = terms.leg_a.currency);
    check_alone(&|terms| terms.leg_b.uetr = terms.leg_a.uetr);
    check_alone(&|terms| terms.leg_b.amount = money("0 KGS").1);
    check_alone(&|terms| terms.leg_a.settlement_date = Some(date("2026-11-23")));
    check_alone(&|terms| terms.leg_a.from_time = Some(terms.settle_till));
    check_alone(&|terms| terms.leg_b.till_time = Some(terms.settle_till));
    check_alone(&|terms| terms.leg_b.reject_time = Some(terms.settle_till));
    check_alone(&|terms| terms.settle_from = Some(terms.settle_till));
    let sides = "RJCT NARR EXCHANGE_SIDES";
    let mut one_way = swap(&chain);
    one_way.leg_b.creditor_agent = RAVI.agent();
    chain.check(one_way, &both(), sides);
    let mut third = swap(&chain);
    third.leg_b.debtor_agent = TALAS.agent();
    chain.check(third, &together(&[INDUS, TALAS]), sides);
    // The same institution by two of its names.
    let mut itself = swap(&chain);
    itself.leg_a.creditor_agent = karwan_types::AgentIdentification::Lei(INDUS.lei());
    itself.leg_b.debtor_agent = INDUS.agent();
    chain.check(itself, &all(INDUS), sides);
    assert_eq!(chain.state.exchanges().count(), 0);
}

#[test]
fn a_proposal_ends_at_its_expiry_or_at_settle_till_whichever_is_first() {
    for (till, ends) in [(MINUTE, MINUTE), (DAY, HOUR)] {
        let mut chain = Chain::new();
        let mut terms = swap(&chain);
        let now = chain.upcoming();
        terms.settle_till = now.after(till);
        chain.check(terms.clone(), &all(INDUS), "PATC");
        let last = if till == MINUTE {
            before(now.after(ends))
        } else {
            now.after(ends)
        };
        let mut other = chain.clone();
        chain.at(last);
        chain.check(terms.clone(), &all(NARYN), "PATC, ACSC, ACSC");
        other.at(last.after(millis(1)));
        other.check_time("RJCT AB03 APPROVAL_TIMEOUT");
        assert_eq!(status(&other, &terms), Some(ExchangeStatus::Expired));
        other.check(terms, &all(NARYN), "RJCT AB03 APPROVAL_TIMEOUT");
    }
}

#[test]
fn a_reference_that_the_other_side_used_before_refuses_the_exchange() {
    let mut chain = Chain::new();
    let terms = swap(&chain);
    chain.check(terms.clone(), &all(INDUS), "PATC");
    chain.check(pay(NARYN, INDUS, "1 KGS", "swap b"), &all(NARYN), "ACSC");
    let refused = "RJCT DU03 UETR_CONFLICT, RJCT NARR LEG_FAILED";
    chain.check(terms.clone(), &all(NARYN), refused);
    assert_eq!(status(&chain, &terms), Some(ExchangeStatus::Refused));
}

#[test]
fn an_urgent_exchange_that_waits_for_the_other_side_holds_back_what_comes_later() {
    let mut chain = with_funds("40000 PKR", "0 KGS");
    let mut urgent = swap(&chain);
    urgent.leg_a.priority = Priority::Urgt;
    urgent.leg_b.priority = Priority::Urgt;
    chain.check(urgent, &both(), "PDNG, PDNG");
    let behind = "RJCT AM04 BEHIND_QUEUE";
    chain.check(pay(INDUS, RAVI, "1 PKR", "later"), &all(INDUS), behind);
    // One class for both legs: the less urgent one.
    let mut chain = with_funds("40000 PKR", "0 KGS");
    let mut mixed = swap(&chain);
    mixed.leg_a.priority = Priority::Urgt;
    chain.check(mixed, &both(), "PDNG, PDNG");
    chain.check(pay(INDUS, RAVI, "1 PKR", "later"), &all(INDUS), "ACSC");
}

/// Three institutions; nobody has what it owes, and together they owe nothing.
fn three_sided(chain: &mut Chain) -> [PayVersusPayment; 3] {
    let pairs = [
        ((INDUS, "320 PKR"), (NARYN, "100 KGS"), "one"),
        ((NARYN, "320 PKR"), (TALAS, "100 KGS"), "two"),
        ((TALAS, "320 PKR"), (INDUS, "100 KGS"), "three"),
    ];
    pairs.map(|(a, b, name)| {
        let terms = exchange(chain, a, b, name);
        let signers = [
            vec![maker(a.0), checker(a.0)],
            vec![maker(b.0), checker(b.0)],
        ];
        chain.check(terms.clone(), &signers.concat(), "PDNG, PDNG");
        terms
    })
}

#[test]
fn a_cycle_settles_exchanges_that_nobody_could_begin() {
    let mut chain = with_funds("0 PKR", "0 KGS");
    let terms = three_sided(&mut chain);
    let run = RunCycle {
        currency: code("PKR"),
    };
    let settled = ["ACSC"; 7].join(", ");
    chain.check(run, &all(PK_ISSUER), &settled);
    for one in &terms {
        assert_eq!(status(&chain, one), Some(ExchangeStatus::Settled));
    }
    let (_, cycle) = chain.state.cycles().last().unwrap();
    assert_eq!((cycle.entries, cycle.settled), (3, [0, 0, 3]));
    chain.replay();
}

#[test]
fn what_a_cycle_excludes_for_one_leg_it_excludes_with_both() {
    let mut chain = with_funds("0 PKR", "0 KGS");
    let terms = three_sided(&mut chain);
    // A fourth exchange would need som that nobody has, in the same queues.
    let more = exchange(&chain, (INDUS, "1 PKR"), (NARYN, "5000 KGS"), "more");
    chain.check(more.clone(), &both(), "PDNG, PDNG");
    let run = RunCycle {
        currency: code("KGS"),
    };
    chain.check(run, &all(KG_ISSUER), &["ACSC"; 7].join(", "));
    for one in &terms {
        assert_eq!(status(&chain, one), Some(ExchangeStatus::Settled));
    }
    assert_eq!(status(&chain, &more), Some(ExchangeStatus::Matched));
    assert_eq!(chain.state.queue().count(), 1);
}

#[test]
fn the_register_is_forgotten_after_its_retention_with_the_payments() {
    let mut chain = Chain::new();
    let terms = swap(&chain);
    let sent = chain.sign(terms.clone(), &both());
    let kept = sent.valid_until.after(RETENTION);
    assert_eq!(say(&chain.block(&[sent])), "ACSC, ACSC");
    chain.at(kept).check_time("");
    assert_eq!(status(&chain, &terms), Some(ExchangeStatus::Settled));
    chain.after(millis(1)).check_time("");
    assert_eq!(status(&chain, &terms), None);
    assert_eq!(chain.state.records().count(), 0);
}

#[test]
fn what_is_said_of_both_legs_stands_side_by_side() {
    let mut chain = with_funds("32000 PKR", "0 KGS");
    let terms = swap(&chain);
    chain.check(terms, &both(), "PDNG, PDNG");
    let request = issue_request(NARYN, "10000 KGS", "issue");
    chain.check(request, &all(NARYN), "PDNG");
    let credit = chain.sign(issue(NARYN, "issue", "CR-1"), &all(KG_ISSUER));
    let outcomes: Vec<Outcome> = chain.block(&[credit]);
    let [.., a, b] = outcomes.as_slice() else {
        panic!("both legs are told");
    };
    let uetrs = [a, b].map(|one| one.movement.as_ref().unwrap().uetr);
    assert_eq!(uetrs, [uetr("swap a"), uetr("swap b")]);
    assert_eq!(a.instruction, b.instruction);
}

#[test]
fn an_exchange_is_withdrawn_for_a_reason_of_the_iso_list() {
    let chain = Chain::new();
    let withdraw = |reason: &str| {
        let cancel = karwan_ledger::CancelExchange {
            agent: INDUS.agent(),
            uetr: uetr("swap"),
            reason: reason.parse().unwrap(),
        };
        let signed = chain.sign(cancel, &together(&[INDUS, NARYN]));
        chain.verify(&signed).map(|_| ())
    };
    assert_eq!(withdraw("DUPL"), Ok(()));
    assert_eq!(withdraw("ZZZZ").unwrap_err().name(), "INVALID_FIELD");
}
