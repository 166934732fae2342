//! §9: freezes, what they stop, what becomes of what waits, how they end, and what a receipt says of them.

use crate::support::*;
use karwan_ledger::{
    Freeze, FreezeConfirm, FreezeEntry, FreezeKey, FreezeMode, FreezePlace, FreezeRow,
    FreezeSubject, OnShortage, Pay, Priority, Unfreeze,
};
use karwan_types::{DurationMs, Hash, HashDomain, Outcome, Timestamp, decode, encode, hash_of};

const STOPPED: &str = "RJCT RR04 REGULATORY_STOP";
const DAYS: DurationMs = DurationMs::from_millis(30 * 86_400_000);

fn subject(number: &str) -> FreezeSubject {
    FreezeSubject::Account(account(number))
}
fn freeze(chain: &Chain, subject: FreezeSubject, mode: FreezeMode) -> Freeze {
    Freeze {
        jurisdiction: country("PK"),
        subject,
        mode,
        from: None,
        until: chain.upcoming().after(HOUR),
        legal_basis: "PK AMLA 2010 s.9".parse().unwrap(),
        order_hash: Hash::from_bytes([1; 32]),
        redemption_allowed: false,
        salt: Hash::from_bytes([2; 32]),
    }
}
fn unfreeze(subject: FreezeSubject) -> Unfreeze {
    Unfreeze {
        jurisdiction: country("PK"),
        subject,
        frozen_by: Hash::from_bytes([1; 32]),
        order_hash: Hash::from_bytes([3; 32]),
    }
}
fn confirm(subject: FreezeSubject, until: Option<Timestamp>) -> FreezeConfirm {
    FreezeConfirm {
        jurisdiction: country("PK"),
        subject,
        frozen_by: Hash::from_bytes([1; 32]),
        until,
        court_order_hash: Hash::from_bytes([4; 32]),
    }
}
fn regulators() -> [karwan_types::SecretKey; 1] {
    [supervisor("PK", 1)]
}
fn waiting(from: Institution, to: Institution, sum: &str, name: &str) -> Pay {
    with(pay(from, to, sum, name), |terms| {
        terms.on_shortage = OnShortage::Queue;
    })
}
fn single(chain: &mut Chain, pay: Pay, of: Institution) -> Outcome {
    let transaction = chain.sign(pay, &all(of));
    let mut outcomes = chain.block(&[transaction]);
    assert_eq!(outcomes.len(), 1);
    outcomes.remove(0)
}

#[test]
fn each_mode_stops_its_way_and_no_other() {
    for (mode, out, back) in [
        (FreezeMode::Debit, STOPPED, "ACSC"),
        (FreezeMode::Credit, "ACSC", STOPPED),
        (FreezeMode::Full, STOPPED, STOPPED),
    ] {
        let mut chain = Chain::new();
        let order = freeze(&chain, subject("INDUS-PKR"), mode);
        chain.check(order, &regulators(), "ACSC");
        chain.check(pay(INDUS, NARYN, "1.00 PKR", "out"), &all(INDUS), out);
        chain.check(pay(NARYN, INDUS, "1.00 PKR", "in"), &all(NARYN), back);
        chain.check(pay(INDUS, NARYN, "1.00 KGS", "other"), &all(INDUS), "ACSC");
    }
}

#[test]
fn each_subject_stops_what_it_names_of_the_jurisdictions_own_institutions() {
    let stops = |subject: FreezeSubject, expected: [&str; 4]| {
        let mut chain = Chain::new();
        let order = freeze(&chain, subject, FreezeMode::Debit);
        chain.check(order, &regulators(), "ACSC");
        let payments = [
            (INDUS, NARYN, "1.00 PKR"),
            (INDUS, TOBOL, "1.00 KGS"),
            (RAVI, NARYN, "1.00 PKR"),
            (NARYN, INDUS, "1.00 PKR"),
        ];
        for (index, (from, to, sum)) in payments.into_iter().enumerate() {
            let name = format!("payment {index}");
            chain.check(pay(from, to, sum, &name), &all(from), expected[index]);
        }
    };
    let ok = "ACSC";
    let participant = FreezeSubject::Participant(INDUS.lei());
    stops(subject("INDUS-PKR"), [STOPPED, ok, ok, ok]);
    stops(participant, [STOPPED, STOPPED, ok, ok]);
    let currency = FreezeSubject::Currency(code("PKR"));
    stops(currency, [STOPPED, ok, STOPPED, ok]);
    let corridor = FreezeSubject::Corridor(country("KG"));
    stops(corridor, [STOPPED, ok, STOPPED, ok]);
}

