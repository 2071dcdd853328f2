//! Reconciling: GitHub's lists are the truth, and what they hold that nobody told of is taken in.
//!
//! Each round looks at the repositories that were looked at longest ago, as far as each installation's share of requests
//! reaches; where there are more, rounds share them out. A list that has not changed costs nothing.

use std::{collections::HashMap, sync::atomic::Ordering, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;

use super::{
    budget::Spending,
    found::{self, Finding},
    marks::{self, Mark},
    roster::Roster,
};
use crate::{
    domain::{
        record::RecordWrite,
        recovery::{Look, advanced},
    },
    engine::{Engine, Shop, Trouble, chores::Chore, installations::Installed},
    github::{
        GitHubError, Installation, PageAsked, RECENT_DISCUSSIONS_COST, RecentAnswer, RecentList, RecentPost,
        RepositoryFacts,
    },
    store::{Commit, Settled},
};

/// Pages of one list that one round reads at most; the next round goes on from its mark.
const MOST_PAGES: usize = 10;

/// Pages of ten discussions that one round reads at most.
const MOST_DISCUSSION_PAGES: usize = 50;

/// While so many deliveries wait, much would be found that is merely not handled yet: the round is put off.
const MOST_WAITING: u64 = 1_000;

/// The events as which posts are taken in.
const KINDS: [&str; 6] =
    ["issues", "issue_comment", "pull_request", "pull_request_review_comment", "discussion", "discussion_comment"];

/// What a round came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reconciled {
    /// Posts that nobody had told of.
    pub found: usize,
    /// Repositories that were looked at.
    pub looked_at: usize,
    /// Repositories for which no requests were left, or which GitHub did not show now.
    pub put_off: usize,
}

/// What is remembered between two rounds.
#[derive(Default)]
pub(super) struct Reconciling {
    roster: Option<Roster>,
    spending: Spending,
    /// When each repository was looked at last.
    looked_at: HashMap<u64, Timestamp>,
    /// GitHub's name for the last answer, and the instant that was asked for then.
    etags: HashMap<(u64, RecentList), (Timestamp, String)>,
}

/// See the module.
pub(in crate::engine) struct Reconcile {
    pub(in crate::engine) interval: Duration,
}

#[async_trait]
impl Chore for Reconcile {
    fn name(&self) -> &'static str {
        "reconcile"
    }

    fn interval(&self) -> Duration {
        self.interval
    }

    async fn round(&self, engine: &Engine) -> Result<(), Trouble> {
        // Shown from the start, so that a zero is a zero.
        for kind in KINDS {
            metrics::counter!("embargod_repaired_total", "kind" => kind).increment(0);
        }
        if Roster::begin(engine.shop()).await? {
            return Ok(());
        }
        let Reconciled { found, looked_at, put_off } = engine.reconcile_once().await?;
        tracing::debug!(found, looked_at, put_off, "compared what GitHub lists with what was seen");
        Ok(())
    }
}

/// How looking at one repository ended.
enum Ended {
    Done,
    /// No requests are left for this installation.
    OutOfBudget,
}

impl Engine {
    /// One round.
    ///
    /// # Errors
    /// When the store fails, or GitHub does not answer at all.
    pub async fn reconcile_once(&self) -> Result<Reconciled, Trouble> {
        let shop = self.shop();
        let mut reconciled = Reconciled::default();
        if shop.store.backlog(shop.clock.now()).await?.deliveries_waiting > MOST_WAITING {
            return Ok(reconciled);
        }
        let own_login = shop.learn_own_login().await?;
        let mut memory = shop.recovery.reconciling.lock().await;
        let told_of_a_change = shop.recovery.roster_is_stale.swap(false, Ordering::Relaxed);
        let roster = match memory.roster.take() {
            Some(roster) if !told_of_a_change && !roster.is_old(shop.github.now()) => roster,
            _ => Roster::ask(shop).await.inspect_err(|_| shop.recovery.repositories_changed())?,
        };
        let mut round = Round { shop, own_login, memory: &mut memory, reconciled: &mut reconciled };
        let mut ended = Ok(());
        for group in &roster.groups {
            ended = round.group(group).await;
            if ended.is_err() {
                break;
            }
        }
        let known = |id: &u64| roster.groups.iter().flat_map(|group| &group.repositories).any(|known| known.id == *id);
        if memory.looked_at.len() > 2 * roster.groups.iter().map(|group| group.repositories.len()).sum::<usize>() {
            memory.looked_at.retain(|id, _| known(id));
            memory.etags.retain(|(id, _), _| known(id));
        }
        memory.roster = Some(roster);
        ended.map(|()| reconciled)
    }
}

