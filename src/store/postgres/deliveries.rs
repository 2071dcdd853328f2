//! The inbox: accepting, claiming and settling deliveries.
//!
//! Who inserts or finishes a delivery holds the advisory lock of its lane until the commit, and asks about the lane in a
//! later statement than the one that took the lock: so it sees all that was committed under the lock before, and the turn
//! is always with exactly one unfinished delivery of a lane. A claim only looks at those who have the turn.

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::{PgConnection, Row};

use super::{
    desk::{Ring, Trade, Verdict},
    error::Failed,
};
use crate::store::kept::{instant, lease_end, micros};
use crate::store::{Acceptance, CLAIMED_BYTES, ClaimedDelivery, Lease, NewDelivery, Work};

const LOCK_LANES: &str = "
    SELECT pg_advisory_xact_lock(key) FROM (
        SELECT DISTINCT hashtextextended(lane, 1) AS key FROM unnest($1::text[]) AS lane ORDER BY key
    ) AS keys";

pub(super) const INSERT: &str = "
    WITH new AS (
        SELECT n.*, row_number() OVER (PARTITION BY n.lane ORDER BY n.place) AS in_lane
        FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bytea[])
            WITH ORDINALITY AS n (guid, event, lane, received_at, sealed_body, place)
        WHERE NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.guid = n.guid)
    )
    INSERT INTO deliveries (guid, event, lane, received_at, turn, sealed_body)
    SELECT guid, event, lane, received_at, CASE WHEN in_lane > 1 OR EXISTS (
        SELECT 1 FROM deliveries d WHERE d.lane = new.lane AND d.state IN ('scheduled', 'ready', 'running')
    ) THEN 0 ELSE 1 END, sealed_body
    FROM new ORDER BY place
    ON CONFLICT (guid) DO NOTHING
    RETURNING guid";

/// Gives the turn to the oldest of each lane, should nobody have it.
pub(super) const PASS_TURN: &str = "
    UPDATE deliveries SET turn = 1
    WHERE turn = 0 AND id IN (
        SELECT (SELECT n.id FROM deliveries n
                WHERE n.lane = l.lane AND n.state IN ('scheduled', 'ready', 'running') ORDER BY n.id LIMIT 1)
        FROM unnest($1::text[]) AS l (lane)
    )";

const LOOK: &str = "
    SELECT EXISTS (SELECT 1 FROM deliveries WHERE state = 'running' AND lease_until <= $1)
        OR EXISTS (SELECT 1 FROM deliveries WHERE state = 'scheduled' AND not_before <= $1)";

const RELEASE_EXPIRED: &str = "
    WITH expired AS (
        SELECT id FROM deliveries WHERE state = 'running' AND lease_until <= $1 FOR UPDATE SKIP LOCKED
    )
    UPDATE deliveries d SET state = 'ready', lease_token = NULL, lease_until = NULL
    FROM expired WHERE d.id = expired.id";

const PROMOTE_DUE: &str = "
    WITH due AS (
        SELECT id FROM deliveries WHERE state = 'scheduled' AND not_before <= $1 FOR UPDATE SKIP LOCKED
    )
    UPDATE deliveries d SET state = 'ready' FROM due WHERE d.id = due.id";

// `not_before` is asked again: a clock that was set back must not start what it called due before. A body that would be too
// much, beside those before it, is left to the next claim.
pub(super) const CLAIM: &str = "
    WITH free AS (
        SELECT id, COALESCE(octet_length(sealed_body), 0) AS bytes FROM deliveries
        WHERE turn = 1 AND state = 'ready' AND not_before <= $1
        ORDER BY id LIMIT $3 FOR UPDATE SKIP LOCKED
    ), next AS (
        SELECT id FROM (SELECT id, SUM(bytes) OVER (ORDER BY id) - bytes AS bytes_before FROM free) AS summed
        WHERE bytes_before < $4
    )
    UPDATE deliveries d
    SET state = 'running', attempts = attempts + 1, lease_token = gen_random_uuid()::text, lease_until = $2
    FROM next WHERE d.id = next.id
    RETURNING d.id, d.lease_token, d.guid, d.event, d.lane, d.received_at, d.attempts, COALESCE(d.sealed_body, '')";

