//! Issues, pull requests and discussions as wholes: opened, edited, closed, locked, labelled, moved, deleted.

use serde_json::{Map, Value, json};

use super::places::PostAt;
use crate::standin::model::{Post, Rename, Role, Thread, ThreadKind};
use crate::standin::refusal::{Outcome, Refusal};
use crate::standin::render;
use crate::standin::world::World;

/// A partial update of a thread; what is `None` stays.
#[derive(Default)]
pub(crate) struct ThreadPatch {
    pub title: Option<String>,
    pub body: Option<String>,
    pub open: Option<bool>,
    pub state_reason: Option<String>,
    pub labels: Option<Vec<String>>,
}

const LOCK_REASONS: [&str; 4] = ["off-topic", "too heated", "resolved", "spam"];

impl World {
    /// Opens a thread and returns its number.
    pub(crate) fn open_thread(
        &mut self,
        repository: u64,
        actor: &str,
        kind: ThreadKind,
        title: &str,
        body: &str,
    ) -> Outcome<u64> {
        self.open_by_form(repository, actor, kind, (title, body), &[])
    }

    /// The same by a form that puts labels on.
    pub(crate) fn open_by_form(
        &mut self,
        repository: u64,
        actor: &str,
        kind: ThreadKind,
        (title, body): (&str, &str),
        labels: &[&str],
    ) -> Outcome<u64> {
        if self.repository(repository)?.private && actor != self.bot() && self.role(repository, actor) < Role::Read {
            return Err(Refusal::not_found());
        }
        if title.trim().is_empty() {
            return Err(Refusal::invalid("Issue", "title", "title can't be blank"));
        }
        let post = Post::new(self.next_id(), actor, body, self.now);
        let repo = self.repository_mut(repository)?;
        let number = repo.next_number;
        repo.next_number += 1;
        let action = if matches!(kind, ThreadKind::Discussion) { "created" } else { "opened" };
        repo.threads.insert(
            number,
            Thread {
                number,
                kind,
                title: title.to_owned(),
                post,
                open: true,
                state_reason: None,
                closed_at: None,
                locked: false,
                lock_reason: None,
                labels: labels.iter().map(|label| (*label).to_owned()).collect(),
                comments: Vec::new(),
                renames: Vec::new(),
            },
        );
        self.note_public(repository, actor, json!({"opened": number, "title": title, "body": body}));
        self.emit_thread(repository, number, action, actor, Map::new());
        Ok(number)
    }

    /// Leaves the webhook of a thread.
    pub(crate) fn emit_thread(
        &mut self,
        repository: u64,
        number: u64,
        action: &str,
        actor: &str,
        extra: Map<String, Value>,
    ) {
        self.emit_post(repository, PostAt::Thread(number), action, actor, extra);
    }

    /// Changes a thread. One `edited` webhook covers title and body; closing and reopening have their own.
    pub(crate) fn patch_thread(
        &mut self,
        repository: u64,
        number: u64,
        actor: &str,
        patch: ThreadPatch,
    ) -> Outcome<()> {
        let moderates = self.moderates(repository, actor);
        let triages = moderates || self.role(repository, actor) >= Role::Triage;
        let own = self.thread(repository, number)?.post.author == actor;
        let edits = patch.title.is_some() || patch.body.is_some();
        if (edits && !own && !moderates) || (patch.open.is_some() && !own && !triages) {
            return Err(Refusal::forbidden("Must have write access to Repository."));
        }
        self.edit_thread(repository, number, actor, patch.title, patch.body)?;
        if let Some(labels) = patch.labels {
            self.set_labels(repository, number, actor, labels)?;
        }
        if let Some(open) = patch.open {
            self.set_open(repository, number, actor, open, patch.state_reason)?;
        } else if patch.state_reason.is_some() {
            let now = self.now;
            let thread = self.thread_mut(repository, number)?;
            if !thread.open {
                thread.state_reason = patch.state_reason;
                thread.post.updated_at = now;
            }
        }
        Ok(())
    }

