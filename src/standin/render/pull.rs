//! Pull requests, reviews, and comments on diffs and commits.

use serde_json::{Value, json};

use super::repository::{api, full, web};
use super::thread::{issue, thread_web};
use super::{account, maybe_time, node_id, reactions, time};
use crate::standin::model::{CommitComment, Pull, Repository, Review, ReviewComment, Thread};
use crate::standin::world::World;

/// Schema `pull-request`; a thread that is none gives null.
pub(crate) fn pull(world: &World, repo: &Repository, thread: &Thread) -> Value {
    let Some(pull) = thread.pull() else {
        return Value::Null;
    };
    let mut shown = issue(world, repo, thread);
    let url = format!("{}/pulls/{}", api(world, repo), thread.number);
    let page = thread_web(world, repo, thread);
    let issue_url = format!("{}/issues/{}", api(world, repo), thread.number);
    let statuses = format!("{}/statuses/{}", api(world, repo), pull.head_sha);
    let base_sha = repo.resolve(&pull.base_ref).unwrap_or_default();
    let tip = |name: &str, sha: &str, user: &str| {
        json!({
            "label": format!("{user}:{name}"),
            "ref": name,
            "sha": sha,
            "user": account::user(world, user),
            "repo": full(world, repo),
        })
    };
    let more = json!({
        "url": url,
        "issue_url": issue_url,
        "diff_url": format!("{page}.diff"),
        "patch_url": format!("{page}.patch"),
        "commits_url": format!("{url}/commits"),
        "review_comments_url": format!("{url}/comments"),
        "review_comment_url": format!("{}/pulls/comments{{/number}}", api(world, repo)),
        "comments_url": format!("{issue_url}/comments"),
        "statuses_url": statuses,
        "requested_reviewers": [],
        "requested_teams": [],
        "head": tip(&pull.head_ref, &pull.head_sha, &thread.post.author),
        "base": tip(&pull.base_ref, &base_sha, &repo.owner),
        "_links": {
            "self": {"href": url},
            "html": {"href": page},
            "issue": {"href": issue_url},
            "comments": {"href": format!("{issue_url}/comments")},
            "review_comments": {"href": format!("{url}/comments")},
            "review_comment": {"href": format!("{}/pulls/comments{{/number}}", api(world, repo))},
            "commits": {"href": format!("{url}/commits")},
            "statuses": {"href": statuses},
        },
        "auto_merge": null,
        "draft": false,
        "merged": pull.merged,
        "merged_at": if pull.merged { maybe_time(thread.closed_at) } else { Value::Null },
        "merged_by": null,
        "merge_commit_sha": if pull.merged { Value::from(pull.head_sha.clone()) } else { Value::Null },
        "mergeable": true,
        "mergeable_state": "clean",
        "rebaseable": true,
        "maintainer_can_modify": false,
        "review_comments": pull.review_comments.len(),
        "commits": 1,
        "additions": 1,
        "deletions": 1,
        "changed_files": pull.files.len(),
    });
    if let (Value::Object(shown), Value::Object(more)) = (&mut shown, more) {
        for key in [
            "pull_request",
            "repository_url",
            "labels_url",
            "events_url",
            "timeline_url",
            "state_reason",
            "reactions",
            "performed_via_github_app",
        ] {
            shown.remove(key);
        }
        shown.extend(more);
    }
    shown
}

/// Schema `diff-entry`.
pub(crate) fn file(world: &World, repo: &Repository, pull: &Pull, path: &str) -> Value {
    let (sha, web) = (&pull.head_sha, web(world, repo));
    json!({
        "sha": sha,
        "filename": path,
        "status": "modified",
        "additions": 1,
        "deletions": 1,
        "changes": 2,
        "blob_url": format!("{web}/blob/{sha}/{path}"),
        "raw_url": format!("{web}/raw/{sha}/{path}"),
        "contents_url": format!("{}/contents/{path}?ref={sha}", api(world, repo)),
        "patch": "@@ -1 +1 @@\n-before\n+after",
    })
}

/// Schema `pull-request-review`.
pub(crate) fn review(world: &World, repo: &Repository, thread: &Thread, review: &Review) -> Value {
    let post = &review.post;
    let page = format!("{}#pullrequestreview-{}", thread_web(world, repo, thread), post.id);
    let pull_url = format!("{}/pulls/{}", api(world, repo), thread.number);
    json!({
        "id": post.id,
        "node_id": node_id("PRR", post.id),
        "user": account::user(world, &post.author),
        "author_association": world.association(repo.id, &post.author),
        "body": post.body,
        "state": review.state,
        "commit_id": review.commit_id,
        "submitted_at": time(post.created_at),
        "updated_at": time(post.updated_at),
        "html_url": page,
        "pull_request_url": pull_url,
        "_links": {"html": {"href": page}, "pull_request": {"href": pull_url}},
    })
}

/// Schema `pull-request-review-comment`.
pub(crate) fn review_comment(world: &World, repo: &Repository, thread: &Thread, comment: &ReviewComment) -> Value {
    let post = &comment.post;
    let url = format!("{}/pulls/comments/{}", api(world, repo), post.id);
    let page = format!("{}#discussion_r{}", thread_web(world, repo, thread), post.id);
    let pull_url = format!("{}/pulls/{}", api(world, repo), thread.number);
    let mut shown = json!({
        "id": post.id,
        "node_id": node_id("PRRC", post.id),
        "url": url,
        "html_url": page,
        "pull_request_url": pull_url,
        "pull_request_review_id": null,
        "diff_hunk": "@@ -1 +1 @@",
        "path": comment.path,
        "position": 1,
        "original_position": 1,
        "line": 1,
        "original_line": 1,
        "start_line": null,
        "original_start_line": null,
        "start_side": null,
        "side": "RIGHT",
        "subject_type": "line",
        "commit_id": comment.commit_id,
        "original_commit_id": comment.commit_id,
        "user": account::user(world, &post.author),
        "author_association": world.association(repo.id, &post.author),
        "body": post.body,
        "created_at": time(post.created_at),
        "updated_at": time(post.updated_at),
        "reactions": reactions(&url, &post.reactions),
        "_links": {"self": {"href": url}, "html": {"href": page}, "pull_request": {"href": pull_url}},
    });
    if let Some(parent) = comment.in_reply_to {
        shown["in_reply_to_id"] = parent.into();
    }
    shown
}

/// Schema `commit-comment`.
pub(crate) fn commit_comment(world: &World, repo: &Repository, comment: &CommitComment) -> Value {
    let post = &comment.post;
    let url = format!("{}/comments/{}", api(world, repo), post.id);
    json!({
        "id": post.id,
        "node_id": node_id("CC", post.id),
        "url": url,
        "html_url": format!("{}/commit/{}#commitcomment-{}", web(world, repo), comment.sha, post.id),
        "commit_id": comment.sha,
        "path": comment.path,
        "position": null,
        "line": null,
        "user": account::user(world, &post.author),
        "author_association": world.association(repo.id, &post.author),
        "body": post.body,
        "created_at": time(post.created_at),
        "updated_at": time(post.updated_at),
        "reactions": reactions(&url, &post.reactions),
    })
}
