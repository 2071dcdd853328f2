//! The App itself: what it was granted, where it is installed, where its webhooks go.

use std::collections::BTreeMap;

use jiff::Timestamp;
use reqwest::Method;
use serde::Deserialize;

use super::{
    client::{AppClient, Sender},
    error::GitHubError,
    issues::AccountAnswer,
    pages::{self, Listing},
    request::Request,
};
use crate::domain::post::{Account, RepoName};

/// The App.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppFacts {
    /// Its number.
    pub id: u64,
    /// Its name in addresses; its bot's login is `{slug}[bot]`.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// Its public page.
    pub html_url: String,
    /// What it asks for: `issues` -> `write`.
    pub permissions: BTreeMap<String, String>,
    /// The webhook events that it asks for.
    pub events: Vec<String>,
}

/// One installation of the App.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstallationFacts {
    /// Its number.
    pub id: u64,
    /// Where it is installed.
    pub account: Account,
    /// Whether the account is an organisation.
    pub account_is_organisation: bool,
    /// The settings page of the installation.
    pub html_url: String,
    /// Whether it sees all repositories of the account rather than selected ones.
    pub sees_all_repositories: bool,
    /// What was granted; may lag behind what the App asks for until somebody approves.
    pub permissions: BTreeMap<String, String>,
    /// The webhook events that were granted.
    pub events: Vec<String>,
    /// Since when it is suspended, if it is.
    pub suspended_at: Option<Timestamp>,
}

/// Where the App's webhooks go.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct HookConfig {
    /// The address; empty where none is set.
    #[serde(default)]
    pub url: String,
    /// `json` or `form`.
    #[serde(default)]
    pub content_type: String,
    /// Whether GitHub was told not to check the receiver's certificate (`1`).
    #[serde(default, deserialize_with = "flag")]
    pub insecure_ssl: bool,
}

#[derive(Deserialize)]
struct AppAnswer {
    id: u64,
    #[serde(default)]
    slug: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    html_url: String,
    #[serde(default)]
    permissions: BTreeMap<String, String>,
    #[serde(default)]
    events: Vec<String>,
}

#[derive(Deserialize)]
struct InstallationAnswer {
    id: u64,
    account: Option<AccountAnswer>,
    #[serde(default)]
    target_type: String,
    #[serde(default)]
    html_url: String,
    #[serde(default)]
    repository_selection: String,
    #[serde(default)]
    permissions: BTreeMap<String, String>,
    #[serde(default)]
    events: Vec<String>,
    suspended_at: Option<Timestamp>,
}

impl From<InstallationAnswer> for InstallationFacts {
    fn from(answer: InstallationAnswer) -> Self {
        Self {
            id: answer.id,
            account: AccountAnswer::account(answer.account),
            account_is_organisation: answer.target_type == "Organization",
            html_url: answer.html_url,
            sees_all_repositories: answer.repository_selection == "all",
            permissions: answer.permissions,
            events: answer.events,
            suspended_at: answer.suspended_at,
        }
    }
}

impl AppClient {
    /// `GET /app`.
    pub async fn facts(&self) -> Result<AppFacts, GitHubError> {
        let answer: AppAnswer = self.fetch_json(&Request::new(Method::GET, ["app"])).await?;
        Ok(AppFacts {
            id: answer.id,
            slug: answer.slug,
            name: answer.name,
            html_url: answer.html_url,
            permissions: answer.permissions,
            events: answer.events,
        })
    }

    /// `GET /app/installations`.
    pub async fn installations(&self) -> Result<Listing<InstallationFacts>, GitHubError> {
        let request = Request::new(Method::GET, ["app", "installations"]);
        let found = pages::numbered::<InstallationAnswer>(self, request).await?;
        Ok(found.map(InstallationFacts::from))
    }

    /// `GET /app/installations/{installation_id}`.
    pub async fn installation(&self, id: u64) -> Result<InstallationFacts, GitHubError> {
        let request = Request::new(Method::GET, ["app", "installations"]).segment(id);
        self.fetch_json::<InstallationAnswer>(&request).await.map(InstallationFacts::from)
    }

    /// The installation that sees a repository, `None` if there is none (`GET /repos/{owner}/{repo}/installation`).
    pub async fn installation_of(&self, repo: &RepoName) -> Result<Option<InstallationFacts>, GitHubError> {
        let request = Request::repo(Method::GET, repo, "installation");
        match self.fetch_json::<InstallationAnswer>(&request).await {
            Ok(answer) => Ok(Some(answer.into())),
            Err(GitHubError::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// `GET /app/hook/config`.
    pub async fn hook_config(&self) -> Result<HookConfig, GitHubError> {
        self.fetch_json(&Request::new(Method::GET, ["app", "hook", "config"])).await
    }
}

/// GitHub writes this flag as `"0"`, `"1"` or a number.
fn flag<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(value == "1" || value == 1 || value == true)
}
