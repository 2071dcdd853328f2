//! The outbox: enqueueing, claiming and settling effects.
//!
//! Of a lane's ready effects only a few have `turn`, and claims look only at these: so neither a long queue behind a busy
//! lane nor many lanes make a claim slow. The first of a lane (most urgent, then oldest) always has it: whoever adds
//! effects to a lane, or takes the first away, holds the lane's advisory lock until the commit. Those that must wait for
//! others are set aside as `blocked` by the claim that meets them, or from the start where both come in one commit; the
//! end of one before them brings them back. A claim is a function of the database (`migrations/0002_one_round_trip.sql`).

use jiff::Timestamp;
use sqlx::{PgConnection, Row, postgres::PgRow};

use super::{
    deliveries::{Ends, attempts, lease},
    error::Failed,
};
use crate::store::kept::{from_json, instant, lease_end, micros};
use crate::store::{ClaimedEffect, Lease, Settlement};

/// Gives the turn to the first ready effect of each lane, should it not have it.
pub(super) const PASS_TURN: &str = "
    UPDATE effects SET turn = 1
    WHERE turn = 0 AND state = 'ready' AND id IN (
        SELECT (SELECT n.id FROM effects n WHERE n.lane = l.lane AND n.state = 'ready'
                ORDER BY n.urgency, n.id LIMIT 1)
        FROM unnest($1::text[]) AS l (lane)
    )";

/// Brings back those that wait for effects which are over now. Another that they wait for may not be: a claim finds out.
pub(super) const UNBLOCK: &str = "
    UPDATE effects SET state = 'ready', turn = 1
    WHERE state = 'blocked' AND id IN (SELECT effect_id FROM effect_predecessors WHERE after_key = ANY ($1))";

const CLAIM: &str = "
    SELECT id, lease_token, effect, enqueued_at, caused_at, attempts
    FROM embargod_claim_effects($1, $2, $3, $4)";

// Each settlement is fenced: it reaches its row only by the token of a lease that has not run out.
pub(super) const SETTLE: &str = "
    UPDATE effects e
    SET state = s.state, turn = CASE WHEN s.state = 'ready' THEN 1 ELSE 0 END,
        runnable_at = COALESCE(s.at, e.runnable_at), attempts = e.attempts - s.given_back,
        result = COALESCE(s.result, e.result), last_error = COALESCE(s.error, e.last_error),
        finished_at = CASE WHEN s.over THEN s.now END, lease_token = NULL, lease_until = NULL
    FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::text[], $5::bigint[], $6::text[], $7::bigint[],
                $8::boolean[], $9::text[]) AS s (id, token, now, state, at, error, given_back, over, result)
    WHERE e.id = s.id AND e.lease_token = s.token AND e.state = 'running' AND e.lease_until > s.now
    RETURNING e.id, e.key, s.over";

/// Claims at most `most`, most urgent and then oldest first, of different lanes.
pub(super) async fn claim(
    connection: &mut PgConnection,
    now: Timestamp,
    lease_ms: i64,
    most: usize,
    least: i64,
) -> Result<Vec<ClaimedEffect>, Failed> {
    let until = lease_end(now, lease_ms);
    let limit = i64::try_from(most).unwrap_or(i64::MAX);
    let claim = sqlx::query(CLAIM).bind(micros(now)).bind(until).bind(limit).bind(least);
    let rows = claim.fetch_all(&mut *connection).await?;
    let leases = rows.iter().map(|row| lease(row, until)).collect::<Result<Vec<_>, _>>()?;
    match rows.iter().zip(&leases).map(claimed).collect() {
        Ok(claimed) => Ok(claimed),
        Err(failed) => {
            // They are held by now, and nobody can work on them: given back, without an attempt.
            let untouched = Settlement::Later { at: now };
            settle(connection, &Ends::alike(&leases, now, &untouched), &vec![None; leases.len()]).await?;
            Err(failed)
        }
    }
}

fn claimed((row, lease): (&PgRow, &Lease)) -> Result<ClaimedEffect, Failed> {
    Ok(ClaimedEffect {
        lease: lease.clone(),
        effect: from_json(row.try_get(2)?)?,
        enqueued_at: instant(row.try_get(3)?)?,
        caused_at: instant(row.try_get(4)?)?,
        attempt: attempts(row.try_get(5)?),
    })
}

/// Ends leases on effects; returns the numbers of those that were held.
pub(super) async fn settle(
    connection: &mut PgConnection,
    ends: &Ends<'_>,
    results: &[Option<String>],
) -> Result<Vec<i64>, Failed> {
    if ends.ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<(i64, String, bool)> = sqlx::query_as(SETTLE)
        .bind(&ends.ids)
        .bind(&ends.tokens)
        .bind(&ends.nows)
        .bind(&ends.states)
        .bind(&ends.ats)
        .bind(&ends.errors)
        .bind(&ends.given_back)
        .bind(&ends.over)
        .bind(results)
        .fetch_all(&mut *connection)
        .await?;
    let over: Vec<&str> = rows.iter().filter(|(.., over)| *over).map(|(_, key, _)| key.as_str()).collect();
    if !over.is_empty() {
        // A statement of its own: it sees those that a claim has set aside before we got to our rows.
        sqlx::query(UNBLOCK).bind(&over).execute(connection).await?;
    }
    Ok(rows.iter().map(|(id, ..)| *id).collect())
}

/// What runs for many effects, beside the function; a test looks at how it is planned.
#[cfg(test)]
pub(super) const HOT: &[&str] = &[PASS_TURN, UNBLOCK, SETTLE];
