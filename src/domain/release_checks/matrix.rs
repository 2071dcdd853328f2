//! What is proved of a case's fix, as Markdown for its desk. Private.

use std::fmt::Write;

use super::Proof;
use crate::domain::{case::card::utc, coverage::Cell};

/// The matrix, what the mirror holds, and what is missing.
pub fn markdown(proof: &Proof) -> String {
    let mut text = String::new();
    match &proof.matrix {
        None => text.push_str("The mirror was not looked at since the fix was recorded. Ask again in some minutes.\n"),
        Some(matrix) => {
            let prepared = proof.prepared.is_some();
            let _ = writeln!(text, "Judged {}.\n", utc(matrix.judged_at));
            let (heads, line) = if prepared { (" prepared |", "---|") } else { ("", "") };
            let _ = writeln!(text, "| series | verdict | first release |{heads}\n|---|---|---|{line}");
            for cell in matrix.cells() {
                text.push_str(&row(proof, &cell, prepared));
            }
        }
    }
    for missing in proof.not_ready() {
        let series = if missing.series.is_empty() { "the fix" } else { &missing.series };
        let _ = write!(text, "\n- [ ] {series}: {}", missing.why);
    }
    text.push('\n');
    text
}

fn row(proof: &Proof, cell: &Cell, prepared: bool) -> String {
    let tag = cell.first_tag.as_deref().unwrap_or("–");
    let words = cell.verdict.words();
    let mirror = match proof.prepared_for(&cell.series) {
        _ if !prepared => String::new(),
        Some(found) => format!(" {} (`{}`) |", found.found.words(), found.branch),
        None => " – |".to_owned(),
    };
    format!("| {} | {words} | {tag} |{mirror}\n", cell.series)
}
