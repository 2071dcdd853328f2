//! The matrix: one verdict per fix and series, with what it rests on.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{ToSpan, civil::Date};
use serde::{Deserialize, Serialize};

use super::{
    evidence::{EvidenceKind, Found, Hit, Naming, end_of, names, naming, push_once, search, short, short_id, start_of},
    facts::{CommitId, Fix, History},
    finder,
    graph::{SeriesLine, SeriesLines},
    names::SeriesName,
    reverts::{events, stands_since},
    support::{SeriesKind, supported_on},
};
use crate::domain::policy::Series;

/// Tags are looked for up to so many days after the disclosure.
const TAG_DAYS: i32 = 30;
/// A backport may have been made so long before the disclosure, or before the first commit of the fix, in seconds.
const BACKPORT_BEFORE_S: i64 = 60 * 86_400;

/// What is true of one fix on one series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The fix is on the branch and in a release.
    Covered,
    /// Somebody recorded that the series does not have the fault.
    NotAffected,
    /// There is no patch for anybody, only an advisory.
    AdvisoryOnly,
    /// The fix is on the branch and in no release yet.
    NotTaggedYet,
    /// This history cannot tell.
    Unknown,
    /// The fix is not on the branch.
    Missing,
}

/// One piece of evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CellEvidence {
    /// By what it is known.
    pub kind: EvidenceKind,
    /// The commit on the series.
    pub commit: CommitId,
    /// What exactly was seen.
    pub detail: String,
}

/// One fix on one series.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    /// The series, or the main branch's name.
    pub series: String,
    /// Why it is looked at.
    pub kind: SeriesKind,
    /// What is true.
    pub verdict: Verdict,
    /// The fix's commits on the series.
    pub commits: Vec<CommitId>,
    /// The first release tag that holds them all.
    pub first_tag: Option<String>,
    /// The day of that tag's commit, in UTC.
    pub first_tag_date: Option<Date>,
    /// What the verdict rests on.
    pub evidence: Vec<CellEvidence>,
    /// What else a person should know.
    pub notes: Vec<String>,
}

/// One fix on all series.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FixCoverage {
    /// See [`Fix::id`].
    pub id: String,
    /// See [`Fix::date`].
    pub date: Date,
    /// One per series, main first.
    pub cells: Vec<Cell>,
}

/// All fixes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// In the order in which they were asked for.
    pub fixes: Vec<FixCoverage>,
}

/// The worst verdict, for exit codes: missing or not tagged, then unknown, then fine.
pub fn worst(coverage: &Coverage) -> Option<Verdict> {
    coverage.fixes.iter().flat_map(|fix| &fix.cells).map(|cell| cell.verdict).max()
}

/// Judges fixes against one history.
pub struct Judgement<'a> {
    history: &'a History,
    policy: &'a Series,
    lines: &'a SeriesLines,
    at: Option<Date>,
}

impl<'a> Judgement<'a> {
    /// Judges as of each fix's own day, or of `at` where that is given.
    pub fn new(history: &'a History, policy: &'a Series, lines: &'a SeriesLines, at: Option<Date>) -> Self {
        Self { history, policy, lines, at }
    }

    /// The commits whose patches the judgement of `fix` will ask for.
    pub fn needs(&self, fix: &Fix) -> BTreeSet<u32> {
        let mut needed = self.recorded(fix).commits;
        let first = needed.iter().map(|place| self.history.commit(*place).committed_s).min();
        let from = first.map_or(start_of(fix.date), |first| first.min(start_of(fix.date))) - BACKPORT_BEFORE_S;
        let to = end_of(self.last_day(fix));
        for name in self.kinds(fix).keys() {
            let Some(line) = self.lines.get(name) else {
                continue;
            };
            let made = |place: &&u32| (from..=to).contains(&self.history.commit(**place).committed_s);
            needed.extend(line.own.iter().filter(made));
        }
        if fix.main.is_none() {
            let near = finder::near(self.history, fix.date, BACKPORT_BEFORE_S * 2, 30 * 86_400);
            needed.extend(near.filter(|place| {
                let commit = self.history.commit(*place);
                names(commit, &fix.id) || commit.named_in_body.iter().any(|id| id.eq_ignore_ascii_case(&fix.id))
            }));
        }
        needed
    }

