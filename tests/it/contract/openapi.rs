//! Requests that the bot sent, checked against GitHub's published OpenAPI description.
//!
//! GitHub answers an unknown field with silence and a misspelt query parameter with the default, so a stand-in alone
//! would let both pass. Stricter than the description in one point: a name at the top of a body that the description
//! does not list is a complaint, also where the schema leaves the door open.

use std::{
    collections::HashMap,
    sync::{LazyLock, OnceLock},
};

use jsonschema::{Draft, Validator};
use serde_json::{Map, Value};

use super::schema;

#[path = "openapi_tests.rs"]
mod tests;

/// The description's file within the data folder.
const FILE: &str = "api.github.com.json";

/// Routes that GitHub serves and the description does not have yet, in its own form, with their source.
const NEWER_ROUTES: &str = include_str!("newer_routes.json");

/// A request as it went out, without the API's base address.
#[derive(Clone, Debug)]
pub struct SentRequest {
    /// The method, in capitals.
    pub method: String,
    /// Path below the API's base and query: `/repos/acme/rocket/issues?state=open`.
    pub path_and_query: String,
    /// The body, where there was one.
    pub body: Option<Value>,
}

/// Checks one request; the complaints name the operation and the place within the request.
///
/// GraphQL is let through: it has a schema of its own, which this description does not hold.
///
/// # Errors
/// All complaints, also where the description is not installed (ask [`super::available`] first).
pub fn check(request: &SentRequest) -> Result<(), Vec<String>> {
    let (path, query) = request.path_and_query.split_once('?').unwrap_or((&request.path_and_query, ""));
    if path == "/graphql" {
        return Ok(());
    }
    let Some(api) = API.as_ref() else {
        return Err(vec!["GitHub's description is not installed: run `cargo xtask test`".to_owned()]);
    };
    let (operation, captured) = api.find(&request.method, path).map_err(|complaint| vec![complaint])?;
    let compiled = operation.compiled(&api.description);
    let mut complaints = Vec::new();
    compiled.check_path(&captured, &mut complaints);
    compiled.check_query(query, &mut complaints);
    compiled.check_body(request.body.as_ref(), &mut complaints);
    if complaints.is_empty() {
        return Ok(());
    }
    let name = &operation.name;
    Err(complaints.into_iter().map(|complaint| format!("{name}: {complaint}")).collect())
}

static API: LazyLock<Option<Api>> = LazyLock::new(|| {
    let path = super::data_dir()?.join(FILE);
    let bytes =
        std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}: run `cargo xtask test`", path.display()));
    let mut description: Value =
        serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("{} is not JSON: {error}", path.display()));
    let newer: Value = serde_json::from_str(NEWER_ROUTES).expect("our own file is JSON");
    let routes = description["paths"].as_object_mut().expect("a description has paths");
    for (template, operations) in newer["paths"].as_object().expect("our own file has paths") {
        let before = routes.insert(template.clone(), operations.clone());
        assert!(before.is_none(), "the description has {template} now: take it out of newer_routes.json");
    }
    Some(Api::new(description))
});

/// The description, with its routes taken apart.
struct Api {
    description: Value,
    routes: Vec<Route>,
}

struct Route {
    segments: Vec<Segment>,
    template: String,
    operations: HashMap<String, Operation>,
}

/// A piece of a path template. The order is the order of preference where several templates fit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    Literal(String),
    /// One segment.
    One(String),
    /// One segment or more: a branch name or a file's path.
    Many(String),
}

struct Operation {
    /// `issues/update (PATCH /repos/{owner}/{repo}/issues/{issue_number})`.
    name: String,
    description: Value,
    compiled: OnceLock<Compiled>,
}

/// Path parameters with the values that a path gave them.
type Captured = Vec<(String, String)>;

impl Api {
    fn new(description: Value) -> Self {
        let paths = description["paths"].as_object().expect("a description has paths");
        let routes = paths
            .iter()
            // The one template with two parameters in a segment stands there a second time as `{basehead}`.
            .filter(|(template, _)| !template.contains("}..."))
            .map(|(template, operations)| Route::new(template, operations, &description))
            .collect();
        Self { description, routes }
    }

