//! Payments that are split to stay below the threshold.

use super::*;
use karwan_ledger::{Priority, RunCycle};

#[test]
fn payments_between_the_same_two_persons_count_together() {
    let mut chain = chain();
    for (sum, name, pair, expected) in [
        ("600 PKR", "1", "a", "ACSC"),
        ("399.99 PKR", "2", "a", "ACSC"),
        ("1 PKR", "3", "a", "PDNG"),
        ("600 PKR", "4", "b", "ACSC"),
        ("600 KGS", "5", "a", "ACSC"),
    ] {
        let one = transfer(INDUS, NARYN, sum, name, pair);
        send(&mut chain, &one, expected);
    }
    // The other direction is another pair of persons.
    let back = transfer(NARYN, INDUS, "600 PKR", "6", "a");
    chain.check(back, &all(NARYN), "ACSC");
    chain.replay();
}

#[test]
fn payments_without_a_tag_count_as_if_they_were_all_between_the_same_two() {
    let mut chain = chain();
    let untagged = |sum, name| {
        with(transfer(INDUS, NARYN, sum, name, ""), |terms| {
            terms.pair_tag = None;
        })
    };
    send(&mut chain, &untagged("600 PKR", "1"), "ACSC");
    send(&mut chain, &untagged("600 PKR", "2"), "PDNG");
    let tagged = transfer(INDUS, NARYN, "600 PKR", "3", "a");
    send(&mut chain, &tagged, "ACSC");
    let other = with(transfer(INDUS, TALAS, "600 PKR", "4", ""), |terms| {
        terms.pair_tag = None;
    });
    send(&mut chain, &other, "ACSC");
}

#[test]
fn what_left_the_window_counts_no_longer() {
    let mut chain = chain();
    let one = transfer(INDUS, NARYN, "600 PKR", "1", "a");
    send(&mut chain, &one, "ACSC");
    chain.after(millis(24 * 3_600_000));
    let two = transfer(INDUS, NARYN, "600 PKR", "2", "a");
    send(&mut chain, &two, "PDNG");
    // It waits until the hour of the first is over, and needs nobody's word any more.
    chain.after(HOUR);
    let run = RunCycle {
        currency: code("PKR"),
    };
    chain.check(run, &all(PK_ISSUER), "ACSC, ACSC");
    chain.replay();
}

#[test]
fn a_payment_that_needs_its_data_only_now_is_refused() {
    let mut chain = chain();
    let bare = |sum, name| {
        with(transfer(INDUS, NARYN, sum, name, "a"), |terms| {
            terms.ivms_commitment = None;
        })
    };
    let missing = "RJCT RR02 TRAVEL_DATA_MISSING";
    send(&mut chain, &bare("1000 PKR", "1"), missing);
    send(&mut chain, &bare("600 PKR", "2"), "ACSC");
    send(&mut chain, &bare("600 PKR", "3"), missing);
}

#[test]
fn legs_and_a_bulk_do_not_pass_the_threshold_in_pieces() {
    let parts = || ["1", "2"].map(|name| transfer(INDUS, NARYN, "600 PKR", name, "a"));
    let mut chain = chain();
    chain.check(linked(parts().into()), &all(INDUS), "PDNG, PDNG");
    let (_, entry) = chain.state.queue().next().unwrap();
    assert_eq!(chain.state.unattested(entry).len(), 1);
    attest(&mut chain, &parts()[1], NARYN, "ACSC, ACSC, ACSC");
    let mut chain = super::chain();
    chain.check(bulk(parts().into()), &all(INDUS), "ACSC, PDNG");
    let bare = parts().map(|one| with(one, |terms| terms.ivms_commitment = None));
    let mut chain = super::chain();
    let expected = "RJCT NARR LEG_FAILED, RJCT RR02 TRAVEL_DATA_MISSING";
    chain.check(linked(bare.into()), &all(INDUS), expected);
}

/// TALAS has no rupees, and lets three payments to one person wait for them.
#[test]
fn a_cycle_does_not_settle_at_once_what_would_pass_the_threshold_together() {
    let mut chain = chain();
    for name in ["1", "2", "3"] {
        let one = with(transfer(TALAS, RAVI, "600 PKR", name, "a"), |terms| {
            terms.priority = Priority::Norm;
        });
        chain.check(one, &all(TALAS), "PDNG");
    }
    let funds = pay(RAVI, TALAS, "1800 PKR", "funds");
    let run = RunCycle {
        currency: code("PKR"),
    };
    let batch = [
        chain.sign(run.clone(), &all(PK_ISSUER)),
        chain.sign(funds, &all(RAVI)),
    ];
    assert_eq!(say(&chain.block(&batch)), "ACSC, ACSC, ACSC");
    chain.check(run, &all(PK_ISSUER), "ACSC");
    assert_eq!(chain.state.queue().count(), 2);
    let second = transfer(TALAS, RAVI, "600 PKR", "2", "a");
    attest(&mut chain, &second, RAVI, "ACSC, ACSC");
    chain.replay();
}

#[test]
fn two_payments_against_each_other_settle_in_one_cycle_but_not_two_of_the_same_pair() {
    let mut document = travelling();
    document.rulebook.common.queue.cycle_blocks = 0;
    for participant in &mut document.participants {
        for account in &mut participant.accounts {
            if account.currency == code("PKR") {
                account.opening = karwan_types::Amount::ZERO;
            }
        }
    }
    let mut chain = Chain::of(document);
    for name in ["1", "2"] {
        let one = transfer(INDUS, NARYN, "600 PKR", name, "a");
        send(&mut chain, &one, "PDNG");
    }
    chain.check(
        with(pay(NARYN, INDUS, "1200 PKR", "back"), |terms| {
            terms.on_shortage = OnShortage::Queue;
        }),
        &all(NARYN),
        "PDNG",
    );
    let run = RunCycle {
        currency: code("PKR"),
    };
    // All three would net out, if the two did not come to 1,200 together.
    chain.check(run, &all(PK_ISSUER), "ACSC");
    assert_eq!(chain.state.queue().count(), 3);
    let second = transfer(INDUS, NARYN, "600 PKR", "2", "a");
    attest(&mut chain, &second, NARYN, "ACSC");
    let run = RunCycle {
        currency: code("PKR"),
    };
    chain.check(run, &all(PK_ISSUER), "ACSC, ACSC, ACSC, ACSC");
    chain.replay();
}
