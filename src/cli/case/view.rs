//! Cases for people and for scripts. The JSON's keys are fixed in `docs/operating.md`.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::{
    cli::page::wrapped,
    domain::case::{Alert, Case, CaseOrigin, Desk, Handling},
    store::EffectReport,
};

pub(super) fn json_list(cases: &[Case]) -> Value {
    Value::Array(cases.iter().map(json).collect())
}

/// One case. What later features will fill is there already, empty.
pub(super) fn json(case: &Case) -> Value {
    let (kind, url) = desk(case);
    let ghsa = match &case.desk {
        Desk::Advisory { ghsa, .. } => Some(ghsa),
        _ => None,
    };
    json!({
        "case": case.id,
        "repository": case.repository.to_string(),
        "ghsa": ghsa,
        "desk": { "kind": kind, "url": url },
        "opened_at": case.opened_at,
        "policy": case.policy_version,
        "handling": case.handling,
        "embargo": { "state": "none", "until": null, "cause": null },
        "exposure": case.exposure,
        "class": [],
        "severity": null,
        "cve": [],
        "affects": [],
        "not_affected": {},
        "coordinator": null,
        "clocks": [],
        "waiting_for": waiting_for(case),
        "origin": case.origin,
        "posts": case.posts.iter().map(|post| json!({
            "url": post.place.html_url,
            "redacted": post.redacted,
            "evidence": post.evidence.len(),
        })).collect::<Vec<_>>(),
        "restored_at": case.restored_at,
    })
}

/// The same with the keys of its effects that were given up.
pub(super) fn json_with_dead(case: &Case, dead: &[EffectReport]) -> Value {
    let mut value = json(case);
    value["dead_effects"] = dead.iter().map(|report| report.effect.key.as_str()).collect();
    value
}

/// What was given up for a case, and what can be done about it.
pub(super) fn dead(dead: &[EffectReport]) -> String {
    let mut text = String::new();
    for report in dead {
        let key = &report.effect.key;
        let error = report.last_error.as_deref().unwrap_or("no reason kept");
        text.push_str(&wrapped("given up  ", &format!("{key}: {error}")));
        let _ = writeln!(text, "          embargod effects show {key}");
    }
    text
}

pub(super) fn table(cases: &[Case], alerts: &[Alert]) -> String {
    let mut text = String::new();
    if cases.is_empty() {
        text.push_str("no cases\n");
    }
    for case in cases {
        let (_, url) = desk(case);
        let _ = writeln!(
            text,
            "{:<14} {:<10} {:<24} opened {}  {}",
            case.id.as_str(),
            case.handling.word(),
            case.repository.to_string(),
            case.opened_at.strftime("%Y-%m-%d %H:%MZ"),
            url.unwrap_or("no desk"),
        );
    }
    for alert in alerts {
        let _ = writeln!(
            text,
            "ALERT {} {} ({}): {}",
            alert.at.strftime("%Y-%m-%d %H:%MZ"),
            alert.repository,
            alert.id,
            alert.text
        );
        let _ = writeln!(text, "  next: {}", next(alert));
    }
    text
}

/// The command for whoever has seen to an alert, or wants to know more.
fn next(alert: &Alert) -> String {
    match alert.id.split_once(':') {
        Some(("effect", key)) => format!("embargod effects show {key}"),
        Some(("delivery", guid)) => format!("embargod deliveries retry or drop {guid} --reason TEXT"),
        _ => format!("embargod case dismiss {}", alert.id),
    }
}

pub(super) fn page(case: &Case) -> String {
    let (kind, url) = desk(case);
    let mut text = String::new();
    let _ = writeln!(text, "{}  {}  {}", case.id, case.repository, case.handling.word());
    let _ = writeln!(text, "opened    {} under policy {}", case.opened_at, case.policy_version);
    let _ = writeln!(text, "reporter  {}", case.reporter.login);
    let _ = writeln!(text, "desk      {kind} {}", url.unwrap_or(""));
    if let Some(public) = case.exposure.public {
        let _ = writeln!(text, "public    since {public}");
    }
    for post in &case.posts {
        let state = if post.redacted && case.restored_at.is_none() { "moved" } else { "visible" };
        let place = &post.place;
        let _ = writeln!(text, "post      {} {} ({state})", place.surface.words(), place.html_url);
    }
    if let Some(restored) = case.restored_at {
        let _ = writeln!(text, "restored  {restored}");
    }
    for duty in waiting_for(case) {
        let _ = writeln!(text, "waits for {duty}");
    }
    text
}

fn desk(case: &Case) -> (&'static str, Option<&str>) {
    match &case.desk {
        Desk::Pending => ("pending", None),
        Desk::Advisory { url, .. } => ("advisory", Some(url)),
        Desk::Issue { url, .. } => ("repository", Some(url)),
        Desk::AlertOnly => ("none", None),
    }
}

fn waiting_for(case: &Case) -> Vec<&'static str> {
    match (case.handling, case.origin) {
        (Handling::Received, CaseOrigin::Reported | CaseOrigin::Opened) => vec!["a person's answer to the reporter"],
        (Handling::Received, CaseOrigin::Shielded) => {
            vec!["a person's answer to the reporter", "deletion of the old text from the edit history"]
        }
        (Handling::Received, _) => vec!["a maintainer's choice about the public post"],
        _ => Vec::new(),
    }
}
