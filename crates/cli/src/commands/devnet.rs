//! `karwan devnet`: a network of validators on this machine, each a process of its own with its own disk.
//!
//! "Started" means healthy: `up` ends when every validator is ready and a block is final. Only addresses that answered are
//! printed. The network is found again by its manifest; `up` goes on with what is there.

mod demo;
pub(crate) mod prepare;
pub(crate) mod processes;

use crate::exit::{Exit, Outcome, failure};
use crate::manifest::{Devnet, DevnetNode};
use crate::network::{connect, run as with_node};
use crate::output::Output;
use crate::signals;
use crate::table::{Align, Cell, Table};
use anyhow::Context;
use clap::{Args, Subcommand};
use karwan_rpc::{AsOfParams, NodeAnswer};
use serde_json::json;
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

#[derive(Args)]
pub(crate) struct DevnetArgs {
    /// The network's directory
    #[arg(
        long,
        value_name = "DIR",
        env = "KARWAN_DEVNET",
        default_value = ".devnet",
        global = true
    )]
    devnet: PathBuf,
    #[command(subcommand)]
    command: DevnetCommand,
}

#[derive(Subcommand)]
enum DevnetCommand {
    /// Start the network, making it when there is none
    Up(UpArgs),
    /// Show every validator
    Status {
        /// Show it again every second until interrupted
        #[arg(long)]
        watch: bool,
    },
    /// Show the last lines of a validator's log
    Logs {
        /// The validator, for example pk; all when left out
        name: Option<String>,
        /// How many lines
        #[arg(long, default_value_t = 20)]
        lines: usize,
    },
    /// Settle the demonstration files, one for each thing that can happen to a payment
    Demo {
        /// The directory with the files; those that came with this program when left out
        #[arg(long, value_name = "DIR")]
        files: Option<PathBuf>,
    },
    /// Kill a validator at once, as a power cut would
    Kill {
        /// The validator, for example pk
        name: String,
    },
    /// Start a validator again
    Restart {
        /// The validator, for example pk
        name: String,
    },
    /// Stop every validator in good order
    Down,
}

/// Directories, keys and genesis are made once; --fresh throws everything of an earlier network away.
#[derive(Args)]
struct UpArgs {
    /// How many validators a new network has
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=7))]
    validators: u8,
    /// Begin again from genesis
    #[arg(long)]
    fresh: bool,
    /// The genesis plan of a new network; that of the development network when left out
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
    /// Another rulebook than the one that came with this program
    #[arg(long, value_name = "FILE")]
    rulebook: Option<PathBuf>,
    /// The first port of a new network, which takes three for each validator; free ones when left out
    #[arg(long, value_name = "PORT")]
    base_port: Option<u16>,
    /// Leave this validator out for now, for example uz; may be given several times. karwan devnet restart starts it
    #[arg(long, value_name = "NAME")]
    without: Vec<String>,
}

/// How long validators may take to be ready.
pub(crate) const READY_LIMIT: Duration = Duration::from_secs(120);

pub(crate) fn run(args: DevnetArgs, output: Output) -> Outcome {
    let open = || Devnet::open(&args.devnet);
    match args.command {
        DevnetCommand::Up(up_args) => up(&args.devnet, &up_args, output),
        DevnetCommand::Status { watch } => status(&open()?, watch, output),
        DevnetCommand::Logs { name, lines } => logs(&open()?, name.as_deref(), lines, output),
        DevnetCommand::Demo { files } => demo::run(&open()?, files.as_deref(), output),
        DevnetCommand::Kill { name } => {
            let devnet = open()?;
            let process = processes::kill(&devnet, devnet.node(&name)?)?;
            output.line(format!("{name} killed (process {process})"));
            Ok(Exit::Ok)
        }
        DevnetCommand::Restart { name } => {
            let devnet = open()?;
            let node = devnet.node(&name)?;
            processes::stop(&devnet, node)?;
            processes::start(&devnet, node)?;
            processes::until_alive(&devnet, node, READY_LIMIT)?;
            output.line(format!("{name} runs again; JSON-RPC at {}", node.rpc));
            Ok(Exit::Ok)
        }
        DevnetCommand::Down => down(&open()?, output),
    }
}

fn up(directory: &std::path::Path, args: &UpArgs, output: Output) -> Outcome {
    let found =
        Devnet::find(directory).or_else(|error| if args.fresh { Ok(None) } else { Err(error) })?;
    if let Some(devnet) = &found {
        let running = devnet
            .validators
            .iter()
            .any(|node| processes::is_running(devnet, node));
        if running && args.fresh {
            let sentence = format!(
                "the network in {} is running; stop it with karwan devnet down before you begin again",
                directory.display()
            );
            return Err(failure(Exit::Negative, sentence));
        }
    }
    let devnet = match found {
        Some(devnet) if !args.fresh => devnet,
        Some(_) | None => prepare::prepare(directory, args, output)?,
    };
    let wanted = |node: &&DevnetNode| {
        !args
            .without
            .iter()
            .any(|name| name.eq_ignore_ascii_case(&node.name))
    };
    let nodes: Vec<&DevnetNode> = devnet.validators.iter().filter(wanted).collect();
    let started: Vec<&DevnetNode> = nodes
        .iter()
        .copied()
        .filter(|node| !processes::is_running(&devnet, node))
        .collect();
    signals::before_ending(stop_what_comes_up)?;
    if let Err(error) = bring_up(&devnet, &nodes, &started, output) {
        // All or nothing: a network that is half up would look like one that works.
        for node in started {
            processes::stop(&devnet, node)?;
        }
        return Err(error.into());
    }
    *coming_up() = None;
    show_status(&devnet, &nodes, output)
}

