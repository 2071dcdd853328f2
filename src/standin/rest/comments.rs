//! Comments below issues and pull requests, and reactions to posts.

use serde_json::Value;

use super::issues::thread;
use super::{Answer, Body, Call, Level, Need, Route, route};
use crate::standin::change::PostAt;
use crate::standin::refusal::{Outcome, Refusal};
use crate::standin::render;

pub(super) const ROUTES: &[Route] = &[
    route("GET", "/repos/{owner}/{repo}/issues/{number}/comments", Need::Thread(Level::Read), list),
    route("POST", "/repos/{owner}/{repo}/issues/{number}/comments", Need::Thread(Level::Write), create),
    route("GET", "/repos/{owner}/{repo}/issues/comments/{id}", Need::Comment(Level::Read), get),
    route("PATCH", "/repos/{owner}/{repo}/issues/comments/{id}", Need::Comment(Level::Write), edit),
    route("DELETE", "/repos/{owner}/{repo}/issues/comments/{id}", Need::Comment(Level::Write), delete),
    route("GET", "/repos/{owner}/{repo}/issues/{number}/reactions", Need::Thread(Level::Read), reactions),
    route("POST", "/repos/{owner}/{repo}/issues/{number}/reactions", Need::Thread(Level::Write), react),
    route("GET", "/repos/{owner}/{repo}/issues/comments/{id}/reactions", Need::Comment(Level::Read), reactions),
    route("POST", "/repos/{owner}/{repo}/issues/comments/{id}/reactions", Need::Comment(Level::Write), react),
    route(
        "GET",
        "/repos/{owner}/{repo}/pulls/comments/{id}/reactions",
        Need::Permission("pull_requests", Level::Read),
        reactions,
    ),
    route(
        "POST",
        "/repos/{owner}/{repo}/pulls/comments/{id}/reactions",
        Need::Permission("pull_requests", Level::Write),
        react,
    ),
    route("POST", "/repos/{owner}/{repo}/comments/{id}/reactions", Need::Permission("contents", Level::Read), react),
];

/// Where a comment below a thread is, by its id alone.
pub(crate) fn locate(call: &Call<'_>, id: u64) -> Outcome<PostAt> {
    let repo = call.repo()?;
    let mut threads = repo.threads.values().filter(|t| !t.is_discussion());
    threads
        .find(|t| t.comments.iter().any(|c| c.post.id == id))
        .map(|t| PostAt::Comment(t.number, id))
        .ok_or_else(Refusal::not_found)
}

fn shown(call: &Call<'_>, at: PostAt) -> Outcome<Value> {
    let PostAt::Comment(number, id) = at else {
        return Err(Refusal::not_found());
    };
    let (world, repo) = (&call.state.world, call.repo()?);
    let thread = world.thread(call.repository, number)?;
    let comment = thread.comments.iter().find(|c| c.post.id == id);
    let comment = comment.ok_or_else(Refusal::not_found)?;
    Ok(render::thread::comment(world, repo, thread, comment))
}

fn list(call: &mut Call<'_>) -> Outcome<Answer> {
    let thread = thread(call)?;
    let (world, repo) = (&call.state.world, call.repo()?);
    let since = call.since()?;
    let all = thread.comments.iter();
    let all = all.filter(|c| since.is_none_or(|s| c.post.updated_at >= s));
    let all = all.map(|c| render::thread::comment(world, repo, thread, c));
    Ok(call.page(all.collect()))
}

/// The comments below all issues and pull requests of a repository.
pub(super) fn all(call: &mut Call<'_>) -> Outcome<Answer> {
    let (world, repo) = (&call.state.world, call.repo()?);
    let threads = repo.threads.values().filter(|t| !t.is_discussion());
    let comments = threads.flat_map(|t| t.comments.iter().map(move |c| (t, c)));
    let shown = |(t, c): (_, &crate::standin::model::Comment)| {
        (c.post.created_at, c.post.updated_at, render::thread::comment(world, repo, t, c))
    };
    call.recent(comments.map(shown).collect())
}

fn create(call: &mut Call<'_>) -> Outcome<Answer> {
    let number = thread(call)?.number;
    let (actor, repository) = (call.actor(), call.repository);
    let text = Body::new(&call.body, "IssueComment").needed_text("body")?;
    let id = call.world().comment(repository, number, &actor, &text, None)?;
    Ok(Answer::with(201, shown(call, PostAt::Comment(number, id))?))
}

fn get(call: &mut Call<'_>) -> Outcome<Answer> {
    let at = locate(call, call.number("id")?)?;
    shown(call, at).map(Answer::ok)
}

fn edit(call: &mut Call<'_>) -> Outcome<Answer> {
    let at = locate(call, call.number("id")?)?;
    let (actor, repository) = (call.actor(), call.repository);
    let text = Body::new(&call.body, "IssueComment").needed_text("body")?;
    call.world().edit_post(repository, at, &actor, &text)?;
    shown(call, at).map(Answer::ok)
}

fn delete(call: &mut Call<'_>) -> Outcome<Answer> {
    let at = locate(call, call.number("id")?)?;
    let (actor, repository) = (call.actor(), call.repository);
    call.world().delete_post(repository, at, &actor)?;
    Ok(Answer::empty(204))
}

/// The post that a reactions route speaks of: a thread by number, or one of the three sorts of comment by id.
fn target(call: &Call<'_>) -> Outcome<PostAt> {
    if call.params.contains_key("number") {
        return thread(call).map(|t| PostAt::Thread(t.number));
    }
    let id = call.number("id")?;
    let kinds = |at: &PostAt| match at {
        PostAt::Comment(..) => call.path.contains("/issues/comments/"),
        PostAt::ReviewComment(..) => call.path.contains("/pulls/comments/"),
        PostAt::CommitComment(_) => true,
        PostAt::Thread(_) | PostAt::Review(..) => false,
    };
    let mut posts = call.repo()?.posts().into_iter();
    posts.find(|(at, post)| post.id == id && kinds(at)).map(|(at, _)| at).ok_or_else(Refusal::not_found)
}

fn reactions(call: &mut Call<'_>) -> Outcome<Answer> {
    let at = target(call)?;
    let world = &call.state.world;
    let post = call.repo()?.post(at).ok_or_else(Refusal::not_found)?;
    let all = post.reactions.iter();
    let all = all.filter(|r| call.query.get("content").is_none_or(|c| *c == r.content));
    Ok(call.page(all.map(|r| render::reaction(world, r)).collect()))
}

/// 201, or 200 when this account had reacted so before.
fn react(call: &mut Call<'_>) -> Outcome<Answer> {
    let at = target(call)?;
    let (actor, repository) = (call.actor(), call.repository);
    let content = Body::new(&call.body, "Reaction").needed_text("content")?;
    let world = call.world();
    let (reaction, fresh) = world.react(repository, at, &actor, &content)?;
    let shown = render::reaction(world, &reaction);
    Ok(Answer::with(if fresh { 201 } else { 200 }, shown))
}
