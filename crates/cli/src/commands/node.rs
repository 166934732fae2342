//! `karwan node`: running a validator or observer.

use crate::exit::{Ends, Exit, Outcome};
use crate::unlock::UnlockArgs;
use clap::{Args, Subcommand};
use karwan_node::Config;
use std::path::PathBuf;

#[derive(Subcommand)]
pub(crate) enum NodeCommand {
    /// Run the node of a directory until it is asked to stop by SIGINT or SIGTERM
    Start(StartArgs),
}

/// Reads HOME/node.toml and HOME/genesis.toml, opens HOME/keys, recovers what is in HOME/data, and runs. Logs go to standard
/// error.
#[derive(Args)]
pub(crate) struct StartArgs {
    /// The node's directory
    #[arg(long, value_name = "DIR", env = "KARWAN_HOME")]
    home: PathBuf,
    #[command(flatten)]
    unlock: UnlockArgs,
}

pub(crate) fn run(command: NodeCommand) -> Outcome {
    match command {
        NodeCommand::Start(args) => start(&args),
    }
}

fn start(args: &StartArgs) -> Outcome {
    let config = Config::read(&args.home)?;
    karwan_node::logging::start(&config.file).map_err(anyhow::Error::msg)?;
    end_with_any_panic();
    let keystore = args.unlock.open(None)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime
        .block_on(karwan_node::run(config, &keystore))
        .ends(Exit::Negative)?;
    Ok(Exit::Ok)
}

/// A task or thread that fails ends the process: a node without it would look well and do only half of its work.
fn end_with_any_panic() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        report(panic);
        std::process::abort();
    }));
}
