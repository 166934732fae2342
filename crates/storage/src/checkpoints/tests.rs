//! Checkpoints survive failures and power cuts, and a damaged one is passed over.

use super::*;
use crate::disk::RealDisk;
use crate::memory::{Fault, Kept, MemoryDisk, Unsynced};
use crate::testing::{Scratch, chain, hash, other_chain};

const DIRECTORY: &str = "checkpoints";

fn open(disk: &MemoryDisk) -> Result<Checkpoints, StorageError> {
    Checkpoints::open(Arc::new(disk.clone()), Path::new(DIRECTORY), chain())
}

fn state(height: u64) -> Vec<u8> {
    vec![u8::try_from(height).unwrap(); 40]
}

fn write(checkpoints: &Checkpoints, height: u64) -> Result<(), StorageError> {
    checkpoints.write(Height::new(height), hash(height), &state(height))
}

fn newest(checkpoints: &Checkpoints) -> (Option<u64>, usize) {
    let mut refused = 0;
    let mut checkpoints = checkpoints.newest_first().unwrap();
    let found = checkpoints.find_map(|checkpoint| {
        refused += usize::from(checkpoint.is_err());
        checkpoint.ok()
    });
    let height = found.map(|found| {
        let height = found.height.get();
        assert_eq!(found.block_hash, hash(height));
        assert_eq!(found.state, state(height));
        height
    });
    (height, refused)
}

/// A disk with checkpoints at these heights.
fn disk_with(heights: &[u64]) -> MemoryDisk {
    let disk = MemoryDisk::new();
    let checkpoints = open(&disk).unwrap();
    for height in heights {
        write(&checkpoints, *height).unwrap();
    }
    disk
}

fn path(height: u64) -> PathBuf {
    Path::new(DIRECTORY).join(file_name(Height::new(height)))
}

#[test]
fn the_last_two_checkpoints_are_kept_and_given_back() {
    let scratch = Scratch::new("checkpoints");
    let disks: [Arc<dyn Disk>; 2] = [
        Arc::new(MemoryDisk::new()),
        Arc::new(RealDisk::new(scratch.path())),
    ];
    for disk in disks {
        let checkpoints =
            Checkpoints::open(Arc::clone(&disk), Path::new(DIRECTORY), chain()).unwrap();
        assert_eq!(newest(&checkpoints), (None, 0));
        for height in [10, 20, 30, 40] {
            write(&checkpoints, height).unwrap();
            assert_eq!(newest(&checkpoints), (Some(height), 0));
        }
        assert_eq!(
            checkpoints.heights().unwrap(),
            [Height::new(40), Height::new(30)]
        );
        assert_eq!(
            disk.list(Path::new(DIRECTORY)).unwrap().len(),
            CHECKPOINTS_KEPT
        );
        // Written again, as after a restart that replayed the same blocks.
        write(&checkpoints, 40).unwrap();
        assert_eq!(newest(&checkpoints), (Some(40), 0));
    }
}

#[test]
fn a_state_of_several_parts_is_given_back() {
    let disk = MemoryDisk::new();
    let checkpoints = open(&disk).unwrap();
    let large: Vec<u8> = (0..PART_BYTES + 5).map(|at| at.to_le_bytes()[0]).collect();
    checkpoints.write(Height::new(1), hash(1), &large).unwrap();
    assert_eq!(checkpoints.read(Height::new(1)).unwrap().state, large);
    checkpoints.write(Height::new(2), hash(2), &[]).unwrap();
    assert!(checkpoints.read(Height::new(2)).unwrap().state.is_empty());
}

#[test]
fn a_damaged_newest_checkpoint_is_reported_and_the_one_before_serves() {
    let bytes = disk_with(&[10, 20]).contents(&path(20)).unwrap();
    for at in 0..bytes.len() {
        let disk = disk_with(&[10, 20]);
        let mut flipped = bytes.clone();
        flipped[at] ^= 0x40;
        disk.plant(&path(20), &flipped);
        assert_eq!(newest(&open(&disk).unwrap()), (Some(10), 1), "byte {at}");
        disk.plant(&path(20), &bytes[..at]);
        assert_eq!(newest(&open(&disk).unwrap()), (Some(10), 1), "cut at {at}");
    }
    let disk = disk_with(&[10, 20]);
    disk.plant(&path(20), &disk.contents(&path(10)).unwrap());
    let checkpoints = open(&disk).unwrap();
    assert_eq!(newest(&checkpoints), (Some(10), 1), "a renamed file");
    let all: Vec<bool> = checkpoints
        .newest_first()
        .unwrap()
        .map(|one| one.is_ok())
        .collect();
    assert_eq!(all, [false, true]);
}

#[test]
fn a_checkpoint_of_another_chain_is_refused() {
    let disk = disk_with(&[10]);
    let foreign = Checkpoints::open(Arc::new(disk), Path::new(DIRECTORY), other_chain()).unwrap();
    let refused = foreign.read(Height::new(10)).unwrap_err();
    assert!(
        matches!(refused, StorageError::OtherChain { .. }),
        "{refused}"
    );
}

#[test]
fn a_power_cut_or_failure_at_any_operation_leaves_a_sound_checkpoint() {
    let whole = disk_with(&[10, 20]);
    let before = whole.operations();
    write(&open(&whole).unwrap(), 30).unwrap();
    let operations = whole.operations() - before;
    for fault in [
        Fault::PowerCut,
        Fault::InputOutput,
        Fault::NoSpace,
        Fault::FailedSync,
    ] {
        for at in 0..=operations {
            for seed in 0..16 {
                let case = format!("{fault:?} at operation {at}, seed {seed}");
                let mut random = fastrand::Rng::with_seed(at * 100 + seed);
                let disk = disk_with(&[10, 20]);
                disk.inject(disk.operations() + at, fault);
                let written = open(&disk).and_then(|checkpoints| write(&checkpoints, 30));
                disk.crash(&mut |change| {
                    let length = match change {
                        Unsynced::Write { length, .. } => *length,
                        Unsynced::Name { .. } | Unsynced::Truncate { .. } => 1,
                    };
                    match random.u8(..3) {
                        0 => Kept::All,
                        1 => Kept::Nothing,
                        _ => Kept::First(random.usize(..=length)),
                    }
                });
                let checkpoints = open(&disk).unwrap();
                let (height, refused) = newest(&checkpoints);
                assert_eq!(refused, 0, "{case}: a final name is a complete file");
                assert!(
                    height == Some(30) || (height == Some(20) && written.is_err()),
                    "{case}"
                );
                write(&checkpoints, 40).unwrap();
                assert_eq!(newest(&checkpoints), (Some(40), 0), "{case}");
                let left = disk.list(Path::new(DIRECTORY)).unwrap();
                assert_eq!(left.len(), CHECKPOINTS_KEPT, "{case}: {left:?}");
            }
        }
    }
}
