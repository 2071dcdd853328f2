//! Scanning: security fixes found in a history without any list.
//!
//! Three traces are followed. Commits that name a vulnerability in their subject, or in the rest of their message, are a fix
//! by their own word; commits that the repository's own documents list, by theirs. The others are known by their shape: one change, made for several series within days, that speaks of
//! security or reaches series which get nothing else any more, and is released on several series on one day. What is found
//! is a proposal with its reasons; a person decides.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::Serialize;

use super::{
    evidence::{Naming, bare_subject, naming, short, start_of},
    facts::CommitId,
    graph::{ReleaseKind, SeriesLine, SeriesLines, day_of},
    history::History,
    names::{SeriesName, named_ids},
    scan_words::{HARMLESS, PLAIN, STRONG, WEAK, is_housekeeping, key_of, word_in},
};

/// Commits under one subject that are further apart than this are two changes, in seconds.
const APART_S: i64 = 30 * 86_400;
/// A release belongs to a fix that was committed at most so long before it, in seconds.
const RELEASED_WITHIN_S: i64 = 14 * 86_400;
/// An account (an archive's entry, notes) belongs to fixes that were released at most so long before it, in days.
const ACCOUNT_AFTER_DAYS: i64 = 10;
/// And at most so long after it.
const ACCOUNT_BEFORE_DAYS: i64 = 3;

/// How sure a proposal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// A subject says which vulnerability it mends.
    Sure,
    /// Words and shape agree.
    Likely,
    /// Only one of them speaks for it.
    Possible,
}

/// A fix that may be one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Proposal {
    /// The id that it names, or `unnamed-DAY-COMMIT`.
    pub id: String,
    /// The day of its first release, or of its first commit where there is none within two weeks.
    pub date: Date,
    /// Its commits on the main branch.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub main: Vec<CommitId>,
    /// Its commits on series.
    pub series: BTreeMap<String, Vec<CommitId>>,
    /// How sure it is.
    pub confidence: Confidence,
    /// What speaks for it.
    pub why: Vec<String>,
    /// Subject of its first commit.
    pub subject: String,
}

/// Commits that are one change.
#[derive(Clone, Debug, Default)]
struct Change {
    id: Option<String>,
    in_subject: bool,
    /// The document that lists commits of it.
    listed_in: Option<String>,
    /// The day that the document names.
    day: Option<Date>,
    commits: BTreeSet<u32>,
}

/// Begins the ids of what has none.
const UNNAMED: &str = "unnamed-";

/// Series, and the commits of a change on each.
type Lines<'a> = BTreeMap<&'a SeriesName, (&'a SeriesLine, Vec<u32>)>;

/// A proposal, and what speaks for it in points.
struct Weighed {
    is_certain: bool,
    points: u32,
    has_words: bool,
    tags: Vec<String>,
    proposal: Proposal,
}

impl Weighed {
    /// `with_fixes` are releases that hold likely fixes, `told` those whose fixes are named or listed.
    fn decided(&self, with_fixes: &BTreeSet<&String>, told: &BTreeSet<&String>) -> Option<Proposal> {
        let mut proposal = self.proposal.clone();
        if self.is_certain {
            return Some(proposal);
        }
        let mut points = self.points;
        if self.tags.iter().any(|tag| told.contains(tag)) {
            // Where the fixes of a release are named, what is not named is none rather than one.
            points = points.saturating_sub(1);
        } else if let Some(tag) = self.tags.iter().find(|tag| with_fixes.contains(tag)).filter(|_| self.has_words) {
            points += 1;
            proposal.why.push(format!("{tag} holds other security fixes"));
        }
        proposal.confidence = match points {
            LIKELY_FROM.. => Confidence::Likely,
            POSSIBLE_FROM.. => Confidence::Possible,
            _ => return None,
        };
        Some(proposal)
    }
}

/// Points from which a proposal is likely.
const LIKELY_FROM: u32 = 6;
/// Points that make it possible.
const POSSIBLE_FROM: u32 = 4;

/// Looks for fixes in one history.
pub struct Scan<'a> {
    history: &'a History,
    lines: &'a SeriesLines,
    since: Option<Date>,
    documents: bool,
    /// The series on which a commit is, and not on main.
    series_of: BTreeMap<u32, Vec<&'a SeriesLine>>,
}

impl<'a> Scan<'a> {
    /// Looks only for what was released, or made, on `since` or later; with `documents`, also at what the repository's own
    /// documents list.
    pub fn new(history: &'a History, lines: &'a SeriesLines, since: Option<Date>, documents: bool) -> Self {
        let mut series_of: BTreeMap<u32, Vec<&SeriesLine>> = BTreeMap::new();
        for line in lines.all() {
            for place in line.own() {
                series_of.entry(*place).or_default().push(line);
            }
        }
        Self { history, lines, since, documents, series_of }
    }

