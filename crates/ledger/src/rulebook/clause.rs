//! Clauses: the law behind a rule. The ledger keeps hashes of the texts; the texts themselves stand in the document that the
//! governments published, and anybody can compare.

use super::Quorum;
use crate::rejection::Rejection;
use karwan_types::{Date, Hash, JurisdictionCode, Max35Text, Sentence};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// One clause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Clause {
    /// How receipts cite it, for example `C-10` or `PK-10`.
    pub id: Max35Text,
    /// The rule of the ledger that applies it: a section of the settlement semantics, for example `4.10`.
    pub rule: Max35Text,
    /// Whose clause it is; none for a common one.
    pub jurisdiction: Option<JurisdictionCode>,
    /// The law that it rests on, if it rests on one.
    pub law: Option<LawReference>,
    /// Its text, one hash for each language, in the order of the languages.
    pub texts: Vec<ClauseText>,
    /// How many governors must approve a change of it.
    pub quorum: Quorum,
}

/// Where a figure or a duty comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LawReference {
    /// The citation, for example `PK VAA 2026 s.70`.
    pub citation: Sentence,
    /// The date of the version cited.
    pub dated: Date,
    /// Whether somebody has compared it with the published law.
    pub verified: bool,
}

/// The text of a clause in one language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClauseText {
    /// The language by its ISO 639-1 code: `en`, `ky`, `ru`, `ur`.
    pub language: Max35Text,
    /// The hash of the text.
    pub hash: Hash,
}

/// The rules that an outcome may cite besides those that refuse.
const CITED: [&str; 5] = ["4.4", "4.5", "4.14", "6", "9"];

/// Every rule that the ledger applies, in order: a rulebook has a common clause for each.
pub(crate) fn rules() -> BTreeSet<&'static str> {
    let refusing = Rejection::CATALOGUE.iter().map(|(_, _, rule, _)| *rule);
    refusing.chain(CITED).collect()
}

impl Clause {
    /// A common clause for every rule of the ledger with no text of its own, numbered like the rules.
    #[must_use]
    pub fn plain() -> Vec<Self> {
        let clause = |rule: &str| Self {
            id: rule.parse().expect("rules are short"),
            rule: rule.parse().expect("rules are short"),
            jurisdiction: None,
            law: None,
            texts: Vec::new(),
            quorum: Quorum::All,
        };
        rules().into_iter().map(clause).collect()
    }
}
