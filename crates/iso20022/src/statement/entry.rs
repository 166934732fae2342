//! An entry of a statement (`Ntry`): what moved, and the references by which others know it.

use super::DateOrTime;
use karwan_types::{
    AccountNumber, AgentIdentification, Amount, Date, ExternalCode, Max35Text, Uetr,
};

/// One movement of an account.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct ReportEntry {
    /// The reference of the entry within the statement (`NtryRef`).
    pub reference: Option<Max35Text>,
    /// How much, in minor units of the account's currency; above zero in the owner's favour (`CRDT`).
    pub minor: i128,
    /// Whether it is booked.
    pub status: EntryStatus,
    /// When it was booked (`BookgDt`).
    pub booked: Option<DateOrTime>,
    /// From when it counts (`ValDt`).
    pub value_date: Option<Date>,
    /// The reference of whoever keeps the account (`AcctSvcrRef`).
    pub servicer_reference: Option<Max35Text>,
    /// What kind of movement it is (`BkTxCd`).
    pub code: BankTransactionCode,
    /// The payments in it (`NtryDtls/TxDtls`).
    pub transactions: Vec<EntryTransaction>,
    /// A sentence about it (`AddtlNtryInf`).
    pub note: Option<String>,
}

/// `Ntry/Sts`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub enum EntryStatus {
    /// `BOOK`: part of the booked balance.
    Booked,
    /// `PDNG`: not booked yet.
    Pending,
    /// `INFO`: for information only.
    Information,
    /// `FUTR`: to be booked on a later day.
    Future,
}

impl EntryStatus {
    pub(super) const ALL: [Self; 4] =
        [Self::Booked, Self::Pending, Self::Information, Self::Future];

    /// The code of the external code set.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Booked => "BOOK",
            Self::Pending => "PDNG",
            Self::Information => "INFO",
            Self::Future => "FUTR",
        }
    }
}

/// A code of the ISO 20022 bank transaction code set: domain, family, sub-family.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct BankTransactionCode {
    /// For example `PMNT`.
    pub domain: ExternalCode,
    /// For example `RCDT`.
    pub family: ExternalCode,
    /// For example `XBCT`.
    pub subfamily: ExternalCode,
}

impl BankTransactionCode {
    /// The code of three parts.
    ///
    /// # Panics
    /// When a part is no code of one to four capital letters and digits: the parts are constants of the program.
    #[must_use]
    pub fn of(domain: &str, family: &str, subfamily: &str) -> Self {
        let code = |text| ExternalCode::parse(text).expect("a constant of the code set is a code");
        Self {
            domain: code(domain),
            family: code(family),
            subfamily: code(subfamily),
        }
    }
    /// What an entry without a code of the set stands for: extended domain, not available.
    #[must_use]
    pub fn not_available() -> Self {
        Self::of("XTND", "NTAV", "NTAV")
    }
}

/// A payment in an entry.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct EntryTransaction {
    /// `Refs/MsgId`.
    pub message_id: Option<Max35Text>,
    /// `Refs/AcctSvcrRef`.
    pub servicer_reference: Option<Max35Text>,
    /// `Refs/InstrId`.
    pub instruction_id: Option<Max35Text>,
    /// `Refs/EndToEndId`.
    pub end_to_end_id: Option<Max35Text>,
    /// `Refs/UETR`.
    pub uetr: Option<Uetr>,
    /// `Refs/TxId`.
    pub transaction_id: Option<Max35Text>,
    /// `Refs/ClrSysRef`.
    pub clearing_system_reference: Option<Max35Text>,
    /// `Refs/Prtry`: references of other kinds.
    pub proprietary: Vec<ProprietaryReference>,
    /// Its own amount, in minor units of the account's currency, always above zero; none when it is not told or in another
    /// currency. It says nothing about the balance: the entry's amount does.
    pub amount: Option<Amount>,
    /// `RltdPties/DbtrAcct`.
    pub debtor_account: Option<AccountNumber>,
    /// `RltdPties/CdtrAcct`.
    pub creditor_account: Option<AccountNumber>,
    /// `RltdAgts/DbtrAgt`.
    pub debtor_agent: Option<AgentIdentification>,
    /// `RltdAgts/CdtrAgt`.
    pub creditor_agent: Option<AgentIdentification>,
}

/// A reference of a kind that ISO 20022 does not name.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct ProprietaryReference {
    /// What it refers to (`Tp`).
    pub kind: Max35Text,
    /// The reference (`Ref`).
    pub reference: Max35Text,
}

impl ReportEntry {
    /// Every reference by which a payment in this entry may be known: the entry's own, those of its payments.
    pub fn references(&self) -> impl Iterator<Item = &Max35Text> {
        let own = [&self.reference, &self.servicer_reference];
        let of_transactions = self.transactions.iter().flat_map(|transaction| {
            [
                &transaction.servicer_reference,
                &transaction.instruction_id,
                &transaction.end_to_end_id,
                &transaction.transaction_id,
                &transaction.clearing_system_reference,
            ]
        });
        own.into_iter().chain(of_transactions).flatten()
    }
}