    /// The matrix of one fix.
    pub fn of(&self, fix: &Fix) -> FixCoverage {
        let mut recorded = self.recorded(fix);
        if fix.main.is_none() {
            let found = finder::find(self.history, self.lines, fix);
            for place in &found.commits {
                let commit = self.history.commit(*place);
                push_once(&mut recorded.notes, format!("{} was found: {}", short_id(commit), found.how));
            }
            recorded.commits.extend(found.commits);
        }
        let mut cells = vec![self.main_cell(fix, &recorded)];
        cells.extend(self.kinds(fix).into_iter().map(|(name, kind)| self.cell(fix, &recorded, &name, kind)));
        FixCoverage { id: fix.id.clone(), date: fix.date, cells }
    }

    fn kinds(&self, fix: &Fix) -> BTreeMap<SeriesName, SeriesKind> {
        supported_on(self.policy, self.lines, self.at.unwrap_or(fix.date))
    }

    fn last_day(&self, fix: &Fix) -> Date {
        self.at.unwrap_or_else(|| fix.date.checked_add(TAG_DAYS.days()).unwrap_or(fix.date))
    }

    /// The commits that somebody named.
    fn recorded(&self, fix: &Fix) -> Recorded {
        let mut recorded = Recorded::default();
        for name in fix.main.iter().flatten() {
            match self.history.resolve(name) {
                Some(place) => {
                    recorded.commits.insert(place);
                }
                None => recorded.absent.push(name.clone()),
            }
        }
        for (series, names) in &fix.series {
            let places: Vec<_> = names.iter().map(|name| (name.clone(), self.history.resolve(name))).collect();
            recorded.commits.extend(places.iter().filter_map(|(_, place)| *place));
            recorded.by_series.entry(self.series_named(series)).or_default().extend(places);
        }
        recorded
    }

    /// An archive may name a full version where a series is meant.
    fn series_named(&self, text: &str) -> String {
        let known: BTreeSet<SeriesName> = self.lines.all().map(|line| line.name.clone()).collect();
        match SeriesName::parse(text) {
            Some(name) if known.contains(&name) => text.to_owned(),
            _ => super::names::tag_name(self.policy, text, &known)
                .map_or_else(|| text.to_owned(), |tag| tag.series.to_string()),
        }
    }

    fn main_cell(&self, fix: &Fix, recorded: &Recorded) -> Cell {
        let on_main: Vec<u32> =
            recorded.commits.iter().copied().filter(|place| self.lines.main_holds(*place)).collect();
        let evidence = on_main.iter().map(|place| CellEvidence {
            kind: if fix.main.is_some() { EvidenceKind::Recorded } else { EvidenceKind::Ancestor },
            commit: self.history.commit(*place).id,
            detail: format!("on {}", self.policy.main),
        });
        let mut cell = Cell {
            series: self.policy.main.clone(),
            kind: SeriesKind::Main,
            verdict: Verdict::Covered,
            commits: on_main.iter().map(|place| self.history.commit(*place).id).collect(),
            first_tag: None,
            first_tag_date: None,
            evidence: evidence.collect(),
            notes: recorded.notes.clone(),
        };
        if let Some(why) = fix.not_affected.get(&self.policy.main) {
            cell.verdict = Verdict::NotAffected;
            cell.notes.push(why.clone());
        } else if on_main.is_empty() {
            cell.verdict = self.without_hits(fix, recorded, &mut cell.notes);
        }
        cell
    }

