//! Random pools. Small amounts and few participants, so that liquidity is scarce and everything depends on everything.

use super::super::*;

/// What a pool may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Everything: payments versus payments, linked sets, limits, parties with two accounts.
    Full,
    /// Single payments of all classes, without limits.
    Single,
    /// At most ten single payments of class NORM, without limits.
    SmallNormal,
}

/// A pool, and what it does not know itself.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) pool: Pool,
    /// For each position.
    pub(super) currencies: Vec<usize>,
    pub(super) seed: u64,
}

impl Case {
    pub(super) fn new(seed: u64, shape: Shape) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut case = Self {
            pool: Pool {
                positions: Vec::new(),
                limits: BTreeMap::new(),
                entries: Vec::new(),
            },
            currencies: Vec::new(),
            seed,
        };
        case.open_accounts(&mut random, shape);
        if shape == Shape::Full {
            case.set_limits(&mut random);
        }
        let most = match shape {
            Shape::Full | Shape::Single => 24,
            Shape::SmallNormal => 10,
        };
        for _ in 0..random.usize(1..=most) {
            let entry = case.entry(&mut random, shape);
            case.pool.entries.push(entry);
        }
        case.pool.entries.sort_by_key(|entry| entry.class);
        case
    }

    fn open_accounts(&mut self, random: &mut fastrand::Rng, shape: Shape) {
        let participants = random.usize(2..=5);
        let rich = random.bool();
        for currency in 0..random.usize(1..=3) {
            for participant in 0..participants {
                let second = shape == Shape::Full && random.u8(..) < 100;
                for _ in 0..=usize::from(second) {
                    let reserves = random.u8(..) < 60;
                    self.currencies.push(currency);
                    self.pool.positions.push(Position {
                        available: random.i128(if rich { -5..40 } else { -3..12 }),
                        reserved_urgent: if reserves { random.i128(0..12) } else { 0 },
                        reserved_high: if reserves { random.i128(0..12) } else { 0 },
                        party: currency * participants + participant,
                    });
                }
            }
        }
    }

    fn set_limits(&mut self, random: &mut fastrand::Rng) {
        for _ in 0..random.usize(0..=8) {
            let leg = self.leg(random);
            let parties = [leg.debit, leg.credit].map(|account| self.pool.positions[account].party);
            let headroom = random.i128(-3..25);
            self.pool.limits.insert((parties[0], parties[1]), headroom);
        }
    }

    fn entry(&self, random: &mut fastrand::Rng, shape: Shape) -> Entry {
        let class = match random.u8(0..10) {
            _ if shape == Shape::SmallNormal => Priority::Norm,
            0 => Priority::Urgt,
            1..4 => Priority::High,
            _ => Priority::Norm,
        };
        let legs = match random.u8(0..10) {
            0..3 if shape == Shape::Full => random.usize(2..=4),
            _ => 1,
        };
        let legs = (0..legs).map(|_| self.leg(random)).collect();
        Entry { class, legs }
    }

    fn leg(&self, random: &mut fastrand::Rng) -> Leg {
        let debit = random.usize(0..self.currencies.len());
        loop {
            let credit = random.usize(0..self.currencies.len());
            if credit != debit && self.currencies[credit] == self.currencies[debit] {
                return Leg {
                    debit,
                    credit,
                    amount: random.i128(1..30),
                };
            }
        }
    }

    /// The same pool with its accounts in another order.
    pub(super) fn relabelled(&self) -> Self {
        let mut order: Vec<usize> = (0..self.currencies.len()).collect();
        fastrand::Rng::with_seed(self.seed).shuffle(&mut order);
        let mut other = self.clone();
        for (old, new) in order.iter().enumerate() {
            other.currencies[*new] = self.currencies[old];
            other.pool.positions[*new] = self.pool.positions[old];
        }
        for leg in other
            .pool
            .entries
            .iter_mut()
            .flat_map(|entry| &mut entry.legs)
        {
            (leg.debit, leg.credit) = (order[leg.debit], order[leg.credit]);
        }
        other
    }

    /// The same pool with the legs of every entry in the opposite order.
    pub(super) fn with_legs_reversed(&self) -> Self {
        let mut other = self.clone();
        for entry in &mut other.pool.entries {
            entry.legs.reverse();
        }
        other
    }
}

#[test]
fn the_random_pools_reach_every_step_and_leave_something_open() {
    let mut found: BTreeMap<&str, usize> = BTreeMap::new();
    for seed in 0..200 {
        let case = Case::new(seed, Shape::Full);
        let cleared = clear(case.pool.clone());
        let mut count = |what, happened| *found.entry(what).or_default() += usize::from(happened);
        for step in [Step::Single, Step::Bilateral, Step::Multilateral] {
            let name = match step {
                Step::Single => "single",
                Step::Bilateral => "bilateral",
                Step::Multilateral => "multilateral",
            };
            count(name, cleared.postings.iter().any(|of| of.step == step));
        }
        let several = |entry: &usize| case.pool.entries[*entry].legs.len() > 1;
        let netted = |of: &&Posting| of.step == Step::Multilateral;
        let mut multilateral = cleared.postings.iter().filter(netted);
        count(
            "multilateral with several legs",
            multilateral.any(|of| of.entries.iter().any(several)),
        );
        count("excluded", cleared.removals > 0);
    }
    assert!(
        found.len() == 5 && found.values().all(|count| *count >= 10),
        "{found:?}"
    );
}
