//! pacs.004.001.09: a creditor agent sends a settled payment back, whole or in part.

use crate::agents::{AgentSide, read_agent};
use crate::amounts::read_amount;
use crate::cursor::Cursor;
use crate::envelope::Header;
use crate::group::{check_count, read_method};
use crate::original::{OriginalPayment, only_one, optional_identifier, read_reason, write_reason};
use crate::profile::{Profile, SettlementMethod};
use crate::refusal::{IsoReason, Refusal};
use crate::times::{date, instant};
use crate::xml_writer::{XmlWriter, write_message};
use karwan_types::{
    AgentIdentification, Amount, CurrencyCode, Date, ExternalCode, HashDomain, Max35Text,
    RETURN_REASONS, Timestamp, Uetr, hash_of,
};

/// The message definition.
pub(crate) const RETURN: &str = "pacs.004.001.09";
/// The element inside `Document`.
pub(crate) const RETURN_ELEMENT: &str = "PmtRtr";

/// A return. Who of the customers asked for it (`RtrChain`, `Orgtr`, `OrgnlTxRef`) is not read: the ledger has the original.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct PaymentReturn {
    /// The business application header, when the message has one.
    pub header: Option<Header>,
    /// The sender's reference of the message (`GrpHdr/MsgId`).
    pub message_id: Max35Text,
    /// When the sender made it (`GrpHdr/CreDtTm`).
    pub created: Timestamp,
    /// `SttlmInf/SttlmMtd`.
    pub settlement_method: SettlementMethod,
    /// The sender's reference of the return (`RtrId`, else that of the message).
    pub return_id: Max35Text,
    /// The payment that goes back.
    pub original: OriginalPayment,
    /// How much of it, in minor units of `currency`; more than zero (`RtrdIntrBkSttlmAmt`).
    pub amount: Amount,
    /// The currency of `amount`.
    pub currency: CurrencyCode,
    /// The day of settlement (`IntrBkSttlmDt`).
    pub settlement_date: Option<Date>,
    /// Who sends back (`InstgAgt`): the creditor agent of the original.
    pub from: AgentIdentification,
    /// Who gets it back (`InstdAgt`): the debtor agent of the original.
    pub to: AgentIdentification,
    /// Why (`RtrRsnInf/Rsn/Cd`), one of [`RETURN_REASONS`].
    pub reason: ExternalCode,
    /// What the institution that gets the money back receives: the bytes of the element `Document` as they were received.
    /// Never written.
    #[serde(skip)]
    pub payload: Vec<u8>,
}

impl PaymentReturn {
    /// The reference of the return on the ledger. pacs.004 gives a return no UETR of its own, so that it follows from who
    /// returns what under which reference: the same file gives the same return.
    #[must_use]
    pub fn uetr(&self) -> Uetr {
        let hash = hash_of(
            HashDomain::Payload,
            &[
                b"pacs.004",
                self.from.to_string().as_bytes(),
                self.original.uetr.as_bytes(),
                self.return_id.as_str().as_bytes(),
            ],
        );
        let half = hash.as_bytes().first_chunk();
        Uetr::from_random_bytes(*half.expect("a hash has more than 16 bytes"))
    }

    pub(crate) fn read(
        message: &Cursor<'_>,
        header: Option<Header>,
        payload: Vec<u8>,
        profile: &Profile,
    ) -> Result<Self, Refusal> {
        let group = message.required("GrpHdr")?;
        let message_id = group
            .required("MsgId")?
            .identifier(IsoReason::ElementIncorrect)?;
        let created = instant(&group.required("CreDtTm")?, IsoReason::InvalidCreationDate)?;
        let settlement_method = read_method(&group.required("SttlmInf")?, profile)?;
        check_count(&group, message.all("TxInf").len())?;
        let entry = only_one(message, "TxInf")?;
        let (amount, currency) = read_amount(&entry.required("RtrdIntrBkSttlmAmt")?, profile)?;
        let settlement_date = match entry.optional("IntrBkSttlmDt")? {
            Some(own) => Some(date(&own)?),
            None => match group.optional("IntrBkSttlmDt")? {
                Some(common) => Some(date(&common)?),
                None => None,
            },
        };
        Ok(Self {
            header,
            created,
            settlement_method,
            return_id: optional_identifier(&entry, "RtrId")?.unwrap_or_else(|| message_id.clone()),
            message_id,
            original: OriginalPayment::read(&entry)?,
            amount,
            currency,
            settlement_date,
            from: read_end((&group, &entry), "InstgAgt", AgentSide::Debtor)?,
            to: read_end((&group, &entry), "InstdAgt", AgentSide::Creditor)?,
            reason: read_reason(
                &entry,
                "RtrRsnInf",
                (
                    RETURN_REASONS,
                    "the ISO 20022 return reasons, for example AC04, FOCR or MD07",
                ),
            )?,
            payload,
        })
    }
}

/// ISO 20022 allows the agents in the entry or in the group header. The ledger must know both.
fn read_end(
    (group, entry): (&Cursor<'_>, &Cursor<'_>),
    name: &str,
    side: AgentSide,
) -> Result<AgentIdentification, Refusal> {
    let read = |here: &Cursor<'_>| match here.optional(name)? {
        Some(agent) => read_agent(&agent, side).map(Some),
        None => Ok(None),
    };
    match (read(group)?, read(entry)?) {
        (Some(common), Some(own)) if common != own => Err(entry.refuse(
            IsoReason::ElementNotAdmitted,
            format!(
                "{name} differs from {name} in the group header. Give it in one of the two places."
            ),
        )),
        (common, own) => own.or(common).ok_or_else(|| entry.missing(name)),
    }
}

/// Writes a pacs.004.001.09, in an envelope when it has a header.
#[must_use]
pub fn write_return(message: &PaymentReturn) -> String {
    write_message(message.header.as_ref(), RETURN, |xml| {
        xml.element(RETURN_ELEMENT, |xml| {
            xml.element("GrpHdr", |xml| {
                xml.leaf("MsgId", message.message_id.as_str());
                xml.leaf("CreDtTm", &message.created.to_string());
                xml.leaf("NbOfTxs", "1");
                xml.element("SttlmInf", |xml| {
                    xml.leaf("SttlmMtd", message.settlement_method.code())
                });
            });
            xml.element("TxInf", |xml| write_entry(xml, message));
        });
    })
}

fn write_entry(xml: &mut XmlWriter, message: &PaymentReturn) {
    xml.leaf("RtrId", message.return_id.as_str());
    message.original.write_references(xml);
    message.original.write_settlement(xml);
    let decimal = message.amount.to_decimal(message.currency);
    xml.amount("RtrdIntrBkSttlmAmt", message.currency.as_str(), &decimal);
    let date = message.settlement_date.map(|date| date.to_string());
    xml.optional("IntrBkSttlmDt", date.as_deref());
    xml.agent("InstgAgt", &message.from);
    xml.agent("InstdAgt", &message.to);
    write_reason(xml, "RtrRsnInf", &message.reason, &[]);
}
