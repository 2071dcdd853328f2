//! The door of the API: faults, limits, credentials, route, permission, handler, log; in this order.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, Request, Response, StatusCode, Uri, header};
use serde_json::Value;

use super::auth::{self, Caller};
use super::faults::Fault;
use super::log::LoggedRequest;
use super::refusal::Refusal;
use super::rest::{self, Answer, Call, Need};
use super::server::HangUp;
use super::shared::Shared;
use super::state::State;
use super::{graphql, limits};

const LARGEST_REQUEST_BYTES: usize = 4 * 1024 * 1024;
const KEPT_HEADERS: [&str; 5] = ["accept", "content-type", "x-github-api-version", "user-agent", "if-none-match"];

/// A request with its body read.
struct Asked {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
}

/// Answers one API request.
pub(crate) async fn answer(shared: Arc<Shared>, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, LARGEST_REQUEST_BYTES).await else {
        return response(&Answer::from(Refusal::new(413, "Payload too large")), &[]);
    };
    let asked = Asked { method: parts.method, uri: parts.uri, headers: parts.headers, body };
    let fault = {
        let text = String::from_utf8_lossy(&asked.body);
        let mut state = shared.lock();
        state.faults.next(asked.method.as_str(), asked.uri.path(), &text)
    };
    // Subscribed before the request is carried out, so that a release in between is not missed.
    let mut released = shared.released.subscribe();
    if fault == Some(Fault::StallBeforeDoing) {
        shared.stall(&mut released).await;
    }
    let (answer, headers) = shared.change(|state| carry_out(state, &asked, fault.as_ref()));
    match fault {
        Some(Fault::DropAnswerAfterDoing | Fault::DropBeforeDoing) => hang_up(),
        Some(Fault::SlowBy(ms)) => {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            response(&answer, &headers)
        }
        Some(Fault::StallAnswer) => {
            shared.stall(&mut released).await;
            response(&answer, &headers)
        }
        Some(Fault::GarbageBody) => text(StatusCode::OK, "application/json", "{\"id\": 1, \"bo"),
        Some(Fault::BadGateway502) => {
            let page = "<html><body><h1>502 Bad Gateway</h1></body></html>";
            text(StatusCode::BAD_GATEWAY, "text/html", page)
        }
        _ => response(&answer, &headers),
    }
}

type Headers = Vec<(&'static str, String)>;

/// Does what is asked, unless a fault or a limit forbids it, and writes it into the log.
fn carry_out(state: &mut State, asked: &Asked, fault: Option<&Fault>) -> (Answer, Headers) {
    let path = asked.uri.path();
    let body: Value = serde_json::from_slice(&asked.body).unwrap_or(Value::Null);
    let graphql = path == "/graphql";
    let get = asked.method == Method::GET;
    let mutates = if graphql {
        graphql::mutates(&body)
    } else {
        !get && !path.ends_with("/access_tokens") && path != "/installation/token"
    };
    let authorization = asked.headers.get(header::AUTHORIZATION);
    let authorization = authorization.map(|v| v.to_str().unwrap_or("unreadable"));
    if fault == Some(&Fault::TokensRevoked) {
        state.world.tokens.clear();
    }
    let caller = auth::authenticate(&state.world, authorization);
    let kind = caller.as_ref().unwrap_or(&Caller::Nobody).kind();
    let free = path == "/rate_limit" || kind != auth::CallerKind::Installation;
    let scripted = fault.and_then(scripted_answer);
    let headerless = fault == Some(&Fault::HeaderlessForbidden403);
    let answer = match (scripted, caller) {
        (Some(answer), _) => answer,
        (None, Err(refusal)) => refusal.into(),
        (None, Ok(caller)) => {
            let now = state.world.now;
            match state.limits.count(now, free, mutates) {
                Some(refused) => refused,
                None if graphql => graphql::answer(state, &caller, &body),
                None => dispatch(state, asked, caller, body.clone()),
            }
        }
    };
    let answer = match get {
        true => conditional(answer, asked, authorization, || {
            if !free {
                state.limits.give_back()
            }
        }),
        false => answer,
    };
    let limits: Headers = if headerless { Vec::new() } else { state.limits.headers().into() };
    let kept = |name: &&str| {
        let value = asked.headers.get(*name)?.to_str().ok()?;
        Some(((*name).to_owned(), value.to_owned()))
    };
    state.log.push(LoggedRequest {
        at: state.world.now,
        instant: std::time::Instant::now(),
        method: asked.method.to_string(),
        path: path.to_owned(),
        query: asked.uri.query().unwrap_or_default().to_owned(),
        headers: KEPT_HEADERS.iter().filter_map(kept).collect(),
        body,
        caller: kind,
        status: answer.status,
        response: answer.body.clone().unwrap_or(Value::Null),
        mutates,
        answered: !matches!(fault, Some(Fault::DropAnswerAfterDoing | Fault::DropBeforeDoing)),
    });
    (answer, limits)
}

/// Names an answer by an `ETag`, which depends on the credentials as GitHub's do, and cuts it down to a 304 where the asker
/// has it already. That costs nothing.
fn conditional(mut answer: Answer, asked: &Asked, authorization: Option<&str>, give_back: impl FnOnce()) -> Answer {
    let Some(body) = answer.body.as_ref().filter(|_| answer.status == 200) else {
        return answer;
    };
    let mut hasher = std::hash::DefaultHasher::new();
    (asked.uri.to_string(), authorization, body.to_string()).hash(&mut hasher);
    let etag = format!("W/\"{:016x}\"", hasher.finish());
    let known = asked.headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == etag.as_bytes());
    if known {
        give_back();
        answer = Answer::empty(304);
    }
    answer.headers.push(("etag", etag));
    answer
}

