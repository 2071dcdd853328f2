//! Pull requests, their reviews, and the comments on their diffs.

use serde_json::Value;

use super::{Answer, Body, Call, Level, Need, Route, route};
use crate::standin::change::{PostAt, ThreadPatch};
use crate::standin::model::Thread;
use crate::standin::refusal::{Outcome, Refusal};
use crate::standin::render;

const READ: Need = Need::Permission("pull_requests", Level::Read);
const WRITE: Need = Need::Permission("pull_requests", Level::Write);

pub(super) const ROUTES: &[Route] = &[
    route("GET", "/repos/{owner}/{repo}/pulls", READ, list),
    route("GET", "/repos/{owner}/{repo}/pulls/comments", READ, all_comments),
    route("GET", "/repos/{owner}/{repo}/pulls/comments/{id}", READ, comment),
    route("PATCH", "/repos/{owner}/{repo}/pulls/comments/{id}", WRITE, edit_comment),
    route("DELETE", "/repos/{owner}/{repo}/pulls/comments/{id}", WRITE, delete_comment),
    route("GET", "/repos/{owner}/{repo}/pulls/{number}", READ, get),
    route("PATCH", "/repos/{owner}/{repo}/pulls/{number}", WRITE, update),
    route("GET", "/repos/{owner}/{repo}/pulls/{number}/commits", READ, commits),
    route("GET", "/repos/{owner}/{repo}/pulls/{number}/files", READ, files),
    route("GET", "/repos/{owner}/{repo}/pulls/{number}/reviews", READ, reviews),
    route("POST", "/repos/{owner}/{repo}/pulls/{number}/reviews", WRITE, add_review),
    route("GET", "/repos/{owner}/{repo}/pulls/{number}/reviews/{id}", READ, review),
    route("PUT", "/repos/{owner}/{repo}/pulls/{number}/reviews/{id}", WRITE, edit_review),
    route("GET", "/repos/{owner}/{repo}/pulls/{number}/comments", READ, comments),
    route("POST", "/repos/{owner}/{repo}/pulls/{number}/comments", WRITE, add_comment),
    route("POST", "/repos/{owner}/{repo}/pulls/{number}/comments/{id}/replies", WRITE, reply),
];

fn thread<'c>(call: &'c Call<'_>) -> Outcome<&'c Thread> {
    let number = call.number("number")?;
    let thread = call.state.world.thread(call.repository, number)?;
    thread.pull().ok_or_else(Refusal::not_found)?;
    Ok(thread)
}

fn list(call: &mut Call<'_>) -> Outcome<Answer> {
    let (world, repo) = (&call.state.world, call.repo()?);
    let state = call.query.get("state").map_or("open", String::as_str);
    let all = repo.threads.values().rev();
    let all = all.filter(|t| t.pull().is_some()).filter(|t| state == "all" || t.state() == state);
    let all = all.map(|t| render::pull::pull(world, repo, t)).collect();
    Ok(call.page(all))
}

fn get(call: &mut Call<'_>) -> Outcome<Answer> {
    let (world, repo) = (&call.state.world, call.repo()?);
    Ok(Answer::ok(render::pull::pull(world, repo, thread(call)?)))
}

fn update(call: &mut Call<'_>) -> Outcome<Answer> {
    let number = thread(call)?.number;
    let (actor, repository) = (call.actor(), call.repository);
    let value = call.body.clone();
    let body = Body::new(&value, "PullRequest");
    let patch = ThreadPatch {
        title: body.text("title")?,
        body: body.text("body")?,
        open: body.choice("state", &["open", "closed"])?.map(|s| s == "open"),
        ..ThreadPatch::default()
    };
    call.world().patch_thread(repository, number, &actor, patch)?;
    get(call)
}

fn commits(call: &mut Call<'_>) -> Outcome<Answer> {
    let (world, repo) = (&call.state.world, call.repo()?);
    let pull = thread(call)?.pull().ok_or_else(Refusal::not_found)?;
    let base = repo.resolve(&pull.base_ref).unwrap_or_default();
    let mut all = repo.history(&pull.head_sha);
    all.retain(|sha| !repo.reaches(&base, sha));
    all.reverse();
    let all = all.iter().filter_map(|sha| repo.commits.get(sha));
    let all = all.map(|c| render::git::commit(world, repo, c));
    Ok(call.page(all.collect()))
}

fn files(call: &mut Call<'_>) -> Outcome<Answer> {
    let (world, repo) = (&call.state.world, call.repo()?);
    let pull = thread(call)?.pull().ok_or_else(Refusal::not_found)?;
    let all = pull.files.iter().map(|path| render::pull::file(world, repo, pull, path)).collect();
    Ok(call.page(all))
}

fn shown_review(call: &Call<'_>, id: u64) -> Outcome<Value> {
    let thread = thread(call)?;
    let mut all = thread.pull().into_iter().flat_map(|p| &p.reviews);
    let found = all.find(|r| r.post.id == id).ok_or_else(Refusal::not_found)?;
    Ok(render::pull::review(&call.state.world, call.repo()?, thread, found))
}

