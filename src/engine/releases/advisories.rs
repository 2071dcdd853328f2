//! The published advisories of a repository: read from GitHub's own list, so that one of which nobody told is known as well.

use crate::{
    domain::{
        record::{Record, RecordWrite},
        release_checks::{Patched, PublishedAdvisory, commits_named_in},
    },
    engine::{Shop, Trouble},
    github::{Advisory, AdvisoryState, GitHubError},
    store::Commit,
};

use super::{Target, all};

/// Pages of 100 that one look reads at most.
const MOST_PAGES: usize = 20;

/// All published advisories of the repository, as far as they are known after asking GitHub. Where it does not show them
/// (the permission is missing, the service has none) those that were known before are all.
pub(super) async fn published(shop: &Shop, target: &Target) -> Result<Vec<PublishedAdvisory>, Trouble> {
    let installation = shop.github.installation(target.installation_id);
    let mut after: Option<String> = None;
    for _ in 0..MOST_PAGES {
        let asked = installation.advisories_page(&target.repository, Some(AdvisoryState::Published), after.as_deref());
        let page = match asked.await {
            Err(
                GitHubError::NotFound | GitHubError::Gone | GitHubError::Forbidden { missing_permissions: Some(_) },
            ) => {
                break;
            }
            page => page?,
        };
        let mut writes = Vec::new();
        for advisory in &page.advisories {
            let Some(fresh) = read(shop, target, advisory) else {
                continue;
            };
            let known = shop.read::<PublishedAdvisory>(&fresh.key()).await?;
            if known.is_none_or(|known| known.value != fresh) {
                writes.push(RecordWrite::overwriting(&fresh));
            }
        }
        // The list begins with those that changed last.
        let goes_on = !writes.is_empty();
        if goes_on {
            shop.store.commit(shop.clock.now(), Commit { records: writes, ..Commit::default() }).await?;
        }
        after = page.next.filter(|_| goes_on);
        if after.is_none() {
            break;
        }
    }
    known(shop, target.repository_id).await
}

/// The published advisories of a repository that are known without asking anybody.
pub(super) async fn known(shop: &Shop, repository_id: u64) -> Result<Vec<PublishedAdvisory>, Trouble> {
    let all = all::<PublishedAdvisory>(shop).await?;
    Ok(all.into_iter().filter(|advisory| advisory.repository_id == repository_id).collect())
}

/// What is kept of an advisory. Its text is public, and only the commits that it names are kept.
fn read(shop: &Shop, target: &Target, advisory: &Advisory) -> Option<PublishedAdvisory> {
    if advisory.state != AdvisoryState::Published {
        return None;
    }
    let text = advisory.description.open(&shop.clearance);
    Some(PublishedAdvisory {
        repository_id: target.repository_id,
        ghsa: advisory.ghsa_id.clone(),
        cve: advisory.cve_id.clone(),
        published_at: advisory.published_at.or(advisory.updated_at)?,
        commits: commits_named_in(text, &target.repository),
        patched: advisory.patched.iter().map(|(package, versions)| Patched::new(package, versions)).collect(),
    })
}