#[test]
fn only_own_institutions_and_never_an_issuer_can_be_frozen() {
    let mut chain = Chain::new();
    let refused = "RJCT NARR NOT_FREEZABLE";
    for subject in [
        subject("NARYN-KGS"),
        subject("PKR-CONTRA"),
        subject("NO-SUCH-ACCOUNT"),
        FreezeSubject::Participant(NARYN.lei()),
        FreezeSubject::Participant(PK_ISSUER.lei()),
    ] {
        let order = freeze(&chain, subject, FreezeMode::Full);
        chain.check(order, &regulators(), refused);
    }
    for (subject, expected) in [
        (
            FreezeSubject::Corridor(country("PK")),
            "RJCT NARR JURISDICTION_UNKNOWN",
        ),
        (
            FreezeSubject::Currency(code("XTS")),
            "RJCT AM03 CURRENCY_NOT_ENABLED",
        ),
    ] {
        let order = freeze(&chain, subject, FreezeMode::Full);
        chain.check(order, &regulators(), expected);
    }
    // A freeze of a whole currency does not stop its issuer.
    let order = freeze(
        &chain,
        FreezeSubject::Currency(code("PKR")),
        FreezeMode::Debit,
    );
    chain.check(order, &regulators(), "ACSC");
    chain.check(issue_request(INDUS, "5.00 PKR", "i"), &all(INDUS), "PDNG");
    chain.check(issue(INDUS, "i", "R-1"), &all(PK_ISSUER), "ACSC, ACSC");
    let order = freeze(&chain, subject("INDUS-PKR"), FreezeMode::Full);
    for stranger in [
        supervisor("KG", 1),
        court("PK"),
        governor("PK"),
        maker(INDUS),
    ] {
        chain.check(order.clone(), &[stranger], "RJCT DS0G SIGNER_NOT_ALLOWED");
    }
}

#[test]
fn a_freeze_ends_at_its_time_unless_a_court_confirms_it() {
    let mut chain = Chain::new();
    let order = freeze(&chain, subject("INDUS-PKR"), FreezeMode::Debit);
    chain.check(order.clone(), &regulators(), "ACSC");
    chain.at(Timestamp::from_millis(order.until.millis() - 1));
    chain.check(pay(INDUS, NARYN, "1.00 PKR", "a"), &all(INDUS), STOPPED);
    chain.at(order.until);
    let expected = "CANC, ACSC";
    chain.check(pay(INDUS, NARYN, "1.00 PKR", "b"), &all(INDUS), expected);
    chain.check(
        confirm(subject("INDUS-PKR"), None),
        &[court("PK")],
        "RJCT NARR NOT_FROZEN",
    );

    let order = freeze(&chain, subject("INDUS-PKR"), FreezeMode::Debit);
    chain.check(order.clone(), &regulators(), "ACSC");
    let confirmation = confirm(subject("INDUS-PKR"), None);
    chain.check(
        confirmation.clone(),
        &regulators(),
        "RJCT DS0G SIGNER_NOT_ALLOWED",
    );
    chain.check(confirmation, &[court("PK")], "ACSC");
    chain.at(order.until.after(DAYS)).check_time("");
    chain.check(pay(INDUS, NARYN, "1.00 PKR", "c"), &all(INDUS), STOPPED);
    // From then on it is the court's.
    let again = freeze(&chain, subject("INDUS-PKR"), FreezeMode::Debit);
    let confirmed = "RJCT NARR FREEZE_CONFIRMED";
    chain.check(again, &regulators(), confirmed);
    let lift = unfreeze(subject("INDUS-PKR"));
    chain.check(lift.clone(), &regulators(), "RJCT DS0G SIGNER_NOT_ALLOWED");
    chain.check(lift.clone(), &[court("PK")], "ACSC");
    chain.check(lift, &[court("PK")], "RJCT NARR NOT_FROZEN");
    chain.check(pay(INDUS, NARYN, "1.00 PKR", "d"), &all(INDUS), "ACSC");
    chain.replay();
}

