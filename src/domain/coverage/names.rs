//! Names of branches, tags, series and vulnerabilities.

use std::{cmp::Ordering, collections::BTreeSet, fmt, sync::LazyLock};

use regex::Regex;

use crate::domain::policy::Series;

/// A supported line: `5.2`, `2028`. Ordered by its numbers.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SeriesName(Vec<u32>);

impl SeriesName {
    /// Reads numbers with dots between.
    pub fn parse(text: &str) -> Option<Self> {
        let numbers: Option<Vec<u32>> = text
            .split('.')
            .map(|part| part.parse().ok().filter(|_| part.bytes().all(|b| b.is_ascii_digit())))
            .collect();
        numbers.filter(|numbers| numbers.len() <= 4).map(Self)
    }

    /// What is left when numbers are taken from its end, longest first.
    pub(super) fn beginnings(&self) -> impl Iterator<Item = Self> + '_ {
        (1..self.0.len()).rev().map(|length| Self(self.0[..length].to_vec()))
    }

    fn looks_usual(&self) -> bool {
        // Named by year, or by two numbers.
        if self.0[0] >= 1_000 { self.0.len() == 1 } else { self.0.len() == 2 }
    }
}

impl Ord for SeriesName {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}

impl PartialOrd for SeriesName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for SeriesName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers: Vec<String> = self.0.iter().map(u32::to_string).collect();
        f.write_str(&numbers.join("."))
    }
}

impl fmt::Debug for SeriesName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Where a release stands within its series.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// `a1`, `b2`, `rc1`: stage and number.
    Pre(Stage, u32),
    /// The first, second, … final release: 0 for `X.Y` and `X.Y.0`.
    Final(u32),
}

/// Stage of a pre-release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// `dev`
    Dev,
    /// `a`, `alpha`
    Alpha,
    /// `b`, `beta`
    Beta,
    /// `c`, `rc`
    Candidate,
}

/// A tag of the policy's pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagName {
    /// Its series.
    pub series: SeriesName,
    /// Its place in it.
    pub version: Version,
}

/// The branch of a series, without `refs/heads/`.
pub fn branch_of(policy: &Series, series: &SeriesName) -> String {
    policy.branches.replace("{series}", &series.to_string())
}

/// The series that a branch's short name stands for.
pub fn series_in_branch(policy: &Series, branch: &str) -> Option<SeriesName> {
    let (before, after) = policy.branches.split_once("{series}")?;
    SeriesName::parse(branch.strip_prefix(before)?.strip_suffix(after)?)
}

/// What a tag's short name stands for, given the series that have branches.
pub fn tag_name(policy: &Series, tag: &str, known: &BTreeSet<SeriesName>) -> Option<TagName> {
    let mut readings = Vec::new();
    readings.extend(final_readings(&policy.tags, tag));
    if let Some(first) = policy.tags.split_once("{series}").and_then(|(before, after)| {
        // The first release of a series may leave the patch number out, together with what stands before it.
        let after = after.split_once("{patch}").map_or("", |(_, after)| after);
        SeriesName::parse(tag.strip_prefix(before)?.strip_suffix(after)?)
    }) {
        readings.push(TagName { series: first, version: Version::Final(0) });
    }
    readings.extend(pre_reading(&policy.prerelease_tags, tag));
    let by_branch = readings.iter().position(|reading| known.contains(&reading.series));
    let chosen = by_branch.or_else(|| readings.iter().position(|reading| reading.series.looks_usual()));
    chosen.map(|index| readings.swap_remove(index))
}

fn final_readings(pattern: &str, tag: &str) -> Option<TagName> {
    let (before, rest) = pattern.split_once("{series}")?;
    let (between, after) = rest.split_once("{patch}")?;
    let middle = tag.strip_prefix(before)?.strip_suffix(after)?;
    let (series, patch) = middle.rsplit_once(between).filter(|_| !between.is_empty())?;
    let patch = patch.parse().ok().filter(|_| patch.bytes().all(|b| b.is_ascii_digit()))?;
    Some(TagName { series: SeriesName::parse(series)?, version: Version::Final(patch) })
}

fn pre_reading(pattern: &str, tag: &str) -> Option<TagName> {
    let (before, rest) = pattern.split_once("{series}")?;
    let (between, after) = rest.split_once("{pre}")?;
    let middle = tag.strip_prefix(before)?.strip_suffix(after)?;
    let digits = middle.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(middle.len());
    let (series, pre) = middle.split_at(digits);
    // `5.0-rc1` by the pattern `{series}-{pre}`; dots belong to nobody then.
    let series = series.strip_suffix('.').unwrap_or(series);
    let (series, between) = match between.split_once("{patch}") {
        // Before the first release of a series; one before a later release says nothing about it.
        Some((before, behind)) => (series.rsplit_once(before).filter(|(_, patch)| *patch == "0")?.0, behind),
        None => (series, between),
    };
    let pre = pre.strip_prefix(between).unwrap_or(pre).trim_start_matches(['-', '.', '_']);
    let letters = pre.find(|c: char| c.is_ascii_digit()).unwrap_or(pre.len());
    let (stage, number) = pre.split_at(letters);
    let stage = match stage.trim_end_matches(['-', '.', '_']).to_ascii_lowercase().as_str() {
        "dev" => Stage::Dev,
        "a" | "alpha" => Stage::Alpha,
        "b" | "beta" => Stage::Beta,
        "c" | "rc" => Stage::Candidate,
        _ => return None,
    };
    let number = if number.is_empty() { 0 } else { number.parse().ok()? };
    Some(TagName { series: SeriesName::parse(series)?, version: Version::Pre(stage, number) })
}

/// The ids of vulnerabilities in a text, in upper case, each once.
pub fn named_ids(text: &str) -> Vec<String> {
    static IDS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:CVE-\d{4}-\d{4,19}|GHSA(?:-[23456789cfghjmpqrvwx]{4}){3})\b").expect("a valid expression")
    });
    let mut ids: Vec<String> = IDS.find_iter(text).map(|id| id.as_str().to_ascii_uppercase()).collect();
    ids.sort();
    ids.dedup();
    ids
}
