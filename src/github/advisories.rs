//! Repository security advisories and the comments on them (a public preview since 2026-10-02; on a service without it
//! the comment routes answer 404). Everything here is private until an advisory is published.

use jiff::Timestamp;
use reqwest::{Method, header};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    client::{Installation, Sender},
    error::GitHubError,
    issues::{AccountAnswer, whole_seconds},
    pages::{self, Listing, PAGE_SIZE},
    request::Request,
};
use crate::domain::{
    embargoed::Embargoed,
    post::{Account, RepoName},
};

/// Longest summary that GitHub takes, in characters.
pub const SUMMARY_MAX_CHARS: usize = 1_024;

/// Longest description that GitHub takes, in characters.
pub const DESCRIPTION_MAX_CHARS: usize = 65_535;

/// State of an advisory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdvisoryState {
    /// Reported privately, not yet accepted.
    Triage,
    /// Being worked on.
    Draft,
    /// Public.
    Published,
    /// Closed without publication.
    Closed,
    /// Taken back after publication.
    Withdrawn,
    /// A state that GitHub added later.
    #[serde(other)]
    Unknown,
}

impl AdvisoryState {
    fn name(self) -> Option<&'static str> {
        match self {
            Self::Triage => Some("triage"),
            Self::Draft => Some("draft"),
            Self::Published => Some("published"),
            Self::Closed => Some("closed"),
            Self::Withdrawn | Self::Unknown => None,
        }
    }
}

/// What somebody is credited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CreditType {
    /// Told the project.
    Reporter,
    /// Found it.
    Finder,
    /// Helped to understand it.
    Analyst,
    /// Coordinated.
    Coordinator,
    /// Wrote the fix.
    RemediationDeveloper,
    /// Reviewed the fix.
    RemediationReviewer,
    /// Checked the fix.
    RemediationVerifier,
    /// A tool that found it.
    Tool,
    /// Paid for the work.
    Sponsor,
    /// Anything else, and what GitHub added later.
    #[serde(other)]
    Other,
}

/// Credit for one account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdvisoryCredit {
    /// Login name.
    pub login: String,
    /// For what.
    #[serde(rename = "type")]
    pub kind: CreditType,
}

/// A new draft advisory. Has no `Debug`: its words are private.
#[derive(Clone)]
pub struct AdvisoryDraft {
    /// Title, at most [`SUMMARY_MAX_CHARS`] characters.
    pub summary: String,
    /// Text, at most [`DESCRIPTION_MAX_CHARS`] characters.
    pub description: String,
    /// Who is credited.
    pub credits: Vec<AdvisoryCredit>,
}

/// What to change about an advisory; `None` leaves a part as it is, a list replaces the whole list.
#[derive(Clone, Default, Serialize)]
pub struct AdvisoryEdit {
    /// New title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// New text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// New state: `Draft`, `Published` or `Closed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<AdvisoryState>,
    /// Everybody who is credited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credits: Option<Vec<AdvisoryCredit>>,
    /// Logins of all collaborating people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collaborating_users: Option<Vec<String>>,
    /// Slugs of all collaborating teams.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collaborating_teams: Option<Vec<String>>,
    /// `low`, `medium`, `high` or `critical`; GitHub takes this or the vector, not both.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<String>,
    /// A CVSS vector, from which GitHub computes the severity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cvss_vector_string: Option<String>,
    /// All weaknesses: `CWE-89`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cwe_ids: Option<Vec<String>>,
    /// The CVE number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cve_id: Option<String>,
}

