//! `karwan iso export --statement` and `--notification`: what an account's books say, as camt.052, camt.053 and camt.054.
//!
//! What must hold: a statement of a day that is over is written only when the entries that the node gives lead to the account's
//! row on the ledger, whose proof is checked here; a day that is not over has no camt.053. The same day gives the same bytes,
//! from any node and at any time.

use super::{AccountFiles, StatementKindName};
use crate::books::{DayBooks, DayEntry};
use crate::exit::{Ends, Exit, Failure, Outcome, failure};
use crate::files;
use crate::network::{NetworkArgs, WhoArgs, connect, run as with_node};
use crate::output::Output;
use anyhow::Context;
use karwan_iso20022::{
    AccountOwner, BalanceType, BankTransactionCode, CashAccount, CashBalance, DateOrTime,
    ENTRIES_PER_PAGE, EntryStatus, EntryTransaction, Page, Period, ProprietaryReference,
    ReportEntry, Statement, StatementKind, StatementMessage, write_statement,
};
use karwan_ledger::{Account, Genesis};
use karwan_types::{AccountNumber, AgentIdentification, Amount, Date, Lei, Max35Text, Timestamp};
use serde_json::json;
use std::path::{Path, PathBuf};

/// Characters of an account number in the reference of a statement: with a date and a page they make 35.
const TAIL_CHARS_MAX: usize = 20;

pub(super) fn run(
    args: &AccountFiles,
    (network, who): (&NetworkArgs, &WhoArgs),
    out: &Path,
    output: Output,
) -> Outcome {
    let account = args.account.as_ref().context("give --account NUMBER")?;
    let genesis = network.genesis()?;
    let name = who.name()?;
    let access = who.keys(network)?.access(name)?;
    let url = network.url(Some(name))?;
    std::fs::create_dir_all(out).with_context(|| format!("cannot make {}", out.display()))?;
    let message = with_node(async {
        let client = connect(&url, Some(access), &genesis).await?;
        let books = DayBooks {
            client: &client,
            genesis: &genesis,
            account,
        };
        match (args.statement, args.notification) {
            (Some(StatementKindName::Camt053), None) => {
                let date = args
                    .date
                    .context("a camt.053 is of one day; give --date DATE")?;
                day(&books, date).await
            }
            (Some(StatementKindName::Camt052), None) => present(&books).await,
            (None, Some(_)) => notification(&books, args).await,
            (Some(_), Some(_)) | (None, None) => {
                Err(failure(Exit::Usage, "give --statement or --notification"))
            }
        }
    })?;
    write(&message, account, out, output)
}

/// A statement that was made, with the time that stands in it.
struct Made {
    statement: Statement,
    created: Timestamp,
    /// What the names of its files end with.
    name: String,
}

/// The camt.053 of a day that is over.
async fn day(books: &DayBooks<'_>, date: Date) -> Result<Made, Failure> {
    let answer = books.day(Some(date)).await?;
    let view = &answer.statement;
    let (Some(height), Some(until)) = (view.sealed_height, view.until) else {
        return Err(failure(
            Exit::Negative,
            format!(
                "the business day {date} of account {} is not over, so it has no camt.053; ask for --statement camt.052, or \
                 again once the next business day has begun",
                books.account
            ),
        ));
    };
    let entries = books.entries(&answer, Some(date)).await?;
    let account = books.sealed(&answer, &entries).await?;
    let seal = view.seal.map_or_else(
        || "It has no entries.".to_owned(),
        |seal| format!("Digest of the entries {}; seal {}.", view.digest, seal),
    );
    let note = format!("Sealed by the ledger at height {height}. {seal}");
    let at = DateOrTime::Date(date);
    let balances = vec![
        balance(BalanceType::OpeningBooked, entries.opening, at),
        balance(BalanceType::ClosingBooked, entries.closing(), at),
    ];
    let period = Some((view.from.0, until.0));
    let statement = books.statement(
        StatementKind::Statement,
        (&account, reference(&compact(date), books.account)?),
        (balances, &entries.entries, Some(date)),
        (period, Some(note)),
    )?;
    Ok(Made {
        statement,
        created: until.0,
        name: date.to_string(),
    })
}

