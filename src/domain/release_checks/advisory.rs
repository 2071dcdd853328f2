//! Published advisories: what the world is told about a fix.

use std::{collections::BTreeMap, sync::LazyLock};

use jiff::{Timestamp, tz::TimeZone};
use regex::Regex;
use serde::{Deserialize, Serialize};

use super::RecordedFix;
use crate::domain::{coverage::Fix, post::RepoName, record::Record};

/// Longest part of an advisory's text that is looked through for commits, in bytes; GitHub takes less.
const MOST_TEXT: usize = 256 * 1024;

/// What an advisory says about a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Patched {
    /// Name of the package; empty where the advisory gives none.
    #[serde(default)]
    pub package: String,
    /// The versions that it calls patched, as they stand there.
    pub versions: Vec<String>,
}

impl Patched {
    /// Reads what stands in an advisory's field: `5.1.4, 5.0.11`.
    pub fn new(package: &str, text: &str) -> Self {
        let versions = text.split([',', ';']).map(|version| version.trim().trim_start_matches(['>', '=', '~', ' ']));
        Self {
            package: package.to_owned(),
            versions: versions.filter(|version| !version.is_empty()).map(str::to_owned).collect(),
        }
    }
}

/// A published advisory of a watched repository. Everything in it is public.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishedAdvisory {
    /// Number of the repository.
    pub repository_id: u64,
    /// `GHSA-xxxx-xxxx-xxxx`.
    pub ghsa: String,
    /// The CVE number, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cve: Option<String>,
    /// When it was published.
    pub published_at: Timestamp,
    /// Commits of the repository that its text names: 7 to 40 hexadecimal digits each.
    pub commits: Vec<String>,
    /// What it calls patched.
    pub patched: Vec<Patched>,
    /// Whether it was taken back: GitHub lists it no more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub withdrawn: bool,
}

impl Record for PublishedAdvisory {
    const KIND: &'static str = "published_advisory";

    fn key(&self) -> String {
        Self::key_of(self.repository_id, &self.ghsa)
    }
}

impl PublishedAdvisory {
    /// The key of an advisory.
    pub fn key_of(repository_id: u64, ghsa: &str) -> String {
        format!("repo:{repository_id}/{ghsa}")
    }

    /// What people call it: the CVE number, else GitHub's.
    pub fn id(&self) -> &str {
        self.cve.as_deref().unwrap_or(&self.ghsa)
    }

    /// Whether it calls the version `tag` patched.
    pub fn claims(&self, tag: &str) -> bool {
        let plain = |name: &str| name.trim_start_matches(['v', 'V']).to_owned();
        self.patched.iter().flat_map(|patched| &patched.versions).any(|version| plain(version) == plain(tag))
    }

    /// The fix to be proved. What maintainers recorded for its case, if it has one, says it better than the text;
    /// `main_branch` is the policy's name for the branch of development.
    pub fn fix(&self, recorded: Option<&RecordedFix>, main_branch: &str) -> Fix {
        let date = self.published_at.to_zoned(TimeZone::UTC).date();
        let mut fix = match recorded {
            Some(recorded) => recorded.fix(self.id(), date, main_branch),
            None => Fix {
                id: self.id().to_owned(),
                date,
                main: None,
                series: BTreeMap::new(),
                not_affected: BTreeMap::new(),
            },
        };
        if recorded.is_none_or(RecordedFix::names_no_commit) {
            fix.main = (!self.commits.is_empty()).then(|| self.commits.clone());
        }
        fix
    }
}

/// The commits of `repository` that a text links to, each once, in their order.
pub fn commits_named_in(text: &str, repository: &RepoName) -> Vec<String> {
    static LINKS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)https?://[^\s/]+/([\w.-]+)/([\w.-]+)/(?:pull/\d+/)?commits?/([0-9a-f]{7,40})\b")
            .expect("a valid expression")
    });
    let text = text.get(..text.floor_char_boundary(MOST_TEXT)).unwrap_or(text);
    let mut found: Vec<String> = Vec::new();
    for link in LINKS.captures_iter(text) {
        let ours = link[1].eq_ignore_ascii_case(&repository.owner) && link[2].eq_ignore_ascii_case(&repository.name);
        let commit = link[3].to_ascii_lowercase();
        if ours && !found.contains(&commit) {
            found.push(commit);
        }
    }
    found
}