/// An advisory.
#[derive(Clone)]
pub struct Advisory {
    /// `GHSA-xxxx-xxxx-xxxx`.
    pub ghsa_id: String,
    /// CVE number, once there is one.
    pub cve_id: Option<String>,
    /// Web address.
    pub html_url: String,
    /// Title.
    pub summary: Embargoed<String>,
    /// Text.
    pub description: Embargoed<String>,
    /// State.
    pub state: AdvisoryState,
    /// Who wrote or reported it; `None` where GitHub does not say.
    pub author: Option<Account>,
    /// Logins of collaborating people.
    pub collaborating_users: Vec<String>,
    /// Slugs of collaborating teams.
    pub collaborating_teams: Vec<String>,
    /// Who is credited.
    pub credits: Vec<AdvisoryCredit>,
    /// For a private report: whether it was accepted.
    pub submission_accepted: Option<bool>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When it last changed.
    pub updated_at: Option<Timestamp>,
    /// When it was published.
    pub published_at: Option<Timestamp>,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
    /// Packages with the versions that are patched, as they are written there.
    pub patched: Vec<(String, String)>,
    /// `low`, `medium`, `high` or `critical`.
    pub severity: Option<String>,
    /// The CVSS vector, of version 4 or 3.
    pub cvss: Option<String>,
    /// Weaknesses: `CWE-89`.
    pub cwes: Vec<String>,
}

/// One page of advisories.
#[derive(Clone)]
pub struct AdvisoryPage {
    /// The advisories.
    pub advisories: Vec<Advisory>,
    /// Where the list goes on: to be given as `after`.
    pub next: Option<String>,
}

/// A comment on an advisory.
#[derive(Clone)]
pub struct AdvisoryComment {
    /// Database id.
    pub id: u64,
    /// Web address.
    pub html_url: String,
    /// Text, as Markdown source.
    pub body: Embargoed<String>,
    /// Who wrote it. Every collaborator may edit it later without being named: trust only what was never edited.
    pub author: Account,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it was last edited; equal to `created_at` where it never was.
    pub updated_at: Timestamp,
}

/// The answer to a question for new comments on an advisory.
pub enum CommentsAnswer {
    /// The same as when the `ETag` was given; this cost no budget.
    Unchanged,
    /// The first page.
    Page {
        /// The comments.
        comments: Vec<AdvisoryComment>,
        /// Whether the list may go on after this page.
        goes_on: bool,
        /// GitHub's name for this very answer.
        etag: Option<String>,
    },
}

impl AdvisoryComment {
    /// Whether it still is as its author wrote it.
    pub fn is_unedited(&self) -> bool {
        self.created_at == self.updated_at
    }
}

