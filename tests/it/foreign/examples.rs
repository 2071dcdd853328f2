//! A GitHub that nobody here wrote: answers every request with the first example of GitHub's own OpenAPI description, or
//! with the least that its schema allows, and keeps what it was asked. It has no state and no opinion.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{Arc, LazyLock, Mutex},
    time::Instant,
};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, Response},
};
use serde_json::{Map, Value, json};
use tokio::sync::Notify;

use super::program::DEADLINE;
use crate::contract::openapi::{self, SentRequest};

/// Where the `Link` headers of its lists point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Links {
    /// There are none.
    Absent,
    /// To the host of the description's own example, one page on.
    Elsewhere,
    /// Back to the same page.
    Loop,
}

/// One request.
#[derive(Clone, Debug)]
pub struct Asked {
    /// In capitals.
    pub method: String,
    /// Without the query.
    pub path: String,
    /// The body, where it was JSON.
    pub body: Option<Value>,
    /// When it came in.
    pub at: Instant,
}

impl Asked {
    /// `PATCH /repos/acme/framework/issues/7`.
    pub fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// See the module.
pub struct Examples {
    /// Where its API begins.
    pub base: String,
    shared: Arc<Shared>,
}

struct Shared {
    links: Links,
    instead: Mutex<BTreeMap<String, (u16, Value)>>,
    asked: Mutex<Vec<Asked>>,
    complaints: Mutex<Vec<String>>,
    news: Notify,
}

impl Examples {
    /// Starts on loopback.
    pub async fn start(links: Links) -> Self {
        let shared = Arc::new(Shared {
            links,
            instead: Mutex::default(),
            asked: Mutex::default(),
            complaints: Mutex::default(),
            news: Notify::new(),
        });
        LazyLock::force(&DESCRIPTION);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let app = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, app).await });
        let examples = Self { base, shared };
        // its example is an administrator, whose posts are nobody's business
        let mut permission = example_of("GET", "/repos/{owner}/{repo}/collaborators/{username}/permission");
        permission["permission"] = json!("read");
        permission["role_name"] = json!("read");
        examples.instead("GET /repos/{owner}/{repo}/collaborators/{username}/permission", 200, permission);
        examples
    }

    /// Answers this operation (`GET /app`) differently.
    pub fn instead(&self, operation: &str, status: u16, body: Value) {
        let mut instead = self.shared.instead.lock().expect("whole");
        instead.insert(operation.to_owned(), (status, body));
    }

    /// Everything that it was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().expect("whole").clone()
    }

    /// The lines of everything after the first `mark` requests.
    pub fn lines_since(&self, mark: usize) -> Vec<String> {
        self.asked()[mark..].iter().map(Asked::line).collect()
    }

    /// What GitHub's description does not allow of it.
    pub fn complaints(&self) -> Vec<String> {
        self.shared.complaints.lock().expect("whole").clone()
    }

    /// Waits for a request that fits, after the first `mark` ones.
    ///
    /// # Panics
    /// Where none comes in time.
    pub async fn wait_for(&self, what: &str, mark: usize, fits: impl Fn(&Asked) -> bool) -> Asked {
        let looking = async {
            loop {
                let news = self.shared.news.notified();
                tokio::pin!(news);
                // registered before looking, so that nothing comes in unseen
                news.as_mut().enable();
                if let Some(found) = self.asked()[mark..].iter().find(|asked| fits(asked)) {
                    return found.clone();
                }
                news.await;
            }
        };
        match tokio::time::timeout(DEADLINE, looking).await {
            Ok(found) => found,
            Err(_) => panic!("no {what} among {:#?}", self.lines_since(mark)),
        }
    }
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response<Body> {
    let at = Instant::now();
    let (parts, body) = request.into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX).await;
    let body: Option<Value> = serde_json::from_slice(&bytes.expect("a body")).ok();
    let (method, path) = (parts.method.to_string(), parts.uri.path().to_owned());
    shared.asked.lock().expect("whole").push(Asked {
        method: method.clone(),
        path: path.clone(),
        body: body.clone(),
        at,
    });
    let sent = SentRequest { method: method.clone(), path_and_query: parts.uri.to_string(), body };
    let mut complaints = openapi::check(&sent).err().unwrap_or_default();
    complaints.extend(missing_headers(&parts.headers).map(|what| format!("{method} {path}: {what}")));
    shared.complaints.lock().expect("whole").extend(complaints);
    let answer = respond(&shared, &method, &path);
    shared.news.notify_waiters();
    answer
}

