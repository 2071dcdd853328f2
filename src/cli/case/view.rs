//! Cases for people and for scripts. The JSON's keys are fixed in `docs/operating.md`.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::{
    cli::page::wrapped,
    domain::{
        case::{Alert, Case, Desk, card, projection::CaseView},
        policy::Policy,
    },
    store::EffectReport,
};

/// One case: what scripts rely on, and what else there is to say.
pub(super) fn json(case: &Case, policy: &Policy) -> Value {
    let mut value = json!(CaseView::of(case, policy));
    value["origin"] = json!(case.origin);
    value["reported_at"] = json!(case.age_since());
    value["posts"] = case
        .posts
        .iter()
        .map(|post| json!({ "url": post.place.html_url, "redacted": post.redacted, "evidence": post.evidence.len() }))
        .collect();
    value["restored_at"] = json!(case.restored_at);
    value
}

/// The same with the keys of its effects that were given up.
pub(super) fn json_with_dead(case: &Case, policy: &Policy, dead: &[EffectReport]) -> Value {
    let mut value = json(case, policy);
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

pub(super) fn page(case: &Case, policy: &Policy) -> String {
    let (kind, url) = desk(case);
    let mut text = String::new();
    let _ = writeln!(text, "{}  {}  {}", case.id, case.repository, case.handling.word());
    let _ = writeln!(text, "opened    {} under policy {}", case.opened_at, case.policy_version);
    let _ = writeln!(text, "reporter  {}", case.reporter.login);
    let _ = writeln!(text, "desk      {kind} {}", url.unwrap_or(""));
    if case.age_since() < case.opened_at {
        let _ = writeln!(text, "reported  {}", case.age_since());
    }
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
    if let Some(until) = case.embargo.until {
        let _ = writeln!(text, "embargo   {} until {until}", case.embargo.state.word());
    }
    for clock in case.clocks.iter().filter(|clock| clock.is_open()) {
        let _ = writeln!(text, "clock     {} {}, due {}", clock.name, clock.state.word(), clock.due);
    }
    for duty in card::duties(case, policy) {
        let command = duty.command.map(|command| format!(": {command}")).unwrap_or_default();
        let _ = writeln!(text, "waits for {} ({}{command})", duty.what, duty.who);
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