#[derive(Deserialize)]
struct AdvisoryAnswer {
    ghsa_id: String,
    cve_id: Option<String>,
    #[serde(default)]
    html_url: String,
    summary: Option<String>,
    description: Option<String>,
    state: AdvisoryState,
    author: Option<AccountAnswer>,
    collaborating_users: Option<Vec<LoginAnswer>>,
    collaborating_teams: Option<Vec<SlugAnswer>>,
    credits: Option<Vec<AdvisoryCredit>>,
    submission: Option<SubmissionAnswer>,
    created_at: Option<Timestamp>,
    updated_at: Option<Timestamp>,
    published_at: Option<Timestamp>,
    closed_at: Option<Timestamp>,
    vulnerabilities: Option<Vec<VulnerabilityAnswer>>,
    severity: Option<String>,
    cvss: Option<VectorAnswer>,
    cvss_severities: Option<SeveritiesAnswer>,
    cwe_ids: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct VectorAnswer {
    vector_string: Option<String>,
}

#[derive(Deserialize)]
struct SeveritiesAnswer {
    cvss_v3: Option<VectorAnswer>,
    cvss_v4: Option<VectorAnswer>,
}

impl SeveritiesAnswer {
    fn vector(self) -> Option<String> {
        let of = |answer: Option<VectorAnswer>| answer.and_then(|answer| answer.vector_string);
        of(self.cvss_v4).or_else(|| of(self.cvss_v3))
    }
}

#[derive(Deserialize)]
struct VulnerabilityAnswer {
    package: Option<PackageAnswer>,
    patched_versions: Option<String>,
}

#[derive(Deserialize)]
struct PackageAnswer {
    name: Option<String>,
}

#[derive(Deserialize)]
struct LoginAnswer {
    login: String,
}

#[derive(Deserialize)]
struct SlugAnswer {
    slug: String,
}

#[derive(Deserialize)]
struct SubmissionAnswer {
    accepted: Option<bool>,
}

#[derive(Deserialize)]
struct AdvisoryCommentAnswer {
    id: u64,
    #[serde(default)]
    html_url: String,
    body: Option<String>,
    user: Option<AccountAnswer>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl From<AdvisoryAnswer> for Advisory {
    fn from(answer: AdvisoryAnswer) -> Self {
        let users = answer.collaborating_users.unwrap_or_default();
        let teams = answer.collaborating_teams.unwrap_or_default();
        Self {
            ghsa_id: answer.ghsa_id,
            cve_id: answer.cve_id,
            html_url: answer.html_url,
            summary: Embargoed::new(answer.summary.unwrap_or_default()),
            description: Embargoed::new(answer.description.unwrap_or_default()),
            state: answer.state,
            author: answer.author.map(|author| AccountAnswer::account(Some(author))),
            collaborating_users: users.into_iter().map(|user| user.login).collect(),
            collaborating_teams: teams.into_iter().map(|team| team.slug).collect(),
            credits: answer.credits.unwrap_or_default(),
            submission_accepted: answer.submission.and_then(|submission| submission.accepted),
            created_at: answer.created_at,
            updated_at: answer.updated_at,
            published_at: answer.published_at,
            closed_at: answer.closed_at,
            severity: answer.severity,
            cvss: answer
                .cvss_severities
                .and_then(SeveritiesAnswer::vector)
                .or_else(|| answer.cvss.and_then(|cvss| cvss.vector_string)),
            cwes: answer.cwe_ids.unwrap_or_default(),
            patched: answer
                .vulnerabilities
                .unwrap_or_default()
                .into_iter()
                .filter_map(|one| {
                    let name = one.package.and_then(|package| package.name).unwrap_or_default();
                    Some((name, one.patched_versions?))
                })
                .collect(),
        }
    }
}

impl From<AdvisoryCommentAnswer> for AdvisoryComment {
    fn from(answer: AdvisoryCommentAnswer) -> Self {
        Self {
            id: answer.id,
            html_url: answer.html_url,
            body: Embargoed::new(answer.body.unwrap_or_default()),
            author: AccountAnswer::account(answer.user),
            created_at: answer.created_at,
            updated_at: answer.updated_at,
        }
    }
}

impl Installation {
    /// One page of a repository's advisories, those that changed last first
    /// (`GET /repos/{owner}/{repo}/security-advisories`).
    pub async fn advisories_page(
        &self,
        repo: &RepoName,
        state: Option<AdvisoryState>,
        after: Option<&str>,
    ) -> Result<AdvisoryPage, GitHubError> {
        let mut request = advisories_request(repo, state).query("per_page", PAGE_SIZE);
        if let Some(after) = after {
            request = request.query("after", after);
        }
        let answer = self.fetch(&request).await?;
        let found: Vec<AdvisoryAnswer> = answer.json()?;
        Ok(AdvisoryPage {
            advisories: found.into_iter().map(Advisory::from).collect(),
            next: pages::next_cursor(self, &answer, "after")?,
        })
    }

    /// All advisories of a repository, those that changed last first.
    pub async fn advisories(
        &self,
        repo: &RepoName,
        state: Option<AdvisoryState>,
    ) -> Result<Listing<Advisory>, GitHubError> {
        let request = advisories_request(repo, state);
        let found = pages::by_cursor::<AdvisoryAnswer>(self, request, "after").await?;
        Ok(found.map(Advisory::from))
    }

    /// `GET /repos/{owner}/{repo}/security-advisories/{ghsa_id}`.
    pub async fn advisory(&self, repo: &RepoName, ghsa: &str) -> Result<Advisory, GitHubError> {
        self.fetch_json::<AdvisoryAnswer>(&advisory_request(Method::GET, repo, ghsa)).await.map(Advisory::from)
    }

    /// Makes a draft advisory (`POST /repos/{owner}/{repo}/security-advisories`). Look before repeating.
    ///
    /// GitHub demands a list of affected packages; what is affected is not known yet, so it names the repository alone.
    pub async fn create_advisory(&self, repo: &RepoName, draft: &AdvisoryDraft) -> Result<Advisory, GitHubError> {
        let request = Request::repo(Method::POST, repo, "security-advisories").body(json!({
            "summary": draft.summary,
            "description": draft.description,
            "vulnerabilities": [{ "package": { "ecosystem": "other", "name": repo.name } }],
            "credits": draft.credits,
        }));
        self.fetch_json::<AdvisoryAnswer>(&request).await.map(Advisory::from)
    }

