//! What a credit transfer message says, divided into what the ledger may hold and what it may not.

use crate::envelope::Header;
use crate::profile::SettlementMethod;
use core::fmt;
use karwan_types::{
    AccountNumber, AgentIdentification, Amount, CurrencyCode, Date, ExternalCode, Hash,
    JurisdictionCode, Max35Text, Timestamp, Uetr,
};

/// Which credit transfer message it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub enum TransferKind {
    /// pacs.008.001.08: a bank pays for its customer.
    Customer,
    /// pacs.009.001.08: a financial institution pays another, core or cover (COV).
    FinancialInstitution,
}

impl TransferKind {
    /// The message definition, for example `pacs.008.001.08`.
    #[must_use]
    pub const fn definition(self) -> &'static str {
        match self {
            Self::Customer => "pacs.008.001.08",
            Self::FinancialInstitution => "pacs.009.001.08",
        }
    }
    /// The element inside `Document`.
    pub(crate) const fn message_element(self) -> &'static str {
        match self {
            Self::Customer => "FIToFICstmrCdtTrf",
            Self::FinancialInstitution => "FICdtTrf",
        }
    }
}

impl fmt::Display for TransferKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.definition())
    }
}

/// A file that was read.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Document {
    /// The business application header, when the file has one.
    pub header: Option<Header>,
    /// Which message it is.
    pub kind: TransferKind,
    /// The sender's reference of the message (`GrpHdr/MsgId`).
    pub message_id: Max35Text,
    /// When the sender made it (`GrpHdr/CreDtTm`).
    pub created: Timestamp,
    /// The payments, in the order of the file; at least one, at most [`crate::TRANSACTIONS_MAX`].
    pub transfers: Vec<CreditTransfer>,
}

/// One payment (`CdtTrfTxInf`).
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct CreditTransfer {
    /// What the ledger may hold.
    pub ledger: LedgerFields,
    /// What it may not hold; the gateway commits to it.
    pub private: PrivateFields,
    /// The agents as the message names them, whether or not they settle.
    pub agents: NamedAgents,
    /// The codes for the authorities (`RgltryRptg/Dtls`), in the order of the file.
    pub regulatory_codes: Vec<RegulatoryCode>,
    /// SHA-256 of `payload` in the domain `Payload`. Covers every element, those that are not read too.
    pub message_hash: Hash,
    /// What the creditor institution receives: the bytes of the element `Document` as they were received; of a message
    /// with several payments, the same with this one alone (see the module `payload`).
    #[serde(skip)]
    pub payload: Vec<u8>,
}

/// The institutions, codes, amounts and times of a payment: nothing about a person.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct LedgerFields {
    /// Customer or institution payment.
    pub kind: TransferKind,
    /// The sender's reference of the message (`MsgId`).
    pub message_id: Max35Text,
    /// When the sender made the message (`CreDtTm`).
    pub created: Timestamp,
    /// The instructing agent's reference (`InstrId`).
    pub instruction_id: Option<Max35Text>,
    /// The debtor's reference, unchanged to the end (`EndToEndId`).
    pub end_to_end_id: Max35Text,
    /// The first agent's reference, unchanged between agents (`TxId`).
    pub transaction_id: Option<Max35Text>,
    /// The payment's identity (`UETR`).
    pub uetr: Uetr,
    /// What settles, in minor units of `currency`; more than zero (`IntrBkSttlmAmt`).
    pub amount: Amount,
    /// The currency of `amount`.
    pub currency: CurrencyCode,
    /// The day of settlement (`IntrBkSttlmDt`).
    pub settlement_date: Date,
    /// `SttlmMtd`.
    pub settlement_method: SettlementMethod,
    /// `SttlmPrty`, else `PmtTpInf/InstrPrty`, else normal.
    pub priority: Priority,
    /// Not to settle before (`SttlmTmReq/FrTm`).
    pub from: Option<Timestamp>,
    /// To be warned of when not settled by then (`SttlmTmReq/TillTm`, else `CLSTm`).
    pub till: Option<Timestamp>,
    /// To be refused when not settled by then (`SttlmTmReq/RjctTm`).
    pub reject: Option<Timestamp>,
    /// Who bears the charges (`ChrgBr`); customer payments only.
    pub charge_bearer: Option<ChargeBearer>,
    /// The institution whose account on the ledger is debited (see the module `agents`).
    pub debtor_agent: AgentIdentification,
    /// The institution whose account on the ledger is credited (see the module `agents`).
    pub creditor_agent: AgentIdentification,
    /// The account of `debtor_agent` to debit; none means its settlement account in the currency.
    pub debtor_agent_account: Option<AccountNumber>,
    /// The account of `creditor_agent` to credit; none means its settlement account in the currency.
    pub creditor_agent_account: Option<AccountNumber>,
    /// The purpose by the ISO 20022 external code set (`Purp/Cd`).
    pub purpose: Option<ExternalCode>,
    /// The purpose by a national list (`Purp/Prtry`, else the first `RgltryRptg/Dtls/Cd`).
    pub local_purpose: Option<Max35Text>,
}

/// The settlement's place in the queue (`SttlmPrty`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub enum Priority {
    /// `URGT`.
    #[serde(rename = "URGT")]
    Urgent,
    /// `HIGH`.
    #[serde(rename = "HIGH")]
    High,
    /// `NORM`.
    #[serde(rename = "NORM")]
    Normal,
}

impl Priority {
    /// The code of ISO 20022.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Urgent => "URGT",
            Self::High => "HIGH",
            Self::Normal => "NORM",
        }
    }
    /// The priority with this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::Urgent, Self::High, Self::Normal]
            .into_iter()
            .find(|priority| priority.code() == code)
    }
}

