//! What the disk in memory keeps and loses.

use super::*;

const PATH: &str = "d/file";

/// A disk with a durable file of ten bytes, and five more that are not synced.
fn prepared() -> (MemoryDisk, Box<dyn DiskFile>) {
    let disk = MemoryDisk::new();
    disk.create_dir_all(Path::new("d")).unwrap();
    let file = disk.open(Path::new(PATH), OpenMode::CreateNew).unwrap();
    file.write_at(0, b"0123456789").unwrap();
    file.sync().unwrap();
    disk.sync_directory(Path::new("d")).unwrap();
    file.write_at(10, b"abcde").unwrap();
    (disk, file)
}

fn contents(disk: &MemoryDisk) -> Vec<u8> {
    disk.contents(Path::new(PATH)).unwrap()
}

#[test]
fn of_an_unsynced_write_any_part_may_survive() {
    let cases: [(Kept, &[u8]); 4] = [
        (Kept::All, b"0123456789abcde"),
        (Kept::Nothing, b"0123456789"),
        (Kept::First(2), b"0123456789ab"),
        (Kept::Last(2), b"0123456789\0\0\0de"),
    ];
    for (kept, left) in cases {
        let (disk, file) = prepared();
        assert_eq!(
            contents(&disk),
            b"0123456789abcde",
            "programs see what was written"
        );
        disk.crash(&mut |change| {
            let write = Unsynced::Write {
                path: Path::new(PATH),
                offset: 10,
                length: 5,
            };
            assert_eq!(*change, write);
            kept
        });
        assert_eq!(contents(&disk), left);
        assert!(file.len().is_err(), "a file from before the crash is dead");
    }
}

#[test]
fn a_name_survives_only_after_its_directory_was_synced() {
    let (disk, _file) = prepared();
    let new = Path::new("d/new");
    disk.open(new, OpenMode::CreateNew).unwrap().sync().unwrap();
    disk.rename(Path::new(PATH), Path::new("d/renamed"))
        .unwrap();
    assert_eq!(disk.list(Path::new("d")).unwrap(), ["new", "renamed"]);
    disk.crash(&mut |_| Kept::Nothing);
    assert_eq!(disk.paths(), [PathBuf::from(PATH)]);
}

#[test]
fn a_rename_may_survive_without_the_creation_before_it() {
    let disk = MemoryDisk::new();
    disk.create_dir_all(Path::new("d")).unwrap();
    let first = Path::new("d/first");
    disk.open(first, OpenMode::CreateNew).unwrap();
    disk.rename(first, Path::new("d/second")).unwrap();
    disk.crash(&mut |change| match change {
        Unsynced::Name { path } if *path == first => Kept::Nothing,
        Unsynced::Name { .. } | Unsynced::Write { .. } | Unsynced::Truncate { .. } => Kept::All,
    });
    assert_eq!(disk.paths(), [PathBuf::from("d/second")]);
}

#[test]
fn after_a_failed_sync_a_later_one_does_not_store_the_same_writes() {
    let (disk, file) = prepared();
    disk.inject(disk.operations(), Fault::FailedSync);
    assert!(file.sync().is_err());
    file.write_at(0, b"X").unwrap();
    file.sync().unwrap();
    assert_eq!(contents(&disk), b"X123456789abcde");
    disk.crash(&mut |_| Kept::Nothing);
    assert_eq!(contents(&disk), b"X123456789");
}

#[test]
fn what_is_written_again_after_a_failed_sync_is_stored() {
    let (disk, file) = prepared();
    disk.inject(disk.operations(), Fault::FailedSync);
    assert!(file.sync().is_err());
    file.write_at(11, b"bcd").unwrap();
    file.sync().unwrap();
    disk.crash(&mut |_| Kept::Nothing);
    assert_eq!(contents(&disk), b"0123456789\0bcd");
}

#[test]
fn a_write_whose_sync_failed_never_lands_on_what_was_stored_after_it() {
    let (disk, file) = prepared();
    disk.inject(disk.operations(), Fault::FailedSync);
    assert!(file.sync().is_err());
    file.write_at(11, b"XYZ").unwrap();
    file.sync().unwrap();
    let mut asked = Vec::new();
    disk.crash(&mut |change| {
        let Unsynced::Write { offset, length, .. } = *change else {
            panic!("only writes are open: {change:?}");
        };
        asked.push((offset, length));
        Kept::All
    });
    assert_eq!(asked, [(10, 1), (14, 1)]);
    assert_eq!(contents(&disk), b"0123456789aXYZe");
}

#[test]
fn what_was_cut_off_after_a_failed_sync_does_not_come_back_behind_what_follows() {
    let (disk, file) = prepared();
    disk.inject(disk.operations(), Fault::FailedSync);
    assert!(file.sync().is_err());
    file.truncate(10).unwrap();
    file.sync().unwrap();
    file.write_at(10, b"XY").unwrap();
    file.sync().unwrap();
    disk.crash(&mut |_| Kept::All);
    assert_eq!(contents(&disk), b"0123456789XY");
}

#[test]
fn a_killed_process_leaves_what_it_wrote_to_be_read_and_to_be_lost() {
    let (disk, file) = prepared();
    disk.inject(disk.operations(), Fault::PowerCut);
    assert!(file.sync().is_err());
    disk.heal();
    assert_eq!(contents(&disk), b"0123456789abcde");
    assert_eq!(file.len().unwrap(), 15);
    disk.crash(&mut |_| Kept::Nothing);
    assert_eq!(contents(&disk), b"0123456789");
}

#[test]
fn a_full_disk_takes_half_of_a_write_and_no_new_files_but_still_syncs() {
    let (disk, file) = prepared();
    disk.inject(disk.operations(), Fault::NoSpace);
    let error = file.write_at(15, b"wxyz").unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    assert!(disk.open(Path::new("d/new"), OpenMode::CreateNew).is_err());
    file.sync().unwrap();
    disk.heal();
    disk.crash(&mut |_| Kept::Nothing);
    assert_eq!(contents(&disk), b"0123456789abcdewx");
}

#[test]
fn when_the_power_is_off_nothing_works_until_it_is_on_again() {
    let (disk, file) = prepared();
    disk.inject(disk.operations(), Fault::PowerCut);
    assert!(file.sync().is_err());
    assert!(file.len().is_err());
    assert!(disk.list(Path::new("d")).is_err());
    disk.crash(&mut |_| Kept::Nothing);
    assert_eq!(
        contents(&disk),
        b"0123456789",
        "the sync was cut, so it did nothing"
    );
    assert!(disk.open(Path::new(PATH), OpenMode::Read).is_ok());
}

#[test]
fn a_lock_has_one_holder_and_is_freed_by_drop_or_crash() {
    let (disk, _file) = prepared();
    let path = Path::new("d/LOCK");
    let take = |holder| disk.lock(path, holder).unwrap();
    let LockAttempt::Held(guard) = take("one") else {
        panic!("the lock is free");
    };
    let LockAttempt::Taken { by } = take("two") else {
        panic!("the lock is taken");
    };
    assert_eq!(by, "one");
    disk.crash(&mut |_| Kept::All);
    let LockAttempt::Held(second) = take("three") else {
        panic!("a crash frees the lock");
    };
    drop(guard);
    assert!(
        matches!(take("four"), LockAttempt::Taken { .. }),
        "the guard from before the crash frees nothing"
    );
    drop(second);
    assert!(matches!(take("five"), LockAttempt::Held(_)));
}
