//! Recovery: what should have been told and was not is found all the same. Three rings:
//!
//! 1. A delivery that comes twice counts once: the store knows its GUID.
//! 2. The sweep: GitHub's list of deliveries names those that failed; they are asked for again.
//! 3. Reconciling: GitHub's lists of posts are compared with what was seen; what nobody told of is taken in as if it had
//!    been told.
//!
//! What flows in: GitHub's lists, what the store remembers. What flows out: requests for redelivery, and deliveries of our
//! own, sealed and durable like the rest, which take the same way as those of GitHub. What it must never do: act on a
//! post itself, log its words, ask for ever, or eat up the requests that protecting needs.

mod budget;
mod found;
mod marks;
mod reconcile;
mod roster;
mod sweep;

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Mutex;

pub(super) use budget::Spending;
pub(super) use found::{is_found, is_overtaken};
pub(super) use reconcile::Reconcile;
pub use reconcile::Reconciled;
pub(super) use sweep::Sweep;

/// What the looks for missed things remember between two of them. Losing it costs some requests, nothing else.
#[derive(Default)]
pub struct Memory {
    /// Whether it was said that GitHub has no list of deliveries.
    list_is_missing: AtomicBool,
    /// Whether the list of repositories is known to be out of date.
    roster_is_stale: AtomicBool,
    reconciling: Mutex<reconcile::Reconciling>,
}

impl Memory {
    /// The list of repositories has changed: the next round asks for it anew.
    pub(super) fn repositories_changed(&self) {
        self.roster_is_stale.store(true, Ordering::Relaxed);
    }
}
