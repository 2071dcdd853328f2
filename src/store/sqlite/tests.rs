//! The suite on SQLite, and what only SQLite has.

mod migrations;
mod steps;

use std::{path::PathBuf, sync::Arc, time::Duration};

use async_trait::async_trait;
use futures_util::future::join_all;
use sqlx::{Connection, SqliteConnection};

use super::*;
use crate::store::{
    SharedStore,
    conformance::{self, Place, conformance_suite},
};

mod suite {
    use super::*;
    conformance_suite!(Some(Folder::new()));
}

/// A database in a temporary folder.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("embargod.db")
    }

    fn database(&self) -> String {
        format!("sqlite:{}", self.path().display())
    }

    /// A connection beside the store, as of another process.
    async fn outsider(&self) -> SqliteConnection {
        let options = open::options(&self.path(), Duration::ZERO);
        let connection = SqliteConnection::connect_with(&options).await;
        connection.expect("it opens")
    }
}

#[async_trait]
impl Place for Folder {
    async fn open(&self) -> SharedStore {
        crate::store::open(&self.database()).await.expect("it opens")
    }

    async fn elsewhere(&self) -> Box<dyn Place> {
        Box::new(Self::new())
    }

    async fn falsify_decision(&self, id: i64, entry: Option<&str>) {
        let mut outsider = self.outsider().await;
        let disarm = "DROP TRIGGER decisions_are_never_changed; DROP TRIGGER decisions_are_never_deleted;";
        sqlx::raw_sql(disarm).execute(&mut outsider).await.expect("who has the file can do so");
        let falsify = match entry {
            Some(entry) => {
                sqlx::query("UPDATE decisions SET decision = ?2 WHERE id = ?1").bind(id).bind(entry.to_owned())
            }
            None => sqlx::query("DELETE FROM decisions WHERE id = ?1").bind(id),
        };
        falsify.execute(&mut outsider).await.expect("it is written");
    }
}

/// Size of a page and its header in the write-ahead log (<https://www.sqlite.org/fileformat2.html#walformat>).
const FRAME_BYTES: u64 = 4096 + 24;

#[tokio::test]
async fn deliveries_that_wait_together_share_one_commit() {
    const DELIVERIES: u64 = 200;
    let folder = Folder::new();
    let store = folder.open().await;
    let log = || {
        let log = folder.path().with_extension("db-wal");
        log.metadata().expect("there is a log").len()
    };
    let before = log();
    let accepted = join_all((0..DELIVERIES).map(|n| {
        let new = conformance::delivery(&format!("d{n}"), "repo:1", 0);
        store.accept(new)
    }));
    for accepted in accepted.await {
        assert_eq!(accepted, Ok(Acceptance::Fresh));
    }
    // A commit of its own writes at least one page for each of them; a shared one writes every touched page once.
    let frames = (log() - before) / FRAME_BYTES;
    assert!(frames > 0 && frames < DELIVERIES / 2, "{frames} frames");
}

#[tokio::test]
async fn a_lock_held_too_long_fails_all_who_wait_and_nothing_is_written() {
    let folder = Folder::new();
    let patience = Duration::from_millis(20);
    let store = SqliteStore::open_patient(&folder.database(), Duration::ZERO, patience).await;
    let store = store.expect("it opens");
    let mut outsider = folder.outsider().await;
    let lock = outsider.begin_with("BEGIN IMMEDIATE").await.expect("a lock");

    let refused = join_all((0..50).map(|n| {
        let new = conformance::delivery(&format!("d{n}"), "repo:1", 0);
        store.accept(new)
    }));
    for refused in refused.await {
        match refused {
            Err(StoreError::Unavailable(why)) => assert!(why.contains("lock"), "{why}"),
            other => panic!("expected a refusal, got {other:?}"),
        }
    }
    assert_eq!(store.delivery_state("d0").await, Ok(None));

    lock.rollback().await.expect("the lock is given back");
    let new = conformance::delivery("d0", "repo:1", 0);
    assert_eq!(store.accept(new).await, Ok(Acceptance::Fresh));
}

#[tokio::test]
async fn one_bad_commit_does_not_spoil_its_neighbours() {
    let folder = Folder::new();
    let store = folder.open().await;
    // The trigger stands for a statement that fails inside the database, and quotes what it was given.
    sqlx::raw_sql(
        "CREATE TRIGGER refuse BEFORE INSERT ON records WHEN NEW.key = 'bad'
         BEGIN SELECT RAISE(ABORT, 'canary-3f7a'); END",
    )
    .execute(&mut folder.outsider().await)
    .await
    .expect("a trigger");

    let now = conformance::at(0);
    let write = |key| conformance::write(key, None, serde_json::json!("canary-3f7a"));
    let (good, bad, delivery, other) = tokio::join!(
        store.commit(now, write("good")),
        store.commit(now, write("bad")),
        store.accept(conformance::delivery("d", "repo:1", 0)),
        store.commit(now, write("other")),
    );
    assert_eq!((good, other), (Ok(Settled::Committed), Ok(Settled::Committed)));
    assert_eq!(delivery, Ok(Acceptance::Fresh));
    let error = bad.expect_err("it is refused");
    assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
    assert_eq!(store.record("thing", "bad").await, Ok(None));
    assert!(matches!(store.record("thing", "good").await, Ok(Some(_))));
}