#[test]
fn a_chain_of_orders_cannot_do_without_a_court() {
    let mut chain = Chain::new();
    let start = chain.upcoming();
    let mut order = freeze(&chain, subject("INDUS-PKR"), FreezeMode::Debit);
    order.until = start.after(DAYS);
    chain.check(order.clone(), &regulators(), "ACSC");
    chain.at(start.after(HOUR));
    order.until = start.after(DAYS).after(SECOND);
    let too_long = "RJCT TM01 FREEZE_DURATION";
    chain.check(order.clone(), &regulators(), too_long);
    order.until = start.after(DAYS);
    order.mode = FreezeMode::Full;
    chain.check(order.clone(), &regulators(), "ACSC");
    order.until = chain.upcoming();
    chain.check(order, &regulators(), too_long);
}

#[test]
fn freezes_that_follow_on_one_another_are_counted_together_until_there_was_a_pause_as_long() {
    let mut chain = Chain::new();
    let place = subject("INDUS-PKR");
    let mut order = freeze(&chain, place.clone(), FreezeMode::Debit);
    let start = chain.upcoming();
    order.until = start.after(DAYS);
    chain.check(order.clone(), &regulators(), "ACSC");
    // Nothing is left in the block in which it ends, however short the next one is and whichever way it stops.
    chain.at(order.until);
    order.until = chain.upcoming().after(SECOND);
    order.mode = FreezeMode::Full;
    let again = "RJCT TM01 FREEZE_AGAIN";
    chain.check(order.clone(), &regulators(), &format!("CANC, {again}"));
    // Another subject is another matter.
    let other = freeze(&chain, subject("RAVI-PKR"), FreezeMode::Debit);
    chain.check(other.clone(), &regulators(), "ACSC");
    chain.at(other.until).check_time("CANC");
    let paused = start.after(DAYS).after(DAYS);
    chain.at(Timestamp::from_millis(paused.millis() - 1));
    order.until = paused.after(DAYS);
    chain.check(order.clone(), &regulators(), again);
    chain.at(paused);
    chain.check(order, &regulators(), "ACSC");
    chain.replay();
}

#[test]
fn a_freeze_that_was_lifted_counts_for_as_long_as_it_lasted() {
    let mut chain = Chain::new();
    let place = subject("INDUS-PKR");
    let mut order = freeze(&chain, place.clone(), FreezeMode::Debit);
    order.until = chain.upcoming().after(DAYS);
    let begun = chain.upcoming();
    chain.check(order.clone(), &regulators(), "ACSC");
    chain.at(begun.after(HOUR));
    chain.check(unfreeze(place.clone()), &regulators(), "ACSC");
    chain.after(HOUR);
    let left = DurationMs::from_millis(DAYS.millis() - HOUR.millis());
    order.until = chain
        .upcoming()
        .after(left)
        .after(DurationMs::from_millis(1));
    let too_long = "RJCT TM01 FREEZE_DURATION";
    chain.check(order.clone(), &regulators(), too_long);
    order.until = chain.upcoming().after(left);
    chain.check(order.clone(), &regulators(), "ACSC");
    // Varied, it still goes on with the count of the one before.
    chain.after(HOUR);
    let variation = Freeze {
        until: order.until.after(DurationMs::from_millis(1)),
        ..order.clone()
    };
    chain.check(variation, &regulators(), too_long);
    // A court that confirms it makes the next one a matter of its own.
    chain.check(confirm(place.clone(), None), &[court("PK")], "ACSC");
    chain.check(unfreeze(place), &[court("PK")], "ACSC");
    order.until = chain.upcoming().after(DAYS);
    chain.check(order, &regulators(), "ACSC");
    chain.replay();
}

