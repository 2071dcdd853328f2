//! Releases: whether tags hold the fixes that they should hold, proved by a mirror of each watched repository.
//!
//! What flows in: wishes that the feature of the same name notes when GitHub tells of something, GitHub's lists of refs
//! where nobody told, the published advisories, what maintainers recorded. What flows out: per tag a check run for everybody,
//! findings for maintainers, the matrix of each case. What it must never do: let what is not published into the public
//! half (of a case it uses what stands behind its published advisory, nothing else), fetch where no folder is set, keep an async thread
//! waiting for git, or look at one repository twice at a time.
//!
//! Whoever holds the office of the poller looks: mirrors are files of one machine. Every step can be repeated: what was
//! looked at is marked last, and what was decided before is not decided again.

mod advisories;
mod look;
mod prepared;
mod private;
mod reading;
mod recording;
mod schedule;
mod sweep;

use std::{
    collections::HashSet,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use secrecy::SecretString;
use tokio::sync::{Mutex as AsyncMutex, Semaphore};
use tokio_util::task::TaskTracker;

use super::{Engine, Shop, Trouble, chores::Chore};
use crate::{
    domain::{
        post::RepoName,
        record::Record,
        release_checks::{CaseMarks, CaseWish, ReleaseMarks, ReleaseWish, repository_key},
    },
    history::mirror::MirrorLimits,
};
pub use recording::{RecordingProblem, proof, record_fix};
use schedule::Schedule;

/// How soon what was told is looked at.
const PAUSE: Duration = Duration::from_secs(5);
/// Repositories that are fetched and judged at the same time: each takes a processor and some hundred megabytes.
const AT_ONCE: usize = 2;

/// Where histories are mirrored, and from where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mirrors {
    /// Folder of the mirrors.
    pub folder: PathBuf,
    /// What stands before `/owner/name.git`: `https://github.com`. `file://` is for those who mirror by themselves.
    pub git_base: String,
    /// Bounds of one fetch.
    pub limits: MirrorLimits,
}

impl Mirrors {
    fn path(&self, repository_id: u64) -> PathBuf {
        self.folder.join(format!("{repository_id}.git"))
    }

    /// Branches of the embargo's mirror; borrows from the public one.
    fn embargo_path(&self, repository_id: u64) -> PathBuf {
        self.folder.join(format!("{repository_id}.embargo.git"))
    }

    fn history(&self, repository_id: u64) -> PathBuf {
        self.folder.join(format!("{repository_id}.history"))
    }

    fn lock(&self, repository_id: u64) -> PathBuf {
        self.folder.join(format!("{repository_id}.look"))
    }

    /// A token for git, where its address takes one: a folder needs none.
    async fn token(&self, shop: &Shop, installation_id: u64) -> Result<Option<SecretString>, Trouble> {
        if !self.git_base.starts_with("https://") {
            return Ok(None);
        }
        Ok(Some(shop.github.installation(installation_id).token_for_git().await?))
    }

    fn url(&self, repository: &RepoName) -> String {
        format!("{}/{repository}.git", self.git_base.trim_end_matches('/'))
    }
}

/// What the looks remember between two of them. Losing it costs some requests, nothing else.
pub struct Memory {
    /// Repositories that are being looked at.
    busy: Arc<Mutex<HashSet<u64>>>,
    places: Arc<Semaphore>,
    tasks: TaskTracker,
    /// When which repository is looked at again without being told.
    schedule: Arc<Mutex<Schedule>>,
    sweeping: AsyncMutex<sweep::Sweeping>,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            busy: Arc::default(),
            places: Arc::new(Semaphore::new(AT_ONCE)),
            tasks: TaskTracker::new(),
            schedule: Arc::default(),
            sweeping: AsyncMutex::default(),
        }
    }
}

impl Memory {
    fn schedule<T>(&self, act: impl FnOnce(&mut Schedule) -> T) -> T {
        act(&mut self.schedule.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Repositories whose mirrors do not work at present.
    pub fn failing_mirrors(&self) -> usize {
        self.schedule(|schedule| schedule.failing())
    }
}

/// A repository whose releases are looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Target {
    repository_id: u64,
    repository: RepoName,
    installation_id: u64,
    owner_is_organisation: bool,
}

/// Why a repository is looked at.
enum Occasion {
    /// GitHub told of something.
    Told,
    /// GitHub's lists are other than they were; their fingerprint.
    Listed(String),
    /// Somebody recorded something about a case: nothing of this look may be seen in public.
    Recorded,
}

/// All records of a kind that can be read.
async fn all<R: Record>(shop: &Shop) -> Result<Vec<R>, Trouble> {
    let stored = shop.store.records(R::KIND).await?;
    Ok(stored.into_iter().filter_map(|stored| serde_json::from_value(stored.value).ok()).collect())
}

/// See the module.
pub(super) struct LookAtReleases;

#[async_trait]
impl Chore for LookAtReleases {
    fn name(&self) -> &'static str {
        "releases"
    }

