//! What must hold for every pool. Each property is checked over random pools with the rules as they are, and in `planted` with
//! rules and results that break it.

use super::super::*;
use super::cases::{Case, Shape};
use super::model::Model;
use super::words::tell;
use std::collections::BTreeSet;

pub(super) const SEEDS: u64 = 2_000;
const ALL: [Step; 3] = [Step::Single, Step::Bilateral, Step::Multilateral];

/// The mechanism, or one with a fault.
pub(super) struct Subject {
    pub(super) rules: &'static dyn Rules,
    /// What is changed in the result behind the mechanism's back.
    pub(super) forge: fn(&Pool, &mut Cleared),
}

impl Subject {
    pub(super) const GENUINE: Self = Self {
        rules: &QueueRules,
        forge: |_, _| {},
    };

    fn run(&self, pool: &Pool, steps: &[Step]) -> Cleared {
        let mut cleared = run(pool.clone(), self.rules, steps);
        (self.forge)(pool, &mut cleared);
        cleared
    }
}

/// Something that must hold, over which pools, and what tells that it does not.
pub(super) struct Property {
    pub(super) name: &'static str,
    shape: Shape,
    violation: fn(&Subject, &Case) -> Option<String>,
}

impl Property {
    /// The first random pool with which a subject violates this, told with its seed.
    pub(super) fn violated_by(&self, subject: &Subject) -> Option<String> {
        (0..SEEDS).find_map(|seed| {
            let case = Case::new(seed, self.shape);
            let violation = (self.violation)(subject, &case)?;
            Some(format!(
                "{}: {violation}; seed {seed}, {:?}",
                self.name, self.shape
            ))
        })
    }
}

pub(super) const PROPERTIES: [&Property; 14] = [
    &REPEATABLE,
    &LABELS,
    &LEG_ORDER,
    &FLOORS,
    &LIMITS,
    &CONSERVATION,
    &WHOLE,
    &STRICT_ORDER,
    &SUPERSET,
    &REMOVALS,
    &NAIVE_SINGLE,
    &NAIVE_STEPS,
    &NAIVE_CYCLE,
    &LARGEST,
];

fn check(property: &Property) {
    let violation = property.violated_by(&Subject::GENUINE);
    assert!(violation.is_none(), "{}", violation.unwrap_or_default());
}

fn differ<T: PartialEq + std::fmt::Debug>(left: &T, right: &T) -> Option<String> {
    (left != right).then(|| format!("{left:?} is not {right:?}"))
}

fn settled(cleared: &Cleared) -> BTreeSet<usize> {
    let entries = |posting: &Posting| posting.entries.clone();
    cleared.postings.iter().flat_map(entries).collect()
}

/// Goes through the postings of a whole cycle with a model of the pool before each.
fn at_each_posting(
    subject: &Subject,
    case: &Case,
    violation: impl Fn(&Model, &BTreeSet<usize>) -> Option<String>,
) -> Option<String> {
    let cleared = subject.run(&case.pool, &ALL);
    let mut model = Model::new(&case.pool);
    for posting in &cleared.postings {
        let entries = posting.entries.iter().copied().collect();
        if let Some(violation) = violation(&model, &entries) {
            return Some(format!("{violation} in {}", tell(&cleared.postings)));
        }
        model.post(posting.step, &entries);
    }
    None
}

pub(super) const REPEATABLE: Property = Property {
    name: "two runs give the same",
    shape: Shape::Full,
    violation: |subject, case| {
        let run = || subject.run(&case.pool, &ALL);
        differ(&run(), &run())
    },
};

pub(super) const LABELS: Property = Property {
    name: "the accounts' labels decide neither step 1 nor, between single payments, step 3",
    shape: Shape::Single,
    violation: |subject, case| {
        let other = case.relabelled();
        let difference = |step| {
            let run = |case: &Case| settled(&subject.run(&case.pool, &[step]));
            differ(&run(case), &run(&other))
        };
        difference(Step::Single).or_else(|| difference(Step::Multilateral))
    },
};

pub(super) const LEG_ORDER: Property = Property {
    name: "the order of an entry's legs decides nothing",
    shape: Shape::Full,
    violation: |subject, case| {
        let reversed = case.with_legs_reversed();
        let run = |case: &Case| subject.run(&case.pool, &ALL);
        differ(&run(case), &run(&reversed))
    },
};

pub(super) const FLOORS: Property = Property {
    name: "no account that pays goes under its floor",
    shape: Shape::Full,
    violation: |subject, case| {
        at_each_posting(subject, case, |model, entries| {
            let mut accounts = 0..case.pool.positions.len();
            let under = accounts.find(|account| !model.keeps_floor(*account, entries));
            under.map(|account| format!("account {account} is under its floor"))
        })
    },
};

pub(super) const LIMITS: Property = Property {
    name: "no limit is exceeded by who pays",
    shape: Shape::Full,
    violation: |subject, case| {
        at_each_posting(subject, case, |model, entries| {
            let mut limits = case.pool.limits.keys();
            let exceeded = limits.find(|limit| !model.keeps_limit(**limit, entries));
            exceeded.map(|limit| format!("limit {limit:?} is exceeded"))
        })
    },
};

pub(super) const CONSERVATION: Property = Property {
    name: "the sum of every currency stays",
    shape: Shape::Full,
    violation: |subject, case| {
        let sums = |positions: &[Position]| {
            let mut sums: BTreeMap<usize, i128> = BTreeMap::new();
            for (position, currency) in positions.iter().zip(&case.currencies) {
                *sums.entry(*currency).or_default() += position.available;
            }
            sums
        };
        let cleared = subject.run(&case.pool, &ALL);
        differ(&sums(&cleared.positions), &sums(&case.pool.positions))
    },
};

