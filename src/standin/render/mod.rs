//! How the world looks in JSON: GitHub's response shapes, with every field that its OpenAPI description requires.
//!
//! Reads the world, changes nothing. Fields that the stand-in has no use for hold GitHub's empty values.

pub(crate) mod account;
pub(crate) mod advisory;
pub(crate) mod app;
pub(crate) mod git;
pub(crate) mod pull;
pub(crate) mod repository;
pub(crate) mod thread;

use jiff::{SignedDuration, Timestamp, TimestampRound, Unit};
use serde_json::{Value, json};

use super::model::Reaction;
use super::world::World;

/// GitHub writes whole seconds in UTC.
pub(crate) fn time(at: Timestamp) -> String {
    let whole = TimestampRound::new().smallest(Unit::Second).mode(jiff::RoundMode::Floor);
    at.round(whole).unwrap_or(at - SignedDuration::from_nanos(i64::from(at.subsec_nanosecond()))).to_string()
}

pub(crate) fn maybe_time(at: Option<Timestamp>) -> Value {
    at.map_or(Value::Null, |at| time(at).into())
}

/// An opaque id in today's style: prefix, underscore, letters. GraphQL finds things by it.
pub(crate) fn node_id(prefix: &str, id: u64) -> String {
    format!("{prefix}_kwDO{id:010x}")
}

/// GitHub shows an empty first post as null.
pub(crate) fn nullable(text: &str) -> Value {
    if text.is_empty() { Value::Null } else { text.into() }
}

pub(crate) fn reaction(world: &World, reaction: &Reaction) -> Value {
    json!({
        "id": reaction.id,
        "node_id": node_id("REA", reaction.id),
        "user": account::user(world, &reaction.user),
        "content": reaction.content,
        "created_at": time(reaction.created_at),
    })
}

/// The counts below a post.
pub(crate) fn reactions(url: &str, reactions: &[Reaction]) -> Value {
    let mut rollup = json!({"url": format!("{url}/reactions"), "total_count": reactions.len()});
    for content in super::change::REACTIONS {
        let count = reactions.iter().filter(|r| r.content == content).count();
        rollup[content] = count.into();
    }
    rollup
}
