//! Repository security advisories. Everything here is private until an advisory is published. The comments on them are in
//! [`super::advisory_comments`].

use jiff::Timestamp;
use reqwest::{Method, header};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    client::{Installation, Sender},
    error::GitHubError,
    issues::AccountAnswer,
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

/// A package with the versions that an advisory is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AffectedVersions {
    /// `pip`, `npm`, … or `other`.
    pub ecosystem: String,
    /// Its name, where there is one.
    pub name: Option<String>,
    /// The affected versions in GitHub's words: `>= 5.2, < 5.2.7`.
    pub range: Option<String>,
    /// The first version that is mended, or several: `5.2.7`.
    pub patched: Option<String>,
    /// Functions that have to be called.
    #[serde(default)]
    pub functions: Vec<String>,
}

impl AffectedVersions {
    fn in_request(&self) -> serde_json::Value {
        let mut one = json!({ "package": { "ecosystem": self.ecosystem, "name": self.name } });
        let fields = [("vulnerable_version_range", &self.range), ("patched_versions", &self.patched)];
        for (field, value) in fields.into_iter().filter_map(|(field, value)| Some((field, value.as_ref()?))) {
            one[field] = json!(value);
        }
        if !self.functions.is_empty() {
            one["vulnerable_functions"] = json!(self.functions);
        }
        one
    }
}

/// The list as requests hold it.
fn in_request<S: serde::Serializer>(list: &Option<Vec<AffectedVersions>>, to: S) -> Result<S::Ok, S::Error> {
    let list = list.iter().flatten().map(AffectedVersions::in_request);
    list.collect::<Vec<_>>().serialize(to)
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
    /// All packages with their versions.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "in_request")]
    pub vulnerabilities: Option<Vec<AffectedVersions>>,
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
    /// Packages with the versions that are affected.
    pub affected: Vec<AffectedVersions>,
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

/// The answer to a question for the advisories of a repository.
pub enum AdvisoriesAnswer {
    /// The same as when the `ETag` was given; this cost no budget.
    Unchanged,
    /// The page.
    Page {
        /// What is on it.
        page: AdvisoryPage,
        /// GitHub's name for this very answer.
        etag: Option<String>,
    },
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
    vulnerable_version_range: Option<String>,
    patched_versions: Option<String>,
    vulnerable_functions: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct PackageAnswer {
    #[serde(default)]
    ecosystem: String,
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

impl From<VulnerabilityAnswer> for AffectedVersions {
    fn from(answer: VulnerabilityAnswer) -> Self {
        let said = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
        let (ecosystem, name) = answer.package.map(|package| (package.ecosystem, package.name)).unwrap_or_default();
        Self {
            ecosystem,
            name,
            range: said(answer.vulnerable_version_range),
            patched: said(answer.patched_versions),
            functions: answer.vulnerable_functions.unwrap_or_default(),
        }
    }
}

impl From<AdvisoryAnswer> for Advisory {
    fn from(answer: AdvisoryAnswer) -> Self {
        let users = answer.collaborating_users.unwrap_or_default();
        let teams = answer.collaborating_teams.unwrap_or_default();
        let affected: Vec<AffectedVersions> =
            answer.vulnerabilities.unwrap_or_default().into_iter().map(AffectedVersions::from).collect();
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
            patched: affected
                .iter()
                .filter_map(|one| Some((one.name.clone().unwrap_or_default(), one.patched.clone()?)))
                .collect(),
            affected,
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
        match self.advisories_page_if_changed(repo, state, after, None).await? {
            AdvisoriesAnswer::Page { page, .. } => Ok(page),
            AdvisoriesAnswer::Unchanged => Err(GitHubError::Unreadable { what: "a list that was asked for" }),
        }
    }

    /// The same, and nothing where it is still what `etag` stands for; that costs no budget.
    pub async fn advisories_page_if_changed(
        &self,
        repo: &RepoName,
        state: Option<AdvisoryState>,
        after: Option<&str>,
        etag: Option<&str>,
    ) -> Result<AdvisoriesAnswer, GitHubError> {
        let mut request = advisories_request(repo, state).query("per_page", PAGE_SIZE);
        if let Some(after) = after {
            request = request.query("after", after);
        }
        request.known_etag = etag.map(str::to_owned);
        let answer = match self.fetch(&request).await {
            Err(GitHubError::Refused { status: 304 }) => return Ok(AdvisoriesAnswer::Unchanged),
            answer => answer?,
        };
        let found: Vec<AdvisoryAnswer> = answer.json()?;
        let etag = answer.headers.get(header::ETAG).and_then(|etag| etag.to_str().ok()).map(str::to_owned);
        let page = AdvisoryPage {
            advisories: found.into_iter().map(Advisory::from).collect(),
            next: pages::next_cursor(self, &answer, "after")?,
        };
        Ok(AdvisoriesAnswer::Page { page, etag })
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

    /// Asks GitHub, as a CVE numbering authority, for an id (`POST …/security-advisories/{ghsa_id}/cve`). It is assigned by
    /// people later, and stands in the advisory then.
    pub async fn request_cve(&self, repo: &RepoName, ghsa: &str) -> Result<(), GitHubError> {
        self.fetch_done(&advisory_request(Method::POST, repo, ghsa).segment("cve")).await
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

pub(super) fn advisory_request(method: Method, repo: &RepoName, ghsa: &str) -> Request {
    Request::repo(method, repo, "security-advisories").segment(ghsa)
}
