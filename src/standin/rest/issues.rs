//! Issues (and pull requests where they act as issues): list, get, open, change, lock, labels.

use serde_json::{Value, json};

use super::{Answer, Body, Call, Level, Need, Route, route};
use crate::standin::change::ThreadPatch;
use crate::standin::model::{Thread, ThreadKind};
use crate::standin::refusal::{Outcome, Refusal};
use crate::standin::render;

pub(super) const ROUTES: &[Route] = &[
    route("GET", "/repos/{owner}/{repo}/issues", Need::Permission("issues", Level::Read), list),
    route("POST", "/repos/{owner}/{repo}/issues", Need::Permission("issues", Level::Write), open),
    route(
        "GET",
        "/repos/{owner}/{repo}/issues/comments",
        Need::Permission("issues", Level::Read),
        super::comments::all,
    ),
    route("GET", "/repos/{owner}/{repo}/issues/{number}", Need::Thread(Level::Read), get),
    route("PATCH", "/repos/{owner}/{repo}/issues/{number}", Need::Thread(Level::Write), update),
    route("PUT", "/repos/{owner}/{repo}/issues/{number}/lock", Need::Thread(Level::Write), lock),
    route("DELETE", "/repos/{owner}/{repo}/issues/{number}/lock", Need::Thread(Level::Write), unlock),
    route("GET", "/repos/{owner}/{repo}/issues/{number}/labels", Need::Thread(Level::Read), labels),
    route("POST", "/repos/{owner}/{repo}/issues/{number}/labels", Need::Thread(Level::Write), add_labels),
    route("PUT", "/repos/{owner}/{repo}/issues/{number}/labels", Need::Thread(Level::Write), set_labels),
    route("DELETE", "/repos/{owner}/{repo}/issues/{number}/labels/{label}", Need::Thread(Level::Write), remove_label),
];

/// The thread in the path; discussions share the numbers but are not issues.
pub(super) fn thread<'c>(call: &'c Call<'_>) -> Outcome<&'c Thread> {
    let number = call.number("number")?;
    let thread = call.state.world.thread(call.repository, number)?;
    if thread.is_discussion() {
        return Err(Refusal::not_found());
    }
    Ok(thread)
}

fn shown(call: &Call<'_>, number: u64) -> Outcome<Value> {
    let world = &call.state.world;
    let thread = world.thread(call.repository, number)?;
    Ok(render::thread::issue(world, call.repo()?, thread))
}

fn list(call: &mut Call<'_>) -> Outcome<Answer> {
    let (world, repo) = (&call.state.world, call.repo()?);
    let asked = |name: &str| call.query.get(name).map(String::as_str);
    let state = asked("state").unwrap_or("open");
    let since = call.since()?;
    let wanted: Vec<&str> = asked("labels").map(|l| l.split(',').collect()).unwrap_or_default();
    let by_update = asked("sort") == Some("updated");
    let mut all: Vec<&Thread> = repo
        .threads
        .values()
        .filter(|t| !t.is_discussion())
        .filter(|t| state == "all" || t.state() == state)
        .filter(|t| since.is_none_or(|s| t.post.updated_at >= s))
        .filter(|t| asked("creator").is_none_or(|c| t.post.author.eq_ignore_ascii_case(c)))
        .filter(|t| wanted.iter().all(|w| t.labels.iter().any(|l| l == w)))
        .collect();
    all.sort_by_key(|t| {
        let at = if by_update { t.post.updated_at } else { t.post.created_at };
        (at, t.number)
    });
    if asked("direction") != Some("asc") {
        all.reverse();
    }
    let all = all.iter().map(|t| render::thread::issue(world, repo, t)).collect();
    Ok(call.page(all))
}

fn get(call: &mut Call<'_>) -> Outcome<Answer> {
    let number = thread(call)?.number;
    shown(call, number).map(Answer::ok)
}

