//! `karwan rulebook`: the law of the ledger, read, compared, rehearsed on the past, and proposed.
//!
//! A version is named by its number on the ledger or by the file in which the governments publish it. What is compared and
//! signed is always the typed version that a file builds, never its text.

mod comparing;
mod proposing;
mod reading;
mod simulate;
#[cfg(test)]
mod tests;

use crate::exit::Outcome;
use crate::output::Output;
use clap::Subcommand;

#[derive(Subcommand)]
pub(crate) enum RulebookCommand {
    /// The versions on the ledger and where they stand
    List(reading::ListArgs),
    /// A version in full: every figure, every clause and its law
    ///
    /// Amounts are in major units and durations in words. The ledger keeps hashes of the clauses' texts; the texts stand in the
    /// published file, which karwan rulebook show FILE shows.
    Show(reading::ShowArgs),
    /// Check a rulebook file, and give the hashes that a proposal names
    Validate(reading::ValidateArgs),
    /// What differs between two versions, and who must approve it
    ///
    /// Whether a change loosens or tightens the rules is said where it is known; of the other figures nothing is said.
    Diff(comparing::DiffArgs),
    /// What a version would have changed in the past: every payment whose outcome would flip
    ///
    /// Every block since genesis is fetched and executed here; certificates, signatures and roots are all verified, so the answer
    /// does not depend on which node was asked, and two nodes give the same bytes. From --from on the blocks run twice: as they
    /// were, and with the candidate in force. Consequences carry over: money that a refused payment did not move is still there
    /// for the next one. What people would have sent under other rules is beyond it.
    ///
    /// Whole blocks hold everybody's instructions. A node serves them to regulators and auditors of a jurisdiction that runs a
    /// validator (--as pk-auditor); the operator of a node reads them from its directory (--home DIR), also while it runs.
    ///
    /// With --json, and in the file of --out, is the report itself; its hash goes into the proposal (karwan rulebook propose
    /// --impact).
    Simulate(simulate::SimulateArgs),
    /// Propose a version: sign it for a governor and submit it
    ///
    /// The file's version must be the next number on the ledger; it changes the version in force. Governors who do not sign here
    /// approve with karwan tx approve HASH --sign KEY.
    Propose(proposing::ProposeArgs),
}

pub(crate) fn run(command: RulebookCommand, output: Output) -> Outcome {
    match command {
        RulebookCommand::List(args) => reading::list(&args, output),
        RulebookCommand::Show(args) => reading::show(&args, output),
        RulebookCommand::Validate(args) => reading::validate(&args, output),
        RulebookCommand::Diff(args) => comparing::run(&args, output),
        RulebookCommand::Simulate(args) => simulate::run(&args, output),
        RulebookCommand::Propose(args) => proposing::run(&args, output),
    }
}
