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
const WORD_MAX_CHARS: usize = 64;
const PERMISSIONS_MAX_CHARS: usize = 200;

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
        400 | 422 => GitHubError::Invalid {
            status,
            problems: problems(&answer.body),
        },
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
        let latest = now
            .saturating_add(SignedDuration::from_secs(PAUSE_MAX_S))
            .unwrap_or(now);
        at.clamp(now, latest)
    };
    if let Some(seconds) = number::<u32>(headers, RETRY_AFTER.as_str()) {
        let at = now
            .saturating_add(SignedDuration::from_secs(i64::from(seconds)))
            .unwrap_or(now);
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
        return GitHubError::RateLimited {
            retry_at: Some(at),
            secondary,
        };
    }
    let body: ErrorBody = serde_json::from_slice(&answer.body).unwrap_or_default();
    let message = body
        .message
        .as_str()
        .unwrap_or_default()
        .to_ascii_lowercase();
    if answer.status.as_u16() == 429 || message.contains("rate limit") || message.contains("abuse")
    {
        return GitHubError::RateLimited {
            retry_at: None,
            secondary: true,
        };
    }
    GitHubError::Forbidden {
        missing_permissions: missing_permissions(&answer.headers),
    }
}

/// A primary limit that GraphQL reports in an answer of status 200.
pub(super) fn graphql_limit(headers: &HeaderMap, transport: &Transport) -> GitHubError {
    let stated = stated_end(headers, transport);
    GitHubError::RateLimited {
        retry_at: stated.map(|(at, _)| at),
        secondary: stated.is_none_or(|(_, secondary)| secondary),
    }
}

fn missing_permissions(headers: &HeaderMap) -> Option<String> {
    let value = headers
        .get("x-accepted-github-permissions")?
        .to_str()
        .ok()?;
    let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '=' | ';' | ',' | ' ');
    let text: String = value
        .chars()
        .filter(plain)
        .take(PERMISSIONS_MAX_CHARS)
        .collect();
    (!text.is_empty()).then_some(text)
}

/// Names of fields and GitHub's codes; values and free text are left out, because they may quote what was sent.
fn problems(body: &[u8]) -> String {
    let body: ErrorBody = serde_json::from_slice(body).unwrap_or_default();
    let Value::Array(errors) = body.errors else {
        return String::new();
    };
    let word = |error: &Value, name: &str| {
        error
            .get(name)
            .and_then(Value::as_str)
            .filter(|word| {
                word.len() <= WORD_MAX_CHARS
                    && word
                        .chars()
                        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
            })
            .map(str::to_owned)
    };
    errors
        .iter()
        .take(PROBLEMS_MAX)
        .filter_map(|error| {
            let words: Vec<_> = [word(error, "field"), word(error, "code")]
                .into_iter()
                .flatten()
                .collect();
            (!words.is_empty()).then(|| words.join(" "))
        })
        .collect::<Vec<_>>()
        .join(", ")
}
