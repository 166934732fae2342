//! The manifest: which runs there are, and how far the chain is indexed. It is the one entry that makes a run exist, so it is
//! written after the run's chunks and before the chunks of runs it replaces are removed.

use super::chunk::Fields;
use karwan_types::{ChainId, Hash, Height};

/// The layout of everything in the index; another version is rebuilt.
const VERSION: u32 = 1;

/// What the index holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Manifest {
    pub(super) chain: ChainId,
    pub(super) indexed_to: Height,
    pub(super) next_run: u64,
    /// Oldest first. Their heights do not overlap, so reading them from the back gives the newest entries first.
    pub(super) runs: Vec<Run>,
}

/// A sorted run: the entries of a range of blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) id: u64,
    /// 0 for runs made from blocks; a merge of runs is one level higher than they are.
    pub(super) level: u8,
    pub(super) first: Height,
    pub(super) last: Height,
}

impl Manifest {
    pub(super) const fn empty(chain: ChainId) -> Self {
        Self {
            chain,
            indexed_to: Height::GENESIS,
            next_run: 1,
            runs: Vec::new(),
        }
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend(self.chain.0.as_bytes());
        bytes.extend(self.indexed_to.get().to_le_bytes());
        bytes.extend(self.next_run.to_le_bytes());
        for run in &self.runs {
            bytes.extend(run.id.to_le_bytes());
            bytes.push(run.level);
            bytes.extend(run.first.get().to_le_bytes());
            bytes.extend(run.last.get().to_le_bytes());
        }
        bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
        bytes
    }

    /// Decodes a manifest; none when it does not check, or is of another version.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (content, crc) = bytes.split_last_chunk::<4>()?;
        if crc32fast::hash(content) != u32::from_le_bytes(*crc) {
            return None;
        }
        let mut fields = Fields(content);
        if fields.u32()? != VERSION {
            return None;
        }
        let mut manifest = Self::empty(ChainId(Hash::from_bytes(fields.array()?)));
        manifest.indexed_to = Height::new(fields.u64()?);
        manifest.next_run = fields.u64()?;
        while !fields.0.is_empty() {
            manifest.runs.push(Run {
                id: fields.u64()?,
                level: fields.u8()?,
                first: Height::new(fields.u64()?),
                last: Height::new(fields.u64()?),
            });
        }
        Some(manifest)
    }

    /// The runs of the lowest level that has more than `most`, as a range of `runs`. Levels fall from old to new, so that
    /// the runs of one level lie side by side.
    pub(super) fn crowded(&self, most: usize) -> Option<std::ops::Range<usize>> {
        let mut end = self.runs.len();
        while let Some(last) = end.checked_sub(1).and_then(|at| self.runs.get(at)) {
            let same = self.runs[..end]
                .iter()
                .rev()
                .take_while(|run| run.level == last.level)
                .count();
            if same > most {
                return Some(end - same..end);
            }
            end -= same;
        }
        None
    }
}