    /// The commits whose patches the scan will ask for.
    pub fn needs(&self) -> BTreeSet<u32> {
        self.changes(&|_| true).into_iter().flat_map(|change| change.commits).collect()
    }

    /// What was found, oldest first.
    pub fn proposals(&self) -> Vec<Proposal> {
        let code = |place: u32| self.history.patch(place).is_none_or(|patch| patch.touches_code);
        let changes = self.changes(&code);
        let weighed: Vec<Weighed> = changes.iter().filter_map(|change| self.proposal(change)).collect();
        let tags = |wanted: &dyn Fn(&Weighed) -> bool| -> BTreeSet<&String> {
            weighed.iter().filter(|weighed| wanted(weighed)).flat_map(|weighed| &weighed.tags).collect()
        };
        let told = tags(&|weighed| weighed.is_certain);
        let with_fixes = tags(&|weighed| weighed.points >= LIKELY_FROM);
        let mut proposals: Vec<Proposal> =
            weighed.iter().filter_map(|weighed| weighed.decided(&with_fixes, &told)).collect();
        self.name(&mut proposals);
        proposals.retain(|proposal| self.since.is_none_or(|since| proposal.date >= since));
        proposals.sort_by(|a, b| (a.date, &a.id).cmp(&(b.date, &b.id)));
        proposals
    }

    fn changes(&self, code: &dyn Fn(u32) -> bool) -> Vec<Change> {
        let first_s = self.since.map_or(i64::MIN, |since| start_of(since) - APART_S);
        let reached = |place: &u32| self.series_of.contains_key(place) || self.lines.main_holds(*place);
        let eligible: Vec<u32> = (0_u32..)
            .zip(&self.history.commits)
            .filter(|(place, commit)| {
                commit.committed_s >= first_s
                    && commit.parents.len() < 2
                    && reached(place)
                    && naming(&commit.subject) == Naming::Fix
                    && (!commit.named_in_subject.is_empty()
                        || !is_housekeeping(&bare_subject(&commit.subject).to_lowercase()))
                    && code(*place)
            })
            .map(|(place, _)| place)
            .collect();
        let mut by_id: BTreeMap<String, BTreeSet<u32>> = BTreeMap::new();
        let mut by_body: BTreeMap<String, BTreeSet<u32>> = BTreeMap::new();
        let mut by_subject: BTreeMap<String, BTreeSet<u32>> = BTreeMap::new();
        for place in eligible {
            let commit = self.history.commit(place);
            let named = named_ids(&commit.subject);
            for id in &named {
                by_id.entry(id.clone()).or_default().insert(place);
            }
            if !named.is_empty() {
                continue;
            }
            if let [id] = commit.named_in_body.as_slice() {
                by_body.entry(id.clone()).or_default().insert(place);
            }
            by_subject.entry(key_of(&commit.subject)).or_default().insert(place);
        }
        let mut changes: Vec<Change> = by_id
            .iter()
            .map(|(id, commits)| Change {
                id: Some(id.clone()),
                in_subject: true,
                commits: commits.clone(),
                ..Change::default()
            })
            .collect();
        self.listed(&mut changes);
        let listed: BTreeSet<u32> = changes
            .iter()
            .filter(|change| change.listed_in.is_some())
            .flat_map(|change| &change.commits)
            .copied()
            .collect();
        by_body.retain(|id, _| !changes.iter().any(|change| change.id.as_ref() == Some(id)));
        for commits in by_subject.into_values() {
            for commits in self.clusters(&commits) {
                if !commits.is_disjoint(&listed) {
                    // The rest of what a document lists only in part.
                    for change in &mut changes {
                        if change.listed_in.is_some() && !change.commits.is_disjoint(&commits) {
                            change.commits.extend(&commits);
                        }
                    }
                    continue;
                }
                // A change that reaches no series, or one only, is known by its words alone.
                let id = by_body.iter().find(|(_, named)| !named.is_disjoint(&commits)).map(|(id, _)| id.clone());
                let series = self.series(&commits).len();
                if id.is_some() || series >= 2 || (series == 1 && self.word(&commits, STRONG).is_some()) {
                    changes.push(Change { id, commits, ..Change::default() });
                }
            }
        }
        changes
    }

