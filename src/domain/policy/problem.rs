//! Mistakes in policy files, as people are told of them.

use std::fmt;

use miette::{Diagnostic, NamedSource, SourceSpan};
use serde::Serialize;

use super::tree::Place;

/// One mistake in a policy file: where, what and how to mend it.
///
/// Message and remedy are made of key names, allowed values and forms; they never repeat a value that was written, so
/// they are fit for logs. The snippet is for the command line.
#[derive(Clone, Serialize)]
pub struct Problem {
    /// The file.
    pub file: String,
    /// Its line, from 1.
    pub line: u64,
    /// Its column, from 1, in characters.
    pub column: u64,
    /// What is wrong.
    pub message: String,
    /// How to mend it.
    pub remedy: String,
    #[serde(skip)]
    snippet: NamedSource<String>,
    #[serde(skip)]
    span: SourceSpan,
}

/// Describes a mistake at `place`.
pub(super) fn mistake(place: Place, message: String, remedy: String) -> Problem {
    let source = &place.source;
    Problem {
        file: source.name.clone(),
        line: place.line,
        column: place.column,
        message,
        remedy,
        snippet: NamedSource::new(&source.name, source.text.clone()),
        span: (place.offset, place.length).into(),
    }
}

impl PartialEq for Problem {
    fn eq(&self, other: &Self) -> bool {
        self.file == other.file
            && self.line == other.line
            && self.column == other.column
            && self.message == other.message
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Problem({})", self.one_line())
    }
}

impl std::error::Error for Problem {}

impl Problem {
    /// The whole of it in one line, for logs and plain output: `file:line:column: message; remedy`.
    pub fn one_line(&self) -> String {
        let Self { file, line, column, message, remedy, .. } = self;
        format!("{file}:{line}:{column}: {message}; {remedy}")
    }

    /// Draws the mistake with the lines around it, for a terminal.
    pub fn draw(&self, handler: &miette::GraphicalReportHandler) -> String {
        let mut drawn = String::new();
        match handler.render_report(&mut drawn, self) {
            Ok(()) => drawn,
            // Drawing fails only where a snippet can't be read; the line says all the same.
            Err(fmt::Error) => format!("{}\n", self.one_line()),
        }
    }
}

/// Why a policy can't be used. Whoever holds a last good policy keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyError {
    /// All mistakes that were found, in the order of the files; never empty.
    pub problems: Vec<Problem>,
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, problem) in self.problems.iter().enumerate() {
            if n > 0 {
                f.write_str("\n")?;
            }
            f.write_str(&problem.one_line())?;
        }
        Ok(())
    }
}

impl std::error::Error for PolicyError {}

impl Diagnostic for PolicyError {
    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        Some(Box::new(self.problems.iter().map(|problem| problem as &dyn Diagnostic)))
    }
}

impl Diagnostic for Problem {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(&self.remedy))
    }

    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        Some(&self.snippet)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = miette::LabeledSpan> + '_>> {
        Some(Box::new(std::iter::once(miette::LabeledSpan::new_with_span(Some("here".to_owned()), self.span))))
    }
}

/// The word of `known` that `word` was probably meant to be.
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Longer words than any key of ours are no typing mistakes, and comparing them would cost.
    if word.len() > 60 {
        return None;
    }
    known
        .into_iter()
        .map(|candidate| (strsim::osa_distance(word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len() / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}
