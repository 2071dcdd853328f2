//! Sends one request and reads one answer, within bounds.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use reqwest::{
    Method, StatusCode, Url,
    header::{self, HeaderMap, HeaderValue},
    redirect,
};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;

use super::{
    classify,
    drift::{Drift, http_date},
    error::GitHubError,
    request::{Door, Request},
    settings::{SettingsProblem, check_api_base, graphql_url, is_loopback},
};
use crate::clock::SharedClock;

/// Answers above this are not read.
pub(super) const ANSWER_MAX_BYTES: usize = 10 * 1024 * 1024;

const REDIRECTS_MAX: usize = 3;
const TIMEOUT_MAX_MS: u64 = 120_000;
const API_VERSION: &str = "2022-11-28";

/// The way to GitHub. Cheap to clone.
#[derive(Clone)]
pub(super) struct Transport {
    client: reqwest::Client,
    api_base: Url,
    graphql_url: Url,
    clock: SharedClock,
    drift: Arc<Drift>,
}

/// An answer of any status. Has no `Debug`: its body may be private.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) date: Option<Timestamp>,
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// Reads the body.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, GitHubError> {
        // serde's message may quote the body, so only the fact is passed on
        serde_json::from_slice(&self.body)
            .map_err(|_| GitHubError::Unreadable { what: "not the JSON that was expected" })
    }
}

impl Transport {
    pub(super) fn new(
        api_base: &Url,
        timeout_ms: u64,
        user_agent: &str,
        clock: SharedClock,
    ) -> Result<Self, SettingsProblem> {
        check_api_base(api_base)?;
        if timeout_ms == 0 || timeout_ms > TIMEOUT_MAX_MS {
            return Err(SettingsProblem::Timeout);
        }
        let user_agent = HeaderValue::from_str(user_agent)
            .ok()
            .filter(|value| !value.is_empty())
            .ok_or(SettingsProblem::UserAgent)?;
        let timeout = Duration::from_millis(timeout_ms);
        let mut builder = reqwest::Client::builder()
            .user_agent(user_agent)
            .timeout(timeout)
            .connect_timeout(timeout)
            // both are followed or repeated here, where it is known what a request does
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false);
        if is_loopback(api_base) {
            builder = builder.no_proxy();
        }
        Ok(Self {
            client: builder.build().map_err(|_| SettingsProblem::Client)?,
            api_base: api_base.clone(),
            graphql_url: graphql_url(api_base),
            clock,
            drift: Arc::new(Drift::none()),
        })
    }

    pub(super) fn drift(&self) -> &Drift {
        &self.drift
    }

    pub(super) fn clock(&self) -> &SharedClock {
        &self.clock
    }

    pub(super) fn api_base(&self) -> &Url {
        &self.api_base
    }

    /// The present instant by GitHub's clock, as far as we know it.
    pub(super) fn github_now(&self) -> Timestamp {
        self.drift.corrected(self.clock.now())
    }

    /// Sends `request` and reads the answer, whatever its status. Follows redirects of renamed repositories, never out of
    /// the API base.
    pub(super) async fn send(&self, request: &Request, bearer: Option<&SecretString>) -> Result<Answer, GitHubError> {
        let mut url = match request.door {
            Door::Rest => request.url(&self.api_base)?,
            Door::GraphQl => self.graphql_url.clone(),
        };
        for _ in 0..=REDIRECTS_MAX {
            let result = self.send_once(request, url.clone(), bearer).await;
            count(&request.method, result.as_ref().ok().map(|answer| answer.status));
            let answer = result?;
            match self.redirected(request, &url, &answer) {
                Some(next) => url = next,
                None => return Ok(answer),
            }
        }
        Err(GitHubError::Unreadable { what: "too many redirects" })
    }

    /// Like [`Transport::send`], with every status but 2xx as an error.
    pub(super) async fn fetch(&self, request: &Request, bearer: Option<&SecretString>) -> Result<Answer, GitHubError> {
        classify::check(self.send(request, bearer).await?, self)
    }

    async fn send_once(
        &self,
        request: &Request,
        url: Url,
        bearer: Option<&SecretString>,
    ) -> Result<Answer, GitHubError> {
        let mut outgoing = self
            .client
            .request(request.method.clone(), url)
            .header(header::ACCEPT, "application/vnd.github+json")
            .header("x-github-api-version", API_VERSION);
        if let Some(token) = bearer {
            // marks the header as sensitive
            outgoing = outgoing.bearer_auth(token.expose_secret());
        }
        if let Some(etag) = &request.known_etag {
            outgoing = outgoing.header(header::IF_NONE_MATCH, etag);
        }
        if let Some(body) = &request.body {
            outgoing = outgoing.json(body);
        } else if matches!(request.method, Method::POST | Method::PUT) {
            // GitHub asks for it where a write has no body ("Lock an issue")
            outgoing = outgoing.header(header::CONTENT_LENGTH, "0");
        }
        let response = outgoing.send().await.map_err(|error| unreachable(&error))?;
        self.read(response).await
    }

    async fn read(&self, mut response: reqwest::Response) -> Result<Answer, GitHubError> {
        let too_large = GitHubError::TooLarge { limit_bytes: ANSWER_MAX_BYTES as u64 };
        if response.content_length().is_some_and(|length| length > ANSWER_MAX_BYTES as u64) {
            return Err(too_large);
        }
        let status = response.status();
        let headers = response.headers().clone();
        let date = headers.get(header::DATE).and_then(|value| value.to_str().ok()).and_then(http_date);
        if let Some(date) = date {
            self.drift.observe(date, self.clock.now());
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| unreachable(&error))? {
            if body.len() + chunk.len() > ANSWER_MAX_BYTES {
                return Err(too_large);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status, headers, date, body })
    }

    /// Where to go instead, if the answer says so and the place is GitHub's. 307 and 308 ask for the same request again,
    /// so they are followed for writes as well: a repository renamed a second ago is still to be protected.
    fn redirected(&self, request: &Request, from: &Url, answer: &Answer) -> Option<Url> {
        let follow = match answer.status {
            StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => true,
            StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => request.method == Method::GET,
            _ => false,
        };
        if !follow {
            return None;
        }
        let location = answer.headers.get(header::LOCATION)?.to_str().ok()?;
        let next = from.join(location).ok()?;
        within(&self.api_base, &next).then_some(next)
    }
}

