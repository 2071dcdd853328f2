//! The inbox: accepting, claiming and settling deliveries.

use std::collections::{HashMap, HashSet};

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::{Row, SqliteConnection};

use super::{
    body,
    commit::apply,
    writer::{Verdict, Write},
};
use crate::store::kept::{instant, lease_end, micros, to_json};
use crate::store::{
    Acceptance, ClaimOrder, ClaimedDelivery, Commit, Lease, NewDelivery, Settled, Settlement, StoreError,
};

// `?1` is a list of lists: guid, event, lane, arrival. Of several with one guid the first counts.
const INSERT: &str = "
    INSERT INTO deliveries (guid, event, lane, received_at, turn)
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, 0 FROM json_each(?1) WHERE TRUE
    ON CONFLICT (guid) DO NOTHING
    RETURNING id, guid";

// `?1` is a list of lanes.
const GIVE_TURNS: &str = "
    UPDATE deliveries SET turn = 1
    WHERE turn = 0 AND id IN (
        SELECT (
            SELECT id FROM deliveries INDEXED BY deliveries_unfinished
            WHERE lane = touched.value AND state IN ('ready', 'running') ORDER BY id LIMIT 1)
        FROM json_each(?1) touched)";

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

const LANE: &str = "SELECT lane FROM deliveries WHERE id = ?1";

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
    WHERE id = ?1 AND lease_token = ?2 AND state = 'running' AND lease_until > ?3";

const PASS_TURN: &str = "
    UPDATE deliveries SET turn = 1
    WHERE id = (
        SELECT id FROM deliveries INDEXED BY deliveries_unfinished
        WHERE lane = ?1 AND state IN ('ready', 'running')
        ORDER BY id LIMIT 1
    )";

/// Writes deliveries that arrived together; says of each, in their order, what became of it.
pub(super) async fn accept_all(
    connection: &mut SqliteConnection,
    deliveries: &mut [NewDelivery],
) -> Result<Vec<Acceptance>, StoreError> {
    let rows: Vec<_> =
        deliveries.iter().map(|new| (&new.guid, &new.event, &new.lane, micros(new.received_at))).collect();
    let mut fresh: HashMap<String, i64> = HashMap::with_capacity(rows.len());
    for row in sqlx::query(INSERT).bind(to_json(&rows)?).fetch_all(&mut *connection).await? {
        fresh.insert(row.try_get(1)?, row.try_get(0)?);
    }
    let lanes: HashSet<_> = deliveries.iter().map(|new| new.lane.as_str()).collect();
    sqlx::query(GIVE_TURNS).bind(to_json(&lanes)?).execute(&mut *connection).await?;
    let mut bodies = Vec::with_capacity(fresh.len());
    let mut accepted = Vec::with_capacity(deliveries.len());
    for new in deliveries {
        let id = fresh.remove(&new.guid);
        accepted.push(if id.is_some() { Acceptance::Fresh } else { Acceptance::Duplicate });
        bodies.extend(id.map(|id| (id, std::mem::take(&mut new.sealed_body))));
    }
    body::insert_all(connection, bodies).await?;
    Ok(accepted)
}

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
        sqlx::query(RELEASE_EXPIRED).bind(now).execute(&mut *connection).await?;
        let claim = match self.order {
            ClaimOrder::OldestFirst => CLAIM_OLDEST,
            ClaimOrder::NewestFirst => CLAIM_NEWEST,
        };
        let rows = sqlx::query(claim).bind(now).bind(until).bind(self.most).fetch_all(&mut *connection).await?;
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

    fn makes_work(&self, answer: &Self::Answer) -> bool {
        // One worker found something: another may, too.
        !answer.is_empty()
    }
}

/// See [`crate::store::Store::settle_delivery`].
pub(super) struct Settle {
    pub(super) lease: Lease,
    pub(super) now: Timestamp,
    pub(super) settlement: Settlement,
    pub(super) commit: Commit,
}

#[async_trait]
impl Write for Settle {
    type Answer = Settled;

    async fn run(&mut self, connection: &mut SqliteConnection) -> Result<Verdict<Settled>, StoreError> {
        let now = micros(self.now);
        let (statement, leaves_lane) = match &self.settlement {
            Settlement::Retry { .. } => (sqlx::query(RETRY), false),
            Settlement::Later { .. } => (sqlx::query(LATER), false),
            Settlement::Aside { .. } => (sqlx::query(ASIDE), true),
            Settlement::Done(_) | Settlement::GivenUp { .. } => (sqlx::query(FINISH), true),
        };
        let lane: Option<String> = if leaves_lane {
            sqlx::query_scalar(LANE).bind(self.lease.id).fetch_optional(&mut *connection).await?
        } else {
            None
        };
        let statement = statement.bind(self.lease.id).bind(self.lease.token.as_str()).bind(now);
        let settled = match &self.settlement {
            Settlement::Retry { at, error } | Settlement::Aside { at, error } => {
                statement.bind(micros(*at)).bind(error.as_str())
            }
            Settlement::Later { at } => statement.bind(micros(*at)),
            Settlement::Done(_) => statement.bind("done").bind(None::<String>),
            Settlement::GivenUp { error } => statement.bind("parked").bind(error.as_str()),
        }
        .execute(&mut *connection)
        .await?;
        if settled.rows_affected() == 0 {
            return Ok(Verdict::Undo(Settled::LeaseLost));
        }
        if let Some(lane) = lane {
            sqlx::query(PASS_TURN).bind(lane).execute(&mut *connection).await?;
        }
        apply(connection, self.now, std::mem::take(&mut self.commit)).await
    }

    fn makes_work(&self, answer: &Settled) -> bool {
        *answer == Settled::Committed
    }
}

/// What runs for every delivery; a test looks at how it is planned.
#[cfg(test)]
pub(super) const HOT: &[&str] =
    &[INSERT, GIVE_TURNS, RELEASE_EXPIRED, CLAIM_OLDEST, CLAIM_NEWEST, RETRY, LATER, LANE, ASIDE, FINISH, PASS_TURN];