    /// What documents list: more commits of what is known, and what is known by them alone.
    fn listed(&self, changes: &mut Vec<Change>) {
        for account in self.history.accounts.iter().filter(|_| self.documents) {
            let commits: BTreeSet<u32> =
                account.commits.iter().filter_map(|listed| self.history.resolve(&listed.name)).collect();
            if commits.is_empty() {
                continue;
            }
            let ids: Vec<Option<&String>> =
                if account.ids.is_empty() { vec![None] } else { account.ids.iter().map(Some).collect() };
            for id in ids {
                let known = changes.iter_mut().find(|change| match id {
                    Some(id) => change.id.as_ref() == Some(id),
                    None => change.id.is_none() && change.commits == commits,
                });
                if let Some(change) = known {
                    change.commits.extend(&commits);
                    change.listed_in = Some(account.path.clone());
                    change.day = change.day.or(account.days.first().copied());
                } else {
                    changes.push(Change {
                        id: id.cloned(),
                        in_subject: false,
                        listed_in: Some(account.path.clone()),
                        day: account.days.first().copied(),
                        commits: commits.clone(),
                    });
                }
            }
        }
    }

    /// Parts whose commits were made near each other.
    fn clusters(&self, commits: &BTreeSet<u32>) -> Vec<BTreeSet<u32>> {
        let mut by_time: Vec<(i64, u32)> =
            commits.iter().map(|place| (self.history.commit(*place).committed_s, *place)).collect();
        by_time.sort_unstable();
        let mut clusters: Vec<BTreeSet<u32>> = Vec::new();
        let mut last_s = i64::MIN;
        for (committed_s, place) in by_time {
            if committed_s.saturating_sub(last_s) > APART_S {
                clusters.push(BTreeSet::new());
            }
            last_s = committed_s;
            if let Some(cluster) = clusters.last_mut() {
                cluster.insert(place);
            }
        }
        clusters
    }

