//! Two processes on one directory. The test starts itself a second time, as the other process.

use super::*;
use crate::disk::RealDisk;
use crate::testing::Scratch;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

const HOLD: &str = "KARWAN_TEST_HOLD_DIRECTORY";
const THIS_TEST: &str =
    "signer::tests::processes::a_directory_has_one_process_and_is_free_when_that_is_killed";
const HELD: &str = "the directory is held";

/// The other process: holds the directory until it is killed.
fn hold(home: &Path) {
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::new(home));
    let _home = HomeLock::acquire(&*disk, Path::new("")).unwrap();
    let _signer = FileSigner::open(disk, Path::new(DIRECTORY), chain(), key(1)).unwrap();
    eprintln!("{HELD}");
    // Ends with the parent, which holds the other end.
    let _ = std::io::stdin().read_line(&mut String::new());
}

fn start_holder(home: &Path) -> Child {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", THIS_TEST, "--nocapture"])
        .env(HOLD, home)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let held = lines.map_while(Result::ok).any(|line| line.contains(HELD));
    assert!(held, "the other process holds the directory");
    child
}

#[test]
fn a_directory_has_one_process_and_is_free_when_that_is_killed() {
    if let Some(home) = std::env::var_os(HOLD) {
        hold(Path::new(&home));
        return;
    }
    let scratch = Scratch::new("lock");
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::new(scratch.path()));
    let directory = Path::new(DIRECTORY);
    let public = key(1).public_key();
    FileSigner::create_new(&disk, directory, chain(), &public, Height::GENESIS).unwrap();
    let open = || FileSigner::open(Arc::clone(&disk), directory, chain(), key(1));

    let mut child = start_holder(scratch.path());
    let holder = format!("process {}", child.id());
    let error = open().err().unwrap();
    assert!(error.to_string().contains(&holder), "{error}");
    let error = HomeLock::acquire(&*disk, Path::new("")).err().unwrap();
    assert!(error.to_string().contains(&holder), "{error}");
    let error =
        FileSigner::create_new(&disk, directory, chain(), &public, Height::GENESIS).unwrap_err();
    assert!(matches!(error, StorageError::Locked { .. }), "{error}");

    child.kill().unwrap();
    child.wait().unwrap();
    let (mut signer, _) = open().unwrap();
    vote(&mut signer, &precommit(1, 0, Some(1))).unwrap();
    let error = open().err().unwrap();
    let own = format!("process {}", std::process::id());
    assert!(
        error.to_string().contains(&own),
        "the same process twice: {error}"
    );
    drop(signer);
    let (signer, _) = open().unwrap();
    assert_eq!(signer.watermark(), precommit(1, 0, Some(1)).watermark());
}
