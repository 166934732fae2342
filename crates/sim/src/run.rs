//! Running seeds: one, many, or one again with every line.

use crate::digest::Tracing;
use crate::guard::guarded;
use crate::monitor::Violation;
use crate::plan::{Choices, Plan};
use crate::statistics::Statistics;
use crate::world::World;

/// Every so many seeds one is run twice, and both runs must be the same.
const REPEATED_EVERY: u64 = 10;

/// A seed that kept every promise.
#[derive(Clone, Debug)]
pub struct Finished {
    /// Of everything that happened.
    pub digest: u64,
    /// What was seen.
    pub statistics: Statistics,
}

/// A seed that broke a promise.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Which.
    pub seed: u64,
    /// With which choices.
    pub choices: Choices,
    /// What was broken.
    pub violation: Violation,
    /// The last lines of its trace.
    pub lines: Vec<String>,
}

impl Failure {
    /// The command that shows the failure again.
    #[must_use]
    pub fn command(&self) -> String {
        let mut command = format!(
            "cargo run --release -p karwan-sim -- replay --seed {}",
            self.seed
        );
        if let Some(validators) = self.choices.validators {
            command.push_str(&format!(" --validators {validators}"));
        }
        if let Some(sabotage) = self.choices.sabotage {
            command.push_str(&format!(" --break {}", sabotage.word()));
        }
        command
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for line in &self.lines {
            writeln!(formatter, "{line}")?;
        }
        writeln!(
            formatter,
            "seed {} broke a promise: {}",
            self.seed, self.violation
        )?;
        write!(formatter, "again with every line: {}", self.command())
    }
}

/// Runs one seed.
///
/// # Errors
/// The promise that it broke, with the last lines of its trace.
pub fn run_seed(seed: u64, choices: Choices) -> Result<Finished, Box<Failure>> {
    run(seed, choices, Tracing::Off).map_err(|(violation, _)| {
        // Lines cost more than what they tell of, so the seed is run again to have them.
        let lines = match run(seed, choices, Tracing::Last) {
            Err((_, lines)) => lines,
            Ok(_) => vec!["the failure did not come again with a trace".to_owned()],
        };
        Box::new(Failure {
            seed,
            choices,
            violation,
            lines,
        })
    })
}

/// Runs one seed and prints every line as it happens.
///
/// # Errors
/// The promise that it broke.
pub fn replay(seed: u64, choices: Choices, print: fn(&str)) -> Result<Finished, Box<Failure>> {
    print(&format!("{:?}", Plan::new(seed, choices)));
    run(seed, choices, Tracing::All(print)).map_err(|(violation, _)| {
        Box::new(Failure {
            seed,
            choices,
            violation,
            lines: Vec::new(),
        })
    })
}

/// Runs seeds one after the other until one fails. A sample is run twice and compared.
///
/// # Errors
/// The first failure.
pub fn run_many(
    first: u64,
    seeds: u64,
    choices: Choices,
    mut progress: impl FnMut(u64, &Statistics),
) -> Result<Statistics, Box<Failure>> {
    let mut sum = Statistics::default();
    for seed in first..first.saturating_add(seeds) {
        let finished = run_seed(seed, choices)?;
        if seed % REPEATED_EVERY == 0 {
            let again = run_seed(seed, choices)?;
            if again.digest != finished.digest {
                let violation = Violation::NotRepeatable {
                    first: finished.digest,
                    second: again.digest,
                };
                return Err(Box::new(Failure {
                    seed,
                    choices,
                    violation,
                    lines: Vec::new(),
                }));
            }
            sum.count("seeds run twice");
        }
        sum.merge(&finished.statistics);
        progress(seed, &sum);
    }
    Ok(sum)
}

fn run(
    seed: u64,
    choices: Choices,
    tracing: Tracing,
) -> Result<Finished, (Violation, Vec<String>)> {
    let mut world = World::new(Plan::new(seed, choices), tracing);
    let outcome = guarded(|| world.run());
    let violation = match outcome {
        Ok(Ok(())) => {
            return Ok(Finished {
                digest: world.digest.value(),
                statistics: world.statistics,
            });
        }
        Ok(Err(violation)) => violation,
        Err(problem) => Violation::Simulator { problem },
    };
    Err((violation, world.digest.into_lines()))
}