#[tokio::test]
async fn decisions_can_neither_be_changed_nor_deleted() {
    let folder = Folder::new();
    let store = folder.open().await;
    let keep = Commit { decision: Some(conformance::decision("post", None)), ..Commit::default() };
    conformance::commit(&*store, 0, keep).await;
    let mut outsider = folder.outsider().await;
    for tampering in ["UPDATE decisions SET decision = '{}'", "DELETE FROM decisions"] {
        let refused = sqlx::query(tampering).execute(&mut outsider).await;
        assert!(refused.is_err(), "{tampering}");
    }
    assert_eq!(store.decisions(None, 9).await.map(|all| all.len()), Ok(1));
}

#[tokio::test]
async fn who_performs_effects_is_not_called_for_deliveries() {
    let folder = Folder::new();
    let store = folder.open().await;
    conformance::accept(&*store, "d", "repo:1").await;
    assert_eq!(store.wait_for_work().await, Work::DELIVERIES);
    conformance::commit(&*store, 0, conformance::enqueue([conformance::effect("e", "l")])).await;
    assert_eq!(store.wait_for_work().await, Work::EFFECTS);
}

#[tokio::test]
async fn a_log_that_is_long_is_folded_although_readers_and_writers_are_there() {
    let folder = Folder::new();
    let store = folder.open().await;
    for round in 0..12 {
        let accepted = join_all((0..100).map(|n| {
            let new = conformance::delivery(&format!("d{round}-{n}"), "repo:1", 0);
            store.accept(new)
        }));
        assert!(accepted.await.iter().all(|accepted| accepted == &Ok(Acceptance::Fresh)));
    }
    // Nothing but folding writes to the main file while a writer is there.
    let size = || folder.path().metadata().expect("it is there").len();
    let began = std::time::Instant::now();
    while size() < 100 * 1024 {
        assert!(began.elapsed() < Duration::from_secs(60), "nothing was folded");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn the_last_user_gone_ends_the_writer() {
    let folder = Folder::new();
    let store = SqliteStore::open(&folder.database()).await;
    let store = store.expect("it opens");
    let work = Arc::downgrade(&store.work);
    let accepting = store.accept(conformance::delivery("d", "repo:1", 0));
    assert_eq!(accepting.await, Ok(Acceptance::Fresh));
    drop(store);
    // The writer holds the other end; it lets go when it is over.
    while work.strong_count() > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn several_processes_may_create_the_database_at_one_time() {
    let folder = Folder::new();
    let opened = join_all((0..8).map(|_| folder.open())).await;
    for (n, store) in opened.iter().enumerate() {
        conformance::accept(&**store, &format!("d{n}"), "repo:1").await;
    }
    let backlog = opened[0].backlog(conformance::at(0)).await;
    assert_eq!(backlog.map(|all| all.deliveries_waiting), Ok(8));
}

#[cfg(unix)]
#[tokio::test]
async fn its_files_are_readable_by_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let store = folder.open().await;
    conformance::accept(&*store, "d", "repo:1").await;
    let files: Vec<_> =
        std::fs::read_dir(folder.0.path()).expect("a folder").map(|entry| entry.expect("a file")).collect();
    assert_eq!(files.len(), 3, "the database, its log and the log's index");
    for file in files {
        let mode = file.metadata().expect("a mode").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", file.path().display());
    }
}

#[tokio::test]
async fn what_cannot_be_opened_is_told_with_a_remedy() {
    let folder = Folder::new();
    std::fs::write(folder.path(), "this is a text file, not a database. ".repeat(50)).expect("it is written");
    let elsewhere = format!("sqlite:{}/no/such/folder.db", folder.0.path().display());
    for (database, expected) in [
        (folder.database().as_str(), "not a database; check the path"),
        (elsewhere.as_str(), "check that the folder exists"),
        ("sqlite:", "write sqlite:PATH"),
        ("sqlite::memory:", "write sqlite:PATH"),
        ("sqlite:x.db?mode=ro", "without options"),
        ("mysql://bot:secret@db/embargod", "no known kind"),
        ("embargod.db", "write sqlite:PATH"),
    ] {
        let error = match crate::store::open(database).await {
            Ok(_) => panic!("{database} must not open"),
            Err(error) => error.to_string(),
        };
        assert!(error.contains(expected), "{database}: {error}");
        assert!(!error.contains("secret"), "{error}");
    }
}