struct Round<'a> {
    shop: &'a Shop,
    own_login: &'a str,
    memory: &'a mut Reconciling,
    reconciled: &'a mut Reconciled,
}

impl Round<'_> {
    /// The repositories of one installation, those first that were looked at longest ago.
    async fn group(&mut self, group: &Installed) -> Result<(), Trouble> {
        let installation = self.shop.github.installation(group.installation);
        let mut repositories: Vec<_> = group.repositories.iter().collect();
        repositories.sort_by_key(|repository| (self.memory.looked_at.get(&repository.id).copied(), repository.id));
        for (index, repository) in repositories.iter().enumerate() {
            match self.repository(&installation, repository).await {
                Ok(Ended::Done) => {
                    self.reconciled.looked_at += 1;
                    self.memory.looked_at.insert(repository.id, self.shop.clock.now());
                }
                Ok(Ended::OutOfBudget) => {
                    self.reconciled.put_off += repositories.len() - index;
                    return Ok(());
                }
                Err(Trouble::GitHub(error)) => {
                    let now = self.shop.clock.now();
                    tracing::warn!(repository = repository.id, %error, "repository {} cannot be compared now", repository.id);
                    self.reconciled.put_off += 1;
                    match error {
                        GitHubError::RateLimited { .. } => self.memory.spending.pause(&installation, &error, now),
                        GitHubError::Unreachable { .. } | GitHubError::ServerTrouble { .. } => return Err(error.into()),
                        // Its turn comes again, but not before the others'.
                        _ => _ = self.memory.looked_at.insert(repository.id, now),
                    }
                }
                Err(trouble) => return Err(trouble),
            }
        }
        Ok(())
    }

    async fn repository(&mut self, installation: &Installation, facts: &RepositoryFacts) -> Result<Ended, Trouble> {
        for list in RecentList::ALL {
            let ended = self.list(installation, facts, list).await;
            if let Ended::OutOfBudget = skipped_where_absent(ended)? {
                return Ok(Ended::OutOfBudget);
            }
        }
        if facts.has_discussions {
            let ended = self.discussions(installation, facts).await;
            return skipped_where_absent(ended);
        }
        Ok(Ended::Done)
    }

    /// The discussions that changed since their mark. Their list begins with the newest, so the mark moves only when all of
    /// them were seen.
    async fn discussions(&mut self, installation: &Installation, facts: &RepositoryFacts) -> Result<Ended, Trouble> {
        let shop = self.shop;
        let Some(mut kept) = shop.read::<Mark>(&marks::key(facts.id)).await? else {
            return Ok(Ended::Done);
        };
        let since = kept.value.discussions;
        let (mut after, mut seen) = (None, Vec::new());
        for _ in 0..MOST_DISCUSSION_PAGES {
            let now = shop.clock.now();
            if !self.memory.spending.allows(installation, now) {
                return Ok(Ended::OutOfBudget);
            }
            let look = Look { watched_since: kept.value.watched_since, at: shop.github.now() };
            let page = installation.recent_discussions(facts, after.as_deref()).await?;
            self.memory.spending.spend(installation, RECENT_DISCUSSIONS_COST, now);
            let reached = page.discussions.last().is_none_or(|oldest| oldest.updated_at < since);
            for discussion in page.discussions.iter().filter(|discussion| discussion.updated_at >= since) {
                let mut worst = Finding::Known;
                for listed in &discussion.posts {
                    if self.post(listed, look).await? == Finding::TooYoung {
                        worst = Finding::TooYoung;
                    }
                }
                seen.push((discussion.updated_at, worst));
            }
            after = page.next;
            if reached || after.is_none() {
                seen.sort_by_key(|(updated_at, _)| *updated_at);
                let dealt_with = advanced(since, seen);
                if dealt_with > since {
                    kept.value.discussions = dealt_with;
                    let write = RecordWrite::guarded(&kept.value, kept.version);
                    // Where another process looks as well, it has found the same.
                    shop.store.commit(now, Commit { records: vec![write], ..Commit::default() }).await?;
                }
                return Ok(Ended::Done);
            }
        }
        tracing::warn!(repository = facts.id, "too many discussions changed in repository {} to see all", facts.id);
        Ok(Ended::Done)
    }

    /// Judges one listed post, and takes it in where it is news.
    async fn post(&mut self, listed: &RecentPost, look: Look) -> Result<Finding, Trouble> {
        let judged = found::judge(self.shop, listed, self.own_login, look).await?;
        if found::take_in(self.shop, listed, &judged).await? {
            self.reconciled.found += 1;
        }
        Ok(judged.finding)
    }

    /// One list, from its mark to its end.
    async fn list(
        &mut self,
        installation: &Installation,
        facts: &RepositoryFacts,
        list: RecentList,
    ) -> Result<Ended, Trouble> {
        let shop = self.shop;
        let Some(mut kept) = shop.read::<Mark>(&marks::key(facts.id)).await? else {
            return Ok(Ended::Done);
        };
        let mut since = kept.value.of(list);
        let etag = self.memory.etags.get(&(facts.id, list)).filter(|(asked, _)| *asked == since);
        let mut etag = etag.map(|(_, etag)| etag.clone());
        let mut page = PageAsked::FIRST;
        for _ in 0..MOST_PAGES {
            let now = shop.clock.now();
            if !self.memory.spending.allows(installation, now) {
                return Ok(Ended::OutOfBudget);
            }
            let look = Look { watched_since: kept.value.watched_since, at: shop.github.now() };
            let answer = match installation.recent(list, facts, since, page, etag.take().as_deref()).await {
                Err(GitHubError::TooLarge { .. }) if page == PageAsked::FIRST => {
                    page = PageAsked::FIRST_SMALL;
                    self.memory.spending.spend(installation, 1, now);
                    continue;
                }
                answer => answer?,
            };
            let RecentAnswer::Page(answer) = answer else {
                return Ok(Ended::Done);
            };
            self.memory.spending.spend(installation, 1, now);
            let mut findings = Vec::new();
            for listed in &answer.posts {
                findings.push((listed.updated_at, self.post(listed, look).await?));
            }
            let dealt_with = advanced(since, findings.iter().copied());
            let some_are_young = findings.iter().any(|(_, finding)| *finding == Finding::TooYoung);
            // What was found is durable by now.
            if dealt_with > kept.value.of(list) {
                kept.value.advance(list, dealt_with);
                let write = RecordWrite::guarded(&kept.value, kept.version);
                match shop.store.commit(now, Commit { records: vec![write], ..Commit::default() }).await? {
                    Settled::Committed => kept.version += 1,
                    // Another process looks as well; it has found the same.
                    Settled::Conflict | Settled::LeaseLost => return Ok(Ended::Done),
                }
            }
            if some_are_young || !answer.goes_on {
                // The same question will be asked again, until something changes.
                if dealt_with == since && page.number == 1 && !some_are_young {
                    self.memory.etags.extend(answer.etag.map(|etag| ((facts.id, list), (since, etag))));
                }
                return Ok(Ended::Done);
            }
            page = if dealt_with > since {
                PageAsked { number: 1, ..page }
            } else {
                // A whole page of one instant.
                PageAsked { number: page.number + 1, ..page }
            };
            since = dealt_with;
        }
        Ok(Ended::Done)
    }
}

/// What is switched off in a repository, or not permitted to this App, is left out; `embargod doctor` says so.
fn skipped_where_absent(ended: Result<Ended, Trouble>) -> Result<Ended, Trouble> {
    match ended {
        Err(Trouble::GitHub(
            GitHubError::Gone | GitHubError::NotFound | GitHubError::Forbidden { missing_permissions: Some(_) },
        )) => Ok(Ended::Done),
        ended => ended,
    }
}
