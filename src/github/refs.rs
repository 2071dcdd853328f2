//! GitHub's own list of branches and tags, to see whether anything has changed.

use reqwest::{Method, header};
use serde::Deserialize;

use super::{
    client::{Installation, Sender},
    error::GitHubError,
    request::Request,
};
use crate::domain::post::RepoName;

/// A list of refs by whole name, with the object that each stands on (of an annotated tag the tag object).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RefList {
    /// Name and object.
    pub refs: Vec<(String, String)>,
    /// GitHub's name for this very answer.
    pub etag: Option<String>,
}

/// What GitHub answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefsAnswer {
    /// What it said last still holds.
    Unchanged,
    /// The list.
    List(RefList),
}

#[derive(Deserialize)]
struct RefAnswer {
    #[serde(rename = "ref")]
    name: String,
    object: ObjectAnswer,
}

#[derive(Deserialize)]
struct ObjectAnswer {
    sha: String,
}

impl Installation {
    /// The refs whose name begins with `refs/` and `prefix` (`GET /repos/{owner}/{repo}/git/matching-refs/{ref}`). Nothing is
    /// read, and nothing spent, where they are still what `etag` stands for.
    pub async fn matching_refs(
        &self,
        repo: &RepoName,
        prefix: &str,
        etag: Option<&str>,
    ) -> Result<RefsAnswer, GitHubError> {
        let mut request = Request::repo(Method::GET, repo, "git/matching-refs");
        for part in prefix.split('/').filter(|part| !part.is_empty()) {
            request = request.segment(part);
        }
        request.known_etag = etag.map(str::to_owned);
        let answer = match self.fetch(&request).await {
            Err(GitHubError::Refused { status: 304 }) => return Ok(RefsAnswer::Unchanged),
            // A repository without commits.
            Err(GitHubError::NotFound) => return Ok(RefsAnswer::List(RefList::default())),
            answer => answer?,
        };
        let found: Vec<RefAnswer> = answer.json()?;
        let etag = answer.headers.get(header::ETAG).and_then(|etag| etag.to_str().ok()).map(str::to_owned);
        Ok(RefsAnswer::List(RefList { refs: found.into_iter().map(|one| (one.name, one.object.sha)).collect(), etag }))
    }
}
