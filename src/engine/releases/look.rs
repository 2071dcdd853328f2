//! One look at one repository: mirror, public half, private half, mark.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};

use super::{
    Occasion, Target, advisories, private,
    reading::{self, Reading},
};
use crate::{
    domain::{
        case::Alert,
        coverage::{FixCoverage, supported_on},
        decision::{Decision, DecisionRecord},
        policy::{Policy, Series},
        record::{Record, RecordWrite, Versioned},
        release_checks::{
            CaseWish, Mirrored, PublicFix, PublicInquiry, PublishedAdvisory, RefusedCheck, ReleaseCheck, ReleaseMarks,
            ReleaseWish, TagFacts, decide_public, holding, mirror_alert, mirror_in_trouble, mirror_works,
            repository_key,
        },
    },
    engine::{Shop, Trouble, policies::InForce},
    github::GitHubError,
    history::HistoryError,
    store::{Commit, Settled},
};

/// Releases of this age are looked at again when a fix becomes public; older ones only where they are the newest.
const RECENT: SignedDuration = SignedDuration::from_hours(60 * 24);

/// How a look ended.
pub(super) enum Ended {
    /// Everything is marked as seen.
    Done {
        /// Whether something was different from the look before.
        changed: bool,
    },
    /// Only cases were judged; nothing is marked as seen.
    CasesOnly,
    /// The mirror could not be brought up to date.
    MirrorFailed,
    /// Another process of this machine looks at the same.
    Elsewhere,
}

/// What a look goes on with after the mirror was read.
pub(super) struct Look<'a> {
    pub(super) shop: &'a Shop,
    pub(super) mirrors: super::Mirrors,
    pub(super) mirrored: Mirrored,
    pub(super) in_force: Arc<InForce>,
    pub(super) today: Date,
    /// What was told about releases before.
    pub(super) alerts: Vec<Alert>,
}

/// Looks at `target`.
pub(super) async fn look(shop: &Shop, target: &Target, occasion: Occasion) -> Result<Ended, Trouble> {
    let Some(mirrors) = shop.mirrors.clone() else {
        return Ok(Ended::Done { changed: false });
    };
    let key = repository_key(target.repository_id);
    let wish = shop.read::<ReleaseWish>(&key).await?.map(|known| known.value);
    let case_wish = shop.read::<CaseWish>(&key).await?.map(|known| known.value.asked);
    let marks = shop.read::<ReleaseMarks>(&key).await?;
    let now = shop.clock.now();
    let mut next = marks.as_ref().map_or_else(
        || ReleaseMarks {
            repository_id: target.repository_id,
            answered: 0,
            listed: None,
            tags: BTreeMap::new(),
            advisories: BTreeSet::new(),
            looked_at: now,
        },
        |known| known.value.clone(),
    );
    next.answered = wish.as_ref().map_or(next.answered, |wish| wish.asked);
    let watched = watched(shop, target).await?;
    let watched = watched.and_then(|(target, in_force)| {
        let series = in_force.policy.series.clone()?;
        Some((target, in_force, series))
    });
    let Some((target, in_force, series)) = watched else {
        // Private, gone, or without series: nothing is looked at, and nobody waits for it.
        private::mark(shop, target.repository_id, case_wish).await?;
        mark(shop, &next, marks.as_ref()).await?;
        return Ok(Ended::Done { changed: false });
    };
    let mirrored = Mirrored {
        repository_id: target.repository_id,
        repository: target.repository.clone(),
        installation_id: target.installation_id,
    };
    let reading = match fetch(shop, &mirrors, &mirrored, series).await? {
        Fetched::Read(reading) => *reading,
        Fetched::Elsewhere => return Ok(Ended::Elsewhere),
        Fetched::Failed(error) => {
            in_trouble(shop, &mirrored, &error, &in_force.policy, now).await?;
            return Ok(Ended::MirrorFailed);
        }
    };
    works(shop, &mirrored, &in_force.policy, now).await?;
    let look = Look {
        shop,
        mirrors,
        mirrored,
        in_force,
        today: now.to_zoned(TimeZone::UTC).date(),
        alerts: alerts(shop, target.repository_id).await?,
    };
    if matches!(occasion, Occasion::Recorded) {
        let published = advisories::known(shop, target.repository_id).await?;
        let examined = look.examined_before(&reading).await?;
        private::judge(&look, reading, &Seen { tags: BTreeMap::new(), examined, published }).await?;
        private::mark(shop, target.repository_id, case_wish).await?;
        return Ok(Ended::CasesOnly);
    }
    let published = advisories::published(shop, &target).await?;
    let (reading, seen) = look.in_public(reading, published, wish.as_ref(), marks.as_ref()).await?;
    let tags = seen.tags.clone();
    private::judge(&look, reading, &seen).await?;
    private::mark(shop, target.repository_id, case_wish).await?;
    let known: BTreeSet<String> = seen.published.iter().map(|advisory| advisory.ghsa.clone()).collect();
    let changed = next.tags != tags || next.advisories != known;
    next.tags = tags;
    next.advisories = known;
    if let Occasion::Listed(listed) = occasion {
        next.listed = Some(listed);
    }
    next.looked_at = now;
    mark(shop, &next, marks.as_ref()).await?;
    Ok(Ended::Done { changed })
}

