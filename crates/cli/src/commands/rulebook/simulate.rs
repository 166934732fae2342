//! `karwan rulebook simulate`: the past under a candidate, from a node's blocks, with nothing believed that the node says.

use super::reading::Published;
use crate::commands::genesis::read_genesis;
use crate::exit::{Ends, Exit, Failure, Outcome, failure};
use crate::files;
use crate::home::Home;
use crate::network::{NetworkArgs, WhoArgs, connect, refused, run as with_node};
use crate::output::Output;
use crate::table::{Align, Cell, Table};
use clap::Args;
use indicatif::ProgressBar;
use karwan_ledger::{FlipCause, Genesis, ImpactReport, PaymentAnswer, Rehearsal, Rulebook, State};
use karwan_node::{Config, open_block_log, read_frame, verify_block};
use karwan_rpc::{BlocksListParams, Client};
use karwan_types::{Block, CommitCertificate, Hash, Height};
use std::path::{Path, PathBuf};
use std::time::Instant;

#[derive(Args)]
pub(crate) struct SimulateArgs {
    /// The rulebook file to rehearse
    #[arg(long, value_name = "FILE")]
    candidate: PathBuf,
    /// The first block in which the candidate is in force
    #[arg(long, value_name = "HEIGHT", default_value = "1")]
    from: u64,
    /// The last block; the last final one when left out
    #[arg(long, value_name = "HEIGHT")]
    to: Option<u64>,
    /// Where the report is written
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Read the blocks from a node's directory instead of asking a node
    #[arg(long, value_name = "DIR")]
    home: Option<PathBuf>,
    #[command(flatten)]
    network: NetworkArgs,
    #[command(flatten)]
    who: WhoArgs,
}

pub(crate) fn run(args: &SimulateArgs, output: Output) -> Outcome {
    let genesis = match (&args.home, args.network.genesis()) {
        // A node's directory has its genesis file; one that is given is trusted instead.
        (Some(home), Err(_)) => read_genesis(&Home::new(home).genesis())?,
        (_, genesis) => genesis?,
    };
    let candidate = Published::read(&args.candidate)?.rulebook;
    if args.from == 0 || args.to.is_some_and(|to| to < args.from) {
        let sentence = "blocks are counted from 1, and --to is not before --from";
        return Err(failure(Exit::Usage, sentence));
    }
    let started = Instant::now();
    let mut replay = Replay::new(&genesis, candidate, args.from);
    match &args.home {
        Some(home) => from_directory(&mut replay, args, home, output)?,
        None => from_node(&mut replay, args, &genesis, output)?,
    }
    let report = replay.report()?;
    let bytes = report.to_file();
    if let Some(path) = &args.out {
        files::replace(path, &bytes)?;
        output.note(format!("The report is in {}.", path.display()));
    }
    if output.is_json() {
        output.raw(String::from_utf8_lossy(&bytes).trim_end());
    } else {
        tell(&report, output);
    }
    let seconds = started.elapsed().as_secs_f64();
    output.note(format!(
        "{} blocks, {} payments, {seconds:.2} s; report hash {}",
        report.range.to,
        report.payments,
        report.hash()
    ));
    Ok(Exit::Ok)
}

fn from_directory(
    replay: &mut Replay,
    args: &SimulateArgs,
    home: &Path,
    output: Output,
) -> Result<(), Failure> {
    let config = Config::read(Home::new(home).path())?;
    let reader = open_block_log(&config, replay.state.chain().chain_id).ends(Exit::Negative)?;
    let to = last(args.to, reader.last().get())?;
    let progress = output.progress(to, "executing blocks");
    for number in 1..=to {
        let frame = read_frame(&reader, Height::new(number)).ends(Exit::Negative)?;
        replay.take(&frame.block, &frame.certificate)?;
        progress.set_position(number);
    }
    progress.finish_and_clear();
    Ok(())
}

fn from_node(
    replay: &mut Replay,
    args: &SimulateArgs,
    genesis: &Genesis,
    output: Output,
) -> Result<(), Failure> {
    let access = match &args.who.name {
        Some(name) => Some(args.who.keys(&args.network)?.access(name)?),
        None => None,
    };
    let url = args.network.url(args.who.name.as_deref())?;
    with_node(async {
        let client = connect(&url, access, genesis).await?;
        let head = client
            .chain_head(Default::default())
            .await
            .map_err(refused)?;
        let to = last(args.to, head.height)?;
        let progress = output.progress(to, "executing blocks");
        pages(&client, replay, to, &progress).await?;
        progress.finish_and_clear();
        Ok(())
    })
}

async fn pages(
    client: &Client,
    replay: &mut Replay,
    to: u64,
    progress: &ProgressBar,
) -> Result<(), Failure> {
    let mut next = Some(1);
    while let Some(from) = next {
        let params = BlocksListParams {
            from,
            to: Some(to),
            at_least_height: None,
        };
        let page = client.blocks_list(params).await.map_err(refused)?;
        // A page that does not go on would be asked for for ever.
        if page.next_from.is_some_and(|next| next <= from) {
            return Err(failure(
                Exit::Negative,
                "the node's pages of blocks do not go on",
            ));
        }
        for whole in &page.blocks {
            let block = whole.block().ends(Exit::Negative)?;
            replay.take(&block, &whole.certificate.0)?;
            progress.set_position(block.header.height.get());
        }
        next = page.next_from;
    }
    if replay.height() == to {
        Ok(())
    } else {
        Err(failure(Exit::Negative, "the node has left blocks out"))
    }
}

