//! `embargod coverage`: whether release tags hold every fix on every supported series; `embargod coverage scan`: which
//! fixes there are.
//!
//! What flows in: a repository or its address, a policy, fixes. What flows out: the matrix as a table, JSON, Markdown or a
//! page, and an exit code for its worst cell: 0 all covered or not affected, 1 something missing, 2 usage or input error,
//! 3 only unknowns. What it must never do: judge (`domain::coverage` does), write into a repository that it was only shown,
//! or print a token.

mod arguments;
mod explain;
mod gather;
mod html;
mod input;
mod markdown;
mod progress;
mod scan;
mod table;
mod words;

use std::io::{self, Write};

pub use arguments::CoverageArgs;
use arguments::{CoverageCommand, Format};
use gather::Notes;

use super::{FINE, INTERNAL, USAGE};
use crate::domain::coverage::{Coverage, ExplainedCell, Explainer, Judgement, SeriesLines, Verdict};

/// Something is missing.
const MISSING: u8 = 1;
/// Nothing is missing, but not everything is known.
const UNKNOWN: u8 = 3;

/// Runs the command.
pub fn run(args: CoverageArgs) -> u8 {
    if let Some(CoverageCommand::Scan(scan)) = &args.command {
        return scan::run(scan);
    }
    let mut notes = Notes::default();
    let text = cover(&args, &mut notes).and_then(|answer| Ok((answer.form(args.format)?, answer.coverage)));
    match text {
        Ok((text, coverage)) => {
            notes.say();
            written(&text, code(&coverage))
        }
        Err(error) => {
            eprintln!("embargod: {error}");
            USAGE
        }
    }
}

/// The exit code: whatever is missing weighs more than what is not known.
fn code(coverage: &Coverage) -> u8 {
    let has = |wanted: &[Verdict]| {
        coverage.fixes.iter().flat_map(|fix| &fix.cells).any(|cell| wanted.contains(&cell.verdict))
    };
    if has(&[Verdict::Missing, Verdict::NotTaggedYet]) {
        MISSING
    } else if has(&[Verdict::Unknown]) {
        UNKNOWN
    } else {
        FINE
    }
}

/// Writes an answer: with colours only where they are seen. Whoever stopped reading has seen enough.
fn written(text: &str, code: u8) -> u8 {
    let mut output = anstream::stdout().lock();
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            eprintln!("embargod: the answer could not be written: {error}");
            INTERNAL
        }
        _ => code,
    }
}

struct Answer {
    coverage: Coverage,
    explained: Option<Vec<Vec<ExplainedCell>>>,
}

impl Answer {
    fn form(&self, format: Format) -> Result<String, String> {
        let explained = self.explained.as_deref();
        Ok(match (format, explained) {
            (Format::Table, None) => table::table(&self.coverage),
            (Format::Table, Some(explained)) => explain::tree(&self.coverage, explained),
            (Format::Json, None) => json(&self.coverage)?,
            (Format::Json, Some(explained)) => json(&explain::json(&self.coverage, explained))?,
            (Format::Markdown, explained) => markdown::markdown(&self.coverage, explained),
            (Format::Html, explained) => html::html(&self.coverage, explained)?,
        })
    }
}

fn json(value: &impl serde::Serialize) -> Result<String, String> {
    let text = serde_json::to_string(value).map_err(|error| format!("the answer cannot be written: {error}"))?;
    Ok(text + "\n")
}

fn cover(args: &CoverageArgs, notes: &mut Notes) -> Result<Answer, String> {
    let series = input::series(args.source.policy())?;
    let mut fixes = args.fixes.as_deref().map(input::fixes).transpose()?.unwrap_or_default();
    let in_file = fixes.len();
    if fixes.is_empty() && args.named.0.is_empty() {
        if args.fixes.is_none() {
            return Err("there is nothing to prove: give --fixes FILE or --fix ID, or look for fixes with \
                        `embargod coverage scan`"
                .to_owned());
        }
        notes.0.push("the list of fixes is empty".to_owned());
    }
    let mut gathered = gather::history(&args.source, &series, notes)?;
    // Commits that no branch reaches change nothing of the lines.
    let lines = SeriesLines::of(&gathered.history, &series);
    fixes.extend(input::from_command_line(&args.named.0, &gathered.history, &lines, &mut notes.0)?);
    let recorded = fixes.iter().flat_map(|fix| fix.main.iter().flatten().chain(fix.series.values().flatten()));
    gathered.look_for_unreached(recorded.cloned().collect());
    if let Some(path) = &args.fixes {
        input::check_series(&fixes[..in_file], &path.display().to_string(), &series, &lines, &mut notes.0)?;
    }
    if lines.all().next().is_none() {
        notes.0.push(format!(
            "no branch fits {} and no tag fits {}; is this the policy of this repository?",
            series.branches, series.tags
        ));
    }
    let needed = {
        let judgement = Judgement::new(&gathered.history, &series, &lines, args.at);
        fixes.iter().flat_map(|fix| judgement.needs(fix)).collect()
    };
    gathered.read_patches(needed, notes)?;
    let judgement = Judgement::new(&gathered.history, &series, &lines, args.at);
    let bar = progress::bar("Judging", fixes.len());
    let judged = fixes.iter().map(|fix| {
        bar.inc(1);
        judgement.of(fix)
    });
    let coverage = Coverage { fixes: judged.collect() };
    bar.finish_and_clear();
    let explained = args.explain.then(|| {
        let explainer = Explainer::new(&gathered.history, &series, &lines);
        fixes.iter().zip(&coverage.fixes).map(|(fix, judged)| explainer.explain(fix, judged)).collect()
    });
    Ok(Answer { coverage, explained })
}
