use jiff::Timestamp;

use super::Post;

/// The three sorts of numbered thread; they share one numbering per repository.
#[derive(Clone, Debug)]
pub enum ThreadKind {
    /// An issue.
    Issue,
    /// A pull request.
    Pull(Box<Pull>),
    /// A discussion, reachable through GraphQL only.
    Discussion,
}

/// What a pull request has beyond an issue.
#[derive(Clone, Debug)]
pub struct Pull {
    /// Name of the proposed branch.
    pub head_ref: String,
    /// Tip of the proposed branch; changes at every push.
    pub head_sha: String,
    /// Branch that it should go into.
    pub base_ref: String,
    /// Paths of the files that it changes.
    pub files: Vec<String>,
    /// Whether it was merged.
    pub merged: bool,
    /// Reviews in order.
    pub reviews: Vec<Review>,
    /// Comments on lines, in order.
    pub review_comments: Vec<ReviewComment>,
}

/// One verdict on a pull request.
#[derive(Clone, Debug)]
pub struct Review {
    /// The text and its history.
    pub post: Post,
    /// `COMMENTED`, `APPROVED` or `CHANGES_REQUESTED`.
    pub state: String,
    /// Commit that was reviewed.
    pub commit_id: String,
}

/// A comment on a line of a pull request's diff.
#[derive(Clone, Debug)]
pub struct ReviewComment {
    /// The text and its history.
    pub post: Post,
    /// File that it speaks about.
    pub path: String,
    /// Commit that it speaks about.
    pub commit_id: String,
    /// The comment that it answers.
    pub in_reply_to: Option<u64>,
}

/// A comment below an issue, pull request or discussion.
#[derive(Clone, Debug)]
pub struct Comment {
    /// The text and its history.
    pub post: Post,
    /// In a discussion: the comment that this one answers.
    pub reply_to: Option<u64>,
}

/// A change of title; shown in the thread's timeline for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rename {
    /// Who renamed.
    pub actor: String,
    /// When.
    pub at: Timestamp,
    /// The old title, still readable.
    pub from: String,
    /// The new title.
    pub to: String,
}

/// An issue, pull request or discussion with everything below it.
#[derive(Clone, Debug)]
pub struct Thread {
    /// Number within the repository.
    pub number: u64,
    /// Issue, pull request or discussion.
    pub kind: ThreadKind,
    /// Title as shown now.
    pub title: String,
    /// First post: text, author, history, reactions.
    pub post: Post,
    /// Whether it is open.
    pub open: bool,
    /// `completed`, `not_planned`, `reopened`, `duplicate`; for discussions `RESOLVED`, `OUTDATED`, `DUPLICATE`.
    pub state_reason: Option<String>,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
    /// Whether outsiders can no longer write.
    pub locked: bool,
    /// `off-topic`, `too heated`, `resolved`, `spam`, or none.
    pub lock_reason: Option<String>,
    /// Names of labels.
    pub labels: Vec<String>,
    /// Comments in order, replies included.
    pub comments: Vec<Comment>,
    /// Changes of title in order.
    pub renames: Vec<Rename>,
}

impl Thread {
    /// The part that only pull requests have.
    pub fn pull(&self) -> Option<&Pull> {
        match &self.kind {
            ThreadKind::Pull(pull) => Some(pull),
            _ => None,
        }
    }

    pub(crate) fn pull_mut(&mut self) -> Option<&mut Pull> {
        match &mut self.kind {
            ThreadKind::Pull(pull) => Some(pull),
            _ => None,
        }
    }

    /// Whether this is a discussion.
    pub fn is_discussion(&self) -> bool {
        matches!(self.kind, ThreadKind::Discussion)
    }

    /// `open` or `closed`.
    pub fn state(&self) -> &'static str {
        if self.open { "open" } else { "closed" }
    }

    /// Text of the first post as shown now.
    pub fn body(&self) -> &str {
        &self.post.body
    }

    /// Texts of the comments as shown now, each with its author.
    pub fn comment_texts(&self) -> Vec<(String, String)> {
        self.comments.iter().map(|c| (c.post.author.clone(), c.post.body.clone())).collect()
    }
}
