//! Opening a database file: its mode, its connections, its schema.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::OpenFlags;
use sqlx::{
    ConnectOptions, Connection, SqlSafeStr, SqliteConnection,
    migrate::{Migration, MigrationType, Migrator},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous},
};

use crate::store::StoreError;

/// How long a writer waits for another process's lock before it reports the database as not available.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The same while the schema is brought up to date: another process may be at it, and need its time.
const MIGRATION_TIMEOUT: Duration = Duration::from_secs(60);

/// Reads that may run at one time; writes have a connection of their own.
const READERS: u32 = 4;

/// Size to which the write-ahead log is cut back after a burst has made it grow.
const LOG_BYTES_KEPT: &str = "67108864";

/// Pages (of 4 KiB) in the write-ahead log at which whoever writes folds them into the main file, should that not have been
/// done beside it (`fold`). Reading 64 MiB back after a crash takes some 80 ms.
const LOG_PAGES: &str = "16384";

/// Statements that a thread's connection keeps prepared: more than there are.
const STATEMENTS: usize = 128;

/// Starts a transaction that may write. A deferred one would fail at once, without waiting for the lock, when it turns
/// from reading to writing while another process writes.
pub(super) const BEGIN_WRITE: &str = "BEGIN IMMEDIATE";

/// The schema's history, oldest first. One that was released is never changed: add another.
pub(super) const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "initial", include_str!("migrations/0001_initial.sql")),
    (2, "upkeep", include_str!("migrations/0002_upkeep.sql")),
    (3, "heads_of_lanes", include_str!("migrations/0003_heads_of_lanes.sql")),
];

/// The path in `sqlite:PATH` or `sqlite://PATH`, or a bare path.
pub(super) fn path_of(path_or_url: &str) -> Result<&Path, StoreError> {
    let path =
        path_or_url.strip_prefix("sqlite://").or_else(|| path_or_url.strip_prefix("sqlite:")).unwrap_or(path_or_url);
    if path.is_empty() || path == ":memory:" || path.contains('?') {
        return Err(StoreError::Unavailable("a file is needed, without options: write sqlite:PATH".to_owned()));
    }
    Ok(Path::new(path))
}

/// Creates the file, readable by its owner alone, where it is absent. SQLite gives the files beside it (`-wal`, `-shm`)
/// the same mode.
pub(super) fn create_private(path: &Path) -> Result<(), StoreError> {
    let mut file = std::fs::OpenOptions::new();
    file.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut file, 0o600);
    match file.open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(StoreError::Unavailable(format!(
            "its file cannot be created ({}); check that the folder exists and may be written",
            error.kind()
        ))),
    }
}

/// A database, and how long we wait for the lock of another process that writes to it.
#[derive(Clone)]
pub(super) struct Database {
    pub(super) path: PathBuf,
    pub(super) busy_timeout: Duration,
}

impl Database {
    /// A connection for a thread that has it for itself, set up as [`options`] does. The file has its log already.
    pub(super) fn connect(&self) -> Result<rusqlite::Connection, StoreError> {
        // The name is a path and nothing else; a file that has gone is not begun anew.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = rusqlite::Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(self.busy_timeout)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", "ON")?;
        connection.pragma_update(None, "wal_autocheckpoint", LOG_PAGES)?;
        connection.pragma_update(None, "journal_size_limit", LOG_BYTES_KEPT)?;
        // What savepoints need to be undone; on disk it would be written and read like the data itself.
        connection.pragma_update(None, "temp_store", "MEMORY")?;
        Ok(connection)
    }
}

/// How every other connection is set up.
pub(super) fn options(path: &Path, busy_timeout: Duration) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        // In WAL mode only FULL makes each commit durable before it returns.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(busy_timeout)
        .pragma("wal_autocheckpoint", LOG_PAGES)
        .pragma("journal_size_limit", LOG_BYTES_KEPT)
        .disable_statement_logging()
}

/// The connections for reading.
pub(super) fn readers(options: SqliteConnectOptions) -> SqlitePool {
    SqlitePoolOptions::new()
        .max_connections(READERS)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_lazy_with(options.pragma("query_only", "ON"))
}

/// A connection for looking at a database that may be of any version, or not ours at all.
pub(super) fn onlooker(path: &Path) -> SqlitePool {
    let options = SqliteConnectOptions::new().filename(path).read_only(true).busy_timeout(BUSY_TIMEOUT);
    SqlitePoolOptions::new().max_connections(1).connect_lazy_with(options.disable_statement_logging())
}

/// Brings the schema up to date, and waits for another process that is at it.
pub(super) async fn migrate_patiently(options: &SqliteConnectOptions) -> Result<(), StoreError> {
    let mut connection = options.clone().busy_timeout(MIGRATION_TIMEOUT).connect().await?;
    migrate(&mut connection).await?;
    Ok(connection.close().await?)
}

/// Brings the schema up to date; several processes may do so at one time.
pub(super) async fn migrate(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let mut transaction = connection.begin_with(BEGIN_WRITE).await?;
    // `Migrator::run` does the same, but the future of its generic `Acquire` cannot be sent between threads.
    migrator().run_direct(None, &mut *transaction, false).await?;
    transaction.commit().await?;
    Ok(())
}

/// The schema's history as sqlx wants it.
pub(super) fn migrator() -> Migrator {
    let migrations = MIGRATIONS.iter().map(|&(version, name, sql)| {
        let kind = MigrationType::Simple;
        Migration::new(version, name.into(), kind, sql.into_sql_str(), false)
    });
    Migrator::with_migrations(migrations.collect())
}
