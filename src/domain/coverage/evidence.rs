//! The ladder: by what a commit on a series is known to be a fix.

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{
    facts::{Commit, History},
    graph::SeriesLine,
    names::named_ids,
};

/// By what it is known, strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EvidenceKind {
    /// A maintainer or the advisory says so, and the history bears it out.
    Recorded,
    /// The fix itself is on the branch.
    Ancestor,
    /// The commit says which fix it repeats, and subject and id agree.
    Trailer,
    /// It changes the same lines in the same surroundings.
    PatchId,
    /// The same, documentation left out.
    PatchIdWithoutDocs,
    /// Its subject names the vulnerability.
    Id,
    /// Its subject is that of the fix, and it was made within days of it.
    Subject,
    /// It changes mostly the same lines: a proposal, which a person confirms.
    Similar,
}

/// Commits of one change are made within so many seconds of each other, where nothing but the subject ties them.
const SUBJECT_WINDOW_S: i64 = 10 * 86_400;

/// Similarity from which a commit is proposed; among real fixes and their backports 310 of 328 reach it, other security
/// fixes of the same history stay below .2.
const PROPOSED_FROM: f64 = 0.5;

/// Similarity below which a trailer's claim is not borne out by the lines.
const CLAIM_BORNE_OUT_FROM: f64 = 0.2;

/// A commit of a series that is, or claims to be, the fix.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Hit {
    pub(super) commit: u32,
    pub(super) kind: EvidenceKind,
    /// The commit of the fix that it repeats, where one is known.
    pub(super) of: Option<u32>,
    pub(super) detail: String,
}

/// What was found on a series.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    pub(super) hits: Vec<Hit>,
    pub(super) proposals: Vec<Hit>,
    pub(super) notes: Vec<String>,
}

/// A subject without `[5.1.x]`, case and the full stop.
pub(super) fn bare_subject(subject: &str) -> String {
    let mut rest = subject.trim();
    while let Some((mark, behind)) = rest.strip_prefix('[').and_then(|inside| inside.split_once(']')) {
        if mark.len() > 40 {
            break;
        }
        rest = behind.trim_start();
    }
    rest.trim_end_matches('.').to_lowercase()
}

/// What a commit that names a vulnerability in its subject says about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Naming {
    /// Claims to mend it.
    Fix,
    /// Refers to it: a follow-up, a test, a forward port.
    FollowUp,
    /// Writes about it: archive, notes.
    Account,
}

/// How a subject speaks of the vulnerabilities that it names.
pub(super) fn naming(subject: &str) -> Naming {
    let bare = bare_subject(subject);
    let account =
        ["security archive", "release note", "release notes", "stub", "changelog", "security.txt", "advisory text"];
    if account.iter().any(|words| bare.contains(words)) && !bare.starts_with("fix") {
        return Naming::Account;
    }
    let follow_up = ["refs ", "ref ", "see ", "test", "added test", "added regression", "forwardport", "document"];
    if follow_up.iter().any(|words| bare.starts_with(words)) { Naming::FollowUp } else { Naming::Fix }
}

/// Whether a subject names other vulnerabilities and not this one.
pub(super) fn names_another(commit: &Commit, id: &str) -> bool {
    let ids = named_ids(&commit.subject);
    !ids.is_empty() && !ids.iter().any(|named| named.eq_ignore_ascii_case(id))
}

pub(super) fn names(commit: &Commit, id: &str) -> bool {
    commit.subject.to_ascii_uppercase().contains(&id.to_ascii_uppercase())
        && (named_ids(&commit.subject).iter().any(|named| named.eq_ignore_ascii_case(id)) || named_ids(id).is_empty())
}

/// Looks on a series for repetitions of `fixes`, and for commits that name `id`, made between two instants.
pub(super) fn search(
    history: &History,
    line: &SeriesLine,
    id: &str,
    fixes: &BTreeSet<u32>,
    window_s: (i64, i64),
) -> Found {
    let mut found = Found::default();
    for fix in fixes.iter().filter(|fix| line.holds(**fix)) {
        found.hits.push(Hit {
            commit: *fix,
            kind: EvidenceKind::Ancestor,
            of: Some(*fix),
            detail: "the fix itself is on the branch".to_owned(),
        });
    }
    for place in line.own.iter().copied().filter(|place| !fixes.contains(place)) {
        let commit = history.commit(place);
        if !(window_s.0..=window_s.1).contains(&commit.committed_s) {
            continue;
        }
        if let Some(hit) = one(history, place, id, fixes, &mut found) {
            found.hits.push(hit);
        }
    }
    found
}

