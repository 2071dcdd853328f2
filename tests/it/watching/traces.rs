//! Traces reach a collector whole, and hold nothing but identifiers.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use axum::{Router, body::Bytes, extract::State, http::StatusCode, routing::post};
use embargod::server::telemetry::otlp::Traces;
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest, common::v1::any_value::Value, trace::v1::Span,
};
use prost::Message;
use tracing_subscriber::prelude::*;

use crate::kit::{MALLORY, REPO, World};

type Batches = Arc<Mutex<Vec<Vec<u8>>>>;

/// A collector on loopback that keeps every batch and answers with `status`.
async fn collector(status: StatusCode) -> (String, Batches) {
    let batches = Batches::default();
    let take = move |State(batches): State<Batches>, body: Bytes| async move {
        batches.lock().expect("no holder panics").push(body.to_vec());
        status
    };
    let router = Router::new().route("/v1/traces", post(take)).with_state(Arc::clone(&batches));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    (format!("http://{address}"), batches)
}

fn spans(batches: &Batches) -> Vec<Span> {
    let batches = batches.lock().expect("no holder panics").clone();
    let requests = batches.iter().map(|body| ExportTraceServiceRequest::decode(body.as_slice()).expect("OTLP"));
    requests
        .flat_map(|request| request.resource_spans)
        .flat_map(|resource| resource.scope_spans)
        .flat_map(|scope| scope.spans)
        .collect()
}

fn attribute(span: &Span, name: &str) -> Option<String> {
    let found = span.attributes.iter().find(|attribute| attribute.key == name)?;
    match found.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text.clone()),
        Value::IntValue(number) => Some(number.to_string()),
        other => panic!("{name} is {other:?}"),
    }
}

#[tokio::test]
async fn a_delivery_is_followed_from_its_door_to_the_last_call() {
    let (endpoint, batches) = collector(StatusCode::OK).await;
    let traces = Traces::to(&endpoint).expect("a collector");
    let listening = tracing::subscriber::set_default(tracing_subscriber::registry().with(traces.layer()));
    let world = World::new().await;
    let (title, body) = world.exploit();
    world.github.open_issue(REPO, MALLORY, &title, &body).expect("an issue");
    world.settle().await;
    traces.flush().await;
    drop(listening);

    for batch in batches.lock().expect("no holder panics").iter() {
        world.canary.must_not_be_in("a trace", batch);
    }
    let spans = spans(&batches);
    let decide = spans.iter().find(|span| attribute(span, "outcome").as_deref() == Some("shielded"));
    let decide = decide.expect("the decision is traced");
    let delivery = attribute(decide, "delivery").expect("it names its delivery");
    let of_trace: Vec<_> = spans.iter().filter(|span| span.trace_id == decide.trace_id).collect();
    let accept =
        of_trace.iter().find(|span| span.name == "accept" && attribute(span, "delivery").as_ref() == Some(&delivery));
    assert!(accept.is_some(), "the door is in the same trace");
    let kinds: BTreeSet<_> =
        of_trace.iter().filter(|span| span.name == "perform").filter_map(|span| attribute(span, "kind")).collect();
    for kind in ["redact_post", "open_desk"] {
        assert!(kinds.contains(kind), "{kind} is in the same trace: {kinds:?}");
    }
    let known: BTreeSet<_> =
        ["attempt", "busy_ns", "case", "delivery", "effect", "ended", "event", "idle_ns", "kind", "level", "outcome"]
            .into();
    for span in &spans {
        assert!(span.events.is_empty(), "lines of the log are not sent");
        for attribute in &span.attributes {
            assert!(known.contains(attribute.key.as_str()), "{} has {}", span.name, attribute.key);
        }
    }
    world.finish().await;
}

#[tokio::test]
async fn a_collector_that_refuses_or_is_gone_harms_nobody() {
    let (refusing, batches) = collector(StatusCode::INTERNAL_SERVER_ERROR).await;
    for endpoint in [refusing.as_str(), "http://127.0.0.1:9"] {
        let traces = Traces::to(endpoint).expect("an address");
        let listening = tracing::subscriber::set_default(tracing_subscriber::registry().with(traces.layer()));
        let world = World::new().await;
        let (title, body) = world.exploit();
        let number = world.github.open_issue(REPO, MALLORY, &title, &body).expect("an issue");
        world.settle().await;
        assert!(world.thread(number).locked, "the post is shielded all the same");
        traces.flush().await;
        drop(listening);
        world.finish().await;
    }
    assert!(!batches.lock().expect("no holder panics").is_empty(), "the first was asked");
}
