//! Scenarios on networks of processes, of which one is killed in the middle of each.

use crate::devnet::{DEADLINE, Turn, folder, program};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Ten of those that hold on a network: every way in which money moves, waits or does not move.
const CHOSEN: [&str; 10] = [
    "approval-by-a-checker",
    "bulk-refuses-one-payment-and-settles-the-others",
    "currency-is-halted-and-resumes",
    "cycle-settles-a-ring-that-nobody-could-begin",
    "duplicate-with-other-content",
    "hold-is-posted-in-part",
    "issue-against-an-rtgs-payment",
    "key-is-rotated",
    "linked-exchange-settles-as-one",
    "return-in-parts",
];

fn scenarios() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")
}

/// A directory in which the program makes its networks, and nobody else anything.
struct Place(PathBuf);

impl Place {
    fn new() -> Self {
        let path = folder();
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }
    fn command(&self, files: &[PathBuf]) -> Command {
        let mut command = Command::new(program());
        command.args(["scenario", "run", "--devnet"]).args(files);
        command.env("TMPDIR", &self.0);
        command
    }
    /// The processes of networks in this place.
    fn processes(&self) -> usize {
        let place = self.0.as_os_str().as_encoded_bytes();
        let entries = std::fs::read_dir("/proc").unwrap();
        let command_lines =
            entries.filter_map(|entry| std::fs::read(entry.ok()?.path().join("cmdline")).ok());
        command_lines
            .filter(|line| line.windows(place.len()).any(|part| part == place))
            .count()
    }
    fn check_empty(&self) {
        assert_eq!(self.processes(), 0, "a validator has outlived its scenario");
        let left = std::fs::read_dir(&self.0).unwrap().count();
        assert_eq!(left, 0, "a network was left in {}", self.0.display());
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }
}

fn told(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

#[test]
fn ten_scenarios_hold_on_a_network_of_which_a_validator_is_killed_in_the_middle() {
    let _turn = Turn::take();
    let place = Place::new();
    let files = CHOSEN.map(|name| scenarios().join(name).with_extension("toml"));
    let output = place.command(&files).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    assert_eq!(told(&output).matches("shown  ").count(), CHOSEN.len());
    place.check_empty();
}

#[test]
fn a_scenario_that_does_not_hold_on_a_network_says_so_and_leaves_nothing_behind() {
    let _turn = Turn::take();
    let place = Place::new();
    let file = scenarios().join("pay-settles-at-once.toml");
    let text = std::fs::read_to_string(file).unwrap();
    let other = text.replace("ALATOO-PKR = \"250.00\"", "ALATOO-PKR = \"251.00\"");
    assert_ne!(text, other);
    let changed = folder().with_extension("toml");
    std::fs::write(&changed, other).unwrap();
    let output = place
        .command(std::slice::from_ref(&changed))
        .output()
        .unwrap();
    std::fs::remove_file(&changed).unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
    let sentence = "step 2 (line 17): expected ALATOO-PKR posted 251.00, not 250.00 PKR";
    assert!(told(&output).contains(sentence), "{}", told(&output));
    place.check_empty();
}

#[test]
fn an_interrupt_ends_the_network_with_the_program() {
    let _turn = Turn::take();
    let place = Place::new();
    let files = CHOSEN.map(|name| scenarios().join(name).with_extension("toml"));
    let mut command = place.command(&files);
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + DEADLINE;
    while place.processes() < 4 {
        assert!(Instant::now() < deadline, "no network was started");
        std::thread::sleep(Duration::from_millis(5));
    }
    let number = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &number])
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(child.wait().unwrap().code(), Some(130));
    place.check_empty();
}
