//! Makes JSON Schema (draft 4) of OpenAPI 3.0's dialect.
//!
//! The two differ in `nullable`, which draft 4 does not know, and in keywords that only describe. References stay
//! references: the components that a schema reaches are carried along under the same pointer.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// Keywords that hold no schema and mean the same in both.
const PLAIN: &[&str] = &[
    "required",
    "minLength",
    "maxLength",
    "pattern",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
    "format",
];

/// `schema` as one self-contained draft 4 document. `description` is the whole OpenAPI document.
pub fn standalone(schema: &Value, description: &Value) -> Value {
    let mut components = BTreeMap::new();
    let converted = convert(schema, description, &mut components);
    json!({
        "$schema": "http://json-schema.org/draft-04/schema#",
        "allOf": [converted],
        "components": { "schemas": components },
    })
}

/// What a reference within the document points at.
///
/// # Panics
/// Where it points nowhere: the description is broken, or was cut.
pub fn resolve<'a>(node: &'a Value, description: &'a Value) -> &'a Value {
    match node.get("$ref").and_then(Value::as_str) {
        Some(reference) => description
            .pointer(reference.trim_start_matches('#'))
            .unwrap_or_else(|| panic!("{reference} points nowhere")),
        None => node,
    }
}

/// Names that an object schema lists, or `None` where it is open to any name (or is no object at all).
pub fn known_names(schema: &Value, description: &Value) -> Option<Vec<String>> {
    let schema = resolve(schema, description);
    let mut names = Vec::new();
    let mut listed = false;
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        listed = true;
        names.extend(properties.keys().cloned());
    }
    match schema.get("additionalProperties") {
        None | Some(Value::Bool(false)) => {}
        Some(_) => return None,
    }
    for combinator in ["allOf", "anyOf", "oneOf"] {
        for part in schema.get(combinator).and_then(Value::as_array).into_iter().flatten() {
            if resolve(part, description).get("properties").is_some() {
                listed = true;
                names.extend(known_names(part, description)?);
            }
        }
    }
    listed.then_some(names)
}

fn convert(schema: &Value, description: &Value, components: &mut BTreeMap<String, Value>) -> Value {
    let Some(object) = schema.as_object() else {
        // `additionalProperties: true` and the like
        return schema.clone();
    };
    if let Some(reference) = object.get("$ref").and_then(Value::as_str) {
        carry(reference, description, components);
        return json!({ "$ref": reference });
    }
    let mut out = Map::new();
    for name in PLAIN {
        if let Some(value) = object.get(*name) {
            out.insert((*name).to_owned(), value.clone());
        }
    }
    for name in ["type", "enum"] {
        if let Some(value) = object.get(name) {
            out.insert(name.to_owned(), value.clone());
        }
    }
    if let Some(Value::Object(properties)) = object.get("properties") {
        let converted: Map<String, Value> =
            properties.iter().map(|(name, inner)| (name.clone(), convert(inner, description, components))).collect();
        out.insert("properties".to_owned(), Value::Object(converted));
    }
    for name in ["items", "additionalProperties", "not"] {
        if let Some(inner) = object.get(name) {
            out.insert(name.to_owned(), convert(inner, description, components));
        }
    }
    for name in ["allOf", "anyOf", "oneOf"] {
        if let Some(Value::Array(parts)) = object.get(name) {
            let converted = parts.iter().map(|part| convert(part, description, components));
            out.insert(name.to_owned(), Value::Array(converted.collect()));
        }
    }
    if object.get("nullable") == Some(&Value::Bool(true)) {
        return or_null(out);
    }
    Value::Object(out)
}

/// `schema`, or null. Complaints name the deepest place where a type is widened, and only the whole where an `anyOf`
/// is put around it.
fn or_null(mut schema: Map<String, Value>) -> Value {
    let Some(Value::String(plain)) = schema.get("type").cloned() else {
        return json!({ "anyOf": [{ "type": "null" }, schema] });
    };
    schema.insert("type".to_owned(), json!(["null", plain]));
    if let Some(Value::Array(values)) = schema.get_mut("enum")
        && !values.contains(&Value::Null)
    {
        values.push(Value::Null);
    }
    Value::Object(schema)
}

/// Carries the component behind `reference`, and all that it reaches, into `components`.
fn carry(reference: &str, description: &Value, components: &mut BTreeMap<String, Value>) {
    let Some(name) = reference.strip_prefix("#/components/schemas/") else {
        panic!("{reference} is no component schema");
    };
    if components.contains_key(name) {
        return;
    }
    // taken before it is converted, so that a schema that reaches itself ends
    components.insert(name.to_owned(), Value::Null);
    let pointer = reference.trim_start_matches('#');
    let schema = description.pointer(pointer).unwrap_or_else(|| panic!("{reference} points nowhere"));
    let converted = convert(schema, description, components);
    components.insert(name.to_owned(), converted);
}
