//! Group commit: a desk takes the jobs that wait, does them in one transaction, and answers after the commit. Where they are
//! one statement, that is the transaction: one round trip instead of one for each of `BEGIN`, the statements and `COMMIT`.
//!
//! While a commit is under way the next jobs gather; nobody waits for a batch to fill, unless the operator wants that. A
//! desk has a connection of its own, replaces it when it breaks, and repeats what another transaction was in the way of.
//! Where one job must be undone or fails, its neighbours are done again without it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use sqlx::{Connection, Executor, PgConnection, postgres::PgConnectOptions};
use tokio::sync::{mpsc, oneshot};

use super::{
    error::Failed,
    open::{connect, in_time},
    wake::Bell,
};
use crate::{
    failpoint,
    store::{StoreError, Work},
};

/// How often a batch is tried that other transactions are in the way of.
const TRIES: u32 = 8;

/// How long plans are used. What was planned for a small table may walk all of a large one, and the server itself would notice
/// with the next statistics only.
const PLANS_LAST: Duration = Duration::from_secs(1);

const PLAN_ANEW: &str = "DISCARD PLANS";

/// What is to become of what a batch wrote.
pub(super) enum Verdict<A> {
    /// It is committed. One answer a job, in their order.
    Keep(Vec<A>),
    /// It is undone. The answer stands where the batch was one job; otherwise each is done by itself.
    Undo(A),
}

/// Who is to look for which work.
#[derive(Clone, Copy)]
pub(super) enum Ring {
    /// Those of this process.
    Here(Work),
    /// All who share the database.
    Everywhere(Work),
}

/// A sort of work that a desk does.
#[async_trait]
pub(super) trait Trade: Send + Sync + 'static {
    /// What is asked.
    type Job: Send + Sync + 'static;
    /// What the caller learns.
    type Answer: Send + 'static;

    /// Jobs that share a commit, at most.
    const BATCH_JOBS: usize;

    /// Whether a batch whose commit is in doubt may be done again without asking the callers.
    const MAY_REPEAT: bool = false;

    /// What jobs that share a commit have in common; those of another kind have one of their own.
    type Kind: PartialEq + Send;

    /// Of what kind a job is.
    fn kind(job: &Self::Job) -> Self::Kind;

    /// Whether [`Self::run`] does these jobs by one statement, which is then a transaction by itself, and undoes nothing.
    fn is_one_statement(&self, jobs: &[Self::Job]) -> bool;

    /// Does the jobs, within a transaction. Called again with the same ones where that was rolled back.
    async fn run(&self, connection: &mut PgConnection, jobs: &[Self::Job]) -> Result<Verdict<Self::Answer>, Failed>;

    /// Who is to look for work after `job` was answered so.
    fn rings(job: &Self::Job, answer: &Self::Answer) -> Ring;

    /// Size of what a job carries.
    fn size_bytes(_job: &Self::Job) -> usize {
        0
    }
}

/// Size of the bodies that share a commit; one body larger than this is a batch by itself.
const BATCH_BYTES: usize = 8 * 1024 * 1024;

type Caller<A> = oneshot::Sender<Result<A, StoreError>>;

/// The end of the queue at which callers stand. The desk closes when the last of these is dropped, after it has done what
/// was queued.
pub(super) struct Counter<T: Trade> {
    queue: mpsc::Sender<Queued<T>>,
}

impl<T: Trade> Counter<T> {
    /// Opens a desk.
    pub(super) fn open(trade: T, options: PgConnectOptions, gather: Duration, bell: Arc<Bell>) -> Self {
        let (queue, jobs) = mpsc::channel(T::BATCH_JOBS);
        let desk = Desk { trade, options, gather, bell, connection: None };
        tokio::spawn(desk.serve(jobs));
        Self { queue }
    }

