//! Log lines: text for people or one JSON object a line, on standard error.

use crate::config::{ConfigFile, LogFormat};
use tracing_subscriber::EnvFilter;

/// The consensus core tells every vote at `info`; an operator who wants that names it in `log_level`.
const QUIET: &str = "arc_malachitebft_core_consensus=warn,arc_malachitebft_core_driver=warn";

/// Starts logging. A second call in one process changes nothing.
///
/// # Errors
/// A sentence when `log_level` is not a filter.
pub fn start(file: &ConfigFile) -> Result<(), String> {
    let directives = format!("{QUIET},{}", file.log_level);
    let filter = EnvFilter::try_new(directives).map_err(|error| format!("log_level: {error}"))?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false);
    // Somebody else's subscriber in the same process, as in a test, is kept.
    let _already = match file.log_format {
        LogFormat::Text => builder.with_ansi(false).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    Ok(())
}
