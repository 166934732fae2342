//! What is cut, and what is refused.

use super::*;
use crate::testing::seeds;

/// The files of a log with their content.
fn files(disk: &MemoryDisk) -> Vec<(PathBuf, Vec<u8>)> {
    disk.paths()
        .into_iter()
        .map(|path| {
            let bytes = disk.contents(&path).unwrap();
            (path, bytes)
        })
        .collect()
}

/// The last segment of a log, and where its last frame begins.
fn last_frame(disk: &MemoryDisk, to: u64) -> (PathBuf, Vec<u8>, usize) {
    let (path, bytes) = files(disk).pop().unwrap();
    let start = bytes.len() - FRAME_HEADER_BYTES - block(to).len();
    (path, bytes, start)
}

fn refused(disk: &MemoryDisk, synced_through: Option<u64>) -> (PathBuf, Option<Height>, Damage) {
    let before = files(disk);
    let error = open(disk, synced_through).err().expect("damage is refused");
    assert_eq!(files(disk), before, "a refused log is left as it was");
    let StorageError::Damaged {
        file, height, what, ..
    } = error
    else {
        panic!("unexpected: {error}");
    };
    (file, height, what)
}

#[test]
fn a_last_frame_torn_at_any_byte_is_cut_unless_it_was_known_to_be_synced() {
    let whole = log_of(7);
    let (path, bytes, start) = last_frame(&whole, 7);
    for length in start + 1..bytes.len() {
        let disk = log_of(7);
        disk.plant(&path, &bytes[..length]);
        let (file, height, what) = refused(&disk, Some(7));
        assert_eq!((file, height), (path.clone(), Some(Height::new(7))));
        assert_eq!(what, Damage::CutShort);

        let (mut log, torn) = open(&disk, Some(6)).unwrap();
        let torn = torn.expect("the torn frame is reported");
        assert_eq!(torn.number, 7);
        assert_eq!(torn.bytes, as_u64(length - start));
        assert_eq!(disk.contents(&path).unwrap().len(), start);
        assert_holds(&log, 6);
        extend(&mut log, 9);
        drop(log);
        assert_holds(&open(&disk, Some(9)).unwrap().0, 9);
    }
}

#[test]
fn a_log_that_ends_at_a_frame_boundary_is_refused_only_when_more_was_synced() {
    let disk = log_of(7);
    let (path, bytes, start) = last_frame(&disk, 7);
    disk.plant(&path, &bytes[..start]);
    let (file, height, what) = refused(&disk, Some(7));
    assert_eq!((file, height), (path, Some(Height::new(7))));
    assert_eq!(what, Damage::Missing { last: 6, synced: 7 });
    assert_holds(&open(&disk, Some(6)).unwrap().0, 6);

    let (_, _, what) = refused(&MemoryDisk::new(), Some(1));
    assert_eq!(what, Damage::Missing { last: 0, synced: 1 });
}

#[test]
fn a_flipped_byte_anywhere_in_a_synced_log_is_named_and_refused() {
    let whole = log_of(7);
    for (path, bytes) in files(&whole) {
        for at in 0..bytes.len() {
            for mask in [0x01, 0x80, 0xFF] {
                let disk = log_of(7);
                let mut flipped = bytes.clone();
                flipped[at] ^= mask;
                disk.plant(&path, &flipped);
                let (file, _, _) = refused(&disk, Some(7));
                assert_eq!(file, path, "byte {at} mask {mask:02x}");
            }
        }
    }
}

#[test]
fn without_knowledge_of_the_end_only_the_last_frame_may_be_cut() {
    let whole = log_of(7);
    let (last_path, _, start) = last_frame(&whole, 7);
    for (path, bytes) in files(&whole) {
        for at in 0..bytes.len() {
            let disk = log_of(7);
            let mut flipped = bytes.clone();
            flipped[at] ^= 0x10;
            disk.plant(&path, &flipped);
            if path == last_path && at >= start {
                let (log, torn) = open(&disk, None).unwrap();
                assert_eq!(torn.unwrap().number, 7);
                assert_holds(&log, 6);
            } else {
                assert_eq!(refused(&disk, None).0, path, "byte {at}");
            }
        }
    }
}

#[test]
fn zeroed_swapped_cut_and_repeated_ranges_are_refused_and_never_served() {
    for seed in seeds(2_000) {
        let mut random = fastrand::Rng::with_seed(seed);
        let disk = log_of(7);
        let all = files(&disk);
        let (path, bytes) = &all[random.usize(..all.len())];
        let from = random.usize(..bytes.len());
        let length = random.usize(1..=bytes.len() - from);
        let mut damaged = bytes.clone();
        match random.u8(..4) {
            0 => damaged[from..from + length].fill(0),
            1 => damaged.truncate(from),
            2 => damaged.extend_from_within(from..from + length),
            _ => {
                let to = random.usize(..=bytes.len() - length);
                damaged.copy_within(from..from + length, to);
            }
        }
        if damaged == *bytes {
            continue;
        }
        // Readers that opened the log before the damage refuse it too.
        let (log, _) = open(&disk, Some(7)).unwrap();
        disk.plant(path, &damaged);
        for height in 1..=7 {
            if let Ok(body) = log.read(Height::new(height)) {
                assert_eq!(body, block(height), "seed {seed}");
            }
        }
        drop(log);
        // Bytes after the last synced frame are what a torn eighth frame looks like.
        if let Ok((log, torn)) = open(&disk, Some(7)) {
            assert_eq!(torn.map(|torn| torn.number), Some(8), "seed {seed}");
            assert_holds(&log, 7);
        } else if let Ok((log, _)) = open(&disk, None) {
            let last = log.last().get();
            assert!(last < 7, "seed {seed}");
            assert_holds(&log, last);
        }
    }
}

#[test]
fn a_missing_file_is_refused() {
    let whole = log_of(9);
    let paths = whole.paths();
    assert!(paths.len() >= 3);
    for missing in &paths {
        let disk = log_of(9);
        disk.unlink(missing);
        let _ = refused(&disk, Some(9));
        if missing != paths.last().unwrap() {
            let _ = refused(&disk, None);
        }
    }
}

#[test]
fn a_frame_copied_to_another_place_does_not_check() {
    let chain = chain();
    let frame = frame::frame(&chain, 100, 5, b"body");
    assert!(frame::read_frame_header(&chain, 100, &frame).is_some());
    assert!(frame::read_frame_header(&chain, 101, &frame).is_none());
    assert!(frame::read_frame_header(&other_chain(), 100, &frame).is_none());
}

#[test]
fn a_frame_inside_a_block_does_not_pass_for_a_later_one() {
    // Whoever can put bytes into a block must not be able to turn a torn frame into "damage" that keeps the node down. The
    // place of a frame is part of its checksum, and the forger does not know it.
    let disk = log_of(1);
    let (mut log, _) = open(&disk, None).unwrap();
    let forged = frame::frame(&chain(), 1_000, 3, b"forged");
    log.append(Height::new(2), &forged).unwrap();
    log.sync().unwrap();
    let (path, mut bytes) = files(&disk).pop().unwrap();
    let start = bytes.len() - FRAME_HEADER_BYTES - forged.len();
    bytes[start] ^= 1;
    disk.plant(&path, &bytes);
    let (log, torn) = open(&disk, Some(1)).unwrap();
    assert_eq!(torn.unwrap().number, 2);
    assert_holds(&log, 1);
}