pub(super) const CLAIM_NEWEST: &str = "
    WITH free AS (
        SELECT id, COALESCE(octet_length(sealed_body), 0) AS bytes FROM deliveries
        WHERE turn = 1 AND state = 'ready' AND not_before <= $1
        ORDER BY id DESC LIMIT $3 FOR UPDATE SKIP LOCKED
    ), next AS (
        SELECT id FROM (SELECT id, SUM(bytes) OVER (ORDER BY id DESC) - bytes AS bytes_before FROM free) AS summed
        WHERE bytes_before < $4
    )
    UPDATE deliveries d
    SET state = 'running', attempts = attempts + 1, lease_token = gen_random_uuid()::text, lease_until = $2
    FROM next WHERE d.id = next.id
    RETURNING d.id, d.lease_token, d.guid, d.event, d.lane, d.received_at, d.attempts, COALESCE(d.sealed_body, '')";

// Each settlement is fenced: it reaches its row only by the token of a lease that has not run out. The turn passes on in
// the same statement, which does not see yet that the one before is over, or has left for a lane of its own, so that one is
// left out by its number.
pub(super) const SETTLE: &str = "
    WITH settled AS (
        UPDATE deliveries d
        SET state = s.state, lane = CASE WHEN s.aside THEN 'aside:' || d.guid ELSE d.lane END,
            turn = CASE WHEN s.over THEN 0 ELSE 1 END, not_before = COALESCE(s.at, d.not_before),
            attempts = d.attempts - s.given_back, last_error = COALESCE(s.error, d.last_error),
            finished_at = CASE WHEN s.over THEN s.now END, lease_token = NULL, lease_until = NULL
        FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::text[], $5::bigint[], $6::text[], $7::bigint[],
                    $8::boolean[], $9::boolean[]) AS s (id, token, now, state, at, error, given_back, over, aside)
        WHERE d.id = s.id AND d.lease_token = s.token AND d.state = 'running' AND d.lease_until > s.now
        RETURNING d.id, s.over OR s.aside AS leaves
    ), passed AS (
        UPDATE deliveries d SET turn = 1
        FROM (SELECT (SELECT n.id FROM deliveries n
                      WHERE n.lane = o.lane AND n.state IN ('scheduled', 'ready', 'running') AND n.id <> s.id
                      ORDER BY n.id LIMIT 1) AS id
              FROM settled s JOIN deliveries o ON o.id = s.id WHERE s.leaves) AS next
        WHERE d.id = next.id
    )
    SELECT id FROM settled";

/// A claim that has come to this size takes no further body.
const CLAIM_BYTES: i64 = CLAIMED_BYTES as i64;

/// Accepts.
pub(super) struct Accepting;

#[async_trait]
impl Trade for Accepting {
    type Job = NewDelivery;
    type Answer = Acceptance;

    const BATCH_JOBS: usize = 256;

    // A delivery that is there already is a duplicate.
    const MAY_REPEAT: bool = true;

    async fn run(&self, connection: &mut PgConnection, jobs: &[NewDelivery]) -> Result<Verdict<Acceptance>, Failed> {
        let mut first: Vec<&NewDelivery> = Vec::with_capacity(jobs.len());
        let mut guids = std::collections::HashSet::new();
        first.extend(jobs.iter().filter(|job| guids.insert(job.guid.as_str())));
        let lanes: Vec<&str> = first.iter().map(|job| job.lane.as_str()).collect();
        sqlx::query(LOCK_LANES).bind(&lanes).execute(&mut *connection).await?;
        let inserted: Vec<String> = sqlx::query_scalar(INSERT)
            .bind(first.iter().map(|job| job.guid.as_str()).collect::<Vec<_>>())
            .bind(first.iter().map(|job| job.event.as_str()).collect::<Vec<_>>())
            .bind(&lanes)
            .bind(first.iter().map(|job| micros(job.received_at)).collect::<Vec<_>>())
            .bind(first.iter().map(|job| job.sealed_body.as_slice()).collect::<Vec<_>>())
            .fetch_all(&mut *connection)
            .await?;
        if inserted.len() < first.len() {
            // Where one was inserted elsewhere in this very moment, under another lane, those behind it have no turn.
            sqlx::query(PASS_TURN).bind(&lanes).execute(connection).await?;
        }
        let mut fresh: std::collections::HashSet<String> = inserted.into_iter().collect();
        let answer =
            |job: &NewDelivery| if fresh.remove(&job.guid) { Acceptance::Fresh } else { Acceptance::Duplicate };
        Ok(Verdict::Keep(jobs.iter().map(answer).collect()))
    }

