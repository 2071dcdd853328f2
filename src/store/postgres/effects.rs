//! The outbox: enqueueing, claiming and settling effects.
//!
//! Of a lane's ready effects only a few have `turn`, and claims look only at these: so neither a long queue behind a busy
//! lane nor many lanes make a claim slow. The first of a lane (most urgent, then oldest) always has it: whoever adds
//! effects to a lane, or takes the first away, holds the lane's advisory lock until the commit. Those that must wait for
//! others are set aside as `blocked` by the claim that meets them, or from the start where both come in one commit; the
//! end of one before them brings them back.

use std::collections::HashSet;

use jiff::Timestamp;
use sqlx::{PgConnection, Row};

use super::{
    deliveries::{Ends, attempts},
    error::Failed,
};
use crate::store::kept::{from_json, instant, lease_end, micros};
use crate::store::{ClaimedEffect, Lease};

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

const LOOK: &str = "
    SELECT EXISTS (SELECT 1 FROM effects WHERE state = 'running' AND lease_until <= $1),
           EXISTS (SELECT 1 FROM effects WHERE state = 'scheduled' AND runnable_at <= $1)";

// A lane that somebody worked in has few of these.
const RELEASE_EXPIRED: &str = "
    WITH expired AS (
        SELECT id FROM effects WHERE state = 'running' AND lease_until <= $1 FOR UPDATE SKIP LOCKED
    )
    UPDATE effects e SET state = 'ready', turn = 1, lease_token = NULL, lease_until = NULL
    FROM expired WHERE e.id = expired.id";

const DUE: &str = "
    SELECT id, lane FROM effects WHERE state = 'scheduled' AND runnable_at <= $1 AND lane <> ALL ($3)
    ORDER BY runnable_at LIMIT $2";

const PROMOTE: &str = "UPDATE effects SET state = 'ready', turn = 0 WHERE id = ANY ($1) AND state = 'scheduled'";

/// Locks lanes that nobody holds just now, and returns them. Whoever holds one will announce work when it lets go.
const TRY_LANES: &str = "
    SELECT lane FROM unnest($1::text[]) AS lane WHERE pg_try_advisory_xact_lock(hashtextextended(lane, 2))";

pub(super) const CANDIDATES: &str = "
    SELECT e.id, e.lane, e.runnable_at > $1 OR EXISTS (
            SELECT 1 FROM effect_predecessors p JOIN effects b ON b.key = p.after_key
            WHERE p.effect_id = e.id AND b.state IN ('scheduled', 'blocked', 'ready', 'running'))
    FROM effects e
    WHERE e.state = 'ready' AND e.turn = 1 AND e.lane <> ALL ($3) AND e.urgency <= $4
      AND NOT EXISTS (SELECT 1 FROM effects busy WHERE busy.state = 'running' AND busy.lane = e.lane)
    ORDER BY e.urgency, e.id LIMIT $2";

// Whoever ends one of these waits until those behind it have been set aside, and then sees them.
const HOLD_THOSE_BEFORE: &str = "
    SELECT b.id FROM effect_predecessors p JOIN effects b ON b.key = p.after_key
    WHERE p.effect_id = ANY ($1) AND b.state IN ('scheduled', 'blocked', 'ready', 'running')
    ORDER BY b.id FOR SHARE OF b";

const SET_ASIDE: &str = "
    UPDATE effects e
    SET state = CASE WHEN e.runnable_at > $2 THEN 'scheduled' ELSE 'blocked' END, turn = 0
    WHERE e.id = ANY ($1) AND e.state = 'ready' AND (e.runnable_at > $2 OR EXISTS (
        SELECT 1 FROM effect_predecessors p JOIN effects b ON b.key = p.after_key
        WHERE p.effect_id = e.id AND b.state IN ('scheduled', 'blocked', 'ready', 'running')))";

