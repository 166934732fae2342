//! Keys of a table: a misspelt one is refused, with the nearest that is known.

use crate::instruction::nearest;
use anyhow::bail;
use toml::Table;

/// Whether a table has known keys only.
pub(super) fn check<'a>(
    table: &Table,
    known: impl Iterator<Item = &'a str> + Clone,
    place: &str,
) -> anyhow::Result<()> {
    for key in table.keys() {
        if !known.clone().any(|one| one == key) {
            bail!("{key} is not known {place}; {}", nearest(key, known));
        }
    }
    Ok(())
}