/// Whether `url` lies below `base`.
pub(super) fn within(base: &Url, url: &Url) -> bool {
    let root = base.path().trim_end_matches('/');
    base.scheme() == url.scheme()
        && base.host() == url.host()
        && base.port_or_known_default() == url.port_or_known_default()
        && url.username().is_empty()
        && url.password().is_none()
        && (url.path() == root || url.path().strip_prefix(root).is_some_and(|rest| rest.starts_with('/')))
}

/// reqwest's own message names the address, and with it the repository: only the kind of trouble is passed on.
fn unreachable(error: &reqwest::Error) -> GitHubError {
    let what = if error.is_timeout() {
        "timed out"
    } else if error.is_connect() {
        "no connection"
    } else {
        "the answer broke off"
    };
    GitHubError::Unreachable { what }
}

/// Counts requests by method and class of status alone: no path, no name.
fn count(method: &Method, status: Option<StatusCode>) {
    let method = match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PATCH => "PATCH",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        _ => "other",
    };
    let class = match status.map(|status| status.as_u16()) {
        None => "none",
        Some(200..=299) => "2xx",
        Some(300..=399) => "3xx",
        Some(400..=499) => "4xx",
        Some(500..=599) => "5xx",
        Some(_) => "other",
    };
    metrics::counter!(
        "embargod_github_requests_total",
        "method" => method,
        "status_class" => class,
    )
    .increment(1);
}
