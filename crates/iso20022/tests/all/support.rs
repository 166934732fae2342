//! What several tests need: messages to start from, profiles, and a generic tree to take XML apart and write it anew.

use karwan_iso20022::{Document, Profile, Refusal, SettlementMethod, read};
use quick_xml::NsReader;
use quick_xml::events::{BytesRef, Event};
use quick_xml::name::ResolveResult;
use std::path::PathBuf;
use std::{env, fs};

/// A pacs.008 with everything that is read in it.
pub(crate) const CUSTOMER: &str = include_str!("customer.xml");
/// A pacs.009 with everything that is read in it.
pub(crate) const INSTITUTION: &str = include_str!("institution.xml");

/// A profile that takes every settlement method that can be taken.
pub(crate) fn any_method() -> Profile {
    Profile {
        settlement_methods: [
            SettlementMethod::Clearing,
            SettlementMethod::InstructedAgent,
            SettlementMethod::InstructingAgent,
        ]
        .into(),
        ..Profile::default()
    }
}

/// Reads under Karwan's own profile.
pub(crate) fn read_default(text: &str) -> Result<Document, Refusal> {
    read(text.as_bytes(), &Profile::default())
}

/// Replaces a part of a message that must be there.
pub(crate) fn with(message: &str, from: &str, to: &str) -> String {
    assert!(message.contains(from), "the message does not hold {from}");
    message.replacen(from, to, 1)
}

/// A folder in the repository.
pub(crate) fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Real messages beside the repository, if the folder is there.
pub(crate) fn samples() -> Option<PathBuf> {
    let folder = repository().join("../shared/iso20022-samples");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: {} is not there", folder.display());
    None
}

/// The character that a reference in a text stands for.
fn referred(reference: &BytesRef<'_>) -> char {
    match (reference.resolve_char_ref().unwrap(), &**reference) {
        (Some(character), _) => character,
        (None, "lt") => '<',
        (None, "gt") => '>',
        (None, "amp") => '&',
        (None, "quot") => '"',
        (None, other) => panic!("unexpected entity {other}"),
    }
}

/// An element as any XML reader sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) attributes: Vec<(String, String)>,
    pub(crate) text: String,
    pub(crate) children: Vec<Node>,
}

impl Node {
    /// Takes a well-formed XML text apart.
    pub(crate) fn parse(text: &str) -> Self {
        let mut reader = NsReader::from_str(text);
        let mut open: Vec<Self> = Vec::new();
        loop {
            let event = reader.read_event().unwrap();
            let (tag, empty) = match event {
                Event::Start(tag) => (tag, false),
                Event::Empty(tag) => (tag, true),
                Event::End(_) => {
                    let mut node = open.pop().unwrap();
                    node.text = node.text.trim().to_owned();
                    match open.last_mut() {
                        Some(parent) => parent.children.push(node),
                        None => return node,
                    }
                    continue;
                }
                Event::Text(piece) => {
                    if let Some(node) = open.last_mut() {
                        node.text.push_str(&piece.xml10_content());
                    }
                    continue;
                }
                Event::GeneralRef(reference) => {
                    open.last_mut().unwrap().text.push(referred(&reference));
                    continue;
                }
                Event::Eof => panic!("the text ends early"),
                Event::CData(_)
                | Event::Comment(_)
                | Event::Decl(_)
                | Event::PI(_)
                | Event::DocType(_) => continue,
            };
            let namespace = match reader.resolver().resolve_element(tag.name()).0 {
                ResolveResult::Bound(namespace) => namespace.into_inner().to_owned(),
                ResolveResult::Unbound | ResolveResult::Unknown(_) => String::new(),
            };
            let attributes = tag
                .attributes()
                .map(|attribute| attribute.unwrap())
                .filter(|attribute| !attribute.key.into_inner().starts_with("xmlns"))
                .map(|attribute| {
                    (
                        attribute.key.into_inner().to_owned(),
                        attribute.value.into_owned(),
                    )
                })
                .collect();
            let node = Self {
                namespace,
                name: tag.local_name().into_inner().to_owned(),
                attributes,
                text: String::new(),
                children: Vec::new(),
            };
            match (empty, open.last_mut()) {
                (false, _) => open.push(node),
                (true, Some(parent)) => parent.children.push(node),
                (true, None) => return node,
            }
        }
    }

