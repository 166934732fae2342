//! The way from bytes to a document: decode, parse, find the message, read it.

use crate::cursor::Cursor;
use crate::envelope::{Found, Search};
use crate::message::{Message, read_message};
use crate::profile::Profile;
use crate::refusal::{IsoReason, Refusal};
use crate::transfer::Document;
use crate::xml::{Element, decode, parse};

/// Reads a file that holds one pacs.008.001.08 or pacs.009.001.08.
///
/// A file is taken whole or not at all: one payment in it that breaks a rule refuses the file, as a schema error would.
/// What the ledger decides (funds, agents, duplicates) is answered for each payment by itself.
///
/// # Errors
/// [`Refusal`], with the ISO reason, a sentence for the sender, and the place.
pub fn read(xml: &[u8], profile: &Profile) -> Result<Document, Refusal> {
    let message = read_any(xml, profile)?;
    if let Message::Transfers(document) = message {
        return Ok(document);
    }
    Err(Refusal::of_file(format!(
        "The file is a {}, where a credit transfer (pacs.008.001.08 or pacs.009.001.08) is expected.",
        message.definition()
    )))
}

/// Reads a file that holds one message of any kind that is read: a credit transfer, a return, a request for cancellation, the
/// answer to one, or a request for status.
///
/// # Errors
/// [`Refusal`], with the ISO reason, a sentence for the sender, and the place.
pub fn read_any(xml: &[u8], profile: &Profile) -> Result<Message, Refusal> {
    in_its_envelope(xml, |search, text, root| {
        read_found(&search.message()?, text, root, profile)
    })
}

/// Finds the message of a file, which may be embedded as a text in another XML, and hands it over with the text it is in and
/// the root of that.
pub(crate) fn in_its_envelope<T>(
    xml: &[u8],
    take: impl Fn(&Search<'_>, &str, &Element<'_>) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    let text = decode(xml)?;
    let root = parse(text)?;
    let outer = Search::through(Cursor::root(&root));
    for embedded in outer.embedded_texts() {
        // A text that only looks like XML is no reason to refuse its envelope.
        let Ok(inner) = parse(embedded) else { continue };
        let search = Search::through(Cursor::root(&inner));
        if search.holds_document() {
            return take(&search.with_headers_of(&outer), embedded, &inner);
        }
    }
    take(&outer, text, &root)
}

fn read_found(
    found: &Found<'_>,
    text: &str,
    root: &Element<'_>,
    profile: &Profile,
) -> Result<Message, Refusal> {
    let document = found.document.element();
    check_namespaces(&found.document)?;
    if document.span != root.span {
        check_stands_alone(found, text)?;
    }
    read_message(found, text, profile)
}

/// Every element of a message is in the message's namespace, except what its supplementary data carries.
pub(crate) fn check_namespaces(here: &Cursor<'_>) -> Result<(), Refusal> {
    for child in here.children() {
        if child.element().namespace != here.element().namespace {
            return Err(child.refuse(
                IsoReason::InvalidFileFormat,
                format!(
                    "The element {} is in another namespace than its message. Remove it or declare it in the \
                     message's namespace.",
                    child.element().name
                ),
            ));
        }
        if child.element().name != "SplmtryData" {
            check_namespaces(&child)?;
        }
    }
    Ok(())
}

/// The Document's own bytes are hashed and handed to the creditor, without the envelope: they must mean the same there.
fn check_stands_alone(found: &Found<'_>, text: &str) -> Result<(), Refusal> {
    let document = found.document.element();
    let alone = parse(&text[document.span.clone()]);
    let same = alone.as_ref().is_ok_and(|element| {
        element.namespace == document.namespace && check_namespaces(&Cursor::root(element)).is_ok()
    });
    if same {
        return Ok(());
    }
    Err(found.document.refuse(
        IsoReason::InvalidFileFormat,
        "The Document relies on a namespace that its envelope declares, so it cannot be delivered without the \
         envelope. Declare the namespace (xmlns) on the element Document itself.",
    ))
}
