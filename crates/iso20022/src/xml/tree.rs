//! The tree while it is built from a parser's events, with every limit checked before the tree grows.

use super::{
    ATTRIBUTE_BYTES_MAX, ATTRIBUTES_MAX, DEPTH_MAX, ELEMENTS_MAX, Element, NAME_BYTES_MAX,
    NAMESPACE_BYTES_MAX, TEXT_BYTES_MAX, at_line, is_xml_character, malformed,
};
use crate::refusal::{Refusal, quoted};
use quick_xml::NsReader;
use quick_xml::events::{BytesDecl, BytesRef, BytesStart};
use quick_xml::name::ResolveResult;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;
use std::rc::Rc;

/// Whether text is subject to the limit for text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum TextKind {
    /// Counted.
    Plain,
    /// Not counted.
    CData,
}

/// The tree while it is built: the path of open elements, and the root once it is closed.
pub(super) struct Tree<'x> {
    text: &'x str,
    open: Vec<Element<'x>>,
    /// Plain text bytes of each open element.
    text_bytes: Vec<usize>,
    root: Option<Element<'x>>,
    elements: usize,
    namespaces: BTreeSet<Rc<str>>,
}

impl<'x> Tree<'x> {
    pub(super) fn of(text: &'x str) -> Self {
        Self {
            text,
            open: Vec::new(),
            text_bytes: Vec::new(),
            root: None,
            elements: 0,
            namespaces: BTreeSet::new(),
        }
    }

    pub(super) fn open(
        &mut self,
        reader: &NsReader<&[u8]>,
        tag: &BytesStart<'_>,
        span: Range<usize>,
    ) -> Result<(), Refusal> {
        let refuse = |sentence: String| Err(at_line(self.text, span.start, sentence));
        if self.root.is_some() {
            return refuse(
                "The file goes on after its outermost element. Send one message in each file."
                    .to_owned(),
            );
        }
        if self.open.len() >= DEPTH_MAX {
            return refuse(format!(
                "Elements lie more than {DEPTH_MAX} deep in one another; no payment message needs that."
            ));
        }
        if self.elements >= ELEMENTS_MAX {
            return refuse(format!(
                "The file has more than {ELEMENTS_MAX} elements. Split it into smaller files."
            ));
        }
        let qualified = tag.name().into_inner();
        if !is_name(qualified) {
            return refuse(format!(
                "{} is not a well-formed element name.",
                quoted(qualified)
            ));
        }
        // The event borrows the text, but says so only for as long as the event lives: take the same bytes from the
        // text.
        let name_start = span.start.saturating_add(1);
        let written = &self.text[name_start..name_start.saturating_add(qualified.len())];
        let name = written.split_once(':').map_or(written, |(_, local)| local);
        let namespace = match reader.resolver().resolve_element(tag.name()).0 {
            ResolveResult::Bound(namespace) => namespace.into_inner().to_owned(),
            ResolveResult::Unbound => String::new(),
            ResolveResult::Unknown(prefix) => {
                return refuse(format!(
                    "The prefix {} has no namespace (xmlns) declaration.",
                    quoted(&prefix)
                ));
            }
        };
        if namespace.len() > NAMESPACE_BYTES_MAX {
            return refuse(format!(
                "A namespace name is longer than {NAMESPACE_BYTES_MAX} bytes."
            ));
        }
        let attributes = self.attributes(tag, span.start)?;
        let namespace = self.intern(&namespace);
        self.elements = self.elements.saturating_add(1);
        self.text_bytes.push(0);
        self.open.push(Element {
            name,
            namespace,
            attributes,
            text: Cow::Borrowed(""),
            children: Vec::new(),
            content: span.end..span.end,
            span,
        });
        Ok(())
    }

    fn attributes(
        &self,
        tag: &BytesStart<'_>,
        start: usize,
    ) -> Result<Vec<(String, String)>, Refusal> {
        let mut attributes = Vec::new();
        for (index, attribute) in tag.attributes().enumerate() {
            if index >= ATTRIBUTES_MAX {
                let sentence = format!("An element has more than {ATTRIBUTES_MAX} attributes.");
                return Err(at_line(self.text, start, sentence));
            }
            let attribute =
                attribute.map_err(|error| malformed(self.text, start, &error.into()))?;
            let key = attribute.key.into_inner();
            if !is_name(key)
                || attribute.value.len() > ATTRIBUTE_BYTES_MAX
                || attribute.value.contains('<')
            {
                let sentence = format!(
                    "The attribute {} is not well-formed or is too long.",
                    quoted(key)
                );
                return Err(at_line(self.text, start, sentence));
            }
            let value = attribute
                .normalized_value(quick_xml::XmlVersion::Explicit1_0)
                .map_err(|error| malformed(self.text, start, &error))?;
            // Only attributes without prefix have a meaning in ISO 20022; `xmlns` is no attribute of the message.
            if !key.contains(':') && key != "xmlns" {
                attributes.push((key.to_owned(), value.into_owned()));
            }
        }
        Ok(attributes)
    }

