//! What maintainers record about the fix of a case, series by series.

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use crate::domain::{
    case::Case,
    coverage::Fix,
    operator::GivenReason,
    record::{Record, RecordWrite, Versioned},
};

/// Commits that one series takes at most.
const MOST_COMMITS: usize = 50;
/// Series of one case at most.
const MOST_SERIES: usize = 100;

/// A commit that somebody called part of the fix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedCommit {
    /// Its name, 7 to 40 hexadecimal digits in lower case.
    pub commit: String,
    /// Who said so, as an actor of decisions.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// A series that somebody called not affected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotAffected {
    /// Why, in their own words. Kept in the clear, so it must hold no word of what is under embargo.
    pub why: String,
    /// Who said so, as an actor of decisions.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// What maintainers recorded about the fix of a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedFix {
    /// The case.
    pub case: String,
    /// Number of the repository.
    pub repository_id: u64,
    /// Commits by series; those of the branch of development under its name.
    #[serde(default)]
    pub series: BTreeMap<String, Vec<RecordedCommit>>,
    /// Series that do not have the fault.
    #[serde(default)]
    pub not_affected: BTreeMap<String, NotAffected>,
    /// No release with the fix before this instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
}

impl Record for RecordedFix {
    const KIND: &'static str = "recorded_fix";

    fn key(&self) -> String {
        self.case.clone()
    }
}

impl RecordedFix {
    /// Nothing recorded yet.
    pub fn new(case: &str, repository_id: u64) -> Self {
        Self {
            case: case.to_owned(),
            repository_id,
            series: BTreeMap::new(),
            not_affected: BTreeMap::new(),
            not_before: None,
        }
    }

    /// Whether no commit is named for any series.
    pub fn names_no_commit(&self) -> bool {
        self.series.values().all(Vec::is_empty)
    }

    /// Together with what the case's desk says of series that are not affected (`/not-affected`), as of `now`. Commits that
    /// are recorded for a series count more.
    pub fn joined_by(mut self, case: &Case, now: Timestamp) -> Self {
        for (series, justification) in &case.assessment.not_affected {
            if !self.series.contains_key(series) {
                let why = justification.word().to_owned();
                let said = NotAffected { why, by: "desk".to_owned(), at: now };
                self.not_affected.entry(series.clone()).or_insert(said);
            }
        }
        self
    }

    /// The names of all commits.
    pub fn commits(&self) -> impl Iterator<Item = &str> {
        self.series.values().flatten().map(|recorded| recorded.commit.as_str())
    }

    /// The fix to be proved, under the name `id`. Only what was recorded counts: nothing is searched for by name.
    pub fn fix(&self, id: &str, date: Date, main_branch: &str) -> Fix {
        let names = |commits: &Vec<RecordedCommit>| commits.iter().map(|one| one.commit.clone()).collect::<Vec<_>>();
        Fix {
            id: id.to_owned(),
            date,
            main: Some(self.series.get(main_branch).map(names).unwrap_or_default()),
            series: self
                .series
                .iter()
                .filter(|(series, _)| *series != main_branch)
                .map(|(series, commits)| (series.clone(), names(commits)))
                .collect(),
            not_affected: self.not_affected.iter().map(|(series, said)| (series.clone(), said.why.clone())).collect(),
        }
    }
}

/// One thing that somebody says about the fix of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recording {
    /// `/fix SERIES SHA`: this commit is (part of) the fix on the series.
    Fix {
        /// The series, or the branch of development.
        series: String,
        /// The commit.
        commit: String,
    },
    /// `/not-affected SERIES -- reason`.
    NotAffected {
        /// The series, or the branch of development.
        series: String,
        /// Why.
        why: GivenReason,
    },
    /// No release with the fix before this instant.
    NotBefore(Timestamp),
    /// What was recorded about the series is taken back.
    Forget {
        /// The series, or the branch of development.
        series: String,
    },
}

/// What comes of a recording.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// The record to write; refused where another was written since `known` was read.
    pub write: RecordWrite,
    /// What was recorded, as a sentence for the audit log: without the commit and without the reason's words.
    pub said: String,
    /// Whether anything is different now.
    pub changed: bool,
}

/// Adds what `by` says to what is `known` of a case's fix.
///
/// # Errors
/// What is wrong with it, as a sentence for whoever said it.
pub fn record(
    known: &Versioned<RecordedFix>,
    recording: Recording,
    by: &str,
    now: Timestamp,
) -> Result<Recorded, String> {
    let mut fix = known.value.clone();
    let said = match recording {
        Recording::Fix { series, commit } => {
            let series = series_name(&series)?;
            let commit = commit_name(&commit)?;
            let lifted = fix.not_affected.remove(&series).is_some();
            let commits = fix.series.entry(series.clone()).or_default();
            if !commits.iter().any(|known| known.commit == commit) {
                if commits.len() >= MOST_COMMITS {
                    return Err(format!("{series} has {MOST_COMMITS} commits already; take some back first"));
                }
                commits.push(RecordedCommit { commit, by: by.to_owned(), at: now });
            }
            let lifted = if lifted { "; it is no longer called not affected" } else { "" };
            format!("a commit of the fix is recorded for {series}{lifted}")
        }
        Recording::NotAffected { series, why } => {
            let series = series_name(&series)?;
            let dropped = fix.series.remove(&series).is_some_and(|commits| !commits.is_empty());
            let said = NotAffected { why: why.as_str().to_owned(), by: by.to_owned(), at: now };
            if fix.not_affected.get(&series).is_none_or(|known| known.why != said.why) {
                fix.not_affected.insert(series.clone(), said);
            }
            let dropped = if dropped { "; the commits recorded for it are dropped" } else { "" };
            format!("{series} is recorded as not affected{dropped}")
        }
        Recording::NotBefore(instant) => {
            fix.not_before = Some(instant);
            format!("no release with the fix before {instant}")
        }
        Recording::Forget { series } => {
            let series = series_name(&series)?;
            fix.series.remove(&series);
            fix.not_affected.remove(&series);
            format!("what was recorded about {series} is taken back")
        }
    };
    if fix.series.len() + fix.not_affected.len() > MOST_SERIES {
        return Err(format!("a case takes {MOST_SERIES} series at most"));
    }
    Ok(Recorded { changed: fix != known.value, write: RecordWrite::guarded(&fix, known.version), said })
}

fn commit_name(text: &str) -> Result<String, String> {
    let name = text.trim().to_ascii_lowercase();
    if (7..=40).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Ok(name)
    } else {
        Err("a commit is named by 7 to 40 hexadecimal digits; copy it from `git log`".to_owned())
    }
}

fn series_name(text: &str) -> Result<String, String> {
    let name = text.trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '/');
    if (1..=100).contains(&name.len()) && name.chars().all(plain) {
        Ok(name.to_owned())
    } else {
        Err("a series is named by its number, such as 5.1, or by the branch of development".to_owned())
    }
}
