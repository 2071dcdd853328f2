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

    /// The same floor for those who hear another bell.
    pub(super) fn with_bell(&self, bell: Bell) -> Self {
        Self { bell, ..self.clone() }
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

#[cfg(test)]
mod tests {
    use std::sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    };

    use super::*;

    /// A heap of numbers.
    #[derive(Clone, Default)]
    struct Heap(Arc<Inner>);

    #[derive(Default)]
    struct Inner {
        waiting: Mutex<Vec<usize>>,
        at_once: AtomicUsize,
        most_at_once: AtomicUsize,
        worked: AtomicUsize,
        given_back: AtomicUsize,
        /// Cancelled while a claim is under way.
        stop: Option<CancellationToken>,
        piece_bytes: usize,
    }

    #[async_trait]
    impl Counter for Heap {
        type Piece = (usize, usize);

        async fn claim(&self, most: u32) -> Result<Vec<(usize, usize)>, StoreError> {
            if let Some(stop) = &self.0.stop {
                stop.cancel();
            }
            let mut waiting = self.0.waiting.lock().expect("no panic");
            let keep = waiting.len().saturating_sub(most as usize);
            Ok(waiting.split_off(keep).into_iter().map(|number| (number, self.0.piece_bytes)).collect())
        }

        async fn work(&self, _: (usize, usize), _: &CancellationToken, done: Done) -> Result<(), StoreError> {
            let at_once = self.0.at_once.fetch_add(1, Ordering::SeqCst) + 1;
            self.0.most_at_once.fetch_max(at_once, Ordering::SeqCst);
            tokio::task::yield_now().await;
            self.0.at_once.fetch_sub(1, Ordering::SeqCst);
            done.say();
            self.0.worked.fetch_add(1, Ordering::SeqCst);
            Ok(())
        }

        async fn give_back(&self, _: (usize, usize)) -> Result<(), StoreError> {
            self.0.given_back.fetch_add(1, Ordering::SeqCst);
            Ok(())
        }

        fn size_bytes((_, bytes): &(usize, usize)) -> usize {
            *bytes
        }
    }

    async fn drained(heap: &Heap, places: usize) {
        let stop = CancellationToken::new();
        let floor = Floor::new(Bell::new(), stop.clone());
        let all = heap.0.waiting.lock().expect("no panic").len();
        tokio::join!(serve(heap.clone(), places, floor.clone()), async {
            while heap.0.worked.load(Ordering::SeqCst) < all {
                tokio::task::yield_now().await;
            }
            stop.cancel();
        });
        floor.tasks.close();
        floor.tasks.wait().await;
        assert_eq!(*floor.held_bytes.borrow(), 0);
    }

    #[tokio::test]
    async fn everything_is_done_and_never_more_at_once_than_there_are_places() {
        let heap = Heap(Arc::new(Inner { waiting: Mutex::new((0..1_000).collect()), ..Inner::default() }));
        drained(&heap, 7).await;
        assert_eq!(heap.0.worked.load(Ordering::SeqCst), 1_000);
        assert_eq!(heap.0.most_at_once.load(Ordering::SeqCst), 7);
    }

    #[tokio::test]
    async fn large_pieces_are_claimed_one_claim_at_a_time() {
        let waiting = Mutex::new((0..50).collect());
        let inner = Inner { waiting, piece_bytes: CLAIMED_BYTES, ..Inner::default() };
        let heap = Heap(Arc::new(inner));
        drained(&heap, 3).await;
        assert_eq!(heap.0.most_at_once.load(Ordering::SeqCst), 3, "what one claim gave, and nothing beside it");
    }

    #[tokio::test]
    async fn what_was_claimed_while_it_was_told_to_stop_is_given_back() {
        let stop = CancellationToken::new();
        let waiting = Mutex::new((0..10).collect());
        let heap = Heap(Arc::new(Inner { waiting, stop: Some(stop.clone()), ..Inner::default() }));
        let floor = Floor::new(Bell::new(), stop);
        serve(heap.clone(), 4, floor.clone()).await;
        floor.tasks.close();
        floor.tasks.wait().await;
        assert_eq!((heap.0.worked.load(Ordering::SeqCst), heap.0.given_back.load(Ordering::SeqCst)), (0, 4));
    }
}
