//! Affected versions as GitHub writes them, from series, releases, and what is known of the fix.

use std::collections::BTreeSet;

use crate::{
    domain::{
        case::MAIN,
        coverage::{Cell, ReleaseDays, Verdict},
    },
    github::{Advisory, AffectedVersions},
};

/// One entry for each affected series that has a release: from its first release to the one that holds the fix, or, as long
/// as none does, to its newest. Of the main branch and of pre-releases nothing is released, so nothing is said. The package
/// is the one that the advisory names already, else the repository itself.
pub(super) fn of(
    affects: &BTreeSet<String>,
    releases: &ReleaseDays,
    cells: &[Cell],
    stands: &Advisory,
    repository: &str,
) -> Vec<AffectedVersions> {
    let known = stands.affected.first();
    let ecosystem = known.map_or("other", |one| one.ecosystem.as_str());
    let name = known.and_then(|one| one.name.as_deref()).unwrap_or(repository);
    let one = |series: &String| {
        let (first, newest) = releases.first_and_newest(series)?;
        let covered = |cell: &&Cell| cell.series == *series && cell.verdict == Verdict::Covered;
        let patched = cells.iter().find(covered).and_then(|cell| cell.first_tag.as_deref()).map(version);
        let range = match patched {
            Some(patched) => format!(">= {}, < {patched}", version(first)),
            None => format!(">= {}, <= {}", version(first), version(newest)),
        };
        Some(AffectedVersions {
            ecosystem: ecosystem.to_owned(),
            name: Some(name.to_owned()),
            range: Some(range),
            patched: patched.map(str::to_owned),
            functions: known.map(|one| one.functions.clone()).unwrap_or_default(),
        })
    };
    affects.iter().filter(|series| *series != MAIN).filter_map(one).collect()
}

/// A tag without what stands before its numbers: `v5.2.7` is 5.2.7.
fn version(tag: &str) -> &str {
    tag.trim_start_matches(|letter: char| !letter.is_ascii_digit())
}

/// A list for people.
pub(super) fn words(list: &[AffectedVersions]) -> String {
    let one = |one: &AffectedVersions| {
        let range = one.range.as_deref().unwrap_or("no range");
        match &one.patched {
            Some(patched) => format!("{range} (patched {patched})"),
            None => range.to_owned(),
        }
    };
    list.iter().map(one).collect::<Vec<_>>().join("; ")
}
