//! What only pull requests have: reviews, comments on the diff, new commits.

use serde_json::{Map, json};

use super::places::PostAt;
use super::posts::refuse_blank;
use crate::standin::model::{Post, Pull, Review, ReviewComment, ThreadKind};
use crate::standin::refusal::{Outcome, Refusal};
use crate::standin::world::World;

impl World {
    /// Opens a pull request from a branch that gets one commit with `message`.
    pub(crate) fn open_pull(
        &mut self,
        repository: u64,
        actor: &str,
        (title, body): (&str, &str),
        head_ref: &str,
        message: &str,
    ) -> Outcome<u64> {
        let base_ref = self.repository(repository)?.default_branch.clone();
        let base = self.repository(repository)?.resolve(&base_ref);
        let head_sha = self.add_commit(repository, actor, message, base.into_iter().collect())?;
        let pull = Pull {
            head_ref: head_ref.to_owned(),
            head_sha,
            base_ref,
            files: vec!["src/lib.rs".to_owned()],
            merged: false,
            reviews: Vec::new(),
            review_comments: Vec::new(),
        };
        let kind = ThreadKind::Pull(Box::new(pull));
        self.open_thread(repository, actor, kind, title, body)
    }

    /// Pushes one more commit onto a pull request.
    pub(crate) fn push_to_pull(&mut self, repository: u64, number: u64, actor: &str, message: &str) -> Outcome<String> {
        let before = self.pull(repository, number)?.head_sha.clone();
        let sha = self.add_commit(repository, actor, message, vec![before.clone()])?;
        let now = self.now;
        let thread = self.thread_mut(repository, number)?;
        thread.post.updated_at = now;
        if let Some(pull) = thread.pull_mut() {
            pull.head_sha.clone_from(&sha);
        }
        let extra = Map::from_iter([("before".to_owned(), before.into()), ("after".to_owned(), sha.clone().into())]);
        self.emit_thread(repository, number, "synchronize", actor, extra);
        Ok(sha)
    }

    /// Has a pull request change these files and no others.
    pub(crate) fn set_changed_files(&mut self, repository: u64, number: u64, files: &[&str]) -> Outcome<()> {
        self.pull_mut(repository, number)?.files = files.iter().map(|file| (*file).to_owned()).collect();
        Ok(())
    }

    fn pull(&self, repository: u64, number: u64) -> Outcome<&Pull> {
        self.thread(repository, number)?.pull().ok_or_else(Refusal::not_found)
    }

    fn pull_mut(&mut self, repository: u64, number: u64) -> Outcome<&mut Pull> {
        self.thread_mut(repository, number)?.pull_mut().ok_or_else(Refusal::not_found)
    }

    /// Submits a review; returns its id.
    pub(crate) fn review(
        &mut self,
        repository: u64,
        number: u64,
        actor: &str,
        state: &str,
        body: &str,
    ) -> Outcome<u64> {
        if !["COMMENTED", "APPROVED", "CHANGES_REQUESTED"].contains(&state) {
            return Err(Refusal::invalid("Review", "event", "unknown event"));
        }
        self.may_write_in(repository, number, actor)?;
        if state != "APPROVED" {
            refuse_blank(body)?;
        }
        let post = Post::new(self.next_id(), actor, body, self.now);
        let id = post.id;
        let pull = self.pull_mut(repository, number)?;
        let commit_id = pull.head_sha.clone();
        pull.reviews.push(Review { post, state: state.to_owned(), commit_id });
        self.created(repository, PostAt::Review(number, id), actor, body);
        Ok(id)
    }

    /// Comments on the diff, or answers such a comment; returns the id.
    pub(crate) fn review_comment(
        &mut self,
        repository: u64,
        number: u64,
        actor: &str,
        (path, body): (&str, &str),
        in_reply_to: Option<u64>,
    ) -> Outcome<u64> {
        self.may_write_in(repository, number, actor)?;
        refuse_blank(body)?;
        let post = Post::new(self.next_id(), actor, body, self.now);
        let id = post.id;
        let pull = self.pull_mut(repository, number)?;
        let mut path = path.to_owned();
        let mut commit_id = pull.head_sha.clone();
        let mut root = in_reply_to;
        if let Some(parent) = in_reply_to {
            let parent = pull.review_comments.iter().find(|c| c.post.id == parent);
            let parent = parent.ok_or_else(Refusal::not_found)?;
            path.clone_from(&parent.path);
            commit_id.clone_from(&parent.commit_id);
            // Replies to replies hang below the first comment.
            root = parent.in_reply_to.or(Some(parent.post.id));
        }
        pull.review_comments.push(ReviewComment { post, path, commit_id, in_reply_to: root });
        self.created(repository, PostAt::ReviewComment(number, id), actor, body);
        Ok(id)
    }

    /// Merges a pull request into its base.
    pub(crate) fn merge_pull(&mut self, repository: u64, number: u64, actor: &str) -> Outcome<()> {
        if !self.moderates(repository, actor) {
            return Err(Refusal::forbidden("Must have write access to Repository."));
        }
        let author = self.thread(repository, number)?.post.author.clone();
        let now = self.now;
        let pull = self.pull_mut(repository, number)?;
        pull.merged = true;
        let (sha, base) = (pull.head_sha.clone(), pull.base_ref.clone());
        let thread = self.thread_mut(repository, number)?;
        thread.open = false;
        thread.closed_at = Some(now);
        thread.post.updated_at = now;
        let repo = self.repository_mut(repository)?;
        repo.refs.insert(format!("refs/heads/{base}"), sha);
        repo.contributors.insert(author.to_lowercase());
        self.note_public(repository, actor, json!({"merged": number}));
        self.emit_thread(repository, number, "closed", actor, Map::new());
        Ok(())
    }
}
