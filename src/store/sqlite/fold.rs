//! Folding the write-ahead log into the main file, beside the writer: nobody who waits for a commit waits for that.
//!
//! A log is begun anew only when all of it is folded at the moment at which something is written. While writes never pause,
//! somebody has to fold the last pages between two of them: the writer does, at [`LOG_PAGES`](super::open), and finds most
//! of the work done.

use std::sync::mpsc;

use rusqlite::Connection;

use super::{open::Database, statement::first, writer::thread};
use crate::store::{StoreError, kept::Columns};

/// Writes after which the log is folded: some 10 MiB of it.
const WRITES: usize = 1_000;

const FOLD: &str = "PRAGMA wal_checkpoint(PASSIVE)";

/// The writer's side: counts, and asks. Folding ends when it is dropped.
pub(super) struct Fold {
    writes: usize,
    ask: mpsc::SyncSender<()>,
}

impl Fold {
    /// Folds the log of `database`, whenever there is enough of it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] where the system has no thread for it.
    pub(super) fn beside(database: Database) -> Result<Self, StoreError> {
        let (ask, asked) = mpsc::sync_channel(1);
        thread("embargod-fold", move || {
            let mut connection = None;
            while asked.recv().is_ok() {
                if let Err(error) = fold(&mut connection, &database) {
                    // The writer folds it then.
                    tracing::debug!(%error, "the write-ahead log was not folded");
                    connection = None;
                }
            }
        })?;
        Ok(Self { writes: 0, ask })
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

fn fold(connection: &mut Option<Connection>, database: &Database) -> Result<(), StoreError> {
    let connection = match connection {
        Some(connection) => connection,
        none => none.insert(database.connect()?),
    };
    let pages = first(connection, FOLD, [], |row| Ok((row.whole(1)?, row.whole(2)?)))?;
    tracing::trace!(?pages, "the write-ahead log was folded");
    Ok(())
}
