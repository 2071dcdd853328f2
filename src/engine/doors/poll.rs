//! One round: the repositories whose turn it is, one request each as long as nothing has changed there.

use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use super::{
    Polling, ROSTER_AGE, Roster, Turn,
    marks::{self, Mark},
    pause::pause,
};
use crate::{
    domain::{
        case::Case,
        doors::{AtGitHub, KnownAdvisory, Sighting, is_advisory_of},
        policy::Policy,
        record::{Record, RecordWrite},
    },
    engine::{Engine, Shop, Trouble, chores::Chore, features, installations::installed},
    github::{AdvisoriesAnswer, GitHubError, Installation, RepositoryFacts},
    store::Commit,
};

/// Pages of 100 that one look reads at most; what is older than that is found when it changes.
const MOST_PAGES: usize = 20;

/// The hourly requests of an installation of which nothing is known yet.
const USUAL_LIMIT: u64 = 5_000;

/// How often it is looked whose turn it is.
const ROUND: Duration = Duration::from_secs(5);

/// How looks end, for the metrics.
const ENDINGS: [&str; 4] = ["changed", "quiet", "failed", "no_budget"];

/// What a round came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Polled {
    /// Repositories that were looked at.
    pub looked_at: usize,
    /// Advisories that brought something new.
    pub found: usize,
}

/// See the module.
pub(in crate::engine) struct PollAdvisories {
    /// The pause of a quiet repository, as long as the budget allows it.
    pub(in crate::engine) slowest: Duration,
}

#[async_trait]
impl Chore for PollAdvisories {
    fn name(&self) -> &'static str {
        "advisories"
    }

    fn interval(&self) -> Duration {
        ROUND.min(self.slowest)
    }

    async fn round(&self, engine: &Engine) -> Result<(), Trouble> {
        for ended in ENDINGS {
            metrics::counter!("embargod_advisory_polls_total", "ended" => ended).increment(0);
        }
        engine.poll_advisories_once(self.slowest).await.map(|_| ())
    }
}

impl Engine {
    /// Looks at the advisories of every repository whose turn it is.
    ///
    /// # Errors
    /// When the store fails, or GitHub does not answer at all.
    pub async fn poll_advisories_once(&self, slowest: Duration) -> Result<Polled, Trouble> {
        let shop = self.shop();
        let slowest = SignedDuration::try_from(slowest).unwrap_or(SignedDuration::from_mins(1));
        shop.learn_own_login().await?;
        let mut memory = shop.doors.0.lock().await;
        let now = shop.clock.now();
        let is_old = |roster: &Roster| now.duration_since(roster.asked_at).abs() >= ROSTER_AGE;
        let roster = match memory.roster.take() {
            Some(roster) if !is_old(&roster) => roster,
            _ => ask(shop, now).await?,
        };
        let mut polled = Polled::default();
        let mut ended = Ok(());
        for shown in &roster.groups {
            let installation = shop.github.installation(shown.installation);
            ended = group(shop, &mut memory, &installation, &shown.repositories, slowest, &mut polled).await;
            if ended.is_err() {
                break;
            }
        }
        memory.roster = Some(roster);
        ended.map(|()| polled)
    }
}

async fn ask(shop: &Shop, now: Timestamp) -> Result<Roster, Trouble> {
    let mut groups = installed(shop).await?;
    for group in &mut groups {
        // GitHub has advisories in public repositories alone.
        group.repositories.retain(|repository| !repository.private && !repository.archived);
    }
    Ok(Roster { asked_at: now, groups })
}

async fn group(
    shop: &Shop,
    memory: &mut Polling,
    installation: &Installation,
    repositories: &[RepositoryFacts],
    slowest: SignedDuration,
    polled: &mut Polled,
) -> Result<(), Trouble> {
    let limit = installation.budget().map_or(USUAL_LIMIT, |budget| budget.limit);
    let now = shop.clock.now();
    let mut due: Vec<_> = repositories
        .iter()
        .filter(|repository| {
            memory.turns.get(&repository.id).is_none_or(|turn| {
                let since = now.duration_since(turn.at);
                since.is_negative() || since >= pause(slowest, repositories.len(), limit, turn.changed_at, now)
            })
        })
        .collect();
    // Those first that have waited longest.
    due.sort_by_key(|repository| (memory.turns.get(&repository.id).map(|turn| turn.at), repository.id));
    for repository in due {
        let (ended, etag) = match one(shop, memory, installation, repository).await {
            Ok(Ended::OutOfBudget) => {
                count("no_budget");
                return Ok(());
            }
            Ok(Ended::Looked { found, etag }) => {
                polled.looked_at += 1;
                polled.found += found;
                (if found > 0 { "changed" } else { "quiet" }, etag)
            }
            Err(Trouble::GitHub(error)) => {
                count("failed");
                match error {
                    GitHubError::RateLimited { .. } => {
                        memory.spending.pause(installation, &error, now);
                        return Ok(());
                    }
                    GitHubError::Unreachable { .. } | GitHubError::ServerTrouble { .. } => return Err(error.into()),
                    // Switched off, or not permitted; `embargod doctor` says so.
                    _ => {
                        let id = repository.id;
                        tracing::debug!(repository = id, %error, "the advisories of repository {id} cannot be read");
                        memory.turns.insert(id, Turn { at: now, changed_at: None, etag: None });
                        continue;
                    }
                }
            }
            Err(trouble) => return Err(trouble),
        };
        count(ended);
        let before = memory.turns.get(&repository.id).and_then(|turn| turn.changed_at);
        let changed_at = if ended == "changed" { Some(now) } else { before };
        memory.turns.insert(repository.id, Turn { at: now, changed_at, etag });
    }
    Ok(())
}