    fn series(&self, commits: &BTreeSet<u32>) -> Lines<'a> {
        let mut series: Lines = BTreeMap::new();
        for place in commits {
            for line in self.series_of.get(place).into_iter().flatten() {
                series.entry(&line.name).or_insert((line, Vec::new())).1.push(*place);
            }
        }
        series
    }

    fn word(&self, commits: &BTreeSet<u32>, words: &[&'static str]) -> Option<&'static str> {
        commits.iter().find_map(|place| word_in(&self.history.commit(*place).subject, words))
    }

    fn proposal(&self, change: &Change) -> Option<Weighed> {
        let first = *change.commits.iter().min_by_key(|place| (self.history.commit(**place).committed_s, **place))?;
        let made = day_of(self.history.commit(first).committed_s);
        let series = self.series(&change.commits);
        let releases = self.releases(&series);
        let (date, together) = releases
            .iter()
            .max_by_key(|(day, tags)| (tags.len(), std::cmp::Reverse(**day)))
            .map_or((made, Vec::new()), |(day, tags)| (*day, tags.clone()));
        let date = change.day.unwrap_or(date);
        // Series whose successor is out get little else than security fixes.
        let old: Vec<String> = series
            .values()
            .filter(|(line, _)| self.has_successor(line, made))
            .map(|(line, _)| line.name.to_string())
            .collect();
        let word = |words| self.word(&change.commits, words);
        let (plain, strong, weak) = (word(PLAIN), word(STRONG), word(WEAK));
        let mut why = Vec::new();
        match (&change.id, change.in_subject, &change.listed_in) {
            (Some(id), true, _) => why.push(format!("its subject names {id}")),
            (Some(id), false, None) => why.push(format!("its message names {id}")),
            _ => {}
        }
        if let Some(path) = &change.listed_in {
            why.push(format!("{path} lists it"));
        }
        if let Some(word) = plain.or(strong).or(weak) {
            why.push(format!("its subject speaks of security (\"{word}\")"));
        }
        if series.len() >= 2 {
            let names: Vec<String> = series.keys().rev().map(ToString::to_string).collect();
            why.push(format!("the same change was made for {}", names.join(", ")));
        }
        if !old.is_empty() {
            why.push(format!("{} had a successor by then", old.join(", ")));
        }
        if together.len() >= 2 {
            why.push(format!("released on one day in {}", together.join(", ")));
        }
        let words = match (plain, strong, weak) {
            (Some(_), _, _) => 4,
            (None, Some(_), _) => 3,
            (None, None, Some(_)) => 2,
            (None, None, None) => 0,
        };
        let harmless = u32::from(words < 3 && word(HARMLESS).is_some());
        let shape = u32::from(series.len() >= 2)
            + u32::from(!old.is_empty())
            + u32::from(together.len() >= 2)
            + u32::from(together.len() >= 3);
        let points = 3 * u32::from(change.id.is_some()) + words + shape;
        let main: Vec<u32> = change.commits.iter().copied().filter(|place| self.lines.main_holds(*place)).collect();
        let id = change
            .id
            .clone()
            .unwrap_or_else(|| format!("{UNNAMED}{date}-{}", &short(&self.history.commit(first).id.to_string())[..8]));
        Some(Weighed {
            is_certain: change.in_subject || change.listed_in.is_some(),
            points: points.saturating_sub(2 * harmless),
            has_words: words > 0,
            tags: releases.into_values().flatten().collect(),
            proposal: Proposal {
                id,
                date,
                main: self.names(&main),
                series: series.iter().map(|(name, (_, places))| (name.to_string(), self.names(places))).collect(),
                confidence: Confidence::Sure,
                why,
                subject: self.history.commit(first).subject.to_string(),
            },
        })
    }

    fn names(&self, places: &[u32]) -> Vec<CommitId> {
        places.iter().map(|place| self.history.commit(*place).id).collect()
    }

    /// Final releases, by day, that were the first with all commits of their series and followed soon.
    fn releases(&self, series: &Lines<'a>) -> BTreeMap<Date, Vec<String>> {
        let mut released: BTreeMap<Date, Vec<String>> = BTreeMap::new();
        for (line, places) in series.values() {
            let last = places.iter().filter_map(|place| line.first_release_with(*place)).max();
            let made_s = places.iter().map(|place| self.history.commit(*place).committed_s).max().unwrap_or_default();
            if let Some(release) = last.and_then(|last| line.releases.get(last))
                && release.kind() == ReleaseKind::Final
                && line.final_release().is_some_and(|first| first.tag != release.tag)
                && release.committed_s - made_s <= RELEASED_WITHIN_S
            {
                released.entry(release.day).or_default().push(release.tag.clone());
            }
        }
        released
    }

    fn has_successor(&self, line: &SeriesLine, day: Date) -> bool {
        line.final_release().is_some()
            && self
                .lines
                .all()
                .any(|other| other.name > line.name && other.final_release().is_some_and(|release| release.day < day))
    }

    /// Ids that accounts of a release name, and no fix does, belong to the fixes of that day that have no id.
    fn name(&self, proposals: &mut [Proposal]) {
        let taken: BTreeSet<String> = proposals.iter().map(|proposal| proposal.id.clone()).collect();
        let mut accounts: Vec<(Date, BTreeSet<String>)> = Vec::new();
        for commit in &self.history.commits {
            if naming(&commit.subject) != Naming::Account {
                continue;
            }
            let mut ids: BTreeSet<String> = named_ids(&commit.subject).into_iter().collect();
            ids.extend(commit.named_in_body.iter().cloned());
            ids.retain(|id| !taken.contains(id));
            if !ids.is_empty() {
                accounts.push((day_of(commit.committed_s), ids));
            }
        }
        for account in self.history.accounts.iter().filter(|_| self.documents) {
            let ids: BTreeSet<String> = account.ids.iter().filter(|id| !taken.contains(*id)).cloned().collect();
            accounts.extend(account.days.iter().filter(|_| !ids.is_empty()).map(|day| (*day, ids.clone())));
        }
        let mut by_day: BTreeMap<Date, Vec<usize>> = BTreeMap::new();
        for (index, proposal) in proposals.iter().enumerate() {
            if proposal.id.starts_with(UNNAMED) {
                by_day.entry(proposal.date).or_default().push(index);
            }
        }
        for (day, unnamed) in by_day {
            let near = accounts.iter().filter(|(written, _)| {
                (-ACCOUNT_BEFORE_DAYS..=ACCOUNT_AFTER_DAYS).contains(&i64::from(day_difference(day, *written)))
            });
            let ids: BTreeSet<&String> = near.flat_map(|(_, ids)| ids).collect();
            let listed: Vec<&str> = ids.iter().map(|id| id.as_str()).collect();
            if listed.is_empty() {
                continue;
            }
            for index in &unnamed {
                let words =
                    if listed.len() == 1 { "an account of these days names" } else { "accounts of these days name" };
                proposals[*index].why.push(format!("{words} {}", listed.join(", ")));
            }
            if let ([index], [id]) = (unnamed.as_slice(), listed.as_slice()) {
                proposals[*index].id = (*id).to_owned();
            }
        }
    }
}

fn day_difference(from: Date, to: Date) -> i32 {
    from.until(to).map_or(i32::MAX, |span| span.get_days())
}
