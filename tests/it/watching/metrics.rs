//! Metrics mean what the documentation says, and hold nothing else.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use axum::{
    body::{Body, to_bytes},
    http::Request,
};
use embargod::{
    health::Health,
    server::{
        admin,
        metrics::catalogue::{ALL, Kind, table},
    },
};
use regex::Regex;
use tower::ServiceExt;

use crate::kit::{MALLORY, REPO, World};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What `GET /metrics` tells about a world.
async fn scraped(world: &World) -> String {
    let router = admin::router(world.metrics(), &world.engine, &Health::default());
    let request = Request::get("/metrics").body(Body::empty()).expect("a request");
    let answer = router.oneshot(request).await.expect("an answer");
    assert_eq!(answer.status(), 200);
    let body = to_bytes(answer.into_body(), usize::MAX).await.expect("a body");
    String::from_utf8(body.to_vec()).expect("text")
}

/// A line of Prometheus' text: the metric's own name, its labels, its value.
struct Line {
    name: String,
    labels: BTreeMap<String, String>,
    value: f64,
}

fn lines(text: &str) -> Vec<Line> {
    let line = Regex::new(r"^([a-z_]+)(?:\{(.*)\})? (\S+)$").expect("a pattern");
    let label = Regex::new(r#"([a-z_]+)="((?:[^"\\]|\\.)*)""#).expect("a pattern");
    let told = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    told.map(|text| {
        let parts = line.captures(text).unwrap_or_else(|| panic!("this is no metric: {text}"));
        let labels = parts.get(2).map_or("", |labels| labels.as_str());
        let labels = label.captures_iter(labels).map(|found| (found[1].to_owned(), found[2].to_owned())).collect();
        Line { name: parts[1].to_owned(), labels, value: parts[3].parse().expect("a number") }
    })
    .collect()
}

#[tokio::test]
async fn a_shield_is_measured_without_a_word_of_it() {
    let world = World::new().await;
    let (title, body) = world.exploit();
    world.github.open_issue(REPO, MALLORY, &title, &body).expect("an issue");
    world.settle().await;
    let text = scraped(&world).await;
    world.canary.must_not_be_in("the metrics", text.as_bytes());
    let known: BTreeMap<_, _> = ALL.iter().map(|metric| (metric.name, metric)).collect();
    let value = Regex::new(r"^[a-zA-Z0-9_.+-]{1,64}$").expect("a pattern");
    let told = lines(&text);
    for line in &told {
        let base = ["_bucket", "_sum", "_count"].iter().find_map(|end| line.name.strip_suffix(end));
        let metric = known
            .get(line.name.as_str())
            .or_else(|| known.get(base?).filter(|metric| matches!(metric.kind, Kind::Histogram(_))))
            .unwrap_or_else(|| panic!("{} is told and not in the catalogue", line.name));
        for (label, told) in line.labels.iter().filter(|(label, _)| *label != "le") {
            assert!(metric.labels.contains(&label.as_str()), "{} has a label {label}", line.name);
            assert!(value.is_match(told), "{}: {label} is {told:?}, which is no plain word", line.name);
            for name in ["acme", "framework", MALLORY, "SEC-"] {
                assert!(!told.contains(name), "{}: {label} names {name}", line.name);
            }
        }
    }
    let sum = |name: &str| told.iter().filter(|line| line.name == name).map(|line| line.value).sum::<f64>();
    for name in [
        "embargod_accepts_total",
        "embargod_ack_ms_count",
        "embargod_decisions_total",
        "embargod_effects_total",
        "embargod_effect_attempts_count",
        "embargod_exposure_ms_count",
        "embargod_github_request_ms_count",
        "embargod_github_budget_limit",
        "embargod_store_commit_ms_count",
        "embargod_build_info",
        "embargod_ready",
    ] {
        assert!(sum(name) > 0.0, "{name} did not count:\n{text}");
    }
    world.finish().await;
}

#[tokio::test]
async fn what_the_database_cannot_tell_is_left_out() {
    let world = World::new().await;
    assert!(scraped(&world).await.contains("embargod_deliveries_waiting 0"));
    world.spoil_database().await;
    let text = scraped(&world).await;
    assert!(!text.contains("embargod_deliveries_waiting"), "a stale number would look like a good one");
    assert!(text.contains("embargod_ready 0"));
}

#[test]
fn the_documentation_has_the_very_table() {
    let page = fs::read_to_string(root().join("docs/metrics.md")).expect("the page");
    assert!(page.contains(&table()), "put this into docs/metrics.md:\n\n{}", table());
}

#[test]
fn what_the_source_counts_is_in_the_catalogue_and_the_other_way_round() {
    let counted = Regex::new(r#"metrics::(?:counter|gauge|histogram)!\(\s*"([^"]+)""#).expect("a pattern");
    let mut found = BTreeSet::new();
    for file in sources(&root().join("src")) {
        let text = fs::read_to_string(&file).expect("readable");
        found.extend(counted.captures_iter(&text).map(|name| name[1].to_owned()));
    }
    let known: BTreeSet<_> = ALL.iter().map(|metric| metric.name.to_owned()).collect();
    let unknown: Vec<_> = found.difference(&known).collect();
    assert!(unknown.is_empty(), "add to src/server/metrics/catalogue.rs: {unknown:?}");
    let silent: Vec<_> = known.difference(&found).collect();
    assert!(silent.is_empty(), "in the catalogue, and counted nowhere: {silent:?}");
    assert_eq!(known.len(), ALL.len(), "no name stands there twice");
    for metric in ALL {
        if let Kind::Histogram(buckets) = metric.kind {
            assert!(!buckets.is_empty() && buckets.is_sorted(), "{}", metric.name);
        }
    }
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|end| end == "rs") {
            files.push(path);
        }
    }
    files
}