/// What GitHub asks of every request ("Getting started with the REST API").
fn missing_headers(headers: &HeaderMap) -> impl Iterator<Item = String> {
    ["user-agent", "accept", "authorization"]
        .into_iter()
        .filter(|name| !headers.contains_key(*name))
        .map(|name| format!("{name} is missing"))
}

fn respond(shared: &Shared, method: &str, path: &str) -> Response<Body> {
    let found = find(method, path);
    let (status, body) = match &found {
        None => (404, json!({ "message": "Not Found", "status": "404" })),
        Some(template) => {
            let instead = shared.instead.lock().expect("whole");
            match instead.get(&format!("{method} {template}")) {
                Some(told) => told.clone(),
                None => success(operation(method, template)),
            }
        }
    };
    let mut response = Response::builder()
        .status(status)
        .header("x-github-media-type", "github.v3; format=json")
        .header("x-github-request-id", "C0FF:EE:1:2:3")
        .header("x-ratelimit-limit", "5000")
        .header("x-ratelimit-remaining", "4987")
        .header("x-ratelimit-reset", "1372700873")
        .header("x-ratelimit-used", "13")
        .header("x-ratelimit-resource", "core")
        .header("etag", "W/\"a18c3bded88eb5dbb5c849a489412bf3\"");
    if body.is_array() {
        let link = match shared.links {
            Links::Absent => None,
            Links::Elsewhere => Some(format!("https://api.github.com{path}?page=2")),
            Links::Loop => Some(format!("{path}?page=1&after=Y3Vyc29y&cursor=v1_1")),
        };
        if let Some(link) = link {
            response = response.header("link", format!("<{link}>; rel=\"next\", <{link}>; rel=\"last\""));
        }
    }
    let body = if status == 204 {
        Body::empty()
    } else {
        response = response.header("content-type", "application/json; charset=utf-8");
        Body::from(body.to_string())
    };
    response.body(body).expect("a response")
}

static DESCRIPTION: LazyLock<Value> = LazyLock::new(|| {
    let folder = std::env::var_os("EMBARGOD_CONTRACT_DIR").expect("asked for before");
    let file = std::path::Path::new(&folder).join("api.github.com.json");
    let bytes = std::fs::read(file).expect("GitHub's description");
    serde_json::from_slice(&bytes).expect("JSON")
});

fn resolve(mut node: &Value) -> &Value {
    while let Some(reference) = node.get("$ref").and_then(Value::as_str) {
        let pointer = reference.trim_start_matches('#');
        node = DESCRIPTION.pointer(pointer).expect("no dangling reference");
    }
    node
}

fn operation(method: &str, template: &str) -> &'static Value {
    &DESCRIPTION["paths"][template][method.to_lowercase()]
}

/// The most literal template that fits; a file's path may have several segments.
fn find(method: &str, path: &str) -> Option<String> {
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let paths = DESCRIPTION["paths"].as_object().expect("paths");
    let mut fitting: Vec<(Vec<bool>, &String)> = paths
        .iter()
        .filter(|(_, operations)| operations.get(method.to_lowercase()).is_some())
        .filter_map(|(template, _)| {
            let pieces: Vec<&str> = template.trim_start_matches('/').split('/').collect();
            let rest = template.ends_with("/contents/{path}");
            let same_length = pieces.len() == parts.len() || (rest && parts.len() > pieces.len());
            let fits = same_length && { pieces.iter() }
                .zip(&parts)
                .all(|(piece, part)| piece.starts_with('{') || piece == part);
            let literal: Vec<bool> = pieces.iter().map(|piece| piece.starts_with('{')).collect();
            fits.then_some((literal, template))
        })
        .collect();
    fitting.sort();
    fitting.first().map(|(_, template)| (*template).clone())
}

