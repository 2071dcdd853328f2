//! What all written things share: being commented, edited, deleted, folded away, reacted to, and their history.

use serde_json::{Map, Value, json};

use super::places::PostAt;
use crate::standin::model::{Comment, CommitComment, Deletion, Post, Reaction, ThreadKind};
use crate::standin::refusal::{Outcome, Refusal};
use crate::standin::render;
use crate::standin::world::World;

pub(crate) const REACTIONS: [&str; 8] = ["+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes"];

impl World {
    /// Webhook name and the fields that speak of the post.
    pub(crate) fn about(&self, repository: u64, at: PostAt) -> Option<(&'static str, Map<String, Value>)> {
        let repo = self.repositories.get(&repository)?;
        let mut fields = Map::new();
        let event = match at {
            PostAt::Thread(n) => {
                let thread = repo.threads.get(&n)?;
                match thread.kind {
                    ThreadKind::Issue => {
                        fields.insert("issue".into(), render::thread::issue(self, repo, thread));
                        "issues"
                    }
                    ThreadKind::Pull(_) => {
                        fields.insert("number".into(), n.into());
                        fields.insert("pull_request".into(), render::pull::pull(self, repo, thread));
                        "pull_request"
                    }
                    ThreadKind::Discussion => {
                        let discussion = render::thread::discussion(self, repo, thread);
                        fields.insert("discussion".into(), discussion);
                        "discussion"
                    }
                }
            }
            PostAt::Comment(n, id) => {
                let thread = repo.threads.get(&n)?;
                let comment = thread.comments.iter().find(|c| c.post.id == id)?;
                if thread.is_discussion() {
                    let (d, c) = (
                        render::thread::discussion(self, repo, thread),
                        render::thread::discussion_comment(self, repo, thread, comment),
                    );
                    fields.insert("discussion".into(), d);
                    fields.insert("comment".into(), c);
                    "discussion_comment"
                } else {
                    let (i, c) = (
                        render::thread::issue(self, repo, thread),
                        render::thread::comment(self, repo, thread, comment),
                    );
                    fields.insert("issue".into(), i);
                    fields.insert("comment".into(), c);
                    "issue_comment"
                }
            }
            PostAt::Review(n, id) => {
                let thread = repo.threads.get(&n)?;
                let review = thread.pull()?.reviews.iter().find(|r| r.post.id == id)?;
                fields.insert("pull_request".into(), render::pull::pull(self, repo, thread));
                let mut shown = render::pull::review(self, repo, thread, review);
                // Webhooks write the verdict in lower case, the REST API in upper case.
                shown["state"] = review.state.to_lowercase().into();
                fields.insert("review".into(), shown);
                "pull_request_review"
            }
            PostAt::ReviewComment(n, id) => {
                let thread = repo.threads.get(&n)?;
                let mut comments = thread.pull()?.review_comments.iter();
                let comment = comments.find(|c| c.post.id == id)?;
                fields.insert("pull_request".into(), render::pull::pull(self, repo, thread));
                let shown = render::pull::review_comment(self, repo, thread, comment);
                fields.insert("comment".into(), shown);
                "pull_request_review_comment"
            }
            PostAt::CommitComment(id) => {
                let comment = repo.commit_comments.iter().find(|c| c.post.id == id)?;
                let shown = render::pull::commit_comment(self, repo, comment);
                fields.insert("comment".into(), shown);
                "commit_comment"
            }
        };
        Some((event, fields))
    }

    /// Leaves the webhook of a post.
    pub(crate) fn emit_post(
        &mut self,
        repository: u64,
        at: PostAt,
        action: &str,
        actor: &str,
        extra: Map<String, Value>,
    ) {
        let Some((event, mut fields)) = self.about(repository, at) else {
            return;
        };
        // GitHub tells of new commit comments only.
        if event == "commit_comment" && action != "created" {
            return;
        }
        fields.extend(extra);
        self.emit(repository, event, Some(action), actor, fields);
    }

