//! The answer to a payment: pacs.002.001.10, with a business application header when asked.
//!
//! Each payment stands with the message that it came from (`TxInfAndSts/OrgnlGrpInf`), as CBPR+ writes it, so that one
//! report may answer several messages. What must hold: the same report gives the same bytes; a refused payment always
//! carries its reason and never a settlement time (CBPR+ rules R11 and R12).

use crate::original::{OriginalMessage, OriginalPayment};
use crate::profile::{PartialApproval, Profile};
use crate::refusal::Refusal;
use crate::transfer::CreditTransfer;
use crate::xml_writer::{HeaderOut, XmlWriter, write_enveloped};
use karwan_types::{
    AgentIdentification, ExternalCode, Max35Text, Outcome, Timestamp, TransactionStatus, Uetr,
};

/// The message definition that is written.
const DEFINITION: &str = "pacs.002.001.10";
/// `StsRsnInf/AddtlInf` is a `Max105Text`; longer sentences are continued in the next one.
const ADDITIONAL_CHARS_MAX: usize = 105;

/// A status report to one institution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusReport {
    /// Our reference of this report.
    pub message_id: Max35Text,
    /// When it is made: block time, not a clock.
    pub created: Timestamp,
    /// The header to write in front; none writes the `Document` alone.
    pub header: Option<ReportHeader>,
    /// The payments, in the order in which they are to stand.
    pub transactions: Vec<TransactionReport>,
}

/// From whom to whom a message goes (head.001.001.02).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportHeader {
    /// The sender (`Fr`).
    pub from: AgentIdentification,
    /// The receiver (`To`).
    pub to: AgentIdentification,
    /// The market practice (`BizSvc`).
    pub business_service: Option<String>,
}

/// The status of one payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransactionReport {
    /// The message that it came in; none when whoever asked did not say.
    pub original: Option<OriginalMessage>,
    /// Its `InstrId`.
    pub instruction_id: Option<Max35Text>,
    /// Its `EndToEndId`.
    pub end_to_end_id: Option<Max35Text>,
    /// Its `TxId`.
    pub transaction_id: Option<Max35Text>,
    /// Its UETR.
    pub uetr: Uetr,
    /// What became of it.
    pub status: PaymentStatus,
    /// When it was accepted (`AccptncDtTm`): the time of the block that first recorded it.
    pub accepted: Option<Timestamp>,
    /// Who instructed it, to be told (`InstgAgt`).
    pub instructing_agent: Option<AgentIdentification>,
    /// Who was instructed (`InstdAgt`).
    pub instructed_agent: Option<AgentIdentification>,
}

/// What became of a payment, in the states that pacs.002 can tell. A cancelled payment is told by camt.029.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PaymentStatus {
    /// RCVD.
    Received,
    /// PATC: more signatures are needed.
    PartlyApproved,
    /// ACTC.
    TechnicallyAccepted,
    /// PDNG, with why it waits.
    Pending(Option<StatusReason>),
    /// ACSP.
    Settling,
    /// ACSC: final.
    Settled {
        /// The time of the block that settled it.
        at: Timestamp,
    },
    /// ACCC: final, and the creditor's account is credited.
    Credited {
        /// The time of the block that settled it, when it is known.
        at: Option<Timestamp>,
    },
    /// RJCT.
    Rejected(StatusReason),
}

/// Why a payment waits or is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusReason {
    /// The ISO reason (`Rsn/Cd`).
    pub code: ExternalCode,
    /// Our finer, stable name; the first `AddtlInf`.
    pub name: Option<String>,
    /// The sentence; the following `AddtlInf`.
    pub sentence: String,
}

impl From<&karwan_types::Refusal> for StatusReason {
    fn from(refusal: &karwan_types::Refusal) -> Self {
        Self {
            code: refusal.reason.clone(),
            name: Some(refusal.name.as_str().to_owned()),
            sentence: refusal.detail.as_str().to_owned(),
        }
    }
}

