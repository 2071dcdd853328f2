//! Discussions, which only GraphQL can change. A discussion is named by its global id; [`Installation::discussion`] finds
//! it by number.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use super::{
    client::Installation,
    error::GitHubError,
    issues::LockReason,
    pages::{Listing, PAGE_SIZE, PAGES_MAX},
};
use crate::domain::{
    embargoed::Embargoed,
    post::{Account, RepoName},
};

/// Why a discussion is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiscussionClose {
    /// Settled.
    Resolved,
    /// No longer relevant.
    Outdated,
    /// The same as another one.
    Duplicate,
}

impl DiscussionClose {
    fn graphql_name(self) -> &'static str {
        match self {
            Self::Resolved => "RESOLVED",
            Self::Outdated => "OUTDATED",
            Self::Duplicate => "DUPLICATE",
        }
    }
}

/// A discussion.
#[derive(Clone)]
pub struct DiscussionFacts {
    /// Global id.
    pub node_id: String,
    /// Number within the repository.
    pub number: u64,
    /// Title.
    pub title: Embargoed<String>,
    /// Body.
    pub body: Embargoed<String>,
    /// Whether it is closed.
    pub closed: bool,
    /// Whether only people with write access may comment.
    pub locked: bool,
    /// Number of comments, replies not counted.
    pub comments: u64,
}

