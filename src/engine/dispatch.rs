//! Claims as much work as there are places, and has it done at the same time.
//!
//! Each kind of work is served by two windows: one for everything, and a smaller one that is kept for what must not wait
//! behind a backlog (see [`Windows`]). A place is free again as soon as a piece of work is on its way to being settled, so
//! that the settlement and the next claim share a commit.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::bell::Bell;
use crate::store::{CLAIMED_BYTES, StoreError};

/// The slow poll behind the bell: due timers, and work that another process enqueued, are found by it.
const POLL: Duration = Duration::from_millis(500);

/// How many pieces are handled at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Windows {
    /// Deliveries, those first that have waited longest.
    pub deliveries: usize,
    /// Deliveries, those first that arrived last: exposed words in a quiet repository must not wait behind a backlog of
    /// others.
    pub newest_deliveries: usize,
    /// Effects, the most urgent first.
    pub effects: usize,
    /// Protecting effects alone: less urgent ones that hang must not take all places.
    pub protecting_effects: usize,
}

impl Default for Windows {
    fn default() -> Self {
        Self { deliveries: 24, newest_deliveries: 8, effects: 12, protecting_effects: 4 }
    }
}

/// A sort of work, as one window serves it.
#[async_trait]
pub(super) trait Counter: Clone + Send + Sync + 'static {
    /// A claimed piece.
    type Piece: Send + 'static;

    /// Claims at most `most` pieces.
    async fn claim(&self, most: u32) -> Result<Vec<Self::Piece>, StoreError>;

    /// Does one, and calls `done` when nothing is left of it but to write down how it ended.
    async fn work(&self, piece: Self::Piece, hurry: &CancellationToken, done: Done) -> Result<(), StoreError>;

    /// Gives back one that was not begun.
    async fn give_back(&self, piece: Self::Piece) -> Result<(), StoreError>;

    /// Memory that it holds until it is done.
    fn size_bytes(piece: &Self::Piece) -> usize;
}

/// What the windows of one engine share.
#[derive(Clone)]
pub(super) struct Floor {
    pub(super) bell: Bell,
    /// Nothing new is begun.
    pub(super) stop: CancellationToken,
    /// What is under way is broken off.
    pub(super) hurry: CancellationToken,
    pub(super) tasks: TaskTracker,
    /// What all pieces under way hold.
    held_bytes: watch::Sender<usize>,
}

impl Floor {
    pub(super) fn new(bell: Bell, stop: CancellationToken) -> Self {
        let (hurry, tasks) = (CancellationToken::new(), TaskTracker::new());
        Self { bell, stop, hurry, tasks, held_bytes: watch::Sender::new(0) }
    }
}

/// Called when a piece of work needs its place no longer; dropping it does the same.
pub(super) struct Done(Option<Place>);

struct Place {
    _permit: OwnedSemaphorePermit,
    size_bytes: usize,
    floor: Floor,
}

impl Done {
    /// Nobody waits for this place.
    pub(super) fn alone() -> Self {
        Self(None)
    }

    pub(super) fn say(self) {
        drop(self);
    }
}

impl Drop for Done {
    fn drop(&mut self) {
        if let Some(Place { _permit, size_bytes, floor }) = self.0.take() {
            floor.held_bytes.send_modify(|held| *held = held.saturating_sub(size_bytes));
            drop(_permit);
            floor.bell.ring();
        }
    }
}

/// Serves one window until the floor's `stop`.
pub(super) async fn serve<C: Counter>(counter: C, places: usize, floor: Floor) {
    let free = Arc::new(Semaphore::new(places));
    // Pieces that are being settled have left their place; there are never more of them than places.
    let open = Arc::new(Semaphore::new(places * 2));
    let mut ear = floor.bell.ear();
    let mut held = floor.held_bytes.subscribe();
    while !floor.stop.is_cancelled() {
        let room = async {
            // Fails only without the floor, and this is on it.
            let _ = held.wait_for(|bytes| *bytes < CLAIMED_BYTES).await;
            (taken(&free).await, taken(&open).await)
        };
        let (mut permits, mut unsettled) = tokio::select! {
            () = floor.stop.cancelled() => break,
            room = room => room,
        };
        let most = permits.len().min(unsettled.len());
        ear.listen();
        match counter.claim(u32::try_from(most).unwrap_or(u32::MAX)).await {
            Ok(pieces) => {
                let all = pieces.len() == most;
                for piece in pieces {
                    let (Some(permit), Some(open)) = (permits.pop(), unsettled.pop()) else {
                        break;
                    };
                    begin(&counter, piece, permit, open, &floor);
                }
                if all {
                    continue;
                }
            }
            Err(error) => {
                tracing::error!(%error, "the store failed; trying again shortly");
                ear.listen();
            }
        }
        drop((permits, unsettled));
        tokio::select! {
            () = floor.stop.cancelled() => {}
            () = ear.rung(POLL) => {}
        }
    }
}

/// Waits for one permit, and takes whatever else is free.
async fn taken(semaphore: &Arc<Semaphore>) -> Vec<OwnedSemaphorePermit> {
    let mut permits: Vec<_> = Arc::clone(semaphore).acquire_owned().await.into_iter().collect();
    while let Ok(another) = Arc::clone(semaphore).try_acquire_owned() {
        permits.push(another);
    }
    permits
}

fn begin<C: Counter>(
    counter: &C,
    piece: C::Piece,
    permit: OwnedSemaphorePermit,
    open: OwnedSemaphorePermit,
    floor: &Floor,
) {
    let size_bytes = C::size_bytes(&piece);
    floor.held_bytes.send_modify(|held| *held += size_bytes);
    let done = Done(Some(Place { _permit: permit, size_bytes, floor: floor.clone() }));
    let (counter, floor) = (counter.clone(), floor.clone());
    floor.tasks.clone().spawn(async move {
        let ended = if floor.stop.is_cancelled() {
            counter.give_back(piece).await
        } else {
            counter.work(piece, &floor.hurry, done).await
        };
        if let Err(error) = ended {
            tracing::error!(%error, "the store failed; the work is done again when its lease has run out");
        }
        drop(open);
        floor.bell.ring();
    });
}
