//! What a run has seen, added up.

use crate::workload::Origin;
use karwan_ledger::Operation;
use std::collections::BTreeMap;
use std::fmt;

/// What became of the instructions of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// In a block, and done or under way.
    pub done: u64,
    /// In a block, waiting for signatures.
    pub waiting: u64,
    /// In a block, refused.
    pub refused: u64,
    /// Not taken in by the node asked.
    pub turned_away: u64,
}

impl Answers {
    /// Everything handed in that got an answer.
    fn sum(&self) -> u64 {
        self.done + self.waiting + self.refused + self.turned_away
    }

    /// What the ledger took on.
    fn accepted(&self) -> u64 {
        self.done + self.waiting
    }

    fn merge(&mut self, other: &Self) {
        self.done += other.done;
        self.waiting += other.waiting;
        self.refused += other.refused;
        self.turned_away += other.turned_away;
    }
}

/// Counts over one seed or many.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Seeds finished.
    pub seeds: u64,
    /// Blocks on the agreed chains.
    pub heights: u64,
    /// Blocks that were stored, over all nodes.
    pub blocks_stored: u64,
    /// Virtual milliseconds.
    pub virtual_ms: u64,
    /// Events handled.
    pub events: u64,
    /// The highest round of any height.
    pub round_max: u32,
    /// The longest a network took, after everything healed, until all was final, in virtual milliseconds.
    pub healing_ms_max: u64,
    /// Faults and other occurrences, by name.
    pub occurrences: BTreeMap<&'static str, u64>,
    /// Instructions by kind.
    pub operations: BTreeMap<&'static str, Answers>,
    /// Of these, those filled from the description of their kind.
    pub filled: BTreeMap<&'static str, Answers>,
}

impl Statistics {
    pub(crate) fn count(&mut self, name: &'static str) {
        self.add(name, 1);
    }

    pub(crate) fn add(&mut self, name: &'static str, times: u64) {
        *self.occurrences.entry(name).or_default() += times;
    }

    /// An instruction got its answer.
    pub(crate) fn answered(
        &mut self,
        operation: &'static str,
        origin: Origin,
        mut tell: impl FnMut(&mut Answers),
    ) {
        tell(self.operations.entry(operation).or_default());
        if origin == Origin::Filled {
            tell(self.filled.entry(operation).or_default());
        }
    }

    /// The kinds of which the ledger has never taken anything on, however they were thought of.
    #[must_use]
    pub fn never_accepted(&self) -> Vec<&'static str> {
        unaccepted(&self.operations)
    }

    /// How often something occurred.
    #[must_use]
    pub fn occurred(&self, name: &str) -> u64 {
        self.occurrences.get(name).copied().unwrap_or(0)
    }

    /// Adds the counts of another run.
    pub fn merge(&mut self, other: &Self) {
        self.seeds += other.seeds;
        self.heights += other.heights;
        self.blocks_stored += other.blocks_stored;
        self.virtual_ms += other.virtual_ms;
        self.events += other.events;
        self.round_max = self.round_max.max(other.round_max);
        self.healing_ms_max = self.healing_ms_max.max(other.healing_ms_max);
        for (name, times) in &other.occurrences {
            self.add(name, *times);
        }
        for (name, answers) in &other.operations {
            self.operations.entry(name).or_default().merge(answers);
        }
        for (name, answers) in &other.filled {
            self.filled.entry(name).or_default().merge(answers);
        }
    }
}

fn unaccepted(answers: &BTreeMap<&'static str, Answers>) -> Vec<&'static str> {
    let taken = |name: &&str| answers.get(*name).is_some_and(|row| row.accepted() > 0);
    let names = Operation::NAMES.iter().copied();
    names.filter(|name| !taken(name)).collect()
}

impl fmt::Display for Statistics {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hours = self.virtual_ms / 3_600_000;
        let minutes = self.virtual_ms / 60_000 % 60;
        writeln!(
            formatter,
            "{} seeds, {} heights agreed, {} blocks stored, {} events, {hours} h {minutes} min of virtual time",
            self.seeds, self.heights, self.blocks_stored, self.events
        )?;
        writeln!(
            formatter,
            "highest round {}, longest healing {} ms",
            self.round_max, self.healing_ms_max
        )?;
        for (name, times) in &self.occurrences {
            writeln!(formatter, "  {times:>9} {name}")?;
        }
        writeln!(
            formatter,
            "  {:<20} {:>8} {:>8} {:>8} {:>12} {:>8} {:>8}",
            "instruction", "done", "waiting", "refused", "turned away", "filled", "accepted"
        )?;
        for (name, answers) in &self.operations {
            let filled = self.filled.get(name).copied().unwrap_or_default();
            writeln!(
                formatter,
                "  {name:<20} {:>8} {:>8} {:>8} {:>12} {:>8} {:>8}",
                answers.done,
                answers.waiting,
                answers.refused,
                answers.turned_away,
                filled.sum(),
                filled.accepted()
            )?;
        }
        let never = |answers: &BTreeMap<&'static str, Answers>| {
            let names = unaccepted(answers);
            if names.is_empty() {
                "none".to_owned()
            } else {
                names.join(", ")
            }
        };
        writeln!(
            formatter,
            "kinds never accepted: {}; never when filled from the description: {}",
            never(&self.operations),
            never(&self.filled)
        )
    }
}
