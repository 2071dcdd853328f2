//! The lock around the state, the clock, and the bells that wake the background task and those who wait for it.

use std::sync::{
    Arc, Mutex, MutexGuard,
    atomic::{AtomicUsize, Ordering},
};

use jiff::Timestamp;
use tokio::sync::{Notify, watch};

use super::state::State;

/// A closure that tells the time.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

pub(crate) struct Shared {
    state: Mutex<State>,
    now: Now,
    /// Rung when there may be something to deliver.
    pub deliver: Notify,
    /// Rung when a delivery is over.
    pub settled: Notify,
    /// Counts the releases of stalled requests.
    pub released: watch::Sender<u64>,
    /// Requests that stall just now.
    pub stalled: AtomicUsize,
}

impl Shared {
    pub(crate) fn new(state: State, now: Now) -> Self {
        Self {
            state: Mutex::new(state),
            now,
            deliver: Notify::new(),
            settled: Notify::new(),
            released: watch::Sender::new(0),
            stalled: AtomicUsize::new(0),
        }
    }

    /// The state, with the world's clock set. A panic elsewhere does not make it unusable.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        state.world.now = (self.now)();
        state
    }

    /// Waits for the next release.
    pub(crate) async fn stall(&self, released: &mut watch::Receiver<u64>) {
        self.stalled.fetch_add(1, Ordering::SeqCst);
        // The stand-in going away also ends the wait; the connection is cut then anyway.
        let _ = released.changed().await;
        self.stalled.fetch_sub(1, Ordering::SeqCst);
    }

    /// Does something to the state and sends off the webhooks that it caused.
    pub(crate) fn change<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.lock();
        let result = act(&mut state);
        state.flush();
        drop(state);
        self.deliver.notify_one();
        result
    }
}
