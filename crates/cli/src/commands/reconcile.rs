//! `karwan reconcile`: what is outstanding of a currency, proven, against a camt.053 of the RTGS account that backs it.

use crate::books::DayBooks;
use crate::exit::{Ends, Exit, Failure, Outcome, failure};
use crate::files;
use crate::network::{NetworkArgs, WhoArgs, connect, refused, run as with_node};
use crate::output::{Output, Tone};
use crate::reconciliation::{Backed, Finding, Issuance, Reconciliation};
use crate::table::{Align, Cell, Table};
use anyhow::{Context, ensure};
use clap::Args;
use karwan_iso20022::{DateOrTime, FILE_BYTES_MAX, Statement, StatementKind, read_statements};
use karwan_ledger::{Account, Genesis};
use karwan_rpc::{BackedKind, Client, IssuanceGetParams, ProofSubject, StateProveParams, View};
use karwan_types::{
    AccountNumber, CurrencyCode, Height, STATE_ROW_BYTES_MAX, Timestamp, balance_to_decimal, decode,
};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What is outstanding is read from the issuer's contra account with a proof that is checked here against the genesis file. It is
/// compared as of the end of the statement: what was issued or redeemed since is taken off again and listed. Movements are
/// matched by reference: what the issue or the redemption named, in any reference of the entry. The statement must be whole and add
/// up. Exit code 0: the backing is what is outstanding; 1: it is not. Findings are listed in both cases, since errors can cancel
/// out.
#[derive(Args)]
pub(crate) struct ReconcileArgs {
    /// A camt.053 of the RTGS account; several when the statement has several pages; - reads standard input
    #[arg(long, value_name = "FILE", required = true)]
    rtgs: Vec<PathBuf>,
    /// The currency; that of the statement when left out
    #[arg(long, value_name = "CODE")]
    currency: Option<CurrencyCode>,
    /// The RTGS account, when the files hold statements of several
    #[arg(long, value_name = "NUMBER")]
    account: Option<AccountNumber>,
    /// The end of the statement, when it does not say it with its offset from UTC (FrToDt); when left out, the end of the business
    /// day of the closing balance on the ledger
    #[arg(long, value_name = "TIME")]
    until: Option<Timestamp>,
    #[command(flatten)]
    network: NetworkArgs,
    #[command(flatten)]
    who: WhoArgs,
}

/// Pages of references asked for; each has a thousand.
const REFERENCE_PAGES_MAX: usize = 10_000;

pub(crate) fn run(args: &ReconcileArgs, output: Output) -> Outcome {
    let statement = args.statement()?;
    let currency = statement.account.currency;
    let genesis = args.network.genesis()?;
    let name = args.who.name()?;
    let access = args.who.keys(&args.network)?.access(name)?;
    let url = args.network.url(Some(name))?;
    let (ledger, height, span) = with_node(async {
        let client = connect(&url, Some(access), &genesis).await?;
        let (ledger, height) = issuance(&client, &genesis, currency).await?;
        let span = match args.span(&statement)? {
            Some(span) => span,
            None => business_day(&client, &genesis, &statement).await?,
        };
        Ok((ledger, height, span))
    })?;
    let found = Reconciliation::of(&statement, span, &ledger)?;
    print(&statement, (&ledger, height), &found, output);
    Ok(if found.is_equal() {
        Exit::Ok
    } else {
        Exit::Negative
    })
}