#[test]
fn a_freeze_that_is_lifted_before_it_begins_counts_for_nothing() {
    let mut chain = Chain::new();
    let mut order = freeze(&chain, subject("INDUS-PKR"), FreezeMode::Debit);
    order.from = Some(chain.upcoming().after(MINUTE));
    chain.check(order.clone(), &regulators(), "ACSC");
    chain.check(unfreeze(subject("INDUS-PKR")), &regulators(), "ACSC");
    order.from = None;
    order.until = chain.upcoming().after(DAYS);
    chain.check(order, &regulators(), "ACSC");
}

/// The hash of the table of freezes, as any other proof shows it.
fn shown(chain: &Chain) -> Hash {
    let proof = chain.state.prove_account(&account("NARYN-KGS")).unwrap();
    // Accounts are the fifth table, freezes the twenty-first; the place never changes, because new tables come last.
    proof.tables_after[15]
}

#[test]
fn a_proof_of_something_else_does_not_tell_when_a_freeze_came() {
    let (mut quiet, mut frozen) = (Chain::new(), Chain::new());
    let empty =
        karwan_types::state_table_hash("freezes", 1, &karwan_ledger::StateTree::new().root());
    let mut seen = std::collections::BTreeSet::new();
    for chain in [&mut quiet, &mut frozen] {
        chain.check(pay(NARYN, INDUS, "1.00 PKR", "a"), &all(NARYN), "ACSC");
    }
    let order = freeze(&frozen, subject("INDUS-PKR"), FreezeMode::Debit);
    frozen.check(order, &regulators(), "ACSC");
    for chain in [&mut quiet, &mut frozen] {
        for _ in 0..3 {
            chain.check_time("");
            let hash = shown(chain);
            assert_ne!(hash, empty, "nobody can tell that there is none");
            assert!(seen.insert(hash), "the hash changes with every block");
        }
    }
}

#[test]
fn who_has_not_read_the_blocks_cannot_compute_what_the_table_of_freezes_holds() {
    // The same payment, signed by another key: who does not know the signatures knows nothing of the boundaries.
    let after = |key: karwan_types::SecretKey| {
        let mut chain = Chain::new();
        chain.check(pay(INDUS, NARYN, "1.00 PKR", "a"), &[key], "ACSC");
        shown(&chain)
    };
    assert_ne!(after(maker(INDUS)), after(second_maker(INDUS)));
}

#[test]
fn a_proof_that_there_is_no_freeze_shows_no_freeze_of_another_jurisdiction() {
    let mut chain = Chain::new();
    for (place, subject) in [
        ("KG", FreezeSubject::Currency(code("KGS"))),
        ("UZ", FreezeSubject::Currency(code("KGS"))),
    ] {
        let mut order = freeze(&chain, subject, FreezeMode::Debit);
        order.jurisdiction = country(place);
        chain.check(order, &[supervisor(place, 1)], "ACSC");
    }
    for place in ["KG", "KZ", "PK", "UZ"] {
        for subject in [subject("INDUS-PKR"), FreezeSubject::Corridor(country("KG"))] {
            let key = FreezeKey {
                jurisdiction: country(place),
                subject,
            };
            let proof = chain.state.prove_freeze(&key.place()).unwrap();
            let root = chain.state.root();
            let bytes = encode(&key.place());
            proof.verify_absence(&root, "freezes", &bytes).unwrap();
            let shown = [Some(&proof.leaf.key), proof.leaf.next_key.as_ref()];
            for key in shown.into_iter().flatten() {
                let shown: FreezePlace = decode(key.as_bytes(), 1_000).unwrap();
                let own = shown.jurisdiction == country(place);
                assert!(own || shown.entry == FreezeEntry::Boundary, "{shown:?}");
            }
        }
    }
}

