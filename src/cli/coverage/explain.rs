//! The evidence as a tree, for terminals; and as a further field of each cell, for programs.

use anstyle::Style;
use serde_json::{Value, json};

use super::{
    table::{colour, styled},
    words::{lag, lag_in_words, plain, series, short, step, summary, verdict},
};
use crate::domain::coverage::{Cell, Coverage, ExplainedCell, ExplainedCommit, FixCoverage, SeriesKind, Verdict};

/// A line and what hangs below it.
struct Branch {
    line: String,
    below: Vec<Branch>,
}

fn leaf(line: impl Into<String>) -> Branch {
    Branch { line: line.into(), below: Vec::new() }
}

/// The trees of all fixes.
pub(super) fn tree(coverage: &Coverage, explained: &[Vec<ExplainedCell>]) -> String {
    let mut text = String::new();
    for (fix, cells) in coverage.fixes.iter().zip(explained) {
        text.push_str(&format!("{}, disclosed {}\n", styled(&plain(&fix.id), Style::new().bold()), fix.date));
        let branches: Vec<Branch> =
            fix.cells.iter().zip(cells).map(|(cell, why)| cell_branch(fix, cell, why)).collect();
        draw(&mut text, &branches, "");
        text.push('\n');
    }
    text.push_str(&summary(coverage));
    text.push('\n');
    text
}

fn draw(text: &mut String, branches: &[Branch], before: &str) {
    for (index, branch) in branches.iter().enumerate() {
        let is_last = index + 1 == branches.len();
        text.push_str(&format!(
            "{before}{} {}\n",
            if is_last { "\u{2514}\u{2500}" } else { "\u{251c}\u{2500}" },
            branch.line
        ));
        draw(text, &branch.below, &format!("{before}{}  ", if is_last { " " } else { "\u{2502}" }));
    }
}

fn cell_branch(fix: &FixCoverage, cell: &Cell, why: &ExplainedCell) -> Branch {
    let by = match (&cell.first_tag, cell.first_tag_date) {
        (Some(tag), Some(day)) => format!(" by {} of {day}, {}", plain(tag), lag_in_words(lag(fix.date, day))),
        _ => String::new(),
    };
    let line = format!("{}: {}{by}", series(cell), styled(verdict(cell.verdict), colour(cell.verdict)));
    let mut below = vec![leaf(format!("looked at: {}", plain(&why.counts_because)))];
    let found = !cell.commits.is_empty();
    let words = if found {
        "commit"
    } else if cell.evidence.is_empty() {
        "not the fix, only near it:"
    } else {
        "proposed:"
    };
    below.extend(why.commits.iter().map(|commit| commit_branch(words, cell, commit)));
    if why.commits.is_empty() && matches!(cell.verdict, Verdict::Missing | Verdict::Unknown) {
        below.push(leaf("no step of the ladder found a commit"));
    }
    below.extend(cell.notes.iter().map(|note| leaf(format!("note: {}", plain(note)))));
    below.extend(why.remedy.iter().map(|remedy| leaf(format!("to do: {}", plain(remedy)))));
    Branch { line, below }
}

fn commit_branch(words: &str, cell: &Cell, commit: &ExplainedCommit) -> Branch {
    let name = commit.commit.to_string();
    let tagged = commit
        .first_tag
        .as_deref()
        .map_or_else(|| "in no release of the series".to_owned(), |tag| format!("in {} first", plain(tag)));
    let steps = commit.steps.iter().map(|said| {
        let line = format!("{}: {}", step(said.kind), plain(&said.said));
        leaf(if said.decisive {
            styled(&format!("\u{2713} {line}"), Style::new().bold())
        } else if said.holds {
            format!("\u{2713} {line}")
        } else {
            styled(&format!("\u{b7} {line}"), Style::new().dimmed())
        })
    });
    let mut below: Vec<Branch> = steps.collect();
    if cell.kind != SeriesKind::Main {
        below.push(leaf(tagged));
    }
    Branch { line: format!("{words} {} {} {}", short(&name), commit.day, plain(&commit.subject)), below }
}

/// The JSON of the matrix, each cell with its field `explained`.
pub(super) fn json(coverage: &Coverage, explained: &[Vec<ExplainedCell>]) -> Value {
    let mut value = json!(coverage);
    let fixes = value.get_mut("fixes").and_then(Value::as_array_mut);
    for (fix, why) in fixes.into_iter().flatten().zip(explained) {
        let cells = fix.get_mut("cells").and_then(Value::as_array_mut);
        for (cell, why) in cells.into_iter().flatten().zip(why) {
            if let Value::Object(fields) = cell {
                fields.insert("explained".to_owned(), json!(why));
            }
        }
    }
    value
}
