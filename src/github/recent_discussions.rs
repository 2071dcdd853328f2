//! The discussions that changed lately. REST has no list of them.
//!
//! What is read is put into the form of webhooks, as [`super::recent`] does.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    client::Installation,
    error::GitHubError,
    recent::{RecentPost, put_together},
    repositories::RepositoryFacts,
};

/// A discussion that changed.
pub struct RecentDiscussion {
    /// When it, or something in it, last changed.
    pub updated_at: Timestamp,
    /// The discussion itself, its last 20 comments, and the last 10 replies to each.
    pub posts: Vec<RecentPost>,
}

/// A page of discussions, those that changed last first.
pub struct RecentDiscussions {
    /// The discussions.
    pub discussions: Vec<RecentDiscussion>,
    /// Where the list goes on: to be given as `after`.
    pub next: Option<String>,
}

/// GraphQL points that one page costs: (1 page + 10 comment lists + 200 reply lists) / 100, as GitHub counts them ("Rate
/// limits and query limits for the GraphQL API").
pub const RECENT_DISCUSSIONS_COST: u64 = 2;

const RECENT: &str = "query RecentDiscussions($owner: String!, $name: String!, $after: String) { \
    repository(owner: $owner, name: $name) { \
    discussions(first: 10, after: $after, orderBy: {field: UPDATED_AT, direction: DESC}) { \
    pageInfo { hasNextPage endCursor } \
    nodes { id databaseId number title body url closed locked createdAt updatedAt lastEditedAt authorAssociation \
    author { __typename login ... on User { databaseId } } \
    comments(last: 20) { nodes { id databaseId body url createdAt lastEditedAt authorAssociation \
    author { __typename login ... on User { databaseId } } \
    replies(last: 10) { nodes { id databaseId body url createdAt lastEditedAt authorAssociation \
    author { __typename login ... on User { databaseId } } } } } } } } } }";

#[derive(Deserialize)]
struct Answer {
    repository: Option<Holder>,
}

#[derive(Deserialize)]
struct Holder {
    discussions: Page,
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

#[derive(Default, Deserialize)]
struct Nodes {
    #[serde(default)]
    nodes: Vec<Option<Node>>,
}

/// A discussion, a comment, or a reply.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Node {
    id: String,
    database_id: Option<u64>,
    body: String,
    url: String,
    created_at: Timestamp,
    last_edited_at: Option<Timestamp>,
    author_association: Option<String>,
    author: Option<Author>,
    // of a discussion
    number: Option<u64>,
    title: Option<String>,
    #[serde(default)]
    closed: bool,
    #[serde(default)]
    locked: bool,
    updated_at: Option<Timestamp>,
    comments: Option<Nodes>,
    // of a comment
    replies: Option<Nodes>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Author {
    #[serde(rename = "__typename")]
    kind: String,
    login: String,
    database_id: Option<u64>,
}

impl Author {
    /// As REST and deliveries write it: machine accounts with their suffix.
    fn as_webhook(&self) -> Value {
        let is_bot = self.kind == "Bot";
        let suffix = if is_bot && !self.login.ends_with("[bot]") { "[bot]" } else { "" };
        json!({ "login": format!("{}{suffix}", self.login), "id": self.database_id, "type": self.kind })
    }
}

impl Node {
    /// When its words last changed.
    fn changed_at(&self) -> Timestamp {
        self.last_edited_at.unwrap_or(self.created_at)
    }

    fn as_webhook(&self) -> Value {
        json!({
            "id": self.database_id,
            "node_id": self.id,
            "html_url": self.url,
            "number": self.number,
            "title": self.title,
            "body": self.body,
            "state": if self.closed { "closed" } else { "open" },
            "locked": self.locked,
            "user": self.author.as_ref().map(Author::as_webhook),
            "author_association": self.author_association,
            "created_at": self.created_at.to_string(),
            "updated_at": self.changed_at().to_string(),
        })
    }
}

impl Installation {
    /// One page of the discussions of a repository, those that changed last first.
    pub async fn recent_discussions(
        &self,
        repository: &RepositoryFacts,
        after: Option<&str>,
    ) -> Result<RecentDiscussions, GitHubError> {
        let name = &repository.name;
        let variables = json!({ "owner": name.owner, "name": name.name, "after": after });
        let answer: Answer = self.graphql(RECENT, variables).await?;
        let page = answer.repository.ok_or(GitHubError::NotFound)?.discussions;
        let next = page.page_info.end_cursor.filter(|_| page.page_info.has_next_page);
        let discussions = page.nodes.into_iter().flatten().map(|node| read(node, repository, self.id())).collect();
        Ok(RecentDiscussions { discussions, next })
    }
}

fn read(mut discussion: Node, repository: &RepositoryFacts, installation: u64) -> RecentDiscussion {
    let updated_at = discussion.updated_at.unwrap_or_else(|| discussion.changed_at());
    let comments = discussion.comments.take().unwrap_or_default().nodes;
    let shown = discussion.as_webhook();
    let opening = json!({ "action": "created", "discussion": shown });
    let mut posts: Vec<_> =
        put_together("discussion", opening, discussion.changed_at(), repository, installation).into_iter().collect();
    for mut comment in comments.into_iter().flatten() {
        let replies = comment.replies.take().unwrap_or_default().nodes;
        for comment in std::iter::once(comment).chain(replies.into_iter().flatten()) {
            let payload = json!({ "action": "created", "discussion": shown, "comment": comment.as_webhook() });
            posts.extend(put_together("discussion_comment", payload, comment.changed_at(), repository, installation));
        }
    }
    RecentDiscussion { updated_at, posts }
}
