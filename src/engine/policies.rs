//! Policies in force: read from the default branch, kept for a while, and never loosened by a broken file.

use std::{
    collections::HashMap,
    sync::{Arc, Weak},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::{Shop, Trouble, entries};
use crate::{
    domain::{
        case::{Alert, Case},
        policy::{self, Layer, Policy},
        post::RepoName,
        record::{Record, RecordWrite},
    },
    github::GitHubError,
    store::{Commit, SharedStore, StoreError},
};

/// Where a repository keeps its policy; the same path in an organisation's `.github` repository serves all its
/// repositories.
pub const POLICY_PATH: &str = ".github/embargod.yml";

/// Entries kept in memory; beyond that the book is emptied and read anew.
const MOST_ENTRIES: usize = 20_000;

/// A policy with where it came from.
#[derive(Debug)]
pub struct InForce {
    /// The policy.
    pub policy: Policy,
    /// Its file in words: `acme/framework .github/embargod.yml`, `default policy`, `none`.
    pub origin: String,
}

/// The last policy text of a repository that was valid.
#[derive(Serialize, Deserialize)]
struct LastGood {
    repository_id: u64,
    origin: String,
    text: String,
}

impl Record for LastGood {
    const KIND: &'static str = "policy";

    fn key(&self) -> String {
        format!("repo:{}", self.repository_id)
    }
}

/// The rules of a version, for the cases that are pinned to it: they outlive the file that they were read from.
#[derive(Serialize, Deserialize)]
struct PinnedPolicy {
    version: String,
    /// See [`Policy::canonical_json`].
    rules: String,
}

impl Record for PinnedPolicy {
    const KIND: &'static str = "policy_version";

    fn key(&self) -> String {
        self.version.clone()
    }
}

/// The rules of a version, where they are kept and this program still understands them all.
async fn pinned(store: &SharedStore, version: &str) -> Result<Option<Policy>, StoreError> {
    let stored = store.record(PinnedPolicy::KIND, version).await?;
    let kept = stored.and_then(|stored| serde_json::from_value::<PinnedPolicy>(stored.value).ok());
    let Some(kept) = kept else {
        return Ok(None);
    };
    // The name stays that of the day: a later version of the program may know keys that are missing here.
    let rules = policy::parse_one("pinned policy", &kept.rules).ok();
    Ok(rules.map(|effective| Policy { version: kept.version, ..effective.policy }))
}

/// The policy by which a case is judged, without asking GitHub: the version that it is pinned to, in a repository whose
/// policy was read last; `None` where neither is kept.
///
/// # Errors
/// When the store fails.
pub async fn kept_for_case(store: &SharedStore, case: &Case) -> Result<Option<Policy>, StoreError> {
    let now = kept(store, case.repository_id).await?;
    Ok(match (pinned(store, &case.policy_version).await?, now) {
        (Some(pinned), Some(now)) => Some(pinned.held_beside(&now)),
        (Some(pinned), None) => Some(pinned),
        (None, now) => now,
    })
}

/// The policy of a repository as it was read last, without asking GitHub; `None` where none was ever read from there.
///
/// # Errors
/// When the store fails.
pub async fn kept(store: &SharedStore, repository_id: u64) -> Result<Option<Policy>, StoreError> {
    let stored = store.record(LastGood::KIND, &format!("repo:{repository_id}")).await?;
    let good = stored.and_then(|stored| serde_json::from_value::<LastGood>(stored.value).ok());
    Ok(good.and_then(|good| effective(&good.origin, &good.text).ok()))
}

/// Policies in force, by repository.
pub struct PolicyBook {
    default: Option<Policy>,
    interval: SignedDuration,
    entries: Mutex<Entries>,
}

#[derive(Default)]
struct Entries {
    by_repository: HashMap<u64, Entry>,
    /// Locked while a repository's policy is being read.
    being_read: HashMap<u64, Weak<Mutex<()>>>,
    /// Counts what was forgotten: a policy that was being read meanwhile may be the old one, and is not kept.
    forgotten: u64,
}

/// What is in memory of a repository's policy.
enum Kept {
    /// It was read recently.
    Fresh(Arc<InForce>),
    /// It has to be read.
    Stale { reading: Arc<Mutex<()>>, forgotten: u64 },
}

struct Entry {
    read_at: Timestamp,
    owner: String,
    policy: Arc<InForce>,
}

impl PolicyBook {
    pub(super) fn new(default: Option<Policy>, interval: Duration) -> Self {
        let interval = SignedDuration::try_from(interval).unwrap_or(SignedDuration::from_mins(5));
        Self { default, interval, entries: Mutex::default() }
    }

    /// The policy in force for a repository; read again when the last reading is older than the interval.
    ///
    /// # Errors
    /// When GitHub does not answer and no valid policy was ever read from there.
    pub async fn in_force(
        &self,
        shop: &Shop,
        installation_id: u64,
        repository_id: u64,
        name: &RepoName,
        owner_is_organisation: bool,
    ) -> Result<Arc<InForce>, Trouble> {
        let now = shop.clock.now();
        let (reading, forgotten) = match self.kept(repository_id, now).await {
            Kept::Fresh(policy) => return Ok(policy),
            Kept::Stale { reading, forgotten } => (reading, forgotten),
        };
        // Threads of one repository ask at the same time: the first reads for all. Should that fail, each tries for itself.
        let first = reading.try_lock();
        if first.is_err() {
            drop(reading.lock().await);
            if let Kept::Fresh(policy) = self.kept(repository_id, now).await {
                return Ok(policy);
            }
        }
        let policy = Arc::new(self.read(shop, installation_id, repository_id, name, owner_is_organisation, now).await?);
        keep_version(shop, &policy.policy, now).await?;
        let mut entries = self.entries.lock().await;
        if entries.by_repository.len() >= MOST_ENTRIES {
            entries.by_repository.clear();
        }
        if entries.forgotten == forgotten {
            let entry = Entry { read_at: now, owner: name.owner.clone(), policy: Arc::clone(&policy) };
            entries.by_repository.insert(repository_id, entry);
        }
        Ok(policy)
    }

    /// The policy by which a case is judged: the version that it is pinned to, with those sections of the policy in force that
    /// say who and where, see [`Policy::held_beside`]. A case whose version nobody kept is judged by the policy in force.
    ///
    /// # Errors
    /// As [`PolicyBook::in_force`].
    pub async fn of_case(&self, shop: &Shop, case: &Case) -> Result<Policy, Trouble> {
        let (installation, name) = (case.installation_id, &case.repository);
        let in_force = self.in_force(shop, installation, case.repository_id, name, true).await?;
        if in_force.policy.version == case.policy_version {
            return Ok(in_force.policy.clone());
        }
        let pinned = pinned(&shop.store, &case.policy_version).await?;
        Ok(pinned.map_or_else(|| in_force.policy.clone(), |pinned| pinned.held_beside(&in_force.policy)))
    }

    async fn kept(&self, repository_id: u64, now: Timestamp) -> Kept {
        let mut entries = self.entries.lock().await;
        if let Some(entry) = entries.by_repository.get(&repository_id)
            && now.duration_since(entry.read_at) < self.interval
        {
            return Kept::Fresh(Arc::clone(&entry.policy));
        }
        entries.being_read.retain(|_, reading| reading.strong_count() > 0);
        let known = entries.being_read.get(&repository_id).and_then(Weak::upgrade);
        let reading = known.unwrap_or_default();
        entries.being_read.insert(repository_id, Arc::downgrade(&reading));
        Kept::Stale { reading, forgotten: entries.forgotten }
    }

    /// Forgets the policy of a repository: it is read again when it is needed.
    pub(super) async fn forget(&self, repository_id: u64) {
        let mut entries = self.entries.lock().await;
        entries.by_repository.remove(&repository_id);
        entries.forgotten += 1;
    }

    /// Forgets the policies of all repositories of an owner.
    pub(super) async fn forget_owner(&self, owner: &str) {
        let mut entries = self.entries.lock().await;
        entries.by_repository.retain(|_, entry| !entry.owner.eq_ignore_ascii_case(owner));
        entries.forgotten += 1;
    }

    async fn read(
        &self,
        shop: &Shop,
        installation_id: u64,
        repository_id: u64,
        name: &RepoName,
        owner_is_organisation: bool,
        now: Timestamp,
    ) -> Result<InForce, Trouble> {
        let stored = shop.read::<LastGood>(&format!("repo:{repository_id}")).await?;
        let (version, last_good) = stored.map_or((0, None), |stored| (stored.version, Some(stored.value)));
        let found = match find(shop, installation_id, name, owner_is_organisation).await {
            Ok(found) => found,
            Err(error) => {
                // GitHub is in trouble: what was valid before still is.
                let Some(good) = last_good else {
                    return Err(error.into());
                };
                tracing::warn!(repository = %name, %error, "the policy of {name} cannot be read now; the last good one stays");
                return Ok(self.or_default(effective(&good.origin, &good.text).ok(), good.origin));
            }
        };
        let Some((origin, text)) = found else {
            return Ok(self.or_default(None, "none".to_owned()));
        };
        let policy = text.and_then(|text| Ok((effective(&origin, &text)?, text)));
        match policy {
            Ok((policy, text)) => {
                self.mended(shop, name, repository_id, &origin, now).await?;
                if last_good.is_none_or(|good| good.text != text || good.origin != origin) {
                    let record = LastGood { repository_id, origin: origin.clone(), text };
                    let commit = Commit {
                        // Another process may have found the same: one of the two says so.
                        records: vec![RecordWrite::guarded(&record, version)],
                        decision: Some(entries::policy_in_force(name, &origin, &policy.version.to_string(), now)),
                        ..Commit::default()
                    };
                    shop.store.commit(now, commit).await?;
                }
                Ok(InForce { policy, origin })
            }
            Err(problem) => {
                let instead = match (&last_good, &self.default) {
                    (Some(_), _) => "the last good one stays in force",
                    (None, Some(_)) => "none was ever valid, so the default policy is in force",
                    (None, None) => "none was ever valid, so the repository is only observed",
                };
                raise_alert(shop, name, repository_id, &origin, instead, &problem, now).await?;
                match last_good {
                    Some(good) => Ok(self.or_default(effective(&good.origin, &good.text).ok(), good.origin)),
                    None => Ok(self.or_default(None, format!("{origin} (broken)"))),
                }
            }
        }
    }

    /// Resolves the alert about a policy that was broken.
    async fn mended(
        &self,
        shop: &Shop,
        name: &RepoName,
        repository_id: u64,
        origin: &str,
        now: Timestamp,
    ) -> Result<(), Trouble> {
        let alert = shop.read::<Alert>(&format!("policy:{repository_id}")).await?;
        if let Some(open) = alert.filter(|alert| alert.value.resolved_at.is_none()) {
            let resolved = Alert { resolved_at: Some(now), ..open.value };
            let commit = Commit {
                records: vec![RecordWrite::guarded(&resolved, open.version)],
                decision: Some(entries::policy_mended(name, origin, now)),
                ..Commit::default()
            };
            shop.store.commit(now, commit).await?;
        }
        Ok(())
    }

    fn or_default(&self, policy: Option<Policy>, origin: String) -> InForce {
        match (policy, &self.default) {
            (Some(policy), _) => InForce { policy, origin },
            (None, Some(default)) => InForce { policy: default.clone(), origin: format!("default policy ({origin})") },
            (None, None) => InForce { policy: Policy::observing(), origin },
        }
    }
}

/// Keeps the rules of a version, once for ever; of a repository that is only observed there are no cases.
async fn keep_version(shop: &Shop, policy: &Policy, now: Timestamp) -> Result<(), Trouble> {
    if *policy == Policy::observing() || shop.store.record(PinnedPolicy::KIND, &policy.version).await?.is_some() {
        return Ok(());
    }
    let kept = PinnedPolicy { version: policy.version.clone(), rules: policy.canonical_json() };
    // Another process may keep the same at the same time.
    let commit = Commit { records: vec![RecordWrite::guarded(&kept, 0)], ..Commit::default() };
    shop.store.commit(now, commit).await?;
    Ok(())
}

/// Where a policy file was found, and its text or why it has none that can be read.
type Found = (String, Result<String, String>);

/// The policy file of the repository, else of its organisation's `.github` repository. A person's account has no such
/// common place.
async fn find(
    shop: &Shop,
    installation_id: u64,
    name: &RepoName,
    owner_is_organisation: bool,
) -> Result<Option<Found>, GitHubError> {
    let installation = shop.github.installation(installation_id);
    let own = installation.file(name, POLICY_PATH).await;
    if let Some(found) = found(name, own)? {
        return Ok(Some(found));
    }
    if !owner_is_organisation {
        return Ok(None);
    }
    let owners = RepoName { owner: name.owner.clone(), name: ".github".to_owned() };
    match installation.file(&owners, POLICY_PATH).await {
        // The App need not be installed there.
        Err(GitHubError::Forbidden { .. } | GitHubError::NotFound) => Ok(None),
        file => found(&owners, file),
    }
}

fn found(name: &RepoName, file: Result<Option<String>, GitHubError>) -> Result<Option<Found>, GitHubError> {
    let origin = format!("{name} {POLICY_PATH}");
    match file {
        Ok(text) => Ok(text.map(|text| (origin, Ok(text)))),
        // Another try would not help, and the posts must not wait for somebody to mend it.
        Err(
            error @ (GitHubError::NotAFile { .. }
            | GitHubError::TooLarge { .. }
            | GitHubError::Gone
            | GitHubError::Invalid { .. }
            | GitHubError::Refused { .. }
            | GitHubError::Forbidden { missing_permissions: Some(_) }),
        ) => {
            let problem = format!("{origin}: {error}");
            Ok(Some((origin, Err(problem))))
        }
        Err(error) => Err(error),
    }
}

fn effective(origin: &str, text: &str) -> Result<Policy, String> {
    let layer = Layer { origin: origin.to_owned(), text: text.to_owned() };
    policy::effective(&[layer]).map(|effective| effective.policy).map_err(|error| error.to_string())
}

async fn raise_alert(
    shop: &Shop,
    name: &RepoName,
    repository_id: u64,
    origin: &str,
    instead: &str,
    problem: &str,
    now: Timestamp,
) -> Result<(), Trouble> {
    tracing::error!(repository = %name, "the policy of {name} is broken, {instead}: {problem}");
    let alert = Alert {
        resolved_at: None,
        id: format!("policy:{repository_id}"),
        at: now,
        repository: name.clone(),
        case: None,
        text: format!("the policy is broken, {instead}: {problem}"),
    };
    // It is read again and again while it is broken; that is one decision.
    let told = shop.read::<Alert>(&alert.id).await?;
    let version = told.as_ref().map_or(0, |told| told.version);
    let known = told.is_some_and(|told| told.value.resolved_at.is_none() && told.value.text == alert.text);
    let decision = (!known).then(|| entries::policy_broken(name, origin, instead, now));
    let commit = Commit { records: vec![RecordWrite::guarded(&alert, version)], decision, ..Commit::default() };
    shop.store.commit(now, commit).await?;
    Ok(())
}
