//! Root fields of mutations, one small function each, in a table.

use serde_json::{Value, json};

use super::parse::Field;
use super::{objects, permitted};
use crate::standin::auth::Caller;
use crate::standin::change::{PostAt, ThreadPatch};
use crate::standin::refusal::{Outcome, Refusal};
use crate::standin::rest::Level;
use crate::standin::world::World;

/// One mutation on its way.
struct Change<'a> {
    world: &'a mut World,
    caller: &'a Caller,
    input: &'a Value,
}

type Run = fn(&mut Change<'_>) -> Outcome<Value>;

const MUTATIONS: [(&str, Run); 12] = [
    ("updateDiscussion", update_discussion),
    ("closeDiscussion", |c| c.set_discussion(false)),
    ("reopenDiscussion", |c| c.set_discussion(true)),
    ("addDiscussionComment", add_discussion_comment),
    ("updateDiscussionComment", update_discussion_comment),
    ("lockLockable", |c| c.set_lock(true)),
    ("unlockLockable", |c| c.set_lock(false)),
    ("minimizeComment", |c| c.minimise(true)),
    ("unminimizeComment", |c| c.minimise(false)),
    ("updateIssue", update_issue),
    ("deleteIssue", delete_issue),
    ("addReaction", add_reaction),
];

/// Carries a mutation out and answers its whole payload.
pub(super) fn run(world: &mut World, caller: &Caller, field: &Field) -> Outcome<Value> {
    let known = MUTATIONS.iter().find(|(name, _)| *name == field.name);
    let Some((_, run)) = known else {
        let message = format!("Field '{}' doesn't exist on type 'Mutation'", field.name);
        return Err(Refusal::new(400, message));
    };
    let input = field.arguments.get("input");
    let input = input.ok_or_else(|| Refusal::new(400, "argument 'input' is required"))?;
    let mut payload = run(&mut Change { world, caller, input })?;
    payload["__typename"] = format!("{}Payload", field.name).into();
    payload["clientMutationId"] = input["clientMutationId"].clone();
    Ok(payload)
}

impl Change<'_> {
    fn actor(&self) -> String {
        self.world.bot()
    }

    fn text(&self, name: &str) -> Option<String> {
        self.input[name].as_str().map(str::to_owned)
    }

    fn needed(&self, name: &str) -> Outcome<String> {
        self.text(name).ok_or_else(|| {
            let message = format!("Argument '{name}' on InputObject is required.");
            Refusal::new(400, message)
        })
    }

    /// The post that an id of the input names, if the caller may write there.
    fn target(&self, name: &str) -> Outcome<(u64, PostAt)> {
        let (repository, at) = objects::find(self.world, &self.needed(name)?)?;
        let area = objects::area(self.world.repository(repository)?, at);
        if area == "discussions" && !self.world.capabilities.discussions_by_app {
            return Err(Refusal::forbidden("Resource not accessible by integration"));
        }
        permitted(self.world, self.caller, repository, area, Level::Write)?;
        Ok((repository, at))
    }

    fn thread(&self, name: &str, discussion: bool) -> Outcome<(u64, u64)> {
        let (repository, at) = self.target(name)?;
        match at {
            PostAt::Thread(n) if self.world.thread(repository, n)?.is_discussion() == discussion => Ok((repository, n)),
            _ => Err(super::unresolvable()),
        }
    }

    fn set_discussion(&mut self, open: bool) -> Outcome<Value> {
        let (repository, number) = self.thread("discussionId", true)?;
        let patch = ThreadPatch { open: Some(open), state_reason: self.text("reason"), ..ThreadPatch::default() };
        let actor = self.actor();
        self.world.patch_thread(repository, number, &actor, patch)?;
        self.discussion(repository, number)
    }

    fn discussion(&self, repository: u64, number: u64) -> Outcome<Value> {
        let shown = objects::post(self.world, repository, PostAt::Thread(number))?;
        Ok(json!({"discussion": shown}))
    }

    fn set_lock(&mut self, locked: bool) -> Outcome<Value> {
        let (repository, at) = self.target("lockableId")?;
        let PostAt::Thread(number) = at else {
            return Err(super::unresolvable());
        };
        let actor = self.actor();
        if locked {
            let reason = match self.text("lockReason").as_deref() {
                None => None,
                Some("OFF_TOPIC") => Some("off-topic"),
                Some("TOO_HEATED") => Some("too heated"),
                Some("RESOLVED") => Some("resolved"),
                Some("SPAM") => Some("spam"),
                Some(_) => return Err(Refusal::new(422, "lockReason is not one of the enum")),
            };
            self.world.lock(repository, number, &actor, reason)?;
        } else {
            self.world.unlock(repository, number, &actor)?;
        }
        let record = objects::post(self.world, repository, at)?;
        let field = if locked { "lockedRecord" } else { "unlockedRecord" };
        Ok(json!({field: record}))
    }

    fn minimise(&mut self, minimised: bool) -> Outcome<Value> {
        if !self.world.capabilities.minimize_by_app {
            return Err(Refusal::forbidden("Resource not accessible by integration"));
        }
        let (repository, at) = self.target("subjectId")?;
        let classifier = match minimised {
            true => Some(self.needed("classifier")?),
            false => None,
        };
        const CLASSIFIERS: [&str; 6] = ["ABUSE", "DUPLICATE", "OFF_TOPIC", "OUTDATED", "RESOLVED", "SPAM"];
        if classifier.as_deref().is_some_and(|c| !CLASSIFIERS.contains(&c)) {
            return Err(Refusal::new(422, "classifier is not one of the enum"));
        }
        let actor = self.actor();
        self.world.minimise(repository, at, &actor, classifier.as_deref())?;
        let comment = objects::post(self.world, repository, at)?;
        let field = if minimised { "minimizedComment" } else { "unminimizedComment" };
        Ok(json!({field: comment}))
    }
}

