//! What stands between the nodes: one connection for each pair, which may break and comes back.
//!
//! The model is production's transport. A connection is made for both ends at once; what is sent in it arrives in order,
//! separately for consensus, bodies and blocks, or is lost when the connection breaks, and the two ends notice a break at
//! different times. On harsh roads messages of a connection are lost, doubled and overtake each other too, which
//! production's transport does not do.
//!
//! Twins (two nodes with one key) are dealt out: an honest node is connected to one of them.

use crate::Violation;
use crate::plan::{Plan, Roads, Sabotage, Treason};
use crate::schedule::{Delivery, Event};
use crate::world::World;
use karwan_replica::{Event as ReplicaEvent, PeerMessage, Recipient};
use karwan_types::PublicKey;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

/// Messages that travel separately, so that small ones do not wait behind large ones.
const CLASSES: usize = 3;

/// A connection between two nodes, the first with the lower number.
#[derive(Clone, Debug, Default)]
struct Wire {
    /// Counts connections; messages of an earlier one are lost.
    epoch: u64,
    up: bool,
    /// Pulled out by a fault.
    pulled: bool,
    /// Which ends believe in the connection.
    believes: [bool; 2],
    /// The dial that is planned.
    dialling: Option<u64>,
    /// When the last message arrives, by direction and class.
    last_ms: [[u64; CLASSES]; 2],
}

/// All connections.
pub(crate) struct Wires {
    wires: BTreeMap<(usize, usize), Wire>,
    roads: Roads,
    /// The part of the network a node is in while it is split.
    pub(crate) part: Vec<u8>,
    /// The first and second node of each pair of twins.
    twins: BTreeMap<usize, usize>,
    /// Which of two twins a node sees: the first, or the second.
    pub(crate) sees_second: Vec<bool>,
    /// The honest nodes that see different twins do not see each other.
    torn: bool,
}

impl Wires {
    pub(crate) fn new(plan: &Plan, honest: &[bool], rng: &mut fastrand::Rng) -> Self {
        let count = honest.len();
        let mut twins = BTreeMap::new();
        if plan.treason == Treason::Twins {
            let first_second = count - plan.traitors.len();
            for (place, number) in plan.traitors.iter().enumerate() {
                twins.insert(*number, first_second + place);
            }
        }
        let mut wires = BTreeMap::new();
        for first in 0..count {
            for second in first + 1..count {
                wires.insert((first, second), Wire::default());
            }
        }
        let mut all = Self {
            wires,
            roads: plan.roads,
            part: vec![0; count],
            twins,
            sees_second: vec![false; count],
            torn: plan.sabotage == Some(Sabotage::Quorum),
        };
        all.deal(rng);
        all
    }

    /// Deals honest nodes out between twins.
    pub(crate) fn deal(&mut self, rng: &mut fastrand::Rng) {
        let mut turn = rng.bool();
        for second in &mut self.sees_second {
            turn = if rng.u8(0..4) == 0 { turn } else { !turn };
            *second = turn;
        }
        for (first, second) in &self.twins {
            self.sees_second[*first] = false;
            self.sees_second[*second] = true;
        }
    }

    /// Whether two nodes would be connected if both ran.
    fn may_connect(&self, pair: (usize, usize)) -> bool {
        let (first, second) = pair;
        let is_twin = |node: &usize| {
            self.twins.contains_key(node) || self.twins.values().any(|other| other == node)
        };
        let same_side = self.sees_second[first] == self.sees_second[second];
        let dealt = same_side || !(self.torn || is_twin(&first) || is_twin(&second));
        let pulled = self.wires.get(&pair).is_some_and(|wire| wire.pulled);
        dealt && !pulled && self.part[first] == self.part[second]
    }

    /// Pulls a random connection out.
    pub(crate) fn pull(&mut self, rng: &mut fastrand::Rng) -> Option<(usize, usize)> {
        let pairs: Vec<_> = self.wires.keys().copied().collect();
        if pairs.is_empty() {
            return None;
        }
        let pair = pairs[rng.usize(0..pairs.len())];
        self.wires.get_mut(&pair)?.pulled = true;
        Some(pair)
    }

