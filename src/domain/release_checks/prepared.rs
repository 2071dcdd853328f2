//! Fixes that are prepared under embargo: what the branches of a case in the private mirror hold, series by series.

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use super::{Mirrored, RecordedFix};
use crate::domain::{
    case::Alert,
    coverage::{Cell, CommitId, EvidenceKind, Fix, FixCoverage, History, SeriesLines, Verdict},
    decision::Decision,
    policy::{Embargo, Series},
    post::RepoName,
    reason::Reason,
    record::{Record, RecordWrite},
};

/// What the mirror's branch for a series holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preparation {
    /// The fix.
    Prepared,
    /// Commits of which none is known to be the fix.
    NotRecognised,
    /// Nothing that the public does not have.
    Nothing,
    /// There is no such branch.
    NoBranch,
}

impl Preparation {
    /// What is true, for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Prepared => "prepared",
            Self::NotRecognised => "its commits are not known to be the fix",
            Self::Nothing => "its branch holds nothing new",
            Self::NoBranch => "no branch in the mirror",
        }
    }
}

/// The fix of a case for one series, as the mirror has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreparedSeries {
    /// The branch that was looked for.
    pub branch: String,
    /// What it holds.
    pub found: Preparation,
    /// The commits of the fix on it, whole names.
    #[serde(default)]
    pub commits: Vec<String>,
    /// By what the first was recognised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<EvidenceKind>,
}

/// What is prepared for a case. For maintainers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreparedFix {
    /// The case.
    pub case: String,
    /// When the mirror was looked at.
    pub looked_at: Timestamp,
    /// By series, the branch of development under its name.
    pub series: BTreeMap<String, PreparedSeries>,
    /// Why nobody can tell any more, where that is so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
}

impl Record for PreparedFix {
    const KIND: &'static str = "prepared_fix";

    fn key(&self) -> String {
        self.case.clone()
    }
}

impl PreparedFix {
    /// Whether the mirror has a branch of the case.
    pub fn has_branches(&self) -> bool {
        self.series.values().any(|series| series.found != Preparation::NoBranch)
    }
}

/// The branches of one case in the mirror. Every `history` given to it is the public one with the mirror's branches added.
#[derive(Clone, Copy, Debug)]
pub struct CaseBranches<'a> {
    /// The case.
    pub case: &'a str,
    /// The policy's `embargo`.
    pub embargo: &'a Embargo,
    /// The policy's `series`.
    pub series: &'a Series,
    /// How many commits of the joined history are public: those before.
    pub public: usize,
}

