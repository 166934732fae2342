//! Reads camt.052, camt.053 and camt.054, in every version that has the same structure.
//!
//! What must hold: the figures agree with each other, the totals that a file promises too, or it is refused; no amount is in
//! another currency than its account. Names, addresses and remittance text of the payments are not looked at.

use super::entry_reader::{read_amount_in, read_date_or_time, read_entry, read_instant};
use super::{
    AccountOwner, BalanceType, CashAccount, CashBalance, EntryStatus, Page, Period, ReportEntry,
    Statement, StatementKind,
};
use crate::amounts::{as_control_sum, parse_control_sum};
use crate::cursor::Cursor;
use crate::document::in_its_envelope;
use crate::envelope::{Header, read_header};
use crate::parties::read_account;
use crate::refusal::{IsoReason, Refusal, quoted};
use karwan_types::{Amount, Bic, CurrencyCode, Lei, Max35Text};

/// The versions of the three definitions that are read.
const VERSIONS: core::ops::RangeInclusive<u32> = 2..=13;

/// A file of statements that was read.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct StatementFile {
    /// The message definition, for example `camt.053.001.08`.
    pub definition: crate::MessageDefinition,
    /// The business application header, when the message has one.
    pub header: Option<Header>,
    /// The sender's reference of the message (`GrpHdr/MsgId`).
    pub message_id: Max35Text,
    /// The accounts in it, each with its figures checked.
    pub statements: Vec<Statement>,
}

/// Reads a file that holds a camt.052, camt.053 or camt.054, bare or in an envelope, with the limits of every file.
///
/// # Errors
/// [`Refusal`], with the ISO reason, a sentence for whoever sent the file, and the place.
pub fn read_statements(xml: &[u8]) -> Result<StatementFile, Refusal> {
    in_its_envelope(xml, |search, _, _| {
        let located = search.located()?;
        let same_family = |kind: &StatementKind| kind.family() == located.definition.family();
        let number: Option<u32> = located.definition.version().parse().ok();
        let known = number.is_some_and(|number| VERSIONS.contains(&number))
            && located.definition.as_str().get(9..12) == Some("001");
        let kind = StatementKind::ALL.into_iter().find(same_family);
        let Some(kind) = kind.filter(|_| known) else {
            return Err(located.document.refuse(
                IsoReason::InvalidFileFormat,
                format!(
                    "This file is a {}. A statement of an account is a camt.053 (or a camt.052 or camt.054) of version {:02} to {:02}.",
                    located.definition,
                    VERSIONS.start(),
                    VERSIONS.end()
                ),
            ));
        };
        located.check_header()?;
        crate::document::check_namespaces(&located.document)?;
        let header = located.header.as_ref().map(read_header).transpose()?;
        let message = located.document.required(kind.message_element())?;
        let message_id = message
            .required("GrpHdr")?
            .required("MsgId")?
            .identifier(IsoReason::ElementIncorrect)?;
        let accounts = message.all(kind.account_element());
        if accounts.is_empty() {
            return Err(message.missing(kind.account_element()));
        }
        let statements = accounts.iter().map(|account| read_one(account, kind));
        Ok(StatementFile {
            definition: located.definition.clone(),
            header,
            message_id,
            statements: statements.collect::<Result<_, _>>()?,
        })
    })
}

fn read_one(here: &Cursor<'_>, kind: StatementKind) -> Result<Statement, Refusal> {
    let id = here
        .required("Id")?
        .identifier(IsoReason::ElementIncorrect)?;
    let page = read_page(here, kind)?;
    let account = read_cash_account(here)?;
    let mut balances = Vec::new();
    for balance in here.all("Bal") {
        balances.extend(read_balance(&balance, account.currency)?);
    }
    let entries = here.all("Ntry");
    let entries = entries
        .iter()
        .map(|entry| read_entry(entry, account.currency))
        .collect::<Result<Vec<_>, _>>()?;
    check_summary(here, &entries, account.currency)?;
    let statement = Statement {
        kind,
        id,
        page,
        period: read_period(here)?,
        account,
        balances,
        entries,
        note: read_note(here, kind.note_element())?,
    };
    let agreed = statement.check();
    agreed.map_err(|error| here.refuse(IsoReason::InvalidControlSum, error.to_string()))?;
    Ok(statement)
}

pub(super) fn read_note(here: &Cursor<'_>, name: &str) -> Result<Option<String>, Refusal> {
    let note = here.optional(name)?;
    note.map(|note| note.text().map(str::to_owned)).transpose()
}

fn read_page(here: &Cursor<'_>, kind: StatementKind) -> Result<Page, Refusal> {
    let Some(pagination) = here.optional(kind.pagination_element())? else {
        return Ok(Page::ONLY);
    };
    let number = pagination.required("PgNb")?;
    let counted = number
        .text()?
        .parse::<u32>()
        .ok()
        .filter(|number| *number > 0);
    let Some(counted) = counted else {
        let sentence = "PgNb is no page number: pages are counted from 1.";
        return Err(number.refuse(IsoReason::ElementIncorrect, sentence));
    };
    let last = pagination.required("LastPgInd")?;
    let last = match last.text()? {
        "true" | "1" => true,
        "false" | "0" => false,
        other => {
            let sentence = format!("LastPgInd is {}; it is true or false.", quoted(other));
            return Err(last.refuse(IsoReason::ElementIncorrect, sentence));
        }
    };
    Ok(Page {
        number: counted,
        last,
    })
}

