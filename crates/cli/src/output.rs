//! The one place that writes to the terminal. Data goes to standard output, everything else to standard error.
//!
//! With `--json` standard output carries JSON only. Colour and progress bars appear on a terminal only, and never when
//! `NO_COLOR` is set. A reader that goes away (`karwan … | head`) ends the program quietly.

use crate::exit::Failure;
use crate::table::Table;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use std::io::{self, IsTerminal, Write};

/// What the user asked of the output.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    json: bool,
    colour: bool,
}

/// How a word is shown on a terminal. The word itself always says the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// As it is.
    Plain,
    /// Done.
    Good,
    /// Waiting.
    Pending,
    /// Refused.
    Bad,
    /// A heading.
    Strong,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
            && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        Self {
            json,
            colour: !json && wanted && io::stdout().is_terminal(),
        }
    }

    /// Whether the data is JSON.
    pub(crate) fn is_json(self) -> bool {
        self.json
    }

    /// A line of data for people; nothing with `--json`.
    pub(crate) fn line(self, text: impl AsRef<str>) {
        if !self.json {
            write_out(text.as_ref());
        }
    }

    /// A heading for people.
    pub(crate) fn heading(self, text: &str) {
        self.line(self.paint(Tone::Strong, text));
    }

    /// A line of data whatever the format, for commands whose data is a text of its own.
    pub(crate) fn raw(self, text: &str) {
        write_out(text);
    }

    /// The data as JSON; nothing without `--json`.
    pub(crate) fn json(self, value: &impl Serialize) {
        if self.json {
            write_out(&json_text(value));
        }
    }

    /// The data: a table for people, JSON for programs.
    pub(crate) fn table(self, table: &Table, value: &impl Serialize) {
        if self.json {
            self.json(value);
        } else {
            write_out(table.render(self).trim_end());
        }
    }

    /// A line about what is going on, for people. With `--json` too: it is not data.
    pub(crate) fn note(self, text: impl AsRef<str>) {
        // Nobody can be told that standard error is closed.
        let _ = writeln!(io::stderr().lock(), "{}", text.as_ref());
    }

    /// The error that ends the command.
    pub(crate) fn failure(self, failure: &Failure) {
        self.note(format!("karwan: {failure}"));
        self.json(&serde_json::json!({
            "error": { "kind": failure.exit.as_str(), "message": failure.to_string() }
        }));
    }

    /// `text` in the colour of `tone`, where there is colour.
    pub(crate) fn paint(self, tone: Tone, text: &str) -> String {
        let code = match tone {
            Tone::Plain => return text.to_owned(),
            Tone::Good => "32",
            Tone::Pending => "33",
            Tone::Bad => "31",
            Tone::Strong => "1",
        };
        if self.colour {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    /// A progress bar on standard error; hidden where that is no terminal.
    pub(crate) fn progress(self, total: u64, what: &'static str) -> ProgressBar {
        let visible = io::stderr().is_terminal() && !self.json;
        let target = if visible {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(Some(total), target);
        let style = ProgressStyle::with_template("{msg} [{bar:30}] {pos}/{len} {eta}")
            .expect("the template is a constant");
        bar.set_style(style.progress_chars("=> "));
        bar.set_message(what);
        bar
    }
}

/// A value as the JSON text that `--json` prints.
pub(crate) fn json_text(value: &impl Serialize) -> String {
    serde_json::to_string_pretty(value)
        .expect("output values have text keys and finite numbers only")
}

fn write_out(text: &str) {
    let written = writeln!(io::stdout().lock(), "{text}");
    if let Err(error) = written {
        // The reader has what it wanted; there is nobody left to write to.
        let code = i32::from(error.kind() != io::ErrorKind::BrokenPipe);
        std::process::exit(code);
    }
}
