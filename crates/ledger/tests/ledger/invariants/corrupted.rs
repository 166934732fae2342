//! Every invariant is seen to fail: a sound observation is falsified in one place, and the check that watches over it, and
//! no other than expected, complains.

use super::windows::Counted;
use super::{CHECKS, Observation, SeenFreeze, SeenLicence, Settled};
use crate::support::*;
use karwan_ledger::{
    AccountClass, AccountStatus, Direction, FreezeSubject, InstructionKey, LicenceStatus,
    Permission, RecordKind,
};
use karwan_types::{Hash, InstructionHash, Timestamp, TransactionStatus};

/// A sound pair of observations: an open hold before, a payment settled after.
fn sound() -> (Observation, Observation) {
    let mut chain = Chain::new();
    let expires = chain.now().after(HOUR);
    let held = hold(INDUS, NARYN, "40 PKR", "hold", expires);
    chain.check(held, &all(INDUS), "PDNG");
    let before = chain.last_seen().clone();
    chain.check(pay(INDUS, NARYN, "10 PKR", "rent"), &all(INDUS), "ACSC");
    (before, chain.last_seen().clone())
}

fn complaints(before: &Observation, now: &Observation) -> Vec<&'static str> {
    let broken = CHECKS
        .iter()
        .filter(|(_, check)| check(before, now).is_some());
    broken
        .map(|(name, _)| name.split(':').next().expect("a name"))
        .collect()
}

#[track_caller]
fn check(falsify: impl FnOnce(&mut Observation, &mut Observation), expected: &[&str]) {
    let (mut before, mut now) = sound();
    assert!(complaints(&before, &now).is_empty(), "sound before");
    falsify(&mut before, &mut now);
    assert_eq!(complaints(&before, &now), expected);
}

fn key(agent: Institution, name: &str) -> InstructionKey {
    InstructionKey {
        agent: agent.lei(),
        uetr: uetr(name),
    }
}

#[test]
fn money_that_appears_is_noticed() {
    let appear = |_: &mut Observation, now: &mut Observation| {
        now.accounts.get_mut(&account("RAVI-PKR")).unwrap().posted += 1;
    };
    check(appear, &["I1", "I7"]);
}

#[test]
fn money_that_moves_without_an_instruction_is_noticed() {
    let slip = |_: &mut Observation, now: &mut Observation| {
        now.accounts.get_mut(&account("RAVI-PKR")).unwrap().posted += 1;
        now.accounts.get_mut(&account("INDUS-PKR")).unwrap().posted -= 1;
    };
    check(slip, &["I7"]);
}

#[test]
fn an_issue_that_nobody_asked_for_is_noticed() {
    let print = |_: &mut Observation, now: &mut Observation| {
        now.accounts.get_mut(&account("RAVI-PKR")).unwrap().posted += 1;
        now.accounts
            .get_mut(&account(&contra("PKR")))
            .unwrap()
            .posted -= 1;
        now.currencies.get_mut(&code("PKR")).unwrap().issued += 1;
    };
    check(print, &["I3", "I7"]);
    let miscount = |_: &mut Observation, now: &mut Observation| {
        now.currencies.get_mut(&code("PKR")).unwrap().redeemed += 1;
    };
    check(miscount, &["I1"]);
    let not_an_issue = |_: &mut Observation, now: &mut Observation| {
        now.settled[0].kind = Some(RecordKind::IssueRequest);
    };
    check(not_an_issue, &["I3"]);
}

#[test]
fn a_balance_below_what_it_holds_is_noticed() {
    let overdraw = |before: &mut Observation, now: &mut Observation| {
        for seen in [before, now] {
            let posted = seen.accounts[&account("INDUS-PKR")].posted;
            seen.accounts.get_mut(&account("INDUS-PKR")).unwrap().posted = 3_999;
            seen.accounts.get_mut(&account("RAVI-PKR")).unwrap().posted += posted - 3_999;
        }
    };
    check(overdraw, &["I2", "I7"]);
}

#[test]
fn a_hold_that_nobody_asked_for_or_that_was_forgotten_is_noticed() {
    let hold_more = |_: &mut Observation, now: &mut Observation| {
        now.accounts.get_mut(&account("RAVI-PKR")).unwrap().held += 1;
    };
    check(hold_more, &["I6"]);
    let forget = |before: &mut Observation, now: &mut Observation| {
        for seen in [before, now] {
            seen.records.remove(&key(INDUS, "hold"));
        }
    };
    check(forget, &["I6"]);
}

#[test]
fn a_second_effect_of_a_reference_is_noticed() {
    let twice = |_: &mut Observation, now: &mut Observation| {
        let again: Settled = now.settled[0].clone();
        for (number, amount) in [(&again.debit, -again.amount), (&again.credit, again.amount)] {
            now.accounts.get_mut(number).unwrap().posted += amount;
        }
        now.settled.push(again);
    };
    check(twice, &["I7"]);
    let after_settlement = |before: &mut Observation, now: &mut Observation| {
        let record = now.records[&key(INDUS, "rent")].clone();
        before.records.insert(key(INDUS, "rent"), record);
    };
    check(after_settlement, &["I7"]);
}

#[test]
fn an_inclusion_or_settlement_after_its_time_is_noticed() {
    let late = |_: &mut Observation, now: &mut Observation| {
        now.included[0] = Timestamp::from_millis(now.time.millis() - 1);
    };
    check(late, &["I11"]);
    let rejected = |_: &mut Observation, now: &mut Observation| {
        now.settled[0].reject_time = Some(Timestamp::from_millis(now.time.millis() - 1));
    };
    check(rejected, &["I11"]);
}