pub(super) const CLAIM: &str = "
    WITH claimed AS (
        UPDATE effects e
        SET state = 'running', turn = 0, attempts = attempts + 1, lease_token = gen_random_uuid()::text,
            lease_until = $3
        WHERE e.id = ANY ($1) AND e.state = 'ready' AND e.runnable_at <= $2
          AND NOT EXISTS (SELECT 1 FROM effects busy WHERE busy.state = 'running' AND busy.lane = e.lane)
          AND NOT EXISTS (
            SELECT 1 FROM effect_predecessors p JOIN effects b ON b.key = p.after_key
            WHERE p.effect_id = e.id AND b.state IN ('scheduled', 'blocked', 'ready', 'running'))
        RETURNING e.id, e.lane, e.lease_token, e.effect, e.enqueued_at, e.caused_at, e.attempts
    ), passed AS (
        UPDATE effects SET turn = 1
        WHERE turn = 0 AND state = 'ready' AND id IN (
            SELECT (SELECT n.id FROM effects n WHERE n.lane = c.lane AND n.state = 'ready' AND n.id <> c.id
                    ORDER BY n.urgency, n.id LIMIT 1)
            FROM claimed c
        )
    )
    SELECT id, lease_token, effect, enqueued_at, caused_at, attempts FROM claimed";

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

/// Timers that one statement turns into ready effects, at most.
const DUE_AT_ONCE: i64 = 500;

/// Rows that a claim looks at, beyond those that it is asked for.
const SPARE_CANDIDATES: i64 = 32;

/// How often a claim looks again after it has set some aside; more than that are left to the next one.
const ROUNDS: usize = 200;

/// Claims at most `most`, most urgent and then oldest first, of different lanes.
pub(super) async fn claim(
    connection: &mut PgConnection,
    now: Timestamp,
    lease_ms: i64,
    most: usize,
    least: i64,
) -> Result<Vec<ClaimedEffect>, Failed> {
    let until = lease_end(now, lease_ms);
    let mut lanes = Lanes::default();
    tidy(connection, micros(now), &mut lanes).await?;
    let mut claimed = Vec::new();
    for _ in 0..ROUNDS {
        let (mut picked, mut waiting) =
            candidates(connection, micros(now), most - claimed.len(), least, &lanes).await?;
        if picked.is_empty() && waiting.is_empty() {
            break;
        }
        lanes.hold(connection, picked.iter().chain(&waiting).map(|(_, lane)| lane.as_str())).await?;
        picked.retain(|(_, lane)| lanes.held.contains(lane));
        waiting.retain(|(_, lane)| lanes.held.contains(lane));
        if !waiting.is_empty() {
            // Those behind them in their lanes may be more urgent than what was picked.
            set_aside(connection, micros(now), &waiting).await?;
            continue;
        }
        if picked.is_empty() {
            continue;
        }
        let ids: Vec<i64> = picked.iter().map(|(id, _)| *id).collect();
        let rows = sqlx::query(CLAIM).bind(&ids).bind(micros(now)).bind(until).fetch_all(&mut *connection).await?;
        let mut found = Vec::with_capacity(rows.len());
        for row in rows {
            let lease = Lease { id: row.try_get(0)?, token: row.try_get(1)?, until: instant(until)? };
            found.push(ClaimedEffect {
                lease,
                effect: from_json(row.try_get(2)?)?,
                enqueued_at: instant(row.try_get(3)?)?,
                caused_at: instant(row.try_get(4)?)?,
                attempt: attempts(row.try_get(5)?),
            });
        }
        found.sort_by_key(|effect| ids.iter().position(|id| *id == effect.lease.id));
        claimed.extend(found);
        if claimed.len() >= most {
            break;
        }
    }
    Ok(claimed)
}

type Candidate = (i64, String);

