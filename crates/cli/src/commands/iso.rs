//! `karwan iso`: payment files in, the messages of settled payments and the statements of accounts out.

mod attest;
mod cases;
mod desk;
mod export;
pub(crate) mod ivms;
mod recalls;
mod statements;

use crate::exit::{Exit, Outcome};
use crate::files;
use crate::importing::Importer;
use crate::network::{NetworkArgs, WhoArgs, connect_gateway, run as with_node};
use crate::output::Output;
use crate::submission::is_refused;
use crate::table::{Align, Cell, Table};
use crate::words::duration;
use anyhow::Context;
use clap::{Args, Subcommand};
use desk::Desk;
use karwan_iso20022::{FILE_BYTES_MAX, Message, read_any};
use karwan_rpc::SubmitView;
use karwan_types::{AccountNumber, Date, DurationMs, Uetr};
use serde_json::json;
use std::path::{Path, PathBuf};

#[derive(Subcommand)]
pub(crate) enum IsoCommand {
    /// Read payment files, sign them with the maker's key and submit them
    Import(ImportArgs),
    /// Write to files: the messages of payments received, opened, or the statement of an account
    Export(ExportArgs),
    /// Attest the payments that wait for this institution under the Travel Rule
    Attest(AttestArgs),
    /// Check a file with the IVMS101 data of a payment's parties, without any network
    Ivms(IvmsArgs),
}

/// A file is a payment (pacs.008.001.08, pacs.009.001.08), a return (pacs.004.001.09), a request to cancel or recall a payment
/// (camt.056.001.08) or the answer to one (camt.029.001.09), bare or with its header. It becomes one instruction with the maker's
/// signature only: above the institution's automatic-release cap it waits for a checker (karwan tx approve). A request cancels
/// what has not settled and recalls what has; a return with the reason FOCR answers an open recall. A question for the status
/// (pacs.028.001.03) is answered and submits nothing. What cannot be read is refused with the ISO reason and a sentence; the
/// other files go on.
#[derive(Args)]
pub(crate) struct ImportArgs {
    /// A file, or a directory whose .xml files are taken in the order of their names
    #[arg(value_name = "FILE|DIR")]
    path: PathBuf,
    /// How long the instructions are valid
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = duration)]
    valid_for: DurationMs,
    /// Write the answer to every file that was submitted into this directory: a pacs.002, to a camt.056 a camt.029
    #[arg(long, value_name = "DIR")]
    reports: Option<PathBuf>,
    /// The IVMS101 data of the parties, for a file with one payment; without it they are taken from the message
    #[arg(long, value_name = "FILE")]
    ivms: Option<PathBuf>,
    #[command(flatten)]
    network: NetworkArgs,
    #[command(flatten)]
    who: WhoArgs,
}

/// Recalls are written too: a camt.056 for each that waits for this institution's answer, a camt.029 for each answer to its own.
/// Each message is opened with the institution's payload key, compared with what a verified receipt commits to, and written as
/// LEI-UETR.xml, the LEI being the debtor agent's. With --confirm the customer's credit is confirmed on the ledger (ACCC), and
/// the message leaves the outbox.
///
/// With --statement or --notification the books of an account are written instead, by its owner or a supervisor. A camt.053 is of a
/// business day that is over: its entries are checked here against the account's proven row on the ledger, and the same day always
/// gives the same bytes. A camt.052 is of the day that is not over, a camt.054 of single entries. A long statement is written in pages.
#[derive(Args)]
pub(crate) struct ExportArgs {
    /// Where the files are written
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
    /// Confirm the credit of every message written
    #[arg(long)]
    confirm: bool,
    #[command(flatten)]
    books: AccountFiles,
    #[command(flatten)]
    network: NetworkArgs,
    #[command(flatten)]
    who: WhoArgs,
}

