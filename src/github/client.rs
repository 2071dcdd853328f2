//! The handles that the rest of the program holds.

use std::{collections::BTreeMap, fmt, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use reqwest::Url;
use secrecy::SecretString;
use serde::de::{DeserializeOwned, IgnoredAny};

use super::{
    app_jwt::AppKey,
    budget::{Budgets, RateBudget},
    classify,
    contact::Contact,
    error::GitHubError,
    request::Request,
    settings::{GitHubSettings, SettingsProblem},
    tokens::{Tokens, send_as_app},
    transport::{Answer, Transport},
};
use crate::clock::SharedClock;

/// GitHub, as one App sees it. Cheap to clone; clones share tokens and connections.
#[derive(Clone)]
pub struct GitHub(Arc<Inner>);

struct Inner {
    transport: Transport,
    key: AppKey,
    tokens: Tokens,
    budgets: Budgets,
}

/// Work in the repositories of one installation. Cheap to clone.
#[derive(Clone)]
pub struct Installation {
    github: GitHub,
    id: u64,
}

/// Questions and orders about the App itself. Cheap to clone.
#[derive(Clone)]
pub struct AppClient {
    github: GitHub,
}

impl GitHub {
    /// Checks the settings and gets ready. Sends nothing.
    ///
    /// # Errors
    /// An API base that is not https (or http on loopback), a key that is not an RSA private key, a time-out out of bounds.
    pub fn new(settings: &GitHubSettings, clock: SharedClock) -> Result<Self, SettingsProblem> {
        Ok(Self(Arc::new(Inner {
            transport: Transport::new(&settings.api_base, settings.request_timeout_ms, &settings.user_agent, clock)?,
            key: AppKey::new(settings.app_id, &settings.private_key)?,
            tokens: Tokens::none(),
            budgets: Budgets::default(),
        })))
    }

    /// Works in the repositories of installation `id`.
    pub fn installation(&self, id: u64) -> Installation {
        Installation { github: self.clone(), id }
    }

    /// Asks about the App itself.
    pub fn app(&self) -> AppClient {
        AppClient { github: self.clone() }
    }

    /// GitHub's clock minus ours, as its last answer showed it, to the second; `None` before the first answer.
    pub fn clock_skew(&self) -> Option<SignedDuration> {
        self.0.transport.drift().seen()
    }

    /// The least share of its requests that any installation has left, by resource (`core`, `graphql`), from 0 to 1. Empty
    /// before the first answer, and when all windows are over.
    pub fn least_budget_left(&self) -> BTreeMap<String, f64> {
        self.0.budgets.least_left(self.0.transport.clock().now())
    }

    /// The present instant by GitHub's clock, as far as its answers have shown it.
    pub fn now(&self) -> Timestamp {
        self.0.transport.github_now()
    }

    /// When GitHub last answered, and since when it does not.
    pub fn contact(&self) -> Contact {
        self.0.transport.contacts().seen()
    }

    /// The budgets whose window is still open at `now`, by installation, those with the smallest part left first, at
    /// most `most`.
    pub fn tightest_budgets(&self, now: Timestamp, most: usize) -> Vec<(u64, RateBudget)> {
        self.0.budgets.tightest(now, most)
    }

    /// Where the REST API begins.
    pub fn api_base(&self) -> &Url {
        self.0.transport.api_base()
    }
}

impl fmt::Debug for GitHub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GitHub({})", self.api_base())
    }
}

impl fmt::Debug for Installation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Installation({})", self.id)
    }
}

impl fmt::Debug for AppClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AppClient")
    }
}

/// Something that sends requests with credentials: what pagination needs.
pub(super) trait Sender: Sync {
    /// Sends; every status but 2xx is an error.
    fn fetch(&self, request: &Request) -> impl Future<Output = Result<Answer, GitHubError>> + Send;

    /// The way that requests take.
    fn transport(&self) -> &Transport;

    /// Sends and reads the answer's JSON.
    fn fetch_json<T: DeserializeOwned>(
        &self,
        request: &Request,
    ) -> impl Future<Output = Result<T, GitHubError>> + Send {
        async move { self.fetch(request).await?.json() }
    }

    /// Sends a change whose answer tells nothing new. An answer that is neither empty nor JSON is not GitHub's, so the
    /// change may not have been made.
    fn fetch_done(&self, request: &Request) -> impl Future<Output = Result<(), GitHubError>> + Send {
        async move {
            let answer = self.fetch(request).await?;
            if answer.body.is_empty() {
                return Ok(());
            }
            answer.json::<IgnoredAny>().map(|_| ())
        }
    }
}

impl Installation {
    /// The installation's number.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Gives up the token that is kept for the installation. A token carries the permissions of the time when it was made, and
    /// is otherwise used for most of an hour.
    pub async fn forget_token(&self) {
        self.github.0.tokens.forget(self.id).await;
    }

    /// The installation's token, for programs that speak to GitHub by themselves: git. Hand it on by the environment alone.
    ///
    /// # Errors
    /// Where GitHub gives none.
    pub async fn token_for_git(&self) -> Result<SecretString, GitHubError> {
        let inner = &self.github.0;
        Ok(inner.tokens.get(self.id, None, &inner.key, &inner.transport).await?.token.secret)
    }

    /// What is left of the hourly REST requests, as GitHub said last.
    pub fn budget(&self) -> Option<RateBudget> {
        self.github.0.budgets.of(self.id, "core")
    }

    /// What is left of the hourly GraphQL points, as GitHub said last.
    pub fn graphql_budget(&self) -> Option<RateBudget> {
        self.github.0.budgets.of(self.id, "graphql")
    }

    async fn send(&self, request: &Request, token: &super::tokens::Token) -> Result<Answer, GitHubError> {
        let inner = &self.github.0;
        let answer = inner.transport.send(request, Some(&token.secret)).await?;
        let ours = |theirs| inner.transport.drift().in_our_time(theirs);
        inner.budgets.note(self.id, &answer.headers, ours);
        Ok(answer)
    }
}

impl Sender for Installation {
    async fn fetch(&self, request: &Request) -> Result<Answer, GitHubError> {
        let inner = &self.github.0;
        let first = inner.tokens.get(self.id, None, &inner.key, &inner.transport).await?;
        let mut answer = self.send(request, &first.token).await?;
        if answer.status.as_u16() == 401 && first.was_kept {
            let second = inner.tokens.get(self.id, Some(first.token.serial), &inner.key, &inner.transport).await?;
            answer = self.send(request, &second.token).await?;
        }
        classify::check(answer, &inner.transport)
    }

    fn transport(&self) -> &Transport {
        &self.github.0.transport
    }
}

impl Sender for AppClient {
    async fn fetch(&self, request: &Request) -> Result<Answer, GitHubError> {
        let inner = &self.github.0;
        let answer = send_as_app(request, &inner.key, &inner.transport).await?;
        classify::check(answer, &inner.transport)
    }

    fn transport(&self) -> &Transport {
        &self.github.0.transport
    }
}
