//! Scanning: security fixes found in a history without any list.
//!
//! Two traces are followed. Commits that name a vulnerability in their subject, or in the rest of their message, are a fix
//! by their own word. The others are known by their shape: one change, made for several series within days, that speaks of
//! security or reaches series which get nothing else any more, and is released on several series on one day. What is found
//! is a proposal with its reasons; a person decides.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::Serialize;

use super::{
    evidence::{Naming, bare_subject, naming, short, start_of},
    facts::{CommitId, History},
    graph::{SeriesLine, SeriesLines, day_of},
    names::named_ids,
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
    commits: BTreeSet<u32>,
}

/// Looks for fixes in one history.
pub struct Scan<'a> {
    history: &'a History,
    lines: &'a SeriesLines,
    since: Option<Date>,
    /// The series on which a commit is, and not on main.
    series_of: BTreeMap<u32, Vec<&'a SeriesLine>>,
}

impl<'a> Scan<'a> {
    /// Looks only for what was released, or made, on `since` or later.
    pub fn new(history: &'a History, lines: &'a SeriesLines, since: Option<Date>) -> Self {
        let mut series_of: BTreeMap<u32, Vec<&SeriesLine>> = BTreeMap::new();
        for line in lines.all() {
            for place in &line.own {
                series_of.entry(*place).or_default().push(line);
            }
        }
        Self { history, lines, since, series_of }
    }

    /// The commits whose patches the scan will ask for.
    pub fn needs(&self) -> BTreeSet<u32> {
        self.changes(&|_| true).into_iter().flat_map(|change| change.commits).collect()
    }

    /// What was found, oldest first.
    pub fn proposals(&self) -> Vec<Proposal> {
        let code = |place: u32| self.history.patch(place).is_none_or(|patch| patch.touches_code);
        let changes = self.changes(&code);
        let mut proposals: Vec<Proposal> = changes.iter().filter_map(|change| self.proposal(change)).collect();
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
                    && !is_housekeeping(&bare_subject(&commit.subject))
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
        let mut changes: Vec<Change> = Vec::new();
        for (id, commits) in &by_id {
            changes.push(Change { id: Some(id.clone()), in_subject: true, commits: commits.clone() });
        }
        by_body.retain(|id, _| !by_id.contains_key(id));
        for commits in by_subject.into_values() {
            for commits in self.clusters(&commits) {
                // A change that reaches no series, or one only, is known by its words alone.
                let id = by_body.iter().find(|(_, named)| !named.is_disjoint(&commits)).map(|(id, _)| id.clone());
                let series = self.series(&commits).len();
                if id.is_some() || series >= 2 || (series == 1 && self.strong_words(&commits).is_some()) {
                    changes.push(Change { id, in_subject: false, commits });
                }
            }
        }
        changes
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

    fn series(&self, commits: &BTreeSet<u32>) -> BTreeMap<&super::SeriesName, (&'a SeriesLine, Vec<u32>)> {
        let mut series: BTreeMap<&super::SeriesName, (&SeriesLine, Vec<u32>)> = BTreeMap::new();
        for place in commits {
            for line in self.series_of.get(place).into_iter().flatten() {
                series.entry(&line.name).or_insert((line, Vec::new())).1.push(*place);
            }
        }
        series
    }

    fn strong_words(&self, commits: &BTreeSet<u32>) -> Option<&'static str> {
        commits.iter().find_map(|place| word_in(&self.history.commit(*place).subject, STRONG))
    }