    pub(crate) fn plug(&mut self, pair: (usize, usize)) {
        if let Some(wire) = self.wires.get_mut(&pair) {
            wire.pulled = false;
        }
    }

    /// From now on nothing is lost, doubled or late, and nobody is cut off.
    pub(crate) fn heal(&mut self) {
        self.roads = Roads {
            delay_ms: (1, self.roads.delay_ms.1.min(60)),
            lost: 0,
            doubled: 0,
            overtaking: false,
        };
        self.part.fill(0);
        for wire in self.wires.values_mut() {
            wire.pulled = false;
        }
    }

    fn end(pair: (usize, usize), node: usize) -> usize {
        usize::from(pair.1 == node)
    }

    /// The nodes that a node believes to be connected to.
    fn believed(&self, node: usize) -> Vec<usize> {
        self.wires
            .iter()
            .filter(|(pair, wire)| {
                (pair.0 == node || pair.1 == node) && wire.believes[Self::end(**pair, node)]
            })
            .map(|(pair, _)| if pair.0 == node { pair.1 } else { pair.0 })
            .collect()
    }
}

fn pair_of(one: usize, other: usize) -> (usize, usize) {
    (one.min(other), one.max(other))
}

fn class(message: &PeerMessage) -> usize {
    match message {
        PeerMessage::Consensus(_) | PeerMessage::Status(_) => 0,
        PeerMessage::Body(_) | PeerMessage::BodyWanted { .. } | PeerMessage::Transactions(_) => 1,
        PeerMessage::FramesWanted(_) | PeerMessage::Frames(_) => 2,
    }
}

/// Connections.
impl World {
    /// Breaks what must not be connected any more, and dials what may be.
    pub(crate) fn rewire(&mut self) {
        let pairs: Vec<_> = self.wires.wires.keys().copied().collect();
        for pair in pairs {
            let running =
                self.nodes[pair.0].running.is_some() && self.nodes[pair.1].running.is_some();
            let wanted = running && self.wires.may_connect(pair);
            let wire = &self.wires.wires[&pair];
            if wire.up && !wanted {
                self.disconnect(pair);
            } else if !wire.up && wanted && wire.dialling.is_none() {
                let wait_ms = self.rng.u64(1..300);
                let attempt = self.token();
                self.wire(pair).dialling = Some(attempt);
                self.schedule.after(wait_ms, Event::Dial { pair, attempt });
            }
        }
    }

    fn wire(&mut self, pair: (usize, usize)) -> &mut Wire {
        self.wires
            .wires
            .get_mut(&pair)
            .expect("there is a wire for every pair")
    }

    fn disconnect(&mut self, pair: (usize, usize)) {
        self.statistics.count("connections broken");
        let wire = self.wire(pair);
        wire.up = false;
        let epoch = wire.epoch;
        for (node, peer) in [pair, (pair.1, pair.0)] {
            let wait_ms = match self.rng.u8(0..3) {
                0 => self.rng.u64(500..3_000),
                _ => self.rng.u64(0..20),
            };
            self.schedule
                .after(wait_ms, Event::Notice { node, peer, epoch });
        }
    }

    /// An end notices that its connection is gone.
    pub(crate) fn notice(&mut self, node: usize, peer: usize, epoch: u64) -> Result<(), Violation> {
        let end = Wires::end(pair_of(node, peer), node);
        let wire = self.wire(pair_of(node, peer));
        if wire.epoch != epoch || wire.up || !wire.believes[end] {
            return Ok(());
        }
        wire.believes[end] = false;
        self.tell(node, peer, ReplicaEvent::Disconnected)
    }

