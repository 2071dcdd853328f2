//! The log and the traces: where they go and in which form. What may be in them is said in `docs/operating.md`:
//! identifiers, never content.
//!
//! Each line about a delivery or an effect is written within a span that names it (`accept`, `decide`, `perform`), so that
//! lines of different rooms can be put together: `delivery`, `event`, `effect`, `kind`, `case`, `repository`,
//! `installation` mean the same everywhere. Spans are made at `info`, in the rooms that do the work.

use std::io::IsTerminal;

use tracing_subscriber::{EnvFilter, Layer, fmt, prelude::*};

pub mod otlp;

use self::otlp::Traces;
use crate::settings::LogFormat;

/// What was started, to be ended in order.
#[derive(Default)]
pub struct Telemetry {
    traces: Option<Traces>,
}

impl Telemetry {
    /// Hands over the last traces, where there are any.
    pub async fn end(self) {
        if let Some(traces) = self.traces {
            traces.flush().await;
        }
    }
}

/// Starts the log on standard error, and traces to the collector at `otlp_endpoint`, where one is set. Must be called
/// within the runtime. A filter that cannot be read is replaced by `info`, with a line that says so; so does one that says
/// that there will be no traces.
pub fn start(filter: &str, format: LogFormat, otlp_endpoint: Option<&str>) -> Telemetry {
    let (filter, broken) = match EnvFilter::try_new(filter) {
        Ok(filter) => (filter, false),
        Err(_) => (EnvFilter::new("info"), true),
    };
    let (traces, no_traces) = match otlp_endpoint.map(Traces::to) {
        None => (None, None),
        Some(Ok(traces)) => (Some(traces), None),
        Some(Err(why)) => (None, Some(why)),
    };
    let layer = fmt::layer().with_writer(std::io::stderr);
    let log = match format {
        LogFormat::Text => layer.with_ansi(std::io::stderr().is_terminal()).with_target(false).boxed(),
        LogFormat::Json => layer.json().with_span_list(false).boxed(),
    };
    let registry =
        tracing_subscriber::registry().with(traces.as_ref().map(Traces::layer)).with(log.with_filter(filter));
    let started = registry.try_init();
    keep_panics_quiet();
    if started.is_ok() && broken {
        tracing::warn!("the log filter (EMBARGOD_LOG, `log`) cannot be read; using info");
    }
    if let Some(why) = no_traces {
        tracing::warn!(%why, "no traces are sent: check EMBARGOD_OTLP_ENDPOINT (`otlp_endpoint`)");
    }
    Telemetry { traces }
}

/// A panic's message may quote what was being worked on (a slice of text that does not fit does), so only its place is
/// told.
fn keep_panics_quiet() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(%place, "a promise of the program was broken (a panic) at {place}");
    }));
}
