//! Folding the write-ahead log into the main file, beside the writer: nobody who waits for a commit waits for that.
//!
//! A log is begun anew only when all of it is folded at the moment at which something is written. While writes never pause,
//! somebody has to fold the last pages between two of them: the writer does, at [`LOG_PAGES`](super::open), and finds most
//! of the work done.

use sqlx::{ConnectOptions, Row, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::sync::mpsc;

/// Writes after which the log is folded: some 10 MiB of it.
const WRITES: usize = 1_000;

const FOLD: &str = "PRAGMA wal_checkpoint(PASSIVE)";

/// The writer's side: counts, and asks. Folding ends when it is dropped.
pub(super) struct Fold {
    writes: usize,
    ask: mpsc::Sender<()>,
}

impl Fold {
    /// Folds the log of the database that `options` open, whenever there is enough of it.
    pub(super) fn beside(options: SqliteConnectOptions) -> Self {
        let (ask, mut asked) = mpsc::channel(1);
        tokio::spawn(async move {
            let mut connection = None;
            while asked.recv().await.is_some() {
                if let Err(error) = fold(&mut connection, &options).await {
                    // The writer folds it then.
                    tracing::debug!(%error, "the write-ahead log was not folded");
                    connection = None;
                }
            }
        });
        Self { writes: 0, ask }
    }

    /// So many more writes are in the log.
    pub(super) fn wrote(&mut self, writes: usize) {
        self.writes += writes;
        // Where it is being folded just now, it is asked for again after the next write.
        if self.writes >= WRITES && self.ask.try_send(()).is_ok() {
            self.writes = 0;
        }
    }
}

async fn fold(connection: &mut Option<SqliteConnection>, options: &SqliteConnectOptions) -> Result<(), sqlx::Error> {
    let connection = match connection {
        Some(connection) => connection,
        none => none.insert(options.connect().await?),
    };
    let row = sqlx::query(FOLD).fetch_one(connection).await?;
    let (pages, folded): (i64, i64) = (row.try_get(1)?, row.try_get(2)?);
    tracing::trace!(pages, folded, "the write-ahead log was folded");
    Ok(())
}