fn update_discussion(change: &mut Change<'_>) -> Outcome<Value> {
    let (repository, number) = change.thread("discussionId", true)?;
    let patch = ThreadPatch { title: change.text("title"), body: change.text("body"), ..ThreadPatch::default() };
    let actor = change.actor();
    change.world.patch_thread(repository, number, &actor, patch)?;
    change.discussion(repository, number)
}

fn add_discussion_comment(change: &mut Change<'_>) -> Outcome<Value> {
    let (repository, number) = change.thread("discussionId", true)?;
    let (actor, body) = (change.actor(), change.needed("body")?);
    let reply_to = match change.text("replyToId") {
        None => None,
        Some(_) => match change.target("replyToId")? {
            (there, PostAt::Comment(n, id)) if (there, n) == (repository, number) => Some(id),
            _ => return Err(super::unresolvable()),
        },
    };
    let id = change.world.comment(repository, number, &actor, &body, reply_to)?;
    let shown = objects::post(change.world, repository, PostAt::Comment(number, id))?;
    Ok(json!({"comment": shown}))
}

fn update_discussion_comment(change: &mut Change<'_>) -> Outcome<Value> {
    let (repository, at) = change.target("commentId")?;
    let (actor, body) = (change.actor(), change.needed("body")?);
    change.world.edit_post(repository, at, &actor, &body)?;
    let shown = objects::post(change.world, repository, at)?;
    Ok(json!({"comment": shown}))
}

fn update_issue(change: &mut Change<'_>) -> Outcome<Value> {
    let (repository, number) = change.thread("id", false)?;
    let state = change.text("state");
    let patch = ThreadPatch {
        title: change.text("title"),
        body: change.text("body"),
        open: state.map(|s| s == "OPEN"),
        ..ThreadPatch::default()
    };
    let actor = change.actor();
    change.world.patch_thread(repository, number, &actor, patch)?;
    let shown = objects::post(change.world, repository, PostAt::Thread(number))?;
    Ok(json!({"issue": shown}))
}

fn delete_issue(change: &mut Change<'_>) -> Outcome<Value> {
    let (repository, number) = change.thread("issueId", false)?;
    if !change.world.capabilities.delete_issue_by_app {
        return Err(Refusal::forbidden("Resource not accessible by integration"));
    }
    let actor = change.actor();
    change.world.delete_thread(repository, number, &actor)?;
    let repo = change.world.repository(repository)?;
    Ok(json!({"repository": objects::repository(change.world, repo)}))
}

fn add_reaction(change: &mut Change<'_>) -> Outcome<Value> {
    let (repository, at) = change.target("subjectId")?;
    let content = match change.needed("content")?.as_str() {
        "THUMBS_UP" => "+1",
        "THUMBS_DOWN" => "-1",
        "LAUGH" => "laugh",
        "CONFUSED" => "confused",
        "HEART" => "heart",
        "HOORAY" => "hooray",
        "ROCKET" => "rocket",
        "EYES" => "eyes",
        _ => return Err(Refusal::new(422, "content is not one of the enum")),
    };
    let actor = change.actor();
    change.world.react(repository, at, &actor, content)?;
    let subject = objects::post(change.world, repository, at)?;
    Ok(json!({"subject": subject, "reaction": {"__typename": "Reaction", "content": change.input["content"]}}))
}
