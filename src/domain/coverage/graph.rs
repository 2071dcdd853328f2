//! Branches and tags as lines of releases: what each holds, and since which tag.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, OnceLock},
};

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::{
    history::History,
    names::{SeriesName, TagName, Version, branch_of, series_in_branch, tag_name},
};
use crate::domain::policy::Series;

/// Place in no release.
const NONE: u16 = u16::MAX;

/// What sort of release a tag is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReleaseKind {
    /// Alpha, beta, candidate.
    Prerelease,
    /// For everybody.
    Final,
}

/// A release tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// Short name of the tag.
    pub tag: String,
    /// The tagged commit.
    pub commit: u32,
    /// Its place in the series.
    pub version: Version,
    /// When the tagged commit was made: dates of tag objects can be years off.
    pub committed_s: i64,
    /// The same as a day in UTC.
    pub day: Date,
    /// See [`super::Reference::signed`].
    pub signed: bool,
}

impl Release {
    /// What sort of release it is.
    pub fn kind(&self) -> ReleaseKind {
        match self.version {
            Version::Pre(..) => ReleaseKind::Prerelease,
            Version::Final(_) => ReleaseKind::Final,
        }
    }
}

/// One series: its branch, its releases, and what they hold.
#[derive(Clone, Debug)]
pub struct SeriesLine {
    /// Its name.
    pub name: SeriesName,
    /// Full name of the ref that stands for its branch: the branch, the tag that it became, or its last release.
    pub branch: Option<String>,
    /// Whether that is the branch, or the tag that the branch became.
    pub has_branch: bool,
    /// The branch's newest commit.
    pub tip: Option<u32>,
    /// Releases, by version.
    pub releases: Vec<Release>,
    graph: Arc<Graph>,
    held: OnceLock<Held>,
}

/// What a series holds; found when it is asked for, since most series are not.
#[derive(Clone, Debug)]
struct Held {
    own: Vec<u32>,
    on: Bits,
    first_release: Vec<u16>,
}

impl SeriesLine {
    /// The first final release.
    pub fn final_release(&self) -> Option<&Release> {
        self.releases.iter().find(|release| release.kind() == ReleaseKind::Final)
    }

    /// Commits that are on the branch or in a release, and not on the main branch; oldest first.
    pub fn own(&self) -> &[u32] {
        &self.held().own
    }

    /// Whether the branch, or a release of the series, holds a commit.
    pub fn holds(&self, commit: u32) -> bool {
        self.held().on.has(commit)
    }

    fn held(&self) -> &Held {
        self.held.get_or_init(|| Held::of(&self.graph, &self.releases, self.tip))
    }

    /// Whether it holds a commit that the main branch does not.
    pub fn is_own(&self, commit: u32) -> bool {
        self.own().binary_search(&commit).is_ok()
    }

    /// Place in `releases` of the first that holds a commit.
    pub fn first_release_with(&self, commit: u32) -> Option<usize> {
        let place = self.held().first_release[commit as usize];
        (place != NONE).then_some(usize::from(place))
    }
}

/// All series, and the main branch.
#[derive(Clone, Debug)]
pub struct SeriesLines {
    lines: BTreeMap<SeriesName, SeriesLine>,
    names: BTreeSet<SeriesName>,
    graph: Arc<Graph>,
    reached: OnceLock<Bits>,
    tips: Vec<u32>,
    /// Whether the main branch is there.
    pub has_main: bool,
}

impl SeriesLines {
    /// Sorts a history into series.
    pub fn of(history: &History, policy: &Series) -> Self {
        let find = |name: &str| history.references.iter().find(|reference| reference.name == name);
        let main_tip = find(&format!("refs/heads/{}", policy.main)).map(|reference| reference.commit);
        let graph = Arc::new(Graph::of(history, main_tip));
        // A branch that became a tag at its end of life counts as the branch, and is no release.
        let branches: BTreeMap<SeriesName, (&str, u32)> = history
            .references
            .iter()
            .rev()
            .filter_map(|reference| {
                let short = short_name(&reference.name);
                Some((series_in_branch(policy, short)?, (reference.name.as_str(), reference.commit)))
            })
            .collect();
        let known: BTreeSet<SeriesName> = branches.keys().cloned().collect();
        let mut releases: BTreeMap<SeriesName, Vec<Release>> = BTreeMap::new();
        for reference in history.references.iter().filter(|reference| reference.name.starts_with("refs/tags/")) {
            let tag = short_name(&reference.name);
            if series_in_branch(policy, tag).is_some() {
                continue;
            }
            if let Some(TagName { series, version }) = tag_name(policy, tag, &known) {
                let committed_s = history.commit(reference.commit).committed_s;
                releases.entry(series).or_default().push(Release {
                    tag: tag.to_owned(),
                    commit: reference.commit,
                    version,
                    committed_s,
                    day: day_of(committed_s),
                    signed: reference.signed,
                });
            }
        }
        let names: BTreeSet<SeriesName> = known.into_iter().chain(releases.keys().cloned()).collect();
        let lines = names.iter().cloned().map(|name| {
            let mut releases = releases.remove(&name).unwrap_or_default();
            releases.sort_by(|a, b| a.version.cmp(&b.version));
            let branch = branches.get(&name).copied();
            (name.clone(), line(&graph, name, branch, releases))
        });
        let lines = lines.collect();
        let tips = history.references.iter().map(|reference| reference.commit).collect();
        Self { lines, names, graph, reached: OnceLock::new(), tips, has_main: main_tip.is_some() }
    }

