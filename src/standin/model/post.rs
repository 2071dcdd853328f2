use jiff::Timestamp;

/// Who removed a revision from the history, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deletion {
    /// The login.
    pub by: String,
    /// The instant.
    pub at: Timestamp,
}

/// One version of a text. Everybody who may read the repository may read it until a person deletes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    /// Number of the revision.
    pub id: u64,
    /// Who wrote this version.
    pub editor: String,
    /// When.
    pub at: Timestamp,
    /// The text of this version; emptied when it is deleted.
    pub body: String,
    /// Set when a person deleted the revision; who and when stay visible.
    pub deleted: Option<Deletion>,
}

/// A reaction under a post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reaction {
    /// Number of the reaction.
    pub id: u64,
    /// Who reacted.
    pub user: String,
    /// `+1`, `-1`, `laugh`, `confused`, `heart`, `hooray`, `rocket` or `eyes`.
    pub content: String,
    /// When.
    pub created_at: Timestamp,
}

/// What every written thing has in common: issue, comment, review, discussion, advisory comment.
#[derive(Clone, Debug)]
pub struct Post {
    /// GitHub's number of the thing.
    pub id: u64,
    /// Who wrote it.
    pub author: String,
    /// The text as shown now.
    pub body: String,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// All versions, oldest first; empty until the first edit, as on GitHub.
    pub revisions: Vec<Revision>,
    /// Reactions in order.
    pub reactions: Vec<Reaction>,
    /// The classifier when the post is folded away (`OUTDATED`, `RESOLVED` …).
    pub minimised: Option<String>,
}

impl Post {
    /// A fresh post.
    pub(crate) fn new(id: u64, author: &str, body: &str, now: Timestamp) -> Self {
        Self {
            id,
            author: author.to_owned(),
            body: body.to_owned(),
            created_at: now,
            updated_at: now,
            revisions: Vec::new(),
            reactions: Vec::new(),
            minimised: None,
        }
    }

    /// Replaces the text and keeps the old version. Returns the old text, or `None` when nothing changed.
    pub(crate) fn rewrite(
        &mut self,
        editor: &str,
        body: &str,
        now: Timestamp,
        mut next_id: impl FnMut() -> u64,
    ) -> Option<String> {
        if self.body == body {
            return None;
        }
        if self.revisions.is_empty() {
            self.revisions.push(Revision {
                id: next_id(),
                editor: self.author.clone(),
                at: self.created_at,
                body: self.body.clone(),
                deleted: None,
            });
        }
        self.revisions.push(Revision {
            id: next_id(),
            editor: editor.to_owned(),
            at: now,
            body: body.to_owned(),
            deleted: None,
        });
        self.updated_at = now;
        Some(std::mem::replace(&mut self.body, body.to_owned()))
    }

    /// Older versions that anyone can still read.
    pub fn readable_history(&self) -> impl Iterator<Item = &Revision> {
        let older = self.revisions.len().saturating_sub(1);
        self.revisions[..older].iter().filter(|r| r.deleted.is_none())
    }
}
