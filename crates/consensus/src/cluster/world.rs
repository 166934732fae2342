//! The cluster itself: nodes, network, time.

use super::journal::{Journal, PowerLoss, Survives};
use super::{chain, key, set, timeouts};
use crate::{ConsensusMessage, Engine, EngineConfig, Evidence, Input, Output, Signer, Timeout};
use karwan_types::{CommitCertificate, Hash, HashDomain, Height, Round, ValidatorSet, hash_of};
use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Virtual milliseconds between two looks at who is ahead.
pub(super) const STATUS_MS: u64 = 200;
/// Virtual milliseconds a node stays down.
const DOWN_MS: u64 = 50;
/// Virtual milliseconds after which a run that has not finished is stuck.
const RUN_MS_MAX: u64 = 120_000;

/// When the power of node 0 fails.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CrashPlan {
    pub(crate) point: u64,
    pub(crate) survives: Survives,
    /// All nodes lose power with it.
    pub(crate) everyone: bool,
    /// It fails once more, this many points after it came back.
    pub(crate) again: Option<u64>,
}

/// One run.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    /// The power of each validator.
    pub(crate) powers: Vec<u64>,
    /// Nodes beyond the validators, without a vote.
    pub(crate) observers: usize,
    /// Blocks to decide.
    pub(crate) heights: u64,
    pub(crate) crash: Option<CrashPlan>,
    /// Node 0 contradicts itself in everything it sends.
    pub(crate) traitor: bool,
    /// Nodes that never start.
    pub(crate) offline: BTreeSet<usize>,
    /// Another validator is left out of the set at each height, and another has three times its power.
    pub(crate) rotating: bool,
    pub(crate) logless: bool,
    /// Every block of this node is invalid.
    pub(crate) bad_proposer: Option<usize>,
    /// Three messages in a hundred are lost, and at one in a hundred somebody loses power soon after.
    pub(crate) storm: bool,
}

impl Plan {
    pub(crate) fn new(seed: u64, validators: usize, heights: u64) -> Self {
        Self {
            seed,
            powers: vec![1; validators],
            observers: 0,
            heights,
            crash: None,
            traitor: false,
            offline: BTreeSet::new(),
            rotating: false,
            logless: false,
            bad_proposer: None,
            storm: false,
        }
    }

    pub(crate) fn validators(&self, height: Height) -> ValidatorSet {
        let mut powers = self.powers.clone();
        if self.rotating {
            let count = powers.len();
            let turn = usize::try_from(height.get()).expect("few heights");
            powers[turn % count] = 0;
            powers[(turn + 1) % count] = 3;
        }
        set(&powers)
    }
}

pub(super) enum Event {
    Start(usize),
    Deliver(usize, ConsensusMessage),
    Body(usize, Hash),
    Timer(usize, Timeout, u64),
    Build(usize, Height, Round),
    Status,
}

pub(crate) struct Node {
    pub(crate) journal: Journal,
    pub(super) is_validator: bool,
    pub(super) engine: Option<Engine>,
    pub(super) bodies: BTreeSet<Hash>,
    pub(super) wanted: BTreeMap<Hash, Height>,
    pub(crate) chain: BTreeMap<Height, CommitCertificate>,
    pub(crate) evidence: Vec<Evidence>,
    pub(super) timers: BTreeMap<Timeout, u64>,
    pub(crate) sent: usize,
}

pub(crate) struct World {
    pub(crate) plan: Plan,
    pub(crate) nodes: Vec<Node>,
    pub(super) rng: fastrand::Rng,
    pub(super) now: u64,
    pub(super) sequence: u64,
    queue: BTreeMap<(u64, u64), Event>,
    /// The other block of the traitor, by the first.
    pub(super) alternatives: BTreeMap<Hash, Hash>,
    pub(super) invalid: BTreeSet<Hash>,
    /// A digest of everything that happened.
    pub(crate) trace: Hash,
    pub(crate) crashes: usize,
}

impl World {
    pub(crate) fn new(plan: Plan) -> Self {
        let count = plan.powers.len() + plan.observers;
        let nodes = (0..count).map(|number| Node {
            journal: Journal::new(key(number)),
            is_validator: number < plan.powers.len(),
            engine: None,
            bodies: BTreeSet::new(),
            wanted: BTreeMap::new(),
            chain: BTreeMap::new(),
            evidence: Vec::new(),
            timers: BTreeMap::new(),
            sent: 0,
        });
        let mut world = Self {
            nodes: nodes.collect(),
            rng: fastrand::Rng::with_seed(plan.seed),
            now: 0,
            sequence: 0,
            queue: BTreeMap::new(),
            alternatives: BTreeMap::new(),
            invalid: BTreeSet::new(),
            trace: Hash::ZERO,
            crashes: 0,
            plan,
        };
        for node in &mut world.nodes {
            node.journal.is_logless = world.plan.logless;
        }
        if let Some(crash) = world.plan.crash {
            world.nodes[0].journal.fails_at = Some(crash.point);
        }
        for number in 0..count {
            if !world.plan.offline.contains(&number) {
                world.later(1, Event::Start(number));
            }
        }
        world.later(STATUS_MS, Event::Status);
        world
    }

    /// Runs until everyone has every block. Panics when that does not happen in time.
    pub(crate) fn run(plan: Plan) -> Self {
        let mut world = Self::new(plan);
        world.run_until(RUN_MS_MAX);
        assert!(
            world.is_finished(),
            "no progress: {:?} of {:?}",
            world
                .nodes
                .iter()
                .map(|node| node.chain.len())
                .collect::<Vec<_>>(),
            world.plan
        );
        world
    }