fn open(call: &mut Call<'_>) -> Outcome<Answer> {
    let (actor, repository) = (call.actor(), call.repository);
    let value = call.body.clone();
    let body = Body::new(&value, "Issue");
    let title = body.needed_text("title")?;
    let text = body.text("body")?.unwrap_or_default();
    let labels = label_names(&value)?;
    let world = call.world();
    let number = world.open_thread(repository, &actor, ThreadKind::Issue, &title, &text)?;
    world.add_labels(repository, number, &actor, &labels)?;
    Ok(Answer::with(201, shown(call, number)?))
}

fn update(call: &mut Call<'_>) -> Outcome<Answer> {
    let number = thread(call)?.number;
    let (actor, repository) = (call.actor(), call.repository);
    let value = call.body.clone();
    let body = Body::new(&value, "Issue");
    let reasons = ["completed", "not_planned", "duplicate", "reopened"];
    let patch = ThreadPatch {
        title: body.text("title")?,
        body: match body.get("body") {
            Some(Value::Null) => Some(String::new()),
            _ => body.text("body")?,
        },
        open: body.choice("state", &["open", "closed"])?.map(|s| s == "open"),
        state_reason: body.choice("state_reason", &reasons)?,
        labels: match body.get("labels") {
            Some(_) => Some(label_names(&value)?),
            None => None,
        },
    };
    call.world().patch_thread(repository, number, &actor, patch)?;
    shown(call, number).map(Answer::ok)
}

fn lock(call: &mut Call<'_>) -> Outcome<Answer> {
    let number = thread(call)?.number;
    let (actor, repository) = (call.actor(), call.repository);
    let reason = Body::new(&call.body, "Issue").text("lock_reason")?;
    call.world().lock(repository, number, &actor, reason.as_deref())?;
    Ok(Answer::empty(204))
}

fn unlock(call: &mut Call<'_>) -> Outcome<Answer> {
    let number = thread(call)?.number;
    let (actor, repository) = (call.actor(), call.repository);
    call.world().unlock(repository, number, &actor)?;
    Ok(Answer::empty(204))
}

/// Names from `labels`: a list of texts or of objects with a name, or the bare list itself.
fn label_names(body: &Value) -> Outcome<Vec<String>> {
    let list = match body {
        Value::Array(list) => Some(list),
        _ => Body::new(body, "Label").list("labels")?,
    };
    let names = list.into_iter().flatten().map(|l| {
        let name = l.as_str().or_else(|| l["name"].as_str());
        name.map(str::to_owned).ok_or_else(|| Refusal::invalid("Label", "name", "is not a name"))
    });
    names.collect()
}

fn labels(call: &mut Call<'_>) -> Outcome<Answer> {
    let (world, repo) = (&call.state.world, call.repo()?);
    let names = thread(call)?.labels.iter();
    let all = names.map(|l| render::thread::label(world, repo, l));
    Ok(call.page(all.collect()))
}

fn add_labels(call: &mut Call<'_>) -> Outcome<Answer> {
    let number = thread(call)?.number;
    let (actor, repository) = (call.actor(), call.repository);
    let names = label_names(&call.body)?;
    call.world().add_labels(repository, number, &actor, &names)?;
    labels(call)
}

fn set_labels(call: &mut Call<'_>) -> Outcome<Answer> {
    let number = thread(call)?.number;
    let (actor, repository) = (call.actor(), call.repository);
    let names = label_names(&call.body)?;
    call.world().set_labels(repository, number, &actor, names)?;
    labels(call)
}

fn remove_label(call: &mut Call<'_>) -> Outcome<Answer> {
    let number = thread(call)?.number;
    let (actor, repository) = (call.actor(), call.repository);
    let label = call.param("label").to_owned();
    call.world().remove_label(repository, number, &actor, &label).map_err(|refusal| match refusal.status {
        404 => Refusal { errors: vec![json!({"resource": "Label", "field": "name", "code": "not_found"})], ..refusal },
        _ => refusal,
    })?;
    labels(call)
}