#[test]
fn client_money_that_pays_for_the_house_is_noticed() {
    let from_clients = |_: &mut Observation, now: &mut Observation| {
        let number = account("INDUS-PKR");
        now.accounts.get_mut(&number).unwrap().class = AccountClass::ClientSegregated;
    };
    check(from_clients, &["I13"]);
    let to_itself = |_: &mut Observation, now: &mut Observation| {
        now.settled[0].payment = None;
        let owner = INDUS.lei();
        now.accounts.get_mut(&account("INDUS-PKR")).unwrap().class = AccountClass::ClientSegregated;
        now.accounts.get_mut(&account("NARYN-PKR")).unwrap().owner = owner;
    };
    check(to_itself, &["I13"]);
}

#[test]
fn a_status_that_goes_back_is_noticed() {
    let reopened = |before: &mut Observation, now: &mut Observation| {
        let mut record = now.records[&key(INDUS, "rent")].clone();
        record.status = TransactionStatus::Rjct;
        before.records.insert(key(INDUS, "rent"), record);
    };
    check(reopened, &["I14"]);
    let exchanged = |_: &mut Observation, now: &mut Observation| {
        let record = now.records.get_mut(&key(INDUS, "hold")).unwrap();
        record.instruction = InstructionHash(Hash::ZERO);
    };
    check(exchanged, &["I14"]);
}

#[test]
fn a_payment_in_spite_of_a_freeze_is_noticed() {
    let freeze = |subject: FreezeSubject| SeenFreeze {
        place: country("PK"),
        subject,
        stops_debits: true,
        redeemable: true,
        from: Timestamp::from_millis(0),
        until: None,
        order: "one".to_owned(),
    };
    for subject in [
        FreezeSubject::Account(account("INDUS-PKR")),
        FreezeSubject::Participant(INDUS.lei()),
        FreezeSubject::Currency(code("PKR")),
        FreezeSubject::Corridor(country("KG")),
    ] {
        let in_spite = |before: &mut Observation, now: &mut Observation| {
            before.freezes = vec![freeze(subject.clone())];
            now.freezes = vec![freeze(subject)];
        };
        check(in_spite, &["I8"]);
    }
    let ordered_after = |_: &mut Observation, now: &mut Observation| {
        now.freezes = vec![freeze(FreezeSubject::Participant(INDUS.lei()))];
    };
    check(ordered_after, &[]);
    let of_others = |before: &mut Observation, now: &mut Observation| {
        let one = freeze(FreezeSubject::Participant(NARYN.lei()));
        (before.freezes, now.freezes) = (vec![one.clone()], vec![one]);
    };
    check(of_others, &[]);
    let blocked = |_: &mut Observation, now: &mut Observation| {
        now.accounts.get_mut(&account("INDUS-PKR")).unwrap().status = AccountStatus::Blocked;
    };
    check(blocked, &["I8"]);
}

#[test]
fn a_payment_without_a_licence_is_noticed() {
    let licence = |until: u64| SeenLicence {
        holder: INDUS.lei(),
        activity: "SETTLEMENT".parse().unwrap(),
        status: LicenceStatus::Granted,
        from: Timestamp::from_millis(0),
        until: Timestamp::from_millis(until),
        changed: Timestamp::from_millis(0),
    };
    let asks = |now: &mut Observation| {
        let activity = "SETTLEMENT".parse().unwrap();
        let permissions = vec![Permission::InstitutionPayment];
        now.licensing = [(country("PK"), vec![(activity, permissions)])].into();
    };
    let without = |_: &mut Observation, now: &mut Observation| asks(now);
    check(without, &["I9"]);
    let over = |_: &mut Observation, now: &mut Observation| {
        asks(now);
        now.licences = vec![licence(now.time.millis())];
    };
    check(over, &["I9"]);
    let in_force = |_: &mut Observation, now: &mut Observation| {
        asks(now);
        now.licences = vec![licence(now.time.millis() + 1)];
    };
    check(in_force, &[]);
}

#[test]
fn an_exchange_that_settles_in_halves_is_noticed() {
    let mut chain = Chain::new();
    chain.check_time("");
    let before = chain.last_seen().clone();
    let terms = exchange(&chain, (INDUS, "32 PKR"), (NARYN, "10 KGS"), "swap");
    chain.check(terms, &together(&[INDUS, NARYN]), "ACSC, ACSC");
    let now = chain.last_seen().clone();
    assert!(complaints(&before, &now).is_empty());
    // One half moved at another height.
    let mut split = now.clone();
    split.settled.truncate(1);
    assert_eq!(complaints(&before, &split), ["I4", "I7"]);
    // One half is final and the other refused.
    let mut half = now;
    let leg = half.exchanges[0].1[1];
    half.records.get_mut(&leg).unwrap().status = TransactionStatus::Rjct;
    assert_eq!(complaints(&before, &half), ["I4"]);
}

#[test]
fn twenty_four_hours_above_a_limit_of_the_rulebook_are_noticed() {
    let limited = |limit: i128, earlier: (i128, u64)| {
        move |_: &mut Observation, now: &mut Observation| {
            let subject = (INDUS.lei(), code("PKR"), Direction::Debit);
            now.day_limits.insert(subject, limit);
            let (amount, ago) = earlier;
            let paid = |amount, time| Counted {
                subject,
                time,
                amount,
                hold: None,
            };
            let before = Timestamp::from_millis(now.time.millis() - ago);
            now.day = vec![paid(amount, before), paid(1_000, now.time)];
        }
    };
    check(limited(1_999, (1_000, 86_400_000)), &["I10"]);
    check(limited(2_000, (1_000, 86_400_000)), &[]);
}
