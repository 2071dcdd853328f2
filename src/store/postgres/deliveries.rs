//! The inbox: accepting, claiming and settling deliveries.
//!
//! Who inserts or finishes a delivery holds the advisory lock of its lane until the commit, and asks about the lane in a
//! later statement than the one that took the lock: so it sees all that was committed under the lock before, and the turn
//! is always with exactly one unfinished delivery of a lane. A claim only looks at those who have the turn.
//!
//! What runs all the time is a function of the database (`migrations/0002_one_round_trip.sql`): one statement, and a
//! transaction by itself.

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::{PgConnection, Row, postgres::PgRow};

use super::{
    desk::{Ring, Trade, Verdict},
    error::Failed,
    parts,
};
use crate::domain::decision::DecisionRecord;
use crate::store::kept::{instant, lease_end, micros, to_json};
use crate::store::{Acceptance, CLAIMED_BYTES, ClaimedDelivery, Lease, NewDelivery, Settlement, WHOLE_BYTES, Work};

const ACCEPT: &str = "SELECT embargod_accept($1, $2, $3, $4, $5)";

const ACCEPT_BROUGHT: &str = "
    SELECT embargod_accept(ARRAY[$1], ARRAY[$2], ARRAY[$3], ARRAY[$4::bigint], ARRAY[(
        SELECT string_agg(p.sealed, ''::bytea ORDER BY p.part) FROM arriving_parts p WHERE p.guid = $1)])";

/// Gives the turn to the oldest of each lane, should nobody have it.
pub(super) const PASS_TURN: &str = "
    UPDATE deliveries SET turn = 1
    WHERE turn = 0 AND id IN (
        SELECT (SELECT n.id FROM deliveries n
                WHERE n.lane = l.lane AND n.state IN ('scheduled', 'ready', 'running') ORDER BY n.id LIMIT 1)
        FROM unnest($1::text[]) AS l (lane)
    )";

// Of a large body its size alone.
const CLAIM: &str = "
    SELECT id, lease_token, guid, event, lane, received_at, attempts,
        CASE WHEN octet_length(sealed_body) <= $6 THEN sealed_body ELSE '' END, COALESCE(octet_length(sealed_body), 0)
    FROM embargod_claim_deliveries($1, $2, $3, $4, $5)";

