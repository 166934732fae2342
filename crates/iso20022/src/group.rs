//! The group header: what holds for every payment of a message, and what it promises about them.

use crate::agents::{AgentSide, read_agent};
use crate::amounts::{as_control_sum, parse_control_sum, read_total};
use crate::cursor::Cursor;
use crate::parties::read_account;
use crate::profile::{Profile, SettlementMethod};
use crate::refusal::{IsoReason, Refusal, quoted};
use crate::times::{date, instant};
use crate::transfer::{LedgerFields, Priority, TransferKind};
use karwan_types::{AccountNumber, AgentIdentification, Amount, Date, Max35Text, Timestamp};

/// Payments in one message, as many as one bulk instruction of the ledger holds.
pub const TRANSACTIONS_MAX: usize = 1_000;

/// A group header (`GrpHdr`).
pub(crate) struct Group {
    pub(crate) kind: TransferKind,
    pub(crate) message_id: Max35Text,
    pub(crate) created: Timestamp,
    pub(crate) settlement_date: Option<Date>,
    pub(crate) method: SettlementMethod,
    pub(crate) settlement_account: Option<AccountNumber>,
    pub(crate) priority: Option<Priority>,
    pub(crate) instructing: Option<AgentIdentification>,
    pub(crate) instructed: Option<AgentIdentification>,
}

/// Reads what holds for every payment.
pub(crate) fn read_group(
    header: &Cursor<'_>,
    kind: TransferKind,
    profile: &Profile,
) -> Result<Group, Refusal> {
    let message_id = header
        .required("MsgId")?
        .identifier(IsoReason::ElementIncorrect)?;
    let created = instant(&header.required("CreDtTm")?, IsoReason::InvalidCreationDate)?;
    let settlement = header.required("SttlmInf")?;
    let method = read_method(&settlement, profile)?;
    let settlement_account = read_settlement_account(&settlement, method)?;
    let agent = |name: &str, side| match header.optional(name)? {
        Some(cursor) => read_agent(&cursor, side).map(Some),
        None => Ok(None),
    };
    Ok(Group {
        kind,
        message_id,
        created,
        settlement_date: header
            .optional("IntrBkSttlmDt")?
            .map(|cursor| date(&cursor))
            .transpose()?,
        method,
        settlement_account,
        priority: read_instruction_priority(header)?,
        instructing: agent("InstgAgt", AgentSide::Debtor)?,
        instructed: agent("InstdAgt", AgentSide::Creditor)?,
    })
}

pub(crate) fn read_method(
    settlement: &Cursor<'_>,
    profile: &Profile,
) -> Result<SettlementMethod, Refusal> {
    let cursor = settlement.required("SttlmMtd")?;
    let code = cursor.text()?;
    let allowed: Vec<_> = profile
        .settlement_methods
        .iter()
        .map(|method| method.code())
        .collect();
    let allowed = allowed.join(", ");
    let Some(method) = SettlementMethod::from_code(code) else {
        return Err(if code == "COVE" {
            cursor.refuse(
                IsoReason::ElementNotAdmitted,
                format!(
                    "The settlement method is COVE: this payment settles by a cover payment (pacs.009 COV), and taking \
                     both would pay twice. Send the cover, or send this payment with the method {allowed}."
                ),
            )
        } else {
            let sentence = format!(
                "SttlmMtd is {}, which ISO 20022 does not know. Use {allowed}.",
                quoted(code)
            );
            cursor.refuse(IsoReason::ElementIncorrect, sentence)
        });
    };
    if profile.settlement_methods.contains(&method) {
        return Ok(method);
    }
    let where_it_settles = match method {
        SettlementMethod::Clearing => "through a clearing system",
        SettlementMethod::InstructedAgent => "on the books of the instructed agent",
        SettlementMethod::InstructingAgent => "on the books of the instructing agent",
    };
    Err(cursor.refuse(
        IsoReason::ElementNotAdmitted,
        format!(
            "The settlement method is {code}: the payment settles {where_it_settles}. This network settles by \
             {allowed}; change SttlmMtd, or settle the payment where it says."
        ),
    ))
}

