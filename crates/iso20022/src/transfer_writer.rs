//! Writes pacs.008.001.08 and pacs.009.001.08, as far as the demonstration and the load generator need them: what is
//! written here is read back by [`crate::read`] with the same fields.

use crate::profile::SettlementMethod;
use crate::status_report::ReportHeader;
use crate::transfer::{ChargeBearer, Priority, TransferKind};
use crate::xml_writer::{HeaderOut, XmlWriter, write_enveloped};
use karwan_types::{
    AccountNumber, AgentIdentification, Amount, CurrencyCode, Date, ExternalCode, Max35Text,
    Timestamp, Uetr,
};

/// A credit transfer message to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutgoingMessage {
    /// Which message.
    pub kind: TransferKind,
    /// `MsgId`.
    pub message_id: Max35Text,
    /// `CreDtTm`.
    pub created: Timestamp,
    /// The day of settlement of all payments.
    pub settlement_date: Date,
    /// `SttlmMtd`.
    pub settlement_method: SettlementMethod,
    /// The header to write in front; none writes the `Document` alone.
    pub header: Option<ReportHeader>,
    /// The payments.
    pub transfers: Vec<OutgoingTransfer>,
}

/// A payment to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutgoingTransfer {
    /// `InstrId`.
    pub instruction_id: Option<Max35Text>,
    /// `EndToEndId`.
    pub end_to_end_id: Max35Text,
    /// The payment's identity.
    pub uetr: Uetr,
    /// The amount in minor units.
    pub amount: Amount,
    /// Its currency.
    pub currency: CurrencyCode,
    /// `SttlmPrty`.
    pub priority: Priority,
    /// The institution that pays: `InstgAgt` and `DbtrAgt`, of an institution payment `InstgAgt` and `Dbtr`.
    pub debtor_agent: AgentIdentification,
    /// The institution that is paid: `InstdAgt` and `CdtrAgt`, of an institution payment `InstdAgt` and `Cdtr`.
    pub creditor_agent: AgentIdentification,
    /// The debtor of a customer payment; not written in an institution payment.
    pub debtor: OutgoingParty,
    /// The creditor of a customer payment; not written in an institution payment.
    pub creditor: OutgoingParty,
    /// `Purp/Cd`.
    pub purpose: Option<ExternalCode>,
    /// `RmtInf/Ustrd`.
    pub remittance: Option<String>,
}

/// A customer to write.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutgoingParty {
    /// `Nm`.
    pub name: Option<String>,
    /// The account.
    pub account: Option<AccountNumber>,
}

/// Writes a message: the `Document`, or with a header an `Envelope` that holds `AppHdr` and `Document`.
#[must_use]
pub fn write_credit_transfers(message: &OutgoingMessage) -> String {
    let definition = message.kind.definition();
    let header = message.header.as_ref().map(|header| HeaderOut {
        from: Some(&header.from),
        to: Some(&header.to),
        business_message_id: &message.message_id,
        definition,
        business_service: header.business_service.as_deref(),
        created: message.created,
    });
    write_enveloped(header.as_ref(), definition, |xml| {
        xml.element(message.kind.message_element(), |xml| {
            xml.element("GrpHdr", |xml| {
                xml.leaf("MsgId", message.message_id.as_str());
                xml.leaf("CreDtTm", &message.created.to_string());
                xml.leaf("NbOfTxs", &message.transfers.len().to_string());
                xml.element("SttlmInf", |xml| {
                    xml.leaf("SttlmMtd", message.settlement_method.code())
                });
            });
            for transfer in &message.transfers {
                write_transfer(xml, message, transfer);
            }
        });
    })
}

fn write_transfer(xml: &mut XmlWriter, message: &OutgoingMessage, transfer: &OutgoingTransfer) {
    xml.element("CdtTrfTxInf", |xml| {
        xml.element("PmtId", |xml| {
            xml.optional(
                "InstrId",
                transfer.instruction_id.as_ref().map(Max35Text::as_str),
            );
            xml.leaf("EndToEndId", transfer.end_to_end_id.as_str());
            xml.leaf("UETR", &transfer.uetr.to_string());
        });
        let decimal = transfer.amount.to_decimal(transfer.currency);
        xml.amount("IntrBkSttlmAmt", transfer.currency.as_str(), &decimal);
        xml.leaf("IntrBkSttlmDt", &message.settlement_date.to_string());
        xml.leaf("SttlmPrty", transfer.priority.code());
        match message.kind {
            TransferKind::Customer => {
                xml.leaf("ChrgBr", ChargeBearer::Shared.code());
                xml.agent("InstgAgt", &transfer.debtor_agent);
                xml.agent("InstdAgt", &transfer.creditor_agent);
                write_party(xml, "Dbtr", "DbtrAcct", &transfer.debtor);
                xml.agent("DbtrAgt", &transfer.debtor_agent);
                xml.agent("CdtrAgt", &transfer.creditor_agent);
                write_party(xml, "Cdtr", "CdtrAcct", &transfer.creditor);
            }
            TransferKind::FinancialInstitution => {
                xml.agent("InstgAgt", &transfer.debtor_agent);
                xml.agent("InstdAgt", &transfer.creditor_agent);
                xml.agent("Dbtr", &transfer.debtor_agent);
                xml.agent("Cdtr", &transfer.creditor_agent);
            }
        }
        if let Some(purpose) = &transfer.purpose {
            xml.element("Purp", |xml| xml.leaf("Cd", purpose.as_str()));
        }
        if let Some(remittance) = &transfer.remittance {
            xml.element("RmtInf", |xml| xml.leaf("Ustrd", remittance));
        }
    });
}

fn write_party(
    xml: &mut XmlWriter,
    name: &'static str,
    account_name: &'static str,
    party: &OutgoingParty,
) {
    xml.element(name, |xml| xml.optional("Nm", party.name.as_deref()));
    let Some(account) = &party.account else {
        return;
    };
    xml.element(account_name, |xml| {
        xml.element("Id", |xml| {
            if account.is_iban() {
                xml.leaf("IBAN", account.as_str());
            } else {
                xml.element("Othr", |xml| xml.leaf("Id", account.as_str()));
            }
        });
    });
}
