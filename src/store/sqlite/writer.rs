//! The one writer, and its group commit.
//!
//! Every write is a job in one queue. The writer, a thread of its own, takes what waits, runs it in one transaction, each
//! job in a savepoint of its own where it may have to be undone alone, and answers the callers only after the commit: many
//! deliveries share one wait for the disk. While a batch is being made durable the next one gathers; nobody waits for a
//! batch to fill, unless [`StoreOptions::gather_ms`](crate::store::StoreOptions::gather_ms) asks for it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use rusqlite::Connection;
use tokio::{
    runtime::Handle,
    select,
    sync::{mpsc, oneshot},
    time::sleep,
};

use super::{
    arrivals,
    fold::Fold,
    open::{BEGIN_WRITE, Database},
    statement::change,
};
use crate::{
    failpoint,
    store::{Acceptance, NewDelivery, StoreError, Work, measure, work::Calls},
};

/// Jobs that share a commit, at most.
const BATCH_JOBS: usize = 256;

/// Size of the bodies that share a commit. One body larger than this is a batch by itself.
const BATCH_BYTES: usize = 1024 * 1024;

const COMMIT: &str = "COMMIT";

// Around a job that may have to be undone alone.
const SAVE: &str = "SAVEPOINT job";
const UNDO: &str = "ROLLBACK TO job";
const RELEASE: &str = "RELEASE job";

/// What is to become of what a job wrote.
pub(super) enum Verdict<T> {
    /// It is committed with the batch.
    Keep(T),
    /// It is undone; the answer stands all the same.
    Undo(T),
}

/// Something that writes.
pub(super) trait Write: Send + 'static {
    /// What the caller learns.
    type Answer: Send + 'static;

    /// Does it.
    fn run(&mut self, connection: &Connection) -> Result<Verdict<Self::Answer>, StoreError>;

    /// What there may be to claim after it.
    fn makes(&self, answer: &Self::Answer) -> Work;

    /// Whether it may have to be undone, or may fail, while its neighbours are kept. One that says no must write nothing
    /// where its verdict is to undo.
    fn may_fail_alone(&self) -> bool {
        true
    }
}

/// A [`Write`] whose type of answer is hidden, so that all may stand in one queue.
trait Job: Send {
    /// Runs it and remembers its answer. `Ok(false)` asks for it to be undone.
    fn run(&mut self, connection: &Connection) -> Result<bool, StoreError>;
    /// Lets this job alone end with `error`.
    fn fail(&mut self, error: StoreError);
    /// Tells the caller, unless the batch failed.
    fn answer(self: Box<Self>, batch: &Result<(), StoreError>);
    fn makes(&self) -> Work;
    fn may_fail_alone(&self) -> bool;
    /// Size of the body that it brings.
    fn size_bytes(&self) -> usize;
}

struct Asked<W: Write> {
    write: W,
    size_bytes: usize,
    outcome: Option<Result<W::Answer, StoreError>>,
    caller: oneshot::Sender<Result<W::Answer, StoreError>>,
}

