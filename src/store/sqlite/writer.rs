//! The one writer, and its group commit.
//!
//! Every write is a job in one queue. The writer takes what waits, runs it in one transaction, each job in a savepoint of
//! its own where it may have to be undone alone, and answers the callers only after the commit: many deliveries share one
//! wait for the disk. While a batch is being made durable the next one gathers; nobody waits for a batch to fill.

use std::{sync::Arc, time::Instant};

use async_trait::async_trait;
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::sync::{Notify, mpsc, oneshot};

use super::open::BEGIN_WRITE;
use crate::{
    failpoint,
    store::{StoreError, measure},
};

/// Jobs that share a commit, at most.
const BATCH_JOBS: usize = 256;

/// Size of the bodies that share a commit; one body larger than this is a batch by itself.
const BATCH_BYTES: usize = 8 * 1024 * 1024;

/// What is to become of what a job wrote.
pub(super) enum Verdict<T> {
    /// It is committed with the batch.
    Keep(T),
    /// It is undone; the answer stands all the same.
    Undo(T),
}

/// Something that writes.
#[async_trait]
pub(super) trait Write: Send + 'static {
    /// What the caller learns.
    type Answer: Send + 'static;

    /// Whether the job can ask to be undone, or fail, without the rest of its batch.
    const UNDOABLE: bool = true;

    /// Does it.
    async fn run(&mut self, connection: &mut SqliteConnection) -> Result<Verdict<Self::Answer>, StoreError>;

    /// Whether there may be something new to claim after it.
    fn makes_work(&self, answer: &Self::Answer) -> bool;

    /// Size of what it carries.
    fn size_bytes(&self) -> usize {
        0
    }
}

/// A [`Write`] whose type of answer is hidden, so that all may stand in one queue.
#[async_trait]
trait Job: Send {
    /// Runs it and remembers its answer. `Ok(false)` asks for it to be undone.
    async fn run(&mut self, connection: &mut SqliteConnection) -> Result<bool, StoreError>;
    /// Lets this job alone end with `error`.
    fn fail(&mut self, error: StoreError);
    /// Tells the caller, unless the batch failed.
    fn answer(self: Box<Self>, batch: &Result<(), StoreError>);
    fn undoable(&self) -> bool;
    fn makes_work(&self) -> bool;
    fn size_bytes(&self) -> usize;
}

struct Asked<W: Write> {
    write: W,
    outcome: Option<Result<W::Answer, StoreError>>,
    caller: oneshot::Sender<Result<W::Answer, StoreError>>,
}

#[async_trait]
impl<W: Write> Job for Asked<W> {
    async fn run(&mut self, connection: &mut SqliteConnection) -> Result<bool, StoreError> {
        let (answer, keep) = match self.write.run(connection).await? {
            Verdict::Keep(answer) => (answer, true),
            Verdict::Undo(answer) => (answer, false),
        };
        self.outcome = Some(Ok(answer));
        Ok(keep)
    }

    fn fail(&mut self, error: StoreError) {
        self.outcome = Some(Err(error));
    }

    fn answer(self: Box<Self>, batch: &Result<(), StoreError>) {
        let outcome = match batch {
            Ok(()) => self.outcome.unwrap_or_else(|| Err(gone())),
            Err(error) => Err(error.clone()),
        };
        // A caller that went away does not need to know.
        let _ = self.caller.send(outcome);
    }

    fn undoable(&self) -> bool {
        W::UNDOABLE
    }

    fn makes_work(&self) -> bool {
        matches!(&self.outcome, Some(Ok(answer)) if self.write.makes_work(answer))
    }

    fn size_bytes(&self) -> usize {
        self.write.size_bytes()
    }
}

/// The end of the queue at which callers stand. The writer ends when the last of these is dropped, after it has done what
/// was queued.
pub(super) struct Writer {
    queue: mpsc::Sender<Box<dyn Job>>,
}

impl Writer {
    /// Starts the writer on `connection`; should it break, another is made from `options`.
    pub(super) fn start(connection: SqliteConnection, options: SqliteConnectOptions, work: Arc<Notify>) -> Self {
        let (queue, jobs) = mpsc::channel(BATCH_JOBS);
        let desk = Desk { connection: Some(connection), options, work };
        tokio::spawn(desk.serve(jobs));
        Self { queue }
    }

    /// Has `write` done, and returns when it is durable or refused.
    pub(super) async fn submit<W: Write>(&self, write: W) -> Result<W::Answer, StoreError> {
        let (caller, answer) = oneshot::channel();
        let job = Asked { write, outcome: None, caller };
        self.queue.send(Box::new(job)).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }

    /// Whether the writer is at its desk. Does not wait for it: it may be held up by another process's lock.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        if self.queue.is_closed() {
            return Err(gone());
        }
        Ok(())
    }
}

fn gone() -> StoreError {
    StoreError::Unavailable("the store is closed".to_owned())
}

struct Desk {
    connection: Option<SqliteConnection>,
    options: SqliteConnectOptions,
    work: Arc<Notify>,
}

impl Desk {
    async fn serve(mut self, mut jobs: mpsc::Receiver<Box<dyn Job>>) {
        while let Some(first) = jobs.recv().await {
            let mut batch = gather(first, &mut jobs);
            let begun = Instant::now();
            let outcome = self.write(&mut batch).await;
            measure::committed("sqlite", batch.len(), begun.elapsed());
            if outcome.is_err() {
                // Whatever state the connection is in, the next batch starts on a fresh one.
                self.connection = None;
            }
            let makes_work = outcome.is_ok() && batch.iter().any(|job| job.makes_work());
            for job in batch {
                job.answer(&outcome);
            }
            if makes_work {
                announce(&self.work);
            }
        }
        if let Some(connection) = self.connection {
            // Nobody is left to be told; a log that was not folded into the main file is read at the next start.
            let _ = connection.close().await;
        }
    }

    async fn write(&mut self, batch: &mut [Box<dyn Job>]) -> Result<(), StoreError> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => none.insert(SqliteConnection::connect_with(&self.options).await?),
        };
        let mut transaction = connection.begin_with(BEGIN_WRITE).await?;
        for job in batch {
            if !job.undoable() {
                job.run(&mut transaction).await?;
                continue;
            }
            let mut savepoint = transaction.begin().await?;
            match job.run(&mut savepoint).await {
                Ok(true) => savepoint.commit().await?,
                Ok(false) => savepoint.rollback().await?,
                Err(error) => {
                    // After some errors SQLite has ended the whole transaction: then there is no savepoint to return to.
                    if savepoint.rollback().await.is_err() {
                        return Err(error);
                    }
                    job.fail(error);
                }
            }
        }
        failpoint::reached(failpoint::COMMIT_BEFORE);
        transaction.commit().await?;
        failpoint::reached(failpoint::COMMIT_AFTER);
        Ok(())
    }
}

/// Takes what waits, up to the size of a batch.
fn gather(first: Box<dyn Job>, jobs: &mut mpsc::Receiver<Box<dyn Job>>) -> Vec<Box<dyn Job>> {
    let mut size_bytes = first.size_bytes();
    let mut batch = vec![first];
    while batch.len() < BATCH_JOBS
        && size_bytes < BATCH_BYTES
        && let Ok(job) = jobs.try_recv()
    {
        size_bytes += job.size_bytes();
        batch.push(job);
    }
    batch
}

/// Wakes everybody who waits for work, and the next who comes to wait, should all be busy looking just now.
pub(super) fn announce(work: &Notify) {
    work.notify_waiters();
    work.notify_one();
}