/// What the public half came to, for the private one.
pub(super) struct Seen {
    /// All release tags with their commits.
    pub(super) tags: BTreeMap<String, String>,
    /// The tags that were examined, with the instant at which each was first heard of.
    pub(super) examined: Vec<(TagFacts, Timestamp)>,
    /// All published advisories.
    pub(super) published: Vec<PublishedAdvisory>,
}

impl Look<'_> {
    /// Everything that everybody may know. Of a case nothing is used here but what stands behind its published advisory.
    async fn in_public(
        &self,
        mut reading: Reading,
        published: Vec<PublishedAdvisory>,
        wish: Option<&ReleaseWish>,
        marks: Option<&Versioned<ReleaseMarks>>,
    ) -> Result<(Reading, Seen), Trouble> {
        let main = reading.series.main.clone();
        let behind = private::behind_published(self.shop, self.mirrored.repository_id, &published).await?;
        let fixes: Vec<_> = published.iter().map(|advisory| advisory.fix(behind.get(&advisory.ghsa), &main)).collect();
        let today = self.today;
        let (reading, judged) = reading::aside(move || {
            let judged = reading.judge(&fixes, today);
            (reading, judged)
        })
        .await?;
        let judged = judged.map_err(unreadable)?;
        let tags: BTreeMap<String, String> = reading
            .lines
            .all()
            .flat_map(|line| &line.releases)
            .map(|release| (release.tag.clone(), reading.history.commit(release.commit).id.to_string()))
            .collect();
        let told_of_advisory = match marks {
            Some(marks) => published.iter().any(|advisory| !marks.value.advisories.contains(&advisory.ghsa)),
            None => wish.is_some(),
        };
        let mut examined = Vec::new();
        for tag in self.to_examine(&reading, &tags, wish, marks, told_of_advisory).await? {
            let Some(mut facts) = TagFacts::of(&reading.history, &reading.series, &reading.lines, &tag) else {
                continue;
            };
            let before = marks.and_then(|marks| marks.value.tags.get(&tag));
            facts.moved_from = before.filter(|before| tags.get(&tag) != Some(before)).cloned();
            let heard_at = wish.and_then(|wish| wish.heard_of(&tag)).unwrap_or_else(|| self.shop.clock.now());
            let seen_at = self.tell_public(&reading, &facts, &published, &judged, heard_at).await?;
            examined.push((facts, seen_at));
        }
        Ok((reading, Seen { tags, examined, published }))
    }

    /// The recent tags that a look examined before, as they were then.
    async fn examined_before(&self, reading: &Reading) -> Result<Vec<(TagFacts, Timestamp)>, Trouble> {
        let mut examined = Vec::new();
        for tag in self.recent(reading, false).await? {
            let key = ReleaseCheck::key_of(self.mirrored.repository_id, &tag);
            let facts = TagFacts::of(&reading.history, &reading.series, &reading.lines, &tag);
            if let (Some(facts), Some(check)) = (facts, self.shop.read::<ReleaseCheck>(&key).await?) {
                examined.push((facts, check.value.seen_at));
            }
        }
        Ok(examined)
    }

    /// New and moved tags, those that somebody named, and recent ones that were examined before.
    async fn to_examine(
        &self,
        reading: &Reading,
        tags: &BTreeMap<String, String>,
        wish: Option<&ReleaseWish>,
        marks: Option<&Versioned<ReleaseMarks>>,
        told_of_advisory: bool,
    ) -> Result<BTreeSet<String>, Trouble> {
        let answered = marks.map_or(0, |marks| marks.value.answered);
        let named = |tag: &String| {
            wish.is_some_and(|wish| wish.tags.iter().any(|(number, known, _)| *number > answered && known == tag))
        };
        let is_new =
            |tag: &String, commit: &String| marks.is_some_and(|marks| marks.value.tags.get(tag) != Some(commit));
        let mut chosen: BTreeSet<String> =
            tags.iter().filter(|(tag, commit)| named(tag) || is_new(tag, commit)).map(|(tag, _)| tag.clone()).collect();
        chosen.extend(self.recent(reading, told_of_advisory).await?);
        Ok(chosen)
    }

    /// Recent releases of supported series that were examined before; the newest of each also where `newest_all` says so.
    async fn recent(&self, reading: &Reading, newest_all: bool) -> Result<BTreeSet<String>, Trouble> {
        let mut chosen = BTreeSet::new();
        let since = self.shop.clock.now().saturating_sub(RECENT).unwrap_or(Timestamp::MIN).as_second();
        for name in supported_on(&reading.series, &reading.lines, self.today).keys() {
            let releases = reading.lines.get(name).map(|line| line.releases.as_slice()).unwrap_or_default();
            for (place, release) in releases.iter().enumerate() {
                let is_newest = place + 1 == releases.len();
                if !is_newest && release.committed_s < since {
                    continue;
                }
                let key = ReleaseCheck::key_of(self.mirrored.repository_id, &release.tag);
                if (is_newest && newest_all) || self.shop.read::<ReleaseCheck>(&key).await?.is_some() {
                    chosen.insert(release.tag.clone());
                }
            }
        }
        Ok(chosen)
    }

    /// Decides about a tag for everybody, and commits that; when the tag was first heard of.
    async fn tell_public(
        &self,
        reading: &Reading,
        facts: &TagFacts,
        published: &[PublishedAdvisory],
        judged: &[FixCoverage],
        heard_at: Timestamp,
    ) -> Result<Timestamp, Trouble> {
        let line = reading.lines.all().find(|line| line.name.to_string() == facts.series);
        // A series that began after a disclosure took the fix from the main branch; one that had ended gets none.
        let concerns = |coverage: &FixCoverage| {
            let then = supported_on(&reading.series, &reading.lines, coverage.date);
            line.is_some_and(|line| then.contains_key(&line.name))
        };
        let fixes: Vec<PublicFix<'_>> = published
            .iter()
            .zip(judged)
            .filter(|(_, coverage)| concerns(coverage))
            .filter_map(|(advisory, coverage)| {
                let cell = coverage.cells.iter().find(|cell| cell.series == facts.series)?;
                Some(PublicFix { advisory, holding: holding(cell, line?, &facts.tag) })
            })
            .collect();
        let key = ReleaseCheck::key_of(self.mirrored.repository_id, &facts.tag);
        let known = self.shop.read::<ReleaseCheck>(&key).await?;
        let refused = self.shop.read::<RefusedCheck>(&key).await?.map(|refused| refused.value.revision);
        let seen_at = known.as_ref().map_or(heard_at, |known| known.value.seen_at);
        let decided = decide_public(&PublicInquiry {
            mirrored: &self.mirrored,
            tag: facts,
            wants_signature: self.in_force.policy.releases.is_some_and(|releases| releases.signed_tags),
            fixes: &fixes,
            known: known.as_ref(),
            was_refused: known.as_ref().zip(refused).is_some_and(|(known, refused)| known.value.revision == refused),
            alerts: &self.alerts,
            seen_at,
            now: self.shop.clock.now(),
        });
        if let Some(decision) = decided {
            let ended = if decision.outcome == "tag_checked" { "fine" } else { "findings" };
            commit(self.shop, decision, &key, &self.in_force.policy).await?;
            metrics::counter!("embargod_release_tags_total", "ended" => ended).increment(1);
        }
        Ok(seen_at)
    }
}

