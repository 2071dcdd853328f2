//! Check runs: written by the App, and public text on public commits.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Answer, Body, Call, Level, Need, Route, route};
use crate::standin::model::CheckRun;
use crate::standin::refusal::{Outcome, Refusal};
use crate::standin::render;

const READ: Need = Need::Permission("checks", Level::Read);
const WRITE: Need = Need::Permission("checks", Level::Write);

pub(super) const ROUTES: &[Route] = &[
    route("POST", "/repos/{owner}/{repo}/check-runs", WRITE, create),
    route("GET", "/repos/{owner}/{repo}/check-runs/{id}", READ, get),
    route("PATCH", "/repos/{owner}/{repo}/check-runs/{id}", WRITE, update),
    route("GET", "/repos/{owner}/{repo}/commits/{ref}/check-runs", READ, list),
];

const FIELDS: [&str; 9] =
    ["name", "head_sha", "details_url", "external_id", "status", "started_at", "conclusion", "completed_at", "output"];

/// Checks the body and takes over what it sets. GitHub takes 50 annotations and three buttons per request.
fn read(value: &Value, fields: &mut BTreeMap<String, Value>) -> Outcome<()> {
    let body = Body::new(value, "CheckRun");
    body.choice("status", &["queued", "in_progress", "completed"])?;
    let conclusions = ["action_required", "cancelled", "failure", "neutral", "success", "skipped", "timed_out"];
    let conclusion = body.choice("conclusion", &conclusions)?;
    if body.text("status")?.as_deref() == Some("completed") && conclusion.is_none() {
        return Err(body.wrong("conclusion", "is needed when completed"));
    }
    if let Some(output) = body.get("output") {
        let output = Body::new(output, "CheckRun");
        for field in ["title", "summary"] {
            output.needed_text(field)?;
        }
        for field in ["summary", "text"] {
            if output.text(field)?.is_some_and(|t| t.len() > 65_535) {
                return Err(output.wrong(field, "is too long (maximum is 65535 characters)"));
            }
        }
        if output.list("annotations")?.is_some_and(|a| a.len() > 50) {
            return Err(output.wrong("annotations", "may hold 50 at most"));
        }
    }
    if body.list("actions")?.is_some_and(|a| a.len() > 3) {
        return Err(body.wrong("actions", "may hold 3 at most"));
    }
    for field in FIELDS {
        if let Some(value) = body.get(field) {
            fields.insert(field.to_owned(), value.clone());
        }
    }
    if conclusion.is_some() {
        fields.insert("status".into(), "completed".into());
    }
    Ok(())
}

fn create(call: &mut Call<'_>) -> Outcome<Answer> {
    let mut fields = BTreeMap::new();
    read(&call.body, &mut fields)?;
    let body = Body::new(&call.body, "CheckRun");
    body.needed_text("name")?;
    let sha = body.needed_text("head_sha")?;
    if !call.repo()?.commits.contains_key(&sha) {
        return Err(Refusal::new(422, format!("No commit found for SHA: {sha}")));
    }
    let repository = call.repository;
    let world = call.world();
    let (id, created_at) = (world.next_id(), world.now);
    let run = CheckRun { id, fields, created_at };
    world.repository_mut(repository)?.check_runs.push(run);
    note(call, id)?;
    Ok(Answer::with(201, shown(call, id)?))
}

fn update(call: &mut Call<'_>) -> Outcome<Answer> {
    let (id, value, repository) = (call.number("id")?, call.body.clone(), call.repository);
    let runs = &mut call.world().repository_mut(repository)?.check_runs;
    let run = runs.iter_mut().find(|r| r.id == id);
    read(&value, &mut run.ok_or_else(Refusal::not_found)?.fields)?;
    note(call, id)?;
    get(call)
}

/// The public transcript holds what the check says.
fn note(call: &mut Call<'_>, id: u64) -> Outcome<()> {
    let (actor, repository) = (call.actor(), call.repository);
    let shown = shown(call, id)?;
    let what = json!({
        "check": shown["name"],
        "external_id": shown["external_id"],
        "status": shown["status"],
        "conclusion": shown["conclusion"],
        "title": shown["output"]["title"],
        "summary": shown["output"]["summary"],
        "text": shown["output"]["text"],
    });
    call.world().note_public(repository, &actor, what);
    Ok(())
}

fn shown(call: &Call<'_>, id: u64) -> Outcome<Value> {
    let repo = call.repo()?;
    let run = repo.check_runs.iter().find(|r| r.id == id);
    let run = run.ok_or_else(Refusal::not_found)?;
    Ok(render::git::check_run(&call.state.world, repo, run))
}

fn get(call: &mut Call<'_>) -> Outcome<Answer> {
    shown(call, call.number("id")?).map(Answer::ok)
}

fn list(call: &mut Call<'_>) -> Outcome<Answer> {
    let (world, repo) = (&call.state.world, call.repo()?);
    let sha = repo.resolve(call.param("ref"));
    let sha = sha.ok_or_else(|| Refusal::new(422, "No commit found for SHA"))?;
    let named = call.query.get("check_name");
    let all = repo.check_runs.iter().filter(|r| {
        let is = |field: &str, text: &str| r.fields.get(field).is_some_and(|v| v == text);
        is("head_sha", &sha) && named.is_none_or(|n| is("name", n))
    });
    let all = all.map(|r| render::git::check_run(world, repo, r));
    Ok(call.page_in(all.collect(), Some("check_runs")))
}
