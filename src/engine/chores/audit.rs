//! Links decisions into the audit chain, and tells the log where the chain stands.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use super::Chore;
use crate::{
    audit,
    engine::{Engine, Trouble},
};

/// How long a decision may stand outside of the chain.
const PAUSE: Duration = Duration::from_secs(1);
/// Decisions that are linked in one transaction: a few milliseconds, in which nobody else can write.
const BATCH: u32 = 200;
/// How often the head is told.
const TELL_EVERY: SignedDuration = SignedDuration::from_hours(24);

/// See the module.
#[derive(Default)]
pub(super) struct LinkAudit {
    told_at: Mutex<Option<Timestamp>>,
}

impl LinkAudit {
    /// Whether the head is to be told now; it counts as told then. Once when this process begins, then once a day.
    fn is_to_tell(&self, now: Timestamp) -> bool {
        let mut told_at = self.told_at.lock().unwrap_or_else(PoisonError::into_inner);
        let due = told_at.is_none_or(|at| now.duration_since(at) >= TELL_EVERY);
        if due {
            *told_at = Some(now);
        }
        due
    }
}

#[async_trait]
impl Chore for LinkAudit {
    fn name(&self) -> &'static str {
        "audit"
    }

    fn interval(&self) -> Duration {
        PAUSE
    }

    async fn round(&self, engine: &Engine) -> Result<(), Trouble> {
        engine.link_audit().await?;
        let shop = engine.shop();
        if self.is_to_tell(shop.clock.now()) {
            let head = audit::head(&*shop.store).await?;
            // Where logs are kept on another machine, this line shows later whether the chain was cut or made anew.
            tracing::info!(position = head.position, head = %head, "the audit chain stands at {head}");
        }
        Ok(())
    }
}

impl Engine {
    /// Links all decisions that are not in the audit chain yet; how many.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn link_audit(&self) -> Result<u64, Trouble> {
        let store = &self.shop().store;
        let mut linked = 0;
        loop {
            let batch = store.link_audit(BATCH).await?;
            linked += u64::from(batch);
            metrics::counter!("embargod_audit_linked_total").increment(u64::from(batch));
            if batch < BATCH {
                return Ok(linked);
            }
            // Others may want to write.
            tokio::task::yield_now().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_is_told_at_first_and_then_once_a_day() {
        let chore = LinkAudit::default();
        let start = Timestamp::UNIX_EPOCH;
        let told: Vec<i64> =
            (0..100).filter(|hour| chore.is_to_tell(start + SignedDuration::from_hours(*hour))).collect();
        assert_eq!(told, [0, 24, 48, 72, 96]);
    }
}