impl<W: Write> Job for Asked<W> {
    fn run(&mut self, connection: &Connection) -> Result<bool, StoreError> {
        let (answer, keep) = match self.write.run(connection)? {
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
        // Its memory goes first: the caller may let somebody else take as much.
        drop(self.write);
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

    fn size_bytes(&self) -> usize {
        self.size_bytes
    }
}

/// A delivery that is to be durable.
struct Accept(NewDelivery);

impl Write for Accept {
    type Answer = Acceptance;

    fn run(&mut self, connection: &Connection) -> Result<Verdict<Acceptance>, StoreError> {
        arrivals::accept(connection, &self.0).map(Verdict::Keep)
    }

    fn makes(&self, answer: &Acceptance) -> Work {
        Work::DELIVERIES.when(*answer == Acceptance::Fresh)
    }

    fn may_fail_alone(&self) -> bool {
        false
    }
}

/// The end of the queue at which callers stand. The writer ends when the last of these is dropped, after it has done what
/// was queued.
pub(super) struct Writer {
    queue: mpsc::Sender<Box<dyn Job>>,
}

impl Writer {
    /// Starts the writer on `connection`; should it break, another is made to `database`. Each commit waits for company for
    /// as long as `gather` says.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] where the system has no thread for it.
    pub(super) fn start(
        connection: Connection,
        database: Database,
        gather: Duration,
        work: Arc<Calls>,
    ) -> Result<Self, StoreError> {
        let (queue, queued) = mpsc::channel(BATCH_JOBS);
        let fold = Fold::beside(database.clone())?;
        let desk = Desk { connection: Some(connection), database, gather, work, fold };
        let runtime = Handle::current();
        thread("embargod-writer", move || desk.serve(queued, &runtime))?;
        Ok(Self { queue })
    }

    /// Has `write` done, and returns when it is durable or refused.
    pub(super) async fn submit<W: Write>(&self, write: W) -> Result<W::Answer, StoreError> {
        self.ask(write, 0).await
    }

    /// Makes `delivery` durable, and returns when it is.
    pub(super) async fn accept(&self, delivery: NewDelivery) -> Result<Acceptance, StoreError> {
        let size_bytes = delivery.sealed_body.len();
        self.ask(Accept(delivery), size_bytes).await
    }

    async fn ask<W: Write>(&self, write: W, size_bytes: usize) -> Result<W::Answer, StoreError> {
        let (caller, answer) = oneshot::channel();
        let asked = Asked { write, size_bytes, outcome: None, caller };
        self.queue.send(Box::new(asked)).await.map_err(|_| gone())?;
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

/// Starts a thread that nobody waits for.
pub(super) fn thread(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), StoreError> {
    let begun = std::thread::Builder::new().name(name.to_owned()).spawn(work);
    begun.map(drop).map_err(|error| StoreError::Unavailable(format!("no thread for it ({})", error.kind())))
}

pub(super) fn gone() -> StoreError {
    StoreError::Unavailable("the store is closed".to_owned())
}

struct Desk {
    connection: Option<Connection>,
    database: Database,
    gather: Duration,
    work: Arc<Calls>,
    fold: Fold,
}

impl Desk {
    fn serve(mut self, mut queue: mpsc::Receiver<Box<dyn Job>>, runtime: &Handle) {
        while let Some(first) = queue.blocking_recv() {
            let mut batch = Batch::of(first);
            batch.take_waiting(&mut queue);
            if !self.gather.is_zero() {
                runtime.block_on(batch.take_until(&mut queue, sleep(self.gather)));
            }
            let begun = Instant::now();
            let outcome = self.write(&mut batch);
            measure::committed("sqlite", batch.jobs.len(), begun.elapsed());
            self.fold.wrote(batch.jobs.len());
            if outcome.is_err() {
                // Whatever state the connection is in, the next batch starts on a fresh one.
                self.connection = None;
            }
            self.work.call(batch.answer(&outcome));
        }
    }

    /// Writes all of `batch` in one transaction.
    fn write(&mut self, batch: &mut Batch) -> Result<(), StoreError> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => none.insert(self.database.connect()?),
        };
        change(connection, BEGIN_WRITE, [])?;
        for job in &mut batch.jobs {
            if job.may_fail_alone() {
                run_alone(connection, &mut **job)?;
                continue;
            }
            match job.run(connection) {
                Err(error @ StoreError::Corrupt(_)) => job.fail(error),
                ran => drop(ran?),
            }
        }
        failpoint::reached(failpoint::COMMIT_BEFORE);
        change(connection, COMMIT, [])?;
        failpoint::reached(failpoint::COMMIT_AFTER);
        Ok(())
    }
}

/// Runs a job so that its neighbours are kept where it is undone or fails.
fn run_alone(connection: &Connection, job: &mut dyn Job) -> Result<(), StoreError> {
    change(connection, SAVE, [])?;
    match job.run(connection) {
        Ok(true) => {}
        Ok(false) => drop(change(connection, UNDO, [])?),
        Err(error) => {
            // After some errors SQLite has ended the whole transaction: then there is no savepoint to return to.
            if change(connection, UNDO, []).is_err() {
                return Err(error);
            }
            job.fail(error);
        }
    }
    change(connection, RELEASE, []).map(drop)
}

/// What shares a commit.
struct Batch {
    jobs: Vec<Box<dyn Job>>,
    size_bytes: usize,
}

impl Batch {
    fn of(first: Box<dyn Job>) -> Self {
        let mut batch = Self { jobs: Vec::new(), size_bytes: 0 };
        batch.add(first);
        batch
    }

    /// Takes what waits, up to the size of a batch.
    fn take_waiting(&mut self, queue: &mut mpsc::Receiver<Box<dyn Job>>) {
        while !self.is_full()
            && let Ok(next) = queue.try_recv()
        {
            self.add(next);
        }
    }

    /// Takes what comes until `enough`.
    async fn take_until(&mut self, queue: &mut mpsc::Receiver<Box<dyn Job>>, enough: impl Future<Output = ()>) {
        tokio::pin!(enough);
        while !self.is_full() {
            let next = select! {
                biased;
                next = queue.recv() => next,
                () = &mut enough => None,
            };
            let Some(next) = next else {
                break;
            };
            self.add(next);
        }
    }

    fn add(&mut self, job: Box<dyn Job>) {
        self.size_bytes += job.size_bytes();
        self.jobs.push(job);
    }

    fn is_full(&self) -> bool {
        self.jobs.len() >= BATCH_JOBS || self.size_bytes >= BATCH_BYTES
    }

    /// Tells every caller; returns what there may be to claim.
    fn answer(self, outcome: &Result<(), StoreError>) -> Work {
        let made = self.jobs.iter().fold(Work::NONE, |made, job| made | job.makes()).when(outcome.is_ok());
        for job in self.jobs {
            job.answer(outcome);
        }
        made
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::conformance::delivery;

    fn arrival(bytes: usize) -> Box<dyn Job> {
        let (caller, _answer) = oneshot::channel();
        let write = Accept(delivery("d", "repo:1", 0));
        Box::new(Asked { write, size_bytes: bytes, outcome: None, caller })
    }

    fn sizes(batch: &Batch) -> Vec<usize> {
        batch.jobs.iter().map(|job| job.size_bytes()).collect()
    }

    #[test]
    fn without_patience_a_commit_takes_what_waits() {
        let (queue, mut queued) = mpsc::channel(BATCH_JOBS);
        assert!(queue.try_send(arrival(2)).is_ok());
        let mut batch = Batch::of(arrival(1));
        batch.take_waiting(&mut queued);
        assert_eq!(sizes(&batch), [1, 2]);
    }

    #[tokio::test]
    async fn with_patience_a_commit_takes_what_comes_until_it_is_enough() {
        let (queue, mut queued) = mpsc::channel(BATCH_JOBS);
        let (tell, told) = oneshot::channel::<()>();
        let others = async {
            for bytes in [2, 3] {
                tokio::task::yield_now().await;
                assert!(queue.send(arrival(bytes)).await.is_ok());
            }
            tokio::task::yield_now().await;
            tell.send(()).expect("somebody waits");
            tokio::task::yield_now().await;
            assert!(queue.send(arrival(4)).await.is_ok());
        };
        let mut batch = Batch::of(arrival(1));
        let enough = async { told.await.expect("it is told") };
        tokio::join!(batch.take_until(&mut queued, enough), others);
        assert_eq!(sizes(&batch), [1, 2, 3]);
    }

    #[tokio::test]
    async fn a_full_batch_waits_for_nobody() {
        let (queue, mut queued) = mpsc::channel(BATCH_JOBS);
        for _ in 0..BATCH_JOBS {
            assert!(queue.try_send(arrival(1)).is_ok());
        }
        let mut batch = Batch::of(arrival(1));
        batch.take_waiting(&mut queued);
        batch.take_until(&mut queued, std::future::pending()).await;
        assert_eq!(batch.jobs.len(), BATCH_JOBS);
    }
}
