//! Faults: who is struck when, and what is left of a disk.

use crate::monitor::Violation;
use crate::plan::{Sabotage, Treason};
use crate::schedule::{Event, Fault};
use crate::world::{Era, World};
use karwan_storage::memory::{Fault as DiskFault, Kept, MemoryDisk, Unsynced};
use std::fmt::Write as _;

/// How a node stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Its process ends; the next one sees everything that was written, also what was never synced and what a later power
    /// cut may take.
    Killed,
    /// Its power fails; of what was not synced, anything may be left.
    PowerCut,
}

/// The longest wait, in milliseconds, for the power cut that may follow a process which ended over its disk. It is short,
/// because the next sync of a file stores what was written to it before, unless a sync of that had failed.
const OUTAGE_WAIT_MS_MAX: u64 = 4_000;

/// The most operations of a disk until a planted fault begins: a few heights of a validator.
const OPERATIONS_AHEAD_MAX: u64 = 60;

impl World {
    /// Plans the first strike of every kind of fault.
    pub(crate) fn plan_chaos(&mut self) {
        let pace = self.plan.pace;
        let twins = self.plan.treason == Treason::Twins && !self.plan.traitors.is_empty();
        let regroup = twins && self.plan.sabotage.is_none();
        for (fault, mean_ms) in [
            (Fault::Partition, pace.partition),
            (Fault::Cable, pace.cable),
            (Fault::Crash, pace.crash),
            (Fault::Blackout, pace.blackout),
            (Fault::LostDisk, pace.lost_disk),
            (Fault::Regroup, regroup.then_some(3_000)),
        ] {
            if let Some(mean_ms) = mean_ms {
                self.plan_strike(fault, mean_ms);
            }
        }
    }

    fn plan_strike(&mut self, fault: Fault, mean_ms: u64) {
        let wait_ms = self.rng.u64(0..mean_ms * 2);
        self.schedule.after(wait_ms, Event::Fault(fault));
    }

    pub(crate) fn strike(&mut self, fault: Fault) -> Result<(), Violation> {
        self.digest.take(fault);
        let pace = self.plan.pace;
        let mean_ms = match fault {
            Fault::Partition => {
                self.partition();
                pace.partition
            }
            Fault::Cable => {
                self.pull_cable();
                pace.cable
            }
            Fault::Crash => {
                self.strike_node()?;
                pace.crash
            }
            Fault::Blackout => {
                self.statistics.count("blackouts of all nodes");
                for node in 0..self.nodes.len() {
                    if self.nodes[node].running.is_some() {
                        self.stop(node, Stop::PowerCut);
                    }
                }
                pace.blackout
            }
            Fault::LostDisk => {
                self.lose_disk()?;
                // One is enough: with two disks lost a third of the power may have forgotten.
                None
            }
            Fault::Outage { node } => {
                self.cut_power_again(node);
                None
            }
            Fault::Regroup => {
                self.wires.deal(&mut self.rng);
                self.rewire();
                Some(3_000)
            }
        };
        if let Some(mean_ms) = mean_ms {
            self.plan_strike(fault, mean_ms);
        }
        Ok(())
    }
}

/// The network.
impl World {
    fn partition(&mut self) {
        self.statistics.count("partitions");
        let alone = self.rng.bool();
        let chosen = self.rng.usize(0..self.nodes.len());
        for node in 0..self.nodes.len() {
            let other_side = if alone {
                node == chosen
            } else {
                self.rng.bool()
            };
            self.wires.part[node] = u8::from(other_side);
        }
        let parts = self.wires.part.clone();
        self.line(|text| write!(text, "the network splits: {parts:?}").expect("a string"));
        self.rewire();
        let lasts_ms = self.rng.u64(300..5_000);
        self.schedule.after(lasts_ms, Event::Rejoin);
    }

    pub(crate) fn rejoin(&mut self) {
        self.wires.part.fill(0);
        self.line(|text| text.push_str("the network is one again"));
        self.rewire();
    }

    fn pull_cable(&mut self) {
        let Some(pair) = self.wires.pull(&mut self.rng) else {
            return;
        };
        self.line(|text| write!(text, "a cable is pulled: {pair:?}").expect("a string"));
        self.rewire();
        let lasts_ms = self.rng.u64(10..2_500);
        self.schedule.after(lasts_ms, Event::Plug { pair });
    }
}

