//! The simulator's command line: run seeds, or show one.

use anyhow::bail;
use clap::{Args, Parser, Subcommand, ValueEnum};
use karwan_sim::{Choices, Sabotage, Statistics, replay, run_many};
use std::time::Instant;

/// Many Karwan nodes on one thread, with faults that a seed chooses.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run seeds until one breaks a promise.
    Run {
        /// How many.
        #[arg(long, default_value_t = 510)]
        seeds: u64,
        /// The first.
        #[arg(long, default_value_t = 1)]
        first: u64,
        /// Say each seed as it ends.
        #[arg(long)]
        trace: bool,
        #[command(flatten)]
        choices: ChoiceArguments,
    },
    /// Run one seed and print every line of its trace.
    Replay {
        /// Which.
        #[arg(long)]
        seed: u64,
        #[command(flatten)]
        choices: ChoiceArguments,
    },
}

#[derive(Clone, Copy, Debug, Args)]
struct ChoiceArguments {
    /// How many validators, instead of the seed's choice.
    #[arg(long)]
    validators: Option<usize>,
    /// Plant a fault, to see that it is caught.
    #[arg(long = "break", value_enum)]
    sabotage: Option<SabotageArgument>,
}

/// A planted fault.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum SabotageArgument {
    /// The consensus log loses everything.
    Log,
    /// The consensus log loses everything and the watermark is ignored.
    Watermark,
    /// Blocks are never synced.
    Flush,
    /// A third of the power or more signs for both sides of a split network.
    Quorum,
}

impl ChoiceArguments {
    fn choices(self) -> Choices {
        Choices {
            validators: self.validators,
            sabotage: self.sabotage.map(|argument| match argument {
                SabotageArgument::Log => Sabotage::Log,
                SabotageArgument::Watermark => Sabotage::Watermark,
                SabotageArgument::Flush => Sabotage::Flush,
                SabotageArgument::Quorum => Sabotage::Quorum,
            }),
        }
    }
}

/// In so many seeds the ledger must take on something of every kind: what is always refused tests nothing.
const ALL_KINDS_SEEDS: u64 = 500;

#[expect(
    clippy::print_stdout,
    reason = "the program's output, in its one place"
)]
fn say(line: &str) {
    println!("{line}");
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Run {
            seeds,
            first,
            trace,
            choices,
        } => run(first, seeds, trace, choices.choices()),
        Command::Replay { seed, choices } => show(seed, choices.choices()),
    }
}

fn run(first: u64, seeds: u64, trace: bool, choices: Choices) -> anyhow::Result<()> {
    let begun = Instant::now();
    let progress = |seed: u64, sum: &Statistics| {
        if trace {
            say(&format!("seed {seed}: {} heights so far", sum.heights));
        }
    };
    let outcome = run_many(first, seeds, choices, progress);
    let wall = begun.elapsed();
    match outcome {
        Ok(sum) => {
            say(&sum.to_string());
            let each_second = u128::from(sum.heights) * 1_000 / wall.as_millis().max(1);
            say(&format!(
                "no promise broken; {:.1} s, {each_second} heights a second",
                wall.as_secs_f64()
            ));
            let never = sum.never_accepted();
            if seeds >= ALL_KINDS_SEEDS && !never.is_empty() {
                bail!(
                    "no {} was accepted in {seeds} seeds: nothing of what follows it was tried",
                    never.join(", no ")
                );
            }
            Ok(())
        }
        Err(failure) => {
            say(&failure.to_string());
            bail!("seed {} broke a promise", failure.seed)
        }
    }
}

fn show(seed: u64, choices: Choices) -> anyhow::Result<()> {
    match replay(seed, choices, say) {
        Ok(finished) => {
            say(&finished.statistics.to_string());
            say(&format!("digest {:016x}", finished.digest));
            Ok(())
        }
        Err(failure) => {
            say(&failure.to_string());
            bail!("seed {seed} broke a promise")
        }
    }
}
