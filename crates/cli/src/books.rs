//! The books of an account, read from a node and checked on this side.
//!
//! What must hold: the entries lead to the digest and the closing balance of their day, and a day that is over leads to the
//! account's row, whose proof is verified against the genesis file. A node that leaves out, adds or changes an entry is found out.

use crate::exit::{Ends, Exit, Failure, failure};
use crate::network::refused;
use anyhow::{Context, ensure};
use karwan_ledger::{Account, Genesis};
use karwan_rpc::{
    BalanceView, Client, EntryView, ProofSubject, StateProveParams, StatementAnswer, StatementView,
    StatementsEntriesParams, StatementsGetParams, StatementsListParams, View,
};
use karwan_types::{
    AccountNumber, Date, Hash, Height, Lei, STATE_ROW_BYTES_MAX, SealedDay, StatementEntry,
    Timestamp, Uetr, decode, encode, follow_entry,
};
use std::time::Duration;

/// Pages of entries asked for; each looks at a thousand outcomes.
const PAGES_MAX: usize = 100_000;
/// How often a node that reads an account's history for the first time is asked again.
const BUSY_TRIES: u32 = 600;
const BUSY_PAUSE: Duration = Duration::from_millis(500);

/// The books of one account on a node.
pub(crate) struct DayBooks<'a> {
    pub(crate) client: &'a Client,
    pub(crate) genesis: &'a Genesis,
    pub(crate) account: &'a AccountNumber,
}

/// An entry with what its outcome says besides.
#[derive(Clone, Debug)]
pub(crate) struct DayEntry {
    pub(crate) entry: StatementEntry,
    pub(crate) time: Timestamp,
    pub(crate) operation: String,
    pub(crate) creditor_agent: Option<Lei>,
    sequence: u64,
}

impl DayEntry {
    /// The position of its outcome in the block.
    pub(crate) const fn position(&self) -> u64 {
        self.sequence & 0xF_FFFF
    }
}

/// The entries of a day, which were found to be those that the node's ledger has.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    pub(crate) opening: i128,
    pub(crate) entries: Vec<DayEntry>,
}

impl Standing {
    pub(crate) fn closing(&self) -> i128 {
        let last = self.entries.last();
        last.map_or(self.opening, |last| last.entry.balance)
    }
}

impl DayBooks<'_> {
    /// A business day, the present one without a date.
    pub(crate) async fn day(&self, date: Option<Date>) -> Result<StatementAnswer, Failure> {
        for _ in 0..BUSY_TRIES {
            let params = StatementsGetParams {
                account: View(self.account.clone()),
                date: date.map(View),
                at_least_height: None,
            };
            match self.client.statements_get(params).await {
                Err(karwan_rpc::ClientError::Problem(problem)) if problem.name == "BUSY" => {
                    tokio::time::sleep(BUSY_PAUSE).await;
                }
                answer => return answer.map_err(refused),
            }
        }
        Err(failure(
            Exit::Unknown,
            "the node is still reading the account's history; ask again",
        ))
    }

    /// The entries of a day, oldest first, with their balances; they must be as many and lead to the digest and the balance
    /// that the day has.
    pub(crate) async fn entries(
        &self,
        day: &StatementAnswer,
        date: Option<Date>,
    ) -> Result<Standing, Failure> {
        let view = &day.statement;
        let height = Height::new(day.as_of_height);
        let mut found = self.pages(date, None).await?;
        // What came after the answer about the day is not in its figures.
        found.retain(|entry| entry.height <= height.get());
        standing(view, found)
    }

    /// The entries with a reference, oldest first; their balances are not told.
    pub(crate) async fn with_reference(&self, uetr: Uetr) -> Result<Vec<DayEntry>, Failure> {
        let found = self.pages(None, Some(uetr)).await?;
        let entries = found.into_iter().rev().map(|one| day_entry(one, 0));
        Ok(entries.collect::<anyhow::Result<_>>()?)
    }

    async fn pages(
        &self,
        date: Option<Date>,
        uetr: Option<Uetr>,
    ) -> Result<Vec<EntryView>, Failure> {
        let (mut before, mut found) = (None, Vec::new());
        for _ in 0..PAGES_MAX {
            let params = StatementsEntriesParams {
                account: View(self.account.clone()),
                date: date.map(View),
                uetr: uetr.map(View),
                before,
                limit: Some(karwan_rpc::PAGE_ENTRIES_MAX),
                at_least_height: None,
            };
            let page = self.client.statements_entries(params).await;
            let page = page.map_err(refused)?;
            found.extend(page.entries);
            before = page.next_before;
            if before.is_none() {
                return Ok(found);
            }
        }
        let sentence = "the node gives more entries than a day has";
        Err(failure(Exit::Negative, sentence))
    }

    /// Checks that a day that is over leads to the account's row on the ledger, and gives the row.
    pub(crate) async fn sealed(
        &self,
        day: &StatementAnswer,
        standing: &Standing,
    ) -> Result<Account, Failure> {
        let params = StateProveParams {
            subject: ProofSubject::Account(View(self.account.clone())),
            at_least_height: Some(day.as_of_height),
        };
        let proof = self.client.state_prove(params).await.map_err(refused)?;
        let proof = proof.statement.0;
        proof
            .verify(&self.genesis.trust_anchor())
            .ends(Exit::Negative)?;
        let about =
            proof.table == "accounts" && proof.key.as_bytes() == encode(self.account).as_slice();
        let row = proof.row.as_ref().filter(|_| about);
        let row = row.context("the node's proof is about something else than the account")?;
        let account: Account = decode(row.as_bytes(), STATE_ROW_BYTES_MAX)?;
        let later = self.later(day.statement.date.0).await?;
        leads_to(&account, (&day.statement, standing), &later).ends(Exit::Negative)?;
        Ok(account)
    }

    /// The days with entries after a date that are over.
    async fn later(&self, date: Date) -> Result<Vec<StatementView>, Failure> {
        let (mut after, mut found) = (Some(View(date)), Vec::new());
        for _ in 0..PAGES_MAX {
            let params = StatementsListParams {
                account: View(self.account.clone()),
                after,
                limit: Some(karwan_rpc::PAGE_ENTRIES_MAX),
                at_least_height: None,
            };
            let page = self.client.statements_list(params).await.map_err(refused)?;
            after = page.statements.last().map(|last| last.date);
            found.extend(page.statements);
            if !page.more || after.is_none() {
                return Ok(found);
            }
        }
        Err(failure(
            Exit::Negative,
            "the node gives more days than there are",
        ))
    }

    /// The account's row as of genesis, for what never changes: owner, currency, class.
    pub(crate) fn account_row(&self) -> anyhow::Result<Account> {
        let account = self.genesis.state.account(self.account);
        account
            .cloned()
            .with_context(|| format!("the network has no account {}", self.account))
    }
}

