//! Tags with the dates of the commits that they stand on. REST lists tags without dates, so this is GraphQL.

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::Deserialize;
use serde_json::json;

use super::{client::Installation, error::GitHubError};
use crate::domain::post::RepoName;

/// Pages of 100 that are read at most.
const MOST_PAGES: usize = 30;

const TAGS: &str = "query Tags($owner: String!, $name: String!, $after: String) { \
    repository(owner: $owner, name: $name) { \
    refs(refPrefix: \"refs/tags/\", first: 100, after: $after) { \
    pageInfo { hasNextPage endCursor } \
    nodes { name target { __typename ... on Commit { committedDate } \
    ... on Tag { target { __typename ... on Commit { committedDate } } } } } } } }";

#[derive(Deserialize)]
struct Answer {
    repository: Option<Holder>,
}

#[derive(Deserialize)]
struct Holder {
    refs: Option<Page>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    page_info: PageInfo,
    #[serde(default)]
    nodes: Vec<Option<Node>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageInfo {
    has_next_page: bool,
    end_cursor: Option<String>,
}

#[derive(Deserialize)]
struct Node {
    name: String,
    target: Option<Target>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Target {
    committed_date: Option<Timestamp>,
    /// What an annotated tag stands on.
    target: Option<Box<Self>>,
}

impl Target {
    fn committed(&self) -> Option<Timestamp> {
        self.committed_date.or_else(|| self.target.as_ref()?.committed())
    }
}

impl Installation {
    /// The tags of a repository by their short names, each with the day (UTC) of its commit; those that stand on no commit
    /// are left out. One point of GraphQL for each hundred; wants `contents: read`.
    pub async fn tag_days(&self, repo: &RepoName) -> Result<Vec<(String, Date)>, GitHubError> {
        let mut found = Vec::new();
        let mut after: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let variables = json!({ "owner": repo.owner, "name": repo.name, "after": after });
            let answer: Answer = self.graphql(TAGS, variables).await?;
            let page = answer.repository.ok_or(GitHubError::NotFound)?.refs;
            let Some(Page { page_info, nodes }) = page else {
                return Ok(found);
            };
            found.extend(nodes.into_iter().flatten().filter_map(|node| {
                let at = node.target.as_ref()?.committed()?;
                Some((node.name, at.to_zoned(TimeZone::UTC).date()))
            }));
            after = page_info.end_cursor.filter(|_| page_info.has_next_page);
            if after.is_none() {
                return Ok(found);
            }
        }
        Err(GitHubError::Unreadable { what: "a list of tags that comes to its end" })
    }
}