/// The answer of a fault that keeps the request from being carried out.
fn scripted_answer(fault: &Fault) -> Option<Answer> {
    let refusal = match fault {
        Fault::HeaderlessForbidden403 => Refusal::forbidden("Forbidden"),
        Fault::BadGateway502 | Fault::DropBeforeDoing => Refusal::new(502, "Bad Gateway"),
        Fault::Unprocessable422 => Refusal::invalid("Issue", "body", "was refused"),
        Fault::NotFound404 => Refusal::not_found(),
        Fault::Status(status) => Refusal::new(*status, "scripted by the test"),
        Fault::GarbageBody => Refusal::new(200, "garbage"),
        Fault::SecondaryLimit { status, retry_after_s } => return Some(limits::secondary(*status, *retry_after_s)),
        Fault::DropAnswerAfterDoing
        | Fault::SlowBy(_)
        | Fault::StallAnswer
        | Fault::StallBeforeDoing
        | Fault::TokensRevoked => return None,
    };
    Some(refusal.into())
}

fn dispatch(state: &mut State, asked: &Asked, caller: Caller, body: Value) -> Answer {
    let (method, path) = (asked.method.as_str(), asked.uri.path());
    let Some((route, params)) = rest::find(method, path) else {
        return Refusal::not_found().into();
    };
    let unreadable = !asked.body.is_empty() && body.is_null() && method != "GET" && asked.body.as_ref() != b"null";
    if unreadable {
        return Refusal::new(400, "Problems parsing JSON").into();
    }
    let query = asked.uri.query().unwrap_or_default();
    let query: BTreeMap<String, String> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let mut call = Call { state, caller, path: path.to_owned(), params, query, body, repository: 0 };
    let need: Need = route.need;
    match auth::admit(&mut call, method, need).and_then(|()| (route.run)(&mut call)) {
        Ok(answer) => answer,
        Err(refusal) => refusal.into(),
    }
}

fn hang_up() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(HangUp);
    response
}

fn text(status: StatusCode, kind: &'static str, text: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let kind = header::HeaderValue::from_static(kind);
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

fn response(answer: &Answer, limits: &[(&'static str, String)]) -> Response<Body> {
    let mut response = Response::builder()
        .status(answer.status)
        .header("server", "github.com")
        .header("x-github-media-type", "github.v3; format=json")
        .header("x-github-api-version-selected", "2022-11-28");
    for (name, value) in answer.headers.iter().chain(limits) {
        response = response.header(*name, value);
    }
    let body = match &answer.body {
        Some(body) => {
            response = response.header(header::CONTENT_TYPE, "application/json; charset=utf-8");
            Body::from(body.to_string())
        }
        None => Body::empty(),
    };
    response.body(body).unwrap_or_else(|_| hang_up())
}