    /// The operation that a request means, by the most literal template.
    fn find(&self, method: &str, path: &str) -> Result<(&Operation, Captured), String> {
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        let mut fitting: Vec<(&Route, Captured)> =
            self.routes.iter().filter_map(|route| Some((route, fit(&route.segments, &parts)?))).collect();
        fitting.sort_by_key(|(route, _)| route.preference());
        let templates: Vec<&str> = fitting.iter().map(|(route, _)| route.template.as_str()).collect();
        if templates.is_empty() {
            return Err(format!("GitHub has no route for {method} {path}"));
        }
        let refusal = format!("{method} is not offered on {}", templates.join(" or "));
        fitting
            .into_iter()
            .find_map(|(route, captured)| Some((route.operations.get(&method.to_ascii_lowercase())?, captured)))
            .ok_or(refusal)
    }
}

impl Route {
    fn new(template: &str, operations: &Value, description: &Value) -> Self {
        let operations = operations.as_object().expect("a path holds operations");
        let spans_segments = |name: &str| {
            operations.values().flat_map(|operation| parameters_of(operation, description)).any(|parameter| {
                parameter["in"] == "path" && parameter["name"] == name && parameter["x-multi-segment"] == true
            })
        };
        let segments = template
            .trim_start_matches('/')
            .split('/')
            .map(|piece| match piece.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
                None => Segment::Literal(piece.to_owned()),
                Some(name) if spans_segments(name) => Segment::Many(name.to_owned()),
                Some(name) => Segment::One(name.to_owned()),
            })
            .collect();
        let operations = operations
            .iter()
            .map(|(method, operation)| {
                let id = operation["operationId"].as_str().unwrap_or("unnamed");
                let name = format!("{id} ({} {template})", method.to_ascii_uppercase());
                let operation = Operation { name, description: operation.clone(), compiled: OnceLock::new() };
                (method.clone(), operation)
            })
            .collect();
        Self { segments, template: template.to_owned(), operations }
    }

    /// Sorts literal templates before those with parameters, segment by segment.
    fn preference(&self) -> Vec<u8> {
        self.segments
            .iter()
            .map(|segment| match segment {
                Segment::Literal(_) => 0,
                Segment::One(_) => 1,
                Segment::Many(_) => 2,
            })
            // What goes on behind a value of several segments is more literal than what ends with it.
            .chain([3])
            .collect()
    }
}

/// The values of the parameters, if `parts` fit `segments`.
fn fit(segments: &[Segment], parts: &[&str]) -> Option<Captured> {
    let Some((segment, rest)) = segments.split_first() else {
        return parts.is_empty().then(Vec::new);
    };
    match segment {
        Segment::Literal(literal) => {
            let (part, others) = parts.split_first()?;
            (part == literal).then(|| fit(rest, others))?
        }
        Segment::One(name) => {
            let (part, others) = parts.split_first()?;
            let mut captured = fit(rest, others)?;
            captured.push((name.clone(), (*part).to_owned()));
            Some(captured)
        }
        Segment::Many(name) => (1..=parts.len()).find_map(|length| {
            let mut captured = fit(rest, &parts[length..])?;
            captured.push((name.clone(), parts[..length].join("/")));
            Some(captured)
        }),
    }
}

fn parameters_of<'a>(operation: &'a Value, description: &'a Value) -> impl Iterator<Item = &'a Value> {
    operation["parameters"].as_array().into_iter().flatten().map(|parameter| schema::resolve(parameter, description))
}

impl Operation {
    fn compiled(&self, description: &Value) -> &Compiled {
        self.compiled.get_or_init(|| Compiled::new(&self.description, description))
    }
}

/// An operation's validators.
struct Compiled {
    path: HashMap<String, Parameter>,
    query: HashMap<String, Parameter>,
    body: Option<Body>,
}

struct Parameter {
    required: bool,
    validator: Validator,
}

struct Body {
    required: bool,
    known_names: Option<Vec<String>>,
    validator: Validator,
}

