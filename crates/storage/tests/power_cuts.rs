//! A validator's whole disk through power cuts: consensus log, watermark and block log in the order in which a node uses
//! them, cut at every operation, with random parts of the unsynced writes kept; and the same after a process that was killed
//! or whose sync failed, so that the next one reads what was never synced.
#![expect(clippy::unwrap_used, reason = "a failing test should panic")]

use karwan_consensus::{EngineEntry, LogEntry, SignRequest, Signer};
use karwan_storage::memory::{Fault, Kept, MemoryDisk, Unsynced};
use karwan_storage::{BlockLog, BlockLogOptions, Disk, FileSigner, StorageError};
use karwan_types::{ChainId, Hash, Height, Round, SecretKey, VoteKind};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

const HEIGHTS: u64 = 10;

fn chain() -> ChainId {
    ChainId::of_genesis(b"power cuts")
}

fn key() -> SecretKey {
    SecretKey::from_seed(&[9; 32])
}

/// What everybody outside the node remembers.
#[derive(Default)]
struct World {
    /// Blocks that were reported final.
    finals: BTreeMap<u64, Vec<u8>>,
    /// Signatures that left the signer, by height.
    signed: BTreeMap<u64, SignRequest>,
}

struct Node {
    signer: FileSigner,
    blocks: BlockLog,
}

fn start(disk: &MemoryDisk) -> Result<Node, StorageError> {
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    let (signer, _) = FileSigner::open(Arc::clone(&shared), Path::new("signer"), chain(), key())?;
    let options = BlockLogOptions {
        chain: chain(),
        synced_through: Some(signer.base()),
        segment_bytes: 400,
    };
    let (blocks, _) = BlockLog::open(shared, Path::new("blocks"), options, &mut |_| {})?;
    Ok(Node { signer, blocks })
}

/// The block that the proposer of this attempt makes: another one after every restart, unless one was voted for before.
fn proposed(height: u64, attempt: u64) -> Vec<u8> {
    format!("block {height}, attempt {attempt}").into_bytes()
}

fn hash_of_bytes(bytes: &[u8]) -> Hash {
    karwan_types::hash_of(karwan_types::HashDomain::Header, &[bytes])
}

impl Node {
    /// Decides heights until all are final or the disk fails. A body in the log is voted for again, as a replay would.
    fn run(&mut self, world: &mut World, attempt: u64) -> Result<(), StorageError> {
        while self.blocks.last().get() < HEIGHTS {
            let height = self.blocks.last().next();
            let logged =
                self.signer
                    .entries_for(height)
                    .into_iter()
                    .find_map(|entry| match entry {
                        LogEntry::Body { bytes, .. } => Some(bytes),
                        LogEntry::Engine(_) => None,
                    });
            let body = match logged {
                Some(body) => body,
                None => {
                    let bytes = proposed(height.get(), attempt);
                    self.signer.try_append(&LogEntry::Body {
                        height,
                        block_hash: hash_of_bytes(&bytes),
                        bytes: bytes.clone(),
                    })?;
                    bytes
                }
            };
            self.signer.try_sync()?;
            let request = SignRequest::Vote {
                kind: VoteKind::Precommit,
                height,
                round: Round::ZERO,
                block: Some(hash_of_bytes(&body)),
            };
            if let Err(error) = self.signer.sign(&request) {
                let is_disk = matches!(error, karwan_consensus::SignerError::Unavailable { .. });
                assert!(
                    is_disk,
                    "a replay asks for what it asked for before: {error}"
                );
                return Err(StorageError::NotStored {
                    height,
                    last: self.blocks.last(),
                });
            }
            self.signer
                .try_append(&LogEntry::Engine(EngineEntry::Validated {
                    height,
                    round: Round::ZERO,
                    block: hash_of_bytes(&body),
                    valid: true,
                }))?;
            self.signer.try_sync()?;
            let earlier = world.signed.insert(height.get(), request.clone());
            assert!(
                earlier.is_none_or(|earlier| earlier == request),
                "signed two blocks at {height}"
            );
            self.blocks.append(height, &body)?;
            self.blocks.sync()?;
            world.finals.insert(height.get(), body);
            self.signer.committed(height)?;
        }
        Ok(())
    }
}

