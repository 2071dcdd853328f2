//! How GitHub is reached, and as which App.

use std::fmt;

use reqwest::Url;
use secrecy::SecretString;

/// GitHub's own REST API.
pub const DEFAULT_API_BASE: &str = "https://api.github.com";

/// How long one request may take, in milliseconds, unless the settings say otherwise.
pub const DEFAULT_REQUEST_TIMEOUT_MS: u64 = 10_000;

/// How GitHub is reached, and as which App.
#[derive(Clone, Debug)]
pub struct GitHubSettings {
    /// Where the REST API begins: `https://api.github.com`, `https://HOST/api/v3` on GitHub Enterprise Server. Plain
    /// http is accepted on loopback only, because every request carries a token.
    pub api_base: Url,
    /// Number of the App.
    pub app_id: u64,
    /// The App's private key, PEM, PKCS#1 (as GitHub hands it out) or PKCS#8.
    pub private_key: SecretString,
    /// How long one request may take, its answer included, in milliseconds; 1 to 120 000.
    pub request_timeout_ms: u64,
    /// Sent as `User-Agent`, which GitHub demands.
    pub user_agent: String,
}

impl GitHubSettings {
    /// Settings for GitHub's own API with the usual time-out.
    pub fn new(app_id: u64, private_key: SecretString) -> Self {
        Self {
            api_base: Url::parse(DEFAULT_API_BASE).expect("a constant address"),
            app_id,
            private_key,
            request_timeout_ms: DEFAULT_REQUEST_TIMEOUT_MS,
            user_agent: concat!("embargod/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }

    /// Where GraphQL is served: `{base}/graphql`, but `https://HOST/api/graphql` for a base `https://HOST/api/v3`.
    pub fn graphql_url(&self) -> Url {
        graphql_url(&self.api_base)
    }
}

/// Where GraphQL is served for a REST base: `{base}/graphql`, but `https://HOST/api/graphql` for a GitHub Enterprise
/// Server's `https://HOST/api/v3`.
pub fn graphql_url(api_base: &Url) -> Url {
    let mut url = api_base.clone();
    let path = api_base.path().trim_end_matches('/');
    let root = match path.strip_suffix("/api/v3") {
        Some(before) => format!("{before}/api"),
        None => path.to_owned(),
    };
    url.set_path(&format!("{root}/graphql"));
    url
}

/// What is wrong with the settings, with a remedy. Never holds a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingsProblem {
    /// The API base can't be used.
    ApiBase(&'static str),
    /// The key can't be used.
    PrivateKey(&'static str),
    /// The time-out is out of bounds.
    Timeout,
    /// The user agent can't be sent.
    UserAgent,
    /// The HTTP client can't be set up: no trusted root certificates, for example.
    Client,
}

impl fmt::Display for SettingsProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ApiBase(why) => {
                write!(f, "github.api_base: {why}; write it as https://api.github.com or https://HOST/api/v3")
            }
            Self::PrivateKey(why) => write!(
                f,
                "github.private_key_path: {why}; download a private key from the App's settings page (\"Private \
                 keys\") and name the .pem file as it is"
            ),
            Self::Timeout => f.write_str("github request time-out: out of bounds; choose 1 to 120000 milliseconds"),
            Self::UserAgent => f.write_str("github user agent: not sendable; use printable ASCII characters"),
            Self::Client => f.write_str(
                "the HTTPS client could not be set up; install the system's root certificates (ca-certificates)",
            ),
        }
    }
}

impl std::error::Error for SettingsProblem {}

/// Checks that tokens sent to `base` stay private.
pub(super) fn check_api_base(base: &Url) -> Result<(), SettingsProblem> {
    if base.query().is_some() || base.fragment().is_some() {
        return Err(SettingsProblem::ApiBase("has a query or fragment"));
    }
    if !base.username().is_empty() || base.password().is_some() {
        return Err(SettingsProblem::ApiBase("holds a user name or password"));
    }
    match base.scheme() {
        "https" if base.has_host() => Ok(()),
        "http" if is_loopback(base) => Ok(()),
        "http" => {
            Err(SettingsProblem::ApiBase("is plain http outside of loopback, which would show tokens to the network"))
        }
        _ => Err(SettingsProblem::ApiBase("is not an https address")),
    }
}

/// Whether `url` stays on this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}
