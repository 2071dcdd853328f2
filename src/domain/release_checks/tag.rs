//! A release tag as the history shows it.

use crate::domain::{
    coverage::{CommitId, History, SeriesLine, SeriesLines},
    policy::Series,
};

/// What is known of a release tag. All of it is public.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagFacts {
    /// Short name of the tag.
    pub tag: String,
    /// The tagged commit.
    pub commit: CommitId,
    /// The series that its name belongs to.
    pub series: String,
    /// Whether no later release of its series is there: what an older one lacks is mended by a newer one that has it.
    pub newest: bool,
    /// Whether it is a tag object that carries a signature; nothing is said about whose.
    pub signed: bool,
    /// Short name of the branch of its series, where that branch exists.
    pub branch: Option<String>,
    /// Whether that branch holds the tagged commit; `None` where there is no such branch.
    pub on_branch: Option<bool>,
    /// Where the tagged commit stands instead.
    pub stands: Stands,
    /// The commit on which the same tag stood when it was seen last, if that was another.
    pub moved_from: Option<String>,
}

/// Where a tagged commit stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stands {
    /// On the main branch.
    OnMain,
    /// On the branch of this series, and not on the main branch.
    OnSeries(String),
    /// On no branch that the policy names.
    Nowhere,
}

impl TagFacts {
    /// Looks at the tag called `tag`; `None` where it is no release tag by the policy.
    pub fn of(history: &History, policy: &Series, lines: &SeriesLines, tag: &str) -> Option<Self> {
        let (line, release) =
            lines.all().find_map(|line| Some((line, line.releases.iter().find(|release| release.tag == tag)?)))?;
        let branch = branch(line);
        let on_branch = branch.map(|(_, tip)| reaches(history, tip, release.commit));
        let elsewhere = || {
            let others = lines.all().filter(|other| other.name != line.name);
            { others }.find(|other| {
                let is_own = other.own().binary_search(&release.commit).is_ok();
                is_own && self::branch(other).is_some_and(|(_, tip)| reaches(history, tip, release.commit))
            })
        };
        let stands = if on_branch == Some(true) && !lines.main_holds(release.commit) {
            Stands::OnSeries(line.name.to_string())
        } else if lines.main_holds(release.commit) {
            Stands::OnMain
        } else {
            elsewhere().map_or(Stands::Nowhere, |other| Stands::OnSeries(other.name.to_string()))
        };
        Some(Self {
            tag: tag.to_owned(),
            commit: history.commit(release.commit).id,
            series: line.name.to_string(),
            newest: line.releases.last().is_some_and(|last| last.tag == tag),
            signed: release.signed,
            branch: branch.map(|_| SeriesLines::branch_name(policy, &line.name)),
            on_branch,
            stands,
            moved_from: None,
        })
    }
}

/// The branch that really is one; a line without takes its last release for it.
fn branch(line: &SeriesLine) -> Option<(&str, u32)> {
    let name = line.branch.as_deref()?.strip_prefix("refs/heads/")?;
    Some((name, line.tip?))
}

/// Whether `tip` has `wanted` among its ancestors. Parents stand before their children, so what stands before `wanted`
/// leads nowhere.
fn reaches(history: &History, tip: u32, wanted: u32) -> bool {
    let mut seen = std::collections::HashSet::new();
    let mut todo = vec![tip];
    while let Some(commit) = todo.pop() {
        if commit == wanted {
            return true;
        }
        if commit > wanted && seen.insert(commit) {
            todo.extend(&history.commit(commit).parents);
        }
    }
    false
}
