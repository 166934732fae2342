//! Statements of accounts: the business days that are over, the present one, and their entries.
//!
//! The node derives them from its blocks; what it answers can be checked. The entries give a day's digest, the day gives its
//! seal, and the seals of the days after it lead to the account's row, which `state.prove` proves.

use super::chain::before as before_place;
use super::page_entries;
use crate::backend::{Located, Lookup};
use crate::books::{BookedDay, DayBlocks, business_days, entry_of, start_of};
use crate::method::{Method, Read};
use crate::problem::Problem;
use crate::reading::Reading;
use crate::view::{BalanceView, View};
use karwan_ledger::Account;
use karwan_types::{
    AccountDay, AccountNumber, CurrencyCode, Date, Hash, Lei, SealedDay, Timestamp, Uetr,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A business day of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StatementView {
    /// The business date.
    pub date: View<Date>,
    /// The booked balance before the first entry.
    pub opening: BalanceView,
    /// The booked balance after the last; of the present day, after the last so far.
    pub closing: BalanceView,
    /// How many entries there are.
    pub entries: u32,
    /// The rolling hash over the entries; zero without any.
    pub digest: View<Hash>,
    /// The seal of the day with entries before this one; zero when there is none.
    pub before: View<Hash>,
    /// The seal of this day; absent while it is not over, and when it has no entries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seal: Option<View<Hash>>,
    /// The first block of the day.
    pub first_height: u64,
    /// The time of that block, inclusive.
    pub from: View<Timestamp>,
    /// The first block of the next business day, with which this one was over; absent while it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed_height: Option<u64>,
    /// The time of that block, exclusive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<View<Timestamp>>,
}

impl StatementView {
    fn sealed(day: &BookedDay, blocks: &DayBlocks, currency: CurrencyCode) -> Self {
        let seal = day.sealed.seal(day.before);
        let has_entries = day.sealed.entries > 0;
        Self {
            seal: has_entries.then_some(View(seal)),
            ..Self::new(&day.sealed, day.before, (blocks, currency))
        }
    }

    fn new(day: &SealedDay, before: Hash, (blocks, currency): (&DayBlocks, CurrencyCode)) -> Self {
        Self {
            date: View(day.date),
            opening: BalanceView::new(day.opening, currency),
            closing: BalanceView::new(day.closing, currency),
            entries: day.entries,
            digest: View(day.digest),
            before: View(before),
            seal: None,
            first_height: blocks.opened.first.get(),
            from: View(blocks.opened.opened),
            sealed_height: blocks.next.map(|next| next.first.get()),
            until: blocks.next.map(|next| View(next.opened)),
        }
    }
}

/// An account, if the caller may see it.
fn visible<'a>(reading: &'a Reading, number: &AccountNumber) -> Result<&'a Account, Problem> {
    let account = reading.snapshot.state.account(number);
    account
        .filter(|account| reading.sight().account(account))
        .ok_or_else(Problem::not_found)
}

/// `statements.list`
#[derive(Debug)]
pub struct StatementsList;

/// Of which account, and from where on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StatementsListParams {
    /// Its number.
    pub account: View<AccountNumber>,
    /// Only days after this date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<View<Date>>,
    /// The most days to show, at most 1,000; 100 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// Wait until the node has reached this height, or fail with `BEHIND`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least_height: Option<u64>,
}

/// A page of an account's days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StatementsAnswer {
    /// The height as of which this holds.
    pub as_of_height: u64,
    /// The present business date of the account's currency.
    pub business_date: View<Date>,
    /// The days with entries that are over, by date.
    pub statements: Vec<StatementView>,
    /// Whether there are more after the last one.
    pub more: bool,
}

impl Method for StatementsList {
    const NAME: &'static str = "statements.list";
    type Params = StatementsListParams;
    type Answer = StatementsAnswer;
}

