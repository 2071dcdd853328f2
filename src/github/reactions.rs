//! Reactions: the smallest public answer there is.

use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    client::{Installation, Sender},
    error::GitHubError,
    request::Request,
};
use crate::domain::post::RepoName;

/// A reaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reaction {
    /// Thumbs up.
    PlusOne,
    /// Thumbs down.
    MinusOne,
    /// Laughing.
    Laugh,
    /// Confused.
    Confused,
    /// Heart.
    Heart,
    /// Party popper.
    Hooray,
    /// Rocket.
    Rocket,
    /// Eyes.
    Eyes,
}

impl Reaction {
    fn rest_name(self) -> &'static str {
        match self {
            Self::PlusOne => "+1",
            Self::MinusOne => "-1",
            Self::Laugh => "laugh",
            Self::Confused => "confused",
            Self::Heart => "heart",
            Self::Hooray => "hooray",
            Self::Rocket => "rocket",
            Self::Eyes => "eyes",
        }
    }

    pub(super) fn graphql_name(self) -> &'static str {
        match self {
            Self::PlusOne => "THUMBS_UP",
            Self::MinusOne => "THUMBS_DOWN",
            Self::Laugh => "LAUGH",
            Self::Confused => "CONFUSED",
            Self::Heart => "HEART",
            Self::Hooray => "HOORAY",
            Self::Rocket => "ROCKET",
            Self::Eyes => "EYES",
        }
    }
}

/// Reacting twice in the same way is reacting once, so all of these may be repeated. Discussions and everything else with
/// a global id: [`Installation::react_to_node`].
impl Installation {
    /// Reacts to an issue or pull request (`POST …/issues/{issue_number}/reactions`).
    pub async fn react_to_issue(&self, repo: &RepoName, number: u64, reaction: Reaction) -> Result<(), GitHubError> {
        self.react(repo, &format!("issues/{number}"), reaction).await
    }

    /// Reacts to a comment under an issue or pull request (`POST …/issues/comments/{comment_id}/reactions`).
    pub async fn react_to_issue_comment(
        &self,
        repo: &RepoName,
        id: u64,
        reaction: Reaction,
    ) -> Result<(), GitHubError> {
        self.react(repo, &format!("issues/comments/{id}"), reaction).await
    }

    /// Reacts to a comment on a diff (`POST …/pulls/comments/{comment_id}/reactions`).
    pub async fn react_to_review_comment(
        &self,
        repo: &RepoName,
        id: u64,
        reaction: Reaction,
    ) -> Result<(), GitHubError> {
        self.react(repo, &format!("pulls/comments/{id}"), reaction).await
    }

    /// Reacts to a comment on a commit (`POST …/comments/{comment_id}/reactions`).
    pub async fn react_to_commit_comment(
        &self,
        repo: &RepoName,
        id: u64,
        reaction: Reaction,
    ) -> Result<(), GitHubError> {
        self.react(repo, &format!("comments/{id}"), reaction).await
    }

    async fn react(&self, repo: &RepoName, subject: &str, reaction: Reaction) -> Result<(), GitHubError> {
        let request = Request::repo(Method::POST, repo, &format!("{subject}/reactions"))
            .body(json!({ "content": reaction.rest_name() }));
        self.fetch_done(&request).await
    }
}