/// Nodes.
impl World {
    fn strike_node(&mut self) -> Result<(), Violation> {
        let node = self.rng.usize(0..self.nodes.len());
        let operation = self.nodes[node].disk.operations() + self.rng.u64(0..OPERATIONS_AHEAD_MAX);
        let is_running = self.nodes[node].running.is_some();
        match self.rng.u8(0..10) {
            0..=2 if is_running => {
                self.statistics.count("nodes killed");
                self.stop(node, Stop::Killed);
            }
            3 | 4 if is_running => {
                self.statistics.count("nodes without power");
                self.stop(node, Stop::PowerCut);
            }
            5 | 6 => self.plant(node, operation, DiskFault::PowerCut),
            7 => {
                self.nodes[node].actions_left = Some(self.rng.u32(0..30));
            }
            8 => self.plant(node, operation, DiskFault::FailedSync),
            9 => {
                let fault = if self.rng.bool() {
                    DiskFault::NoSpace
                } else {
                    DiskFault::InputOutput
                };
                self.plant(node, operation, fault);
            }
            _ => {}
        }
        Ok(())
    }

    fn plant(&mut self, node: usize, operation: u64, fault: DiskFault) {
        self.nodes[node].disk.inject(operation, fault);
        self.line_of(node, |text| {
            write!(text, "its disk will fail: {fault:?} in some operations").expect("a string");
        });
        self.nodes[node].planted = Some((operation, fault));
    }

    /// Whether the node was to be killed between the actions of a step, and this is the moment.
    pub(crate) fn is_killed_now(&mut self, node: usize) -> bool {
        let Some(left) = self.nodes[node].actions_left else {
            return false;
        };
        if left > 0 {
            self.nodes[node].actions_left = Some(left - 1);
            return false;
        }
        self.statistics.count("nodes killed between two actions");
        let stop = if self.rng.bool() {
            Stop::Killed
        } else {
            Stop::PowerCut
        };
        self.stop(node, stop);
        true
    }

    /// A node has stopped with these last words: because of its disk, or by itself.
    pub(crate) fn stopped(&mut self, node: usize, last_words: String) -> Result<(), Violation> {
        let by_its_disk = last_words.contains("(injected)");
        let honest = self.nodes[node].honest;
        self.line_of(node, |text| {
            write!(text, "stops: {last_words}").expect("a string");
        });
        if honest && !by_its_disk {
            return Err(Violation::Stopped {
                node: self.nodes[node].name.clone(),
                reason: last_words,
            });
        }
        let planted = self.nodes[node].planted.map(|(_, fault)| fault);
        // The machine goes down with the process, or only the process ends and the next one reads what was never synced.
        let stop = if self.rng.bool() {
            Stop::PowerCut
        } else {
            Stop::Killed
        };
        let (stop, name) = match (planted, stop) {
            (Some(DiskFault::PowerCut), Stop::PowerCut) => {
                (stop, "power cuts in an operation of the disk")
            }
            (Some(DiskFault::PowerCut), Stop::Killed) => {
                (stop, "nodes killed in an operation of the disk")
            }
            (Some(DiskFault::FailedSync), Stop::PowerCut) => (stop, "failed syncs and power cuts"),
            (Some(DiskFault::FailedSync), Stop::Killed) => (stop, "failed syncs"),
            (Some(DiskFault::InputOutput), _) => (stop, "failed operations of the disk"),
            (Some(DiskFault::NoSpace), _) => (Stop::Killed, "full disks"),
            (None, _) => (Stop::Killed, "traitors stopped"),
        };
        self.statistics.count(name);
        self.stop(node, stop);
        if planted.is_some() && stop == Stop::Killed && self.era == Era::Chaos && self.rng.bool() {
            let wait_ms = self.rng.u64(0..OUTAGE_WAIT_MS_MAX);
            let outage = Event::Fault(Fault::Outage { node });
            self.schedule.after(wait_ms, outage);
        }
        Ok(())
    }

