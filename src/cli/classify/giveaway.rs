//! `embargod classify --as commit|branch|release`: would such a text give away a security fix?

use std::io::{self, Read, Write};

use serde::Serialize;

use super::{ClassifyError, Row, each_row, title_and_body, whole, write_json_line};
use crate::domain::{
    detector::{Contribution, Place},
    giveaway::{self, GIVES_AWAY_FROM, GiveAway, Kind},
};

/// What a text is, where it is no post.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum TextKind {
    /// A commit message.
    Commit,
    /// A branch's name.
    Branch,
    /// A release's title and text.
    Release,
}

impl From<TextKind> for Kind {
    fn from(kind: TextKind) -> Self {
        match kind {
            TextKind::Commit => Self::Commit,
            TextKind::Branch => Self::Branch,
            TextKind::Release => Self::Release,
        }
    }
}

/// One line of the output.
#[derive(Serialize)]
struct Answer<'a> {
    id: &'a serde_json::Value,
    gives_away: bool,
    log_odds: f64,
    ids: &'a [String],
    reasons: &'a [Contribution],
}

fn answer<'a>(id: &'a serde_json::Value, found: &'a GiveAway) -> Answer<'a> {
    Answer {
        id,
        gives_away: found.gives_away(|_| false),
        log_odds: found.log_odds,
        ids: &found.ids,
        reasons: &found.contributions,
    }
}

/// Answers each row as soon as it is read.
pub(super) fn rows(kind: TextKind, input: impl io::BufRead, output: &mut impl Write) -> Result<(), ClassifyError> {
    each_row(input, |row: Row| {
        let found = giveaway::look(kind.into(), row.title.as_deref().unwrap_or(""), row.body.as_deref().unwrap_or(""));
        write_json_line(output, &answer(&row.id, &found))
    })
}

/// Answers for one text.
pub(super) fn one(
    kind: TextKind,
    input: impl Read,
    output: &mut impl Write,
    for_people: bool,
) -> Result<(), ClassifyError> {
    let text = whole(input)?;
    let (title, body) = title_and_body(&text);
    let found = giveaway::look(kind.into(), title, body);
    if for_people {
        words(&found, output).map_err(ClassifyError::Write)
    } else {
        write_json_line(output, &answer(&serde_json::Value::Null, &found))
    }
}

fn words(found: &GiveAway, output: &mut impl Write) -> io::Result<()> {
    let says = if found.gives_away(|_| false) { "would give a fix away" } else { "says little" };
    writeln!(output, "{says}  (log-odds {:+.1}; gives away from {GIVES_AWAY_FROM:+.1})", found.log_odds)?;
    for reason in &found.contributions {
        let place = if reason.place == Place::Title { "subject" } else { "text" };
        writeln!(output, "  {:+.1}  {place:<7}  {}", reason.weight, reason.text)?;
    }
    if !found.ids.is_empty() {
        writeln!(output, "  it names {}, which tells by itself unless everybody knows it", found.ids.join(", "))?;
    }
    Ok(())
}
