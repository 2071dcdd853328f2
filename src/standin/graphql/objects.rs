//! The whole objects that selections are cut from. Every array in them is a connection.

use serde_json::{Value, json};

use super::unresolvable;
use crate::standin::change::PostAt;
use crate::standin::model::{Comment, Post, Repository, Thread, ThreadKind};
use crate::standin::refusal::Outcome;
use crate::standin::render::{self, node_id, thread::thread_web};
use crate::standin::world::World;

/// Finds the post with a node id.
pub(super) fn find(world: &World, id: &str) -> Outcome<(u64, PostAt)> {
    for repo in world.repositories.values() {
        let mut posts = repo.posts().into_iter();
        if let Some((at, _)) = posts.find(|(at, post)| node(repo, *at, post) == id) {
            return Ok((repo.id, at));
        }
    }
    Err(unresolvable())
}

/// The permission area of a post.
pub(super) fn area(repo: &Repository, at: PostAt) -> &'static str {
    match at {
        PostAt::Thread(n) | PostAt::Comment(n, _) => match repo.threads.get(&n).map(|t| &t.kind) {
            Some(ThreadKind::Discussion) => "discussions",
            Some(ThreadKind::Pull(_)) => "pull_requests",
            _ => "issues",
        },
        PostAt::Review(..) | PostAt::ReviewComment(..) => "pull_requests",
        PostAt::CommitComment(_) => "contents",
    }
}

fn node(repo: &Repository, at: PostAt, post: &Post) -> String {
    let prefix = match at {
        PostAt::Thread(n) => repo.threads.get(&n).map_or("I", render::thread::prefix),
        PostAt::Comment(n, _) => match repo.threads.get(&n) {
            Some(thread) if thread.is_discussion() => "DC",
            _ => "IC",
        },
        PostAt::Review(..) => "PRR",
        PostAt::ReviewComment(..) => "PRRC",
        PostAt::CommitComment(_) => "CC",
    };
    node_id(prefix, post.id)
}

fn type_name(repo: &Repository, at: PostAt) -> (&'static str, &'static str) {
    match (at, area(repo, at)) {
        (PostAt::Thread(_), "discussions") => ("Discussion", "Node Comment Lockable Closable Reactable"),
        (PostAt::Thread(_), "pull_requests") => {
            ("PullRequest", "Node Comment Lockable Closable Reactable Assignable Labelable")
        }
        (PostAt::Thread(_), _) => ("Issue", "Node Comment Lockable Closable Reactable Assignable Labelable"),
        (PostAt::Comment(..), "discussions") => ("DiscussionComment", "Node Comment Minimizable Reactable"),
        (PostAt::Comment(..), _) => ("IssueComment", "Node Comment Minimizable Reactable"),
        (PostAt::Review(..), _) => ("PullRequestReview", "Node Comment Minimizable Reactable"),
        (PostAt::ReviewComment(..), _) => ("PullRequestReviewComment", "Node Comment Minimizable Reactable"),
        (PostAt::CommitComment(_), _) => ("CommitComment", "Node Comment Minimizable Reactable"),
    }
}

fn actor(world: &World, login: &str) -> Value {
    let account = world.account(login);
    let kind = account.map_or("User", |a| a.kind.as_str());
    // GraphQL shows a machine account without the suffix that REST puts on.
    let login = login.strip_suffix("[bot]").unwrap_or(login);
    json!({
        "__typename": kind,
        "__interfaces": "Actor",
        "databaseId": account.map(|a| a.id),
        "login": login,
        "url": format!("{}/{login}", world.places.web),
    })
}

/// What all posts have: interface `Comment`, `Minimizable`, the edit history.
fn common(world: &World, repo: &Repository, at: PostAt, post: &Post) -> Value {
    let (kind, interfaces) = type_name(repo, at);
    // Newest first, and the first node is the text as it is now.
    let edits = post.revisions.iter().rev().map(|revision| {
        let gone = revision.deleted.as_ref();
        json!({
            "__typename": "UserContentEdit",
            "id": node_id("UCE", revision.id),
            "createdAt": render::time(revision.at),
            "editedAt": render::time(revision.at),
            "updatedAt": render::time(gone.map_or(revision.at, |d| d.at)),
            "editor": actor(world, &revision.editor),
            "deletedAt": gone.map(|d| render::time(d.at)),
            "deletedBy": gone.map(|d| actor(world, &d.by)),
            "diff": gone.is_none().then_some(&revision.body),
        })
    });
    let edited = post.revisions.last();
    json!({
        "__typename": kind,
        "__interfaces": interfaces,
        "id": node(repo, at, post),
        "databaseId": post.id,
        "fullDatabaseId": post.id.to_string(),
        "author": actor(world, &post.author),
        "authorAssociation": world.association(repo.id, &post.author),
        "body": post.body,
        "bodyText": post.body,
        "createdAt": render::time(post.created_at),
        "updatedAt": render::time(post.updated_at),
        "lastEditedAt": edited.map(|r| render::time(r.at)),
        "editor": edited.map(|r| actor(world, &r.editor)),
        "includesCreatedEdit": !post.revisions.is_empty(),
        "userContentEdits": edits.collect::<Vec<_>>(),
        "isMinimized": post.minimised.is_some(),
        "minimizedReason": post.minimised.as_deref().map(str::to_lowercase),
    })
}