pub(super) const WHOLE: Property = Property {
    name: "an entry settles once, with all of its legs, or not at all",
    shape: Shape::Full,
    violation: |subject, case| {
        let cleared = subject.run(&case.pool, &ALL);
        let mut model = Model::new(&case.pool);
        for posting in &cleared.postings {
            let entries: BTreeSet<usize> = posting.entries.iter().copied().collect();
            if entries.len() != posting.entries.len() || !entries.is_subset(&model.open) {
                return Some(format!("twice in {}", tell(&cleared.postings)));
            }
            model.post(posting.step, &entries);
        }
        let moved = |of: &Cleared| {
            (
                of.positions.clone(),
                of.limits.clone(),
                of.turnovers.clone(),
            )
        };
        differ(&moved(&cleared), &moved(&model.cleared))
    },
};

pub(super) const STRICT_ORDER: Property = Property {
    name: "a strict entry is not overtaken",
    shape: Shape::Full,
    violation: |subject, case| {
        at_each_posting(subject, case, |model, entries| {
            let mut settling = entries.iter();
            let overtaking = settling.find(|entry| model.is_blocked(**entry, entries));
            overtaking.map(|entry| format!("{entry} overtakes"))
        })
    },
};

pub(super) const SUPERSET: Property = Property {
    name: "a cycle settles all that step 1 settles",
    shape: Shape::Full,
    violation: |subject, case| {
        let all = settled(&subject.run(&case.pool, &ALL));
        let single = settled(&subject.run(&case.pool, &[Step::Single]));
        let lost: Vec<_> = single.difference(&all).collect();
        (!lost.is_empty()).then(|| format!("{lost:?} are lost"))
    },
};

pub(super) const REMOVALS: Property = Property {
    name: "step 3 settles or removes each open entry once",
    shape: Shape::Full,
    violation: |subject, case| {
        let cleared = subject.run(&case.pool, &ALL);
        let removed = case.pool.entries.len() - settled(&cleared).len();
        differ(&cleared.removals, &removed)
    },
};

pub(super) const NAIVE_SINGLE: Property = Property {
    name: "the single pass equals the naive one",
    shape: Shape::Full,
    violation: |subject, case| {
        let steps = [Step::Single];
        let naive = Model::new(&case.pool).run(&steps);
        differ(&subject.run(&case.pool, &steps), &naive)
    },
};

pub(super) const NAIVE_STEPS: Property = Property {
    name: "steps 2 and 3, each alone, equal the naive ones",
    shape: Shape::Full,
    violation: |subject, case| {
        let difference = |step| {
            let naive = Model::new(&case.pool).run(&[step]);
            differ(&subject.run(&case.pool, &[step]), &naive)
        };
        difference(Step::Bilateral).or_else(|| difference(Step::Multilateral))
    },
};

pub(super) const NAIVE_CYCLE: Property = Property {
    name: "the cycle equals the naive one",
    shape: Shape::Full,
    violation: |subject, case| {
        let naive = Model::new(&case.pool).run(&ALL);
        differ(&subject.run(&case.pool, &ALL), &naive)
    },
};

pub(super) const LARGEST: Property = Property {
    name: "between single payments step 3 settles all that any set which keeps every account's order does",
    shape: Shape::SmallNormal,
    violation: |subject, case| {
        let largest = settled(&subject.run(&case.pool, &[Step::Multilateral]));
        let model = Model::new(&case.pool);
        let entries = &case.pool.entries;
        let keeps_order = |set: &BTreeSet<usize>| {
            let before = |entry: &usize| {
                let debit = entries[*entry].legs[0].debit;
                (0..*entry).filter(move |other| entries[*other].legs[0].debit == debit)
            };
            let mut all = set.iter().flat_map(before);
            all.all(|entry| set.contains(&entry))
        };
        (0..1_usize << entries.len())
            .map(|bits| {
                let chosen = |entry: &usize| bits >> entry & 1 == 1;
                (0..entries.len()).filter(chosen).collect()
            })
            .filter(keeps_order)
            .find(|set| model.broken(set).is_none() && !set.is_subset(&largest))
            .map(|set: BTreeSet<usize>| format!("{set:?} fits, beyond {largest:?}"))
    },
};

#[test]
fn two_runs_give_the_same() {
    check(&REPEATABLE);
}

#[test]
fn labels_of_accounts_do_not_decide_what_settles() {
    check(&LABELS);
}

#[test]
fn the_order_of_legs_does_not_decide_what_settles() {
    check(&LEG_ORDER);
}

#[test]
fn no_account_goes_under_its_floor() {
    check(&FLOORS);
}

#[test]
fn no_limit_is_exceeded() {
    check(&LIMITS);
}

#[test]
fn the_sum_of_every_currency_stays() {
    check(&CONSERVATION);
}

#[test]
fn entries_settle_whole_or_not_at_all() {
    check(&WHOLE);
}

#[test]
fn strict_entries_are_not_overtaken() {
    check(&STRICT_ORDER);
}

#[test]
fn a_cycle_settles_all_that_a_single_pass_settles() {
    check(&SUPERSET);
}

#[test]
fn every_open_entry_is_settled_or_removed_once() {
    check(&REMOVALS);
}

#[test]
fn the_single_pass_equals_the_naive_one() {
    check(&NAIVE_SINGLE);
}

#[test]
fn each_step_equals_the_naive_one() {
    check(&NAIVE_STEPS);
}

#[test]
fn the_cycle_equals_the_naive_one() {
    check(&NAIVE_CYCLE);
}

#[test]
fn exclusion_leaves_the_largest_set_that_keeps_order() {
    check(&LARGEST);
}
