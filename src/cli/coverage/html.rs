//! The matrix as one page that needs nothing else: no script, no font, no picture.

use askama::Template;

use super::words::{lag, lag_in_words, plain, series, short, slug, step, summary, verdict};
use crate::domain::coverage::{Cell, Coverage, ExplainedCell, FixCoverage};

#[derive(Template)]
#[template(path = "coverage/matrix.html")]
struct Page {
    summary: String,
    fixes: Vec<FixRows>,
}

struct FixRows {
    id: String,
    date: String,
    rows: usize,
    cells: Vec<CellRow>,
}

struct CellRow {
    series: String,
    verdict: &'static str,
    slug: &'static str,
    tag: String,
    tagged: String,
    commits: Vec<Name>,
    notes: Vec<String>,
    explained: Option<Why>,
}

struct Name {
    full: String,
    short: String,
}

struct Why {
    because: String,
    commits: Vec<CommitRow>,
    remedy: Option<String>,
}

struct CommitRow {
    name: Name,
    day: String,
    subject: String,
    steps: Vec<StepRow>,
}

struct StepRow {
    name: &'static str,
    word: &'static str,
    said: String,
}

/// The page; with `explained`, all that each verdict rests on.
///
/// # Errors
/// Where it cannot be written.
pub(super) fn html(coverage: &Coverage, explained: Option<&[Vec<ExplainedCell>]>) -> Result<String, String> {
    let fixes = coverage.fixes.iter().enumerate().map(|(index, fix)| {
        let why = explained.and_then(|all| all.get(index));
        let cells = fix
            .cells
            .iter()
            .enumerate()
            .map(|(place, cell)| cell_row(fix, cell, why.and_then(|cells| cells.get(place))));
        FixRows { id: plain(&fix.id), date: fix.date.to_string(), rows: fix.cells.len().max(1), cells: cells.collect() }
    });
    let page = Page { summary: summary(coverage), fixes: fixes.collect() };
    page.render().map_err(|error| format!("the page could not be written: {error}"))
}

fn name(commit: &impl ToString) -> Name {
    let full = commit.to_string();
    Name { short: short(&full).to_owned(), full }
}

fn cell_row(fix: &FixCoverage, cell: &Cell, why: Option<&ExplainedCell>) -> CellRow {
    CellRow {
        series: series(cell),
        verdict: verdict(cell.verdict),
        slug: slug(cell.verdict),
        tag: cell.first_tag.as_deref().map(plain).unwrap_or_default(),
        tagged: cell
            .first_tag_date
            .map(|day| format!("{day}, {}", lag_in_words(lag(fix.date, day))))
            .unwrap_or_default(),
        commits: cell.commits.iter().map(name).collect(),
        notes: cell.notes.iter().map(|note| plain(note)).collect(),
        explained: why.map(|why| Why {
            because: plain(&why.counts_because),
            commits: why
                .commits
                .iter()
                .map(|commit| CommitRow {
                    name: name(&commit.commit),
                    day: commit.day.to_string(),
                    subject: plain(&commit.subject),
                    steps: commit
                        .steps
                        .iter()
                        .map(|said| StepRow {
                            name: step(said.kind),
                            word: if said.decisive {
                                "decides"
                            } else if said.holds {
                                "yes"
                            } else {
                                "no"
                            },
                            said: plain(&said.said),
                        })
                        .collect(),
                })
                .collect(),
            remedy: why.remedy.as_deref().map(plain),
        }),
    }
}
