//! Sorted runs: writing one, looking a key up in one, and reading several in one order.

use super::chunk::{CHUNK_BYTES, Chunk, Group, hit_bytes};
use super::key::{Hit, place};
use super::store::{BATCH_ENTRIES_MAX, IndexFault, Store};

/// Writes the chunks of a run, entry by entry in their order.
pub(super) struct RunWriter<'a> {
    store: &'a Store,
    run: u64,
    /// The chunk being filled, and the place it is stored at. The first chunk of a run has the empty place, so that every
    /// lookup finds a chunk at or before its key.
    chunk: Chunk,
    chunk_place: Vec<u8>,
    chunk_bytes: usize,
    batch: Vec<(Vec<u8>, Vec<u8>)>,
}

impl<'a> RunWriter<'a> {
    pub(super) fn new(store: &'a Store, run: u64) -> Self {
        Self {
            store,
            run,
            chunk: Chunk {
                run,
                ..Chunk::default()
            },
            chunk_place: Vec::new(),
            chunk_bytes: 0,
            batch: Vec::new(),
        }
    }

    /// Adds an entry; entries come in the order of their places.
    pub(super) fn push(&mut self, key: &[u8], hit: Hit) -> Result<(), IndexFault> {
        if self.chunk_bytes >= CHUNK_BYTES {
            self.close_chunk(place(key, hit))?;
        }
        match self.chunk.groups.last_mut() {
            Some(group) if group.key == key => group.hits.push(hit),
            Some(_) | None => {
                self.chunk_bytes = self.chunk_bytes.saturating_add(Group::bytes(key));
                self.chunk.groups.push(Group {
                    key: key.to_vec(),
                    hits: vec![hit],
                });
            }
        }
        self.chunk_bytes = self.chunk_bytes.saturating_add(hit_bytes());
        Ok(())
    }

    /// Closes the run.
    pub(super) fn finish(mut self) -> Result<(), IndexFault> {
        self.close_chunk(Vec::new())?;
        let batch = std::mem::take(&mut self.batch);
        self.store.put_chunks(self.run, batch)
    }

    fn close_chunk(&mut self, next: Vec<u8>) -> Result<(), IndexFault> {
        let following = Chunk {
            run: self.run,
            number: self.chunk.number.saturating_add(1),
            ..Chunk::default()
        };
        let mut closed = std::mem::replace(&mut self.chunk, following);
        let closed_place = std::mem::replace(&mut self.chunk_place, next.clone());
        closed.next = next;
        self.chunk_bytes = 0;
        let bytes = closed.encode(&closed_place);
        self.batch.push((closed_place, bytes));
        if self.batch.len() == BATCH_ENTRIES_MAX {
            let batch = std::mem::take(&mut self.batch);
            self.store.put_chunks(self.run, batch)?;
        }
        Ok(())
    }
}

/// Adds the hits of a key in a run, newest first, until there are `most`. Only those before `before`, if it is given.
pub(super) fn find_in_run(
    store: &Store,
    run: u64,
    key: &[u8],
    before: Option<Hit>,
    most: usize,
    hits: &mut Vec<Hit>,
) -> Result<(), IndexFault> {
    // The place of `before` itself is passed over below; without it, the key alone lies before all of its entries.
    let from = before.map_or_else(|| key.to_vec(), |before| place(key, before));
    let missing = || IndexFault::Chunk { run };
    let (place, first) = store.chunk_before(run, &from)?.ok_or_else(missing)?;
    let mut chunk = decode(run, &place, &first)?;
    if !chunk.next.is_empty() && chunk.next <= from {
        return Err(missing());
    }
    loop {
        let group = chunk.groups.iter().find(|group| group.key == key);
        for hit in group.iter().flat_map(|group| &group.hits) {
            if hits.len() == most {
                return Ok(());
            }
            if before.is_none_or(|before| *hit < before) {
                hits.push(*hit);
            }
        }
        if !chunk.next.starts_with(key) || hits.len() == most {
            return Ok(());
        }
        chunk = following(store, &chunk)?.ok_or_else(missing)?;
    }
}

/// The chunk after one; none after the last.
fn following(store: &Store, chunk: &Chunk) -> Result<Option<Chunk>, IndexFault> {
    if chunk.next.is_empty() {
        return Ok(None);
    }
    let missing = IndexFault::Chunk { run: chunk.run };
    let Some(bytes) = store.chunk(chunk.run, &chunk.next)? else {
        return Err(missing);
    };
    let next = decode(chunk.run, &chunk.next, &bytes)?;
    if chunk.number.checked_add(1) != Some(next.number) {
        return Err(missing);
    }
    Ok(Some(next))
}

fn decode(run: u64, place: &[u8], bytes: &[u8]) -> Result<Chunk, IndexFault> {
    Chunk::decode(place, bytes)
        .filter(|chunk| chunk.run == run)
        .ok_or(IndexFault::Chunk { run })
}

/// Reads a run group by group.
struct RunCursor<'a> {
    store: &'a Store,
    chunk: Chunk,
    group: usize,
}

impl<'a> RunCursor<'a> {
    fn new(store: &'a Store, run: u64) -> Result<Self, IndexFault> {
        let bytes = store.chunk(run, &[])?.ok_or(IndexFault::Chunk { run })?;
        Ok(Self {
            store,
            chunk: decode(run, &[], &bytes)?,
            group: 0,
        })
    }

    fn key(&self) -> Option<&[u8]> {
        self.chunk
            .groups
            .get(self.group)
            .map(|group| group.key.as_slice())
    }

    /// Takes the next group if it is of this key.
    fn take(&mut self, key: &[u8]) -> Result<Option<Vec<Hit>>, IndexFault> {
        let hits = match self.chunk.groups.get_mut(self.group) {
            Some(group) if group.key == key => std::mem::take(&mut group.hits),
            Some(_) | None => return Ok(None),
        };
        self.group = self.group.saturating_add(1);
        if self.group == self.chunk.groups.len()
            && let Some(next) = following(self.store, &self.chunk)?
        {
            self.chunk = next;
            self.group = 0;
        }
        Ok(Some(hits))
    }
}

/// Writes the entries of several runs, given oldest first, as one run.
pub(super) fn merge(store: &Store, runs: &[u64], merged: u64) -> Result<(), IndexFault> {
    let mut cursors = runs
        .iter()
        .rev()
        .map(|run| RunCursor::new(store, *run))
        .collect::<Result<Vec<_>, _>>()?;
    let mut writer = RunWriter::new(store, merged);
    while let Some(key) = cursors.iter().filter_map(RunCursor::key).min() {
        let key = key.to_vec();
        // From the newest run to the oldest; their heights do not overlap, so this is the order of the hits.
        for cursor in &mut cursors {
            while let Some(hits) = cursor.take(&key)? {
                for hit in hits {
                    writer.push(&key, hit)?;
                }
            }
        }
    }
    writer.finish()
}
