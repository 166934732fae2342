//! The payment that a recall, an answer, a return or a status request is about, as these messages name it.
//!
//! What must hold: the payment is known by its UETR. The other references are what the sender remembers of it; they are read
//! so that an answer can repeat them, and the ledger does not depend on them.

use crate::amounts::read_total;
use crate::catalogue::MessageDefinition;
use crate::cursor::Cursor;
use crate::refusal::{IsoReason, Refusal, quoted};
use crate::times::{date, instant};
use crate::xml_writer::XmlWriter;
use karwan_types::{
    Amount, CurrencyCode, Date, ExternalCode, Max35Text, Timestamp, Uetr, is_reason,
};

/// A payment by its references.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct OriginalPayment {
    /// The message that it came in (`OrgnlGrpInf`).
    pub message: Option<OriginalMessage>,
    /// `OrgnlInstrId`.
    pub instruction_id: Option<Max35Text>,
    /// `OrgnlEndToEndId`.
    pub end_to_end_id: Option<Max35Text>,
    /// `OrgnlTxId`.
    pub transaction_id: Option<Max35Text>,
    /// `OrgnlUETR`.
    pub uetr: Uetr,
    /// `OrgnlIntrBkSttlmAmt`.
    pub amount: Option<(Amount, CurrencyCode)>,
    /// `OrgnlIntrBkSttlmDt`.
    pub settlement_date: Option<Date>,
}

/// A message that is referred to.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct OriginalMessage {
    /// Its `MsgId`.
    pub id: Max35Text,
    /// Which message it was (`OrgnlMsgNmId`).
    pub definition: MessageDefinition,
    /// Its `CreDtTm`.
    pub created: Option<Timestamp>,
}

impl OriginalPayment {
    /// A payment of which only the UETR is known.
    #[must_use]
    pub const fn of_uetr(uetr: Uetr) -> Self {
        Self {
            message: None,
            instruction_id: None,
            end_to_end_id: None,
            transaction_id: None,
            uetr,
            amount: None,
            settlement_date: None,
        }
    }

    /// Reads the references in `here` (`TxInf`, `TxInfAndSts`).
    pub(crate) fn read(here: &Cursor<'_>) -> Result<Self, Refusal> {
        let message = match here.optional("OrgnlGrpInf")? {
            Some(group) => Some(OriginalMessage::read(&group)?),
            None => None,
        };
        Ok(Self {
            message,
            instruction_id: optional_identifier(here, "OrgnlInstrId")?,
            end_to_end_id: optional_identifier(here, "OrgnlEndToEndId")?,
            transaction_id: optional_identifier(here, "OrgnlTxId")?,
            uetr: read_original_uetr(here)?,
            amount: match here.optional("OrgnlIntrBkSttlmAmt")? {
                Some(cursor) => Some(read_total(&cursor)?),
                None => None,
            },
            settlement_date: match here.optional("OrgnlIntrBkSttlmDt")? {
                Some(cursor) => Some(date(&cursor)?),
                None => None,
            },
        })
    }

    /// Writes the message and the references, in the order of the schemas.
    pub(crate) fn write_references(&self, xml: &mut XmlWriter) {
        if let Some(message) = &self.message {
            message.write(xml);
        }
        let id = |id: &'_ Option<Max35Text>| id.as_ref().map(|id| id.as_str().to_owned());
        xml.optional("OrgnlInstrId", id(&self.instruction_id).as_deref());
        xml.optional("OrgnlEndToEndId", id(&self.end_to_end_id).as_deref());
        xml.optional("OrgnlTxId", id(&self.transaction_id).as_deref());
        xml.leaf("OrgnlUETR", &self.uetr.to_string());
    }

    /// Writes amount and date, in the order of the schemas.
    pub(crate) fn write_settlement(&self, xml: &mut XmlWriter) {
        if let Some((amount, currency)) = &self.amount {
            let decimal = amount.to_decimal(*currency);
            xml.amount("OrgnlIntrBkSttlmAmt", currency.as_str(), &decimal);
        }
        let date = self.settlement_date.map(|date| date.to_string());
        xml.optional("OrgnlIntrBkSttlmDt", date.as_deref());
    }
}

