//! A history built by hand: commits with subjects, changes and dates, branches and tags.

use std::collections::{BTreeMap, HashMap};

use jiff::civil::{Date, date};

use super::super::{
    Claims, Commit, CommitId, Fix, FixCoverage, History, Judgement, Patch, PatchId, Reference, SeriesLines, Trailer,
    TrailerKind, named_ids,
};
use crate::domain::policy::Series;

/// A commit about to be made.
pub(super) struct Making<'a> {
    built: &'a mut Built,
    branch: String,
    commit: Commit,
    claims: Claims,
    patch: Patch,
}

/// A history, and the policy that reads it.
pub(super) struct Built {
    pub(super) history: History,
    pub(super) policy: Series,
    tips: HashMap<String, u32>,
    now: Date,
}

impl Built {
    /// Main, and the series 5.1 and 5.2 with a release each; 5.1 is from 2025-04-02, 5.2 from 2025-12-03.
    pub(super) fn two_series() -> Self {
        let mut built = Self::empty();
        built.on(date(2025, 1, 1)).commit("main", "Began").make();
        built.branch("stable/5.1.x", "main");
        built.on(date(2025, 4, 2)).commit("stable/5.1.x", "Released 5.1").make();
        built.tag("5.1", "stable/5.1.x");
        built.on(date(2025, 6, 1)).commit("main", "Went on").make();
        built.branch("stable/5.2.x", "main");
        built.on(date(2025, 12, 3)).commit("stable/5.2.x", "Released 5.2").make();
        built.tag("5.2", "stable/5.2.x");
        built
    }

    pub(super) fn empty() -> Self {
        let policy = serde_json::from_value(serde_json::json!({})).expect("a policy of defaults");
        Self { history: History::default(), policy, tips: HashMap::new(), now: date(2025, 1, 1) }
    }

    /// From now on commits are made on this day, at noon.
    pub(super) fn on(&mut self, day: Date) -> &mut Self {
        self.now = day;
        self
    }

    pub(super) fn branch(&mut self, name: &str, from: &str) -> &mut Self {
        let tip = self.tips[from];
        self.tips.insert(name.to_owned(), tip);
        self.refresh();
        self
    }

    pub(super) fn drop_branch(&mut self, name: &str) {
        self.tips.remove(name);
        self.history.references.retain(|reference| reference.name != format!("refs/heads/{name}"));
    }

    pub(super) fn tag(&mut self, name: &str, branch: &str) -> &mut Self {
        let commit = self.tips[branch];
        self.history.references.push(Reference { name: format!("refs/tags/{name}"), commit, signed: false });
        self.history.references.sort_by(|a, b| a.name.cmp(&b.name));
        self
    }

    pub(super) fn drop_tag(&mut self, name: &str) {
        self.history.references.retain(|reference| reference.name != format!("refs/tags/{name}"));
    }

    pub(super) fn commit(&mut self, branch: &str, subject: &str) -> Making<'_> {
        let place = self.history.commits.len();
        let mut id = [0_u8; 20];
        id[0] = 0xab;
        id[1..9].copy_from_slice(&(place as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
        let noon = self.now.at(12, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC).expect("a day");
        let parents = self.tips.get(branch).copied().into_iter().collect();
        let claims = Claims { named_in_subject: named_ids(subject), ..Claims::default() };
        let committed_s = noon.timestamp().as_second();
        let commit = Commit::new(CommitId(id), parents, committed_s, subject, Claims::default());
        Making { built: self, branch: branch.to_owned(), commit, claims, patch: patch(place as u32 + 1_000, &[]) }
    }

    /// Merges one branch into another; the merge itself changes nothing.
    pub(super) fn merge(&mut self, branch: &str, other: &str, subject: &str) -> CommitId {
        let tip = self.tips[other];
        let mut making = self.commit(branch, subject);
        making.commit.parents.push(tip);
        making.patch = Patch::default();
        making.make()
    }

    fn refresh(&mut self) {
        for (name, tip) in &self.tips {
            let name = format!("refs/heads/{name}");
            match self.history.references.iter_mut().find(|reference| reference.name == name) {
                Some(reference) => reference.commit = *tip,
                None => self.history.references.push(Reference { name, commit: *tip, signed: false }),
            }
        }
        self.history.references.sort_by(|a, b| a.name.cmp(&b.name));
        self.history.reindex();
    }

    pub(super) fn judge(&self, fix: &Fix) -> FixCoverage {
        self.judge_at(fix, None)
    }

    pub(super) fn judge_at(&self, fix: &Fix, at: Option<Date>) -> FixCoverage {
        let lines = SeriesLines::of(&self.history, &self.policy);
        Judgement::new(&self.history, &self.policy, &lines, at).of(fix)
    }
}

impl Making<'_> {
    /// It changes this, and nothing else: equal numbers are equal changes.
    pub(super) fn change(mut self, change: u32) -> Self {
        self.patch = patch(change, &[]);
        self
    }

    /// It changes this code, and documentation besides, which differs from series to series.
    pub(super) fn change_and_docs(mut self, change: u32, docs: u8) -> Self {
        self.patch = patch(change, &[docs]);
        self
    }

    /// It changes these lines, in surroundings of its own.
    pub(super) fn lines(mut self, lines: &[u32]) -> Self {
        self.patch.lines = lines.to_vec();
        self
    }

    /// It changes tests or documentation only.
    pub(super) fn no_code(mut self) -> Self {
        self.patch.touches_code = false;
        self
    }

    pub(super) fn trailer(mut self, kind: TrailerKind, target: &CommitId) -> Self {
        self.claims.trailers.push(Trailer { kind, target: target.to_string() });
        self
    }

    pub(super) fn reverts(mut self, target: &CommitId) -> Self {
        self.claims.reverts.push(target.to_string());
        self
    }

    /// Its message names another commit.
    pub(super) fn mentioning(mut self, target: &CommitId) -> Self {
        self.claims.mentions.push(target.to_string());
        self
    }

    pub(super) fn naming_in_body(mut self, id: &str) -> Self {
        self.claims.named_in_body = named_ids(id);
        self
    }

    pub(super) fn make(self) -> CommitId {
        let Self { built, branch, commit, claims, patch } = self;
        let commit = Commit::new(commit.id, commit.parents, commit.committed_s, &commit.subject, claims);
        let id = commit.id;
        built.history.patches.insert(id, patch);
        built.history.commits.push(commit);
        built.tips.insert(branch, built.history.commits.len() as u32 - 1);
        built.refresh();
        id
    }
}

fn patch(change: u32, docs: &[u8]) -> Patch {
    let mut id = [0_u8; 20];
    id[..4].copy_from_slice(&change.to_be_bytes());
    let without_docs = PatchId(id);
    id[4] = docs.first().copied().unwrap_or_default();
    Patch {
        all: Some(PatchId(id)),
        without_docs: Some(without_docs),
        touches_code: true,
        lines: (0..10).map(|line| change * 100 + line).collect(),
    }
}

/// The fix of `CVE-2026-1111`, of which `main` is known.
pub(super) fn fix(main: &[CommitId]) -> Fix {
    Fix {
        id: "CVE-2026-1111".to_owned(),
        date: super::disclosure(),
        main: Some(main.iter().map(ToString::to_string).collect()),
        series: BTreeMap::new(),
        not_affected: BTreeMap::new(),
    }
}

/// The same, of which nothing but id and day is known.
pub(super) fn bare_fix() -> Fix {
    Fix { main: None, ..fix(&[]) }
}
