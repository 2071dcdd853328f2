//! The log: where it goes and in which form. What may be in it is said in `docs/operating.md`: identifiers, never content.

use std::io::IsTerminal;

use tracing_subscriber::{EnvFilter, fmt, prelude::*};

use crate::settings::LogFormat;

/// Starts the log on standard error. A filter that cannot be read is replaced by `info`, with a line that says so.
pub fn start(filter: &str, format: LogFormat) {
    let (filter, broken) = match EnvFilter::try_new(filter) {
        Ok(filter) => (filter, false),
        Err(_) => (EnvFilter::new("info"), true),
    };
    let registry = tracing_subscriber::registry().with(filter);
    let started = match format {
        LogFormat::Text => registry
            .with(
                fmt::layer()
                    .with_writer(std::io::stderr)
                    .with_ansi(std::io::stderr().is_terminal())
                    .with_target(false),
            )
            .try_init(),
        LogFormat::Json => registry
            .with(fmt::layer().json().with_writer(std::io::stderr))
            .try_init(),
    };
    if started.is_ok() && broken {
        tracing::warn!("the log filter (EMBARGOD_LOG, `log`) cannot be read; using info");
    }
}