const END: &str = "SELECT embargod_end_deliveries($1, $2, $3, $4, $5, $6, $7)";

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

    // A large body has a transaction of its own, which does not keep small ones waiting.
    type Kind = Option<String>;

    fn kind(job: &NewDelivery) -> Option<String> {
        parts::is_large(&job.sealed_body).then(|| job.guid.clone())
    }

    fn is_one_statement(&self, jobs: &[NewDelivery]) -> bool {
        !jobs.iter().any(|job| parts::is_large(&job.sealed_body))
    }

    async fn run(&self, connection: &mut PgConnection, jobs: &[NewDelivery]) -> Result<Verdict<Acceptance>, Failed> {
        let mut first: Vec<&NewDelivery> = Vec::with_capacity(jobs.len());
        let mut guids = std::collections::HashSet::new();
        first.extend(jobs.iter().filter(|job| guids.insert(job.guid.as_str())));
        let inserted: Vec<String> = match first.as_slice() {
            [large] if parts::is_large(&large.sealed_body) => accept_large(connection, large).await?,
            first => accept(connection, first).await?,
        };
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

async fn accept(connection: &mut PgConnection, new: &[&NewDelivery]) -> Result<Vec<String>, Failed> {
    let inserted = sqlx::query_scalar(ACCEPT)
        .bind(new.iter().map(|job| job.guid.as_str()).collect::<Vec<_>>())
        .bind(new.iter().map(|job| job.event.as_str()).collect::<Vec<_>>())
        .bind(new.iter().map(|job| job.lane.as_str()).collect::<Vec<_>>())
        .bind(new.iter().map(|job| micros(job.received_at)).collect::<Vec<_>>())
        .bind(new.iter().map(|job| job.sealed_body.as_slice()).collect::<Vec<_>>());
    Ok(inserted.fetch_one(connection).await?)
}

/// The same for one with a large body, within a transaction.
async fn accept_large(connection: &mut PgConnection, new: &NewDelivery) -> Result<Vec<String>, Failed> {
    parts::bring(connection, &new.guid, &new.sealed_body).await?;
    let inserted = sqlx::query_scalar(ACCEPT_BROUGHT)
        .bind(new.guid.as_str())
        .bind(new.event.as_str())
        .bind(new.lane.as_str())
        .bind(micros(new.received_at))
        .fetch_one(&mut *connection)
        .await?;
    parts::take_away(connection, &new.guid).await?;
    Ok(inserted)
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
    let limit = i64::try_from(most).unwrap_or(i64::MAX);
    let rows = sqlx::query(CLAIM)
        .bind(micros(now))
        .bind(until)
        .bind(limit)
        .bind(CLAIM_BYTES)
        .bind(newest)
        .bind(WHOLE_BYTES as i32)
        .fetch_all(&mut *connection)
        .await?;
    let leases = rows.iter().map(|row| lease(row, until)).collect::<Result<Vec<_>, _>>()?;
    let mut claimed = match rows.iter().zip(&leases).map(claimed).collect::<Result<Vec<_>, _>>() {
        Ok(claimed) => claimed,
        Err(failed) => {
            // They are held by now, and nobody can work on them.
            let untouched = Settlement::Later { at: now };
            settle(connection, &Ends::alike(&leases, now, &untouched)).await?;
            return Err(failed);
        }
    };
    claimed.sort_by_key(|delivery| delivery.lease.id);
    if newest {
        claimed.reverse();
    }
    Ok(claimed)
}

/// The lease in a row that begins with its number and its token.
pub(super) fn lease(row: &PgRow, until: i64) -> Result<Lease, Failed> {
    Ok(Lease { id: row.try_get(0)?, token: row.try_get(1)?, until: instant(until)? })
}

fn claimed((row, lease): (&PgRow, &Lease)) -> Result<ClaimedDelivery, Failed> {
    Ok(ClaimedDelivery {
        lease: lease.clone(),
        guid: row.try_get(2)?,
        event: row.try_get(3)?,
        lane: row.try_get(4)?,
        received_at: instant(row.try_get(5)?)?,
        attempt: attempts(row.try_get(6)?),
        sealed_body: row.try_get(7)?,
        body_bytes: usize::try_from(row.try_get::<i32, _>(8)?).unwrap_or_default(),
    })
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

/// Ends leases on deliveries well, and appends `decisions`, each with the number of its delivery, where that was held;
/// returns the numbers of those that were.
pub(super) async fn end(
    connection: &mut PgConnection,
    ends: &Ends<'_>,
    decisions: &[(i64, &DecisionRecord)],
) -> Result<Vec<i64>, Failed> {
    let entries = decisions.iter().map(|(_, decision)| to_json(*decision)).collect::<Result<Vec<_>, _>>()?;
    let held = sqlx::query_scalar(END)
        .bind(&ends.ids)
        .bind(&ends.tokens)
        .bind(&ends.nows)
        .bind(decisions.iter().map(|(id, _)| *id).collect::<Vec<_>>())
        .bind(decisions.iter().map(|(_, decision)| micros(decision.at)).collect::<Vec<_>>())
        .bind(decisions.iter().map(|(_, decision)| decision.case.as_deref()).collect::<Vec<_>>())
        .bind(entries)
        .fetch_one(connection)
        .await?;
    Ok(held)
}

/// What runs for many deliveries, beside the functions; a test looks at how it is planned.
#[cfg(test)]
pub(super) const HOT: &[&str] = &[PASS_TURN, SETTLE];
