//! Text and lists with a limit that is looked at while they are read.
//!
//! What must hold: no entry beyond a limit is kept, and no room is made for entries that a text only announces.

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// The most entries of any list.
pub const IVMS101_LIST_MAX: usize = 16;

/// One to `MAX` characters without control characters and without space at either end. Debug output hides it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Text<const MAX: usize>(String);

impl<const MAX: usize> Text<MAX> {
    /// Takes a text within the limit.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        // A character has at most four bytes: the longest text is dismissed before it is walked.
        let fits = text.len() <= MAX.saturating_mul(4) && text.chars().count() <= MAX;
        let plain = !text.is_empty() && text.trim() == text && !text.chars().any(char::is_control);
        (fits && plain).then(|| Self(text.to_owned()))
    }
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> core::fmt::Debug for Text<MAX> {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter.write_str("Text(..)")
    }
}

impl<'de, const MAX: usize> Deserialize<'de> for Text<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<const MAX: usize>;
        impl<const MAX: usize> Visitor<'_> for Reader<MAX> {
            type Value = Text<MAX>;
            fn expecting(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                write!(formatter, "text of one to {MAX} characters")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Text::new(text).ok_or_else(|| E::custom("text out of its limits"))
            }
        }
        deserializer.deserialize_str(Reader::<MAX>)
    }
}

/// At most [`IVMS101_LIST_MAX`] entries.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Listed<T>(Vec<T>);

impl<T> Listed<T> {
    /// Takes a list within the limit.
    #[must_use]
    pub fn new(entries: Vec<T>) -> Option<Self> {
        (entries.len() <= IVMS101_LIST_MAX).then_some(Self(entries))
    }
    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// The entries in order.
    pub fn iter(&self) -> core::slice::Iter<'_, T> {
        self.0.iter()
    }
}

impl<'a, T> IntoIterator for &'a Listed<T> {
    type Item = &'a T;
    type IntoIter = core::slice::Iter<'a, T>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<T> Default for Listed<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Listed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<T>(core::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Reader<T> {
            type Value = Listed<T>;
            fn expecting(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                write!(formatter, "a list of at most {IVMS101_LIST_MAX} entries")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while entries.len() < IVMS101_LIST_MAX {
                    match list.next_element()? {
                        Some(entry) => entries.push(entry),
                        None => return Ok(Listed(entries)),
                    }
                }
                match list.next_element::<serde::de::IgnoredAny>()? {
                    Some(_) => Err(A::Error::custom("too many entries")),
                    None => Ok(Listed(entries)),
                }
            }
        }
        deserializer.deserialize_seq(Reader(core::marker::PhantomData))
    }
}
