//! The last step of registering an App from a manifest: the code from the browser becomes the App's credentials.
//!
//! GitHub, "Registering a GitHub App from a manifest".

use reqwest::{Method, Url};
use secrecy::SecretString;
use serde::Deserialize;

use super::{
    error::GitHubError,
    request::Request,
    settings::{DEFAULT_REQUEST_TIMEOUT_MS, SettingsProblem},
    transport::Transport,
};
use crate::clock::SharedClock;

/// A newly registered App with its secrets, which GitHub shows this once.
#[derive(Clone, Debug)]
pub struct NewApp {
    /// Its number.
    pub id: u64,
    /// Its name in addresses.
    pub slug: String,
    /// Its public page; `/installations/new` below it installs it.
    pub html_url: String,
    /// Its private key, PEM.
    pub private_key: SecretString,
    /// The webhook secret, where GitHub made one.
    pub webhook_secret: Option<SecretString>,
}

#[derive(Deserialize)]
struct Conversion {
    id: u64,
    #[serde(default)]
    slug: String,
    #[serde(default)]
    html_url: String,
    pem: SecretString,
    webhook_secret: Option<SecretString>,
}

/// Exchanges the `code` that GitHub gave to the browser (`POST /app-manifests/{code}/conversions`). Good for one hour and
/// for one time: [`GitHubError::NotFound`] afterwards.
pub async fn convert_manifest(api_base: &Url, code: &str, clock: SharedClock) -> Result<NewApp, ConversionProblem> {
    let user_agent = concat!("embargod/", env!("CARGO_PKG_VERSION"));
    let transport =
        Transport::new(api_base, DEFAULT_REQUEST_TIMEOUT_MS, user_agent, clock).map_err(ConversionProblem::Settings)?;
    let request = Request::new(Method::POST, ["app-manifests"]).segment(code).segment("conversions");
    let answer: Conversion =
        transport.fetch(&request, None).await.and_then(|answer| answer.json()).map_err(ConversionProblem::GitHub)?;
    Ok(NewApp {
        id: answer.id,
        slug: answer.slug,
        html_url: answer.html_url,
        private_key: answer.pem,
        webhook_secret: answer.webhook_secret,
    })
}

/// Why there are no credentials.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConversionProblem {
    /// The API base can't be used.
    #[error(transparent)]
    Settings(SettingsProblem),
    /// GitHub did not hand them out.
    #[error(transparent)]
    GitHub(GitHubError),
}
