//! What an open index holds: the database, its manifest, and the entries of recent blocks that are not in a run yet.

use super::Answer;
use super::key::{Hit, IndexEntry, IndexKey, IndexedBlock};
use super::manifest::Manifest;
use super::run::find_in_run;
use super::store::{IndexFault, RebuildReason, Store};
use karwan_types::{ChainId, Height};
use std::collections::BTreeMap;
use std::path::Path;

pub(super) struct State {
    pub(super) store: Store,
    pub(super) manifest: Manifest,
    /// Entries after the manifest's height, by sorted key; the hits of a key ascend.
    pub(super) recent: BTreeMap<Vec<u8>, Vec<Hit>>,
    pub(super) recent_entries: usize,
    pub(super) indexed_to: Height,
}

impl State {
    /// Opens a folder that is there.
    pub(super) fn open(folder: &Path, chain: ChainId) -> Result<Self, RebuildReason> {
        let mut store = Store::open(folder).map_err(RebuildReason::Damaged)?;
        let manifest = read_manifest(&store);
        match manifest {
            Ok(manifest) if manifest.chain == chain => Ok(Self::new(store, manifest)),
            Ok(manifest) => {
                store.leak();
                Err(RebuildReason::OtherChain(manifest.chain))
            }
            Err(fault) => {
                store.leak();
                Err(RebuildReason::Damaged(fault))
            }
        }
    }

    /// An empty index in a new folder.
    pub(super) fn create(folder: &Path, chain: ChainId) -> Result<Self, IndexFault> {
        let store = Store::open(folder)?;
        let manifest = Manifest::empty(chain);
        store.put_manifest(&manifest.encode())?;
        Ok(Self::new(store, manifest))
    }

    fn new(store: Store, manifest: Manifest) -> Self {
        let indexed_to = manifest.indexed_to;
        Self {
            store,
            manifest,
            recent: BTreeMap::new(),
            recent_entries: 0,
            indexed_to,
        }
    }

    /// Adds a block after the last one.
    pub(super) fn add(&mut self, block: IndexedBlock) {
        let height = block.height;
        let mut entries = block.entries;
        entries.sort_unstable();
        entries.dedup();
        self.recent_entries = self.recent_entries.saturating_add(entries.len());
        for IndexEntry { key, position } in entries {
            let hit = Hit { height, position };
            self.recent
                .entry(key.sorted().to_vec())
                .or_default()
                .push(hit);
        }
        self.indexed_to = height;
    }

    /// The newest hits of a key, at most `most`; see [`super::Index::find`].
    pub(super) fn find(
        &self,
        key: &IndexKey,
        before: Option<Hit>,
        most: usize,
    ) -> Result<Answer, IndexFault> {
        let key = key.sorted();
        let recent = self.recent.get(key).map_or(&[][..], Vec::as_slice);
        let mut hits: Vec<Hit> = recent
            .iter()
            .rev()
            .filter(|hit| before.is_none_or(|before| **hit < before))
            .take(most)
            .copied()
            .collect();
        for run in self.manifest.runs.iter().rev() {
            let newer_only = before.is_some_and(|before| before.height < run.first);
            if hits.len() < most && !newer_only {
                find_in_run(&self.store, run.id, key, before, most, &mut hits)?;
            }
        }
        Ok(Answer {
            hits,
            more: false,
            indexed_to: self.indexed_to,
        })
    }
}

fn read_manifest(store: &Store) -> Result<Manifest, IndexFault> {
    let bytes = store.manifest()?.ok_or(IndexFault::Manifest)?;
    let manifest = Manifest::decode(&bytes).ok_or(IndexFault::Manifest)?;
    // Runs that the manifest does not name are left by a crash between a run and its manifest.
    let mut from = 0;
    while let Some(run) = store.run_from(from)? {
        if !manifest.runs.iter().any(|known| known.id == run) {
            store.remove_run(run)?;
        }
        from = run.saturating_add(1);
    }
    Ok(manifest)
}
