//! Where the business message is: a bare `Document`, or one in any envelope with or without an `AppHdr`, or one
//! inside a CDATA section of another XML.
//!
//! What must hold: exactly one `Document` of ISO 20022 is taken from a file, and its header, if there is one, names the
//! same message definition. Envelopes themselves are not judged: every network has its own.

use crate::agents::{AgentSide, read_institution};
use crate::catalogue::{MessageDefinition, MessageKind, unknown_namespace_sentence};
use crate::cursor::Cursor;
use crate::refusal::{IsoReason, Refusal, quoted};
use crate::times::instant;
use karwan_types::{AgentIdentification, Max35Text, Timestamp};

/// The versions of the business application header that are read.
const HEADER_DEFINITIONS: [&str; 3] = ["head.001.001.01", "head.001.001.02", "head.001.001.04"];
/// Texts in an envelope that are tried as an embedded message.
const EMBEDDED_MAX: usize = 16;

/// What the business application header says (head.001).
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Header {
    /// Who sends (`Fr`); none when named by something else than BIC, clearing member number or LEI.
    pub from: Option<AgentIdentification>,
    /// Who receives (`To`); none as above.
    pub to: Option<AgentIdentification>,
    /// The sender's reference of the message (`BizMsgIdr`).
    pub business_message_id: Max35Text,
    /// The market practice that the message follows (`BizSvc`).
    pub business_service: Option<String>,
    /// When the header was made (`CreDt`).
    pub created: Timestamp,
}

/// The documents and headers of a tree of elements.
pub(crate) struct Search<'a> {
    documents: Vec<Cursor<'a>>,
    headers: Vec<Cursor<'a>>,
    /// Elements called `Document` of no ISO 20022 namespace.
    foreign: Vec<Cursor<'a>>,
    /// Texts that look like XML.
    embedded: Vec<Cursor<'a>>,
}

/// The one message of a file.
pub(crate) struct Found<'a> {
    /// The element `Document`, as the start of its own path.
    pub(crate) document: Cursor<'a>,
    /// The header beside it.
    pub(crate) header: Option<Cursor<'a>>,
    /// Which message it is.
    pub(crate) kind: MessageKind,
}

/// The one message of a file, before anything is known of what it must hold.
pub(crate) struct Located<'a> {
    /// The element `Document`, as the start of its own path.
    pub(crate) document: Cursor<'a>,
    /// The header beside it.
    pub(crate) header: Option<Cursor<'a>>,
    /// What its namespace says that it is.
    pub(crate) definition: MessageDefinition,
}

impl Located<'_> {
    /// Refuses a header of a definition that is not read.
    pub(crate) fn check_header(&self) -> Result<(), Refusal> {
        let unknown = self.header.as_ref().filter(|header| !is_read(header));
        unknown.map_or(Ok(()), |header| {
            let sentence = format!(
                "The application header has the namespace {}. Karwan reads head.001.001.01, .02 and .04; use one of \
                 them or send the Document alone.",
                quoted(&header.element().namespace)
            );
            Err(header.refuse(IsoReason::InvalidFileFormat, sentence))
        })
    }
}

impl<'a> Search<'a> {
    /// Looks through the whole tree, except inside the documents and headers found.
    pub(crate) fn through(root: Cursor<'a>) -> Self {
        let mut search = Self {
            documents: Vec::new(),
            headers: Vec::new(),
            foreign: Vec::new(),
            embedded: Vec::new(),
        };
        search.visit(root);
        search
    }

    /// The tree is at most `DEPTH_MAX` deep, so is this recursion.
    fn visit(&mut self, here: Cursor<'a>) {
        let element = here.element();
        match element.name {
            "Document" if MessageDefinition::from_namespace(&element.namespace).is_some() => {
                self.documents.push(here);
                return;
            }
            "AppHdr" => {
                self.headers.push(here);
                return;
            }
            "Document" => self.foreign.push(here.clone()),
            _ => {}
        }
        if element.text.trim_start().starts_with('<') && self.embedded.len() < EMBEDDED_MAX {
            self.embedded.push(here.clone());
        }
        for child in here.children() {
            self.visit(child);
        }
    }