/// The camt.052 of the present day.
async fn present(books: &DayBooks<'_>) -> Result<Made, Failure> {
    let answer = books.day(None).await?;
    let view = &answer.statement;
    let date = view.date.0;
    let entries = books.entries(&answer, Some(date)).await?;
    let account = books.account_row()?;
    let (day, time) = (DateOrTime::Date(date), DateOrTime::Time(answer.time.0));
    let mut balances = vec![
        balance(BalanceType::OpeningBooked, entries.opening, day),
        balance(BalanceType::InterimBooked, entries.closing(), time),
    ];
    if let Some(available) = &answer.available {
        let minor: i128 = available.minor.parse().context("a balance is malformed")?;
        balances.push(balance(BalanceType::InterimAvailable, minor, time));
    }
    let note = format!(
        "As of height {} of the business day {date}, which is not over.",
        answer.as_of_height
    );
    let head = answer.as_of_height.to_string();
    let statement = books.statement(
        StatementKind::Report,
        (&account, reference(&head, books.account)?),
        (balances, &entries.entries, Some(date)),
        (Some((view.from.0, answer.time.0)), Some(note)),
    )?;
    Ok(Made {
        statement,
        created: answer.time.0,
        name: format!("{date}-{head}"),
    })
}

/// The camt.054 of the entries with a reference, or of a day.
async fn notification(books: &DayBooks<'_>, args: &AccountFiles) -> Result<Made, Failure> {
    let (entries, name) = match (args.uetr, args.date) {
        (Some(uetr), None) => (books.with_reference(uetr).await?, uetr.to_string()),
        (None, Some(date)) => {
            let answer = books.day(Some(date)).await?;
            let found = books.entries(&answer, Some(date)).await?;
            (found.entries, date.to_string())
        }
        (Some(_), Some(_)) | (None, None) => {
            let sentence =
                "a camt.054 is of one payment or of one day; give --uetr UETR or --date DATE";
            return Err(failure(Exit::Usage, sentence));
        }
    };
    let Some(last) = entries.last() else {
        let sentence = format!("account {} has no such entries", books.account);
        return Err(failure(Exit::Negative, sentence));
    };
    let head = format!("{}.{}", last.entry.height, last.position());
    let account = books.account_row()?;
    let statement = books.statement(
        StatementKind::Notification,
        (&account, reference(&head, books.account)?),
        (Vec::new(), &entries, args.date),
        (None, None),
    )?;
    Ok(Made {
        statement,
        created: last.time,
        name,
    })
}

const fn balance(kind: BalanceType, minor: i128, at: DateOrTime) -> CashBalance {
    CashBalance { kind, minor, at }
}

fn compact(date: Date) -> String {
    date.to_string().replace('-', "")
}

/// A reference with the end of the account's number, which differs between the accounts of an owner.
fn reference(head: &str, account: &AccountNumber) -> anyhow::Result<Max35Text> {
    let text = account.as_str();
    let tail = text.len().saturating_sub(TAIL_CHARS_MAX);
    let tail = text.get(tail..).unwrap_or(text);
    Ok(Max35Text::parse(&format!("{head}-{tail}"))?)
}

impl DayBooks<'_> {
    fn statement(
        &self,
        kind: StatementKind,
        (account, id): (&Account, Max35Text),
        (balances, entries, date): (Vec<CashBalance>, &[DayEntry], Option<Date>),
        (period, note): (Option<(Timestamp, Timestamp)>, Option<String>),
    ) -> Result<Statement, Failure> {
        let owner = self.genesis.state.participant(&account.owner);
        let contra = self.genesis.state.currency(&account.currency);
        let contra = contra.map(|currency| &currency.contra);
        let entries = entries
            .iter()
            .map(|entry| report_entry(self.genesis, (self.account, contra), entry, date));
        Ok(Statement {
            kind,
            id,
            page: Page::ONLY,
            period: period.map(|(from, to)| Period { from, to }),
            account: CashAccount {
                number: self.account.clone(),
                currency: account.currency,
                owner: AccountOwner {
                    name: owner.map(|owner| owner.name.to_string().chars().take(140).collect()),
                    bic: owner.and_then(|owner| owner.bic),
                    lei: Some(account.owner),
                },
            },
            balances,
            entries: entries.collect::<anyhow::Result<_>>()?,
            note,
        })
    }
}

