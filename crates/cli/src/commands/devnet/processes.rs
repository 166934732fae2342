//! The validators' processes: started detached, found again by their command line, stopped in order or killed.
//!
//! A process is a validator's while it runs with the node's directory on its command line. No number is kept in a file, so none
//! can be out of date, and no process that the system gave the same number is ever signalled.

use super::tail;
use crate::manifest::{Devnet, DevnetNode};
use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process};
use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How often something is looked at while waiting for it.
const LOOK: Duration = Duration::from_millis(50);
/// How long a stopping validator may take before it is killed.
const STOP_LIMIT: Duration = Duration::from_secs(20);
/// How long a started process may be without a command line.
const START_LIMIT: Duration = Duration::from_secs(1);
/// How long a port may be taken by a validator that has just ended.
const PORT_LIMIT: Duration = Duration::from_secs(5);
/// How long an answer of the admin listener may take.
const ANSWER_LIMIT: Duration = Duration::from_secs(2);
/// The longest answer that is read, in bytes.
const ANSWER_BYTES_MAX: u64 = 64 << 10;
/// How many lines of a log are shown when its validator has ended.
const LOG_LINES: usize = 15;

/// Starts a validator that does not run, detached from this terminal.
pub(crate) fn start(devnet: &Devnet, node: &DevnetNode) -> anyhow::Result<()> {
    for (what, address) in [
        ("peers", node.listen),
        ("JSON-RPC", node.rpc),
        ("health", node.admin),
    ] {
        until_free(address).with_context(|| {
            format!(
                "{address}, where validator {} listens for {what}, is taken by another program; stop that program, or begin \
                 again on other ports with karwan devnet up --fresh",
                node.name
            )
        })?;
    }
    let log = OpenOptions::new()
        .create(true)
        .append(true)
        .open(devnet.log(node))
        .context("cannot open the log")?;
    let program = std::env::current_exe().context("cannot tell where this program is")?;
    let home =
        std::path::absolute(devnet.home(node).path()).context("cannot name the directory")?;
    let identity = std::path::absolute(devnet.identity()).context("cannot name the identity")?;
    Command::new(program)
        .args(["node", "start", "--home"])
        .arg(home)
        .arg("--identity")
        .arg(identity)
        .stdin(Stdio::null())
        .stdout(log.try_clone().context("cannot share the log")?)
        .stderr(log)
        .process_group(0)
        .spawn()
        .with_context(|| format!("cannot start validator {}", node.name))?;
    Ok(())
}

/// Waits until nothing listens at an address: a validator that was killed a moment ago is gone for others before the system
/// has closed its sockets.
fn until_free(address: SocketAddr) -> std::io::Result<()> {
    let deadline = Instant::now() + PORT_LIMIT;
    loop {
        match TcpListener::bind(address) {
            Ok(_) => return Ok(()),
            Err(error) if Instant::now() > deadline => return Err(error),
            Err(_) => std::thread::sleep(LOOK),
        }
    }
}

/// The process of a validator, while it runs: whichever was started as a node with this directory.
fn process(devnet: &Devnet, node: &DevnetNode) -> Option<Pid> {
    let home = std::path::absolute(devnet.home(node).path()).ok()?;
    let wanted = [b"start".as_slice(), home.as_os_str().as_encoded_bytes()];
    let entries = std::fs::read_dir("/proc").ok()?;
    entries.filter_map(Result::ok).find_map(|entry| {
        let number: i32 = entry.file_name().to_str()?.parse().ok()?;
        let command_line = std::fs::read(entry.path().join("cmdline")).ok()?;
        let mut words = command_line.split(|byte| *byte == 0);
        let ours = wanted.iter().all(|one| words.any(|word| word == *one));
        Pid::from_raw(number).filter(|_| ours)
    })
}

/// The process id of a validator, while it runs.
pub(super) fn id(devnet: &Devnet, node: &DevnetNode) -> Option<i32> {
    process(devnet, node).map(Pid::as_raw_pid)
}

pub(crate) fn is_running(devnet: &Devnet, node: &DevnetNode) -> bool {
    process(devnet, node).is_some()
}

