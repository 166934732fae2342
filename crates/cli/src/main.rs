//! The one binary: karwan.
//!
//! A command reads its arguments, does one thing, and ends with one of five exit codes (see [`exit`]). Data goes to standard
//! output, everything else to standard error; [`output`] is the only module that writes there. Keys are opened here, on the
//! institution's side, and never reach a node.

mod approval;
mod books;
mod commands;
mod exit;
mod files;
mod funding;
mod genesis_plan;
mod home;
mod importing;
mod instruction;
mod manifest;
mod network;
mod output;
mod receipt_text;
mod reconciliation;
mod render;
mod reports;
mod rulebook_document;
mod rulebook_figures;
mod scenario;
mod signals;
mod submission;
mod table;
mod terminal;
#[cfg(test)]
mod testing;
mod unlock;
mod words;

use clap::Parser;
use commands::Command;
use output::Output;
use rustix::process::{Resource, Rlimit, setrlimit};
use std::process::ExitCode;

/// A settlement ledger that a few jurisdictions run together.
///
/// Institutions submit signed payments to any validator; the validators order them, execute them under one rulebook and sign
/// the result. A payment is final when more than two thirds of the voting power has signed the block that holds it, and a
/// receipt proves that offline.
///
/// Start with `karwan devnet up` for a network on this machine, and `karwan devnet demo` for payments on it.
#[derive(Parser)]
#[command(name = "karwan", version, max_term_width = 110, after_help = AFTER_HELP)]
struct Cli {
    /// Write the data as JSON, for programs
    // Last, or it would stand among the options of every command.
    #[arg(long, global = true, display_order = 900)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "\
Exit codes: 0 done or yes; 1 the answer is no (refused, not valid, not found); 2 usage; 3 no node could be reached; \
4 the outcome is unknown, ask again.

Data goes to standard output, everything else to standard error. Colour appears on a terminal only, and not with NO_COLOR.";

fn main() -> ExitCode {
    let cli = Cli::parse();
    let output = Output::new(cli.json);
    forbid_core_dumps(output);
    let exit = commands::run(cli.command, output).unwrap_or_else(|failure| {
        output.failure(&failure);
        failure.exit
    });
    exit.into()
}

/// A core file would hold the secrets that are open at that moment.
fn forbid_core_dumps(output: Output) {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    if setrlimit(Resource::Core, none).is_err() {
        output.note("karwan: core dumps cannot be turned off; a crash may write secrets to a file");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_and_option_says_what_it_does() {
        fn check(command: &clap::Command, path: &str) {
            for argument in command.get_arguments() {
                let told = argument.get_help().is_some() || argument.get_long_help().is_some();
                assert!(told, "{path} {} has no help", argument.get_id());
            }
            for inner in command.get_subcommands() {
                let path = format!("{path} {}", inner.get_name());
                assert!(inner.get_about().is_some(), "{path} has no help");
                check(inner, &path);
            }
        }
        check(&Cli::command(), "karwan");
    }
}
