//! The inbox: claiming and settling deliveries.

use std::{collections::HashMap, sync::LazyLock};

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::{Row, SqliteConnection};

use super::{
    body,
    commit::apply,
    writer::{AtOnce, Verdict, Write, at_once},
};
use crate::store::kept::{instant, lease_end, micros};
use crate::store::{ClaimOrder, ClaimedDelivery, Commit, Lease, Settled, Settlement, StoreError, Work};

const RELEASE_EXPIRED: &str = "
    UPDATE deliveries INDEXED BY deliveries_running
    SET state = 'ready', lease_token = NULL, lease_until = NULL
    WHERE state = 'running' AND lease_until <= ?1";

// Bodies may be large: no more are claimed once those before come to 32 full parts, 8 MiB; the first always is.
const CLAIM_OLDEST: &str = "
    UPDATE deliveries
    SET state = 'running', attempts = attempts + 1, lease_token = LOWER(HEX(RANDOMBLOB(16))), lease_until = ?2
    WHERE id IN (
        SELECT id FROM (
            SELECT id, SUM(full_parts) OVER (
                ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS parts_before
            FROM (
                SELECT id, (SELECT MAX(part) FROM delivery_bodies WHERE delivery_id = id) AS full_parts
                FROM deliveries INDEXED BY deliveries_turn
                WHERE turn = 1 AND state = 'ready' AND not_before <= ?1
                ORDER BY id LIMIT ?3))
        WHERE COALESCE(parts_before, 0) < 32)
    RETURNING id, lease_token, guid, event, lane, received_at, attempts";

const CLAIM_NEWEST: &str = "
    UPDATE deliveries
    SET state = 'running', attempts = attempts + 1, lease_token = LOWER(HEX(RANDOMBLOB(16))), lease_until = ?2
    WHERE id IN (
        SELECT id FROM (
            SELECT id, SUM(full_parts) OVER (
                ORDER BY id DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS parts_before
            FROM (
                SELECT id, (SELECT MAX(part) FROM delivery_bodies WHERE delivery_id = id) AS full_parts
                FROM deliveries INDEXED BY deliveries_turn
                WHERE turn = 1 AND state = 'ready' AND not_before <= ?1
                ORDER BY id DESC LIMIT ?3))
        WHERE COALESCE(parts_before, 0) < 32)
    RETURNING id, lease_token, guid, event, lane, received_at, attempts";

const LATER: &str = "
    UPDATE deliveries
    SET state = 'ready', not_before = ?4, attempts = attempts - 1, lease_token = NULL, lease_until = NULL
    WHERE id = ?1 AND lease_token = ?2 AND state = 'running' AND lease_until > ?3";

// Each settlement is fenced: it reaches its row only by the token of a lease that has not run out.
const RETRY: &str = "
    UPDATE deliveries
    SET state = 'ready', not_before = ?4, last_error = ?5, lease_token = NULL, lease_until = NULL
    WHERE id = ?1 AND lease_token = ?2 AND state = 'running' AND lease_until > ?3";

// It is the only one of its new lane, so it keeps a turn.
const ASIDE: &str = "
    UPDATE deliveries
    SET state = 'ready', lane = 'aside:' || guid, not_before = ?4, last_error = ?5,
        lease_token = NULL, lease_until = NULL
    WHERE id = ?1 AND lease_token = ?2 AND state = 'running' AND lease_until > ?3";

const FINISH: &str = "
    UPDATE deliveries
    SET state = ?4, turn = 0, last_error = COALESCE(?5, last_error), finished_at = ?3,
        lease_token = NULL, lease_until = NULL
    WHERE id = ?1 AND lease_token = ?2 AND state = 'running' AND lease_until > ?3
    RETURNING id";

// Where nothing was finished the turn is where it was.
const PASS_ON: &str = "
    UPDATE deliveries SET turn = 1
    WHERE turn = 0 AND id = (
        SELECT id FROM deliveries INDEXED BY deliveries_unfinished
        WHERE lane = (SELECT lane FROM deliveries WHERE id = ?1) AND state IN ('ready', 'running')
        ORDER BY id LIMIT 1
    )";

const LANE: &str = "SELECT lane FROM deliveries WHERE id = ?1";

const PASS_TURN: &str = "
    UPDATE deliveries SET turn = 1
    WHERE id = (
        SELECT id FROM deliveries INDEXED BY deliveries_unfinished
        WHERE lane = ?1 AND state IN ('ready', 'running')
        ORDER BY id LIMIT 1
    )";

// Handed over together, which saves changes of threads.
static RELEASE_AND_CLAIM_OLDEST: AtOnce = LazyLock::new(|| [RELEASE_EXPIRED, CLAIM_OLDEST].join(";"));
static RELEASE_AND_CLAIM_NEWEST: AtOnce = LazyLock::new(|| [RELEASE_EXPIRED, CLAIM_NEWEST].join(";"));
static FINISH_AND_PASS_ON: AtOnce = LazyLock::new(|| [FINISH, PASS_ON].join(";"));

/// See [`crate::store::Store::claim_deliveries`].
pub(super) struct Claim {
    pub(super) now: Timestamp,
    pub(super) lease_ms: i64,
    pub(super) most: u32,
    pub(super) order: ClaimOrder,
}

#[async_trait]
impl Write for Claim {
    type Answer = Vec<ClaimedDelivery>;

    async fn run(&mut self, connection: &mut SqliteConnection) -> Result<Verdict<Self::Answer>, StoreError> {
        let now = micros(self.now);
        let until = lease_end(self.now, self.lease_ms);
        let claim = match self.order {
            ClaimOrder::OldestFirst => &RELEASE_AND_CLAIM_OLDEST,
            ClaimOrder::NewestFirst => &RELEASE_AND_CLAIM_NEWEST,
        };
        let rows = at_once(claim).bind(now).bind(until).bind(self.most).fetch_all(&mut *connection).await?;
        let ids = rows.iter().map(|row| row.try_get(0)).collect::<Result<Vec<i64>, _>>()?;
        let mut bodies = if ids.is_empty() { HashMap::new() } else { body::read_all(connection, &ids).await? };
        let mut claimed = Vec::with_capacity(rows.len());
        for (row, id) in rows.iter().zip(ids) {
            claimed.push(ClaimedDelivery {
                lease: Lease { id, token: row.try_get(1)?, until: instant(until)? },
                guid: row.try_get(2)?,
                event: row.try_get(3)?,
                lane: row.try_get(4)?,
                received_at: instant(row.try_get(5)?)?,
                // One without its body cannot be unsealed, and is parked for that; failing here would stop every lane.
                sealed_body: bodies.remove(&id).unwrap_or_default(),
                attempt: row.try_get(6)?,
            });
        }
        // The database returns what it changed in an order of its own.
        claimed.sort_by_key(|claimed| claimed.lease.id);
        if self.order == ClaimOrder::NewestFirst {
            claimed.reverse();
        }
        Ok(Verdict::Keep(claimed))
    }

    fn makes(&self, answer: &Self::Answer) -> Work {
        // One worker found something: another may, too.
        Work::DELIVERIES.when(!answer.is_empty())
    }

    fn may_fail_alone(&self) -> bool {
        false
    }
}

/// See [`crate::store::Store::settle_delivery`].
pub(super) struct Settle {
    pub(super) lease: Lease,
    pub(super) now: Timestamp,
    pub(super) settlement: Settlement,
    pub(super) commit: Commit,
    pub(super) makes: Work,
}

impl Settle {
    /// Ends the delivery; whether the lease was still held.
    async fn finish(
        &self,
        connection: &mut SqliteConnection,
        state: &'static str,
        error: Option<&str>,
    ) -> Result<bool, StoreError> {
        let query = at_once(&FINISH_AND_PASS_ON).bind(self.lease.id).bind(self.lease.token.as_str());
        let finished = query.bind(micros(self.now)).bind(state).bind(error).fetch_all(connection).await?;
        Ok(!finished.is_empty())
    }
}

#[async_trait]
impl Write for Settle {
    type Answer = Settled;

    async fn run(&mut self, connection: &mut SqliteConnection) -> Result<Verdict<Settled>, StoreError> {
        let now = micros(self.now);
        let fenced = |sql| sqlx::query(sql).bind(self.lease.id).bind(self.lease.token.as_str()).bind(now);
        let held = match &self.settlement {
            Settlement::Retry { at, error } => {
                fenced(RETRY).bind(micros(*at)).bind(error.as_str()).execute(&mut *connection).await?.rows_affected()
                    > 0
            }
            Settlement::Later { at } => {
                fenced(LATER).bind(micros(*at)).execute(&mut *connection).await?.rows_affected() > 0
            }
            Settlement::Aside { at, error } => {
                let lane: Option<String> =
                    sqlx::query_scalar(LANE).bind(self.lease.id).fetch_optional(&mut *connection).await?;
                let aside = fenced(ASIDE).bind(micros(*at)).bind(error.as_str()).execute(&mut *connection).await?;
                if aside.rows_affected() > 0 {
                    sqlx::query(PASS_TURN).bind(lane).execute(&mut *connection).await?;
                }
                aside.rows_affected() > 0
            }
            Settlement::Done(_) => self.finish(connection, "done", None).await?,
            Settlement::GivenUp { error } => self.finish(connection, "parked", Some(error)).await?,
        };
        if !held {
            return Ok(Verdict::Undo(Settled::LeaseLost));
        }
        apply(connection, self.now, std::mem::take(&mut self.commit)).await
    }

    fn makes(&self, answer: &Settled) -> Work {
        self.makes.when(*answer == Settled::Committed)
    }

    fn may_fail_alone(&self) -> bool {
        !self.commit.is_empty()
    }
}

/// What runs for every delivery; a test looks at how it is planned.
#[cfg(test)]
pub(super) const HOT: &[&str] =
    &[RELEASE_EXPIRED, CLAIM_OLDEST, CLAIM_NEWEST, RETRY, LATER, LANE, ASIDE, FINISH, PASS_ON, PASS_TURN];
