//! Ending claims, and commits outside of any claim: the writes that decisions cause, many in one transaction.

use std::collections::HashSet;

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;
use sqlx::PgConnection;

use super::{
    commit,
    deliveries::{self, Ends},
    desk::{Ring, Trade, Verdict},
    effects,
    error::Failed,
};
use crate::store::kept::{micros, to_json};
use crate::store::{Commit, Lease, Settled, Settlement, Work};

/// Which claim ends.
pub(super) enum Claimed {
    /// One on a delivery.
    Delivery(Lease, Settlement),
    /// One on an effect.
    Effect(Lease, Settlement),
}

/// One settlement, or a commit alone.
pub(super) struct Job {
    pub(super) claimed: Option<Claimed>,
    pub(super) now: Timestamp,
    pub(super) commit: Commit,
}

impl Job {
    /// Whether it is the good end of a delivery that comes to nothing but a decision, as most do.
    fn is_decision_alone(&self) -> bool {
        matches!(self.claimed, Some(Claimed::Delivery(_, Settlement::Done(_)))) && self.commit.is_decision_alone()
    }
}

/// Settles.
pub(super) struct Settling;

#[async_trait]
impl Trade for Settling {
    type Job = Job;
    type Answer = Settled;

    const BATCH_JOBS: usize = 128;

    type Kind = ();

    fn kind(_job: &Job) {}

    fn is_one_statement(&self, jobs: &[Job]) -> bool {
        jobs.iter().all(Job::is_decision_alone) && !settle_one_twice(jobs)
    }

    async fn run(&self, connection: &mut PgConnection, jobs: &[Job]) -> Result<Verdict<Settled>, Failed> {
        if self.is_one_statement(jobs) {
            return end_all(connection, jobs).await;
        }
        let pieces: Vec<_> = jobs.iter().map(|job| (job.now, &job.commit)).collect();
        if commit::depend_on_order(&pieces) || settle_one_twice(jobs) {
            // Undone before anything was written: each is done by itself.
            return Ok(Verdict::Undo(Settled::Conflict));
        }
        let (on_deliveries, on_effects, results) = ends(jobs)?;
        let finished: Vec<i64> = on_deliveries.leaving().collect();
        commit::lock_lanes(connection, &finished, &pieces).await?;
        let held: HashSet<i64> = deliveries::settle(connection, &on_deliveries).await?.into_iter().collect();
        let performed: HashSet<i64> = effects::settle(connection, &on_effects, &results).await?.into_iter().collect();
        let is_valid = |job: &Job| match &job.claimed {
            None => true,
            Some(Claimed::Delivery(lease, _)) => held.contains(&lease.id),
            Some(Claimed::Effect(lease, _)) => performed.contains(&lease.id),
        };
        let valid: Vec<_> = jobs.iter().filter(|job| is_valid(job)).map(|job| (job.now, &job.commit)).collect();
        if !commit::write(connection, &valid).await? {
            return Ok(Verdict::Undo(Settled::Conflict));
        }
        let answer = |job| if is_valid(job) { Settled::Committed } else { Settled::LeaseLost };
        Ok(Verdict::Keep(jobs.iter().map(answer).collect()))
    }

    fn rings(job: &Job, answer: &Settled) -> Ring {
        let freed = match &job.claimed {
            Some(Claimed::Delivery(..)) => Work::DELIVERIES,
            Some(Claimed::Effect(..)) => Work::EFFECTS,
            None => Work::NONE,
        };
        Ring::Everywhere((freed | job.commit.makes()).when(*answer == Settled::Committed))
    }

    fn size_bytes(job: &Job) -> usize {
        job.commit.sealed.iter().map(|blob| blob.bytes.len()).sum()
    }
}