/// A day's entries, given newest first, with their balances: as many as the day has, and to its digest and its balance.
fn standing(view: &StatementView, found: Vec<EntryView>) -> Result<Standing, Failure> {
    let (opening, mut digest) = (minor(&view.opening)?, Hash::ZERO);
    let (mut balance, mut entries) = (opening, Vec::with_capacity(found.len()));
    for one in found.into_iter().rev() {
        let entry = day_entry(one, balance)?;
        balance = entry.entry.balance;
        digest = follow_entry(digest, &entry.entry);
        entries.push(entry);
    }
    let same = usize::try_from(view.entries) == Ok(entries.len())
        && digest == view.digest.0
        && balance == minor(&view.closing)?;
    if same {
        return Ok(Standing { opening, entries });
    }
    Err(failure(
        Exit::Negative,
        format!(
            "the entries that the node gives for {} do not lead to the day's digest and closing balance; ask another node",
            view.date
        ),
    ))
}

/// Whether a day that is over leads to the account's row.
fn leads_to(
    account: &Account,
    (view, standing): (&StatementView, &Standing),
    later: &[StatementView],
) -> anyhow::Result<()> {
    let date = view.date.0;
    let row = &account.day;
    let wrong = "the day does not lead to the account's row on the ledger; ask another node";
    let between = later.iter().filter(|one| one.date.0 < row.date);
    let between: Vec<SealedDay> = between.map(sealed_day).collect::<anyhow::Result<_>>()?;
    let this = sealed_day(view)?;
    if standing.entries.is_empty() {
        // Nothing moved: the balance is the opening of what follows, or that of the row.
        let (opening, follows) = match between.split_first() {
            Some((next, rest)) => {
                let before = later.first().map(|one| one.before.0);
                let before = before.context(wrong)?;
                (next.opening, row.follows(before, next, rest))
            }
            None if row.date > date => (row.opening, true),
            None => (account.posted, true),
        };
        ensure!(follows && opening == this.closing, wrong);
        return Ok(());
    }
    let own = row.date == date && row.closed(account.posted) == this && row.before == view.before.0;
    ensure!(own || row.follows(view.before.0, &this, &between), wrong);
    Ok(())
}

fn sealed_day(view: &StatementView) -> anyhow::Result<SealedDay> {
    Ok(SealedDay {
        date: view.date.0,
        opening: minor(&view.opening)?,
        closing: minor(&view.closing)?,
        entries: view.entries,
        digest: view.digest.0,
    })
}

fn minor(balance: &BalanceView) -> anyhow::Result<i128> {
    let parsed = balance.minor.parse();
    parsed.context("the node gives a balance that is no number")
}

fn day_entry(view: EntryView, balance: i128) -> anyhow::Result<DayEntry> {
    let amount = minor(&view.amount)?;
    let balance = balance
        .checked_add(amount)
        .context("the node gives amounts beyond all money")?;
    Ok(DayEntry {
        entry: StatementEntry {
            height: Height::new(view.height),
            agent: view.agent.0,
            uetr: view.uetr.0,
            counterparty: view.counterparty.0,
            amount,
            balance,
        },
        time: view.time.0,
        operation: view.operation,
        creditor_agent: view.creditor_agent.map(|lei| lei.0),
        sequence: view.sequence,
    })
}

#[cfg(test)]
mod tests;
