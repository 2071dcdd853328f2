//! Which repositories have changed although nobody told: GitHub's own lists of refs and published advisories, asked for now
//! and then and held against what was seen. GitHub sends no event where more than three tags are pushed at once, and none
//! that is told while nobody listens.

use std::collections::HashMap;

use aws_lc_rs::digest::{Context, SHA256};
use jiff::{SignedDuration, Timestamp};

use super::Target;
use crate::{
    domain::{
        case::Alert,
        policy::Series,
        record::RecordWrite,
        release_checks::{ReleaseMarks, repository_key},
    },
    engine::{
        Shop, Trouble,
        installations::{Installed, installed},
        recovery::Spending,
    },
    github::{AdvisoryState, GitHubError, Installation, RefsAnswer, RepositoryFacts},
    store::Commit,
};

/// The list of repositories is asked for again after so long.
const ROSTER_AGE: SignedDuration = SignedDuration::from_hours(1);
/// Repositories that one round asks about at most; the next round goes on.
const MOST_A_ROUND: usize = 50;

/// What is remembered between two rounds.
#[derive(Default)]
pub(super) struct Sweeping {
    roster: Option<(Timestamp, Vec<(u64, RepositoryFacts)>)>,
    /// GitHub's name for the last answer, and the fingerprint of that answer, by repository and list.
    etags: HashMap<(u64, String), (String, String)>,
    spending: Spending,
}

/// The repositories whose lists differ from what was seen, with the fingerprint of those lists.
pub(super) async fn due(shop: &Shop) -> Result<Vec<(Target, String)>, Trouble> {
    // Where a round lasts, the next one need not repeat it.
    let Ok(mut sweeping) = shop.releases.sweeping.try_lock() else {
        return Ok(Vec::new());
    };
    let roster = match sweeping.roster.take() {
        Some((at, roster)) if shop.clock.now().duration_since(at).abs() < ROSTER_AGE => (at, roster),
        _ => (shop.clock.now(), ask_roster(shop).await?),
    };
    let mut changed = Vec::new();
    let mut asked = 0;
    let mut ended = Ok(());
    for (installation_id, facts) in &roster.1 {
        let now = shop.clock.now();
        if asked >= MOST_A_ROUND || !shop.releases.schedule(|schedule| schedule.is_due(facts.id, now)) {
            continue;
        }
        let installation = shop.github.installation(*installation_id);
        if !sweeping.spending.allows(&installation, now) {
            continue;
        }
        asked += 1;
        match compare(shop, &mut sweeping, &installation, facts).await {
            Ok(Compared::Different(listed)) => {
                shop.releases.schedule(|schedule| schedule.asked(facts.id, now));
                changed.push((target(*installation_id, facts), listed));
            }
            Ok(Compared::Same) => shop.releases.schedule(|schedule| schedule.quiet(facts.id, now)),
            Err(Trouble::GitHub(error)) => {
                tracing::warn!(repository = facts.id, %error, "the refs of repository {} cannot be listed now", facts.id);
                shop.releases.schedule(|schedule| schedule.put_off(facts.id, now));
                match &error {
                    GitHubError::RateLimited { .. } => sweeping.spending.pause(&installation, &error, now),
                    GitHubError::Unreachable { .. } | GitHubError::ServerTrouble { .. } => {
                        ended = Err(error.into());
                        break;
                    }
                    GitHubError::Forbidden { missing_permissions: Some(_) } => forbidden(shop, facts, now).await?,
                    _ => {}
                }
            }
            Err(trouble) => return Err(trouble),
        }
    }
    sweeping.roster = Some(roster);
    ended.map(|()| changed)
}

fn target(installation_id: u64, facts: &RepositoryFacts) -> Target {
    Target {
        repository_id: facts.id,
        repository: facts.name.clone(),
        installation_id,
        owner_is_organisation: facts.owner_is_organisation,
    }
}

/// The public repositories that are not read-only, by installation.
async fn ask_roster(shop: &Shop) -> Result<Vec<(u64, RepositoryFacts)>, Trouble> {
    let mut roster = Vec::new();
    for Installed { installation, repositories } in installed(shop).await? {
        let seen = repositories.into_iter().filter(|facts| !facts.private && !facts.archived);
        roster.extend(seen.map(|facts| (installation, facts)));
    }
    Ok(roster)
}

enum Compared {
    Same,
    Different(String),
}

