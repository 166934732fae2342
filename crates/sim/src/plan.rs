//! What a seed chooses before anything happens: who takes part, what is broken, and how badly.

use crate::clock::Clock;

/// How long the faults go on, in virtual milliseconds, at least and at most.
const CHAOS_MS: (u64, u64) = (6_000, 20_000);

/// A fault planted on purpose, at a seam of the production code, to see that the monitor catches what follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sabotage {
    /// The consensus log loses everything: a node that comes back has forgotten its votes and its lock, and only its
    /// watermark stands between it and a contradiction.
    Log,
    /// The same, and the signer ignores its watermark too.
    Watermark,
    /// No write of a block is ever synced, although the disk says so.
    Flush,
    /// Keys with a third of the power or more sign for both sides of a split network: a quorum of two thirds then proves
    /// nothing.
    Quorum,
}

/// What may be fixed by whoever runs a seed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Choices {
    /// How many validators, instead of the seed's choice.
    pub validators: Option<usize>,
    /// A planted fault.
    pub sabotage: Option<Sabotage>,
}

/// How messages travel.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Roads {
    /// The least and the most that a message takes, in milliseconds.
    pub(crate) delay_ms: (u64, u64),
    /// In percent of messages; only on roads that lose.
    pub(crate) lost: u64,
    /// In percent of messages.
    pub(crate) doubled: u64,
    /// Whether messages overtake each other.
    pub(crate) overtaking: bool,
}

/// How often a kind of fault strikes: the mean wait in milliseconds; none for never.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pace {
    pub(crate) partition: Option<u64>,
    pub(crate) cable: Option<u64>,
    pub(crate) crash: Option<u64>,
    pub(crate) blackout: Option<u64>,
    pub(crate) lost_disk: Option<u64>,
}

/// What the traitor does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Treason {
    /// One key runs on two nodes, each of which is honest to the peers that it sees.
    Twins,
    /// One node runs the protocol and then lies in what it sends: other blocks and votes to some peers, bodies withheld or
    /// spoiled, heights that it does not have.
    Forger,
}

/// Everything that a seed decides in advance.
#[derive(Clone, Debug)]
pub struct Plan {
    pub(crate) seed: u64,
    /// The power of each validator in genesis.
    pub(crate) powers: Vec<u64>,
    /// Nodes with a validator key that are in no set yet.
    pub(crate) candidates: usize,
    /// Nodes without a key.
    pub(crate) observers: usize,
    /// Validators that betray, by number, and how.
    pub(crate) traitors: Vec<usize>,
    pub(crate) treason: Treason,
    pub(crate) roads: Roads,
    pub(crate) pace: Pace,
    pub(crate) clocks: Vec<Clock>,
    /// Whether governors change the validator set.
    pub(crate) set_changes: bool,
    /// How long faults go on, in milliseconds.
    pub(crate) chaos_ms: u64,
    /// The mean wait between two ideas of the clients, in milliseconds.
    pub(crate) clients_ms: u64,
    /// How long records are kept after their instruction expired, in milliseconds.
    pub(crate) retention_ms: u64,
    /// After how many bytes the block log begins a new file.
    pub(crate) segment_bytes: u64,
    pub(crate) sabotage: Option<Sabotage>,
}

