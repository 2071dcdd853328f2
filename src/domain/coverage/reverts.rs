//! Whether a fix that was made still stands at a release: reverts undo it, and what comes after may restore it.

use super::{
    evidence::{Hit, bare_subject, names, short_id},
    facts::History,
    graph::SeriesLine,
};

/// Something that happened to a fix on a series.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Event {
    pub(super) commit: u32,
    pub(super) applied: bool,
    pub(super) note: Option<String>,
}

/// What happened to one hit on its series, oldest first: it was applied, reverted, applied again.
pub(super) fn events(history: &History, line: &SeriesLine, hit: &Hit, id: &str) -> Vec<Event> {
    let mut events = vec![Event { commit: hit.commit, applied: true, note: None }];
    let applied = history.commit(hit.commit);
    let subject = bare_subject(&applied.subject);
    let patch = history.patch(hit.commit);
    // A revert of the revert is told from the first by what it names.
    let mut names_of_state = vec![(applied.id.to_string(), format!("revert \"{subject}\""))];
    let later = line.own.iter().copied().filter(|place| *place > hit.commit);
    for place in later {
        let commit = history.commit(place);
        let bare = bare_subject(&commit.subject);
        let (last_name, last_subject) = &names_of_state[names_of_state.len() - 1];
        let undoes_last = commit.reverts.iter().any(|reverted| last_name.starts_with(reverted.as_str()))
            || bare == *last_subject
            || bare == last_subject.replace('"', "'");
        let standing = events.last().is_some_and(|event| event.applied);
        if undoes_last {
            let word = if standing { "reverts" } else { "restores" };
            events.push(Event {
                commit: place,
                applied: !standing,
                note: Some(format!("{} {word} {}", short_id(commit), short_id(applied))),
            });
            names_of_state.push((commit.id.to_string(), format!("revert \"{bare}\"")));
        } else if !standing {
            let same_patch = match (patch, history.patch(place)) {
                (Some(patch), Some(other)) => {
                    (patch.all.is_some() && patch.all == other.all) || patch.similarity(other) >= 0.5
                }
                _ => false,
            };
            let again = bare == subject || same_patch || (names(commit, id) && !bare.starts_with("revert"));
            if again && history.patch(place).is_none_or(|patch| patch.touches_code) {
                events.push(Event {
                    commit: place,
                    applied: true,
                    note: Some(format!("{} applies {} again", short_id(commit), short_id(applied))),
                });
                names_of_state.push((commit.id.to_string(), format!("revert \"{bare}\"")));
            }
        }
    }
    events
}

/// Place of the first release, up to and without `end`, from which on the fix stands in every one.
pub(super) fn stands_since(line: &SeriesLine, events: &[Event], end: usize) -> Option<usize> {
    let mut since = None;
    for place in 0..end {
        let held = |event: &&Event| line.first_release_with(event.commit).is_some_and(|first| first <= place);
        let stands = events.iter().rev().find(held).is_some_and(|event| event.applied);
        since = match (stands, since) {
            (true, None) => Some(place),
            (true, known) => known,
            (false, _) => None,
        };
    }
    since
}
