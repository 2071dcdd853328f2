//! Comments on advisories: a public preview since 2026-10-02; on a service without it these routes answer 404.

use jiff::Timestamp;
use reqwest::{Method, header};
use serde::Deserialize;
use serde_json::json;

use super::{
    advisories::advisory_request,
    client::{Installation, Sender},
    error::GitHubError,
    issues::{AccountAnswer, whole_seconds},
    pages::{self, Listing, PAGE_SIZE},
};
use crate::domain::{
    embargoed::Embargoed,
    post::{Account, RepoName},
};

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
struct AdvisoryCommentAnswer {
    id: u64,
    #[serde(default)]
    html_url: String,
    body: Option<String>,
    user: Option<AccountAnswer>,
    created_at: Timestamp,
    updated_at: Timestamp,
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