impl Read for StatementsList {
    fn at_least(params: &StatementsListParams) -> Option<u64> {
        params.at_least_height
    }
    fn read(reading: &Reading, params: StatementsListParams) -> Result<StatementsAnswer, Problem> {
        let account = visible(reading, &params.account.0)?;
        let book = reading.book(&params.account.0, account)?;
        let blocks = business_days(&reading.snapshot.state, account.currency);
        let limit = page_entries(params.limit);
        let wanted = |day: &BookedDay| params.after.is_none_or(|after| day.sealed.date > after.0);
        let shown = book.days().filter(wanted).take(limit.saturating_add(1));
        let mut statements: Vec<StatementView> = shown
            .filter_map(|day| {
                let blocks = blocks.get(&day.sealed.date)?;
                Some(StatementView::sealed(&day, blocks, account.currency))
            })
            .collect();
        let more = statements.len() > limit;
        statements.truncate(limit);
        Ok(StatementsAnswer {
            as_of_height: reading.height(),
            business_date: View(book.today),
            statements,
            more,
        })
    }
}

/// `statements.get`
#[derive(Debug)]
pub struct StatementsGet;

/// Which day of which account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StatementsGetParams {
    /// Its number.
    pub account: View<AccountNumber>,
    /// The business date; the present one when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<View<Date>>,
    /// Wait until the node has reached this height, or fail with `BEHIND`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least_height: Option<u64>,
}

/// A business day of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StatementAnswer {
    /// The height as of which this holds.
    pub as_of_height: u64,
    /// Its time.
    pub time: View<Timestamp>,
    /// The present business date of the account's currency.
    pub business_date: View<Date>,
    /// The day.
    pub statement: StatementView,
    /// What can be paid out now; only of the present day, and not of an issuer's contra account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub available: Option<BalanceView>,
}

impl Method for StatementsGet {
    const NAME: &'static str = "statements.get";
    type Params = StatementsGetParams;
    type Answer = StatementAnswer;
}

impl Read for StatementsGet {
    fn at_least(params: &StatementsGetParams) -> Option<u64> {
        params.at_least_height
    }
    fn read(reading: &Reading, params: StatementsGetParams) -> Result<StatementAnswer, Problem> {
        let number = params.account.0;
        let account = visible(reading, &number)?;
        let days = business_days(&reading.snapshot.state, account.currency);
        let (date, blocks) = named_day(&days, params.date.map(|date| date.0), account.currency)?;
        let book = reading.book(&number, account)?;
        let (statement, available) = if blocks.next.is_none() {
            let present = present_day(account, date);
            let view = StatementView::new(
                &present.closed(account.posted),
                present.before,
                (&blocks, account.currency),
            );
            (view, super::accounts::available(account))
        } else {
            let with_entries = book.days().find(|day| day.sealed.date == date);
            let day = with_entries.unwrap_or_else(|| {
                let genesis = reading.genesis_balance(&number);
                let (balance, before) = book.standing_at(date, genesis);
                BookedDay {
                    sealed: AccountDay::opened(date, balance).closed(balance),
                    before,
                }
            });
            (StatementView::sealed(&day, &blocks, account.currency), None)
        };
        Ok(StatementAnswer {
            as_of_height: reading.height(),
            time: View(reading.snapshot.state.chain().time),
            business_date: View(book.today),
            statement,
            available,
        })
    }
}

/// An account's present business day: its row's, or one without entries yet.
fn present_day(account: &Account, today: Date) -> AccountDay {
    if account.day.date == today {
        return account.day.clone();
    }
    let before = if account.day.entries > 0 {
        account.day.closed(account.posted).seal(account.day.before)
    } else {
        account.day.before
    };
    AccountDay {
        before,
        ..AccountDay::opened(today, account.posted)
    }
}

/// A business day by its date, the present one without.
fn named_day(
    days: &BTreeMap<Date, DayBlocks>,
    date: Option<Date>,
    currency: CurrencyCode,
) -> Result<(Date, DayBlocks), Problem> {
    let found = match date {
        Some(date) => days.get_key_value(&date),
        None => days.last_key_value(),
    };
    let (date, blocks) = found.ok_or_else(|| {
        Problem::invalid(format!(
            "the date is no business day of {currency} since genesis, or it has not begun"
        ))
    })?;
    Ok((*date, *blocks))
}

/// `statements.entries`
#[derive(Debug)]
pub struct StatementsEntries;

/// Which entries of which account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StatementsEntriesParams {
    /// Its number.
    pub account: View<AccountNumber>,
    /// Those of this business date; the present one when neither date nor reference is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<View<Date>>,
    /// Those with this reference, whenever they were booked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uetr: Option<View<Uetr>>,
    /// Only what stands before this number of the event feed: `next_before` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
    /// The most outcomes to look at, at most 1,000; 100 when absent. A page may have fewer entries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// Wait until the node has reached this height, or fail with `BEHIND`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least_height: Option<u64>,
}