impl From<&Refusal> for StatusReason {
    fn from(refusal: &Refusal) -> Self {
        Self {
            code: ExternalCode::parse(refusal.reason.code())
                .expect("every ISO reason is a code of four characters"),
            name: None,
            sentence: refusal.sentence.clone(),
        }
    }
}

impl PaymentStatus {
    /// The status that an outcome in a block of time `at` gives; none for a cancelled payment, or for a refused one
    /// whose outcome holds no reason.
    #[must_use]
    pub fn of_outcome(outcome: &Outcome, at: Timestamp) -> Option<Self> {
        match outcome.status {
            TransactionStatus::Rcvd => Some(Self::Received),
            TransactionStatus::Patc => Some(Self::PartlyApproved),
            TransactionStatus::Actc => Some(Self::TechnicallyAccepted),
            TransactionStatus::Pdng => Some(Self::Pending(
                outcome.refusal.as_ref().map(StatusReason::from),
            )),
            TransactionStatus::Acsp => Some(Self::Settling),
            TransactionStatus::Acsc => Some(Self::Settled { at }),
            // The block that confirms the credit is later than the one that settled.
            TransactionStatus::Accc => Some(Self::Credited { at: None }),
            TransactionStatus::Rjct => outcome
                .refusal
                .as_ref()
                .map(|refusal| Self::Rejected(refusal.into())),
            TransactionStatus::Canc => None,
        }
    }

    fn code(&self, partial_approval: PartialApproval) -> &'static str {
        match self {
            Self::Received => "RCVD",
            Self::PartlyApproved => match partial_approval {
                PartialApproval::Reported => "PATC",
                PartialApproval::AsPending => "PDNG",
            },
            Self::TechnicallyAccepted => "ACTC",
            Self::Pending(_) => "PDNG",
            Self::Settling => "ACSP",
            Self::Settled { .. } => "ACSC",
            Self::Credited { .. } => "ACCC",
            Self::Rejected(_) => "RJCT",
        }
    }

    const fn reason(&self) -> Option<&StatusReason> {
        match self {
            Self::Pending(reason) => reason.as_ref(),
            Self::Rejected(reason) => Some(reason),
            Self::Received
            | Self::PartlyApproved
            | Self::TechnicallyAccepted
            | Self::Settling
            | Self::Settled { .. }
            | Self::Credited { .. } => None,
        }
    }

    const fn settled_at(&self) -> Option<Timestamp> {
        match self {
            Self::Settled { at } => Some(*at),
            Self::Credited { at } => *at,
            Self::Received
            | Self::PartlyApproved
            | Self::TechnicallyAccepted
            | Self::Pending(_)
            | Self::Settling
            | Self::Rejected(_) => None,
        }
    }
}

impl TransactionReport {
    /// The report of a payment that was read from a file.
    #[must_use]
    pub fn of_transfer(transfer: &CreditTransfer, status: PaymentStatus) -> Self {
        let ledger = &transfer.ledger;
        Self {
            original: Some(OriginalMessage {
                id: ledger.message_id.clone(),
                definition: ledger.kind.into(),
                created: Some(ledger.created),
            }),
            instruction_id: ledger.instruction_id.clone(),
            end_to_end_id: Some(ledger.end_to_end_id.clone()),
            transaction_id: ledger.transaction_id.clone(),
            uetr: ledger.uetr,
            status,
            accepted: None,
            instructing_agent: Some(ledger.debtor_agent.clone()),
            instructed_agent: Some(ledger.creditor_agent.clone()),
        }
    }
}

impl TransactionReport {
    /// The report of a payment by its references, for whoever asked for its status or sent it back.
    #[must_use]
    pub fn of_original(original: &OriginalPayment, status: PaymentStatus) -> Self {
        Self {
            original: original.message.clone(),
            instruction_id: original.instruction_id.clone(),
            end_to_end_id: original.end_to_end_id.clone(),
            transaction_id: original.transaction_id.clone(),
            uetr: original.uetr,
            status,
            accepted: None,
            instructing_agent: None,
            instructed_agent: None,
        }
    }
}

