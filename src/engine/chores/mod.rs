//! Chores: what one process does for all, again and again: looking for missed deliveries, clearing away.
//!
//! What flows in: the office of the poller ([`OFFICE`]), which one process holds at a time. What flows out: rounds of each
//! [`Chore`], at once and then at its interval, while the office is held; it is asked for before each round, and rounds
//! under way are broken off when it is lost. What it must never do: rely on that for anything but thrift. Two may believe
//! to hold the office for an instant, so a round that two do must end as if one had done it.
//!
//! A new chore is a type in the room that it belongs to and a line in [`all`]; its interval is a field of [`Intervals`].

use std::{
    collections::BTreeMap,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use futures_util::{FutureExt, future::join_all};
use jiff::Timestamp;
use tokio::{sync::Mutex as AsyncMutex, time::sleep};
use tokio_util::sync::CancellationToken;

use super::{Engine, Trouble, clocks, desks, doors, recovery, releases};
use crate::{domain::retention::Retention, store::Leadership};

mod audit;
mod retention;

pub use retention::Cleared;

/// The office whose holder does the chores, as [`crate::store::Upkeep::lead`] knows it.
pub const OFFICE: &str = "poller";

/// How often a process without the office asks for it, and the holder whether it still holds it: so long after a holder
/// died the next one begins, at most.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// Something that is done again and again, by one process at a time.
#[async_trait]
pub trait Chore: Send + Sync {
    /// Its name in logs and metrics: one word.
    fn name(&self) -> &'static str;

    /// The pause between two rounds.
    fn interval(&self) -> Duration;

    /// One round. It may be broken off at every await, and another process may begin the same round then.
    ///
    /// # Errors
    /// What went wrong; the next round comes at its usual time.
    async fn round(&self, engine: &Engine) -> Result<(), Trouble>;
}

/// How often each chore is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Intervals {
    /// Looking for missed deliveries.
    pub sweep: Duration,
    /// How long deliveries are kept; once an hour what is older is cleared away.
    pub retention: Retention,
    /// Comparing what GitHub lists with what was seen.
    pub reconcile: Duration,
    /// Looking at advisories, in a repository where nothing changes, as far as the budget allows it.
    pub poll: Duration,
}

impl Default for Intervals {
    fn default() -> Self {
        Self {
            sweep: Duration::from_secs(60),
            reconcile: Duration::from_secs(900),
            poll: Duration::from_secs(60),
            retention: Retention::default(),
        }
    }
}

/// All chores. A later one adds a line.
pub fn all(intervals: &Intervals) -> Vec<Box<dyn Chore>> {
    vec![
        Box::new(recovery::Sweep { interval: intervals.sweep }),
        Box::new(recovery::Reconcile { interval: intervals.reconcile }),
        Box::new(doors::PollAdvisories { slowest: intervals.poll }),
        Box::new(clocks::SetClocks),
        Box::new(releases::LookAtReleases),
        Box::new(desks::ReadAdvisories),
        Box::new(audit::LinkAudit::default()),
        Box::new(retention::ClearAway { rule: intervals.retention }),
    ]
}

/// What this process knows about the chores, for metrics and readiness.
#[derive(Clone, Debug, Default)]
pub struct Rota(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    holds_office: bool,
    /// When each chore's last good round ended.
    done_at: BTreeMap<&'static str, Timestamp>,
}

impl Rota {
    /// Whether this process held the office when it last asked.
    pub fn holds_office(&self) -> bool {
        self.with(|known| known.holds_office)
    }

    /// When the last good round of the chore called `name` ended in this process; `None` before the first.
    pub fn done_at(&self, name: &str) -> Option<Timestamp> {
        self.with(|known| known.done_at.get(name).copied())
    }

    fn with<T>(&self, look: impl FnOnce(&mut Known) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn in_office(&self, holds: bool) {
        self.with(|known| known.holds_office = holds);
        metrics::gauge!("embargod_poller_leads").set(if holds { 1.0 } else { 0.0 });
    }
}

/// Does `chores` whenever this process holds the office, until `stop`.
pub(super) async fn run(engine: &Engine, chores: &[Box<dyn Chore>], stop: &CancellationToken) {
    let rota = engine.rota();
    while !stop.is_cancelled() {
        match engine.shop().store.lead(OFFICE).await {
            Ok(Some(office)) => {
                rota.in_office(true);
                tracing::info!("this process does the chores now");
                let office = AsyncMutex::new(office);
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = until_lost(&office, ASK_EVERY) => tracing::warn!("another process does the chores from now on"),
                    () = rounds(engine, chores, &office) => {}
                }
                rota.in_office(false);
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "the office of the poller could not be asked for"),
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = sleep(ASK_EVERY) => {}
        }
    }
}

type Office = AsyncMutex<Box<dyn Leadership>>;

async fn until_lost(office: &Office, ask_every: Duration) {
    while office.lock().await.holds().await {
        sleep(ask_every).await;
    }
}

/// Goes on for ever: each chore at its own pace.
async fn rounds(engine: &Engine, chores: &[Box<dyn Chore>], office: &Office) {
    join_all(chores.iter().map(|chore| async move {
        // Where the office is lost meanwhile, `until_lost` ends all this.
        while office.lock().await.holds().await {
            one_round(engine, chore.as_ref()).await;
            sleep(chore.interval()).await;
        }
    }))
    .await;
}

async fn one_round(engine: &Engine, chore: &dyn Chore) {
    let name = chore.name();
    let ended = match AssertUnwindSafe(chore.round(engine)).catch_unwind().await {
        Ok(Ok(())) => {
            let now = engine.shop().clock.now();
            engine.rota().with(|known| known.done_at.insert(name, now));
            metrics::gauge!("embargod_chore_done_at_s", "chore" => name).set(now.as_second() as f64);
            "done"
        }
        Ok(Err(error)) => {
            tracing::warn!(chore = name, %error, "the {name} did not come to its end; trying again at its next time");
            "failed"
        }
        Err(_) => {
            tracing::error!(chore = name, "the {name} broke a promise of the program (a panic)");
            "panicked"
        }
    };
    metrics::counter!("embargod_chore_rounds_total", "chore" => name, "ended" => ended).increment(1);
}

#[cfg(test)]
mod tests;
