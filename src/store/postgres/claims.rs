//! Claiming for many workers at one time: those who ask for the same together are served by one statement.

use std::collections::VecDeque;

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::PgConnection;

use super::{
    deliveries,
    desk::{Ring, Trade, Verdict},
    effects,
    error::Failed,
};
use crate::store::{ClaimedDelivery, ClaimedEffect, Work};

/// Workers who ask within one stretch of so many milliseconds are served together, as of the earliest of their instants.
const TOGETHER_MS: i64 = 50;

/// What is claimed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// Of the lanes that have waited longest.
    OldestDeliveries,
    /// Of the lanes in which something arrived last.
    NewestDeliveries,
    /// Of at least the urgency with this rank.
    Effects { least: i64 },
}

/// What one worker asks for.
pub(super) struct Job {
    pub(super) what: What,
    pub(super) now: Timestamp,
    pub(super) lease_ms: i64,
    pub(super) most: u32,
}

/// What one worker gets.
#[derive(Default)]
pub(super) struct Share {
    pub(super) deliveries: Vec<ClaimedDelivery>,
    pub(super) effects: Vec<ClaimedEffect>,
}

/// Claims.
pub(super) struct Claiming;

#[async_trait]
impl Trade for Claiming {
    type Job = Job;
    type Answer = Share;

    const BATCH_JOBS: usize = 64;

    type Kind = (What, i64, i64);

    fn kind(job: &Job) -> Self::Kind {
        (job.what, job.lease_ms, job.now.as_millisecond().div_euclid(TOGETHER_MS))
    }

    fn is_one_statement(&self, _jobs: &[Job]) -> bool {
        true
    }

    async fn run(&self, connection: &mut PgConnection, jobs: &[Job]) -> Result<Verdict<Share>, Failed> {
        let mut shares: Vec<Share> = jobs.iter().map(|_| Share::default()).collect();
        let most = jobs.iter().map(|job| job.most as usize).sum();
        let Some(first) = jobs.iter().min_by_key(|job| job.now).filter(|_| most > 0) else {
            return Ok(Verdict::Keep(shares));
        };
        match first.what {
            What::OldestDeliveries | What::NewestDeliveries => {
                let newest = first.what == What::NewestDeliveries;
                let found = deliveries::claim(connection, first.now, first.lease_ms, most, newest).await?;
                deal(found, jobs, |job, found| shares[job].deliveries.push(found));
            }
            What::Effects { least } => {
                let found = effects::claim(connection, first.now, first.lease_ms, most, least).await?;
                deal(found, jobs, |job, found| shares[job].effects.push(found));
            }
        }
        Ok(Verdict::Keep(shares))
    }

    fn rings(_job: &Job, answer: &Share) -> Ring {
        // One worker found something: another may, too.
        let deliveries = Work::DELIVERIES.when(!answer.deliveries.is_empty());
        Ring::Here(deliveries | Work::EFFECTS.when(!answer.effects.is_empty()))
    }
}

/// One for each in turn, as long as something is left; nobody gets more than was asked for.
fn deal<T>(found: Vec<T>, jobs: &[Job], mut give: impl FnMut(usize, T)) {
    let mut hands: VecDeque<(usize, u32)> = jobs.iter().map(|job| job.most).enumerate().collect();
    for found in found {
        while let Some((job, left)) = hands.pop_front() {
            if left > 0 {
                give(job, found);
                hands.push_back((job, left - 1));
                break;
            }
        }
    }
}
