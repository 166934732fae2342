//! What happened, twice: a rolling digest that two runs of one seed must share, and the last lines for people.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash, Hasher};

/// How many of the last lines are kept for a failure report.
pub(crate) const LINES_KEPT: usize = 80;

/// Whether lines are written down. They cost more than the events themselves, so a run writes none, and a failing seed is
/// run again.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Tracing {
    /// The digest only.
    Off,
    /// The last lines.
    Last,
    /// Every line, printed as it happens by the caller's function.
    All(fn(&str)),
}

/// The record of a run.
pub(crate) struct Digest {
    hasher: DefaultHasher,
    tracing: Tracing,
    lines: VecDeque<String>,
    pub(crate) events: u64,
}

impl Digest {
    pub(crate) fn new(tracing: Tracing) -> Self {
        Self {
            hasher: DefaultHasher::new(),
            tracing,
            lines: VecDeque::new(),
            events: 0,
        }
    }

    /// Takes something that happened into the digest.
    pub(crate) fn take(&mut self, what: impl Hash) {
        self.events += 1;
        what.hash(&mut self.hasher);
    }

    /// Writes a line, if lines are wanted. `line` is not asked otherwise.
    pub(crate) fn line(&mut self, now_ms: u64, line: impl FnOnce(&mut String)) {
        if matches!(self.tracing, Tracing::Off) {
            return;
        }
        let mut text = String::new();
        write!(text, "{:>9.3} ", Seconds(now_ms)).expect("a string takes everything");
        line(&mut text);
        if let Tracing::All(print) = self.tracing {
            print(&text);
        }
        if self.lines.len() == LINES_KEPT {
            self.lines.pop_front();
        }
        self.lines.push_back(text);
    }

    pub(crate) fn value(&self) -> u64 {
        self.hasher.finish()
    }

    pub(crate) fn into_lines(self) -> Vec<String> {
        self.lines.into()
    }
}

/// Milliseconds written as seconds.
struct Seconds(u64);

impl std::fmt::Display for Seconds {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = format!("{}.{:03}", self.0 / 1000, self.0 % 1000);
        formatter.pad_integral(true, "", &text)
    }
}
