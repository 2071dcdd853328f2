//! Paging: wakes whoever is on duty, by one POST to the operator's own service.
//!
//! What flows in: a [`Page`], which holds names and instants alone. What flows out: the same as JSON, to the one address that
//! the operator set. What it must never do: send a word of a report, follow a redirect, log its address (such addresses hold
//! tokens), or repeat on its own account.

use std::{fmt, time::Duration};

use jiff::Timestamp;
use reqwest::{StatusCode, Url, redirect};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

/// How long the service may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why nobody was woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PagingProblem {
    /// The service does not take it, however often it is asked.
    #[error("the paging service refuses (HTTP {0})")]
    Refused(u16),
    /// It does not answer, or is in trouble.
    #[error("the paging service does not answer")]
    Unreachable,
}

/// What is sent. The keys change only with a migration note.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Page<'a> {
    /// Always `embargod`.
    pub source: &'static str,
    /// The case: `SEC-2026-7`.
    pub case: &'a str,
    /// The clock that ran out: `acknowledgment`.
    pub clock: &'a str,
    /// When it ran out, in UTC.
    pub due: Timestamp,
    /// The same for each repetition of one page, for services that join them.
    pub key: &'a str,
}

/// The operator's paging service.
#[derive(Clone)]
pub struct Pager {
    client: reqwest::Client,
    address: Url,
}

impl fmt::Debug for Pager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pager")
    }
}

impl Pager {
    /// A service at an address, which is checked by the settings.
    ///
    /// # Errors
    /// Where it is no address, or the machine has no TLS to speak.
    pub fn new(address: &SecretString) -> Result<Self, PagingProblem> {
        let address = Url::parse(address.expose_secret()).map_err(|_| PagingProblem::Unreachable)?;
        let client = reqwest::Client::builder().redirect(redirect::Policy::none()).timeout(PATIENCE).build();
        Ok(Self { client: client.map_err(|_| PagingProblem::Unreachable)?, address })
    }

    /// Sends a page.
    ///
    /// # Errors
    /// Where the service does not take it with a 2xx.
    pub async fn page(&self, page: &Page<'_>) -> Result<(), PagingProblem> {
        // The error may hold the address.
        let answer = self.client.post(self.address.clone()).json(page).send().await;
        let status = answer.map_err(|_| PagingProblem::Unreachable)?.status();
        if status.is_success() {
            return Ok(());
        }
        let passes = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
        Err(if passes { PagingProblem::Unreachable } else { PagingProblem::Refused(status.as_u16()) })
    }
}