impl Compiled {
    fn new(operation: &Value, description: &Value) -> Self {
        let of_place = |place: &str| {
            parameters_of(operation, description)
                .filter(|parameter| parameter["in"] == place)
                .map(|parameter| {
                    let name = parameter["name"].as_str().expect("a parameter has a name");
                    let compiled = Parameter {
                        required: parameter["required"] == true,
                        validator: compile(&parameter["schema"], description),
                    };
                    (name.to_owned(), compiled)
                })
                .collect()
        };
        let request_body = operation.get("requestBody").map(|body| schema::resolve(body, description));
        let body = request_body.and_then(|body| {
            let schema = body.pointer("/content/application~1json/schema")?;
            Some(Body {
                required: body["required"] == true,
                known_names: schema::known_names(schema, description),
                validator: compile(schema, description),
            })
        });
        Self { path: of_place("path"), query: of_place("query"), body }
    }

    fn check_path(&self, captured: &Captured, complaints: &mut Vec<String>) {
        for (name, text) in captured {
            if text.is_empty() {
                complaints.push(format!("path parameter {name} is empty"));
            } else if let Some(parameter) = self.path.get(name) {
                parameter.check("path", name, text, complaints);
            }
        }
    }

    fn check_query(&self, query: &str, complaints: &mut Vec<String>) {
        let mut given = Map::new();
        for (name, text) in form_urlencoded::parse(query.as_bytes()) {
            // `labels[]=a` is how arrays may be written
            let name = name.trim_end_matches("[]");
            match self.query.get(name) {
                Some(parameter) => parameter.check("query", name, &text, complaints),
                None => complaints.push(format!("query parameter {name} is not known")),
            }
            given.insert(name.to_owned(), Value::Bool(true));
        }
        let missing =
            self.query.iter().filter(|(name, parameter)| parameter.required && !given.contains_key(name.as_str()));
        complaints.extend(missing.map(|(name, _)| format!("query parameter {name} is missing")));
    }

    fn check_body(&self, body: Option<&Value>, complaints: &mut Vec<String>) {
        match (&self.body, body) {
            (None, None) => {}
            (None, Some(Value::Object(empty))) if empty.is_empty() => {}
            (None, Some(_)) => complaints.push("a body was sent where none is taken".to_owned()),
            (Some(expected), None) if expected.required => {
                complaints.push("the body is missing".to_owned());
            }
            (Some(_), None) => {}
            (Some(expected), Some(body)) => expected.check(body, complaints),
        }
    }
}

impl Parameter {
    /// Text in an address has no type, so it may be what any reading of it is.
    fn check(&self, place: &str, name: &str, text: &str, complaints: &mut Vec<String>) {
        let as_text = Value::String(text.to_owned());
        let as_list = |item: Value| Value::Array(vec![item]);
        let mut readings = vec![as_text.clone(), as_list(as_text.clone())];
        // what reads as a number or truth value, and is written as one would write it
        if let Ok(literal @ (Value::Number(_) | Value::Bool(_))) = serde_json::from_str(text) {
            readings.extend([literal.clone(), as_list(literal)]);
        }
        if readings.iter().any(|reading| self.validator.is_valid(reading)) {
            return;
        }
        let typed = readings.get(2).unwrap_or(&as_text);
        complaints.extend(said(&self.validator, typed).map(|what| format!("{place} parameter {name}: {what}")));
    }
}

impl Body {
    fn check(&self, body: &Value, complaints: &mut Vec<String>) {
        complaints.extend(said(&self.validator, body).map(|what| format!("body{what}")));
        if let (Some(known), Some(object)) = (&self.known_names, body.as_object()) {
            let unknown = object.keys().filter(|name| !known.contains(name));
            complaints.extend(unknown.map(|name| format!("body at /{name}: the field is not known")));
        }
    }
}

/// Complaints of a validator, each with its place and kept short.
fn said<'a>(validator: &'a Validator, value: &'a Value) -> impl Iterator<Item = String> + 'a {
    validator.iter_errors(value).map(|error| {
        let place = error.instance_path().to_string();
        let what: String = error.to_string().chars().take(240).collect();
        if place.is_empty() { format!(": {what}") } else { format!(" at {place}: {what}") }
    })
}

fn compile(schema: &Value, description: &Value) -> Validator {
    jsonschema::options()
        .with_draft(Draft::Draft4)
        .should_validate_formats(true)
        .build(&schema::standalone(schema, description))
        .expect("GitHub's schemas compile")
}
