//! The world: nodes, network, clients, monitor, and the loop that makes the next thing happen.

use crate::clients::Clients;
use crate::digest::{Digest, Tracing};
use crate::forger::Forger;
use crate::monitor::{Monitor, Violation};
use crate::network::Wires;
use crate::node::{Node, Role, Verified};
use crate::plan::{Plan, Treason};
use crate::schedule::{Event, Schedule};
use crate::statistics::Statistics;
use crate::town::{Town, key_of};
use karwan_storage::memory::MemoryDisk;
use karwan_types::{ChainId, Height, PublicKey};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The faults, then the peace after them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Era {
    Chaos,
    /// Everything healed at this time, in milliseconds.
    Peace(u64),
    /// Everything is final.
    Done,
}

/// One seed's world.
pub(crate) struct World {
    pub(crate) plan: Plan,
    pub(crate) rng: fastrand::Rng,
    pub(crate) schedule: Schedule,
    pub(crate) chain: ChainId,
    pub(crate) town: Town,
    pub(crate) nodes: Vec<Node>,
    pub(crate) wires: Wires,
    pub(crate) clients: Clients,
    pub(crate) forgers: BTreeMap<usize, Forger>,
    pub(crate) monitor: Monitor,
    pub(crate) verified: Verified,
    pub(crate) statistics: Statistics,
    pub(crate) digest: Digest,
    pub(crate) era: Era,
    /// Counts tokens of timers and dials.
    pub(crate) tokens: u64,
    /// The payments that show that a healed network is alive.
    pub(crate) fresh: Vec<karwan_types::TransactionId>,
}

impl World {
    pub(crate) fn new(plan: Plan, tracing: Tracing) -> Self {
        let town = Town::new(&plan.powers, plan.retention_ms);
        let chain = town.genesis.chain_id;
        let nodes = nodes(&plan);
        let honest: Vec<bool> = nodes.iter().map(|node| node.honest).collect();
        let mut forgers = BTreeMap::new();
        if plan.treason == Treason::Forger {
            for number in &plan.traitors {
                forgers.insert(
                    *number,
                    Forger::new(nodes[*number].key.clone(), chain, plan.seed),
                );
            }
        }
        let mut rng = fastrand::Rng::with_seed(plan.seed);
        Self {
            wires: Wires::new(&plan, &honest, &mut rng),
            rng,
            schedule: Schedule::default(),
            chain,
            monitor: Monitor::new(chain, town.genesis.state.clone()),
            town,
            nodes,
            clients: Clients::default(),
            forgers,
            verified: Verified::new(),
            statistics: Statistics::default(),
            digest: Digest::new(tracing),
            era: Era::Chaos,
            tokens: 0,
            fresh: Vec::new(),
            plan,
        }
    }

    /// Runs the seed to its end.
    pub(crate) fn run(&mut self) -> Result<(), Violation> {
        for node in 0..self.nodes.len() {
            self.nodes[node]
                .initialise(self.chain, Height::GENESIS)
                .map_err(|problem| Violation::Simulator { problem })?;
            let wait_ms = self.rng.u64(0..50);
            self.schedule.after(wait_ms, Event::Start { node });
        }
        self.schedule.after(100, Event::Clients);
        self.plan_chaos();
        self.schedule.at(self.plan.chaos_ms, Event::Heal);
        while self.era != Era::Done {
            let event = self.schedule.next().ok_or_else(|| Violation::Simulator {
                problem: "nothing is planned any more".to_owned(),
            })?;
            self.handle(event)?;
        }
        self.final_checks()
    }

    fn handle(&mut self, event: Event) -> Result<(), Violation> {
        self.digest.take(self.schedule.now);
        match event {
            Event::Deliver(delivery) => self.deliver(delivery),
            Event::Timer { node, timer, token } => self.timer_elapsed(node, timer, token),
            Event::Dial { pair, attempt } => self.dial(pair, attempt),
            Event::Notice { node, peer, epoch } => self.notice(node, peer, epoch),
            Event::Plug { pair } => {
                self.wires.plug(pair);
                self.rewire();
                Ok(())
            }
            Event::Start { node } => self.start(node),
            Event::Clients => self.clients_think(),
            Event::Ask(id) => self.client_asks(id),
            Event::Fault(fault) => self.strike(fault),
            Event::Rejoin => {
                self.rejoin();
                Ok(())
            }
            Event::Heal => self.heal(),
            Event::Look => self.look(),
        }
    }

    /// A line of the trace.
    pub(crate) fn line(&mut self, write: impl FnOnce(&mut String)) {
        self.digest.line(self.schedule.now, write);
    }

    /// A line about a node.
    pub(crate) fn line_of(&mut self, node: usize, write: impl FnOnce(&mut String)) {
        let Self {
            nodes,
            digest,
            schedule,
            ..
        } = self;
        digest.line(schedule.now, |text| {
            write!(text, "{:<4} ", nodes[node].name).expect("a string takes everything");
            write(text);
        });
    }

    pub(crate) fn token(&mut self) -> u64 {
        self.tokens += 1;
        self.tokens
    }

    /// Who has a key; of twins, the first.
    pub(crate) fn named(&self, key: &PublicKey) -> &str {
        let node = self.nodes.iter().find(|node| node.public == *key);
        node.map_or("nobody", |node| &node.name)
    }
}

/// Validators, candidates, observers, and the second bodies of twins.
fn nodes(plan: &Plan) -> Vec<Node> {
    let mut identities: Vec<(String, String, Role)> = Vec::new();
    for number in 0..plan.key_holders() {
        let label = if number < plan.powers.len() { "v" } else { "c" };
        let name = format!("{label}{number}");
        identities.push((name, format!("validator {number}"), Role::Validator));
    }
    for number in 0..plan.observers {
        let key = format!("observer {number}");
        identities.push((format!("o{number}"), key, Role::Observer));
    }
    if plan.treason == Treason::Twins {
        for number in &plan.traitors {
            let key = format!("validator {number}");
            identities.push((format!("w{number}"), key, Role::Validator));
        }
    }
    let traitors: Vec<PublicKey> = plan
        .traitors
        .iter()
        .map(|number| key_of(&format!("validator {number}")).public_key())
        .collect();
    identities
        .into_iter()
        .enumerate()
        .map(|(index, (name, key, role))| {
            let key = key_of(&key);
            let public = key.public_key();
            Node {
                name,
                public,
                honest: !traitors.contains(&public),
                key,
                role,
                sabotage: plan.sabotage,
                disk: MemoryDisk::new(),
                clock: plan.clocks.get(index).copied().unwrap_or_default(),
                running: None,
                timers: BTreeMap::new(),
                planted: None,
                actions_left: None,
                told: Height::GENESIS,
            }
        })
        .collect()
}
