//! Effects for people and for scripts. The JSON's keys are fixed in `docs/operating.md`.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    cli::page::{counted, instant, wrapped},
    domain::{
        case::{Alert, CaseId},
        effect::Urgency,
    },
    store::{EffectReport, EffectState},
};

pub(super) fn json_list(reports: &[EffectReport]) -> Value {
    Value::Array(reports.iter().map(json).collect())
}

pub(super) fn json(report: &EffectReport) -> Value {
    let effect = &report.effect;
    json!({
        "key": effect.key,
        "kind": effect.kind,
        "urgency": effect.urgency,
        "state": report.state,
        "case": effect.case,
        "lane": effect.lane,
        "after": effect.after,
        "not_before": effect.not_before,
        "expires_at": effect.expires_at,
        "attempts": report.attempts,
        "enqueued_at": report.enqueued_at,
        "finished_at": report.finished_at,
        "last_error": report.last_error,
        "result": report.result,
        "payload": effect.payload,
    })
}

pub(super) fn list(reports: &[EffectReport], state: &str, case: Option<&CaseId>, more: bool, now: Timestamp) -> String {
    let about = case.map(|case| format!(" of {case}")).unwrap_or_default();
    if reports.is_empty() {
        return format!("no {state} effects{about}\n");
    }
    let mut text = String::new();
    for report in reports {
        text.push_str(&report.effect.key);
        text.push('\n');
        text.push_str(&wrapped("  ", &status(report, now)));
        if let Some(error) = unsolved(report) {
            text.push_str(&wrapped("  ", error));
        }
    }
    let many = counted(reports.len(), &format!("{state} effect"), &format!("{state} effects"));
    let rest = if more { "; there are more: raise --limit" } else { "" };
    text.push_str(&format!("\n{many}{about}{rest}\n"));
    if reports.iter().any(|report| report.state == EffectState::Dead) {
        text.push_str("next: embargod effects show KEY, then retry or drop KEY with --reason TEXT\n");
    }
    text
}

pub(super) fn page(report: &EffectReport, alert: Option<&Alert>, now: Timestamp) -> String {
    let effect = &report.effect;
    let mut text = format!("{}\n", effect.key);
    let mut line = |name: &str, value: &str| text.push_str(&wrapped(&format!("{name:<12}"), value));
    line("state", &status(report, now));
    if let Some(error) = unsolved(report) {
        line("last error", error);
    }
    line("does", &format!("{} ({})", effect.kind, urgency(effect.urgency)));
    if let Some(url) = effect.payload.pointer("/place/html_url").and_then(Value::as_str) {
        line("where", url);
    }
    if let Some(case) = &effect.case {
        line("case", &format!("{case}: embargod case explain {case}"));
    }
    line("enqueued", &instant(report.enqueued_at, now));
    if let Some(end) = effect.expires_at {
        line("expires", &instant(end, now));
    }
    for before in &effect.after {
        line("after", before);
    }
    if !report.result.is_null() {
        line("came of it", &report.result.to_string());
    }
    if let Some(alert) = alert {
        let resolved = alert.resolved_at.map(|at| format!("resolved {}: ", instant(at, now))).unwrap_or_default();
        line("alert", &format!("{resolved}{}", alert.text));
    }
    let key = &effect.key;
    match report.state {
        EffectState::Dead => {
            line("next", &format!("embargod effects retry {key} --reason TEXT"));
            line("", "once the cause is mended; it is looked first for what earlier tries made");
            line("or", &format!("embargod effects drop {key} --reason TEXT"));
            line("", "once it was done by hand, or does not matter any more");
        }
        EffectState::Dropped => {
            line("next", &format!("embargod effects retry {key} --reason TEXT, if it is wanted after all"))
        }
        EffectState::Ready | EffectState::Running | EffectState::Done => {}
    }
    text
}

/// `dead since 2026-11-04 09:00Z (17 d ago), 18 tries, SEC-2026-1, protecting`.
fn status(report: &EffectReport, now: Timestamp) -> String {
    let since = |word: &str| match report.finished_at {
        Some(at) => format!("{word} since {}", instant(at, now)),
        None => word.to_owned(),
    };
    let state = match report.state {
        EffectState::Dead => since("dead"),
        EffectState::Dropped => since("dropped"),
        EffectState::Done => since("done"),
        EffectState::Running => "running".to_owned(),
        EffectState::Ready => match report.effect.not_before {
            Some(due) if due > now => format!("waits for {}", instant(due, now)),
            _ => "waits for its turn".to_owned(),
        },
    };
    let tries = counted(usize::try_from(report.attempts).unwrap_or(usize::MAX), "try", "tries");
    let case = report.effect.case.as_deref().map(|case| format!(", {case}")).unwrap_or_default();
    let exposed = report.effect.urgency == Urgency::Protecting && unsolved(report).is_some();
    let warning = if exposed { ": words may be public" } else { "" };
    format!("{state}, {tries}{case}, {}{warning}", urgency(report.effect.urgency))
}

/// The last error of what did not work in the end, or not yet.
fn unsolved(report: &EffectReport) -> Option<&str> {
    report.last_error.as_deref().filter(|_| report.state != EffectState::Done)
}

/// Its urgency in words.
fn urgency(urgency: Urgency) -> &'static str {
    match urgency {
        Urgency::Protecting => "protecting",
        Urgency::Private => "private side",
        Urgency::Courtesy => "courtesy",
        Urgency::Upkeep => "upkeep",
    }
}
