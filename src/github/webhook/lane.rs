//! Which queue a delivery waits in. What is about one thread of posts is handled in order; so is what is about a repository
//! as a whole. Threads do not wait for each other: words exposed in one must not stand behind a flood in another.

use serde::{Deserialize, de::IgnoredAny};

use super::events::lenient::{Number, Object};

#[derive(Default, Deserialize)]
#[serde(default)]
struct Owners {
    repository: Object<Numbered>,
    installation: Object<Numbered>,
    issue: Object<Thread>,
    pull_request: Object<Thread>,
    discussion: Object<Thread>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Numbered {
    id: Number,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Thread {
    number: Number,
}

/// `repo:{id}/{number}` for an issue, a pull request or a discussion, which share their numbers; else `repo:{id}`, else
/// `installation:{id}`, else `app`; whatever the bytes.
pub fn lane_of(body: &[u8]) -> String {
    serde_json::from_slice(body).map_or_else(|_| of_nobody(), of_owners)
}

/// The same, or nothing where the bytes are no JSON. They are looked at once.
pub fn lane_if_json(body: &[u8]) -> Option<String> {
    match serde_json::from_slice(body) {
        Ok(owners) => Some(of_owners(owners)),
        // It may still be JSON, with a member twice.
        Err(_) => serde_json::from_slice::<IgnoredAny>(body).ok().map(|_| of_nobody()),
    }
}

fn of_nobody() -> String {
    "app".to_owned()
}

fn of_owners(owners: Object<Owners>) -> String {
    let owners = owners.0.unwrap_or_default();
    let id = |part: Object<Numbered>| part.0.and_then(|part| part.id.0);
    let threads = [owners.issue, owners.pull_request, owners.discussion];
    let thread = threads.into_iter().find_map(|thread| thread.0?.number.0);
    match (id(owners.repository), id(owners.installation)) {
        (Some(repository), _) => lane(repository, thread),
        (None, Some(id)) => format!("installation:{id}"),
        (None, None) => of_nobody(),
    }
}

/// The lane of a repository, or of the thread with a number in it.
pub fn lane(repository_id: u64, thread: Option<u64>) -> String {
    match thread {
        Some(number) => format!("repo:{repository_id}/{number}"),
        None => format!("repo:{repository_id}"),
    }
}
