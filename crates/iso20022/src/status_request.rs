//! pacs.028.001.03: an institution asks where its payments stand. It is answered with a pacs.002 and brings no instruction.

use crate::cursor::Cursor;
use crate::envelope::Header;
use crate::group::TRANSACTIONS_MAX;
use crate::original::{OriginalPayment, optional_identifier};
use crate::refusal::{IsoReason, Refusal};
use crate::times::instant;
use crate::xml_writer::write_message;
use karwan_types::{Max35Text, Timestamp};

/// The message definition.
pub(crate) const STATUS_REQUEST: &str = "pacs.028.001.03";
/// The element inside `Document`.
pub(crate) const STATUS_REQUEST_ELEMENT: &str = "FIToFIPmtStsReq";

/// A question for the status of payments.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct StatusRequest {
    /// The business application header, when the message has one.
    pub header: Option<Header>,
    /// The sender's reference of the message (`GrpHdr/MsgId`).
    pub message_id: Max35Text,
    /// When the sender made it (`GrpHdr/CreDtTm`).
    pub created: Timestamp,
    /// The payments asked for, in the order of the file; at least one, at most [`TRANSACTIONS_MAX`].
    pub payments: Vec<RequestedStatus>,
}

/// One payment that is asked for (`TxInf`).
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct RequestedStatus {
    /// The sender's reference of the question (`StsReqId`).
    pub request_id: Option<Max35Text>,
    /// The payment.
    pub original: OriginalPayment,
}

impl StatusRequest {
    pub(crate) fn read(message: &Cursor<'_>, header: Option<Header>) -> Result<Self, Refusal> {
        let group = message.required("GrpHdr")?;
        let message_id = group
            .required("MsgId")?
            .identifier(IsoReason::ElementIncorrect)?;
        let created = instant(&group.required("CreDtTm")?, IsoReason::InvalidCreationDate)?;
        let entries = message.all("TxInf");
        if entries.is_empty() {
            return Err(message.missing("TxInf"));
        }
        if entries.len() > TRANSACTIONS_MAX {
            let sentence = format!(
                "The message asks for {} payments; at most {TRANSACTIONS_MAX} are answered. Split it.",
                entries.len()
            );
            return Err(message.refuse(IsoReason::InvalidNumberOfTransactions, sentence));
        }
        let payments = entries.iter().map(|entry| {
            Ok(RequestedStatus {
                request_id: optional_identifier(entry, "StsReqId")?,
                original: OriginalPayment::read(entry)?,
            })
        });
        Ok(Self {
            header,
            message_id,
            created,
            payments: payments.collect::<Result<_, Refusal>>()?,
        })
    }
}

/// Writes a pacs.028.001.03, in an envelope when it has a header.
#[must_use]
pub fn write_status_request(request: &StatusRequest) -> String {
    write_message(request.header.as_ref(), STATUS_REQUEST, |xml| {
        xml.element(STATUS_REQUEST_ELEMENT, |xml| {
            xml.element("GrpHdr", |xml| {
                xml.leaf("MsgId", request.message_id.as_str());
                xml.leaf("CreDtTm", &request.created.to_string());
            });
            for payment in &request.payments {
                xml.element("TxInf", |xml| {
                    let id = payment.request_id.as_ref().map(Max35Text::as_str);
                    xml.optional("StsReqId", id);
                    payment.original.write_references(xml);
                });
            }
        });
    })
}