/// A comment in a discussion, or a reply to one.
#[derive(Clone)]
pub struct DiscussionComment {
    /// Database id; 0 where GitHub did not say.
    pub id: u64,
    /// Global id.
    pub node_id: String,
    /// Web address.
    pub html_url: String,
    /// Text, as Markdown source.
    pub body: Embargoed<String>,
    /// Who wrote it; its number is not known here (0).
    pub author: Account,
    /// When it was written.
    pub created_at: Timestamp,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DiscussionAnswer {
    id: String,
    number: u64,
    title: String,
    body: String,
    closed: bool,
    locked: bool,
    comments: Count,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Count {
    total_count: u64,
}

#[derive(Deserialize)]
struct DiscussionOfRepository {
    repository: Option<DiscussionHolder>,
}

#[derive(Deserialize)]
struct DiscussionHolder {
    discussion: Option<DiscussionAnswer>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CommentAnswer {
    id: String,
    database_id: Option<u64>,
    url: String,
    body: String,
    author: Option<AuthorAnswer>,
    created_at: Timestamp,
    replies: Option<CommentPage>,
}

#[derive(Deserialize)]
struct AuthorAnswer {
    #[serde(rename = "__typename")]
    kind: String,
    login: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CommentPage {
    nodes: Vec<CommentAnswer>,
    page_info: PageInfo,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageInfo {
    has_next_page: bool,
    end_cursor: Option<String>,
}

#[derive(Deserialize)]
struct CommentsOfNode {
    node: Option<CommentsHolder>,
}

#[derive(Deserialize)]
struct CommentsHolder {
    comments: CommentPage,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AddedComment {
    add_discussion_comment: AddedCommentHolder,
}

#[derive(Deserialize)]
struct AddedCommentHolder {
    comment: CommentAnswer,
}

impl CommentAnswer {
    fn into_comment(self) -> DiscussionComment {
        DiscussionComment {
            id: self.database_id.unwrap_or_default(),
            node_id: self.id,
            html_url: self.url,
            body: Embargoed::new(self.body),
            author: match self.author {
                Some(author) => Account {
                    is_bot: author.kind == "Bot" || author.login.ends_with("[bot]"),
                    login: author.login,
                    id: 0,
                },
                None => Account { login: "ghost".to_owned(), id: 0, is_bot: false },
            },
            created_at: self.created_at,
        }
    }
}

const DISCUSSION: &str = "query Discussion($owner: String!, $name: String!, $number: Int!) { \
    repository(owner: $owner, name: $name) { discussion(number: $number) { \
    id number title body closed locked comments { totalCount } } } }";

const COMMENTS: &str = "query DiscussionComments($id: ID!, $first: Int!, $after: String) { \
    node(id: $id) { ... on Discussion { comments(first: $first, after: $after) { \
    pageInfo { hasNextPage endCursor } \
    nodes { id databaseId url body createdAt author { __typename login } \
    replies(first: 100) { pageInfo { hasNextPage endCursor } \
    nodes { id databaseId url body createdAt author { __typename login } } } } } } } }";

const UPDATE: &str = "mutation UpdateDiscussion($id: ID!, $title: String, $body: String) { \
    updateDiscussion(input: {discussionId: $id, title: $title, body: $body}) { discussion { id } } }";

const CLOSE: &str = "mutation CloseDiscussion($id: ID!, $reason: DiscussionCloseReason) { \
    closeDiscussion(input: {discussionId: $id, reason: $reason}) { discussion { id } } }";

const UPDATE_AND_CLOSE: &str = "mutation UpdateAndCloseDiscussion($id: ID!, $title: String, $body: String, \
    $reason: DiscussionCloseReason) { \
    updateDiscussion(input: {discussionId: $id, title: $title, body: $body}) { discussion { id } } \
    closeDiscussion(input: {discussionId: $id, reason: $reason}) { discussion { id } } }";

const REOPEN: &str = "mutation ReopenDiscussion($id: ID!) { \
    reopenDiscussion(input: {discussionId: $id}) { discussion { id } } }";

const LOCK: &str = "mutation LockLockable($id: ID!, $reason: LockReason) { \
    lockLockable(input: {lockableId: $id, lockReason: $reason}) { lockedRecord { locked } } }";

const UNLOCK: &str = "mutation UnlockLockable($id: ID!) { \
    unlockLockable(input: {lockableId: $id}) { unlockedRecord { locked } } }";

const ADD_COMMENT: &str = "mutation AddDiscussionComment($id: ID!, $body: String!, $replyTo: ID) { \
    addDiscussionComment(input: {discussionId: $id, body: $body, replyToId: $replyTo}) { \
    comment { id databaseId url body createdAt author { __typename login } } } }";

const UPDATE_COMMENT: &str = "mutation UpdateDiscussionComment($id: ID!, $body: String!) { \
    updateDiscussionComment(input: {commentId: $id, body: $body}) { comment { id } } }";

impl Installation {
    /// A discussion by its number.
    pub async fn discussion(&self, repo: &RepoName, number: u64) -> Result<DiscussionFacts, GitHubError> {
        let variables = json!({ "owner": repo.owner, "name": repo.name, "number": number });
        let answer: DiscussionOfRepository = self.graphql(DISCUSSION, variables).await?;
        let found = answer.repository.and_then(|repository| repository.discussion).ok_or(GitHubError::NotFound)?;
        Ok(DiscussionFacts {
            node_id: found.id,
            number: found.number,
            title: Embargoed::new(found.title),
            body: Embargoed::new(found.body),
            closed: found.closed,
            locked: found.locked,
            comments: found.comments.total_count,
        })
    }

    /// Replaces a discussion's title, body or both.
    pub async fn edit_discussion(
        &self,
        node_id: &str,
        title: Option<&str>,
        body: Option<&str>,
    ) -> Result<(), GitHubError> {
        let mut variables = json!({ "id": node_id });
        // null would be a value; what is to stay must not be named
        for (name, text) in [("title", title), ("body", body)] {
            if let Some(text) = text {
                variables[name] = text.into();
            }
        }
        self.mutate(UPDATE, variables).await
    }

    /// Changes title and body and closes, in one call. GitHub carries out the parts in order and each for itself: after an
    /// error the words may have been replaced all the same (GraphQL `updateDiscussion`, `closeDiscussion`).
    pub async fn edit_and_close_discussion(
        &self,
        node_id: &str,
        title: &str,
        body: &str,
        reason: DiscussionClose,
    ) -> Result<(), GitHubError> {
        let reason = reason.graphql_name();
        let variables = json!({ "id": node_id, "title": title, "body": body, "reason": reason });
        self.mutate(UPDATE_AND_CLOSE, variables).await
    }

    /// Closes a discussion.
    pub async fn close_discussion(&self, node_id: &str, reason: DiscussionClose) -> Result<(), GitHubError> {
        let variables = json!({ "id": node_id, "reason": reason.graphql_name() });
        self.mutate(CLOSE, variables).await
    }

    /// Opens a discussion again.
    pub async fn reopen_discussion(&self, node_id: &str) -> Result<(), GitHubError> {
        self.mutate(REOPEN, json!({ "id": node_id })).await
    }

    /// Locks a discussion, issue or pull request by its global id.
    pub async fn lock_node(&self, node_id: &str, reason: Option<LockReason>) -> Result<(), GitHubError> {
        let mut variables = json!({ "id": node_id });
        if let Some(reason) = reason {
            variables["reason"] = match reason {
                LockReason::OffTopic => "OFF_TOPIC",
                LockReason::TooHeated => "TOO_HEATED",
                LockReason::Resolved => "RESOLVED",
                LockReason::Spam => "SPAM",
            }
            .into();
        }
        self.mutate(LOCK, variables).await
    }

    /// Unlocks a discussion, issue or pull request by its global id.
    pub async fn unlock_node(&self, node_id: &str) -> Result<(), GitHubError> {
        self.mutate(UNLOCK, json!({ "id": node_id })).await
    }

    /// The comments of a discussion with their replies (at most 100 of each), oldest first.
    pub async fn discussion_comments(&self, node_id: &str) -> Result<Listing<DiscussionComment>, GitHubError> {
        let mut listing = Listing { items: Vec::new(), complete: false };
        let mut after: Option<String> = None;
        let mut replies_complete = true;
        for _ in 0..PAGES_MAX {
            let variables = json!({ "id": node_id, "first": PAGE_SIZE, "after": after });
            let answer: CommentsOfNode = self.graphql(COMMENTS, variables).await?;
            let page = answer.node.ok_or(GitHubError::NotFound)?.comments;
            for mut comment in page.nodes {
                let replies = comment.replies.take();
                listing.items.push(comment.into_comment());
                if let Some(replies) = replies {
                    replies_complete &= !replies.page_info.has_next_page;
                    let replies = replies.nodes.into_iter().map(CommentAnswer::into_comment);
                    listing.items.extend(replies);
                }
            }
            let next = page.page_info.end_cursor;
            if !page.page_info.has_next_page || next.is_none() {
                listing.complete = replies_complete;
                break;
            }
            if next == after {
                break;
            }
            after = next;
        }
        Ok(listing)
    }

    /// Comments in a discussion, or replies to the comment `reply_to`. Look before repeating.
    pub async fn create_discussion_comment(
        &self,
        discussion: &str,
        body: &str,
        reply_to: Option<&str>,
    ) -> Result<DiscussionComment, GitHubError> {
        let mut variables = json!({ "id": discussion, "body": body });
        if let Some(comment) = reply_to {
            variables["replyTo"] = comment.into();
        }
        let answer: AddedComment = self.graphql(ADD_COMMENT, variables).await?;
        Ok(answer.add_discussion_comment.comment.into_comment())
    }

    /// Replaces the text of a comment in a discussion.
    pub async fn edit_discussion_comment(&self, node_id: &str, body: &str) -> Result<(), GitHubError> {
        self.mutate(UPDATE_COMMENT, json!({ "id": node_id, "body": body })).await
    }
}
