//! The dashboard and the alert rules ask for what there is.

use std::{collections::BTreeSet, fs, path::Path};

use embargod::server::metrics::catalogue::{ALL, Kind};
use regex::Regex;
use serde::Deserialize;
use serde_json::Value;

fn file(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/monitoring").join(name);
    fs::read_to_string(path).expect("the file is there")
}

/// Names as Prometheus sees them.
fn series() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for metric in ALL {
        match metric.kind {
            Kind::Histogram(_) => {
                names.extend(["bucket", "sum", "count"].map(|part| format!("{}_{part}", metric.name)));
            }
            Kind::Counter | Kind::Gauge => drop(names.insert(metric.name.to_owned())),
        }
    }
    names
}

/// Metrics of ours that an expression names, in labels' values excepted.
fn asked(expression: &str) -> BTreeSet<String> {
    let quoted = Regex::new(r#""[^"]*""#).expect("a pattern");
    let name = Regex::new(r"\b(?:embargod|process)_[a-z_]+\b").expect("a pattern");
    let bare = quoted.replace_all(expression, "\"\"");
    name.find_iter(&bare).map(|found| found.as_str().to_owned()).collect()
}

#[derive(Deserialize)]
struct Rules {
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
struct Rule {
    alert: String,
    expr: String,
    r#for: String,
    labels: Labels,
    annotations: Annotations,
}

#[derive(Deserialize)]
struct Labels {
    severity: String,
}

#[derive(Deserialize)]
struct Annotations {
    summary: String,
    runbook: String,
}

#[test]
fn every_alert_asks_for_metrics_that_exist_waits_and_says_what_to_do() {
    let rules: Rules = serde_saphyr::from_str(&file("alerts.yml")).expect("rules");
    let rules: Vec<_> = rules.groups.into_iter().flat_map(|group| group.rules).collect();
    assert!(rules.len() > 10);
    let known = series();
    let waits = Regex::new(r"^\d+[smhd]$").expect("a pattern");
    for rule in &rules {
        for name in asked(&rule.expr) {
            assert!(known.contains(&name), "{}: there is no {name}", rule.alert);
        }
        assert!(waits.is_match(&rule.r#for), "{}", rule.alert);
        assert!(["info", "warning", "critical"].contains(&rule.labels.severity.as_str()), "{}", rule.alert);
        assert!(!rule.annotations.summary.is_empty());
        assert!(rule.annotations.runbook.contains('`') || rule.annotations.runbook.contains("log"), "{}", rule.alert);
    }
    let names: BTreeSet<_> = rules.iter().map(|rule| rule.alert.as_str()).collect();
    assert_eq!(names.len(), rules.len(), "each alert has a name of its own");
}

#[test]
fn every_panel_asks_for_metrics_that_exist() {
    let dashboard: Value = serde_json::from_str(&file("dashboard.json")).expect("JSON");
    let known = series();
    let mut shown = BTreeSet::new();
    let mut ids = BTreeSet::new();
    for panel in dashboard["panels"].as_array().expect("panels") {
        assert!(ids.insert(panel["id"].as_u64().expect("a number")), "{}", panel["title"]);
        for target in panel["targets"].as_array().into_iter().flatten() {
            let asked = asked(target["expr"].as_str().expect("an expression"));
            assert!(!asked.is_empty(), "{} asks for nothing", panel["title"]);
            for name in &asked {
                assert!(known.contains(name), "{}: there is no {name}", panel["title"]);
            }
            shown.extend(asked);
        }
    }
    assert!(shown.len() > 25, "{}", shown.len());
}

#[test]
fn these_checks_can_fail() {
    let found = asked(r#"rate(embargod_gone_total{check="embargod_inside_a_value"}[5m]) / process_open_fds"#);
    assert_eq!(found, BTreeSet::from(["embargod_gone_total".to_owned(), "process_open_fds".to_owned()]));
    assert!(!series().contains("embargod_gone_total"));
}