    /// Texts to be read as XML because the tree itself holds no message.
    pub(crate) fn embedded_texts(&self) -> Vec<&'a str> {
        if !self.documents.is_empty() {
            return Vec::new();
        }
        let texts = self.embedded.iter();
        texts.map(|cursor| cursor.element().text.trim()).collect()
    }

    /// Whether there is a message at all.
    pub(crate) fn holds_document(&self) -> bool {
        !self.documents.is_empty()
    }

    /// Takes the headers of the tree that this one was embedded in.
    pub(crate) fn with_headers_of(mut self, outer: &Search<'a>) -> Self {
        self.headers.extend(outer.headers.iter().cloned());
        self
    }

    /// The one message of those that are instructions, checked against its header.
    pub(crate) fn message(&self) -> Result<Found<'a>, Refusal> {
        let located = self.located()?;
        let Some(kind) = located.definition.kind() else {
            let sentence = located.definition.refusal_sentence();
            return Err(located
                .document
                .refuse(IsoReason::InvalidFileFormat, sentence));
        };
        located.check_header()?;
        Ok(Found {
            document: located.document,
            header: located.header,
            kind,
        })
    }

    /// The one message, whichever it is. A header that is read names the same definition.
    pub(crate) fn located(&self) -> Result<Located<'a>, Refusal> {
        let document = match self.documents.as_slice() {
            [document] => document.as_root(),
            [] => return Err(self.nothing_found()),
            [_, second, ..] => {
                let sentence = "The file holds more than one message. Send each Document in a file of its own.";
                return Err(second.refuse(IsoReason::InvalidFileFormat, sentence));
            }
        };
        let definition = MessageDefinition::from_namespace(&document.element().namespace)
            .expect("only documents of an ISO 20022 namespace are collected");
        let header = match self.headers.as_slice() {
            [] => None,
            [header] => Some(header.clone()),
            [_, second, ..] => {
                let sentence = "The file holds more than one application header (AppHdr), so that it is not clear \
                                which one belongs to the message. Send one.";
                return Err(second.refuse(IsoReason::InvalidFileFormat, sentence));
            }
        };
        if let Some(header) = &header
            && is_read(header)
        {
            check_definition(header, &definition)?;
        }
        Ok(Located {
            document,
            header,
            definition,
        })
    }

    fn nothing_found(&self) -> Refusal {
        if let Some(foreign) = self.foreign.first() {
            let sentence = unknown_namespace_sentence(&foreign.element().namespace);
            return foreign.refuse(IsoReason::InvalidFileFormat, sentence);
        }
        Refusal::of_file(
            "The file is XML but holds no ISO 20022 message (no element Document). Karwan reads pacs.008.001.08 and \
             pacs.009.001.08, alone or with a business application header in an envelope.",
        )
    }
}

fn is_read(header: &Cursor<'_>) -> bool {
    MessageDefinition::from_namespace(&header.element().namespace)
        .is_some_and(|definition| HEADER_DEFINITIONS.contains(&definition.as_str()))
}

/// The header's `MsgDefIdr` must be the definition that the Document's namespace names.
fn check_definition(header: &Cursor<'_>, document: &MessageDefinition) -> Result<(), Refusal> {
    let identifier = header.required("MsgDefIdr")?;
    let text = identifier.text()?;
    if text == document.as_str() {
        return Ok(());
    }
    let name = document
        .plain_name()
        .map_or(String::new(), |name| format!(" ({name})"));
    Err(identifier.refuse(
        IsoReason::InvalidFileFormat,
        format!(
            "The header says that the message is {}, but the Document is a {document}{name}. Correct the one that is \
             wrong.",
            quoted(text)
        ),
    ))
}

/// Reads a header of one of the definitions that are read.
pub(crate) fn read_header(header: &Cursor<'_>) -> Result<Header, Refusal> {
    let business_service = match header.optional("BizSvc")? {
        Some(service) => Some(service.text()?.to_owned()),
        None => None,
    };
    // An advice tells of a payment that settles elsewhere (CBPR+ pacs.009 ADV). To settle it here would pay twice.
    let is_advice = |service: &String| service.split('.').any(|part| part == "adv");
    if business_service.as_ref().is_some_and(is_advice) {
        return Err(header.required("BizSvc")?.refuse(
            IsoReason::ElementNotAdmitted,
            "The header marks the message as an advice (ADV): its payment settles elsewhere. Karwan settles core and \
             COV messages only.",
        ));
    }
    Ok(Header {
        from: read_end(header, "Fr")?,
        to: read_end(header, "To")?,
        business_message_id: header
            .required("BizMsgIdr")?
            .identifier(IsoReason::ElementIncorrect)?,
        business_service,
        created: instant(&header.required("CreDt")?, IsoReason::InvalidCreationDate)?,
    })
}

fn read_end(header: &Cursor<'_>, name: &str) -> Result<Option<AgentIdentification>, Refusal> {
    match header.required(name)?.find("FIId/FinInstnId")? {
        Some(institution) => read_institution(&institution, AgentSide::Other),
        None => Ok(None),
    }
}
