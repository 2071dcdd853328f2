//! Root fields of queries: `repository`, `node`, `nodes`, `rateLimit`, `viewer`.

use serde_json::{Value, json};

use super::parse::{Field, Selection};
use super::{objects, permitted, unresolvable};
use crate::standin::auth::Caller;
use crate::standin::change::PostAt;
use crate::standin::model::Repository;
use crate::standin::refusal::{Outcome, Refusal};
use crate::standin::rest::Level;
use crate::standin::world::World;

/// Resolves a root field to a whole object.
pub(super) fn run(world: &World, caller: &Caller, field: &Field) -> Outcome<Value> {
    match field.name.as_str() {
        "repository" => repository(world, caller, field),
        "node" => node(world, caller, field.arguments.get("id").unwrap_or(&Value::Null)),
        "viewer" => Ok(json!({"__typename": "Bot", "login": world.bot()})),
        "rateLimit" => Ok(json!({"__typename": "RateLimit", "limit": 5000, "remaining": 5000, "cost": 1})),
        other => {
            let message = format!("Field '{other}' doesn't exist on type 'Query'");
            Err(Refusal::new(400, message))
        }
    }
}

fn node(world: &World, caller: &Caller, id: &Value) -> Outcome<Value> {
    let (repository, at) = objects::find(world, id.as_str().unwrap_or_default())?;
    let area = objects::area(world.repository(repository)?, at);
    permitted(world, caller, repository, area, Level::Read)?;
    objects::post(world, repository, at)
}

/// A repository with the numbered threads that the document asks for.
fn repository(world: &World, caller: &Caller, field: &Field) -> Outcome<Value> {
    let argument = |name: &str| field.arguments.get(name).and_then(Value::as_str);
    let (owner, name) = (argument("owner"), argument("name"));
    let full_name = format!("{}/{}", owner.unwrap_or_default(), name.unwrap_or_default());
    let missing = || {
        let message = format!("Could not resolve to a Repository with the name '{full_name}'.");
        Refusal::new(404, message)
    };
    let id = world.find_repository(&full_name).ok_or_else(missing)?;
    permitted(world, caller, id, "metadata", Level::Read).map_err(|_| missing())?;
    let repo = world.repository(id)?;
    let mut whole = objects::repository(world, repo);
    for selection in &field.selections {
        let Selection::Field(inner) = selection else {
            continue;
        };
        if inner.name == "discussions" {
            permitted(world, caller, id, "discussions", Level::Read)?;
            whole["discussions"] = discussions(world, repo, inner)?;
            continue;
        }
        if inner.name == "refs" {
            permitted(world, caller, id, "contents", Level::Read)?;
            let prefix = inner.arguments.get("refPrefix").and_then(Value::as_str).unwrap_or_default();
            whole["refs"] = objects::refs(repo, prefix);
            continue;
        }
        let kind = match inner.name.as_str() {
            "discussion" => "Discussion",
            "issue" => "Issue",
            "pullRequest" => "PullRequest",
            _ => continue,
        };
        let number = inner.arguments.get("number").and_then(Value::as_u64);
        let at = PostAt::Thread(number.unwrap_or_default());
        let area = objects::area(repo, at);
        permitted(world, caller, id, area, Level::Read)?;
        let shown = objects::post(world, id, at).map_err(|_| unresolvable())?;
        if shown["__typename"] != kind {
            let message = format!("Could not resolve to a {kind} with the number of {}.", number.unwrap_or_default());
            return Err(Refusal::new(404, message));
        }
        whole[inner.name.as_str()] = shown;
    }
    Ok(whole)
}

/// All discussions of a repository, in the order that is asked for; the newest first if none is.
fn discussions(world: &World, repo: &Repository, field: &Field) -> Outcome<Value> {
    let order = field.arguments.get("orderBy").unwrap_or(&Value::Null);
    let mut all: Vec<_> = repo.threads.values().filter(|thread| thread.is_discussion()).collect();
    all.sort_by_key(|thread| {
        let at = if order["field"] == "CREATED_AT" { thread.post.created_at } else { thread.post.updated_at };
        (at, thread.number)
    });
    if order["direction"] != "ASC" {
        all.reverse();
    }
    let shown = all.iter().map(|thread| objects::post(world, repo.id, PostAt::Thread(thread.number)));
    shown.collect::<Outcome<Vec<_>>>().map(Value::Array)
}