    fn edit_thread(
        &mut self,
        repository: u64,
        number: u64,
        actor: &str,
        title: Option<String>,
        body: Option<String>,
    ) -> Outcome<()> {
        let now = self.now;
        let mut changes = Map::new();
        if let Some(title) = title {
            if title.trim().is_empty() {
                return Err(Refusal::invalid("Issue", "title", "title can't be blank"));
            }
            let thread = self.thread_mut(repository, number)?;
            if thread.title != title {
                changes.insert("title".into(), json!({"from": thread.title}));
                thread.renames.push(Rename {
                    actor: actor.to_owned(),
                    at: now,
                    from: std::mem::replace(&mut thread.title, title.clone()),
                    to: title,
                });
                thread.post.updated_at = now;
            }
        }
        if let Some(body) = body
            && let Some(old) = self.rewrite(repository, PostAt::Thread(number), actor, &body)?
        {
            changes.insert("body".into(), json!({"from": old}));
        }
        if changes.is_empty() {
            return Ok(());
        }
        let thread = self.thread(repository, number)?;
        let note = json!({"edited": number, "title": thread.title, "body": thread.post.body});
        self.note_public(repository, actor, note);
        let extra = Map::from_iter([("changes".to_owned(), Value::Object(changes))]);
        self.emit_thread(repository, number, "edited", actor, extra);
        Ok(())
    }

    fn set_open(
        &mut self,
        repository: u64,
        number: u64,
        actor: &str,
        open: bool,
        reason: Option<String>,
    ) -> Outcome<()> {
        let now = self.now;
        let thread = self.thread_mut(repository, number)?;
        if thread.open == open {
            if !open && reason.is_some() {
                thread.state_reason = reason;
                thread.post.updated_at = now;
            }
            return Ok(());
        }
        thread.open = open;
        thread.closed_at = (!open).then_some(now);
        thread.post.updated_at = now;
        thread.state_reason = match (&thread.kind, open) {
            (ThreadKind::Pull(_), _) => None,
            (ThreadKind::Discussion, true) => Some("REOPENED".into()),
            (ThreadKind::Discussion, false) => reason.or_else(|| Some("RESOLVED".into())),
            (ThreadKind::Issue, true) => Some("reopened".into()),
            (ThreadKind::Issue, false) => reason.or_else(|| Some("completed".into())),
        };
        let (action, note) = if open {
            ("reopened", json!({"reopened": number}))
        } else {
            ("closed", json!({"closed": number, "reason": thread.state_reason}))
        };
        self.note_public(repository, actor, note);
        self.emit_thread(repository, number, action, actor, Map::new());
        Ok(())
    }

    /// Locks a thread; strangers can no longer write.
    pub(crate) fn lock(&mut self, repository: u64, number: u64, actor: &str, reason: Option<&str>) -> Outcome<()> {
        if let Some(reason) = reason
            && !LOCK_REASONS.contains(&reason)
        {
            return Err(Refusal::invalid(
                "Issue",
                "lock_reason",
                "lock_reason must be one of off-topic, too heated, resolved, spam",
            ));
        }
        self.set_locked(repository, number, actor, true, reason)
    }

    /// Opens a locked thread again.
    pub(crate) fn unlock(&mut self, repository: u64, number: u64, actor: &str) -> Outcome<()> {
        self.set_locked(repository, number, actor, false, None)
    }

    fn set_locked(
        &mut self,
        repository: u64,
        number: u64,
        actor: &str,
        locked: bool,
        reason: Option<&str>,
    ) -> Outcome<()> {
        if !self.moderates(repository, actor) {
            return Err(Refusal::forbidden("Must have write access to Repository."));
        }
        let thread = self.thread_mut(repository, number)?;
        let same = thread.locked == locked;
        thread.locked = locked;
        thread.lock_reason = reason.map(str::to_owned);
        if same {
            return Ok(());
        }
        let action = if locked { "locked" } else { "unlocked" };
        self.note_public(repository, actor, json!({action: number, "reason": reason}));
        self.emit_thread(repository, number, action, actor, Map::new());
        Ok(())
    }

