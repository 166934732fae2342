//! `karwan genesis`: from a plan to the file whose hash names the chain.

use crate::exit::{Ends, Exit, Outcome};
use crate::files;
use crate::genesis_plan::{GenesisPlan, PLAN_BYTES_MAX};
use crate::output::Output;
use crate::rulebook_document::{RULEBOOK_BYTES_MAX, RulebookDocument};
use crate::table::{Align, Table};
use crate::words::now;
use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use karwan_ledger::{GENESIS_BYTES_MAX, Genesis};
use karwan_node::keystore::{PublicPart, public_path};
use karwan_types::Timestamp;
use std::path::{Path, PathBuf};

#[derive(Subcommand)]
pub(crate) enum GenesisCommand {
    /// Build a genesis file from a plan and the public files of the keys that it names
    Build(BuildArgs),
    /// Check a genesis file and show what it says
    Verify(VerifyArgs),
}

/// Every party builds the same bytes from the same plan, public files and time, and compares the chain id. The file must be
/// given to all validators and to whoever will verify receipts.
#[derive(Args)]
pub(crate) struct BuildArgs {
    /// The plan, see node-config/genesis-plan.toml
    #[arg(long, value_name = "FILE")]
    plan: PathBuf,
    /// The first version of the rulebook, see node-config/rulebook.toml
    #[arg(long, value_name = "FILE")]
    rulebook: PathBuf,
    /// A directory with NAME.pub files; may be given several times
    #[arg(long, value_name = "DIR", required = true)]
    keys: Vec<PathBuf>,
    /// Where the genesis file is made; an existing file is never overwritten
    #[arg(long, value_name = "FILE", default_value = "genesis.toml")]
    out: PathBuf,
    /// The time of height 0, for example 2026-11-23T00:00:00Z; now when left out
    #[arg(long, value_name = "TIME")]
    time: Option<Timestamp>,
}

#[derive(Args)]
pub(crate) struct VerifyArgs {
    /// The genesis file
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub(crate) fn run(command: GenesisCommand, output: Output) -> Outcome {
    match command {
        GenesisCommand::Build(args) => build(&args, output),
        GenesisCommand::Verify(args) => verify(&args, output),
    }
}

fn build(args: &BuildArgs, output: Output) -> Outcome {
    let plan = GenesisPlan::parse(&files::read_text(&args.plan, PLAN_BYTES_MAX)?)?;
    let rulebook = files::read_text(&args.rulebook, RULEBOOK_BYTES_MAX)?;
    let rulebook = RulebookDocument::parse(&rulebook)?.build()?;
    let time = args.time.unwrap_or_else(now);
    let document = plan.build(time, rulebook, &|name| find_public(&args.keys, name))?;
    let genesis = Genesis::new(document)?;
    files::write_new(&args.out, genesis.to_toml()?.as_bytes())?;
    show(&genesis, &args.out, output);
    Ok(Exit::Ok)
}

fn verify(args: &VerifyArgs, output: Output) -> Outcome {
    let text = files::read_text(&args.file, GENESIS_BYTES_MAX)?;
    let genesis = Genesis::from_toml(&text).ends(Exit::Negative)?;
    show(&genesis, &args.file, output);
    Ok(Exit::Ok)
}

fn find_public(directories: &[PathBuf], name: &str) -> anyhow::Result<PublicPart> {
    for directory in directories {
        let path = public_path(directory, name);
        if path.exists() {
            return Ok(PublicPart::read(&path)?);
        }
    }
    bail!("no directory given with --keys holds {name}.pub")
}

/// Reads the genesis file that a receipt or chain is checked against.
pub(crate) fn read_genesis(path: &Path) -> anyhow::Result<Genesis> {
    let text = files::read_text(path, GENESIS_BYTES_MAX)?;
    Genesis::from_toml(&text).with_context(|| format!("{}", path.display()))
}

fn show(genesis: &Genesis, path: &Path, output: Output) {
    let document = genesis.document();
    output.line(format!("{}: {}", path.display(), document.network));
    output.line(format!("chain     {}", genesis.chain_id));
    output.line(format!("begins    {}", document.time));
    output.line(format!("rulebook  {}", document.rulebook.version));
    output.line("");
    let mut table = Table::new([
        ("JURISDICTION", Align::Left),
        ("VALIDATORS", Align::Right),
        ("POWER", Align::Right),
        ("CURRENCIES", Align::Left),
        ("PARTICIPANTS", Align::Right),
    ]);
    for jurisdiction in &document.jurisdictions {
        let code = jurisdiction.code;
        let validators = document
            .validators
            .iter()
            .filter(|one| one.jurisdiction == code);
        let power: u64 = validators.clone().map(|one| one.power).sum();
        let participants = document
            .participants
            .iter()
            .filter(|one| one.jurisdiction == code);
        let issues = |lei| participants.clone().any(|one| one.lei == lei);
        let currencies: Vec<String> = document
            .currencies
            .iter()
            .filter(|currency| issues(currency.issuer))
            .map(|currency| currency.code.to_string())
            .collect();
        table.row([
            code.into(),
            validators.count().into(),
            power.into(),
            currencies.join(" ").into(),
            participants.clone().count().into(),
        ]);
    }
    output.table(
        &table,
        &serde_json::json!({
            "file": path,
            "chain_id": genesis.chain_id,
            "network": document.network,
            "time": document.time,
            "validators": document.validators,
            "jurisdictions": document.jurisdictions.len(),
            "currencies": document.currencies.len(),
            "participants": document.participants.len(),
        }),
    );
}
