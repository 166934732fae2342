//! A hardened reader: bytes to a bounded tree of elements with resolved namespaces.
//!
//! What must hold: nothing is expanded but the five predefined entities and numeric references; a document type is
//! refused, not skipped; every size is limited before anything grows with it; each element knows the bytes it came
//! from. It knows nothing of ISO 20022. Namespace names are compared as they are written, without resolving
//! references in them.

mod tree;

use crate::refusal::Refusal;
use quick_xml::NsReader;
use quick_xml::events::Event;
use std::borrow::Cow;
use std::ops::Range;
use std::rc::Rc;
use tree::{TextKind, Tree};

/// The largest file that is read, in bytes.
pub const FILE_BYTES_MAX: usize = 1 << 20;
/// The deepest element, the outermost one being 1.
pub const DEPTH_MAX: usize = 32;
/// Elements in a file.
pub const ELEMENTS_MAX: usize = 100_000;
/// Attributes of one element, namespace declarations included.
pub const ATTRIBUTES_MAX: usize = 16;
/// Bytes of an attribute's value.
pub const ATTRIBUTE_BYTES_MAX: usize = 1_024;
/// Bytes of an element's or attribute's name, with its prefix.
pub const NAME_BYTES_MAX: usize = 128;
/// Bytes of a namespace name.
pub const NAMESPACE_BYTES_MAX: usize = 256;
/// Namespace declarations in force at one place.
pub const NAMESPACES_MAX: usize = 32;
/// Bytes of an element's own text. CDATA sections do not count: they may hold a whole message.
pub const TEXT_BYTES_MAX: usize = 64 << 10;

/// An element with what is in it. The lifetime is that of the file's text.
#[derive(Debug)]
pub(crate) struct Element<'x> {
    /// The name without its prefix.
    pub(crate) name: &'x str,
    /// The namespace name; empty when there is none.
    pub(crate) namespace: Rc<str>,
    /// Attributes without prefix, by name, except namespace declarations.
    pub(crate) attributes: Vec<(String, String)>,
    /// Its own text, references resolved, text between child elements joined.
    pub(crate) text: Cow<'x, str>,
    /// The elements in it, in order.
    pub(crate) children: Vec<Element<'x>>,
    /// The bytes from `<` of its start tag to `>` of its end tag.
    pub(crate) span: Range<usize>,
    /// The bytes between its tags.
    pub(crate) content: Range<usize>,
}

/// The text of a file: UTF-8, without byte order mark, only characters that XML allows.
pub(crate) fn decode(bytes: &[u8]) -> Result<&str, Refusal> {
    if bytes.len() > FILE_BYTES_MAX {
        return Err(Refusal::of_file(format!(
            "The file has {} bytes; at most {FILE_BYTES_MAX} are taken. Split it into smaller files.",
            bytes.len()
        )));
    }
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        return Err(Refusal::of_file(
            "The file is in UTF-16. ISO 20022 files are in UTF-8; export it in that encoding.",
        ));
    }
    let text = core::str::from_utf8(bytes).map_err(|error| {
        Refusal::of_file(format!(
            "The file is not in UTF-8: byte {} cannot be read. Export it in UTF-8.",
            error.valid_up_to()
        ))
    })?;
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    if let Some((position, character)) = text.char_indices().find(|(_, c)| !is_xml_character(*c)) {
        return Err(at_line(
            text,
            position,
            format!(
                "The file holds the character U+{:04X}, which XML does not allow. Remove it.",
                u32::from(character)
            ),
        ));
    }
    Ok(text)
}

/// The `Char` production of XML 1.0.
fn is_xml_character(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..)
}

/// The outermost element of `text`.
pub(crate) fn parse(text: &str) -> Result<Element<'_>, Refusal> {
    let mut reader = NsReader::from_str(text);
    reader
        .resolver_mut()
        .set_max_namespace_bindings(NAMESPACES_MAX);
    let mut tree = Tree::of(text);
    loop {
        let start = position(reader.buffer_position());
        let event = match reader.read_event() {
            Ok(event) => event,
            Err(error) => return Err(malformed(text, position(reader.error_position()), &error)),
        };
        let span = start..position(reader.buffer_position());
        match event {
            Event::Start(tag) => tree.open(&reader, &tag, span)?,
            Event::Empty(tag) => {
                let end = span.end;
                tree.open(&reader, &tag, span)?;
                tree.close(end..end);
            }
            Event::End(_) => tree.close(span),
            Event::Text(piece) => tree.append(piece.xml10_content(), span, TextKind::Plain)?,
            Event::CData(piece) => tree.append(piece.xml10_content(), span, TextKind::CData)?,
            Event::GeneralRef(reference) => {
                let character = tree.resolve(&reference, span.start)?;
                tree.append(Cow::Owned(character.to_string()), span, TextKind::Plain)?;
            }
            Event::Decl(declaration) => tree.check_declaration(&declaration, span.start)?,
            Event::DocType(_) => {
                return Err(at_line(
                    text,
                    span.start,
                    "The file has a document type declaration (DOCTYPE). ISO 20022 messages have none, and it can \
                     carry an attack; remove it.",
                ));
            }
            Event::Comment(_) | Event::PI(_) => {}
            Event::Eof => return tree.finish(),
        }
    }
}

/// Positions come from a slice of at most `FILE_BYTES_MAX` bytes.
fn position(offset: u64) -> usize {
    usize::try_from(offset).expect("a position in a file of at most 1 MiB fits")
}

fn malformed(text: &str, offset: usize, error: &quick_xml::Error) -> Refusal {
    let problem: String = error
        .to_string()
        .chars()
        .filter(|c| !c.is_control())
        .take(160)
        .collect();
    at_line(
        text,
        offset,
        format!(
            "The file is not well-formed XML ({problem}). Export it again from the system that made it."
        ),
    )
}

fn at_line(text: &str, offset: usize, sentence: impl Into<String>) -> Refusal {
    let before = text.as_bytes().get(..offset).unwrap_or(text.as_bytes());
    let line = before
        .iter()
        .filter(|&&byte| byte == b'\n')
        .count()
        .saturating_add(1);
    Refusal {
        path: format!("line {line}"),
        ..Refusal::of_file(sentence)
    }
}

#[cfg(test)]
mod tests;
