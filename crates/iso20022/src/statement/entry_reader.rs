//! Reads one entry of a statement.

use super::entry::{BankTransactionCode, EntryStatus, EntryTransaction, ProprietaryReference};
use super::reader::read_note;
use super::{DateOrTime, ReportEntry};
use crate::agents::{AgentSide, read_institution};
use crate::amounts::read_total;
use crate::cursor::Cursor;
use crate::original::{optional_identifier, read_uetr};
use crate::parties::read_account;
use crate::refusal::{IsoReason, Refusal, quoted};
use crate::times::{date, instant_or_date};
use karwan_types::{AgentIdentification, Amount, Bic, CurrencyCode, Date, ExternalCode, Timestamp};

pub(super) fn read_entry(
    here: &Cursor<'_>,
    currency: CurrencyCode,
) -> Result<ReportEntry, Refusal> {
    let mut transactions = Vec::new();
    for details in here.all("NtryDtls") {
        for transaction in details.all("TxDtls") {
            transactions.push(read_transaction(&transaction, currency)?);
        }
    }
    let optional_date = |name: &str| match here.optional(name)? {
        Some(cursor) => read_date_or_time(&cursor).map(Some),
        None => Ok(None),
    };
    Ok(ReportEntry {
        reference: optional_identifier(here, "NtryRef")?,
        minor: read_amount_in(here, currency)?,
        status: read_status(&here.required("Sts")?)?,
        booked: optional_date("BookgDt")?,
        value_date: optional_date("ValDt")?.map(DateOrTime::date),
        servicer_reference: optional_identifier(here, "AcctSvcrRef")?,
        code: read_code(here)?,
        transactions,
        note: read_note(here, "AddtlNtryInf")?,
    })
}

/// `Amt` and `CdtDbtInd`, signed, in the currency of the account.
pub(super) fn read_amount_in(here: &Cursor<'_>, currency: CurrencyCode) -> Result<i128, Refusal> {
    let cursor = here.required("Amt")?;
    let (amount, found) = read_total(&cursor)?;
    if found != currency {
        let sentence = format!(
            "The amount is in {found}, the account in {currency}. A statement has one currency."
        );
        return Err(cursor.refuse(IsoReason::InvalidTransactionCurrency, sentence));
    }
    let minor = i128::try_from(amount.minor()).expect("an amount that was read has 18 digits");
    let indicator = here.required("CdtDbtInd")?;
    match indicator.text()? {
        "CRDT" => Ok(minor),
        "DBIT" => Ok(minor.saturating_neg()),
        other => {
            let sentence = format!("CdtDbtInd is {}; it is CRDT or DBIT.", quoted(other));
            Err(indicator.refuse(IsoReason::ElementIncorrect, sentence))
        }
    }
}

/// `Dt` or `DtTm`.
pub(super) fn read_date_or_time(here: &Cursor<'_>) -> Result<DateOrTime, Refusal> {
    if let Some(cursor) = here.optional("Dt")? {
        return date(&cursor).map(DateOrTime::Date);
    }
    let time = here.required("DtTm")?;
    Ok(match instant_or_date(&time, IsoReason::InvalidDate)? {
        Ok(time) => DateOrTime::Time(time),
        Err(date) => DateOrTime::Date(date),
    })
}

/// A time; none when it has no offset.
pub(super) fn read_instant(cursor: &Cursor<'_>) -> Result<Option<Timestamp>, Refusal> {
    instant_or_date(cursor, IsoReason::InvalidDate).map(Result::<Timestamp, Date>::ok)
}

/// `Sts`, a code by itself up to version 7 and a choice since.
fn read_status(here: &Cursor<'_>) -> Result<EntryStatus, Refusal> {
    if let Some(proprietary) = here.optional("Prtry")? {
        let sentence = "The status of an entry is proprietary, so nobody can tell whether it is booked. Use BOOK, PDNG, \
                        INFO or FUTR.";
        return Err(proprietary.refuse(IsoReason::ElementNotAdmitted, sentence));
    }
    let choice = here.optional("Cd")?;
    let cursor = choice.as_ref().unwrap_or(here);
    let text = cursor.text()?;
    let known = EntryStatus::ALL
        .into_iter()
        .find(|status| status.code() == text);
    known.ok_or_else(|| {
        let sentence = format!("Sts is {}; it is BOOK, PDNG, INFO or FUTR.", quoted(text));
        cursor.refuse(IsoReason::ElementIncorrect, sentence)
    })
}

