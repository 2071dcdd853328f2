//! A valid payload with one field after the other replaced by something of another type, or taken out.
//!
//! All of them are JSON and signed rightly, so all of them are taken: whether the bot understands them is decided after
//! they are durable.

use serde_json::{Value, json};

use super::{Hostile, valid_payload};

/// Fields that the bot reads.
const FIELDS: &[&str] = &[
    "/action",
    "/issue",
    "/issue/number",
    "/issue/node_id",
    "/issue/title",
    "/issue/body",
    "/issue/user",
    "/issue/user/login",
    "/issue/author_association",
    "/issue/created_at",
    "/repository",
    "/repository/id",
    "/repository/full_name",
    "/repository/owner",
    "/repository/private",
    "/sender",
    "/sender/id",
    "/installation",
    "/installation/id",
];

pub fn requests() -> Vec<Hostile> {
    let mut all = Vec::new();
    for field in FIELDS {
        for (name, value) in [
            ("null", Value::Null),
            ("a string", json!("x")),
            ("a number", json!(-1.5)),
            ("a truth value", json!(true)),
            ("a list", json!([[{}]])),
            ("an object", json!({ "id": { "id": [] } })),
        ] {
            let mut payload = valid_payload();
            *payload.pointer_mut(field).expect("a field of the payload") = value;
            all.push(Hostile::delivery(format!("field: {field} is {name}"), payload.to_string()));
        }
        let mut payload = valid_payload();
        let (parent, name) = field.rsplit_once('/').expect("a pointer");
        payload
            .pointer_mut(parent)
            .and_then(Value::as_object_mut)
            .and_then(|object| object.remove(name))
            .expect("a field of the payload");
        all.push(Hostile::delivery(format!("field: {field} is missing"), payload.to_string()));
    }
    for field in ["/issue/id", "/issue/number", "/repository/id", "/sender/id", "/installation/id"] {
        for literal in ["0", "-1", "18446744073709551617", "9223372036854775808", "1e3", "7.0", "\"7\""] {
            let mut payload = valid_payload();
            *payload.pointer_mut(field).expect("a field of the payload") = json!("@id@");
            let body = payload.to_string().replace("\"@id@\"", literal);
            all.push(Hostile::delivery(format!("id: {field} is {literal}"), body));
        }
    }
    all
}
