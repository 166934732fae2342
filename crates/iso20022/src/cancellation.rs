//! camt.056.001.08: a debtor agent asks for a payment back. Whether the payment has settled, and so whether it is cancelled or
//! recalled, is for the ledger to know.

use crate::assignment::Assignment;
use crate::cursor::Cursor;
use crate::envelope::Header;
use crate::original::{OriginalPayment, only_one, optional_identifier, read_reason, write_reason};
use crate::refusal::Refusal;
use crate::xml_writer::{XmlWriter, write_message};
use karwan_types::{CANCELLATION_REASONS, ExternalCode, Max35Text};

/// The message definition.
pub(crate) const CANCELLATION: &str = "camt.056.001.08";
/// The element inside `Document`.
pub(crate) const CANCELLATION_ELEMENT: &str = "FIToFIPmtCxlReq";

/// A request for cancellation. Who asks and what for people may stand beside the reason (`Orgtr`, `AddtlInf`) is not read: it
/// may name people, and the ledger's answer does not depend on it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct CancellationRequest {
    /// From the debtor agent to the creditor agent.
    pub assignment: Assignment,
    /// The sender's reference of the request (`CxlId`).
    pub cancellation_id: Option<Max35Text>,
    /// The payment.
    pub original: OriginalPayment,
    /// Why (`CxlRsnInf/Rsn/Cd`), one of [`CANCELLATION_REASONS`].
    pub reason: ExternalCode,
}

impl CancellationRequest {
    pub(crate) fn read(message: &Cursor<'_>, header: Option<Header>) -> Result<Self, Refusal> {
        let underlying = only_one(message, "Undrlyg")?;
        let entry = only_one(&underlying, "TxInf")?;
        Ok(Self {
            assignment: Assignment::read((message, &entry), "Case", header)?,
            cancellation_id: optional_identifier(&entry, "CxlId")?,
            original: OriginalPayment::read(&entry)?,
            reason: read_reason(
                &entry,
                "CxlRsnInf",
                (
                    CANCELLATION_REASONS,
                    "the ISO 20022 cancellation reasons, for example CUST, DUPL, FRAD or TECH",
                ),
            )?,
        })
    }
}

/// Writes a camt.056.001.08, in an envelope when it has a header.
#[must_use]
pub fn write_cancellation_request(request: &CancellationRequest) -> String {
    let assignment = &request.assignment;
    write_message(assignment.header.as_ref(), CANCELLATION, |xml| {
        xml.element(CANCELLATION_ELEMENT, |xml| {
            assignment.write(xml);
            assignment.write_case(xml, "Case", &assignment.from);
            xml.element("CtrlData", |xml| xml.leaf("NbOfTxs", "1"));
            xml.element("Undrlyg", |xml| {
                xml.element("TxInf", |xml| write_entry(xml, request));
            });
        });
    })
}

fn write_entry(xml: &mut XmlWriter, request: &CancellationRequest) {
    let id = request.cancellation_id.as_ref().map(Max35Text::as_str);
    xml.optional("CxlId", id);
    request.original.write_references(xml);
    request.original.write_settlement(xml);
    write_reason(xml, "CxlRsnInf", &request.reason, &[]);
}