/// Ends deliveries that come to nothing but a decision.
async fn end_all(connection: &mut PgConnection, jobs: &[Job]) -> Result<Verdict<Settled>, Failed> {
    let (on_deliveries, ..) = ends(jobs)?;
    let number = |job: &Job| match &job.claimed {
        Some(Claimed::Delivery(lease, _)) => Some(lease.id),
        _ => None,
    };
    let decisions: Vec<_> = jobs.iter().filter_map(|job| Some((number(job)?, job.commit.decision.as_ref()?))).collect();
    let held: HashSet<i64> = deliveries::end(connection, &on_deliveries, &decisions).await?.into_iter().collect();
    let is_held = |job: &Job| number(job).is_some_and(|id| held.contains(&id));
    let answer = |job| if is_held(job) { Settled::Committed } else { Settled::LeaseLost };
    Ok(Verdict::Keep(jobs.iter().map(answer).collect()))
}

fn settle_one_twice(jobs: &[Job]) -> bool {
    let mut seen = HashSet::new();
    !jobs.iter().filter_map(|job| job.claimed.as_ref()).all(|claimed| match claimed {
        Claimed::Delivery(lease, _) => seen.insert((true, lease.id)),
        Claimed::Effect(lease, _) => seen.insert((false, lease.id)),
    })
}

/// The ends of leases on deliveries and on effects, and what the effects made.
fn ends(jobs: &[Job]) -> Result<(Ends<'_>, Ends<'_>, Vec<Option<String>>), Failed> {
    let (mut on_deliveries, mut on_effects, mut results) = (Ends::default(), Ends::default(), Vec::new());
    // By number, in one order for everybody, so that two do not wait for each other.
    let mut jobs: Vec<&Job> = jobs.iter().filter(|job| job.claimed.is_some()).collect();
    jobs.sort_by_key(|job| match &job.claimed {
        Some(Claimed::Delivery(lease, _) | Claimed::Effect(lease, _)) => lease.id,
        None => 0,
    });
    for job in jobs {
        match &job.claimed {
            Some(Claimed::Delivery(lease, settlement)) => {
                // A delivery makes nothing of its own.
                on_deliveries.push(lease, job.now, settlement, "parked");
            }
            Some(Claimed::Effect(lease, settlement)) => {
                on_effects.push(lease, job.now, settlement, "dead");
                results.push(match settlement {
                    Settlement::Done(value) => Some(made(value)?),
                    _ => None,
                });
            }
            None => {}
        }
    }
    Ok((on_deliveries, on_effects, results))
}

fn made(value: &Value) -> Result<String, Failed> {
    Ok(to_json(value)?)
}

impl<'a> Ends<'a> {
    /// The same end for all of `leases`; it is not that of something given up.
    pub(super) fn alike(leases: &'a [Lease], now: Timestamp, settlement: &'a Settlement) -> Self {
        let mut ends = Self::default();
        for lease in leases {
            ends.push(lease, now, settlement, "");
        }
        ends
    }

    /// Numbers of those that give up their place in their lane.
    fn leaving(&self) -> impl Iterator<Item = i64> + '_ {
        let leaves = self.over.iter().zip(&self.aside).map(|(over, aside)| *over || *aside);
        self.ids.iter().zip(leaves).filter(|(_, leaves)| *leaves).map(|(id, _)| *id)
    }

    fn push(&mut self, lease: &'a Lease, now: Timestamp, settlement: &'a Settlement, given_up: &'a str) {
        let waiting = |at: &Timestamp| if *at > now { "scheduled" } else { "ready" };
        let (state, at, error, given_back, over) = match settlement {
            Settlement::Done(_) => ("done", None, None, 0, true),
            Settlement::Retry { at, error } => (waiting(at), Some(micros(*at)), Some(error.as_str()), 0, false),
            Settlement::Aside { at, error } => (waiting(at), Some(micros(*at)), Some(error.as_str()), 0, false),
            Settlement::Later { at } => (waiting(at), Some(micros(*at)), None, 1, false),
            Settlement::GivenUp { error } => (given_up, None, Some(error.as_str()), 0, true),
        };
        self.ids.push(lease.id);
        self.tokens.push(&lease.token);
        self.nows.push(micros(now));
        self.states.push(state);
        self.ats.push(at);
        self.errors.push(error);
        self.given_back.push(given_back);
        self.over.push(over);
        self.aside.push(matches!(settlement, Settlement::Aside { .. }));
    }
}
