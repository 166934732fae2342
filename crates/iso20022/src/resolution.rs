//! camt.029.001.09: what came of a request for cancellation.
//!
//! Coming in it is the creditor agent's answer to a recall. An answer that gives money back names the return in `RsltnRltdInf`,
//! so that both happen together or not at all. Going out it also tells that a case waits.

use crate::amounts::read_amount;
use crate::assignment::Assignment;
use crate::cursor::Cursor;
use crate::envelope::Header;
use crate::original::{
    OriginalPayment, only_one, optional_identifier, read_reason, read_uetr, write_reason,
};
use crate::profile::Profile;
use crate::refusal::{IsoReason, Refusal, quoted};
use crate::status_report::lines_of;
use crate::xml_writer::{XmlWriter, write_message};
use karwan_types::{Amount, CurrencyCode, ExternalCode, Max35Text, RECALL_REJECTION_REASONS, Uetr};

/// The message definition.
pub(crate) const RESOLUTION: &str = "camt.029.001.09";
/// The element inside `Document`.
pub(crate) const RESOLUTION_ELEMENT: &str = "RsltnOfInvstgtn";

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Resolution {
    /// From the creditor agent to the debtor agent, or from the ledger's operator to who asked.
    pub assignment: Assignment,
    /// The sender's reference of the answer (`CxlStsId`).
    pub status_id: Option<Max35Text>,
    /// The payment.
    pub original: OriginalPayment,
    /// The answer.
    pub answer: ResolutionAnswer,
}

/// The answer to a request for cancellation.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub enum ResolutionAnswer {
    /// CNCL: cancelled, or money comes back by this return.
    Cancelled(Option<ReturnReference>),
    /// PDCR: not decided yet.
    Pending,
    /// RJCR.
    Rejected {
        /// Why (`CxlStsRsnInf/Rsn/Cd`); coming in, one of [`RECALL_REJECTION_REASONS`].
        reason: ExternalCode,
        /// A sentence for people (`AddtlInf`); never read.
        sentence: Option<String>,
    },
}

/// The return that a resolution speaks of (`RsltnRltdInf`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct ReturnReference {
    /// The reference of the return (`UETR`).
    pub uetr: Uetr,
    /// How much comes back (`IntrBkSttlmAmt`).
    pub amount: Amount,
    /// Of which currency.
    pub currency: CurrencyCode,
}

impl ResolutionAnswer {
    const fn code(&self) -> &'static str {
        match self {
            Self::Cancelled(_) => "CNCL",
            Self::Pending => "PDCR",
            Self::Rejected { .. } => "RJCR",
        }
    }
}

impl Resolution {
    pub(crate) fn read(
        message: &Cursor<'_>,
        header: Option<Header>,
        profile: &Profile,
    ) -> Result<Self, Refusal> {
        let details = only_one(message, "CxlDtls")?;
        let entry = only_one(&details, "TxInfAndSts")?;
        let answer = match read_code(message, &entry)? {
            "CNCL" => ResolutionAnswer::Cancelled(read_return(&entry, profile)?),
            "PDCR" => ResolutionAnswer::Pending,
            _ => ResolutionAnswer::Rejected {
                reason: read_reason(
                    &entry,
                    "CxlStsRsnInf",
                    (
                        RECALL_REJECTION_REASONS,
                        "the reasons to keep the money: AC04, AGNT, AM04, ARDT, CUST, LEGL, NOAS, PTNA and RQDA",
                    ),
                )?,
                sentence: None,
            },
        };
        Ok(Self {
            assignment: Assignment::read((message, &entry), "RslvdCase", header)?,
            status_id: optional_identifier(&entry, "CxlStsId")?,
            original: OriginalPayment::read(&entry)?,
            answer,
        })
    }
}

/// CNCL, PDCR or RJCR, from the message (`Sts/Conf`) and the entry (`TxCxlSts`, where acceptance is called ACCR). Both are
/// taken when they agree.
fn read_code(message: &Cursor<'_>, entry: &Cursor<'_>) -> Result<&'static str, Refusal> {
    let known = |cursor: &Cursor<'_>| {
        let text = cursor.text()?;
        let code = match text {
            "CNCL" | "ACCR" => Some("CNCL"),
            "PDCR" => Some("PDCR"),
            "RJCR" => Some("RJCR"),
            _ => None,
        };
        code.ok_or_else(|| {
            let sentence = format!(
                "{} is {}; the answer to a recall is CNCL, PDCR or RJCR.",
                cursor.element().name,
                quoted(text)
            );
            cursor.refuse(IsoReason::ElementIncorrect, sentence)
        })
    };
    let outer = message
        .find("Sts/Conf")?
        .map(|cursor| known(&cursor))
        .transpose()?;
    let Some(cursor) = entry.optional("TxCxlSts")? else {
        return outer.ok_or_else(|| message.missing("Sts/Conf"));
    };
    let inner = known(&cursor)?;
    if outer.is_some_and(|outer| outer != inner) {
        let sentence = "TxCxlSts says something else than Sts/Conf. Correct the one that is wrong.";
        return Err(cursor.refuse(IsoReason::ElementNotAdmitted, sentence));
    }
    Ok(inner)
}

fn read_return(entry: &Cursor<'_>, profile: &Profile) -> Result<Option<ReturnReference>, Refusal> {
    let Some(related) = entry.optional("RsltnRltdInf")? else {
        return Ok(None);
    };
    let (amount, currency) = read_amount(&related.required("IntrBkSttlmAmt")?, profile)?;
    Ok(Some(ReturnReference {
        uetr: read_uetr(&related.required("UETR")?)?,
        amount,
        currency,
    }))
}

/// Writes a camt.029.001.09, in an envelope when it has a header.
#[must_use]
pub fn write_resolution(resolution: &Resolution) -> String {
    let assignment = &resolution.assignment;
    write_message(assignment.header.as_ref(), RESOLUTION, |xml| {
        xml.element(RESOLUTION_ELEMENT, |xml| {
            assignment.write(xml);
            assignment.write_case(xml, "RslvdCase", &assignment.to);
            xml.element("Sts", |xml| xml.leaf("Conf", resolution.answer.code()));
            xml.element("CxlDtls", |xml| {
                xml.element("TxInfAndSts", |xml| write_entry(xml, resolution));
            });
        });
    })
}

fn write_entry(xml: &mut XmlWriter, resolution: &Resolution) {
    let id = resolution.status_id.as_ref().map(Max35Text::as_str);
    xml.optional("CxlStsId", id);
    resolution.original.write_references(xml);
    match &resolution.answer {
        ResolutionAnswer::Rejected { reason, sentence } => {
            let told = sentence.as_deref().map(lines_of).unwrap_or_default();
            write_reason(xml, "CxlStsRsnInf", reason, &told);
        }
        ResolutionAnswer::Cancelled(Some(back)) => xml.element("RsltnRltdInf", |xml| {
            xml.leaf("UETR", &back.uetr.to_string());
            let decimal = back.amount.to_decimal(back.currency);
            xml.amount("IntrBkSttlmAmt", back.currency.as_str(), &decimal);
        }),
        ResolutionAnswer::Cancelled(None) | ResolutionAnswer::Pending => {}
    }
    resolution.original.write_settlement(xml);
}
