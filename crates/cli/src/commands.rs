//! Every command group: one file and one line each.

pub(crate) mod devnet;
pub(crate) mod genesis;
mod init;
pub(crate) mod iso;
mod keys;
mod load;
mod node;
mod query;
mod reconcile;
mod rulebook;
mod scenario;
mod tx;
pub(crate) mod verify;

use crate::exit::Outcome;
use crate::output::Output;
use clap::Subcommand;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run a network of validators on this machine
    Devnet(devnet::DevnetArgs),
    /// Prepare the directory of a new node: keys, settings, genesis file
    Init(init::InitArgs),
    /// Make and list key files
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Build and check the genesis file that all validators agree on
    #[command(subcommand)]
    Genesis(genesis::GenesisCommand),
    /// Run a node
    #[command(subcommand)]
    Node(node::NodeCommand),
    /// Sign and submit an instruction
    Tx(Box<tx::TxArgs>),
    /// Ask a node
    Query(Box<query::QueryArgs>),
    /// Read, compare, rehearse and propose versions of the rulebook
    #[command(subcommand)]
    Rulebook(Box<rulebook::RulebookCommand>),
    /// Payment files in, messages of settled payments out
    #[command(subcommand)]
    Iso(iso::IsoCommand),
    /// Compare what is outstanding of a currency with a statement of the RTGS account that backs it
    Reconcile(Box<reconcile::ReconcileArgs>),
    /// Check receipts and whole chains, offline
    #[command(subcommand)]
    Verify(verify::VerifyCommand),
    /// Perform scenarios, on the ledger alone or on a network
    #[command(subcommand)]
    Scenario(scenario::ScenarioCommand),
    /// Load a network with payments and measure how long they take to be final
    Load(Box<load::LoadArgs>),
}

pub(crate) fn run(command: Command, output: Output) -> Outcome {
    match command {
        Command::Devnet(args) => devnet::run(args, output),
        Command::Init(args) => init::run(&args, output),
        Command::Keys(command) => keys::run(command, output),
        Command::Genesis(command) => genesis::run(command, output),
        Command::Node(command) => node::run(command),
        Command::Tx(args) => tx::run(*args, output),
        Command::Query(args) => query::run(*args, output),
        Command::Rulebook(command) => rulebook::run(*command, output),
        Command::Iso(command) => iso::run(command, output),
        Command::Reconcile(args) => reconcile::run(&args, output),
        Command::Verify(command) => verify::run(command, output),
        Command::Scenario(command) => scenario::run(command, output),
        Command::Load(args) => load::run(&args, output),
    }
}