fn count(ended: &'static str) {
    metrics::counter!("embargod_advisory_polls_total", "ended" => ended).increment(1);
}

enum Ended {
    /// With GitHub's name for a list of one page that was dealt with.
    Looked {
        found: usize,
        etag: Option<String>,
    },
    OutOfBudget,
}

/// Reads the list from what changed last down to the mark, and takes in what is new.
async fn one(
    shop: &Shop,
    memory: &mut Polling,
    installation: &Installation,
    repository: &RepositoryFacts,
) -> Result<Ended, Trouble> {
    let kept = shop.read::<Mark>(&marks::key(repository.id)).await?;
    let mark = kept.as_ref().map(|kept| kept.value.dealt_with);
    let (mut after, mut newest, mut found) = (None, mark, 0);
    let known = memory.turns.get(&repository.id).and_then(|turn| turn.etag.clone());
    let mut dealt_with_etag = None;
    for _ in 0..MOST_PAGES {
        let now = shop.clock.now();
        if !memory.spending.allows(installation, now) {
            return Ok(Ended::OutOfBudget);
        }
        let etag = known.as_deref().filter(|_| after.is_none());
        let asked = installation.advisories_page_if_changed(&repository.name, None, after.as_deref(), etag).await?;
        let AdvisoriesAnswer::Page { page, etag } = asked else {
            return Ok(Ended::Looked { found: 0, etag: known });
        };
        dealt_with_etag = etag.filter(|_| after.is_none());
        memory.spending.spend(installation, 1, now);
        let mut reached = false;
        for advisory in &page.advisories {
            if let (Some(at), Some(mark)) = (advisory.updated_at, mark)
                && at < mark
            {
                reached = true;
                break;
            }
            newest = newest.max(advisory.updated_at);
            let sighting =
                features::sighting(advisory, &repository.name, repository.id, installation.id(), shop.github.now());
            if let Some(sighting) = sighting
                && is_news(shop, &sighting).await?
            {
                // Without a policy it is only observed; once there is one, what stands here is found.
                let name = &repository.name;
                let organisation = repository.owner_is_organisation;
                let policy = shop.policies.in_force(shop, installation.id(), repository.id, name, organisation).await?;
                if policy.policy == Policy::observing() {
                    return Ok(Ended::Looked { found: 0, etag: None });
                }
                features::take_in(shop, sighting, advisory, repository.owner_is_organisation).await?;
                found += 1;
            }
        }
        after = page.next;
        if reached || after.is_none() {
            break;
        }
    }
    if let Some(dealt_with) = newest.filter(|newest| Some(*newest) != mark) {
        let write =
            RecordWrite::guarded(&Mark { repository_id: repository.id, dealt_with }, kept.map_or(0, |k| k.version));
        // Where another process looks as well, it has found the same.
        shop.store.commit(shop.clock.now(), Commit { records: vec![write], ..Commit::default() }).await?;
    }
    Ok(Ended::Looked { found, etag: dealt_with_etag })
}

/// Whether it says something that no case knows yet.
async fn is_news(shop: &Shop, sighting: &Sighting) -> Result<bool, Trouble> {
    if let Some(known) = shop.read::<KnownAdvisory>(&sighting.ghsa).await? {
        return Ok(known.value.state != sighting.state);
    }
    if matches!(sighting.state, AtGitHub::Triage | AtGitHub::Draft) {
        return Ok(true);
    }
    let cases = shop.store.records(Case::KIND).await?;
    Ok(cases.iter().any(|case| is_advisory_of(&case.value, &sighting.ghsa)))
}
