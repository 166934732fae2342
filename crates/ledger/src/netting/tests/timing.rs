//! How long a cycle of the largest size takes. The printed times are the result; what is asserted is far above them.

use super::super::*;

const ENTRIES: usize = 5_000;
const PARTICIPANTS: usize = 200;
const CURRENCIES: usize = 4;
const PAYMENTS_VERSUS_PAYMENTS: usize = 200;
const GENEROUS_MS: u128 = 500;

fn pool(positions: usize, available: i128) -> Pool {
    let position = |party| Position {
        available,
        reserved_urgent: 0,
        reserved_high: 0,
        party,
    };
    Pool {
        positions: (0..positions).map(position).collect(),
        limits: BTreeMap::new(),
        entries: Vec::new(),
    }
}

fn leg(random: &mut fastrand::Rng, currency: usize) -> Leg {
    let debit = random.usize(0..PARTICIPANTS);
    let credit = (debit + random.usize(1..PARTICIPANTS)) % PARTICIPANTS;
    Leg {
        debit: currency * PARTICIPANTS + debit,
        credit: currency * PARTICIPANTS + credit,
        amount: random.i128(1..1_000_000),
    }
}

/// Payments of all classes between everybody, of which `available` for each account settles more or less.
fn market(available: i128) -> Pool {
    let mut random = fastrand::Rng::with_seed(5);
    let mut pool = pool(PARTICIPANTS * CURRENCIES, available);
    for number in 0..ENTRIES {
        let currency = random.usize(0..CURRENCIES);
        let mut legs = vec![leg(&mut random, currency)];
        if number < PAYMENTS_VERSUS_PAYMENTS {
            legs.push(leg(&mut random, (currency + 1) % CURRENCIES));
        }
        let class = match random.u8(0..20) {
            0 => Priority::Urgt,
            1..4 => Priority::High,
            _ => Priority::Norm,
        };
        pool.entries.push(Entry { class, legs });
    }
    for _ in 0..PARTICIPANTS {
        let leg = leg(&mut random, 0);
        pool.limits.insert((leg.debit, leg.credit), 500_000);
    }
    random.shuffle(&mut pool.entries);
    pool.entries.sort_by_key(|entry| entry.class);
    pool
}

/// One account owes and is owed half of everything. The first half of what it owes never fits, and each credit lets exactly one
/// of the other payments settle: the most that step 1 may have to look at.
fn hub() -> Pool {
    let mut pool = pool(PARTICIPANTS, 0);
    for number in 0..ENTRIES / 2 {
        let other = 1 + number % (PARTICIPANTS - 1);
        pool.positions[other].available += 100;
        let owed = if number < ENTRIES / 4 { 1_000_000 } else { 100 };
        for (debit, credit, amount) in [(0, other, owed), (other, 0, 100)] {
            pool.entries.push(Entry {
                class: Priority::Norm,
                legs: vec![Leg {
                    debit,
                    credit,
                    amount,
                }],
            });
        }
    }
    pool
}

#[test]
#[expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "this test tells how long the mechanism takes; the mechanism itself sees no clock"
)]
fn a_cycle_of_the_largest_size_takes_a_small_part_of_a_block() {
    let pools = [
        ("scarce money", market(20_000)),
        ("some money", market(500_000)),
        ("much money", market(5_000_000)),
        ("a hub", hub()),
    ];
    for (name, pool) in pools {
        let mut times = Vec::new();
        let mut told = String::new();
        for _ in 0..3 {
            let start = std::time::Instant::now();
            let cleared = clear(pool.clone());
            times.push(start.elapsed());
            let settled: usize = cleared.postings.iter().map(|of| of.entries.len()).sum();
            told = format!("{settled} settle, {} removals", cleared.removals);
        }
        times.sort();
        let entries = pool.entries.len();
        println!("{name}: {entries} entries, {told}, {:?}", times[1]);
        assert!(times[1].as_millis() < GENEROUS_MS, "{name}: {:?}", times[1]);
    }
}
