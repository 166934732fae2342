//! One payment of a message (`CdtTrfTxInf`).

use crate::agents::read_settlement;
use crate::amounts::read_amount;
use crate::cursor::Cursor;
use crate::group::{Group, read_instruction_priority};
use crate::original::{optional_identifier, read_uetr};
use crate::parties::read_private;
use crate::profile::Profile;
use crate::refusal::{IsoReason, Refusal, quoted};
use crate::times::{date, time_on};
use crate::transfer::{
    ChargeBearer, LedgerFields, NamedAgents, Priority, PrivateFields, RegulatoryCode, TransferKind,
};
use karwan_types::{Date, ExternalCode, JurisdictionCode, Max35Text, Timestamp, Uetr};

/// A payment as read, without its bytes.
pub(crate) struct Payment {
    pub(crate) ledger: LedgerFields,
    pub(crate) private: PrivateFields,
    pub(crate) agents: NamedAgents,
    pub(crate) regulatory_codes: Vec<RegulatoryCode>,
}

/// Reads a payment. The order of the checks is the order of the fields here, so that a file is always refused alike.
pub(crate) fn read_transaction(
    transaction: &Cursor<'_>,
    group: &Group,
    profile: &Profile,
) -> Result<Payment, Refusal> {
    let ids = transaction.required("PmtId")?;
    let instruction_id = optional_identifier(&ids, "InstrId")?;
    let end_to_end_id = ids
        .required("EndToEndId")?
        .identifier(IsoReason::InvalidEndToEndId)?;
    let transaction_id = optional_identifier(&ids, "TxId")?;
    let uetr = read_payment_uetr(&ids)?;
    let (amount, currency) = read_amount(&transaction.required("IntrBkSttlmAmt")?, profile)?;
    let settlement_date = read_settlement_date(transaction, group)?;
    let priority = read_priority(transaction, group)?;
    let times = read_times(transaction, settlement_date)?;
    let charge_bearer = read_charge_bearer(transaction, group.kind)?;
    let settlement = read_settlement(transaction, group)?;
    let regulatory_codes = read_regulatory_codes(transaction)?;
    let (purpose, proprietary_purpose) = read_purpose(transaction)?;
    let first_code = || regulatory_codes.first().map(|code| code.code.clone());
    let private = read_private(transaction, group.kind, profile)?;
    let ledger = LedgerFields {
        kind: group.kind,
        message_id: group.message_id.clone(),
        created: group.created,
        instruction_id,
        end_to_end_id,
        transaction_id,
        uetr,
        amount,
        currency,
        settlement_date,
        settlement_method: group.method,
        priority,
        from: times.from,
        till: times.till,
        reject: times.reject,
        charge_bearer,
        debtor_agent: settlement.debtor,
        creditor_agent: settlement.creditor,
        debtor_agent_account: settlement.debtor_account,
        creditor_agent_account: settlement.creditor_account,
        purpose,
        local_purpose: proprietary_purpose.or_else(first_code),
    };
    Ok(Payment {
        ledger,
        private,
        agents: settlement.named,
        regulatory_codes,
    })
}

fn read_payment_uetr(ids: &Cursor<'_>) -> Result<Uetr, Refusal> {
    let Some(cursor) = ids.optional("UETR")? else {
        let mut refusal = ids.missing("UETR");
        refusal.sentence = "The payment has no UETR. Karwan knows each payment by it, from end to end and for ever: \
                            add PmtId/UETR, a UUID version 4 in lower case."
            .to_owned();
        return Err(refusal);
    };
    read_uetr(&cursor)
}

/// The date stands in the payment or in the group header; in both only when they agree.
fn read_settlement_date(transaction: &Cursor<'_>, group: &Group) -> Result<Date, Refusal> {
    let Some(cursor) = transaction.optional("IntrBkSttlmDt")? else {
        return group
            .settlement_date
            .ok_or_else(|| transaction.missing("IntrBkSttlmDt"));
    };
    let own = date(&cursor)?;
    if group.settlement_date.is_some_and(|other| other != own) {
        let sentence = "IntrBkSttlmDt differs from the one in the group header. Give it in one of the two places.";
        return Err(cursor.refuse(IsoReason::InvalidDate, sentence));
    }
    Ok(own)
}

fn read_priority(transaction: &Cursor<'_>, group: &Group) -> Result<Priority, Refusal> {
    if let Some(cursor) = transaction.optional("SttlmPrty")? {
        let code = cursor.text()?;
        return Priority::from_code(code).ok_or_else(|| {
            let sentence = format!("SttlmPrty is {}; it is URGT, HIGH or NORM.", quoted(code));
            cursor.refuse(IsoReason::ElementIncorrect, sentence)
        });
    }
    let own = read_instruction_priority(transaction)?;
    Ok(own.or(group.priority).unwrap_or(Priority::Normal))
}