fn report_entry(
    genesis: &Genesis,
    (own, contra): (&AccountNumber, Option<&AccountNumber>),
    day_entry: &DayEntry,
    date: Option<Date>,
) -> anyhow::Result<ReportEntry> {
    let entry = &day_entry.entry;
    let credit = entry.amount >= 0;
    let other = entry.counterparty.clone();
    let (debtor_account, creditor_account) = if credit {
        (other, own.clone())
    } else {
        (own.clone(), other)
    };
    let height = Max35Text::parse(&entry.height.to_string())?;
    let transaction = EntryTransaction {
        uetr: Some(entry.uetr),
        proprietary: vec![ProprietaryReference {
            kind: Max35Text::parse("KARWAN/HEIGHT")?,
            reference: height,
        }],
        amount: Some(Amount::from_minor(entry.amount.unsigned_abs())),
        debtor_account: Some(debtor_account),
        creditor_account: Some(creditor_account),
        debtor_agent: Some(agent(genesis, entry.agent)),
        creditor_agent: day_entry.creditor_agent.map(|lei| agent(genesis, lei)),
        ..EntryTransaction::default()
    };
    let reference = format!("{}/{}", entry.height, day_entry.position());
    Ok(ReportEntry {
        reference: Some(Max35Text::parse(&reference)?),
        minor: entry.amount,
        status: EntryStatus::Booked,
        booked: Some(DateOrTime::Time(day_entry.time)),
        value_date: date,
        servicer_reference: None,
        code: code(genesis, day_entry, contra == Some(&entry.counterparty)),
        transactions: vec![transaction],
        note: None,
    })
}

/// An institution by its BIC, or by its LEI when it has none.
fn agent(genesis: &Genesis, lei: Lei) -> AgentIdentification {
    let bic = genesis
        .state
        .participant(&lei)
        .and_then(|participant| participant.bic);
    bic.map_or(AgentIdentification::Lei(lei), AgentIdentification::Bic)
}

/// The kind of a movement in the code set of ISO 20022.
fn code(genesis: &Genesis, entry: &DayEntry, with_issuer: bool) -> BankTransactionCode {
    let credit = entry.entry.amount >= 0;
    if with_issuer {
        let family = if credit { "MCOP" } else { "MDOP" };
        return BankTransactionCode::of("PMNT", family, "OTHR");
    }
    let family = if credit { "RCDT" } else { "ICDT" };
    let subfamily = match entry.operation.as_str() {
        "PayVersusPayment" | "AcceptQuote" => {
            return BankTransactionCode::of("FORX", "SPOT", "OTHR");
        }
        "Return" | "RecallAnswer" => "RRTN",
        "EndOfDay" => "BOOK",
        _ => {
            let home = |lei: Lei| Some(genesis.state.participant(&lei)?.jurisdiction);
            let domestic = entry
                .creditor_agent
                .is_some_and(|creditor| home(creditor) == home(entry.entry.agent));
            if domestic { "DMCT" } else { "XBCT" }
        }
    };
    BankTransactionCode::of("PMNT", family, subfamily)
}

fn write(made: &Made, account: &AccountNumber, out: &Path, output: Output) -> Outcome {
    let kind = made.statement.kind;
    let pages = made.statement.pages(ENTRIES_PER_PAGE)?;
    let several = pages.len() > 1;
    let mut written: Vec<PathBuf> = Vec::new();
    for page in pages {
        let number = page.page.number;
        let message = StatementMessage {
            message_id: reference(&format!("{number}.{}", stamp(made.created)), account)?,
            created: made.created,
            header: None,
            statement: page,
        };
        let text = write_statement(&message)
            .context("the figures do not agree with each other")
            .ends(Exit::Negative)?;
        let safe = account.as_str().replace(['/', ':'], "_");
        let page = if several {
            format!("-{number}")
        } else {
            String::new()
        };
        let path = out.join(format!("{}-{safe}-{}{page}.xml", kind.family(), made.name));
        files::replace_private(&path, text.as_bytes())?;
        output.line(path.display().to_string());
        written.push(path);
    }
    output.json(&json!({ "written": written }));
    let entries = match made.statement.entries.len() {
        1 => "1 entry".to_owned(),
        several => format!("{several} entries"),
    };
    output.note(format!("{} with {entries} written.", kind.family()));
    Ok(Exit::Ok)
}

/// The seconds of a time, which make the message references of a day differ from those of another.
fn stamp(time: Timestamp) -> u64 {
    time.millis() / 1_000
}