    /// A name of the post without ids, for the public transcript.
    pub(crate) fn describe(&self, repository: u64, at: PostAt) -> String {
        let position = |number: u64, id: u64| {
            let Some(t) = self.repositories.get(&repository).and_then(|r| r.threads.get(&number)) else {
                return 0;
            };
            let pull = t.pull();
            let ids: Vec<u64> = match at {
                PostAt::Review(..) => pull.map_or(vec![], |p| p.reviews.iter().map(|r| r.post.id).collect()),
                PostAt::ReviewComment(..) => {
                    pull.map_or(vec![], |p| p.review_comments.iter().map(|r| r.post.id).collect())
                }
                _ => t.comments.iter().map(|c| c.post.id).collect(),
            };
            ids.iter().position(|i| *i == id).map_or(0, |p| p + 1)
        };
        match at {
            PostAt::Thread(n) => format!("#{n}"),
            PostAt::Comment(n, id) => format!("#{n} comment {}", position(n, id)),
            PostAt::Review(n, id) => format!("#{n} review {}", position(n, id)),
            PostAt::ReviewComment(n, id) => format!("#{n} review comment {}", position(n, id)),
            PostAt::CommitComment(id) => {
                let comments = self.repositories.get(&repository).map(|r| &r.commit_comments);
                let position = comments.and_then(|c| c.iter().position(|c| c.post.id == id));
                format!("commit comment {}", position.map_or(0, |p| p + 1))
            }
        }
    }

    /// Refuses strangers where the conversation is locked.
    pub(crate) fn may_write_in(&self, repository: u64, number: u64, actor: &str) -> Outcome<()> {
        if self.thread(repository, number)?.locked && !self.moderates(repository, actor) {
            return Err(Refusal::forbidden("Unable to create comment because issue is locked."));
        }
        Ok(())
    }

    /// Comments on an issue, pull request or discussion; returns the id.
    pub(crate) fn comment(
        &mut self,
        repository: u64,
        number: u64,
        actor: &str,
        body: &str,
        reply_to: Option<u64>,
    ) -> Outcome<u64> {
        self.may_write_in(repository, number, actor)?;
        refuse_blank(body)?;
        if let Some(parent) = reply_to {
            let comments = &self.thread(repository, number)?.comments;
            let parent = comments.iter().find(|c| c.post.id == parent);
            // Discussions have one level of replies.
            if parent.is_none_or(|p| p.reply_to.is_some()) {
                return Err(Refusal::not_found());
            }
        }
        let post = Post::new(self.next_id(), actor, body, self.now);
        let id = post.id;
        let now = self.now;
        let thread = self.thread_mut(repository, number)?;
        thread.comments.push(Comment { post, reply_to });
        thread.post.updated_at = now;
        let at = PostAt::Comment(number, id);
        self.created(repository, at, actor, body);
        Ok(id)
    }

    /// Comments on a commit; returns the id.
    pub(crate) fn comment_commit(
        &mut self,
        repository: u64,
        sha: &str,
        actor: &str,
        body: &str,
        path: Option<String>,
    ) -> Outcome<u64> {
        refuse_blank(body)?;
        let sha = self.repository(repository)?.resolve(sha).ok_or_else(Refusal::not_found)?;
        let post = Post::new(self.next_id(), actor, body, self.now);
        let id = post.id;
        self.repository_mut(repository)?.commit_comments.push(CommitComment { post, sha, path });
        self.created(repository, PostAt::CommitComment(id), actor, body);
        Ok(id)
    }

    pub(crate) fn created(&mut self, repository: u64, at: PostAt, actor: &str, body: &str) {
        let place = self.describe(repository, at);
        self.note_public(repository, actor, json!({"wrote": place, "body": body}));
        let action = if matches!(at, PostAt::Review(..)) { "submitted" } else { "created" };
        self.emit_post(repository, at, action, actor, Map::new());
    }

    /// Replaces a text and keeps the old one in the history; tells nobody. `None`: nothing changed.
    pub(crate) fn rewrite(&mut self, repository: u64, at: PostAt, actor: &str, body: &str) -> Outcome<Option<String>> {
        let (now, first) = (self.now, self.next_id());
        let spare = [first, self.next_id()];
        let mut ids = spare.into_iter();
        let post = self.repository_mut(repository)?.post_mut(at).ok_or_else(Refusal::not_found)?;
        Ok(post.rewrite(actor, body, now, || ids.next().unwrap_or(first)))
    }

    /// Edits a comment, review or commit comment.
    pub(crate) fn edit_post(&mut self, repository: u64, at: PostAt, actor: &str, body: &str) -> Outcome<()> {
        refuse_blank(body)?;
        self.must_own(repository, at, actor)?;
        let Some(old) = self.rewrite(repository, at, actor, body)? else {
            return Ok(());
        };
        let place = self.describe(repository, at);
        self.note_public(repository, actor, json!({"edited": place, "body": body}));
        let changes = json!({"body": {"from": old}});
        let extra = Map::from_iter([("changes".to_owned(), changes)]);
        self.emit_post(repository, at, "edited", actor, extra);
        Ok(())
    }