impl ReconcileArgs {
    /// The one statement that the files hold, its pages put together.
    fn statement(&self) -> Result<Statement, Failure> {
        let mut found: BTreeMap<(AccountNumber, String), Vec<Statement>> = BTreeMap::new();
        for path in &self.rtgs {
            let xml = files::read(path, FILE_BYTES_MAX)?;
            let file = read_statements(&xml)
                .with_context(|| format!("{} is not taken", path.display()))
                .ends(Exit::Negative)?;
            for statement in file.statements {
                let wanted = self
                    .currency
                    .is_none_or(|currency| currency == statement.account.currency)
                    && self
                        .account
                        .as_ref()
                        .is_none_or(|account| *account == statement.account.number);
                if wanted {
                    let key = (statement.account.number.clone(), statement.id.to_string());
                    found.entry(key).or_default().push(statement);
                }
            }
        }
        let mut found = found.into_values();
        let (Some(pages), None) = (found.next(), found.next()) else {
            return Err(failure(
                Exit::Usage,
                "the files hold no statement or several; say which with --currency and --account, and give one day's",
            ));
        };
        let whole = Statement::joined(pages).ends(Exit::Negative)?;
        if whole.kind != StatementKind::Statement {
            let sentence = format!(
                "the file is a {}; the backing is compared with a statement of a day that is over (camt.053)",
                whole.kind.family()
            );
            return Err(failure(Exit::Usage, sentence));
        }
        Ok(whole)
    }

    /// From when until when the statement tells; none when neither it nor the caller says so.
    fn span(&self, statement: &Statement) -> anyhow::Result<Option<(Timestamp, Timestamp)>> {
        let told = statement.period;
        let Some(until) = self.until.or(told.map(|period| period.to)) else {
            return Ok(None);
        };
        let opening = statement.opening().map(|balance| balance.at);
        let from = told.map(|period| period.from).or(match opening {
            Some(DateOrTime::Time(time)) => Some(time),
            Some(DateOrTime::Date(date)) => Some(date.start()),
            None => None,
        });
        let from = from.context("the statement does not say from when it tells")?;
        ensure!(from <= until, "the statement ends before it begins");
        Ok(Some((from, until)))
    }
}

/// The business day on the ledger that has the date of the closing balance.
async fn business_day(
    client: &Client,
    genesis: &Genesis,
    statement: &Statement,
) -> Result<(Timestamp, Timestamp), Failure> {
    let currency = statement.account.currency;
    let contra = genesis.state.currency(&currency).map(|row| &row.contra);
    let account = contra.with_context(|| format!("the network has no currency {currency}"))?;
    let closing = statement.closing();
    let closing = closing.context("the statement has no closing balance")?;
    let date = closing.at.date();
    let books = DayBooks {
        client,
        genesis,
        account,
    };
    let view = books.day(Some(date)).await?.statement;
    let Some(until) = view.until else {
        let sentence = format!(
            "the business day {date} of {currency} is not over on the ledger, and the statement does not say until when it tells; \
             give --until TIME"
        );
        return Err(failure(Exit::Usage, sentence));
    };
    // The first block of the next day has this time.
    let last = until.0.millis().saturating_sub(1);
    Ok((view.from.0, Timestamp::from_millis(last)))
}

/// The ledger's side, with the height of the proof.
async fn issuance(
    client: &Client,
    genesis: &Genesis,
    currency: CurrencyCode,
) -> Result<(Issuance, Height), Failure> {
    let contra = genesis.state.currency(&currency).map(|row| &row.contra);
    let contra = contra.with_context(|| format!("the network has no currency {currency}"))?;
    let params = StateProveParams {
        subject: ProofSubject::Account(View(contra.clone())),
        at_least_height: None,
    };
    let statement = client
        .state_prove(params)
        .await
        .map_err(refused)?
        .statement
        .0;
    statement
        .verify(&genesis.trust_anchor())
        .ends(Exit::Negative)?;
    let proven =
        statement.table == "accounts" && statement.key.as_bytes() == karwan_types::encode(contra);
    let row = statement.row.as_ref().filter(|_| proven);
    let row = row.context("the node's proof is about something else than the issuer's account")?;
    let account: Account = decode(row.as_bytes(), STATE_ROW_BYTES_MAX)?;
    let (height, time) = (statement.header.height, statement.header.time);
    let references = references(client, currency, height).await?;
    let ledger = Issuance {
        currency,
        outstanding: account.posted.saturating_neg(),
        time,
        references,
    };
    Ok((ledger, height))
}

