//! The promises of a disk, checked on the real one and on the one in memory.

use super::*;
use crate::memory::MemoryDisk;
use crate::testing::Scratch;
use std::io::ErrorKind;

/// Both disks keep the same promises, so that what is tested on one holds on the other.
fn check(disk: &dyn Disk) {
    let directory = Path::new("home/inner");
    let path = directory.join("file");
    assert!(
        disk.open(&path, OpenMode::Read).is_err(),
        "there is no directory yet"
    );
    disk.create_dir_all(directory).unwrap();
    disk.create_dir_all(directory).unwrap();
    let kind =
        |outcome: std::io::Result<Box<dyn DiskFile>>| outcome.err().map(|error| error.kind());
    assert_eq!(
        kind(disk.open(&path, OpenMode::Read)),
        Some(ErrorKind::NotFound)
    );
    assert_eq!(
        kind(disk.open(&path, OpenMode::Write)),
        Some(ErrorKind::NotFound)
    );
    assert!(!disk.exists(&path).unwrap());

    let file = disk.open(&path, OpenMode::CreateNew).unwrap();
    assert_eq!(
        kind(disk.open(&path, OpenMode::CreateNew)),
        Some(ErrorKind::AlreadyExists)
    );
    assert!(file.is_empty().unwrap());
    file.write_at(0, b"hello").unwrap();
    file.write_at(8, b"again").unwrap();
    file.sync().unwrap();
    assert_eq!(file.len().unwrap(), 13);
    let mut all = [1; 13];
    file.read_at(0, &mut all).unwrap();
    assert_eq!(&all, b"hello\0\0\0again", "a gap reads as zeros");
    let beyond = file.read_at(10, &mut [0; 4]).unwrap_err();
    assert_eq!(beyond.kind(), ErrorKind::UnexpectedEof);

    file.truncate(4).unwrap();
    file.sync().unwrap();
    file.write_at(4, b"!").unwrap();
    let reader = disk.open(&path, OpenMode::Read).unwrap();
    assert!(reader.write_at(0, b"x").is_err(), "opened for reading");
    let mut left = [0; 5];
    reader.read_at(0, &mut left).unwrap();
    assert_eq!(&left, b"hell!");

    let other = directory.join("other");
    drop(disk.open(&other, OpenMode::CreateNew).unwrap());
    assert_eq!(disk.list(directory).unwrap(), ["file", "other"]);
    disk.rename(&path, &other).unwrap();
    disk.sync_directory(directory).unwrap();
    assert_eq!(disk.list(directory).unwrap(), ["other"]);
    assert_eq!(disk.open(&other, OpenMode::Read).unwrap().len().unwrap(), 5);
    disk.remove(&other).unwrap();
    assert!(disk.remove(&other).is_err());
    assert!(disk.list(directory).unwrap().is_empty());
    assert!(disk.list(Path::new("nowhere")).is_err());
}

#[test]
fn the_real_disk_and_the_one_in_memory_behave_alike() {
    let scratch = Scratch::new("disk");
    check(&RealDisk::new(scratch.path()));
    check(&MemoryDisk::new());
}

#[test]
fn files_and_directories_are_readable_by_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = Scratch::new("modes");
    let disk = RealDisk::new(scratch.path());
    disk.create_dir_all(Path::new("a/b")).unwrap();
    drop(
        disk.open(Path::new("a/b/file"), OpenMode::CreateNew)
            .unwrap(),
    );
    let mode = |path: &str| {
        let metadata = std::fs::metadata(scratch.path().join(path)).unwrap();
        metadata.permissions().mode() & 0o777
    };
    assert_eq!(mode("a"), 0o700);
    assert_eq!(mode("a/b/file"), 0o600);
}
