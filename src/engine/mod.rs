//! The engine: takes deliveries from the inbox, decides, and performs what was decided.
//!
//! What flows in: durable deliveries and due effects, claimed lane by lane with fenced leases. What flows out: commits
//! (state, effects and the decision's record in one transaction), and calls to GitHub, each described by an effect that
//! was stored first. What it must never do: decide by itself (rules live in `domain`), act on GitHub without a stored
//! effect, sleep on behalf of one lane while others could run, or log a post's words.
//!
//! A new feature registers itself in [`features::all`], its actions in [`perform::all`].

use std::{pin::pin, sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use crate::{
    domain::effect::Urgency,
    store::{ClaimOrder, StoreError},
};
use bell::Bell;
use dispatch::{Counter, Done, Floor};
use inbox::Inbox;
use outbox::Outbox;

mod bell;
pub mod channels;
pub mod chores;
mod clocks;
pub mod desks;
mod dispatch;
pub mod doors;
mod entries;
pub mod evidence;
pub mod features;
mod freshness;
mod inbox;
mod installations;
mod labels;
mod outbox;
mod pace;
mod pauses;
pub mod perform;
pub mod policies;
pub mod recovery;
pub mod releases;
mod schedule;
mod shop;
mod trouble;
mod watched;

pub use dispatch::Windows;
pub use features::{OBSERVED, opened_case, request_case, request_undo};
pub use pace::Pace;
pub use schedule::Schedule;
pub use shop::{Shop, ShopParts};
pub use trouble::Trouble;

/// How long what was broken off gets to be written down.
const LAST_WORDS: Duration = Duration::from_secs(2);

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

    /// Works until `stop`: then nothing is begun any more, what is under way is finished within [`Pace::drain`], and what
    /// is not over by then is broken off and left to the next process. Returns some seconds after that at the latest.
    pub async fn run(&self, stop: CancellationToken) {
        let floor = Floor::new(Bell::new(), stop.clone());
        let effects_floor = floor.with_bell(Bell::new());
        let windows = self.shop.pace.windows;
        let work = async {
            tokio::join!(
                dispatch::serve(self.inbox(ClaimOrder::OldestFirst), windows.deliveries, floor.clone()),
                dispatch::serve(self.inbox(ClaimOrder::NewestFirst), windows.newest_deliveries, floor.clone()),
                dispatch::serve(self.outbox(Urgency::Upkeep), windows.effects, effects_floor.clone()),
                dispatch::serve(self.outbox(Urgency::Protecting), windows.protecting_effects, effects_floor.clone()),
                self.listen(&floor.bell, &effects_floor.bell, &stop),
            );
            floor.tasks.close();
            floor.tasks.wait().await;
        };
        let mut work = pin!(work);
        let drained = async {
            stop.cancelled().await;
            tokio::time::sleep(self.shop.pace.drain).await;
        };
        tokio::select! {
            () = &mut work => return,
            () = drained => {}
        }
        tracing::warn!("work under way is broken off; it is tried again by the next process");
        floor.hurry.cancel();
        if tokio::time::timeout(LAST_WORDS, work).await.is_err() {
            tracing::error!("not everything could be written down; it is done again when its lease has run out");
        }
    }

    /// Passes on what the store knows of new work.
    async fn listen(&self, deliveries: &Bell, effects: &Bell, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            tokio::select! {
                () = stop.cancelled() => {}
                work = self.shop.store.wait_for_work() => {
                    if work.has_deliveries() {
                        deliveries.ring();
                    }
                    if work.has_effects() {
                        effects.ring();
                    }
                }
            }
        }
    }

    /// Works until nothing is due at the clock's present instant. For tests, commands by hand and the rehearsal's end.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn settle(&self) -> Result<(), StoreError> {
        loop {
            let delivered = self.one_delivery().await?;
            let performed = self.one_effect().await?;
            if !delivered && !performed {
                return Ok(());
            }
        }
    }

    async fn one_delivery(&self) -> Result<bool, StoreError> {
        one_of(&self.inbox(ClaimOrder::OldestFirst)).await
    }

    async fn one_effect(&self) -> Result<bool, StoreError> {
        one_of(&self.outbox(Urgency::Upkeep)).await
    }

    fn inbox(&self, order: ClaimOrder) -> Inbox {
        Inbox { shop: Arc::clone(&self.shop), features: Arc::clone(&self.features), order }
    }

    fn outbox(&self, least: Urgency) -> Outbox {
        Outbox { shop: Arc::clone(&self.shop), performers: Arc::clone(&self.performers), least }
    }
}

/// Claims and does one piece of work; `false` when none is due.
async fn one_of(counter: &impl Counter) -> Result<bool, StoreError> {
    let Some(piece) = counter.claim(1).await?.pop() else {
        return Ok(false);
    };
    counter.work(piece, &CancellationToken::new(), Done::alone()).await?;
    Ok(true)
}

#[cfg(test)]
mod tests;
