//! `karwan verify chain`: every block of a node's log executed again from genesis.

use crate::commands::genesis::read_genesis;
use crate::exit::{Ends, Exit, Outcome};
use crate::home::Home;
use crate::output::{Output, Tone};
use clap::Args;
use karwan_node::{Config, follow, open_block_log, read_frame};
use karwan_replica::Tip;
use karwan_types::Height;
use std::path::PathBuf;
use std::time::Instant;

/// Reads HOME/data/blocks, and nothing else of the node: neither its checkpoints nor its indices are believed. Every block's
/// certificate and every instruction's signatures are verified, every block is executed, and its roots and outcomes are
/// compared with what the validators signed. At the end the accounts of every currency must sum up to zero.
#[derive(Args)]
pub(crate) struct ChainArgs {
    /// The node's directory
    #[arg(long, value_name = "DIR", env = "KARWAN_HOME")]
    home: PathBuf,
    /// The genesis file to trust instead of the one in the node's directory
    #[arg(long, value_name = "FILE")]
    genesis: Option<PathBuf>,
}

pub(crate) fn run(args: &ChainArgs, output: Output) -> Outcome {
    let home = Home::new(&args.home);
    let genesis = read_genesis(&args.genesis.clone().unwrap_or_else(|| home.genesis()))?;
    let config = Config::read(home.path())?;
    let reader = open_block_log(&config, genesis.chain_id).ends(Exit::Negative)?;
    let last = reader.last();
    let started = Instant::now();
    let progress = output.progress(last.get(), "verifying blocks");
    let (mut instructions, mut outcomes) = (0u64, 0u64);
    let mut tip = Tip {
        hash: genesis.chain_id.0,
        state: genesis.state.clone(),
    };
    for number in 1..=last.get() {
        let frame = read_frame(&reader, Height::new(number)).ends(Exit::Negative)?;
        tip = follow(&tip, &frame).ends(Exit::Negative)?;
        instructions = instructions.saturating_add(count(frame.block.transactions.len()));
        outcomes = outcomes.saturating_add(count(frame.outcomes.len()));
        progress.set_position(number);
    }
    progress.finish_and_clear();
    tip.state.assert_conserved();
    let root = tip.state.root();
    output.line(output.paint(Tone::Good, "The chain is true."));
    output.line("");
    output.line(format!("chain        {}", genesis.chain_id));
    output.line(format!("blocks       {last}"));
    output.line(format!("instructions {instructions}"));
    output.line(format!("outcomes     {outcomes}"));
    output.line(format!("state root   {root}"));
    output.line(format!(
        "took         {:.1} s",
        started.elapsed().as_secs_f64()
    ));
    output.json(&serde_json::json!({
        "valid": true,
        "chain_id": genesis.chain_id,
        "blocks": last,
        "instructions": instructions,
        "outcomes": outcomes,
        "state_root": root,
        "last_block": tip.hash,
        "elapsed_ms": u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
    }));
    Ok(Exit::Ok)
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
