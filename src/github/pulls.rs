//! Pull requests, reviews and comments on diffs.

use reqwest::Method;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    client::{Installation, Sender},
    error::GitHubError,
    issues::Comment,
    pages::PAGE_SIZE,
    request::Request,
};
use crate::domain::post::RepoName;

#[derive(Deserialize)]
struct ChangedFile {
    filename: String,
    #[serde(default)]
    previous_filename: Option<String>,
}

impl Installation {
    /// Replaces a pull request's title, body or both (`PATCH /repos/{owner}/{repo}/pulls/{pull_number}`). Its state is
    /// left alone; see [`Installation::edit_issue`].
    pub async fn edit_pull(
        &self,
        repo: &RepoName,
        number: u64,
        title: Option<&str>,
        body: Option<&str>,
    ) -> Result<(), GitHubError> {
        let mut change = Map::new();
        for (name, text) in [("title", title), ("body", body)] {
            if let Some(text) = text {
                change.insert(name.to_owned(), Value::from(text));
            }
        }
        let request = Request::repo(Method::PATCH, repo, &format!("pulls/{number}")).body(Value::Object(change));
        self.fetch_done(&request).await
    }

    /// Paths of the files that a pull request changes (`GET /repos/{owner}/{repo}/pulls/{pull_number}/files`), `None` where
    /// there are more than one page of them. A renamed file has both its paths.
    pub async fn changed_files(&self, repo: &RepoName, number: u64) -> Result<Option<Vec<String>>, GitHubError> {
        let mut request = Request::repo(Method::GET, repo, &format!("pulls/{number}/files"));
        request.set_query("per_page", PAGE_SIZE.to_string());
        let files: Vec<ChangedFile> = self.fetch(&request).await?.json()?;
        let is_all = files.len() < PAGE_SIZE;
        let paths = files.into_iter().flat_map(|file| std::iter::once(file.filename).chain(file.previous_filename));
        Ok(is_all.then(|| paths.collect()))
    }

    /// A review (`GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews/{review_id}`).
    pub async fn review(&self, repo: &RepoName, number: u64, id: u64) -> Result<Comment, GitHubError> {
        let request = Request::repo(Method::GET, repo, &format!("pulls/{number}/reviews/{id}"));
        self.comment_of(&request).await
    }

    /// Replaces the summary text of a review (`PUT /repos/{owner}/{repo}/pulls/{pull_number}/reviews/{review_id}`).
    pub async fn edit_review(&self, repo: &RepoName, number: u64, id: u64, body: &str) -> Result<(), GitHubError> {
        let request =
            Request::repo(Method::PUT, repo, &format!("pulls/{number}/reviews/{id}")).body(json!({ "body": body }));
        self.fetch_done(&request).await
    }

    /// A comment on a diff (`GET /repos/{owner}/{repo}/pulls/comments/{comment_id}`).
    pub async fn review_comment(&self, repo: &RepoName, id: u64) -> Result<Comment, GitHubError> {
        let request = Request::repo(Method::GET, repo, &format!("pulls/comments/{id}"));
        self.comment_of(&request).await
    }

    /// Replaces the text of a comment on a diff (`PATCH /repos/{owner}/{repo}/pulls/comments/{comment_id}`).
    pub async fn edit_review_comment(&self, repo: &RepoName, id: u64, body: &str) -> Result<(), GitHubError> {
        let request = Request::repo(Method::PATCH, repo, &format!("pulls/comments/{id}")).body(json!({ "body": body }));
        self.fetch_done(&request).await
    }
}
