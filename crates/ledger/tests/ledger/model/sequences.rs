//! Random sequences of instructions through the ledger and the model.
//!
//! `KARWAN_SEED` is the first seed, `KARWAN_SEQUENCES` how many follow; a failure prints the one that repeats it.

use super::author::{Author, Secrets, registered};
use super::{Model, Seen};
use crate::support::*;
use karwan_ledger::{
    AccountClass, AccountStatus, Genesis, GenesisDocument, Rejection, Transaction,
};
use karwan_types::{Amount, DurationMs, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

const SEQUENCES: u64 = 2_000;
const BLOCKS: usize = 12;

fn from_environment(name: &str, otherwise: u64) -> u64 {
    let given = std::env::var(name).ok();
    given.map_or(otherwise, |text| text.parse().expect("a number"))
}

/// Names the seed when the test that owns it fails.
struct Seed(u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("repeat it with KARWAN_SEED={} KARWAN_SEQUENCES=1", self.0);
        }
    }
}

/// One block of a sequence: its time, what was offered for it, and what the ledger made of it.
struct Step {
    time: Timestamp,
    offered: Vec<Transaction>,
    seen: Seen,
}

/// Runs a sequence and requires after every block that the ledger and the model agree. The driver checks the invariants,
/// the second execution and the checkpoint of every block.
fn run(genesis: &Genesis, secrets: &Secrets, seed: u64) -> Vec<Step> {
    let named = Seed(seed);
    let mut chain = Chain::from_genesis(genesis);
    let mut model = Model::new(genesis.document());
    let mut author = Author::new(named.0, secrets);
    let mut steps = Vec::new();
    for _ in 0..BLOCKS {
        let time = author.next_time(&model);
        chain.at(time);
        let count = author.random.usize(..6);
        let (mut offered, mut verified) = (Vec::new(), Vec::new());
        for _ in 0..count {
            let transaction = author.write(&chain, &model);
            let verdict = chain.verify(&transaction);
            let code = verdict.as_ref().err().map(Rejection::code);
            assert_eq!(code, Model::alone(&transaction.operation));
            if let Ok(transaction) = verdict {
                offered.push(transaction.transaction().clone());
                verified.push(transaction);
            }
        }
        let outcomes = chain.block_of(&verified);
        let seen = Seen::of_chain(&chain, &outcomes);
        let included = model.block(time.millis(), &offered);
        if let Some(difference) = seen.difference(&Seen::of_model(&model, included)) {
            panic!("at height {}, {difference}", chain.state.chain().height);
        }
        steps.push(Step {
            time,
            offered,
            seen,
        });
    }
    if seed.is_multiple_of(8) {
        chain.replay();
    }
    steps
}

#[test]
fn the_ledger_and_the_naive_model_agree_on_random_instructions() {
    let genesis = Genesis::new(network()).unwrap();
    let secrets = registered();
    let first = from_environment("KARWAN_SEED", 1);
    let sequences = from_environment("KARWAN_SEQUENCES", SEQUENCES);
    let (mut instructions, mut settled) = (0usize, 0usize);
    let mut met: BTreeMap<Option<u16>, usize> = BTreeMap::new();
    for seed in first..first.saturating_add(sequences) {
        for step in run(&genesis, &secrets, seed) {
            instructions += step.offered.len();
            for said in step.seen.said {
                *met.entry(said.code).or_default() += 1;
                settled += usize::from(said.status == karwan_types::TransactionStatus::Acsc);
            }
        }
    }
    eprintln!("{sequences} sequences, {instructions} instructions, {settled} settled, {met:?}");
    if sequences >= SEQUENCES {
        let met: BTreeSet<u16> = met.into_keys().flatten().collect();
        let missing: Vec<&u16> = REFUSALS.iter().filter(|code| !met.contains(code)).collect();
        assert!(
            missing.is_empty(),
            "no sequence met the refusals {missing:?}"
        );
    }
}

/// Every refusal that an instruction can meet in a block of this network, except the suspension of an agent (703, 704),
/// which nothing brings about yet.
const REFUSALS: &[u16] = &[
    402, 403, 404, 406, 407, 408, 409, 501, 502, 603, 604, 605, 606, 607, 608, 609, 701, 702, 801,
    802, 803, 901, 902, 903, 904, 905, 906, 907, 908, 909, 910, 1003, 1004, 1005, 1006, 1007, 1301,
    1401, 1402, 1403, 1404, 1405, 1406, 1407, 1502, 1503,
];

