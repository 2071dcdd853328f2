//! The published advisories of a repository: read from GitHub's own list, so that one of which nobody told is known as well.

use std::collections::BTreeSet;

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
    let mut listed = BTreeSet::new();
    for _ in 0..MOST_PAGES {
        let asked = installation.advisories_page(&target.repository, Some(AdvisoryState::Published), after.as_deref());
        let page = match asked.await {
            Err(
                GitHubError::NotFound | GitHubError::Gone | GitHubError::Forbidden { missing_permissions: Some(_) },
            ) => {
                return known(shop, target.repository_id).await;
            }
            page => page?,
        };
        let mut writes = Vec::new();
        for advisory in &page.advisories {
            let Some(fresh) = read(shop, target, advisory) else {
                continue;
            };
            listed.insert(fresh.ghsa.clone());
            let known = shop.read::<PublishedAdvisory>(&fresh.key()).await?;
            if known.is_none_or(|known| known.value != fresh) {
                writes.push(RecordWrite::overwriting(&fresh));
            }
        }
        if !writes.is_empty() {
            shop.store.commit(shop.clock.now(), Commit { records: writes, ..Commit::default() }).await?;
        }
        after = page.next;
        if after.is_none() {
            withdraw(shop, target.repository_id, &listed).await?;
            break;
        }
    }
    known(shop, target.repository_id).await
}

/// Marks as taken back what GitHub's whole list does not hold any more.
async fn withdraw(shop: &Shop, repository_id: u64, listed: &BTreeSet<String>) -> Result<(), Trouble> {
    let gone = known(shop, repository_id).await?.into_iter().filter(|known| !listed.contains(&known.ghsa));
    let records: Vec<_> =
        gone.map(|gone| RecordWrite::overwriting(&PublishedAdvisory { withdrawn: true, ..gone })).collect();
    if !records.is_empty() {
        tracing::info!(repository = repository_id, count = records.len(), "published advisories were taken back");
        shop.store.commit(shop.clock.now(), Commit { records, ..Commit::default() }).await?;
    }
    Ok(())
}

/// The published advisories of a repository, without those taken back, that are known without asking anybody.
pub(super) async fn known(shop: &Shop, repository_id: u64) -> Result<Vec<PublishedAdvisory>, Trouble> {
    let all = all::<PublishedAdvisory>(shop).await?;
    Ok(all.into_iter().filter(|advisory| advisory.repository_id == repository_id && !advisory.withdrawn).collect())
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
        withdrawn: false,
        patched: advisory.patched.iter().map(|(package, versions)| Patched::new(package, versions)).collect(),
    })
}
