//! The state as bytes, for checkpoint files and for a node that joins: rows with their places in the tree, so that the
//! restored state has the same root and stays equal ever after.
//!
//! Form: for each table its number of rows (`u64`), then for each row slot (`u32`), key and row, each with its length
//! (`u32`), all little-endian. Whoever reads compares the root with a certified header; bytes from a stranger prove nothing by themselves.

use crate::rulebook::Rulebook;
use crate::state::{CHAIN_ROW, State};
use crate::state_tree::StateTreeError;
use crate::table::Table;
use karwan_types::{CodecError, DurationMs};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// The most bytes of one row: a bulk instruction that waits for a checker is the largest.
pub const ROW_BYTES_MAX: usize = 2 << 20;

/// Why bytes are no checkpoint.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// A section ends early, is too long, or bytes follow the last.
    #[error("the checkpoint's sections do not fit its length")]
    Section,
    /// A row cannot be read.
    #[error("a row of the checkpoint cannot be read: {0}")]
    Row(#[from] CodecError),
    /// The rows do not form a tree.
    #[error("the rows of the checkpoint do not form a tree: {0}")]
    Tree(#[from] StateTreeError),
}

impl State {
    /// The whole state as bytes. The state must be sealed.
    #[must_use]
    pub fn to_checkpoint(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        write(&mut bytes, &self.chain);
        write(&mut bytes, &self.currencies);
        write(&mut bytes, &self.participants);
        write(&mut bytes, &self.keys);
        write(&mut bytes, &self.accounts);
        write(&mut bytes, &self.records);
        write(&mut bytes, &self.approvals);
        write(&mut bytes, &self.transactions);
        write(&mut bytes, &self.references);
        write(&mut bytes, &self.validator_changes);
        write(&mut bytes, &self.rulebooks);
        write(&mut bytes, &self.emergencies);
        write(&mut bytes, &self.queue);
        write(&mut bytes, &self.limits);
        write(&mut bytes, &self.cycles);
        write(&mut bytes, &self.rate_fixes);
        write(&mut bytes, &self.quotes);
        write(&mut bytes, &self.exchanges);
        write(&mut bytes, &self.recalls);
        write(&mut bytes, &self.licences);
        write(&mut bytes, &self.freezes);
        write(&mut bytes, &self.business_days);
        write(&mut bytes, &self.credit_lines);
        write(&mut bytes, &self.usage);
        write(&mut bytes, &self.wound_down);
        write(&mut bytes, &self.attestations);
        write(&mut bytes, &self.pair_sums);
        bytes
    }
    /// Restores a state. The caller compares its root with a certified header.
    ///
    /// # Errors
    /// `CheckpointError` when the bytes are not what [`State::to_checkpoint`] writes.
    pub fn from_checkpoint(bytes: &[u8]) -> Result<Self, CheckpointError> {
        let mut rest = bytes;
        let chain: Table<u8, crate::state::ChainRecord> = read(&mut rest)?;
        let row = chain
            .get(&CHAIN_ROW)
            .cloned()
            .ok_or(CheckpointError::Section)?;
        let version = row.rulebook;
        let mut state = Self::empty(
            row,
            Arc::new(Rulebook::plain(
                DurationMs::from_millis(1),
                DurationMs::from_millis(1),
            )),
        );
        state.chain = chain;
        state.currencies = read(&mut rest)?;
        state.participants = read(&mut rest)?;
        state.keys = read(&mut rest)?;
        state.accounts = read(&mut rest)?;
        state.records = read(&mut rest)?;
        state.approvals = read(&mut rest)?;
        state.transactions = read(&mut rest)?;
        state.references = read(&mut rest)?;
        state.validator_changes = read(&mut rest)?;
        state.rulebooks = read(&mut rest)?;
        state.emergencies = read(&mut rest)?;
        state.queue = read(&mut rest)?;
        state.limits = read(&mut rest)?;
        state.cycles = read(&mut rest)?;
        state.rate_fixes = read(&mut rest)?;
        state.quotes = read(&mut rest)?;
        state.exchanges = read(&mut rest)?;
        state.recalls = read(&mut rest)?;
        state.licences = read(&mut rest)?;
        state.freezes = read(&mut rest)?;
        state.business_days = read(&mut rest)?;
        state.credit_lines = read(&mut rest)?;
        state.usage = read(&mut rest)?;
        state.wound_down = read(&mut rest)?;
        state.attestations = read(&mut rest)?;
        state.pair_sums = read(&mut rest)?;
        if !rest.is_empty() {
            return Err(CheckpointError::Section);
        }
        let active = state.rulebooks.get(&version);
        let active = active.ok_or(CheckpointError::Section)?;
        state.rules = Arc::new(active.rulebook.clone());
        state.derive_indices();
        Ok(state)
    }
}

fn write<K, V>(bytes: &mut Vec<u8>, table: &Table<K, V>)
where
    K: Ord + Clone + Serialize + DeserializeOwned,
    V: Clone + Serialize + DeserializeOwned,
{
    let rows = u64::try_from(table.len()).expect("a length fits 64 bits");
    bytes.extend_from_slice(&rows.to_le_bytes());
    for (slot, key, row) in table.parts() {
        bytes.extend_from_slice(&slot.to_le_bytes());
        for part in [&key, &row] {
            let length = u32::try_from(part.len()).expect("a row is far below 4 GiB");
            bytes.extend_from_slice(&length.to_le_bytes());
            bytes.extend_from_slice(part);
        }
    }
}

fn read<K, V>(rest: &mut &[u8]) -> Result<Table<K, V>, CheckpointError>
where
    K: Ord + Clone + Serialize + DeserializeOwned,
    V: Clone + Serialize + DeserializeOwned,
{
    let rows = u64::from_le_bytes(take_array(rest)?);
    let mut parts = Vec::new();
    for _ in 0..rows {
        let slot = u32::from_le_bytes(take_array(rest)?);
        let key = take_part(rest)?;
        let row = take_part(rest)?;
        parts.push((slot, key, row));
    }
    Table::from_parts(parts)
}

fn take_part(rest: &mut &[u8]) -> Result<Vec<u8>, CheckpointError> {
    let length = usize::try_from(u32::from_le_bytes(take_array(rest)?))
        .map_err(|_| CheckpointError::Section)?;
    let (part, left) = rest
        .split_at_checked(length)
        .ok_or(CheckpointError::Section)?;
    *rest = left;
    Ok(part.to_vec())
}

fn take_array<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], CheckpointError> {
    let (part, left) = rest
        .split_first_chunk::<N>()
        .ok_or(CheckpointError::Section)?;
    *rest = left;
    Ok(*part)
}