impl OriginalMessage {
    fn read(group: &Cursor<'_>) -> Result<Self, Refusal> {
        let name = group.required("OrgnlMsgNmId")?;
        let text = name.text()?;
        let definition = MessageDefinition::parse(text).ok_or_else(|| {
            let sentence = format!(
                "OrgnlMsgNmId is {}; it is a message definition such as pacs.008.001.08.",
                quoted(text)
            );
            name.refuse(IsoReason::ElementIncorrect, sentence)
        })?;
        Ok(Self {
            id: group
                .required("OrgnlMsgId")?
                .identifier(IsoReason::ElementIncorrect)?,
            definition,
            created: match group.optional("OrgnlCreDtTm")? {
                Some(cursor) => Some(instant(&cursor, IsoReason::InvalidCreationDate)?),
                None => None,
            },
        })
    }

    pub(crate) fn write(&self, xml: &mut XmlWriter) {
        xml.element("OrgnlGrpInf", |xml| {
            xml.leaf("OrgnlMsgId", self.id.as_str());
            xml.leaf("OrgnlMsgNmId", self.definition.as_str());
            let created = self.created.map(|time| time.to_string());
            xml.optional("OrgnlCreDtTm", created.as_deref());
        });
    }
}

/// An identifier that may be missing.
pub(crate) fn optional_identifier(
    here: &Cursor<'_>,
    name: &str,
) -> Result<Option<Max35Text>, Refusal> {
    match here.optional(name)? {
        Some(cursor) => cursor.identifier(IsoReason::ElementIncorrect).map(Some),
        None => Ok(None),
    }
}

fn read_original_uetr(here: &Cursor<'_>) -> Result<Uetr, Refusal> {
    match here.optional("OrgnlUETR")? {
        Some(cursor) => read_uetr(&cursor),
        None => {
            let mut refusal = here.missing("OrgnlUETR");
            refusal.sentence = "The message does not say by UETR which payment it is about. Karwan knows payments by \
                                nothing else: add OrgnlUETR, the UETR of the original."
                .to_owned();
            Err(refusal)
        }
    }
}

/// A UETR, whatever its element is called.
pub(crate) fn read_uetr(cursor: &Cursor<'_>) -> Result<Uetr, Refusal> {
    let text = cursor.text()?;
    Uetr::parse(text).map_err(|error| {
        let name = cursor.element().name;
        let sentence = format!("{name} is {}: it {}.", quoted(text), error.rule);
        cursor.refuse(IsoReason::ElementIncorrect, sentence)
    })
}

/// The one entry of a message of which the ledger takes one at a time, because each is signed and answered by itself.
pub(crate) fn only_one<'a>(here: &Cursor<'a>, name: &str) -> Result<Cursor<'a>, Refusal> {
    let mut found = here.all(name).into_iter();
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one),
        (None, _) => Err(here.missing(name)),
        (Some(_), Some(second)) => Err(second.refuse(
            IsoReason::InvalidNumberOfTransactions,
            format!(
                "The message has more than one {name}. Each is decided by itself here: send each in a message of its own."
            ),
        )),
    }
}

/// The reason in `here/element/Rsn/Cd`, which must be one of an ISO 20022 code set.
pub(crate) fn read_reason(
    here: &Cursor<'_>,
    element: &str,
    (list, set): (&[&str], &str),
) -> Result<ExternalCode, Refusal> {
    let all = here.all(element);
    let information = match all.as_slice() {
        [] => return Err(here.missing(element)),
        [one] => one,
        [_, second, ..] => {
            let sentence = format!(
                "The message gives several reasons ({element}). Give the one that decides."
            );
            return Err(second.refuse(IsoReason::ElementNotAdmitted, sentence));
        }
    };
    let reason = information.required("Rsn")?;
    if let Some(proprietary) = reason.optional("Prtry")? {
        let sentence = format!(
            "The reason is proprietary (Prtry), which the other institution cannot know. Give a code of {set} in Cd."
        );
        return Err(proprietary.refuse(IsoReason::ElementNotAdmitted, sentence));
    }
    let cursor = reason.required("Cd")?;
    let text = cursor.text()?;
    let known = ExternalCode::parse(text)
        .ok()
        .filter(|code| is_reason(list, code));
    known.ok_or_else(|| {
        let sentence = format!("The reason is {}, which is none of {set}.", quoted(text));
        cursor.refuse(IsoReason::ElementIncorrect, sentence)
    })
}

/// Writes a reason as [`read_reason`] reads it.
pub(crate) fn write_reason(
    xml: &mut XmlWriter,
    element: &'static str,
    reason: &ExternalCode,
    told: &[String],
) {
    xml.element(element, |xml| {
        xml.element("Rsn", |xml| xml.leaf("Cd", reason.as_str()));
        for line in told {
            xml.leaf("AddtlInf", line);
        }
    });
}
