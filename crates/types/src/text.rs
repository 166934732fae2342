//! How small words cross a boundary: as plain bytes in the codec, as text in JSON and TOML.
//!
//! Each word validates on the way in, so a decoded value is a valid one. The macros here only save repetition.

/// What is wrong with a code, an identifier or an amount. The sentence names the rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{word} \"{given}\": {rule}")]
pub struct WordError {
    /// Which kind of word was expected, for example `LEI`.
    pub word: &'static str,
    /// What was given, cut to 64 characters.
    pub given: String,
    /// The rule that it breaks.
    pub rule: &'static str,
}

impl WordError {
    pub(crate) fn new(word: &'static str, given: &str, rule: &'static str) -> Self {
        let given = given.chars().take(64).collect();
        Self { word, given, rule }
    }
}

/// Implements serde for a word: `Display`/`FromStr` where people read, `$inner` on the wire, with `from_wire` checking it.
macro_rules! word_serde {
    ($name:ty, $inner:ty) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.collect_str(self)
                } else {
                    serde::Serialize::serialize(&self.to_wire(), serializer)
                }
            }
        }
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                    text.parse().map_err(serde::de::Error::custom)
                } else {
                    let inner = <$inner as serde::Deserialize>::deserialize(deserializer)?;
                    Self::from_wire(inner).map_err(serde::de::Error::custom)
                }
            }
        }
    };
}

/// A bounded text word: a private `String` that `$check` has accepted.
macro_rules! text_word {
    ($(#[$doc:meta])* $name:ident, $word:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Checks `text` and keeps it.
            ///
            /// # Errors
            /// `WordError` names the rule that the text breaks.
            pub fn parse(text: &str) -> Result<Self, $crate::text::WordError> {
                let check: fn(&str) -> Result<(), &'static str> = $check;
                match check(text) {
                    Ok(()) => Ok(Self(text.to_owned())),
                    Err(rule) => Err($crate::text::WordError::new($word, text, rule)),
                }
            }
            /// The text as it was given.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
            fn to_wire(&self) -> &str {
                &self.0
            }
            fn from_wire(text: String) -> Result<Self, $crate::text::WordError> {
                Self::parse(&text)
            }
        }
        impl core::fmt::Display for $name {
            fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                formatter.write_str(&self.0)
            }
        }
        impl core::fmt::Debug for $name {
            fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                write!(formatter, "{:?}", self.0)
            }
        }
        impl core::str::FromStr for $name {
            type Err = $crate::text::WordError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text)
            }
        }
        $crate::text::word_serde!($name, String);
    };
}

pub(crate) use {text_word, word_serde};

/// The FIN-X set of ISO 20022 payments: Latin letters, digits and `/ - ? : ( ) . , ' +` and space.
pub(crate) fn is_fin_x(character: char) -> bool {
    character.is_ascii_alphanumeric() || "/-?:().,'+ ".contains(character)
}
