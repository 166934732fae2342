//! Who turns to whom about a payment: the assignment of camt.056 and camt.029, and the case.

use crate::agents::{AgentSide, read_agent};
use crate::cursor::Cursor;
use crate::envelope::Header;
use crate::original::optional_identifier;
use crate::refusal::{IsoReason, Refusal};
use crate::times::instant;
use crate::xml_writer::XmlWriter;
use karwan_types::{AgentIdentification, Max35Text, Timestamp};

/// `Assgnmt`, with the header in front and the case inside.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Assignment {
    /// The business application header, when the message has one.
    pub header: Option<Header>,
    /// The sender's reference of the message (`Assgnmt/Id`).
    pub id: Max35Text,
    /// Who writes (`Assgnr`).
    pub from: AgentIdentification,
    /// To whom (`Assgne`).
    pub to: AgentIdentification,
    /// When (`CreDtTm`).
    pub created: Timestamp,
    /// The reference of the case, chosen by whoever opened it (`Case/Id`, `RslvdCase/Id`).
    pub case: Option<Max35Text>,
}

impl Assignment {
    /// Reads `Assgnmt` of a message, and its case in `case` of the message or of its entry.
    pub(crate) fn read(
        (message, entry): (&Cursor<'_>, &Cursor<'_>),
        case: &str,
        header: Option<Header>,
    ) -> Result<Self, Refusal> {
        let assignment = message.required("Assgnmt")?;
        Ok(Self {
            header,
            id: assignment
                .required("Id")?
                .identifier(IsoReason::ElementIncorrect)?,
            from: read_side(&assignment, "Assgnr")?,
            to: read_side(&assignment, "Assgne")?,
            created: instant(
                &assignment.required("CreDtTm")?,
                IsoReason::InvalidCreationDate,
            )?,
            case: read_case(message, entry, case)?,
        })
    }

    pub(crate) fn write(&self, xml: &mut XmlWriter) {
        xml.element("Assgnmt", |xml| {
            xml.leaf("Id", self.id.as_str());
            xml.element("Assgnr", |xml| xml.agent("Agt", &self.from));
            xml.element("Assgne", |xml| xml.agent("Agt", &self.to));
            xml.leaf("CreDtTm", &self.created.to_string());
        });
    }

    /// Writes the case; its creator is whoever asked for the money.
    pub(crate) fn write_case(
        &self,
        xml: &mut XmlWriter,
        name: &'static str,
        creator: &AgentIdentification,
    ) {
        if let Some(case) = &self.case {
            xml.element(name, |xml| {
                xml.leaf("Id", case.as_str());
                xml.element("Cretr", |xml| xml.agent("Agt", creator));
            });
        }
    }
}

fn read_side(assignment: &Cursor<'_>, name: &str) -> Result<AgentIdentification, Refusal> {
    let party = assignment.required(name)?;
    match party.optional("Agt")? {
        Some(agent) => read_agent(&agent, AgentSide::Other),
        None => Err(party.refuse(
            IsoReason::InvalidBank,
            format!("{name} names no institution (Agt). Institutions settle recalls among themselves; name it."),
        )),
    }
}

/// ISO 20022 allows the case in the message or in its entry. Both are taken when they agree.
fn read_case(
    message: &Cursor<'_>,
    entry: &Cursor<'_>,
    name: &str,
) -> Result<Option<Max35Text>, Refusal> {
    let id = |here: &Cursor<'_>| match here.optional(name)? {
        Some(case) => optional_identifier(&case, "Id"),
        None => Ok(None),
    };
    match (id(message)?, id(entry)?) {
        (Some(outer), Some(inner)) if outer != inner => Err(entry.refuse(
            IsoReason::ElementNotAdmitted,
            format!("{name} differs from {name} of the message. Give it in one of the two places."),
        )),
        (outer, inner) => Ok(inner.or(outer)),
    }
}
