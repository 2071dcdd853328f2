//! What was run of a comment, so that a redelivery or an edit runs nothing twice.

use serde::{Deserialize, Serialize};

use super::Parsed;
use crate::domain::record::Record;

/// A command that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ran {
    /// Its place among the commands of the comment when it was looked at.
    pub index: usize,
    /// Fingerprint of its line.
    pub text_hash: String,
}

/// What was run of a comment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommentLog {
    /// The comment: unique among all desks.
    pub comment: String,
    /// The case.
    pub case: String,
    /// Every command that was looked at, in the order of running.
    pub ran: Vec<Ran>,
}

impl Record for CommentLog {
    const KIND: &'static str = "comment_log";

    fn key(&self) -> String {
        self.comment.clone()
    }
}

/// What is to be done about a line of a comment that was seen before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// New: run it.
    Run,
    /// It ran already; nothing happens.
    Ran,
    /// It stands where a line ran that is gone now: an edit of that line, which counts for nothing.
    Edited,
}

/// Compares the commands of a comment with what ran of it. A line that ran keeps its turn wherever it stands now, so a
/// line that was put in before others runs and they do not run again.
pub(super) fn turns(log: Option<&CommentLog>, parsed: &[Parsed]) -> Vec<Turn> {
    let mut left: Vec<&Ran> = log.map(|log| log.ran.iter().collect()).unwrap_or_default();
    let known: Vec<bool> = parsed
        .iter()
        .map(|line| {
            let place = left
                .iter()
                .position(|ran| ran.text_hash == line.text_hash() && ran.index == line.index())
                .or_else(|| left.iter().position(|ran| ran.text_hash == line.text_hash()));
            place.map(|place| left.remove(place)).is_some()
        })
        .collect();
    // What is left ran once and stands nowhere any more: deleted, or edited into one of the new lines.
    let mut gone = left.len();
    let new = known.iter().filter(|known| !**known).count();
    let log_length = log.map_or(0, |log| log.ran.len());
    known
        .iter()
        .zip(parsed)
        .map(|(known, line)| {
            if *known {
                Turn::Ran
            } else if gone > 0 && (line.index() < log_length || gone >= new) {
                gone -= 1;
                Turn::Edited
            } else {
                Turn::Run
            }
        })
        .collect()
}