    /// All series, oldest first.
    pub fn all(&self) -> impl Iterator<Item = &SeriesLine> {
        self.lines.values()
    }

    /// One series.
    pub fn get(&self, name: &SeriesName) -> Option<&SeriesLine> {
        self.lines.get(name)
    }

    /// The names of all series.
    pub fn names(&self) -> &BTreeSet<SeriesName> {
        &self.names
    }

    /// Whether any branch or tag holds a commit: a kept history may remember others.
    pub fn hold(&self, commit: u32) -> bool {
        self.reached.get_or_init(|| Bits::reached(&self.graph, &self.tips)).has(commit)
    }

    /// Whether the main branch holds a commit.
    pub fn main_holds(&self, commit: u32) -> bool {
        self.graph.main.has(commit)
    }

    /// The branch name that a series would have.
    pub fn branch_name(policy: &Series, series: &SeriesName) -> String {
        branch_of(policy, series)
    }
}

fn short_name(reference: &str) -> &str {
    reference.strip_prefix("refs/heads/").or_else(|| reference.strip_prefix("refs/tags/")).unwrap_or(reference)
}

fn line(graph: &Arc<Graph>, name: SeriesName, branch: Option<(&str, u32)>, releases: Vec<Release>) -> SeriesLine {
    let last = releases.last().map(|release| (format!("refs/tags/{}", release.tag), release.commit));
    let has_branch = branch.is_some();
    let branch = branch.map(|(name, tip)| (name.to_owned(), tip)).or(last);
    let (branch, tip) = branch.map_or((None, None), |(name, tip)| (Some(name), Some(tip)));
    SeriesLine { name, branch, has_branch, tip, releases, graph: Arc::clone(graph), held: OnceLock::new() }
}

impl Held {
    fn of(graph: &Graph, releases: &[Release], tip: Option<u32>) -> Self {
        let mut first_release = vec![NONE; graph.commits()];
        let mut on = Bits::none(graph.commits());
        let mut own = Vec::new();
        for (release, place) in releases.iter().zip(0..NONE) {
            graph.spread(release.commit, |commit| {
                let first = &mut first_release[commit as usize];
                let fresh = *first == NONE;
                if fresh {
                    *first = place;
                    on.set(commit);
                    own.extend(Some(commit).filter(|commit| !graph.main.has(*commit)));
                }
                fresh
            });
        }
        if let Some(tip) = tip {
            graph.spread(tip, |commit| {
                let fresh = on.set(commit);
                own.extend(Some(commit).filter(|commit| fresh && !graph.main.has(*commit)));
                fresh
            });
        }
        own.sort_unstable();
        Self { own, on, first_release }
    }
}

/// Who comes from whom, close together.
#[derive(Clone, Debug)]
struct Graph {
    /// Where the parents of a commit begin in `parents`; one more than there are commits.
    starts: Vec<u32>,
    parents: Vec<u32>,
    main: Bits,
}

impl Graph {
    fn of(history: &History, main_tip: Option<u32>) -> Self {
        let mut starts = Vec::with_capacity(history.commits.len() + 1);
        let mut parents = Vec::with_capacity(history.commits.len() + history.commits.len() / 8);
        starts.push(0);
        for commit in &history.commits {
            parents.extend_from_slice(&commit.parents);
            starts.push(parents.len() as u32);
        }
        let main = Bits::none(history.commits.len());
        let mut graph = Self { starts, parents, main };
        if let Some(tip) = main_tip {
            graph.main = Bits::reached(&graph, &[tip]);
        }
        graph
    }

    fn commits(&self) -> usize {
        self.starts.len() - 1
    }

    /// Goes back from `tip` wherever `enter` says that a commit is new.
    fn spread(&self, tip: u32, mut enter: impl FnMut(u32) -> bool) {
        let mut todo = vec![tip];
        while let Some(commit) = todo.pop() {
            if enter(commit) {
                let (start, end) = (self.starts[commit as usize], self.starts[commit as usize + 1]);
                todo.extend_from_slice(&self.parents[start as usize..end as usize]);
            }
        }
    }
}

/// The day of an instant in UTC.
pub(super) fn day_of(seconds: i64) -> Date {
    Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(TimeZone::UTC).date()
}

/// A set of commits.
#[derive(Clone, Debug)]
struct Bits(Vec<u64>);

impl Bits {
    fn none(commits: usize) -> Self {
        Self(vec![0; commits.div_ceil(64)])
    }

    fn reached(graph: &Graph, tips: &[u32]) -> Self {
        let mut bits = Self::none(graph.commits());
        for tip in tips {
            graph.spread(*tip, |commit| bits.set(commit));
        }
        bits
    }

    fn has(&self, commit: u32) -> bool {
        self.0[commit as usize / 64] >> (commit % 64) & 1 == 1
    }

    /// Returns whether it was absent.
    fn set(&mut self, commit: u32) -> bool {
        let (word, bit) = (&mut self.0[commit as usize / 64], 1 << (commit % 64));
        let fresh = *word & bit == 0;
        *word |= bit;
        fresh
    }
}