/// Who bears the charges of a payment (`ChrgBr`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub enum ChargeBearer {
    /// `DEBT`: the debtor.
    #[serde(rename = "DEBT")]
    Debtor,
    /// `CRED`: the creditor.
    #[serde(rename = "CRED")]
    Creditor,
    /// `SHAR`: each side its own.
    #[serde(rename = "SHAR")]
    Shared,
    /// `SLEV`: as the service level says.
    #[serde(rename = "SLEV")]
    ServiceLevel,
}

impl ChargeBearer {
    /// The code of ISO 20022.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Debtor => "DEBT",
            Self::Creditor => "CRED",
            Self::Shared => "SHAR",
            Self::ServiceLevel => "SLEV",
        }
    }
    /// The charge bearer with this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        [
            Self::Debtor,
            Self::Creditor,
            Self::Shared,
            Self::ServiceLevel,
        ]
        .into_iter()
        .find(|bearer| bearer.code() == code)
    }
}

/// The agents that a message names.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct NamedAgents {
    /// `InstgAgt` of the payment, else of the group header.
    pub instructing: Option<AgentIdentification>,
    /// `InstdAgt` of the payment, else of the group header.
    pub instructed: Option<AgentIdentification>,
    /// `DbtrAgt`; of an institution payment without one, the debtor itself.
    pub debtor_side: AgentIdentification,
    /// `CdtrAgt`; of an institution payment without one, the creditor itself.
    pub creditor_side: AgentIdentification,
}

/// A code for an authority (`RgltryRptg/Dtls`).
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct RegulatoryCode {
    /// The country whose list the code is from (`Dtls/Ctry`, else `Authrty/Ctry`).
    pub country: Option<JurisdictionCode>,
    /// The code, up to 10 characters.
    pub code: Max35Text,
}

/// Data about people and their accounts, as canonical text: white space made single, elements inside a datum sorted by
/// their path, so that the same datum always gives the same commitment. Debug output hides the values.
#[derive(Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct PrivateFields {
    /// The debtor (`Dbtr`); empty for an institution payment.
    pub debtor: Party,
    /// The debtor's account (`DbtrAcct`).
    pub debtor_account: Option<AccountNumber>,
    /// The creditor (`Cdtr`); empty for an institution payment.
    pub creditor: Party,
    /// The creditor's account (`CdtrAcct`).
    pub creditor_account: Option<AccountNumber>,
    /// On whose behalf the debtor pays (`UltmtDbtr`).
    pub ultimate_debtor: Party,
    /// For whom the creditor receives (`UltmtCdtr`).
    pub ultimate_creditor: Party,
    /// Who initiated the payment (`InitgPty`).
    pub initiating_party: Party,
    /// Lines of unstructured remittance information (`RmtInf/Ustrd`).
    pub remittance_lines: Vec<String>,
    /// Structured remittance information (`RmtInf/Strd`).
    pub remittance_documents: Vec<String>,
    /// What the authorities are told beyond codes (`RgltryRptg`).
    pub regulatory_reports: Vec<String>,
    /// Instructions for agents (`InstrForCdtrAgt`, `InstrForNxtAgt`), which may name people.
    pub agent_instructions: Vec<String>,
}

/// A party of a payment.
#[derive(Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Party {
    /// `Nm`.
    pub name: Option<String>,
    /// `PstlAdr`, lines `element=text`.
    pub address: Option<String>,
    /// `Id`, or for an institution `FinInstnId`; lines `path=text`.
    pub identification: Option<String>,
    /// `CtryOfRes`.
    pub residence: Option<String>,
    /// `CtctDtls`, lines `path=text`.
    pub contact: Option<String>,
}

impl PrivateFields {
    /// Every datum that is there, with a stable label for its commitment, in a fixed order.
    #[must_use]
    pub fn entries(&self) -> Vec<(String, &str)> {
        let mut entries = Vec::new();
        let parties = [
            ("debtor", &self.debtor),
            ("creditor", &self.creditor),
            ("ultimate_debtor", &self.ultimate_debtor),
            ("ultimate_creditor", &self.ultimate_creditor),
            ("initiating_party", &self.initiating_party),
        ];
        for (role, party) in parties {
            for (label, value) in party.entries() {
                entries.push((format!("{role}/{label}"), value));
            }
        }
        let accounts = [
            ("debtor_account", &self.debtor_account),
            ("creditor_account", &self.creditor_account),
        ];
        for (label, account) in accounts {
            if let Some(account) = account {
                entries.push((label.to_owned(), account.as_str()));
            }
        }
        let lists = [
            ("remittance_line", &self.remittance_lines),
            ("remittance_document", &self.remittance_documents),
            ("regulatory_report", &self.regulatory_reports),
            ("agent_instruction", &self.agent_instructions),
        ];
        for (label, values) in lists {
            for (number, value) in (1..).zip(values) {
                let number: usize = number;
                entries.push((format!("{label}/{number}"), value.as_str()));
            }
        }
        entries
    }
}

impl Party {
    fn entries(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            ("name", &self.name),
            ("address", &self.address),
            ("identification", &self.identification),
            ("residence", &self.residence),
            ("contact", &self.contact),
        ]
        .into_iter()
        .filter_map(|(label, value)| value.as_deref().map(|value| (label, value)))
    }
}

impl fmt::Debug for PrivateFields {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let labels = self.entries().into_iter().map(|(label, _)| label);
        formatter.write_str("PrivateFields")?;
        formatter.debug_list().entries(labels).finish()
    }
}

impl fmt::Debug for Party {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Party")?;
        formatter
            .debug_list()
            .entries(self.entries().map(|(label, _)| label))
            .finish()
    }
}
