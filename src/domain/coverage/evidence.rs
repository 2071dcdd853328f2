//! The ladder: by what a commit on a series is known to be a fix.

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{facts::Commit, graph::SeriesLine, history::History, names::named_ids, patch::Patch};

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
    /// Its message names a commit of the fix that came before it on the same series.
    Mention,
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

/// Likeness of two subjects from which a slip of the pen may explain the difference.
const NEARLY_FROM: f64 = 0.75;

/// A shorter subject says too little to tell one change from another.
const TELLING_BYTES: usize = 12;

/// Similarity below which a trailer's claim is not borne out by the lines.
const CLAIM_BORNE_OUT_FROM: f64 = 0.2;

/// A commit of a series that is, or claims to be, the fix.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Hit {
    pub(super) commit: u32,
    pub(super) kind: EvidenceKind,
    /// The commit of the fix that it repeats, where one is known.
    pub(super) of: Option<u32>,
    /// Whether it came after the fix, as its completion.
    pub(super) is_follow_up: bool,
    pub(super) detail: String,
}

/// What was found on a series.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    pub(super) hits: Vec<Hit>,
    pub(super) proposals: Vec<Hit>,
    pub(super) notes: Vec<String>,
}

/// A subject without `[5.1.x]`, `(#123)` and the full stop.
pub(crate) fn bare_subject(subject: &str) -> &str {
    let mut rest = subject.trim();
    while let Some((mark, behind)) = rest.strip_prefix('[').and_then(|inside| inside.split_once(']')) {
        if mark.len() > 40 {
            break;
        }
        rest = behind.trim_start_matches([' ', ':', '-']);
    }
    while let Some(before) = rest.strip_suffix(')').and_then(|inside| {
        let (before, number) = inside.rsplit_once("(#")?;
        number.bytes().all(|byte| byte.is_ascii_digit()).then_some(before)
    }) {
        rest = before.trim_end();
    }
    rest.trim_end_matches('.')
}

/// Whether two subjects say the same, and enough to tell it from others.
pub(super) fn same_subject(left: &str, right: &str) -> bool {
    let (left, right) = (bare_subject(left), bare_subject(right));
    left.len() >= TELLING_BYTES && left.eq_ignore_ascii_case(right)
}

/// Whether two subjects differ by a slip of the pen or a word.
fn nearly_same_subject(left: &str, right: &str) -> bool {
    let (left, right) = (bare_subject(left), bare_subject(right));
    left.len() >= TELLING_BYTES
        && right.len() >= TELLING_BYTES
        && strsim::normalized_levenshtein(&left.to_lowercase(), &right.to_lowercase()) >= NEARLY_FROM
}

/// Whether a subject begins with a word, whatever its case.
pub(super) fn begins(subject: &str, word: &str) -> bool {
    subject.as_bytes().get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes()))
}

/// Whether a commit says that it undoes another.
pub(super) fn is_revert(commit: &Commit) -> bool {
    !commit.reverts.is_empty() && stands_in(&commit.subject, "revert")
        || begins(bare_subject(&commit.subject), "revert")
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
    const ACCOUNTS: [&str; 9] = [
        "security archive",
        "security release archive",
        "release note",
        "release-note",
        "changelog",
        "stub",
        "security.txt",
        "advisory text",
        "security advisor",
    ];
    const FOLLOW_UPS: [&str; 9] =
        ["refs ", "ref ", "see ", "test", "added test", "add test", "added regression", "forwardport", "document"];
    let bare = bare_subject(subject);
    let lower = bare.to_ascii_lowercase();
    if ACCOUNTS.iter().any(|words| lower.contains(words)) && !begins(bare, "fix") {
        return Naming::Account;
    }
    if FOLLOW_UPS.iter().any(|words| begins(bare, words)) { Naming::FollowUp } else { Naming::Fix }
}

/// Whether a subject names other vulnerabilities and not this one.
pub(super) fn names_another(commit: &Commit, id: &str) -> bool {
    !commit.named_in_subject.is_empty() && !names(commit, id)
}

/// Whether a subject names this vulnerability, by a public id or by the project's own.
pub(super) fn names(commit: &Commit, id: &str) -> bool {
    if commit.named_in_subject.iter().any(|named| named.eq_ignore_ascii_case(id)) {
        return true;
    }
    is_own_id(id) && stands_in(&commit.subject, id)
}

/// Whether an id is a project's own, and such that it does not stand in a text by chance.
fn is_own_id(id: &str) -> bool {
    id.len() >= 6 && id.bytes().any(|byte| byte.is_ascii_digit()) && !id.contains(' ') && named_ids(id).is_empty()
}

