//! How a command ends: the five exit codes, and errors that know theirs.

use core::fmt;
use std::process::ExitCode;

/// What a script learns from the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done, or the answer is yes.
    Ok,
    /// The answer is no: refused, not valid, not found.
    Negative,
    /// The command was not understood, or what it names cannot be used.
    Usage,
    /// No node answered.
    Unreachable,
    /// It may or may not have happened; asking again will tell.
    Unknown,
}

impl Exit {
    /// The number that the shell sees.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Negative => 1,
            Self::Usage => 2,
            Self::Unreachable => 3,
            Self::Unknown => 4,
        }
    }
    /// The word for JSON output.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Negative => "negative",
            Self::Usage => "usage",
            Self::Unreachable => "unreachable",
            Self::Unknown => "outcome-unknown",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// A command that could not end well, and how the shell is told.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    pub(crate) error: anyhow::Error,
}

/// What every command returns.
pub(crate) type Outcome = Result<Exit, Failure>;

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:#}", self.error)
    }
}

/// What a command is given and cannot use is a usage error, unless it says otherwise.
impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self {
            exit: Exit::Usage,
            error: error.into(),
        }
    }
}

/// Gives an error its exit code.
pub(crate) trait Ends<T> {
    /// This error ends the command with `exit`.
    fn ends(self, exit: Exit) -> Result<T, Failure>;
}

impl<T, E: Into<anyhow::Error>> Ends<T> for Result<T, E> {
    fn ends(self, exit: Exit) -> Result<T, Failure> {
        self.map_err(|error| Failure {
            exit,
            error: error.into(),
        })
    }
}

/// A failure in one sentence.
pub(crate) fn failure(exit: Exit, sentence: impl fmt::Display) -> Failure {
    Failure {
        exit,
        error: anyhow::anyhow!("{sentence}"),
    }
}
