//! What can go wrong with a request, and whether trying again makes sense.

use jiff::{SignedDuration, Timestamp};

/// Why a request to GitHub did not succeed. Holds no body, no text, no name: safe to log and to keep.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GitHubError {
    /// Too many requests; 403 or 429.
    #[error("GitHub's {} rate limit is exhausted; it is waited for", if *.secondary { "secondary" } else { "primary" })]
    RateLimited {
        /// From when on requests are served again, in the program's own time; `None` where GitHub did not say.
        retry_at: Option<Timestamp>,
        /// Whether it is the limit on pace and concurrency rather than the hourly one.
        secondary: bool,
    },
    /// No (complete) answer came: the request may have been done all the same.
    #[error("GitHub could not be reached ({what}); check the network, the proxy and github.api_base")]
    Unreachable {
        /// What happened, in fixed words.
        what: &'static str,
    },
    /// GitHub has trouble; 5xx. The request may have been done all the same.
    #[error("GitHub has trouble (status {status})")]
    ServerTrouble {
        /// The status.
        status: u16,
    },
    /// There is no such thing, or the App may not see it; 404.
    #[error("GitHub does not have it, or does not show it to this App")]
    NotFound,
    /// The App may not; 403.
    #[error(
        "GitHub forbids it{}; look at the App's permissions and whether the installation is suspended",
        .missing_permissions.as_ref().map(|p| format!(" (needs {p})")).unwrap_or_default()
    )]
    Forbidden {
        /// What GitHub says would be needed (`x-accepted-github-permissions`).
        missing_permissions: Option<String>,
    },
    /// It was there and is not any more, or the feature is switched off; 410.
    #[error("it is gone, or the feature is switched off")]
    Gone,
    /// GitHub does not accept the request as it stands; 400 or 422.
    #[error("GitHub refuses the request as invalid (status {status}{})", if .problems.is_empty() { String::new() } else { format!(": {}", .problems) })]
    Invalid {
        /// The status.
        status: u16,
        /// Names of fields and GitHub's codes for them (`title missing_field`), never values.
        problems: String,
    },
    /// GitHub does not accept who we are, also after a new token; 401.
    #[error("GitHub does not accept the App's credentials; check github.app_id and github.private_key_path")]
    Unauthorized,
    /// The answer can't be read as what it should be. The request was done.
    #[error("GitHub's answer can't be read ({what})")]
    Unreadable {
        /// What is wrong with it, in fixed words.
        what: &'static str,
    },
    /// What stands at the path is no text file: a folder, a link, or not UTF-8. Asking again gives the same.
    #[error("it is no text file ({what})")]
    NotAFile {
        /// What it is instead, in fixed words.
        what: &'static str,
    },
    /// The answer or file is larger than what is accepted.
    #[error("GitHub's answer is larger than {limit_bytes} bytes")]
    TooLarge {
        /// The limit.
        limit_bytes: u64,
    },
    /// The request was not sent at all.
    #[error("the request was not sent ({what})")]
    NotSent {
        /// Why, in fixed words.
        what: &'static str,
    },
    /// Any other refusal, redirects out of the API base among them.
    #[error("GitHub refuses it (status {status})")]
    Refused {
        /// The status.
        status: u16,
    },
}

/// Whether and when to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// Not before this instant.
    At(Timestamp),
    /// Trying again does not help.
    Never,
}

/// Pauses after the first, second, … failed attempt, in seconds; the last one holds from then on.
pub const PAUSES_S: [i64; 6] = [1, 5, 30, 120, 600, 3_600];

/// After this many attempts an outage is no outage any more: about a day with [`PAUSES_S`].
pub const ATTEMPTS_MAX: u32 = 30;

/// Shortest pause after a rate limit without a stated end; doubles with every attempt. GitHub asks for at least a minute
/// ("Best practices for using the REST API").
pub const UNSTATED_LIMIT_PAUSE_S: i64 = 60;

/// Longest pause after a rate limit without a stated end.
pub const UNSTATED_LIMIT_PAUSE_MAX_S: i64 = 3_600;

impl GitHubError {
    /// When to try again. `attempt` counts from 1 and is the attempt that has just failed.
    ///
    /// Credentials, permissions and missing things do not mend by themselves within seconds and are not retried.
    pub fn retry(&self, now: Timestamp, attempt: u32) -> Retry {
        match self {
            Self::RateLimited { retry_at: Some(at), .. } => Retry::At((*at).max(now)),
            Self::RateLimited { retry_at: None, .. } => {
                let doublings = attempt.saturating_sub(1).min(16);
                after(now, (UNSTATED_LIMIT_PAUSE_S << doublings).min(UNSTATED_LIMIT_PAUSE_MAX_S))
            }
            Self::Unreachable { .. } | Self::ServerTrouble { .. } if attempt < ATTEMPTS_MAX => {
                let index = (attempt.saturating_sub(1) as usize).min(PAUSES_S.len() - 1);
                after(now, PAUSES_S[index])
            }
            _ => Retry::Never,
        }
    }

    /// Whether the request may have taken effect although it failed: a caller that creates things must look before it
    /// tries again.
    pub fn may_have_been_done(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. } | Self::ServerTrouble { .. } | Self::Unreadable { .. } | Self::TooLarge { .. }
        )
    }
}

fn after(now: Timestamp, seconds: i64) -> Retry {
    now.checked_add(SignedDuration::from_secs(seconds)).map_or(Retry::Never, Retry::At)
}
