//! Fixes that name nothing themselves, and are followed by a release note that names the vulnerability: how projects work
//! that write their notes in commits of their own. One line of commits alone proves little, since anything may stand before a
//! note; what stands before it on every line that has one does.

use std::collections::BTreeSet;

use super::{
    evidence::{Naming, bare_subject, is_revert, names, names_another, naming},
    graph::SeriesLines,
    history::History,
};

/// Commits before a note that are looked at.
const MOST_STEPS: usize = 12;
/// How long before its note a fix was put on the branch at most, in seconds.
const NOTED_WITHIN_S: i64 = 86_400;

/// What stands before the notes of a vulnerability.
#[derive(Clone, Debug, Default)]
pub(super) struct Noted {
    /// The commits that stand directly before a note on every line that has one.
    pub(super) commits: BTreeSet<u32>,
    /// Everything that was looked at; what it changes must be known for that.
    pub(super) looked_at: BTreeSet<u32>,
}

/// Looks before the notes that name `id`; `notes` are all commits about the time that may be one.
pub(super) fn before_notes(
    history: &History,
    lines: &SeriesLines,
    id: &str,
    notes: impl Iterator<Item = u32>,
) -> Noted {
    let is_note = |place: &u32| {
        let commit = history.commit(*place);
        names(commit, id) && naming(&commit.subject) == Naming::Account
    };
    let notes: Vec<u32> = notes.filter(is_note).collect();
    // Parents stand before children, so the least place is the first note of a line.
    let on_main = notes.iter().copied().filter(|place| lines.main_holds(*place)).min();
    let on_series = lines.all().filter_map(|line| notes.iter().copied().filter(|place| line.is_own(*place)).min());
    let firsts: BTreeSet<u32> = on_main.into_iter().chain(on_series).collect();
    let mut noted = Noted::default();
    let mut runs: Vec<Vec<u32>> = Vec::new();
    for first in firsts {
        let steps = steps_before(history, id, first);
        noted.looked_at.extend(&steps);
        let code = steps.into_iter().filter(|place| history.patch(*place).is_none_or(|patch| patch.touches_code));
        runs.push(code.collect());
    }
    if runs.len() >= 2 {
        let subject =
            |run: &Vec<u32>, at: usize| run.get(at).map(|place| bare_subject(&history.commit(*place).subject));
        let common = (0..MOST_STEPS)
            .take_while(|at| {
                let first = subject(&runs[0], *at);
                first.is_some() && runs.iter().all(|run| subject(run, *at) == first)
            })
            .count();
        noted.commits = runs.iter().flat_map(|run| &run[..common]).copied().collect();
    }
    noted
}

/// The commits before a note, nearest first, as far as they may belong to it: put there the same day, no merge, and about
/// no other vulnerability. Notes of the same are left out.
fn steps_before(history: &History, id: &str, note: u32) -> Vec<u32> {
    let since_s = history.commit(note).committed_s - NOTED_WITHIN_S;
    let mut steps = Vec::new();
    let mut at = note;
    for _ in 0..MOST_STEPS {
        let [parent] = history.commit(at).parents[..] else {
            break;
        };
        let commit = history.commit(parent);
        if commit.parents.len() > 1 || commit.committed_s < since_s || names_another(commit, id) || is_revert(commit) {
            break;
        }
        at = parent;
        if naming(&commit.subject) != Naming::Account {
            steps.push(parent);
        }
    }
    steps
}
