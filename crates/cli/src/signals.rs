//! What is done before a signal ends the program: an interrupt, a request to terminate, or the end of the terminal.
//!
//! Nothing is done before SIGKILL, which no program learns of.

use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};

/// What the shell sees of a program that an interrupt has ended.
pub(crate) const INTERRUPTED: i32 = 130;

/// Does something when the first of these signals comes, and then ends the program.
pub(crate) fn before_ending(deed: impl FnOnce() + Send + 'static) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the system gives no event queue")?;
    std::thread::spawn(move || {
        runtime.block_on(async {
            let signals = (
                signal(SignalKind::interrupt()),
                signal(SignalKind::terminate()),
                signal(SignalKind::hangup()),
            );
            if let (Ok(mut interrupt), Ok(mut terminate), Ok(mut hangup)) = signals {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                    _ = hangup.recv() => {}
                }
                deed();
                std::process::exit(INTERRUPTED);
            }
        });
    });
    Ok(())
}
