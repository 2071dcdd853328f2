//! The matrix for terminals: a block a fix where there are few, a line a fix where there are many.

use anstyle::{AnsiColor, Style};

use super::words::{count, lag, lag_in_words, plain, series, short, summary, verdict};
use crate::domain::coverage::{Cell, Coverage, FixCoverage, Verdict};

/// Up to so many fixes get a block each.
const MOST_BLOCKS: usize = 12;

/// How a verdict is coloured.
pub(super) fn colour(verdict: Verdict) -> Style {
    let colour = |colour: AnsiColor| Style::new().fg_color(Some(colour.into()));
    match verdict {
        Verdict::Covered => colour(AnsiColor::Green),
        Verdict::Missing => colour(AnsiColor::Red).bold(),
        Verdict::NotTaggedYet | Verdict::Unknown => colour(AnsiColor::Yellow),
        Verdict::NotAffected | Verdict::AdvisoryOnly => Style::new().dimmed(),
    }
}

/// `text` in `style`.
pub(super) fn styled(text: &str, style: Style) -> String {
    format!("{style}{text}{style:#}")
}

/// The matrix.
pub(super) fn table(coverage: &Coverage) -> String {
    let mut text = if coverage.fixes.len() <= MOST_BLOCKS { blocks(&coverage.fixes) } else { lines(&coverage.fixes) };
    text.push_str(&summary(coverage));
    text.push('\n');
    text
}

/// A part of a line: what it says, and how.
type Part = (String, Style);

/// Lines whose parts stand below each other.
fn aligned(rows: &[Vec<Part>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|column| rows.iter().filter_map(|row| row.get(column)).map(|part| width(&part.0)).max().unwrap_or(0))
        .collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        let mut owed = 0;
        for ((part, style), width_there) in row.iter().zip(&widths) {
            line.push_str(&" ".repeat(owed));
            line.push_str(&if part.is_empty() { String::new() } else { styled(part, *style) });
            owed = width_there - width(part) + 2;
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn width(text: &str) -> usize {
    textwrap::core::display_width(text)
}

fn blocks(fixes: &[FixCoverage]) -> String {
    let bold = Style::new().bold();
    let mut text = String::new();
    // One measure for all blocks.
    let rows: Vec<Vec<Part>> = fixes.iter().flat_map(|fix| fix.cells.iter().map(|cell| row(fix, cell))).collect();
    let all = aligned(&rows);
    let mut lines = all.lines();
    for fix in fixes {
        text.push_str(&format!("{}, disclosed {}\n", styled(&plain(&fix.id), bold), fix.date));
        for cell in &fix.cells {
            text.push_str("  ");
            text.push_str(lines.next().unwrap_or_default());
            text.push('\n');
            if matches!(cell.verdict, Verdict::Missing | Verdict::Unknown | Verdict::NotAffected) {
                for note in cell.notes.iter().rev().take(1) {
                    text.push_str(&styled(&format!("      {}", plain(note)), Style::new().dimmed()));
                    text.push('\n');
                }
            }
        }
        text.push('\n');
    }
    text
}

fn row(fix: &FixCoverage, cell: &Cell) -> Vec<Part> {
    let plainly = Style::new();
    let (tag, when) = match (&cell.first_tag, cell.first_tag_date) {
        (Some(tag), Some(day)) => (plain(tag), format!("{day}, {}", lag_in_words(lag(fix.date, day)))),
        _ => (String::new(), String::new()),
    };
    let mut commits: Vec<String> =
        cell.commits.iter().take(2).map(|commit| short(&commit.to_string()).to_owned()).collect();
    if cell.commits.len() > 2 {
        commits.push(format!("and {} more", cell.commits.len() - 2));
    }
    vec![
        (series(cell), plainly),
        (verdict(cell.verdict).to_owned(), colour(cell.verdict)),
        (tag, plainly),
        (when, plainly),
        (commits.join(" "), plainly.dimmed()),
    ]
}

fn lines(fixes: &[FixCoverage]) -> String {
    let bold = Style::new().bold();
    let head = |text: &str| (text.to_owned(), bold);
    let most = fixes.iter().map(|fix| fix.cells.len()).max().unwrap_or(0);
    let mut rows = vec![vec![head("fix"), head("disclosed")]];
    if most > 0 {
        rows[0].push(head("main"));
    }
    if most > 1 {
        rows[0].push(head("series: first tag and days after the disclosure, or what is wrong"));
    }
    let mut body: Vec<Vec<Part>> = Vec::new();
    for fix in fixes {
        let mut line = vec![(plain(&fix.id), Style::new()), (fix.date.to_string(), Style::new())];
        let (main, others) = fix.cells.split_at(usize::from(!fix.cells.is_empty()));
        line.extend(main.iter().map(|cell| (verdict(cell.verdict).to_owned(), colour(cell.verdict))));
        // Newest first: the older the series, the fewer fixes have a cell for it.
        line.extend(others.iter().rev().map(|cell| (compact(fix, cell), colour(cell.verdict))));
        body.push(line);
    }
    // The heading of the series spans columns, so it must not widen one.
    let spanning = if most > 1 { rows[0].pop() } else { None };
    rows.extend(body);
    let mut text = aligned(&rows);
    if let (Some((heading, style)), Some(end)) = (spanning, text.find('\n')) {
        let columns: Vec<usize> = (0..3)
            .map(|column| rows.iter().filter_map(|row| row.get(column)).map(|part| width(&part.0)).max().unwrap_or(0))
            .collect();
        let last = rows[0].last().map_or(0, |part| width(&part.0));
        let gap = columns.last().copied().unwrap_or(0) - last + 2;
        text.insert_str(end, &format!("{}{}", " ".repeat(gap), styled(&heading, style)));
    }
    text.push('\n');
    let gaps = fixes.iter().filter(|fix| fix.cells.iter().any(|cell| cell.verdict == Verdict::Missing)).count();
    if gaps > 0 {
        let fixes = count(gaps, "fix has", "fixes have");
        text.push_str(&format!("{fixes} a series without it; --explain says why.\n"));
    }
    text
}

/// `5.1.1 +0`, `5.2a1 +14`, `4.2 missing`
fn compact(fix: &FixCoverage, cell: &Cell) -> String {
    match (&cell.first_tag, cell.first_tag_date) {
        (Some(tag), Some(day)) => format!("{} {:+}", plain(tag), lag(fix.date, day)),
        _ => format!("{} {}", plain(&cell.series), verdict(cell.verdict)),
    }
}