#[test]
fn a_freeze_may_begin_later() {
    let mut chain = Chain::new();
    let mut order = freeze(&chain, subject("INDUS-PKR"), FreezeMode::Debit);
    let from = chain.upcoming().after(MINUTE);
    order.from = Some(from);
    chain.check(order, &regulators(), "ACSC");
    chain.at(Timestamp::from_millis(from.millis() - 1));
    chain.check(pay(INDUS, NARYN, "1.00 PKR", "a"), &all(INDUS), "ACSC");
    chain.at(from);
    chain.check(pay(INDUS, NARYN, "1.00 PKR", "b"), &all(INDUS), STOPPED);
}

#[test]
fn what_waits_keeps_its_place_and_its_clock_and_holds_nobody_back() {
    let mut chain = Chain::new();
    let urgent = |to: Institution, sum: &str, name: &str| {
        with(waiting(NARYN, to, sum, name), |terms| {
            terms.priority = Priority::Urgt;
        })
    };
    let reject = chain.upcoming().after(HOUR);
    let doomed = with(urgent(INDUS, "600000.00 PKR", "doomed"), |terms| {
        terms.reject_time = Some(reject);
    });
    chain.check(doomed, &all(NARYN), "PDNG");
    let first = urgent(INDUS, "600000.00 PKR", "first");
    chain.check(first, &all(NARYN), "PDNG");
    let behind = urgent(TALAS, "1.00 PKR", "behind");
    chain.check(behind, &all(NARYN), "PDNG");
    let mut order = freeze(&chain, subject("INDUS-PKR"), FreezeMode::Credit);
    order.until = chain.upcoming().after(DAYS);
    chain.check(order, &regulators(), "ACSC, ACSC");
    let fund = pay(RAVI, NARYN, "900000.00 PKR", "fund");
    chain.check(fund, &all(RAVI), "ACSC");
    chain.at(reject.after(DurationMs::from_millis(1)));
    chain.check_time("RJCT AB03 REJECT_TIME_PASSED");
    chain.check(unfreeze(subject("INDUS-PKR")), &regulators(), "ACSC, ACSC");
    chain.replay();
}

#[test]
fn a_frozen_hold_cannot_be_posted_and_can_be_voided() {
    let mut chain = Chain::new();
    let expires = chain.upcoming().after(HOUR);
    for name in ["a", "b"] {
        let hold = hold(INDUS, NARYN, "10.00 PKR", name, expires);
        chain.check(hold, &all(INDUS), "PDNG");
    }
    let order = freeze(
        &chain,
        FreezeSubject::Participant(INDUS.lei()),
        FreezeMode::Full,
    );
    chain.check(order, &regulators(), "ACSC");
    chain.check(post(INDUS, "a", "10.00 PKR"), &all(NARYN), STOPPED);
    chain.check(void(INDUS, "b"), &all(NARYN), "CANC, ACSC");
}

#[test]
fn redemption_goes_on_only_where_the_order_says_so() {
    for (allowed, asked, confirmed) in [(false, STOPPED, STOPPED), (true, "PDNG", "ACSC, ACSC")] {
        let mut chain = Chain::new();
        chain.check(redeem_request(INDUS, "5.00 PKR", "a"), &all(INDUS), "PDNG");
        let mut order = freeze(&chain, subject("INDUS-PKR"), FreezeMode::Debit);
        order.redemption_allowed = allowed;
        chain.check(order, &regulators(), "ACSC");
        chain.check(redeem_request(INDUS, "5.00 PKR", "b"), &all(INDUS), asked);
        chain.check(redeem_confirm(INDUS, "a", "R"), &all(PK_ISSUER), confirmed);
    }
}