async fn compare(
    shop: &Shop,
    sweeping: &mut Sweeping,
    installation: &Installation,
    facts: &RepositoryFacts,
) -> Result<Compared, Trouble> {
    let (id, organisation) = (facts.id, facts.owner_is_organisation);
    let in_force = shop.policies.in_force(shop, installation.id(), id, &facts.name, organisation).await?;
    let Some(series) = &in_force.policy.series else {
        return Ok(Compared::Same);
    };
    let mut digest = Context::new(&SHA256);
    for list in lists(series) {
        let now = shop.clock.now();
        let key = (id, list.clone());
        let known = sweeping.etags.get(&key).map(|(etag, _)| etag.clone());
        let answer = installation.matching_refs(&facts.name, &list, known.as_deref()).await?;
        let fingerprint = match answer {
            RefsAnswer::Unchanged => sweeping.etags.get(&key).map(|(_, seen)| seen.clone()).unwrap_or_default(),
            RefsAnswer::List(found) => {
                sweeping.spending.spend(installation, 1, now);
                let mut one = Context::new(&SHA256);
                for (name, object) in &found.refs {
                    one.update(format!("{name} {object}\n").as_bytes());
                }
                let seen = hex::encode(one.finish().as_ref());
                if let Some(etag) = found.etag {
                    sweeping.etags.insert(key, (etag, seen.clone()));
                }
                seen
            }
        };
        digest.update(fingerprint.as_bytes());
    }
    digest.update(advisories(shop, sweeping, installation, facts).await?.as_bytes());
    allowed(shop, facts).await?;
    let listed = hex::encode(digest.finish().as_ref());
    let marks = shop.read::<ReleaseMarks>(&repository_key(id)).await?;
    let same = marks.is_some_and(|marks| marks.value.listed.as_deref() == Some(&listed));
    Ok(if same { Compared::Same } else { Compared::Different(listed) })
}

/// The lists that may change: tags, and the branches of series where their names have a beginning in common.
fn lists(series: &Series) -> Vec<String> {
    let mut lists = vec!["tags/".to_owned()];
    match series.branches.split_once("{series}") {
        Some((before, _)) if !before.is_empty() => lists.push(format!("heads/{before}")),
        _ => {}
    }
    lists
}

/// Fingerprint of the newest published advisories; constant where GitHub shows none.
async fn advisories(
    shop: &Shop,
    sweeping: &mut Sweeping,
    installation: &Installation,
    facts: &RepositoryFacts,
) -> Result<String, Trouble> {
    let page = match installation.advisories_page(&facts.name, Some(AdvisoryState::Published), None).await {
        Err(GitHubError::NotFound | GitHubError::Gone | GitHubError::Forbidden { missing_permissions: Some(_) }) => {
            return Ok(String::new());
        }
        page => page?,
    };
    sweeping.spending.spend(installation, 1, shop.clock.now());
    let lines = page.advisories.iter().map(|advisory| format!("{} {:?}\n", advisory.ghsa_id, advisory.updated_at));
    Ok(lines.collect())
}

/// GitHub shows the tags: an alert that it did not is over.
async fn allowed(shop: &Shop, facts: &RepositoryFacts) -> Result<(), Trouble> {
    let known = shop.read::<Alert>(&alert_id(facts)).await?;
    if let Some(open) = known.filter(|known| known.value.resolved_at.is_none()) {
        let now = shop.clock.now();
        let records = vec![RecordWrite::guarded(&Alert { resolved_at: Some(now), ..open.value }, open.version)];
        shop.store.commit(now, Commit { records, ..Commit::default() }).await?;
    }
    Ok(())
}

fn alert_id(facts: &RepositoryFacts) -> String {
    format!("refs:{}", facts.id)
}

/// Tags of which GitHub does not tell go unseen: maintainers are told, once.
async fn forbidden(shop: &Shop, facts: &RepositoryFacts, now: Timestamp) -> Result<(), Trouble> {
    let alert = Alert {
        id: alert_id(facts),
        at: now,
        repository: facts.name.clone(),
        case: None,
        text: format!(
            "the tags of {} cannot be listed: grant the App the permission \"Contents: read\". Until then nobody can tell \
             what its releases hold",
            facts.name
        ),
        resolved_at: None,
    };
    let known = shop.read::<Alert>(&alert.id).await?;
    if known.is_none_or(|known| known.value.resolved_at.is_some()) {
        tracing::error!(repository = %facts.name, "{}", alert.text);
        let records = vec![RecordWrite::overwriting(&alert)];
        shop.store.commit(now, Commit { records, ..Commit::default() }).await?;
    }
    Ok(())
}
