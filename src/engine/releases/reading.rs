//! What keeps a processor or the network busy for long: fetching a mirror, reading it, judging. On threads of their own, so
//! that neither async work nor the end of the process waits for git.

use std::{
    collections::BTreeSet,
    fs::File,
    mem,
    path::{Path, PathBuf},
    thread,
};

use jiff::civil::Date;
use secrecy::SecretString;
use tokio::sync::oneshot;

use super::Mirrors;
use crate::{
    domain::{
        coverage::{Fix, FixCoverage, History, Judgement, SeriesLines},
        policy::Series,
        post::RepoName,
    },
    engine::Trouble,
    history::{HistoryError, Keeper, PatchReader, Source, mirror::Mirror},
};

/// A repository's history, read. Holds the mirror's lock, so that no other process of this machine fetches meanwhile.
pub(super) struct Reading {
    pub(super) history: History,
    pub(super) lines: SeriesLines,
    pub(super) series: Series,
    path: PathBuf,
    keeper: Keeper,
    _lock: File,
}

/// Does `work` on a thread of its own.
pub(super) async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Trouble> {
    let (done, waiting) = oneshot::channel();
    let started = thread::Builder::new().name("history".to_owned()).spawn(move || {
        // Nobody waits any more where the office was lost.
        let _ = done.send(work());
    });
    started.map_err(|_| Trouble::Nonsense("no thread could be begun".to_owned()))?;
    waiting
        .await
        .map_err(|_| Trouble::Nonsense("reading a history broke a promise of the program (a panic)".to_owned()))
}

/// The lock of a mirror; `None` where another process holds it.
pub(super) fn lock(mirrors: &Mirrors, repository_id: u64) -> Result<Option<File>, HistoryError> {
    let failed = |error: std::io::Error| HistoryError::Unreadable(format!("the folder of the mirrors: {error}"));
    std::fs::create_dir_all(&mirrors.folder).map_err(failed)?;
    let file = File::create(mirrors.lock(repository_id)).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(std::fs::TryLockError::WouldBlock) => Ok(None),
        Err(std::fs::TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// Brings the mirror up to date and reads it; only what is new is read from it.
pub(super) fn read(
    mirrors: &Mirrors,
    repository_id: u64,
    repository: &RepoName,
    token: Option<&SecretString>,
    series: Series,
    lock: File,
) -> Result<Reading, HistoryError> {
    let path = mirrors.path(repository_id);
    Mirror::new(path.clone(), mirrors.limits).fetch(&mirrors.url(repository), token, &series)?;
    let source = Source::open(&path)?;
    let keeper = Keeper::new(mirrors.history(repository_id));
    let mut history = keeper.load();
    source.update(&mut history, &series, &mut |_| {})?;
    let lines = SeriesLines::of(&history, &series);
    Ok(Reading { history, lines, series, path, keeper, _lock: lock })
}

impl Reading {
    /// The matrix of each fix as of `today`. What comes of it depends on the history and on these fixes alone: patches that
    /// were read for others are out of sight meanwhile.
    pub(super) fn judge(&mut self, fixes: &[Fix], today: Date) -> Result<Vec<FixCoverage>, HistoryError> {
        judge(&mut self.history, &self.lines, &self.series, &self.path, fixes, today)
    }

    /// Where the mirror is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Keeps what was read, so that the next look reads only what is new.
    pub(super) fn keep(&self) -> Result<(), HistoryError> {
        self.keeper.save(&self.history)
    }
}

/// The matrix of each fix in `history`, whose objects the repository at `path` has; see [`Reading::judge`].
pub(super) fn judge(
    history: &mut History,
    lines: &SeriesLines,
    series: &Series,
    path: &Path,
    fixes: &[Fix],
    today: Date,
) -> Result<Vec<FixCoverage>, HistoryError> {
    let source = Source::open(path)?;
    let recorded = fixes.iter().flat_map(|fix| fix.main.iter().flatten().chain(fix.series.values().flatten()));
    history.unreached.clear();
    source.look_for_unreached(history, recorded.cloned());
    let needed: BTreeSet<_> = {
        let judgement = Judgement::new(history, series, lines, Some(today));
        fixes.iter().flat_map(|fix| judgement.needs(fix)).collect()
    };
    let needed: Vec<_> = needed.into_iter().map(|place| history.commit(place).id).collect();
    let absent: Vec<_> = needed.iter().filter(|id| !history.patches.contains_key(id)).copied().collect();
    if !absent.is_empty() {
        let read = PatchReader::new(&source).read(&absent, &|_| {})?;
        // A merge changes nothing by itself; that is known, too.
        history.patches.extend(absent.iter().map(|id| (*id, Default::default())));
        history.patches.extend(read);
    }
    let own = history.patches.only(&needed);
    let all = mem::replace(&mut history.patches, own);
    let judgement = Judgement::new(history, series, lines, Some(today));
    let judged = fixes.iter().map(|fix| judgement.of(fix)).collect();
    history.patches = all;
    Ok(judged)
}