/// Each payment's message is opened with the institution's payload key. Its IVMS101 data must be those that the payment commits to,
/// belong to the two persons of its pair tag, and hold what FATF Recommendation 16 asks for. What will be signed is shown, signed
/// with the institution's compliance key and submitted; the payment settles in the block that takes it in.
#[derive(Args)]
pub(crate) struct AttestArgs {
    /// Only this payment
    #[arg(long, value_name = "UETR")]
    uetr: Option<karwan_types::Uetr>,
    /// How long the attestations are in force
    #[arg(long, value_name = "DURATION", default_value = "24h", value_parser = duration)]
    expires_in: DurationMs,
    /// Show what would be signed, and sign nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    network: NetworkArgs,
    #[command(flatten)]
    who: WhoArgs,
}

/// The file is the standard's JSON. Names are written in Latin letters, with the local spelling beside them.
#[derive(Args)]
pub(crate) struct IvmsArgs {
    /// The file to check
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Ask for what the standard asks for only, not for what FATF asks for from the threshold on
    #[arg(long)]
    standard: bool,
    /// Print the one spelling to which a payment commits
    #[arg(long)]
    canonical: bool,
}

/// The books of an account as a file.
#[derive(Args)]
#[command(next_help_heading = "Statements")]
pub(crate) struct AccountFiles {
    /// Write the statement of an account: camt.053 of a day that is over, camt.052 of the present one
    #[arg(long, value_name = "MESSAGE", requires = "account", conflicts_with_all = ["confirm", "notification"])]
    statement: Option<StatementKindName>,
    /// Write a notification of single entries: those of --uetr, or of --date
    #[arg(
        long,
        value_name = "MESSAGE",
        requires = "account",
        conflicts_with = "confirm"
    )]
    notification: Option<NotificationName>,
    /// The account's number
    #[arg(long, value_name = "NUMBER")]
    account: Option<AccountNumber>,
    /// The business date
    #[arg(long, value_name = "DATE")]
    date: Option<Date>,
    /// The reference of a payment
    #[arg(long, value_name = "UETR", conflicts_with = "date")]
    uetr: Option<Uetr>,
}

/// Which statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum StatementKindName {
    /// The report of the present business day
    #[value(name = "camt.052")]
    Camt052,
    /// The statement of a business day that is over
    #[value(name = "camt.053")]
    Camt053,
}

/// The notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum NotificationName {
    /// The notification of debits and credits
    #[value(name = "camt.054")]
    Camt054,
}

pub(crate) fn run(command: IsoCommand, output: Output) -> Outcome {
    match command {
        IsoCommand::Import(args) => import(&args, output),
        IsoCommand::Export(args) if args.books.is_asked() => {
            statements::run(&args.books, (&args.network, &args.who), &args.out, output)
        }
        IsoCommand::Export(args) => export::run(&args, output),
        IsoCommand::Attest(args) => attest::run(&args, output),
        IsoCommand::Ivms(args) => ivms::run(&args, output),
    }
}

impl AccountFiles {
    fn is_asked(&self) -> bool {
        self.statement.is_some() || self.notification.is_some()
    }
}

