//! Issues and the comments under issues and pull requests (which GitHub treats as issues here).

use jiff::Timestamp;
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    client::{Installation, Sender},
    error::GitHubError,
    pages::{self, Listing},
    request::Request,
};
use crate::domain::{
    embargoed::Embargoed,
    post::{Account, RepoName},
};

/// Whether an issue or pull request is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IssueState {
    /// Open.
    Open,
    /// Closed, or merged.
    Closed,
}

/// Why an issue was closed or opened again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StateReason {
    /// Done.
    Completed,
    /// Won't be done.
    NotPlanned,
    /// The same as another one.
    Duplicate,
    /// Opened again.
    Reopened,
}

/// Why a conversation was locked. GitHub has no word for security.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LockReason {
    /// Off-topic.
    #[serde(rename = "off-topic")]
    OffTopic,
    /// Too heated.
    #[serde(rename = "too heated")]
    TooHeated,
    /// Resolved.
    #[serde(rename = "resolved")]
    Resolved,
    /// Spam.
    #[serde(rename = "spam")]
    Spam,
}

/// An issue, or a pull request seen as one.
#[derive(Clone)]
pub struct Issue {
    /// Database id.
    pub id: u64,
    /// Global id.
    pub node_id: String,
    /// Number within the repository.
    pub number: u64,
    /// Web address.
    pub html_url: String,
    /// Title.
    pub title: Embargoed<String>,
    /// Body; empty where there is none.
    pub body: Embargoed<String>,
    /// Open or closed.
    pub state: IssueState,
    /// Why it has that state.
    pub state_reason: Option<StateReason>,
    /// Whether only people with write access may comment.
    pub locked: bool,
    /// Number of comments.
    pub comments: u64,
    /// Whether it is a pull request.
    pub is_pull_request: bool,
    /// Who opened it.
    pub author: Account,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A comment of any surface.
#[derive(Clone)]
pub struct Comment {
    /// Database id.
    pub id: u64,
    /// Global id.
    pub node_id: String,
    /// Web address.
    pub html_url: String,
    /// Text, as Markdown source.
    pub body: Embargoed<String>,
    /// Who wrote it. Whoever may write can edit it later without being named.
    pub author: Account,
    /// When it was written.
    pub created_at: Option<Timestamp>,
    /// When it was last edited; equal to `created_at` where it never was.
    pub updated_at: Option<Timestamp>,
}

/// What to change about an issue; `None` leaves a part as it is.
#[derive(Clone, Default, Serialize)]
pub struct IssueEdit {
    /// New title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// New body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// New state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<IssueState>,
    /// Why; ignored by GitHub unless the state changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state_reason: Option<StateReason>,
}

/// Which issues to list.
#[derive(Clone, Debug, Default)]
pub struct IssueFilter {
    /// Only those in this state; `None` is all.
    pub state: Option<IssueState>,
    /// Only those opened by this login.
    pub creator: Option<String>,
    /// Only those that changed at or after this instant.
    pub since: Option<Timestamp>,
}

/// An account as answers and deliveries hold it.
#[derive(Deserialize)]
pub(super) struct AccountAnswer {
    #[serde(default)]
    login: String,
    #[serde(default)]
    id: u64,
    #[serde(default, rename = "type")]
    kind: String,
}

impl AccountAnswer {
    /// GitHub shows posts of deleted accounts as of `ghost`.
    pub(super) fn account(answer: Option<Self>) -> Account {
        match answer {
            Some(answer) => Account {
                is_bot: answer.kind == "Bot" || answer.login.ends_with("[bot]"),
                login: answer.login,
                id: answer.id,
            },
            None => Account { login: "ghost".to_owned(), id: 0, is_bot: false },
        }
    }
}

#[derive(Deserialize)]
struct IssueAnswer {
    id: u64,
    #[serde(default)]
    node_id: String,
    number: u64,
    #[serde(default)]
    html_url: String,
    title: Option<String>,
    body: Option<String>,
    #[serde(default)]
    state: String,
    state_reason: Option<serde_json::Value>,
    #[serde(default)]
    locked: bool,
    #[serde(default)]
    comments: u64,
    pull_request: Option<serde::de::IgnoredAny>,
    user: Option<AccountAnswer>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl From<IssueAnswer> for Issue {
    fn from(answer: IssueAnswer) -> Self {
        Self {
            id: answer.id,
            node_id: answer.node_id,
            number: answer.number,
            html_url: answer.html_url,
            title: Embargoed::new(answer.title.unwrap_or_default()),
            body: Embargoed::new(answer.body.unwrap_or_default()),
            state: match answer.state.as_str() {
                "closed" => IssueState::Closed,
                _ => IssueState::Open,
            },
            // a reason that GitHub adds later is no reason to fail
            state_reason: answer.state_reason.and_then(|reason| serde_json::from_value(reason).ok()),
            locked: answer.locked,
            comments: answer.comments,
            is_pull_request: answer.pull_request.is_some(),
            author: AccountAnswer::account(answer.user),
            created_at: answer.created_at,
            updated_at: answer.updated_at,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct CommentAnswer {
    id: u64,
    #[serde(default)]
    node_id: String,
    #[serde(default)]
    html_url: String,
    body: Option<String>,
    user: Option<AccountAnswer>,
    #[serde(alias = "submitted_at")]
    created_at: Option<Timestamp>,
    updated_at: Option<Timestamp>,
}

impl From<CommentAnswer> for Comment {
    fn from(answer: CommentAnswer) -> Self {
        Self {
            id: answer.id,
            node_id: answer.node_id,
            html_url: answer.html_url,
            body: Embargoed::new(answer.body.unwrap_or_default()),
            author: AccountAnswer::account(answer.user),
            created_at: answer.created_at,
            updated_at: answer.updated_at,
        }
    }
}

impl Installation {
    /// `GET /repos/{owner}/{repo}/issues/{issue_number}`; pull requests as well.
    pub async fn issue(&self, repo: &RepoName, number: u64) -> Result<Issue, GitHubError> {
        let request = Request::repo(Method::GET, repo, &format!("issues/{number}"));
        self.fetch_json::<IssueAnswer>(&request).await.map(Issue::from)
    }

    /// `GET /repos/{owner}/{repo}/issues`: issues and pull requests, newest first.
    pub async fn issues(&self, repo: &RepoName, filter: &IssueFilter) -> Result<Listing<Issue>, GitHubError> {
        let state = match filter.state {
            None => "all",
            Some(IssueState::Open) => "open",
            Some(IssueState::Closed) => "closed",
        };
        let mut request = Request::repo(Method::GET, repo, "issues").query("state", state);
        if let Some(creator) = &filter.creator {
            request = request.query("creator", creator);
        }
        if let Some(since) = filter.since {
            request = request.query("since", whole_seconds(since));
        }
        let found = pages::numbered::<IssueAnswer>(self, request).await?;
        Ok(found.map(Issue::from))
    }

    /// Opens an issue (`POST /repos/{owner}/{repo}/issues`). Look before repeating.
    pub async fn create_issue(&self, repo: &RepoName, title: &str, body: &str) -> Result<Issue, GitHubError> {
        let request = Request::repo(Method::POST, repo, "issues").body(json!({ "title": title, "body": body }));
        self.fetch_json::<IssueAnswer>(&request).await.map(Issue::from)
    }

    /// Changes an issue, or the state of a pull request (`PATCH /repos/{owner}/{repo}/issues/{issue_number}`), in one call.
    pub async fn edit_issue(&self, repo: &RepoName, number: u64, edit: &IssueEdit) -> Result<(), GitHubError> {
        let request = Request::repo(Method::PATCH, repo, &format!("issues/{number}"))
            .body(serde_json::to_value(edit).expect("an edit is plain data"));
        self.fetch_done(&request).await
    }

    /// Locks the conversation of an issue or pull request; one that is locked stays so
    /// (`PUT /repos/{owner}/{repo}/issues/{issue_number}/lock`).
    pub async fn lock(&self, repo: &RepoName, number: u64, reason: Option<LockReason>) -> Result<(), GitHubError> {
        let mut request = Request::repo(Method::PUT, repo, &format!("issues/{number}/lock"));
        if let Some(reason) = reason {
            request = request.body(json!({ "lock_reason": reason }));
        }
        self.fetch_done(&request).await
    }

    /// Unlocks a conversation; one that is not locked stays so
    /// (`DELETE /repos/{owner}/{repo}/issues/{issue_number}/lock`).
    pub async fn unlock(&self, repo: &RepoName, number: u64) -> Result<(), GitHubError> {
        let request = Request::repo(Method::DELETE, repo, &format!("issues/{number}/lock"));
        self.fetch_done(&request).await
    }

    /// All comments in the conversation of an issue or pull request, oldest first
    /// (`GET /repos/{owner}/{repo}/issues/{issue_number}/comments`).
    pub async fn issue_comments(&self, repo: &RepoName, number: u64) -> Result<Listing<Comment>, GitHubError> {
        let request = Request::repo(Method::GET, repo, &format!("issues/{number}/comments"));
        let found = pages::numbered::<CommentAnswer>(self, request).await?;
        Ok(found.map(Comment::from))
    }

    /// One comment (`GET /repos/{owner}/{repo}/issues/comments/{comment_id}`).
    pub async fn issue_comment(&self, repo: &RepoName, id: u64) -> Result<Comment, GitHubError> {
        let request = Request::repo(Method::GET, repo, &format!("issues/comments/{id}"));
        self.comment_of(&request).await
    }

    /// Comments under an issue or pull request (`POST /repos/{owner}/{repo}/issues/{issue_number}/comments`). Look before
    /// repeating.
    pub async fn create_issue_comment(&self, repo: &RepoName, number: u64, body: &str) -> Result<Comment, GitHubError> {
        let request =
            Request::repo(Method::POST, repo, &format!("issues/{number}/comments")).body(json!({ "body": body }));
        self.comment_of(&request).await
    }

    /// Replaces a comment's text (`PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}`).
    pub async fn edit_issue_comment(&self, repo: &RepoName, id: u64, body: &str) -> Result<(), GitHubError> {
        let request =
            Request::repo(Method::PATCH, repo, &format!("issues/comments/{id}")).body(json!({ "body": body }));
        self.fetch_done(&request).await
    }

    pub(super) async fn comment_of(&self, request: &Request) -> Result<Comment, GitHubError> {
        self.fetch_json::<CommentAnswer>(request).await.map(Comment::from)
    }
}

/// GitHub takes `YYYY-MM-DDTHH:MM:SSZ`.
pub(super) fn whole_seconds(instant: Timestamp) -> String {
    Timestamp::from_second(instant.as_second()).unwrap_or(instant).to_string()
}
