//! What all forms of the matrix say in the same words.

use jiff::{Unit, civil::Date};

use crate::domain::coverage::{Cell, Coverage, EvidenceKind, SeriesKind, Verdict};

/// A verdict in words.
pub(super) fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Covered => "covered",
        Verdict::NotTaggedYet => "not tagged yet",
        Verdict::Missing => "missing",
        Verdict::NotAffected => "not affected",
        Verdict::AdvisoryOnly => "advisory only",
        Verdict::Unknown => "unknown",
    }
}

/// A verdict as a word that a style sheet knows.
pub(super) fn slug(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Covered => "covered",
        Verdict::NotTaggedYet => "untagged",
        Verdict::Missing => "missing",
        Verdict::NotAffected => "unaffected",
        Verdict::AdvisoryOnly => "advisory",
        Verdict::Unknown => "unknown",
    }
}

/// A step of the ladder in words.
pub(super) fn step(kind: EvidenceKind) -> &'static str {
    match kind {
        EvidenceKind::Recorded => "recorded",
        EvidenceKind::Ancestor => "ancestor",
        EvidenceKind::Trailer => "trailer",
        EvidenceKind::PatchId => "patch-id",
        EvidenceKind::PatchIdWithoutDocs => "patch-id without docs",
        EvidenceKind::Id => "id in the subject",
        EvidenceKind::Mention => "named in the message",
        EvidenceKind::Subject => "same subject",
        EvidenceKind::Similar => "similar lines",
    }
}

/// The series of a cell, with what is special about it.
pub(super) fn series(cell: &Cell) -> String {
    match cell.kind {
        SeriesKind::Prerelease => format!("{} (pre-release)", plain(&cell.series)),
        SeriesKind::Main | SeriesKind::Supported => plain(&cell.series),
    }
}

/// Days from the disclosure to a tag; negative where the tag came first.
pub(super) fn lag(disclosed: Date, tagged: Date) -> i32 {
    disclosed.until((Unit::Day, tagged)).map_or(0, |span| span.get_days())
}

/// The same in words: `the same day`, `12 days later`.
pub(super) fn lag_in_words(days: i32) -> String {
    match days {
        0 => "the same day".to_owned(),
        1 => "1 day later".to_owned(),
        -1 => "1 day before".to_owned(),
        2.. => format!("{days} days later"),
        _ => format!("{} days before", -days),
    }
}

/// `121 fixes, 466 cells: 440 covered, 20 missing, 6 unknown`
pub(super) fn summary(coverage: &Coverage) -> String {
    let cells: Vec<Verdict> = coverage.fixes.iter().flat_map(|fix| &fix.cells).map(|cell| cell.verdict).collect();
    let order = [
        Verdict::Covered,
        Verdict::Missing,
        Verdict::NotTaggedYet,
        Verdict::Unknown,
        Verdict::NotAffected,
        Verdict::AdvisoryOnly,
    ];
    let counts: Vec<String> = order
        .into_iter()
        .filter_map(|kind| {
            let count = cells.iter().filter(|verdict| **verdict == kind).count();
            (count > 0).then(|| format!("{count} {}", verdict(kind)))
        })
        .collect();
    let fixes = count(coverage.fixes.len(), "fix", "fixes");
    if counts.is_empty() {
        return format!("{fixes}, nothing to judge");
    }
    format!("{fixes}, {}: {}", count(cells.len(), "cell", "cells"), counts.join(", "))
}

/// A number with its noun.
pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// The first digits of a commit's name.
pub(super) fn short(name: &str) -> &str {
    name.get(..12).unwrap_or(name)
}

/// A text of others on one line, without characters that steer a terminal or turn the direction of writing.
pub(super) fn plain(text: &str) -> String {
    let steers = |c: char| {
        c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars()
        .map(|c| {
            if c == '\n' || c == '\t' {
                ' '
            } else if steers(c) {
                '\u{fffd}'
            } else {
                c
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_across_months_and_years() {
        let day = |text: &str| text.parse::<Date>().expect("a day");
        assert_eq!(lag(day("2024-09-03"), day("2024-09-03")), 0);
        assert_eq!(lag(day("2024-12-20"), day("2025-01-08")), 19);
        assert_eq!(lag(day("2024-03-01"), day("2024-02-28")), -2);
        assert_eq!(lag(day("2022-01-01"), day("2024-01-01")), 730);
    }

    #[test]
    fn what_steers_a_terminal_is_taken_out() {
        assert_eq!(plain("a\u{1b}[31mb\nc\u{202e}d"), "a\u{fffd}[31mb c\u{fffd}d");
    }
}