fn last(asked: Option<u64>, reached: u64) -> Result<u64, Failure> {
    let to = asked.unwrap_or(reached);
    if to <= reached {
        return Ok(to);
    }
    let sentence = format!("block {to} is not final there, the chain is at {reached}");
    Err(failure(Exit::Negative, sentence))
}

/// The chain executed from genesis, and from some height on a rehearsal beside it.
pub(super) struct Replay {
    state: State,
    hash: Hash,
    candidate: Rulebook,
    from: u64,
    rehearsal: Option<Rehearsal>,
}

impl Replay {
    pub(super) fn new(genesis: &Genesis, candidate: Rulebook, from: u64) -> Self {
        Self {
            state: genesis.state.clone(),
            hash: genesis.chain_id.0,
            candidate,
            from,
            rehearsal: None,
        }
    }

    fn height(&self) -> u64 {
        let state = self.rehearsal.as_ref().map_or(&self.state, Rehearsal::past);
        state.chain().height.get()
    }

    /// Verifies and executes the next block.
    pub(super) fn take(
        &mut self,
        block: &Block,
        certificate: &CommitCertificate,
    ) -> Result<(), Failure> {
        if self.rehearsal.is_none() && self.height().saturating_add(1) == self.from {
            let begun = Rehearsal::begin(&self.state, self.hash, &self.candidate);
            self.rehearsal = Some(begun.ends(Exit::Negative)?);
        }
        let past = self.rehearsal.as_ref().map_or(&self.state, Rehearsal::past);
        let transactions = verify_block(past, block, certificate).ends(Exit::Negative)?;
        match &mut self.rehearsal {
            Some(rehearsal) => rehearsal.block(block, &transactions).ends(Exit::Negative)?,
            None => {
                let validated = self.state.validate(self.hash, block, &transactions);
                self.state = validated.ends(Exit::Negative)?.state;
                self.hash = block.hash();
            }
        }
        Ok(())
    }

    pub(super) fn report(&self) -> Result<ImpactReport, Failure> {
        let sentence = || {
            let (from, reached) = (self.from, self.height());
            format!("there is no block {from} yet, the chain is at {reached}")
        };
        let begun = self.rehearsal.as_ref();
        let begun = begun.ok_or_else(|| failure(Exit::Negative, sentence()))?;
        Ok(begun.report())
    }
}

fn tell(report: &ImpactReport, output: Output) {
    if !report.flips.is_empty() {
        output.line(flip_table(report).render(output));
    }
    for clause in &report.by_clause {
        output.line(format!("clause {}: {} flips", clause.clause, clause.flips));
    }
    for total in &report.by_currency {
        let sides = [
            ("no longer settled", &total.no_longer_settled),
            ("newly settled", &total.newly_settled),
        ];
        for (what, side) in sides.iter().filter(|(_, side)| side.payments > 0) {
            let currency = total.currency;
            let amount = side.amount.to_decimal(currency);
            output.line(format!(
                "{what}: {} payments, {amount} {currency}",
                side.payments
            ));
        }
    }
    output.line(format!(
        "{} of {} payments flip, {} by the candidate itself, {} by consequence",
        report.flipped,
        report.payments,
        report.flipped_by_rule,
        report.flipped.saturating_sub(report.flipped_by_rule)
    ));
}

fn flip_table(report: &ImpactReport) -> Table {
    let mut table = Table::new([
        ("HEIGHT", Align::Right),
        ("AGENT", Align::Left),
        ("UETR", Align::Left),
        ("AMOUNT", Align::Right),
        ("BEFORE", Align::Left),
        ("AFTER", Align::Left),
        ("REASON", Align::Left),
        ("CLAUSE", Align::Left),
        ("BY", Align::Left),
    ]);
    for flip in &report.flips {
        let settles = flip.after.as_ref().is_none_or(|after| after.name.is_none());
        let refused = if settles { &flip.before } else { &flip.after };
        let reason = refused.as_ref().and_then(reason).unwrap_or_default();
        let clause = refused.as_ref().and_then(|answer| answer.clause.as_ref());
        table.row([
            flip.height.get().into(),
            flip.agent.into(),
            flip.uetr.into(),
            format!(
                "{} {}",
                flip.amount.to_decimal(flip.currency),
                flip.currency
            )
            .into(),
            status(flip.before.as_ref()),
            status(flip.after.as_ref()),
            reason.into(),
            clause.map(ToString::to_string).unwrap_or_default().into(),
            match flip.cause {
                FlipCause::Rule => "the candidate",
                FlipCause::Consequence => "consequence",
            }
            .into(),
        ]);
    }
    table
}

fn status(answer: Option<&PaymentAnswer>) -> Cell {
    answer.map_or_else(|| "-".into(), |answer| Cell::status(answer.status))
}

fn reason(answer: &PaymentAnswer) -> Option<String> {
    Some(format!(
        "{} {}",
        answer.reason.as_ref()?,
        answer.name.as_ref()?
    ))
}