    fn proposal(&self, change: &Change) -> Option<Proposal> {
        let first = *change.commits.iter().min_by_key(|place| (self.history.commit(**place).committed_s, **place))?;
        let series = self.series(&change.commits);
        let mut why = Vec::new();
        // The first release of each series that holds all its commits, where it followed soon.
        let mut released: BTreeMap<Date, Vec<&str>> = BTreeMap::new();
        for (line, places) in series.values() {
            let last = places.iter().filter_map(|place| line.first_release_with(*place)).max();
            let made_s = places.iter().map(|place| self.history.commit(*place).committed_s).max().unwrap_or_default();
            if let Some(release) = last.and_then(|last| line.releases.get(last))
                && release.committed_s - made_s <= RELEASED_WITHIN_S
            {
                released.entry(release.day).or_default().push(&release.tag);
            }
        }
        let made = day_of(self.history.commit(first).committed_s);
        let together = released.values().max_by_key(|tags| tags.len()).filter(|tags| tags.len() >= 2);
        let date = released.iter().find(|(_, tags)| together.is_none_or(|most| tags.len() == most.len()));
        let date = date.map_or(made, |(day, _)| *day);
        // Series whose successor is out get little else than security fixes.
        let later_released = |line: &SeriesLine| {
            self.lines
                .all()
                .any(|other| other.name > line.name && other.final_release().is_some_and(|release| release.day < made))
        };
        let final_by = |line: &SeriesLine| line.final_release().is_some_and(|release| release.day <= date);
        let old: Vec<String> = series
            .values()
            .filter(|(line, _)| final_by(line) && later_released(line))
            .map(|(line, _)| line.name.to_string())
            .collect();
        let strong = self.strong_words(&change.commits);
        let weak = change.commits.iter().find_map(|place| word_in(&self.history.commit(*place).subject, WEAK));
        match (&change.id, change.in_subject) {
            (Some(id), true) => why.push(format!("its subject names {id}")),
            (Some(id), false) => why.push(format!("its message names {id}")),
            (None, _) => {}
        }
        if let Some(word) = strong.or(weak) {
            why.push(format!("its subject speaks of security (\"{word}\")"));
        }
        if series.len() >= 2 {
            let names: Vec<String> = series.keys().rev().map(ToString::to_string).collect();
            why.push(format!("the same change was made for {}", names.join(", ")));
        }
        if !old.is_empty() {
            why.push(format!("{} had a successor by then", old.join(", ")));
        }
        if let Some(tags) = together {
            why.push(format!("released on one day in {}", tags.join(", ")));
        }
        let confidence = if change.in_subject {
            Confidence::Sure
        } else {
            let points = 3 * u32::from(change.id.is_some())
                + 3 * u32::from(strong.is_some())
                + 2 * u32::from(strong.is_none() && weak.is_some())
                + u32::from(series.len() >= 2)
                + u32::from(!old.is_empty())
                + u32::from(together.is_some());
            match points {
                5.. => Confidence::Likely,
                4 => Confidence::Possible,
                _ => return None,
            }
        };
        let name = |places: &[u32]| places.iter().map(|place| self.history.commit(*place).id).collect::<Vec<_>>();
        let main: Vec<u32> = change.commits.iter().copied().filter(|place| self.lines.main_holds(*place)).collect();
        let id = change
            .id
            .clone()
            .unwrap_or_else(|| format!("unnamed-{date}-{}", &short(&self.history.commit(first).id.to_string())[..8]));
        Some(Proposal {
            id,
            date,
            main: name(&main),
            series: series.iter().map(|(series, (_, places))| (series.to_string(), name(places))).collect(),
            confidence,
            why,
            subject: self.history.commit(first).subject.clone(),
        })
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
        let mut by_day: BTreeMap<Date, Vec<usize>> = BTreeMap::new();
        for (index, proposal) in proposals.iter().enumerate() {
            if proposal.id.starts_with("unnamed-") {
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

/// A subject as the name of a change: without marks, ends that differ from series to series, and signs.
fn key_of(subject: &str) -> String {
    let bare = bare_subject(subject);
    let bare = bare.split("backport of").next().unwrap_or_default();
    bare.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// Work that is done for every series and mends nothing.
fn is_housekeeping(bare: &str) -> bool {
    const BEGINS: [&str; 12] = [
        "revert",
        "bump",
        "update translation",
        "updated translation",
        "merge",
        "prepare",
        "post-release",
        "set version",
        "back to development",
        "release ",
        "imported",
        "pinned",
    ];
    const HOLDS: [&str; 5] = ["translation", "release notes", "version number", "for release", "copyright"];
    BEGINS.iter().any(|words| bare.starts_with(words)) || HOLDS.iter().any(|words| bare.contains(words))
}

/// Words that stand for security wherever they appear.
const STRONG: &[&str] = &[
    "security",
    "vulnerab",
    "exploit",
    "attack",
    "xss",
    "cross-site",
    "csrf",
    "denial of service",
    "denial-of-service",
    "dos",
    "redos",
    "injection",
    "code execution",
    "traversal",
    "spoof",
    "disclosure",
    "malicious",
    "is_safe_url",
    "poison",
    "catastrophic backtracking",
    "brute force",
    "timing",
    "enumeration",
    "privilege",
    "clickjacking",
];

/// Words that stand for security rather often.
const WEAK: &[&str] = &[
    "leak",
    "unsafe",
    "escap",
    "sanitiz",
    "sanitis",
    "prevent",
    "permission",
    "session",
    "password",
    "token",
    "host header",
    "redirect",
    "infinite loop",
    "memory",
    "hijack",
    "bypass",
    "arbitrary",
    "validat",
    "inclusion",
    "other hosts",
    "quadratic",
    "backtracking",
    "limit",
    "trust",
    "newlines",
    "restrict",
    "header",
    "unauthor",
    "credential",
    "secret",
    "overflow",
    "use after free",
    "use-after-free",
    "out of bounds",
    "out-of-bounds",
];

fn word_in(subject: &str, words: &[&'static str]) -> Option<&'static str> {
    let subject = subject.to_lowercase();
    words.iter().copied().find(|word| {
        subject.match_indices(word).any(|(place, _)| {
            let before = subject[..place].chars().next_back();
            let after = subject[place + word.len()..].chars().next();
            // Short words stand alone: `dos` is no `ends`.
            let begins = before.is_none_or(|c| !c.is_alphanumeric());
            let ends = word.len() > 4 || after.is_none_or(|c| !c.is_alphanumeric());
            begins && ends
        })
    })
}
