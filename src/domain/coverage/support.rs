//! Which series are supported on a day.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{
    graph::{ReleaseKind, SeriesLines},
    names::SeriesName,
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

/// The series that are supported, or in pre-release, on `day`. A series counts from the day of its final release to the
/// day on which the `latest`-th later one is released, or to its last day in `lts`; first and last day count.
pub fn supported_on(policy: &Series, lines: &SeriesLines, day: Date) -> BTreeMap<SeriesName, SeriesKind> {
    let mut kinds = BTreeMap::new();
    let finals: Vec<(&SeriesName, Date)> =
        lines.all().filter_map(|line| line.final_release().map(|release| (&line.name, release.day))).collect();
    for line in lines.all() {
        match line.final_release() {
            Some(release) if release.day <= day => {
                let overtaken = finals.iter().filter(|(name, released)| **name > line.name && *released < day).count();
                let lts = policy.lts.iter().any(|(name, last)| *name == line.name.to_string() && *last >= day);
                if overtaken < usize::from(policy.latest) || lts {
                    kinds.insert(line.name.clone(), SeriesKind::Supported);
                }
            }
            _ => {
                let begun =
                    line.releases.iter().any(|release| release.kind() == ReleaseKind::Prerelease && release.day <= day);
                if begun {
                    kinds.insert(line.name.clone(), SeriesKind::Prerelease);
                }
            }
        }
    }
    kinds
}
