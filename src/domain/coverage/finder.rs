//! Finding the commits of a fix of which only the id and the day of disclosure are known.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::{
    evidence::{Naming, bare_subject, end_of, is_revert, names, naming, same_subject, start_of},
    facts::{Commit, Fix},
    graph::SeriesLines,
    history::History,
    noted::{Noted, before_notes},
};

/// How long before its disclosure a fix may have been made, in seconds.
const BEFORE_S: i64 = 120 * 86_400;
/// How long after it, in seconds.
const AFTER_S: i64 = 30 * 86_400;
/// Around the day of disclosure, in seconds: fixes that do not name what they mend.
const SAME_DAYS_S: i64 = 3 * 86_400;

/// What was found.
#[derive(Clone, Debug, Default)]
pub(super) struct FoundFix {
    /// Commits on main and on series that are this fix, and by what they are known.
    pub(super) commits: BTreeMap<u32, &'static str>,
    /// Commits that may be this fix; which vulnerability they mend, nobody says.
    pub(super) proposed: BTreeSet<u32>,
}

/// The commits that are this fix, those in `known` left out.
pub(super) fn find(history: &History, lines: &SeriesLines, fix: &Fix, known: &BTreeSet<u32>) -> FoundFix {
    let mut found = FoundFix::default();
    let wanted = |place: &u32| {
        let commit = history.commit(*place);
        naming(&commit.subject) == Naming::Fix
            && !is_revert(commit)
            && history.patch(*place).is_none_or(|patch| patch.touches_code)
            && lines.hold(*place)
    };
    let named = near(history, fix.date, BEFORE_S, AFTER_S).filter(|place| names(history.commit(*place), &fix.id));
    found.commits.extend(named.filter(wanted).map(|place| (place, "the subject names it")));
    if found.commits.is_empty() && known.is_empty() {
        let named = near(history, fix.date, BEFORE_S, AFTER_S).filter(|place| in_body(history.commit(*place), &fix.id));
        found.commits.extend(named.filter(wanted).map(|place| (place, "the message names it")));
    }
    if found.commits.is_empty() && known.is_empty() {
        let noted = noted(history, lines, fix).commits.into_iter();
        found.commits.extend(noted.map(|place| (place, "on each line the note that names it follows it")));
    }
    let all: BTreeSet<u32> = known.iter().chain(found.commits.keys()).copied().collect();
    for place in origins(history, lines, &all) {
        found.commits.entry(place).or_insert("a commit on a series says that it repeats it, or has its subject");
    }
    if all.is_empty() {
        found.proposed = by_shape(history, lines, fix.date);
    }
    found
}

fn noted(history: &History, lines: &SeriesLines, fix: &Fix) -> Noted {
    before_notes(history, lines, &fix.id, near(history, fix.date, BEFORE_S, AFTER_S))
}

/// Commits of which it must be known what they change, to tell whether they are a fix that only a note names.
pub(super) fn looked_at(history: &History, lines: &SeriesLines, fix: &Fix) -> BTreeSet<u32> {
    noted(history, lines, fix).looked_at
}

/// Whether the rest of a message, below a subject that names no other, names a vulnerability.
pub(super) fn in_body(commit: &Commit, id: &str) -> bool {
    commit.named_in_subject.is_empty() && commit.named_in_body.iter().any(|named| named.eq_ignore_ascii_case(id))
}

/// Commits on main that commits on series repeat, by their trailers and subjects.
fn origins(history: &History, lines: &SeriesLines, known: &BTreeSet<u32>) -> BTreeSet<u32> {
    let mut found = BTreeSet::new();
    for place in known.iter().copied().filter(|place| !lines.main_holds(*place)) {
        let commit = history.commit(place);
        for trailer in &commit.trailers {
            let target = history.resolve(&trailer.target).filter(|target| lines.main_holds(*target));
            found.extend(target.filter(|target| same_subject(&history.commit(*target).subject, &commit.subject)));
        }
        let day = super::graph::day_of(commit.committed_s);
        let around = near(history, day, SAME_DAYS_S, SAME_DAYS_S).filter(|other| lines.main_holds(*other));
        found.extend(around.filter(|other| same_subject(&history.commit(*other).subject, &commit.subject)));
    }
    found.retain(|place| !known.contains(place));
    found
}

/// Commits that were made for at least two series under one subject about the day of disclosure, touch code, speak of
/// security, and name no vulnerability.
fn by_shape(history: &History, lines: &SeriesLines, date: Date) -> BTreeSet<u32> {
    let mut groups: BTreeMap<String, BTreeSet<u32>> = BTreeMap::new();
    for place in near(history, date, SAME_DAYS_S, SAME_DAYS_S) {
        let commit = history.commit(place);
        if commit.named_in_subject.is_empty()
            && speaks_of_security(&commit.subject)
            && lines.hold(place)
            && history.patch(place).is_none_or(|patch| patch.touches_code)
        {
            groups.entry(bare_subject(&commit.subject).to_lowercase()).or_default().insert(place);
        }
    }
    groups.into_values().filter(|places| places.len() >= 2).flatten().collect()
}

fn speaks_of_security(subject: &str) -> bool {
    const WORDS: [&str; 22] = [
        "security",
        "vulnerab",
        "xss",
        "cross-site",
        "csrf",
        "denial",
        "dos",
        "inject",
        "traversal",
        "redirect",
        "leak",
        "unsafe",
        "escap",
        "sanitiz",
        "sanitis",
        "cache",
        "session",
        "host header",
        "poison",
        "password",
        "attack",
        "is_safe_url",
    ];
    let subject = subject.to_lowercase();
    WORDS.iter().any(|word| subject.contains(word))
}

/// Places of the commits made around a day.
pub(super) fn near(history: &History, date: Date, before_s: i64, after_s: i64) -> impl Iterator<Item = u32> + '_ {
    let window = start_of(date) - before_s..=end_of(date) + after_s;
    history.made_between(*window.start(), *window.end())
}
