//! Every command group: one file and one line each.

mod genesis;
mod init;
mod keys;
mod verify;

use crate::exit::Outcome;
use crate::output::Output;
use clap::Subcommand;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Prepare the directory of a new node: keys, settings, genesis file
    Init(init::InitArgs),
    /// Make and list key files
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Build and check the genesis file that all validators agree on
    #[command(subcommand)]
    Genesis(genesis::GenesisCommand),
    /// Check receipts and whole chains, offline
    #[command(subcommand)]
    Verify(verify::VerifyCommand),
}

pub(crate) fn run(command: Command, output: Output) -> Outcome {
    match command {
        Command::Init(args) => init::run(&args, output),
        Command::Keys(command) => keys::run(command, output),
        Command::Genesis(command) => genesis::run(command, output),
        Command::Verify(command) => verify::run(command, output),
    }
}
