//! Random sequences of instructions through the ledger and the model, on all processors.
//!
//! `KARWAN_SEED` is the first seed, `KARWAN_SEQUENCES` how many follow; a failure prints the seed that repeats it and the shortest
//! sequence in which it happens.

use super::author::{Author, Scope, Secrets, registered};
use super::kinds::{LINES, modelled};
use super::trace::{Offer, quietly, shortest, step_verified, words_of};
use super::worlds::{geneses, of_seed};
use super::{Model, Seen};
use crate::support::*;
use karwan_ledger::{Genesis, Rejection};
use karwan_types::TransactionStatus;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

/// How many sequences run when nobody asks for another number.
const SEQUENCES: u64 = 20_000;
/// The blocks of one sequence.
const BLOCKS: usize = 8;
/// One in so many sequences is executed again from genesis.
const REPLAYED: u64 = 16;
/// After so many failures a worker stops.
const FAILURES_MAX: usize = 3;

pub(crate) fn from_environment(name: &str, otherwise: u64) -> u64 {
    let given = std::env::var(name).ok();
    given.map_or(otherwise, |text| text.parse().expect("a number"))
}
/// The seed with which a run begins.
pub(crate) fn first_seed() -> u64 {
    from_environment("KARWAN_SEED", 1)
}

/// One block of a sequence: what was offered for it, and what the ledger made of it.
pub(crate) struct Step {
    pub(crate) offer: Offer,
    pub(crate) seen: Seen,
}

/// What came of many sequences.
#[derive(Default)]
pub(crate) struct Report {
    pub(crate) sequences: u64,
    instructions: usize,
    settled: usize,
    cycles: usize,
    restored: usize,
    /// How often each answer was given; none for what was not refused.
    met: BTreeMap<Option<u16>, usize>,
    /// Seed and words.
    pub(crate) failures: Vec<(u64, String)>,
}

impl Report {
    fn add(&mut self, steps: &[Step]) {
        self.sequences += 1;
        for step in steps {
            self.instructions += step.offer.transactions.len();
            self.restored += usize::from(step.offer.restored);
            for said in &step.seen.said {
                *self.met.entry(said.code).or_default() += 1;
                self.settled += usize::from(said.status == TransactionStatus::Acsc);
            }
        }
        self.cycles += steps.last().map_or(0, |last| last.seen.cycles.len());
    }
    fn join(&mut self, other: Self) {
        self.sequences += other.sequences;
        self.instructions += other.instructions;
        self.settled += other.settled;
        self.cycles += other.cycles;
        self.restored += other.restored;
        for (code, times) in other.met {
            *self.met.entry(code).or_default() += times;
        }
        self.failures.extend(other.failures);
    }
}

/// Lets an author write a sequence while the ledger and the model execute it. The driver checks the invariants after every
/// block, and in some the second execution by a restored validator. What was offered so far stands in `steps` when it panics.
pub(crate) fn run(
    genesis: &Genesis,
    secrets: &Secrets,
    seed: u64,
    offers: &mut Vec<Offer>,
) -> Vec<Step> {
    let mut chain = Chain::from_genesis(genesis);
    let mut model = Model::new(genesis.document());
    let mut author = Author::new(seed, secrets, Scope::Modelled);
    let mut steps = Vec::new();
    for _ in 0..BLOCKS {
        let often = if model.scheduled.is_empty() { 6 } else { 30 };
        let mut offer = Offer {
            time: author.next_time(&model),
            restored: author.chance(often),
            audited: author.chance(15),
            transactions: Vec::new(),
        };
        if offer.restored {
            chain.restore();
        }
        chain.at(offer.time);
        let mut verified = Vec::new();
        for _ in 0..author.random.usize(..6) {
            let transaction = author.write(&chain, &model);
            let verdict = chain.verify(&transaction);
            let code = verdict.as_ref().err().map(Rejection::code);
            let alone = modelled(&transaction.operation).and_then(|known| known.alone());
            assert_eq!(code, alone, "what is wrong with {transaction:?} by itself");
            if let Ok(transaction) = verdict {
                offer.transactions.push(transaction.transaction().clone());
                verified.push(transaction);
            }
        }
        offers.push(offer.clone());
        let seen = step_verified(&mut chain, &mut model, &offer, &verified);
        steps.push(Step { offer, seen });
    }
    if seed.is_multiple_of(REPLAYED) {
        chain.replay();
    }
    steps
}

fn run_some(geneses: &[Genesis], seeds: impl Iterator<Item = u64>) -> Report {
    let secrets = registered();
    let mut report = Report::default();
    for seed in seeds {
        let genesis = of_seed(geneses, seed);
        let mut offers = Vec::new();
        let sequence = || run(genesis, &secrets, seed, &mut offers);
        match quietly(sequence) {
            Ok(steps) => report.add(&steps),
            Err(panic) => {
                let words = words_of(&*panic);
                let told = shortest(genesis, offers);
                let repeat = format!("repeat it with KARWAN_SEED={seed} KARWAN_SEQUENCES=1");
                report
                    .failures
                    .push((seed, format!("{words}\n{told}\n{repeat}")));
            }
        }
        if report.failures.len() >= FAILURES_MAX {
            break;
        }
    }
    report
}

