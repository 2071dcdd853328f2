//! Clears away what has been kept for long enough: sealed bodies of deliveries first, later the deliveries themselves.

use std::time::Duration;

use async_trait::async_trait;

use super::Chore;
use crate::{
    domain::retention::Retention,
    engine::{Engine, Trouble, entries},
    store::Commit,
};

/// Once an hour is often enough for what is counted in days.
const PAUSE: Duration = Duration::from_secs(3_600);
/// Rows that are removed in one transaction: a few milliseconds, in which nobody else can write.
const PAGE: u32 = 200;
/// Pages of each sort in one round at most; what is left then waits for the next round.
const MOST_PAGES: u32 = 1_000;

/// See the module.
pub(super) struct ClearAway {
    pub(super) rule: Retention,
}

#[async_trait]
impl Chore for ClearAway {
    fn name(&self) -> &'static str {
        "retention"
    }

    fn interval(&self) -> Duration {
        PAUSE
    }

    async fn round(&self, engine: &Engine) -> Result<(), Trouble> {
        let cleared = engine.clear_away(self.rule).await?;
        if cleared != Cleared::default() {
            let Cleared { bodies, deliveries } = cleared;
            tracing::info!(bodies, deliveries, "dropped {bodies} bodies and forgot {deliveries} deliveries");
        }
        Ok(())
    }
}

/// What one round of clearing away came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cleared {
    /// Bodies that were dropped.
    pub bodies: u64,
    /// Deliveries that were forgotten.
    pub deliveries: u64,
}

impl Engine {
    /// Clears away what `rule` no longer keeps, page by page, and tells the audit log how much that was.
    ///
    /// # Errors
    /// When the store fails; what was removed before stays removed.
    pub async fn clear_away(&self, rule: Retention) -> Result<Cleared, Trouble> {
        let shop = self.shop();
        let (store, now) = (&shop.store, shop.clock.now());
        let mut cleared = Cleared::default();
        for _ in 0..MOST_PAGES {
            let page = store.drop_bodies(rule.bodies_until(now), PAGE).await?;
            cleared.bodies += u64::from(page);
            metrics::counter!("embargod_retention_dropped_total", "what" => "body").increment(u64::from(page));
            if page < PAGE {
                break;
            }
            // Others may want to write.
            tokio::task::yield_now().await;
        }
        for _ in 0..MOST_PAGES {
            let page = store.forget_deliveries(rule.deliveries_until(now), PAGE).await?;
            cleared.deliveries += u64::from(page);
            metrics::counter!("embargod_retention_dropped_total", "what" => "delivery").increment(u64::from(page));
            if page < PAGE {
                break;
            }
            tokio::task::yield_now().await;
        }
        if cleared != Cleared::default() {
            let decision = Some(entries::cleared(rule, cleared.bodies, cleared.deliveries, now));
            store.commit(now, Commit { decision, ..Commit::default() }).await?;
        }
        Ok(cleared)
    }
}
