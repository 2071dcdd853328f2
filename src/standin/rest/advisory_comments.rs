//! Comments on advisories: a public preview, so a capability; gone once the advisory is published.

use serde_json::Value;

use super::advisories::available;
use super::{Answer, Body, Call, Level, Need, Route, route};
use crate::standin::model::{Advisory, AdvisoryState};
use crate::standin::refusal::{Outcome, Refusal};
use crate::standin::render;

const READ: Need = Need::Permission("repository_advisories", Level::Read);
const WRITE: Need = Need::Permission("repository_advisories", Level::Write);

pub(super) const ROUTES: &[Route] = &[
    route("GET", "/repos/{owner}/{repo}/security-advisories/{ghsa}/comments", READ, list),
    route("POST", "/repos/{owner}/{repo}/security-advisories/{ghsa}/comments", WRITE, create),
    route("GET", "/repos/{owner}/{repo}/security-advisories/{ghsa}/comments/{id}", READ, get),
    route("PATCH", "/repos/{owner}/{repo}/security-advisories/{ghsa}/comments/{id}", WRITE, edit),
];

/// The advisory, where its comments can be had.
fn advisory<'c>(call: &'c Call<'_>) -> Outcome<&'c Advisory> {
    available(call)?;
    let world = &call.state.world;
    if !world.capabilities.advisory_comments {
        return Err(Refusal::not_found());
    }
    world.advisory(call.repository, call.param("ghsa"))
}

fn unpublished<'c>(call: &'c Call<'_>) -> Outcome<&'c Advisory> {
    let advisory = advisory(call)?;
    if advisory.state == AdvisoryState::Published {
        return Err(Refusal::not_found());
    }
    Ok(advisory)
}

fn list(call: &mut Call<'_>) -> Outcome<Answer> {
    let advisory = advisory(call)?;
    // Seen on the live API: a published advisory answers an empty list, which proves nothing.
    if advisory.state == AdvisoryState::Published {
        return Ok(call.page(Vec::new()));
    }
    let since = match call.query.get("since").map(|s| s.parse::<jiff::Timestamp>()) {
        Some(Err(_)) => return Err(Refusal::new(422, "since is not an instant")),
        Some(Ok(since)) => Some(since),
        None => None,
    };
    let (world, repo) = (&call.state.world, call.repo()?);
    let all = advisory.comments.iter();
    // `since` is about the last update, not the creation.
    let all = all.filter(|c| since.is_none_or(|s| c.updated_at >= s));
    let all = all.map(|c| render::advisory::comment(world, repo, advisory, c));
    Ok(call.page(all.collect()))
}

fn shown(call: &Call<'_>, id: u64) -> Outcome<Value> {
    let (world, repo, advisory) = (&call.state.world, call.repo()?, unpublished(call)?);
    let comment = advisory.comments.iter().find(|c| c.id == id);
    let comment = comment.ok_or_else(Refusal::not_found)?;
    Ok(render::advisory::comment(world, repo, advisory, comment))
}

fn get(call: &mut Call<'_>) -> Outcome<Answer> {
    shown(call, call.number("id")?).map(Answer::ok)
}

fn create(call: &mut Call<'_>) -> Outcome<Answer> {
    let ghsa = unpublished(call)?.ghsa_id.clone();
    let (actor, repository) = (call.actor(), call.repository);
    let text = Body::new(&call.body, "RepositoryAdvisoryComment").needed_text("body")?;
    let world = call.world();
    let id = world.comment_advisory(repository, &ghsa, &actor, &text)?;
    Ok(Answer::with(201, shown(call, id)?))
}

fn edit(call: &mut Call<'_>) -> Outcome<Answer> {
    let ghsa = unpublished(call)?.ghsa_id.clone();
    let (actor, repository, id) = (call.actor(), call.repository, call.number("id")?);
    let text = Body::new(&call.body, "RepositoryAdvisoryComment").needed_text("body")?;
    let world = call.world();
    world.edit_advisory_comment(repository, &ghsa, id, &actor, &text)?;
    get(call)
}
