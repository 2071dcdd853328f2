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

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;
    use jiff::SignedDuration;
    use serde_json::Value;

    use super::*;
    use crate::store::{ClaimOrder, NewDelivery, Settlement};

    #[tokio::test]
    async fn a_round_goes_on_page_by_page_until_nothing_is_left() {
        let engine = crate::engine::tests::idle().await;
        let store = &engine.shop().store;
        let long_ago = engine.shop().clock.now() - SignedDuration::from_hours(24 * 20);
        let many = u64::from(PAGE) * 2 + 1;
        let delivery = |number: u64| NewDelivery {
            guid: format!("guid {number}"),
            event: "ping".to_owned(),
            lane: format!("repo:{number}"),
            received_at: long_ago,
            sealed_body: vec![1, 2, 3],
        };
        join_all((0..many).map(|number| store.accept(delivery(number)))).await;
        loop {
            let claimed =
                store.claim_deliveries(long_ago, 60_000, 500, ClaimOrder::OldestFirst).await.expect("claimed");
            if claimed.is_empty() {
                break;
            }
            let done = |lease| store.settle_delivery(lease, long_ago, Settlement::Done(Value::Null), Commit::default());
            join_all(claimed.iter().map(|claimed| done(&claimed.lease))).await;
        }
        let cleared = engine.clear_away(Retention::default()).await.expect("the store works");
        assert_eq!(cleared, Cleared { bodies: many, deliveries: 0 });
        let decisions = store.decisions(None, 10).await.expect("the store works");
        assert_eq!(decisions.len(), 1, "one round is one entry, however many pages it has");
        assert!(decisions[0].reasons[0].text.starts_with("dropped the bodies of 401 deliveries"), "{decisions:?}");
    }
}