impl Plan {
    /// What the seed says, but for the choices already made.
    #[must_use]
    pub fn new(seed: u64, choices: Choices) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed ^ 0x6b61_7277_616e_0001);
        let validators = choices
            .validators
            .unwrap_or_else(|| *rng.choice(&[2, 4, 4, 7]).expect("four numbers"));
        let powers = powers(&mut rng, validators);
        let traitors = traitors(&mut rng, &powers, choices.sabotage);
        let set_changes = rng.u8(0..3) == 0 && choices.sabotage.is_none();
        let candidates = if set_changes { rng.usize(0..=1) } else { 0 };
        let observers = usize::from(rng.u8(0..3) == 0);
        let roads = roads(&mut rng);
        let mut pace = pace(&mut rng);
        match choices.sabotage {
            Some(Sabotage::Log | Sabotage::Watermark | Sabotage::Flush) => {
                pace.crash = Some(700);
            }
            Some(Sabotage::Quorum) | None => {}
        }
        let nodes = validators + candidates + observers + traitors.len();
        let clocks = (0..nodes).map(|_| clock(&mut rng)).collect();
        Self {
            seed,
            powers,
            candidates,
            observers,
            treason: match choices.sabotage {
                Some(Sabotage::Quorum) => Treason::Twins,
                Some(_) | None if rng.bool() => Treason::Twins,
                Some(_) | None => Treason::Forger,
            },
            traitors,
            roads,
            pace,
            clocks,
            set_changes,
            chaos_ms: rng.u64(CHAOS_MS.0..CHAOS_MS.1),
            clients_ms: rng.u64(200..900),
            retention_ms: if rng.bool() { 3_600_000 } else { 5_000 },
            segment_bytes: if rng.bool() { 1 << 20 } else { 20_000 },
            sabotage: choices.sabotage,
        }
    }

    /// How many nodes hold a validator key of their own; twins come after the observers.
    pub(crate) fn key_holders(&self) -> usize {
        self.powers.len() + self.candidates
    }
}

fn powers(rng: &mut fastrand::Rng, validators: usize) -> Vec<u64> {
    let equal = rng.u8(0..3) > 0;
    (0..validators)
        .map(|_| if equal { 1 } else { rng.u64(1..=5) })
        .collect()
}

/// A traitor has less than a third of the power, unless sabotage asks for more.
fn traitors(rng: &mut fastrand::Rng, powers: &[u64], sabotage: Option<Sabotage>) -> Vec<usize> {
    let total: u64 = powers.iter().sum();
    let chosen = rng.usize(0..powers.len());
    match sabotage {
        Some(Sabotage::Quorum) => {
            let mut power = 0;
            let mut many = Vec::new();
            for (number, share) in powers.iter().enumerate() {
                if power * 3 < total && many.len() + 2 < powers.len() {
                    power += share;
                    many.push(number);
                }
            }
            many
        }
        Some(Sabotage::Log | Sabotage::Watermark | Sabotage::Flush) => Vec::new(),
        None => {
            let betrays = rng.u8(0..5) < 2 && powers.len() >= 4 && powers[chosen] * 3 < total;
            if betrays { vec![chosen] } else { Vec::new() }
        }
    }
}

fn roads(rng: &mut fastrand::Rng) -> Roads {
    let most = *rng
        .choice(&[3, 15, 60, 250])
        .expect("there are four lengths");
    let harsh = rng.u8(0..4) == 0;
    Roads {
        delay_ms: (1, most),
        lost: if harsh { rng.u64(0..=12) } else { 0 },
        doubled: if harsh { rng.u64(0..=8) } else { 0 },
        overtaking: harsh,
    }
}

fn pace(rng: &mut fastrand::Rng) -> Pace {
    let mut maybe = |one_in: u8, from: u64, to: u64| {
        let mean = rng.u64(from..to);
        (rng.u8(0..one_in) > 0).then_some(mean)
    };
    // One seed in eight is left in peace by the disks, and one in eight by the network.
    let mut pace = Pace {
        partition: maybe(2, 2_000, 8_000),
        cable: maybe(3, 500, 4_000),
        crash: maybe(6, 800, 5_000),
        blackout: maybe(2, 4_000, 12_000),
        lost_disk: None,
    };
    match rng.u8(0..8) {
        0 => (pace.partition, pace.cable) = (None, None),
        1 => (pace.crash, pace.blackout) = (None, None),
        2 => pace.lost_disk = Some(rng.u64(5_000..12_000)),
        _ => {}
    }
    pace
}

fn clock(rng: &mut fastrand::Rng) -> Clock {
    let most = *rng
        .choice(&[0, 50, 300, 300, 3_000])
        .expect("there are five sizes");
    Clock {
        offset_ms: rng.i64(-most..=most),
        drift: rng.i64(-500..=500),
    }
}
