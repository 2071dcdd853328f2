//! Which series are supported on a day.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{
    graph::{ReleaseKind, SeriesLines},
    names::{SeriesName, Version, series_in_branch, tag_name},
};
use crate::domain::policy::Series;

/// Why a series is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SeriesKind {
    /// The branch of development.
    Main,
    /// Gets security releases.
    Supported,
    /// Between its first pre-release and its final one: patched, released later.
    Prerelease,
}

/// When each series was first released, and which releases it has, as far as its tags tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReleaseDays(BTreeMap<SeriesName, FirstDays>);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct FirstDays {
    prerelease: Option<Date>,
    released: Option<Date>,
    /// Final releases by version, as their tags are called.
    releases: BTreeMap<Version, String>,
}

impl ReleaseDays {
    /// Of a history that was read.
    pub fn of(lines: &SeriesLines) -> Self {
        let days = lines.all().map(|line| {
            let first = line.releases.iter().filter(|release| release.kind() == ReleaseKind::Prerelease);
            let prerelease = first.map(|release| release.day).min();
            let released = line.final_release().map(|release| release.day);
            let finals = line.releases.iter().filter(|release| release.kind() == ReleaseKind::Final);
            let releases = finals.map(|release| (release.version.clone(), release.tag.clone())).collect();
            (line.name.clone(), FirstDays { prerelease, released, releases })
        });
        Self(days.collect())
    }

    /// Of tags with the days of the commits that they stand on, and of the branches that there are, both by short names.
    pub fn of_tags(policy: &Series, tags: &[(String, Date)], branches: &[String]) -> Self {
        let known: BTreeSet<SeriesName> = branches.iter().filter_map(|name| series_in_branch(policy, name)).collect();
        let mut days: BTreeMap<SeriesName, FirstDays> = BTreeMap::new();
        for (tag, day) in tags {
            // A branch that became a tag at its end of life is no release.
            let Some(found) = tag_name(policy, tag, &known).filter(|_| series_in_branch(policy, tag).is_none()) else {
                continue;
            };
            let entry = days.entry(found.series.clone()).or_default();
            match found.version {
                Version::Pre(..) => {
                    entry.prerelease = Some(entry.prerelease.map_or(*day, |known| known.min(*day)));
                }
                version @ Version::Final(_) => {
                    if entry.releases.keys().next().is_none_or(|first| version < *first) {
                        entry.released = Some(*day);
                    }
                    entry.releases.insert(version, tag.clone());
                }
            }
        }
        Self(days)
    }

    /// The tags of a series' first and newest final release; `None` where it has none.
    pub fn first_and_newest(&self, series: &str) -> Option<(&str, &str)> {
        let releases = &self.0.get(&SeriesName::parse(series)?)?.releases;
        Some((releases.values().next()?, releases.values().next_back()?))
    }
}

/// The series that are supported, or in pre-release, on `day`. A series counts from the day of its final release to the
/// day on which the `latest`-th later one is released, or to its last day in `lts`; first and last day count.
pub fn supported_on(policy: &Series, lines: &SeriesLines, day: Date) -> BTreeMap<SeriesName, SeriesKind> {
    supported_by_days(policy, &ReleaseDays::of(lines), day)
}

/// The same, by the days alone; those that the policy's table gives count more.
pub fn supported_by_days(policy: &Series, days: &ReleaseDays, day: Date) -> BTreeMap<SeriesName, SeriesKind> {
    let mut all = days.0.clone();
    for (name, day) in &policy.released {
        if let Some(name) = SeriesName::parse(name) {
            all.entry(name).or_default().released = Some(*day);
        }
    }
    let mut kinds = BTreeMap::new();
    for (name, first) in &all {
        match first.released {
            Some(released) if released <= day => {
                let later =
                    all.iter().filter(|(other, first)| *other > name && first.released.is_some_and(|at| at < day));
                let lts = policy.lts.iter().any(|(known, last)| *known == name.to_string() && *last >= day);
                if later.count() < usize::from(policy.latest) || lts {
                    kinds.insert(name.clone(), SeriesKind::Supported);
                }
            }
            _ if first.prerelease.is_some_and(|begun| begun <= day) => {
                kinds.insert(name.clone(), SeriesKind::Prerelease);
            }
            _ => {}
        }
    }
    kinds
}