fn example_of(method: &str, template: &str) -> Value {
    success(operation(method, template)).1
}

/// Status and body of the operation's first success.
fn success(operation: &Value) -> (u16, Value) {
    let responses = operation["responses"].as_object().expect("responses");
    let (code, response) = responses.iter().find(|(code, _)| code.starts_with('2')).expect("a success");
    let status = code.parse().expect("a status");
    let response = resolve(response);
    let Some(contents) = response.get("content").and_then(Value::as_object) else {
        return (status, Value::Null);
    };
    let content = contents.get("application/json").or_else(|| contents.values().next()).expect("a content");
    let examples = content.get("examples").and_then(Value::as_object);
    let first = examples.and_then(|examples| examples.values().next());
    let body = match (first, content.get("example")) {
        (Some(example), _) => resolve(example)["value"].clone(),
        (None, Some(example)) => example.clone(),
        (None, None) => least(&content["schema"], &mut HashSet::new()),
    };
    (status, body)
}

/// The least that a schema allows.
fn least(schema: &Value, above: &mut HashSet<String>) -> Value {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        if !above.insert(reference.to_owned()) {
            return Value::Null;
        }
        let value = least(resolve(schema), above);
        above.remove(reference);
        return value;
    }
    for given in ["example", "default"] {
        if let Some(value) = schema.get(given) {
            return value.clone();
        }
    }
    if let Some(first) = schema.pointer("/enum/0") {
        return first.clone();
    }
    if let Some(first) = schema.pointer("/oneOf/0").or(schema.pointer("/anyOf/0")) {
        return least(first, above);
    }
    let mut object = Map::new();
    for part in schema["allOf"].as_array().into_iter().flatten() {
        if let Value::Object(more) = least(part, above) {
            object.extend(more);
        }
    }
    match schema["type"].as_str() {
        Some("string") => json!("text"),
        Some("integer" | "number") => json!(1),
        Some("boolean") => json!(true),
        Some("array") => json!([]),
        _ => {
            for name in schema["required"].as_array().into_iter().flatten() {
                let name = name.as_str().expect("a name");
                let value = least(&schema["properties"][name], above);
                object.insert(name.to_owned(), value);
            }
            Value::Object(object)
        }
    }
}

#[test]
fn examples_are_found_resolved_or_made() {
    if !crate::contract::available() {
        return;
    }
    let template = find("PATCH", "/repos/acme/framework/issues/7");
    assert_eq!(template.as_deref(), Some("/repos/{owner}/{repo}/issues/{issue_number}"));
    let template = find("GET", "/repos/acme/framework/contents/.github/embargod.yml");
    assert_eq!(template.as_deref(), Some("/repos/{owner}/{repo}/contents/{path}"));
    assert_eq!(find("POST", "/graphql"), None);
    assert_eq!(success(operation("GET", "/app")).1["slug"], "octoapp");
    let mut made = 0;
    for (template, operations) in DESCRIPTION["paths"].as_object().expect("paths") {
        for method in ["get", "post", "put", "patch", "delete"] {
            let operation = &operations[method];
            let has_success =
                operation["responses"].as_object().is_some_and(|all| all.keys().any(|code| code.starts_with('2')));
            if has_success {
                let (status, _) = success(operation);
                assert!((200..300).contains(&status), "{method} {template}");
                made += 1;
            }
        }
    }
    assert!(made > 900, "only {made} operations");
}