    fn rings(_job: &NewDelivery, answer: &Acceptance) -> Ring {
        Ring::Everywhere(Work::DELIVERIES.when(*answer == Acceptance::Fresh))
    }

    fn size_bytes(job: &NewDelivery) -> usize {
        job.sealed_body.len()
    }
}

/// Claims at most `most`, oldest or newest first.
pub(super) async fn claim(
    connection: &mut PgConnection,
    now: Timestamp,
    lease_ms: i64,
    most: usize,
    newest: bool,
) -> Result<Vec<ClaimedDelivery>, Failed> {
    let until = lease_end(now, lease_ms);
    let now = micros(now);
    if sqlx::query_scalar(LOOK).bind(now).fetch_one(&mut *connection).await? {
        sqlx::query(RELEASE_EXPIRED).bind(now).execute(&mut *connection).await?;
        sqlx::query(PROMOTE_DUE).bind(now).execute(&mut *connection).await?;
    }
    let limit = i64::try_from(most).unwrap_or(i64::MAX);
    let claim = sqlx::query(if newest { CLAIM_NEWEST } else { CLAIM });
    let rows = claim.bind(now).bind(until).bind(limit).bind(CLAIM_BYTES).fetch_all(connection).await?;
    let mut claimed = Vec::with_capacity(rows.len());
    for row in rows {
        claimed.push(ClaimedDelivery {
            lease: Lease { id: row.try_get(0)?, token: row.try_get(1)?, until: instant(until)? },
            guid: row.try_get(2)?,
            event: row.try_get(3)?,
            lane: row.try_get(4)?,
            received_at: instant(row.try_get(5)?)?,
            attempt: attempts(row.try_get(6)?),
            sealed_body: row.try_get(7)?,
        });
    }
    claimed.sort_by_key(|delivery| delivery.lease.id);
    if newest {
        claimed.reverse();
    }
    Ok(claimed)
}

/// The number of attempts as it is told.
pub(super) fn attempts(kept: i64) -> u32 {
    u32::try_from(kept).unwrap_or_default()
}

/// How leases end, a column each.
#[derive(Default)]
pub(super) struct Ends<'a> {
    pub(super) ids: Vec<i64>,
    pub(super) tokens: Vec<&'a str>,
    pub(super) nows: Vec<i64>,
    pub(super) states: Vec<&'a str>,
    pub(super) ats: Vec<Option<i64>>,
    pub(super) errors: Vec<Option<&'a str>>,
    pub(super) given_back: Vec<i64>,
    pub(super) over: Vec<bool>,
    /// Whether it leaves its lane for one of its own.
    pub(super) aside: Vec<bool>,
}

/// Ends leases on deliveries, under the locks of the lanes of those that are over; returns the numbers of those that were
/// held.
pub(super) async fn settle(connection: &mut PgConnection, ends: &Ends<'_>) -> Result<Vec<i64>, Failed> {
    if ends.ids.is_empty() {
        return Ok(Vec::new());
    }
    let settled = sqlx::query_scalar(SETTLE)
        .bind(&ends.ids)
        .bind(&ends.tokens)
        .bind(&ends.nows)
        .bind(&ends.states)
        .bind(&ends.ats)
        .bind(&ends.errors)
        .bind(&ends.given_back)
        .bind(&ends.over)
        .bind(&ends.aside)
        .fetch_all(connection)
        .await?;
    Ok(settled)
}

/// What runs for every delivery; a test looks at how it is planned.
#[cfg(test)]
pub(super) const HOT: &[&str] =
    &[LOCK_LANES, INSERT, PASS_TURN, LOOK, RELEASE_EXPIRED, PROMOTE_DUE, CLAIM, CLAIM_NEWEST, SETTLE];
