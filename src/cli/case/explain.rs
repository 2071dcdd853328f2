//! Why: decisions with their reasons, and what became of their effects.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::{
    domain::decision::DecisionRecord,
    store::{EffectReport, EffectState},
};

pub(super) fn json(decisions: &[DecisionRecord], effects: &[EffectReport]) -> Value {
    let told = |decision: &DecisionRecord| {
        let mut value = serde_json::to_value(decision).unwrap_or_default();
        let mine = effects.iter().filter(|report| decision.effects.contains(&report.effect.key));
        value["effects"] = mine.map(effect).collect();
        value
    };
    Value::Array(decisions.iter().map(told).collect())
}

fn effect(report: &EffectReport) -> Value {
    json!({
        "key": report.effect.key,
        "kind": report.effect.kind,
        "state": report.state,
        "attempts": report.attempts,
        "result": report.result,
        "last_error": report.last_error,
        "finished_at": report.finished_at,
    })
}

pub(super) fn page(decisions: &[DecisionRecord], effects: &[EffectReport]) -> String {
    let mut text = String::new();
    for decision in decisions {
        let actor = decision.actor.as_deref().map(|actor| format!(" by {actor}")).unwrap_or_default();
        let _ = writeln!(
            text,
            "{} {}: {} about {}{actor} (cause {})",
            decision.at, decision.feature, decision.outcome, decision.subject, decision.cause
        );
        for reason in &decision.reasons {
            let source = reason.source.as_deref().map(|source| format!(" [{source}]")).unwrap_or_default();
            let _ = writeln!(text, "  because {}: {}{source}", reason.rule, reason.text);
        }
        for report in effects.iter().filter(|report| decision.effects.contains(&report.effect.key)) {
            let _ = writeln!(text, "  effect  {}: {}", report.effect.key, state(report));
            if report.state == EffectState::Dead {
                let _ = writeln!(text, "          embargod effects show {}", report.effect.key);
            }
        }
    }
    text
}

fn state(report: &EffectReport) -> String {
    let error = report.last_error.as_deref().unwrap_or("no reason kept");
    match report.state {
        EffectState::Done => match report.result.get("left_alone").and_then(Value::as_str) {
            Some(why) => format!("left alone: {why}"),
            None => "done".to_owned(),
        },
        EffectState::Ready => match report.effect.not_before {
            Some(due) if report.attempts == 0 => format!("waits for {due}"),
            _ if report.attempts == 0 => "waits".to_owned(),
            _ => format!("waits after {} attempts: {error}", report.attempts),
        },
        EffectState::Running => "running".to_owned(),
        EffectState::Dead => format!("given up after {} attempts: {error}", report.attempts),
        EffectState::Dropped => "dropped: overtaken by a later decision".to_owned(),
    }
}