/// The sequences of this run of the tests. They run once, for all the tests that ask for them.
#[expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a test measures how fast it is; nothing depends on it"
)]
pub(crate) fn report() -> &'static Report {
    static REPORT: OnceLock<Report> = OnceLock::new();
    REPORT.get_or_init(|| {
        let (first, sequences) = (first_seed(), from_environment("KARWAN_SEQUENCES", SEQUENCES));
        let geneses = geneses();
        let workers = std::thread::available_parallelism().map_or(1, |number| number.get());
        let started = std::time::Instant::now();
        let reports: Vec<Report> = std::thread::scope(|scope| {
            let start = |worker: usize| {
                let own = (first..first.saturating_add(sequences)).skip(worker);
                let geneses = &geneses;
                scope.spawn(move || run_some(geneses, own.step_by(workers)))
            };
            let handles: Vec<_> = (0..workers).map(start).collect();
            let finish = |handle: std::thread::ScopedJoinHandle<'_, Report>| {
                handle.join().expect("a worker catches what goes wrong")
            };
            handles.into_iter().map(finish).collect()
        });
        let mut report = Report::default();
        for one in reports {
            report.join(one);
        }
        let seconds = started.elapsed().as_secs_f64();
        let count = u32::try_from(report.sequences).map_or(f64::INFINITY, f64::from);
        eprintln!(
            "{} sequences in {seconds:.1} s, {:.0} a second; {} instructions, {} settled, {} cycles, {} restored; {:?}",
            report.sequences,
            count / seconds,
            report.instructions,
            report.settled,
            report.cycles,
            report.restored,
            report.met
        );
        report
    })
}

#[test]
fn the_ledger_and_the_naive_model_agree_on_random_instructions() {
    let report = report();
    if let Some((_, words)) = report.failures.iter().min() {
        let seeds: Vec<u64> = report.failures.iter().map(|(seed, _)| *seed).collect();
        panic!("{words}\nall the seeds that failed before it stopped: {seeds:?}");
    }
    if report.sequences >= SEQUENCES {
        let met: BTreeSet<u16> = report.met.keys().copied().flatten().collect();
        let missing: Vec<&u16> = REFUSALS.iter().filter(|code| !met.contains(code)).collect();
        assert!(
            missing.is_empty(),
            "no sequence met the refusals {missing:?}"
        );
    }
}

/// Every refusal that an instruction can meet in a block of these networks, except the suspension of an agent (703, 704),
/// which nothing brings about yet, and the redemption of more than is outstanding (1810), for which these networks lend too little.
const REFUSALS: &[u16] = &[
    102, 402, 403, 404, 406, 407, 408, 409, 501, 502, 603, 604, 605, 606, 607, 608, 609, 610, 701,
    702, 801, 802, 803, 804, 805, 806, 807, 808, 811, 812, 813, 814, 815, 816, 817, 818, 819, 820,
    901, 902, 903, 904, 905, 906, 907, 908, 909, 910, 1003, 1004, 1005, 1006, 1007, 1008, 1101,
    1102, 1103, 1301, 1302, 1303, 1304, 1401, 1402, 1403, 1404, 1405, 1406, 1407, 1408, 1409, 1410,
    1411, 1412, 1502, 1503, 1602, 1603, 1604, 1605, 1606, 1607, 1608, 1609, 1701, 1702, 1703, 1704,
    1705, 1706, 1707, 1708, 1709, 1710, 1711, 1712, 1713, 1720, 1721, 1722, 1723, 1812, 1813, 1814,
];

#[test]
fn the_invariants_hold_under_every_kind_of_instruction_the_observed_ones_too() {
    let observed = LINES.iter().filter(|line| line.observed.is_some()).count();
    // Without such kinds it only shows that the way is open for them.
    let sequences = if observed == 0 { 50 } else { SEQUENCES / 20 };
    let (geneses, secrets) = (geneses(), registered());
    for seed in first_seed()..first_seed() + sequences {
        let run = || {
            let mut chain = Chain::from_genesis(of_seed(&geneses, seed));
            // Only for the author to look at: of what is merely observed it knows nothing.
            let mut books = Model::new(chain.genesis.document());
            let mut author = Author::new(seed, &secrets, Scope::Everything);
            for _ in 0..BLOCKS {
                let time = author.next_time(&books);
                chain.at(time);
                let count = author.random.usize(..7);
                let written: Vec<_> = (0..count).map(|_| author.write(&chain, &books)).collect();
                let verdicts = written.iter().map(|one| chain.verify(one));
                let verified: Vec<_> = verdicts.filter_map(Result::ok).collect();
                chain.block_of(&verified);
                let sound = verified.iter().map(|one| one.transaction().clone());
                books.block(time.millis(), &sound.collect::<Vec<_>>());
            }
        };
        if let Err(panic) = quietly(run) {
            panic!("seed {seed}: {}", words_of(&*panic));
        }
    }
}