    fn must_own(&self, repository: u64, at: PostAt, actor: &str) -> Outcome<()> {
        let post = self.repository(repository)?.post(at);
        let post = post.ok_or_else(Refusal::not_found)?;
        if post.author != actor && !self.moderates(repository, actor) {
            return Err(Refusal::forbidden("Must have write access to Repository."));
        }
        Ok(())
    }

    /// Deletes a comment. Threads and reviews are not deleted this way.
    pub(crate) fn delete_post(&mut self, repository: u64, at: PostAt, actor: &str) -> Outcome<()> {
        self.must_own(repository, at, actor)?;
        let place = self.describe(repository, at);
        self.note_public(repository, actor, json!({"deleted": place}));
        self.emit_post(repository, at, "deleted", actor, Map::new());
        match at {
            PostAt::Comment(n, id) => {
                let comments = &mut self.thread_mut(repository, n)?.comments;
                comments.retain(|c| c.post.id != id && c.reply_to != Some(id));
            }
            PostAt::ReviewComment(n, id) => {
                if let Some(pull) = self.thread_mut(repository, n)?.pull_mut() {
                    pull.review_comments.retain(|c| c.post.id != id);
                }
            }
            PostAt::CommitComment(id) => {
                let comments = &mut self.repository_mut(repository)?.commit_comments;
                comments.retain(|c| c.post.id != id);
            }
            PostAt::Thread(_) | PostAt::Review(..) => return Err(Refusal::not_found()),
        }
        Ok(())
    }

    /// Folds a comment away, or (`None`) shows it again.
    pub(crate) fn minimise(
        &mut self,
        repository: u64,
        at: PostAt,
        actor: &str,
        classifier: Option<&str>,
    ) -> Outcome<()> {
        if matches!(at, PostAt::Thread(_)) {
            return Err(Refusal::new(422, "This can't be minimized"));
        }
        if !self.moderates(repository, actor) {
            return Err(Refusal::forbidden("Must have write access to Repository."));
        }
        let place = self.describe(repository, at);
        self.repository_mut(repository)?.post_mut(at).ok_or_else(Refusal::not_found)?.minimised =
            classifier.map(str::to_owned);
        self.note_public(repository, actor, json!({"minimised": place, "classifier": classifier}));
        Ok(())
    }

    /// Adds a reaction. `false`: this user had reacted so already.
    pub(crate) fn react(
        &mut self,
        repository: u64,
        at: PostAt,
        actor: &str,
        content: &str,
    ) -> Outcome<(Reaction, bool)> {
        if !REACTIONS.contains(&content) {
            return Err(Refusal::invalid("Reaction", "content", "unknown reaction"));
        }
        let (id, now) = (self.next_id(), self.now);
        let post = self.repository_mut(repository)?.post_mut(at).ok_or_else(Refusal::not_found)?;
        let before = post.reactions.iter();
        if let Some(same) = { before }.find(|r| r.user == actor && r.content == content) {
            return Ok((same.clone(), false));
        }
        let reaction = Reaction { id, user: actor.to_owned(), content: content.to_owned(), created_at: now };
        post.reactions.push(reaction.clone());
        let place = self.describe(repository, at);
        self.note_public(repository, actor, json!({"reacted": place, "with": content}));
        Ok((reaction, true))
    }

    /// Deletes an older revision from the history, as only people can ("Delete revision from history").
    pub(crate) fn delete_revision(&mut self, repository: u64, at: PostAt, actor: &str, revision: u64) -> Outcome<()> {
        self.must_own(repository, at, actor)?;
        let now = self.now;
        let post = self.repository_mut(repository)?.post_mut(at).ok_or_else(Refusal::not_found)?;
        let newest = post.revisions.last().map(|r| r.id);
        let found = post.revisions.iter_mut().find(|r| r.id == revision);
        let found = found.ok_or_else(Refusal::not_found)?;
        if newest == Some(revision) {
            return Err(Refusal::new(422, "The most recent revision can't be deleted"));
        }
        found.body = String::new();
        found.deleted = Some(Deletion { by: actor.to_owned(), at: now });
        Ok(())
    }
}

pub(crate) fn refuse_blank(body: &str) -> Outcome<()> {
    if body.trim().is_empty() {
        return Err(Refusal::invalid("IssueComment", "body", "body can't be blank"));
    }
    if body.chars().count() > 65_536 {
        return Err(Refusal::invalid("IssueComment", "body", "body is too long (maximum is 65536 characters)"));
    }
    Ok(())
}