    /// Replaces all labels of a thread.
    pub(crate) fn set_labels(&mut self, repository: u64, number: u64, actor: &str, labels: Vec<String>) -> Outcome<()> {
        let before = self.thread(repository, number)?.labels.clone();
        for gone in before.iter().filter(|l| !labels.contains(l)) {
            self.remove_label(repository, number, actor, gone)?;
        }
        self.add_labels(repository, number, actor, &labels)
    }

    /// Adds labels that the thread does not have yet.
    pub(crate) fn add_labels(&mut self, repository: u64, number: u64, actor: &str, labels: &[String]) -> Outcome<()> {
        for label in labels {
            let thread = self.thread_mut(repository, number)?;
            if thread.labels.contains(label) {
                continue;
            }
            thread.labels.push(label.clone());
            self.labelled(repository, number, actor, "labeled", label)?;
        }
        Ok(())
    }

    /// Takes a label off.
    pub(crate) fn remove_label(&mut self, repository: u64, number: u64, actor: &str, label: &str) -> Outcome<()> {
        let thread = self.thread_mut(repository, number)?;
        let before = thread.labels.len();
        thread.labels.retain(|l| l != label);
        if thread.labels.len() == before {
            return Err(Refusal::new(404, "Label does not exist"));
        }
        self.labelled(repository, number, actor, "unlabeled", label)
    }

    fn labelled(&mut self, repository: u64, number: u64, actor: &str, action: &str, label: &str) -> Outcome<()> {
        self.note_public(repository, actor, json!({action: number, "label": label}));
        let repo = self.repository(repository)?;
        let extra = Map::from_iter([("label".to_owned(), render::thread::label(self, repo, label))]);
        self.emit_thread(repository, number, action, actor, extra);
        Ok(())
    }

    /// Moves an issue to another repository of the same owner and returns its new number.
    pub(crate) fn transfer(&mut self, from: u64, number: u64, actor: &str, to: u64) -> Outcome<u64> {
        let (source, target) = (self.repository(from)?, self.repository(to)?);
        let thread = self.thread(from, number)?;
        if source.owner != target.owner
            || (source.private && !target.private)
            || !thread.open
            || !matches!(thread.kind, ThreadKind::Issue)
        {
            return Err(Refusal::new(422, "This issue can't be transferred there"));
        }
        if self.role(from, actor) < Role::Write || self.role(to, actor) < Role::Write {
            return Err(Refusal::forbidden("Must have write access to both"));
        }
        let mut moved = thread.clone();
        let old_issue = render::thread::issue(self, source, thread);
        let old_repository = render::repository::payload(self, source, false);
        let repo = self.repository_mut(to)?;
        let new_number = repo.next_number;
        repo.next_number += 1;
        moved.number = new_number;
        repo.threads.insert(new_number, moved);
        let (target, moved) = (self.repository(to)?, self.thread(to, new_number)?);
        let new_issue = render::thread::issue(self, target, moved);
        let new_repository = render::repository::payload(self, target, false);
        let changes = json!({"new_issue": new_issue, "new_repository": new_repository});
        let extra = Map::from_iter([("changes".to_owned(), changes)]);
        self.emit_thread(from, number, "transferred", actor, extra);
        self.repository_mut(from)?.threads.remove(&number);
        let changes = json!({"old_issue": old_issue, "old_repository": old_repository});
        let extra = Map::from_iter([("changes".to_owned(), changes)]);
        self.emit_thread(to, new_number, "opened", actor, extra);
        Ok(new_number)
    }

    /// Deletes an issue for good; administrators only.
    pub(crate) fn delete_thread(&mut self, repository: u64, number: u64, actor: &str) -> Outcome<()> {
        self.thread(repository, number)?;
        if actor != self.bot() && self.role(repository, actor) < Role::Admin {
            return Err(Refusal::forbidden("Must have admin rights to Repository."));
        }
        self.note_public(repository, actor, json!({"deleted": number}));
        self.emit_thread(repository, number, "deleted", actor, Map::new());
        self.repository_mut(repository)?.threads.remove(&number);
        Ok(())
    }
}
