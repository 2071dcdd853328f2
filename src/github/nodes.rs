//! What can be done with anything that has a global id: hide it, react to it, look at its text and its edits.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use super::{client::Installation, error::GitHubError, reactions::Reaction};
use crate::domain::{embargoed::Embargoed, post::Account};

/// The label under which a comment is folded away; one click shows it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HideReason {
    /// Abuse.
    Abuse,
    /// Duplicate.
    Duplicate,
    /// Off-topic.
    OffTopic,
    /// Outdated.
    Outdated,
    /// Resolved.
    Resolved,
    /// Spam.
    Spam,
}

impl HideReason {
    fn graphql_name(self) -> &'static str {
        match self {
            Self::Abuse => "ABUSE",
            Self::Duplicate => "DUPLICATE",
            Self::OffTopic => "OFF_TOPIC",
            Self::Outdated => "OUTDATED",
            Self::Resolved => "RESOLVED",
            Self::Spam => "SPAM",
        }
    }
}

/// One revision in a post's edit history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentEdit {
    /// When the edit was made.
    pub edited_at: Timestamp,
    /// When somebody deleted the revision from the history, if anybody did.
    pub deleted_at: Option<Timestamp>,
    /// Whether GitHub still shows what it said.
    pub has_diff: bool,
}

impl ContentEdit {
    /// Whether every reader of the repository can still read it.
    pub fn is_readable(&self) -> bool {
        self.deleted_at.is_none() && self.has_diff
    }
}

/// The present words of a post.
#[derive(Clone)]
pub struct NodeText {
    /// Its title; `None` where the surface has none.
    pub title: Option<Embargoed<String>>,
    /// Its body.
    pub body: Embargoed<String>,
}

const MINIMIZE: &str = "mutation MinimizeComment($id: ID!, $reason: ReportedContentClassifiers!) { \
    minimizeComment(input: {subjectId: $id, classifier: $reason}) { minimizedComment { isMinimized } } }";

const UNMINIMIZE: &str = "mutation UnminimizeComment($id: ID!) { \
    unminimizeComment(input: {subjectId: $id}) { unminimizedComment { isMinimized } } }";

const ADD_REACTION: &str = "mutation AddReaction($id: ID!, $content: ReactionContent!) { \
    addReaction(input: {subjectId: $id, content: $content}) { reaction { content } } }";

const EDITS: &str = "query UserContentEdits($id: ID!) { node(id: $id) { ... on Comment { \
    userContentEdits(first: 100) { nodes { editedAt deletedAt diff } } } } }";

const EDITOR: &str = "query PostEditor($id: ID!) { node(id: $id) { ... on Comment { editor { __typename login } } } }";

const TEXT: &str = "query PostText($id: ID!) { node(id: $id) { \
    ... on Comment { body } ... on Issue { title } ... on PullRequest { title } ... on Discussion { title } } }";

#[derive(Deserialize)]
struct NodeOf<T> {
    node: Option<T>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EditsHolder {
    user_content_edits: Option<EditPage>,
}

#[derive(Deserialize)]
struct EditPage {
    #[serde(default)]
    nodes: Vec<Option<EditAnswer>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EditAnswer {
    edited_at: Timestamp,
    deleted_at: Option<Timestamp>,
    diff: Option<String>,
}

#[derive(Deserialize)]
struct EditorHolder {
    editor: Option<EditorAnswer>,
}

#[derive(Deserialize)]
struct EditorAnswer {
    #[serde(rename = "__typename")]
    kind: String,
    login: String,
}

#[derive(Deserialize)]
struct TextAnswer {
    title: Option<String>,
    body: Option<String>,
}

impl Installation {
    /// Folds a comment or review away. Issues, pull requests and discussions themselves can't be.
    pub async fn minimize(&self, node_id: &str, reason: HideReason) -> Result<(), GitHubError> {
        let variables = json!({ "id": node_id, "reason": reason.graphql_name() });
        self.mutate(MINIMIZE, variables).await
    }

    /// Shows a folded comment again.
    pub async fn unminimize(&self, node_id: &str) -> Result<(), GitHubError> {
        self.mutate(UNMINIMIZE, json!({ "id": node_id })).await
    }

    /// Reacts to anything that can be reacted to, discussions and their comments among them.
    pub async fn react_to_node(&self, node_id: &str, reaction: Reaction) -> Result<(), GitHubError> {
        let variables = json!({ "id": node_id, "content": reaction.graphql_name() });
        self.mutate(ADD_REACTION, variables).await
    }

    /// The edit history of a post, at most 100 revisions, as GitHub orders them (newest first). Empty for a post that was
    /// never edited.
    pub async fn user_content_edits(&self, node_id: &str) -> Result<Vec<ContentEdit>, GitHubError> {
        let answer: NodeOf<EditsHolder> = self.graphql(EDITS, json!({ "id": node_id })).await?;
        let edits = answer.node.ok_or(GitHubError::NotFound)?.user_content_edits;
        Ok(edits
            .map(|page| page.nodes)
            .unwrap_or_default()
            .into_iter()
            .flatten()
            .map(|edit| ContentEdit {
                edited_at: edit.edited_at,
                deleted_at: edit.deleted_at,
                has_diff: edit.diff.is_some_and(|diff| !diff.is_empty()),
            })
            .collect())
    }

    /// Who edited a post last; `None` where it was never edited, or GitHub does not tell. The account's number is not known
    /// here (0).
    pub async fn last_editor(&self, node_id: &str) -> Result<Option<Account>, GitHubError> {
        let answer: NodeOf<EditorHolder> = self.graphql(EDITOR, json!({ "id": node_id })).await?;
        Ok(answer.node.and_then(|node| node.editor).map(|editor| {
            let is_bot = editor.kind == "Bot";
            // GraphQL leaves out the suffix by which REST and deliveries mark machine accounts
            let login = if is_bot && !editor.login.ends_with("[bot]") {
                format!("{}[bot]", editor.login)
            } else {
                editor.login
            };
            Account { login, id: 0, is_bot }
        }))
    }

    /// The present words of any post; `None` if it is gone.
    pub async fn text_of(&self, node_id: &str) -> Result<Option<NodeText>, GitHubError> {
        let answer = self.graphql::<NodeOf<TextAnswer>>(TEXT, json!({ "id": node_id })).await;
        let found = match answer {
            Err(GitHubError::NotFound) => None,
            answer => answer?.node,
        };
        Ok(found.map(|text| NodeText {
            title: text.title.map(Embargoed::new),
            body: Embargoed::new(text.body.unwrap_or_default()),
        }))
    }
}