    fn cell(&self, fix: &Fix, recorded: &Recorded, name: &SeriesName, kind: SeriesKind) -> Cell {
        let mut cell = Cell {
            series: name.to_string(),
            kind,
            verdict: Verdict::Missing,
            commits: Vec::new(),
            first_tag: None,
            first_tag_date: None,
            evidence: Vec::new(),
            notes: Vec::new(),
        };
        if let Some(why) = fix.not_affected.get(&cell.series) {
            cell.verdict = Verdict::NotAffected;
            cell.notes.push(why.clone());
            return cell;
        }
        let Some(line) = self.lines.get(name) else {
            cell.verdict = Verdict::Unknown;
            cell.notes.push("this history has neither a branch nor a tag of the series".to_owned());
            return cell;
        };
        let found = self.hits(fix, recorded, line);
        cell.notes.extend(found.notes.iter().cloned());
        if found.hits.is_empty() {
            cell.verdict = self.without_hits(fix, recorded, &mut cell.notes);
            if cell.verdict == Verdict::Missing && !found.proposals.is_empty() {
                cell.verdict = Verdict::Unknown;
                cell.notes.push("a person has to say whether the proposed commit is the fix".to_owned());
                cell.evidence = found.proposals.iter().map(|hit| self.evidence(hit)).collect();
            }
            return cell;
        }
        let mut hits = found.hits;
        hits.sort_by_key(|hit| (hit.commit, hit.kind));
        cell.commits = hits.iter().map(|hit| self.history.commit(hit.commit).id).collect();
        cell.commits.dedup();
        cell.evidence = hits.iter().map(|hit| self.evidence(hit)).collect();
        let missing = self.half(fix, recorded, &hits);
        if !missing.is_empty() {
            let names: Vec<String> = missing.iter().map(|place| short_id(self.history.commit(*place))).collect();
            cell.notes.push(format!("only a part of the fix is here: nothing repeats {}", names.join(", ")));
            return cell;
        }
        self.tag(fix, line, &hits, &mut cell);
        cell
    }

    fn evidence(&self, hit: &Hit) -> CellEvidence {
        CellEvidence { kind: hit.kind, commit: self.history.commit(hit.commit).id, detail: hit.detail.clone() }
    }

    fn hits(&self, fix: &Fix, recorded: &Recorded, line: &SeriesLine) -> Found {
        let mut noted = Found::default();
        for (name, place) in recorded.by_series.get(&line.name.to_string()).into_iter().flatten() {
            match place {
                Some(place) if line.holds(*place) => noted.hits.push(Hit {
                    commit: *place,
                    kind: EvidenceKind::Recorded,
                    of: Some(*place),
                    detail: format!("recorded, and on {}", line.branch.as_deref().unwrap_or("a release")),
                }),
                Some(place) => {
                    let there = self.lines.all().find(|other| other.own.binary_search(place).is_ok());
                    let there = there.map_or_else(|| self.policy.main.clone(), |other| other.name.to_string());
                    noted.notes.push(format!("recorded commit {} is not on this series but on {there}", short(name)));
                }
                None => noted.notes.push(format!("recorded commit {} is not in this history", short(name))),
            }
        }
        let first = recorded.commits.iter().map(|place| self.history.commit(*place).committed_s).min();
        let from = first.map_or(start_of(fix.date), |first| first.min(start_of(fix.date))) - BACKPORT_BEFORE_S;
        let window = (from, end_of(self.last_day(fix)));
        // What was recorded for this series and is elsewhere is no measure for it.
        let found = search(self.history, line, &fix.id, &recorded.commits, window);
        if noted.hits.is_empty() {
            noted.hits = found.hits;
            noted.proposals = found.proposals;
            noted.notes.extend(found.notes);
        }
        self.follow_ups(fix, line, window, &mut noted);
        noted
    }