/// ISO 20022 (rules on `SttlmInf`) excludes reimbursement agents from all methods but COVE, and an account from CLRG.
fn read_settlement_account(
    settlement: &Cursor<'_>,
    method: SettlementMethod,
) -> Result<Option<AccountNumber>, Refusal> {
    for name in ["InstgRmbrsmntAgt", "InstdRmbrsmntAgt", "ThrdRmbrsmntAgt"] {
        if let Some(agent) = settlement.optional(name)? {
            let sentence =
                format!("{name} is allowed with the settlement method COVE only. Remove it.");
            return Err(agent.refuse(IsoReason::ElementNotAdmitted, sentence));
        }
    }
    match (method, settlement.optional("SttlmAcct")?) {
        (SettlementMethod::Clearing, Some(account)) => {
            let sentence = "SttlmAcct is not allowed with the settlement method CLRG. Name the account at the agent \
                            (DbtrAgtAcct, CdtrAgtAcct).";
            Err(account.refuse(IsoReason::ElementNotAdmitted, sentence))
        }
        (SettlementMethod::Clearing, None) => Ok(None),
        (SettlementMethod::InstructedAgent, _) => {
            read_account(settlement, "SttlmAcct", IsoReason::InvalidDebtorAccount)
        }
        (SettlementMethod::InstructingAgent, _) => {
            read_account(settlement, "SttlmAcct", IsoReason::InvalidCreditorAccount)
        }
    }
}

/// `PmtTpInf/InstrPrty`, of a group header or of a payment.
pub(crate) fn read_instruction_priority(here: &Cursor<'_>) -> Result<Option<Priority>, Refusal> {
    let Some(cursor) = here.find("PmtTpInf/InstrPrty")? else {
        return Ok(None);
    };
    match cursor.text()? {
        "HIGH" => Ok(Some(Priority::High)),
        "NORM" => Ok(Some(Priority::Normal)),
        other => {
            let sentence = format!("InstrPrty is {}; it is HIGH or NORM.", quoted(other));
            Err(cursor.refuse(IsoReason::InvalidPaymentType, sentence))
        }
    }
}

/// Compares the number of payments with what the header promises, before they are read.
pub(crate) fn check_count(header: &Cursor<'_>, found: usize) -> Result<(), Refusal> {
    let cursor = header.required("NbOfTxs")?;
    let text = cursor.text()?;
    let reason = IsoReason::InvalidNumberOfTransactions;
    if found > TRANSACTIONS_MAX {
        let sentence = format!(
            "The message holds {found} payments; at most {TRANSACTIONS_MAX} are taken. Split it."
        );
        return Err(cursor.refuse(reason, sentence));
    }
    let digits_only = text.len() <= 15 && text.bytes().all(|byte| byte.is_ascii_digit());
    let promised = digits_only.then(|| text.parse::<usize>().ok()).flatten();
    if promised == Some(found) {
        return Ok(());
    }
    let sentence = format!(
        "NbOfTxs is {}, but the message holds {found} payments.",
        quoted(text)
    );
    Err(cursor.refuse(reason, sentence))
}

/// Compares the sums in the header, where it gives any, with the payments.
pub(crate) fn check_sums(header: &Cursor<'_>, payments: &[&LedgerFields]) -> Result<(), Refusal> {
    if let Some(cursor) = header.optional("CtrlSum")? {
        let text = cursor.text()?;
        let sum = payments.iter().try_fold(0u128, |sum, payment| {
            sum.checked_add(as_control_sum(payment.amount, payment.currency)?)
        });
        if sum.is_none() || parse_control_sum(text) != sum {
            let sentence = format!(
                "CtrlSum is {}, which is not the sum of the amounts in the message.",
                quoted(text)
            );
            return Err(cursor.refuse(IsoReason::InvalidControlSum, sentence));
        }
    }
    if let Some(cursor) = header.optional("TtlIntrBkSttlmAmt")? {
        let (total, currency) = read_total(&cursor)?;
        let one_currency = payments.iter().all(|payment| payment.currency == currency);
        let sum = payments
            .iter()
            .try_fold(Amount::ZERO, |sum, payment| sum.checked_add(payment.amount));
        if !one_currency || sum != Some(total) {
            let sentence = "TtlIntrBkSttlmAmt is not the sum of the amounts in the message, or they are in other \
                            currencies.";
            return Err(cursor.refuse(IsoReason::InvalidControlSum, sentence));
        }
    }
    Ok(())
}
