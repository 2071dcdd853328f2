//! Why a cell's verdict is what it is, for people: why the series counts, what each step of the ladder says of each commit,
//! what happened to them, and what would make an unknown known.
//!
//! This repeats the judgement's questions one by one where the judgement stops at the strongest answer; the verdict is the
//! judgement's own, and never changed here.

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::Serialize;

use super::{
    evidence::{EvidenceKind, same_subject},
    facts::{Commit, CommitId, Fix},
    graph::{SeriesLine, SeriesLines, day_of},
    history::History,
    names::{SeriesName, named_ids},
    support::SeriesKind,
    verdict::{Cell, FixCoverage, Verdict},
};
use crate::domain::policy::Series;

/// Commits that come close to a missing fix are looked for within so many seconds of it.
const NEAR_S: i64 = 60 * 86_400;
/// Similarity below which a commit does not come close.
const CLOSE_FROM: f64 = 0.1;
/// Most of them that are named.
const MOST_CLOSE: usize = 3;

/// What one step of the ladder says of one commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Which step.
    pub kind: EvidenceKind,
    /// Whether it speaks for the commit.
    pub holds: bool,
    /// Whether the verdict rests on it.
    pub decisive: bool,
    /// What was seen.
    pub said: String,
}

/// One commit, and every step of the ladder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExplainedCommit {
    /// Its name.
    pub commit: CommitId,
    /// First line of its message.
    pub subject: String,
    /// The day on which it was committed, in UTC.
    pub day: Date,
    /// Strongest first.
    pub steps: Vec<Step>,
    /// The first release of the series that holds it, whatever happened to it later.
    pub first_tag: Option<String>,
}

/// Why a cell's verdict is what it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExplainedCell {
    /// Why the series is looked at.
    pub counts_because: String,
    /// The commits that are, or are proposed to be, the fix; where there are none, those that come closest.
    pub commits: Vec<ExplainedCommit>,
    /// What would make an unknown known, or a gap closed.
    pub remedy: Option<String>,
}

/// Explains verdicts.
pub struct Explainer<'a> {
    history: &'a History,
    policy: &'a Series,
    lines: &'a SeriesLines,
}

impl<'a> Explainer<'a> {
    /// Explains what was judged by the same three.
    pub fn new(history: &'a History, policy: &'a Series, lines: &'a SeriesLines) -> Self {
        Self { history, policy, lines }
    }

    /// One per cell, in the same order.
    pub fn explain(&self, fix: &Fix, judged: &FixCoverage) -> Vec<ExplainedCell> {
        let known = self.commits_of(fix, judged);
        judged.cells.iter().map(|cell| self.cell(fix, &known, cell)).collect()
    }

    /// Everything that is known to be the fix, anywhere.
    fn commits_of(&self, fix: &Fix, judged: &FixCoverage) -> BTreeSet<u32> {
        let recorded = fix.main.iter().flatten().chain(fix.series.values().flatten());
        let found = judged.cells.iter().flat_map(|cell| &cell.commits);
        recorded
            .filter_map(|name| self.history.resolve(name))
            .chain(found.filter_map(|id| self.history.place(id)))
            .collect()
    }

    fn cell(&self, fix: &Fix, known: &BTreeSet<u32>, cell: &Cell) -> ExplainedCell {
        let line = SeriesName::parse(&cell.series).and_then(|name| self.lines.get(&name));
        let mut places: Vec<u32> = Vec::new();
        let named = cell.commits.iter().chain(cell.evidence.iter().map(|evidence| &evidence.commit));
        for place in named.filter_map(|id| self.history.place(id)) {
            if !places.contains(&place) {
                places.push(place);
            }
        }
        if places.is_empty() && matches!(cell.verdict, Verdict::Missing | Verdict::Unknown) {
            places = line.map(|line| self.closest(fix, known, line)).unwrap_or_default();
        }
        ExplainedCell {
            counts_because: self.counts_because(cell, line),
            commits: places.iter().map(|place| self.commit(fix, known, cell, line, *place)).collect(),
            remedy: self.remedy(cell),
        }
    }

    fn counts_because(&self, cell: &Cell, line: Option<&SeriesLine>) -> String {
        if cell.kind == SeriesKind::Main {
            return "it is the branch of development".to_owned();
        }
        let released = line.and_then(SeriesLine::final_release);
        if cell.kind == SeriesKind::Prerelease {
            let first = line.and_then(|line| line.releases.first());
            let since = first.map_or_else(String::new, |tag| format!(" from {} ({})", tag.day, tag.tag));
            let until = released.map_or_else(
                || "there is no final release yet".to_owned(),
                |tag| format!("{} followed on {}", tag.tag, tag.day),
            );
            return format!("it is in pre-release{since}; {until}");
        }
        let since = released.map_or_else(String::new, |tag| format!(" from {} ({})", tag.day, tag.tag));
        let until = match self.policy.lts.iter().find(|(name, _)| **name == cell.series) {
            Some((_, last)) => format!("to {last}, its last day of long-term support"),
            None => match line.and_then(|line| self.overtaken(line)) {
                Some((tag, day)) => format!("to {day}, the day of {tag}"),
                None => format!("as one of the latest {}", self.policy.latest),
            },
        };
        format!("it is supported{since} {until}")
    }