    /// The power of a node fails that was started again after its process ended over its disk.
    fn cut_power_again(&mut self, node: usize) {
        if self.nodes[node].running.is_some() {
            self.statistics
                .count("power cuts soon after a node was killed over its disk");
            self.stop(node, Stop::PowerCut);
        }
    }

    /// Ends a node's process, or cuts its power, and plans its return.
    pub(crate) fn stop(&mut self, node: usize, stop: Stop) {
        self.line_of(node, |text| {
            write!(text, "{stop:?}").expect("a string");
        });
        self.digest.take((node, stop == Stop::PowerCut));
        let stopped = &mut self.nodes[node];
        stopped.running = None;
        stopped.timers.clear();
        stopped.planted = None;
        stopped.actions_left = None;
        match stop {
            Stop::Killed => stopped.disk.heal(),
            Stop::PowerCut => {
                let rng = &mut self.rng;
                // Either each write has its own fate, or all share one.
                let fate = rng.u8(0..4);
                stopped.disk.crash(&mut |change| kept(rng, fate, change));
            }
        }
        self.clients_lose(node);
        self.forget_wires(node);
        self.rewire();
        let down_ms = match self.rng.u8(0..5) {
            0 => self.rng.u64(2_000..6_000),
            _ => self.rng.u64(10..800),
        };
        self.schedule.after(down_ms, Event::Start { node });
    }

    /// A validator gets a new, empty disk. It never signs at a height that it may have signed at before.
    fn lose_disk(&mut self) -> Result<(), Violation> {
        let node = self.rng.usize(0..self.nodes.len());
        if !self.can_do_without(node) {
            return Ok(());
        }
        if self.nodes[node].running.is_some() {
            self.stop(node, Stop::Killed);
        }
        self.statistics.count("disks lost");
        self.line_of(node, |text| text.push_str("has a new, empty disk"));
        let signs_above = self.monitor.signed_through(&self.nodes[node].public);
        self.nodes[node].disk = MemoryDisk::new();
        self.nodes[node].told = karwan_types::Height::GENESIS;
        self.nodes[node]
            .initialise(self.chain, signs_above)
            .map_err(|problem| Violation::Simulator { problem })
    }

    /// Whether the other honest validators decide without this one. It cannot vote before they have passed the height that
    /// it may have voted at.
    fn can_do_without(&self, node: usize) -> bool {
        let set = &self.town.genesis.state.chain().validators;
        let others = self
            .nodes
            .iter()
            .filter(|other| other.honest && other.public != self.nodes[node].public);
        let power = others
            .filter_map(|other| set.get(&other.public))
            .map(|(_, validator)| validator.power)
            .sum();
        self.nodes[node].honest && !self.plan.set_changes && set.is_quorum(power)
    }

    /// Everything heals: no fault from now on, all nodes up, all clocks nearly right.
    pub(crate) fn heal(&mut self) -> Result<(), Violation> {
        self.line(|text| text.push_str("everything heals"));
        self.schedule.cancel_faults();
        self.wires.heal();
        for node in 0..self.nodes.len() {
            let healed = &mut self.nodes[node];
            healed.planted = None;
            healed.actions_left = None;
            healed.clock.offset_ms = healed.clock.offset_ms.clamp(-300, 300);
            healed.disk.heal();
            if healed.running.is_none() {
                // A disk whose power was cut by a fault that was just taken away is switched on like any other.
                self.schedule.after(10, Event::Start { node });
            }
        }
        self.rewire();
        self.begin_peace()
    }
}

/// What is left of an unsynced change.
fn kept(rng: &mut fastrand::Rng, fate: u8, change: &Unsynced<'_>) -> Kept {
    let length = match change {
        Unsynced::Write { length, .. } => *length,
        Unsynced::Name { .. } | Unsynced::Truncate { .. } => 0,
    };
    match fate {
        0 => Kept::Nothing,
        1 => Kept::All,
        _ => match rng.u8(0..4) {
            0 => Kept::Nothing,
            1 => Kept::All,
            2 => Kept::First(rng.usize(0..=length)),
            _ => Kept::Last(rng.usize(0..=length)),
        },
    }
}

impl Sabotage {
    /// The word on the command line.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Watermark => "watermark",
            Self::Flush => "flush",
            Self::Quorum => "quorum",
        }
    }
}