/// None when it is not given, or given without offset.
fn read_period(here: &Cursor<'_>) -> Result<Option<Period>, Refusal> {
    let Some(period) = here.optional("FrToDt")? else {
        return Ok(None);
    };
    let from = read_instant(&period.required("FrDtTm")?)?;
    let to = read_instant(&period.required("ToDtTm")?)?;
    Ok(from.zip(to).map(|(from, to)| Period { from, to }))
}

fn read_cash_account(here: &Cursor<'_>) -> Result<CashAccount, Refusal> {
    let number = read_account(here, "Acct", IsoReason::InvalidDebtorAccount)?
        .ok_or_else(|| here.missing("Acct"))?;
    let account = here.required("Acct")?;
    let named = account.optional("Ccy")?;
    let currency = match &named {
        Some(cursor) => read_code(cursor, cursor.text()?)?,
        None => read_currency_of_amounts(here)?,
    };
    let mut owner = AccountOwner::default();
    if let Some(cursor) = account.optional("Ownr")? {
        owner.name = read_note(&cursor, "Nm")?;
        if let Some(organisation) = cursor.find("Id/OrgId")? {
            // BICOrBEI is what the first versions call it.
            for name in ["AnyBIC", "BICOrBEI"] {
                if let Some(bic) = organisation.optional(name)? {
                    owner.bic = Some(read_word(&bic, IsoReason::InvalidBic, Bic::parse)?);
                }
            }
            if let Some(lei) = organisation.optional("LEI")? {
                owner.lei = Some(read_word(&lei, IsoReason::InvalidBank, Lei::parse)?);
            }
        }
    }
    Ok(CashAccount {
        number,
        currency,
        owner,
    })
}

fn read_word<T, E: core::fmt::Display>(
    cursor: &Cursor<'_>,
    reason: IsoReason,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Result<T, Refusal> {
    parse(cursor.text()?).map_err(|error| cursor.refuse(reason, format!("{error}.")))
}

/// An account without currency has that of its first balance or entry; every other amount must be in it too.
fn read_currency_of_amounts(here: &Cursor<'_>) -> Result<CurrencyCode, Refusal> {
    for name in ["Bal", "Ntry"] {
        if let Some(first) = here.all(name).first() {
            let amount = first.required("Amt")?;
            let code = amount.attribute("Ccy").unwrap_or_default();
            return read_code(&amount, code);
        }
    }
    Err(here.required("Acct")?.missing("Ccy"))
}

fn read_code(cursor: &Cursor<'_>, code: &str) -> Result<CurrencyCode, Refusal> {
    CurrencyCode::parse(code).map_err(|_| {
        let sentence = format!(
            "{} has the currency {}, which ISO 4217 does not list.",
            cursor.element().name,
            quoted(code)
        );
        cursor.refuse(IsoReason::InvalidTransactionCurrency, sentence)
    })
}

/// None for a balance of a proprietary type: it says nothing about those of ISO 20022.
fn read_balance(here: &Cursor<'_>, currency: CurrencyCode) -> Result<Option<CashBalance>, Refusal> {
    let choice = here.required("Tp")?.required("CdOrPrtry")?;
    let Some(cursor) = choice.optional("Cd")? else {
        choice.required("Prtry")?;
        return Ok(None);
    };
    let code = cursor.text()?;
    let kind = BalanceType::from_code(code).ok_or_else(|| {
        let sentence = format!(
            "The balance type is {}, which ISO 20022 does not list.",
            quoted(code)
        );
        cursor.refuse(IsoReason::ElementIncorrect, sentence)
    })?;
    Ok(Some(CashBalance {
        kind,
        minor: read_amount_in(here, currency)?,
        at: read_date_or_time(&here.required("Dt")?)?,
    }))
}

/// The numbers and sums that the file promises about its entries (`TxsSummry`).
fn check_summary(
    here: &Cursor<'_>,
    entries: &[ReportEntry],
    currency: CurrencyCode,
) -> Result<(), Refusal> {
    let Some(summary) = here.optional("TxsSummry")? else {
        return Ok(());
    };
    // Senders differ in whether entries that are not booked count.
    if entries
        .iter()
        .any(|entry| entry.status != EntryStatus::Booked)
    {
        return Ok(());
    }
    type Counts = fn(&ReportEntry) -> bool;
    let groups: [(&str, Counts); 3] = [
        ("TtlNtries", |_| true),
        ("TtlCdtNtries", |entry| entry.minor >= 0),
        ("TtlDbtNtries", |entry| entry.minor < 0),
    ];
    for (name, counts) in groups {
        let Some(total) = summary.optional(name)? else {
            continue;
        };
        let counted: Vec<_> = entries.iter().filter(|entry| counts(entry)).collect();
        if let Some(number) = total.optional("NbOfNtries")?
            && number.text()?.parse::<usize>().ok() != Some(counted.len())
        {
            let sentence = format!(
                "{name} promises {} entries, but the statement holds {}.",
                quoted(number.text()?),
                counted.len()
            );
            return Err(number.refuse(IsoReason::InvalidNumberOfTransactions, sentence));
        }
        if let Some(sum) = total.optional("Sum")? {
            let found = counted.iter().try_fold(0_u128, |sum, entry| {
                let amount = Amount::from_minor(entry.minor.unsigned_abs());
                sum.checked_add(as_control_sum(amount, currency)?)
            });
            if found.is_none() || parse_control_sum(sum.text()?) != found {
                let sentence = format!(
                    "The Sum of {name} is {}, which is not the sum of the entries.",
                    quoted(sum.text()?)
                );
                return Err(sum.refuse(IsoReason::InvalidControlSum, sentence));
            }
        }
    }
    Ok(())
}