    /// The release with which a series falls out of the latest.
    fn overtaken(&self, line: &SeriesLine) -> Option<(String, Date)> {
        let later = self.lines.all().filter(|other| other.name > line.name).filter_map(SeriesLine::final_release);
        let mut later: Vec<_> = later.map(|release| (release.day, release.tag.clone())).collect();
        later.sort();
        let last = usize::from(self.policy.latest).checked_sub(1)?;
        later.into_iter().nth(last).map(|(day, tag)| (tag, day))
    }

    fn commit(
        &self,
        fix: &Fix,
        known: &BTreeSet<u32>,
        cell: &Cell,
        line: Option<&SeriesLine>,
        place: u32,
    ) -> ExplainedCommit {
        let commit = self.history.commit(place);
        let others: Vec<u32> = known.iter().copied().filter(|other| *other != place).collect();
        let mut steps = vec![
            self.recorded(fix, place),
            self.ancestor(known, cell, line, place),
            self.trailer(known, commit),
            self.patch_id(&others, place, EvidenceKind::PatchId),
            self.patch_id(&others, place, EvidenceKind::PatchIdWithoutDocs),
            id_in_subject(fix, commit),
            self.subject(&others, commit),
            self.similar(&others, place),
        ];
        for step in &mut steps {
            let of_it = |kind: EvidenceKind| {
                cell.evidence.iter().find(|evidence| evidence.commit == commit.id && evidence.kind == kind)
            };
            if let Some(evidence) = of_it(step.kind) {
                step.holds = true;
                step.decisive = true;
                step.said.clone_from(&evidence.detail);
            }
        }
        let first_tag = line.and_then(|line| {
            let release = line.releases.get(line.first_release_with(place)?)?;
            Some(release.tag.clone())
        });
        ExplainedCommit {
            commit: commit.id,
            subject: commit.subject.to_string(),
            day: day_of(commit.committed_s),
            steps,
            first_tag,
        }
    }

    fn recorded(&self, fix: &Fix, place: u32) -> Step {
        let on_main = fix.main.iter().flatten().any(|name| self.history.resolve(name) == Some(place));
        let series =
            fix.series.iter().find(|(_, names)| names.iter().any(|name| self.history.resolve(name) == Some(place)));
        match (series, on_main) {
            (Some((series, _)), _) => step(EvidenceKind::Recorded, true, format!("recorded for {series}")),
            (None, true) => step(EvidenceKind::Recorded, true, "recorded as the fix"),
            (None, false) => step(EvidenceKind::Recorded, false, "nobody recorded this commit"),
        }
    }

    fn ancestor(&self, known: &BTreeSet<u32>, cell: &Cell, line: Option<&SeriesLine>, place: u32) -> Step {
        let held = match line {
            Some(line) => line.holds(place),
            None => cell.kind == SeriesKind::Main && self.lines.main_holds(place),
        };
        let on_main = self.lines.main_holds(place);
        let said = match (held, on_main) {
            (true, true) => format!("it is on {}, and so on this branch", self.policy.main),
            (true, false) => format!("it is a commit of this branch alone, and not on {}", self.policy.main),
            (false, _) => "it is not on this branch".to_owned(),
        };
        step(EvidenceKind::Ancestor, held && on_main && known.contains(&place), said)
    }

    fn trailer(&self, known: &BTreeSet<u32>, commit: &Commit) -> Step {
        let Some(trailer) = commit.trailers.first() else {
            return step(EvidenceKind::Trailer, false, "no trailer");
        };
        let said = format!("\"{} {}\"", trailer.kind.words(), short(&trailer.target));
        match self.history.resolve(&trailer.target) {
            Some(target) if known.contains(&target) => step(EvidenceKind::Trailer, true, said),
            Some(_) => step(EvidenceKind::Trailer, false, format!("{said}, which is another change")),
            None => step(EvidenceKind::Trailer, false, format!("{said}, which is not in this history")),
        }
    }

    fn patch_id(&self, others: &[u32], place: u32, kind: EvidenceKind) -> Step {
        let id = |place: u32| {
            let patch = self.history.patch(place)?;
            if kind == EvidenceKind::PatchId { patch.all } else { patch.without_docs }
        };
        let Some(own) = id(place) else {
            return step(kind, false, "not read, or nothing of that sort is changed");
        };
        match others.iter().find(|other| id(**other) == Some(own)) {
            Some(other) => step(kind, true, format!("the same as {}", self.short(*other))),
            None if others.is_empty() => step(kind, false, "there is no other commit of the fix to compare with"),
            None => step(kind, false, "no other commit of the fix has the same"),
        }
    }