#[test]
fn a_receipt_tells_nobody_of_the_freeze_but_whoever_knows_its_salt() {
    let mut chain = Chain::new();
    let order = freeze(&chain, subject("INDUS-PKR"), FreezeMode::Credit);
    chain.check(order.clone(), &regulators(), "ACSC");
    let first = single(&mut chain, pay(NARYN, INDUS, "1.00 PKR", "a"), NARYN);
    let second = single(&mut chain, pay(NARYN, INDUS, "1.00 PKR", "b"), NARYN);
    let shown = format!("{:?}", first.refusal);
    for told in ["INDUS", "freeze", "frozen", "order", "AMLA"] {
        assert!(!shown.contains(told), "{told} in {shown}");
    }
    assert_eq!(first.clause.as_str(), "4.11", "the general clause");
    assert_ne!(first.withheld, second.withheld, "receipts cannot be linked");

    // The regulator opens the commitment.
    let key = FreezeKey {
        jurisdiction: country("PK"),
        subject: subject("INDUS-PKR"),
    };
    let clause: karwan_types::Max35Text = "9".parse().unwrap();
    let payment = encode(&(first.instruction, Some(uetr("a"))));
    let opened = |salt: Hash| {
        let order = encode(&(&key, &order.order_hash, &clause));
        hash_of(
            HashDomain::WithheldOrder,
            &[salt.as_bytes(), &order, &payment],
        )
    };
    assert_eq!(first.withheld, Some(opened(order.salt)));
    assert_ne!(first.withheld, Some(opened(Hash::ZERO)));
    let plain = single(&mut chain, pay(INDUS, NARYN, "1.00 PKR", "c"), INDUS);
    assert_eq!(plain.withheld, None);
}

#[test]
fn absence_and_presence_of_freezes_and_licences_can_be_proved() {
    let mut chain = Chain::new();
    let frozen = FreezeKey {
        jurisdiction: country("PK"),
        subject: subject("INDUS-PKR"),
    };
    let free = FreezeKey {
        jurisdiction: country("PK"),
        subject: subject("RAVI-PKR"),
    };
    let order = freeze(&chain, frozen.subject.clone(), FreezeMode::Debit);
    chain.check(order, &regulators(), "ACSC");
    let root = chain.state.root();
    let row = chain.state.freeze(&frozen).unwrap().clone();
    let row = encode(&FreezeRow::Freeze(row));
    let (frozen, free) = (frozen.place(), free.place());
    let proof = chain.state.prove_freeze(&frozen).unwrap();
    let table = "freezes";
    proof
        .verify_presence(&root, table, &encode(&frozen), &row)
        .unwrap();
    proof
        .verify_absence(&root, table, &encode(&frozen))
        .unwrap_err();
    let proof = chain.state.prove_freeze(&free).unwrap();
    proof.verify_absence(&root, table, &encode(&free)).unwrap();
    proof
        .verify_absence(&Hash::ZERO, table, &encode(&free))
        .unwrap_err();
}

#[test]
fn an_order_that_has_executed_cannot_be_executed_again_by_whoever_has_seen_it() {
    let mut document = network();
    document.rulebook.common.supervision.order_signers = 2;
    let mut chain = Chain::of(document);
    let both = [supervisor("PK", 1), supervisor("PK", 2)];
    let turned = [supervisor("PK", 2), supervisor("PK", 1)];
    let until = chain.upcoming().after(HOUR);
    let order = freeze(&chain, subject("INDUS-PKR"), FreezeMode::Debit);
    chain.check(order, &both, "ACSC");
    let lift = chain.sign_until(unfreeze(subject("INDUS-PKR")), &both, until);
    assert_eq!(say(&chain.block(&[lift])), "ACSC");
    let order = freeze(&chain, subject("INDUS-PKR"), FreezeMode::Full);
    chain.check(order, &both, "ACSC");
    // The same signatures in another order are another transaction, and the same order.
    let again = chain.sign_until(unfreeze(subject("INDUS-PKR")), &turned, until);
    assert_eq!(say(&chain.block(&[again])), "RJCT DU03 DUPLICATE");
    // Its signers can give it again.
    chain.check(unfreeze(subject("INDUS-PKR")), &turned, "ACSC");
    chain.replay();
}

