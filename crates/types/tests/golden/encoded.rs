//! The encoded side of the golden vectors: values that must read back as they were, every variant of an enum, and a check
//! that no type of a crate that has an encoding goes without a line.

use super::book::Book;
use core::fmt::Debug;
use karwan_types::{decode, encode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// One value for every variant of an enum, each with its name. A variant that is not listed does not compile.
macro_rules! every {
    ($type:ident { $($variant:ident => $value:expr),+ $(,)? }) => {
        [$($value),+].map(|value| {
            let name = match &value {
                $($type::$variant { .. } => {
                    concat!(stringify!($type), "::", stringify!($variant))
                })+
            };
            (name, value)
        })
    };
    ($type:ident { $($variant:ident),+ $(,)? }) => {
        every!($type { $($variant => $type::$variant),+ })
    };
}
pub(crate) use every;

impl Book {
    /// Adds the encoding of a value, which must read back as that value.
    pub(crate) fn value<T>(&mut self, name: &str, value: &T)
    where
        T: Serialize + DeserializeOwned + PartialEq + Debug,
    {
        let bytes = encode(value);
        let read: T = decode(&bytes, bytes.len())
            .unwrap_or_else(|error| panic!("{name} does not read back: {error}"));
        assert_eq!(read, *value, "{name}");
        self.bytes(name, &bytes);
    }

    /// Requires a line for every type in this crate's sources that has an encoding. `Type`, `Type/case`, `Type.hash` and
    /// `Enum::Type` are lines of `Type`.
    pub(crate) fn require_every_type(&self) {
        let words = |line: &(String, String)| -> Vec<String> {
            line.0.split(['.', ':', '/']).map(str::to_owned).collect()
        };
        let named: BTreeSet<String> = self.lines.iter().flat_map(words).collect();
        let mut found = 0;
        for path in sources(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))) {
            let source = fs::read_to_string(&path).unwrap();
            // The wire form of a word is covered by the lines of the word that it carries.
            for name in encoded_types(&source)
                .into_iter()
                .filter(|name| !name.ends_with("Wire"))
            {
                found += 1;
                assert!(
                    named.contains(name),
                    "{name} of {} has an encoding and no golden line",
                    path.display()
                );
            }
        }
        assert!(found > 0, "no type with an encoding was recognised");
    }
}

fn sources(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// The types that derive an encoding, and those that the word macros of `karwan_types` give one.
fn encoded_types(source: &str) -> Vec<&str> {
    let derived = source
        .split("Serialize, Deserialize")
        .skip(1)
        .filter_map(|rest| {
            let after = |keyword: &str| Some(rest.find(keyword)? + keyword.len());
            let start = [after("struct "), after("enum ")];
            identifier(&rest[start.into_iter().flatten().min()?..])
        });
    let words = ["word_serde!(", "fixed_word!("]
        .into_iter()
        .flat_map(move |start| source.split(start).skip(1))
        .filter_map(identifier);
    let texts = source.split("text_word! {").skip(1).filter_map(|rest| {
        let mut lines = rest.lines().map(str::trim);
        identifier(lines.find(|line| !line.is_empty() && !line.starts_with("//"))?)
    });
    derived.chain(words).chain(texts).collect()
}

/// The identifier at the beginning; none where a macro is defined, whose names begin with `$`.
fn identifier(text: &str) -> Option<&str> {
    let is_part = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let end = text.find(|character: char| !is_part(character))?;
    text.get(..end).filter(|name| !name.is_empty())
}