/// Kills a validator at once and waits until it is gone.
pub(crate) fn kill(devnet: &Devnet, node: &DevnetNode) -> anyhow::Result<i32> {
    let Some(process) = process(devnet, node) else {
        bail!("validator {} is not running", node.name);
    };
    kill_process(process, Signal::KILL).context("cannot kill the process")?;
    until_gone(devnet, node, STOP_LIMIT)?;
    Ok(process.as_raw_pid())
}

/// Asks a validator to stop; one that does not run is left alone.
pub(super) fn ask_to_stop(devnet: &Devnet, node: &DevnetNode) -> anyhow::Result<()> {
    if let Some(process) = process(devnet, node) {
        kill_process(process, Signal::TERM).context("cannot stop the process")?;
    }
    Ok(())
}

/// Stops a validator in good order and waits; one that takes too long is killed, which loses nothing.
pub(super) fn stop(devnet: &Devnet, node: &DevnetNode) -> anyhow::Result<()> {
    ask_to_stop(devnet, node)?;
    if until_gone(devnet, node, STOP_LIMIT).is_err() {
        kill(devnet, node)?;
    }
    Ok(())
}

fn until_gone(devnet: &Devnet, node: &DevnetNode, limit: Duration) -> anyhow::Result<()> {
    let deadline = Instant::now() + limit;
    while is_running(devnet, node) {
        if Instant::now() > deadline {
            bail!(
                "validator {} has not stopped after {} s",
                node.name,
                limit.as_secs()
            );
        }
        std::thread::sleep(LOOK);
    }
    Ok(())
}

/// Waits until a validator answers at all.
pub(crate) fn until_alive(
    devnet: &Devnet,
    node: &DevnetNode,
    limit: Duration,
) -> anyhow::Result<()> {
    until(devnet, node, limit, "answer", || {
        status_of(node.admin, "/livez") == Some(200)
    })
}

/// Waits until a validator is ready and has stored a block.
pub(crate) fn until_ready(
    devnet: &Devnet,
    node: &DevnetNode,
    limit: Duration,
) -> anyhow::Result<()> {
    until(devnet, node, limit, "become ready", || {
        is_ready(node) && has_block(node)
    })
}

fn until(
    devnet: &Devnet,
    node: &DevnetNode,
    limit: Duration,
    what: &str,
    done: impl Fn() -> bool,
) -> anyhow::Result<()> {
    let deadline = Instant::now() + limit;
    // A process that is just being started has no command line for a moment.
    let mut seen = Instant::now();
    while !done() {
        if is_running(devnet, node) {
            seen = Instant::now();
        } else if seen.elapsed() > START_LIMIT {
            let log = tail(&devnet.log(node), LOG_LINES).unwrap_or_default();
            bail!("validator {} has ended; its log says:\n{log}", node.name);
        }
        if Instant::now() > deadline {
            bail!(
                "validator {} did not {what} within {} s; see karwan devnet logs {}",
                node.name,
                limit.as_secs(),
                node.name
            );
        }
        std::thread::sleep(LOOK);
    }
    Ok(())
}

pub(super) fn is_ready(node: &DevnetNode) -> bool {
    status_of(node.admin, "/readyz") == Some(200)
}

/// Whether the validator's metrics show a final block.
fn has_block(node: &DevnetNode) -> bool {
    let Some(answer) = get(node.admin, "/metrics") else {
        return false;
    };
    let height = answer
        .lines()
        .find_map(|line| line.strip_prefix("karwan_height "));
    height
        .and_then(|text| text.trim().parse::<u64>().ok())
        .is_some_and(|height| height > 0)
}

fn status_of(address: SocketAddr, path: &str) -> Option<u16> {
    get(address, path)?.split(' ').nth(1)?.parse().ok()
}

/// One HTTP request; the answer with its head, cut at a limit.
fn get(address: SocketAddr, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect_timeout(&address, ANSWER_LIMIT).ok()?;
    stream.set_read_timeout(Some(ANSWER_LIMIT)).ok()?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    )
    .ok()?;
    let mut bytes = Vec::new();
    stream.take(ANSWER_BYTES_MAX).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