    fn subject(&self, others: &[u32], commit: &Commit) -> Step {
        match others.iter().find(|other| same_subject(&self.history.commit(**other).subject, &commit.subject)) {
            Some(other) => step(EvidenceKind::Subject, true, format!("that of {}", self.short(*other))),
            None => step(EvidenceKind::Subject, false, "no other commit of the fix has this subject"),
        }
    }

    fn similar(&self, others: &[u32], place: u32) -> Step {
        match self.similarity(others, place) {
            Some((share, other)) => {
                let said = format!("{:.0} % of the changed lines are those of {}", share * 100.0, self.short(other));
                step(EvidenceKind::Similar, share >= 0.5, said)
            }
            None => step(EvidenceKind::Similar, false, "no lines to compare"),
        }
    }

    fn similarity(&self, others: &[u32], place: u32) -> Option<(f64, u32)> {
        let patch = self.history.patch(place)?;
        let shares = others.iter().filter_map(|other| Some((patch.similarity(self.history.patch(*other)?), *other)));
        shares.max_by(|a, b| a.0.total_cmp(&b.0))
    }

    /// Commits of the series that are most like the fix, though no step of the ladder holds.
    fn closest(&self, fix: &Fix, known: &BTreeSet<u32>, line: &SeriesLine) -> Vec<u32> {
        let others: Vec<u32> = known.iter().copied().collect();
        let times = others.iter().map(|place| self.history.commit(*place).committed_s);
        let (Some(first), Some(last)) = (times.clone().min(), times.max()) else {
            return Vec::new();
        };
        let id = fix.id.to_ascii_uppercase();
        let near = line.own().iter().copied().filter_map(|place| {
            let commit = self.history.commit(place);
            if !(first - NEAR_S..=last + NEAR_S).contains(&commit.committed_s) || known.contains(&place) {
                return None;
            }
            let named = commit.subject.to_ascii_uppercase().contains(&id);
            let share = self.similarity(&others, place).map_or(0.0, |(share, _)| share);
            (named || share >= CLOSE_FROM).then_some((if named { 1.0 } else { share }, place))
        });
        let mut near: Vec<(f64, u32)> = near.collect();
        near.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        near.into_iter().take(MOST_CLOSE).map(|(_, place)| place).collect()
    }

    fn remedy(&self, cell: &Cell) -> Option<String> {
        let proposed = cell.evidence.iter().any(|evidence| evidence.kind == EvidenceKind::Similar);
        Some(match cell.verdict {
            Verdict::Unknown if self.history.partial => {
                "fetch the whole history (`git fetch --unshallow`, or clone without --depth and --filter)".to_owned()
            }
            Verdict::Unknown if proposed => format!(
                "a person looks at the proposed commit and records it: \"series\": {{\"{}\": [\"…\"]}}",
                cell.series
            ),
            Verdict::Unknown
                if cell.kind != SeriesKind::Main
                    && SeriesName::parse(&cell.series).and_then(|name| self.lines.get(&name)).is_none() =>
            {
                "fetch the branch or the tags of the series".to_owned()
            }
            Verdict::Unknown => "fetch the branch that holds the fix, or record its commits (\"main\", \"series\", \
                                 --commit)"
                .to_owned(),
            Verdict::Missing => format!(
                "make the fix on this series, or record why it is not needed: \"not_affected\": {{\"{}\": \"…\"}}",
                cell.series
            ),
            Verdict::NotTaggedYet => {
                "release the series; or, for a tag that is made later, judge as of its day (--at)".to_owned()
            }
            Verdict::Covered | Verdict::NotAffected | Verdict::AdvisoryOnly => return None,
        })
    }

    fn short(&self, place: u32) -> String {
        short(&self.history.commit(place).id.to_string()).to_owned()
    }
}

fn step(kind: EvidenceKind, holds: bool, said: impl Into<String>) -> Step {
    Step { kind, holds, decisive: false, said: said.into() }
}

fn id_in_subject(fix: &Fix, commit: &Commit) -> Step {
    let named = named_ids(&commit.subject);
    if commit.subject.to_ascii_uppercase().contains(&fix.id.to_ascii_uppercase()) {
        step(EvidenceKind::Id, true, format!("its subject names {}", fix.id))
    } else if named.is_empty() {
        step(EvidenceKind::Id, false, "its subject names no vulnerability")
    } else {
        step(EvidenceKind::Id, false, format!("its subject names {}", named.join(", ")))
    }
}

fn short(name: &str) -> &str {
    name.get(..12).unwrap_or(name)
}