fn reviews(call: &mut Call<'_>) -> Outcome<Answer> {
    let (world, repo, thread) = (&call.state.world, call.repo()?, thread(call)?);
    let all = thread.pull().into_iter().flat_map(|p| &p.reviews);
    let all = all.map(|r| render::pull::review(world, repo, thread, r));
    Ok(call.page(all.collect()))
}

fn review(call: &mut Call<'_>) -> Outcome<Answer> {
    shown_review(call, call.number("id")?).map(Answer::ok)
}

fn add_review(call: &mut Call<'_>) -> Outcome<Answer> {
    let number = thread(call)?.number;
    let (actor, repository) = (call.actor(), call.repository);
    let value = call.body.clone();
    let body = Body::new(&value, "Review");
    let text = body.text("body")?.unwrap_or_default();
    let event = body.choice("event", &["COMMENT", "APPROVE", "REQUEST_CHANGES"])?;
    let state = match event.as_deref() {
        Some("APPROVE") => "APPROVED",
        Some("REQUEST_CHANGES") => "CHANGES_REQUESTED",
        _ => "COMMENTED",
    };
    let id = call.world().review(repository, number, &actor, state, &text)?;
    shown_review(call, id).map(Answer::ok)
}

fn edit_review(call: &mut Call<'_>) -> Outcome<Answer> {
    let (number, id) = (thread(call)?.number, call.number("id")?);
    let (actor, repository) = (call.actor(), call.repository);
    let text = Body::new(&call.body, "Review").needed_text("body")?;
    let at = PostAt::Review(number, id);
    call.world().edit_post(repository, at, &actor, &text)?;
    review(call)
}

fn comments(call: &mut Call<'_>) -> Outcome<Answer> {
    let (world, repo, thread) = (&call.state.world, call.repo()?, thread(call)?);
    let all = thread.pull().into_iter().flat_map(|p| &p.review_comments);
    let all = all.map(|c| render::pull::review_comment(world, repo, thread, c));
    Ok(call.page(all.collect()))
}

/// The comments on all diffs of a repository.
fn all_comments(call: &mut Call<'_>) -> Outcome<Answer> {
    let (world, repo) = (&call.state.world, call.repo()?);
    let pulls = repo.threads.values().filter_map(|thread| Some((thread, thread.pull()?)));
    let comments = pulls.flat_map(|(thread, pull)| pull.review_comments.iter().map(move |c| (thread, c)));
    let shown = |(thread, c)| render::pull::review_comment(world, repo, thread, c);
    call.recent(comments.map(|(t, c)| (c.post.created_at, c.post.updated_at, shown((t, c)))).collect())
}

fn shown_comment(call: &Call<'_>, id: u64) -> Outcome<(PostAt, Value)> {
    let (world, repo) = (&call.state.world, call.repo()?);
    let mut threads = repo.threads.values();
    threads
        .find_map(|thread| {
            let mut all = thread.pull()?.review_comments.iter();
            let found = all.find(|c| c.post.id == id)?;
            let shown = render::pull::review_comment(world, repo, thread, found);
            Some((PostAt::ReviewComment(thread.number, id), shown))
        })
        .ok_or_else(Refusal::not_found)
}

fn comment(call: &mut Call<'_>) -> Outcome<Answer> {
    let id = call.number("id")?;
    shown_comment(call, id).map(|(_, shown)| Answer::ok(shown))
}

fn edit_comment(call: &mut Call<'_>) -> Outcome<Answer> {
    let (at, _) = shown_comment(call, call.number("id")?)?;
    let (actor, repository) = (call.actor(), call.repository);
    let text = Body::new(&call.body, "PullRequestReviewComment").needed_text("body")?;
    call.world().edit_post(repository, at, &actor, &text)?;
    comment(call)
}

fn delete_comment(call: &mut Call<'_>) -> Outcome<Answer> {
    let (at, _) = shown_comment(call, call.number("id")?)?;
    let (actor, repository) = (call.actor(), call.repository);
    call.world().delete_post(repository, at, &actor)?;
    Ok(Answer::empty(204))
}

fn add_comment(call: &mut Call<'_>) -> Outcome<Answer> {
    let value = call.body.clone();
    let body = Body::new(&value, "PullRequestReviewComment");
    let parent = body.get("in_reply_to").and_then(Value::as_u64);
    let path = match parent {
        Some(_) => String::new(),
        None => body.needed_text("path")?,
    };
    write_comment(call, &path, &body.needed_text("body")?, parent)
}

fn reply(call: &mut Call<'_>) -> Outcome<Answer> {
    let parent = call.number("id")?;
    let text = Body::new(&call.body, "PullRequestReviewComment").needed_text("body")?;
    write_comment(call, "", &text, Some(parent))
}

fn write_comment(call: &mut Call<'_>, path: &str, text: &str, parent: Option<u64>) -> Outcome<Answer> {
    let number = thread(call)?.number;
    let (actor, repository) = (call.actor(), call.repository);
    let world = call.world();
    let id = world.review_comment(repository, number, &actor, (path, text), parent)?;
    Ok(Answer::with(201, shown_comment(call, id)?.1))
}