/// The first of each free lane: those that may start, as many as are wanted, and before the last of these, those that
/// must wait.
async fn candidates(
    connection: &mut PgConnection,
    now: i64,
    wanted: usize,
    least: i64,
    lanes: &Lanes,
) -> Result<(Vec<Candidate>, Vec<Candidate>), Failed> {
    let limit = i64::try_from(wanted).unwrap_or(i64::MAX).saturating_add(SPARE_CANDIDATES);
    let rows: Vec<(i64, String, bool)> =
        sqlx::query_as(CANDIDATES).bind(now).bind(limit).bind(&lanes.refused).bind(least).fetch_all(connection).await?;
    let (mut picked, mut waiting) = (Vec::new(), Vec::new());
    let mut seen = HashSet::new();
    for (id, lane, must_wait) in rows {
        if picked.len() == wanted {
            break;
        }
        if seen.insert(lane.clone()) {
            if must_wait { &mut waiting } else { &mut picked }.push((id, lane));
        }
    }
    Ok((picked, waiting))
}

async fn set_aside(connection: &mut PgConnection, now: i64, waiting: &[Candidate]) -> Result<(), Failed> {
    let ids: Vec<i64> = waiting.iter().map(|(id, _)| *id).collect();
    let lanes: Vec<&str> = waiting.iter().map(|(_, lane)| lane.as_str()).collect();
    sqlx::query(HOLD_THOSE_BEFORE).bind(&ids).execute(&mut *connection).await?;
    sqlx::query(SET_ASIDE).bind(&ids).bind(now).execute(&mut *connection).await?;
    sqlx::query(PASS_TURN).bind(&lanes).execute(connection).await?;
    Ok(())
}

/// Ends leases that have run out, and readies what is due.
async fn tidy(connection: &mut PgConnection, now: i64, lanes: &mut Lanes) -> Result<(), Failed> {
    let (expired, due): (bool, bool) = sqlx::query_as(LOOK).bind(now).fetch_one(&mut *connection).await?;
    if expired {
        sqlx::query(RELEASE_EXPIRED).bind(now).execute(&mut *connection).await?;
    }
    if !due {
        return Ok(());
    }
    loop {
        let due: Vec<Candidate> =
            sqlx::query_as(DUE).bind(now).bind(DUE_AT_ONCE).bind(&lanes.refused).fetch_all(&mut *connection).await?;
        if due.is_empty() {
            return Ok(());
        }
        lanes.hold(connection, due.iter().map(|(_, lane)| lane.as_str())).await?;
        let ours = due.iter().filter(|(_, lane)| lanes.held.contains(lane));
        let (ids, of): (Vec<i64>, HashSet<&str>) = ours.map(|(id, lane)| (*id, lane.as_str())).unzip();
        let of: Vec<&str> = of.into_iter().collect();
        sqlx::query(PROMOTE).bind(&ids).execute(&mut *connection).await?;
        sqlx::query(PASS_TURN).bind(&of).execute(&mut *connection).await?;
    }
}

/// Lanes that a claim has locked, and those that others hold.
#[derive(Default)]
struct Lanes {
    held: HashSet<String>,
    refused: Vec<String>,
}

impl Lanes {
    async fn hold<'a>(
        &mut self,
        connection: &mut PgConnection,
        lanes: impl Iterator<Item = &'a str>,
    ) -> Result<(), Failed> {
        let new: HashSet<&str> = lanes.filter(|lane| !self.held.contains(*lane)).collect();
        if new.is_empty() {
            return Ok(());
        }
        let new: Vec<&str> = new.into_iter().collect();
        let got: Vec<String> = sqlx::query_scalar(TRY_LANES).bind(&new).fetch_all(connection).await?;
        self.held.extend(got);
        self.refused.extend(new.iter().filter(|lane| !self.held.contains(**lane)).map(|lane| (*lane).to_owned()));
        Ok(())
    }
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

/// What runs for every effect; a test looks at how it is planned.
#[cfg(test)]
pub(super) const HOT: &[&str] = &[
    PASS_TURN,
    UNBLOCK,
    LOOK,
    RELEASE_EXPIRED,
    DUE,
    PROMOTE,
    TRY_LANES,
    CANDIDATES,
    HOLD_THOSE_BEFORE,
    SET_ASIDE,
    CLAIM,
    SETTLE,
];
