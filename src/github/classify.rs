//! From an answer's status and headers to a typed error.

use jiff::{SignedDuration, Timestamp};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use serde::Deserialize;
use serde_json::Value;

use super::{
    budget::number,
    error::GitHubError,
    transport::{Answer, Transport},
};

/// A stated pause above this is cut: GitHub's windows are an hour long.
const PAUSE_MAX_S: i64 = 2 * 3_600;

const PROBLEMS_MAX: usize = 5;
const PERMISSIONS_MAX_CHARS: usize = 200;

/// Names of what we send. Others are not repeated: whoever answers may have put anything there.
const FIELDS: [&str; 14] = [
    "body",
    "collaborating_teams",
    "collaborating_users",
    "content",
    "credits",
    "description",
    "labels",
    "lock_reason",
    "login",
    "state",
    "state_reason",
    "summary",
    "title",
    "vulnerabilities",
];

/// GitHub's codes for what is wrong with a field ("Troubleshooting the REST API", "Validation Failed").
const CODES: [&str; 6] = ["already_exists", "custom", "invalid", "missing", "missing_field", "unprocessable"];

/// What GitHub says in an error's body. Only fixed words of it are used.
#[derive(Default, Deserialize)]
#[serde(default)]
struct ErrorBody {
    message: Value,
    errors: Value,
}

/// Lets an answer of status 2xx through.
pub(super) fn check(answer: Answer, transport: &Transport) -> Result<Answer, GitHubError> {
    let status = answer.status.as_u16();
    let error = match status {
        200..=299 => return Ok(answer),
        400 | 422 => GitHubError::Invalid { status, problems: problems(&answer.body) },
        401 => GitHubError::Unauthorized,
        403 | 429 => limited_or_forbidden(&answer, transport),
        404 => GitHubError::NotFound,
        408 | 500..=599 => GitHubError::ServerTrouble { status },
        410 => GitHubError::Gone,
        _ => GitHubError::Refused { status },
    };
    Err(error)
}

/// When requests are served again, in our time, as far as the headers say. Order as in GitHub's "Best practices for using
/// the REST API": `retry-after`, then an exhausted primary limit's reset.
fn stated_end(headers: &HeaderMap, transport: &Transport) -> Option<(Timestamp, bool)> {
    let now = transport.clock().now();
    let bounded = |at: Timestamp| {
        let latest = now.saturating_add(SignedDuration::from_secs(PAUSE_MAX_S)).unwrap_or(now);
        at.clamp(now, latest)
    };
    if let Some(seconds) = number::<u32>(headers, RETRY_AFTER.as_str()) {
        let at = now.saturating_add(SignedDuration::from_secs(i64::from(seconds))).unwrap_or(now);
        return Some((bounded(at), true));
    }
    if number::<u64>(headers, "x-ratelimit-remaining") == Some(0) {
        let reset = Timestamp::from_second(number(headers, "x-ratelimit-reset")?).ok()?;
        return Some((bounded(transport.drift().in_our_time(reset)), false));
    }
    None
}

fn limited_or_forbidden(answer: &Answer, transport: &Transport) -> GitHubError {
    if let Some((at, secondary)) = stated_end(&answer.headers, transport) {
        return GitHubError::RateLimited { retry_at: Some(at), secondary };
    }
    let body: ErrorBody = serde_json::from_slice(&answer.body).unwrap_or_default();
    let message = body.message.as_str().unwrap_or_default().to_ascii_lowercase();
    if answer.status.as_u16() == 429 || message.contains("rate limit") || message.contains("abuse") {
        return GitHubError::RateLimited { retry_at: None, secondary: true };
    }
    GitHubError::Forbidden { missing_permissions: missing_permissions(&answer.headers) }
}

/// A primary limit that GraphQL reports in an answer of status 200.
pub(super) fn graphql_limit(headers: &HeaderMap, transport: &Transport) -> GitHubError {
    let stated = stated_end(headers, transport);
    GitHubError::RateLimited {
        retry_at: stated.map(|(at, _)| at),
        secondary: stated.is_none_or(|(_, secondary)| secondary),
    }
}

/// `issues=write; pull_requests=write`: what is of another form is left out.
fn missing_permissions(headers: &HeaderMap) -> Option<String> {
    let value = headers.get("x-accepted-github-permissions")?.to_str().ok()?;
    let is_permission = |text: &str| {
        text.split_once('=').is_some_and(|(area, level)| {
            area.chars().all(|c| c.is_ascii_lowercase() || c == '_') && matches!(level, "read" | "write" | "admin")
        })
    };
    let text: String = value
        .split_inclusive([';', ','])
        .filter(|part| is_permission(part.trim_end_matches([';', ',']).trim()))
        .collect::<String>()
        .chars()
        .take(PERMISSIONS_MAX_CHARS)
        .collect();
    let text = text.trim_end_matches([';', ',', ' ']).to_owned();
    (!text.is_empty()).then_some(text)
}

/// Names of fields and GitHub's codes; values and free text are left out, because they may quote what was sent.
fn problems(body: &[u8]) -> String {
    let body: ErrorBody = serde_json::from_slice(body).unwrap_or_default();
    let Value::Array(errors) = body.errors else {
        return String::new();
    };
    errors
        .iter()
        .take(PROBLEMS_MAX)
        .filter_map(|error| {
            let words: Vec<_> = [known_word(error, "field", &FIELDS), known_word(error, "code", &CODES)]
                .into_iter()
                .flatten()
                .collect();
            (!words.is_empty()).then(|| words.join(" "))
        })
        .collect::<Vec<_>>()
        .join(", ")
}

fn known_word(error: &Value, name: &str, known: &[&'static str]) -> Option<&'static str> {
    let word = error.get(name)?.as_str()?;
    known.iter().find(|known| **known == word).copied()
}
