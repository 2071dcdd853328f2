//! Where the App is installed.

use serde::Deserialize;

use super::{
    Content, Delivery, ParseError,
    lenient::{Object, Objects},
    parts::{AccountPart, account_or_ghost},
};
use crate::domain::post::Account;

/// A change of an installation or of the repositories that it sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstallationNotice {
    /// The installation's number.
    pub installation_id: u64,
    /// Where it is installed.
    pub account: Account,
    /// What happened: `created`, `deleted`, `suspend`, `unsuspend`, `new_permissions_accepted`, `added`, `removed`.
    pub action: String,
    /// Numbers of repositories that came into sight.
    pub repositories_added: Vec<u64>,
    /// Numbers of repositories that went out of sight.
    pub repositories_removed: Vec<u64>,
}

/// So many repositories of one delivery are looked at: more than fit into one that tells their names.
const REPOSITORIES_MAX: usize = 1_000_000;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Payload {
    installation: Object<Place>,
    repositories: Objects<Numbered, REPOSITORIES_MAX>,
    repositories_added: Objects<Numbered, REPOSITORIES_MAX>,
    repositories_removed: Objects<Numbered, REPOSITORIES_MAX>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Place {
    account: Object<AccountPart>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Numbered {
    id: super::lenient::Number,
}

/// `installation`.
pub(super) fn installation(delivery: &Delivery<'_>) -> Result<Content, ParseError> {
    let payload: Payload = serde_json::from_slice(delivery.body)?;
    let (added, removed) = match delivery.action {
        "created" | "unsuspend" => (numbers(&payload.repositories), Vec::new()),
        "deleted" | "suspend" => (Vec::new(), numbers(&payload.repositories)),
        _ => (Vec::new(), Vec::new()),
    };
    notice(delivery, payload.installation, added, removed)
}

/// `installation_repositories`.
pub(super) fn repositories(delivery: &Delivery<'_>) -> Result<Content, ParseError> {
    let payload: Payload = serde_json::from_slice(delivery.body)?;
    let added = numbers(&payload.repositories_added);
    let removed = numbers(&payload.repositories_removed);
    notice(delivery, payload.installation, added, removed)
}

fn notice(
    delivery: &Delivery<'_>,
    installation: Object<Place>,
    repositories_added: Vec<u64>,
    repositories_removed: Vec<u64>,
) -> Result<Content, ParseError> {
    Ok(Content::Installation(InstallationNotice {
        installation_id: delivery.installation_id.ok_or(ParseError::Missing("installation with a number"))?,
        account: account_or_ghost(installation.0.unwrap_or_default().account),
        action: delivery.action.to_owned(),
        repositories_added,
        repositories_removed,
    }))
}

fn numbers(repositories: &Objects<Numbered, REPOSITORIES_MAX>) -> Vec<u64> {
    repositories.0.iter().filter_map(|repository| repository.id.0).collect()
}