    pub(crate) fn run_until(&mut self, end: u64) {
        while !self.is_finished() {
            let Some(((time, _), event)) = self.queue.pop_first() else {
                return;
            };
            if time > end {
                return;
            }
            self.now = time;
            self.happen(event);
        }
    }

    fn is_finished(&self) -> bool {
        let last = Height::new(self.plan.heights);
        let expected = self.nodes.iter().enumerate();
        let mut expected = expected.filter(|(number, _)| !self.plan.offline.contains(number));
        expected.all(|(_, node)| node.chain.contains_key(&last))
    }

    pub(super) fn later(&mut self, delay: u64, event: Event) {
        self.sequence += 1;
        self.queue.insert((self.now + delay, self.sequence), event);
    }

    /// Plans a loss of power within the next few points of some node.
    fn thunder(&mut self) {
        let number = self.rng.usize(0..self.nodes.len());
        let journal = &mut self.nodes[number].journal;
        journal.fails_at = Some(journal.points + self.rng.u64(0..12));
        self.plan.crash = Some(CrashPlan {
            point: 0,
            survives: [Survives::Nothing, Survives::Half, Survives::Everything]
                [self.rng.usize(0..3)],
            everyone: self.rng.u8(0..20) == 0,
            again: None,
        });
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Deliver(..) if self.plan.storm && self.rng.u8(0..100) < 3 => {}
            Event::Deliver(..) if self.plan.storm && self.rng.u8(0..100) == 0 => self.thunder(),
            Event::Start(number) => self.start(number),
            Event::Deliver(number, message) => self.feed(number, Input::Message(message)),
            Event::Body(number, block) => {
                self.nodes[number].bodies.insert(block);
                self.judge(number, block);
            }
            Event::Timer(number, timeout, token) => {
                if self.nodes[number].timers.get(&timeout) == Some(&token) {
                    self.nodes[number].timers.remove(&timeout);
                    self.feed(number, Input::TimedOut(timeout));
                }
            }
            Event::Build(number, height, round) => self.build(number, height, round),
            Event::Status => self.status(),
        }
    }

    /// Starts a node, or starts it again: this is the sequence that the replica follows.
    fn start(&mut self, number: usize) {
        let node = &mut self.nodes[number];
        let height = node
            .chain
            .keys()
            .last()
            .map_or(Height::new(1), |last| last.next());
        let validators = self.plan.validators(height);
        let local = node.is_validator.then(|| node.journal.public_key());
        let config = EngineConfig {
            chain_id: chain(),
            local,
            timeouts: timeouts(),
        };
        node.engine = Some(Engine::new(config, height, validators.clone()));
        node.bodies = node.journal.bodies();
        let entries = node.journal.entries();
        self.step(number, |engine, journal| {
            if entries.iter().any(|entry| entry.height() == height) {
                engine.recover(height, validators, &entries, journal)
            } else {
                engine.step(Input::StartHeight { height, validators }, journal)
            }
        });
        for peer in 0..self.nodes.len() {
            let Some(engine) = &self.nodes[peer].engine else {
                continue;
            };
            let current = engine.messages_for_reconnect();
            if peer != number {
                if let Some(block) = current.body {
                    let delay = self.delay();
                    self.later(delay, Event::Body(number, block));
                }
                for message in current.messages {
                    let delay = self.delay();
                    self.later(delay, Event::Deliver(number, message));
                }
            }
        }
    }

    pub(crate) fn feed(&mut self, number: usize, input: Input) {
        self.step(number, |engine, journal| engine.step(input, journal));
    }

    pub(super) fn step(
        &mut self,
        number: usize,
        run: impl FnOnce(&mut Engine, &mut Journal) -> Vec<Output>,
    ) {
        let node = &mut self.nodes[number];
        let Some(mut engine) = node.engine.take() else {
            return;
        };
        let journal = &mut node.journal;
        match catch_unwind(AssertUnwindSafe(|| run(&mut engine, journal))) {
            Ok(outputs) => {
                node.engine = Some(engine);
                self.perform(number, outputs);
            }
            Err(payload) => self.fall(number, payload),
        }
    }

    fn fall(&mut self, number: usize, payload: Box<dyn Any + Send>) {
        if payload.is::<PowerLoss>() {
            self.crash(number);
        } else if self.plan.logless && self.nodes[number].journal.refusals > 0 {
            // The control: this validator has stopped for good.
            self.plan.offline.insert(number);
        } else {
            eprintln!("while running {:?}", self.plan);
            resume_unwind(payload);
        }
    }

    /// One node, or everyone, loses power.
    fn crash(&mut self, number: usize) {
        let crash = self.plan.crash.as_mut();
        let crash = crash.expect("only a planned crash happens");
        let again = crash.again.take();
        let crash = *crash;
        self.crashes += 1;
        let journal = &mut self.nodes[number].journal;
        journal.fails_at = again.map(|points| journal.points + points);
        let falling = if crash.everyone {
            0..self.nodes.len()
        } else {
            number..number + 1
        };
        for number in falling {
            let node = &mut self.nodes[number];
            node.engine = None;
            node.timers.clear();
            node.wanted.clear();
            node.bodies.clear();
            node.journal.reopen(crash.survives);
            self.later(DOWN_MS, Event::Start(number));
        }
    }

    fn perform(&mut self, number: usize, outputs: Vec<Output>) {
        for output in outputs {
            if self.nodes[number].journal.pass() {
                self.crash(number);
                return;
            }
            let seen = format!("{} {number} {output:?}", self.now);
            self.trace = hash_of(
                HashDomain::Payload,
                &[self.trace.as_bytes(), seen.as_bytes()],
            );
            self.act(number, output);
        }
    }
}
