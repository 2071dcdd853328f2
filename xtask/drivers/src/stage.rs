//! The stage of every driver: a stand-in GitHub in this process, with organisations, repositories and people.

use std::sync::Arc;

use embargod::{
    cli::{rehearse::app_key, setup::manifest::AppManifest},
    clock::{Clock, SystemClock},
    standin::{AppRegistration, Options, RepositorySpec, Standin},
};

use secrecy::ExposeSecret;

use crate::Failure;

/// Signs the webhooks.
pub const SECRET: &str = "the webhook secret of the drivers";

/// The App's number.
pub const APP_ID: u64 = 4711;

/// The policy of every repository.
const POLICY: &str = "\
extends: django-2026
redirect:
  mode: shield
contact:
  private_reporting: true
";

/// A GitHub with so many repositories, in organisations of five.
pub struct Stage {
    /// The stand-in.
    pub github: Standin,
    /// `owner/name` of each repository.
    pub repositories: Vec<String>,
    /// The App's private key; it is known to nobody but this process and its stand-in.
    pub key_pem: String,
}

impl Stage {
    /// Builds it.
    pub async fn build(repositories: usize) -> Result<Self, Failure> {
        let key = app_key::generate()?;
        let manifest = AppManifest::embedded();
        let app = AppRegistration {
            id: APP_ID,
            slug: "embargod".to_owned(),
            public_key_pem: key.public_pem.clone(),
            webhook_secret: SECRET.to_owned(),
            permissions: manifest.default_permissions,
            events: manifest.default_events,
        };
        let github = Standin::start(Options::new(Some(app), Arc::new(|| SystemClock.now())))
            .await
            .map_err(|error| format!("the stand-in could not listen: {error}"))?;
        // what is measured here is not how limits are waited for
        github.set_budget(u64::MAX / 2);
        let names = populate(&github, repositories).map_err(|refusal| format!("the stand-in refused: {refusal}"))?;
        Ok(Self { github, repositories: names, key_pem: key.private_pem.expose_secret().to_owned() })
    }
}

fn populate(github: &Standin, repositories: usize) -> embargod::standin::Outcome<Vec<String>> {
    let mut names = Vec::new();
    for number in 0..repositories {
        let owner = format!("org-{}", number / 5);
        if number % 5 == 0 {
            github.add_organisation(&owner);
        }
        let name = format!("lib-{number}");
        let spec = RepositorySpec::public(&owner, &name).file(".github/embargod.yml", POLICY);
        github.add_repository(&spec)?;
        if number % 5 == 0 {
            github.install_on_all(&owner)?;
        }
        names.push(format!("{owner}/{name}"));
    }
    Ok(names)
}