    pub(crate) fn dial(&mut self, pair: (usize, usize), attempt: u64) -> Result<(), Violation> {
        if self.wires.wires[&pair].dialling != Some(attempt) {
            return Ok(());
        }
        self.wire(pair).dialling = None;
        let running = self.nodes[pair.0].running.is_some() && self.nodes[pair.1].running.is_some();
        if !running || !self.wires.may_connect(pair) || self.wires.wires[&pair].up {
            return Ok(());
        }
        let believed = self.wires.wires[&pair].believes;
        for (end, (node, peer)) in [pair, (pair.1, pair.0)].into_iter().enumerate() {
            if believed[end] {
                self.wire(pair).believes[end] = false;
                self.tell(node, peer, ReplicaEvent::Disconnected)?;
            }
        }
        let now = self.schedule.now;
        let wire = self.wire(pair);
        wire.epoch += 1;
        wire.up = true;
        wire.believes = [true, true];
        wire.last_ms = [[now; CLASSES]; 2];
        self.statistics.count("connections made");
        self.tell(pair.0, pair.1, ReplicaEvent::Connected)?;
        self.tell(pair.1, pair.0, ReplicaEvent::Connected)
    }

    fn tell(
        &mut self,
        node: usize,
        peer: usize,
        event: fn(PublicKey) -> ReplicaEvent,
    ) -> Result<(), Violation> {
        let key = self.nodes[peer].public;
        let event = event(key);
        self.line_of(node, |text| {
            let word = if matches!(event, ReplicaEvent::Connected(_)) {
                "connected to"
            } else {
                "disconnected from"
            };
            write!(text, "{word} peer {peer}").expect("a string takes everything");
        });
        self.feed(node, event)
    }

    /// A node stops: it believes in nothing any more.
    pub(crate) fn forget_wires(&mut self, node: usize) {
        for (pair, wire) in &mut self.wires.wires {
            if pair.0 == node || pair.1 == node {
                wire.believes[Wires::end(*pair, node)] = false;
                wire.dialling = None;
            }
        }
    }
}

/// Messages.
impl World {
    pub(crate) fn send(&mut self, from: usize, to: Recipient, message: PeerMessage) {
        let peers = self.wires.believed(from);
        let peers: Vec<usize> = match to {
            Recipient::All => peers,
            Recipient::Peer(key) => peers
                .into_iter()
                .filter(|peer| self.nodes[*peer].public == key)
                .collect(),
        };
        if self.forgers.contains_key(&from) {
            for peer in peers {
                for forged in self.forge(from, peer, &message) {
                    self.post(from, peer, class(&forged), forged.to_bytes().into());
                }
            }
            return;
        }
        let bytes: Arc<[u8]> = message.to_bytes().into();
        for peer in peers {
            self.post(from, peer, class(&message), Arc::clone(&bytes));
        }
    }

    fn post(&mut self, from: usize, to: usize, class: usize, bytes: Arc<[u8]>) {
        let pair = pair_of(from, to);
        let direction = Wires::end(pair, from);
        let roads = self.wires.roads;
        if !self.wires.wires[&pair].up || self.rng.u64(0..100) < roads.lost {
            self.statistics.count("messages lost");
            return;
        }
        let copies = if self.rng.u64(0..100) < roads.doubled {
            self.statistics.count("messages doubled");
            2
        } else {
            1
        };
        for _ in 0..copies {
            let (least, most) = roads.delay_ms;
            let mut arrives = self.schedule.now + self.rng.u64(least..=most);
            let wire = self.wire(pair);
            let last = &mut wire.last_ms[direction][class];
            if !roads.overtaking {
                arrives = arrives.max(*last);
                *last = arrives;
            }
            let delivery = Delivery {
                from,
                to,
                epoch: wire.epoch,
                bytes: Arc::clone(&bytes),
            };
            self.schedule.at(arrives, Event::Deliver(delivery));
        }
    }

    /// Whether what was sent in a connection can still arrive.
    pub(crate) fn is_connected(&self, delivery: &Delivery) -> bool {
        let wire = &self.wires.wires[&pair_of(delivery.from, delivery.to)];
        wire.up && wire.epoch == delivery.epoch
    }
}
