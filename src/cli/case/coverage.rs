//! The matrix of a case, for people and for scripts.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::domain::{
    coverage::{Cell, Verdict},
    release_checks::Proof,
};

/// Adds what is known of the fix to a case's JSON.
pub(super) fn add(mut case: Value, fix: Option<&Proof>) -> Value {
    let Some(fix) = fix else {
        case["coverage"] =
            json!({ "judged_at": null, "trouble": null, "cells": [], "prepared": null, "not_ready": null });
        return case;
    };
    for (series, said) in &fix.recorded.not_affected {
        // What the desk says of a series stays.
        if case["not_affected"][series].is_null() {
            case["not_affected"][series] = json!(said.why);
        }
    }
    let not_ready = fix.not_ready();
    case["coverage"] = json!({
        "judged_at": fix.matrix.as_ref().map(|matrix| matrix.judged_at),
        "trouble": fix.matrix.as_ref().and_then(|matrix| matrix.trouble.clone()),
        "cells": fix.matrix.as_ref().map(|matrix| matrix.cells()).unwrap_or_default(),
        "prepared": fix.prepared.as_ref().map(|prepared| &prepared.series),
        "not_ready": not_ready.iter().map(|one| json!({ "series": one.series, "why": one.why })).collect::<Vec<_>>(),
    });
    case
}

/// The matrix as lines; nothing where nobody recorded anything.
pub(super) fn page(fix: Option<&Proof>) -> String {
    let Some(fix) = fix else {
        return String::new();
    };
    let mut text = String::new();
    if let Some(instant) = fix.recorded.not_before {
        let _ = writeln!(text, "release   not before {instant}");
    }
    match &fix.matrix {
        None => text.push_str("fix       recorded; the mirror was not looked at since\n"),
        Some(matrix) => {
            let _ = writeln!(text, "fix       judged {}", matrix.judged_at);
            for cell in matrix.cells() {
                let _ = writeln!(text, "  {:<10} {}", cell.series, words(&cell));
                if let Some(prepared) = fix.prepared_for(&cell.series) {
                    let _ = writeln!(text, "             {}: {}", prepared.branch, prepared.found.words());
                }
                for note in &cell.notes {
                    let _ = writeln!(text, "             {note}");
                }
            }
        }
    }
    for missing in fix.not_ready() {
        let series = if missing.series.is_empty() { "fix" } else { &missing.series };
        let _ = writeln!(text, "not ready {series}: {}", missing.why);
    }
    text
}

fn words(cell: &Cell) -> String {
    let commits: Vec<String> = cell.commits.iter().map(|commit| commit.to_string()[..10].to_owned()).collect();
    let how = cell.evidence.first().map(|evidence| format!("; {}", evidence.detail)).unwrap_or_default();
    let verdict = match (&cell.first_tag, cell.first_tag_date) {
        (Some(tag), Some(day)) if cell.verdict == Verdict::Covered => format!("covered since {tag} ({day})"),
        _ => cell.verdict.words().to_owned(),
    };
    format!("{verdict} {}{how}", commits.join(" "))
}