struct Times {
    from: Option<Timestamp>,
    till: Option<Timestamp>,
    reject: Option<Timestamp>,
}

/// `SttlmTmReq`. `CLSTm`, the time by which CLS must have the money, stands for `TillTm` where that is missing.
fn read_times(transaction: &Cursor<'_>, settlement_date: Date) -> Result<Times, Refusal> {
    let time = |name: &str| match transaction.find(&format!("SttlmTmReq/{name}"))? {
        Some(cursor) => time_on(settlement_date, &cursor).map(Some),
        None => Ok(None),
    };
    let (from, till, cls, reject) = (
        time("FrTm")?,
        time("TillTm")?,
        time("CLSTm")?,
        time("RjctTm")?,
    );
    if let (Some(from), Some(reject)) = (from, reject)
        && reject <= from
    {
        let sentence = "RjctTm is not later than FrTm, so that the payment could never settle. Correct one of them.";
        return Err(transaction
            .required("SttlmTmReq")?
            .refuse(IsoReason::ElementIncorrect, sentence));
    }
    Ok(Times {
        from,
        till: till.or(cls),
        reject,
    })
}

fn read_charge_bearer(
    transaction: &Cursor<'_>,
    kind: TransferKind,
) -> Result<Option<ChargeBearer>, Refusal> {
    let cursor = match kind {
        TransferKind::Customer => transaction.required("ChrgBr")?,
        // pacs.009 has no such element; one that stands there all the same means nothing.
        TransferKind::FinancialInstitution => return Ok(None),
    };
    let code = cursor.text()?;
    let bearer = ChargeBearer::from_code(code).ok_or_else(|| {
        let sentence = format!(
            "ChrgBr is {}; it is DEBT, CRED, SHAR or SLEV.",
            quoted(code)
        );
        cursor.refuse(IsoReason::ElementIncorrect, sentence)
    })?;
    Ok(Some(bearer))
}

fn read_purpose(
    transaction: &Cursor<'_>,
) -> Result<(Option<ExternalCode>, Option<Max35Text>), Refusal> {
    let Some(purpose) = transaction.optional("Purp")? else {
        return Ok((None, None));
    };
    let code = match purpose.optional("Cd")? {
        Some(cursor) => {
            let text = cursor.text()?;
            let code = ExternalCode::parse(text).map_err(|error| {
                let sentence = format!(
                    "The purpose is {}: a purpose code {}.",
                    quoted(text),
                    error.rule
                );
                cursor.refuse(IsoReason::InvalidPurpose, sentence)
            })?;
            Some(code)
        }
        None => None,
    };
    let proprietary = match purpose.optional("Prtry")? {
        Some(cursor) => Some(cursor.identifier(IsoReason::InvalidPurpose)?),
        None => None,
    };
    Ok((code, proprietary))
}

/// The codes of `RgltryRptg`; the rest of it is private.
fn read_regulatory_codes(transaction: &Cursor<'_>) -> Result<Vec<RegulatoryCode>, Refusal> {
    let mut codes = Vec::new();
    for report in transaction.all("RgltryRptg") {
        let authority = read_country(report.find("Authrty/Ctry")?)?;
        for details in report.all("Dtls") {
            let country = read_country(details.optional("Ctry")?)?.or(authority);
            if let Some(cursor) = details.optional("Cd")? {
                let code = cursor.identifier(IsoReason::ElementIncorrect)?;
                if code.as_str().len() > REGULATORY_CODE_CHARS_MAX {
                    let sentence = format!(
                        "A regulatory code has at most {REGULATORY_CODE_CHARS_MAX} characters."
                    );
                    return Err(cursor.refuse(IsoReason::ElementIncorrect, sentence));
                }
                codes.push(RegulatoryCode { country, code });
            }
        }
    }
    Ok(codes)
}

/// `RgltryRptg/Dtls/Cd` is a `Max10Text`.
const REGULATORY_CODE_CHARS_MAX: usize = 10;

fn read_country(cursor: Option<Cursor<'_>>) -> Result<Option<JurisdictionCode>, Refusal> {
    let Some(cursor) = cursor else {
        return Ok(None);
    };
    let text = cursor.text()?;
    let country = JurisdictionCode::parse(text).map_err(|_| {
        let sentence = format!(
            "Ctry is {}; a country is two capital letters (ISO 3166).",
            quoted(text)
        );
        cursor.refuse(IsoReason::ElementIncorrect, sentence)
    })?;
    Ok(Some(country))
}
