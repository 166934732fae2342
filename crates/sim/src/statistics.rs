//! What a run has seen, added up.

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
}

impl Statistics {
    pub(crate) fn count(&mut self, name: &'static str) {
        self.add(name, 1);
    }

    pub(crate) fn add(&mut self, name: &'static str, times: u64) {
        *self.occurrences.entry(name).or_default() += times;
    }

    pub(crate) fn answers(&mut self, operation: &'static str) -> &mut Answers {
        self.operations.entry(operation).or_default()
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
            let sum = self.answers(name);
            sum.done += answers.done;
            sum.waiting += answers.waiting;
            sum.refused += answers.refused;
            sum.turned_away += answers.turned_away;
        }
    }
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
            "  {:<20} {:>8} {:>8} {:>8} {:>12}",
            "instruction", "done", "waiting", "refused", "turned away"
        )?;
        for (name, answers) in &self.operations {
            writeln!(
                formatter,
                "  {name:<20} {:>8} {:>8} {:>8} {:>12}",
                answers.done, answers.waiting, answers.refused, answers.turned_away
            )?;
        }
        Ok(())
    }
}