    fn interval(&self) -> Duration {
        PAUSE
    }

    async fn round(&self, engine: &Engine) -> Result<(), Trouble> {
        engine.begin_looks_at_releases().await
    }
}

impl Engine {
    /// Looks at everything that is due, and waits until that is over: for tests and commands by hand.
    ///
    /// # Errors
    /// When the store fails, or GitHub does not answer at all.
    pub async fn look_at_releases_once(&self) -> Result<(), Trouble> {
        self.begin_looks_at_releases().await?;
        let tasks = &self.shop().releases.tasks;
        tasks.close();
        tasks.wait().await;
        tasks.reopen();
        Ok(())
    }

    /// Begins a look at each repository of which something was told, or whose turn has come.
    async fn begin_looks_at_releases(&self) -> Result<(), Trouble> {
        let shop = self.shop();
        if shop.mirrors.is_none() {
            return Ok(());
        }
        let now = shop.clock.now();
        for wish in all::<ReleaseWish>(shop).await? {
            let id = wish.repository_id;
            if self.is_busy(id) || !shop.releases.schedule(|schedule| schedule.may_try(id, now)) {
                continue;
            }
            let answered =
                shop.read::<ReleaseMarks>(&repository_key(id)).await?.map_or(0, |marks| marks.value.answered);
            if wish.asked > answered {
                let target = Target {
                    repository_id: id,
                    repository: wish.repository,
                    installation_id: wish.installation_id,
                    owner_is_organisation: wish.owner_is_organisation,
                };
                self.begin_look(target, Occasion::Told);
            }
        }
        for (target, listed) in sweep::due(shop).await? {
            self.begin_look(target, Occasion::Listed(listed));
        }
        // Last, so that a look at everything takes them with it.
        for wish in all::<CaseWish>(shop).await? {
            let id = wish.repository_id;
            if self.is_busy(id) || !shop.releases.schedule(|schedule| schedule.may_try(id, now)) {
                continue;
            }
            let answered = shop.read::<CaseMarks>(&repository_key(id)).await?.map_or(0, |marks| marks.value.answered);
            if wish.asked > answered {
                let target = Target {
                    repository_id: id,
                    repository: wish.repository,
                    installation_id: wish.installation_id,
                    // If in doubt: then the organisation's common policy counts as well.
                    owner_is_organisation: true,
                };
                self.begin_look(target, Occasion::Recorded);
            }
        }
        Ok(())
    }

    fn is_busy(&self, repository_id: u64) -> bool {
        let busy = self.shop().releases.busy.lock();
        busy.unwrap_or_else(PoisonError::into_inner).contains(&repository_id)
    }

    /// Looks at a repository aside of the round, unless that is being done.
    fn begin_look(&self, target: Target, occasion: Occasion) {
        let memory = &self.shop().releases;
        let Some(mark) = Busy::mark(&memory.busy, target.repository_id) else {
            return;
        };
        let (engine, places) = (self.clone(), Arc::clone(&memory.places));
        memory.tasks.spawn(async move {
            let _mark = mark;
            let Ok(_place) = places.acquire().await else {
                return;
            };
            let shop = engine.shop();
            let ended = look::look(shop, &target, occasion).await;
            let now = shop.clock.now();
            let id = target.repository_id;
            match ended {
                Ok(look::Ended::Done { changed }) => shop.releases.schedule(|schedule| schedule.done(id, changed, now)),
                Ok(look::Ended::CasesOnly) => shop.releases.schedule(|schedule| schedule.works(id)),
                Ok(look::Ended::MirrorFailed) => shop.releases.schedule(|schedule| schedule.failed(id, now)),
                Ok(look::Ended::Elsewhere) => {}
                Err(trouble) => {
                    tracing::warn!(repository = id, error = %trouble, "the releases of repository {id} could not be looked at");
                    shop.releases.schedule(|schedule| schedule.put_off(id, now));
                }
            }
        });
    }
}

/// That a repository is being looked at; over when this is dropped.
struct Busy {
    all: Arc<Mutex<HashSet<u64>>>,
    repository_id: u64,
}

impl Busy {
    fn mark(all: &Arc<Mutex<HashSet<u64>>>, repository_id: u64) -> Option<Self> {
        let fresh = all.lock().unwrap_or_else(PoisonError::into_inner).insert(repository_id);
        fresh.then(|| Self { all: Arc::clone(all), repository_id })
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.repository_id);
    }
}