impl CaseBranches<'_> {
    fn branch(&self, series: &str) -> String {
        self.embargo.mirror_branch(self.case, series)
    }

    fn has(&self, history: &History, branch: &str) -> bool {
        let name = format!("refs/heads/{branch}");
        history.references.iter().any(|reference| reference.name == name)
    }

    /// The policy's series with the case's branches in place of the public ones.
    pub fn own_series(&self, history: &History) -> Series {
        let main = Some(self.branch(&self.series.main)).filter(|branch| self.has(history, branch));
        Series {
            main: main.unwrap_or_else(|| self.series.main.clone()),
            branches: self.branch("{series}"),
            ..self.series.clone()
        }
    }

    /// Commits that only the mirror has, where `holds` says so.
    fn new_commits(&self, history: &History, holds: impl Fn(u32) -> bool) -> Vec<String> {
        let places = (0_u32..).take(history.commits.len()).skip(self.public);
        places.filter(|place| holds(*place)).map(|place| history.commit(place).id.to_string()).collect()
    }

    fn new_on(&self, history: &History, lines: &SeriesLines, series: &str) -> Vec<String> {
        if series == self.series.main {
            return self.new_commits(history, |place| lines.main_holds(place));
        }
        let line = lines.all().find(|line| line.has_branch && line.name.to_string() == series);
        line.map(|line| self.new_commits(history, |place| line.holds(place))).unwrap_or_default()
    }

    /// The fix to be looked for on the case's branches, whose `lines` are those of [`CaseBranches::own_series`]: what is
    /// recorded, else what is new on the branch of development, else what is new on each branch.
    pub fn fix(&self, recorded: &RecordedFix, history: &History, lines: &SeriesLines, today: Date) -> Fix {
        let mut fix = recorded.fix(self.case, today, &self.series.main);
        if fix.main.as_ref().is_none_or(Vec::is_empty) {
            fix.main = Some(self.new_on(history, lines, &self.series.main));
        }
        if fix.main.as_ref().is_none_or(Vec::is_empty) {
            for line in lines.all().filter(|line| line.has_branch) {
                let name = line.name.to_string();
                let new = self.new_on(history, lines, &name);
                if !new.is_empty() && !fix.not_affected.contains_key(&name) {
                    fix.series.entry(name).or_insert(new);
                }
            }
        }
        fix
    }

    /// What is prepared, given how that fix was judged on the case's branches.
    pub fn prepared(
        &self,
        judged: &FixCoverage,
        history: &History,
        lines: &SeriesLines,
        now: Timestamp,
    ) -> PreparedFix {
        let own_main = self.own_series(history).main;
        let series = judged.cells.iter().map(|cell| {
            let name = if cell.series == own_main { self.series.main.clone() } else { cell.series.clone() };
            let found = self.found(&name, cell, history, lines);
            (name, found)
        });
        PreparedFix { case: self.case.to_owned(), looked_at: now, series: series.collect(), trouble: None }
    }

    fn found(&self, series: &str, cell: &Cell, history: &History, lines: &SeriesLines) -> PreparedSeries {
        let branch = self.branch(series);
        let commits: Vec<String> = cell.commits.iter().map(CommitId::to_string).collect();
        let proved = matches!(cell.verdict, Verdict::Covered | Verdict::NotTaggedYet) && !commits.is_empty();
        let found = match (self.has(history, &branch), proved) {
            (false, _) => Preparation::NoBranch,
            // On the day its commits become public; they stay the fix.
            (true, true) => Preparation::Prepared,
            (true, false) if self.new_on(history, lines, series).is_empty() => Preparation::Nothing,
            (true, false) => Preparation::NotRecognised,
        };
        let evidence = cell.evidence.first().filter(|_| found == Preparation::Prepared);
        PreparedSeries { branch, found, commits, evidence: evidence.map(|evidence| evidence.kind) }
    }
}

/// Which public repository a private one is the embargo's mirror of: what is pushed there is looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmbargoMirror {
    /// Number of the mirror.
    pub mirror_id: u64,
    /// Number of the public repository.
    pub repository_id: u64,
    /// Its name.
    pub repository: RepoName,
    /// The installation through which it is reached.
    pub installation_id: u64,
}

impl Record for EmbargoMirror {
    const KIND: &'static str = "embargo_mirror";

    fn key(&self) -> String {
        Self::key_of(self.mirror_id)
    }
}

impl EmbargoMirror {
    /// The key of a mirror's record.
    pub fn key_of(mirror_id: u64) -> String {
        format!("repo:{mirror_id}")
    }
}

/// The name of the alert about the embargo's mirror of a repository.
pub fn embargo_mirror_alert(repository_id: u64) -> String {
    format!("embargo-mirror:{repository_id}")
}

/// Tells maintainers why the embargo's mirror `name` is of no use (`why`), or that it is again; `None` where that is what
/// they were told last, by `alert`.
pub fn embargo_mirror_told(
    mirrored: &Mirrored,
    name: &RepoName,
    why: Option<&str>,
    alert: Option<&Alert>,
    now: Timestamp,
) -> Option<Decision> {
    let open = alert.filter(|alert| alert.resolved_at.is_none());
    let (outcome, alert, reason) = match (why, open) {
        (None, None) => return None,
        (None, Some(open)) => {
            let over = Alert { resolved_at: Some(now), ..open.clone() };
            ("embargo_mirror_mended", over, "the embargo's mirror can be looked at again".to_owned())
        }
        (Some(why), open) => {
            let text = format!(
                "{name}, where fixes of {} are prepared, cannot be looked at: {why}. Until that is mended nobody can tell \
                 which fixes are complete",
                mirrored.repository
            );
            if open.is_some_and(|open| open.text == text) {
                return None;
            }
            let id = embargo_mirror_alert(mirrored.repository_id);
            let reason = format!("the embargo's mirror cannot be looked at: {why}");
            let (at, repository) = (now, mirrored.repository.clone());
            ("embargo_mirror_failed", Alert { id, at, repository, case: None, text, resolved_at: None }, reason)
        }
    };
    Some(Decision {
        outcome: outcome.to_owned(),
        records: vec![RecordWrite::overwriting(&alert)],
        reasons: vec![Reason::new("release.embargo_mirror", reason)],
        ..Decision::default()
    })
}
