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
                fmt::layer().with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal()).with_target(false),
            )
            .try_init(),
        LogFormat::Json => registry.with(fmt::layer().json().with_writer(std::io::stderr)).try_init(),
    };
    keep_panics_quiet();
    if started.is_ok() && broken {
        tracing::warn!("the log filter (EMBARGOD_LOG, `log`) cannot be read; using info");
    }
}

/// A panic's message may quote what was being worked on (a slice of text that does not fit does), so only its place is
/// told.
fn keep_panics_quiet() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(%place, "a promise of the program was broken (a panic) at {place}");
    }));
}
