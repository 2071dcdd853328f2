//! What is claimed about a fix before its series are looked at: by who asks, and by documents of the repository.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    evidence::{names_another, push_once, short_id},
    facts::Fix,
    graph::SeriesLines,
    history::History,
    names::{SeriesName, tag_name},
};
use crate::domain::policy::Series;

/// A commit that somebody says is the fix on a series.
#[derive(Clone, Debug)]
pub(super) struct Claim {
    /// The commit as it is written.
    pub(super) name: String,
    /// Where it is, if it is.
    pub(super) place: Option<u32>,
    /// Who says so.
    pub(super) by: String,
}

/// All claims about one fix.
#[derive(Clone, Debug, Default)]
pub(super) struct Recorded {
    /// Commits of the fix, on whatever branch.
    pub(super) commits: BTreeSet<u32>,
    /// Claims by series.
    pub(super) by_series: BTreeMap<SeriesName, Vec<Claim>>,
    /// Names of commits that are not in this history.
    pub(super) absent: Vec<String>,
    /// A document says that there is an advisory and no patch.
    pub(super) advised_only: bool,
    /// What else a person should know.
    pub(super) notes: Vec<String>,
}

impl Recorded {
    /// Gathers what is claimed about `fix`.
    pub(super) fn of(history: &History, policy: &Series, lines: &SeriesLines, fix: &Fix) -> Self {
        let mut recorded = Self::default();
        for name in fix.main.iter().flatten() {
            match history.resolve(name) {
                Some(place) => recorded.commits.extend(merged(history, place)),
                None => recorded.absent.push(name.clone()),
            }
        }
        for (series, names) in &fix.series {
            let Some(series) = series_named(policy, lines, series) else {
                recorded.notes.push(format!("\"{series}\" is no series of this policy"));
                continue;
            };
            for name in names {
                let place = history.resolve(name);
                recorded.commits.extend(place);
                recorded.absent.extend(place.is_none().then(|| name.clone()));
                let claim = Claim { name: name.clone(), place, by: "recorded".to_owned() };
                recorded.by_series.entry(series.clone()).or_default().push(claim);
            }
        }
        recorded.read_accounts(history, policy, lines, fix);
        recorded
    }

    fn read_accounts(&mut self, history: &History, policy: &Series, lines: &SeriesLines, fix: &Fix) {
        let asked: BTreeSet<SeriesName> = self.by_series.keys().cloned().collect();
        for account in history.accounts.iter().filter(|account| account.is_about(&fix.id, fix.date)) {
            self.advised_only |= account.says_no_patch && account.commits.is_empty();
            for listed in &account.commits {
                let labelled = listed.label.as_deref().and_then(|label| series_named(policy, lines, label));
                let by = || format!("listed in {}", account.path);
                let Some(place) = history.resolve(&listed.name) else {
                    if let Some(series) = labelled.filter(|series| !asked.contains(series)) {
                        let claim = Claim { name: listed.name.clone(), place: None, by: by() };
                        self.by_series.entry(series).or_default().push(claim);
                    }
                    continue;
                };
                let commit = history.commit(place);
                if names_another(commit, &fix.id) {
                    let note = format!(
                        "{} lists {}, whose subject names another vulnerability",
                        account.path,
                        short_id(commit)
                    );
                    push_once(&mut self.notes, note);
                    continue;
                }
                self.commits.insert(place);
                let series: Vec<SeriesName> = match labelled {
                    Some(series) => vec![series],
                    None => lines.all().filter(|line| line.is_own(place)).map(|line| line.name.clone()).collect(),
                };
                for series in series.into_iter().filter(|series| !asked.contains(series)) {
                    let claims = self.by_series.entry(series).or_default();
                    if claims.iter().all(|claim| claim.place != Some(place)) {
                        claims.push(Claim { name: listed.name.clone(), place: Some(place), by: by() });
                    }
                }
            }
        }
    }
}

/// A merge stands for what it brought in: up to 50 commits of its other parents.
fn merged(history: &History, place: u32) -> Vec<u32> {
    const MOST: usize = 50;
    let commit = history.commit(place);
    let [first, others @ ..] = &commit.parents[..] else {
        return vec![place];
    };
    if others.is_empty() {
        return vec![place];
    }
    // Places run from parents to children: the greatest has been reached from all of its children.
    let mut open: BTreeMap<u32, bool> = others.iter().map(|other| (*other, false)).collect();
    open.insert(*first, true);
    let mut found = vec![place];
    while open.values().any(|held| !held) {
        let Some((newest, held)) = open.pop_last() else {
            break;
        };
        for parent in &history.commit(newest).parents {
            *open.entry(*parent).or_default() |= held;
        }
        if !held {
            found.push(newest);
        }
        if found.len() > MOST {
            return vec![place];
        }
    }
    found
}

/// The series that a text stands for: an archive may name a full version where a series is meant.
pub(super) fn series_named(policy: &Series, lines: &SeriesLines, text: &str) -> Option<SeriesName> {
    let text = text.trim();
    let known = lines.names();
    if let Some(name) = SeriesName::parse(text).filter(|name| known.contains(name)) {
        return Some(name);
    }
    let tagged = tag_name(policy, text, known).map(|tag| tag.series);
    // A tag's pattern may have more to it than the number.
    let cut = SeriesName::parse(text).and_then(|name| name.beginnings().find(|name| known.contains(name)));
    tagged.or(cut).or_else(|| SeriesName::parse(text))
}
