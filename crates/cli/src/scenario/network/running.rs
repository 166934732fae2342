//! That a network ends: with the value that holds it, and with the program, however that ends but by SIGKILL.

use crate::commands::devnet::processes;
use crate::manifest::{Devnet, DevnetNode};
use crate::signals;
use anyhow::Context;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The network that runs, if one does: there is one at a time.
static RUNNING: Mutex<Option<Devnet>> = Mutex::new(None);

fn running() -> MutexGuard<'static, Option<Devnet>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends every process of the network and removes its directory.
fn end() {
    let mut running = running();
    let Some(devnet) = running.take() else {
        return;
    };
    for node in &devnet.validators {
        if processes::is_running(&devnet, node) {
            // Nobody is left to be told; the next one is tried all the same.
            let _ = processes::kill(&devnet, node);
        }
    }
    let _ = std::fs::remove_dir_all(devnet.directory());
}

/// Sees to it that an interrupt ends the network before the program.
pub(crate) fn end_on_signals() -> anyhow::Result<()> {
    signals::before_ending(end)
}

/// A network that ends with this value.
pub(super) struct Running;

impl Running {
    pub(super) fn begin(devnet: &Devnet) -> Self {
        *running() = Some(devnet.clone());
        Self
    }

    /// Starts a validator, unless a signal has ended the network meanwhile.
    pub(super) fn start(&self, node: &DevnetNode) -> anyhow::Result<()> {
        let running = running();
        let devnet = running.as_ref().context("the network has been ended")?;
        processes::start(devnet, node)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        end();
    }
}

/// A directory of its own for a network.
pub(super) fn directory() -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("karwan-scenario-{}-{number}", std::process::id());
    std::env::temp_dir().join(name)
}