fn import(args: &ImportArgs, output: Output) -> Outcome {
    let genesis = args.network.genesis()?;
    let keys = args.who.keys(&args.network)?;
    let name = args.who.name()?;
    let mut importer = Importer::new(&keys, name, &genesis, args.valid_for)?;
    if let Some(file) = &args.ivms {
        importer.ivms = Some(ivms::checked(file)?);
    }
    let access = keys.access(name)?;
    let url = args.network.url(Some(name))?;
    let paths = message_files(&args.path)?;
    if let Some(directory) = &args.reports {
        std::fs::create_dir_all(directory)
            .with_context(|| format!("cannot make {}", directory.display()))?;
    }
    with_node(async {
        let client = connect_gateway(&url, access, &genesis).await?;
        let mut table = Table::new([
            ("FILE", Align::Left),
            ("PAYMENTS", Align::Right),
            ("STATUS", Align::Left),
            ("HEIGHT", Align::Right),
            ("REASON", Align::Left),
        ]);
        let (mut values, mut exit) = (Vec::new(), Exit::Ok);
        for path in &paths {
            let xml = files::read(path, FILE_BYTES_MAX)?;
            let desk = Desk {
                client: &client,
                genesis: &genesis,
                importer: &importer,
                reports: args.reports.as_deref(),
                file: path,
            };
            let row = match read_any(&xml, &importer.profile) {
                Err(refusal) => Row::refused(&refusal),
                Ok(Message::Transfers(document))
                    if importer.ivms.is_some() && document.transfers.len() != 1 =>
                {
                    let problem = "--ivms FILE goes with a file that holds one payment";
                    return Err(anyhow::anyhow!(problem).into());
                }
                Ok(message) => desk.take(message).await?,
            };
            if row.negative {
                exit = Exit::Negative;
            }
            let file = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            values.push(json!({ "file": file, "status": row.status, "height": row.height, "reason": row.reason }));
            let height = row
                .height
                .map(|height| height.to_string())
                .unwrap_or_default();
            table.row([
                file.into(),
                row.payments.into(),
                Cell::status(row.status),
                height.into(),
                row.reason.into(),
            ]);
        }
        output.table(&table, &values);
        Ok(exit)
    })
}

/// What came of a file.
pub(crate) struct Row {
    pub(crate) payments: usize,
    pub(crate) status: String,
    pub(crate) height: Option<u64>,
    pub(crate) reason: String,
    pub(crate) negative: bool,
}

impl Row {
    /// A file that was not taken.
    pub(crate) fn refused(refusal: &karwan_iso20022::Refusal) -> Self {
        Self {
            payments: 0,
            status: "refused".to_owned(),
            height: None,
            reason: format!("{} {}", refusal.reason.code(), refusal.sentence),
            negative: true,
        }
    }
    /// A file that was read and is no instruction, with the ISO reason.
    fn declined(reason: String) -> Self {
        Self {
            payments: 0,
            status: "refused".to_owned(),
            height: None,
            reason,
            negative: true,
        }
    }
    /// A file whose instruction was submitted.
    pub(crate) fn submitted(payments: usize, view: &SubmitView) -> Self {
        let Some(finality) = &view.finality else {
            let reason = match &view.problem {
                Some(problem) => format!(
                    "{} {}",
                    problem.iso_reason.as_deref().unwrap_or("-"),
                    problem.sentence
                ),
                None => view.sentence.clone(),
            };
            let status = if view.problem.is_some() {
                "refused"
            } else {
                "unknown"
            };
            return Self {
                payments,
                status: status.to_owned(),
                height: None,
                reason,
                negative: true,
            };
        };
        // An approval's own outcome moves no money, and is not what became of the payment.
        let moved = finality
            .outcomes
            .iter()
            .filter(|outcome| outcome.movement.is_some());
        let mut statuses: Vec<String> = moved.map(|outcome| outcome.status.to_string()).collect();
        if statuses.is_empty() || finality.statuses.values().sum::<u32>() > 16 {
            statuses = finality.statuses.keys().cloned().collect();
        }
        statuses.sort();
        statuses.dedup();
        let refusal = finality
            .outcomes
            .iter()
            .find_map(|outcome| outcome.refusal.as_ref().or(outcome.waiting.as_ref()));
        Self {
            payments,
            status: statuses.join("+"),
            height: Some(finality.height),
            reason: refusal
                .map(|refusal| format!("{} {}", refusal.iso_reason, refusal.sentence))
                .unwrap_or_default(),
            negative: is_refused(finality),
        }
    }
}

/// A file, or the message files of a directory in the order of their names.
pub(crate) fn message_files(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let entries =
        std::fs::read_dir(path).with_context(|| format!("cannot list {}", path.display()))?;
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry
            .with_context(|| format!("cannot list {}", path.display()))?
            .path();
        if path.extension().is_some_and(|extension| extension == "xml") {
            paths.push(path);
        }
    }
    anyhow::ensure!(!paths.is_empty(), "{} holds no .xml files", path.display());
    paths.sort();
    Ok(paths)
}
