use jiff::Timestamp;
use serde_json::Value;

use super::Post;

/// Where an advisory stands (schema `repository-advisory`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdvisoryState {
    /// Reported by a stranger, not yet accepted.
    Triage,
    /// Being worked on in private.
    Draft,
    /// Public.
    Published,
    /// Given up, still private.
    Closed,
    /// Taken back after publication, by the service itself.
    Withdrawn,
}

impl AdvisoryState {
    /// GitHub's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Triage => "triage",
            Self::Draft => "draft",
            Self::Published => "published",
            Self::Closed => "closed",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// Somebody who is thanked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credit {
    /// The login.
    pub login: String,
    /// `reporter`, `finder`, `analyst` …
    pub kind: String,
}

/// A repository security advisory.
#[derive(Clone, Debug)]
pub struct Advisory {
    /// Internal number; GitHub shows the GHSA id only.
    pub id: u64,
    /// `GHSA-xxxx-xxxx-xxxx`.
    pub ghsa_id: String,
    /// CVE name, if assigned.
    pub cve_id: Option<String>,
    /// One line.
    pub summary: String,
    /// The long text.
    pub description: String,
    /// `critical`, `high`, `medium`, `low`.
    pub severity: Option<String>,
    /// CVSS vector, if given instead of a severity.
    pub cvss_vector: Option<String>,
    /// CWE names.
    pub cwe_ids: Vec<String>,
    /// Affected packages, in GitHub's shape.
    pub vulnerabilities: Vec<Value>,
    /// Credits.
    pub credits: Vec<Credit>,
    /// Triage, draft, published or closed.
    pub state: AdvisoryState,
    /// Who filed it.
    pub author: String,
    /// Who published it.
    pub publisher: Option<String>,
    /// For privately reported ones: whether the report was accepted.
    pub submission: Option<bool>,
    /// People invited to it.
    pub collaborators: Vec<String>,
    /// Slugs of teams invited to it.
    pub teams: Vec<String>,
    /// Comments in order.
    pub comments: Vec<Post>,
    /// Name of the temporary private fork, if one exists.
    pub private_fork: Option<(u64, String)>,
    /// When it was filed.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it was published.
    pub published_at: Option<Timestamp>,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
}