    /// Further commits of the series that name the vulnerability and change its code.
    fn follow_ups(&self, fix: &Fix, line: &SeriesLine, window_s: (i64, i64), found: &mut Found) {
        if found.hits.is_empty() {
            return;
        }
        for place in line.own.iter().copied() {
            let commit = self.history.commit(place);
            let known = found.hits.iter().any(|hit| hit.commit == place);
            let bare = super::evidence::bare_subject(&commit.subject);
            if known
                || !(window_s.0..=window_s.1).contains(&commit.committed_s)
                || !names(commit, &fix.id)
                || naming(&commit.subject) == Naming::Account
                || bare.starts_with("revert")
            {
                continue;
            }
            if self.history.patch(place).is_some_and(|patch| patch.touches_code) {
                found.hits.push(Hit {
                    commit: place,
                    kind: EvidenceKind::Id,
                    of: None,
                    detail: "a follow-up that changes code".to_owned(),
                });
            } else {
                push_once(&mut found.notes, format!("{} is a follow-up that changes no code", short_id(commit)));
            }
        }
    }

    /// Commits of the fix on main that nothing on the series repeats although others are repeated.
    fn half(&self, fix: &Fix, recorded: &Recorded, hits: &[Hit]) -> Vec<u32> {
        if fix.main.is_none() || hits.iter().any(|hit| hit.kind == EvidenceKind::Recorded) {
            return Vec::new();
        }
        let needed: Vec<u32> = recorded
            .commits
            .iter()
            .copied()
            .filter(|place| {
                self.lines.main_holds(*place) && self.history.patch(*place).is_none_or(|patch| patch.touches_code)
            })
            .collect();
        let repeated = |place: &u32| hits.iter().any(|hit| hit.of == Some(*place));
        let free = hits.iter().filter(|hit| hit.of.is_none_or(|of| !needed.contains(&of))).count();
        let open: Vec<u32> = needed.iter().copied().filter(|place| !repeated(place)).collect();
        if open.len() <= free { Vec::new() } else { open }
    }

    fn without_hits(&self, fix: &Fix, recorded: &Recorded, notes: &mut Vec<String>) -> Verdict {
        if fix.main.as_ref().is_some_and(Vec::is_empty) && fix.series.values().all(Vec::is_empty) {
            notes.push("no commit is recorded for any series".to_owned());
            return Verdict::AdvisoryOnly;
        }
        if self.history.partial {
            notes.push("this history was cut off: fetch all of it".to_owned());
            return Verdict::Unknown;
        }
        if recorded.commits.is_empty() {
            let absent = &recorded.absent;
            notes.push(match absent.first() {
                Some(name) => format!("commit {} of the fix is not in this history", short(name)),
                None => "no commit of this fix was found anywhere".to_owned(),
            });
            return Verdict::Unknown;
        }
        Verdict::Missing
    }

    fn tag(&self, fix: &Fix, line: &SeriesLine, hits: &[Hit], cell: &mut Cell) {
        let last_day = self.last_day(fix);
        let end = line.releases.iter().position(|release| release.day > last_day).unwrap_or(line.releases.len());
        let mut since = Some(0);
        for hit in hits {
            let events = events(self.history, line, hit, &fix.id);
            let until =
                |event: &&super::reverts::Event| self.history.commit(event.commit).committed_s <= end_of(last_day);
            let seen: Vec<_> = events.iter().filter(until).cloned().collect();
            cell.notes.extend(seen.iter().filter_map(|event| event.note.clone()));
            if seen.last().is_some_and(|event| !event.applied) {
                cell.verdict = Verdict::Missing;
                return;
            }
            since = match (since, stands_since(line, &seen, end)) {
                (Some(since), Some(stands)) => Some(since.max(stands)),
                _ => None,
            };
        }
        let Some(release) = since.and_then(|since| line.releases.get(since)) else {
            cell.verdict = Verdict::NotTaggedYet;
            return;
        };
        cell.verdict = Verdict::Covered;
        cell.first_tag = Some(release.tag.clone());
        cell.first_tag_date = Some(release.day);
    }
}

/// What is known of a fix before a series is looked at.
#[derive(Clone, Debug, Default)]
struct Recorded {
    commits: BTreeSet<u32>,
    by_series: BTreeMap<String, Vec<(String, Option<u32>)>>,
    absent: Vec<String>,
    notes: Vec<String>,
}