/// Whether a word stands in a text, whatever its case.
fn stands_in(text: &str, word: &str) -> bool {
    let (text, word) = (text.as_bytes(), word.as_bytes());
    let is_edge = |byte: Option<&u8>| byte.is_none_or(|byte| !byte.is_ascii_alphanumeric());
    text.windows(word.len()).enumerate().any(|(at, part)| {
        part.eq_ignore_ascii_case(word)
            && is_edge(at.checked_sub(1).and_then(|before| text.get(before)))
            && is_edge(text.get(at + word.len()))
    })
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
            is_follow_up: false,
            detail: "the fix itself is on the branch".to_owned(),
        });
    }
    for place in line.own().iter().copied().filter(|place| !fixes.contains(place)) {
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
    if is_revert(commit) {
        return None;
    }
    let named = names(commit, id);
    if named && naming(&commit.subject) == Naming::Account {
        return None;
    }
    let patch = history.patch(place);
    let code = patch.is_none_or(|patch| patch.touches_code);
    let targets: Vec<Option<u32>> = commit.trailers.iter().map(|trailer| history.resolve(&trailer.target)).collect();
    let mut claims = Claims { commit, named, another: names_another(commit, id), targets, notes: &mut found.notes };
    let mut best: Option<Hit> = None;
    for fix in fixes.iter().copied() {
        let original = history.commit(fix);
        let original_patch = history.patch(fix);
        // Notes and tests alone repeat no change of code.
        if !code && original_patch.is_some_and(|original| original.touches_code) {
            if same_subject(&commit.subject, &original.subject) && !claims.another {
                let detail = format!("has the subject of {}, but changes no code", short_id(original));
                let (kind, of) = (EvidenceKind::Similar, Some(fix));
                found.proposals.push(Hit { commit: place, kind, of, is_follow_up: false, detail });
            }
            continue;
        }
        let likeness = likeness(patch, original_patch);
        let known = claims.trailer(fix, original, likeness).or_else(|| {
            if claims.another {
                return None;
            }
            equal_change(patch, original_patch, original).or_else(|| equal_words(commit, original, likeness))
        });
        if let Some((kind, detail)) = known
            && best.as_ref().is_none_or(|hit| kind < hit.kind)
        {
            best = Some(Hit { commit: place, kind, of: Some(fix), is_follow_up: false, detail });
        }
    }
    if named
        && code
        && naming(&commit.subject) == Naming::Fix
        && best.as_ref().is_none_or(|hit| hit.kind > EvidenceKind::Id)
    {
        let of = best.as_ref().and_then(|hit| hit.of);
        best = Some(Hit {
            commit: place,
            kind: EvidenceKind::Id,
            of,
            is_follow_up: false,
            detail: format!("its subject names {id}"),
        });
    }
    if best.is_none() && !claims.another && code {
        propose(history, place, fixes, &mut found.proposals);
    }
    best
}

/// A commit, and what it claims by words.
struct Claims<'a> {
    commit: &'a Commit,
    named: bool,
    another: bool,
    targets: Vec<Option<u32>>,
    notes: &'a mut Vec<String>,
}

impl Claims<'_> {
    /// A trailer that names `fix` and is borne out by subject, id or lines.
    fn trailer(&mut self, fix: u32, original: &Commit, likeness: Option<f64>) -> Option<(EvidenceKind, String)> {
        for (trailer, target) in self.commit.trailers.iter().zip(&self.targets) {
            let said = format!("\"{} {}\"", trailer.kind.words(), short(&trailer.target));
            let note = match target {
                Some(target) if *target == fix => {
                    let fits = same_subject(&self.commit.subject, &original.subject)
                        || self.named
                        || likeness.is_none_or(|likeness| likeness >= CLAIM_BORNE_OUT_FROM);
                    match (self.another, fits) {
                        (true, _) => "but its subject names another vulnerability",
                        (false, true) => return Some((EvidenceKind::Trailer, said)),
                        (false, false) => "but neither subject nor lines fit",
                    }
                }
                None if self.named => "which is not in this history",
                _ => continue,
            };
            push_once(self.notes, format!("{} says {said}, {note}", short_id(self.commit)));
        }
        None
    }
}

/// Similarity of two changes, where both change lines that count.
fn likeness(patch: Option<&Patch>, other: Option<&Patch>) -> Option<f64> {
    let (patch, other) = patch.zip(other)?;
    (!patch.lines.is_empty() && !other.lines.is_empty()).then(|| patch.similarity(other))
}

fn equal_change(patch: Option<&Patch>, other: Option<&Patch>, original: &Commit) -> Option<(EvidenceKind, String)> {
    let (patch, other) = patch.zip(other)?;
    if patch.all.is_some() && patch.all == other.all {
        return Some((EvidenceKind::PatchId, format!("same patch-id as {}", short_id(original))));
    }
    (patch.without_docs.is_some() && patch.without_docs == other.without_docs).then(|| {
        let detail = format!("same patch-id as {}, documentation left out", short_id(original));
        (EvidenceKind::PatchIdWithoutDocs, detail)
    })
}

fn equal_words(commit: &Commit, original: &Commit, likeness: Option<f64>) -> Option<(EvidenceKind, String)> {
    let alike = likeness.filter(|likeness| *likeness >= PROPOSED_FROM);
    let within_days = (commit.committed_s - original.committed_s).abs() <= SUBJECT_WINDOW_S;
    let percent = |likeness: f64| format!("{:.0} % of its lines", likeness * 100.0);
    if same_subject(&commit.subject, &original.subject) {
        // Nothing in common but the words is not enough where the lines are known.
        let contradicted = likeness == Some(0.0);
        return match (within_days && !contradicted, alike) {
            (true, _) => Some((EvidenceKind::Subject, format!("same subject as {}", short_id(original)))),
            (false, Some(alike)) => {
                Some((EvidenceKind::Subject, format!("same subject as {}, and {}", short_id(original), percent(alike))))
            }
            _ => None,
        };
    }
    let alike = alike.filter(|_| nearly_same_subject(&commit.subject, &original.subject))?;
    Some((EvidenceKind::Subject, format!("nearly the subject of {}, and {}", short_id(original), percent(alike))))
}

fn propose(history: &History, place: u32, fixes: &BTreeSet<u32>, proposals: &mut Vec<Hit>) {
    for fix in fixes.iter().copied() {
        let likeness = likeness(history.patch(place), history.patch(fix));
        let Some(likeness) = likeness.filter(|likeness| *likeness >= PROPOSED_FROM) else {
            continue;
        };
        let name = short_id(history.commit(fix));
        let detail = format!("{:.0} % of the changed lines are those of {name}", likeness * 100.0);
        proposals.push(Hit { commit: place, kind: EvidenceKind::Similar, of: Some(fix), is_follow_up: false, detail });
    }
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
