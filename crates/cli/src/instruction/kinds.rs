//! The kinds of instruction, read once from their descriptions.

use super::fields::nearest;
use super::schema::{Field, root};
use super::text::{kebab, plain, same};
use anyhow::bail;
use karwan_ledger::Operation;
use std::sync::LazyLock;

/// A kind of instruction.
#[derive(Debug)]
pub(crate) struct Kind {
    /// Its name in the ledger, for example `PayBulk`.
    pub(crate) name: &'static str,
    /// Its subcommand, for example `pay-bulk`.
    pub(crate) command: String,
    /// What it does.
    pub(crate) description: String,
    /// What is given, required fields first.
    pub(crate) fields: Vec<Field>,
}

static KINDS: LazyLock<Vec<Kind>> = LazyLock::new(|| {
    Operation::NAMES
        .iter()
        .map(|name| Kind::read(name))
        .collect()
});

/// Every kind, in the ledger's order.
pub(crate) fn kinds() -> &'static [Kind] {
    &KINDS
}

/// The kind with this name, however it is spelled.
pub(super) fn find(name: &str) -> anyhow::Result<&'static Kind> {
    if let Some(kind) = kinds().iter().find(|kind| same(kind.name, name)) {
        return Ok(kind);
    }
    let names = kinds().iter().map(|kind| kind.name);
    bail!(
        "\"{name}\" is no kind of instruction; {}",
        nearest(name, names)
    )
}

impl Kind {
    fn read(name: &'static str) -> Self {
        let schema = Operation::schema(name).expect("every name of the list has a description");
        let command = kebab(name);
        let fields = root(schema.as_value(), &command);
        Self {
            name,
            description: plain(
                schema.as_value()["description"]
                    .as_str()
                    .unwrap_or_default(),
            ),
            command,
            fields,
        }
    }
    /// The first sentence of the description, without its full stop.
    pub(crate) fn about(&self) -> &str {
        let first = self.description.split(". ").next().unwrap_or_default();
        first.trim_end_matches('.')
    }
}