    fn intern(&mut self, namespace: &str) -> Rc<str> {
        if let Some(known) = self.namespaces.get(namespace) {
            return Rc::clone(known);
        }
        let new: Rc<str> = Rc::from(namespace);
        self.namespaces.insert(Rc::clone(&new));
        new
    }

    pub(super) fn close(&mut self, end_tag: Range<usize>) {
        // The parser has matched the end tag with a start tag; an unmatched one was an error.
        let Some(mut element) = self.open.pop() else {
            return;
        };
        self.text_bytes.pop();
        element.content.end = end_tag.start;
        element.span.end = end_tag.end;
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None => self.root = Some(element),
        }
    }

    pub(super) fn append(
        &mut self,
        piece: Cow<'x, str>,
        span: Range<usize>,
        kind: TextKind,
    ) -> Result<(), Refusal> {
        let blank = piece
            .chars()
            .all(|character| matches!(character, ' ' | '\t' | '\n' | '\r'));
        let (Some(element), Some(bytes)) = (self.open.last_mut(), self.text_bytes.last_mut())
        else {
            if blank && kind == TextKind::Plain {
                return Ok(());
            }
            let sentence =
                "There is text outside the outermost element. The file is not well-formed XML.";
            return Err(at_line(self.text, span.start, sentence));
        };
        if kind == TextKind::Plain {
            *bytes = bytes.saturating_add(piece.len());
            if *bytes > TEXT_BYTES_MAX {
                let sentence =
                    format!("An element holds more than {TEXT_BYTES_MAX} bytes of text.");
                return Err(at_line(self.text, span.start, sentence));
            }
        }
        // Indentation is not kept: it would cost more memory than the message.
        if element.text.is_empty() {
            if !blank {
                element.text = piece;
            }
        } else {
            element.text.to_mut().push_str(&piece);
        }
        Ok(())
    }

    pub(super) fn resolve(&self, reference: &BytesRef<'_>, start: usize) -> Result<char, Refusal> {
        let number = reference
            .resolve_char_ref()
            .map_err(|error| malformed(self.text, start, &error))?;
        let character = match (number, &**reference) {
            (Some(character), _) => is_xml_character(character).then_some(character),
            (None, "lt") => Some('<'),
            (None, "gt") => Some('>'),
            (None, "amp") => Some('&'),
            (None, "apos") => Some('\''),
            (None, "quot") => Some('"'),
            (None, _) => None,
        };
        character.ok_or_else(|| {
            let sentence = format!(
                "The file uses the entity {}. Entities are not expanded; write the text itself.",
                quoted(reference)
            );
            at_line(self.text, start, sentence)
        })
    }

    pub(super) fn check_declaration(
        &self,
        declaration: &BytesDecl<'_>,
        start: usize,
    ) -> Result<(), Refusal> {
        let refuse = |sentence: String| Err(at_line(self.text, start, sentence));
        if start != 0 {
            return refuse(
                "An XML declaration stands inside the file; it may stand only at its beginning."
                    .to_owned(),
            );
        }
        match declaration.version() {
            Ok(version) if version == "1.0" => {}
            Ok(version) => {
                return refuse(format!(
                    "The file is in XML version {}; version 1.0 is read.",
                    quoted(&version)
                ));
            }
            Err(error) => return Err(malformed(self.text, start, &error)),
        }
        match declaration.encoding() {
            None => Ok(()),
            Some(Ok(encoding)) if encoding.eq_ignore_ascii_case("utf-8") => Ok(()),
            Some(Ok(encoding)) => refuse(format!(
                "The file declares the encoding {}. ISO 20022 files are in UTF-8; export it in that encoding.",
                quoted(&encoding)
            )),
            Some(Err(error)) => Err(malformed(self.text, start, &error.into())),
        }
    }

    pub(super) fn finish(self) -> Result<Element<'x>, Refusal> {
        if let Some(element) = self.open.last() {
            let sentence = format!(
                "The file ends inside the element {}. It is cut off; send it again whole.",
                quoted(element.name)
            );
            return Err(at_line(self.text, element.span.start, sentence));
        }
        self.root.ok_or_else(|| {
            Refusal::of_file("The file holds no XML element. Send an ISO 20022 message.")
        })
    }
}

/// Letters, digits and `_ - .`, with at most one colon that divides two such parts.
fn is_name(name: &str) -> bool {
    let part = |part: &str| {
        part.chars()
            .next()
            .is_some_and(|first| first.is_alphabetic() || first == '_')
            && part
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))
    };
    let (prefix, local) = name.split_once(':').unwrap_or(("x", name));
    name.len() <= NAME_BYTES_MAX && part(prefix) && part(local)
}
