//! GraphQL, for the operations that a bot needs and REST does not have: discussions, folding comments away, the edit
//! history.
//!
//! A document is parsed, its root fields are resolved to whole objects, and those are cut down to what was selected. A
//! field that an object does not have is an error, as on GitHub.

mod mutations;
mod objects;
mod parse;
mod queries;
mod select;

use serde_json::{Map, Value, json};

use super::auth::Caller;
use super::refusal::{Outcome, Refusal};
use super::rest::{Answer, Level};
use super::state::State;
use super::world::World;
use parse::{Operation, Selection};

/// Whether a request changes anything.
pub(crate) fn mutates(body: &Value) -> bool {
    operation(body).is_ok_and(|o| o.mutation)
}

fn operation(body: &Value) -> Result<Operation, String> {
    let query = body["query"].as_str().ok_or("A query attribute must be specified and must be a string.")?;
    parse::document(query, &body["variables"])
}

/// Answers a GraphQL request.
pub(crate) fn answer(state: &mut State, caller: &Caller, body: &Value) -> Answer {
    let world = &mut state.world;
    if !world.capabilities.graphql {
        return Refusal::not_found().into();
    }
    if !matches!(caller, Caller::Installation { .. }) {
        let why = "This endpoint requires you to be authenticated.";
        return Refusal::unauthorized(why).into();
    }
    let operation = match operation(body) {
        Ok(operation) => operation,
        Err(message) => {
            return Answer::ok(json!({"errors": [{"message": format!("Parse error: {message}")}]}));
        }
    };
    let mut data = Map::new();
    let mut errors = Vec::new();
    for selection in &operation.selections {
        let Selection::Field(field) = selection else {
            errors.push(json!({"message": "fragments on the root are not understood here"}));
            continue;
        };
        let resolved =
            if operation.mutation { mutations::run(world, caller, field) } else { queries::run(world, caller, field) };
        let selected = resolved.and_then(|whole| select::select(&whole, field));
        match selected {
            Ok(value) => {
                data.insert(field.alias.clone(), value);
            }
            Err(refusal) => {
                data.insert(field.alias.clone(), Value::Null);
                errors.push(error(&refusal, &field.alias));
            }
        }
    }
    let mut answer = json!({"data": data});
    if !errors.is_empty() {
        answer["errors"] = Value::Array(errors);
    }
    Answer::ok(answer)
}

fn error(refusal: &Refusal, path: &str) -> Value {
    let kind = match refusal.status {
        400 => "undefinedField",
        401 | 403 => "FORBIDDEN",
        404 => "NOT_FOUND",
        _ => "UNPROCESSABLE",
    };
    json!({"type": kind, "path": [path], "message": refusal.message, "locations": [{"line": 1, "column": 1}]})
}

/// Refuses an asker that has not this permission in this repository; hides what it may not see.
fn permitted(world: &World, caller: &Caller, repository: u64, area: &str, level: Level) -> Outcome<()> {
    let covered = caller.sees(world, repository);
    if world.repository(repository)?.private && !covered {
        return Err(unresolvable());
    }
    let granted = match caller {
        Caller::Installation { permissions, .. } => permissions.get(area),
        _ => None,
    };
    let read_in_public = level == Level::Read && !covered;
    if read_in_public || (covered && granted.is_some_and(|g| level.met_by(g))) {
        return Ok(());
    }
    Err(Refusal::forbidden("Resource not accessible by integration"))
}

fn unresolvable() -> Refusal {
    Refusal::new(404, "Could not resolve to a node with the global id given.")
}
