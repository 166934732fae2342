//! `karwan verify`: what an auditor does, without trust in any node.

mod chain;
mod state;

use crate::commands::genesis::read_genesis;
use crate::exit::{Ends, Exit, Failure, Outcome};
use crate::files;
use crate::output::{Output, Tone};
use crate::receipt_text;
use clap::{Args, Subcommand};
use karwan_ledger::Genesis;
use karwan_types::{RECEIPT_BYTES_MAX, Receipt, verify_receipt};
use std::path::PathBuf;

#[derive(Subcommand)]
pub(crate) enum VerifyCommand {
    /// Check that a receipt is true; needs no network and no data directory
    Receipt(ReceiptArgs),
    /// Check that a statement about an account, a licence or a freeze is true; needs no network and no data directory
    State(state::StateArgs),
    /// Execute a node's whole block log again, with every signature, and compare every root
    Chain(chain::ChainArgs),
}

/// A receipt is true when it is spelled exactly as receipts are, belongs to the chain of the genesis file, follows every
/// change of the validators since genesis, carries the signatures of more than two thirds of the voting power over its
/// block, and its outcome lies under the root that they signed. The first check that fails is named, with exit code 1.
#[derive(Args)]
pub(crate) struct ReceiptArgs {
    /// The receipt; - reads standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The genesis file of the network, from a source that you trust
    #[arg(long, value_name = "FILE")]
    genesis: PathBuf,
}

pub(crate) fn run(command: VerifyCommand, output: Output) -> Outcome {
    match command {
        VerifyCommand::Receipt(args) => receipt(&args, output),
        VerifyCommand::State(args) => state::run(&args, output),
        VerifyCommand::Chain(args) => chain::run(&args, output),
    }
}

fn receipt(args: &ReceiptArgs, output: Output) -> Outcome {
    let genesis = read_genesis(&args.genesis)?;
    // One byte more than allowed is enough for the reader to refuse it by its own rule.
    let bytes = files::read(&args.file, RECEIPT_BYTES_MAX.saturating_add(1))?;
    let receipt = check(&bytes, &genesis)?;
    output.line(output.paint(Tone::Good, "The receipt is true."));
    output.line("");
    for line in receipt_text::lines(&receipt, &genesis) {
        output.line(line);
    }
    output.json(&serde_json::json!({
        "valid": true,
        "chain_id": receipt.header.chain_id,
        "height": receipt.header.height,
        "time": receipt.header.time,
        "block": receipt.header.hash(),
        "outcome": receipt.outcome,
        "signatures": receipt.certificate.signatures.len(),
    }));
    Ok(Exit::Ok)
}

/// Reads and verifies a receipt. A receipt that is not true is a negative answer that names the check.
pub(crate) fn check(bytes: &[u8], genesis: &Genesis) -> Result<Receipt, Failure> {
    let receipt = Receipt::from_file(bytes).ends(Exit::Negative)?;
    verify_receipt(&receipt, &genesis.trust_anchor()).ends(Exit::Negative)?;
    Ok(receipt)
}

#[cfg(test)]
mod tests;
