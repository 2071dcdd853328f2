//! Issues, discussions and the comments below them.

use serde_json::{Value, json};

use super::repository::{api, web};
use super::{account, maybe_time, node_id, nullable, reactions, time};
use crate::standin::model::{Comment, Repository, Thread, ThreadKind};
use crate::standin::world::World;

/// Prefix of a thread's node id.
pub(crate) fn prefix(thread: &Thread) -> &'static str {
    match thread.kind {
        ThreadKind::Issue => "I",
        ThreadKind::Pull(_) => "PR",
        ThreadKind::Discussion => "D",
    }
}

/// Web address of a thread.
pub(crate) fn thread_web(world: &World, repo: &Repository, thread: &Thread) -> String {
    let part = match thread.kind {
        ThreadKind::Issue => "issues",
        ThreadKind::Pull(_) => "pull",
        ThreadKind::Discussion => "discussions",
    };
    format!("{}/{part}/{}", web(world, repo), thread.number)
}

/// Schema `label`.
pub(crate) fn label(world: &World, repo: &Repository, name: &str) -> Value {
    // Labels are not kept as things of their own: the number follows from the name.
    let id = name.bytes().fold(repo.id, |id, b| (id.wrapping_mul(31) + u64::from(b)) % 1_000_000_007);
    json!({
        "id": id,
        "node_id": node_id("LA", id),
        "url": format!("{}/labels/{}", api(world, repo), name.replace(' ', "%20")),
        "name": name,
        "color": "ededed",
        "default": false,
        "description": null,
    })
}

/// Schema `issue`; pull requests are issues too, with a `pull_request` part.
pub(crate) fn issue(world: &World, repo: &Repository, thread: &Thread) -> Value {
    let url = format!("{}/issues/{}", api(world, repo), thread.number);
    let labels: Vec<Value> = thread.labels.iter().map(|l| label(world, repo, l)).collect();
    let mut shown = json!({
        "id": thread.post.id,
        "node_id": node_id(prefix(thread), thread.post.id),
        "url": url,
        "repository_url": api(world, repo),
        "labels_url": format!("{url}/labels{{/name}}"),
        "comments_url": format!("{url}/comments"),
        "events_url": format!("{url}/events"),
        "timeline_url": format!("{url}/timeline"),
        "html_url": thread_web(world, repo, thread),
        "number": thread.number,
        "title": thread.title,
        "body": nullable(&thread.post.body),
        "user": account::user(world, &thread.post.author),
        "author_association": world.association(repo.id, &thread.post.author),
        "state": thread.state(),
        "state_reason": thread.state_reason,
        "locked": thread.locked,
        "active_lock_reason": thread.lock_reason,
        "labels": labels,
        "assignee": null,
        "assignees": [],
        "milestone": null,
        "comments": thread.comments.len(),
        "created_at": time(thread.post.created_at),
        "updated_at": time(thread.post.updated_at),
        "closed_at": maybe_time(thread.closed_at),
        "performed_via_github_app": null,
        "reactions": reactions(&url, &thread.post.reactions),
    });
    if let Some(pull) = thread.pull() {
        let web = thread_web(world, repo, thread);
        shown["pull_request"] = json!({
            "url": format!("{}/pulls/{}", api(world, repo), thread.number),
            "html_url": web,
            "diff_url": format!("{web}.diff"),
            "patch_url": format!("{web}.patch"),
            "merged_at": if pull.merged { maybe_time(thread.closed_at) } else { Value::Null },
        });
        shown["draft"] = false.into();
    }
    shown
}

/// Schema `issue-comment`.
pub(crate) fn comment(world: &World, repo: &Repository, thread: &Thread, comment: &Comment) -> Value {
    let post = &comment.post;
    let url = format!("{}/issues/comments/{}", api(world, repo), post.id);
    json!({
        "id": post.id,
        "node_id": node_id("IC", post.id),
        "url": url,
        "html_url": format!("{}#issuecomment-{}", thread_web(world, repo, thread), post.id),
        "issue_url": format!("{}/issues/{}", api(world, repo), thread.number),
        "user": account::user(world, &post.author),
        "author_association": world.association(repo.id, &post.author),
        "body": post.body,
        "created_at": time(post.created_at),
        "updated_at": time(post.updated_at),
        "performed_via_github_app": null,
        "reactions": reactions(&url, &post.reactions),
    })
}

/// The discussion of webhooks (schema `discussion`).
pub(crate) fn discussion(world: &World, repo: &Repository, thread: &Thread) -> Value {
    let labels: Vec<Value> = thread.labels.iter().map(|l| label(world, repo, l)).collect();
    json!({
        "id": thread.post.id,
        "node_id": node_id("D", thread.post.id),
        "number": thread.number,
        "title": thread.title,
        "body": thread.post.body,
        "user": account::user(world, &thread.post.author),
        "author_association": world.association(repo.id, &thread.post.author),
        "state": if thread.open && thread.locked { "locked" } else { thread.state() },
        "state_reason": thread.state_reason.as_deref().map(str::to_lowercase),
        "locked": thread.locked,
        "active_lock_reason": thread.lock_reason,
        "answer_chosen_at": null,
        "answer_chosen_by": null,
        "answer_html_url": null,
        "category": {
            "id": 1,
            "node_id": node_id("DIC", 1),
            "repository_id": repo.id,
            "name": "General",
            "slug": "general",
            "emoji": ":speech_balloon:",
            "description": "Chat about anything and everything here",
            "is_answerable": false,
            "created_at": time(repo.created_at),
            "updated_at": time(repo.created_at),
        },
        "comments": thread.comments.len(),
        "labels": labels,
        "created_at": time(thread.post.created_at),
        "updated_at": time(thread.post.updated_at),
        "html_url": thread_web(world, repo, thread),
        "repository_url": api(world, repo),
        "timeline_url": format!("{}/discussions/{}/timeline", api(world, repo), thread.number),
        "reactions": reactions(&api(world, repo), &thread.post.reactions),
    })
}

/// A comment of a discussion, as webhooks carry it.
pub(crate) fn discussion_comment(world: &World, repo: &Repository, thread: &Thread, comment: &Comment) -> Value {
    let post = &comment.post;
    let replies = thread.comments.iter().filter(|c| c.reply_to == Some(post.id));
    json!({
        "id": post.id,
        "node_id": node_id("DC", post.id),
        "html_url": format!("{}#discussioncomment-{}", thread_web(world, repo, thread), post.id),
        "parent_id": comment.reply_to,
        "child_comment_count": replies.count(),
        "repository_url": api(world, repo),
        "discussion_id": thread.post.id,
        "user": account::user(world, &post.author),
        "author_association": world.association(repo.id, &post.author),
        "body": post.body,
        "created_at": time(post.created_at),
        "updated_at": time(post.updated_at),
        "reactions": reactions(&api(world, repo), &post.reactions),
    })
}
