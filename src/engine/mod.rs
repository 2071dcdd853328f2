//! The engine: takes deliveries from the inbox, decides, and performs what was decided.
//!
//! What flows in: durable deliveries and due effects, claimed lane by lane with fenced leases. What flows out: commits
//! (state, effects and the decision's record in one transaction), and calls to GitHub, each described by an effect that
//! was stored first. What it must never do: decide by itself (rules live in `domain`), act on GitHub without a stored
//! effect, sleep on behalf of one lane while others could run, or log a post's words.
//!
//! A new feature registers itself in [`features::all`], its actions in [`perform::all`].

use std::{sync::Arc, time::Duration};

use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub mod channels;
pub mod chores;
pub mod evidence;
pub mod features;
mod freshness;
mod inbox;
mod outbox;
pub mod perform;
pub mod policies;
pub mod recovery;
mod schedule;
mod shop;
mod trouble;

pub use features::request_undo;
pub use shop::{Shop, ShopParts};
pub use trouble::Trouble;

/// How long a claim lasts; every call to GitHub has a far shorter time-out.
pub(crate) const LEASE_MS: i64 = 120_000;

/// The slow poll behind the wake-up: due timers and work that another process enqueued are found by it.
const POLL: Duration = Duration::from_millis(500);

/// The engine, ready to work.
#[derive(Clone)]
pub struct Engine {
    shop: Arc<Shop>,
    features: Arc<Vec<Box<dyn features::Feature>>>,
    performers: Arc<perform::Performers>,
    rota: chores::Rota,
}

impl Engine {
    /// An engine with all features.
    pub fn new(parts: ShopParts) -> Self {
        Self {
            shop: Arc::new(Shop::new(parts)),
            features: Arc::new(features::all()),
            performers: Arc::new(perform::all()),
            rota: chores::Rota::default(),
        }
    }

    /// What features and performers work with.
    pub fn shop(&self) -> &Arc<Shop> {
        &self.shop
    }

    /// Who does the chores, and when each was done last.
    pub fn rota(&self) -> &chores::Rota {
        &self.rota
    }

    /// Does the chores whenever this process holds the office of the poller, until `stop`.
    pub async fn do_chores(&self, intervals: &chores::Intervals, stop: CancellationToken) {
        chores::run(self, &chores::all(intervals), &stop).await;
    }

    /// Works with `workers` workers on each side until `stop`; work under way is finished first.
    pub async fn run(&self, workers: usize, stop: CancellationToken) {
        let tasks = TaskTracker::new();
        for _ in 0..workers.max(1) {
            let (engine, halt) = (self.clone(), stop.clone());
            tasks.spawn(async move { engine.work(halt, Side::Inbox).await });
            let (engine, halt) = (self.clone(), stop.clone());
            tasks.spawn(async move { engine.work(halt, Side::Outbox).await });
        }
        tasks.close();
        tasks.wait().await;
    }

    async fn work(&self, stop: CancellationToken, side: Side) {
        while !stop.is_cancelled() {
            let worked = match side {
                Side::Inbox => self.one_delivery().await,
                Side::Outbox => self.one_effect().await,
            };
            match worked {
                Ok(true) => {}
                Ok(false) => tokio::select! {
                    () = stop.cancelled() => {}
                    () = self.shop.store.wait_for_work() => {}
                    () = tokio::time::sleep(POLL) => {}
                },
                Err(error) => {
                    tracing::error!(%error, "the store failed; trying again shortly");
                    tokio::select! {
                        () = stop.cancelled() => {}
                        () = tokio::time::sleep(POLL) => {}
                    }
                }
            }
        }
    }

    /// Works until nothing is due at the clock's present instant. For tests, commands by hand and the rehearsal's end.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn settle(&self) -> Result<(), crate::store::StoreError> {
        loop {
            let delivered = self.one_delivery().await?;
            let performed = self.one_effect().await?;
            if !delivered && !performed {
                return Ok(());
            }
        }
    }

    async fn one_delivery(&self) -> Result<bool, crate::store::StoreError> {
        inbox::one(&self.shop, &self.features).await
    }

    async fn one_effect(&self) -> Result<bool, crate::store::StoreError> {
        outbox::one(&self.shop, &self.performers).await
    }
}

#[derive(Clone, Copy)]
enum Side {
    Inbox,
    Outbox,
}

#[cfg(test)]
mod tests;
