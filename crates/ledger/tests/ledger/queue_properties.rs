//! Two properties of the queue (§6) that the mechanism alone cannot show, over random blocks with cycles in them:
//! (d) nothing settles after its reject time, and (h) ordinary payments are never paused by a cycle. Both checks are shown to fail
//! on outcomes in which the property is broken.

use crate::model::sequences::{first_seed, from_environment};
use crate::rules::queue::poor;
use crate::support::*;
use karwan_ledger::{OnShortage, Operation, Pay, Priority, RunCycle, Transaction};
use karwan_types::{Outcome, Timestamp, TransactionStatus, Uetr};
use std::collections::BTreeMap;

/// How many random histories, each of so many blocks.
const HISTORIES: u64 = 60;
const BLOCKS: usize = 6;

struct Block {
    time: Timestamp,
    payments: Vec<Pay>,
    cycle: bool,
}

/// Between four banks that have a little money, in two currencies; most wait, some until soon.
fn payment(random: &mut fastrand::Rng, name: &str, time: Timestamp) -> Pay {
    let banks = [INDUS, RAVI, NARYN, TALAS];
    let from = banks[random.usize(0..banks.len())];
    let others: Vec<Institution> = banks.into_iter().filter(|one| *one != from).collect();
    let to = others[random.usize(0..others.len())];
    let currency = ["PKR", "KGS"][random.usize(0..2)];
    let sum = format!("{}.00 {currency}", random.u32(1..60));
    with(pay(from, to, &sum, name), |terms| {
        terms.on_shortage = OnShortage::Queue;
        terms.priority = [Priority::Urgt, Priority::High, Priority::Norm][random.usize(0..3)];
        if random.bool() {
            terms.reject_time = Some(time.after(millis(random.u64(0..4_000))));
        }
    })
}

fn history(seed: u64) -> (Chain, Vec<Block>) {
    let mut random = fastrand::Rng::with_seed(seed);
    let funded = ["INDUS-PKR", "RAVI-PKR", "NARYN-KGS", "TALAS-PKR"].map(|number| {
        let currency = if number.ends_with("KGS") {
            "KGS"
        } else {
            "PKR"
        };
        (number, format!("{}.00 {currency}", random.u32(0..80)))
    });
    let funded: Vec<(&str, &str)> = funded
        .iter()
        .map(|(one, sum)| (*one, sum.as_str()))
        .collect();
    let chain = Chain::of(poor(&funded));
    let mut time = chain.now();
    let mut blocks = Vec::new();
    for place in 0..BLOCKS {
        time = time.after(millis(random.u64(500..1_500)));
        let count = random.usize(2..9);
        let payments = (0..count)
            .map(|index| payment(&mut random, &format!("{seed}/{place}/{index}"), time))
            .collect();
        let cycle = random.bool();
        blocks.push(Block {
            time,
            payments,
            cycle,
        });
    }
    (chain, blocks)
}

fn transactions(chain: &Chain, block: &Block, cycle: bool) -> Vec<Transaction> {
    let sign = |pay: &Pay| {
        let of = [INDUS, RAVI, NARYN, TALAS].into_iter();
        let mut of = of.filter(|one| one.agent() == pay.payment.debtor_agent);
        chain.sign(pay.clone(), &all(of.next().expect("one of the four")))
    };
    let asked = cycle.then(|| {
        let currency = code("PKR");
        chain.sign(Operation::from(RunCycle { currency }), &all(PK_ISSUER))
    });
    // The cycle is asked for first, so that it could come before the payments if anything let it.
    asked
        .into_iter()
        .chain(block.payments.iter().map(sign))
        .collect()
}

