//! Finding the commits of a fix of which only the id and the day of disclosure are known.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::{
    evidence::{Naming, bare_subject, end_of, names, naming, start_of},
    facts::{Fix, History},
    graph::SeriesLines,
};

/// How long before its disclosure a fix may have been made, in seconds.
const BEFORE_S: i64 = 120 * 86_400;
/// How long after it, in seconds.
const AFTER_S: i64 = 30 * 86_400;
/// Around the day of disclosure, in seconds: fixes that do not name what they mend.
const SAME_DAYS_S: i64 = 3 * 86_400;

/// What was found, and how, for notes.
pub(super) struct FoundFix {
    pub(super) commits: BTreeSet<u32>,
    pub(super) how: &'static str,
}

/// The commits, on main and on series, that are this fix; none where nothing fits.
pub(super) fn find(history: &History, lines: &SeriesLines, fix: &Fix) -> FoundFix {
    let named = near(history, fix.date, BEFORE_S, AFTER_S).filter(|place| {
        let commit = history.commit(*place);
        names(commit, &fix.id)
            && naming(&commit.subject) == Naming::Fix
            && !bare_subject(&commit.subject).starts_with("revert")
            && history.patch(*place).is_none_or(|patch| patch.touches_code)
    });
    let named: BTreeSet<u32> = named.collect();
    if !named.is_empty() {
        return FoundFix { commits: named, how: "the subject names it" };
    }
    let id = fix.id.to_ascii_uppercase();
    let in_body: BTreeSet<u32> = near(history, fix.date, BEFORE_S, AFTER_S)
        .filter(|place| {
            let commit = history.commit(*place);
            commit.named_in_body.contains(&id)
                && naming(&commit.subject) == Naming::Fix
                && history.patch(*place).is_none_or(|patch| patch.touches_code)
        })
        .collect();
    if !in_body.is_empty() {
        return FoundFix { commits: in_body, how: "the message names it" };
    }
    FoundFix { commits: by_shape(history, lines, fix.date), how: "made for several series on the day of disclosure" }
}

/// Commits that were made for at least two series (and mostly main) under one subject about the day of disclosure, touch
/// code, speak of security, and name no vulnerability. Only one such change is an answer: of two, nobody knows which.
fn by_shape(history: &History, lines: &SeriesLines, date: Date) -> BTreeSet<u32> {
    let mut groups: BTreeMap<String, BTreeSet<u32>> = BTreeMap::new();
    for line in lines.all() {
        for place in line.own.iter().copied() {
            let commit = history.commit(place);
            if (commit.committed_s - start_of(date)).abs() <= SAME_DAYS_S
                && super::names::named_ids(&commit.subject).is_empty()
                && speaks_of_security(&commit.subject)
                && history.patch(place).is_none_or(|patch| patch.touches_code)
            {
                groups.entry(bare_subject(&commit.subject)).or_default().insert(place);
            }
        }
    }
    groups.retain(|_, places| places.len() >= 2);
    if groups.len() != 1 {
        return BTreeSet::new();
    }
    let Some((subject, mut places)) = groups.pop_first() else {
        return BTreeSet::new();
    };
    let on_main = near(history, date, SAME_DAYS_S, SAME_DAYS_S)
        .filter(|place| lines.main_holds(*place) && bare_subject(&history.commit(*place).subject) == subject);
    places.extend(on_main.collect::<Vec<_>>());
    places
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
    (0_u32..)
        .zip(&history.commits)
        .filter(move |(_, commit)| window.contains(&commit.committed_s))
        .map(|(place, _)| place)
}
