//! Claiming for many workers at one time: those who ask together share a transaction.

use std::collections::VecDeque;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use sqlx::PgConnection;

use super::{
    deliveries,
    desk::{Ring, Trade, Verdict},
    effects,
    error::Failed,
};
use crate::store::{ClaimedDelivery, ClaimedEffect, Work};

/// Workers whose clocks differ by no more than this are served together, as of the earliest of their instants.
const TOGETHER: SignedDuration = SignedDuration::from_millis(50);

/// What is claimed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
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

    async fn run(&self, connection: &mut PgConnection, jobs: &[Job]) -> Result<Verdict<Share>, Failed> {
        let mut shares: Vec<Share> = jobs.iter().map(|_| Share::default()).collect();
        for group in groups(jobs) {
            let first = &jobs[group[0]];
            let most = group.iter().map(|&job| jobs[job].most as usize).sum();
            if most == 0 {
                continue;
            }
            match first.what {
                What::OldestDeliveries | What::NewestDeliveries => {
                    let newest = first.what == What::NewestDeliveries;
                    let found = deliveries::claim(connection, first.now, first.lease_ms, most, newest).await?;
                    deal(found, jobs, &group, |job, found| shares[job].deliveries.push(found));
                }
                What::Effects { least } => {
                    let found = effects::claim(connection, first.now, first.lease_ms, most, least).await?;
                    deal(found, jobs, &group, |job, found| shares[job].effects.push(found));
                }
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

/// Numbers of the jobs that are served together; in each group the earliest is first.
fn groups(jobs: &[Job]) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..jobs.len()).collect();
    order.sort_by_key(|&job| (jobs[job].what, jobs[job].lease_ms, jobs[job].now));
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for job in order {
        let joins = groups.last().is_some_and(|group| {
            let first = &jobs[group[0]];
            let near = jobs[job].now.duration_since(first.now) <= TOGETHER;
            near && (first.what, first.lease_ms) == (jobs[job].what, jobs[job].lease_ms)
        });
        match groups.last_mut() {
            Some(group) if joins => group.push(job),
            _ => groups.push(vec![job]),
        }
    }
    groups
}

/// One for each in turn, as long as something is left; nobody gets more than was asked for.
fn deal<T>(found: Vec<T>, jobs: &[Job], group: &[usize], mut give: impl FnMut(usize, T)) {
    let mut hands: VecDeque<(usize, u32)> = group.iter().map(|&job| (job, jobs[job].most)).collect();
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