/// (d): what settled late, if anything did.
fn settled_late(
    time: Timestamp,
    outcomes: &[Outcome],
    rejects: &BTreeMap<Uetr, Timestamp>,
) -> Option<Uetr> {
    let settled = outcomes
        .iter()
        .filter(|one| one.status == TransactionStatus::Acsc);
    let mut paid = settled.filter_map(|one| Some(one.movement.as_ref()?.uetr));
    paid.find(|uetr| rejects.get(uetr).is_some_and(|reject| *reject < time))
}

/// (h): a payment whose first answer in the block with the cycle is another than without it.
fn paused(with: &[Outcome], without: &[Outcome]) -> Option<Uetr> {
    let first = |outcomes: &[Outcome]| {
        let mut answers: BTreeMap<Uetr, TransactionStatus> = BTreeMap::new();
        // Only what transactions brought about: what waited before has its turn at the end of the block.
        for one in outcomes.iter().filter(|one| one.transaction.is_some()) {
            if let Some(movement) = &one.movement {
                answers.entry(movement.uetr).or_insert(one.status);
            }
        }
        answers
    };
    let (with, without) = (first(with), first(without));
    let mut known = without.into_iter();
    known
        .find(|(uetr, status)| with.get(uetr) != Some(status))
        .map(|(uetr, _)| uetr)
}

#[test]
fn d_nothing_settles_after_its_reject_time() {
    let (mut settled, mut refused) = (0, 0);
    let first = first_seed();
    for seed in first..first + from_environment("KARWAN_SEQUENCES", HISTORIES).min(HISTORIES) {
        let (mut chain, blocks) = history(seed);
        let mut rejects = BTreeMap::new();
        for block in &blocks {
            chain.at(block.time);
            let timed = block.payments.iter().map(|one| &one.payment);
            rejects.extend(timed.filter_map(|one| Some((one.uetr, one.reject_time?))));
            let offered = transactions(&chain, block, block.cycle);
            let mut outcomes = chain.block(&offered);
            assert_eq!(
                settled_late(block.time, &outcomes, &rejects),
                None,
                "seed {seed}"
            );
            let late = |one: &&Outcome| {
                let code = one.refusal.as_ref().map(|refusal| refusal.code);
                code == Some(605)
            };
            refused += outcomes.iter().filter(late).count();
            // Broken on purpose: what was refused as late is said to have settled.
            for one in outcomes.iter_mut().filter(|one| late(&&**one)) {
                one.status = TransactionStatus::Acsc;
                let broken = std::slice::from_ref(one);
                assert!(
                    settled_late(block.time, broken, &rejects).is_some(),
                    "seed {seed}"
                );
            }
            settled += outcomes.len();
        }
    }
    assert!(
        settled > 0 && refused > 0,
        "{settled} outcomes, {refused} refused late"
    );
}

#[test]
fn h_ordinary_payments_are_never_paused_by_a_cycle() {
    let (mut compared, mut cycles) = (0, 0);
    let first = first_seed();
    for seed in first..first + from_environment("KARWAN_SEQUENCES", HISTORIES).min(HISTORIES) {
        let (mut chain, blocks) = history(seed);
        for block in &blocks {
            chain.at(block.time);
            let (mut without, offered) = (chain.clone(), transactions(&chain, block, true));
            let alone = transactions(&without, block, false);
            let without = without.block(&alone);
            let mut with = chain.block(&offered);
            assert_eq!(paused(&with, &without), None, "seed {seed}");
            compared += without.len();
            cycles += usize::from(with.len() > without.len());
            // Broken on purpose: a payment that settled at once is said to wait for the cycle.
            let by_itself = |one: &&mut Outcome| {
                one.transaction.is_some()
                    && one.movement.is_some()
                    && one.status == TransactionStatus::Acsc
            };
            if let Some(one) = with.iter_mut().find(by_itself) {
                one.status = TransactionStatus::Pdng;
                assert!(paused(&with, &without).is_some(), "seed {seed}");
            }
        }
    }
    assert!(
        compared > 0 && cycles > 0,
        "{compared} outcomes, {cycles} cycles"
    );
}
