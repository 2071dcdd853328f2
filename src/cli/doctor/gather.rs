//! Asks GitHub, the disk and the public address. Changes nothing.

use super::{
    DoctorInputs, PolicyChecker,
    facts::{AppSide, Asked, CheckedPolicy, Facts, Found, LocalFacts, MirrorFacts, RepositoryInside, RepositorySide},
    probe,
};
use crate::{
    cli::setup::manifest::AppManifest,
    domain::post::RepoName,
    github::{GitHub, GitHubError, Installation, Listing},
};

/// Where GitHub looks for a security page, in this order; in the owner's `.github` repository if the repository has none
/// (GitHub, "Creating a default community health file").
const SECURITY_PAGES: [&str; 3] = [".github/SECURITY.md", "SECURITY.md", "docs/SECURITY.md"];

/// Where the issue chooser is configured, likewise.
const ISSUE_FORMS: [&str; 1] = [".github/ISSUE_TEMPLATE/config.yml"];

/// Where the policy is, likewise.
const POLICIES: [&str; 1] = [".github/embargod.yml"];

/// Learns everything that the checks judge.
pub async fn gather(inputs: DoctorInputs<'_>) -> Facts {
    let health = match &inputs.public_url {
        Some(public_url) => Some(probe::health(public_url).await),
        None => None,
    };
    let local = LocalFacts {
        health,
        public_url: inputs.public_url,
        webhook_secret_count: inputs.webhook_secret_count,
        private_key: probe::key_file(inputs.private_key_path),
        sealing_key: probe::key_file(inputs.sealing_key_path),
        sealing_key_usable: inputs.sealing_key,
        database: inputs.database,
        has_default_policy: inputs.has_default_policy,
        mirrors: inputs.mirrors_folder.map(|folder| MirrorFacts { git: probe::git(), folder: probe::folder(&folder) }),
    };
    let (app, repository) = match inputs.github {
        Err(problem) => (Err(problem), None),
        Ok(github) => {
            let repository = match inputs.repo {
                Some(repo) => Some(repository_side(&github, repo, inputs.check_policy).await),
                None => None,
            };
            let app = app_side(&github, repository.as_ref()).await;
            (Ok(app), repository)
        }
    };
    Facts { needed: AppManifest::embedded(), local, app, repository }
}

async fn app_side(github: &GitHub, repository: Option<&RepositorySide>) -> AppSide {
    let app = github.app();
    let installations = match repository {
        None => app.installations().await,
        Some(repository) => repository
            .installation
            .clone()
            .map(|installation| Listing { items: installation.into_iter().collect(), complete: true }),
    };
    let facts = app.facts().await;
    let hook = app.hook_config().await;
    let deliveries = app.deliveries(None).await.map(|page| page.deliveries);
    AppSide {
        facts,
        hook,
        deliveries,
        installations,
        // asked last: every answer tells it
        clock_skew: github.clock_skew(),
    }
}

async fn repository_side(github: &GitHub, name: RepoName, check_policy: PolicyChecker<'_>) -> RepositorySide {
    let installation = github.app().installation_of(&name).await;
    let inside = match &installation {
        Ok(Some(found)) if found.suspended_at.is_none() => {
            Some(inside(&github.installation(found.id), &name, check_policy).await)
        }
        _ => None,
    };
    RepositorySide { name, installation, inside }
}

async fn inside(installation: &Installation, name: &RepoName, check_policy: PolicyChecker<'_>) -> RepositoryInside {
    RepositoryInside {
        facts: installation.repository(name).await,
        private_reporting: installation.private_reporting(name).await,
        security_page: first(installation, name, &SECURITY_PAGES).await,
        issue_forms: first(installation, name, &ISSUE_FORMS).await,
        policy: first(installation, name, &POLICIES)
            .await
            .map(|found| found.map(|found| CheckedPolicy { verdict: check_policy(&found.text), place: found.place })),
    }
}

/// The first of `paths` that the repository has, else the first that its owner's `.github` repository has.
async fn first(installation: &Installation, name: &RepoName, paths: &[&str]) -> Asked<Option<Found>> {
    let defaults = RepoName { owner: name.owner.clone(), name: ".github".to_owned() };
    for repo in [name, &defaults] {
        for path in paths {
            match installation.file(repo, path).await {
                Ok(Some(text)) => {
                    return Ok(Some(Found { place: format!("{repo} {path}"), text }));
                }
                Ok(None) => {}
                // the owner's repository of defaults may be out of the installation's sight
                Err(GitHubError::Forbidden { .. }) if repo == &defaults => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(None)
}