/// The validators that this program has started, until all are ready: they end with it. Later they stay without it.
static COMING_UP: Mutex<Option<(Devnet, Vec<DevnetNode>)>> = Mutex::new(None);

fn coming_up() -> MutexGuard<'static, Option<(Devnet, Vec<DevnetNode>)>> {
    COMING_UP.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A signal ends a network that is half up, like any other failure. The lock is kept, so that nothing is started meanwhile.
fn stop_what_comes_up() {
    let half = coming_up();
    if let Some((devnet, nodes)) = half.as_ref() {
        for node in nodes {
            // Nobody is left to be told; the next one is tried all the same.
            let _ = processes::stop(devnet, node);
        }
    }
    std::process::exit(signals::INTERRUPTED);
}

fn bring_up(
    devnet: &Devnet,
    nodes: &[&DevnetNode],
    started: &[&DevnetNode],
    output: Output,
) -> anyhow::Result<()> {
    let own: Vec<DevnetNode> = started.iter().copied().cloned().collect();
    *coming_up() = Some((devnet.clone(), own));
    for node in started {
        let _unless_ended = coming_up();
        processes::start(devnet, node)?;
    }
    for node in nodes {
        processes::until_ready(devnet, node, READY_LIMIT)?;
        output.note(format!("{} is ready", node.name));
    }
    Ok(())
}

fn status(devnet: &Devnet, watch: bool, output: Output) -> Outcome {
    loop {
        let all: Vec<&DevnetNode> = devnet.validators.iter().collect();
        let exit = show_status(devnet, &all, output)?;
        if !watch {
            return Ok(exit);
        }
        std::thread::sleep(Duration::from_secs(1));
        output.line("");
    }
}

/// Every validator's state; the answer is yes when those that are `wanted` are ready.
fn show_status(devnet: &Devnet, wanted: &[&DevnetNode], output: Output) -> Outcome {
    let genesis = crate::commands::genesis::read_genesis(&devnet.genesis())?;
    let ask = async |node: &DevnetNode| -> Option<NodeAnswer> {
        let client = connect(&format!("ws://{}", node.rpc), None, &genesis)
            .await
            .ok()?;
        client.node_status(AsOfParams::default()).await.ok()
    };
    let mut table = Table::new([
        ("VALIDATOR", Align::Left),
        ("STATE", Align::Left),
        ("HEIGHT", Align::Right),
        ("PEERS", Align::Right),
        ("WAITING", Align::Right),
        ("JSON-RPC", Align::Left),
        ("HEALTH AND METRICS", Align::Left),
    ]);
    let (mut values, mut exit) = (Vec::new(), Exit::Ok);
    for node in &devnet.validators {
        let answer = with_node(async { Ok(ask(node).await) })?;
        let state = match &answer {
            Some(_) if processes::is_ready(node) => "ready",
            Some(_) => "not ready",
            None if processes::is_running(devnet, node) => "starting",
            None => "down",
        };
        if state != "ready" && wanted.iter().any(|one| one.name == node.name) {
            exit = Exit::Negative;
        }
        let number = |value: Option<u64>| value.map(|value| value.to_string()).unwrap_or_default();
        table.row([
            node.name.as_str().into(),
            Cell::from(state),
            number(answer.as_ref().map(|answer| answer.height)).into(),
            number(
                answer
                    .as_ref()
                    .map(|answer| u64::from(answer.peers_connected)),
            )
            .into(),
            number(answer.as_ref().map(|answer| answer.mempool_transactions)).into(),
            format!("http://{}", node.rpc).into(),
            format!("http://{}", node.admin).into(),
        ]);
        values.push(json!({
            "name": node.name, "state": state, "rpc": node.rpc, "admin": node.admin,
            "status": answer, "process": processes::id(devnet, node),
        }));
    }
    output.table(&table, &values);
    Ok(exit)
}

fn logs(devnet: &Devnet, name: Option<&str>, lines: usize, output: Output) -> Outcome {
    let nodes = match name {
        Some(name) => vec![devnet.node(name)?],
        None => devnet.validators.iter().collect(),
    };
    for node in nodes {
        let path = devnet.log(node);
        output.note(path.display().to_string());
        output.raw(&tail(&path, lines)?);
    }
    Ok(Exit::Ok)
}

/// How much of the end of a log is read.
const TAIL_BYTES: u64 = 256 << 10;

/// The last lines of a file.
fn tail(path: &std::path::Path, lines: usize) -> anyhow::Result<String> {
    let read = || -> std::io::Result<String> {
        let mut file = std::fs::File::open(path)?;
        let from = file.metadata()?.len().saturating_sub(TAIL_BYTES);
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        file.take(TAIL_BYTES).read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    let text = read().with_context(|| format!("cannot read {}", path.display()))?;
    let all: Vec<&str> = text.lines().collect();
    Ok(all[all.len().saturating_sub(lines)..].join("\n"))
}

fn down(devnet: &Devnet, output: Output) -> Outcome {
    for node in &devnet.validators {
        processes::ask_to_stop(devnet, node)?;
    }
    for node in &devnet.validators {
        processes::stop(devnet, node)?;
    }
    output.note("Every validator is stopped; karwan devnet up goes on where they left off.");
    Ok(Exit::Ok)
}