    /// The texts at the end of a path of names, in document order.
    pub(crate) fn texts(&self, path: &str) -> Vec<&str> {
        let mut nodes = vec![self];
        for name in path.split('/') {
            nodes = nodes
                .iter()
                .flat_map(|node| &node.children)
                .filter(|child| child.name == name)
                .collect();
        }
        nodes.into_iter().map(|node| node.text.as_str()).collect()
    }

    /// Writes the tree with other prefixes, other white space and another order of elements of different names.
    pub(crate) fn write_anew(&self, random: &mut fastrand::Rng) -> String {
        let mut text = String::from("<?xml version='1.0' encoding='UTF-8'?>");
        self.write(random, None, &mut text);
        text
    }

    fn write(&self, random: &mut fastrand::Rng, bound: Option<(&str, &str)>, out: &mut String) {
        let spaces = ["", " ", "\n", "\t", "\r\n  ", "<!-- c -->"];
        let space = |random: &mut fastrand::Rng| spaces[random.usize(..spaces.len())];
        let prefixes = ["", "a", "Doc", "x-1", "п"];
        let prefix = match bound {
            Some((prefix, namespace)) if namespace == self.namespace => prefix,
            _ => prefixes[random.usize(..prefixes.len())],
        };
        let declared = bound.is_some_and(|bound| bound == (prefix, self.namespace.as_str()));
        let name = if prefix.is_empty() {
            self.name.clone()
        } else {
            format!("{prefix}:{}", self.name)
        };
        out.push_str(&format!("<{name}"));
        let nothing_to_declare = self.namespace.is_empty() && prefix.is_empty();
        if !(declared || nothing_to_declare) {
            let colon = if prefix.is_empty() { "" } else { ":" };
            out.push_str(&format!(" xmlns{colon}{prefix}='{}'", self.namespace));
        }
        for (key, value) in &self.attributes {
            out.push_str(&format!("  {key} = '{value}' "));
        }
        out.push('>');
        if self.children.is_empty() {
            let escaped = self.text.replace('&', "&amp;").replace('<', "&#60;");
            out.push_str(&[space(random), &escaped, space(random)].concat());
        }
        for child in self.shuffled(random) {
            out.push_str(space(random));
            child.write(random, Some((prefix, &self.namespace)), out);
        }
        out.push_str(&format!("{}</{name} >", space(random)));
    }

    /// The children in another order, those of the same name in the same order.
    fn shuffled(&self, random: &mut fastrand::Rng) -> Vec<&Node> {
        let mut places: Vec<usize> = (0..self.children.len()).collect();
        random.shuffle(&mut places);
        let mut shuffled: Vec<&Node> = places.iter().map(|&place| &self.children[place]).collect();
        for index in 0..shuffled.len() {
            let name = &shuffled[index].name;
            let rank = shuffled[..index]
                .iter()
                .filter(|node| node.name == *name)
                .count();
            let in_order = self
                .children
                .iter()
                .filter(|child| child.name == *name)
                .nth(rank);
            shuffled[index] = in_order.unwrap();
        }
        shuffled
    }
}

/// Compares with the golden file. `UPDATE_GOLDEN=1` writes it anew, which is a change of the wire format.
pub(crate) fn golden(name: &str, text: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name);
    if env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, text).unwrap();
    }
    assert_eq!(
        text,
        fs::read_to_string(&path).unwrap(),
        "{}",
        path.display()
    );
}
