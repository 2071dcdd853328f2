//! Pushes: which files of the default branch changed.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::{
    Content, Delivery, ParseError,
    lenient::{Flag, List, Objects, Text},
};

/// GitHub lists at most so many commits in one delivery ("Webhook events and payloads", `push`).
const COMMITS_LISTED_MAX: usize = 2_048;

/// So many paths of one sort are looked at in one commit.
const PATHS_MAX: usize = 100;

/// A push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushNotice {
    /// The whole name of the ref: `refs/heads/main`, `refs/tags/5.2`.
    pub reference: String,
    /// Whether it is the branch from which policy is read.
    pub is_default_branch: bool,
    /// Files that its commits added, changed or removed.
    pub changed_paths: BTreeSet<String>,
    /// Whether these are certainly all: a forced push, or one of very many commits, lists fewer, and of a commit with very many
    /// files not all are kept.
    pub lists_all: bool,
    /// The last commits that it brought, oldest first, at most 50. Only of public repositories: in a private one a message may
    /// be secret.
    pub messages: Vec<PushedCommit>,
}

/// A commit that was pushed where everybody can see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushedCommit {
    /// Its name, 40 hexadecimal digits.
    pub sha: String,
    /// Its message, the first 4,000 bytes.
    pub message: String,
}

/// So many commits' messages are kept of one push.
const MESSAGES_MAX: usize = 50;

/// So much is kept of a message, in bytes.
const MESSAGE_BYTES: usize = 4_000;

impl PushNotice {
    /// Whether what stands at one of `paths` on the default branch may be different now.
    pub fn may_change(&self, paths: &[&str]) -> bool {
        self.is_default_branch && (!self.lists_all || paths.iter().any(|path| self.changed_paths.contains(*path)))
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Payload {
    #[serde(rename = "ref")]
    reference: Text,
    forced: Flag,
    commits: Objects<Commit, COMMITS_LISTED_MAX>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Commit {
    id: Text,
    message: Text,
    added: List<Text, PATHS_MAX>,
    modified: List<Text, PATHS_MAX>,
    removed: List<Text, PATHS_MAX>,
}

impl Commit {
    fn paths(&self) -> [&[Text]; 3] {
        [&self.added.0, &self.modified.0, &self.removed.0]
    }
}

/// `push`.
pub(super) fn push(delivery: &Delivery<'_>) -> Result<Content, ParseError> {
    let payload: Payload = serde_json::from_slice(delivery.body)?;
    let reference = payload.reference.0.ok_or(ParseError::Missing("ref"))?;
    let default = delivery.repository.map(|repository| repository.default_branch.as_str()).unwrap_or_default();
    let commits = payload.commits.0;
    let is_public = delivery.repository.is_some_and(|repository| !repository.private);
    let last = commits.iter().skip(commits.len().saturating_sub(MESSAGES_MAX)).filter(|_| is_public);
    let messages = last.filter_map(|commit| {
        let message = commit.message.0.as_deref()?;
        let message = message[..message.floor_char_boundary(MESSAGE_BYTES)].to_owned();
        Some(PushedCommit { sha: commit.id.0.clone()?, message })
    });
    Ok(Content::Push(PushNotice {
        messages: messages.collect(),
        is_default_branch: reference.strip_prefix("refs/heads/").is_some_and(|branch| branch == default),
        lists_all: !payload.forced.0
            && !commits.is_empty()
            && commits.len() < COMMITS_LISTED_MAX
            && commits.iter().flat_map(Commit::paths).all(|list| list.len() < PATHS_MAX),
        changed_paths: commits.iter().flat_map(Commit::paths).flatten().filter_map(|path| path.0.clone()).collect(),
        reference,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::github::webhook::events::parse;

    fn pushed(payload: &str) -> PushNotice {
        let repository = r#""repository": {"id": 1, "full_name": "acme/framework", "default_branch": "main"}"#;
        let delivered = parse("push", format!("{{{payload}, {repository}}}").as_bytes()).expect("it can be read");
        let Content::Push(push) = delivered.content else {
            panic!("no push");
        };
        push
    }

    #[test]
    fn a_push_tells_which_files_of_the_default_branch_may_have_changed() {
        let files = r#""commits": [{"modified": ["src/a.rs"]}, {"added": [".github/embargod.yml"], "removed": null}]"#;
        let main = pushed(&format!(r#""ref": "refs/heads/main", {files}"#));
        assert!(main.may_change(&[".github/embargod.yml"]));
        assert!(!main.may_change(&["SECURITY.md"]));
        let other = pushed(&format!(r#""ref": "refs/heads/other", {files}"#));
        assert!(!other.may_change(&[".github/embargod.yml"]));
        let tag = pushed(&format!(r#""ref": "refs/tags/main", {files}"#));
        assert!(!tag.may_change(&[".github/embargod.yml"]));
    }

    #[test]
    fn a_push_that_may_not_list_everything_may_have_changed_everything() {
        for payload in [
            r#""ref": "refs/heads/main", "forced": true, "commits": [{"modified": ["a"]}]"#,
            r#""ref": "refs/heads/main", "commits": []"#,
            r#""ref": "refs/heads/main""#,
            &format!(r#""ref": "refs/heads/main", "commits": [{{"added": [{}]}}]"#, [r#""a""#; PATHS_MAX].join(",")),
            &format!(
                r#""ref": "refs/heads/main", "commits": [{}]"#,
                [r#"{"added": ["a"]}"#; COMMITS_LISTED_MAX].join(",")
            ),
        ] {
            assert!(pushed(payload).may_change(&["SECURITY.md"]), "{payload}");
        }
    }
}
