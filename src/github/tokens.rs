//! Installation tokens: one per installation, minted once however many ask, never stored and never shown.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use jiff::{SignedDuration, Timestamp};
use moka::future::Cache;
use reqwest::Method;
use secrecy::SecretString;
use serde::Deserialize;

use super::{app_jwt::AppKey, classify, error::GitHubError, request::Request, transport::Transport};

/// A token is given up this long before it ends, so that none ends on its way.
const SPARE: SignedDuration = SignedDuration::from_mins(5);

/// A token is used for at least this long, whatever end it names: a service that names ends in the past would otherwise
/// be asked for a token with every request.
const USED_AT_LEAST: SignedDuration = SignedDuration::from_secs(60);

/// Tokens of this many installations are kept.
const KEPT_MAX: u64 = 10_000;

/// A token with its serial number in this process.
#[derive(Clone)]
pub(super) struct Token {
    pub(super) secret: SecretString,
    pub(super) serial: u64,
    usable_until: Timestamp,
}

/// What is kept per installation: a token, or why there is none (for those who waited for it at the same time).
type Kept = Arc<Result<Token, GitHubError>>;

/// A token as it was handed out.
pub(super) struct HandedOut {
    pub(super) token: Token,
    /// Whether it had been used or minted before this call.
    pub(super) was_kept: bool,
}

pub(super) struct Tokens {
    kept: Cache<u64, Kept>,
    serial: AtomicU64,
}

#[derive(Deserialize)]
struct Minted {
    token: SecretString,
    #[serde(default)]
    expires_at: String,
}

impl Tokens {
    pub(super) fn none() -> Self {
        Self { kept: Cache::new(KEPT_MAX), serial: AtomicU64::new(1) }
    }

    /// The installation's token: the one that is kept, unless it ends soon or is the `refused` one; else a new one.
    pub(super) async fn get(
        &self,
        installation: u64,
        refused: Option<u64>,
        key: &AppKey,
        transport: &Transport,
    ) -> Result<HandedOut, GitHubError> {
        let now = transport.github_now();
        let entry = self
            .kept
            .entry(installation)
            .or_insert_with_if(async { Arc::new(self.mint(installation, key, transport).await) }, |kept| {
                match kept.as_ref() {
                    Ok(token) => token.usable_until <= now || refused == Some(token.serial),
                    Err(_) => true,
                }
            })
            .await;
        let was_kept = !entry.is_fresh();
        match entry.into_value().as_ref() {
            Ok(token) => Ok(HandedOut { token: token.clone(), was_kept }),
            Err(error) => Err(error.clone()),
        }
    }

    /// Gives a kept token up: the next request gets a new one, with the permissions of that time.
    pub(super) async fn forget(&self, installation: u64) {
        self.kept.invalidate(&installation).await;
    }

    /// `POST /app/installations/{installation_id}/access_tokens`.
    async fn mint(&self, installation: u64, key: &AppKey, transport: &Transport) -> Result<Token, GitHubError> {
        let path = ["app", "installations", &installation.to_string(), "access_tokens"];
        let request = Request::new(Method::POST, path);
        let answer = send_as_app(&request, key, transport).await?;
        // a proxy's page in place of a token is an outage: whoever waits for the token must not give up for it
        let minted: Minted = classify::check(answer, transport)?
            .json()
            .map_err(|_| GitHubError::Unreachable { what: "its answer to the request for a token can't be read" })?;
        // asked only now, because the attempt may have corrected the clock
        let now = transport.github_now();
        let later = |span| now.saturating_add(span).unwrap_or(now);
        let usable_until = minted
            .expires_at
            .parse::<Timestamp>()
            .ok()
            .and_then(|end| end.saturating_sub(SPARE).ok())
            .unwrap_or(now)
            .max(later(USED_AT_LEAST));
        Ok(Token { secret: minted.token, serial: self.serial.fetch_add(1, Ordering::Relaxed), usable_until })
    }
}

/// Sends a request as the App itself; once more with GitHub's time if the first attempt shows that ours is wrong.
pub(super) async fn send_as_app(
    request: &Request,
    key: &AppKey,
    transport: &Transport,
) -> Result<super::transport::Answer, GitHubError> {
    let token = || {
        key.token(transport.github_now())
            .map_err(|_| GitHubError::NotSent { what: "the App's private key did not sign" })
    };
    let answer = transport.send(request, Some(&token()?)).await?;
    if answer.status.as_u16() == 401 && transport.drift().learn(answer.date, transport.clock().now()) {
        return transport.send(request, Some(&token()?)).await;
    }
    Ok(answer)
}