fn one(history: &History, place: u32, id: &str, fixes: &BTreeSet<u32>, found: &mut Found) -> Option<Hit> {
    let commit = history.commit(place);
    let another = names_another(commit, id);
    let naming = naming(&commit.subject);
    let bare = bare_subject(&commit.subject);
    let is_revert = bare.starts_with("revert");
    let mut best: Option<Hit> = None;
    let mut offer = |kind: EvidenceKind, of: Option<u32>, detail: String| {
        if best.as_ref().is_none_or(|hit| kind < hit.kind) {
            best = Some(Hit { commit: place, kind, of, detail });
        }
    };
    if is_revert || naming == Naming::Account {
        return None;
    }
    let patch = history.patch(place);
    for fix in fixes.iter().copied() {
        let original = history.commit(fix);
        let same_subject = bare == bare_subject(&original.subject);
        let original_patch = history.patch(fix);
        let similarity = match (patch, original_patch) {
            (Some(patch), Some(original)) => Some(patch.similarity(original)),
            _ => None,
        };
        for trailer in &commit.trailers {
            let said = format!("\"{} {}\"", trailer.kind.words(), short(&trailer.target));
            match history.resolve(&trailer.target) {
                Some(target) if target == fix => {
                    let fits =
                        same_subject || names(commit, id) || similarity.is_none_or(|s| s >= CLAIM_BORNE_OUT_FROM);
                    if another {
                        let note =
                            format!("{} says {said}, but its subject names another vulnerability", short_id(commit));
                        push_once(&mut found.notes, note);
                    } else if fits {
                        offer(EvidenceKind::Trailer, Some(fix), said);
                    } else {
                        let note = format!("{} says {said}, but neither subject nor lines fit", short_id(commit));
                        push_once(&mut found.notes, note);
                    }
                }
                None if names(commit, id) => {
                    let note = format!("{} says {said}, which is not in this history", short_id(commit));
                    push_once(&mut found.notes, note);
                }
                _ => {}
            }
        }
        if another {
            continue;
        }
        if let (Some(patch), Some(original_patch)) = (patch, original_patch) {
            if patch.all.is_some() && patch.all == original_patch.all {
                offer(EvidenceKind::PatchId, Some(fix), format!("same patch-id as {}", short_id(original)));
            } else if patch.without_docs.is_some() && patch.without_docs == original_patch.without_docs {
                let detail = format!("same patch-id as {}, documentation left out", short_id(original));
                offer(EvidenceKind::PatchIdWithoutDocs, Some(fix), detail);
            }
        }
        if same_subject && (commit.committed_s - original.committed_s).abs() <= SUBJECT_WINDOW_S {
            offer(EvidenceKind::Subject, Some(fix), format!("same subject as {}", short_id(original)));
        }
    }
    let code = patch.is_none_or(|patch| patch.touches_code);
    if names(commit, id) && code && naming == Naming::Fix {
        let of = fixes.iter().copied().find(|fix| bare == bare_subject(&history.commit(*fix).subject));
        offer(EvidenceKind::Id, of, format!("its subject names {id}"));
    }
    if best.is_none() && !another && code {
        let likeness = fixes.iter().filter_map(|fix| {
            let similarity = patch?.similarity(history.patch(*fix)?);
            (similarity >= PROPOSED_FROM).then_some((*fix, similarity))
        });
        for (fix, similarity) in likeness {
            found.proposals.push(Hit {
                commit: place,
                kind: EvidenceKind::Similar,
                of: Some(fix),
                detail: format!(
                    "{:.0} % of the changed lines are those of {}",
                    similarity * 100.0,
                    short_id(history.commit(fix))
                ),
            });
        }
    }
    best
}

pub(super) fn push_once(notes: &mut Vec<String>, note: String) {
    if !notes.contains(&note) {
        notes.push(note);
    }
}

/// The first digits of a commit's name.
pub(super) fn short_id(commit: &Commit) -> String {
    short(&commit.id.to_string()).to_owned()
}

pub(super) fn short(name: &str) -> &str {
    &name[..name.len().min(12)]
}

/// Seconds of the last instant of a day in UTC.
pub(super) fn end_of(day: Date) -> i64 {
    start_of(day) + 86_399
}

/// Seconds of the first instant of a day in UTC.
pub(super) fn start_of(day: Date) -> i64 {
    day.to_zoned(jiff::tz::TimeZone::UTC).map_or(0, |zoned| zoned.timestamp().as_second())
}
