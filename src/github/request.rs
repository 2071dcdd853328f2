//! One request, before it is sent. Paths are lists of segments, so that nothing in a name can lead elsewhere.

use reqwest::{Method, Url};
use serde_json::Value;

use super::error::GitHubError;
use crate::domain::post::RepoName;

/// Which door of GitHub's a request goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Door {
    Rest,
    GraphQl,
}

/// A request. Has no `Debug`: its path and body may hold what is private.
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) door: Door,
    path: Vec<String>,
    query: Vec<(&'static str, String)>,
    /// The answer's `ETag` of an earlier time: where nothing has changed, GitHub answers 304, which costs no budget.
    pub(super) known_etag: Option<String>,
    pub(super) body: Option<Value>,
}

impl Request {
    pub(super) fn new<S: ToString>(method: Method, path: impl IntoIterator<Item = S>) -> Self {
        Self {
            method,
            door: Door::Rest,
            path: path.into_iter().map(|segment| segment.to_string()).collect(),
            query: Vec::new(),
            known_etag: None,
            body: None,
        }
    }

    /// A request about a repository: `/repos/{owner}/{repo}` and `rest`, whose parts are separated by `/`.
    ///
    /// `rest` is made of constants and numbers only; names go through [`Request::segment`].
    pub(super) fn repo(method: Method, repo: &RepoName, rest: &str) -> Self {
        let rest = rest.split('/').filter(|part| !part.is_empty());
        Self::new(method, ["repos", repo.owner.as_str(), repo.name.as_str()].into_iter().chain(rest))
    }

    pub(super) fn graphql(body: Value) -> Self {
        Self {
            method: Method::POST,
            door: Door::GraphQl,
            path: Vec::new(),
            query: Vec::new(),
            known_etag: None,
            body: Some(body),
        }
    }

    /// The same request, one path segment longer.
    #[must_use]
    pub(super) fn segment(mut self, segment: impl ToString) -> Self {
        self.path.push(segment.to_string());
        self
    }

    #[must_use]
    pub(super) fn query(mut self, name: &'static str, value: impl ToString) -> Self {
        self.set_query(name, value.to_string());
        self
    }

    pub(super) fn set_query(&mut self, name: &'static str, value: String) {
        self.query.retain(|(known, _)| *known != name);
        self.query.push((name, value));
    }

    #[must_use]
    pub(super) fn body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    /// The request's address below `base`.
    pub(super) fn url(&self, base: &Url) -> Result<Url, GitHubError> {
        let mut url = base.clone();
        {
            let refused = GitHubError::NotSent { what: "a part of its path is empty, or points elsewhere" };
            let mut segments = url.path_segments_mut().map_err(|()| refused.clone())?;
            segments.pop_if_empty();
            for segment in &self.path {
                if segment.is_empty() || segment == "." || segment == ".." {
                    return Err(refused);
                }
                segments.push(segment);
            }
        }
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        Ok(url)
    }
}