/// A page of entries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EntriesAnswer {
    /// The height as of which this holds.
    pub as_of_height: u64,
    /// The entries, newest first.
    pub entries: Vec<EntryView>,
    /// Where the next page begins; absent when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_before: Option<u64>,
}

/// A movement of an account, as its statement tells it. The balances follow from the day's opening.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EntryView {
    /// Its number in the event feed: `height << 20 | position`.
    pub sequence: u64,
    /// The block that booked it.
    pub height: u64,
    /// The time of that block.
    pub time: View<Timestamp>,
    /// The institution whose reference it is.
    pub agent: View<Lei>,
    /// The reference.
    pub uetr: View<Uetr>,
    /// The other account.
    pub counterparty: View<AccountNumber>,
    /// How much: above zero for a credit, below zero for a debit.
    pub amount: BalanceView,
    /// The kind of instruction, for example `Pay`.
    pub operation: String,
    /// The institution credited, when the instruction names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creditor_agent: Option<View<Lei>>,
}

impl Method for StatementsEntries {
    const NAME: &'static str = "statements.entries";
    type Params = StatementsEntriesParams;
    type Answer = EntriesAnswer;
}

impl Read for StatementsEntries {
    fn at_least(params: &StatementsEntriesParams) -> Option<u64> {
        params.at_least_height
    }
    fn read(reading: &Reading, params: StatementsEntriesParams) -> Result<EntriesAnswer, Problem> {
        let number = params.account.0;
        let account = visible(reading, &number)?;
        let days = business_days(&reading.snapshot.state, account.currency);
        let (lookup, from, until) = match (params.uetr, params.date) {
            (Some(_), Some(_)) => {
                return Err(Problem::invalid("give a date or a reference, not both"));
            }
            (Some(uetr), None) => (Lookup::Uetr(uetr.0), 0, None),
            (None, date) => {
                let (_, blocks) = named_day(&days, date.map(|date| date.0), account.currency)?;
                let until = blocks.next.map(|next| start_of(next.first));
                let from = blocks.opened.first.get();
                (Lookup::Account(number.clone()), from, until)
            }
        };
        let asked = before_place(params.before);
        let before = match (asked, until) {
            (Some(asked), Some(until)) => Some(asked.min(until)),
            (asked, until) => asked.or(until),
        };
        let page = reading.find(&lookup, before, page_entries(params.limit))?;
        let inside = |place: &&Located| place.height.get() >= from;
        let last = page.places.last().filter(inside).filter(|_| page.more);
        let next_before = last.map(|place| place.sequence());
        let mut entries = Vec::new();
        for place in page.places.iter().filter(inside) {
            entries.extend(entry(reading, (&number, account), *place)?);
        }
        Ok(EntriesAnswer {
            as_of_height: reading.height(),
            entries,
            next_before,
        })
    }
}

/// What the outcome at a place books on an account.
fn entry(
    reading: &Reading,
    (number, account): (&AccountNumber, &Account),
    place: Located,
) -> Result<Option<EntryView>, Problem> {
    let currency = reading.snapshot.state.currency(&account.currency);
    let contra = &currency.ok_or_else(Problem::internal)?.contra;
    let block = reading.block(place.height)?;
    let position = usize::try_from(place.position).map_err(|_| Problem::internal())?;
    let Some(outcome) = block.frame.outcomes.get(position) else {
        return Ok(None);
    };
    let booked = entry_of(outcome, (number, contra), place.height, 0);
    let Some((entry, movement)) = booked.zip(outcome.movement.as_ref()) else {
        return Ok(None);
    };
    Ok(Some(EntryView {
        sequence: place.sequence(),
        height: place.height.get(),
        time: View(block.frame.block.header.time),
        agent: View(entry.agent),
        uetr: View(entry.uetr),
        counterparty: View(entry.counterparty),
        amount: BalanceView::new(entry.amount, movement.currency),
        operation: outcome.operation.to_string(),
        creditor_agent: movement.creditor_agent.map(View),
    }))
}