fn with(mut base: Value, more: Value) -> Value {
    if let (Value::Object(base), Value::Object(more)) = (&mut base, more) {
        base.extend(more);
    }
    base
}

/// The object of a post, with its thread-only fields where it is one.
pub(super) fn post(world: &World, repository: u64, at: PostAt) -> Outcome<Value> {
    let repo = world.repository(repository)?;
    let post = repo.post(at).ok_or_else(unresolvable)?;
    let base = common(world, repo, at, post);
    Ok(match at {
        PostAt::Thread(n) => with(base, thread(world, repo, world.thread(repository, n)?)),
        PostAt::Comment(n, id) => {
            let thread = world.thread(repository, n)?;
            let comment = thread.comments.iter().find(|c| c.post.id == id);
            match comment {
                Some(c) if thread.is_discussion() => discussion_comment(world, repo, thread, c),
                _ => base,
            }
        }
        PostAt::Review(..) | PostAt::ReviewComment(..) | PostAt::CommitComment(_) => base,
    })
}

fn thread(world: &World, repo: &Repository, thread: &Thread) -> Value {
    let lock_reason = thread.lock_reason.as_ref();
    let lock_reason = lock_reason.map(|r| r.to_uppercase().replace([' ', '-'], "_"));
    let mut shown = json!({
        "number": thread.number,
        "title": thread.title,
        "url": thread_web(world, repo, thread),
        "closed": !thread.open,
        "closedAt": render::maybe_time(thread.closed_at),
        "locked": thread.locked,
        "activeLockReason": lock_reason,
        "stateReason": thread.state_reason.as_ref().map(|r| r.to_uppercase()),
        "repository": repository(world, repo),
    });
    if thread.is_discussion() {
        let top = thread.comments.iter().filter(|c| c.reply_to.is_none());
        let comments: Vec<Value> = top.map(|c| discussion_comment(world, repo, thread, c)).collect();
        shown["comments"] = comments.into();
    } else {
        shown["state"] = thread.state().to_uppercase().into();
        let comments: Vec<Value> = thread
            .comments
            .iter()
            .map(|c| common(world, repo, PostAt::Comment(thread.number, c.post.id), &c.post))
            .collect();
        shown["comments"] = comments.into();
    }
    shown
}

fn discussion_comment(world: &World, repo: &Repository, thread: &Thread, comment: &Comment) -> Value {
    let at = |c: &Comment| PostAt::Comment(thread.number, c.post.id);
    let page = |c: &Comment| {
        let thread = thread_web(world, repo, thread);
        format!("{thread}#discussioncomment-{}", c.post.id)
    };
    let replies: Vec<Value> = thread
        .comments
        .iter()
        .filter(|c| c.reply_to == Some(comment.post.id))
        .map(|c| {
            let reply_to = json!({"__typename": "DiscussionComment", "id": node(repo, at(comment), &comment.post)});
            let own = json!({"replyTo": reply_to, "replies": [], "url": page(c)});
            with(common(world, repo, at(c), &c.post), own)
        })
        .collect();
    let parent = comment.reply_to.map(|id| json!({"__typename": "DiscussionComment", "id": node_id("DC", id)}));
    let own = json!({"replies": replies, "replyTo": parent, "url": page(comment)});
    with(common(world, repo, at(comment), &comment.post), own)
}

/// The refs whose name begins with `prefix`, by the rest of their names, each with its commit.
pub(super) fn refs(repo: &Repository, prefix: &str) -> Value {
    let named = repo.refs.iter().filter_map(|(name, sha)| Some((name.strip_prefix(prefix)?, repo.commits.get(sha)?)));
    let shown = named.map(|(name, commit)| {
        json!({
            "__typename": "Ref",
            "name": name,
            "target": { "__typename": "Commit", "oid": commit.sha, "committedDate": render::time(commit.at) },
        })
    });
    Value::Array(shown.collect())
}

/// The small object of a repository.
pub(super) fn repository(world: &World, repo: &Repository) -> Value {
    json!({
        "__typename": "Repository",
        "__interfaces": "Node",
        "id": node_id("R", repo.id),
        "databaseId": repo.id,
        "name": repo.name,
        "nameWithOwner": repo.full_name(),
        "isPrivate": repo.private,
        "visibility": if repo.private { "PRIVATE" } else { "PUBLIC" },
        "url": render::repository::web(world, repo),
    })
}