    /// Has `job` done, and returns when it is durable or refused.
    pub(super) async fn submit(&self, job: T::Job) -> Result<T::Answer, StoreError> {
        let (caller, answer) = oneshot::channel();
        self.queue.send((job, caller)).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

fn gone() -> StoreError {
    StoreError::Unavailable("the store is closed".to_owned())
}

type Queued<T> = (<T as Trade>::Job, Caller<<T as Trade>::Answer>);

/// Where one sort of work is done.
pub(super) struct Desk<T: Trade> {
    pub(super) trade: T,
    pub(super) options: PgConnectOptions,
    pub(super) gather: Duration,
    pub(super) bell: Arc<Bell>,
    pub(super) connection: Option<Line>,
}

/// A connection, and since when it makes its plans.
pub(super) struct Line {
    pub(super) connection: PgConnection,
    pub(super) planned: Instant,
}

impl<T: Trade> Desk<T> {
    async fn serve(mut self, mut queue: mpsc::Receiver<Queued<T>>) {
        while let Some(first) = queue.recv().await {
            let mut waiting = vec![first];
            self.gather(&mut queue, &mut waiting).await;
            while let Some((first, _)) = waiting.first() {
                let kind = T::kind(first);
                let (batch, others) = waiting.into_iter().partition(|(job, _)| T::kind(job) == kind);
                waiting = others;
                self.serve_batch(batch).await;
            }
        }
        if let Some(line) = self.connection {
            // Nobody is left to be told.
            let _ = line.connection.close().await;
        }
    }

    async fn serve_batch(&mut self, batch: Vec<Queued<T>>) {
        let (jobs, callers): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
        let answers = self.answers(&jobs).await;
        let (mut here, mut everywhere) = (Work::NONE, Work::NONE);
        for (job, answer) in jobs.iter().zip(&answers) {
            match answer.as_ref().map(|answer| T::rings(job, answer)) {
                Ok(Ring::Here(work)) => here = here | work,
                Ok(Ring::Everywhere(work)) => everywhere = everywhere | work,
                Err(_) => {}
            }
        }
        // Their memory goes first: a caller may let somebody else take as much.
        drop(jobs);
        for (caller, answer) in callers.into_iter().zip(answers) {
            // A caller that went away does not need to know.
            let _ = caller.send(answer);
        }
        self.bell.ring(everywhere);
        self.bell.ring_here(here);
    }

    /// Takes what waits, up to the size of a batch.
    async fn gather(&self, queue: &mut mpsc::Receiver<Queued<T>>, waiting: &mut Vec<Queued<T>>) {
        let mut size_bytes = waiting.iter().map(|(job, _)| T::size_bytes(job)).sum::<usize>();
        let patience = tokio::time::sleep(self.gather);
        tokio::pin!(patience);
        let mut had = 0;
        while waiting.len() < T::BATCH_JOBS && size_bytes < BATCH_BYTES {
            let next = match queue.try_recv() {
                Ok(next) => Some(next),
                // Those who were answered just now are about to come again: as long as some do, let them.
                Err(_) if waiting.len() > had => {
                    had = waiting.len();
                    tokio::task::yield_now().await;
                    continue;
                }
                Err(_) if self.gather.is_zero() => None,
                Err(_) => tokio::select! {
                    biased;
                    next = queue.recv() => next,
                    () = &mut patience => None,
                },
            };
            let Some(next) = next else { break };
            size_bytes += T::size_bytes(&next.0);
            waiting.push(next);
        }
    }

    /// One answer for each job.
    async fn answers(&mut self, jobs: &[T::Job]) -> Vec<Result<T::Answer, StoreError>> {
        match self.done(jobs).await {
            Ok(Verdict::Keep(answers)) => return answers.into_iter().map(Ok).collect(),
            Ok(Verdict::Undo(answer)) if jobs.len() == 1 => return vec![Ok(answer)],
            Err(failed) if jobs.len() == 1 || failed.is_cut() => {
                let error = StoreError::from(failed);
                return jobs.iter().map(|_| Err(error.clone())).collect();
            }
            Ok(Verdict::Undo(_)) | Err(_) => {}
        }
        let mut answers = Vec::with_capacity(jobs.len());
        for job in jobs {
            answers.push(match self.done(std::slice::from_ref(job)).await {
                Ok(Verdict::Keep(mut answer)) => answer.pop().ok_or_else(gone),
                Ok(Verdict::Undo(answer)) => Ok(answer),
                Err(failed) => Err(failed.into()),
            });
        }
        answers
    }

    /// Does a batch, again where others were in the way, and once more where the connection had broken before.
    pub(super) async fn done(&mut self, jobs: &[T::Job]) -> Result<Verdict<T::Answer>, Failed> {
        let mut was_cut = false;
        let mut tries = 0;
        loop {
            tries += 1;
            let failed = match self.once(jobs).await {
                Err(failed) => failed,
                done => return done,
            };
            if failed.is_collision() && tries < TRIES {
                continue;
            }
            if failed.is_cut() {
                self.connection = None;
                // Silence has cost the callers enough time.
                let in_doubt = matches!(failed, Failed::InDoubt);
                if !was_cut && !matches!(failed, Failed::Silence) && (!in_doubt || T::MAY_REPEAT) {
                    was_cut = true;
                    continue;
                }
            }
            return Err(failed);
        }
    }

    async fn once(&mut self, jobs: &[T::Job]) -> Result<Verdict<T::Answer>, Failed> {
        let mut line = match self.connection.take() {
            Some(line) => line,
            None => Line { connection: connect(&self.options).await?, planned: Instant::now() },
        };
        let done = in_time(transact(&self.trade, &mut line, jobs)).await;
        if done.as_ref().err().is_none_or(|failed| !failed.is_cut()) {
            self.connection = Some(line);
        }
        done
    }
}

async fn transact<T: Trade>(
    trade: &T,
    Line { connection, planned }: &mut Line,
    jobs: &[T::Job],
) -> Result<Verdict<T::Answer>, Failed> {
    if planned.elapsed() > PLANS_LAST {
        // A connection that broke while nobody looked is found out here, too, where there is nothing to be in doubt about.
        connection.execute(PLAN_ANEW).await?;
        *planned = Instant::now();
    }
    if trade.is_one_statement(jobs) {
        failpoint::reached(failpoint::COMMIT_BEFORE);
        // Answered means committed: the driver waits until the server is ready for the next.
        let verdict = trade.run(connection, jobs).await.map_err(in_doubt)?;
        failpoint::reached(failpoint::COMMIT_AFTER);
        return Ok(verdict);
    }
    let mut transaction = connection.begin().await?;
    match trade.run(&mut transaction, jobs).await {
        Ok(Verdict::Keep(answers)) => {
            failpoint::reached(failpoint::COMMIT_BEFORE);
            transaction.commit().await.map_err(|error| in_doubt(error.into()))?;
            failpoint::reached(failpoint::COMMIT_AFTER);
            Ok(Verdict::Keep(answers))
        }
        Ok(undo) => {
            transaction.rollback().await?;
            Ok(undo)
        }
        Err(failed) => {
            if !failed.is_cut() {
                transaction.rollback().await?;
            }
            Err(failed)
        }
    }
}

/// Why a commit did not work, or what it is that nobody knows.
fn in_doubt(failed: Failed) -> Failed {
    if failed.is_cut() { Failed::InDoubt } else { failed }
}
