//! Random histories with power cuts at random operations: every signature ever made is remembered, and no position is ever
//! signed twice with two bodies.

use super::*;
use crate::memory::{Kept, Unsynced};
use crate::testing::seeds;
use std::collections::BTreeMap;

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

/// Every signature ever made: at a height and round, for a block or none.
type Made = BTreeMap<(u64, u32), (Option<u64>, [u8; 64])>;

/// Asks for votes at random, until something fails. Heights rise slowly, so that positions repeat.
fn run(signer: &mut FileSigner, random: &mut fastrand::Rng, made: &mut Made, case: &str) {
    for _ in 0..30 {
        let height = signer.watermark().height.get().max(1) + u64::from(random.u8(..6) == 0);
        let round = random.u32(..4);
        let block = random.bool().then(|| random.u64(..2));
        let request = precommit(height, round, block);
        let signed = signer
            .try_append(&input(height, u64::from(round)))
            .and_then(|()| signer.try_sync())
            .is_ok();
        if !signed {
            return;
        }
        match signer.sign(&request) {
            Ok(signature) => {
                let signature = signature.to_bytes();
                let earlier = made.insert((height, round), (block, signature));
                let same = earlier.is_none_or(|earlier| earlier == (block, signature));
                assert!(
                    same,
                    "{case}: height {height} round {round} was signed twice"
                );
            }
            Err(SignerError::Watermark { .. }) => {}
            Err(_) => return,
        }
        let next = signer.base().next();
        if next.get() < height && random.bool() && signer.committed(next).is_err() {
            return;
        }
    }
}

#[test]
fn no_position_is_signed_twice_through_any_crash() {
    for seed in seeds(600) {
        let mut random = fastrand::Rng::with_seed(seed);
        let disk = new_disk();
        let mut made = Made::new();
        for restart in 0..5 {
            let case = format!("seed {seed}, restart {restart}");
            disk.inject(disk.operations() + random.u64(..120), Fault::PowerCut);
            match open(&disk) {
                Ok((mut signer, _)) => run(&mut signer, &mut random, &mut made, &case),
                Err(error) => {
                    let is_power = matches!(error, StorageError::Io { .. });
                    assert!(is_power, "{case}: a crash is not damage: {error}");
                }
            }
            disk.crash(&mut |change| choice(&mut random, change));
        }
        let (signer, _) = open(&disk).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        let last = made.keys().next_back();
        let stored = signer.watermark();
        let position = (stored.height.get(), stored.round.get());
        assert!(last.is_none_or(|last| position >= *last), "seed {seed}");
    }
}

#[test]
fn a_watermark_that_is_read_after_a_killed_process_survives_a_power_cut_after_that() {
    let request = precommit(1, 0, Some(1));
    let whole = new_disk();
    let (mut signer, _) = open(&whole).unwrap();
    let before = whole.operations();
    vote(&mut signer, &request).unwrap();
    let operations = whole.operations() - before;
    for fault in [Fault::PowerCut, Fault::FailedSync, Fault::NoSpace] {
        let mut advanced = 0;
        for at in 0..operations {
            let case = format!("{fault:?} at operation {at}");
            let disk = new_disk();
            let (mut signer, _) = open(&disk).unwrap();
            disk.inject(disk.operations() + at, fault);
            let appended = signer.try_append(&input(1, 1));
            if appended.and_then(|()| signer.try_sync()).is_ok() {
                let _ = signer.sign(&request);
            }
            drop(signer);
            // The process ends; what it wrote is still in the cache.
            disk.heal();
            let (signer, told) = open(&disk).unwrap_or_else(|error| panic!("{case}: {error}"));
            advanced += u32::from(told.watermark == request.watermark());
            let inputs = signer.entries_for(Height::new(1));
            drop(signer);
            disk.crash(&mut |_| Kept::Nothing);
            let (signer, report) = open(&disk).unwrap_or_else(|error| panic!("{case}: {error}"));
            assert_eq!(report.watermark, told.watermark, "{case}");
            assert_eq!(signer.entries_for(Height::new(1)), inputs, "{case}");
        }
        assert!(advanced > 0, "{fault:?}: a watermark was read back");
    }
}

#[test]
fn the_name_of_a_watermark_is_durable_before_it_is_used() {
    let whole = MemoryDisk::new();
    create(&whole, 0).unwrap();
    for at in 0..whole.operations() {
        let disk = MemoryDisk::new();
        disk.inject(at, Fault::PowerCut);
        assert!(create(&disk, 0).is_err(), "killed at operation {at}");
        disk.heal();
        if !disk.paths().contains(&Path::new(WATERMARK).to_path_buf()) {
            continue;
        }
        let (mut signer, _) = open(&disk).unwrap();
        vote(&mut signer, &precommit(1, 0, Some(1))).unwrap();
        drop(signer);
        disk.crash(&mut |_| Kept::Nothing);
        let (signer, _) = open(&disk).unwrap();
        assert_eq!(signer.watermark(), precommit(1, 0, Some(1)).watermark());
    }
}

#[test]
fn creating_a_signer_may_be_cut_at_any_operation_and_done_again() {
    let whole = MemoryDisk::new();
    create(&whole, 0).unwrap();
    for at in 0..whole.operations() {
        for seed in 0..32 {
            let case = format!("power cut at operation {at}, seed {seed}");
            let mut random = fastrand::Rng::with_seed(at * 100 + seed);
            let disk = MemoryDisk::new();
            disk.inject(at, Fault::PowerCut);
            assert!(create(&disk, 0).is_err(), "{case}");
            disk.crash(&mut |change| choice(&mut random, change));
            match create(&disk, 0) {
                Ok(()) | Err(StorageError::SignerExists { .. }) => {}
                Err(other) => panic!("{case}: {other}"),
            }
            let (mut signer, _) = open(&disk).unwrap_or_else(|error| panic!("{case}: {error}"));
            vote(&mut signer, &precommit(1, 0, Some(1))).unwrap();
        }
    }
}