enum Fetched {
    Read(Box<Reading>),
    Failed(HistoryError),
    Elsewhere,
}

async fn fetch(shop: &Shop, mirrors: &super::Mirrors, mirrored: &Mirrored, series: Series) -> Result<Fetched, Trouble> {
    let id = mirrored.repository_id;
    let lock = match reading::lock(mirrors, id) {
        Ok(Some(lock)) => lock,
        Ok(None) => return Ok(Fetched::Elsewhere),
        Err(error) => return Ok(Fetched::Failed(error)),
    };
    let token = mirrors.token(shop, mirrored.installation_id).await?;
    let (mirrors, repository) = (mirrors.clone(), mirrored.repository.clone());
    let begun = std::time::Instant::now();
    let read = reading::aside(move || reading::read(&mirrors, id, &repository, token.as_ref(), series, lock)).await?;
    metrics::histogram!("embargod_mirror_fetch_ms").record(begun.elapsed().as_secs_f64() * 1_000.0);
    let ended = if read.is_ok() { "done" } else { "failed" };
    metrics::counter!("embargod_mirror_fetches_total", "ended" => ended).increment(1);
    Ok(read.map_or_else(Fetched::Failed, |read| Fetched::Read(Box::new(read))))
}

/// The repository as it is now with the policy in force, where it is public.
async fn watched(shop: &Shop, target: &Target) -> Result<Option<(Target, Arc<InForce>)>, Trouble> {
    let installation = shop.github.installation(target.installation_id);
    let facts = match installation.repository(&target.repository).await {
        Err(GitHubError::NotFound | GitHubError::Gone) => return Ok(None),
        facts => facts?,
    };
    if facts.private || facts.id != target.repository_id {
        return Ok(None);
    }
    let target =
        Target { repository: facts.name, owner_is_organisation: facts.owner_is_organisation, ..target.clone() };
    let (id, organisation) = (target.repository_id, target.owner_is_organisation);
    let in_force = shop.policies.in_force(shop, target.installation_id, id, &target.repository, organisation).await?;
    Ok(Some((target, in_force)))
}