fn new_disk() -> MemoryDisk {
    let disk = MemoryDisk::new();
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    let public = key().public_key();
    let directory = Path::new("signer");
    FileSigner::create_new(&shared, directory, chain(), &public, Height::GENESIS).unwrap();
    disk
}

fn choice(random: &mut fastrand::Rng, change: &Unsynced<'_>) -> Kept {
    let length = match change {
        Unsynced::Write { length, .. } => *length,
        Unsynced::Name { .. } | Unsynced::Truncate { .. } => 1,
    };
    match random.u8(..4) {
        0 => Kept::All,
        1 => Kept::Nothing,
        2 => Kept::First(random.usize(..=length)),
        _ => Kept::Last(random.usize(..=length)),
    }
}

#[test]
fn a_validator_that_loses_power_at_any_operation_keeps_its_blocks_and_its_word() {
    let whole = new_disk();
    let first = whole.operations();
    start(&whole)
        .unwrap()
        .run(&mut World::default(), 0)
        .unwrap();
    let operations = whole.operations() - first;
    assert!(operations > 100);
    for at in 0..operations {
        for seed in 0..8 {
            let case = format!("power cut at operation {at}, seed {seed}");
            let mut random = fastrand::Rng::with_seed(at * 100 + seed);
            let mut world = World::default();
            let disk = new_disk();
            // Up to three cuts, then an undisturbed run.
            for attempt in 0..3 {
                let offset = if attempt == 0 {
                    at
                } else {
                    random.u64(..operations)
                };
                disk.inject(disk.operations() + offset, Fault::PowerCut);
                if let Ok(mut node) = start(&disk) {
                    drop(node.run(&mut world, attempt));
                }
                disk.crash(&mut |change| choice(&mut random, change));
            }
            let mut node = start(&disk).unwrap_or_else(|error| panic!("{case}: {error}"));
            node.run(&mut world, 3).unwrap();
            assert_eq!(node.blocks.last().get(), HEIGHTS, "{case}");
            for (height, block) in &world.finals {
                let stored = node.blocks.read(Height::new(*height)).unwrap();
                assert_eq!(stored, *block, "{case}: height {height}");
            }
        }
    }
}

#[test]
fn what_a_validator_reads_back_and_tells_survives_a_power_cut_even_if_it_was_never_synced() {
    let whole = new_disk();
    let first = whole.operations();
    start(&whole)
        .unwrap()
        .run(&mut World::default(), 0)
        .unwrap();
    let operations = whole.operations() - first;
    for fault in [Fault::PowerCut, Fault::FailedSync] {
        for at in 0..operations {
            let case = format!("{fault:?} at operation {at}");
            let mut random = fastrand::Rng::with_seed(at);
            let mut world = World::default();
            let disk = new_disk();
            disk.inject(disk.operations() + at, fault);
            if let Ok(mut node) = start(&disk) {
                drop(node.run(&mut world, 0));
            }
            // Only the process ends: the disk and its cache go on.
            disk.heal();
            let node = start(&disk).unwrap_or_else(|error| panic!("{case}: {error}"));
            for height in 1..=node.blocks.last().get() {
                let told = node.blocks.read(Height::new(height)).unwrap();
                let before = world.finals.insert(height, told.clone());
                assert!(before.is_none_or(|before| before == told), "{case}");
            }
            drop(node);
            disk.crash(&mut |change| choice(&mut random, change));
            let mut node = start(&disk).unwrap_or_else(|error| panic!("{case}: {error}"));
            node.run(&mut world, 1).unwrap();
            for (height, block) in &world.finals {
                let stored = node.blocks.read(Height::new(*height)).unwrap();
                assert_eq!(stored, *block, "{case}: height {height}");
            }
        }
    }
}
