//! Posts: what people publish on public surfaces, in the program's own words.
//!
//! A [`PostPlace`] says where a post stands and may be stored and shown: everything in it is public. The post's text is
//! [`Embargoed`] from the moment it is parsed, because it may turn out to be a report.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::embargoed::Embargoed;

/// `owner/name` of a repository.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RepoName {
    /// The account or organisation.
    pub owner: String,
    /// The repository's name, without its owner.
    pub name: String,
}

impl fmt::Display for RepoName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

impl std::str::FromStr for RepoName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = |part: &str| {
            !part.is_empty()
                && part != "."
                && part != ".."
                && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        };
        match text.split_once('/') {
            Some((owner, name)) if plain(owner) && plain(name) => {
                Ok(Self { owner: owner.to_owned(), name: name.to_owned() })
            }
            _ => Err(format!("{text:?} is not a repository; write it as owner/name")),
        }
    }
}

/// A public place where people write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Surface {
    /// An issue's title and body.
    Issue,
    /// A pull request's title and body; its diff is public whatever we do.
    PullRequest,
    /// A comment under an issue.
    IssueComment,
    /// A comment in the conversation of a pull request.
    PullRequestComment,
    /// The summary text of a review.
    Review,
    /// A comment on a line of a diff.
    ReviewComment,
    /// A discussion's title and body.
    Discussion,
    /// A comment or reply in a discussion.
    DiscussionComment,
    /// A comment on a commit.
    CommitComment,
}

impl Surface {
    /// Whether the post opens its thread (and has a title) rather than standing in it.
    pub fn opens_thread(self) -> bool {
        matches!(self, Self::Issue | Self::PullRequest | Self::Discussion)
    }

    /// The name that people read in reasons and cases.
    pub fn words(self) -> &'static str {
        match self {
            Self::Issue => "issue",
            Self::PullRequest => "pull request",
            Self::IssueComment => "issue comment",
            Self::PullRequestComment => "pull request comment",
            Self::Review => "review",
            Self::ReviewComment => "review comment",
            Self::Discussion => "discussion",
            Self::DiscussionComment => "discussion comment",
            Self::CommitComment => "commit comment",
        }
    }
}

/// What a thread is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThreadKind {
    /// An issue with its comments.
    Issue,
    /// A pull request with its conversation and reviews.
    PullRequest,
    /// A discussion.
    Discussion,
    /// The comments on one commit.
    Commit,
}

/// The thread that a post opens or stands in.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ThreadRef {
    /// What it is.
    pub kind: ThreadKind,
    /// Number of the issue, pull request or discussion; 0 for a commit.
    pub number: u64,
    /// The commit, for comments on one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// GitHub's global id of the thread; needed where only GraphQL can act (discussions).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_id: Option<String>,
}

/// Where a post stands. All of it is public.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PostPlace {
    /// The installation through which the repository is reached.
    pub installation_id: u64,
    /// The repository's number, which survives renames.
    pub repository_id: u64,
    /// The repository's name at the time of the delivery.
    pub repository: RepoName,
    /// On which surface.
    pub surface: Surface,
    /// In which thread.
    pub thread: ThreadRef,
    /// Number of the post within its surface: an issue's or comment's database id.
    pub post_id: u64,
    /// GitHub's global id of the post; empty where a delivery had none.
    pub node_id: String,
    /// The post's public address.
    pub html_url: String,
}

impl PostPlace {
    /// Names the thread for ever, also after a rename: `repo:12/issue/7`.
    pub fn thread_key(&self) -> String {
        let repository = self.repository_id;
        let number = self.thread.number;
        match self.thread.kind {
            ThreadKind::Issue => format!("repo:{repository}/issue/{number}"),
            ThreadKind::PullRequest => format!("repo:{repository}/pull/{number}"),
            ThreadKind::Discussion => format!("repo:{repository}/discussion/{number}"),
            ThreadKind::Commit => {
                format!("repo:{repository}/commit/{}", self.thread.commit.as_deref().unwrap_or("unknown"))
            }
        }
    }

    /// Names the post for ever: the thread's key, and for posts inside it their surface and id.
    pub fn post_key(&self) -> String {
        let thread = self.thread_key();
        match self.surface {
            Surface::Issue | Surface::PullRequest | Surface::Discussion => thread,
            Surface::Review => format!("{thread}/review/{}", self.post_id),
            Surface::ReviewComment => format!("{thread}/review_comment/{}", self.post_id),
            Surface::IssueComment
            | Surface::PullRequestComment
            | Surface::DiscussionComment
            | Surface::CommitComment => format!("{thread}/comment/{}", self.post_id),
        }
    }
}

/// How GitHub relates an author to a repository (`author_association`). A hint, never an authorisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Association {
    /// Owns the repository.
    Owner,
    /// Member of the organisation that owns it.
    Member,
    /// Invited to collaborate.
    Collaborator,
    /// Has committed before.
    Contributor,
    /// First commit anywhere on GitHub.
    FirstTimer,
    /// First commit to this repository.
    FirstTimeContributor,
    /// Nobody in particular, a placeholder account, or a value that GitHub added later.
    None,
}

impl Association {
    /// Owner, member or collaborator: somebody whose posts are never hidden.
    pub fn is_insider(self) -> bool {
        matches!(self, Self::Owner | Self::Member | Self::Collaborator)
    }
}

/// An account's permission on a repository, asked live
/// (`GET /repos/{owner}/{repo}/collaborators/{username}/permission`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// No access beyond the public's.
    None,
    /// May read.
    Read,
    /// May triage issues.
    Triage,
    /// May push.
    Write,
    /// May manage the repository without its dangerous settings.
    Maintain,
    /// May do everything.
    Admin,
}

impl Permission {
    /// Triage or more: a maintainer in the sense of "the bot never hides a maintainer's post".
    pub fn is_maintainer(self) -> bool {
        self >= Self::Triage
    }
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Login name.
    pub login: String,
    /// GitHub's number of the account; 0 where it was deleted.
    pub id: u64,
    /// Whether it is a bot or App rather than a person.
    pub is_bot: bool,
}

/// What happened to a post.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Happening {
    /// Published for the first time.
    Created,
    /// Its text was changed.
    Edited,
    /// Its thread was opened again.
    Reopened,
    /// Its thread came here from another repository.
    Transferred,
}

/// The words of a post.
#[derive(Clone, PartialEq, Eq)]
pub struct PostText {
    /// The title; empty where the surface has none.
    pub title: String,
    /// The body, as Markdown source; empty where there is none.
    pub body: String,
}

/// A post as it was delivered.
#[derive(Clone)]
pub struct Post {
    /// Where it stands.
    pub place: PostPlace,
    /// What happened to it.
    pub happening: Happening,
    /// Who wrote it.
    pub author: Account,
    /// Who caused the delivery: for an edit, whoever edited.
    pub sender: Account,
    /// How GitHub relates the author to the repository.
    pub association: Association,
    /// Whether everybody can read the repository.
    pub repository_is_public: bool,
    /// Whether the thread was open when delivered.
    pub thread_is_open: bool,
    /// Whether the thread was locked when delivered.
    pub thread_is_locked: bool,
    /// Number of comments in the thread when delivered, where the delivery told.
    pub thread_comments: Option<u64>,
    /// Labels of its thread when delivered, where the post opens one.
    pub labels: Vec<String>,
    /// When the post was first published.
    pub created_at: Timestamp,
    /// Its words.
    pub text: Embargoed<PostText>,
}