async fn in_trouble(
    shop: &Shop,
    mirrored: &Mirrored,
    error: &HistoryError,
    policy: &Policy,
    now: Timestamp,
) -> Result<(), Trouble> {
    let alert = shop.read::<Alert>(&mirror_alert(mirrored.repository_id)).await?.map(|known| known.value);
    let matrices = private::matrices(shop, mirrored.repository_id).await?;
    if let Some(decision) = mirror_in_trouble(mirrored, &error.to_string(), &matrices, alert.as_ref(), now) {
        let repository = &mirrored.repository;
        tracing::error!(%repository, %error, "the mirror of {repository} cannot be brought up to date: {error}");
        commit(shop, decision, &repository_key(mirrored.repository_id), policy).await?;
    }
    Ok(())
}

async fn works(shop: &Shop, mirrored: &Mirrored, policy: &Policy, now: Timestamp) -> Result<(), Trouble> {
    let alert = shop.read::<Alert>(&mirror_alert(mirrored.repository_id)).await?.map(|known| known.value);
    match mirror_works(alert.as_ref(), now) {
        Some(decision) => commit(shop, decision, &repository_key(mirrored.repository_id), policy).await,
        None => Ok(()),
    }
}

/// The alerts about a repository's releases, open or not.
async fn alerts(shop: &Shop, repository_id: u64) -> Result<Vec<Alert>, Trouble> {
    let prefixes = [format!("release:{repository_id}/"), format!("release-case:{repository_id}/")];
    let stored = shop.store.records(Alert::KIND).await?;
    let ours = stored.into_iter().filter(|stored| prefixes.iter().any(|prefix| stored.key.starts_with(prefix)));
    Ok(ours.filter_map(|stored| serde_json::from_value(stored.value).ok()).collect())
}

/// Writes a decision down, with its reasons. Nothing of it is logged but its outcome.
pub(super) async fn commit(shop: &Shop, decision: Decision, subject: &str, policy: &Policy) -> Result<(), Trouble> {
    let now = shop.clock.now();
    let outcome = decision.outcome.clone();
    let record = DecisionRecord {
        at: now,
        feature: "releases".to_owned(),
        subject: subject.to_owned(),
        outcome: outcome.clone(),
        cause: "a look at the mirror".to_owned(),
        actor: None,
        case: decision.case,
        policy_version: policy.version.clone(),
        reasons: decision.reasons,
        effects: decision.effects.iter().map(|effect| effect.key.clone()).collect(),
    };
    let whole = Commit {
        records: decision.records,
        effects: decision.effects,
        dropped_effects: decision.dropped_effects,
        decision: Some(record),
        ..Commit::default()
    };
    match shop.store.commit(now, whole).await? {
        Settled::Committed => {}
        // Another process looks as well; the next look finds what it wrote.
        Settled::Conflict | Settled::LeaseLost => return Err(Trouble::Moved),
    }
    tracing::info!(subject, outcome, "releases decided {outcome} about {subject}");
    metrics::counter!("embargod_decisions_total", "outcome" => outcome).increment(1);
    Ok(())
}

/// Marks everything as seen. Where another process did so meanwhile, it has seen the same.
async fn mark(shop: &Shop, marks: &ReleaseMarks, known: Option<&Versioned<ReleaseMarks>>) -> Result<(), Trouble> {
    let write = RecordWrite::guarded(marks, known.map_or(0, |known| known.version));
    shop.store.commit(shop.clock.now(), Commit { records: vec![write], ..Commit::default() }).await?;
    Ok(())
}

/// The mirror was good a moment ago.
pub(super) fn unreadable(error: HistoryError) -> Trouble {
    Trouble::Nonsense(error.to_string())
}
