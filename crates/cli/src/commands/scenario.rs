//! `karwan scenario`: stories about the ledger, performed and checked.

use crate::exit::{Exit, Outcome};
use crate::files;
use crate::output::{Output, Tone};
use crate::scenario::alone::Alone;
use crate::scenario::document::{SCENARIO_BYTES_MAX, Scenario};
use crate::scenario::given::Given;
use crate::scenario::network::{Network, end_on_signals};
use crate::scenario::performance::perform;
use anyhow::{Context, bail, ensure};
use clap::{Args, Subcommand};
use karwan_ledger::Genesis;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The most files of one run.
const FILES_MAX: usize = 10_000;

#[derive(Subcommand)]
pub(crate) enum ScenarioCommand {
    /// Perform scenarios and compare what comes with what they expect
    ///
    /// A scenario is a TOML file: what is given, what happens when, and what is seen then. It begins from the development network,
    /// in which nobody has any money, with keys that follow from their names; docs/reference/scenarios.md describes every key.
    ///
    /// Exit code 0 says that everything came as expected, 1 that something did not, 2 that a file cannot be read as a scenario.
    Run(RunArgs),
}

#[derive(Args)]
pub(crate) struct RunArgs {
    /// A scenario, or with --all a directory of them; several may be given
    #[arg(required = true, value_name = "FILE")]
    paths: Vec<PathBuf>,
    /// Every scenario of a directory
    #[arg(long)]
    all: bool,
    /// On a network of four processes, of which one is killed in the middle; with --all those that are fit for it
    #[arg(long)]
    devnet: bool,
}

/// A scenario that was read and can begin.
struct Ready {
    scenario: Scenario,
    given: Given,
}

/// How one scenario went.
struct Report {
    file: PathBuf,
    name: String,
    shows: String,
    rules: Vec<String>,
    failure: Option<String>,
    took: Duration,
}

pub(crate) fn run(command: ScenarioCommand, output: Output) -> Outcome {
    let ScenarioCommand::Run(args) = command;
    let started = Instant::now();
    let mut all = Vec::new();
    for path in files_of(&args)? {
        all.push(read(&path)?);
    }
    let perform = if args.devnet {
        fit_for_a_network(&mut all, args.all, output)?;
        end_on_signals()?;
        on_a_network
    } else {
        on_the_ledger_alone
    };
    let mut reports = Vec::with_capacity(all.len());
    if let ([only], false) = (&all[..], args.all) {
        let shows = only.scenario.shows.trim();
        if !shows.is_empty() {
            output.line(shows);
        }
    }
    for ready in &all {
        reports.push(performed(ready, output, perform));
    }
    Ok(tell(&reports, started.elapsed(), output))
}

fn on_the_ledger_alone(ready: &Ready) -> anyhow::Result<()> {
    let document = ready
        .given
        .document(ready.given.time(), ready.given.validators())?;
    let genesis = Genesis::new(document)?;
    perform(&ready.scenario, &ready.given, &mut Alone::new(&genesis)?)
}

fn on_a_network(ready: &Ready) -> anyhow::Result<()> {
    let mut network = Network::start(&ready.given).context("no network could be started")?;
    perform(&ready.scenario, &ready.given, &mut network)
}

/// Leaves out what depends on times of blocks; a scenario that was named by itself is not left out silently.
fn fit_for_a_network(all: &mut Vec<Ready>, every: bool, output: Output) -> anyhow::Result<()> {
    let count = all.len();
    if let (Some(ready), false) = (all.iter().find(|one| !one.scenario.devnet), every) {
        bail!(
            "{} is not said to hold on a network, by devnet = true",
            ready.scenario.file.display()
        );
    }
    all.retain(|one| one.scenario.devnet);
    ensure!(!all.is_empty(), "none of the scenarios says devnet = true");
    let left = count - all.len();
    if left > 0 {
        output.note(format!("{left} scenarios are not for a network and left out; each of the others gets one of its own."));
    }
    Ok(())
}

/// The scenarios that were named, in the order of their names.
fn files_of(args: &RunArgs) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in &args.paths {
        if !path.is_dir() {
            found.push(path.clone());
            continue;
        }
        ensure!(
            args.all,
            "{} is a directory; give --all for every scenario in it",
            path.display()
        );
        let cannot = || format!("cannot read {}", path.display());
        let mut inside = Vec::new();
        for entry in std::fs::read_dir(path).with_context(cannot)? {
            let file = entry.with_context(cannot)?.path();
            if file.extension().is_some_and(|ending| ending == "toml") {
                inside.push(file);
            }
            ensure!(
                inside.len() <= FILES_MAX,
                "{} has more than {FILES_MAX} scenarios",
                path.display()
            );
        }
        ensure!(
            !inside.is_empty(),
            "{} has no scenario, which is a file whose name ends in .toml",
            path.display()
        );
        inside.sort();
        found.extend(inside);
    }
    Ok(found)
}

fn read(path: &Path) -> anyhow::Result<Ready> {
    let read = || -> anyhow::Result<Ready> {
        let text = files::read_text(path, SCENARIO_BYTES_MAX)?;
        let scenario = Scenario::parse(path, &text)?;
        let given = Given::of(&scenario)?;
        Ok(Ready { scenario, given })
    };
    read().with_context(|| path.display().to_string())
}

/// Performs one scenario and tells at once how it went.
fn performed(
    ready: &Ready,
    output: Output,
    perform: impl FnOnce(&Ready) -> anyhow::Result<()>,
) -> Report {
    let started = Instant::now();
    let failure = perform(ready).err().map(|error| format!("{error:#}"));
    let report = Report {
        file: ready.scenario.file.clone(),
        name: ready.scenario.name.clone(),
        shows: ready.scenario.shows.clone(),
        rules: ready.scenario.rules.clone(),
        failure,
        took: started.elapsed(),
    };
    let (word, tone) = match report.failure {
        None => ("shown", Tone::Good),
        Some(_) => ("FAILED", Tone::Bad),
    };
    output.line(format!(
        "{}  {}",
        output.paint(tone, &format!("{word:6}")),
        report.name
    ));
    if let Some(failure) = &report.failure {
        output.line(format!("        {}, {failure}", report.file.display()));
    }
    report
}

fn tell(reports: &[Report], took: Duration, output: Output) -> Exit {
    let failed = reports.iter().filter(|one| one.failure.is_some()).count();
    let values: Vec<_> = reports
        .iter()
        .map(|one| {
            json!({
                "file": one.file, "name": one.name, "shows": one.shows, "rules": one.rules, "shown": one.failure.is_none(), "failure": one.failure,
                "milliseconds": u64::try_from(one.took.as_millis()).unwrap_or(u64::MAX),
            })
        })
        .collect();
    output.json(&values);
    output.line("");
    let seconds = took.as_secs_f64();
    output.line(match failed {
        0 => format!(
            "{} of {} scenarios shown in {seconds:.1} s",
            reports.len(),
            reports.len()
        ),
        _ => format!(
            "{failed} of {} scenarios FAILED; {seconds:.1} s",
            reports.len()
        ),
    });
    if failed == 0 {
        Exit::Ok
    } else {
        Exit::Negative
    }
}
