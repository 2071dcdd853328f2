use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;

use super::{Advisory, Post, Role, Thread};

/// A commit of the toy history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Forty hex digits.
    pub sha: String,
    /// The whole message.
    pub message: String,
    /// Login of the author.
    pub author: String,
    /// When it was made.
    pub at: Timestamp,
    /// Shas of the parents.
    pub parents: Vec<String>,
}

/// A comment on a commit.
#[derive(Clone, Debug)]
pub struct CommitComment {
    /// The text and its history.
    pub post: Post,
    /// The commit.
    pub sha: String,
    /// The file, if it speaks about one.
    pub path: Option<String>,
}

/// A check run that the App wrote.
#[derive(Clone, Debug)]
pub struct CheckRun {
    /// Number of the run.
    pub id: u64,
    /// What was last sent about it: name, head_sha, status, conclusion, output.
    pub fields: BTreeMap<String, Value>,
    /// When it was created.
    pub created_at: Timestamp,
}

/// A repository and all that hangs on it.
#[derive(Clone, Debug)]
pub struct Repository {
    /// GitHub's number; it stays when the repository is renamed.
    pub id: u64,
    /// Login of the owner.
    pub owner: String,
    /// Name without the owner.
    pub name: String,
    /// Whether only people with a grant see it.
    pub private: bool,
    /// Whether strangers may report privately.
    pub private_reporting: bool,
    /// Whether this repository has security advisories at all.
    pub has_advisories: bool,
    /// Name of the default branch.
    pub default_branch: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Files of the default branch by path.
    pub files: BTreeMap<String, String>,
    /// Refs by full name (`refs/heads/main`).
    pub refs: BTreeMap<String, String>,
    /// Commits by sha.
    pub commits: BTreeMap<String, Commit>,
    /// Explicit roles of people.
    pub grants: BTreeMap<String, Role>,
    /// People whose commits were merged.
    pub contributors: BTreeSet<String>,
    /// Issues, pull requests and discussions by number.
    pub threads: BTreeMap<u64, Thread>,
    /// The number that the next thread gets.
    pub next_number: u64,
    /// Comments on commits.
    pub commit_comments: Vec<CommitComment>,
    /// Advisories in order of creation.
    pub advisories: Vec<Advisory>,
    /// Check runs in order of creation.
    pub check_runs: Vec<CheckRun>,
}

impl Repository {
    /// `owner/name`.
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }

    /// Whether `ancestor` is reachable from `tip` (a commit reaches itself).
    pub(crate) fn reaches(&self, tip: &str, ancestor: &str) -> bool {
        self.history(tip).iter().any(|sha| sha == ancestor)
    }

    /// Every commit reachable from `tip`, nearest first.
    pub(crate) fn history(&self, tip: &str) -> Vec<String> {
        let mut seen = Vec::new();
        let mut next = std::collections::VecDeque::from([tip.to_owned()]);
        while let Some(sha) = next.pop_front() {
            if seen.contains(&sha) {
                continue;
            }
            if let Some(commit) = self.commits.get(&sha) {
                next.extend(commit.parents.iter().cloned());
                seen.push(sha);
            }
        }
        seen
    }

    /// A branch, a tag or a sha as a sha.
    pub(crate) fn resolve(&self, name: &str) -> Option<String> {
        for full in [name.to_owned(), format!("refs/{name}"), format!("refs/heads/{name}"), format!("refs/tags/{name}")]
        {
            if let Some(sha) = self.refs.get(&full) {
                return Some(sha.clone());
            }
        }
        self.commits.contains_key(name).then(|| name.to_owned())
    }
}
