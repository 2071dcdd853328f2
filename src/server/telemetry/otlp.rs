//! Traces for an OpenTelemetry collector: OTLP over HTTP, in protobuf. Off unless an endpoint is set.
//!
//! Spans are handed over in batches by a thread of the exporter's own, over a queue that is bounded: when the collector is
//! slow or gone, spans are dropped and nothing else happens. Only spans of this program are sent, with the fields that they
//! have in the source, which are identifiers; events (log lines) are not.

use std::{
    fmt,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::{HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
use tokio::runtime::Handle;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::{Layer, filter::filter_fn, registry::LookupSpan};

/// Longest time that one batch may take.
const SEND_TIMEOUT: Duration = Duration::from_secs(3);

/// Longest time that the last batch may hold up the end of the program.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(5);

/// A way for traces to a collector.
pub struct Traces(SdkTracerProvider);

impl Traces {
    /// To the collector whose base address is `endpoint`; `/v1/traces` is added. Must be called within the runtime, and
    /// sends nothing yet.
    ///
    /// # Errors
    /// Where the address is none; the text says so.
    pub fn to(endpoint: &str) -> Result<Self, String> {
        let client = reqwest::Client::builder()
            .timeout(SEND_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|_| "no HTTP client could be made".to_owned())?;
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Sender { client, runtime: Handle::current(), failing: AtomicBool::new(false) })
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
            .with_timeout(SEND_TIMEOUT)
            .build()
            .map_err(|error| error.to_string())?;
        let resource = Resource::builder().with_service_name("embargod");
        let resource =
            resource.with_attribute(opentelemetry::KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
        let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource.build());
        Ok(Self(provider.build()))
    }

    /// What turns spans of this program into traces.
    pub fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        tracing_opentelemetry::layer()
            .with_tracer(self.0.tracer("embargod"))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_filter(filter_fn(is_ours))
    }

    /// Hands over what is left, and ends.
    pub async fn flush(self) {
        // It blocks, while the runtime must go on to send.
        let ended = tokio::task::spawn_blocking(move || self.0.shutdown_with_timeout(FLUSH_TIMEOUT)).await;
        if !matches!(ended, Ok(Ok(()))) {
            tracing::warn!("the last traces could not be handed to the collector");
        }
    }
}

fn is_ours(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() && metadata.target().starts_with("embargod")
}

/// Sends the exporter's batches on our runtime: its thread has none.
struct Sender {
    client: reqwest::Client,
    runtime: Handle,
    failing: AtomicBool,
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sender")
    }
}

#[async_trait]
impl HttpClient for Sender {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let sent = self.runtime.spawn(send(self.client.clone(), request)).await.map_err(HttpError::from);
        let answer = sent.and_then(|answer| answer);
        let well = answer.as_ref().is_ok_and(|answer| answer.status().is_success());
        metrics::counter!("embargod_trace_batches_total", "ended" => if well { "sent" } else { "lost" }).increment(1);
        if self.failing.swap(!well, Ordering::Relaxed) == well {
            if well {
                tracing::info!("the collector takes traces again");
            } else {
                // The address may hold a token.
                tracing::warn!("the collector does not take traces (otlp_endpoint); they are dropped until it does");
            }
        }
        answer
    }
}

async fn send(client: reqwest::Client, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
    /// No answer of a collector is longer that matters.
    const MOST_BYTES: u64 = 1024 * 1024;
    let answer = client.execute(request.try_into()?).await?;
    let mut response = Response::builder().status(answer.status());
    if let Some(headers) = response.headers_mut() {
        headers.clone_from(answer.headers());
    }
    let short = answer.content_length().is_some_and(|length| length <= MOST_BYTES);
    let body = if short { answer.bytes().await? } else { Bytes::new() };
    Ok(response.body(body)?)
}
