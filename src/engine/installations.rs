//! What the App is installed on, as GitHub lists it.

use super::{Shop, Trouble};
use crate::github::{GitHubError, RepositoryFacts};

/// The repositories of one installation.
pub(super) struct Installed {
    /// Number of the installation.
    pub(super) installation: u64,
    /// Everything that it shows, private and archived ones included.
    pub(super) repositories: Vec<RepositoryFacts>,
}

/// All installations with their repositories; without those that are suspended, or went away while this was asked.
///
/// # Errors
/// Where GitHub does not answer, or refuses the App itself.
pub(super) async fn installed(shop: &Shop) -> Result<Vec<Installed>, Trouble> {
    let mut all = Vec::new();
    for installation in shop.github.app().installations().await?.items {
        if installation.suspended_at.is_some() {
            continue;
        }
        match shop.github.installation(installation.id).repositories().await {
            Err(GitHubError::NotFound | GitHubError::Forbidden { .. } | GitHubError::Unauthorized) => {}
            listed => all.push(Installed { installation: installation.id, repositories: listed?.items }),
        }
    }
    Ok(all)
}
