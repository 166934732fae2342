//! `karwan rulebook propose`: the diff is shown, then the version is signed for governors and submitted. Others approve it by
//! its hash, which their own program computes from what the node shows.

use super::comparing::Comparison;
use super::reading::{Published, fetch};
use crate::approval::tell_proposal;
use crate::exit::{Ends, Exit, Failure, Outcome, failure};
use crate::files;
use crate::network::{NetworkArgs, WhoArgs, connect, refused, run as with_node};
use crate::output::Output;
use crate::submission::{PATIENCE, WaitFor, submit, tell};
use crate::words::{duration, now};
use anyhow::Context;
use clap::Args;
use karwan_ledger::{
    Genesis, ImpactReport, Operation, RehearsedCandidate, RulebookPropose, Transaction,
};
use karwan_rpc::{AsOfParams, Client};
use karwan_types::{DurationMs, Hash, Timestamp};
use std::path::{Path, PathBuf};

/// The largest impact report, in bytes.
const REPORT_BYTES_MAX: usize = 256 << 20;

#[derive(Args)]
pub(crate) struct ProposeArgs {
    /// The rulebook file that the governments publish
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// When it comes into force: a time, or how long from now, for example +8d
    #[arg(long, value_name = "TIME", value_parser = instant)]
    activates: Timestamp,
    /// The report of karwan rulebook simulate on this very version; its hash goes into the proposal
    #[arg(long, value_name = "REPORT")]
    impact: Option<PathBuf>,
    /// A governor's key file that signs, by its name; may be given several times. Without it the key called --as NAME signs
    #[arg(long, value_name = "NAME", help_heading = "Keys")]
    sign: Vec<String>,
    /// How long governors may take to approve
    #[arg(long, value_name = "DURATION", default_value = "7d", value_parser = duration)]
    valid_for: DurationMs,
    /// For what to wait
    #[arg(long, value_enum, default_value = "final")]
    wait: WaitFor,
    #[command(flatten)]
    network: NetworkArgs,
    #[command(flatten)]
    who: WhoArgs,
}

/// A time, or how long from now.
fn instant(text: &str) -> Result<Timestamp, String> {
    match text.strip_prefix('+') {
        Some(length) => Ok(now().after(duration(length)?)),
        None => Timestamp::parse(text).map_err(|error| error.to_string()),
    }
}

pub(super) fn run(args: &ProposeArgs, output: Output) -> Outcome {
    let genesis = args.network.genesis()?;
    let published = Published::read(&args.file)?;
    let impact = match &args.impact {
        Some(path) => Some(impact(path, &published, &genesis)?),
        None => None,
    };
    let keys = args.who.keys(&args.network)?;
    let names = if args.sign.is_empty() {
        vec![args.who.name()?.to_owned()]
    } else {
        args.sign.clone()
    };
    let url = args.network.url(None)?;
    with_node(async {
        let client = connect(&url, None, &genesis).await?;
        let base = fetch(&client, None).await?.rulebook.0;
        check_number(&client, published.rulebook.version).await?;
        let jurisdictions = &genesis.state.chain().jurisdictions;
        let comparison = Comparison::new(&base, &published.rulebook, jurisdictions);
        for line in comparison.lines(Some(&published.document), output) {
            output.note(line);
        }
        let propose = RulebookPropose {
            rulebook: published.rulebook.clone(),
            diff_from: base.version,
            activates: args.activates,
            document_hash: published.hash,
            impact_report_hash: impact,
        };
        let valid_until = now().after(args.valid_for);
        let operation = Operation::from(propose);
        let mut transaction = Transaction::unsigned(genesis.chain_id, operation, valid_until);
        for name in &names {
            transaction = transaction.signed_by(&keys.signer(name)?);
        }
        output.note(format!("instruction {}", transaction.instruction_hash()));
        let view = submit(&client, &transaction.to_encoded(), args.wait, PATIENCE).await?;
        if view.finality.is_none() {
            return Ok(tell(&view, output));
        }
        let instruction = transaction.instruction_hash();
        let sentence = || {
            format!(
                "the proposal {instruction} was refused; a supervisor sees why with karwan query payment --instruction {instruction}"
            )
        };
        let stands = tell_proposal(&client, instruction, output).await?;
        stands.ok_or_else(|| failure(Exit::Negative, sentence()))
    })
}

async fn check_number(client: &Client, version: u32) -> Result<(), Failure> {
    let answer = client.rulebooks_list(AsOfParams::default()).await;
    let versions = answer.map_err(refused)?.rulebooks;
    let next = versions
        .last()
        .map_or(1, |one| one.version.saturating_add(1));
    if version == next {
        return Ok(());
    }
    let sentence =
        format!("the file says version {version}, and the next version on the ledger is {next}");
    Err(failure(Exit::Negative, sentence))
}

/// The hash of a report, which must be about this version on this ledger.
fn impact(path: &Path, published: &Published, genesis: &Genesis) -> Result<Hash, Failure> {
    let bytes = files::read(path, REPORT_BYTES_MAX)?;
    let report: ImpactReport = serde_json::from_slice(&bytes)
        .with_context(|| format!("{} is no impact report", path.display()))
        .ends(Exit::Negative)?;
    let right = [
        (report.to_file() == bytes, "is not spelled as reports are"),
        (
            report.range.chain_id == genesis.chain_id,
            "is about another chain",
        ),
        (
            report.candidate == RehearsedCandidate::of(&published.rulebook),
            "is about another version than the file",
        ),
    ];
    match right.iter().find(|(right, _)| !right) {
        Some((_, wrong)) => {
            let sentence = format!("{} {wrong}", path.display());
            Err(failure(Exit::Negative, sentence))
        }
        None => Ok(ImpactReport::hash_of_file(&bytes)),
    }
}
