//! The one writer, and its group commit.
//!
//! Every write is a job in one queue. The writer takes what waits, runs it in one transaction, each job in a savepoint of
//! its own where it may have to be undone alone, and answers the callers only after the commit: many deliveries share one
//! wait for the disk. While a batch is being made durable the next one gathers; nobody waits for a batch to fill, unless
//! [`StoreOptions::gather_ms`](crate::store::StoreOptions::gather_ms) asks for it.

use std::{
    sync::{Arc, LazyLock},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use sqlx::{
    AssertSqlSafe, Connection, Sqlite, SqliteConnection,
    query::Query,
    sqlite::{SqliteArguments, SqliteConnectOptions},
};
use tokio::{
    select,
    sync::{mpsc, oneshot},
    time::sleep,
};

use super::{
    arrivals, body,
    endings::{self, Ending},
    fold::Fold,
    open::BEGIN_WRITE,
};
use crate::{
    failpoint,
    store::{Acceptance, NewDelivery, Settled, StoreError, Work, measure, work::Calls},
};

/// Jobs that share a commit, at most.
const BATCH_JOBS: usize = 256;

/// Size of the bodies that share a commit: they are copied into one value. One body larger than this is a batch by itself.
const BATCH_BYTES: usize = 1024 * 1024;

/// Statements in one text. Each that is handed to the connection's thread by itself costs two changes of threads.
pub(super) type AtOnce = LazyLock<String>;

/// Asks all of `statements`, which number their parameters alike; of what they return, the rows come one after another.
pub(super) fn at_once(statements: &'static AtOnce) -> Query<'static, Sqlite, SqliteArguments> {
    sqlx::query(AssertSqlSafe(statements.as_str()))
}

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

    /// Does it.
    async fn run(&mut self, connection: &mut SqliteConnection) -> Result<Verdict<Self::Answer>, StoreError>;

    /// What there may be to claim after it.
    fn makes(&self, answer: &Self::Answer) -> Work;

    /// Whether it may have to be undone, or may fail, while its neighbours are kept. One that says no must write nothing
    /// where its verdict is to undo.
    fn may_fail_alone(&self) -> bool {
        true
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
    fn makes(&self) -> Work;
    fn may_fail_alone(&self) -> bool;
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

    fn makes(&self) -> Work {
        match &self.outcome {
            Some(Ok(answer)) => self.write.makes(answer),
            _ => Work::NONE,
        }
    }

    fn may_fail_alone(&self) -> bool {
        self.write.may_fail_alone()
    }
}

/// A delivery, and who waits for it to be durable.
struct Arrival {
    delivery: NewDelivery,
    caller: oneshot::Sender<Result<Acceptance, StoreError>>,
}

/// What stands in the queue. Deliveries that arrive or end are no [`Job`]s: those of a batch are written by a few statements
/// together.
enum Queued {
    Arrival(Arrival),
    Ending(Ending, oneshot::Sender<Result<Settled, StoreError>>),
    Job(Box<dyn Job>),
}

/// The end of the queue at which callers stand. The writer ends when the last of these is dropped, after it has done what
/// was queued.
pub(super) struct Writer {
    queue: mpsc::Sender<Queued>,
}

impl Writer {
    /// Starts the writer on `connection`; should it break, another is made from `options`. Each commit waits for company
    /// for as long as `gather` says.
    pub(super) fn start(
        connection: SqliteConnection,
        options: SqliteConnectOptions,
        gather: Duration,
        work: Arc<Calls>,
    ) -> Self {
        let (queue, queued) = mpsc::channel(BATCH_JOBS);
        let fold = Fold::beside(options.clone());
        let desk = Desk { connection: Some(connection), options, gather, work, fold };
        tokio::spawn(desk.serve(queued));
        Self { queue }
    }

    /// Has `write` done, and returns when it is durable or refused.
    pub(super) async fn submit<W: Write>(&self, write: W) -> Result<W::Answer, StoreError> {
        let (caller, answer) = oneshot::channel();
        self.enqueue(Queued::Job(Box::new(Asked { write, outcome: None, caller }))).await?;
        answer.await.map_err(|_| gone())?
    }

    /// Makes `delivery` durable, and returns when it is.
    pub(super) async fn accept(&self, delivery: NewDelivery) -> Result<Acceptance, StoreError> {
        let (caller, answer) = oneshot::channel();
        self.enqueue(Queued::Arrival(Arrival { delivery, caller })).await?;
        answer.await.map_err(|_| gone())?
    }

    /// Ends a delivery, and returns when that is durable or refused.
    pub(super) async fn end(&self, ending: Ending) -> Result<Settled, StoreError> {
        let (caller, answer) = oneshot::channel();
        self.enqueue(Queued::Ending(ending, caller)).await?;
        answer.await.map_err(|_| gone())?
    }

    async fn enqueue(&self, queued: Queued) -> Result<(), StoreError> {
        self.queue.send(queued).await.map_err(|_| gone())
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
    gather: Duration,
    work: Arc<Calls>,
    fold: Fold,
}

impl Desk {
    async fn serve(mut self, mut queue: mpsc::Receiver<Queued>) {
        while let Some(first) = queue.recv().await {
            let enough = (!self.gather.is_zero()).then(|| sleep(self.gather));
            let mut batch = Batch::gather(first, &mut queue, enough).await;
            let begun = Instant::now();
            let outcome = self.write(&mut batch).await;
            measure::committed("sqlite", batch.writes(), begun.elapsed());
            self.fold.wrote(batch.writes());
            if outcome.is_err() {
                // Whatever state the connection is in, the next batch starts on a fresh one.
                self.connection = None;
            }
            self.work.call(batch.answer(outcome));
        }
        if let Some(connection) = self.connection {
            // Nobody is left to be told; a log that was not folded into the main file is read at the next start.
            let _ = connection.close().await;
        }
    }

    /// Writes all of `batch` in one transaction; says what became of its deliveries.
    async fn write(&mut self, batch: &mut Batch) -> Result<Written, StoreError> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => none.insert(SqliteConnection::connect_with(&self.options).await?),
        };
        // Nothing in deliveries can fail for one of them alone, so they need no savepoint.
        if batch.is_of_small_deliveries() {
            failpoint::reached(failpoint::COMMIT_BEFORE);
            let accepted = arrivals::accept_alone(connection, &batch.deliveries).await?;
            failpoint::reached(failpoint::COMMIT_AFTER);
            return Ok(Written { accepted, ended: Vec::new() });
        }
        let mut transaction = connection.begin_with(BEGIN_WRITE).await?;
        let mut written = Written::default();
        if !batch.deliveries.is_empty() {
            written.accepted = arrivals::accept_within(&mut transaction, &batch.deliveries).await?;
        }
        if !batch.endings.is_empty() {
            let endings = batch.endings.iter().map(|(ending, _)| ending);
            written.ended = endings::end_all(&mut transaction, endings).await?;
        }
        for job in &mut batch.jobs {
            if !job.may_fail_alone() {
                match job.run(&mut transaction).await {
                    Err(error @ StoreError::Corrupt(_)) => job.fail(error),
                    ran => drop(ran?),
                }
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
        Ok(written)
    }
}

/// What became of the deliveries of a batch, in their order.
#[derive(Default)]
struct Written {
    accepted: Vec<Acceptance>,
    ended: Vec<Settled>,
}

/// What shares a commit: deliveries first, so that a claim beside them finds them and those behind them.
#[derive(Default)]
struct Batch {
    deliveries: Vec<NewDelivery>,
    senders: Vec<oneshot::Sender<Result<Acceptance, StoreError>>>,
    endings: Vec<(Ending, oneshot::Sender<Result<Settled, StoreError>>)>,
    jobs: Vec<Box<dyn Job>>,
    size_bytes: usize,
}

impl Batch {
    /// Takes what waits, up to the size of a batch; and what comes until `enough`, where there is patience at all.
    async fn gather(
        first: Queued,
        queue: &mut mpsc::Receiver<Queued>,
        enough: Option<impl Future<Output = ()>>,
    ) -> Self {
        let mut batch = Self::default();
        batch.add(first);
        let mut enough = enough.map(Box::pin);
        while !batch.is_full() {
            let next = match queue.try_recv() {
                Ok(next) => Some(next),
                Err(_) => match &mut enough {
                    Some(enough) => select! {
                        biased;
                        next = queue.recv() => next,
                        () = enough => None,
                    },
                    None => None,
                },
            };
            let Some(next) = next else {
                break;
            };
            batch.add(next);
        }
        batch
    }

    fn add(&mut self, queued: Queued) {
        match queued {
            Queued::Job(job) => self.jobs.push(job),
            Queued::Ending(ending, caller) => self.endings.push((ending, caller)),
            Queued::Arrival(Arrival { delivery, caller }) => {
                self.size_bytes += delivery.sealed_body.len();
                self.deliveries.push(delivery);
                self.senders.push(caller);
            }
        }
    }

    fn writes(&self) -> usize {
        self.deliveries.len() + self.endings.len() + self.jobs.len()
    }

    fn is_of_small_deliveries(&self) -> bool {
        self.jobs.is_empty()
            && self.endings.is_empty()
            && !self.deliveries.iter().any(|new| body::is_large(&new.sealed_body))
    }

    fn is_full(&self) -> bool {
        self.writes() >= BATCH_JOBS || self.size_bytes >= BATCH_BYTES
    }

    /// Tells every caller; returns what there may be to claim.
    fn answer(self, outcome: Result<Written, StoreError>) -> Work {
        let (Written { accepted, ended }, outcome) = match outcome {
            Ok(written) => (written, Ok(())),
            Err(error) => (Written::default(), Err(error)),
        };
        let some = accepted.contains(&Acceptance::Fresh) || ended.contains(&Settled::Committed);
        let arrived = Work::DELIVERIES.when(some);
        let made = self.jobs.iter().fold(arrived, |made, job| made | job.makes()).when(outcome.is_ok());
        let mut accepted = accepted.into_iter();
        for caller in self.senders {
            let answer = match &outcome {
                Ok(()) => accepted.next().ok_or_else(gone),
                Err(error) => Err(error.clone()),
            };
            // A sender that went away does not need to know.
            let _ = caller.send(answer);
        }
        let mut ended = ended.into_iter();
        for (_, caller) in self.endings {
            let answer = match &outcome {
                Ok(()) => ended.next().ok_or_else(gone),
                Err(error) => Err(error.clone()),
            };
            let _ = caller.send(answer);
        }
        for job in self.jobs {
            job.answer(&outcome);
        }
        made
    }
}

#[cfg(test)]
mod tests {
    use std::future::Ready;

    use super::*;
    use crate::store::conformance::delivery;

    fn arrival(guid: &str) -> Queued {
        let (caller, _answer) = oneshot::channel();
        Queued::Arrival(Arrival { delivery: delivery(guid, "repo:1", 0), caller })
    }

    fn guids(batch: &Batch) -> Vec<&str> {
        batch.deliveries.iter().map(|new| new.guid.as_str()).collect()
    }

    #[tokio::test]
    async fn without_patience_a_commit_takes_what_waits() {
        let (queue, mut queued) = mpsc::channel(BATCH_JOBS);
        queue.try_send(arrival("there")).expect("there is room");
        let batch = Batch::gather(arrival("first"), &mut queued, None::<Ready<()>>).await;
        assert_eq!(guids(&batch), ["first", "there"]);
    }

    #[tokio::test]
    async fn with_patience_a_commit_takes_what_comes_until_it_is_enough() {
        let (queue, mut queued) = mpsc::channel(BATCH_JOBS);
        let (tell, told) = oneshot::channel::<()>();
        let others = async {
            for guid in ["soon", "later"] {
                tokio::task::yield_now().await;
                queue.send(arrival(guid)).await.expect("somebody reads");
            }
            tokio::task::yield_now().await;
            tell.send(()).expect("somebody waits");
            tokio::task::yield_now().await;
            queue.send(arrival("too late")).await.expect("there is room");
        };
        let enough = async { told.await.expect("it is told") };
        let (batch, ()) = tokio::join!(Batch::gather(arrival("first"), &mut queued, Some(enough)), others);
        assert_eq!(guids(&batch), ["first", "soon", "later"]);
    }

    #[tokio::test]
    async fn a_full_batch_waits_for_nobody() {
        let (queue, mut queued) = mpsc::channel(BATCH_JOBS);
        for n in 0..BATCH_JOBS {
            queue.try_send(arrival(&n.to_string())).expect("there is room");
        }
        let never = std::future::pending::<()>();
        let batch = Batch::gather(arrival("first"), &mut queued, Some(never)).await;
        assert_eq!(batch.deliveries.len(), BATCH_JOBS);
    }
}