/// Every issue and redemption, page by page, at the height of the proof or later.
async fn references(
    client: &Client,
    currency: CurrencyCode,
    height: Height,
) -> Result<Vec<Backed>, Failure> {
    let (mut after, mut found) = (None, Vec::new());
    for _ in 0..REFERENCE_PAGES_MAX {
        let params = IssuanceGetParams {
            currency: View(currency),
            after,
            limit: Some(karwan_rpc::PAGE_ENTRIES_MAX),
            at_least_height: Some(height.get()),
        };
        let page = client.issuance_get(params).await.map_err(refused)?;
        for row in &page.references {
            let movement = row.movement.as_ref().map(|movement| {
                let minor = i128::try_from(movement.amount.minor.0.minor());
                let minor = minor.context("the node names an amount beyond all money")?;
                let signed = match movement.kind {
                    BackedKind::Issue => minor,
                    BackedKind::Redemption => -minor,
                };
                anyhow::Ok((signed, movement.settled.0))
            });
            found.push(Backed {
                reference: row.rtgs_reference.0.clone(),
                movement: movement.transpose()?,
            });
        }
        after = page.references.last().map(|row| row.rtgs_reference.clone());
        if !page.more || after.is_none() {
            return Ok(found);
        }
    }
    let sentence = "the node gives more references than a ledger holds";
    Err(failure(Exit::Negative, sentence))
}

fn print(
    statement: &Statement,
    (ledger, height): (&Issuance, Height),
    found: &Reconciliation,
    output: Output,
) {
    let currency = ledger.currency;
    let money = |minor: i128| balance_to_decimal(minor, currency);
    let signed = |minor: Option<i128>| minor.map(money);
    let rows: Vec<_> = found
        .findings
        .iter()
        .map(|one| {
            json!({
                "finding": one.kind.words(),
                "reference": one.reference,
                "on_ledger": signed(one.on_ledger),
                "in_statement": signed(one.in_statement),
                "at": one.at,
            })
        })
        .collect();
    output.json(&json!({
        "currency": currency,
        "rtgs_account": statement.account.number,
        "statement": statement.id,
        "as_of": found.as_of,
        "proven_at_height": height,
        "outstanding": money(found.outstanding),
        "backing": money(found.backing),
        "difference": money(found.difference()),
        "unexplained": money(found.unexplained),
        "equal": found.is_equal(),
        "matched": found.matched,
        "findings": rows,
    }));
    output.line(format!(
        "account      {} (statement {})",
        statement.account.number, statement.id
    ));
    output.line(format!("as of        {}", found.as_of));
    output.line(format!(
        "outstanding  {} {currency} (proven in block {height} of {})",
        money(found.outstanding),
        ledger.time
    ));
    output.line(format!("backing      {} {currency}", money(found.backing)));
    output.line(format!(
        "difference   {} {currency}",
        money(found.difference())
    ));
    output.line(format!(
        "unexplained  {} {currency}",
        money(found.unexplained)
    ));
    output.line(format!("matched      {}", found.matched));
    let (tone, sentence) = if found.is_equal() {
        (Tone::Good, "The backing is what is outstanding.")
    } else {
        (Tone::Bad, "The backing is not what is outstanding.")
    };
    output.line(output.paint(tone, sentence));
    if !output.is_json() && !found.findings.is_empty() {
        output.line("");
        output.table(&findings_table(&found.findings, money), &());
    }
}

fn findings_table(findings: &[Finding], money: impl Fn(i128) -> String) -> Table {
    let mut table = Table::new([
        ("FINDING", Align::Left),
        ("REFERENCE", Align::Left),
        ("ON THE LEDGER", Align::Right),
        ("IN THE STATEMENT", Align::Right),
        ("AT", Align::Left),
    ]);
    let cell = |minor: Option<i128>| -> Cell { minor.map_or("-".to_owned(), &money).into() };
    for one in findings {
        table.row([
            one.kind.words().into(),
            one.reference.as_str().into(),
            cell(one.on_ledger),
            cell(one.in_statement),
            one.at.as_str().into(),
        ]);
    }
    table
}