/// A rule that differs: its name, and how the document of the model is altered.
type Alteration = (&'static str, fn(&mut GenesisDocument));

/// Rules changed in the model only, each of which must be noticed.
const ALTERED: &[Alteration] = &[
    ("a validity longer by a millisecond", |doc| {
        let common = &mut doc.rulebook.common;
        common.validity_max_ms = later(common.validity_max_ms);
    }),
    ("a retention longer by a millisecond", |doc| {
        let common = &mut doc.rulebook.common;
        common.retention_ms = later(common.retention_ms);
    }),
    ("a largest payment larger by one", |doc| {
        doc.currencies[0].payment_max = more(doc.currencies[0].payment_max);
    }),
    ("a smallest payment larger by one", |doc| {
        doc.currencies[0].payment_min = more(doc.currencies[0].payment_min);
    }),
    ("another supply cap", |doc| {
        doc.currencies[0].supply_cap = money("8703000 PKR").1;
    }),
    ("a business date an hour off", |doc| {
        doc.currencies[0].utc_offset_minutes -= 60
    }),
    ("a window that closes a minute later", |doc| {
        doc.currencies[0].issuer_window.1 += 1
    }),
    ("a window that opens a minute earlier", |doc| {
        doc.currencies[0].issuer_window.0 -= 1
    }),
    ("an automatic release larger by one", |doc| {
        let tier = &mut doc.participants[4].policy[0];
        tier.up_to = tier.up_to.map(|(currency, most)| (currency, more(most)));
    }),
    ("a release without a checker", |doc| {
        doc.participants[4].policy[1].checkers = 0
    }),
    ("a release without a releaser", |doc| {
        doc.participants[4].policy.last_mut().unwrap().releasers = 0;
    }),
    ("an opening balance larger by one", |doc| {
        let opening = &mut doc.participants[4].accounts[0].opening;
        *opening = more(*opening);
    }),
    ("clients' money taken for the house's", |doc| {
        doc.participants[4].accounts[2].class = AccountClass::Settlement;
    }),
    ("a blocked account open", |doc| {
        doc.participants[4].accounts[3].status = AccountStatus::Open;
    }),
    ("an account for credits only open", |doc| {
        doc.participants[4].accounts[5].status = AccountStatus::Open;
    }),
    ("an account for debits only open", |doc| {
        doc.participants[4].accounts[6].status = AccountStatus::Open;
    }),
    ("a closed account open", |doc| {
        doc.participants[4].accounts[4].status = AccountStatus::Open;
    }),
    ("a maker's key as a checker's", |doc| {
        doc.participants[4].keys[1].role = karwan_ledger::Role::Checker;
    }),
    ("another governor", |doc| {
        doc.jurisdictions[0].governors[0] = stranger("governor").public_key();
    }),
    ("a bank taken for something else", |doc| {
        doc.participants[4].kind = karwan_ledger::ParticipantKind::Pso;
    }),
    ("a bank of another jurisdiction", |doc| {
        doc.participants[4].jurisdiction = country("KG");
    }),
    ("another clearing number", |doc| {
        doc.participants[6].members.clear()
    }),
];

fn more(amount: Amount) -> Amount {
    Amount::from_minor(amount.minor() + 1)
}
fn later(duration: DurationMs) -> DurationMs {
    millis(duration.millis() + 1)
}

#[test]
fn every_rule_that_differs_in_the_model_is_noticed() {
    const WITHIN: u64 = 1_500;
    let genesis = Genesis::new(network()).unwrap();
    let altered = |(name, alter): &Alteration| {
        let mut document = network();
        alter(&mut document);
        (*name, Model::new(&document))
    };
    let mut unnoticed: Vec<(&str, Model)> = ALTERED.iter().map(altered).collect();
    let secrets = registered();
    let first = from_environment("KARWAN_SEED", 1);
    for seed in first..first + WITHIN {
        if unnoticed.is_empty() {
            return;
        }
        let steps = run(&genesis, &secrets, seed);
        unnoticed.retain(|(_, model)| {
            let mut model = model.clone();
            steps.iter().all(|step| {
                let included = model.block(step.time.millis(), &step.offered);
                let seen = Seen::of_model(&model, included);
                seen == step.seen
            })
        });
    }
    let names: Vec<&str> = unnoticed.iter().map(|(name, _)| *name).collect();
    assert!(
        names.is_empty(),
        "not noticed in {WITHIN} sequences: {names:?}"
    );
}
