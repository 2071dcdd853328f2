//! The shape of `embargod.toml`. Every value is optional here: what is missing may come from the environment.

use serde::Deserialize;
use toml::Spanned;

use super::doors::Texts;

/// The file as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub listen: Option<Spanned<String>>,
    pub admin_listen: Option<Spanned<String>>,
    pub database: Option<Spanned<String>>,
    pub database_connections: Option<Spanned<i64>>,
    pub ack_gather_ms: Option<Spanned<i64>>,
    pub public_url: Option<Spanned<String>>,
    pub default_policy_path: Option<Spanned<String>>,
    pub poll_interval_s: Option<Spanned<i64>>,
    pub sweep_interval_s: Option<Spanned<i64>>,
    pub reconcile_interval_s: Option<Spanned<i64>>,
    pub policy_interval_s: Option<Spanned<i64>>,
    pub log: Option<Spanned<String>>,
    pub log_format: Option<Spanned<String>>,
    pub otlp_endpoint: Option<Spanned<String>>,
    pub trusted_proxies: Option<Spanned<Texts>>,
    pub client_address_header: Option<Spanned<String>>,
    pub most_connections: Option<Spanned<i64>>,
    pub failing_burst: Option<Spanned<i64>>,
    pub failing_per_s: Option<Spanned<i64>>,
    pub role: Option<Spanned<String>>,
    pub drain_timeout_s: Option<Spanned<i64>>,
    #[serde(default)]
    pub retry: super::work::Retry,
    #[serde(default)]
    pub github: Github,
    #[serde(default)]
    pub sealing: Sealing,
    #[serde(default)]
    pub retention: Retention,
    #[serde(default)]
    pub mirrors: super::mirrors::Mirrors,
    pub paging_url: Option<Spanned<String>>,
}

/// `[github]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Github {
    pub api_base: Option<Spanned<String>>,
    pub app_id: Option<Spanned<i64>>,
    pub private_key_path: Option<Spanned<String>>,
    pub webhook_secrets: Option<Spanned<Secrets>>,
}

/// `[sealing]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sealing {
    pub key_path: Option<Spanned<String>>,
    pub key_command: Option<Spanned<Words>>,
    /// Refused: a key has no place in this file.
    pub key: Option<Spanned<serde::de::IgnoredAny>>,
}

/// A program and its arguments, as a list; a text is refused.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Words {
    List(Vec<String>),
    Else(serde::de::IgnoredAny),
}

impl std::fmt::Debug for Words {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Words")
    }
}

/// `[retention]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Retention {
    pub bodies_days: Option<Spanned<i64>>,
    pub deliveries_days: Option<Spanned<i64>>,
}

/// One secret, several separated by commas, or a list.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Secrets {
    Text(String),
    List(Vec<String>),
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets")
    }
}
