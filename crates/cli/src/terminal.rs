//! Asking a person for a passphrase without showing it.

use anyhow::{Context, bail};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use zeroize::Zeroizing;

const PASSPHRASE_CHARS_MIN: usize = 8;

/// Asks once, to open existing keys.
pub(crate) fn ask_passphrase() -> anyhow::Result<Zeroizing<String>> {
    Terminal::open()?.ask("Passphrase of the key files: ")
}

/// Asks twice, to seal new keys.
pub(crate) fn choose_passphrase() -> anyhow::Result<Zeroizing<String>> {
    let mut terminal = Terminal::open()?;
    let first = terminal.ask("New passphrase: ")?;
    if first.chars().count() < PASSPHRASE_CHARS_MIN {
        bail!("a passphrase needs at least {PASSPHRASE_CHARS_MIN} characters");
    }
    let second = terminal.ask("The same again: ")?;
    if *first != *second {
        bail!("the two passphrases differ");
    }
    Ok(first)
}

/// The controlling terminal, so that input and output may be redirected.
struct Terminal {
    reader: BufReader<File>,
    writer: File,
}

/// Turns the echo on again, whatever happens.
struct Silence<'a> {
    terminal: &'a File,
    before: Termios,
}

impl Terminal {
    fn open() -> anyhow::Result<Self> {
        let writer = OpenOptions::new()
            .read(true)
            .write(true)
            .open("/dev/tty")
            .context(
                "a passphrase is needed and there is no terminal to ask on; \
                 give --identity FILE, or set KARWAN_IDENTITY_FILE or KARWAN_PASSPHRASE_FILE",
            )?;
        let reader = BufReader::new(writer.try_clone().context("cannot use the terminal")?);
        Ok(Self { reader, writer })
    }

    fn ask(&mut self, prompt: &str) -> anyhow::Result<Zeroizing<String>> {
        let mut line = Zeroizing::new(String::with_capacity(1_024));
        {
            let _silence = Silence::on(&self.writer)?;
            (&self.writer).write_all(prompt.as_bytes())?;
            self.reader
                .read_line(&mut line)
                .context("cannot read from the terminal")?;
            (&self.writer).write_all(b"\n")?;
        }
        let end = line.trim_end_matches(['\n', '\r']).len();
        line.truncate(end);
        if line.is_empty() {
            bail!("no passphrase was given");
        }
        Ok(line)
    }
}

impl<'a> Silence<'a> {
    fn on(terminal: &'a File) -> anyhow::Result<Self> {
        let before = tcgetattr(terminal).context("cannot use the terminal")?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(terminal, OptionalActions::Flush, &silent).context("cannot use the terminal")?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Silence<'_> {
    fn drop(&mut self) {
        // There is nothing better to try when the terminal is gone.
        let _ = tcsetattr(self.terminal, OptionalActions::Flush, &self.before);
    }
}