#[test]
fn a_lifting_that_waits_for_its_second_signature_lifts_no_later_freeze() {
    let mut chain = Chain::new();
    let order = freeze(&chain, subject("INDUS-PKR"), FreezeMode::Debit);
    chain.check(order.clone(), &regulators(), "ACSC");
    chain.at(order.until).check_time("CANC");
    let later = Freeze {
        order_hash: Hash::from_bytes([9; 32]),
        until: chain.upcoming().after(HOUR),
        ..order
    };
    chain.check(later, &regulators(), "ACSC");
    let lift = unfreeze(subject("INDUS-PKR"));
    chain.check(lift, &regulators(), "RJCT NARR NOT_FROZEN");
}

#[test]
fn a_governor_alone_cannot_make_itself_the_regulator_or_the_court() {
    let mut chain = Chain::new();
    let rotation = |old: karwan_types::SecretKey| karwan_ledger::RotateKey {
        old: old.public_key(),
        new: stranger("new order key").public_key(),
    };
    for (old, colleague) in [
        (supervisor("PK", 1), supervisor("PK", 2)),
        (court("PK"), second_court("PK")),
    ] {
        let mut chain = chain.clone();
        chain.check(rotation(old.clone()), &[governor("PK")], "PATC");
        let approve = chain.approve(rotation(old));
        chain.check(approve, &[colleague], "ACSC, ACSC");
    }
    // With nobody else left, all governors must agree.
    let spare = karwan_types::SecretKey::from_seed(&[77; 32]);
    let first = karwan_ledger::RotateKey {
        old: supervisor("PK", 2).public_key(),
        new: spare.public_key(),
    };
    chain.check(first, &[governor("PK"), supervisor("PK", 1)], "ACSC");
}

#[test]
fn why_a_frozen_payment_waits_is_told_as_if_there_were_no_freeze() {
    let mut chain = Chain::new();
    let key = karwan_ledger::InstructionKey {
        agent: NARYN.lei(),
        uetr: uetr("first"),
    };
    let first = waiting(NARYN, INDUS, "600000.00 PKR", "first");
    chain.check(first, &all(NARYN), "PDNG");
    let told = |chain: &Chain| chain.state.why_waiting(&key).map(|one| one.name());
    assert_eq!(told(&chain), Some("INSUFFICIENT_FUNDS"));
    let order = freeze(&chain, subject("INDUS-PKR"), FreezeMode::Credit);
    chain.check(order, &regulators(), "ACSC");
    assert_eq!(told(&chain), Some("INSUFFICIENT_FUNDS"));
}

#[test]
fn the_other_payments_of_a_linked_set_are_told_of_no_order() {
    let mut chain = Chain::new();
    let order = freeze(&chain, subject("INDUS-PKR"), FreezeMode::Debit);
    chain.check(order, &regulators(), "ACSC");
    let legs = vec![
        pay(INDUS, NARYN, "1.00 PKR", "stopped"),
        pay(TOBOL, TALAS, "1.00 KGS", "other"),
    ];
    let signers = [all(INDUS), all(TOBOL)].concat();
    let transaction = chain.sign(linked(legs), &signers);
    let outcomes = chain.block(&[transaction]);
    assert_eq!(
        say(&outcomes),
        "RJCT RR04 REGULATORY_STOP, RJCT NARR LEG_FAILED"
    );
    let told = outcomes[1].refusal.as_ref().unwrap().detail.as_str();
    assert!(!told.contains("REGULATORY"), "{told}");
}

#[test]
fn a_frozen_leg_suspends_both_sides_of_an_exchange() {
    let mut chain = Chain::new();
    let order = freeze(&chain, subject("INDUS-PKR"), FreezeMode::Debit);
    chain.check(order, &regulators(), "ACSC");
    let terms = exchange(&chain, (INDUS, "32 PKR"), (NARYN, "10 KGS"), "swap");
    chain.check(terms, &together(&[INDUS, NARYN]), "PDNG, PDNG");
    let lift = unfreeze(subject("INDUS-PKR"));
    chain.check(lift, &regulators(), "ACSC, ACSC, ACSC");
    chain.replay();
}