fn read_code(here: &Cursor<'_>) -> Result<BankTransactionCode, Refusal> {
    let Some(domain) = here.find("BkTxCd/Domn")? else {
        return Ok(BankTransactionCode::not_available());
    };
    let family = domain.required("Fmly")?;
    let code = |cursor: Cursor<'_>| {
        let text = cursor.text()?;
        ExternalCode::parse(text).map_err(|_| {
            let sentence = format!(
                "{} is {}: a bank transaction code has one to four capital letters and digits.",
                cursor.element().name,
                quoted(text)
            );
            cursor.refuse(IsoReason::ElementIncorrect, sentence)
        })
    };
    Ok(BankTransactionCode {
        domain: code(domain.required("Cd")?)?,
        family: code(family.required("Cd")?)?,
        subfamily: code(family.required("SubFmlyCd")?)?,
    })
}

fn read_transaction(
    here: &Cursor<'_>,
    currency: CurrencyCode,
) -> Result<EntryTransaction, Refusal> {
    let mut transaction = EntryTransaction {
        amount: read_own_amount(here, currency)?,
        ..EntryTransaction::default()
    };
    if let Some(references) = here.optional("Refs")? {
        let identifier = |name| optional_identifier(&references, name);
        transaction.message_id = identifier("MsgId")?;
        transaction.servicer_reference = identifier("AcctSvcrRef")?;
        transaction.instruction_id = identifier("InstrId")?;
        transaction.end_to_end_id = identifier("EndToEndId")?;
        transaction.transaction_id = identifier("TxId")?;
        transaction.clearing_system_reference = identifier("ClrSysRef")?;
        if let Some(uetr) = references.optional("UETR")? {
            transaction.uetr = Some(read_uetr(&uetr)?);
        }
        for proprietary in references.all("Prtry") {
            transaction.proprietary.push(ProprietaryReference {
                kind: proprietary
                    .required("Tp")?
                    .identifier(IsoReason::ElementIncorrect)?,
                reference: proprietary
                    .required("Ref")?
                    .identifier(IsoReason::ElementIncorrect)?,
            });
        }
    }
    if let Some(parties) = here.optional("RltdPties")? {
        let account = |name, reason| read_account(&parties, name, reason);
        transaction.debtor_account = account("DbtrAcct", IsoReason::InvalidDebtorAccount)?;
        transaction.creditor_account = account("CdtrAcct", IsoReason::InvalidCreditorAccount)?;
    }
    if let Some(agents) = here.optional("RltdAgts")? {
        transaction.debtor_agent = read_agent(&agents, "DbtrAgt")?;
        transaction.creditor_agent = read_agent(&agents, "CdtrAgt")?;
    }
    Ok(transaction)
}

/// `TxDtls/Amt`, in version 2 `AmtDtls/TxAmt/Amt`. In another currency it is the payment's, not the account's.
fn read_own_amount(here: &Cursor<'_>, currency: CurrencyCode) -> Result<Option<Amount>, Refusal> {
    let own = here.optional("Amt")?;
    let Some(cursor) = own.map_or_else(|| here.find("AmtDtls/TxAmt/Amt"), |own| Ok(Some(own)))?
    else {
        return Ok(None);
    };
    let (amount, found) = read_total(&cursor)?;
    Ok((found == currency).then_some(amount))
}

/// None for an institution that is named by nothing that the ledger knows.
fn read_agent(here: &Cursor<'_>, name: &str) -> Result<Option<AgentIdentification>, Refusal> {
    let Some(institution) = here.find(&format!("{name}/FinInstnId"))? else {
        return Ok(None);
    };
    // BIC is what the first versions call it.
    if let Some(cursor) = institution.optional("BIC")? {
        let bic = Bic::parse(cursor.text()?).map_err(|error| {
            cursor.refuse(IsoReason::InvalidBic, format!("BIC {}.", error.rule))
        })?;
        return Ok(Some(AgentIdentification::Bic(bic)));
    }
    read_institution(&institution, AgentSide::Other)
}
