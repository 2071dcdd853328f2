//! Whether a fix that was made still stands at a release: reverts undo it, and what comes after may restore it.

use super::{
    evidence::{Hit, bare_subject, begins, is_revert, names, same_subject, short_id},
    facts::Commit,
    graph::SeriesLine,
    history::History,
    patch::Patch,
};

/// Something that happened to a fix on a series.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Event {
    pub(super) commit: u32,
    pub(super) applied: bool,
    pub(super) note: Option<String>,
}

/// From so much of a reverted change's lines on, made again by one commit or several, it is applied again.
const AGAIN_FROM: f64 = 0.8;

/// What happened to one hit on its series, oldest first: it was applied, reverted, applied again.
pub(super) fn events(history: &History, line: &SeriesLine, hit: &Hit, id: &str) -> Vec<Event> {
    let mut events = vec![Event { commit: hit.commit, applied: true, note: None }];
    let applied = history.commit(hit.commit);
    let patch = history.patch(hit.commit);
    // A revert of the revert is told from the first by what it names.
    let mut last = applied;
    // What came after a revert, and changes some of the same lines.
    let mut since_revert: Vec<&Patch> = Vec::new();
    let from = line.own().partition_point(|place| *place <= hit.commit);
    for place in line.own()[from..].iter().copied() {
        let commit = history.commit(place);
        let standing = events.last().is_some_and(|event| event.applied);
        if undoes(commit, last) {
            let word = if standing { "reverts" } else { "restores" };
            events.push(Event {
                commit: place,
                applied: !standing,
                note: Some(format!("{} {word} {}", short_id(commit), short_id(applied))),
            });
            last = commit;
            since_revert.clear();
            continue;
        }
        if standing || is_revert(commit) {
            continue;
        }
        let other = history.patch(place);
        let touches_code = other.is_none_or(|other| other.touches_code);
        let mut again = same_subject(&commit.subject, &applied.subject) || names(commit, id);
        if let (Some(patch), Some(other)) = (patch, other) {
            again |= (patch.all.is_some() && patch.all == other.all) || patch.similarity(other) >= 0.5;
            if patch.contained_in([other]) > 0.0 {
                since_revert.push(other);
                again |= patch.contained_in(since_revert.iter().copied()) >= AGAIN_FROM;
            }
        }
        if again && touches_code {
            events.push(Event {
                commit: place,
                applied: true,
                note: Some(format!("{} applies {} again", short_id(commit), short_id(applied))),
            });
            last = commit;
        }
    }
    events
}

/// Whether a commit says that it undoes `last`: by its name, or by its subject in quotes.
fn undoes(commit: &Commit, last: &Commit) -> bool {
    if !commit.reverts.is_empty() {
        let name = last.id.to_string();
        if commit.reverts.iter().any(|reverted| name.starts_with(reverted.as_str())) {
            return true;
        }
    }
    let bare = bare_subject(&commit.subject);
    if !begins(bare, "revert") {
        return false;
    }
    let quoted = bare.split_once(['"', '\'']).and_then(|(_, rest)| rest.rsplit_once(['"', '\'']));
    quoted.is_some_and(|(quoted, _)| quoted.trim() == last.subject.trim() || same_subject(quoted, &last.subject))
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
