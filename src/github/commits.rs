//! Comments on commits.

use reqwest::Method;
use serde_json::json;

use super::{
    client::{Installation, Sender},
    error::GitHubError,
    issues::{Comment, CommentAnswer},
    pages::{self, Listing},
    request::Request,
};
use crate::domain::post::RepoName;

impl Installation {
    /// All comments on a commit (`GET /repos/{owner}/{repo}/commits/{commit_sha}/comments`).
    pub async fn commit_comments(&self, repo: &RepoName, commit: &str) -> Result<Listing<Comment>, GitHubError> {
        let request = Request::repo(Method::GET, repo, "commits").segment(commit).segment("comments");
        let found = pages::numbered::<CommentAnswer>(self, request).await?;
        Ok(found.map(Comment::from))
    }

    /// One comment on a commit (`GET /repos/{owner}/{repo}/comments/{comment_id}`).
    pub async fn commit_comment(&self, repo: &RepoName, id: u64) -> Result<Comment, GitHubError> {
        let request = Request::repo(Method::GET, repo, &format!("comments/{id}"));
        self.comment_of(&request).await
    }

    /// Comments on a commit (`POST /repos/{owner}/{repo}/commits/{commit_sha}/comments`). Look before repeating.
    pub async fn create_commit_comment(
        &self,
        repo: &RepoName,
        commit: &str,
        body: &str,
    ) -> Result<Comment, GitHubError> {
        let request = Request::repo(Method::POST, repo, "commits")
            .segment(commit)
            .segment("comments")
            .body(json!({ "body": body }));
        self.comment_of(&request).await
    }

    /// Replaces the text of a comment on a commit (`PATCH /repos/{owner}/{repo}/comments/{comment_id}`).
    pub async fn edit_commit_comment(&self, repo: &RepoName, id: u64, body: &str) -> Result<(), GitHubError> {
        let request = Request::repo(Method::PATCH, repo, &format!("comments/{id}")).body(json!({ "body": body }));
        self.fetch_done(&request).await
    }
}