    /// Changes an advisory (`PATCH /repos/{owner}/{repo}/security-advisories/{ghsa_id}`).
    pub async fn update_advisory(
        &self,
        repo: &RepoName,
        ghsa: &str,
        edit: &AdvisoryEdit,
    ) -> Result<Advisory, GitHubError> {
        let request = advisory_request(Method::PATCH, repo, ghsa)
            .body(serde_json::to_value(edit).expect("an edit is plain data"));
        self.fetch_json::<AdvisoryAnswer>(&request).await.map(Advisory::from)
    }

    /// Comments on an advisory that were written or edited at or after `since`
    /// (`GET …/security-advisories/{ghsa_id}/comments`). Comments that GitHub keeps from Apps are not among them.
    pub async fn advisory_comments(
        &self,
        repo: &RepoName,
        ghsa: &str,
        since: Option<Timestamp>,
    ) -> Result<Listing<AdvisoryComment>, GitHubError> {
        let mut request = advisory_request(Method::GET, repo, ghsa).segment("comments");
        if let Some(since) = since {
            request = request.query("since", whole_seconds(since));
        }
        let found = pages::numbered::<AdvisoryCommentAnswer>(self, request).await?;
        Ok(found.map(AdvisoryComment::from))
    }

    /// The same, first page alone, and nothing where it is still what `etag` stands for; that costs no budget.
    pub async fn advisory_comments_if_changed(
        &self,
        repo: &RepoName,
        ghsa: &str,
        since: Timestamp,
        etag: Option<&str>,
    ) -> Result<CommentsAnswer, GitHubError> {
        let mut request = advisory_request(Method::GET, repo, ghsa)
            .segment("comments")
            .query("since", whole_seconds(since))
            .query("per_page", PAGE_SIZE);
        request.known_etag = etag.map(str::to_owned);
        let answer = match self.fetch(&request).await {
            Err(GitHubError::Refused { status: 304 }) => return Ok(CommentsAnswer::Unchanged),
            answer => answer?,
        };
        let found: Vec<AdvisoryCommentAnswer> = answer.json()?;
        let goes_on = found.len() >= PAGE_SIZE;
        let etag = answer.headers.get(header::ETAG).and_then(|etag| etag.to_str().ok()).map(str::to_owned);
        let comments = found.into_iter().map(AdvisoryComment::from).collect();
        Ok(CommentsAnswer::Page { comments, goes_on, etag })
    }

    /// Replaces the text of a comment on an advisory (`PATCH …/security-advisories/{ghsa_id}/comments/{comment_id}`).
    pub async fn edit_advisory_comment(
        &self,
        repo: &RepoName,
        ghsa: &str,
        id: u64,
        body: &str,
    ) -> Result<AdvisoryComment, GitHubError> {
        let request = advisory_request(Method::PATCH, repo, ghsa).segment("comments").segment(id);
        let request = request.body(json!({ "body": body }));
        self.fetch_json::<AdvisoryCommentAnswer>(&request).await.map(AdvisoryComment::from)
    }

    /// Comments on an advisory (`POST …/security-advisories/{ghsa_id}/comments`). Look before repeating.
    pub async fn create_advisory_comment(
        &self,
        repo: &RepoName,
        ghsa: &str,
        body: &str,
    ) -> Result<AdvisoryComment, GitHubError> {
        let request = advisory_request(Method::POST, repo, ghsa).segment("comments").body(json!({ "body": body }));
        self.fetch_json::<AdvisoryCommentAnswer>(&request).await.map(AdvisoryComment::from)
    }
}

fn advisories_request(repo: &RepoName, state: Option<AdvisoryState>) -> Request {
    let request =
        Request::repo(Method::GET, repo, "security-advisories").query("sort", "updated").query("direction", "desc");
    match state.and_then(AdvisoryState::name) {
        Some(state) => request.query("state", state),
        None => request,
    }
}

fn advisory_request(method: Method, repo: &RepoName, ghsa: &str) -> Request {
    Request::repo(method, repo, "security-advisories").segment(ghsa)
}