/// Writes a status report: the `Document`, or with a header an `Envelope` that holds `AppHdr` and `Document`.
#[must_use]
pub fn write_status_report(report: &StatusReport, profile: &Profile) -> String {
    let header = report.header.as_ref().map(|header| HeaderOut {
        from: Some(&header.from),
        to: Some(&header.to),
        business_message_id: &report.message_id,
        definition: DEFINITION,
        business_service: header.business_service.as_deref(),
        created: report.created,
    });
    write_enveloped(header.as_ref(), DEFINITION, |xml| {
        xml.element("FIToFIPmtStsRpt", |xml| {
            xml.element("GrpHdr", |xml| {
                xml.leaf("MsgId", report.message_id.as_str());
                xml.leaf("CreDtTm", &report.created.to_string());
            });
            for transaction in &report.transactions {
                write_transaction(xml, transaction, profile);
            }
        });
    })
}

fn write_transaction(xml: &mut XmlWriter, transaction: &TransactionReport, profile: &Profile) {
    let id = |id: &'_ Option<Max35Text>| id.as_ref().map(|id| id.as_str().to_owned());
    xml.element("TxInfAndSts", |xml| {
        if let Some(original) = &transaction.original {
            original.write(xml);
        }
        xml.optional("OrgnlInstrId", id(&transaction.instruction_id).as_deref());
        xml.optional("OrgnlEndToEndId", id(&transaction.end_to_end_id).as_deref());
        xml.optional("OrgnlTxId", id(&transaction.transaction_id).as_deref());
        xml.leaf("OrgnlUETR", &transaction.uetr.to_string());
        xml.leaf("TxSts", transaction.status.code(profile.partial_approval));
        if let Some(reason) = transaction.status.reason() {
            write_reason(xml, reason);
        }
        xml.optional(
            "AccptncDtTm",
            transaction.accepted.map(|time| time.to_string()).as_deref(),
        );
        if let Some(settled) = transaction.status.settled_at() {
            xml.element("FctvIntrBkSttlmDt", |xml| {
                xml.leaf("DtTm", &settled.to_string())
            });
        }
        if let Some(agent) = &transaction.instructing_agent {
            xml.agent("InstgAgt", agent);
        }
        if let Some(agent) = &transaction.instructed_agent {
            xml.agent("InstdAgt", agent);
        }
    });
}

fn write_reason(xml: &mut XmlWriter, reason: &StatusReason) {
    xml.element("StsRsnInf", |xml| {
        xml.element("Rsn", |xml| xml.leaf("Cd", reason.code.as_str()));
        for line in reason.name.iter().chain(&lines_of(&reason.sentence)) {
            xml.leaf("AddtlInf", line);
        }
    });
}

/// Divides a sentence at spaces into lines of at most `ADDITIONAL_CHARS_MAX`; a longer word is divided too.
pub(crate) fn lines_of(sentence: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in sentence.split_whitespace() {
        let mut rest: Vec<char> = word.chars().collect();
        if let Some(line) = lines.last_mut() {
            let length = line
                .chars()
                .count()
                .saturating_add(1)
                .saturating_add(rest.len());
            if length <= ADDITIONAL_CHARS_MAX {
                line.push(' ');
                line.extend(rest.drain(..));
            }
        }
        for piece in rest.chunks(ADDITIONAL_CHARS_MAX) {
            lines.push(piece.iter().collect());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_sentence_is_divided_at_spaces() {
        let sentence = "word ".repeat(50);
        let lines = lines_of(&sentence);
        assert!(lines.len() > 1);
        assert!(
            lines
                .iter()
                .all(|line| line.chars().count() <= ADDITIONAL_CHARS_MAX)
        );
        assert_eq!(lines.join(" "), sentence.trim());
        assert_eq!(lines_of(&"x".repeat(250)).concat(), "x".repeat(250));
        assert!(lines_of("").is_empty());
    }
}
