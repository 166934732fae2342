//! The tests of the crate as a whole: from bytes to fields or a refusal, and back.

#![expect(clippy::unwrap_used, reason = "a failing test should panic")]

mod demo_files;
mod hostile;
mod ivms101;
mod properties;
mod reading;
mod recalls;
mod refusals;
mod samples;
mod statement_reading;
mod statements;
mod status_report;
mod support;
mod writer;
